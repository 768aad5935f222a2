"""A platform of others: ACME's routers speak like IOS, but for a few words."""

from __future__ import annotations

import re

from driftline.devices.platforms.base import Capabilities, Platform
from driftline.devices.platforms.dialect import (
    COMMON_LINES,
    Dialect,
    default_vlan_name,
    switchport_defaults,
    vrf,
)
from driftline.devices.platforms.limits import SWITCH_LIMITS, SWITCHING, refused
from driftline.devices.platforms.rules import section_rules
from driftline.devices.platforms.templates import section_template
from driftline.network import InterfaceKind


def defaults(kind: InterfaceKind) -> dict[str, object]:
    """Return what the attributes of an interface are when nothing is configured: no port switches."""
    return {**switchport_defaults(kind, unset=None), **dict.fromkeys(SWITCHING)}


ACME = Platform(
    name="acme",
    capabilities=Capabilities(
        candidate=True, candidate_config=False, replace=False, commit_confirmed=0, config_lock=False
    ),
    read=Dialect(
        interface=re.compile(r"(?:ethernet|loopback)\d+"),
        address=re.compile(r"(?:ip|ipv6) address (?P<address>[0-9A-Fa-f.:]+/\d+)(?P<secondary> secondary)?"),
        lines={**COMMON_LINES, "routing-instance ": ("vrf", vrf)},
        defaults=defaults,
        vrf=("routing-instance ",),
        vlans=False,
        last="",
    ).read,
    section=section_template("driftline_acme"),
    defaults=defaults,
    default_vlan_name=default_vlan_name,
    unsupported={**SWITCH_LIMITS, **refused(SWITCHING, InterfaceKind, "ACME makes routers")},
    remediation=section_rules(("description", "mtu", "routing-instance"), primary=r"^(ip address) \S+/\d+$"),
    reset_interface="",
    vrf_change_drops=("ip address ", "ipv6 address "),
    is_pending=lambda _: False,
)
NO_PLATFORM = "something else"
