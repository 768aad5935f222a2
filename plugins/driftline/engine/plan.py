"""Plans: a diff flattened into an ordered, frozen, serialisable list of steps.

A plan is a value: the same inputs give the same bytes. Applying needs nothing but the plan and its target.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from .enum import DiffSyncActions, DiffSyncModelFlags
from .exceptions import PlanError, Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from .diff import Diff, DiffElement
    from .typing import Dataset


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ObjectRef(_Value):
    """Names an object in any dataset."""

    model: str
    identity: dict[str, Any]


class Step(_Value):
    """One change of one object."""

    id: str
    """Stable: the same change of the same object always has the same id."""
    action: Literal["create", "update", "delete"]
    model: str
    identity: dict[str, Any]
    name: str
    """The object's name among its siblings, for people."""
    unit: str
    """What the change happens together with."""
    parent: ObjectRef | None
    before: dict[str, Any] | None
    """The values on the target that the step was computed from; None: the object is not there."""
    after: dict[str, Any] | None
    """The values that the step sets; None: the object is to go."""
    depends_on: tuple[str, ...] = ()
    """The steps without whose success this one is not tried."""


class Target(_Value):
    """Which dataset a plan was made for."""

    name: str
    type: str


class Plan(_Value):
    """What is going to be done, complete and in order."""

    format: Literal["driftline-plan"] = "driftline-plan"
    version: Literal[1] = 1
    source: str
    target: Target
    inputs: str
    """A digest of both datasets at the time of planning."""
    steps: tuple[Step, ...]
    identities: dict[str, dict[str, str]] = {}
    """Per unit, what must be true of it when the plan is applied (a device's site, host name, serial)."""
    native: dict[str, tuple[str, ...]] = {}
    """Per unit, what the target would be sent, where the target can tell."""
    id: str = ""
    """The digest of everything above; it is checked when a plan is read."""

    @model_validator(mode="after")
    def _sealed(self) -> Self:
        digest = self._digest()
        if not self.id:
            object.__setattr__(self, "id", digest)
        elif self.id != digest:
            raise ValueError("the content does not match the plan's id: it was changed after it was made")
        return self

    def __bool__(self) -> bool:
        """Return True: an empty plan is still a plan, and applies nothing."""
        return True

    @property
    def units(self) -> dict[str, list[Step]]:
        """The steps by unit, both in order."""
        units: dict[str, list[Step]] = {}
        for step in self.steps:
            units.setdefault(step.unit, []).append(step)
        return units

    def to_json(self) -> str:
        """Return the plan as JSON; the same plan always gives the same text."""
        return _canonical(self.model_dump(mode="json"), indent=2) + "\n"

    @classmethod
    def from_json(cls, text: str | bytes) -> Plan:
        """Read a plan back; raises PlanError when it is none, is of another version or was changed."""
        try:
            return cls.model_validate_json(text)
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(str(part) for part in first["loc"])
            raise PlanError(
                f"not a usable plan: {place + ': ' if place else ''}{first['msg']}",
                code="PLAN-FORMAT",
                hint="make a new plan; a plan can't be edited",
            ) from error

    def restricted_to(self, units: Iterable[str]) -> Plan:
        """Return the plan for these units only."""
        wanted = set(units)
        return self._with(
            steps=tuple(step for step in self.steps if step.unit in wanted),
            identities={unit: facts for unit, facts in self.identities.items() if unit in wanted},
            native={unit: lines for unit, lines in self.native.items() if unit in wanted},
        )

    def with_native(self, native: Mapping[str, Iterable[str]]) -> Plan:
        """Return the plan with what each unit would be sent."""
        return self._with(native={unit: tuple(lines) for unit, lines in native.items()})

    def _with(self, **changes: Any) -> Plan:
        return type(self)(
            **{**{name: getattr(self, name) for name in type(self).model_fields}, **changes, "id": ""}
        )

    def _digest(self) -> str:
        return hashlib.sha256(_canonical(self.model_dump(mode="json", exclude={"id"})).encode()).hexdigest()


def make_plan(
    diff: Diff,
    source: Dataset,
    target: Dataset,
    *,
    order: Callable[[Step], Any] | None = None,
) -> Plan:
    """Flatten a diff into a plan for a target.

    Args:
        order: a sort key; steps with equal keys stay in the order of the tree, parents first.
    """
    steps = list(_steps(diff, target, parent=None, parent_step=None))
    if order is not None:
        steps.sort(key=order)
    return Plan(
        source=source.name,
        target=Target(name=target.name, type=getattr(target, "type", None) or type(target).__name__),
        inputs=_fingerprint(source, target),
        steps=tuple(steps),
        identities={unit: target.identify(unit) for unit in sorted({step.unit for step in steps})},
    )


def stale(plan: Plan, target: Dataset) -> list[Problem]:
    """Return where the target no longer has the values that the plan was computed from."""
    problems: list[Problem] = []
    for step in plan.steps:
        problems.extend(_stale_step(step, target))
    return problems


def _stale_step(step: Step, target: Dataset) -> Iterator[Problem]:
    where = f"{step.unit} {step.model} {step.name}"
    found = target.get_or_none(step.model, step.identity)
    if step.before is None:
        if found is not None:
            yield Problem(
                where, "PLAN-STALE", "planned to be created, but it exists by now", "make a new plan"
            )
        return
    if found is None:
        yield Problem(where, "PLAN-STALE", f"planned to {step.action}, but it is gone", "make a new plan")
        return
    for name, planned in step.before.items():
        value = getattr(found, name, None)
        if not found.same(name, planned, value):
            message = f"{name} was {planned!r} when planned and is {value!r} now"
            yield Problem(where, "PLAN-STALE", message, "make a new plan")


def _steps(diff: Diff, target: Dataset, parent: ObjectRef | None, parent_step: Step | None) -> Iterator[Step]:
    for element in diff.get_children():
        me = ObjectRef(model=element.type, identity=element.keys)
        step = _step(element, target, parent, parent_step)
        flags = element.flags or DiffSyncModelFlags.NONE
        deleting = element.action == DiffSyncActions.DELETE
        if deleting and DiffSyncModelFlags.SKIP_CHILDREN_ON_DELETE in flags:
            below: list[Step] = []
        else:
            created = step if step is not None and step.action == "create" else None
            below = list(_steps(element.child_diff, target, me, created))
        if deleting and DiffSyncModelFlags.NATURAL_DELETION_ORDER in flags and step is not None:
            step = step.model_copy(update={"depends_on": tuple(child.id for child in below)})
            yield from below
            yield step
        else:
            if step is not None:
                yield step
            yield from below


def _step(
    element: DiffElement, target: Dataset, parent: ObjectRef | None, parent_step: Step | None
) -> Step | None:
    action: Any = element.action
    if action is None:
        return None
    diffs = element.get_attrs_diffs()
    unit = target.unit_of(element.type, element.keys)
    return Step(
        id=_step_id(unit, action, element),
        action=action,
        model=element.type,
        identity=element.keys,
        name=element.name,
        unit=unit,
        parent=parent,
        before=None if action == "create" else diffs.get("-", {}),
        after=None if action == "delete" else diffs.get("+", {}),
        depends_on=() if parent_step is None else (parent_step.id,),
    )


def _step_id(unit: str, action: str, element: DiffElement) -> str:
    seed = _canonical([unit, action, element.type, element.keys, element.get_attrs_diffs()])
    return hashlib.sha256(seed.encode()).hexdigest()[:12]


def _fingerprint(*datasets: Dataset) -> str:
    """Return a digest of all compared values of the datasets, whatever order they were loaded in."""
    digest = hashlib.sha256()
    for dataset in datasets:
        names: Iterable[str] = getattr(dataset, "get_all_model_names", list)()
        for modelname in sorted(names):
            for obj in sorted(dataset.get_all(modelname), key=lambda obj: obj.get_unique_id()):
                row = [modelname, obj.get_unique_id(), {n: getattr(obj, n) for n in obj.get_managed()}]
                digest.update(_canonical(row).encode())
    return digest.hexdigest()


def _canonical(value: Any, indent: int | None = None) -> str:
    separators = (",", ": ") if indent else (",", ":")
    return json.dumps(
        value, sort_keys=True, ensure_ascii=False, indent=indent, separators=separators, default=str
    )
