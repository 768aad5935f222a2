"""Cisco IOS XR, through NAPALM's `iosxr` driver over SSH.

A commit is atomic; the driver knows no confirm timer. A port without configuration is not shown, so a port can't
be put back to a factory default, and there is no VLAN database.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from driftline.devices.platforms.base import Capabilities, Platform
from driftline.devices.platforms.dialect import (
    COMMON_LINES,
    Dialect,
    default_vlan_name,
    member_of,
    switchport_defaults,
    vrf,
)
from driftline.devices.platforms.limits import SWITCH_LIMITS, SWITCHING, refused
from driftline.devices.platforms.rules import section_rules
from driftline.devices.platforms.templates import section_template
from driftline.network import InterfaceKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from driftline.devices.platforms.dialect import Section
    from driftline.devices.state import DeviceState

_MTU = {InterfaceKind.LOOPBACK: 1500, InterfaceKind.SUBINTERFACE: 1518}


def defaults(kind: InterfaceKind) -> dict[str, Any]:
    """Return what the attributes of an interface of a kind are when nothing is configured."""
    routed = dict.fromkeys(SWITCHING)
    return {**switchport_defaults(kind, unset=None), **routed, "mtu": _MTU.get(kind, 1514)}


def _more(state: DeviceState, found: Sequence[Section]) -> None:  # noqa: ARG001 - nothing is read
    state.impossible = {"vlan": "it has no VLAN database"}


IOSXR = Platform(
    name="iosxr",
    capabilities=Capabilities(
        candidate=True,
        candidate_config=False,
        replace=True,
        commit_confirmed=0,
        config_lock=True,
        startup=False,
    ),
    read=Dialect(
        interface=re.compile(
            r"(?:[a-z]*gige|gigabitethernet|bundle-ether|loopback|mgmteth|bvi)\d+[\w/.]*", re.IGNORECASE
        ),
        address=re.compile(
            r"(?:ipv4 address (?P<address>[\d.]+(?:/\d+)?)(?: (?P<mask>[\d.]+))?(?P<secondary> secondary)?"
            r"|ipv6 address (?P<address6>[0-9A-Fa-f.:]+/\d+))"
        ),
        lines={
            **COMMON_LINES,
            "bundle id ": (
                "lag",
                member_of("Bundle-Ether", r"(?P<number>\d+)(?: mode (?P<mode>active|passive|on))?"),
            ),
            "vrf ": ("vrf", vrf),
            "encapsulation dot1q ": ("encapsulation_vlan", int),
        },
        defaults=defaults,
        vrf=("vrf ",),
        vlans=False,
        more=_more,
    ).read,
    section=section_template(__name__),
    defaults=defaults,
    default_vlan_name=default_vlan_name,
    unsupported={**SWITCH_LIMITS, **refused(SWITCHING, InterfaceKind, "a port of a router does not switch")},
    remediation=section_rules(
        ("description", "mtu", "bundle id", "encapsulation dot1q", "vrf"),
        primary=r"^(ipv4 address) \S+ \S+$",
    ),
    reset_interface="",
    vrf_change_drops=(),
    vrf_change_refused=True,
    is_pending=lambda _: False,
)
