"""A run that adopted drift into a real IPAM is taken back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.ipam.fabric import Network, network, two_sites

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.ipam.servers import Server


@pytest.fixture
def net(tmp_path: Path, capfd: pytest.CaptureFixture[str], netbox: Server) -> Iterator[Network]:
    """A device that is as a NetBox intends it."""
    with network(tmp_path, {"leaf1": two_sites()["leaf1"]}) as made:
        made.capture = capfd.readouterr
        made.source("ipam", netbox)
        answer = made.run("sync", "devices", "ipam", "--yes")
        assert answer.status == 0, answer.out + answer.err
        made.intended_by(netbox, intention={"manage": "exclusive"})
        yield made


def test_adopted_drift_is_drift_again(net: Network, netbox: Server) -> None:
    """What was changed, made and deleted in the IPAM is as before, and the device is not touched."""
    rest = net.rest(netbox)
    net.lab["leaf1"].change("interface Ethernet6", "description new uplink", "mtu 8000")
    net.lab["leaf1"].change("interface Loopback5", "description new", "ip address 10.9.9.1/32")
    net.lab["leaf1"].change("no interface Vlan20")
    net.lab.reset_log()
    drift = net.steps("plan")
    assert ("create", "interface", "Vlan20") in drift
    answer = net.run("adopt", "--yes", "--output", "json")
    assert answer.status == 0, answer.out + answer.err
    assert net.run("drift").status == 0
    assert rest.port("leaf1", "Ethernet6")["description"] == "new uplink"
    assert rest.count("ipam/ip-addresses", address="10.9.9.1/32") == 1
    assert rest.count("ipam/ip-addresses", address="10.0.20.1/24") == 0
    assert rest.count("dcim/interfaces", device="leaf1", name="Vlan20") == 0

    back = net.run("rollback", str(net.last_run()["id"]), "--yes")
    assert back.status == 0, back.out + back.err
    assert net.steps("plan") == drift
    assert rest.port("leaf1", "Ethernet6")["description"] == "uplink"
    assert rest.count("dcim/interfaces", device="leaf1", name="Loopback5") == 0
    assert rest.count("ipam/ip-addresses", address="10.0.20.1/24") == 1
    assert net.untouched()
