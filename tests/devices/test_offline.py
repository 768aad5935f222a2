"""Configurations without devices: read from text, written for a blank device, and foretold before a change."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from driftline.adapters.intent.inline import described, intended_of
from driftline.devices.offline import parsed, rendered
from driftline.devices.platforms import PLATFORMS
from driftline.engine.exceptions import PlanError, PrepareError, UnusableAnswer
from driftline.engine.plan import make_plan
from driftline.lab import SimulatedDevice
from driftline.network import Interface, InterfaceKind, IPAddress, Vlan, change_order
from driftline.network.states import State, into

from . import set_text
from .leaf import LEAF, intent_after, plan_of, port
from .test_circular import leaves, move

FOLDER = Path(__file__).parent / "configs"
TEXTS = [(path.parent.name, path) for path in sorted(FOLDER.glob("*/*"))]
PORT = {
    "eos": "Ethernet1",
    "ios": "GigabitEthernet1/0/1",
    "nxos": "Ethernet1/1",
    "iosxr": "GigabitEthernet0/0/0/1",
}


def text_of(platform: str, path: Path) -> str:
    """A configuration, with the last line that devices print."""
    text = path.read_text(encoding="utf-8")
    if platform == "junos":
        return set_text.as_set(text)
    return text if platform == "nxos" or text.rstrip().endswith("\nend") else f"{text}\nend\n"


# Parsed ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("platform", "path"), TEXTS, ids=lambda one: getattr(one, "stem", one))
def test_a_text_is_of_one_platform(platform: str, path: Path) -> None:
    """It is read as what it is, and as another one it is refused, or else it says the same there."""
    text = text_of(platform, path)
    actual = parsed(text, "leaf1", platform, "lab")
    assert actual.get("device", "leaf1").platform == platform
    assert actual.count("interface") == len([*PLATFORMS[platform].read("leaf1", text).of("interface")])
    for other in PLATFORMS.keys() - {platform}:
        try:
            found = parsed(text, "leaf1", other, "lab")
        except UnusableAnswer:
            continue
        assert known_in(found) == known_in(actual)


def known_in(dataset: Any) -> int:
    """How many addresses there are, and interfaces of a kind that is known."""
    interfaces = [one for one in dataset.get_all(Interface) if one.kind is not InterfaceKind.OTHER]
    return len(interfaces) + int(dataset.count("ip_address"))


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("text", ["", "\n", "hello\n", "% Invalid input\nend\n"])
def test_what_is_no_configuration(platform: str, text: str) -> None:
    """It is never taken for an empty device."""
    with pytest.raises(UnusableAnswer):
        parsed(text, "leaf1", platform, "lab")


def test_the_right_platform_is_named() -> None:
    """Who took the wrong one is told which it is."""
    with pytest.raises(UnusableAnswer, match="eos understands more") as caught:
        parsed(LEAF, "leaf1", "nxos", "lab")
    assert caught.value.code == "CONFIG-PLATFORM"


def test_an_unknown_platform() -> None:
    """It is named as such."""
    with pytest.raises(UnusableAnswer, match="'ceos' is not supported"):
        parsed(LEAF, "leaf1", "ceos", "lab")


# Rendered -------------------------------------------------------------------------------------------------


def lines(platform: str, config: dict[str, Any]) -> list[str]:
    """What a blank device is sent, without indentation."""
    intended = intended_of(config, "leaf1", site="lab", platform=platform)
    return [line.strip() for line in rendered(intended, platform)]


@pytest.mark.parametrize(
    ("platform", "expected"),
    [
        ("eos", ["interface Ethernet1", "no switchport", "description up", "ip address 10.0.0.1/31"]),
        (
            "ios",
            [
                "interface GigabitEthernet1/0/1", "no switchport", "description up",
                "ip address 10.0.0.1 255.255.255.254",
            ],
        ),
        (
            "nxos",
            [
                "interface Ethernet1/1", "no switchport", "description up", "no shutdown",
                "ip address 10.0.0.1/31",
            ],
        ),
    ],
)  # fmt: skip
def test_the_lines_for_a_port(platform: str, expected: list[str]) -> None:
    """In the platform's own words."""
    keys = {"mode": "routed", "description": "up", "enabled": True, "addresses": ["10.0.0.1/31"]}
    assert sorted(lines(platform, {"interfaces": {PORT[platform]: keys}})) == sorted(expected)


def test_the_lines_of_routers() -> None:
    """IOS XR has no switched ports, Junos has its addresses on units, FRR has what the kernel has."""
    xr = {"Bundle-Ether1": {}, PORT["iosxr"]: {"lag": "Bundle-Ether1", "lag_mode": "active"}}
    assert lines("iosxr", {"interfaces": xr})[-1] == "bundle id 1 mode active"
    inet = {"addresses": ["10.0.0.1/31"]}
    expected = "set interfaces ge-0/0/1 unit 0 family inet address 10.0.0.1/31"
    assert lines("junos", {"interfaces": {"ge-0/0/1.0": inet}}) == [expected]
    assert lines("frr", {"interfaces": {"lo": inet}}) == ["interface lo", "ip address 10.0.0.1/31"]


def test_vlans_and_vrfs() -> None:
    """VLANs can come to be on a blank switch; VRFs are there."""
    config = {"vlans": {10: {"name": "users"}}, "interfaces": {"Vlan10": {"vrf": "RED"}}}
    assert lines("ios", config) == ["vlan 10", "name users", "interface Vlan10", "vrf forwarding RED"]


def test_nothing_is_nothing() -> None:
    """What is so by default needs no line."""
    assert (
        lines("eos", {}) == lines("eos", {"interfaces": {"Ethernet1": {"mtu": None, "mode": "access"}}}) == []
    )


@pytest.mark.parametrize(
    ("platform", "config", "where"),
    [
        ("iosxr", {"vlans": {10: {}}}, "leaf1 vlan 10"),
        ("frr", {"interfaces": {"eth0": {"mtu": 9000}}}, "leaf1 eth0"),
        ("eos", {"interfaces": {"ge-0/0/0": {}}}, "leaf1 ge-0/0/0"),
        ("ios", {"interfaces": {PORT["ios"]: {"addresses": ["10.0.0.1/24"]}}}, "leaf1"),
    ],
    ids=["no VLANs", "the kernel's", "no such port", "a switched port with an address"],
)
def test_what_a_platform_can_not_do(platform: str, config: dict[str, Any], where: str) -> None:
    """The object is named."""
    with pytest.raises(PlanError) as caught:
        lines(platform, config)
    assert [problem.where for problem in caught.value.problems] == [where]


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(leaves())
def test_rendered_and_parsed_it_is_the_same(objects: Any) -> None:
    """The lines make a blank device what was described."""
    device = SimulatedDevice("leaf1", LEAF)
    move(device, objects)
    told = described(parsed(device.running_config, "leaf1", "eos", "lab"), "leaf1")
    ports = "".join(f"interface Ethernet{number}\n" for number in range(1, 7))
    blank = SimulatedDevice(
        "leaf1", f"hostname leaf1\nvrf instance BLUE\nvrf instance RED\n{ports}interface Management1\nend\n"
    )
    blank.change(*rendered(intended_of(told, "leaf1", site="lab"), "eos"))
    actual: Any = parsed(blank.running_config, "leaf1", "eos", "lab")
    assert actual.diff_from(intended_of(told, "leaf1", site="lab")).str() == "(no diffs)"


# Foretold -------------------------------------------------------------------------------------------------


def seen(dataset: Any) -> dict[str, Any]:
    """All that is managed in a dataset, how it hangs together, and on what nothing is configured."""
    return {
        f"{obj.get_type()} {obj.get_unique_id()}": (
            obj.get_identifiers(),
            obj.get_attrs(),
            getattr(obj, "pristine", None),
            sorted(getattr(obj, "addresses", ())),
        )
        for model in (Interface, IPAddress, Vlan)
        for obj in dataset.get_all(model)
    }


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(leaves(), leaves())
def test_what_is_foretold_is_read_back(first: Any, second: Any) -> None:
    """Whatever is created, changed and deleted: VLANs, interfaces of all kinds, addresses."""
    device, other = SimulatedDevice("leaf1", LEAF), SimulatedDevice("leaf1", LEAF)
    move(device, first)
    move(other, second)
    actual: Any = parsed(device.running_config, "leaf1", "eos", "lab")
    told = described(parsed(other.running_config, "leaf1", "eos", "lab"), "leaf1")
    intended = intended_of({"vlans": {}, "interfaces": {}} | told, "leaf1", site="lab")
    try:
        into(State.OVERRIDDEN, intended, actual)
    except PlanError:
        return  # a member of a port-channel that is not there
    actual.fit(intended)
    made = make_plan(actual.diff_from(intended), intended, actual, order=change_order)
    after = actual.after(made.units)
    device.change(*actual.preview(made.units).get("leaf1", []))
    again = parsed(device.running_config, "leaf1", "eos", "lab")
    assert seen(after) == seen(again)
    assert described(after, "leaf1") == described(again, "leaf1")


def test_without_steps_it_is_what_it_is() -> None:
    """Nothing is contacted, nothing of what was read is changed."""
    actual: Any = parsed(LEAF, "leaf1", "eos", "lab")
    before = seen(actual)
    assert seen(actual.after({})) == before == seen(actual)
    assert described(actual.after({}), "leaf1") == described(actual, "leaf1")


def test_what_was_planned_from_something_else() -> None:
    """It can't be foretold."""
    actual: Any = parsed(LEAF, "leaf1", "eos", "lab")
    other = LEAF.replace("description uplink", "description other")
    again: Any = parsed(other, "leaf1", "eos", "lab")
    made = plan_of(actual, intent_after(actual, port("Ethernet1", description="new")))
    with pytest.raises(PrepareError):
        again.after(made.units)
