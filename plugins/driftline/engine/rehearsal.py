"""A run without effects: the models' checks, and whether every object is where the step expects it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .enum import DiffSyncStatus
from .exceptions import (
    DriftlineError,
    ObjectNotCreated,
    ObjectNotFound,
    ObjectStoreWrongType,
    TransactionError,
)
from .results import RunResult, StepResult, UnitOutcome, UnitResult
from .values import copied

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .plan import ObjectRef, Step
    from .typing import Dataset


def rehearse(steps: Iterable[Step], target: Dataset) -> RunResult:
    """Check every step as far as that goes without a write, and say for each what would become of it."""
    return RunResult(tuple(_Rehearsal(target).units(steps)))


class _Rehearsal:
    """Knows what the steps before would have made and removed."""

    def __init__(self, target: Dataset) -> None:
        self._target = target
        self._there: dict[tuple[str, str], bool] = {}
        self._failed: set[str] = set()

    def units(self, steps: Iterable[Step]) -> Iterable[UnitResult]:
        """Return a result for each step."""
        for step in steps:
            error = self._error(step)
            if error is not None:
                self._failed.add(step.id)
            status = DiffSyncStatus.SUCCESS if error is None else DiffSyncStatus.FAILURE
            message = f"would be {step.action}d" if error is None else str(error.message)
            result = StepResult(step, status, message)
            yield UnitResult(step.unit, UnitOutcome.REHEARSED, (result,), error)

    def _error(self, step: Step) -> DriftlineError | None:
        if not self._failed.isdisjoint(step.depends_on):
            return TransactionError("not tried: what it depends on would fail", code="REHEARSAL")
        try:
            {"create": self._create, "update": self._update, "delete": self._delete}[step.action](step)
        except DriftlineError as error:
            found = error
        except Exception as error:  # noqa: BLE001 - a check may raise anything; it is this object's result
            found = TransactionError(f"{type(error).__name__}: {error}", code="REHEARSAL")
            found.__cause__ = error
        else:
            return None
        found.about(step.action, step.model, step.identity)
        return found

    def _create(self, step: Step) -> None:
        self._expect_parent(step)
        if self._exists(step.model, step.identity):
            raise ObjectNotCreated(f"create {step.model} {step.name}: it is there already")
        cls = self._target.model_class(step.model)
        ids, attrs = copied(step.identity), copied(step.after or {})
        cls.validate_create(self._target, ids, attrs)
        cls(**ids, **attrs)
        self._note(step, there=True)

    def _update(self, step: Step) -> None:
        self._expect_parent(step)
        obj, attrs = self._target.get(step.model, step.identity), copied(step.after or {})
        obj.validate_update(attrs)
        obj.with_attrs(attrs)

    def _delete(self, step: Step) -> None:
        self._target.get(step.model, step.identity).validate_delete()
        self._note(step, there=False)

    def _expect_parent(self, step: Step) -> None:
        parent = step.parent
        if parent is None:
            return
        if step.model not in self._target.model_class(parent.model).get_children_mapping():
            raise ObjectStoreWrongType(f"a {step.model} can't be a child of a {parent.model}")
        if not self._exists(parent.model, parent.identity):
            raise ObjectNotFound(f"its parent, the {parent.model} {self._uid(parent)}, would not be there")

    def _exists(self, modelname: str, identity: dict[str, Any]) -> bool:
        uid = self._target.model_class(modelname).unique_id_of(identity)
        known = self._there.get((modelname, uid))
        return bool(self._target.find_by_uids([uid], modelname)) if known is None else known

    def _uid(self, ref: ObjectRef | Step) -> str:
        return self._target.model_class(ref.model).unique_id_of(ref.identity)

    def _note(self, step: Step, *, there: bool) -> None:
        self._there[step.model, self._uid(step)] = there
