"""The one way in which steps are carried out: unit by unit, each as a transaction."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from .bulk import carry_out_in_bulk, offers_bulk_hooks
from .enum import DiffSyncStatus
from .exceptions import ObjectRefused, RollbackError
from .policy import Policy
from .results import RunResult, StepResult, UnitOutcome, UnitResult, skipped
from .steplog import StepLog
from .straight import StraightRun
from .together import carry_out_together
from .undo import Parents
from .unit import UnitRun

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from .calls import UnitPhases
    from .plan import Step
    from .typing import Dataset, Dispatch

    AnyRun = TypeVar("AnyRun", bound=UnitRun)


_APPLIED = UnitOutcome.APPLIED


def in_turn(work: Callable[[Any], Any], units: Sequence[Any]) -> Iterable[Any]:
    """Dispatch the units one after the other."""
    return map(work, units)


def execute(
    units: dict[str, list[Step]],
    target: Dataset,
    *,
    policy: Policy | None = None,
    dispatch: Dispatch = in_turn,
    on_unit: Callable[[UnitResult], object] | None = None,
    halt: threading.Event | None = None,
    log: Any = None,
) -> RunResult:
    """Carry out the steps, and report on every one of them, whatever happens.

    Args:
        units: the steps by unit, in order.
        target: where the objects live; its hooks and transactions do the work.
        policy: how to behave.
        dispatch: runs the units, in turn or at once; not used where the target has hooks for many objects.
        on_unit: called with each unit's result as soon as it is known.
        halt: set it to stop the run: units under way are finished, the others are not begun.
        log: a structlog logger for an event before and after every step; None: only units are logged.
    """
    run = _Run(target, policy or Policy(), on_unit, halt or threading.Event(), StepLog(log))
    try:
        if run.policy.together is not None:
            for name, group in groups(units, run.policy.together.group_of).items():
                carry_out_together(name, batches(group), run, run.policy.together, dispatch)
        elif offers_bulk_hooks(target):
            carry_out_in_bulk(units, target, run)
        else:
            for batch in [list(units.items())] if dispatch is in_turn else batches(units):
                for __ in dispatch(run.unit, batch):
                    pass
    except KeyboardInterrupt:
        run.halt.set()
    return RunResult(tuple(run.result(*item) for item in units.items()), interrupted=run.halt.is_set())


def batches(units: Mapping[str, list[Step]]) -> Iterator[list[tuple[str, list[Step]]]]:
    """Cut the units, in their order, into batches that can run at once: none needs another of its batch."""
    home = {step.id: unit for unit, steps in units.items() for step in steps}
    batch: dict[str, list[Step]] = {}
    for unit, steps in units.items():
        needed = (home.get(step_id) for step in steps for step_id in step.depends_on)
        if any(other in batch for other in needed):
            yield list(batch.items())
            batch = {}
        batch[unit] = steps
    if batch:
        yield list(batch.items())


def groups(
    units: Mapping[str, list[Step]], group_of: Callable[[str], str]
) -> dict[str, dict[str, list[Step]]]:
    """Return the units by group, all in order."""
    found: dict[str, dict[str, list[Step]]] = {}
    for unit, steps in units.items():
        found.setdefault(group_of(unit), {})[unit] = steps
    return found


@dataclass(slots=True)
class _Run:
    """What the units of one run share."""

    target: Dataset
    policy: Policy
    on_unit: Callable[[UnitResult], object] | None
    halt: threading.Event
    log: StepLog
    failing: threading.Event = field(default_factory=threading.Event)
    begun: set[str] = field(default_factory=set)
    results: dict[str, UnitResult] = field(default_factory=dict)
    failed: set[str] = field(default_factory=set)
    parents: Parents = field(init=False)

    def __post_init__(self) -> None:
        """Nobody's parents are known yet."""
        self.parents = Parents(self.target)

    def unit(self, item: tuple[str, list[Step]]) -> UnitResult:
        """Carry out one unit."""
        unit, steps = item
        why = self._why_not(steps)
        if why:
            return self.end(skipped(unit, steps, why))
        return self.end(self._begun(StraightRun, unit, steps).carry_out())

    def begin(self, item: tuple[str, list[Step]]) -> UnitPhases | UnitResult:
        """Return a unit ready to be carried out, or the result of one that is not to be."""
        unit, steps = item
        why = self._why_not(steps)
        if why:
            return skipped(unit, steps, why)
        return self._begun(UnitRun, unit, steps).phases()

    def end(self, result: UnitResult) -> UnitResult:
        """Note a unit's result, and tell it."""
        self.results[result.unit] = result
        if result.outcome is not _APPLIED:
            self.failed.update(each.step.id for each in result.steps)
            if result.error is not None and not isinstance(result.error, ObjectRefused):
                self.failing.set()
        if self.on_unit is not None:
            self._tell(result, self.on_unit)
        return result

    def result(self, unit: str, steps: list[Step]) -> UnitResult:
        """Return how a unit ended, also when an interruption kept it from saying so."""
        if unit in self.results:
            return self.results[unit]
        return _lost(unit, steps) if unit in self.begun else skipped(unit, steps, "the run was interrupted")

    def _begun(self, kind: type[AnyRun], unit: str, steps: list[Step]) -> AnyRun:
        self.begun.add(unit)
        return kind(unit, steps, self.target, self.policy, self.halt, self.log, self.parents)

    def _tell(self, result: UnitResult, on_unit: Callable[[UnitResult], object]) -> None:
        try:
            on_unit(result)
        except Exception:
            self.halt.set()  # who can't be told must not be left behind: nothing more is begun
            raise
        except BaseException:  # noqa: BLE001 - an interruption stops the run, it does not lose its results
            self.halt.set()

    def _why_not(self, steps: list[Step]) -> str:
        """Return why a unit is not to be carried out, or nothing."""
        if self.halt.is_set():
            return "the run was interrupted"
        if self.failed:
            if self.policy.stop_on_failure and self.failing.is_set():
                return "the run stopped after a failure"
            own = {step.id for step in steps}
            if any(
                needed in self.failed and needed not in own for step in steps for needed in step.depends_on
            ):
                return "what it depends on failed"
        return ""


def _lost(unit: str, steps: list[Step]) -> UnitResult:
    error = RollbackError(f"{unit}: interrupted while it was under way; its state is not known")
    results = tuple(StepResult(step, DiffSyncStatus.ERROR, error.message) for step in steps)
    return UnitResult(unit, UnitOutcome.ROLLBACK_FAILED, results, error)
