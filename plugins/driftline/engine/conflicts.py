"""Conflicts: what both sides changed since a base.

With a base (a `Snapshot`) a value that only one side changed is no conflict. Without one nobody can tell who
changed it, and every value that differs is.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import ConfigDict

from .analysis import below
from .enum import DiffSyncActions
from .exceptions import DiffException, Problem, ProblemsError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from .diff import Diff, DiffElement
    from .snapshot import Snapshot

ONE_SIDED = (DiffSyncActions.CREATE, DiffSyncActions.DELETE)


class ConflictResolutionStrategy(enum.Enum):
    """Who wins."""

    SOURCE_WINS = "source_wins"
    """The source, also over what was changed at the destination alone."""
    DEST_WINS = "dest_wins"
    """The destination keeps what it has."""
    MANUAL = "manual"
    """Somebody is asked; without an answer it is an error."""
    MERGE = "merge"
    """Both, where the values are collections and the changes do not touch; else it is an error."""


class ConflictKind(enum.Enum):
    """How the two sides came to differ."""

    BOTH_CHANGED = "both_changed"
    """Each changed the attribute, in another way."""
    BOTH_CREATED = "both_created"
    """Both have it, the base does not know it."""
    SOURCE_DELETED = "source_deleted"
    """The source deleted the object, the destination changed it, or added it below one that was deleted."""
    DEST_DELETED = "dest_deleted"
    """The destination deleted the object, the source changed it, or added it below one that was deleted."""
    UNKNOWN = "unknown"
    """The values differ, and there is no base."""
    LOCAL = "local"
    """No conflict: only the destination changed it, or it goes with an object about which the sides disagree."""


@dataclass(frozen=True, slots=True)
class Conflict:
    """One thing about which the sides disagree; the values of all of them are kept here, whoever wins."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    kind: ConflictKind
    model: str
    name: str
    """The object's name among its siblings, for people."""
    identity: dict[str, Any]
    attribute: str | None
    """None: the object as a whole; the values are then those of its attributes, None where it is not there."""
    base: Any
    source: Any
    dest: Any
    winner: ConflictResolutionStrategy | None = None
    """How it was settled: SOURCE_WINS, DEST_WINS, MERGE, or MANUAL for a value that somebody gave; None: not yet."""
    value: Any = None
    """What the destination has in the end."""
    unit: str = ""
    """What it changes together with, where the destination is known."""

    @property
    def where(self) -> str:
        """What it is about: unit, model, name and attribute, as far as there are any."""
        return " ".join(part for part in (self.unit, self.model, self.name, self.attribute) if part)

    def __str__(self) -> str:
        """Return the disagreement on one line."""
        what = f"{self.model} {self.name}" + (f" {self.attribute}" if self.attribute else "")
        return f"{what}: base {self.base!r}, source {self.source!r}, destination {self.dest!r}"


class ConflictError(ProblemsError, DiffException):
    """Conflicts are left that no strategy and nobody settled."""

    default_code = "DIFF-CONFLICT"

    def __init__(
        self, message: str = "", *args: Any, conflicts: tuple[Conflict, ...] = (), **more: Any
    ) -> None:
        more.setdefault("problems", [_problem(conflict) for conflict in conflicts])
        super().__init__(message, *args, **more)
        self.conflicts = conflicts


def conflicts(diff: Diff, base: Snapshot | None = None) -> list[Conflict]:
    """Return the conflicts of a diff.

    With a base: attributes that both sides changed, in different ways; objects that one side deleted and the
    other changed; objects that both created, with different values. Changes that are held back are no conflicts.
    """
    return [conflict for conflict in _all(diff, base) if conflict.kind is not ConflictKind.LOCAL]


def has_conflict(element: DiffElement) -> bool:
    """Return whether both sides have the object, with values that differ; without a base that is all one can say."""
    both = element.source_attrs is not None and element.dest_attrs is not None
    return both and bool(element.get_attrs_diffs()["+"])


def _all(diff: Diff, base: Snapshot | None) -> Iterator[Conflict]:
    for element in diff.differing():
        both = [element]
        if element.action in ONE_SIDED:
            yield from of_subtree(element, base)
            both = list(_moving_in(element))
        for each in both:
            yield from of_attributes(each, base)
            inner = below(each)
            if inner is not None:
                yield from _all(inner, base)


def of_attributes(element: DiffElement, base: Snapshot | None) -> Iterator[Conflict]:
    """Yield what the sides disagree on about an object that both have, and local changes."""
    if element.held or element.action in ONE_SIDED or (base is not None and not base.covers(element)):
        return
    diffs = element.get_attrs_diffs()
    for name, source in diffs.get("+", {}).items():
        dest = diffs["-"][name]
        known = None if base is None else base.find(element)
        kind = _kind(element.type, name, source, dest, known, base)
        if kind is not None:
            yield _conflict(kind, element, name, (known or {}).get(name), source, dest)


def _kind(
    model: str, name: str, source: Any, dest: Any, known: Mapping[str, Any] | None, base: Snapshot | None
) -> ConflictKind | None:
    if base is None:
        return ConflictKind.UNKNOWN
    if known is None or name not in known:
        return ConflictKind.BOTH_CREATED
    if base.same(model, name, known[name], source):
        return ConflictKind.LOCAL
    return None if base.same(model, name, known[name], dest) else ConflictKind.BOTH_CHANGED


def of_subtree(top: DiffElement, base: Snapshot | None) -> list[Conflict]:
    """Return what the sides disagree on about an object that only one has, and about all that is below it."""
    if base is None or top.held or not base.covers(top):
        return []
    deleted = top.action == DiffSyncActions.DELETE
    if base.find(top) is None:  # one side added it
        return [_conflict(ConflictKind.LOCAL, top, None, None, None, top.dest_attrs)] if deleted else []
    kind = ConflictKind.SOURCE_DELETED if deleted else ConflictKind.DEST_DELETED
    found = [_whole(kind, each, base) for each in _alike(top) if _touched(each, base)]
    if found or deleted:
        return found
    return [_whole(ConflictKind.LOCAL, top, base)]


def of_the_rest(top: DiffElement, base: Snapshot, told: Sequence[Conflict]) -> list[Conflict]:
    """Return what goes with a subtree without a disagreement of its own."""
    known = {(each.model, each.name) for each in told}
    return [
        _whole(ConflictKind.LOCAL, each, base) for each in _alike(top) if (each.type, each.name) not in known
    ]


def _touched(element: DiffElement, base: Snapshot) -> bool:
    """Return whether the side that has an object changed or added it since the base."""
    known = base.find(element)
    values = element.source_attrs if element.source_attrs is not None else element.dest_attrs
    return known is None or any(
        name in known and not base.same(element.type, name, known[name], value)
        for name, value in (values or {}).items()
    )


def _whole(kind: ConflictKind, element: DiffElement, base: Snapshot) -> Conflict:
    return _conflict(kind, element, None, base.find(element), element.source_attrs, element.dest_attrs)


def _conflict(
    kind: ConflictKind, element: DiffElement, attribute: str | None, base: Any, source: Any, dest: Any
) -> Conflict:
    return Conflict(kind, element.type, element.name, dict(element.keys), attribute, base, source, dest)


def _alike(top: DiffElement) -> Iterator[DiffElement]:
    """Yield an object that is created or deleted, and all that is with it."""
    yield top
    inner = below(top)
    for each in () if inner is None else inner.differing():
        if each.action == top.action:
            yield from _alike(each)


def _moving_in(top: DiffElement) -> Iterator[DiffElement]:
    """Yield the elements below a new object that are not new themselves."""
    for each in _alike(top):
        inner = below(each)
        if inner is not None:
            yield from (one for one in inner.differing() if one.action != top.action)


def _problem(conflict: Conflict) -> Problem:
    return Problem(
        " ".join(part for part in (conflict.unit, conflict.model, conflict.name) if part),
        ConflictError.default_code,
        f"{conflict.attribute or 'the object'} was {conflict.base!r}, "
        f"the source has {conflict.source!r}, the destination {conflict.dest!r}",
        "choose source_wins or dest_wins for it, or give its value",
    )
