"""Reading an IOS or IOS XE running configuration.

A routed port shows `no ip address` when it has none, so whether a port that says nothing switches or routes can
be told. A switched port that says nothing of its mode negotiates it: that is none of the modes driftline sets.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from driftline.devices.platforms.dialect import (
    COMMON_LINES,
    SWITCHED,
    SWITCHPORT_LINES,
    Dialect,
    layered,
    member_of,
    switchport_defaults,
    vrf,
)
from driftline.network import InterfaceKind, interface_kind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from driftline.devices.platforms.dialect import Section
    from driftline.devices.state import DeviceState

_LAYER_3 = (
    "ip address ",
    "no ip address",
    "ip unnumbered ",
    "ip nat ",
    "ip vrf forwarding ",
    "ipv6 address ",
    "vrf forwarding ",
)
_SAVED_VLANS = frozenset({"vtp mode transparent", "vtp mode off"})


def defaults(kind: InterfaceKind) -> dict[str, Any]:
    """Return what the attributes of an interface of a kind are when nothing is configured."""
    mtu = 1514 if kind is InterfaceKind.LOOPBACK else 1500
    return {**switchport_defaults(kind, unset=None), "mtu": mtu}


def _device_defaults(found: Sequence[Section]) -> Mapping[InterfaceKind, Mapping[str, Any]]:
    """Return that ports route, when all of them do without being told to: it is a router."""
    ports = [
        lines
        for header, lines in found
        if IOS_DIALECT.interface.fullmatch(header.removeprefix("interface "))
        and interface_kind(header.removeprefix("interface ")) in SWITCHED
    ]
    switching = any(line.startswith(("switchport", "no switchport")) for lines in ports for line in lines)
    routing = ports and not switching and all(_speaks_layer_3(lines) for lines in ports)
    return {kind: {"mode": "routed"} for kind in SWITCHED} if routing else {}


def _speaks_layer_3(lines: Sequence[str]) -> bool:
    return any(line.startswith(_LAYER_3) for line in lines)


def _more(state: DeviceState, found: Sequence[Section]) -> None:
    """Read which VRFs are of the older kind, and what can't be on this device."""
    headers = [header for header, __ in found]
    state.ipv4_vrfs = frozenset(
        header[len("ip vrf ") :] for header in headers if header.startswith("ip vrf ")
    )
    impossible = {}
    if not any(header in _SAVED_VLANS or re.match(r"vlan \d", header) for header in headers):
        impossible["vlan"] = (
            "its VLANs are not in its configuration (it has none, or VTP keeps them elsewhere)"
        )
    if state.defaults:
        impossible["mode"] = "the ports of a router do not switch"
    state.impossible = impossible


IOS_DIALECT = Dialect(
    interface=re.compile(
        r"(?:[a-z]*gigabitethernet|[a-z]*gige|fastethernet|ethernet|port-channel|loopback|vlan|bdi|management)"
        r"\d+[\d/.]*",
        re.IGNORECASE,
    ),
    address=re.compile(
        r"(?:ip address (?P<address>[\d.]+) (?P<mask>[\d.]+)(?P<secondary> secondary)?"
        r"|ipv6 address (?P<address6>[0-9A-Fa-f.:]+/\d+))"
    ),
    lines={
        **COMMON_LINES,
        **SWITCHPORT_LINES,
        "channel-group ": (
            "lag",
            member_of("Port-channel", r"(?P<number>\d+) mode (?P<mode>active|passive|on)"),
        ),
        "vrf forwarding ": ("vrf", vrf),
        "ip vrf forwarding ": ("vrf", vrf),
        "encapsulation dot1Q ": ("encapsulation_vlan", int),
    },
    defaults=defaults,
    vrf=("vrf definition ", "ip vrf "),
    silent=frozenset({"switchport", "no switchport", "no ip address"}),
    settle=layered(_LAYER_3, unset=None),
    device_defaults=_device_defaults,
    more=_more,
)
