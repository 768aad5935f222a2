"""The one way in which steps are carried out: unit by unit, each as a transaction."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import structlog

from .enum import DiffSyncStatus
from .exceptions import DriftlineError, ObjectCrudException, RollbackError, TargetError, TransactionError
from .results import RunResult, StepResult, UnitOutcome, UnitResult
from .transaction import UndoLog

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from .model import DiffSyncModel
    from .plan import Step
    from .transaction import Transaction
    from .typing import Dataset, Dispatch

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Policy:
    """How a run behaves."""

    revert_in: int | None = None
    """Seconds until an unconfirmed change reverts by itself, on targets that can; None: no timer."""
    stop_on_failure: bool = False
    """Whether units that have not begun are skipped after the first failure."""


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
) -> RunResult:
    """Carry out the steps, and report on every one of them, whatever happens.

    Args:
        units: the steps by unit, in order.
        target: where the objects live; its hooks and transactions do the work.
        policy: how to behave.
        dispatch: runs the units, in turn or at once.
        on_unit: called with each unit's result as soon as it is known.
        halt: set it to stop the run: units under way are finished, the others are not begun.
    """
    run = _Run(target, policy or Policy(), on_unit, halt or threading.Event())
    for _ in dispatch(run.unit, list(units.items())):
        pass
    return RunResult(tuple(run.results[unit] for unit in units), interrupted=run.halt.is_set())


@dataclass(slots=True)
class _Run:
    """What the units of one run share."""

    target: Dataset
    policy: Policy
    on_unit: Callable[[UnitResult], object] | None
    halt: threading.Event
    failing: threading.Event = field(default_factory=threading.Event)
    results: dict[str, UnitResult] = field(default_factory=dict)
    failed: set[str] = field(default_factory=set)

    def unit(self, item: tuple[str, list[Step]]) -> UnitResult:
        unit, steps = item
        result = self._result(unit, steps)
        self.results[unit] = result
        if result.outcome is not UnitOutcome.APPLIED:
            self.failed.update(step.id for step in steps)
            self.failing.set()
        if self.on_unit is not None:
            self.on_unit(result)
        return result

    def _result(self, unit: str, steps: list[Step]) -> UnitResult:
        if self.halt.is_set():
            return _skip(unit, steps, "the run was interrupted")
        if self.policy.stop_on_failure and self.failing.is_set():
            return _skip(unit, steps, "the run stopped after a failure")
        own = {step.id for step in steps}
        if any(needed in self.failed for step in steps for needed in step.depends_on if needed not in own):
            return _skip(unit, steps, "what it depends on failed")
        return _UnitRun(unit, steps, self.target, self.policy, self.halt).run()


def _skip(unit: str, steps: list[Step], why: str) -> UnitResult:
    message = f"not tried: {why}"
    results = tuple(StepResult(step, DiffSyncStatus.UNKNOWN, message) for step in steps)
    return UnitResult(unit, UnitOutcome.SKIPPED, results)


class _UnitRun:
    """One unit on its way through its transaction."""

    def __init__(
        self, unit: str, steps: list[Step], target: Dataset, policy: Policy, halt: threading.Event
    ) -> None:
        self.unit = unit
        self.steps = steps
        self.target = target
        self.policy = policy
        self.halt = halt
        self.undo = UndoLog()
        self.objects: dict[str, DiffSyncModel] = {}
        self.native_diff = ""
        self.begun = False
        self.current: Step | None = None

    def run(self) -> UnitResult:
        """Take the unit through all phases, or back."""
        started = time.monotonic()
        transaction: Transaction = self.target.transaction(self.unit)
        error: DriftlineError | None = None
        try:
            outcome = UnitOutcome.APPLIED
            self._forward(transaction)
        except BaseException as cause:  # noqa: BLE001 - whatever it is, the unit is taken back and reported
            error = _as_error(cause, self.current)
            if not isinstance(cause, Exception):
                self.halt.set()
            outcome = self._back(transaction, error)
        finally:
            transaction.close()
        return UnitResult(
            unit=self.unit,
            outcome=outcome,
            steps=tuple(self._step_result(step, outcome, error) for step in self.steps),
            error=error,
            native_diff=self.native_diff,
            guarantee=transaction.guarantee,
            warnings=tuple(transaction.warnings),
            seconds=time.monotonic() - started,
        )

    def _forward(self, transaction: Transaction) -> None:
        transaction.begin([step.id for step in self.steps])
        self.begun = True
        for step in self.steps:
            self.current = step
            self._stage(step)
        self.current = None
        self.native_diff = transaction.prepare()
        transaction.commit(self.policy.revert_in)
        transaction.verify()
        transaction.confirm()

    def _back(self, transaction: Transaction, error: DriftlineError) -> UnitOutcome:
        self.undo.rollback()
        if not self.begun:
            _log.warning("unit not begun", unit=self.unit, code=error.code)
            return UnitOutcome.NOT_REACHED if isinstance(error, TargetError) else UnitOutcome.ROLLED_BACK
        try:
            transaction.rollback()
        except Exception as failure:  # noqa: BLE001 - whatever it is, the unit may be left changed
            error.add_note(f"rollback failed: {failure}")
            error.rollback_error = _as_error(failure, None, RollbackError)
            _log.error("unit rollback failed", unit=self.unit, code=error.code)
            return UnitOutcome.ROLLBACK_FAILED
        _log.warning("unit rolled back", unit=self.unit, code=error.code)
        return UnitOutcome.ROLLED_BACK

    # One step ---------------------------------------------------------------------------------------------

    def _stage(self, step: Step) -> None:
        obj = {"create": self._create, "update": self._update, "delete": self._delete}[step.action](step)
        status, message = obj.get_status()
        if status in (DiffSyncStatus.FAILURE, DiffSyncStatus.ERROR):
            raise ObjectCrudException(f"{step.action} {step.model} {step.name}: {message}")
        self.objects[step.id] = obj

    def _create(self, step: Step) -> DiffSyncModel:
        cls = self.target.model_class(step.model)
        obj = _returned(cls.create(self.target, dict(step.identity), dict(step.after or {})), step)
        self.target.add(obj)
        self.undo.add(lambda: self.target.remove(obj))
        self._adopt(obj, step)
        return obj

    def _update(self, step: Step) -> DiffSyncModel:
        obj = self.target.get(step.model, step.identity)
        before = {name: getattr(obj, name) for name in step.after or {}}
        self.undo.add(lambda: obj.update_base(before))
        updated = _returned(obj.update(dict(step.after or {})), step)
        self._adopt(obj, step)
        return updated

    def _delete(self, step: Step) -> DiffSyncModel:
        obj = self.target.get(step.model, step.identity)
        deleted = _returned(obj.delete(), step)
        if step.parent is not None:
            parent = self.target.get_or_none(step.parent.model, step.parent.identity)
            self._disown(obj, [] if parent is None else [parent])
        self.target.remove(obj)
        self.undo.add(lambda: self.target.add(obj))
        return deleted

    def _adopt(self, obj: DiffSyncModel, step: Step) -> None:
        """Hang an object under the parent that the step names, and nowhere else."""
        if step.parent is None:
            return
        parent = self.target.get(step.parent.model, step.parent.identity)
        field = parent.get_children_mapping()[obj.get_type()]
        if obj.get_unique_id() not in getattr(parent, field):
            self._disown(obj, self._parents_of(obj))
            parent.add_child(obj)
            self.undo.add(lambda: parent.remove_child(obj))

    def _disown(self, obj: DiffSyncModel, parents: Iterable[DiffSyncModel]) -> None:
        """Take an object off the lists of its parents."""
        for parent in parents:
            parent.remove_child(obj)
            self.undo.add(lambda parent=parent: parent.add_child(obj))  # type: ignore[misc]

    def _parents_of(self, obj: DiffSyncModel) -> list[DiffSyncModel]:
        uid = obj.get_unique_id()
        return [
            parent
            for modelname, field in self.target.parent_fields(obj.get_type())
            for parent in self.target.get_all(modelname)
            if uid in getattr(parent, field)
        ]

    # Results ----------------------------------------------------------------------------------------------

    def _step_result(self, step: Step, outcome: UnitOutcome, error: DriftlineError | None) -> StepResult:
        status, message = self._status(step, outcome, error)
        obj = self.objects.get(step.id)
        if obj is not None:
            obj.set_status(status, message)
        return StepResult(step, status, message)

    def _status(
        self, step: Step, outcome: UnitOutcome, error: DriftlineError | None
    ) -> tuple[DiffSyncStatus, str]:
        if error is None:
            return DiffSyncStatus.SUCCESS, f"{step.action.capitalize()}d successfully"
        culprits = getattr(error, "culprits", {})
        key = (step.model, self.target.model_class(step.model).create_unique_id(**step.identity))
        if self.current is step:
            return DiffSyncStatus.ERROR, str(error.message)
        if key in culprits:
            return DiffSyncStatus.ERROR, culprits[key]
        if outcome is UnitOutcome.NOT_REACHED:
            return DiffSyncStatus.FAILURE, f"not applied: {error.message}"
        if outcome is UnitOutcome.ROLLBACK_FAILED:
            return DiffSyncStatus.ERROR, f"state unknown, rollback failed after: {error.message}"
        return DiffSyncStatus.FAILURE, f"rolled back because of: {error.message}"


def _returned(obj: DiffSyncModel | None, step: Step) -> DiffSyncModel:
    if obj is None:
        raise ObjectCrudException(f"{step.action} {step.model} {step.name}: the hook returned nothing")
    return obj


def _as_error(
    cause: BaseException, step: Step | None, kind: type[DriftlineError] = TransactionError
) -> DriftlineError:
    if isinstance(cause, DriftlineError):
        return cause
    what = f"{step.action} {step.model} {step.name}: " if step else ""
    error = kind(f"{what}{type(cause).__name__}: {cause}", code="UNEXPECTED")
    error.__cause__ = cause
    return error
