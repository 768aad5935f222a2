"""Elements of a diff that are made when somebody looks at them."""

from __future__ import annotations

import enum
import types
import typing
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from .diff import DiffElement
from .enum import DiffSyncActions
from .values import ATOMS, copied, copies

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from .model import DiffSyncModel
    from .remembered import Below, Recorder


class LateElement(DiffElement):
    """The element of two objects that makes what it shows when somebody asks for it.

    What was compared was put by at the time; the rest is what the objects are called.

    Args:
        source: None: the element is another one's twin.
        values: the flags and the compared values of both sides, where these differ; None: they do not.
        beneath: what is below the two.
    """

    __slots__ = ("beneath", "comparison", "dest", "source", "values")

    def __init__(
        self,
        comparison: Recorder,
        source: Any,
        dest: Any,
        values: tuple[Sequence[Any], Sequence[Any]] | None,
        beneath: Below | None = None,
    ) -> None:
        self.comparison, self.source, self.dest = comparison, source, dest
        self.values = values
        self.beneath = beneath

    def __getattr__(self, name: str) -> Any:
        """Make what was not asked for yet."""
        make = _LATE.get(name)
        if make is None:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        value = make(self)
        setattr(self, name, value)
        return value

    def __copy__(self) -> DiffElement:
        """Return a plain element that shows the same."""
        twin = DiffElement.__new__(DiffElement)
        for name in DiffElement.__slots__:
            setattr(twin, name, getattr(self, name))
        return twin

    @property
    def action(self) -> str | None:
        """What has to be done to the destination: what was compared says so."""
        if self.source is None:
            return super().action
        return DiffSyncActions.NO_CHANGE if self.values is None else DiffSyncActions.UPDATE

    def attributes(self, side: int) -> dict[str, Any]:
        """Return the values of the source (0) or the destination (1)."""
        way = self.comparison.way(self.source, self.dest)
        if self.values is not None:
            return dict(zip(way.names, self.values[side][1:], strict=True))
        obj, names = ((self.source, way.ours), (self.dest, way.theirs))[side]
        values = obj.get_attrs() if way.values is None else obj.__dict__
        return copies(values, [name for name in names if name in values])

    def differing(self) -> tuple[str, ...]:
        """Return the names of the values that differ."""
        if self.values is None:
            return ()
        mine, theirs, same = self.source_attrs or {}, self.dest_attrs or {}, type(self.dest).same
        return tuple([name for name, value in mine.items() if not same(name, value, theirs[name])])

    @classmethod
    def over(cls, element: DiffElement, beneath: Below, comparison: Recorder) -> LateElement:
        """Return an element like another one, with something else below it."""
        twin = cls.__new__(cls)
        for name in _SHOWN:
            setattr(twin, name, getattr(element, name))
        twin.beneath, twin.comparison, twin.source = beneath, comparison, None
        return twin


_SHOWN = tuple(name for name in DiffElement.__slots__ if name != "_child_diff")
_LATE: Mapping[str, Callable[[LateElement], Any]] = {
    "type": lambda element: element.dest.get_type(),
    "name": lambda element: element.dest.get_shortname(),
    "keys": lambda element: element.dest.get_identifiers(),
    "source_attrs": lambda element: element.attributes(0),
    "dest_attrs": lambda element: element.attributes(1),
    "changed": LateElement.differing,
    "moved": lambda _: False,
    "flags": lambda element: element.values[1][0] if element.values else element.dest.model_flags,
    "held": lambda element: element.comparison.holds_update(
        *(() if element.values else (element.source, element.dest))  # no flags where they were put by
    ),
    "source_name": lambda element: element.comparison.source.name,
    "dest_name": lambda element: element.comparison.dest.name,
    "diff_class": lambda element: element.comparison.diff_class,
    "_child_diff": lambda element: element.beneath and element.beneath.diff(element.comparison),
}


def put_by(places: tuple[int, ...], values: tuple[Any, ...]) -> Sequence[Any]:
    """Return flags and values of an object that stay as they are when the `mutable` ones are changed in place."""
    if not places:
        return values
    kept = list(values)
    for place in places:
        kept[place] = copied(kept[place])
    return kept


@lru_cache(maxsize=1024)
def mutable(cls: type[DiffSyncModel], names: tuple[str, ...]) -> tuple[int, ...]:
    """Return the places of the values that may be changed in place; before them stand the flags."""
    fields = cls.model_fields
    return tuple(
        place
        for place, name in enumerate(names, 1)
        if name not in fields or not _is_fixed(fields[name].annotation)
    )


def _is_fixed(annotation: Any) -> bool:
    """Return whether values of a type never change: nearly all are, and asking each for its type takes time."""
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        return all(map(_is_fixed, typing.get_args(annotation)))
    return isinstance(annotation, type) and (annotation in ATOMS or issubclass(annotation, enum.Enum))
