"""How a device takes single lines: short names, hidden defaults, refusals, and what else they change."""

from __future__ import annotations

import re

import pytest

from driftline.lab import LabError, SimulatedDevice

from .conftest import LEAF


@pytest.fixture
def leaf() -> SimulatedDevice:
    """A device without a network."""
    return SimulatedDevice("leaf1", LEAF)


def stanza(device: SimulatedDevice, header: str) -> list[str]:
    """The lines below a header in the running configuration."""
    match = re.search(rf"^{re.escape(header)}\n((?: .*\n)*)", device.running_config, re.MULTILINE)
    assert match is not None, f"no {header}"
    return [line.strip() for line in match[1].splitlines()]


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ("et1", "interface Ethernet1"),
        ("ETH 1", "interface Ethernet1"),
        ("e1", "interface Ethernet1"),
        ("po10", "interface Port-Channel10"),
        ("Port-channel10.5", "interface Port-Channel10.5"),
        ("vl30", "interface Vlan30"),
        ("lo7", "interface Loopback7"),
        ("ma1", "interface Management1"),
        ("et5.200", "interface Ethernet5.200"),
        ("Vxlan1", "interface Vxlan1"),
    ],
)
def test_short_names_are_stored_in_full(leaf, given, stored):
    """Names may be abbreviated and written in any case."""
    leaf.change(f"interface {given}", "description here")
    assert "description here" in stanza(leaf, stored)


@pytest.mark.parametrize(
    "lines",
    [
        ("interface Ethernet2", "mtu abc"),
        ("interface Ethernet2", "mtu 99999"),
        ("interface Ethernet2", "mtu"),
        ("interface Ethernet2", "mtu 1500 1500"),
        ("interface Ethernet2", "description"),
        ("interface Ethernet2", "shutdown now"),
        ("interface Ethernet2", "switchport access vlan 5000"),
        ("interface Ethernet2", "switchport access vlan 0"),
        ("interface Ethernet2", "switchport access"),
        ("interface Ethernet2", "switchport mode banana"),
        ("interface Ethernet2", "switchport trunk native vlan 4095"),
        ("interface Ethernet2", "switchport trunk allowed vlan 10-"),
        ("interface Ethernet2", "switchport trunk allowed vlan 20-10"),
        ("interface Ethernet2", "switchport trunk allowed vlan add"),
        ("interface Ethernet2", "channel-group 1"),
        ("interface Ethernet2", "channel-group 0 mode active"),
        ("interface Ethernet2", "channel-group 1 mode sometimes"),
        ("interface Ethernet2", "encapsulation dot1q vlan 10"),
        ("interface Ethernet2", "vrf NOWHERE"),
        ("interface Ethernet2", "vrf"),
        ("interface Ethernet5.100", "encapsulation dot1q vlan 5000"),
        ("interface Ethernet5.100", "switchport access vlan 10"),
        ("interface Port-Channel1", "channel-group 2 mode on"),
        ("interface Vlan10", "switchport mode trunk"),
        ("interface Vlan10", "ip address 10.0.0.300/24"),
        ("interface Vlan10", "ip address 10.99.0.1"),
        ("interface Vlan10", "ip address 10.99.0.1/33"),
        ("interface Vlan10", "ip address"),
        ("interface Vlan10", "ipv6 address 2001:db8::zz/64"),
        ("interface Foo1",),
        ("interface",),
        ("interface Ethernet99",),
        ("interface Ethernet99.1",),
        ("interface Vlan5000",),
        ("interface Vlan10.5",),
        ("no interface Ethernet1",),
        ("vlan 5000",),
        ("vlan 0",),
        ("vlan ten",),
        ("vlan",),
        ("no vlan 1",),
        ("vlan 10", "name"),
        ("vlan 10", "name two words"),
        ("vlan 10", "state asleep"),
        ("vrf instance",),
        ("vrf instance TWO WORDS",),
        ("hostname",),
        ("hostname two words",),
        ("banner login",),
    ],
)
def test_bad_lines_are_refused(leaf, lines):
    """Bad syntax in a section that the simulator knows changes nothing."""
    before = leaf.running_config
    with pytest.raises(LabError) as caught:
        leaf.change("vlan 77", *lines)
    assert caught.value.code == "LAB-LINE-REFUSED"
    assert before == leaf.running_config


@pytest.mark.parametrize(
    ("lines", "header", "expected"),
    [
        (("switchport mode access", "switchport access vlan 1", "switchport"), "interface Ethernet2", []),
        (("switchport mode trunk",), "interface Ethernet2", ["switchport mode trunk"]),
        (
            (
                "switchport trunk allowed vlan 7,5,6,9",
                "switchport trunk native vlan 5",
                "switchport mode trunk",
            ),
            "interface Ethernet2",
            [
                "switchport trunk native vlan 5",
                "switchport trunk allowed vlan 5-7,9",
                "switchport mode trunk",
            ],
        ),
        (
            ("no switchport", "description x y  z"),
            "interface Ethernet2",
            ["description x y  z", "no switchport"],
        ),
        (("no switchport", "default switchport"), "interface Ethernet2", []),
        (("channel-group 7 mode on", "no channel-group"), "interface Ethernet2", []),
        (("mtu 9214", "no mtu 9214", "shutdown", "default shutdown"), "interface Ethernet2", []),
        (("speed forced 10000full", "speed auto"), "interface Ethernet2", ["speed auto"]),
        (("lldp transmit",), "interface Ethernet2", []),
        (("no lldp transmit",), "interface Ethernet2", ["no lldp transmit"]),
        (("no lldp transmit", "lldp transmit"), "interface Ethernet2", []),
        (
            ("ip access-group A in", "ip access-group B in", "ip access-group C out"),
            "interface Ethernet2",
            ["ip access-group B in", "ip access-group C out"],
        ),
    ],
)
def test_canonical_statements(leaf, lines, header, expected):
    """Defaults are hidden, statements come in the order of EOS, and values replace each other."""
    leaf.change("default interface Ethernet2", header, *lines)
    assert expected == stanza(leaf, header)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("add 30,23", "10,20-23,30"),
        ("remove 20-21", "10,22"),
        ("none", "none"),
        ("except 2-4093", "1,4094"),
        ("5", "5"),
    ],
)
def test_allowed_vlans(leaf, words, expected):
    """Trunks can be edited in pieces."""
    leaf.change("interface po1", f"switchport trunk allowed vlan {words}")
    assert f"switchport trunk allowed vlan {expected}" in stanza(leaf, "interface Port-Channel1")


@pytest.mark.parametrize("words", ["all", "1-4094", "add 1-4094"])
def test_all_vlans_are_hidden(leaf, words):
    """A trunk that carries everything is at its default."""
    leaf.change("interface po1", f"switchport trunk allowed vlan {words}")
    assert stanza(leaf, "interface Port-Channel1") == ["description to server", "switchport mode trunk"]


def test_new_primary_replaces_the_old(leaf):
    """One primary, and the secondaries stay."""
    leaf.change("interface Vlan10", "ip address 10.10.9.1/24")
    assert stanza(leaf, "interface Vlan10") == [
        "description users",
        "ip address 10.10.9.1/24",
        "ip address 10.10.1.1/24 secondary",
        "ip address 10.10.2.1/24 secondary",
    ]


def test_secondary_becomes_primary(leaf):
    """An address is either or."""
    leaf.change("interface Vlan10", "ip address 10.10.1.1/24")
    assert stanza(leaf, "interface Vlan10") == [
        "description users",
        "ip address 10.10.1.1/24",
        "ip address 10.10.2.1/24 secondary",
    ]


def test_primary_goes_last(leaf):
    """EOS keeps the primary address while there are secondaries."""
    with pytest.raises(LabError, match="Primary address cannot be deleted before secondary"):
        leaf.change("interface Vlan10", "no ip address 10.10.0.1/24")
    leaf.change(
        "interface Vlan10",
        "no ip address 10.10.1.1/24 secondary",
        "no ip address 10.10.2.1/24 secondary",
        "no ip address 10.10.0.1/24",
    )
    assert stanza(leaf, "interface Vlan10") == ["description users"]


def test_no_ip_address_removes_all(leaf):
    """Without an address the command means every one of them."""
    leaf.change("interface Vlan10", "no ip address")
    assert stanza(leaf, "interface Vlan10") == ["description users"]


def test_address_with_a_mask(leaf):
    """The older spelling is stored with a prefix length."""
    leaf.change("interface Ethernet5", "ip address 10.55.0.1 255.255.255.0")
    assert "ip address 10.55.0.1/24" in stanza(leaf, "interface Ethernet5")


@pytest.mark.parametrize("address", ["10.0.0.1/31", "10.0.0.0/24", "10.0.0.0/8"])
def test_overlap_in_a_vrf_is_refused(leaf, address):
    """The same subnet can't be on two interfaces of one VRF, but in another VRF it can."""
    with pytest.raises(LabError, match=r"overlaps|already assigned"):
        leaf.change("interface Loopback5", f"ip address {address}")
    leaf.change("vrf instance RED", "interface Loopback5", "vrf RED", f"ip address {address}")
    assert f"ip address {address}" in stanza(leaf, "interface Loopback5")


def test_ipv6_addresses_add_up(leaf):
    """An interface has as many IPv6 addresses as it is given."""
    leaf.change("interface Loopback0", "ipv6 address 2001:DB8:0::2/128", "no ip address")
    assert stanza(leaf, "interface Loopback0") == [
        "ipv6 address 2001:db8::1/128",
        "ipv6 address 2001:db8::2/128",
    ]
    leaf.change("interface Loopback0", "no ipv6 address 2001:db8::1/128")
    assert stanza(leaf, "interface Loopback0") == ["ipv6 address 2001:db8::2/128"]


@pytest.mark.parametrize("line", ["vrf BLUE", "vrf forwarding BLUE"])
def test_changing_the_vrf_drops_the_addresses(leaf, line):
    """Both spellings mean the same, and both take the addresses away."""
    leaf.change("interface Loopback0", line)
    assert stanza(leaf, "interface Loopback0") == ["vrf BLUE"]


def test_the_same_vrf_keeps_the_addresses(leaf):
    """Nothing happens when the VRF is the one that the interface is in."""
    leaf.change("interface Ethernet5.100", "vrf BLUE")
    assert "ip address 10.5.0.1/24" in stanza(leaf, "interface Ethernet5.100")
    leaf.change("interface Ethernet5.100", "no vrf")
    assert stanza(leaf, "interface Ethernet5.100") == ["encapsulation dot1q vlan 100"]


def test_removing_a_vrf_frees_its_interfaces(leaf):
    """They fall back to the default VRF without their addresses."""
    leaf.change("no vrf instance BLUE")
    assert "vrf instance BLUE" not in leaf.running_config
    assert stanza(leaf, "interface Ethernet5.100") == ["encapsulation dot1q vlan 100"]


def test_logical_interfaces_come_and_go(leaf):
    """Ports are only reset, everything else can be removed."""
    leaf.change(
        "no interface Vlan10",
        "no interface lo0",
        "no interface po1",
        "no interface et5.100",
        "default interface et2",
    )
    for gone in ("Vlan10", "Loopback0", "Port-Channel1", "Ethernet5.100"):
        assert f"interface {gone}\n" not in leaf.running_config
    assert stanza(leaf, "interface Ethernet2") == []


def test_ranges(leaf):
    """Several interfaces or VLANs can be changed at once."""
    leaf.change("interface et1-3", "description same", "vlan 30,32-33", "name many")
    assert leaf.running_config.count("description same") == 3
    assert leaf.running_config.count("name many") == 3
    leaf.change("no vlan 30-33")
    assert "name many" not in leaf.running_config


def test_vlan_stanzas(leaf):
    """Neighbours without a name are folded, default names and VLAN 1 are hidden."""
    leaf.change(
        "vlan 21", "name middle", "vlan 23", "vlan 10", "no name", "vlan 1", "vlan 11", "name VLAN0011"
    )
    vlans = re.findall(r"^vlan .*\n(?: .*\n)*", leaf.running_config, re.MULTILINE)
    assert vlans == ["vlan 10-11\n", "vlan 20\n", "vlan 21\n   name middle\n", "vlan 22-23\n"]


def test_unknown_lines_are_kept_and_can_be_removed(leaf):
    """What the simulator doesn't know stays where it is, until it is negated."""
    leaf.change("interface Ethernet2", "no storm-control broadcast", "service-policy input GOLD")
    assert stanza(leaf, "interface Ethernet2") == [
        "description user port",
        "switchport access vlan 10",
        "spanning-tree portfast",
        "service-policy input GOLD",
    ]


def test_removed_and_restored_lines_find_their_place(leaf):
    """Undoing a change line by line gives the same bytes."""
    before = leaf.running_config
    leaf.change("interface Ethernet2", "no storm-control broadcast level 1", "no username admin")
    leaf.change("no router bgp 65001", "no ip routing", "no ip access-list USERS")
    assert before != leaf.running_config
    leaf.change("interface et2", "storm-control broadcast level 1")
    leaf.change(
        "username admin privilege 15 role network-admin nopassword",
        "ip access-list USERS",
        "10 permit ip any any",
    )
    leaf.change("router bgp 65001", "router-id 10.1.1.1", "neighbor 10.0.0.0 remote-as 65000")
    leaf.change("router bgp 65001", "address-family ipv4", "neighbor 10.0.0.0 activate", "ip routing")
    assert before == leaf.running_config


def test_modes_without_indentation(leaf):
    """A line goes to the innermost mode that knows it."""
    leaf.change(
        "router bgp 65001",
        "vlan 10",
        "rd 1:10",
        "address-family evpn",
        "neighbor SPINES activate",
        "vrf BLUE",
        "rd 1:1",
        "address-family ipv4",
        "neighbor 10.9.9.9 activate",
        "interface et3",
        "no shutdown",
        "vlan 10",
        "name renamed",
    )
    bgp = leaf.running_config.partition("router bgp 65001\n")[2].partition("\n!\n")[0]
    assert bgp == (
        "   router-id 10.1.1.1\n   neighbor 10.0.0.0 remote-as 65000\n   !\n"
        "   address-family ipv4\n      neighbor 10.0.0.0 activate\n   !\n"
        "   vlan 10\n      rd 1:10\n   !\n"
        "   address-family evpn\n      neighbor SPINES activate\n   !\n"
        "   vrf BLUE\n      rd 1:1\n      !\n      address-family ipv4\n         neighbor 10.9.9.9 activate"
    )
    assert stanza(leaf, "vlan 10") == ["name renamed"]
    leaf.change("router bgp 65001", "no vlan 10", "no vrf BLUE")
    assert stanza(leaf, "vlan 10") == ["name renamed"]
    assert "rd 1:" not in leaf.running_config


def test_a_device_refuses_to_boot_with_a_bad_line():
    """The error names the device and the line."""
    with pytest.raises(
        LabError, match=r"leaf9 can't boot with the line 'interface Ethernet1: mtu abc'"
    ) as caught:
        SimulatedDevice("leaf9", "interface Ethernet1\n   mtu abc\n")
    assert caught.value.code == "LAB-CONFIG-REFUSED"
