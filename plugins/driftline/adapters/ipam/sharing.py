"""Rows of ours that are one object there: an address that several devices have is one in Nautobot."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .fields import Item

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping, Sequence

    from driftline.engine import Adapter

    from .models import Row
    from .system import Writer


def twins(items: Sequence[Item], writer: Writer, dataset: Adapter) -> dict[Item, Item | Row]:
    """Return the items whose object is there already, or is made for another of them, with that one."""
    keys = _keys(items, writer)
    if not keys:
        return {}
    rows = dataset.get_all(items[0].model.get_type())
    first: dict[Any, Item | Row] = {writer.shared_as(row): row for row in rows}
    found: dict[Item, Item | Row] = {}
    for item, key in keys.items():
        if (other := first.setdefault(key, item)) is not item:
            found[item] = other
    return found


def join(found: Mapping[Item, Item | Row]) -> None:
    """Give items the object that they share."""
    for item, other in found.items():
        item.joined, item.tags = True, other.tags
        if isinstance(other, Item):
            item.answer, item.failure = other.answer, other.failure
        else:
            item.answer = {"id": other.pk, "last_updated": other.changed}


def staying(items: Sequence[Item], writer: Writer, dataset: Adapter) -> set[Item]:
    """Return the items whose object must stay, because rows that are not deleted now share it."""
    keys = _keys(items, writer)
    if not keys:
        return set()
    going = {item.wanted.get_unique_id() for item in items}
    left = {
        writer.shared_as(row)
        for row in dataset.get_all(items[0].model.get_type())
        if row.get_unique_id() not in going
    }
    return {item for item, key in keys.items() if key in left}


def _keys(items: Sequence[Item], writer: Writer) -> dict[Item, Hashable]:
    return {item: key for item in items if (key := writer.shared_as(item.wanted)) is not None}
