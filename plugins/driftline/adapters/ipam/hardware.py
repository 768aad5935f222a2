"""What an IPAM wants to know of devices and interfaces that the network itself does not tell: data."""

from __future__ import annotations

import re
from typing import Final

from driftline.network import InterfaceKind, interface_kind

MANUFACTURERS: Final = {
    "eos": "Arista",
    "frr": "FRRouting",
    "ios": "Cisco",
    "iosxr": "Cisco",
    "nxos": "Cisco",
    "junos": "Juniper",
}
"""Who makes what runs an operating system, by the name of its NAPALM driver."""

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
