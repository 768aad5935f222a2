"""The circular law on IOS, NX-OS, IOS XR and Junos: there as wanted, and back to what it was, to the byte.

The judge is a model of how each of them takes command lines, not the tool that computes the lines.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from driftline.devices.remediation import lines_back, lines_between, wanted_after
from driftline.network import DEFAULT_VRF, Interface, InterfaceKind, IPAddress, Vlan, interface_kind

from .boxes import BOXES, Box, values
from .leaf import changes_between

if TYPE_CHECKING:
    from driftline.devices.state import DeviceState

    from .cli_model import CliDevice

MANY = ",".join(str(vid) for vid in range(1, 400, 2))
VLAN_IDS = (10, 20, 21, 22, 30)
TEXT = st.text("abc #-_/.", min_size=1, max_size=12).map(str.strip).filter(bool)
Objects = dict[tuple[str, str], Any]


@st.composite
def interfaces(draw: st.DrawFn, box: Box, name: str) -> Interface:
    """An interface with any values that its kind can have."""
    kind = interface_kind(name)
    attrs = dict(box.platform.defaults(kind))
    attrs["description"] = draw(st.none() | TEXT)
    attrs["enabled"] = draw(st.booleans())
    if attrs["mtu"] is not None:
        attrs["mtu"] = draw(st.sampled_from([attrs["mtu"], 9000, 9216]))
    switchable = attrs["access_vlan"] is not None
    if switchable:
        attrs["mode"] = draw(st.sampled_from(["access", "trunk", "routed"]))
    if switchable and attrs["mode"] != "routed":
        attrs["access_vlan"] = draw(st.sampled_from([1, 10, 20]))
        attrs["native_vlan"] = draw(st.sampled_from([1, 10, 20]))
        attrs["trunk_vlans"] = draw(st.sampled_from(["all", "none", "10", "10,20-22", "1-100", MANY]))
    elif box.platform.vrf_change_refused:
        attrs["vrf"] = "BLUE" if kind is InterfaceKind.SUBINTERFACE else None
    else:
        attrs["vrf"] = draw(st.sampled_from([None, "BLUE", "RED"]))
    if kind is InterfaceKind.PHYSICAL and draw(st.booleans()):
        attrs["lag"] = draw(st.sampled_from(box.logical[:2]))
        attrs["lag_mode"] = draw(st.sampled_from(["active", "passive", "on"]))
    if kind is InterfaceKind.SUBINTERFACE:
        attrs["encapsulation_vlan"] = draw(st.none() | st.sampled_from([100, 200]))
    return Interface(device="leaf1", name=name, **possible_on(box, kind, attrs))


def possible_on(box: Box, kind: InterfaceKind, attrs: dict[str, Any]) -> dict[str, Any]:
    """Values without those that a kind of interface can't have on a platform, or not in its mode."""
    defaults, platform = box.platform.defaults(kind), box.platform
    lost = platform.mode_loses.get(attrs["mode"] or "", ()) if box.name == "junos" else ()
    gone = {name for name in attrs if name in lost or kind in platform.unsupported.get(name, ())}
    return attrs | {name: defaults[name] for name in gone}


@st.composite
def boxes(draw: st.DrawFn, box: Box) -> Objects:
    """What could be intended; a port that is left out is to be reset, where that is possible."""
    always = box.ports if box.platform.reset_interface == "" else ()
    names = {*always, *draw(st.sets(st.sampled_from([*box.ports, *box.logical])))}
    names |= LISTED.get(box.name, set())
    found: list[Any] = [draw(interfaces(box, name)) for name in sorted(names)]
    if box.name == "junos":
        as_junos_has_it(draw, found)
    vlans = []
    if box.name != "iosxr":
        vids = draw(st.sets(st.sampled_from(VLAN_IDS)))
        vlans = [
            Vlan(device="leaf1", vid=v, name=draw(st.none() | st.sampled_from([f"a{v}", f"b{v}"])))
            for v in vids
        ]
        vlans.append(Vlan(device="leaf1", vid=1))
    owners = [one for one in found if one.access_vlan is None or one.mode == "routed"]
    owners = [one for one in owners if box.name != "junos" or "." in one.name]
    addresses = draw(addresses_on(owners)) if owners else []
    return {(obj.get_type(), obj.get_unique_id()): obj for obj in (*vlans, *found, *addresses)}


LISTED = {"junos": {"ae0", "ae1", "fxp0", "ge-0/0/2.0"}}
"""What is always there: port-channels with LACP, and what has lines that can't be taken back."""


def as_junos_has_it(draw: st.DrawFn, found: list[Interface]) -> None:
    """Make values fit that Junos has once for several interfaces, or that can't go with lines that are not managed."""
    modes = {lag: draw(st.sampled_from(["active", "passive", "on"])) for lag in ("ae0", "ae1")}
    for one in found:
        if one.lag:
            one.lag_mode = modes[one.lag]
        if one.name == "ge-0/0/2.0" and one.mode == "routed":  # it has storm control
            one.mode, one.vrf = "access", None
        if "." not in one.name:
            one.vrf = None


@st.composite
def addresses_on(draw: st.DrawFn, owners: list[Interface]) -> list[IPAddress]:
    """Addresses from a few subnets, each of them on one interface at most; the first of each is primary."""
    found: list[IPAddress] = []
    with_primary: set[str] = set()
    for number in draw(st.permutations(range(6))):
        owner = draw(st.none() | st.sampled_from(owners))
        if owner is None:
            continue
        ipv4 = number < 4
        low = draw(st.integers(1, 2))
        length = draw(st.sampled_from([16, 24]))
        text = f"10.{number}.0.{low}/{length}" if ipv4 else f"2001:db8:{number}::{low}/64"
        secondary = ipv4 and owner.name in with_primary
        with_primary.update({owner.name} if ipv4 else ())
        vrf = owner.vrf or DEFAULT_VRF
        found.append(
            IPAddress(device="leaf1", vrf=vrf, address=text, interface=owner.name, secondary=secondary)
        )
    return found


def move(box: Box, device: CliDevice, objects: Objects) -> DeviceState:
    """Change a device to what is wanted, and return that."""
    now = box.state(device.running_config)
    changes = changes_between(now, objects)
    wanted = wanted_after(box.platform, now, changes)
    device.change(*lines_between(box.platform, now, wanted, [change.key for change in changes]))
    return wanted


@pytest.mark.parametrize("box", BOXES.values(), ids=BOXES)
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_there_and_back(box: Box, data: st.DataObject) -> None:
    """From any state to any other: as wanted afterwards, and after the way back what it was."""
    device = box.device()
    move(box, device, data.draw(boxes(box)))
    before = device.running_config
    wanted = move(box, device, data.draw(boxes(box)))
    after = box.state(device.running_config)
    keys = wanted.objects.keys() | after.objects.keys()
    assert {key: values(wanted, key) for key in keys} == {key: values(after, key) for key in keys}
    old = box.state(before)
    device.change(*lines_back(box.platform, after, old, old.objects.keys() | after.objects.keys()))
    assert before == device.running_config


@pytest.mark.parametrize("box", BOXES.values(), ids=BOXES)
@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_a_second_time_there_is_nothing_to_do(box: Box, data: st.DataObject) -> None:
    """A device that is as wanted needs no change and no line."""
    device = box.device()
    wanted = move(box, device, data.draw(boxes(box)))
    again = box.state(device.running_config)
    assert changes_between(again, wanted.objects) == []
    assert lines_between(box.platform, again, replace(wanted, resets=set()), wanted.objects) == []
