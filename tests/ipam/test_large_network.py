"""A thousand devices in a real IPAM, and the devices of two of its sites: compared, repaired, adopted back."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from driftline.lab.fabric import configurations
from tests.ipam.fabric import Network, network
from tests.ipam.servers import LARGE
from tests.ipam.servers import network as seeded

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Answer
    from tests.ipam.servers import Server

pytestmark = pytest.mark.slow
SITES = "site001,site002"


@pytest.fixture
def prepared(server: Server, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> dict[str, str]:
    """The configurations with which the devices of two sites are as the IPAM says, made from what it says."""
    server.reset(LARGE)
    (tmp_path / "printing").mkdir()
    with network(tmp_path / "printing", {}) as printing:
        printing.capture = capfd.readouterr
        printing.intended_by(server, scope={"sites": SITES.split(",")})
        answer = printing.run("inventory", "--as", "intent", "--to", str(tmp_path / "printed"))
        assert answer.status == 0, answer.err
    # The lab has an opinion of its own on this port, and the IPAM another one.
    made = configurations(tmp_path / "printed")
    return {name: text.replace("   description out of band\n", "") for name, text in made.items()}


def test_a_thousand_devices(
    server: Server, prepared: dict[str, str], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Nothing is lost, the whole job works in a part of them, and what is loaded again is asked for by its changes."""
    assert len(prepared) == 20
    with network(tmp_path, prepared) as net:
        net.capture = capfd.readouterr
        hosts = net.lab.nornir_hosts()
        net.write_hosts({name: {**host, "data": {"site": name[:7]}} for name, host in hosts.items()})
        for device in seeded(LARGE).devices[: len(prepared)]:
            box = net.lab[device.name]
            box.identity = box.identity._replace(serial=device.serial)
        net.intended_by(server)
        net.setting(connection={"timeout": 30, "workers": 4})
        lines = [timed(net, "whole load", "validate", "--output", "json")]
        assert lines[0][1].json["counts"] == counts()
        lines.append(timed(net, "unchanged load", "validate"))
        lines.append(timed(net, "drift of 20 devices", "drift", "--limit", SITES))
        assert lines[-1][1].out == "20 devices, all in sync\n"
        before = net.running()
        by_hand(net)
        lines.append(timed(net, "remediate two of them", "remediate", "--yes", "--limit", SITES))
        assert net.running() == before
        by_hand(net)
        lines.append(timed(net, "adopt their drift", "adopt", "--yes", "--limit", SITES))
        assert lines[-1][1].status == 0, lines[-1][1].out + lines[-1][1].err
        last = net.run("remediate", "--yes", "--limit", SITES)
        assert last.out == "Plan: nothing to do\n"
    with capfd.disabled():
        print(f"\n{server.kind}, 100 sites, 1,000 devices, 20,000 interfaces, 4,000 addresses")
        for what, answer, seconds in lines:
            print(f"{what:24}{seconds:8.1f} s   exit {int(answer.status)}")


def timed(net: Network, what: str, *arguments: str) -> tuple[str, Answer, float]:
    started = time.perf_counter()
    answer = net.run(*arguments)
    return what, answer, time.perf_counter() - started


def counts() -> dict[str, int]:
    made = seeded(LARGE)
    vlans = len(made.vlans) // len(made.sites) * len(made.devices)
    return {
        "site": len(made.sites),
        "device": len(made.devices),
        "interface": len(made.interfaces),
        "ip_address": len(made.addresses),
        "vlan": vlans,
    }


def by_hand(net: Network) -> None:
    net.lab["site001-sw01"].change("interface Ethernet2", "description moved", "switchport access vlan 20")
    net.lab["site002-sw05"].change("interface Port-Channel1", "mtu 9000")
    net.lab.reset_log()
