"""Reading an EOS running configuration.

Syntax as in the running configurations that EOS prints: sections are indented by three spaces, defaults are
not shown, VLANs without a name are folded into one `vlan 10-12,20` section.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from driftline.devices.state import DeviceState, section_hash
from driftline.network import (
    DEFAULT_VRF,
    Interface,
    InterfaceKind,
    IPAddress,
    Vlan,
    expand_vlans,
    interface_kind,
    vlan_ranges,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

DEFAULT_MTU = {InterfaceKind.LOOPBACK: 65535}
_ADDRESS = re.compile(r"(?:ip|ipv6) address (?P<address>[0-9A-Fa-f.:]+/\d+)(?P<secondary> secondary)?$")
_LINES: tuple[tuple[str, str, Callable[[str], Any]], ...] = (
    # (how the line begins, the attribute, what the rest of the line means)
    ("description ", "description", str),
    ("shutdown", "enabled", lambda _: False),
    ("mtu ", "mtu", int),
    ("no switchport", "mode", lambda _: "routed"),
    ("switchport mode trunk", "mode", lambda _: "trunk"),
    ("switchport access vlan ", "access_vlan", int),
    ("switchport trunk native vlan ", "native_vlan", int),
    ("switchport trunk allowed vlan ", "trunk_vlans", vlan_ranges),
    ("channel-group ", "lag", lambda rest: f"Port-Channel{rest.split()[0]}"),
    ("vrf forwarding ", "vrf", str),
    ("vrf ", "vrf", str),
    ("encapsulation dot1q vlan ", "encapsulation_vlan", int),
)
_SWITCHED = frozenset({InterfaceKind.PHYSICAL, InterfaceKind.LAG})


def defaults(interface: Interface) -> dict[str, Any]:
    """Return what an interface's attributes are when nothing is configured."""
    kind = interface.kind
    switched = kind in _SWITCHED
    return {
        "description": None,
        "enabled": True,
        "mtu": DEFAULT_MTU.get(kind, 1500),
        "mode": "access" if switched else None,
        "access_vlan": 1 if switched else None,
        "trunk_vlans": "all" if switched else None,
        "native_vlan": 1 if switched else None,
        "lag": None,
        "lag_mode": None,
        "vrf": None,
        "encapsulation_vlan": None,
    }


def read(device: str, text: str) -> DeviceState:
    """Return what a running configuration says about interfaces, addresses and VLANs."""
    state = DeviceState(device)
    vrfs: list[str] = []
    protected: set[str] = set()
    for header, lines in sections(text):
        word, _, rest = header.partition(" ")
        if word == "interface":
            _read_interface(state, rest, lines)
        elif word == "vlan" and rest[:1].isdigit():
            _read_vlans(state, rest, lines)
        elif word == "hostname":
            state.hostname = rest
        elif header.startswith(("vrf instance ", "vrf definition ")):
            vrfs.append(header.split()[2])
        elif header == "mlag configuration":
            protected.update(
                line.split()[-1] for line in lines if line.startswith(("local-interface ", "peer-link "))
            )
    state.vrfs = frozenset(vrfs)
    _protect(state, protected)
    return state


def sections(text: str) -> Iterator[tuple[str, list[str]]]:
    """Return each top-level line with the lines below it; indentation and comments are dropped."""
    header, lines = "", list[str]()
    for line in text.splitlines():
        stripped = line.strip()
        if not stripped or stripped.startswith("!"):
            continue
        if line[0] != " ":
            if header:
                yield header, lines
            header, lines = stripped, []
        else:
            lines.append(stripped)
    if header:
        yield header, lines


def _read_interface(state: DeviceState, name: str, lines: list[str]) -> None:
    if interface_kind(name) is InterfaceKind.OTHER:
        return
    blank = Interface(device=state.device, name=name, pristine=not lines, section=section_hash(lines))
    values = defaults(blank)
    addresses: list[re.Match[str]] = []
    for line in lines:
        match = _ADDRESS.match(line)
        if match:
            addresses.append(match)
        else:
            _read_line(line, values)
    for attribute, value in values.items():
        setattr(blank, attribute, value)
    state.put(blank)
    for match in addresses:
        state.put(
            IPAddress(
                device=state.device,
                vrf=blank.vrf or DEFAULT_VRF,
                address=match["address"],
                interface=name,
                secondary=bool(match["secondary"]),
            )
        )


def _read_line(line: str, values: dict[str, Any]) -> None:
    for prefix, attribute, convert in _LINES:
        if line.startswith(prefix):
            values[attribute] = convert(line[len(prefix) :])
            if attribute == "lag":
                values["lag_mode"] = line.rsplit(" ", 1)[-1]
            return


def _read_vlans(state: DeviceState, ids: str, lines: list[str]) -> None:
    name = next((line[5:] for line in lines if line.startswith("name ")), None)
    protected = any(line.startswith("trunk group ") for line in lines)
    for vid in expand_vlans(ids):
        state.put(Vlan(device=state.device, vid=vid, name=name, protected=protected))


def _protect(state: DeviceState, names: set[str]) -> None:
    for name in names:
        interface = state.interface(name)
        if interface is not None:
            interface.protected = True
        if interface_kind(name) is InterfaceKind.SVI:
            vlan = state.objects.get(("vlan", Vlan.create_unique_id(device=state.device, vid=name[4:])))
            if vlan is not None:
                vlan.protected = True
