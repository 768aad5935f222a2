"""From a state and changes to the lines: each attribute alone, and the cases in which a plain diff is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from driftline.devices.remediation import lines_back, lines_between, wanted_after
from driftline.engine.exceptions import PrepareError
from driftline.lab import SimulatedDevice
from driftline.network import InterfaceKind

from .leaf import EOS, LEAF, create, delete, lines_for, port, state_of, update, with_lines

if TYPE_CHECKING:
    from driftline.devices.state import Change

ATTRIBUTES: list[tuple[str, str, dict[str, Any], list[str]]] = [
    ("description set", "Ethernet6", {"description": "to b"}, ["description to b"]),
    ("description changed", "Ethernet2", {"description": "two  spaces"}, ["description two  spaces"]),
    ("description like a comment", "Ethernet6", {"description": "! see #7"}, ["description ! see #7"]),
    ("description like a negation", "Ethernet6", {"description": "no use"}, ["description no use"]),
    ("description removed", "Ethernet2", {"description": None}, ["no description"]),
    ("disabled", "Ethernet2", {"enabled": False}, ["shutdown"]),
    ("enabled", "Ethernet3", {"enabled": True}, ["no shutdown"]),
    ("mtu set", "Ethernet6", {"mtu": 9214}, ["mtu 9214"]),
    ("mtu changed", "Ethernet1", {"mtu": 9214}, ["mtu 9214"]),
    ("mtu to the default", "Ethernet1", {"mtu": 1500}, ["no mtu"]),
    ("mtu of a loopback to the default", "Loopback0", {"mtu": 65535}, []),
    ("access to trunk", "Ethernet6", {"mode": "trunk"}, ["switchport mode trunk"]),
    ("trunk to access", "Port-Channel1", {"mode": "access"}, ["no switchport mode"]),
    ("access to routed", "Ethernet6", {"mode": "routed"}, ["no switchport"]),
    ("routed to access", "Ethernet5", {"mode": "access"}, ["switchport"]),
    ("routed to trunk", "Ethernet5", {"mode": "trunk"}, ["switchport", "switchport mode trunk"]),
    ("trunk to routed", "Port-Channel1", {"mode": "routed"}, ["no switchport mode", "no switchport"]),
    ("access VLAN set", "Ethernet6", {"access_vlan": 10}, ["switchport access vlan 10"]),
    ("access VLAN changed", "Ethernet2", {"access_vlan": 20}, ["switchport access vlan 20"]),
    ("access VLAN to the default", "Ethernet2", {"access_vlan": 1}, ["no switchport access vlan"]),
    ("native VLAN set", "Port-Channel1", {"native_vlan": 10}, ["switchport trunk native vlan 10"]),
    ("trunk list set", "Ethernet6", {"trunk_vlans": "10-12"}, ["switchport trunk allowed vlan 10-12"]),
    ("trunk list none", "Port-Channel1", {"trunk_vlans": "none"}, ["switchport trunk allowed vlan none"]),
    ("trunk list all", "Port-Channel1", {"trunk_vlans": "all"}, ["no switchport trunk allowed vlan"]),
    ("joins a LAG", "Ethernet6", {"lag": "Port-Channel1"}, ["channel-group 1 mode active"]),
    ("joins a LAG spelled short", "Ethernet6", {"lag": "Po1"}, ["channel-group 1 mode active"]),
    ("LAG mode", "Ethernet4", {"lag_mode": "passive"}, ["channel-group 1 mode passive"]),
    ("changes its LAG", "Ethernet4", {"lag": "Port-Channel2"}, ["channel-group 2 mode active"]),
    ("leaves its LAG", "Ethernet4", {"lag": None}, ["no channel-group"]),
    ("VRF of an empty port", "Ethernet5", {"vrf": "RED"}, ["vrf RED"]),
    ("tag changed", "Ethernet5.100", {"encapsulation_vlan": 7}, ["encapsulation dot1q vlan 7"]),
]


@pytest.mark.parametrize(
    ("name", "after", "expected"), [row[1:] for row in ATTRIBUTES], ids=[row[0] for row in ATTRIBUTES]
)
def test_one_attribute(name: str, after: dict[str, Any], expected: list[str]) -> None:
    """An attribute that changes alone gives exactly its lines, and the device then has its value."""
    change = port(name, **after)
    lines = lines_for(change)
    assert ([f"interface {name}", *expected] if expected else []) == lines
    device = SimulatedDevice("leaf1", LEAF)
    device.change(*lines)
    found = state_of(device.running_config).interface(name)
    assert found is not None
    for attribute, value in after.items():
        assert found.same(attribute, value, getattr(found, attribute))


def test_every_attribute_is_in_the_table() -> None:
    """No managed attribute of an interface is left out above."""
    assert set(EOS.defaults(InterfaceKind.PHYSICAL)) == {
        attribute for row in ATTRIBUTES for attribute in row[2]
    }


OBJECTS: list[tuple[str, list[Change], list[str]]] = [
    ("VLAN created", [create("vlan", {"name": "new"}, vid=30)], ["vlan 30", "name new"]),
    ("VLAN without a name", [create("vlan", {"name": None}, vid=30)], ["vlan 30"]),
    ("VLAN renamed", [update("vlan", {"name": "staff"}, vid=10)], ["vlan 10", "name staff"]),
    ("VLAN's name removed", [update("vlan", {"name": None}, vid=10)], ["vlan 10", "no name"]),
    ("SVI created", [create("interface", {"mtu": 9000}, name="Vlan21")], ["interface Vlan21", "mtu 9000"]),
    ("loopback deleted", [delete("interface", name="Loopback0")], ["no interface Loopback0"]),
    ("port reset", [delete("interface", name="Ethernet2")], ["default interface Ethernet2"]),
    (
        "IPv6 address added",
        [create("ip_address", {"interface": "Vlan20"}, address="2001:db8:20::1/64")],
        ["interface Vlan20", "ipv6 address 2001:db8:20::1/64"],
    ),
    (
        "IPv6 address removed",
        [delete("ip_address", address="2001:db8::1/128")],
        ["interface Loopback0", "no ipv6 address 2001:db8::1/128"],
    ),
    (
        "primary address replaced",
        [
            delete("ip_address", address="10.20.0.1/24"),
            create("ip_address", {"interface": "Vlan20"}, address="10.20.0.2/24"),
        ],
        ["interface Vlan20", "ip address 10.20.0.2/24"],
    ),
    (
        "primary address removed",
        [delete("ip_address", address="10.20.0.1/24")],
        ["interface Vlan20", "no ip address"],
    ),
]


@pytest.mark.parametrize(
    ("changes", "expected"), [row[1:] for row in OBJECTS], ids=[row[0] for row in OBJECTS]
)
def test_one_object(changes: list[Change], expected: list[str]) -> None:
    """An object that comes, changes or goes alone gives exactly its lines."""
    assert expected == lines_for(*changes)


def applied(lines: list[str], text: str = LEAF) -> str:
    """The configuration after the lines, on the simulator."""
    device = SimulatedDevice("leaf1", text)
    device.change(*lines)
    return device.running_config


def differences(changes: tuple[Change, ...], text: str = LEAF) -> dict[Any, Any]:
    """What is other than wanted on the simulator, once the lines for the changes were applied."""
    wanted = wanted_after(EOS, state_of(text), changes)
    found = state_of(applied(lines_for(*changes, text=text), text))
    one = {key: obj.get_attrs() for key, obj in wanted.objects.items()}
    other = {key: obj.get_attrs() for key, obj in found.objects.items()}
    return {key: (one.get(key), other.get(key)) for key in one | other if one.get(key) != other.get(key)}


# The five cases in which hier_config needs help -----------------------------------------------------------


def test_a_secondary_address_is_removed() -> None:
    """Removing one secondary address removes it, and it alone."""
    changes = (delete("ip_address", address="10.10.1.1/24"),)
    assert lines_for(*changes) == ["interface Vlan10", "no ip address 10.10.1.1/24 secondary"]
    assert differences(changes) == {}


def test_a_secondary_address_is_replaced() -> None:
    """Replacing one secondary address takes the old one away."""
    changes = (
        delete("ip_address", address="10.10.1.1/24"),
        create("ip_address", {"interface": "Vlan10", "secondary": True}, address="10.10.9.1/24"),
    )
    assert lines_for(*changes) == [
        "interface Vlan10",
        "no ip address 10.10.1.1/24 secondary",
        "ip address 10.10.9.1/24 secondary",
    ]
    assert differences(changes) == {}


def test_a_vrf_change_sends_the_addresses_again() -> None:
    """The device drops an interface's addresses with its VRF, so they follow the new one."""
    changes = (
        port("Ethernet5.100", vrf="RED"),
        delete("ip_address", vrf="BLUE", address="10.5.0.1/24"),
        create("ip_address", {"interface": "Ethernet5.100"}, vrf="RED", address="10.5.0.1/24"),
    )
    assert lines_for(*changes) == ["interface Ethernet5.100", "vrf RED", "ip address 10.5.0.1/24"]
    assert differences(changes) == {}


def test_a_vlan_range_is_expanded() -> None:
    """Deleting one VLAN of `vlan 20-22` leaves its neighbours alone."""
    changes = (delete("vlan", vid=21),)
    assert lines_for(*changes) == ["no vlan 21"]
    assert differences(changes) == {}


def test_a_trunk_list_change_is_one_line() -> None:
    """A trunk's list is replaced at once, never emptied on the way."""
    changes = (port("Port-Channel1", trunk_vlans="10,20-21"),)
    assert lines_for(*changes) == ["interface Port-Channel1", "switchport trunk allowed vlan 10,20-21"]
    assert differences(changes) == {}


# Addresses in each other's way ----------------------------------------------------------------------------


def moved(address: str, interface: str, **after: Any) -> Change:
    """An address of the leaf on another interface."""
    return update("ip_address", {"interface": interface, **after}, address=address)


MOVES: dict[str, tuple[Change, ...]] = {
    "to another interface": (moved("10.20.0.1/24", "Ethernet5"),),
    "two addresses swapped": (moved("10.20.0.1/24", "Ethernet1"), moved("10.0.0.1/31", "Vlan20")),
    "three in a ring": (
        moved("10.20.0.1/24", "Ethernet1"),
        moved("10.0.0.1/31", "Loopback0"),
        moved("10.1.1.1/32", "Vlan20"),
    ),
    "a subnet's other address": (
        delete("ip_address", address="10.20.0.1/24"),
        create("ip_address", {"interface": "Ethernet5"}, address="10.20.0.9/24"),
    ),
    "a larger subnet": (
        delete("ip_address", address="10.0.0.1/31"),
        create("ip_address", {"interface": "Vlan20"}, address="10.0.0.9/16"),
        delete("ip_address", address="10.20.0.1/24"),
    ),
    "primary and secondary swapped": (
        update("ip_address", {"secondary": True}, address="10.10.0.1/24"),
        update("ip_address", {"secondary": False}, address="10.10.1.1/24"),
    ),
    "primary gone, secondary promoted": (
        delete("ip_address", address="10.10.0.1/24"),
        update("ip_address", {"secondary": False}, address="10.10.1.1/24"),
    ),
    "primary moved, its secondaries stay": (
        moved("10.10.0.1/24", "Ethernet5"),
        create("ip_address", {"interface": "Vlan10"}, address="10.10.7.1/24"),
    ),
    "a secondary becomes another's primary": (moved("10.10.2.1/24", "Ethernet5", secondary=False),),
    "the prefix length alone": (
        delete("ip_address", address="10.20.0.1/24"),
        create("ip_address", {"interface": "Vlan20"}, address="10.20.0.1/25"),
    ),
    "an IPv6 prefix length alone": (
        delete("ip_address", address="2001:db8::1/128"),
        create("ip_address", {"interface": "Loopback0"}, address="2001:db8::1/64"),
    ),
    "an IPv6 address moved": (moved("2001:db8::1/128", "Vlan20"),),
    "all gone": tuple(delete("ip_address", address=f"10.10.{n}.1/24") for n in range(3)),
    "from an SVI that goes": (
        delete("interface", name="Vlan20"),
        moved("10.20.0.1/24", "Ethernet5"),
    ),
    "from a port that is reset": (
        delete("interface", name="Ethernet1"),
        moved("10.0.0.1/31", "Vlan20", secondary=True),
    ),
    "out of a VRF into the place of another": (
        port("Ethernet5.100", vrf=None),
        delete("ip_address", vrf="BLUE", address="10.5.0.1/24"),
        create(
            "ip_address", {"interface": "Ethernet5.100"}, address="10.20.0.1/24".replace("20.0.1", "20.0.7")
        ),
        delete("ip_address", address="10.20.0.1/24"),
    ),
}


@pytest.mark.parametrize("changes", MOVES.values(), ids=MOVES)
def test_addresses_do_not_block_each_other(changes: tuple[Change, ...]) -> None:
    """The device takes the lines in their order, and ends with what is wanted."""
    assert differences(changes) == {}


def test_an_overlap_that_was_there_before_is_left_alone() -> None:
    """An address that stays where it is, is not taken down and put up again for another one's sake."""
    changes = (create("ip_address", {"interface": "Vlan20"}, address="2001:db8::9/64"),)
    assert lines_for(*changes, update("interface", {"mtu": 9000}, name="Loopback0")) == [
        "interface Loopback0",
        "mtu 9000",
        "interface Vlan20",
        "ipv6 address 2001:db8::9/64",
    ]


# Interfaces that change what they are ---------------------------------------------------------------------


def test_switched_becomes_routed_with_an_address() -> None:
    """A port goes from layer 2 to layer 3 in one change."""
    changes = (
        port("Ethernet2", mode="routed", access_vlan=1),
        create("ip_address", {"interface": "Ethernet2"}, address="10.77.0.1/24"),
    )
    assert differences(changes) == {}


def test_routed_becomes_switched() -> None:
    """A port goes from layer 3 to layer 2 in one change, and leaves no address behind."""
    changes = (port("Ethernet1", mode="trunk", mtu=1500), delete("ip_address", address="10.0.0.1/31"))
    assert differences(changes) == {}


def test_a_trunk_hidden_below_a_routed_port() -> None:
    """What a routed port would do as a switched one is known, so that `switchport` brings no surprise."""
    text = with_lines(("interface Ethernet5", "switchport mode trunk"))
    assert state_of(text).interface("Ethernet5").mode == "routed"
    assert lines_for(port("Ethernet5", mode="trunk"), text=text) == ["interface Ethernet5", "switchport"]
    assert differences((port("Ethernet5", mode="access"),), text) == {}


FOREIGN: list[tuple[str, str, dict[str, Any]]] = [
    ("Ethernet6", "switchport mode dot1q-tunnel", {"mode": "access"}),
    ("Ethernet6", "switchport mode trunk phone", {"mode": "trunk"}),
    ("Port-Channel1", "switchport trunk native vlan tag", {"native_vlan": 1}),
    ("Port-Channel1", "switchport trunk native vlan tag", {"native_vlan": 20}),
    ("Ethernet5.100", "encapsulation dot1q vlan 100 inner 5", {"encapsulation_vlan": 100}),
]


@pytest.mark.parametrize(("name", "line", "after"), FOREIGN)
def test_a_value_that_is_none_of_ours_is_replaced(name: str, line: str, after: dict[str, Any]) -> None:
    """A line that no value can hold is read as unknown, stays as it is, and goes when it is changed."""
    text = applied([f"interface {name}", line])
    (attribute,) = after
    assert getattr(state_of(text).interface(name), attribute) is None
    assert line not in lines_for(port(name, mtu=9000), text=text)
    changes = (port(name, **after),)
    assert differences(changes, text) == {}
    undone = back(text, changes)
    assert (
        applied(undone, applied(lines_for(*changes, text=text), text))
        == SimulatedDevice("leaf1", text).running_config
    )


def back(text: str, changes: tuple[Change, ...]) -> list[str]:
    """The lines that undo changes."""
    before = state_of(text)
    after = state_of(applied(lines_for(*changes, text=text), text))
    return lines_back(EOS, after, before, [change.key for change in changes])


# What driftline does not model ----------------------------------------------------------------------------

UNMODELLED = ("storm-control", "service-policy", "spanning-tree", "ip virtual-router", "state suspend")


@pytest.mark.parametrize(
    "changes",
    [
        (port("Ethernet2", description="x", mode="trunk", mtu=9000, enabled=False, access_vlan=20),),
        (port("Vlan10", description=None, mtu=9000), delete("ip_address", address="10.10.2.1/24")),
        (update("vlan", {"name": "staff"}, vid=10),),
    ],
)
def test_unmodelled_lines_survive(changes: tuple[Change, ...]) -> None:
    """Lines that driftline does not know are neither sent nor lost."""
    lines = lines_for(*changes)
    assert not [line for line in lines if any(word in line for word in UNMODELLED)]
    after = applied(lines)
    assert [line for line in LEAF.splitlines() if any(word in line for word in UNMODELLED)] == [
        line for line in after.splitlines() if any(word in line for word in UNMODELLED)
    ]


def test_a_virtual_address_does_not_stand_for_the_primary_one() -> None:
    """`ip address virtual` stays, and does not keep the primary address from being removed."""
    text = with_lines(("interface Vlan20", "ip address virtual 10.20.0.254/24"))
    changes = (delete("ip_address", address="10.20.0.1/24"),)
    assert lines_for(*changes, text=text) == ["interface Vlan20", "no ip address"]
    assert "ip address virtual 10.20.0.254/24" in applied(lines_for(*changes, text=text), text)


def test_unmodelled_addresses_follow_into_the_vrf() -> None:
    """What the device drops with the VRF is sent again, also where driftline does not model it."""
    text = with_lines(("interface Vlan20", "ip address virtual 10.20.0.254/24"))
    changes = (
        port("Vlan20", vrf="RED"),
        delete("ip_address", address="10.20.0.1/24"),
        create("ip_address", {"interface": "Vlan20"}, vrf="RED", address="10.20.0.1/24"),
    )
    after = applied(lines_for(*changes, text=text), text)
    assert "ip address virtual 10.20.0.254/24" in after
    assert differences(changes, text) == {}


def test_an_svi_and_its_vlan_go_and_come_back() -> None:
    """Deleting an SVI with its VLAN can be undone to the byte, unmodelled lines included."""
    changes = (
        *(delete("ip_address", address=f"10.10.{n}.1/24") for n in range(3)),
        delete("interface", name="Vlan10"),
        delete("vlan", vid=10),
    )
    lines = lines_for(*changes)
    assert lines == ["no interface Vlan10", "no vlan 10"]
    assert applied(back(LEAF, changes), applied(lines)) == SimulatedDevice("leaf1", LEAF).running_config


def test_a_port_that_was_reset_comes_back() -> None:
    """A reset takes everything off a port, and can be undone to the byte."""
    changes = (delete("interface", name="Ethernet2"),)
    after = applied(lines_for(*changes))
    assert "interface Ethernet2\n!\n" in after
    assert applied(back(LEAF, changes), after) == SimulatedDevice("leaf1", LEAF).running_config


def test_undoing_leaves_what_others_added() -> None:
    """A port that was pristine is not reset on the way back: somebody may have configured it since."""
    changes = (port("Ethernet6", description="ours"),)
    after = applied([*lines_for(*changes), "interface Ethernet6", "storm-control broadcast level 5"])
    lines = lines_back(EOS, state_of(after), state_of(LEAF), [change.key for change in changes])
    assert [line.strip() for line in lines] == ["interface Ethernet6", "no description"]


# Order ----------------------------------------------------------------------------------------------------


def test_what_others_refer_to_comes_first_and_goes_last() -> None:
    """VLANs and port-channels before their users; subinterfaces before their parents when they go."""
    coming = lines_for(
        port("Ethernet6", lag="Port-Channel9"),
        create("interface", {}, name="Port-Channel9"),
        create("interface", {}, name="Vlan30"),
        create("vlan", {"name": None}, vid=30),
    )
    assert "channel-group 9 mode active" in coming
    headers = [line for line in coming if line.startswith(("interface", "vlan"))]
    assert headers == ["vlan 30", "interface Port-Channel9", "interface Ethernet6", "interface Vlan30"]
    going = lines_for(
        delete("vlan", vid=20),
        delete("interface", name="Port-Channel1"),
        port("Ethernet4", lag=None),
        delete("interface", name="Vlan20"),
    )
    headers = [line for line in going if line.startswith(("no interface", "no vlan", "interface"))]
    assert headers == [
        "interface Ethernet4",
        "no interface Vlan20",
        "no interface Port-Channel1",
        "no vlan 20",
    ]


# What can't be --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "change"),
    [
        ("DEVICE-NO-VRF", port("Ethernet5", vrf="GREEN")),
        ("DEVICE-NO-PRIMARY", delete("ip_address", address="10.10.0.1/24")),
        ("DEVICE-TEXT", port("Ethernet6", description="a\n   shutdown")),
        ("DEVICE-TEXT", update("vlan", {"name": "a\tb"}, vid=10)),
    ],
)
def test_the_impossible_is_refused_before_anything_is_sent(code: str, change: Change) -> None:
    """What no device could take is refused, naming the object."""
    with pytest.raises(PrepareError) as caught:
        lines_for(change)
    assert caught.value.code == code
    assert len(caught.value.culprits) == 1


def test_a_line_break_that_was_there_before_is_no_reason_to_refuse() -> None:
    """A device's own odd characters don't keep the rest of its section from being changed."""
    text = with_lines(("interface Ethernet6", "description a\tb"))
    now = state_of(text)
    wanted = wanted_after(EOS, now, [port("Ethernet6", mtu=9000)])
    lines = lines_between(EOS, now, wanted, [port("Ethernet6").key])
    assert [line.strip() for line in lines] == ["interface Ethernet6", "mtu 9000"]
