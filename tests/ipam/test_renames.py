"""Interfaces that are renamed in a real IPAM are renamed in the other: the same objects, with all that is on them."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.ipam.fabric import Network, Rest, network
from tests.ipam.loading import close_all, loaded

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.ipam.servers import Server

MANAGED = {"interfaces": "exclusive", "vlans": "exclusive", "addresses": "exclusive"}
LEAF: dict[str, Any] = {
    "Ethernet1": {"description": "one"},
    "Ethernet2": {"description": "two"},
    "Ethernet3": {"description": "to the spine", "addresses": ["192.0.2.0/31", "2001:db8::/127"]},
    "Ethernet4": {"description": "to the router"},
    "Ethernet4.100": {"encapsulation_vlan": 100},
    "Ethernet51-52": {"lag": "Port-Channel1", "lag_mode": "active"},
    "Port-Channel1": {"mode": "trunk", "trunk_vlans": "10,20"},
}
RENAMES = {
    "Ethernet3": "Ethernet33",
    "Ethernet4": "Ethernet44",
    "Ethernet4.100": "Ethernet44.100",
    "Port-Channel1": "Port-Channel10",
}
THIRD = {"Ethernet3": "Ethernet33"}


@pytest.fixture(
    scope="module",
    params=["netbox to nautobot", pytest.param("nautobot to netbox", marks=pytest.mark.slow)],
)
def servers(request: pytest.FixtureRequest, netbox: Server, nautobot: Server) -> tuple[Server, Server]:
    """Where interfaces are renamed, and where they are to be."""
    return (netbox, nautobot) if request.param.startswith("netbox") else (nautobot, netbox)


@pytest.fixture(scope="module")
def place(servers: tuple[Server, Server], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    """A device for each test, the same in `old` and in `new`."""
    with network(tmp_path_factory.mktemp("renames"), {}) as made:
        for name, server in zip(("old", "new"), servers, strict=True):
            server.reset()
            made.source(name, server)
        write(made, "sites/lab", site={"vlans": {10: {"name": "users"}, 20: {"name": "voice"}}})
        write(made, "devices/leaf1", device=leaf(LEAF))
        for number in range(2, 7):
            port = {"description": "to the spine", "addresses": [f"198.51.100.{number}/24"]}
            desks = (1, 2, 4, *(range(5, 15) if number == 6 else ()))
            ports = {f"Ethernet{desk}": {"description": f"desk {desk}"} for desk in desks}
            write(made, f"devices/leaf{number}", device=leaf({"Ethernet3": port, **ports}))
        yield made
    close_all()


@pytest.fixture
def net(place: Network, capfd: pytest.CaptureFixture[str]) -> Network:
    """The same for all tests, which leave both in step."""
    place.capture = capfd.readouterr
    for sides in (("intended", "old"), ("old", "new")) if not (place.folder / "state").exists() else ():
        answer = place.run("sync", *sides, "--yes")
        assert answer.status == 0, answer.out + answer.err
    return place


@pytest.fixture
def old(net: Network, servers: tuple[Server, Server]) -> Rest:
    """Where interfaces are renamed."""
    return net.rest(servers[0])


@pytest.fixture
def new(net: Network, servers: tuple[Server, Server]) -> Rest:
    """Where they are to be."""
    return net.rest(servers[1])


def leaf(interfaces: dict[str, Any]) -> dict[str, Any]:
    return {"site": "lab", "role": "leaf", "platform": "eos", "manage": MANAGED, "interfaces": interfaces}


def write(net: Network, name: str, **documents: dict[str, Any]) -> None:
    """Write a file of the intent."""
    (document,) = documents.values()
    file = net.folder / "intent" / f"{name}.yml"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(yaml.safe_dump(document))


def rename(rest: Rest, device: str, names: dict[str, str]) -> None:
    for old, new in names.items():
        rest.change("dcim/interfaces", rest.port(device, old), name=new)


def ids(rest: Rest, device: str) -> dict[str, Any]:
    """Return the ids of a device's interfaces by their names."""
    return {row["name"]: row["id"] for row in rest.rows("dcim/interfaces", device=device)}


def renamed(before: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    """Return the ids that are expected after interfaces were renamed."""
    return {names.get(name, name): pk for name, pk in before.items()}


def decorate(rest: Rest) -> None:
    """Hang on an interface what driftline knows nothing of: a custom field's value, a tag, a cable."""
    kinds = {"netbox": "object_types", "nautobot": "content_types"}[rest.kind]
    named = {"name": "asset"} if rest.kind == "netbox" else {"label": "asset", "key": "asset"}
    rest.create("extras/custom-fields", **named, type="text", **{kinds: ["dcim.interface"]})
    more = {"slug": "rack"} if rest.kind == "netbox" else {"content_types": ["dcim.interface"]}
    tag = rest.create("extras/tags", name="rack", **more)["id"]
    ours = [tag["id"] for tag in rest.port("leaf1", "Ethernet3")["tags"]]
    port, other = rest.port("leaf1", "Ethernet3"), rest.port("leaf2", "Ethernet1")
    rest.change("dcim/interfaces", port, tags=[*ours, tag], custom_fields={"asset": "A-17"})
    if rest.kind == "netbox":
        ends = {
            f"{side}_terminations": [{"object_type": "dcim.interface", "object_id": each["id"]}]
            for side, each in (("a", port), ("b", other))
        }
        rest.create("dcim/cables", **ends)
    else:
        ends = {
            f"termination_{side}_{what}": value
            for side, each in (("a", port), ("b", other))
            for what, value in (("type", "dcim.interface"), ("id", each["id"]))
        }
        rest.create("dcim/cables", **ends, status="Connected")


def decorations(rest: Rest, name: str) -> tuple[Any, ...]:
    """Return what hangs on an interface, and the ids of the addresses that are on it."""
    port = rest.port("leaf1", name)
    tags = sorted(tag.get("name") or rest.row("extras/tags", id=tag["id"])["name"] for tag in port["tags"])
    if rest.kind == "netbox":
        addresses = [row["id"] for row in rest.rows("ipam/ip-addresses", interface_id=port["id"])]
    else:
        ties = rest.rows("ipam/ip-address-to-interface", interface=port["id"])
        addresses = [row["ip_address"]["id"] for row in ties]
    return port["custom_fields"]["asset"], tags, port["cable"]["id"], sorted(addresses)


def changes(rest: Rest, pk: Any) -> list[str]:
    """Return what the server's own log says has been done to an interface, the newest first."""
    path = {"netbox": "core/object-changes", "nautobot": "extras/object-changes"}[rest.kind]
    rows = rest.rows(path, changed_object_id=pk)
    newest = sorted(rows, key=lambda row: str(row["time"]), reverse=True)
    return [row["action"]["value"] for row in newest]


def in_step(net: Network, servers: tuple[Server, Server]) -> None:
    """Both sides hold the same, and there is nothing left to do."""
    assert net.run("sync", "old", "new").out == "Plan: nothing to do\n"
    one, other = (
        {row.get_unique_id(): row.get_attrs() for row in loaded(server).get_all("interface")}
        for server in servers
    )
    assert one == other


def test_a_renamed_interface_is_the_same_object_with_all_that_hangs_on_it(
    net: Network, old: Rest, new: Rest, servers: tuple[Server, Server]
) -> None:
    """By one change of it; its addresses, members and subinterfaces stay; it is shown before, and taken back after."""
    decorate(new)
    before, hung = ids(new, "leaf1"), decorations(new, "Ethernet3")
    logged = changes(new, before["Ethernet3"])
    rename(old, "leaf1", RENAMES)
    old.change("dcim/interfaces", old.port("leaf1", "Ethernet33"), mtu=9000)

    shown = net.run("sync", "old", "new", "--check")
    assert shown.status == 2
    assert "renamed_from Ethernet3," in shown.out
    assert "renamed_to Ethernet33," in shown.out
    steps = net.steps("sync", "old", "new", "--check")
    made = {name for action, model, name in steps if (action, model) == ("create", "interface")}
    assert made == set(RENAMES.values())
    answer = net.run("sync", "old", "new", "--yes", "--output", "json")
    assert (answer.status, answer.json["converged"]) == (0, True), answer.out + answer.err
    assert ids(new, "leaf1") == renamed(before, RENAMES)
    assert decorations(new, "Ethernet33") == hung
    assert new.port("leaf1", "Ethernet33")["mtu"] == 9000
    assert changes(new, before["Ethernet3"]) == ["update", *logged]
    assert new.port("leaf1", "Ethernet51")["lag"]["id"] == before["Port-Channel1"]
    in_step(net, servers)

    back = net.run("rollback", answer.json["run"], "--yes")
    assert back.status == 0, back.out + back.err
    assert ids(new, "leaf1") == before
    assert decorations(new, "Ethernet3") == hung
    assert new.port("leaf1", "Ethernet3")["mtu"] is None
    assert net.run("sync", "old", "new", "--yes").status == 0
    assert ids(new, "leaf1") == renamed(before, RENAMES)
    assert net.run("history", "--verify").status == 0


def test_an_interface_that_is_not_ours_is_renamed(net: Network, old: Rest, new: Rest) -> None:
    """Though it could not be deleted, and deletions are limited: it only changes. It does not become ours."""
    before = ids(new, "leaf2")
    new.change("dcim/interfaces", new.port("leaf2", "Ethernet3"), tags=[])
    rename(old, "leaf2", THIRD)
    net.replace(guards={"max_deletes": 0})
    answer = net.run("sync", "old", "new", "--yes")
    net.replace(guards={})
    assert answer.status == 0, answer.out + answer.err
    assert ids(new, "leaf2") == renamed(before, THIRD)
    assert new.port("leaf2", "Ethernet33")["tags"] == []


def test_what_was_renamed_in_the_target_gets_its_name_back(net: Network, new: Rest) -> None:
    """It is the same interface, whichever side has renamed it."""
    before = ids(new, "leaf2")
    rename(new, "leaf2", {"Ethernet4": "mine"})
    assert net.run("sync", "old", "new", "--yes").status == 0
    assert ids(new, "leaf2") == before


def test_two_that_swap_their_names_swap_what_they_are(
    net: Network, old: Rest, new: Rest, servers: tuple[Server, Server]
) -> None:
    """Nothing is renamed then, and all is as it should be; the next rename of one of them is."""
    before = ids(new, "leaf3")
    rename(old, "leaf3", {"Ethernet1": "Ethernet99", "Ethernet2": "Ethernet1"})
    rename(old, "leaf3", {"Ethernet99": "Ethernet2"})
    answer = net.run("sync", "old", "new", "--yes")
    assert answer.status == 0, answer.out + answer.err
    assert ids(new, "leaf3") == before
    assert new.port("leaf3", "Ethernet1")["description"] == "desk 2"
    in_step(net, servers)
    rename(old, "leaf3", {"Ethernet1": "Ethernet99"})
    assert net.run("sync", "old", "new", "--yes").status == 0
    assert ids(new, "leaf3") == renamed(before, {"Ethernet1": "Ethernet99"})


def test_a_rename_that_is_refused_leaves_all_as_it_was(net: Network, old: Rest, new: Rest) -> None:
    """Neither is it renamed, nor deleted, nor does it lose an address; when nothing is wrong any more it is."""
    before = ids(new, "leaf4")
    rename(old, "leaf4", THIRD)
    old.change("dcim/interfaces", old.port("leaf4", "Ethernet33"), description=forbidden(new))
    answer = net.run("sync", "old", "new", "--yes", "--output", "json")
    assert answer.status == 4, answer.out + answer.err
    left = {unit["device"] for unit in answer.json["devices"] if unit["outcome"] != "applied"}
    assert {"interface leaf4__ethernet33", "interface leaf4__ethernet3"} <= left
    assert ids(new, "leaf4") == before
    assert new.port("leaf4", "Ethernet3")["description"] == "to the spine"
    old.change("dcim/interfaces", old.port("leaf4", "Ethernet33"), description="up")
    assert net.run("sync", "old", "new", "--yes").status == 0
    assert ids(new, "leaf4") == renamed(before, THIRD)


def forbidden(rest: Rest) -> str:
    """Return a description that the target refuses: too long for NetBox, against a rule of its own in Nautobot."""
    if rest.kind == "netbox":
        return "x" * 210
    rule = {"name": "no-x", "content_type": "dcim.interface", "field": "description"}
    rest.create("data-validation/regex-rules", **rule, regular_expression="^([^X].*)?$", error_message="no X")
    return "X"


def test_a_saved_plan_renames_and_half_of_it_makes_anew(net: Network, old: Rest, new: Rest) -> None:
    """What was reviewed is done; who chooses the creation alone gets a new interface, and keeps the old one."""
    before = ids(new, "leaf5")
    rename(old, "leaf5", {**THIRD, "Ethernet2": "Ethernet22"})
    plan = str(net.folder / "plan.json")
    assert net.run("sync", "old", "new", "--out", plan).status == 2
    assert net.run("apply", plan).status == 0
    assert ids(new, "leaf5") == renamed(before, {**THIRD, "Ethernet2": "Ethernet22"})
    rename(old, "leaf5", {"Ethernet22": "Ethernet2"})
    before = ids(new, "leaf5")
    assert net.run("sync", "old", "new", "--action", "create", "--yes").status == 0
    now = ids(new, "leaf5")
    made = now.pop("Ethernet2")
    assert now == before
    assert made not in before.values()
    assert net.run("sync", "old", "new", "--yes").status == 0
    assert "Ethernet22" not in ids(new, "leaf5")


@pytest.mark.slow
def test_a_sync_that_is_killed_while_it_renames_is_resumed(
    net: Network, old: Rest, new: Rest, servers: tuple[Server, Server]
) -> None:
    """When its server answers: until then it stays to be resumed. Every interface is the same, and is there once."""
    before = ids(new, "leaf6")
    names = {name: f"swp{name.removeprefix('Ethernet')}" for name in before}
    rename(old, "leaf6", names)
    net.source("new", servers[1], write={"batch_size": 1}, connections=1, retries=0)
    run = killed(net, servers[1])
    there = ids(new, "leaf6")
    assert 0 < sum(name.startswith("swp") for name in there) < len(names)
    assert sorted(map(str, there.values())) == sorted(map(str, before.values()))
    servers[1].kill()
    answer = net.run("resume", run)
    servers[1].start()
    assert (answer.status, "IPAM-UNREACHABLE" in answer.err) == (1, True), answer.out + answer.err
    assert net.last_run()["state"] == "cut off: resume it"
    answer = net.run("resume", run)
    assert answer.status == 0, answer.out + answer.err
    assert ids(new, "leaf6") == renamed(before, names)
    in_step(net, servers)


def killed(net: Network, target: Server) -> str:
    """Begin a sync, kill its process when it has renamed some, and return its run."""
    command = [sys.executable, "-m", "driftline.cli", "sync", "old", "new", "--yes"]
    settings = str(net.folder / "driftline.yml")
    process = subprocess.Popen(
        [*command, "--config", settings], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    deadline = time.monotonic() + 120
    while int(target.sql("select count(*) from dcim_interface where name like 'swp%'")[0][0]) < 3:
        assert process.poll() is None, "it has ended before"
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    time.sleep(3)  # what was sent may still be written
    return str(net.last_run()["id"])
