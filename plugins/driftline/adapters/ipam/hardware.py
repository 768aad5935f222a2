"""What an IPAM and the network call the same hardware: makers, drivers of platforms, types of interfaces."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from netutils.lib_mapper import NAPALM_LIB_MAPPER, NAPALM_LIB_MAPPER_REVERSE

from driftline.network import InterfaceKind, interface_kind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .models import Term

MANUFACTURERS: Final = {
    "eos": "Arista",
    "frr": "FRRouting",
    "ios": "Cisco",
    "iosxr": "Cisco",
    "nxos": "Cisco",
    "junos": "Juniper",
}
"""Who makes what runs an operating system, by the name of its NAPALM driver."""

_DRIVERS: Final = NAPALM_LIB_MAPPER.keys() | MANUFACTURERS.keys()

_LOGICAL: Final = {
    InterfaceKind.LAG: "lag",
    InterfaceKind.SVI: "virtual",
    InterfaceKind.LOOPBACK: "virtual",
    InterfaceKind.SUBINTERFACE: "virtual",
}
_BY_NAME: Final = (
    (re.compile(r"fastethernet", re.IGNORECASE), "100base-tx"),
    (re.compile(r"twentyfivegig", re.IGNORECASE), "25gbase-x-sfp28"),
    (re.compile(r"fortygig", re.IGNORECASE), "40gbase-x-qsfpp"),
    (re.compile(r"fiftygig", re.IGNORECASE), "50gbase-x-sfp56"),
    (re.compile(r"^fourhundredgig", re.IGNORECASE), "400gbase-x-qsfpdd"),
    (re.compile(r"^hundredgig", re.IGNORECASE), "100gbase-x-qsfp28"),
    (re.compile(r"tengig|^xe-", re.IGNORECASE), "10gbase-x-sfpp"),
    (re.compile(r"^gigabit|^ge-", re.IGNORECASE), "1000base-t"),
)


def interface_type(name: str) -> str:
    """Return the slug of an interface's type as far as its name tells; `other` where it does not."""
    logical = _LOGICAL.get(interface_kind(name))
    if logical is not None:
        return logical
    return next((slug for pattern, slug in _BY_NAME if pattern.search(name)), "other")


def napalm_name(platform: Term, given: Mapping[str, str]) -> str | None:
    """Return the name of a platform's NAPALM driver; None: the IPAM does not tell.

    Args:
        given: the drivers of platforms by their names, where the IPAM does not tell.
    """
    if platform.name in given:
        return _driver(given[platform.name])
    # What NetBox tells is the slug, whatever the platform is: a power strip has one, too.
    told = [_driver(text) for text in (platform.driver, platform.name) if text]
    return next((driver for driver in told if driver in _DRIVERS), None)


def _driver(text: str) -> str:
    """Return the driver that a name stands for: `cisco_ios`, `Cisco IOS` and `ios` are one; else the name itself."""
    joined = re.sub(r"[ -]", "_", text.casefold())
    driver: str = NAPALM_LIB_MAPPER_REVERSE.get(joined, joined)
    bare = driver.replace("_", "")
    return driver if driver in _DRIVERS else bare if bare in _DRIVERS else text
