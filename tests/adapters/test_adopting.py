"""Adopting drift: the intent says what the devices have, and nothing else in the files changes."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from textwrap import dedent
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.adapters.actual_state import FABRIC, drift, load, read, running
from tests.scenarios.test_every_kind import BY_HAND

from driftline.adapters.intent import Adoption, Choice, IntentWriteError, adopt, discover

if TYPE_CHECKING:
    from collections.abc import Iterator

    from driftline.engine import Diff
    from driftline.engine.diff import DiffElement

CHANGES = dict(BY_HAND)
LEAF2 = [
    ["no vlan 20"],
    ["vlan 10", "name people"],
    ["interface Ethernet3", "description desk", "switchport access vlan 99"],
    ["interface Vlan10", "ip address 10.0.10.22/24"],
    ["interface Vlan10", "no ip address"],
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The fabric's intent, to be edited."""
    return Path(shutil.copytree(FABRIC / "intent", tmp_path / "intent"))


def adopted(folder: Path, *lines: list[str], device: str = "leaf1", **choice: Any) -> Adoption:
    """Change a device by hand and adopt what is chosen of it, without writing."""
    intended = load(folder)
    diff = drift(read(running({device: [*lines]})), intended)
    return adopt(intended, diff, Choice(**choice))


def asks(diff: Diff) -> dict[tuple[str, str], Any]:
    """Return what a diff asks for, object by object."""
    return {
        (element.type, str(sorted(element.keys.items()))): (element.action, element.get_attrs_diffs())
        for element in diff.walk()
        if element.action
    }


def objects(diff: Diff) -> Iterator[tuple[DiffElement, DiffElement]]:
    """Return the objects that differ, each with the one that hangs directly below its device."""
    for site in diff.differing():
        for device in site.child_diff.differing():
            for top in device.child_diff.in_order():
                yield from ((one, top) for one in (top, *top.child_diff.walk()) if one.action)


# All of it, and one alone ---------------------------------------------------------------------------------

# What no intent can say: rules of the files forbid it.
UNSAYABLE = {
    "create port-channel": "INTENT-LAG-NOT-LISTED",
    "update lag member to another lag": "INTENT-LAG-NOT-LISTED",
    "update routed to switched": "INTENT-ADDRESS-ON-SWITCHPORT",
}


@pytest.mark.parametrize("name", CHANGES)
def test_what_is_adopted_is_no_drift_any_more(folder: Path, name: str) -> None:
    """Every kind of change by hand becomes intent, and then the device is as intended."""
    actual = read(running({"leaf1": [CHANGES[name]]}))
    intended = load(folder)
    diff = drift(actual, intended)
    assert diff.has_diffs()
    adoption = adopt(intended, diff)
    assert {problem.code for problem in adoption.problems} == (
        {UNSAYABLE[name]} if name in UNSAYABLE else set()
    )
    if name in UNSAYABLE:
        assert adoption.changes == ()
    else:
        assert adoption.write() == [folder / "devices/leaf1.yml"]
        assert drift(actual, load(folder)).str() == "(no diffs)"


OWNED_WHOLE = "manage: {interfaces: exclusive, vlans: exclusive, addresses: exclusive}\n"


def laid_out(folder: Path, layout: str) -> Path:
    """Write the same intent in another way."""
    for file in (folder / "devices").iterdir():
        data = yaml.safe_load(file.read_text())
        if layout == "block":
            text = yaml.safe_dump(data, indent=4, sort_keys=False, default_flow_style=False)
            file.write_text(
                "".join(f"# {number}\n{line}  # here\n" for number, line in enumerate(text.splitlines()))
            )
        elif layout == "flow":
            file.write_text(yaml.safe_dump(data, sort_keys=False, default_flow_style=True, width=60))
        elif layout == "windows":
            file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes().replace(b"\n", b"\r\n"))
        elif layout == "no last line end":
            file.write_text(file.read_text().rstrip())
    if layout == "discovered":
        discover(read(running())).write(folder, overwrite=True)
        file = folder / "devices" / "leaf1.yml"
        file.write_text(OWNED_WHOLE + file.read_text())
    return folder


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(st.sampled_from(list(CHANGES)), min_size=1, max_size=6, unique=True),
    st.lists(st.sampled_from(LEAF2), max_size=3, unique_by=str),
    st.sampled_from(["as it is", "block", "flow", "windows", "no last line end", "discovered"]),
    st.randoms(use_true_random=False),
)
def test_all_is_adopted_or_one_and_nothing_else(names, more, layout, random):
    """After adopting one object that object is no drift any more, and the rest of the drift is what it was."""
    actual = read(running({"leaf1": [CHANGES[name] for name in names], "leaf2": more}))
    with tempfile.TemporaryDirectory() as scratch:
        folder = laid_out(Path(shutil.copytree(FABRIC / "intent", Path(scratch) / "intent")), layout)
        diff = drift(actual, intended := load(folder))
        before = asks(diff)
        if before:
            one, _ = random.choice(list(objects(diff)))
            adoption = adopt(intended, diff, choice_of(one))
            adoption.write()
            after = asks(drift(actual, load(folder)))
            gone = before.keys() - after.keys()
            assert {key: value for key, value in before.items() if key not in gone} == after
            assert gone <= family_of(one, diff)
            assert key_of(one) in gone or adoption.problems
        diff = drift(actual, intended := load(folder))
        adoption = adopt(intended, diff)
        adoption.write()
        left = asks(drift(actual, load(folder)))
        assert bool(left) is bool(adoption.problems)
        assert "ADOPT-LAYOUT" not in {problem.code for problem in adoption.problems}
        assert left.items() <= asks(diff).items()


def choice_of(element: DiffElement) -> Choice:
    """Return the choice of one object."""
    names = {"interface": "name", "vlan": "vid", "ip_address": "address"}
    name = str(element.keys[names[element.type]])
    return Choice(devices=str(element.keys["device"]), models=(element.type,), objects=(name,))


def key_of(element: DiffElement) -> tuple[str, str]:
    return element.type, str(sorted(element.keys.items()))


def family_of(one: DiffElement, diff: Diff) -> set[tuple[str, str]]:
    """Return the objects that may go along with one: those that share an interface with one of its name."""
    tops = [top for other, top in objects(diff) if choice_of(other) == choice_of(one)]
    return {key_of(element) for top in tops for element in (top, *top.child_diff.walk())}


# What the files look like afterwards ----------------------------------------------------------------------


def edits(adoption: Adoption) -> list[str]:
    """Return the lines that go and come, in the order of the file."""
    return [
        line
        for line in adoption.text_diff().splitlines()
        if line[:1] in "+-" and line[:3] not in ("+++", "---")
    ]


def test_only_the_touched_keys_change(folder: Path) -> None:
    """Line by line: comments, order, quotes, alignment and blank lines are as people left them."""
    (folder / "devices/leaf1.yml").write_text(
        dedent("""\
            # Owned whole.
            site:   lab          # aligned
            role: 'leaf'
            platform: "eos"
            manage: {interfaces: exclusive, vlans: exclusive,
                     addresses: exclusive}
            vlans:
                30: {name: servers}   # racks

                # nothing else
            interfaces:
                Ethernet1-2: {profile: user}

                # the printer
                Ethernet2: {description: printer,   # 3rd floor
                            access_vlan: 20}
                Ethernet3:
                    description: trunk
                    mode: trunk
                    trunk_vlans: "10,20,30"

                # a bundle
                Ethernet4-5: {lag: Port-Channel1, lag_mode: active}
                Port-Channel1: {description: server}
                Loopback0:
                    description: router id   # do not touch
                    addresses:
                        - 10.0.0.1/32   # the id
                # the end
            """)
    )
    adoption = adopted(
        folder,
        ["interface Ethernet1", "shutdown"],
        ["interface Ethernet2", "description big printer"],
        ["interface Ethernet3", "no description", "switchport trunk allowed vlan 10"],
        ["interface Loopback0", "ip address 10.0.0.2/32 secondary", "ipv6 address 2001:db8::1/128"],
        ["vlan 31", "name more"],
        ["interface Loopback1", "description new"],
        ["no interface Vlan10", "no interface Vlan20", "no interface Ethernet7.100"],
    )
    assert adoption.problems == ()
    assert edits(adoption) == [
        "+    31: {name: more}",
        "+    Ethernet1: {enabled: false}",
        "-    Ethernet2: {description: printer,   # 3rd floor",
        "+    Ethernet2: {description: big printer,   # 3rd floor",
        "-        description: trunk",
        "+        description: null",
        '-        trunk_vlans: "10,20,30"',
        '+        trunk_vlans: "10"',
        "-            - 10.0.0.1/32   # the id",
        "+              10.0.0.1/32: {}   # the id",
        "+              10.0.0.2/32: {secondary: true}",
        '+              "2001:db8::1/128": {}',
        "+    Loopback1: {description: new, enabled: true, vrf: null}",
    ]


def test_profiles_ranges_and_sites_are_never_edited(folder: Path) -> None:
    """A port that has its values from a range or a profile gets an entry of its own beside it."""
    adoption = adopted(
        folder,
        ["interface Ethernet1", "description desk", "mtu 9000"],
        ["interface Ethernet5", "channel-group 1 mode passive"],
        ["vlan 10", "name people"],
    )
    assert [edit.path.name for edit in adoption.edits] == ["leaf1.yml"]
    assert edits(adoption) == [
        "+  10: {name: people}",
        "+  Ethernet1: {description: desk, mtu: 9000}",
        "+  Ethernet5: {lag_mode: passive}",
    ]


def test_what_leaves_the_device_leaves_its_file(folder: Path) -> None:
    """Objects and addresses; a collection that becomes empty stays, and is owned as before."""
    adoption = adopted(
        folder, ["no vlan 30"], ["no interface Vlan20"], ["interface Loopback0", "no ip address"]
    )
    assert edits(adoption) == [
        "-vlans:",
        "-  30: {name: servers}",
        "+vlans: {}",
        "-  Loopback0: {description: router id, addresses: [10.0.0.1/32]}",
        "+  Loopback0: {description: router id, addresses: []}",
        "-  Vlan20: {description: voice, vrf: red, addresses: [10.0.20.1/24]}",
    ]


def test_every_change_is_listed(folder: Path) -> None:
    """File, place, what was written and what is to be."""
    adoption = adopted(
        folder, ["interface Ethernet2", "no description"], ["vlan 66", "name x"], ["no vlan 30"]
    )
    assert [(change.file, change.path, change.before, change.after) for change in adoption.changes] == [
        ("devices/leaf1.yml", ("vlans", "66"), None, "{name: x}"),
        ("devices/leaf1.yml", ("interfaces", "Ethernet2", "description"), "printer", "null"),
        ("devices/leaf1.yml", ("vlans", "30"), "{name: servers}", None),
    ]


@pytest.mark.parametrize(
    "text", ["no", "on", "1:30", "1e3", "0x10", "null", "2024-01-01", "a: b", "- #x", "{a", "ü"]
)
def test_text_stays_text(folder: Path, text: str) -> None:
    """Whatever a description looks like, it is read back as the text that it is."""
    adopted(folder, ["interface Ethernet3", f"description {text}"]).write()
    interface: Any = load(folder).get("interface", {"device": "leaf1", "name": "Ethernet3"})
    assert interface.description == text
    data = yaml.safe_load((folder / "devices/leaf1.yml").read_text())
    assert data["interfaces"]["Ethernet3"]["description"] == text


def test_an_address_goes_to_an_interface_that_owned_none(folder: Path) -> None:
    """Only that address is owned there: the interface's others are as little compared as before."""
    actual = read(running({"leaf1": [["interface Loopback0", "no ip address"], ["interface Ethernet7",
        "ip address 10.0.0.1/32", "ip address 10.7.0.1/24 secondary"]]}))  # fmt: skip
    diff = drift(actual, intended := load(folder))
    adoption = adopt(intended, diff)
    assert "+  Ethernet7: {mode: routed, addresses: [10.0.0.1/32], manage_addresses: listed}" in edits(
        adoption
    )
    adoption.write()
    assert drift(actual, load(folder)).str() == "(no diffs)"


# What is chosen -------------------------------------------------------------------------------------------

SEVERAL = [
    ["interface Ethernet1", "description one", "shutdown"],
    ["interface Ethernet2", "description two"],
    ["interface Vlan10", "ip address 10.0.10.99/24"],
    ["vlan 66", "name extra"],
]


@pytest.mark.parametrize(
    ("choice", "paths"),
    [
        ({"devices": "leaf2"}, []),
        ({"devices": "lab,!leaf1"}, []),
        ({"models": ["vlan"]}, ["vlans 66"]),
        ({"objects": ["et1"]}, ["interfaces Ethernet1"]),
        ({"objects": ["ethernet*"]}, ["interfaces Ethernet1", "interfaces Ethernet2 description"]),
        ({"objects": ["66"]}, ["vlans 66"]),
        ({"attributes": ["description"]}, ["interfaces Ethernet1", "interfaces Ethernet2 description"]),
        ({"objects": ["Ethernet1"], "attributes": ["ena*"]}, ["interfaces Ethernet1"]),
        (
            {"objects": ["10.0.10.99"]},
            ["interfaces Vlan10 addresses 10.0.10.1/24", "interfaces Vlan10 addresses 10.0.10.99/24"],
        ),
        (
            {"objects": ["Vlan10"]},
            ["interfaces Vlan10 addresses 10.0.10.1/24", "interfaces Vlan10 addresses 10.0.10.99/24"],
        ),
    ],
    ids=str,
)
def test_only_what_is_chosen_is_adopted(folder: Path, choice: dict[str, Any], paths: list[str]) -> None:
    """By device, model, object and attribute; an interface's name is also for its addresses."""
    adoption = adopted(folder, *SEVERAL, **choice)
    assert adoption.problems == ()
    assert [" ".join(change.path) for change in adoption.changes] == paths


def test_a_chosen_attribute_is_adopted_alone(folder: Path) -> None:
    """The others stay drift."""
    adoption = adopted(folder, *SEVERAL, objects=["Ethernet1"], attributes=["enabled"])
    assert edits(adoption) == ["+  Ethernet1: {enabled: false}"]


# What can't be adopted ------------------------------------------------------------------------------------


def refused(adoption: Adoption) -> list[tuple[str, str]]:
    """Return the code and the beginning of the message of each problem."""
    return [(problem.code, problem.message.partition(":")[0]) for problem in adoption.problems]


def test_what_the_site_intends_can_t_be_taken_out(folder: Path) -> None:
    """No file of a device can say that it has one VLAN less; the rest is adopted."""
    adoption = adopted(folder, ["no vlan 20"], ["interface Ethernet1", "shutdown"])
    assert refused(adoption) == [("ADOPT-FROM-SITE", "vlan 20")]
    assert edits(adoption) == ["+  Ethernet1: {enabled: false}"]


def test_what_a_range_intends_can_t_be_taken_out(folder: Path) -> None:
    """A range is never edited."""
    file = folder / "devices/leaf1.yml"
    file.write_text(file.read_text().replace("  Loopback0:", "  Loopback1-2: {}\n  Loopback0:"))
    adoption = adopted(folder, ["interface Loopback1"])
    assert refused(adoption) == [("ADOPT-FROM-RANGE", "interface Loopback2")]


def test_an_address_needs_its_interface(folder: Path) -> None:
    """One that is not intended is adopted whole or not at all."""
    lines = ["interface Loopback9", "ip address 10.9.9.9/32"]
    assert refused(adopted(folder, lines, models=["ip_address"])) == [
        ("ADOPT-INTERFACE", "address 10.9.9.9/32")
    ]
    adoption = adopted(folder, lines, objects=["Loopback9"])
    assert edits(adoption) == [
        "+  Loopback9: {description: null, enabled: true, vrf: null, addresses: [10.9.9.9/32]}"
    ]


def test_an_address_needs_its_vrf(folder: Path) -> None:
    """An interface's addresses are all in its VRF, so they are adopted with it."""
    lines = ["interface Vlan10", "vrf red", "ip address 10.0.10.1/24"]
    alone = adopted(folder, lines, models=["ip_address"], objects=["10.0.10.1/24"])
    assert {code for code, _ in refused(alone)} == {"ADOPT-VRF"}
    together = adopted(folder, lines, objects=["Vlan10"], attributes=["vrf"])
    assert together.problems == ()
    assert "+    vrf: red" in edits(together)


def test_a_value_that_was_not_understood_is_refused(folder: Path) -> None:
    """What the device has there is none of the values that can be intended."""
    adoption = adopted(folder, ["interface Ethernet3", "switchport mode dot1q-tunnel"])
    assert refused(adoption) == [("ADOPT-VALUE", "interface Ethernet3")]


def test_what_would_make_the_intent_wrong_is_refused_alone(folder: Path) -> None:
    """The rules of the files hold; the message is theirs, and everything else is adopted."""
    site = folder / "sites/lab.yml"
    site.write_text(site.read_text() + "prefixes: {10.0.0.0/16: {}, 192.0.2.0/24: {}, 198.51.100.0/24: {vrf: red}, "
                    "10.0.20.0/24: {vrf: red}}\n")  # fmt: skip
    adoption = adopted(
        folder,
        ["interface Loopback7", "ip address 172.16.0.1/32"],
        ["interface Loopback8", "ip address 10.0.99.8/32"],
        ["interface Ethernet2", "shutdown"],
    )
    assert set(refused(adoption)) == {
        ("INTENT-OUTSIDE-PREFIXES", "interface Loopback7"),
        ("INTENT-OUTSIDE-PREFIXES", "address 172.16.0.1/32"),
    }
    assert {change.path for change in adoption.changes} == {
        ("interfaces", "Loopback8"),
        ("interfaces", "Ethernet2", "enabled"),
    }


def test_an_address_that_another_device_has_is_refused(folder: Path) -> None:
    """The problem is told of the object that would bring it about."""
    adoption = adopted(folder, ["interface Vlan10", "ip address 10.0.10.2/24"], ["vlan 66"])
    assert {code for code, _ in refused(adoption)} == {"INTENT-DUPLICATE-ADDRESS"}
    assert [change.path for change in adoption.changes] == [("vlans", "66")]


def test_one_place_that_stands_for_several_is_not_edited(folder: Path) -> None:
    """An alias would carry the change to other ports."""
    file = folder / "devices/leaf1.yml"
    text = file.read_text()
    file.write_text(
        text.replace("  Ethernet7: {mode: routed}", "  Ethernet7: &x {mode: routed}\n  Ethernet8: *x")
    )
    adoption = adopted(
        folder, ["interface Ethernet7", "switchport"], ["interface Ethernet8", "no switchport"]
    )
    assert {code for code, _ in refused(adoption)} == {"ADOPT-LAYOUT"}
    assert adoption.edits == ()


# Other people's edits -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["devices/leaf1.yml", "profiles/user.yml", "sites/lab.yml"])
def test_drift_from_an_older_intent_is_not_adopted(folder: Path, name: str) -> None:
    """Whatever file has changed since the comparison, it may be about something else now."""
    intended = load(folder)
    diff = drift(read(running({"leaf1": SEVERAL})), intended)
    (folder / name).write_text((folder / name).read_text() + "# edited\n")
    with pytest.raises(IntentWriteError) as caught:
        adopt(intended, diff)
    assert [(problem.code, problem.where) for problem in caught.value.problems] == [("ADOPT-CHANGED", name)]


def test_a_file_that_is_edited_meanwhile_is_not_overwritten(folder: Path) -> None:
    """Between looking at the change and writing it."""
    adoption = adopted(folder, *SEVERAL)
    file = folder / "devices/leaf1.yml"
    file.write_text("mine\n")
    with pytest.raises(IntentWriteError) as caught:
        adoption.write()
    assert caught.value.code == "INTENT-FILE-CHANGED"
    assert file.read_text() == "mine\n"


def test_nothing_is_written_before_it_is_asked_for(folder: Path) -> None:
    """An adoption can be looked at first."""
    before = {path: path.read_bytes() for path in folder.rglob("*.yml")}
    adoption = adopted(folder, *SEVERAL)
    assert adoption.text_diff().startswith("--- devices/leaf1.yml\n+++ devices/leaf1.yml\n@@ ")
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before
