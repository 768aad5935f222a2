"""What is done to many records at once while they are loaded: the loops run in C."""

from __future__ import annotations

from collections import deque
from itertools import repeat
from operator import attrgetter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from .model import DiffSyncModel

_uid_of, _values_of = attrgetter("_uid"), attrgetter("__dict__")
_fields_set_of = attrgetter("__pydantic_fields_set__")
_set_slot = object.__setattr__


def unique_ids_of(objs: Sequence[DiffSyncModel]) -> list[str]:
    """Return the unique ids of records: made together where they are of one class and none was asked for its own."""
    read = type(objs[0])._uid_values if is_alike(objs) else None  # noqa: SLF001 - how the model makes them
    if read is None:
        return [obj.get_unique_id() for obj in objs]
    uids = list(map(_uid_of, objs))
    if None not in uids:
        return uids
    made = _joined(list(map(read, map(_values_of, objs)))) if uids.count(None) == len(uids) else None
    if made is None:
        return [obj.get_unique_id() for obj in objs]
    _each(_set_slot, objs, repeat("_uid"), made)
    return made


def _joined(values: list[Any]) -> list[str] | None:
    """Return unique ids if each is the one identifier, or a plain join of several; None where one is not."""
    kind = type(values[0])
    if kind is not tuple:
        return values if set(map(type, values)) == {str} else None
    try:
        uids = list(map("__".join, values))
    except TypeError:
        return None
    # Each has the underscores between its parts: where all together have no more, none has.
    needed = 2 * (len(values[0]) - 1) * len(values)
    return uids if "".join(uids).count("_") == needed else None


def share_fields_sets(objs: Sequence[DiffSyncModel]) -> None:
    """Let all records that were given the same fields share the set of these, which has 700 bytes."""
    shared = type(objs[0])._last_given[0]  # noqa: SLF001 - what the last record of the class was given
    if all(map(shared.__eq__, map(_fields_set_of, objs))):
        _each(_set_slot, objs, repeat("__pydantic_fields_set__"), repeat(shared))
    else:
        for obj in objs:
            obj.share_fields_set()


def is_alike(objs: Sequence[DiffSyncModel]) -> bool:
    """Return whether all records are of one class."""
    return len(set(map(type, objs))) == 1


def _each(function: Callable[..., Any], *arguments: Iterable[Any]) -> None:
    deque(map(function, *arguments), maxlen=0)
