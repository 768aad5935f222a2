"""Units that change together or not at all: each phase is begun when all have ended the one before."""

from __future__ import annotations

import math
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import structlog

from .calls import taken_back, to_the_next_gate
from .exceptions import DriftlineError, PrepareError, TransactionError, VerifyError
from .results import UnitOutcome, UnitResult, skipped

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterable

    from .calls import UnitPhases
    from .plan import Step
    from .policy import Policy, Together
    from .typing import Dispatch

    Item = tuple[str, list[Step]]

_log = structlog.get_logger(__name__)
_MARGIN = 10  # seconds that a timer has on top of what the work is expected to take
_ROUNDS = 3  # committing, reading back and confirming take at most as often as long as preparing did
_CONFIRMING = 2  # confirming, with its reading back, takes at most as often as long as committing did


class Run(Protocol):
    """What the units of a run share."""

    policy: Policy
    halt: threading.Event

    def begin(self, item: Item) -> UnitPhases | UnitResult:
        """Return a unit ready to be carried out, or the result of one that is not to be."""

    def end(self, result: UnitResult) -> UnitResult:
        """Note a unit's result, and tell it."""


def carry_out_together(
    name: str, batches: Iterable[list[Item]], run: Run, together: Together, dispatch: Dispatch
) -> None:
    """Take a group of units through all phases side by side, or all of them back.

    Args:
        name: the group's name.
        batches: the units in the order in which they are prepared; those of one batch need none of each other.
    """
    group = _Group(name, run, together, dispatch)
    try:
        group.carry_out(batches)
    except BaseException as cause:
        group.take_back(cause)
        raise
    group.finish()


@dataclass(slots=True)
class _Group:
    """The units of a group, and where they are."""

    name: str
    run: Run
    together: Together
    dispatch: Dispatch
    waiting: dict[str, UnitPhases] = field(default_factory=dict)
    """The units that wait at the same gate."""
    units: dict[str, list[Step]] = field(default_factory=dict)
    begun: set[str] = field(default_factory=set)
    cause: UnitResult | None = None
    """The first unit that has failed; all others are taken back because of it."""
    confirming: bool = False
    """Whether it is decided that all are to be confirmed."""

    def carry_out(self, batches: Iterable[list[Item]]) -> None:
        """Take all through all phases, as far as the last gate."""
        started = time.monotonic()
        for batch in batches:
            self.prepare(batch)
        timer = self.timer(time.monotonic() - started)
        committing = time.monotonic()
        self.advance(timer)
        confirming = (time.monotonic() - committing) * _CONFIRMING
        self.advance()
        self.decide(None if timer is None else committing + timer - confirming)
        self.advance()

    def prepare(self, batch: list[Item]) -> None:
        """Prepare units; after a failure the rest is not begun."""
        fresh: dict[str, UnitPhases] = {}
        for unit, steps in batch:
            self.units[unit] = steps
            phases = self.run.begin((unit, steps)) if self.cause is None else self._skipped(unit, steps)
            if isinstance(phases, UnitResult):
                self._ended(self.run.end(phases))
            else:
                self.waiting[unit] = fresh[unit] = phases
        self._go(fresh, None)

    def advance(self, answer: Any = None) -> None:
        """Take all units that wait to their next gate; when one does not get there, all are taken back."""
        if self.waiting:
            self._go(dict(self.waiting), answer)

    def timer(self, seconds: float) -> int | None:
        """Return how long the commits' timers must be, from how long preparing took all units.

        The first that commits waits for the last that is read back. Where that takes longer than a timer can be,
        all are taken back.
        """
        given = self.run.policy.revert_in
        if given is None or not self.waiting:
            return None
        needed = math.ceil(seconds * _ROUNDS) + self.together.patience + _MARGIN
        if needed > self.together.longest_timer:
            self.take_back(
                PrepareError(
                    f"{len(self.waiting)} units together need a timer of {needed} seconds, and "
                    f"{self.together.longest_timer} is the most",
                    code="TIMER-SHORT",
                    hint="change fewer devices at once, raise the number of workers, or use a smaller scope",
                )
            )
        return max(given, needed)

    def decide(self, deadline: float | None) -> None:
        """Decide that all are to be confirmed, when it is not too late to begin with it."""
        if not self.waiting:
            return
        if deadline is not None and time.monotonic() > deadline - _MARGIN / 2:
            self.take_back(
                VerifyError(
                    f"committing and reading back {len(self.waiting)} units took nearly as long as their timers",
                    code="TIMER-SHORT",
                    hint="raise apply.revert_in, or change fewer devices at once",
                )
            )
            return
        try:
            self.together.decided(self.name, list(self.units), None)
        except Exception as error:  # noqa: BLE001 - a decision that can't be kept is none
            self.take_back(error)
        else:
            self.confirming = True

    def _go(self, units: dict[str, UnitPhases], answer: Any) -> None:
        def go(item: tuple[str, UnitPhases]) -> None:
            self.begun.add(item[0])
            reached = to_the_next_gate(item[1], answer)
            if isinstance(reached, UnitResult):
                del self.waiting[item[0]]
                self._ended(self.run.end(reached))

        for __ in self.dispatch(go, list(units.items())):
            pass
        if self.cause is not None:
            self.take_back(_because(self.cause))
        elif self.run.halt.is_set() and not self.confirming:
            self.take_back(
                TransactionError(
                    f"the run was interrupted before {self.name} was decided", code="INTERRUPTED"
                )
            )

    def _ended(self, result: UnitResult) -> None:
        stopped = result.outcome is UnitOutcome.SKIPPED and self.run.halt.is_set()
        if result.outcome is not UnitOutcome.APPLIED and not stopped:
            self.cause = self.cause or result

    def _skipped(self, unit: str, steps: list[Step]) -> UnitResult:
        if self.cause is None:
            return skipped(unit, steps, "the run was interrupted")
        became = "was not tried" if self.cause.outcome is UnitOutcome.SKIPPED else "failed"
        return skipped(unit, steps, f"{self.cause.unit} {became}")

    def take_back(self, cause: BaseException) -> None:
        """Take all units back that wait."""
        if not self.waiting:
            return
        try:
            self.together.decided(self.name, list(self.units), cause)
        except Exception as error:  # noqa: BLE001 - what is done must be taken back whoever can't be told
            _log.warning("decision not kept", group=self.name, error=str(error))

        def back(item: tuple[str, UnitPhases]) -> None:
            unit, phases = item
            del self.waiting[unit]
            if unit in self.begun:
                self.run.end(taken_back(phases, _own(cause)))
            else:
                self.run.end(self._skipped(unit, self.units[unit]))

        self._all(back)

    def finish(self) -> None:
        """Let all units end that wait: they are confirmed, and stay so whoever can't be told."""

        def end(item: tuple[str, UnitPhases]) -> None:
            del self.waiting[item[0]]
            reached = to_the_next_gate(item[1])
            if isinstance(reached, UnitResult):
                self.run.end(reached)

        self._all(end)

    def _all(self, work: Callable[[tuple[str, UnitPhases]], None]) -> None:
        """Do something to all units that wait, also to those after one for which it raises."""
        if not self.waiting:
            return
        try:
            for __ in self.dispatch(work, list(self.waiting.items())):
                pass
        finally:
            for item in list(self.waiting.items()):
                with suppress(Exception):
                    work(item)


def _because(result: UnitResult) -> TransactionError:
    why = "it was not tried" if result.error is None else result.error.message
    text = why if why.startswith(result.unit) else f"{result.unit}: {why}"
    interrupted = result.error is not None and result.error.code == "INTERRUPTED"
    return TransactionError(
        text, code="INTERRUPTED" if interrupted else "TOGETHER", hint=f"see what became of {result.unit}"
    )


def _own(cause: BaseException) -> BaseException:
    """Return a cause of a unit's own: what became of its rollback is noted on it."""
    if not isinstance(cause, DriftlineError):
        return cause
    kind = type(cause) if isinstance(cause, TransactionError) else TransactionError
    return kind(cause.message, code=cause.code, hint=cause.hint)
