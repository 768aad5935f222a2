"""Syncs into a real IPAM from the user's seat: from intent files and another IPAM, taken back, cut off, resumed."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.ipam.fabric import Network, Rest, network
from tests.ipam.loading import close_all, loaded
from tests.ipam.servers import SMALL

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.conftest import Answer
    from tests.ipam.servers import Server

PORTS = {"description": "desk", "enabled": True, "mode": "access", "access_vlan": 10}
MANAGED = {"interfaces": "exclusive", "vlans": "exclusive", "addresses": "exclusive"}


@pytest.fixture
def net(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> Iterator[Network]:
    """Intent files of two devices, and no simulated one."""
    with network(tmp_path, {}) as made:
        made.capture = capfd.readouterr
        write(made, "sites/lab", site={"vlans": {10: {"name": "users"}, 20: {"name": "voice"}}})
        write(made, "devices/leaf1", device=leaf("leaf1", "10.0.0.1/32"))
        write(made, "devices/leaf2", device=leaf("leaf2", "10.0.0.2/32"))
        yield made
    close_all()


@pytest.fixture
def rest(net: Network, server: Server) -> Rest:
    """An empty server, which `ipam` stands for in the settings."""
    server.reset()
    server.start()
    net.source("ipam", server)
    return net.rest(server)


def write(net: Network, name: str, **documents: dict[str, Any]) -> None:
    """Write a file of the intent."""
    (document,) = documents.values()
    file = net.folder / "intent" / f"{name}.yml"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(yaml.safe_dump(document))


def leaf(_name: str, loopback: str, ports: int = 4, site: str = "lab", **more: Any) -> dict[str, Any]:
    """Return a device's intent: access ports, a port-channel, a loopback, an SVI."""
    interfaces = {
        f"Ethernet1-{ports}": dict(PORTS),
        "Ethernet51-52": {"lag": "Port-Channel1", "lag_mode": "active"},
        "Port-Channel1": {"mode": "trunk", "trunk_vlans": "10,20", "description": "up"},
        "Loopback0": {"description": "router id", "addresses": [loopback]},
        "Vlan10": {"description": "gateway", "mtu": 1500},
    }
    return {
        "site": site,
        "role": "leaf",
        "platform": "eos",
        "manage": MANAGED,
        "interfaces": {**interfaces, **more},
    }


def held(server: Server) -> dict[str, dict[str, Any]]:
    """Return what a server holds, by model, as it can be compared: without its ids and times."""
    dataset = loaded(server)
    return {
        model: {row.get_unique_id(): row.get_attrs() for row in dataset.get_all(model)}
        for model in (*dataset.top_level, "interface")
        if model != "term"
    }


def doubles(rest: Rest) -> list[Any]:
    """Return what a server has twice."""
    ports = [(row["device"]["id"], row["name"]) for row in rest.rows("dcim/interfaces")]
    others = [
        (path, row["name"] if "name" in row else row["address"])
        for path in ("dcim/devices", "ipam/ip-addresses", "extras/tags")
        for row in rest.rows(path)
    ]
    return [what for what, count in Counter([*ports, *others]).items() if count > 1]


# From intent files ----------------------------------------------------------------------------------------


def test_intent_files_are_synced_into_an_ipam(net: Network, rest: Rest, server: Server) -> None:
    """Things of every kind are made, changed, moved and deleted, with nothing left to do; then it is taken back."""
    made = net.run("sync", "intended", "ipam", "--yes", "--output", "json")
    assert (made.status, made.json["converged"]) == (0, True), made.out + made.err
    assert net.run("sync", "intended", "ipam").out == "Plan: nothing to do\n"
    before = held(server)

    write(net, "sites/lab", site={"vlans": {10: {"name": "people"}, 30: {"name": "guests"}}})
    write(net, "sites/branch", site={"vlans": {10: {"name": "users"}, 20: {"name": "voice"}}})
    moved = leaf("leaf2", "10.0.0.2/32", site="branch")
    write(net, "devices/leaf2", device=moved)
    changed = leaf("leaf1", "10.0.0.9/32", ports=3, Loopback1={"addresses": ["10.0.0.1/32"]})
    changed["interfaces"]["Port-Channel1"]["trunk_vlans"] = "10,30"
    changed["interfaces"]["Vlan10"]["mtu"] = 9000
    del changed["interfaces"]["Ethernet51-52"]
    write(net, "devices/leaf1", device=changed)
    steps = net.steps("sync", "intended", "ipam", "--check")
    assert {
        ("create", "site", "branch"),
        ("update", "device", "leaf2"),
        ("update", "interface", "Vlan10"),
        ("create", "interface", "Loopback1"),
        ("update", "ip_address", "10.0.0.1/32"),
        ("create", "ip_address", "10.0.0.9/32"),
    } <= steps
    assert {name for action, model, name in steps if (action, model) == ("create", "vlan")}
    assert {action for action, model, _ in steps if model == "vlan"} == {"create", "update", "delete"}
    synced = net.run("sync", "intended", "ipam", "--yes", "--output", "json")
    assert (synced.status, synced.json["converged"]) == (0, True), synced.out + synced.err
    assert net.run("sync", "intended", "ipam").out == "Plan: nothing to do\n"
    assert rest.row("dcim/devices", name="leaf2")[site_field(server)]["id"] == site_id(rest, "branch")

    run = synced.json["run"]
    assert net.run("rollback", run, "--check").status == 2
    back = net.run("rollback", run, "--yes")
    assert back.status == 0, back.out + back.err
    assert held(server) == before
    assert doubles(rest) == []
    assert net.last_run()["kind"] == "rollback"


def site_field(server: Server) -> str:
    return {"netbox": "site", "nautobot": "location"}[server.kind]


def site_id(rest: Rest, name: str) -> Any:
    return rest.row({"netbox": "dcim/sites", "nautobot": "dcim/locations"}[rest.kind], name=name)["id"]


def test_a_plan_is_saved_reviewed_and_applied(net: Network, rest: Rest) -> None:
    """Exactly it; and when somebody has changed what it was computed from, nothing of it."""
    plan = str(net.folder / "plan.json")
    assert net.run("sync", "intended", "ipam", "--out", plan).status == 2
    assert rest.count("dcim/devices") == 0
    answer = net.run("apply", plan)
    assert answer.status == 0, answer.out + answer.err
    assert net.run("sync", "intended", "ipam").out == "Plan: nothing to do\n"

    changed = leaf("leaf1", "10.0.0.1/32", Ethernet7={"description": "new", "mtu": 1500})
    changed["interfaces"]["Vlan10"]["description"] = "ours"
    write(net, "devices/leaf1", device=changed)
    assert net.run("sync", "intended", "ipam", "--out", plan).status == 2
    rest.change("dcim/interfaces", rest.port("leaf1", "Vlan10"), description="theirs")
    answer = net.run("apply", plan)
    assert answer.status == 1
    assert "PLAN-STALE leaf1" in answer.err or "PLAN-STALE" in answer.err
    assert rest.port("leaf1", "Vlan10")["description"] == "theirs"
    assert rest.count("dcim/interfaces", device="leaf1", name="Ethernet7") == 0


def test_one_bad_row_of_a_hundred_is_one_failure(net: Network, rest: Rest) -> None:
    """With `refuse` none of them is written; else 99 are, and one is refused in the server's own words."""
    ports = {"Ethernet1-99": dict(PORTS), "Ethernet100": {"description": forbidden(rest)}}
    write(
        net, "devices/leaf1", device={"site": "lab", "role": "leaf", "platform": "eos", "interfaces": ports}
    )
    (net.folder / "intent" / "devices" / "leaf2.yml").unlink()
    net.replace(sources={"ipam": options(net, on_bad_row="refuse")})
    answer = net.run("sync", "intended", "ipam", "--yes", "--output", "json")
    assert (answer.status, codes(answer)) == (4, {"IPAM-REFUSED": 100}), answer.err
    assert rest.count("dcim/interfaces") == 0
    net.replace(sources={"ipam": options(net, on_bad_row="isolate")})
    answer = net.run("sync", "intended", "ipam", "--yes", "--output", "json")
    assert (answer.status, codes(answer)) == (4, {"IPAM-REFUSED": 1}), answer.err
    assert answer.json["converged"] is False
    assert {row["name"] for row in rest.rows("dcim/interfaces")} == {
        f"Ethernet{port}" for port in range(1, 100)
    }


def codes(answer: Answer) -> Counter[str]:
    """Return why objects were not written, by code."""
    return Counter(unit["error"]["code"] for unit in answer.json["devices"] if unit["outcome"] != "applied")


def options(net: Network, **write: Any) -> dict[str, Any]:
    source = yaml.safe_load((net.folder / "driftline.yml").read_text())["sources"]["ipam"]
    return {**source, "write": write}


def forbidden(rest: Rest) -> str:
    """Return a description that the server refuses: too long for NetBox, against a rule of its own in Nautobot."""
    if rest.kind == "nautobot":
        rule = {"name": "no-x", "content_type": "dcim.interface", "field": "description"}
        rest.create(
            "data-validation/regex-rules", **rule, regular_expression="^([^X].*)?$", error_message="no X"
        )
    return "X" * 220


# From one IPAM into another -------------------------------------------------------------------------------


@pytest.mark.slow
def test_from_netbox_to_nautobot_and_back(net: Network, netbox: Server, nautobot: Server) -> None:
    """All that one has is in the other, and what changes there comes back; a third comparison is empty."""
    netbox.reset(SMALL)
    nautobot.reset()
    net.source("old", netbox, write={"delete": "any"})
    net.source("new", nautobot)
    answer = net.run("sync", "old", "new", "--yes", "--output", "json")
    assert (answer.status, answer.json["converged"]) == (0, True), answer.out + answer.err
    assert held(netbox) == held(nautobot)
    assert net.run("sync", "old", "new").out == net.run("sync", "new", "old").out == "Plan: nothing to do\n"

    rest = net.rest(nautobot)
    first = rest.port("site001-sw01", "Ethernet2")
    rest.change("dcim/interfaces", first, description="changed there", mtu=9000)
    rest.change("dcim/interfaces", rest.port("site001-sw01", "Ethernet3"), name="Ethernet33")
    loopback = rest.row("ipam/ip-addresses", address="10.0.254.1/32")
    rest.delete("ipam/ip-addresses", loopback)
    rest.delete("dcim/devices", rest.row("dcim/devices", name="site002-sw02"))
    net.replace(guards={"max_deletes": 10})
    assert "GUARD-DELETES" in net.run("sync", "new", "old", "--yes").err
    net.replace(guards={})
    answer = net.run("sync", "new", "old", "--yes", "--output", "json")
    assert (answer.status, answer.json["converged"]) == (0, True), answer.out + answer.err
    assert held(netbox) == held(nautobot)
    assert net.rest(netbox).port("site001-sw01", "Ethernet2")["description"] == "changed there"
    assert net.rest(netbox).count("dcim/devices") == 3
    assert net.run("sync", "new", "old").out == net.run("sync", "old", "new").out == "Plan: nothing to do\n"

    # A part of the source is no reason to delete the rest in the target, though it is ours.
    net.source("old", netbox, scope={"sites": ["site001"]})
    assert net.run("sync", "old", "new").out == "Plan: nothing to do\n"
    there = net.rest(netbox)
    there.delete("dcim/interfaces", there.port("site001-sw01", "Management1"))
    assert ("delete", "interface", "Management1") in net.steps("sync", "old", "new", "--check")


def test_an_empty_ipam_empties_no_other(net: Network, netbox: Server, nautobot: Server) -> None:
    """The guard on deletes stops it, also where everything may be deleted; without leave nothing is planned."""
    netbox.reset(SMALL)
    nautobot.reset()
    net.source("old", netbox, write={"delete": "any"})
    net.source("new", nautobot)
    before = held(netbox)
    answer = net.run("sync", "new", "old", "--yes")
    assert (answer.status, "GUARD-DELETES" in answer.err) == (1, True), answer.out + answer.err
    net.source("old", netbox)
    assert net.run("sync", "new", "old", "--yes").out == "Plan: nothing to do\n"
    assert held(netbox) == before


# Cut off --------------------------------------------------------------------------------------------------


def test_a_sync_whose_process_is_killed_is_resumed(net: Network, rest: Rest, server: Server) -> None:
    """As if it had not been: everything is there once, and there is nothing left to do."""
    net.replace(sources={"ipam": options(net, batch_size=5)})
    many(net)
    process = begun(net)
    wait_until(lambda: ports_on(server) > 8, process)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    time.sleep(3)  # what was sent may still be written
    written = ports_on(server)
    assert 8 < written < 50
    run = net.last_run()
    assert run["state"] == "cut off: resume it", run
    answer = net.run("resume", run["id"])
    assert answer.status == 0, answer.out + answer.err
    assert net.run("sync", "intended", "ipam").out == "Plan: nothing to do\n"
    assert doubles(rest) == []
    assert net.run("history", "--verify").status == 0


@pytest.mark.slow
def test_a_server_that_is_killed_and_comes_back_has_everything_once(
    net: Network, rest: Rest, server: Server
) -> None:
    """The sync waits for it, looks what was written, and goes on; nothing is there twice."""
    net.replace(sources={"ipam": options(net, batch_size=10)})
    many(net)
    process = begun(net)
    wait_until(lambda: ports_on(server) > 8, process)
    server.kill()
    time.sleep(1)
    server.start()
    out, _ = process.communicate(timeout=120)
    assert (process.returncode, json.loads(out)["converged"]) == (0, True), out
    assert doubles(rest) == []
    assert net.run("sync", "intended", "ipam").out == "Plan: nothing to do\n"


def begun(net: Network) -> subprocess.Popen[str]:
    """Start a sync in a process of its own."""
    command = [sys.executable, "-m", "driftline.cli", "sync", "intended", "ipam", "--yes", "--output", "json"]
    settings = str(net.folder / "driftline.yml")
    return subprocess.Popen([*command, "--config", settings], stdout=subprocess.PIPE, text=True)


def many(net: Network) -> None:
    for number in (1, 2):
        write(net, f"devices/leaf{number}", device=leaf("", f"10.0.0.{number}/32", ports=20))


def ports_on(server: Server) -> int:
    return int(server.sql("select count(*) from dcim_interface")[0][0])


def wait_until(reached: Callable[[], bool], process: subprocess.Popen[str] | None = None) -> None:
    deadline = time.monotonic() + 120
    while not reached():
        assert time.monotonic() < deadline
        assert process is None or process.poll() is None, "it has ended before"
        time.sleep(0.05)
