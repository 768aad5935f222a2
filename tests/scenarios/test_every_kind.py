"""Every kind of object goes through create, update and delete, and the device reads as intended afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.conftest import Fabric

ETH3 = "interface Ethernet3"
VLAN10 = "interface Vlan10"

# (what, the change by hand on leaf1 that remediation has to undo)
BY_HAND: list[tuple[str, list[str]]] = [
    # created again
    ("create vlan", ["no vlan 30"]),
    ("create svi", ["no interface Vlan20"]),
    ("create loopback", ["no interface Loopback0"]),
    ("create port-channel", ["no interface Port-Channel1"]),
    ("create subinterface", ["no interface Ethernet7.100"]),
    ("create primary address", ["interface Ethernet6", "no ip address"]),
    ("create secondary address", [VLAN10, "no ip address 10.0.11.1/24 secondary"]),
    ("create all addresses", [VLAN10, "no ip address", "no ipv6 address 2001:db8:10::1/64"]),
    ("create ipv6 address", ["interface Ethernet6", "no ipv6 address 2001:db8:6::1/64"]),
    ("create address in a vrf", ["interface Vlan20", "no ip address"]),
    # updated
    ("update vlan name", ["vlan 30", "name wrong"]),
    ("update vlan without name", ["vlan 30", "no name"]),
    ("update description", [ETH3, "description wrong"]),
    ("update missing description", [ETH3, "no description"]),
    ("update description that must be empty", ["interface Ethernet1", "description wrong"]),
    ("update shutdown", [ETH3, "shutdown"]),
    ("update mtu", ["interface Ethernet6", "mtu 1600"]),
    ("update mtu that must be the default", ["interface Ethernet1", "mtu 1600"]),
    ("update mtu of an svi", [VLAN10, "mtu 9000"]),
    ("update access vlan", ["interface Ethernet2", "switchport access vlan 10"]),
    ("update access to trunk", ["interface Ethernet1", "switchport mode trunk"]),
    ("update trunk to access", [ETH3, "switchport mode access"]),
    ("update trunk list", [ETH3, "switchport trunk allowed vlan add 40"]),
    ("update trunk list to a hole", [ETH3, "switchport trunk allowed vlan remove 20"]),
    ("update trunk list to all", [ETH3, "no switchport trunk allowed vlan"]),
    ("update trunk list to none", ["interface Port-Channel1", "switchport trunk allowed vlan none"]),
    ("update native vlan", [ETH3, "switchport trunk native vlan 10"]),
    ("update native vlan to default", [ETH3, "no switchport trunk native vlan"]),
    ("update routed to switched", ["interface Ethernet6", "switchport"]),
    ("update switched to routed", ["interface Ethernet2", "no switchport"]),
    ("update lag member out", ["interface Ethernet4", "no channel-group"]),
    ("update lag member to another lag", ["interface Ethernet4", "channel-group 7 mode active"]),
    ("update lag mode", ["interface Ethernet5", "channel-group 1 mode on"]),
    ("update encapsulation", ["interface Ethernet7.100", "encapsulation dot1q vlan 101"]),
    ("update vrf, which drops the addresses", ["interface Vlan20", "no vrf"]),
    ("update vrf, into one", [VLAN10, "vrf red"]),
    ("update port-channel description", ["interface Port-Channel1", "no description"]),
    ("update primary address", [VLAN10, "ip address 10.0.10.77/24"]),
    (
        "update primary and secondary swapped",
        [VLAN10, "no ip address", "ip address 10.0.11.1/24", "ip address 10.0.10.1/24 secondary"],
    ),
    (
        "update address that moved to another interface",
        ["interface Loopback0", "no ip address", "interface Ethernet8", "no switchport", "ip address 10.0.0.1/32"],
    ),
    (
        "update two addresses that changed places",
        [
            VLAN10, "no ip address",
            "interface Ethernet6", "ip address 10.0.10.1/24",
            VLAN10, "ip address 192.0.2.1/31",
        ],
    ),
    # deleted
    ("delete vlan", ["vlan 66", "name extra"]),
    ("delete vlans of a folded range", ["vlan 66-69"]),
    ("delete svi with vlan", ["vlan 66", "interface Vlan66", "ip address 10.66.0.1/24"]),
    ("delete loopback", ["interface Loopback66", "ip address 10.66.0.1/32", "ipv6 address 2001:db8:66::1/128"]),
    ("delete port-channel", ["interface Port-Channel66", "switchport mode trunk"]),
    ("delete subinterface", ["interface Ethernet7.66", "encapsulation dot1q vlan 66"]),
    ("delete secondary address", [VLAN10, "ip address 10.66.0.1/24 secondary"]),
    ("delete ipv6 address", ["interface Ethernet6", "ipv6 address 2001:db8:66::1/64"]),
    ("delete lag membership", ["interface Ethernet8", "channel-group 1 mode active"]),
    ("reset an unlisted port", ["interface Ethernet8", "description extra", "shutdown", "mtu 4000"]),
    ("reset an unlisted routed port", ["interface Ethernet8", "no switchport", "ip address 10.66.0.1/24"]),
]  # fmt: skip


@pytest.mark.parametrize("lines", [lines for _, lines in BY_HAND], ids=[name for name, _ in BY_HAND])
def test_a_change_by_hand_is_undone(fabric: Fabric, lines: list[str]) -> None:
    """The device's configuration is as it was before the change, to the byte, and there is no drift left."""
    before = fabric.lab["leaf1"].running_config
    fabric.lab["leaf1"].change(*lines)
    assert fabric.lab["leaf1"].running_config != before
    assert fabric.run("drift").status == 2
    answer = fabric.run("remediate", "--yes")
    assert answer.status == 0, answer.out + answer.err
    assert fabric.lab["leaf1"].running_config == before
    assert fabric.run("drift").status == 0


# (what, old and new text of leaf1's intent, a line that the device has afterwards and one that it has not)
BY_INTENT: list[tuple[str, str, str, str, str]] = [
    ("vlan", "30: {name: servers}", "30: {name: servers}\n  31: {name: new}", "vlan 31", "vlan 32"),
    ("vlan renamed", "name: servers", "name: machines", "name machines", "name servers"),
    ("vlan name emptied", "name: servers", "name: null", "vlan 30", "name servers"),
    ("vlan gone", "vlans:\n  30: {name: servers}", "vlans: {}", "vlan 20", "name servers"),
    (
        "svi",
        "  Vlan20:",
        "  Vlan30: {description: new, addresses: [10.0.30.1/24]}\n  Vlan20:",
        "interface Vlan30",
        "Vlan31",
    ),
    (
        "svi gone",
        "  Vlan20: {description: voice, vrf: red, addresses: [10.0.20.1/24]}\n",
        "",
        "Vlan10",
        "Vlan20",
    ),
    (
        "loopback",
        "  Loopback0:",
        "  Loopback1: {addresses: [10.0.0.9/32]}\n  Loopback0:",
        "10.0.0.9/32",
        "Loopback2",
    ),
    ("address", "10.0.0.1/32", "10.0.0.2/32", "10.0.0.2/32", "10.0.0.1/32"),
    ("mtu", "mtu: 9000", "mtu: 8000", "mtu 8000", "mtu 9000"),
    ("mtu emptied", "mtu: 9000", "mtu: null", "description uplink", "mtu 9000"),
    (
        "shutdown",
        "native_vlan: 30, enabled: true",
        "native_vlan: 30, enabled: false",
        "   shutdown\n",
        "no shutdown",
    ),
    ("trunk list", '"10,20,30"', "[10, 11, 12]", "allowed vlan 10-12", "10,20,30"),
    ("trunk list to all", '"10,20,30"', "all", "native vlan 30", "10,20,30"),
    ("lag", "lag: Port-Channel1, lag_mode: active", "lag: null", "Port-Channel1", "channel-group"),
    ("lag mode", "lag_mode: active", "lag_mode: passive", "channel-group 1 mode passive", "mode active"),
    (
        "vrf",
        "vrf: red, addresses: [10.0.20.1/24]",
        "vrf: null, addresses: [10.0.20.1/24]",
        "10.0.20.1/24",
        "Vlan30",
    ),
    (
        "subinterface",
        "encapsulation_vlan: 100",
        "encapsulation_vlan: 200",
        "dot1q vlan 200",
        "dot1q vlan 100",
    ),
    ("spelling", "  Ethernet3:", "  et3:", "interface Ethernet3", "interface et3"),
]


@pytest.mark.parametrize(
    ("old", "new", "there", "gone"), [row[1:] for row in BY_INTENT], ids=[row[0] for row in BY_INTENT]
)
def test_a_change_of_the_intent_reaches_the_device(
    fabric: Fabric, old: str, new: str, there: str, gone: str
) -> None:
    """What the intent says anew is on the device afterwards; going back restores the configuration."""
    before = fabric.lab["leaf1"].running_config
    fabric.edit("leaf1", old, new)
    answer = fabric.run("remediate", "--yes")
    assert answer.status == 0, answer.out + answer.err
    running = fabric.lab["leaf1"].running_config
    assert there in running
    assert gone not in running
    assert fabric.run("drift").status == 0
    fabric.edit("leaf1", new, old) if new else fabric.device_file("leaf1").write_text(
        fabric.device_file("leaf1").read_text() + old
    )
    assert fabric.run("remediate", "--yes").status == 0
    assert fabric.lab["leaf1"].running_config == before


def test_a_port_that_leaves_a_reset_fabric_is_never_deleted(fabric: Fabric) -> None:
    """An unlisted physical port is put back to the factory default, and stays."""
    fabric.lab["leaf1"].change("interface Ethernet8", "description extra", "storm-control broadcast level 1")
    assert fabric.run("remediate", "--yes").status == 0
    assert "interface Ethernet8\n!" in fabric.lab["leaf1"].running_config


def test_what_is_not_managed_is_not_compared(fabric: Fabric) -> None:
    """A key that the intent does not mention is nobody's business, on a managed interface too."""
    fabric.lab["leaf1"].change("interface Ethernet1", "switchport trunk allowed vlan 5")
    assert fabric.run("drift").status == 0


def test_ports_are_not_reset_unless_asked_for(fabric: Fabric) -> None:
    """Exclusive interfaces alone do not touch unlisted physical ports."""
    fabric.edit("leaf1", "reset_unlisted_ports: true", "reset_unlisted_ports: false")
    fabric.lab["leaf1"].change("interface Ethernet8", "description extra")
    assert fabric.run("drift").status == 0


def test_reserved_vlans_and_the_management_port_are_exempt(fabric: Fabric) -> None:
    """What keeps the device together is never deleted as unlisted: MLAG peer VLAN and link, management."""
    fabric.lab["leaf1"].change(
        "vlan 4094", "name mlag", "trunk group MLAG",
        "interface Vlan4094", "ip address 169.254.0.1/31",
        "interface Port-Channel1000", "switchport mode trunk",
        "mlag configuration", "domain-id x", "local-interface Vlan4094", "peer-link Port-Channel1000",
    )  # fmt: skip
    assert fabric.run("drift").status == 0


def test_a_vrf_that_is_not_defined_is_refused(fabric: Fabric) -> None:
    """VRFs are not made: the plan names the object and leaves its device out, the others are repaired."""
    fabric.edit("leaf1", "Vlan20: {description: voice, vrf: red", "Vlan20: {description: voice, vrf: blue")
    fabric.lab["leaf2"].change("interface Ethernet1", "shutdown")
    before = fabric.lab["leaf1"].running_config
    fabric.lab.reset_log()
    answer = fabric.run("remediate", "--yes")
    assert answer.status == 3
    assert "DEVICE-NO-VRF" in answer.out
    assert "interface Vlan20: VRF 'blue' is not defined" in answer.out
    assert fabric.lab["leaf1"].running_config == before
    assert fabric.lab["leaf1"].counters.sessions_opened == 0
    assert fabric.lab["leaf2"].counters.confirms == 1
