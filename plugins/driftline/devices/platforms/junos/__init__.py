"""Juniper Junos, as set commands, through NAPALM's `junos` driver over NETCONF.

Ports and their units are interfaces of their own, as on the device: `ge-0/0/0` has the MTU (with the header of the
frame) and the native VLAN, `ge-0/0/0.0` the addresses, or the mode and the VLANs (the style of ELS).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from driftline.devices.platforms.base import Capabilities, Platform
from driftline.devices.platforms.limits import SWITCHING, refused
from driftline.devices.platforms.templates import section_template
from driftline.network import InterfaceKind

from . import rendering
from .interfaces import PORT, defaults
from .options import secure_options
from .reader import default_vlan_name, read
from .statements import quoted

if TYPE_CHECKING:
    from collections.abc import Mapping

_PORTS = (InterfaceKind.PHYSICAL, InterfaceKind.LAG)
_NOT_PHYSICAL = tuple(kind for kind in InterfaceKind if kind is not InterfaceKind.PHYSICAL)
_NOT_UNITS = tuple(kind for kind in InterfaceKind if kind is not InterfaceKind.SUBINTERFACE)
_NO_UNITS_SWITCH = tuple(kind for kind in _NOT_UNITS if kind not in _PORTS)
_LIMITS: Mapping[str, Mapping[InterfaceKind, str]] = {
    "mtu": dict.fromkeys(
        (kind for kind in InterfaceKind if kind not in _PORTS),
        "the port has it; that of a protocol on a unit is not managed",
    ),
    **{
        name: {
            **dict.fromkeys(_PORTS, "a unit of it switches: ge-0/0/0.0"),
            **dict.fromkeys(_NO_UNITS_SWITCH, "it does not switch"),
        }
        for name in SWITCHING
        if name != "native_vlan"
    },
    "native_vlan": dict.fromkeys(
        (kind for kind in InterfaceKind if kind not in _PORTS), "the port has it, not its unit"
    ),
    **refused(("lag", "lag_mode"), _NOT_PHYSICAL, "only a port can be a member of a port-channel"),
    "vrf": dict.fromkeys(_PORTS, "a unit of it is in a routing instance: ge-0/0/0.0"),
    **refused(("encapsulation_vlan",), _NOT_UNITS, "only a unit of a port has a tag"),
}


def discard(driver: Any) -> None:
    """Let the driver take back a commit of its own that waits to be confirmed, or else discard its candidate.

    The driver holds the lock from loading to committing: while it does, what waits is somebody else's.
    """
    if not driver.locked and driver.has_pending_commit():
        driver.rollback()
    else:
        driver.discard_config()


_SECTION = section_template(__name__)
_SECTION.environment.filters["quoted"] = quoted
_SECTION.globals.update(
    check=rendering.check,
    lacp_of=rendering.lacp_of,
    lag_options=rendering.lag_options,
    members=rendering.members,
    routing_of=rendering.routing_of,
    says_primary=rendering.says_primary,
    vlan_name=rendering.vlan_name,
)

JUNOS = Platform(
    name="junos",
    capabilities=Capabilities(
        candidate=True,
        candidate_config=True,
        # Junos takes no whole configuration as set commands.
        replace=False,
        commit_confirmed=60,
        config_lock=True,
        startup=False,
    ),
    read=read,
    section=_SECTION,
    defaults=defaults,
    default_vlan_name=default_vlan_name,
    unsupported=_LIMITS,
    remediation=rendering.JunosRemediation,
    reset_interface=None,
    vrf_change_drops=(),
    modes_exclude=True,
    mode_loses={
        "access": ("trunk_vlans",),
        "trunk": ("access_vlan",),
        "routed": ("access_vlan", "trunk_vlans"),
    },
    order_free=True,
    commands=rendering.commands,
    config_options={"format": "set"},
    ours=re.compile(
        rf"(set|deactivate) (interfaces ({PORT.pattern}|ae\d+|irb|vlan|lo0) |vlans |routing-instances \S+ interface )"
    ),
    silent_port=PORT,
    discard=discard,
    driver="junos_verified",
    secure_options=secure_options,
)
