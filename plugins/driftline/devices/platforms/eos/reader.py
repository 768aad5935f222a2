"""Reading an EOS running configuration.

Syntax as in the running configurations that EOS prints: sections are indented by three spaces, defaults are
not shown, VLANs without a name are folded into one `vlan 10-12,20` section, and the last line is `end`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from driftline.devices.platforms.dialect import (
    COMMON_LINES,
    SWITCHPORT_LINES,
    Dialect,
    as_routed,
    member_of,
    switchport_defaults,
    vrf,
)
from driftline.network import Interface, InterfaceKind, Vlan, interface_kind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from driftline.devices.platforms.dialect import Section
    from driftline.devices.state import DeviceState

DEFAULT_MTU = {InterfaceKind.LOOPBACK: 65535}
_TEXTS = {
    "banner login": ("EOF", 1),
    "banner motd": ("EOF", 1),
    "banner exec": ("EOF", 1),
    "protocol https certificate": ("EOF", 2),
}
_OTHER_DEFAULTS = re.compile(r"interface defaults|switchport default mode routed")


def defaults(kind: InterfaceKind) -> dict[str, Any]:
    """Return what the attributes of an interface of a kind are when nothing is configured."""
    return {**switchport_defaults(kind, unset="access"), "mtu": DEFAULT_MTU.get(kind, 1500)}


def _more(state: DeviceState, found: Sequence[Section]) -> None:
    """Read the MLAG pair, and refuse what changes the meaning of what is not shown."""
    for header, lines in found:
        if header == "mlag configuration":
            _read_mlag(state, lines)
        elif _OTHER_DEFAULTS.fullmatch(header):
            raise ValueError(
                f"`{header}` changes what is meant where nothing is shown; that is not supported"
            )


def _read_mlag(state: DeviceState, lines: list[str]) -> None:
    values = dict(line.rsplit(" ", 1) for line in lines if " " in line)
    state.mlag = (values.get("domain-id", ""), values.get("peer-address", ""))
    _protect(
        state, {line.split()[-1] for line in lines if line.startswith(("local-interface ", "peer-link "))}
    )


def _protect(state: DeviceState, names: set[str]) -> None:
    """Mark what the peer link of an MLAG pair consists of."""
    for name in names:
        for interface in state.of("interface"):
            if Interface.same("lag", interface.lag, name) or interface is state.interface(name):
                interface.protected = True
        if interface_kind(name) is InterfaceKind.SVI:
            vlan = state.objects.get(("vlan", Vlan.create_unique_id(device=state.device, vid=int(name[4:]))))
            if vlan is not None:
                vlan.protected = True


EOS_DIALECT = Dialect(
    interface=re.compile(r"(?:ethernet|port-channel|loopback|vlan|management)\d+[\d/.]*", re.IGNORECASE),
    address=re.compile(r"(?:ip|ipv6) address (?P<address>[0-9A-Fa-f.:]+/\d+)(?P<secondary> secondary)?"),
    lines={
        **COMMON_LINES,
        **SWITCHPORT_LINES,
        "channel-group ": (
            "lag",
            member_of("Port-Channel", r"(?P<number>\d+) mode (?P<mode>active|passive|on)"),
        ),
        "vrf forwarding ": ("vrf", vrf),
        "vrf ": ("vrf", vrf),
        "encapsulation dot1q vlan ": ("encapsulation_vlan", int),
    },
    defaults=defaults,
    vrf=("vrf instance ", "vrf definition "),
    silent=frozenset({"switchport", "no switchport"}),
    settle=as_routed,
    free_text=_TEXTS.get,
    more=_more,
)
