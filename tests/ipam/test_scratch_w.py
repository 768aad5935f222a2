import threading, time, httpx
from tests.ipam.writable import Writable, network
def test_a(netbox, tmp_path):
    with Writable(netbox, tmp_path) as t:
        ep=t.system.writer.endpoints["ip_address"]
        rows=[{"address": f"192.0.2.{n}/32","status":"active"} for n in range(30)]
        sure=t.writer._sure
        print(sure.create(ep, rows[:28]))
        print(sure._made(ep, rows))
        t0=time.time()
        def work():
            time.sleep(0.5)
            netbox.kill(); print("killed", time.time()-t0, flush=True)
            netbox.start()
            print("started", time.time()-t0, flush=True)
        th=threading.Thread(target=work); th.start()
        rows=[{"address": f"192.0.2.{n}/32","status":"active"} for n in range(100,160)]
        a=sure.create(ep, rows)
        print(a[0].__cause__, a)
        th.join()
