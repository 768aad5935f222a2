"""An example of what others bring: ACME's routers, which speak nearly like IOS, and ACME's source of truth."""

from __future__ import annotations

import re
from pathlib import Path  # noqa: TC003 - pydantic reads it

from driftline.adapters.source import Place, Source
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
from driftline.network import IntendedState, InterfaceKind


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
    section=section_template(__name__),
    defaults=defaults,
    default_vlan_name=default_vlan_name,
    unsupported={**SWITCH_LIMITS, **refused(SWITCHING, InterfaceKind, "ACME makes routers")},
    remediation=section_rules(("description", "mtu", "routing-instance"), primary=r"^(ip address) \S+/\d+$"),
    reset_interface="",
    vrf_change_drops=("ip address ", "ipv6 address "),
    is_pending=lambda _: False,
)
NO_PLATFORM = "something else"


class AcmeIntent(IntendedState):
    """What ACME's own inventory intends: one line for each interface."""

    def __init__(self, path: Path) -> None:
        super().__init__(name="acme")
        self.path = path

    def load(self) -> None:
        """Fill the dataset from lines such as `ams leaf1 Ethernet1 to spine1`."""
        for line in self.path.read_text(encoding="utf-8").splitlines():
            site_name, device_name, name, description = line.split(maxsplit=3)
            site, _ = self.get_or_instantiate(self.site, {"name": site_name})
            device, made = self.get_or_instantiate(self.device, {"name": device_name}, {"site": site_name})
            if made:
                site.add_child(device)
            interface = self.interface(device=device_name, name=name, description=description)
            self.add(interface.manage(("description",)))
            device.add_child(interface)


class AcmeSource(Source):
    """The settings of ACME's inventory."""

    path: Path

    def open(self, place: Place) -> AcmeIntent:
        """Return the dataset, not loaded yet."""
        return AcmeIntent(place.path(self.path))
