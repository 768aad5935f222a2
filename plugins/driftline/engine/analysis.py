"""What can be asked of a diff: parts of it, single changes, counts, and what a change takes with it."""

from __future__ import annotations

import copy
import heapq
from collections import Counter
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from .enum import DiffSyncActions
from .exceptions import DiffException
from .store import model_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from .diff import Diff, DiffElement

    Predicate = Callable[[DiffElement], bool]
    AnyDiff = TypeVar("AnyDiff", bound=Diff)

NO_CHANGE = "no-change"
_ACTIONS = (DiffSyncActions.CREATE, DiffSyncActions.UPDATE, DiffSyncActions.DELETE)
_LARGEST = 10


# Parts of a diff ------------------------------------------------------------------------------------------


def filtered(diff: AnyDiff, predicate: Predicate) -> AnyDiff:
    """Return a new diff of the same class with the elements for which the predicate holds, at any depth.

    An element that does not match but has matching ones below it stays as a mere path to them: it asks for
    nothing itself. So applying the new diff applies what matched and nothing else. The given diff is not
    changed; the values are shared. What was only counted (unchanged, skipped) is not part of the new diff.

    What is left out is left out in earnest. An object whose parent was to be created, but whose parent's
    creation did not match, can't be created: the sync reports it as failed. The deletion of an object without
    the deletions below it leaves those objects without a parent, or the target takes them down with it; and
    so with children that were to move away first. Match whole subtrees where that matters.
    """
    return _filtered(diff, predicate, held=False)


def filter_by_action(diff: AnyDiff, action: str | None) -> AnyDiff:
    """Return the part of a diff that creates, updates or deletes.

    Raises:
        DiffException: there is no such action.
    """
    wanted = _action(action)
    return filtered(diff, lambda element: element.action == wanted)


def filter_by_type(diff: AnyDiff, model: Any) -> AnyDiff:
    """Return the part of a diff that is about one model, given by its name or its class."""
    wanted = model_name(model)
    return filtered(diff, lambda element: element.type == wanted)


def below(element: DiffElement) -> Diff | None:
    """Return what is below an element, if anything or any count is; nothing is made by looking."""
    return element._child_diff  # noqa: SLF001 - the property makes a diff for each that has none


def unchanged(diff: Diff) -> int:
    """Return how many objects of a diff do not differ, whether they are elements or only counted."""
    return len(diff) - sum(len(element) for element in diff.differing())


def with_below(element: DiffElement, diff: Diff | None) -> DiffElement:
    """Return a copy of an element with something else below it, or None as before; the values are shared."""
    twin = copy.copy(element)
    if diff is not None:
        twin.child_diff = diff
    return twin


def as_path(element: DiffElement, diff: Diff) -> DiffElement:
    """Return a copy of an element that asks for nothing itself and only leads to what is below it."""
    twin = with_below(element, diff)
    both = element.source_attrs is not None and element.dest_attrs is not None
    twin.source_attrs = {} if both else None
    twin.dest_attrs = {} if both else None
    twin.changed = () if both else None
    twin.moved = False
    return twin


def _filtered(diff: AnyDiff, predicate: Predicate, *, held: bool) -> AnyDiff:
    """Return the matching part; `held` says that something above holds back what is deleted here."""
    kept = type(diff)()
    for element in diff.differing():
        matches = predicate(element)
        holds = held or (element.held and element.action == DiffSyncActions.DELETE)
        old = below(element)
        new = None if old is None else _filtered(old, predicate, held=holds)
        if matches:
            twin = with_below(element, new)
            twin.held = element.held or held
            kept.add(twin)
        elif new is not None and new.has_diffs():
            kept.add(as_path(element, new))
    return kept


# Single elements ------------------------------------------------------------------------------------------


def query(diff: Diff, **criteria: Any) -> list[DiffElement]:
    """Return the elements, anywhere in the tree, that meet all criteria.

    Args:
        criteria: `type`, a model or its name; `action`; `keys`, identifiers that the object must have among
            its own; `attribute`, the name of one that differs (of a new or a deleted object: that it has).

    Raises:
        TypeError: there is no such criterion.
        DiffException: there is no such action.
    """
    unknown = sorted(criteria.keys() - _CRITERIA.keys())
    if unknown:
        raise TypeError(f"no such criteria: {', '.join(unknown)}; there are {', '.join(_CRITERIA)}")
    tests = [_CRITERIA[name](value) for name, value in criteria.items()]
    return [element for element in diff.walk() if all(test(element) for test in tests)]


def _by_type(model: Any) -> Predicate:
    wanted = model_name(model)
    return lambda element: element.type == wanted


def _by_action(action: str | None) -> Predicate:
    wanted = _action(action)
    return lambda element: element.action == wanted


def _by_keys(keys: Mapping[str, Any]) -> Predicate:
    def has_keys(element: DiffElement) -> bool:
        mine = element.keys
        return all(name in mine and mine[name] == value for name, value in keys.items())

    return has_keys


def _by_attribute(name: str) -> Predicate:
    return lambda element: any(name in values for values in element.get_attrs_diffs().values())


_CRITERIA: dict[str, Callable[[Any], Predicate]] = {
    "type": _by_type,
    "action": _by_action,
    "keys": _by_keys,
    "attribute": _by_attribute,
}


def _action(action: str | None) -> str | None:
    if action in _ACTIONS:
        return action
    if action in (None, NO_CHANGE):
        return DiffSyncActions.NO_CHANGE
    raise DiffException(
        f"there is no action {action!r}",
        code="DIFF-QUERY",
        hint=f"the actions are {', '.join(_ACTIONS)} and {NO_CHANGE}",
    )


# Counts ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Change:
    """One changed object, and how many of its attributes differ."""

    type: str
    name: str
    action: str
    attributes: int


@dataclass(frozen=True, slots=True)
class Statistics:
    """A diff in numbers."""

    total_elements: int
    """All objects of the diff, those that are the same in both datasets included."""
    by_action: dict[str, int]
    """How many objects are to be created, updated, deleted, are the same, or were skipped."""
    by_type: dict[str, int]
    """How many objects change, by model."""
    by_top: dict[str, dict[str, int]]
    """How many objects change below (and with) each top-level object that is touched: {model: {name: n}}.

    Where the sites are at the top, that is the count by site.
    """
    largest_changes: tuple[Change, ...]
    """The changes with the most attributes, at most ten."""
    affected_models: tuple[str, ...]
    """The models that have changes, sorted."""
    seconds: float | None
    """How long the calculation of the diff took; None: it was not calculated but made in another way."""

    def to_dict(self) -> dict[str, Any]:
        """Return the numbers as plain values."""
        return _plain(self)


def statistics(diff: Diff) -> Statistics:
    """Return a diff in numbers; objects that are there only for what is below them are no changes."""
    changes: list[Change] = []
    by_type: Counter[str] = Counter()
    by_top: dict[str, dict[str, int]] = {}
    for top in diff.differing():
        below = [_change(element) for element in _with_walk(top) if element.action is not None]
        by_type.update(change.type for change in below)
        by_top.setdefault(top.type, {})[top.name] = len(below)
        # Kept small as it goes: a diff can have a million changes.
        changes = heapq.nlargest(_LARGEST, [*changes, *below], key=lambda change: change.attributes)
    return Statistics(
        total_elements=len(diff),
        by_action=diff.summary(),
        by_type=dict(by_type),
        by_top=by_top,
        largest_changes=tuple(changes),
        affected_models=tuple(sorted(by_type)),
        seconds=diff.seconds,
    )


def _change(element: DiffElement) -> Change:
    attributes = {name for values in element.get_attrs_diffs().values() for name in values}
    return Change(element.type, element.name, element.action or NO_CHANGE, len(attributes))


def _with_walk(element: DiffElement) -> Iterator[DiffElement]:
    yield element
    if element.has_children():
        yield from element.child_diff.walk()


# What a change takes with it ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Cascade:
    """One change that takes other objects with it."""

    type: str
    name: str
    keys: dict[str, Any]
    action: str
    moved: bool
    """Whether the object moves to another parent, with all that is below it."""
    below: dict[str, int]
    """How many objects below it are created or deleted with it (of a moved one: change), by model."""
    skipped: int
    """How many objects below it a flag keeps out of the diff; the deletion of their parent may take them along."""


@dataclass(frozen=True, slots=True)
class Impact:
    """What the changes of a diff cascade to."""

    cascades: tuple[Cascade, ...]
    """The changes that take others with them, parents first."""
    affected: dict[str, dict[str, int]]
    """How many objects change in all: {model: {action: n}}."""

    def to_dict(self) -> dict[str, Any]:
        """Return the impact as plain values."""
        return _plain(self)


def impact(diff: Diff) -> Impact:
    """Return what each creation, deletion and move takes with it; an update in place takes nothing."""
    affected: dict[str, dict[str, int]] = {}
    cascades: list[Cascade] = []
    for element in diff.walk():
        if element.action is not None:
            counts = affected.setdefault(element.type, {})
            counts[element.action] = counts.get(element.action, 0) + 1
            cascade = _cascade(element)
            if cascade.moved or cascade.below or cascade.skipped:
                cascades.append(cascade)
    return Impact(tuple(cascades), affected)


def _cascade(element: DiffElement) -> Cascade:
    action = element.action or NO_CHANGE
    counted = action != DiffSyncActions.UPDATE or element.moved
    elements = list(_with_walk(element))[1:] if counted else []
    counts: Counter[str] = Counter()
    element.count(counts)
    return Cascade(
        type=element.type,
        name=element.name,
        keys=dict(element.keys),
        action=action,
        moved=element.moved,
        below=dict(Counter(each.type for each in elements if each.action is not None)),
        skipped=counts[DiffSyncActions.SKIP] if counted else 0,
    )


def _plain(value: Statistics | Impact) -> dict[str, Any]:
    return {name: list(v) if isinstance(v, tuple) else v for name, v in asdict(value).items()}
