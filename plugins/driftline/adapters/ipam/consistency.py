"""What the rows of an IPAM refer to must be there, or they were not read at one time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .tables import Tables

_REFERENCES: Final[Mapping[str, Mapping[str, str]]] = {
    "device_type": {"manufacturer": "manufacturer"},
    "vlan": {"group": "vlan_group"},
    "prefix": {"vrf": "vrf"},
    "device": {"site": "site", "role": "role", "device_type": "device_type", "platform": "platform"},
    "interface": {
        "device": "device",
        "untagged": "vlan",
        "tagged": "vlan",
        "lag": "interface",
        "parent": "interface",
        "vrf": "vrf",
    },
    "ip_address": {"vrf": "vrf", "interfaces": "interface"},
}
"""Kind → field → the kind that it refers to."""
_LOOSE: Final = frozenset(
    {("interface", "device"), ("interface", "lag"), ("interface", "parent"), ("ip_address", "interfaces")}
)
"""What may point out of a scope: a virtual chassis has interfaces of other members, an address other devices."""


def dangling(tables: Tables, *, narrow: bool) -> str:
    """Return in words the first reference to something that was not read; empty: there is none.

    Args:
        tables: what was read.
        narrow: whether only a part of the devices was read.
    """
    for kind, fields in _REFERENCES.items():
        for field, target in fields.items():
            if narrow and (kind, field) in _LOOSE:
                continue
            there = tables.of(target)
            for pk, row in tables.of(kind).items():
                for other in _targets(row[field]):
                    if other not in there:
                        return f"{_plain(kind)} {pk} refers to {_plain(target)} {other}, which was not read"
    return ""


def missing_vlans(tables: Tables) -> list[str]:
    """Return the VLANs that interfaces use and that were not read."""
    there = tables.of("vlan")
    used: dict[str, None] = {}
    for row in tables.of("interface").values():
        used.update(dict.fromkeys((*_targets(row["untagged"]), *row["tagged"])))
    return [pk for pk in used if pk not in there]


def _targets(value: str | list[str] | None) -> list[str]:
    if isinstance(value, list):
        return value
    return [] if value is None else [value]


def _plain(kind: str) -> str:
    return kind.replace("_", " ")
