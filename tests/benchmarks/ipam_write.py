"""How many objects a second are written to NetBox and Nautobot, beside one request for each as in a plain client loop?

    python tests/benchmarks/ipam_write.py [--kind netbox] [--devices 10] [--sample 40]

Each server is started for it, with an empty database. Devices with 20 ports and 4 addresses each are made, changed
and deleted as a plan is; then a sample of such ports by the vendor's own client, one after the other.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pynautobot  # type: ignore[import-untyped] # it has no types
import pynetbox  # type: ignore[import-untyped]
import structlog

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.ipam.servers import KINDS, Peers, Server
from tests.ipam.writable import Records, Writable, failures

if TYPE_CHECKING:
    from collections.abc import Callable

PORTS, ADDRESSES = 20, 4


def main() -> None:
    """Measure the kinds that are asked for, and print a table for each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kind", choices=KINDS)
    parser.add_argument("--devices", type=int, default=10)
    parser.add_argument("--sample", type=int, default=40, help="ports that are written one by one")
    chosen = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    with Peers() as peers:
        peers.prepare([chosen.kind] if chosen.kind else KINDS)
        for kind in [chosen.kind] if chosen.kind else KINDS:
            server = peers.serve(kind)
            print(
                f"\n{kind}, on a machine with {os.cpu_count()} cores and a load of {os.getloadavg()[0]:.1f}"
            )
            measure(server, chosen.devices, chosen.sample)


def measure(server: Server, devices: int, sample: int) -> None:
    """Print how fast one server is written, in both ways."""
    with Writable(server) as there:
        expect(there, surroundings(devices))
        print(f"{'':28}{'objects':>8}{'requests':>10}{'seconds':>9}{'objects/s':>11}")
        ours = {
            "create": timed(there, "created in bulk", with_ports(there, devices)),
            "update": timed(there, "changed in bulk", changed(there)),
        }
        alone = one_by_one(server, there, sample)
        ours["delete"] = timed(there, "deleted in bulk", without_ports(there))
    for action, rate in alone.items():
        print(f"{action}: {ours[action] / rate:.1f} times as many objects a second in bulk")


def timed(there: Writable, what: str, wanted: Records) -> float:
    """Carry out a plan, and return how many objects a second that was."""
    plan, asked, started = there.planned(wanted), there.client.requests, time.perf_counter()
    expect(there, wanted)
    return told(what, len(plan.steps), there.client.requests - asked, time.perf_counter() - started)


def told(what: str, objects: int, requests: int, seconds: float) -> float:
    """Print a line, and return the rate."""
    print(f"{what:28}{objects:>8}{requests:>10}{seconds:>9.1f}{objects / seconds:>11.1f}", flush=True)
    return objects / seconds


def expect(there: Writable, wanted: Records) -> None:
    """Carry out a plan; anything that fails ends the benchmark."""
    if failed := failures(there.become(wanted)):
        sys.exit(f"not all was written: {list(failed.values())[:3]}")


def surroundings(devices: int) -> Records:
    """Return what is there before: a site, VLANs, a prefix, devices without ports."""
    made = Records("intended")
    for kind, name in (("manufacturer", "Acme"), ("device_type", "Acme/Switch"), ("role", "leaf")):
        made.put("term", kind=kind, name=name)
    made.put("site", name="Amsterdam")
    made.put("vlan", site="Amsterdam", vid=10, name="users")
    made.put("prefix", prefix="10.0.0.0/8")
    for number in range(devices + 1):
        device = {"name": f"leaf{number}", "site": "Amsterdam", "role": "leaf", "device_type": "Acme/Switch"}
        made.put("device", **device)
    return made


def with_ports(there: Writable, devices: int) -> Records:
    """Return the same with ports and addresses on all devices but the first."""
    made = there.copy()
    for number in range(1, devices + 1):
        device = f"leaf{number}"
        for port in range(PORTS):
            access = {"mode": "access", "untagged_vlan": 10, "mtu": 1500}
            made.put("interface", device=device, name=f"Ethernet{port}", type="1000base-t", **access)
        for port in range(ADDRESSES):
            address = f"10.{number // 250}.{number % 250}.{port + 1}/24"
            made.put("ip_address", address=address, device=device, interface=f"Ethernet{port}")
    return made


def changed(there: Writable) -> Records:
    """Return the same with another description and MTU on all ports."""
    made = there.copy()
    for port in made.get_all("interface"):
        port.description, port.mtu = "changed", 9000
    return made


def without_ports(there: Writable) -> Records:
    """Return the same without ports and addresses."""
    made = there.copy()
    for model in ("ip_address", "interface"):
        for row in made.get_all(model):
            made.remove(row)
    for device in made.get_all("device"):
        device.interfaces.clear()
    return made


def one_by_one(server: Server, there: Writable, sample: int) -> dict[str, float]:
    """Write ports with the vendor's client as its documentation shows it; returns the rates."""
    token = server.token.get_secret_value()
    client = (pynetbox if server.kind == "netbox" else pynautobot).api(server.url, token=token)
    ports = client.dcim.interfaces
    more: dict[str, Any] = {} if server.kind == "netbox" else {"status": "Active"}
    leaf, vlan = there.get("device", "leaf0").pk, there.get_all("vlan")[0].pk
    values = {"device": leaf, "type": "1000base-t", "mode": "access", "untagged_vlan": vlan, "mtu": 1500}
    made = []

    def create(number: int) -> None:
        made.append(ports.create(name=f"Ethernet{number}", **values, **more))

    def update(number: int) -> None:
        made[number].update({"description": "changed", "mtu": 9000})

    def delete(number: int) -> None:
        made[number].delete()

    work: dict[str, Callable[[int], None]] = {"create": create, "update": update, "delete": delete}
    return {action: _alone(action, each, sample) for action, each in work.items()}


def _alone(action: str, each: Callable[[int], None], sample: int) -> float:
    started = time.perf_counter()
    for number in range(sample):
        each(number)
    return told(f"{action} by the plain client", sample, sample, time.perf_counter() - started)


if __name__ == "__main__":
    main()
