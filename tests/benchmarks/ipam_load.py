"""How long does a large NetBox or Nautobot take to load, beside a plain loop with the vendor's client?

    python tests/benchmarks/ipam_load.py [--kind netbox] [--rounds 2] [--sample 5]

Each server is started for it, with 100 sites, 1,000 devices and 20,000 interfaces. They are loaded whole, and some
times more when nothing has changed. Then a sample of the devices is walked as a user would write it: devices, the
interfaces of each, the addresses of each; what that would take for all of them is extrapolated from the sample.
"""

from __future__ import annotations

import argparse
import itertools
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

from tests.ipam.loading import close_all, loaded
from tests.ipam.servers import KINDS, LARGE, Peers, Server, network

if TYPE_CHECKING:
    from driftline.adapters.ipam.adapter import IpamAdapter

RELOADS = 7


def main() -> None:
    """Measure the kinds that are asked for, and print a table for each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kind", choices=KINDS)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--sample", type=int, default=5, help="devices that are walked")
    chosen = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    kinds = [chosen.kind] if chosen.kind else KINDS
    with Peers() as peers:
        peers.prepare(kinds)
        for kind in kinds:
            server = peers.serve(kind, LARGE)
            load = os.getloadavg()[0]
            print(f"\n{kind}, on a machine with {os.cpu_count()} cores and a load of {load:.1f}")
            measure(server, chosen.rounds, chosen.sample)


def measure(server: Server, rounds: int, sample: int) -> None:
    """Print how fast one server is read, in both ways."""
    print(f"{'':34}{'objects':>8}{'requests':>10}{'seconds':>9}{'objects/s':>11}")
    best = 0.0
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as state:
            best = max(best, told("loaded whole", loaded(server, Path(state))))
            again = sorted(
                (loaded(server, Path(state)) for _ in range(RELOADS)), key=lambda ipam: ipam.seconds
            )
            told(f"unchanged, median of {RELOADS}", again[RELOADS // 2])
            close_all()
    objects, requests, seconds = walk(server, sample)
    line(f"walked, {sample} devices", objects, requests, seconds)
    everything = network(LARGE)
    whole = len(everything.devices) + len(everything.interfaces) + len(everything.addresses)
    factor = whole / objects
    line("walked, all (extrapolated)", whole, int(requests * factor), seconds * factor)
    print(f"{best / (objects / seconds):.0f} times as many objects a second as the walk")


def told(what: str, ipam: IpamAdapter) -> float:
    """Print a line for a load, and return its rate."""
    return line(what, len(ipam), ipam.requests, ipam.seconds)


def line(what: str, objects: int, requests: int, seconds: float) -> float:
    """Print a line, and return the rate."""
    print(f"{what:34}{objects:>8}{requests:>10}{seconds:>9.2f}{objects / seconds:>11.1f}", flush=True)
    return objects / seconds


def walk(server: Server, sample: int) -> tuple[int, int, float]:
    """Read devices with the vendor's client as its documentation shows it; returns objects, requests, seconds."""
    token = server.token.get_secret_value()
    client = (pynetbox if server.kind == "netbox" else pynautobot).api(server.url, token=token)
    asked: list[str] = []
    client.http_session.hooks["response"].append(lambda answer, **_more: asked.append(answer.url))
    on = "interface_id" if server.kind == "netbox" else "interfaces"
    objects, started = 0, time.perf_counter()
    for device in itertools.islice(client.dcim.devices.filter(role="core"), sample):
        objects += 1
        for interface in client.dcim.interfaces.filter(device_id=device.id):
            objects += 1 + sum(1 for _ in _addresses(client, on, interface))
    return objects, len(asked), time.perf_counter() - started


def _addresses(client: Any, on: str, interface: Any) -> Any:
    return client.ipam.ip_addresses.filter(**{on: interface.id})


if __name__ == "__main__":
    main()
