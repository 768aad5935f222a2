"""Plans: a diff flattened into an ordered, frozen, serialisable list of steps.

A plan is a value: the same inputs give the same bytes. Applying needs nothing but the plan and its target.
"""

from __future__ import annotations

import copy
import hashlib
import json
from typing import TYPE_CHECKING, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, ValidationError, ValidationInfo, model_validator
from pydantic_core import to_jsonable_python

from .enum import DiffSyncModelFlags
from .exceptions import PlanError, Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from .diff import Diff, DiffElement
    from .typing import Dataset

    Key = tuple[str, str]


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
    def _sealed(self, info: ValidationInfo) -> Self:
        digest = self._digest()
        if not self.id and not info.context:
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
        return by_unit(self.steps)

    def to_json(self) -> str:
        """Return the plan as JSON; the same plan always gives the same text."""
        return _canonical(self.model_dump(), indent=2) + "\n"

    @classmethod
    def from_json(cls, text: str | bytes) -> Plan:
        """Read a plan back; raises PlanError when it is none, is of another version or was changed."""
        try:
            # The context says that it comes from outside, where a plan without an id is not one of ours.
            return cls.model_validate_json(text, context={"sealed": True})
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
        return hashlib.sha256(_canonical(self.model_dump(exclude={"id"})).encode()).hexdigest()


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
    steps = make_steps(diff, target, order=order)
    return Plan(
        source=source.name,
        target=Target(name=target.name, type=getattr(target, "type", None) or type(target).__name__),
        inputs=_fingerprint(source, target),
        steps=tuple(steps),
        identities={unit: target.identify(unit) for unit in sorted(by_unit(steps))},
    )


def make_steps(diff: Diff, target: Dataset, *, order: Callable[[Step], Any] | None = None) -> list[Step]:
    """Return the steps of a diff, for one who applies them at once and needs no plan to keep."""
    steps = _after_moves(list(_steps(diff, target, parent=None, parent_step=None)), target)
    if order is not None:
        steps.sort(key=order)
    return steps


def by_unit(steps: Iterable[Step]) -> dict[str, list[Step]]:
    """Return the steps by unit, both in order."""
    units: dict[str, list[Step]] = {}
    for step in steps:
        units.setdefault(step.unit, []).append(step)
    return units


def stale(plan: Plan, target: Dataset) -> list[Problem]:
    """Return where the target no longer has the values that the plan was computed from."""
    made = {_key(step, target) for step in plan.steps if step.action == "create"}
    problems: list[Problem] = []
    for step in plan.steps:
        problems.extend(_stale_step(step, target, made))
    return problems


def _stale_step(step: Step, target: Dataset, made: set[Key]) -> Iterator[Problem]:
    found = target.get_or_none(step.model, step.identity)
    if step.action != "create":
        yield from _stale_values(step, found)
    elif found is not None:
        yield _problem(step, "planned to be created, but it exists by now")
    if step.action != "delete" and step.parent is not None and _key(step.parent, target) not in made:
        parent = step.parent
        if target.get_or_none(parent.model, parent.identity) is None:
            yield _problem(step, f"planned below {parent.model} {_key(parent, target)[1]}, but that is gone")


def _stale_values(step: Step, found: Any) -> Iterator[Problem]:
    if found is None:
        yield _problem(step, f"planned to {step.action}, but it is gone")
        return
    for name, planned in (step.before or {}).items():
        value = getattr(found, name, None)
        # A plan that was saved has the values as JSON has them: a list for a set, text for an address.
        if not found.same(name, planned, value) and _canonical(planned) != _canonical(value):
            yield _problem(step, f"{name} was {planned!r} when planned and is {value!r} now")


def _problem(step: Step, message: str) -> Problem:
    return Problem(f"{step.unit} {step.model} {step.name}", "PLAN-STALE", message, "make a new plan")


def _steps(diff: Diff, target: Dataset, parent: ObjectRef | None, parent_step: Step | None) -> Iterator[Step]:
    for element in diff.get_children():
        me = ObjectRef(model=element.type, identity=element.keys)
        step = _step(element, target, parent, parent_step)
        flags = (step is not None and step.action == "delete" and element.flags) or DiffSyncModelFlags.NONE
        bottom_up = DiffSyncModelFlags.NATURAL_DELETION_ORDER in flags
        below: list[Step] = []
        if DiffSyncModelFlags.SKIP_CHILDREN_ON_DELETE not in flags:
            # Without a step of its own, the object leaves it to the one above whether its children are tried.
            above = None if bottom_up else step or parent_step
            below = list(_steps(element.child_diff, target, me, above))
        if bottom_up and step is not None:
            yield from below
            yield _depending(step, (child.id for child in below))
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
    # Copies: whoever changes a list in place, in a dataset or in the diff, must not change what was planned.
    diffs = copy.deepcopy(element.get_attrs_diffs())
    identity = copy.deepcopy(element.keys)
    unit = target.unit_of(element.type, identity)
    return Step(
        id=_step_id(unit, action, element),
        action=action,
        model=element.type,
        identity=identity,
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


def _depending(step: Step, needed: Iterable[str]) -> Step:
    return step.model_copy(update={"depends_on": tuple(sorted({*step.depends_on, *needed}))})


def _after_moves(steps: list[Step], target: Dataset) -> list[Step]:
    """Let nothing be deleted before what moves out from under it has moved; it could go down with it."""
    updates = {_key(step, target): step.id for step in steps if step.action == "update"}
    if not updates:
        return steps
    waiting = False
    for place, step in enumerate(steps):
        if step.action == "delete":
            moves = [updates[key] for key in _below(_key(step, target), target) if key in updates]
            if moves:
                steps[place] = _depending(step, moves)
                waiting = True
    return sorted(steps, key=lambda step: step.action == "delete") if waiting else steps


def _below(key: Key, target: Dataset) -> Iterator[Key]:
    """Return the keys of all that is below an object."""
    obj = target.get_or_none(*key)
    if obj is None:
        return
    for modelname, field in obj.get_children_mapping().items():
        for uid in getattr(obj, field):
            yield modelname, uid
            yield from _below((modelname, uid), target)


def _key(what: Step | ObjectRef, target: Dataset) -> Key:
    return what.model, target.model_class(what.model).create_unique_id(**what.identity)


def _fingerprint(*datasets: Dataset) -> str:
    """Return a digest of all compared values of the datasets, whatever order they were loaded in."""
    digest = hashlib.sha256()
    for number, dataset in enumerate(datasets):
        names: Iterable[str] = getattr(dataset, "get_all_model_names", list)()
        for modelname in sorted(names):
            for obj in sorted(dataset.get_all(modelname), key=lambda obj: obj.get_unique_id()):
                values = {name: getattr(obj, name) for name in obj.get_managed()}
                digest.update(_canonical([number, modelname, obj.get_unique_id(), values]).encode())
    return digest.hexdigest()


def _canonical(value: Any, indent: int | None = None) -> str:
    separators = (",", ": ") if indent else (",", ":")
    return json.dumps(
        value, sort_keys=True, ensure_ascii=False, indent=indent, separators=separators, default=_plain
    )


def _plain(value: Any) -> Any:
    """Return what JSON has for a value; a set has no order of its own, so it gets one."""
    if isinstance(value, (set, frozenset)):
        return sorted(value, key=_canonical)
    return to_jsonable_python(value, fallback=str)
