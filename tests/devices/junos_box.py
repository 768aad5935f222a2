"""A Junos device as text, and the lines that each attribute gives there when it changes alone."""

from __future__ import annotations

from typing import Any

JUNOS = """\
set version 23.4R2.13
set system host-name leaf1
set system login message "set interfaces ge-9/9/9 mtu 1"
set interfaces ge-0/0/1 description uplink
set interfaces ge-0/0/1 mtu 9000
set interfaces ge-0/0/1 unit 0 family inet address 10.0.0.1/31
set interfaces ge-0/0/2 description "user port"
set interfaces ge-0/0/2 ether-options no-flow-control
set interfaces ge-0/0/2 unit 0 family ethernet-switching vlan members users
set interfaces ge-0/0/2 unit 0 family ethernet-switching storm-control default
set interfaces ge-0/0/3 disable
set interfaces ge-0/0/3 unit 0
set interfaces ge-0/0/4 ether-options 802.3ad ae0
set interfaces ge-0/0/5 vlan-tagging
set interfaces ge-0/0/5 unit 100 vlan-id 100
set interfaces ge-0/0/5 unit 100 family inet address 10.5.0.1/24
set interfaces ge-0/0/6 unit 0 family ethernet-switching interface-mode access
set interfaces ae0 description "to server"
set interfaces ae0 aggregated-ether-options minimum-links 1
set interfaces ae0 aggregated-ether-options lacp active
set interfaces ae0 aggregated-ether-options lacp periodic fast
set interfaces ae0 unit 0 family ethernet-switching interface-mode trunk
set interfaces ae0 unit 0 family ethernet-switching vlan members users
set interfaces ae0 unit 0 family ethernet-switching vlan members 20-22
set interfaces fxp0 unit 0 family inet address 192.0.2.1/24
set interfaces irb unit 10 description users
set interfaces irb unit 10 family inet mtu 1400
set interfaces irb unit 10 family inet address 10.10.0.1/24
set interfaces irb unit 10 family inet address 10.10.1.1/24
set interfaces irb unit 10 family inet address 10.10.2.1/24
set interfaces irb unit 10 family inet6
set interfaces irb unit 20 family inet address 10.20.0.1/24
set interfaces lo0 unit 0 family inet address 10.1.1.1/32
set interfaces lo0 unit 0 family inet6 address 2001:db8::1/128
set routing-instances BLUE instance-type vrf
set routing-instances BLUE interface ge-0/0/5.100
set routing-instances RED instance-type virtual-router
set vlans default vlan-id 1
set vlans users vlan-id 10
set vlans users l3-interface irb.10
set vlans users vxlan vni 10010
set vlans v20 vlan-id 20
set vlans v20 l3-interface irb.20
set vlans v21 vlan-id 21
set vlans v22 vlan-id 22
"""

MODES = (("delete", "active"), ("set", "passive"))
JUNOS_ROWS: list[tuple[str, str, dict[str, Any], list[str]]] = [
    ("description set", "ge-0/0/6", {"description": "to b"}, ['set / description "to b"']),
    ("description of one word", "ge-0/0/6", {"description": "b"}, ["set / description b"]),
    ("quotes", "ge-0/0/6", {"description": 'a "b" c\\d'}, ['set / description "a \\"b\\" c\\\\d"']),
    ("description removed", "ge-0/0/2", {"description": None}, ["delete / description"]),
    ("of a port that is not shown", "ge-0/0/7", {"description": "b"}, ["set / description b"]),
    ("of a unit", "ge-0/0/1.0", {"description": "b"}, ["set / description b"]),
    ("disabled", "ge-0/0/2", {"enabled": False}, ["set / disable"]),
    ("enabled", "ge-0/0/3", {"enabled": True}, ["delete / disable"]),
    ("unit disabled", "irb.10", {"enabled": False}, ["set / disable"]),
    ("mtu changed", "ge-0/0/1", {"mtu": 9216}, ["set / mtu 9216"]),
    ("mtu to the default", "ge-0/0/1", {"mtu": 1514}, ["delete / mtu"]),
    (
        "access to trunk",
        "ge-0/0/2.0",
        {"mode": "trunk"},
        [
            "delete / family ethernet-switching vlan",
            "set / family ethernet-switching interface-mode trunk",
        ],
    ),
    (
        "trunk to access",
        "ae0.0",
        {"mode": "access"},
        [
            "delete / family ethernet-switching vlan",
            "set / family ethernet-switching interface-mode access",
        ],
    ),
    ("access to routed", "ge-0/0/6.0", {"mode": "routed"}, ["delete / family ethernet-switching"]),
    (
        "routed to trunk",
        "ge-0/0/3.0",
        {"mode": "trunk"},
        ["set / family ethernet-switching interface-mode trunk"],
    ),
    (
        "access VLAN",
        "ge-0/0/6.0",
        {"access_vlan": 20},
        ["set / family ethernet-switching vlan members 20"],
    ),
    (
        "access VLAN listed by name",
        "ge-0/0/2.0",
        {"access_vlan": 20},
        [
            "delete / family ethernet-switching vlan members users",
            "set / family ethernet-switching vlan members 20",
        ],
    ),
    (
        "access VLAN to the default",
        "ge-0/0/2.0",
        {"access_vlan": 1},
        ["delete / family ethernet-switching vlan"],
    ),
    ("native VLAN", "ae0", {"native_vlan": 10}, ["set / native-vlan-id 10"]),
    (
        "trunk list longer",
        "ae0.0",
        {"trunk_vlans": "10,20-23"},
        ["set / family ethernet-switching vlan members 23"],
    ),
    (
        "trunk list shorter",
        "ae0.0",
        {"trunk_vlans": "10,20"},
        [
            "delete / family ethernet-switching vlan members 20-22",
            "set / family ethernet-switching vlan members 20",
        ],
    ),
    (
        "trunk list all",
        "ae0.0",
        {"trunk_vlans": "all"},
        [
            "delete / family ethernet-switching vlan members users",
            "delete / family ethernet-switching vlan members 20-22",
            "set / family ethernet-switching vlan members all",
        ],
    ),
    ("joins a LAG", "ge-0/0/6", {"lag": "ae0"}, ["set / ether-options 802.3ad ae0"]),
    (
        "LAG mode",
        "ge-0/0/4",
        {"lag_mode": "passive"},
        [f"{verb} interfaces ae0 aggregated-ether-options lacp {mode}" for verb, mode in MODES],
    ),
    ("leaves its LAG", "ge-0/0/4", {"lag": None}, ["delete / ether-options 802.3ad"]),
    ("VRF", "ge-0/0/3.0", {"vrf": "RED"}, ["set routing-instances RED interface ge-0/0/3.0"]),
    ("tag", "ge-0/0/5.100", {"encapsulation_vlan": 7}, ["set / vlan-id 7"]),
]
"""What is changed, of which interface, to what; and the lines, in which a `/` stands for the interface's path."""
