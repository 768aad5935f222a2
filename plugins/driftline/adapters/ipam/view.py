"""A partial view must not delete: what a source does not speak of is kept out of the comparison."""

from __future__ import annotations

from typing import TYPE_CHECKING

from driftline.engine import DiffSyncModelFlags

from .models import SHARED_ROLES, Device, Interface, IPAddress, Prefix, Row, Site, Term, Vlan

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from driftline.engine import Adapter


def restrict(known: Adapter, seen: Adapter, whole: Collection[str], sites: Collection[str]) -> None:
    """Flag what an IPAM holds beside what a source speaks of, so that nothing of it looks deleted.

    Args:
        known: what the IPAM holds.
        seen: what the source says that it should hold.
        whole: the devices of which the source knows everything.
        sites: the sites of which it knows all devices, so also all VLANs that are in use.
    """
    for row in _beside(known, seen, frozenset(whole), frozenset(sites)):
        row.model_flags |= DiffSyncModelFlags.IGNORE


def _beside(known: Adapter, seen: Adapter, whole: frozenset[str], sites: frozenset[str]) -> Iterator[Row]:
    for model in (Term, Site, Prefix, Device):
        yield from (row for row in known.get_all(model) if not _has(seen, row))
    for vlan in known.get_all(Vlan):
        if not _has(seen, vlan) and vlan.site not in sites:
            yield vlan
    for interface in known.get_all(Interface):
        if not _has(seen, interface) and interface.device not in whole:
            yield interface
    for address in known.get_all(IPAddress):
        # Whatever protocol brings a shared address up, no interface is configured with it.
        if not _has(seen, address) and (address.device not in whole or address.role in SHARED_ROLES):
            yield address


def _has(seen: Adapter, row: Row) -> bool:
    return seen.has(row.get_type(), row.get_unique_id())
