"""The circular law: the lines make the device as wanted, and the lines back make it what it was, to the byte.

The judge is the simulator's model of the device, not the tool that computes the lines.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from driftline.devices.remediation import lines_back, lines_between, wanted_after
from driftline.lab import SimulatedDevice
from driftline.network import DEFAULT_VRF, Interface, InterfaceKind, IPAddress, Vlan, interface_kind

from .leaf import EOS, LEAF, changes_between, state_of

if TYPE_CHECKING:
    from driftline.devices.state import DeviceState

ALWAYS = ("Ethernet1", "Ethernet2", "Ethernet3", "Ethernet4", "Ethernet5", "Ethernet6", "Management1")
SOMETIMES = ("Port-Channel1", "Port-Channel2", "Ethernet5.100", "Loopback0", "Loopback1", "Vlan10", "Vlan20")
SWITCHED = (InterfaceKind.PHYSICAL, InterfaceKind.LAG)
VLAN_IDS = (10, 20, 21, 22, 30)
TEXT = st.text("abc !#-_/.", min_size=1, max_size=12).map(str.strip).filter(bool)
Objects = dict[tuple[str, str], Any]


@st.composite
def interfaces(draw: st.DrawFn, name: str) -> Interface:
    """An interface with any values that its kind can have."""
    kind = interface_kind(name)
    blank = Interface(device="leaf1", name=name)
    values = EOS.defaults(blank.kind)
    values["description"] = draw(st.none() | TEXT)
    values["enabled"] = draw(st.booleans())
    values["mtu"] = draw(st.sampled_from([values["mtu"], 9000, 9214]))
    values["vrf"] = draw(st.sampled_from([None, "BLUE", "RED"]))
    if kind in SWITCHED:
        values["mode"] = draw(st.sampled_from(["access", "trunk", "routed"]))
        values["access_vlan"] = draw(st.sampled_from([1, 10, 20]))
        values["native_vlan"] = draw(st.sampled_from([1, 10, 20]))
        values["trunk_vlans"] = draw(st.sampled_from(["all", "none", "10", "10,20-22", "1-100"]))
    if kind is InterfaceKind.PHYSICAL and draw(st.booleans()):
        values["lag"] = draw(st.sampled_from(["Port-Channel1", "Port-Channel2"]))
        values["lag_mode"] = draw(st.sampled_from(["active", "passive", "on"]))
    if kind is InterfaceKind.SUBINTERFACE:
        values["encapsulation_vlan"] = draw(st.none() | st.sampled_from([100, 200]))
    return Interface(device="leaf1", name=name, **values)


@st.composite
def leaves(draw: st.DrawFn) -> Objects:
    """What could be intended of the leaf; a port that is left out is to be reset."""
    names = draw(st.sets(st.sampled_from([*ALWAYS, *SOMETIMES])))
    found: list[Any] = [draw(interfaces(name)) for name in sorted(names)]
    vids = draw(st.sets(st.sampled_from(VLAN_IDS)))
    vlans = [
        Vlan(device="leaf1", vid=vid, name=draw(st.none() | st.sampled_from(["a", "b"]))) for vid in vids
    ]
    addresses = draw(addresses_on(found)) if found else []
    everything = [*vlans, Vlan(device="leaf1", vid=1), *found, *addresses]
    return {(obj.get_type(), obj.get_unique_id()): obj for obj in everything}


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
        text = (
            f"10.{number}.0.{low}/{draw(st.sampled_from([16, 24]))}"
            if ipv4
            else f"2001:db8:{number}::{low}/64"
        )
        secondary = ipv4 and owner.name in with_primary
        with_primary.update({owner.name} if ipv4 else ())
        vrf = owner.vrf or DEFAULT_VRF
        found.append(
            IPAddress(device="leaf1", vrf=vrf, address=text, interface=owner.name, secondary=secondary)
        )
    return found


def move(device: SimulatedDevice, objects: Objects) -> DeviceState:
    """Change a device to what is wanted, and return that."""
    now = state_of(device.running_config)
    changes = changes_between(now, objects)
    wanted = wanted_after(EOS, now, changes)
    device.change(*lines_between(EOS, now, wanted, [change.key for change in changes]))
    return wanted


def values(state: DeviceState) -> dict[Any, Any]:
    """The managed values, and the lines that are not managed."""
    return {key: (obj.get_attrs(), state.kept_lines(key)) for key, obj in state.objects.items()}


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(leaves(), leaves())
def test_there_and_back(first: Objects, second: Objects) -> None:
    """From any state to any other: as wanted afterwards, and after the way back what it was."""
    device = SimulatedDevice("leaf1", LEAF)
    move(device, first)
    before = device.running_config
    wanted = move(device, second)
    after = state_of(device.running_config)
    assert values(wanted) == values(after)
    old = state_of(before)
    device.change(*lines_back(EOS, after, old, old.objects.keys() | after.objects.keys()))
    assert before == device.running_config


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(leaves())
def test_a_second_time_there_is_nothing_to_do(objects: Objects) -> None:
    """A device that is as wanted needs no change and no line."""
    device = SimulatedDevice("leaf1", LEAF)
    wanted = move(device, objects)
    again = state_of(device.running_config)
    assert changes_between(again, wanted.objects) == []
    assert lines_between(EOS, again, replace(wanted, resets=set()), wanted.objects) == []
