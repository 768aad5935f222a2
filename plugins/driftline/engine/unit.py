"""One unit on its way through its transaction."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, Any

import structlog

from .calls import HookCall
from .enum import DiffSyncModelFlags, DiffSyncStatus
from .exceptions import (
    DriftlineError,
    ObjectAlreadyExists,
    ObjectNotCreated,
    ObjectNotFound,
    ObjectRefused,
    ObjectStoreWrongType,
    RollbackError,
    TransactionError,
)
from .results import StepResult, UnitOutcome, UnitResult
from .transaction import Gate
from .undo import UndoLog, past, values_of
from .values import copied

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Generator

    from .calls import UnitPhases
    from .model import DiffSyncModel
    from .plan import ObjectRef, Step
    from .policy import Policy
    from .steplog import StepLog
    from .transaction import Transaction
    from .typing import Dataset
    from .undo import Parents

_log = structlog.get_logger(__name__)
_REFUSED = (DiffSyncStatus.FAILURE, DiffSyncStatus.ERROR)


_NO_FLAGS = DiffSyncModelFlags.NONE
_APPLIED, _SUCCESS, _UNKNOWN = UnitOutcome.APPLIED, DiffSyncStatus.SUCCESS, DiffSyncStatus.UNKNOWN


_tuple = tuple.__new__
"""Makes a named tuple, of which every unit needs two, in a fifth of the time."""


class UnitRun:
    """One unit, its steps, and how to take back what was done to the records."""

    __slots__ = (
        "_begun",
        "_called",
        "_calls",
        "_compensate",
        "_current",
        "_error",
        "_halt",
        "_log",
        "_native_diff",
        "_outcome",
        "_parents",
        "_policy",
        "_started",
        "_steps",
        "_target",
        "_transaction",
        "_undo",
        "_unit",
        "_warnings",
    )

    def __init__(
        self,
        unit: str,
        steps: list[Step],
        target: Dataset,
        policy: Policy,
        halt: threading.Event,
        log: StepLog,
        parents: Parents,
    ) -> None:
        self._started = time.monotonic()
        self._unit = unit
        self._steps = steps
        self._target = target
        self._policy = policy
        self._halt = halt
        self._log = log
        self._parents = parents
        self._undo = UndoLog()
        self._calls: dict[str, HookCall] = {}
        """What is known of each step that was begun, by its id."""
        self._warnings: list[str] = []
        self._native_diff = ""
        self._transaction: Transaction | None = None
        self._outcome = _APPLIED
        self._error: DriftlineError | None = None
        self._begun = False
        self._compensate = False
        self._current: Step | None = None
        self._called: HookCall | None = None
        """The hook that was called and has not succeeded."""

    def phases(self) -> UnitPhases:
        """Take the unit through all phases, or back."""
        try:
            with self._target.batch():
                try:
                    yield from self._forward(self._open())
                except BaseException as cause:  # noqa: BLE001 - whatever it is, the unit is taken back and reported
                    self._failed(cause)
        except BaseException as cause:  # noqa: BLE001 - the store could not write what was done
            self._not_written(cause)
        finally:
            self._close()
        return self._result()

    def _open(self) -> Transaction:
        transaction, around = self._target.transaction(self._unit), self._policy.around
        if around is not None:
            transaction = around(self._unit, self._steps, transaction)
        self._transaction = transaction
        return transaction

    def _forward(self, transaction: Transaction) -> Generator[HookCall | Gate, Any, None]:
        transaction.begin([step.id for step in self._steps])
        self._begun = True
        # A single hook that has written is the last thing that can fail, unless somebody checks what it did.
        policy = self._policy
        more_to_come = len(self._steps) > 1 or policy.check is not None or policy.together is not None
        self._compensate = more_to_come and getattr(transaction, "hooks_write", False)
        for step in self._steps:
            call = self._ready(step)
            self._settle(call, (yield call))
        self._current = None
        self._native_diff = transaction.prepare()
        revert_in = (yield Gate.PREPARED) or policy.revert_in
        transaction.commit(revert_in)
        yield Gate.COMMITTED
        transaction.verify()
        if policy.check is not None:
            policy.check()
        yield Gate.VERIFIED
        transaction.confirm()
        yield Gate.CONFIRMED

    def _ready(self, step: Step) -> HookCall:
        """Return the hook to call for a step."""
        self._current = step
        call = self._calls[step.id] = HookCall(step, self._uid(step))
        self._log.attempt(step, call.uid)
        _READY[step.action](self, call)
        self._called = call
        return call

    def _settle(self, call: HookCall, returned: DiffSyncModel | None) -> None:
        """Enter into the records what a hook has done."""
        _SETTLE[call.step.action](self, call, self._accepted(returned, call))

    def _failed(self, cause: BaseException) -> None:
        """Take the unit back."""
        self._heed(cause)
        self._error = _as_error(cause, self._current)
        self._outcome = self._back(self._transaction, self._error)

    def _not_written(self, cause: BaseException) -> None:
        """Note that the store could not write what was done."""
        self._heed(cause)
        self._error = self._error or _as_error(cause, None)
        self._outcome = UnitOutcome.ROLLBACK_FAILED

    def _back(self, transaction: Transaction | None, error: DriftlineError) -> UnitOutcome:
        if transaction is None or not self._begun:
            _log.warning("unit not begun", unit=self._unit, code=error.code)
            return UnitOutcome.NOT_REACHED
        ways = (self._tidy_up, self._undo.rollback, transaction.rollback)
        failures = [failure for way in ways if (failure := self._attempt(way)) is not None]
        if failures:
            error.add_note(f"rollback failed: {failures[-1]}")
            error.rollback_error = _as_error(failures[-1], None, RollbackError)
            _log.error("unit rollback failed", unit=self._unit, code=error.code)
            return UnitOutcome.ROLLBACK_FAILED
        _log.warning("unit rolled back", unit=self._unit, code=error.code)
        return UnitOutcome.ROLLED_BACK

    def _close(self) -> None:
        """Let go of all that the unit holds."""
        transaction = self._transaction
        if transaction is not None:
            failure = self._attempt(transaction.close)
            self._warnings.extend(transaction.warnings)
            if failure is not None:
                self._warnings.append(f"closing failed: {failure}")
        self._undo.forget()

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
            self._halt.set()

    # One step ---------------------------------------------------------------------------------------------

    def _create(self, call: HookCall) -> None:
        step, target = call.step, self._target
        call.parent = self._parent(step.parent, step.model)
        if target.has(step.model, call.uid):
            raise ObjectNotCreated(f"create {step.model} {step.name}: it is there already")
        call.subject = cls = target.model_class(step.model)
        ids, attrs = copied(step.identity), copied(step.after or {})  # the plan must stay as it was approved
        call.arguments = target, ids, attrs
        cls.validate_create(target, ids, attrs)

    def _created(self, call: HookCall, obj: DiffSyncModel) -> None:
        undo, parent = self._undo, call.parent
        undo.add(past(ObjectNotFound, self._target.remove, obj))
        if parent is not None:
            undo.add(past(ObjectNotFound, parent.remove_child, obj))
        if self._compensate:
            self._compensate_by(call, obj.delete)  # while it still is in its place
        self._target.add(obj)
        if parent is not None:
            self._adopt(obj, parent)

    def _update(self, call: HookCall) -> None:
        step = call.step
        call.parent = self._parent(step.parent, step.model)
        obj, attrs = self._existing(call), copied(step.after or {})
        if self._compensate:
            call.before = {name: copied(getattr(obj, name, None)) for name in attrs}
        call.arguments = (attrs,)
        obj.validate_update(attrs)

    def _updated(self, call: HookCall, _returned: DiffSyncModel) -> None:
        obj, parent = call.subject, call.parent
        if self._compensate:
            self._compensate_by(call, partial(obj.update, call.before))
        if parent is not None and not parent.lists(obj):
            self._disown(obj)
            self._undo.add(past(ObjectNotFound, parent.remove_child, obj))
            self._adopt(obj, parent)
        obj.touch()

    def _delete(self, call: HookCall) -> None:
        self._existing(call).validate_delete()

    def _deleted(self, call: HookCall, _returned: DiffSyncModel) -> None:
        obj, ref = call.subject, call.step.parent
        if ref is not None:
            parent = self._parents.named_or_none(ref)
            if parent is None or not self._disowned(obj, parent):
                self._disown(obj)  # it was moved meanwhile
        self._remove(obj, call, below=_takes_its_children(obj))

    def _accepted(self, obj: DiffSyncModel | None, call: HookCall) -> DiffSyncModel:
        """Return what a hook returned; raises ObjectRefused when that is nothing, or says that it failed."""
        step = call.step
        if obj is None:
            raise ObjectRefused(f"{step.action} {step.model} {step.name}: the hook returned nothing")
        if call.obj is None:
            call.obj = obj
        status, call.message = obj.get_status()
        if status in _REFUSED:
            raise ObjectRefused(f"{step.action} {step.model} {step.name}: {call.message}")
        call.told = status is _SUCCESS and bool(call.message) and obj is call.obj
        self._called = None
        return obj

    def _parent(self, ref: ObjectRef | None, modelname: str) -> DiffSyncModel | None:
        """Return the parent that a step names, before its hook has done anything.

        Raises ObjectNotFound, or ObjectStoreWrongType when it can't have such children.
        """
        if ref is None:
            return None
        parent = self._parents.named(ref)
        if modelname not in parent.get_children_mapping():
            raise ObjectStoreWrongType(f"a {modelname} can't be a child of {ref.model} {parent}")
        return parent

    def _existing(self, call: HookCall) -> DiffSyncModel:
        """Return the object that the step changes, with its values kept for the way back."""
        obj: DiffSyncModel = self._target.get(call.step.model, call.uid)
        call.subject = call.obj = obj
        self._undo.add(values_of(obj))
        if obj.get_children_mapping():
            self._keep_children(obj)
        # What an earlier run said about it must not be taken for what this hook says.
        obj.set_status(_UNKNOWN)
        return obj

    def _remove(self, obj: DiffSyncModel, call: HookCall, *, below: bool) -> None:
        # The children first on the list of what to undo: on the way back their parent comes before them.
        if below:
            for modelname, field_name in obj.get_children_mapping().items():
                for child in self._target.find_by_uids(getattr(obj, field_name), modelname).values():
                    self._remove(child, call, below=True)
        if self._compensate:
            ids, attrs = obj.get_identifiers(), copied(obj.get_attrs())
            self._compensate_by(call, partial(type(obj).create, self._target, ids, attrs))
        self._undo.add(partial(self._target.add, obj))
        try:
            self._target.remove(obj)
        except ObjectNotFound:
            return  # the hook has done so

    def _adopt(self, obj: DiffSyncModel, parent: DiffSyncModel) -> None:
        """Hang an object under its parent, unless its hook has done so."""
        try:
            parent.add_child(obj)
        except ObjectAlreadyExists:
            return

    def _disown(self, obj: DiffSyncModel) -> None:
        """Take an object off the lists of all its parents."""
        for parent in self._parents.of(obj):
            self._disowned(obj, parent)

    def _parents_of(self, modelname: str, uid: str) -> list[DiffSyncModel]:
        return [
            parent
            for parent_model, field_name in self._target.parent_fields(modelname)
            for parent in self._target.get_all(parent_model)
            if uid in getattr(parent, field_name)
        ]

    def _disowned(self, obj: DiffSyncModel, parent: DiffSyncModel) -> bool:
        """Take an object off a parent's list, if it is on it; on the way back it gets its place again."""
        place = parent.place_of(obj)
        if place is None:
            return False
        self._undo.add(past(ObjectAlreadyExists, parent.insert_child, obj, place))
        parent.remove_child(obj, place)
        return True

    def _compensate_by(self, call: HookCall, hook: Callable[[], DiffSyncModel | None]) -> None:
        """Note the hook that is the opposite of the one that was called."""

        def opposite() -> None:
            try:
                self._accepted(hook(), call)
            except Exception:
                raise
            except BaseException as interruption:
                self._heed(interruption)
                raise RollbackError("interrupted") from interruption  # the rest must still be taken back

        self._undo.add(opposite)

    # What hooks have done to the dataset themselves ----------------------------------------------------------

    def _tidy_up(self) -> None:
        """Take back what the hook that failed has done to its own object's place in the dataset."""
        call = self._called
        if call is None:
            return
        step, obj = call.step, call.obj
        found = self._target.get_or_none(step.model, step.identity)
        if step.action == "create" and found is not None:
            for parent in self._parents_of(step.model, found.get_unique_id()):
                parent.remove_child(found)
            self._target.remove(found)
        elif step.action == "delete" and obj is not None:
            if found is None:
                self._target.add(obj)
            ref = step.parent
            above = None if ref is None else self._target.get_or_none(ref.model, ref.identity)
            if above is not None and not self._parents_of(step.model, obj.get_unique_id()):
                above.add_child(obj)

    def _keep_children(self, obj: DiffSyncModel) -> None:
        for modelname, field_name in obj.get_children_mapping().items():
            uids = getattr(obj, field_name)
            self._undo.add(partial(self._give_back_children, obj, modelname, field_name, uids, uids.copy()))

    def _give_back_children(
        self, obj: DiffSyncModel, modelname: str, field_name: str, uids: list[str], before: list[str]
    ) -> None:
        """Give an object back the list of its children that a hook has changed.

        Raises RollbackError when the hook has added children to the dataset, or removed them from it: they are
        its own to take back.
        """
        now, was = set(getattr(obj, field_name)), set(before)
        if getattr(obj, field_name) is uids and uids == before:
            return
        uids[:] = [uid for uid in before if uid in now]
        obj.__dict__[field_name] = uids
        object.__setattr__(obj, "_indexes", None)
        there = self._target.find_by_uids(now ^ was, modelname)
        # One that another parent has by now was moved by somebody; it stays there.
        homeless = {uid for uid in there if not self._parents_of(modelname, uid)}
        uids[:] = [uid for uid in before if uid in now or uid in homeless]
        obj.touch()
        left = sorted((was - now - there.keys()) | (homeless - was))
        if left:
            raise RollbackError(
                f"{obj.get_type()} {obj}: its hook has itself added or removed the {modelname} {', '.join(left)}"
            )

    # Results ----------------------------------------------------------------------------------------------

    def _result(self) -> UnitResult:
        outcome, error, transaction = self._outcome, self._error, self._transaction
        result = (
            self._unit,
            outcome,
            tuple([self._step_result(step, outcome, error) for step in self._steps]),
            error,
            self._native_diff,
            "" if transaction is None else transaction.guarantee,
            tuple(self._warnings),
            time.monotonic() - self._started,
        )
        return _tuple(UnitResult, result)

    def _step_result(self, step: Step, outcome: UnitOutcome, error: DriftlineError | None) -> StepResult:
        call = self._calls.get(step.id)
        if error is None:
            status = _SUCCESS
            message = (call and call.message) or f"{step.action.capitalize()}d successfully"
        else:
            status, message = self._status(step, outcome, error)
        if call is not None and call.obj is not None and not (error is None and call.told):
            call.obj.set_status(status, message)
        self._log.outcome(
            step, self._uid(step) if call is None else call.uid, status, message, failed=error is not None
        )
        return _tuple(StepResult, (step, status, message))

    def _uid(self, step: Step) -> str:
        try:
            return self._target.model_class(step.model).unique_id_of(step.identity)
        except ObjectNotFound:  # a plan for another kind of target; the step itself fails by it
            return step.name

    def _status(self, step: Step, outcome: UnitOutcome, error: DriftlineError) -> tuple[DiffSyncStatus, str]:
        if outcome is UnitOutcome.ROLLBACK_FAILED:
            return DiffSyncStatus.ERROR, f"state unknown, rollback failed after: {error.message}"
        if self._current is step:
            return DiffSyncStatus.ERROR, str(error.message)
        if isinstance(error, TransactionError) and error.culprits:
            key = step.model, self._uid(step)
            if key in error.culprits:
                return DiffSyncStatus.ERROR, error.culprits[key]
        if outcome is UnitOutcome.NOT_REACHED:
            return DiffSyncStatus.FAILURE, f"not applied: {error.message}"
        return DiffSyncStatus.FAILURE, f"rolled back because of: {error.message}"


def _takes_its_children(obj: DiffSyncModel) -> bool:
    flags = obj.model_flags
    return flags is not _NO_FLAGS and DiffSyncModelFlags.SKIP_CHILDREN_ON_DELETE in flags


_READY = {"create": UnitRun._create, "update": UnitRun._update, "delete": UnitRun._delete}  # noqa: SLF001
"""What makes a step ready: it finds what the hook is to be called of, and with."""
_SETTLE = {"create": UnitRun._created, "update": UnitRun._updated, "delete": UnitRun._deleted}  # noqa: SLF001
"""What enters into the records that a hook has succeeded."""


def _as_error(
    cause: BaseException, step: Step | None, kind: type[DriftlineError] = TransactionError
) -> DriftlineError:
    error = cause if isinstance(cause, DriftlineError) else _wrapped(cause, step, kind)
    if step is not None:
        error.about(step.action, step.model, step.identity)
    return error


def _wrapped(cause: BaseException, step: Step | None, kind: type[DriftlineError]) -> DriftlineError:
    what = f"{step.action} {step.model} {step.name}: " if step else ""
    code = "UNEXPECTED" if isinstance(cause, Exception) else "INTERRUPTED"
    error = kind(f"{what}{type(cause).__name__}: {cause}".rstrip(": "), code=code)
    error.__cause__ = cause
    return error
