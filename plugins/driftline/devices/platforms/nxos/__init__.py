"""Cisco NX-OS, through NAPALM's `nxos` driver over NX-API.

There is no confirm timer. Routed ports, SVIs and subinterfaces are shut down unless they say otherwise, so the
administrative state is always sent with a section that is new, and with a change between switched and routed.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from driftline.devices.platforms.base import Capabilities, Platform
from driftline.devices.platforms.dialect import (
    COMMON_LINES,
    SWITCHED,
    SWITCHPORT_LINES,
    Dialect,
    default_vlan_name,
    layered,
    member_of,
    switchport_defaults,
    vrf,
)
from driftline.devices.platforms.limits import SWITCH_LIMITS, SWITCHING_LOST
from driftline.devices.platforms.rules import (
    COMMON_WORDS,
    LAYER_ORDER,
    SWITCHPORT_WORDS,
    section_rules,
    split_trunk_list,
)
from driftline.devices.platforms.secure import https_options
from driftline.devices.platforms.templates import section_template
from driftline.network import InterfaceKind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from driftline.devices.platforms.dialect import Section
    from driftline.devices.state import DeviceState, Kept

_SHUT = frozenset({InterfaceKind.SVI, InterfaceKind.SUBINTERFACE})
_layer = layered(("ip address ", "ipv6 address ", "vrf member "), unset="access")


def defaults(kind: InterfaceKind) -> dict[str, Any]:
    """Return what the attributes of an interface of a kind are when nothing is configured."""
    return {**switchport_defaults(kind, unset="access"), "enabled": kind not in _SHUT}


def _settle(lines: tuple[str, ...], values: dict[str, Any], kept: list[Kept]) -> list[Kept]:
    kept = _layer(lines, values, kept)
    if values["mode"] == "routed" and not {"shutdown", "no shutdown"}.intersection(lines):
        values["enabled"] = False
    return kept


def _device_defaults(found: Sequence[Section]) -> Mapping[InterfaceKind, Mapping[str, Any]]:
    headers = {header for header, __ in found}
    if "no system default switchport" in headers:
        return {kind: {"mode": "routed", "enabled": False} for kind in SWITCHED}
    if "system default switchport shutdown" in headers:
        return {InterfaceKind.PHYSICAL: {"enabled": False}}
    return {}


def _more(state: DeviceState, found: Sequence[Section]) -> None:  # noqa: ARG001 - nothing is read
    state.vrfs |= {"management"}  # there by itself


NXOS = Platform(
    name="nxos",
    capabilities=Capabilities(
        candidate=True,
        candidate_config=False,
        replace=True,
        commit_confirmed=0,
        config_lock=False,
        atomic=False,
    ),
    read=Dialect(
        interface=re.compile(r"(?:(?:ethernet|port-channel|loopback|vlan)\d+[\d/.]*|mgmt0)", re.IGNORECASE),
        address=re.compile(r"(?:ip|ipv6) address (?P<address>[0-9A-Fa-f.:]+/\d+)(?P<secondary> secondary)?"),
        lines={
            **COMMON_LINES,
            **SWITCHPORT_LINES,
            "channel-group ": (
                "lag",
                member_of(
                    "port-channel", r"(?P<number>\d+)(?: force)?(?: mode (?P<mode>active|passive|on))?"
                ),
            ),
            "vrf member ": ("vrf", vrf),
            "encapsulation dot1q ": ("encapsulation_vlan", int),
        },
        defaults=defaults,
        vrf=("vrf context ",),
        silent=frozenset({"switchport", "no switchport", "switchport mode access"}),
        last="",
        settle=_settle,
        device_defaults=_device_defaults,
        more=_more,
    ).read,
    section=section_template(__name__),
    defaults=defaults,
    default_vlan_name=default_vlan_name,
    unsupported=SWITCH_LIMITS,
    remediation=section_rules(
        (*COMMON_WORDS, *SWITCHPORT_WORDS, "encapsulation dot1q", "vrf member"),
        primary=r"^(ip address) \S+/\d+$",
        order=LAYER_ORDER,
    ),
    reset_interface="default interface {name}",
    vrf_change_drops=("ip ", "ipv6 ", "hsrp ", "vrrp ", "no ip redirects", "no ipv6 redirects"),
    modes_exclude=True,
    mode_loses=SWITCHING_LOST,
    split=split_trunk_list,
    mode_change_forgets=("enabled",),
    is_pending=lambda _: False,
    secure_options=https_options,
)
