"""Elements of a diff as plain records that JSON can hold, and back.

A record tells its depth: written in order, parents first, records make up the tree without being nested.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from .analysis import below, unchanged
from .enum import DiffSyncModelFlags
from .exceptions import DiffException, ObjectAlreadyExists
from .tagged import NotExact, by_name, from_plain, to_plain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from .diff import Diff, DiffElement
    from .tagged import Enums

FORMAT, VERSION = "driftline-diff", 1
MAX_DEPTH = 100
"""How many levels of objects a diff on paper can have."""
_SIDES = ("source", "dest")
_PLAIN = frozenset({str, int, bool, type(None)})
_COUNTS = ("models_processed", "unchanged", "skipped")


# Writing elements -----------------------------------------------------------------------------------------


def sides_of(diff: Diff) -> tuple[str, str]:
    """Return the names of the two datasets, which elements as a rule have in common."""
    first = next(diff.differing(), None)
    return _SIDES if first is None else (first.source_name, first.dest_name)


def header_of(diff: Diff, sides: tuple[str, str]) -> dict[str, Any]:
    """Return what is known of a diff as a whole."""
    return {
        "format": FORMAT,
        "version": VERSION,
        "sides": list(sides),
        "models_processed": diff.models_processed,
        "unchanged": unchanged(diff),
        "skipped": diff.skipped,
    }


def levels(diff: Diff) -> Iterator[tuple[int, DiffElement]]:
    """Yield what differs, parents first, with its depth; without recursion, however deep."""
    path = [diff.differing()]
    while path:
        element = next(path[-1], None)
        if element is None:
            path.pop()
            continue
        if len(path) > MAX_DEPTH:
            raise unsaved(element, f"it is more than {MAX_DEPTH} levels deep")
        yield len(path) - 1, element
        inner = below(element)
        if inner is not None:
            path.append(inner.differing())


def record_of(depth: int, element: DiffElement, sides: tuple[str, str]) -> dict[str, Any]:
    """Return an element as plain values; what is as usual is not mentioned."""
    record: dict[str, Any] = {"depth": depth, "type": element.type, "name": element.name}
    record["keys"] = _plain_values(element.keys, element)
    if (element.source_name, element.dest_name) != sides:
        record["sides"] = [element.source_name, element.dest_name]
    if element.source_attrs is not None:
        record["source"] = _plain_values(element.source_attrs, element)
    if element.dest_attrs is not None:
        record["dest"] = _plain_values(element.dest_attrs, element)
    if element.changed is not None:
        record["changed"] = list(element.changed)
    if element.flags is not None:
        record["flags"] = list(_flag_names(element.flags))
    if element.moved:
        record["moved"] = True
    if element.held:
        record["held"] = True
    inner = below(element)
    if inner is not None:
        record["unchanged"], record["skipped"] = unchanged(inner), inner.skipped
    return record


def _plain_values(values: Mapping[str, Any], element: DiffElement) -> dict[str, Any]:
    plain = {}
    for name, value in values.items():
        if type(value) in _PLAIN:
            plain[name] = value
            continue
        try:
            plain[name] = to_plain(value)
        except NotExact as error:
            raise unsaved(element, f"attribute {name}: {error}") from error
    return plain


@lru_cache(maxsize=256)
def _flag_names(flags: DiffSyncModelFlags) -> tuple[str, ...]:
    return tuple(str(flag.name) for flag in flags)


def unsaved(element: DiffElement, why: str) -> DiffException:
    """Return the error that says why an element has no exact form."""
    return DiffException(
        f"{element.type} {element.name} can't be saved: {why}",
        code="DIFF-VALUE",
        hint="a saved diff must be read back exactly; give the model values that JSON has",
    )


# Reading elements -----------------------------------------------------------------------------------------

_HEADER: dict[str, type] = {"format": str, "version": int, "sides": list, **dict.fromkeys(_COUNTS, int)}
_RECORD: dict[str, type] = {
    "depth": int,
    "type": str,
    "name": str,
    "keys": dict,
    "sides": list,
    "source": dict,
    "dest": dict,
    "changed": list,
    "moved": bool,
    "held": bool,
    "flags": list,
    "unchanged": int,
    "skipped": int,
}
_NEEDED = ("depth", "type", "name", "keys")


class Reader:
    """Makes elements of records, one after the other."""

    def __init__(self, diff_class: type[Diff], element_class: type[DiffElement], enums: Enums) -> None:
        self.diff_class = diff_class
        self.element_class = element_class
        self.enums = by_name(enums)
        self.sides: tuple[str, str] = _SIDES
        self.deepest = 0
        """How deep the next element may be."""

    def start(self, header: Any) -> Any:
        """Read the header, and return a diff with its counts."""
        if not isinstance(header, dict) or header.get("format") != FORMAT:
            raise NotExact(f"it is no {FORMAT}")
        if header.get("version") != VERSION:
            raise NotExact(f"it has version {header.get('version')!r}, not {VERSION}")
        _check(header, _HEADER, _HEADER)
        self.sides = _pair(header["sides"])
        diff = self.diff_class()
        for name in _COUNTS:
            setattr(diff, name, header[name])
        return diff

    def take(self, record: Any) -> tuple[int, DiffElement]:
        """Return the element of a record, and its depth."""
        _check(record, _RECORD, _NEEDED)
        depth: int = record["depth"]
        if depth > self.deepest:
            raise NotExact("its parent is missing")
        self.deepest = min(depth + 1, MAX_DEPTH - 1)
        return depth, self._element(record)

    def _element(self, record: dict[str, Any]) -> DiffElement:
        source_name, dest_name = _pair(record["sides"]) if "sides" in record else self.sides
        keys = self._values(record["keys"])
        element = self.element_class(
            record["type"], record["name"], keys, source_name, dest_name, self.diff_class
        )
        source, dest = record.get("source"), record.get("dest")
        element.source_attrs = None if source is None else self._values(source)
        element.dest_attrs = None if dest is None else self._values(dest)
        if "changed" in record:
            element.changed = _changed(record["changed"], source or {}, dest or {})
        if "flags" in record:
            element.flags = _flags(*record["flags"])
        if "moved" in record:
            element.moved = record["moved"]
        if "held" in record:
            element.held = record["held"]
        if "unchanged" in record or "skipped" in record:
            element.child_diff.unchanged = record.get("unchanged", 0)
            element.child_diff.skipped = record.get("skipped", 0)
        return element

    def _values(self, plain: dict[str, Any]) -> dict[str, Any]:
        values = dict(plain)
        for name, value in plain.items():
            if type(value) not in _PLAIN:
                try:
                    values[name] = from_plain(value, self.enums)
                except NotExact as error:
                    raise NotExact(f"{name}: {error}") from error
        return values


class Builder(Reader):
    """Makes a tree of them too."""

    def start(self, header: Any) -> Any:
        """Read the header, and return the diff that is going to be filled."""
        diff = super().start(header)
        self.path: list[Callable[[DiffElement], None]] = [diff.add]
        return diff

    def take(self, record: Any) -> tuple[int, DiffElement]:
        """Hang the element of a record where it belongs, and return it."""
        depth, element = super().take(record)
        del self.path[depth + 1 :]
        try:
            self.path[depth](element)
        except ObjectAlreadyExists as error:
            raise NotExact(f"{element.type} {element.name} is there twice") from error
        self.path.append(element.add_child)
        return depth, element


def _check(record: Any, fields: Mapping[str, type], needed: Iterable[str]) -> None:
    if not isinstance(record, dict):
        raise NotExact("it is no object")
    for name, value in record.items():
        kind, found = fields.get(name), type(value)
        if kind is None:
            raise NotExact(f"{name!r} is no field")
        if found is not kind:
            raise NotExact(f"{name} must be of type {kind.__name__}")
        if isinstance(value, int) and value < 0:
            raise NotExact(f"{name} is negative")
    for name in needed:
        if name not in record:
            raise NotExact(f"{name} is missing")


def _pair(names: list[Any]) -> tuple[str, str]:
    if len(names) != len(_SIDES) or not all(isinstance(name, str) for name in names):
        raise NotExact("sides must be two names")
    return names[0], names[1]


def _changed(names: list[Any], source: Mapping[str, Any], dest: Mapping[str, Any]) -> tuple[str, ...]:
    for name in names:
        if not isinstance(name, str) or name not in source or name not in dest:
            raise NotExact(f"changed names {name!r}, which is not on both sides")
    return tuple(names)


def _flags(*names: Any) -> DiffSyncModelFlags:
    flags = DiffSyncModelFlags.NONE
    for name in names:
        if not isinstance(name, str) or name not in DiffSyncModelFlags.__members__:
            raise NotExact(f"there is no flag {name!r}")
        flags |= DiffSyncModelFlags[name]
    return flags
