"""How a run is put on record: a row before each effect and one after it, and a lease on every unit.

A transaction is wrapped in one that keeps the record, so neither the engine nor a target knows of the journal.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import structlog

from driftline.engine.exceptions import DriftlineError
from driftline.engine.results import UnitOutcome
from driftline.engine.transaction import WrappedTransaction

from .journal import Kind, LeaseLost
from .standing import INTERRUPTED, candidate_name

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from driftline.engine import Step
    from driftline.engine.results import RunResult, UnitResult
    from driftline.engine.transaction import Transaction

    from .journal import Journal, Lease

_log = structlog.get_logger(__name__)
_NOT_TRIED = {UnitOutcome.NOT_REACHED: Kind.NOT_REACHED, UnitOutcome.SKIPPED: Kind.SKIPPED}
KEPT = ("before", "inverse")
"""What is kept of each unit before it is written: its whole configuration, and the lines that undo the change."""


class Recorder:
    """Keeps the record of one run."""

    def __init__(self, journal: Journal, run: str, *, lease_seconds: float = 60) -> None:
        self.journal = journal
        self.run = run
        self._lease_seconds = lease_seconds
        self._leases: dict[str, Lease] = {}

    def around(self, unit: str, steps: Sequence[Step], transaction: Transaction) -> Transaction:
        """Wrap a unit's transaction in one that is on record."""
        return Recorded(transaction, unit, [step.id for step in steps], self)

    def claim(self, unit: str) -> None:
        """Claim a unit; raises LeaseHeld when another run has it."""
        self._leases[unit] = self.journal.claim(self.run, unit, self._lease_seconds)

    def release(self, unit: str) -> None:
        """Give a unit back."""
        lease = self._leases.pop(unit, None)
        if lease is not None:
            with suppress(LeaseLost):
                lease.release()

    def fence(self, unit: str) -> None:
        """Make sure that a unit still is this run's to write; raises LeaseLost."""
        lease = self._leases.get(unit)
        if lease is None:
            raise LeaseLost(f"run {self.run} does not hold {unit}")
        lease.check()

    def candidate(self, unit: str, *, back: bool) -> str:
        """Return what the candidate on a unit is to be called, as another process can tell from the claim."""
        return candidate_name(self.run, self._leases[unit].token, back=back)

    def note(self, kind: Kind, unit: str = "", **data: object) -> None:
        """Write down what is about to be done, or what came of it."""
        self.journal.note(self.run, kind, unit, **data)

    def decided(self, group: str, units: Sequence[str], cause: BaseException | None) -> None:
        """Write down that a group of units is going to be confirmed, or taken back because of something."""
        if cause is None:
            self.note(Kind.DECISION, decision="confirm", group=group, units=list(units))
            return
        code = cause.code if isinstance(cause, DriftlineError) else INTERRUPTED
        again = code == INTERRUPTED
        self.note(Kind.DECISION, decision="abort", group=group, units=list(units), code=code, again=again)

    def end(self, result: RunResult, **more: object) -> None:
        """Write down how the run ended."""
        counts = {outcome.value: count for outcome, count in result.counts.items()}
        summary = ", ".join(f"{count} {name}" for name, count in sorted(counts.items()))
        self.journal.end(
            self.run, "applied" if result.succeeded else "failed", summary, counts=counts, **more
        )

    def ended(self, result: UnitResult) -> None:
        """Write down that a unit was not tried, or why it failed; what has been done to it is on record before."""
        try:
            if result.outcome in _NOT_TRIED:
                self.note(_NOT_TRIED[result.outcome], result.unit, code=_code(result))
            elif result.error is not None:
                self.note(Kind.FAILED, result.unit, code=_code(result), outcome=result.outcome.value)
        except (DriftlineError, OSError) as error:
            _log.error("not on record", unit=result.unit, outcome=result.outcome.value, error=str(error))


def _code(result: UnitResult) -> str:
    return "" if result.error is None else result.error.code


class Recorded(WrappedTransaction):
    """A transaction on record: nothing has an effect before its intent is on disk."""

    def __init__(self, inner: Transaction, unit: str, steps: list[str], recorder: Recorder) -> None:
        super().__init__(inner)
        self._unit = unit
        self._steps = steps
        self._recorder = recorder
        self._effective = False

    def begin(self, steps: Sequence[str]) -> None:
        """Claim the unit, then open it; raises LeaseHeld."""
        self._recorder.claim(self._unit)
        self._inner.begin(steps)

    def commit(self, revert_in: int | None) -> None:
        """Keep what takes the unit back, write down the intent, and commit."""
        recovery = self._inner.recovery
        kept = self._keep(recovery)
        rest = {name: text for name, text in recovery.items() if name not in KEPT}
        self._recorder.note(
            Kind.COMMIT, self._unit, steps=self._steps, kept=kept, revert_in=revert_in, **rest
        )
        self._effective = True
        self._inner.commit(revert_in)
        self._recorder.note(Kind.COMMITTED, self._unit, guarantee=self._inner.guarantee)

    def verify(self) -> None:
        """Read the target back."""
        self._inner.verify()
        self._recorder.note(Kind.VERIFIED, self._unit)

    def confirm(self) -> None:
        """Write down the intent, and make the change permanent."""
        self._recorder.note(Kind.CONFIRM, self._unit)
        self._inner.confirm()
        self._recorder.note(Kind.CONFIRMED, self._unit)

    def rollback(self) -> None:
        """Bring the unit back; where nothing had an effect, there is nothing to put on record."""
        if not self._effective:
            self._inner.rollback()
            return
        self._try_to_note(Kind.ROLLBACK)
        try:
            self._inner.rollback()
        except BaseException:
            self._try_to_note(Kind.ROLLBACK_FAILED)
            raise
        self._try_to_note(Kind.ROLLED_BACK)

    def close(self) -> None:
        """Release the unit."""
        try:
            self._inner.close()
        finally:
            self._recorder.release(self._unit)

    def _keep(self, recovery: Mapping[str, str]) -> dict[str, str]:
        """Keep the texts; a run that was resumed may do so again for the same unit."""
        journal, run = self._recorder.journal, self._recorder.run
        turn = sum(entry.kind is Kind.COMMIT for entry in journal.entries(run, self._unit))
        suffix = f".{turn + 1}" if turn else ""
        return {
            f"{name}{suffix}": journal.keep(run, self._unit, f"{name}{suffix}", recovery[name])
            for name in KEPT
            if name in recovery
        }

    def _try_to_note(self, kind: Kind) -> None:
        """Write down what happens on the way back; the way back is gone also when that can't be written down."""
        try:
            self._recorder.note(kind, self._unit)
        except (DriftlineError, OSError) as error:
            self.warnings.append(f"not on record: {kind}: {error}")
            _log.error("not on record", unit=self._unit, kind=kind.value, error=str(error))


class Written(WrappedTransaction):
    """A transaction on record whose hooks write at once: the intent is on disk before they are called.

    All units of such a run belong to one target, which the run has claimed as a whole.
    """

    def __init__(
        self, inner: Transaction, unit: str, steps: list[str], recorder: Recorder, target: str
    ) -> None:
        super().__init__(inner)
        self._unit = unit
        self._steps = steps
        self._recorder = recorder
        self._target = target

    def begin(self, steps: Sequence[str]) -> None:
        """Make sure that the target is this run's, and write down the intent; raises LeaseLost."""
        self._inner.begin(steps)
        self._recorder.fence(self._target)
        self._recorder.note(Kind.STEP, self._unit, steps=self._steps)

    def confirm(self) -> None:
        """Write down that it is done."""
        self._inner.confirm()
        self._recorder.note(Kind.STEP_DONE, self._unit)
