"""Three-way merging of values: what both sides changed since a base, where the changes do not touch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

ABSENT = object()
"""In place of a value that is not there."""


class Apart(Exception):
    """The changes can't be made together."""


def merged(base: Any, source: Any, dest: Any) -> Any:
    """Return a value with what both sides changed since the base.

    Sets and lists without repetitions get what either added and lose what either removed; a list is in the order
    of the side that changed it. Of dicts each value is merged.

    Raises:
        Apart: the changes can't be made together.
    """
    if dest in (source, base):
        return source
    if source == base:
        return dest
    kind = type(source)
    if kind is not type(dest) or kind not in _COLLECTIONS:
        raise Apart
    return _COLLECTIONS[kind](base if kind is type(base) else kind(), source, dest)


def _merged_dict(base: dict[Any, Any], source: dict[Any, Any], dest: dict[Any, Any]) -> dict[Any, Any]:
    names = [*source, *(name for name in dest if name not in source)]
    values = {name: merged(*(side.get(name, ABSENT) for side in (base, source, dest))) for name in names}
    return {name: value for name, value in values.items() if value is not ABSENT}


def _merged_set(base: Any, source: Any, dest: Any) -> Any:
    return (source & dest) | (source - base) | (dest - base)


def _merged_list(base: Any, source: Any, dest: Any) -> Any:
    """Take the side that put the items in another order, and make the other side's additions and removals to it."""
    if any(_twice(side) for side in (base, source, dest)):
        raise Apart
    main, other = (dest, source) if _in_order(base, source) else (source, dest)
    if not _in_order(base, other):
        raise Apart
    kept = [item for item in main if item in other or item not in base]
    return type(main)([*kept, *(item for item in other if item not in base and item not in main)])


def _twice(items: Any) -> bool:
    return any(item in items[:place] for place, item in enumerate(items))


def _in_order(base: Any, side: Any) -> bool:
    """Return whether a side left the items of the base in their order."""
    return [item for item in base if item in side] == [item for item in side if item in base]


_COLLECTIONS: dict[type, Callable[[Any, Any, Any], Any]] = {
    dict: _merged_dict,
    set: _merged_set,
    frozenset: _merged_set,
    list: _merged_list,
    tuple: _merged_list,
}
