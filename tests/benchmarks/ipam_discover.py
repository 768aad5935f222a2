"""How long does it take to write a network into an empty NetBox or Nautobot: 200 simulated devices?

    python tests/benchmarks/ipam_discover.py [--kind netbox] [--devices 200] [--sample 100]

Each server is started for it. What is discovered is what is intended afterwards, so a search for drift must find
none. Then a sample of ports is made by the vendor's own client, one request for each, and extrapolated.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pynautobot  # type: ignore[import-untyped] # it has no types
import pynetbox  # type: ignore[import-untyped]
import structlog

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.ipam.fabric import Network, network
from tests.ipam.servers import KINDS, Peers, Server

from driftline import syncing, workflow
from driftline.settings import read_settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from driftline.settings import Settings

PORTS = 8


def main() -> None:
    """Measure the kinds that are asked for, and print a table for each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kind", choices=KINDS)
    parser.add_argument("--devices", type=int, default=200)
    parser.add_argument("--sample", type=int, default=100, help="ports that are written one by one")
    chosen = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    kinds = [chosen.kind] if chosen.kind else KINDS
    with Peers() as peers:
        peers.prepare(kinds)
        for kind in kinds:
            server = peers.serve(kind)
            load = os.getloadavg()[0]
            print(f"\n{kind}, {chosen.devices} devices, {os.cpu_count()} cores with a load of {load:.1f}")
            with (
                tempfile.TemporaryDirectory() as folder,
                network(Path(folder), configurations(chosen.devices)) as made,
            ):
                measure(made, server, chosen.sample)


def configurations(devices: int) -> dict[str, str]:
    """Return switches with access ports, a trunk, a loopback, an SVI and a management port."""
    return {f"leaf{number}": configuration(number) for number in range(1, devices + 1)}


def configuration(number: int) -> str:
    """Return one of them."""
    high, low = divmod(number, 250)
    ports = "".join(
        f"interface Ethernet{port}\n   description desk {port}\n   switchport access vlan 10\n"
        for port in range(1, PORTS)
    )
    return (
        f"hostname leaf{number}\nvlan 10\n   name users\nvlan 20\n   name voice\n{ports}"
        f"interface Ethernet{PORTS}\n   description uplink\n   mtu 9000\n   switchport mode trunk\n"
        "   switchport trunk allowed vlan 10,20\n"
        f"interface Loopback0\n   ip address 10.{high}.{low}.1/32\n"
        f"interface Management1\n   ip address 172.16.{high}.{low}/16\n"
        f"interface Vlan10\n   description gateway\n   ip address 10.1{high}.{low}.1/24\n"
    )


def measure(made: Network, server: Server, sample: int) -> None:
    """Discover a network into a server, compare the two, and print what that took."""
    made.source("ipam", server)
    made.intended_by(server)
    settings = read_settings(made.folder / "driftline.yml")
    print(f"{'':34}{'objects':>8}{'requests':>10}{'seconds':>9}{'objects/s':>11}")
    rate = discovered(settings)
    compared(settings)
    alone = one_by_one(server, sample)
    print(f"{rate / alone:.1f} times as many objects a second as with one request for each")


def discovered(settings: Settings) -> float:
    """Sync the devices into the server, and return how many objects a second were written."""
    started = time.perf_counter()
    sides = syncing.load("devices", "ipam", settings)
    plan = syncing.plan(sides, syncing.detect(sides))
    client = sides.target.client
    told("read, compared, planned", len(plan.steps), client.requests, time.perf_counter() - started)
    asked, started = client.requests, time.perf_counter()
    applied = syncing.apply(plan, sides.target, settings, source=sides.source, failures=sides.failures)
    seconds = time.perf_counter() - started
    if not (applied.result.succeeded and applied.converged):
        sys.exit(f"not all was written: {applied.result.counts}")
    return told("written and read back", len(plan.steps), client.requests - asked, seconds)


def compared(settings: Settings) -> None:
    """Look for drift with the server as what is intended; there must be none."""
    started = time.perf_counter()
    loaded = workflow.load(settings)
    drifted = workflow.detect(loaded).has_diffs()
    loaded.actual.close()
    if drifted or loaded.failures:
        sys.exit("what was discovered is not what is there")
    requests = int(str(loaded.intended.facts["requests"]))
    told("loaded again: no drift", len(loaded.intended), requests, time.perf_counter() - started)


def one_by_one(server: Server, sample: int) -> float:
    """Make ports with the vendor's client as its documentation shows it, and return the rate."""
    token = server.token.get_secret_value()
    client = (pynetbox if server.kind == "netbox" else pynautobot).api(server.url, token=token)
    more: dict[str, Any] = {} if server.kind == "netbox" else {"status": "Active"}
    device, vlan = client.dcim.devices.get(name="leaf1").id, next(iter(client.ipam.vlans.filter(vid=10))).id
    port = {"device": device, "type": "other", "mode": "access", "untagged_vlan": vlan, **more}
    make: Callable[..., Any] = client.dcim.interfaces.create
    started = time.perf_counter()
    for number in range(sample):
        make(name=f"Ethernet{100 + number}", description=f"desk {number}", **port)
    return told("a sample of ports, one by one", sample, sample, time.perf_counter() - started)


def told(what: str, objects: int, requests: int, seconds: float) -> float:
    """Print a line, and return the rate."""
    rate = objects / seconds
    print(f"{what:34}{objects:>8}{requests:>10}{seconds:>9.1f}{rate:>11.1f}", flush=True)
    return rate


if __name__ == "__main__":
    main()
