"""The resolution of conflicts: who wins, what is applied, and what becomes of the loser's values."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from .analysis import below, unchanged, with_below
from .conflicts import (
    ONE_SIDED,
    Conflict,
    ConflictError,
    ConflictKind,
    ConflictResolutionStrategy,
    of_attributes,
    of_subtree,
    of_the_rest,
)
from .enum import DiffSyncActions
from .exceptions import DiffException
from .merging import ABSENT, Apart, merged

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .diff import Diff, DiffElement
    from .snapshot import Snapshot

AnyDiff = TypeVar("AnyDiff", bound="Diff")
SOURCE_WINS = ConflictResolutionStrategy.SOURCE_WINS
DEST_WINS = ConflictResolutionStrategy.DEST_WINS

Strategy = ConflictResolutionStrategy | str
Answer = Callable[[Conflict], Any]
"""Returns a strategy, or for an attribute its value; None: no answer."""
Strategies = Strategy | Mapping[str, Strategy | Mapping[str | None, Strategy]] | Answer


@dataclass(frozen=True, slots=True)
class Resolution(Generic[AnyDiff]):
    """A diff without conflicts, and how it came about."""

    diff: AnyDiff
    settled: tuple[Conflict, ...]
    """Every conflict and every local change at the destination, with its winner."""
    open: tuple[Conflict, ...] = ()
    """Every conflict that nobody settled; the diff has there what the source says."""


def resolve(
    diff: AnyDiff,
    strategy: Strategies,
    base: Snapshot | None = None,
    answer: Answer | None = None,
) -> Resolution[AnyDiff]:
    """Settle all conflicts, and return the diff that is left to be applied.

    What only the source changed is applied, under every strategy. What only the destination changed stays, but
    for SOURCE_WINS. A new or deleted object goes as a whole with all that is below it: a subtree that the source
    deleted stays when the destination wins anything in it, and one that the destination deleted is created again
    when the source wins anything in it. Where an object hangs is always the source's say: its old parent may go.

    Args:
        strategy: one for all; or by model, and there by attribute (None: the object as a whole), and what is not
            named is MANUAL; or a function, which is asked as `answer` is.
        answer: asked about what is MANUAL or could not be merged. It returns a strategy, or the value of the
            attribute, or None when it does not know.

    Raises:
        ConflictError: some are not settled; it lists all of them.
        DiffException: there is no such strategy.
    """
    resolution = settle(diff, strategy, base, answer)
    _expect_settled(resolution.open)
    return resolution


def settle(
    diff: AnyDiff,
    strategy: Strategies,
    base: Snapshot | None = None,
    answer: Answer | None = None,
) -> Resolution[AnyDiff]:
    """Settle what can be, as `resolve` does; what nobody settled is told as open, and is no error yet."""
    if callable(strategy):
        settling = _Settling(base, ConflictResolutionStrategy.MANUAL, strategy)
    else:
        settling = _Settling(base, _checked(strategy), answer)
    resolved = settling.level(diff)
    return Resolution(resolved, tuple(settling.settled), tuple(settling.open))


def resolve_conflict(element: DiffElement, strategy: Strategy) -> dict[str, Any]:
    """Return the attributes of an element's object when the conflict is settled in one way.

    Raises:
        ConflictError: the values can't be merged, or the strategy is MANUAL.
    """
    wanted = _strategy(strategy)
    source, dest = element.source_attrs or {}, element.dest_attrs or {}
    if wanted is SOURCE_WINS:
        return dict(source)
    if wanted is DEST_WINS:
        return dict(dest)
    settling = _Settling(None, wanted, None)
    settled = [settling.settle(conflict) for conflict in of_attributes(element, None)]
    _expect_settled(settling.open)
    return {**dest, **source} | {each.attribute: each.value for each in settled if each and each.attribute}


class _Settling:
    """One resolution under way."""

    def __init__(self, base: Snapshot | None, strategy: Any, answer: Answer | None) -> None:
        self.base = base
        self.strategy = strategy
        self.answer = answer
        self.settled: list[Conflict] = []
        self.open: list[Conflict] = []

    def level(self, diff: AnyDiff) -> AnyDiff:
        """Return a level of the diff with what is left of its elements."""
        left = type(diff)()
        left.models_processed, left.seconds = diff.models_processed, diff.seconds
        left.unchanged, left.skipped = unchanged(diff), diff.skipped
        for element in diff.differing():
            if element.action in ONE_SIDED:
                self._subtree(element, left)
            else:
                self._pair(element, left)
        return left

    def _pair(self, element: DiffElement, into: Diff) -> None:
        """Add what is left of an element whose object both sides have; a dropped one is counted as skipped."""
        inner = below(element)
        twin = with_below(element, None if inner is None else self.level(inner))
        if not element.held and element.source_attrs is not None:
            self._set_attributes(twin)
        left = below(twin)
        if twin.has_diffs():
            into.add(twin)
        else:
            own = element.action is not None
            into.unchanged += (0 if own else 1) + (0 if left is None else left.unchanged)
            into.skipped += (1 if own else 0) + (0 if left is None else left.skipped)

    def _set_attributes(self, twin: DiffElement) -> None:
        source, dest = dict(twin.source_attrs or {}), twin.dest_attrs or {}
        changed = list(twin.get_attrs_diffs().get("+", ()))
        for conflict in of_attributes(twin, self.base):
            settled = self.settle(conflict)
            if settled is None or settled.attribute is None:
                continue
            name = settled.attribute
            source[name] = settled.value
            if settled.winner is DEST_WINS or settled.value == dest[name]:
                changed.remove(name)
        twin.source_attrs, twin.changed = source, tuple(changed)

    def _subtree(self, top: DiffElement, into: Diff) -> None:
        """Add a subtree that is to be created or deleted, or leave it out whole."""
        found = of_subtree(top, self.base)
        # What moves into a new subtree needs it: the parent that it leaves may be going.
        forced = any(each.moved for each in _walk(top))
        settled = [self._decided(each, SOURCE_WINS) if forced else self._decision(each) for each in found]
        winners = {each.winner for each in settled if each is not None}
        keeping = DEST_WINS if top.action == DiffSyncActions.DELETE else SOURCE_WINS
        losing = SOURCE_WINS if keeping is DEST_WINS else DEST_WINS
        winner = keeping if keeping in winners else losing if winners else SOURCE_WINS
        if None in settled and keeping not in winners:  # the open ones could still turn it
            self.open.extend(one for one, each in zip(found, settled, strict=True) if each is None)
            into.add(self._whole(top))
            return
        if winner is DEST_WINS and self.base is not None:
            found += of_the_rest(top, self.base, found)
        # The whole of it goes one way, also where one part of it alone would have gone the other.
        self.settled.extend(
            each for each in (self._decided(one, winner) for one in found) if each is not None
        )
        if winner is SOURCE_WINS:
            into.add(self._whole(top))
        else:
            into.skipped += len(top)

    def _whole(self, element: DiffElement) -> DiffElement:
        """Return a copy of a subtree, in which only what moves into it may still be in conflict."""
        inner = below(element)
        if inner is None:
            return with_below(element, None)
        left = type(inner)()
        left.unchanged, left.skipped = unchanged(inner), inner.skipped
        for each in inner.differing():
            if each.action == element.action:
                left.add(self._whole(each))
            else:
                self._pair(each, left)
        return with_below(element, left)

    # One conflict -----------------------------------------------------------------------------------------

    def settle(self, conflict: Conflict) -> Conflict | None:
        """Return a conflict with its winner and value, or note it as open and return None."""
        settled = self._decision(conflict)
        if settled is None:
            self.open.append(conflict)
        else:
            self.settled.append(settled)
        return settled

    def _decision(self, conflict: Conflict) -> Conflict | None:
        return self._decided(conflict, self._wanted(conflict)) or self._asked(conflict)

    def _wanted(self, conflict: Conflict) -> ConflictResolutionStrategy:
        wanted = self.strategy
        for key in (conflict.model, conflict.attribute):
            if isinstance(wanted, dict):
                wanted = wanted.get(key, ConflictResolutionStrategy.MANUAL)
        return ConflictResolutionStrategy(wanted)

    def _asked(self, conflict: Conflict) -> Conflict | None:
        found = None if self.answer is None else self.answer(conflict)
        if isinstance(found, ConflictResolutionStrategy):
            return self._decided(conflict, found)
        if found is None or conflict.attribute is None:
            return None
        return replace(conflict, winner=ConflictResolutionStrategy.MANUAL, value=found)

    def _decided(self, conflict: Conflict, strategy: ConflictResolutionStrategy) -> Conflict | None:
        """Return a conflict as a strategy settles it, or None when it can't."""
        if strategy is SOURCE_WINS:
            return replace(conflict, winner=strategy, value=conflict.source)
        if strategy is DEST_WINS or conflict.kind is ConflictKind.LOCAL:
            return replace(conflict, winner=DEST_WINS, value=conflict.dest)
        if strategy is ConflictResolutionStrategy.MERGE and conflict.attribute is not None:
            base = conflict.base if conflict.kind is ConflictKind.BOTH_CHANGED else ABSENT
            try:
                return replace(conflict, winner=strategy, value=self._merged(base, conflict))
            except Apart:
                return None
        return None

    def _merged(self, base: Any, conflict: Conflict) -> Any:
        if self.base is None or conflict.attribute is None:
            return merged(base, conflict.source, conflict.dest)
        return self.base.merged(conflict.model, conflict.attribute, base, conflict.source, conflict.dest)


def _expect_settled(left: Sequence[Conflict]) -> None:
    if left:
        raise ConflictError(f"{len(left)} conflicts are not settled", conflicts=tuple(left))


def _walk(element: DiffElement) -> Iterator[DiffElement]:
    yield element
    inner = below(element)
    for each in () if inner is None else inner.differing():
        yield from _walk(each)


# Strategies -----------------------------------------------------------------------------------------------


def _checked(strategy: Any) -> Any:
    """Return strategies as members, at all levels."""
    if isinstance(strategy, Mapping):
        return {key: _checked(value) for key, value in strategy.items()}
    return _strategy(strategy)


def _strategy(strategy: Any) -> ConflictResolutionStrategy:
    try:
        return ConflictResolutionStrategy(strategy)
    except ValueError as error:
        names = ", ".join(each.value for each in ConflictResolutionStrategy)
        raise DiffException(
            f"there is no strategy {strategy!r}", code="DIFF-STRATEGY", hint=f"the strategies are {names}"
        ) from error
