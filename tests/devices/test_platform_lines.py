"""IOS, NX-OS, IOS XR and Junos: each attribute alone, and the cases in which a plain diff of two texts is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from driftline.devices.platforms import PLATFORMS
from driftline.devices.remediation import lines_between, wanted_after
from driftline.engine.exceptions import PrepareError
from driftline.network import InterfaceKind

from .boxes import BOXES
from .junos_box import JUNOS_ROWS
from .leaf import create, delete, port, update

if TYPE_CHECKING:
    from driftline.devices.state import Change

GIG, ETH, XR = "GigabitEthernet1/0/", "Ethernet1/", "GigabitEthernet0/0/0/"
UP, DOWN = "no shutdown", "shutdown"
Row = tuple[str, str, dict[str, Any], list[str]]
ROWS: dict[str, list[Row]] = {
    "ios": [
        ("description set", f"{GIG}6", {"description": "to b"}, ["description to b"]),
        ("description removed", f"{GIG}2", {"description": None}, ["no description"]),
        ("disabled", f"{GIG}2", {"enabled": False}, [DOWN]),
        ("enabled", f"{GIG}3", {"enabled": True}, [UP]),
        ("mtu changed", f"{GIG}1", {"mtu": 9216}, ["mtu 9216"]),
        ("mtu to the default", f"{GIG}1", {"mtu": 1500}, ["no mtu"]),
        ("mtu of a loopback to the default", "Loopback0", {"mtu": 1514}, []),
        ("negotiated to access", f"{GIG}6", {"mode": "access"}, ["switchport mode access"]),
        ("access to trunk", f"{GIG}2", {"mode": "trunk"}, ["switchport mode trunk"]),
        ("trunk to negotiated", "Port-channel1", {"mode": None}, ["no switchport mode"]),
        ("switched to routed", f"{GIG}6", {"mode": "routed"}, ["no switchport"]),
        (
            "access to routed",
            f"{GIG}2",
            {"mode": "routed"},
            ["no switchport access vlan", "no switchport mode", "no switchport"],
        ),
        ("routed to trunk", f"{GIG}5", {"mode": "trunk"}, ["switchport", "switchport mode trunk"]),
        ("access VLAN", f"{GIG}2", {"access_vlan": 20}, ["switchport access vlan 20"]),
        ("access VLAN to the default", f"{GIG}2", {"access_vlan": 1}, ["no switchport access vlan"]),
        ("native VLAN", "Port-channel1", {"native_vlan": 10}, ["switchport trunk native vlan 10"]),
        ("trunk list", f"{GIG}6", {"trunk_vlans": "10-12"}, ["switchport trunk allowed vlan 10-12"]),
        ("trunk list all", "Port-channel1", {"trunk_vlans": "all"}, ["no switchport trunk allowed vlan"]),
        ("joins a LAG", f"{GIG}6", {"lag": "Po1"}, ["channel-group 1 mode active"]),
        ("LAG mode", f"{GIG}4", {"lag_mode": "passive"}, ["channel-group 1 mode passive"]),
        ("leaves its LAG", f"{GIG}4", {"lag": None}, ["no channel-group"]),
        ("VRF", f"{GIG}5", {"vrf": "RED"}, ["vrf forwarding RED"]),
        ("VRF of the older kind", f"{GIG}5", {"vrf": "OLD"}, ["ip vrf forwarding OLD"]),
        ("tag", f"{GIG}5.100", {"encapsulation_vlan": 7}, ["encapsulation dot1Q 7"]),
    ],
    "nxos": [
        ("description set", f"{ETH}6", {"description": "to b"}, ["description to b"]),
        ("description removed", f"{ETH}2", {"description": None}, ["no description"]),
        ("disabled", f"{ETH}2", {"enabled": False}, [DOWN]),
        ("enabled", f"{ETH}3", {"enabled": True}, [UP]),
        ("mtu changed", f"{ETH}1", {"mtu": 9216}, ["mtu 9216"]),
        ("mtu to the default", f"{ETH}1", {"mtu": 1500}, ["no mtu"]),
        ("access to trunk", f"{ETH}6", {"mode": "trunk"}, ["switchport mode trunk"]),
        ("trunk to access", "port-channel1", {"mode": "access"}, ["no switchport mode"]),
        (
            "access to routed",
            f"{ETH}2",
            {"mode": "routed"},
            ["no switchport access vlan", "no switchport", UP],
        ),
        ("routed to trunk", f"{ETH}5", {"mode": "trunk"}, ["switchport", UP, "switchport mode trunk"]),
        ("access VLAN", f"{ETH}2", {"access_vlan": 20}, ["switchport access vlan 20"]),
        ("access VLAN to the default", f"{ETH}2", {"access_vlan": 1}, ["no switchport access vlan"]),
        ("native VLAN", "port-channel1", {"native_vlan": 10}, ["switchport trunk native vlan 10"]),
        ("trunk list", f"{ETH}6", {"trunk_vlans": "10-12"}, ["switchport trunk allowed vlan 10-12"]),
        ("trunk list all", "port-channel1", {"trunk_vlans": "all"}, ["no switchport trunk allowed vlan"]),
        ("joins a LAG", f"{ETH}6", {"lag": "po1"}, ["channel-group 1 mode active"]),
        ("joins a LAG without LACP", f"{ETH}6", {"lag": "po1", "lag_mode": "on"}, ["channel-group 1"]),
        ("LAG mode", f"{ETH}4", {"lag_mode": "passive"}, ["channel-group 1 mode passive"]),
        ("leaves its LAG", f"{ETH}4", {"lag": None}, ["no channel-group"]),
        ("VRF", f"{ETH}5", {"vrf": "RED"}, ["vrf member RED"]),
        ("tag", f"{ETH}5.100", {"encapsulation_vlan": 7}, ["encapsulation dot1q 7"]),
    ],
    "iosxr": [
        ("description set", f"{XR}1", {"description": "to b"}, ["description to b"]),
        ("description removed", f"{XR}0", {"description": None}, ["no description"]),
        ("disabled", f"{XR}0", {"enabled": False}, [DOWN]),
        ("enabled", f"{XR}1", {"enabled": True}, [UP]),
        ("mtu changed", f"{XR}0", {"mtu": 9216}, ["mtu 9216"]),
        ("mtu to the default", f"{XR}0", {"mtu": 1514}, ["no mtu"]),
        ("joins a LAG", f"{XR}4", {"lag": "Bundle-Ether1"}, ["bundle id 1 mode active"]),
        ("LAG mode", f"{XR}2", {"lag_mode": "passive"}, ["bundle id 1 mode passive"]),
        ("leaves its LAG", f"{XR}2", {"lag": None}, ["no bundle id"]),
        ("VRF of an interface without addresses", f"{XR}4", {"vrf": "RED"}, ["vrf RED"]),
        ("tag", f"{XR}5.100", {"encapsulation_vlan": 7}, ["encapsulation dot1q 7"]),
    ],
    "junos": JUNOS_ROWS,
}
CASES = [(name, *row[1:]) for name, rows in ROWS.items() for row in rows]
IDS = [f"{name}: {row[0]}" for name, rows in ROWS.items() for row in rows]


@pytest.mark.parametrize(("name", "interface", "after", "expected"), CASES, ids=IDS)
def test_one_attribute(name: str, interface: str, after: dict[str, Any], expected: list[str]) -> None:
    """An attribute that changes alone gives exactly its lines; the device has its value, and then the old one."""
    box, change = BOXES[name], port(interface, **after)
    assert section(name, interface, *expected) == box.lines(change)
    assert box.differences(change) == {}


def section(name: str, interface: str, *expected: str) -> list[str]:
    """Lines below an interface's header; on Junos each is a whole path, whose beginning a `/` stands for."""
    if name != "junos":
        return [f"interface {interface}", *expected] if expected else []
    path = f" interfaces {interface.replace('.', ' unit ')} "
    return [line.replace(" / ", path, 1) for line in expected]


@pytest.mark.parametrize("name", BOXES)
def test_every_attribute_is_in_the_table(name: str) -> None:
    """No attribute that a platform has is left out above."""
    platform = PLATFORMS[name]
    possible = {
        attribute
        for attribute in platform.defaults(InterfaceKind.PHYSICAL)
        if platform.unsupported.get(attribute, {}).keys() != set(InterfaceKind)
    }
    assert possible == {attribute for row in ROWS[name] for attribute in row[2]}


MASK = {"ios": " 255.255.255.0", "nxos": "/24", "iosxr": " 255.255.255.0", "junos": "/24"}
WORD = {"ios": "ip address", "nxos": "ip address", "iosxr": "ipv4 address", "junos": "/ family inet address"}
HOME = {"ios": "Vlan10", "nxos": "Vlan10", "iosxr": f"{XR}3", "junos": "irb.10"}
SUB = {"ios": f"{GIG}5.100", "nxos": f"{ETH}5.100", "iosxr": f"{XR}5.100", "junos": "ge-0/0/5.100"}
EACH = pytest.mark.parametrize("name", BOXES)
SWITCHES = pytest.mark.parametrize("name", ["ios", "nxos"])


def line(name: str, address: str, *, secondary: bool = False, gone: bool = False) -> str:
    """How a platform writes an address of a /24, or that it goes; Junos does not say which are secondary."""
    verbs = {"junos": ("set ", "delete ")}.get(name, ("", "no "))
    last = " secondary" if secondary and name != "junos" else ""
    return f"{verbs[gone]}{WORD[name]} {address}{MASK[name]}{last}"


# The five cases in which hier_config needs help ----------------------------------------------------------------


@EACH
def test_a_secondary_address_is_removed(name: str) -> None:
    """Removing one secondary address removes it, and it alone."""
    change = delete("ip_address", address="10.10.1.1/24")
    expected = section(name, HOME[name], line(name, "10.10.1.1", secondary=True, gone=True))
    assert expected == BOXES[name].lines(change)
    assert BOXES[name].differences(change) == {}


@EACH
def test_a_secondary_address_is_replaced(name: str) -> None:
    """Replacing one secondary address takes the old one away."""
    changes = (
        delete("ip_address", address="10.10.1.1/24"),
        create("ip_address", {"interface": HOME[name], "secondary": True}, address="10.10.9.1/24"),
    )
    assert BOXES[name].lines(*changes) == section(
        name,
        HOME[name],
        line(name, "10.10.1.1", secondary=True, gone=True),
        line(name, "10.10.9.1", secondary=True),
    )
    assert BOXES[name].differences(*changes) == {}


def vrf_changed(name: str) -> tuple[Change, ...]:
    """The subinterface goes into another VRF, with its address."""
    return (
        port(SUB[name], vrf="RED"),
        delete("ip_address", vrf="BLUE", address="10.5.0.1/24"),
        create("ip_address", {"interface": SUB[name]}, vrf="RED", address="10.5.0.1/24"),
    )


@SWITCHES
def test_a_vrf_change_sends_the_addresses_again(name: str) -> None:
    """The device drops an interface's addresses with its VRF, so they follow the new one."""
    word = "vrf forwarding RED" if name == "ios" else "vrf member RED"
    assert [f"interface {SUB[name]}", word, line(name, "10.5.0.1")] == BOXES[name].lines(*vrf_changed(name))
    assert BOXES[name].differences(*vrf_changed(name)) == {}


def test_a_vrf_change_that_the_device_would_refuse_is_refused_at_plan_time() -> None:
    """IOS XR takes no other VRF for an interface that has addresses."""
    with pytest.raises(PrepareError, match=r"interface .*5\.100: iosxr refuses another VRF") as caught:
        BOXES["iosxr"].lines(*vrf_changed("iosxr"))
    assert caught.value.code == "DEVICE-VRF-CHANGE"


def test_what_is_below_a_dropped_line_follows_into_the_vrf() -> None:
    """NX-OS drops all of layer 3 with the VRF, unmodelled modes included."""
    changes = (
        port("Vlan10", vrf="RED"),
        *(delete("ip_address", address=f"10.10.{n}.1/24") for n in range(3)),
        *(
            create(
                "ip_address",
                {"interface": "Vlan10", "secondary": n > 0},
                vrf="RED",
                address=f"10.10.{n}.1/24",
            )
            for n in range(3)
        ),
    )
    assert BOXES["nxos"].lines(*changes)[-3:] == ["ip router ospf 1 area 0.0.0.0", "hsrp 1", "ip 10.10.0.254"]
    assert BOXES["nxos"].differences(*changes) == {}


@SWITCHES
def test_a_vlan_range_is_expanded(name: str) -> None:
    """Deleting one VLAN of `vlan 20-22` leaves its neighbours alone."""
    change = delete("vlan", vid=21)
    assert BOXES[name].lines(change) == ["no vlan 21"]
    assert BOXES[name].differences(change) == {}


@SWITCHES
def test_a_trunk_list_change_is_one_line(name: str) -> None:
    """A trunk's list is replaced at once, never emptied on the way; `add` lines were joined when it was read."""
    lag = BOXES[name].logical[0]
    assert BOXES[name].state().interface(lag).trunk_vlans == "10,20-22"
    change = port(lag, trunk_vlans="10,20")
    assert BOXES[name].lines(change) == [f"interface {lag}", "switchport trunk allowed vlan 10,20"]
    assert BOXES[name].differences(change) == {}


@SWITCHES
def test_a_long_trunk_list_goes_on_with_add(name: str) -> None:
    """No line is longer than the device takes, and all VLANs are in it."""
    lag = BOXES[name].logical[0]
    change = port(lag, trunk_vlans=",".join(str(vid) for vid in range(1, 400, 2)))
    lines = BOXES[name].lines(change)[1:]
    starts = [
        "switchport trunk allowed vlan 1,3,",
        *["switchport trunk allowed vlan add "] * (len(lines) - 1),
    ]
    assert [line[: len(start)] for line, start in zip(lines, starts, strict=True)] == starts
    assert max(map(len, lines)) <= 200
    assert BOXES[name].differences(change) == {}


# Other objects -------------------------------------------------------------------------------------------------


@SWITCHES
def test_vlans_come_and_go(name: str) -> None:
    """A VLAN is made with its name, renamed, and removed."""
    box = BOXES[name]
    assert box.lines(create("vlan", {"name": "new"}, vid=30)) == ["vlan 30", "name new"]
    assert box.lines(update("vlan", {"name": "staff"}, vid=10)) == ["vlan 10", "name staff"]
    assert box.differences(delete("vlan", vid=10), create("vlan", {"name": None}, vid=30)) == {}


def test_a_new_svi_is_told_to_be_up_where_it_is_down_by_default() -> None:
    """NX-OS makes SVIs shut down."""
    change = create("interface", {"enabled": True}, name="Vlan21")
    assert BOXES["nxos"].lines(change) == ["interface Vlan21", "no shutdown"]
    assert BOXES["nxos"].differences(change) == {}
    assert BOXES["ios"].lines(change) == ["interface Vlan21"]


@EACH
def test_the_primary_address_is_replaced(name: str) -> None:
    """A new primary address takes the place of the old one, and the secondary ones stay."""
    changes = (
        delete("ip_address", address="10.10.0.1/24"),
        create("ip_address", {"interface": HOME[name]}, address="10.10.0.2/24"),
    )
    old = [line(name, "10.10.0.1", gone=True)] if name == "junos" else []  # all addresses are equal there
    assert BOXES[name].lines(*changes) == section(name, HOME[name], *old, line(name, "10.10.0.2"))
    assert BOXES[name].differences(*changes) == {}


@EACH
def test_all_addresses_go(name: str) -> None:
    """The secondary ones go before the primary one: devices insist."""
    changes = [delete("ip_address", address=f"10.10.{n}.1/24") for n in range(3)]
    assert BOXES[name].differences(*changes) == {}


@SWITCHES
def test_a_port_is_put_back(name: str) -> None:
    """A physical port can't be deleted, only put back."""
    first = BOXES[name].ports[1]
    assert BOXES[name].lines(delete("interface", name=first)) == [f"default interface {first}"]
    assert BOXES[name].differences(delete("interface", name=first)) == {}


# What can't be, said at plan time with the object and the platform ------------------------------------------------


def refusal(name: str, *changes: Change, text: str | None = None) -> str:
    """The message of a plan that is refused."""
    with pytest.raises(PrepareError) as caught:
        BOXES[name].lines(*changes, text=text)
    assert caught.value.culprits
    return caught.value.message


def test_no_vlan_where_there_is_no_vlan_database() -> None:
    """IOS XR has none."""
    message = refusal("iosxr", create("vlan", {"name": "a"}, vid=30))
    assert message == "vlan 30 is not possible on iosxr: it has no VLAN database"


def test_no_vlan_where_the_configuration_does_not_show_them() -> None:
    """With VTP as it comes, a switch keeps VLANs outside its configuration: none is taken for missing."""
    text = "hostname leaf1\ninterface GigabitEthernet1/0/1\nend\n"
    assert "VTP" in refusal("ios", create("vlan", {"name": "a"}, vid=30), text=text)


def test_a_router_port_does_not_switch() -> None:
    """A router's ports route without saying so."""
    text = "hostname leaf1\ninterface GigabitEthernet0/0\n no ip address\nend\n"
    assert "do not switch" in refusal("ios", port("GigabitEthernet0/0", mode="access"), text=text)
    assert BOXES["ios"].lines(port("GigabitEthernet0/0", mtu=1400), text=text)[1:] == ["mtu 1400"]


@SWITCHES
def test_no_address_on_a_switched_port(name: str) -> None:
    """It is said before the device says it."""
    first = BOXES[name].ports[5]
    message = refusal(name, create("ip_address", {"interface": first}, address="10.99.0.1/24"))
    assert f"interface {first}" in message


def test_no_port_is_put_back_where_nothing_does_it() -> None:
    """IOS XR does not show a port without configuration."""
    assert "iosxr" in refusal("iosxr", delete("interface", name=f"{XR}4"))


# How configurations are read ---------------------------------------------------------------------------------------


def test_a_configuration_that_is_cut_short_is_no_configuration() -> None:
    """IOS and IOS XR end theirs with `end`."""
    for name in ("ios", "iosxr"):
        text = BOXES[name].text.removesuffix("end\n")
        with pytest.raises(ValueError, match="cut short"):
            PLATFORMS[name].read("leaf1", text)


@pytest.mark.parametrize("banner", ["banner motd ^C", "banner motd #", "banner motd ^C hello"])
def test_what_a_banner_says_is_no_configuration(banner: str) -> None:
    """Its end is what it says itself."""
    mark = "#" if "#" in banner else "^C"
    text = f"hostname leaf1\n{banner}\ninterface Vlan99\n bye{mark}\ninterface Vlan10\nend\n"
    assert [one.name for one in PLATFORMS["ios"].read("leaf1", text).of("interface")] == ["Vlan10"]
    one_line = f"hostname leaf1\n{banner} bye {mark}\ninterface Vlan10\nend\n"
    assert [one.name for one in PLATFORMS["ios"].read("leaf1", one_line).of("interface")] == ["Vlan10"]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("", {"mode": "access", "enabled": True}),
        ("no system default switchport", {"mode": "routed", "enabled": False}),
        ("system default switchport shutdown", {"mode": "access", "enabled": False}),
    ],
)
def test_what_a_nexus_says_of_its_defaults_counts(line: str, expected: dict[str, Any]) -> None:
    """A port that says nothing is what the device says of such ports; and is so when it is put back."""
    text = f"hostname leaf1\n{line}\ninterface Ethernet1/1\ninterface Ethernet1/2\n  description x\n"
    state = PLATFORMS["nxos"].read("leaf1", text)
    assert expected == {name: getattr(state.interface("Ethernet1/1"), name) for name in expected}
    change = delete("interface", name="Ethernet1/2")
    wanted = wanted_after(PLATFORMS["nxos"], state, [change])
    assert expected == {name: getattr(wanted.interface("Ethernet1/2"), name) for name in expected}


def test_a_port_switches_on_a_device_whose_ports_route() -> None:
    """It says `switchport`, and is sent it when it is to switch."""
    text = "hostname leaf1\nno system default switchport\ninterface Ethernet1/1\n  switchport\ninterface Ethernet1/2\n"
    state = PLATFORMS["nxos"].read("leaf1", text)
    assert state.interface("Ethernet1/1").mode == "access"
    change = port("Ethernet1/2", mode="access", enabled=True)
    wanted = wanted_after(PLATFORMS["nxos"], state, [change])
    lines = lines_between(PLATFORMS["nxos"], state, wanted, [change.key])
    assert [one.strip() for one in lines] == ["interface Ethernet1/2", "switchport", "no shutdown"]
