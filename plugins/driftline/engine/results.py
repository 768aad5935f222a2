"""What became of a plan: per step, per unit, and of the whole run."""

from __future__ import annotations

import enum
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from .enum import DiffSyncStatus

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .exceptions import DriftlineError
    from .plan import Step


class UnitOutcome(enum.Enum):
    """How a unit ended."""

    APPLIED = "applied"
    """Changed, read back, and confirmed."""
    ROLLED_BACK = "rolled-back"
    """Something failed; the unit is as it was before."""
    ROLLBACK_FAILED = "rollback-failed"
    """Something failed and the unit is not, or not known to be, as it was before."""
    NOT_REACHED = "not-reached"
    """The unit could not be opened; nothing was written."""
    SKIPPED = "skipped"
    """Not tried: the run was stopped, or what it depends on failed."""
    REHEARSED = "rehearsed"
    """Only checked; nothing was written."""


class StepResult(NamedTuple):
    """How a step ended."""

    step: Step
    status: DiffSyncStatus
    message: str


class UnitResult(NamedTuple):
    """How a unit ended, and each of its steps."""

    unit: str
    outcome: UnitOutcome
    steps: tuple[StepResult, ...]
    error: DriftlineError | None = None
    native_diff: str = ""
    guarantee: str = ""
    warnings: tuple[str, ...] = ()
    seconds: float = 0.0


def skipped(unit: str, steps: Iterable[Step], why: str) -> UnitResult:
    """Return the result of a unit that was not tried."""
    message = f"not tried: {why}"
    results = tuple(StepResult(step, DiffSyncStatus.UNKNOWN, message) for step in steps)
    return UnitResult(unit, UnitOutcome.SKIPPED, results)


@dataclass(frozen=True, slots=True)
class RunResult:
    """How a run ended."""

    units: tuple[UnitResult, ...] = ()
    interrupted: bool = False
    counts: Counter[UnitOutcome] = field(init=False)

    def __post_init__(self) -> None:
        """Count the outcomes."""
        outcomes = [unit.outcome for unit in self.units]
        # To hash each takes far longer.
        counts = {outcome: outcomes.count(outcome) for outcome in UnitOutcome}
        object.__setattr__(self, "counts", +Counter(counts))

    @property
    def succeeded(self) -> bool:
        """Whether every unit was applied."""
        return not self.interrupted and set(self.counts) <= {UnitOutcome.APPLIED}
