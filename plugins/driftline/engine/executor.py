"""The one way in which steps are carried out: unit by unit, each as a transaction."""

from __future__ import annotations

import copy
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import structlog

from .enum import DiffSyncModelFlags, DiffSyncStatus
from .exceptions import (
    DriftlineError,
    ObjectNotCreated,
    ObjectNotFound,
    ObjectRefused,
    RollbackError,
    TransactionError,
)
from .results import RunResult, StepResult, UnitOutcome, UnitResult
from .transaction import UndoLog

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from .model import DiffSyncModel
    from .plan import Step
    from .transaction import Transaction
    from .typing import Dataset, Dispatch

_log = structlog.get_logger(__name__)
_LEVELS = {DiffSyncStatus.FAILURE: "warning", DiffSyncStatus.ERROR: "error"}


@dataclass(frozen=True, slots=True)
class Policy:
    """How a run behaves."""

    revert_in: int | None = None
    """Seconds until an unconfirmed change reverts by itself, on targets that can; None: no timer."""
    stop_on_failure: bool = False
    """Whether units that have not begun are skipped after the first failure, a hook's refusal apart."""


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
        dispatch: runs the units, in turn or at once.
        on_unit: called with each unit's result as soon as it is known.
        halt: set it to stop the run: units under way are finished, the others are not begun.
        log: a structlog logger for an event before and after every step; None: only units are logged.
    """
    run = _Run(target, policy or Policy(), on_unit, halt or threading.Event(), log)
    try:
        for batch in _batches(units):
            for _ in dispatch(run.unit, batch):
                pass
    except KeyboardInterrupt:
        run.halt.set()
    return RunResult(tuple(run.result(*item) for item in units.items()), interrupted=run.halt.is_set())


def _batches(units: Mapping[str, list[Step]]) -> Iterator[list[tuple[str, list[Step]]]]:
    """Cut the units, in their order, into batches that can run at once: none needs another of its batch."""
    home = {step.id: unit for unit, steps in units.items() for step in steps}
    batch: dict[str, list[Step]] = {}
    for unit, steps in units.items():
        needed = {home[needed] for step in steps for needed in step.depends_on if needed in home}
        if not needed.isdisjoint(batch):
            yield list(batch.items())
            batch = {}
        batch[unit] = steps
    if batch:
        yield list(batch.items())


@dataclass(slots=True)
class _Run:
    """What the units of one run share."""

    target: Dataset
    policy: Policy
    on_unit: Callable[[UnitResult], object] | None
    halt: threading.Event
    log: Any
    failing: threading.Event = field(default_factory=threading.Event)
    begun: set[str] = field(default_factory=set)
    results: dict[str, UnitResult] = field(default_factory=dict)
    failed: set[str] = field(default_factory=set)

    def unit(self, item: tuple[str, list[Step]]) -> UnitResult:
        """Carry out one unit."""
        unit, steps = item
        result = self._carry_out(unit, steps)
        self.results[unit] = result
        if result.outcome is not UnitOutcome.APPLIED:
            self.failed.update(step.id for step in steps)
        if result.error is not None and not isinstance(result.error, ObjectRefused):
            self.failing.set()
        self._tell(result)
        return result

    def result(self, unit: str, steps: list[Step]) -> UnitResult:
        """Return how a unit ended, also when an interruption kept it from saying so."""
        if unit in self.results:
            return self.results[unit]
        return _lost(unit, steps) if unit in self.begun else _skip(unit, steps, "the run was interrupted")

    def _tell(self, result: UnitResult) -> None:
        if self.on_unit is None:
            return
        try:
            self.on_unit(result)
        except Exception:
            self.halt.set()  # who can't be told must not be left behind: nothing more is begun
            raise
        except BaseException:  # noqa: BLE001 - an interruption stops the run, it does not lose its results
            self.halt.set()

    def _carry_out(self, unit: str, steps: list[Step]) -> UnitResult:
        if self.halt.is_set():
            return _skip(unit, steps, "the run was interrupted")
        if self.policy.stop_on_failure and self.failing.is_set():
            return _skip(unit, steps, "the run stopped after a failure")
        own = {step.id for step in steps}
        if any(needed in self.failed for step in steps for needed in step.depends_on if needed not in own):
            return _skip(unit, steps, "what it depends on failed")
        self.begun.add(unit)
        return _UnitRun(unit, steps, self.target, self.policy, self.halt, self.log).run()


def _skip(unit: str, steps: list[Step], why: str) -> UnitResult:
    message = f"not tried: {why}"
    results = tuple(StepResult(step, DiffSyncStatus.UNKNOWN, message) for step in steps)
    return UnitResult(unit, UnitOutcome.SKIPPED, results)


def _lost(unit: str, steps: list[Step]) -> UnitResult:
    error = RollbackError(f"{unit}: interrupted while it was under way; its state is not known")
    results = tuple(StepResult(step, DiffSyncStatus.ERROR, error.message) for step in steps)
    return UnitResult(unit, UnitOutcome.ROLLBACK_FAILED, results, error)


class _UnitRun:
    """One unit on its way through its transaction."""

    def __init__(
        self,
        unit: str,
        steps: list[Step],
        target: Dataset,
        policy: Policy,
        halt: threading.Event,
        log: Any,
    ) -> None:
        self.unit = unit
        self.steps = steps
        self.target = target
        self.policy = policy
        self.halt = halt
        self.log = log
        self.undo = UndoLog()
        self.objects: dict[str, DiffSyncModel] = {}
        self.messages: dict[str, str] = {}
        self.warnings: list[str] = []
        self.native_diff = ""
        self.begun = False
        self.current: Step | None = None

    def run(self) -> UnitResult:
        """Take the unit through all phases, or back."""
        started = time.monotonic()
        transaction: Transaction | None = None
        error: DriftlineError | None = None
        outcome = UnitOutcome.APPLIED
        try:
            transaction = self.target.transaction(self.unit)
            self._forward(transaction)
        except BaseException as cause:  # noqa: BLE001 - whatever it is, the unit is taken back and reported
            self._heed(cause)
            error = _as_error(cause, self.current)
            outcome = self._back(transaction, error)
        finally:
            self._close(transaction)
        return UnitResult(
            unit=self.unit,
            outcome=outcome,
            steps=tuple(self._step_result(step, outcome, error) for step in self.steps),
            error=error,
            native_diff=self.native_diff,
            guarantee="" if transaction is None else transaction.guarantee,
            warnings=tuple(self.warnings),
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

    def _back(self, transaction: Transaction | None, error: DriftlineError) -> UnitOutcome:
        if transaction is None or not self.begun:
            _log.warning("unit not begun", unit=self.unit, code=error.code)
            return UnitOutcome.NOT_REACHED
        attempts = [self._attempt(self.undo.rollback), self._attempt(transaction.rollback)]
        failures = [failure for failure in attempts if failure is not None]
        if failures:
            error.add_note(f"rollback failed: {failures[-1]}")
            error.rollback_error = _as_error(failures[-1], None, RollbackError)
            _log.error("unit rollback failed", unit=self.unit, code=error.code)
            return UnitOutcome.ROLLBACK_FAILED
        _log.warning("unit rolled back", unit=self.unit, code=error.code)
        return UnitOutcome.ROLLED_BACK

    def _close(self, transaction: Transaction | None) -> None:
        if transaction is None:
            return
        failure = self._attempt(transaction.close)
        self.warnings.extend(transaction.warnings)
        if failure is not None:
            self.warnings.append(f"closing failed: {failure}")

    def _attempt(self, action: Callable[[], object]) -> BaseException | None:
        """Do what must be tried whatever happens, and return what went wrong."""
        try:
            action()
        except BaseException as failure:  # noqa: BLE001 - the caller says what it means
            self._heed(failure)
            return failure
        return None

    def _heed(self, cause: BaseException) -> None:
        """Stop the run when it was interrupted."""
        if not isinstance(cause, Exception):
            self.halt.set()

    # One step ---------------------------------------------------------------------------------------------

    def _stage(self, step: Step) -> None:
        self._tell(step, "debug", "Attempting model " + step.action)
        obj = {"create": self._create, "update": self._update, "delete": self._delete}[step.action](step)
        status, message = obj.get_status()
        if status in (DiffSyncStatus.FAILURE, DiffSyncStatus.ERROR):
            raise ObjectRefused(f"{step.action} {step.model} {step.name}: {message}")
        self.messages[step.id] = message

    def _create(self, step: Step) -> DiffSyncModel:
        parent = self._parent(step)
        if self.target.get_or_none(step.model, step.identity) is not None:
            raise ObjectNotCreated(f"create {step.model} {step.name}: it is there already")
        cls = self.target.model_class(step.model)
        obj = _returned(cls.create(self.target, copy.deepcopy(step.identity), _attrs(step)), step)
        self.objects[step.id] = obj
        self.target.add(obj)
        self.undo.add(lambda: self.target.remove(obj))
        self._adopt(obj, parent)
        return obj

    def _update(self, step: Step) -> DiffSyncModel:
        parent = self._parent(step)
        obj = self._existing(step)
        updated = _returned(obj.update(_attrs(step)), step)
        if parent is not None and obj.get_unique_id() not in _siblings(parent, obj):
            self._disown(obj, self._parents_of(obj))
            self._adopt(obj, parent)
        return updated

    def _delete(self, step: Step) -> DiffSyncModel:
        obj = self._existing(step)
        deleted = _returned(obj.delete(), step)
        if step.parent is not None:
            parent = self.target.get_or_none(step.parent.model, step.parent.identity)
            listed = parent is not None and obj.get_unique_id() in _siblings(parent, obj)
            self._disown(obj, [parent] if listed else self._parents_of(obj))
        self._remove(obj, below=DiffSyncModelFlags.SKIP_CHILDREN_ON_DELETE in obj.model_flags)
        return deleted

    def _parent(self, step: Step) -> DiffSyncModel | None:
        """Return the parent that the step names; raises ObjectNotFound before its hook has done anything."""
        if step.parent is None:
            return None
        parent: DiffSyncModel = self.target.get(step.parent.model, step.parent.identity)
        return parent

    def _existing(self, step: Step) -> DiffSyncModel:
        """Return the object that the step changes, with its values kept for the way back."""
        obj: DiffSyncModel = self.target.get(step.model, step.identity)
        self.objects[step.id] = obj
        self.undo.add(_values_of(obj))
        # What an earlier run said about it must not be taken for what this hook says.
        obj.set_status(DiffSyncStatus.UNKNOWN)
        return obj

    def _remove(self, obj: DiffSyncModel, *, below: bool) -> None:
        self.target.remove(obj)
        self.undo.add(lambda: self.target.add(obj))
        if below:
            for modelname, field_name in obj.get_children_mapping().items():
                for uid in getattr(obj, field_name):
                    child = self.target.get_or_none(modelname, uid)
                    if child is not None:
                        self._remove(child, below=True)

    def _adopt(self, obj: DiffSyncModel, parent: DiffSyncModel | None) -> None:
        """Hang an object under its parent."""
        if parent is not None and obj.get_unique_id() not in _siblings(parent, obj):
            parent.add_child(obj)
            self.undo.add(lambda: parent.remove_child(obj))

    def _disown(self, obj: DiffSyncModel, parents: Iterable[DiffSyncModel]) -> None:
        """Take an object off the lists of its parents; on the way back it gets its place in them again."""
        uid = obj.get_unique_id()
        for parent in parents:
            place = _siblings(parent, obj).index(uid)
            parent.remove_child(obj)
            self.undo.add(lambda parent=parent, place=place: _siblings(parent, obj).insert(place, uid))  # type: ignore[misc]

    def _parents_of(self, obj: DiffSyncModel) -> list[DiffSyncModel]:
        uid = obj.get_unique_id()
        return [
            parent
            for modelname, field_name in self.target.parent_fields(obj.get_type())
            for parent in self.target.get_all(modelname)
            if uid in getattr(parent, field_name)
        ]

    # Results ----------------------------------------------------------------------------------------------

    def _step_result(self, step: Step, outcome: UnitOutcome, error: DriftlineError | None) -> StepResult:
        status, message = self._status(step, outcome, error)
        obj = self.objects.get(step.id)
        if obj is not None:
            obj.set_status(status, message)
        self._tell(step, _LEVELS.get(status, "info"), message, status=status.value)
        if error is not None:
            self._tell(step, "warning", "No object resulted from sync, will not process child objects.")
        return StepResult(step, status, message)

    def _tell(self, step: Step, level: str, event: str, **facts: str) -> None:
        """Log an event about a step, under the names that diffsync uses."""
        if self.log is None:
            return
        sides = {"+": step.after, "-": step.before}
        diffs = {sign: values for sign, values in sides.items() if values is not None}
        tell = getattr(self.log, level)
        tell(event, action=step.action, model=step.model, unique_id=self._uid(step), diffs=diffs, **facts)

    def _uid(self, step: Step) -> str:
        try:
            return self.target.model_class(step.model).create_unique_id(**step.identity)
        except ObjectNotFound:  # a plan for another kind of target; the step itself fails by it
            return step.name

    def _status(
        self, step: Step, outcome: UnitOutcome, error: DriftlineError | None
    ) -> tuple[DiffSyncStatus, str]:
        if error is None:
            message = self.messages.get(step.id) or f"{step.action.capitalize()}d successfully"
            return DiffSyncStatus.SUCCESS, message
        if self.current is step:
            return DiffSyncStatus.ERROR, str(error.message)
        if isinstance(error, TransactionError) and error.culprits:
            key = step.model, self._uid(step)
            if key in error.culprits:
                return DiffSyncStatus.ERROR, error.culprits[key]
        if outcome is UnitOutcome.NOT_REACHED:
            return DiffSyncStatus.FAILURE, f"not applied: {error.message}"
        if outcome is UnitOutcome.ROLLBACK_FAILED:
            return DiffSyncStatus.ERROR, f"state unknown, rollback failed after: {error.message}"
        return DiffSyncStatus.FAILURE, f"rolled back because of: {error.message}"


def _returned(obj: DiffSyncModel | None, step: Step) -> DiffSyncModel:
    if obj is None:
        raise ObjectRefused(f"{step.action} {step.model} {step.name}: the hook returned nothing")
    return obj


def _attrs(step: Step) -> dict[str, Any]:
    """Return the values for a hook: its own copy, since the plan must stay as it was approved."""
    return copy.deepcopy(step.after or {})


def _siblings(parent: DiffSyncModel, child: DiffSyncModel) -> list[str]:
    """Return the parent's list of unique ids that the child is or is to be on; the list itself."""
    siblings: list[str] = getattr(parent, parent.get_children_mapping()[child.get_type()])
    return siblings


def _values_of(obj: DiffSyncModel) -> Callable[[], None]:
    """Return a function that gives an object back the values that it has now.

    The attributes are copied, since a hook may change a list in place. The lists of children are not: other
    units may change them meanwhile, and each such change has an undo of its own.
    """
    mine = obj.get_attrs()
    values = {name: copy.deepcopy(v) if name in mine else v for name, v in obj.__dict__.items()}
    fields_set = set(obj.__pydantic_fields_set__)

    def give_back() -> None:
        # Past the validation: what the object had may be what it would not accept today.
        obj.__dict__.update(values)
        object.__setattr__(obj, "__pydantic_fields_set__", fields_set)
        obj.forget_unique_id()

    return give_back


def _as_error(
    cause: BaseException, step: Step | None, kind: type[DriftlineError] = TransactionError
) -> DriftlineError:
    if isinstance(cause, DriftlineError):
        return cause
    what = f"{step.action} {step.model} {step.name}: " if step else ""
    code = "UNEXPECTED" if isinstance(cause, Exception) else "INTERRUPTED"
    error = kind(f"{what}{type(cause).__name__}: {cause}".rstrip(": "), code=code)
    error.__cause__ = cause
    return error
