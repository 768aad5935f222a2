"""The intent of a network that exists: what is written says what the devices have, and reads well."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.adapters.actual_state import FABRIC, drift, load, read, running
from tests.devices.leaf import Intent
from tests.devices.test_circular import leaves

from driftline.adapters.intent import IntentWriteError, discover
from driftline.engine import DiffSyncModelFlags
from driftline.network import DEFAULT_VRF, Device, Interface, IPAddress, Site, Vlan

if TYPE_CHECKING:
    from collections.abc import Mapping


def network(*objects: Any, devices: Mapping[str, str] | None = None, platform: str | None = "eos") -> Intent:
    """Return a dataset of devices (name → site) with these objects; the device of an object is in it."""
    dataset = Intent("actual")
    for name, site in (devices or {"leaf1": "lab"}).items():
        device = Device(name=name, site=site, platform=platform)
        dataset.add(device)
        if dataset.get_or_none("site", site) is None:
            dataset.add(Site(name=site))
        dataset.get("site", site).add_child(device)
    for obj in objects:
        dataset.add(obj)
        if not isinstance(obj, IPAddress):
            dataset.get("device", obj.device).add_child(obj)
    for obj in objects:
        if isinstance(obj, IPAddress):
            dataset.get("interface", {"device": obj.device, "name": obj.interface}).add_child(obj)
    return dataset


def port(name: str, device: str = "leaf1", **values: Any) -> Interface:
    """Return a port as an access port of VLAN 10, but for these values."""
    given = {
        "mtu": 1500,
        "mode": "access",
        "access_vlan": 10,
        "trunk_vlans": "all",
        "native_vlan": 1,
        **values,
    }
    return Interface(device=device, name=name, **given)


def lines_of(text: str, section: str = "interfaces:") -> list[str]:
    """Return the lines of a file below a key, without their indentation."""
    return [line.strip() for line in text.partition(f"{section}\n")[2].splitlines()]


def owned(dataset: Any) -> dict[str, Any]:
    """Return what a dataset has an opinion on, and which collections it owns."""
    marks = ("ownership", "owns_addresses")
    return {
        obj.get_unique_id(): (obj.get_managed(), *(getattr(obj, mark, None) for mark in marks))
        for model in ("device", "interface", "vlan")
        for obj in dataset.get_all(model)
    }


def written(folder: Path, dataset: Any) -> Path:
    discover(dataset).write(folder)
    return folder


# Afterwards there is no drift -----------------------------------------------------------------------------


def test_the_fabric_has_no_drift_from_what_was_discovered(tmp_path: Path) -> None:
    """Every kind of object, read from running configurations."""
    actual = read(running())
    found = discover(actual)
    assert found.left_out == ()
    found.write(tmp_path / "new" / "intent")
    intended = load(tmp_path / "new" / "intent")
    assert drift(actual, intended).str() == "(no diffs)"
    assert actual.count("ip_address") == intended.count("ip_address")
    assert actual.count("interface") == intended.count("interface")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(leaves(), min_size=1, max_size=3), st.booleans())
def test_any_network_has_no_drift_from_what_was_discovered(states, together):
    """From any state to files and back; what files can't say is named, and not compared."""
    names = [f"leaf{number}" for number, _ in enumerate(states, start=1)]
    objects = [
        obj.model_copy(update={"device": name})
        for name, state in zip(names, states, strict=True)
        for obj in state.values()
    ]
    dataset = network(*objects, devices={name: "lab" if together else f"at-{name}" for name in names})
    found = discover(dataset)
    with tempfile.TemporaryDirectory() as scratch:
        found.write(Path(scratch))
        intended = load(Path(scratch))
    assert dataset.diff_from(intended).str() == "(no diffs)"
    assert intended.count("interface") == sum(isinstance(obj, Interface) for obj in objects)
    assert found.left_out or intended.count("ip_address") == dataset.count("ip_address")


def test_a_later_change_of_anything_is_drift(tmp_path: Path) -> None:
    """All that has a meaning is owned, values at their default too."""
    written(tmp_path, read(running()))
    by_hand = [
        ["interface Ethernet8", "shutdown"],
        ["interface Ethernet1", "description new"],
        ["interface Ethernet2", "mtu 9000"],
        ["interface Ethernet3", "switchport trunk native vlan 1"],
        ["interface Ethernet7", "vrf red"],
        ["interface Ethernet8", "channel-group 7 mode active"],
        ["vlan 30", "no name"],
        ["interface Loopback0", "no ip address"],
    ]
    for lines in by_hand:
        assert drift(read(running({"leaf1": [lines]})), load(tmp_path)).has_diffs(), lines


@pytest.mark.parametrize("source", [FABRIC, FABRIC.parents[1] / "inventory"], ids=["tests", "sample"])
def test_what_is_intended_is_written_as_it_was(source: Path, tmp_path: Path) -> None:
    """What nobody has an opinion on stays so, and collections are owned as far as they were."""
    intended = load(source / "intent")
    again = load(written(tmp_path, intended))
    assert owned(again) == owned(intended)
    assert again.diff_from(intended).str() == intended.diff_from(again).str() == "(no diffs)"


# It reads well --------------------------------------------------------------------------------------------


def test_ports_that_are_alike_share_a_line() -> None:
    """A range for what is the same, and below it what is special about one."""
    ports = [port(f"Ethernet{number}") for number in range(1, 21)]
    ports[6] = port("Ethernet7", description="printer")
    text = discover(network(*ports)).texts["devices/leaf1.yml"]
    assert lines_of(text) == [
        "Ethernet1-20: {description: null, enabled: true, mtu: 1500, mode: access, access_vlan: 10, lag: null}",
        "Ethernet7: {description: printer}",
    ]


def test_a_port_says_what_has_a_meaning_in_its_mode() -> None:
    """No VLANs on a routed port, no mode on the member of a port-channel."""
    text = discover(
        network(
            port("Ethernet1", mode="routed", description="up"),
            port("Ethernet2", mode="trunk", trunk_vlans="10-12"),
            port("Ethernet3", lag="Port-Channel1", lag_mode="active"),
        )
    ).texts["devices/leaf1.yml"]
    assert lines_of(text) == [
        "Ethernet1: {description: up, enabled: true, mtu: 1500, mode: routed, lag: null, vrf: null}",
        "Ethernet2:",
        "description: null",
        "enabled: true",
        "mtu: 1500",
        "mode: trunk",
        "trunk_vlans: 10-12",
        "native_vlan: 1",
        "lag: null",
        "Ethernet3: {description: null, enabled: true, lag: Port-Channel1, lag_mode: active}",
    ]


def test_logical_interfaces_have_an_entry_of_their_own() -> None:
    """They come and go one by one."""
    svis = [Interface(device="leaf1", name=f"Vlan{vid}", mtu=1500) for vid in range(10, 14)]
    text = discover(network(*svis)).texts["devices/leaf1.yml"]
    assert [line.partition(":")[0] for line in lines_of(text)] == ["Vlan10", "Vlan11", "Vlan12", "Vlan13"]


def test_vlans_that_all_switches_of_a_site_have_are_the_site_s() -> None:
    """Exactly: same id and name on each device that has VLANs at all; others stay with their device."""
    vlans = [
        Vlan(device=device, vid=vid, name=name)
        for device, vid, name in [
            ("leaf1", 1, None), ("leaf1", 10, "users"), ("leaf1", 20, "voice"), ("leaf1", 30, None),
            ("leaf2", 1, None), ("leaf2", 10, "users"), ("leaf2", 20, "phones"),
            ("spine1", 1, None),
        ]
    ]  # fmt: skip
    ports = [port("Ethernet1", device) for device in ("leaf1", "leaf2", "spine1")]
    texts = discover(
        network(*vlans, *ports, devices=dict.fromkeys(["leaf1", "leaf2", "spine1"], "lab"))
    ).texts
    assert (
        texts["sites/lab.yml"] == "vlans:\n  10: {name: users}\nvlans_apply_to: {devices: [leaf1, leaf2]}\n"
    )
    assert "vlans:\n  20: {name: voice}\n  30: {name: null}\n" in texts["devices/leaf1.yml"]
    assert "vlans:\n  20: {name: phones}\n" in texts["devices/leaf2.yml"]
    assert "vlan" not in texts["devices/spine1.yml"].replace("access_vlan", "")


def test_only_sites_and_devices_are_written(tmp_path: Path) -> None:
    """The top of the folder holds nothing else, and no temporary file is left."""
    written(tmp_path, read(running()))
    found = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file())
    assert found == ["devices/core1.yml", "devices/leaf1.yml", "devices/leaf2.yml", "sites/lab.yml"]


def test_an_address_on_several_devices_is_anycast() -> None:
    """Otherwise the intent would be refused."""
    objects = [
        obj
        for device in ("leaf1", "leaf2")
        for obj in (
            Interface(device=device, name="Loopback1"),
            IPAddress(device=device, vrf=DEFAULT_VRF, address="10.0.0.9/32", interface="Loopback1"),
        )
    ]
    texts = discover(network(*objects, devices={"leaf1": "a", "leaf2": "b"})).texts
    assert "10.0.0.9/32: {anycast: true}" in texts["devices/leaf1.yml"]
    assert "10.0.0.9/32: {anycast: true}" in texts["devices/leaf2.yml"]


def test_text_that_looks_like_something_else_is_quoted() -> None:
    """A description is text, whichever version of YAML reads it."""
    texts = ["no", "on", "1:30", "1e3", "0x10", "2024-01-01", "null", "a: b", "# x", "{a}", "it's", "ü"]
    ports = [port(f"Loopback{number}", description=text, mode=None) for number, text in enumerate(texts)]
    with tempfile.TemporaryDirectory() as scratch:
        intended = load(written(Path(scratch), network(*ports)))
    assert [interface.description for interface in intended.get_all("interface")] == texts


# What can't be said ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("objects", "message"),
    [
        ([port("Ethernet1", description="x" * 300)], "interface Ethernet1: description: "),
        ([port("Ethernet1", mode=None)], None),
        ([Vlan(device="leaf1", vid=10, name="two words")], "vlan 10: name: expected one word"),
        (
            [port("Ethernet1"), IPAddress(device="leaf1", address="10.0.0.1/24", interface="Ethernet1")],
            "interface Ethernet1: a port in mode access can't have addresses",
        ),
        (
            [
                port("Vlan1", mode=None),
                IPAddress(device="leaf1", address="10.0.0.0/24", interface="Vlan1"),
            ],
            "interface Vlan1: 10.0.0.0/24: this is the network address of 10.0.0.0/24",
        ),
    ],
    ids=["text too long", "mode not understood", "vlan name", "address on a switchport", "network address"],
)
def test_what_files_can_t_say_is_left_out_and_named(
    tmp_path: Path, objects: list[Any], message: str | None
) -> None:
    """The rest of the object is written; what is left out is not managed, so it is no drift."""
    dataset = network(port("Ethernet48"), *objects)
    found = discover(dataset)
    found.write(tmp_path)
    assert [problem.code for problem in found.left_out] == (["DISCOVER-LEFT-OUT"] if message else [])
    assert all(problem.message.startswith(str(message)) for problem in found.left_out)
    assert dataset.diff_from(load(tmp_path)).str() == "(no diffs)"


def test_a_device_that_was_not_read_is_not_written() -> None:
    """An unreachable device is not an empty one."""
    dataset = network(port("Ethernet1"), devices={"leaf1": "lab", "leaf2": "lab"})
    dataset.get("device", "leaf2").model_flags |= DiffSyncModelFlags.IGNORE
    assert set(discover(dataset).texts) == {"sites/lab.yml", "devices/leaf1.yml"}


@pytest.mark.parametrize(
    ("devices", "platform", "code"),
    [
        ({"leaf1": "lab"}, None, "DISCOVER-PLATFORM"),
        ({"leaf1": "a/b"}, "eos", "DISCOVER-NAME"),
        ({".leaf": "lab"}, "eos", "DISCOVER-NAME"),
        ({"leaf1": "lab", "LEAF1": "lab"}, "eos", "DISCOVER-NAME"),
    ],
)
def test_what_no_file_can_be_made_of_is_refused(
    devices: dict[str, str], platform: str | None, code: str
) -> None:
    """With a code, before anything is written."""
    with pytest.raises(IntentWriteError) as caught:
        discover(network(devices=devices, platform=platform))
    assert caught.value.code == code


def test_nothing_read_is_nothing_written() -> None:
    """No intent is made of no device."""
    with pytest.raises(IntentWriteError) as caught:
        discover(Intent("actual"))
    assert caught.value.code == "DISCOVER-EMPTY"


def test_a_contradiction_is_refused_before_writing() -> None:
    """What would not load is never written."""
    objects = [
        port("Vlan1", mode=None),
        IPAddress(device="leaf1", address="10.0.0.1/24", interface="Vlan1"),
        IPAddress(device="leaf1", address="10.0.0.1/25", interface="Vlan1", secondary=True),
    ]
    with pytest.raises(IntentWriteError) as caught:
        discover(network(*objects))
    assert caught.value.code == "INTENT-DUPLICATE-ADDRESS"


# Files that exist -----------------------------------------------------------------------------------------


def test_files_that_exist_are_not_overwritten(tmp_path: Path) -> None:
    """All are named, whatever their suffix, and none is written."""
    (tmp_path / "devices").mkdir()
    mine = tmp_path / "devices" / "leaf1.yaml"
    mine.write_text("mine\n")
    with pytest.raises(IntentWriteError) as caught:
        written(tmp_path, read(running()))
    assert [(problem.code, problem.where) for problem in caught.value.problems] == [
        ("DISCOVER-EXISTS", "devices/leaf1.yml")
    ]
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [mine]
    assert mine.read_text() == "mine\n"


def test_files_are_overwritten_when_asked(tmp_path: Path) -> None:
    """In place, so that no device has two files."""
    (tmp_path / "devices").mkdir()
    (tmp_path / "devices" / "leaf1.yaml").write_text("mine\n")
    discover(read(running())).write(tmp_path, overwrite=True)
    assert not (tmp_path / "devices" / "leaf1.yml").exists()
    assert drift(read(running()), load(tmp_path)).str() == "(no diffs)"
