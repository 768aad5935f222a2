"""A lab's addresses, its life, TLS, and HTTP as it is on the wire."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import socket
import ssl
import subprocess
import sys
import threading
from http.client import HTTPConnection

import pytest
from pyeapi.eapilib import ConnectionError as EapiConnectionError

from driftline.lab import Lab, LabError

from .conftest import LEAF, driver_for

AUTHORIZATION = {"Authorization": "Basic " + base64.b64encode(b"admin:admin").decode()}


def body(*commands: object) -> str:
    """An eAPI request."""
    return json.dumps(
        {"jsonrpc": "2.0", "method": "runCmds", "params": {"version": 1, "cmds": commands}, "id": "7"}
    )


def free_port() -> int:
    """A port that nobody uses at the moment, nor the one above it; below those that connections get."""
    for port in range(20000 + os.getpid() % 5000, 32000, 2):
        with socket.socket() as one, socket.socket() as two, contextlib.suppress(OSError):
            one.bind(("127.0.0.1", port))
            two.bind(("127.0.0.1", port + 1))
            return port
    pytest.fail("no free ports")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has the whole of 127/8")
def test_one_address_per_device(connect):
    """Devices share the port and differ by address."""
    port = free_port()
    with Lab({"a": LEAF, "b": LEAF}, port=port, first_address="127.51.7.255") as lab:
        assert [("127.51.7.255", port), ("127.51.8.0", port)] == [
            (each.host, each.port) for each in lab.endpoints.values()
        ]
        connect(lab["b"]).get_facts()


def test_one_port_per_device(connect):
    """Where there is one address only, ports count upwards."""
    port = free_port()
    with Lab({"a": LEAF, "b": LEAF}, port=port, addressing="ports") as lab:
        assert [("127.0.0.1", port), ("127.0.0.1", port + 1)] == [e[:2] for e in lab.endpoints.values()]
        connect(lab["b"]).get_facts()


def test_address_in_use():
    """A second lab on the same address says what to do, and leaves nothing behind."""
    port = free_port()
    with Lab({"a": LEAF}, port=port, addressing="ports"):
        second = Lab({"a": LEAF}, port=port, addressing="ports")
        with pytest.raises(LabError, match=f"127.0.0.1:{port} for a is in use") as caught:
            second.start()
        assert (caught.value.code, bool(caught.value.hint)) == ("LAB-ADDRESS-IN-USE", True)
    with second:
        assert second.endpoints["a"].port == port


def test_a_lab_can_be_started_again(connect):
    """State survives a stop; the listener doesn't."""
    lab = Lab({"a": LEAF}, addressing="ports", port=0)
    with lab:
        lab["a"].change("hostname changed")
        with pytest.raises(LabError, match="running already"):
            lab.start()
        connect(lab["a"])
    assert lab.endpoints == {}
    lab.stop()
    with lab:
        assert connect(lab["a"]).get_facts()["hostname"] == "changed"
    assert not any(thread.name == "driftline-lab" for thread in threading.enumerate())


def test_unknown_device(lab):
    """The error names those that there are."""
    with pytest.raises(LabError, match="no device 'leaf3'") as caught:
        lab["leaf3"]
    assert caught.value.hint == "it has leaf1, leaf2"
    assert ("leaf1" in lab, "leaf3" in lab, len(lab), list(lab)) == (True, False, 2, ["leaf1", "leaf2"])


def test_counters_add_up(lab, connect):
    """The lab's counters are the sum of its devices'."""
    lab.reset_log()
    for device in lab.devices:
        connect(device).get_facts()
        device.change("hostname other")
    assert (lab.counters.requests, lab.counters.commands, lab.counters.writes) == (4, 12, 2)
    lab.reset_log()
    assert lab.counters.requests == 0


def test_verified_tls(connect):
    """A client with the lab's authority gets in; one without, or that asks for another, doesn't."""
    with Lab({"a": LEAF}, tls=True, addressing="ports", port=0) as lab:
        endpoint = lab.endpoints["a"]
        assert ("https", str(lab.ca_file)) == (endpoint.transport, endpoint.ca_file)
        trusting = ssl.create_default_context(cafile=endpoint.ca_file)
        driver = connect(lab["a"], transport="https", context=trusting)
        assert driver.get_facts()["hostname"] == "leaf1"
        driver.load_merge_candidate(config="vlan 99")
        driver.commit_config()
        with pytest.raises(EapiConnectionError, match="CERTIFICATE_VERIFY_FAILED"):
            driver_for(lab["a"], transport="https", context=ssl.create_default_context()).open()
    assert lab.ca_file is None


def test_many_requests_on_one_connection(leaf):
    """Keep-alive works, also when requests arrive in one piece or in many."""
    connection = HTTPConnection(leaf.host, leaf.port, timeout=5)
    for _ in range(3):
        connection.request("POST", "/command-api", body("enable", "show hostname"), AUTHORIZATION)
        answer = json.loads(connection.getresponse().read())
        assert answer == {
            "jsonrpc": "2.0",
            "id": "7",
            "result": [{}, {"hostname": "leaf1", "fqdn": "leaf1.example.net"}],
        }
    connection.close()


def test_request_in_pieces(leaf):
    """TCP gives no promise about where a message is cut."""
    payload = body("show hostname").encode()
    head = f"POST /command-api HTTP/1.1\r\nauthorization: {AUTHORIZATION['Authorization']}\r\n"
    request = head.encode() + b"Content-Length: %d\r\n\r\n" % len(payload) + payload
    with socket.create_connection((leaf.host, leaf.port), timeout=5) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for index in range(0, len(request), 40):
            connection.sendall(request[index : index + 40])
        connection.sendall(request * 2)
        with connection.makefile("rb") as answers:
            for _ in range(3):
                assert answers.readline() == b"HTTP/1.1 200 OK\r\n"
                length = next(
                    int(line.split()[1]) for line in answers if line.lower().startswith(b"content-length")
                )
                assert answers.readline() == b"\r\n"
                assert b"leaf1" in answers.read(length)


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("POST", "/command-api", {}, 401),
        ("GET", "/command-api", AUTHORIZATION, 405),
        ("POST", "/elsewhere", AUTHORIZATION, 404),
        ("POST", "/command-api", {**AUTHORIZATION, "Content-Length": "99999999"}, 413),
        ("POST", "/command-api", {**AUTHORIZATION, "X-Padding": "x" * 65600}, 200),
    ],
)
def test_http_errors(leaf, method, path, headers, status):
    """What isn't an eAPI request gets a proper HTTP answer."""
    connection = HTTPConnection(leaf.host, leaf.port, timeout=5)
    connection.request(method, path, body("show hostname"), headers)
    assert status == connection.getresponse().status
    connection.close()


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        ("{", -32700),
        ("[]", -32601),
        ('{"method": "runCmds", "params": {}}', -32602),
        ('{"method": "runCmds", "params": {"cmds": [5]}}', -32602),
        ('{"method": "runCmds", "params": {"cmds": [], "format": "xml"}}', -32602),
    ],
)
def test_malformed_requests(leaf, payload, code):
    """JSON-RPC errors for what can't be understood."""
    connection = HTTPConnection(leaf.host, leaf.port, timeout=5)
    connection.request("POST", "/command-api", payload, AUTHORIZATION)
    assert code == json.loads(connection.getresponse().read())["error"]["code"]
    connection.close()


def test_changes_from_many_threads(lab, connect):
    """Devices may be changed out of band while clients talk to them."""
    leaf = lab["leaf1"]
    driver = connect(leaf)
    threads = [
        threading.Thread(target=lambda n=n: [leaf.change(f"vlan {n}{i}", f"name v{n}{i}") for i in range(50)])
        for n in range(1, 5)
    ]
    for thread in threads:
        thread.start()
    for _ in range(20):
        assert driver.get_vlans()
    for thread in threads:
        thread.join()
    assert len(driver.get_vlans()) > 190


def test_the_devices_as_an_inventory_of_ansible():
    """Everything that is needed to log in, and a group for each site that is known."""
    with Lab({"leaf1": "hostname leaf1\n", "leaf2": ""}, addressing="ports", port=0, password="other") as lab:
        told = lab.ansible_inventory({"leaf1": "ams-1"})["all"]
        leaf1 = {
            "ansible_host": "127.0.0.1",
            "ansible_port": lab["leaf1"].port,
            "ansible_httpapi_use_ssl": False,
        }
        assert (told["hosts"]["leaf1"], list(told["hosts"])) == (leaf1, ["leaf1", "leaf2"])
        assert told["children"] == {"site_ams_1": {"vars": {"site": "ams-1"}, "hosts": {"leaf1": {}}}}
        assert (told["vars"]["ansible_user"], told["vars"]["ansible_password"]) == ("admin", "other")
        assert told["vars"]["ansible_network_os"] == "arista.eos.eos"


def test_the_simulator_stands_alone():
    """It needs neither the engine nor any device library."""
    code = (
        "import sys, driftline.lab\n"
        "rooms = {m.split('.')[1] for m in sys.modules if m.startswith('driftline.')}\n"
        "print(sorted(rooms), sorted({'napalm', 'nornir', 'cryptography', 'yaml'} & set(sys.modules)))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "['lab'] []"
