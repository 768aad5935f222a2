"""One device's intent as plain data: given by a person, and told of a device."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from tests.adapters.actual_state import FABRIC, load, read, running
from tests.devices.boxes import BOXES
from tests.devices.leaf import LEAF
from tests.devices.test_circular import leaves, move

from driftline.adapters.documents import document
from driftline.adapters.intent.inline import described, intended_of
from driftline.devices.offline import parsed
from driftline.engine.exceptions import LoadError, ObjectNotFound
from driftline.lab import SimulatedDevice
from driftline.network import Interface, Vlan

CONFIGS = Path(__file__).parents[1] / "devices" / "configs" / "eos"


# Given ----------------------------------------------------------------------------------------------------


def test_it_means_the_same_as_in_a_file() -> None:
    """The content of a device's file, given as data, is what the file intends, beside its site's VLANs."""
    content = document((FABRIC / "intent" / "devices" / "core1.yml").read_bytes(), "core1.yml")
    inline, whole = intended_of(content.data, "core1", site="elsewhere"), load(FABRIC / "intent")
    found, expected = inline.get("device", "core1"), whole.get("device", "core1")
    assert (found.site, found.role, found.platform) == (expected.site, expected.role, expected.platform)
    assert found.interfaces == expected.interfaces
    for uid in found.interfaces:
        one, other = inline.get(Interface, uid), whole.get(Interface, uid)
        assert (one.get_attrs(), one.get_managed()) == (other.get_attrs(), other.get_managed())
        assert (one.addresses, one.owns_addresses) == (other.addresses, other.owns_addresses)


def test_what_is_known_of_the_device_is_filled_in() -> None:
    """What is given itself comes first."""
    found = intended_of({"role": "spine"}, "leaf1", site="lab", platform="eos", role="leaf", serial="X1")
    device = found.get("device", "leaf1")
    assert (device.site, device.platform, device.role, device.serial) == ("lab", "eos", "spine", "X1")
    assert device.ownership.interfaces == device.ownership.vlans == "absent"


def test_vlan_ids_may_be_text() -> None:
    """Where data comes from, keys often are."""
    found = intended_of({"vlans": {"20": {}, 10: {"name": "users"}}}, "leaf1", site="lab", platform="eos")
    assert [(vlan.vid, vlan.get_managed()) for vlan in found.get_all(Vlan)] == [(10, ("name",)), (20, ())]


@pytest.mark.parametrize(
    ("config", "where", "code"),
    [
        ({"interfaces": {"Ethernet1": {"mtu": "9000"}}}, "interfaces.Ethernet1.mtu", "INTENT-TYPE"),
        ({"interfaces": {"Ethernet1": {"mtuu": 1}}}, "interfaces.Ethernet1.mtuu", "INTENT-UNKNOWN-KEY"),
        ({"interfaces": None}, "interfaces", "INTENT-BLANK"),
        ({"interfaces": {"Ethernet5-1": {}}}, "interfaces.Ethernet5-1", "INTENT-INTERFACE-NAME"),
        ({"interfaces": {"Vlan10": {"mode": "access"}}}, "interfaces.Vlan10.mode", "INTENT-SWITCHPORT-KEY"),
        ({"interfaces": {"Ethernet1": {"profile": "x"}}}, "interfaces.Ethernet1.profile", "INTENT-UNKNOWN-PROFILE"),
        (
            {"interfaces": {"Vlan10": {"addresses": ["10.0.0.1"]}}},
            "interfaces.Vlan10.addresses.10.0.0.1",
            "INTENT-ADDRESS",
        ),
        ({"vlans": {"1": {}}}, "vlans.1", "INTENT-RESERVED-VLAN"),
        ({"vlans": {"x": {}}}, "vlans.x", "INTENT-TYPE"),
        ({"vlans": {10: {}, "10": {}}}, "vlans.10", "INTENT-DUPLICATE-VLAN"),
        ({"manage": {"vlans": "exclusive"}}, "manage.vlans", "INTENT-MANAGE-WITHOUT-COLLECTION"),
        ({"name": "leaf2"}, "name", "INTENT-NAME-MISMATCH"),
        ({"platform": None}, "platform", "INTENT-TYPE"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_by_its_key(config: dict[str, Any], where: str, code: str) -> None:
    """The same rules as for files, without lines."""
    with pytest.raises(LoadError) as caught:
        intended_of(config, "leaf1", site="lab", platform="eos")
    assert [(problem.where, problem.code) for problem in caught.value.problems] == [(where, code)]


def test_all_problems_are_told_at_once() -> None:
    """The platform too, where nobody knows it."""
    with pytest.raises(LoadError) as caught:
        intended_of({"interfaces": {"Ethernet1": {"mtu": 1, "enabled": "no"}}}, "leaf1", site="lab")
    assert {problem.where for problem in caught.value.problems} == {
        "platform", "interfaces.Ethernet1.mtu", "interfaces.Ethernet1.enabled",
    }  # fmt: skip


# Told -----------------------------------------------------------------------------------------------------


def test_what_a_device_has() -> None:
    """An entry for each interface, by its name, in natural order; what has no meaning there is not said."""
    told = described(read(running()), "leaf1")
    assert list(told) == ["site", "platform", "serial", "vlans", "interfaces"]
    assert list(told["interfaces"])[:3] == ["Ethernet1", "Ethernet2", "Ethernet3"]
    trunk = told["interfaces"]["Ethernet3"]
    assert list(trunk) == ["description", "enabled", "mtu", "mode", "trunk_vlans", "native_vlan", "lag"]
    assert (trunk["mode"], trunk["trunk_vlans"], trunk["native_vlan"]) == ("trunk", "10,20,30", 30)
    assert told["vlans"]["30"] == {"name": "servers"}
    assert json.loads(json.dumps(told)) == told


def test_others_do_not_matter() -> None:
    """What is told of a device is the same whatever else was read."""
    together = read(running())
    alone = read({"leaf1": running()["leaf1"]})
    assert described(together, "leaf1") == described(alone, "leaf1")


def test_a_device_that_is_not_there() -> None:
    """It is an error, not an empty device."""
    with pytest.raises(ObjectNotFound):
        described(read(running()), "leaf9")


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(leaves())
def test_what_is_told_is_what_is_intended(objects: Any) -> None:
    """Given back as it was told, nothing is to be done."""
    device = SimulatedDevice("leaf1", LEAF)
    move(device, objects)
    assert_no_drift(device.running_config, "eos")


@pytest.mark.parametrize("name", BOXES)
def test_on_every_platform(name: str) -> None:
    """The same for the others."""
    assert_no_drift(BOXES[name].text, name)


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.cfg")), ids=lambda path: path.stem)
def test_on_configurations_that_nobody_here_wrote(path: Path) -> None:
    """The same for those."""
    text = path.read_text(encoding="utf-8")
    assert_no_drift(text if text.rstrip().endswith("\nend") else f"{text}\nend\n", "eos")


def assert_no_drift(text: str, platform: str) -> None:
    actual: Any = parsed(text, "leaf1", platform, "lab")
    told = described(actual, "leaf1")
    assert told == described(parsed(text, "leaf1", platform, "lab"), "leaf1")
    intended = intended_of(told, "leaf1", site="elsewhere")
    actual.fit(intended)
    assert actual.failures == {}
    assert actual.diff_from(intended).str() == "(no diffs)"


def test_it_is_cheap() -> None:
    """It is done for every host of a play: 2 ms for 30 interfaces, ten times that on a busy machine."""
    text = (CONFIGS / "00-EVPN-MULTICAST-L3LEAF2A.cfg").read_text(encoding="utf-8")
    actual = parsed(text if text.rstrip().endswith("\nend") else f"{text}\nend\n", "leaf1", "eos", "lab")
    started = time.process_time()
    interfaces = sum(len(described(actual, "leaf1")["interfaces"]) for _ in range(10))
    assert (time.process_time() - started) / interfaces * 30 < 0.02
