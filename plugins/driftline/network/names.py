"""Interface names and VLAN lists: one way to compare each, and one canonical way to write them."""

from __future__ import annotations

import enum
import re
from functools import lru_cache
from typing import TYPE_CHECKING

from netutils.interface import canonical_interface_name

if TYPE_CHECKING:
    from collections.abc import Iterable

MIN_VLAN, MAX_VLAN = 1, 4094
RESERVED_VLANS = frozenset({1, 1002, 1003, 1004, 1005})
"""VLANs that exist by themselves and are never created or deleted."""

_FULL = re.compile(r"mgmt.*|lo\d+\.\d+")
"""Names in full that look like abbreviations: of a management port, and of a unit of a loopback on Junos."""
_NAME = re.compile(r"^(?P<prefix>[A-Za-z][A-Za-z-]*?)-?(?P<rest>[\d.].*)?$")


class InterfaceKind(enum.Enum):
    """What an interface is, as its name tells."""

    PHYSICAL = "physical"
    LAG = "lag"
    SVI = "svi"
    LOOPBACK = "loopback"
    SUBINTERFACE = "subinterface"
    MANAGEMENT = "management"
    OTHER = "other"

    @property
    def logical(self) -> bool:
        """Whether such an interface comes and goes by configuration alone."""
        return self in _LOGICAL


_LOGICAL = frozenset(
    {InterfaceKind.LAG, InterfaceKind.SVI, InterfaceKind.LOOPBACK, InterfaceKind.SUBINTERFACE}
)

_KINDS = {
    "vlan": InterfaceKind.SVI,
    "irb": InterfaceKind.SVI,
    "bdi": InterfaceKind.SVI,
    "bvi": InterfaceKind.SVI,
    "loopback": InterfaceKind.LOOPBACK,
    "lo": InterfaceKind.LOOPBACK,
    "port-channel": InterfaceKind.LAG,
    "bundle-ether": InterfaceKind.LAG,
    "ae": InterfaceKind.LAG,
    "management": InterfaceKind.MANAGEMENT,
    "mgmt": InterfaceKind.MANAGEMENT,
    "mgmteth": InterfaceKind.MANAGEMENT,
    "fxp": InterfaceKind.MANAGEMENT,
    "em": InterfaceKind.MANAGEMENT,
    "me": InterfaceKind.MANAGEMENT,
    "vme": InterfaceKind.MANAGEMENT,
    "tunnel": InterfaceKind.OTHER,
    "vxlan": InterfaceKind.OTHER,
    "nve": InterfaceKind.OTHER,
    "null": InterfaceKind.OTHER,
}


@lru_cache(maxsize=65536)
def name_key(name: str) -> str:
    """Return the key by which interface names are compared: `Et1`, `ethernet1` and `Ethernet 1` are one.

    It is for comparing only. It is lossy (`mgmt0` and `Management0` share a key), so what is stored and
    pushed is always the device's own spelling.
    """
    bare = name.replace(" ", "")
    return str(canonical_interface_name(bare)).casefold()


@lru_cache(maxsize=65536)
def canonical_name(name: str) -> str:
    """Return an interface name with its abbreviation expanded; a name in full keeps its spelling."""
    bare = name.replace(" ", "")
    full = str(canonical_interface_name(bare))
    return bare if full.casefold() == bare.casefold() or _FULL.fullmatch(bare) else full


@lru_cache(maxsize=65536)
def interface_kind(name: str) -> InterfaceKind:
    """Return what an interface is, by its name."""
    key = name_key(name)
    match = _NAME.match(key)
    prefix = match["prefix"] if match else key
    kind = _KINDS.get(prefix, InterfaceKind.PHYSICAL)
    if "." in key and kind in (InterfaceKind.PHYSICAL, InterfaceKind.LAG):
        return InterfaceKind.SUBINTERFACE
    return kind


@lru_cache(maxsize=65536)
def name_order(name: str) -> tuple[str, tuple[int, ...]]:
    """Return a sort key that puts Ethernet2 before Ethernet10, and a parent before its subinterfaces."""
    key = name_key(name)
    prefix = re.split(r"\d", key, maxsplit=1)[0]
    return prefix, tuple(int(number) for number in re.findall(r"\d+", key))


def expand_vlans(text: str) -> tuple[int, ...]:
    """Return the VLAN ids of a list such as `10-12,20`, sorted; `all` and `none` are understood.

    Raises:
        ValueError: it is no VLAN list, or an id is not from 1 to 4094.
    """
    word = text.strip().casefold()
    if word == "all":
        return tuple(range(MIN_VLAN, MAX_VLAN + 1))
    if word in ("none", ""):
        return ()
    vids: set[int] = set()
    for part in word.split(","):
        vids.update(_expand_part(part.strip(), text))
    return tuple(sorted(vids))


def _expand_part(part: str, text: str) -> range:
    match = re.fullmatch(r"(\d+)(?:-(\d+))?", part)
    if match is None:
        raise ValueError(f"{part!r} in {text!r} is neither a VLAN id nor a range such as 10-12")
    first, last = int(match[1]), int(match[2] or match[1])
    if not MIN_VLAN <= first <= last <= MAX_VLAN:
        raise ValueError(f"{part!r} is not within {MIN_VLAN}-{MAX_VLAN}")
    return range(first, last + 1)


def vlan_ranges(vlans: str | Iterable[int | str]) -> str:
    """Return the one canonical way to write a VLAN list: sorted ranges, or `all`, or `none`.

    Raises:
        ValueError: it is no VLAN list, or an id is not from 1 to 4094.
    """
    text = vlans if isinstance(vlans, str) else ",".join(str(part) for part in vlans)
    return _ranges(text)


@lru_cache(maxsize=65536)
def _ranges(text: str) -> str:
    vids = expand_vlans(text)
    if not vids:
        return "none"
    if len(vids) == MAX_VLAN:
        return "all"
    runs: list[list[int]] = []
    for vid in vids:
        if runs and vid == runs[-1][1] + 1:
            runs[-1][1] = vid
        else:
            runs.append([vid, vid])
    return ",".join(str(a) if a == b else f"{a}-{b}" for a, b in runs)
