"""The main job with the intent in a real IPAM: discover, drift, repair, adopt, and what stops a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import yaml

from tests.ipam.fabric import Network, Rest, network, two_sites

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.ipam.servers import Server


@pytest.fixture(scope="module")
def place(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    """Six devices at two sites, and a server in which nothing is yet."""
    server.reset()
    with network(tmp_path_factory.mktemp(server.kind), two_sites()) as made:
        made.source("ipam", server)
        yield made


@pytest.fixture
def net(place: Network, capfd: pytest.CaptureFixture[str]) -> Network:
    """The same devices for all tests of a server, which leave them, and the server, in step."""
    place.capture = capfd.readouterr
    place.lab.reset_log()
    return place


@pytest.fixture
def rest(net: Network, server: Server) -> Rest:
    """The server as somebody else changes it."""
    return net.rest(server)


def test_devices_are_discovered_into_an_empty_ipam(net: Network, rest: Rest, server: Server) -> None:
    """Shown first, then written; a second time there is nothing to do, and what is intended then is what is there."""
    shown = net.run("sync", "devices", "ipam", "--check")
    assert shown.status == 2, shown.err
    assert rest.count("dcim/devices") == 0
    report = net.run("sync", "devices", "ipam", "--yes", "--output", "json")
    assert report.status == 0, report.out + report.err
    assert (report.json["kind"], report.json["converged"]) == ("sync", True)
    assert rest.count("dcim/devices") == 6
    again = net.run("sync", "devices", "ipam", "--yes")
    assert (again.out, again.status) == ("Plan: nothing to do\n", 0)
    net.intended_by(server)
    drift = net.run("drift")
    assert (drift.out, drift.status) == ("6 devices, all in sync\n", 0)
    assert net.untouched()


def by_hand(net: Network) -> None:
    """Change two devices as somebody with a terminal would."""
    net.lab["leaf1"].change("interface Ethernet6", "description wrong", "shutdown")
    net.lab["leaf1"].change("interface Ethernet2", "switchport access vlan 10")
    net.lab["leaf1"].change("interface Vlan10", "no ip address 10.0.11.1/24 secondary")
    net.lab["b-leaf2"].change("no vlan 10", "interface Ethernet1", "switchport access vlan 20")
    net.lab.reset_log()


def test_devices_that_were_changed_are_put_back(net: Network) -> None:
    """What somebody has changed is drift, and is repaired to the byte; a second run finds nothing."""
    before = net.running()
    by_hand(net)
    drift = net.run("drift")
    assert drift.status == 2
    assert "6 devices: 4 in sync, 2 drifted" in drift.out
    assert net.untouched()
    plan = net.folder / "plan.json"
    assert net.run("plan", "--out", str(plan)).status == 2
    assert net.run("apply", str(plan)).status == 0
    assert net.running() == before
    net.lab.reset_log()
    assert net.run("remediate", "--yes").out == "Plan: nothing to do\n"
    assert net.untouched()


def test_a_change_in_the_ipam_is_exactly_that_change_on_the_device(net: Network, rest: Rest) -> None:
    """One attribute that a person edits there is one line on one device, and back."""
    before = net.running()
    port = rest.port("leaf1", "Ethernet6")
    rest.change("dcim/interfaces", port, description="to the core", mtu=1500)
    assert net.steps("plan") == {("update", "interface", "Ethernet6")}
    assert net.run("remediate", "--yes").status == 0
    now = net.running()
    assert [name for name in now if now[name] != before[name]] == ["leaf1"]
    lines = {*now["leaf1"].splitlines()} ^ {*before["leaf1"].splitlines()}
    assert lines == {"   description to the core", "   description uplink", "   mtu 9000"}
    rest.change("dcim/interfaces", port, description="uplink", mtu=9000)
    assert net.run("remediate", "--yes").status == 0
    assert net.running() == before


def test_drift_is_adopted_into_the_ipam(net: Network, rest: Rest) -> None:
    """The chosen drift becomes what is intended; no device is touched, and the rest is drift as before."""
    net.lab["leaf1"].change("interface Ethernet6", "description new uplink", "mtu 8000")
    net.lab["leaf1"].change("interface Ethernet2", "switchport access vlan 10")
    net.lab.reset_log()
    assert net.run("adopt", "--object", "Ethernet6", "--check").status == 2
    assert rest.port("leaf1", "Ethernet6")["description"] == "uplink"
    answer = net.run("adopt", "--object", "Ethernet6", "--yes")
    assert answer.status == 0, answer.out + answer.err
    port = rest.port("leaf1", "Ethernet6")
    assert (port["description"], port["mtu"]) == ("new uplink", 8000)
    assert net.steps("plan") == {("update", "interface", "Ethernet2")}
    assert net.untouched()
    assert net.run("adopt", "--yes").status == 0
    assert net.run("drift").out == "6 devices, all in sync\n"
    assert net.untouched()


def test_what_devices_gain_and_lose_is_synced(net: Network, rest: Rest) -> None:
    """An interface with an address that is new, one that is gone, an address that has moved."""
    net.lab["leaf1"].change("interface Loopback5", "description new", "ip address 10.9.9.1/32")
    net.lab["leaf1"].change("interface Loopback0", "no ip address")
    net.lab["leaf1"].change("interface Ethernet7", "ip address 10.0.0.1/32")
    net.lab["b-leaf2"].change("no interface Vlan99")
    answer = net.run("sync", "devices", "ipam", "--yes", "--output", "json")
    assert (answer.status, answer.json["converged"]) == (0, True), answer.out
    assert rest.port("leaf1", "Loopback5")["description"] == "new"
    assert rest.count("dcim/interfaces", device="b-leaf2", name="Vlan99") == 0
    assert rest.count("ipam/ip-addresses", address="10.0.0.1/32") == 1
    assert net.run("sync", "devices", "ipam").out == "Plan: nothing to do\n"
    assert net.run("drift").out == "6 devices, all in sync\n"


def test_a_device_that_is_not_reached_is_left_alone_in_the_ipam(net: Network, rest: Rest) -> None:
    """Nothing of it looks deleted; the others are synced, and the command says that it is incomplete."""
    before = rest.count("dcim/interfaces", device="b-core1")
    good = (net.folder / "hosts.yml").read_text()
    hosts = yaml.safe_load(good)
    hosts["b-core1"]["port"] = 1
    net.write_hosts(hosts)
    net.lab["b-leaf2"].change("interface Ethernet2", "description seen")
    answer = net.run("sync", "devices", "ipam", "--yes")
    (net.folder / "hosts.yml").write_text(good)
    assert answer.status == 3, answer.out
    assert rest.count("dcim/interfaces", device="b-core1") == before
    assert rest.port("b-leaf2", "Ethernet2")["description"] == "seen"
    assert net.run("drift").out == "6 devices, all in sync\n"


# What stops a run ----------------------------------------------------------------------------------------


def test_an_ipam_that_lost_half_of_its_devices_stops_the_run(
    net: Network, rest: Rest, server: Server
) -> None:
    """It answers, but much is missing: nothing is written, although one device has drifted."""
    net.lab["leaf1"].change("interface Ethernet6", "shutdown")
    assert net.run("remediate", "--yes").status == 0  # the run that the next one is measured by
    net.lab["leaf1"].change("interface Ethernet6", "shutdown")
    net.lab.reset_log()
    for device in rest.rows("dcim/devices"):
        if device["name"].startswith("b-"):
            rest.delete("dcim/devices", device)
    answer = net.run("remediate", "--yes")
    assert (answer.status, "GUARD-SHRUNK" in answer.err) == (1, True), answer.out + answer.err
    assert net.untouched()
    server.reset()
    answer = net.run("remediate", "--yes")
    assert (answer.status, "GUARD-EMPTY" in answer.err) == (1, True), answer.out + answer.err
    assert net.untouched()


def test_a_wrong_token_is_said(net: Network, server: Server) -> None:
    """Before any device is asked anything; the token is not repeated."""
    file = net.folder / f"{server.kind}.token"
    good = file.read_text()
    file.write_text(good[:-4] + "abcd")
    answer = net.run("drift")
    file.write_text(good)
    assert answer.status == 1
    assert "IPAM-AUTH" in answer.err
    assert good[:-4] not in answer.err + answer.out
    assert net.lab.counters.requests == 0


def test_a_server_that_does_not_answer_is_said(net: Network, server: Server) -> None:
    """Before any device is asked anything."""
    net.intended_by(server, retries=0)
    net.source("ipam", server, retries=0)
    server.kill()
    answer = net.run("remediate", "--yes")
    sync = net.run("sync", "devices", "ipam", "--yes")
    server.start()
    assert answer.status == sync.status == 1
    assert "IPAM-UNREACHABLE" in answer.err
    assert "IPAM-UNREACHABLE" in sync.err
    assert net.lab.counters.requests == 0
