"""Plans: a diff flattened into an ordered, frozen, serialisable list of steps.

A plan is a value: the same inputs give the same bytes. Applying needs nothing but the plan and its target.
"""

from __future__ import annotations

import hashlib
import itertools
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Literal, NamedTuple, Self

from pydantic import BaseModel, ConfigDict, ValidationError, ValidationInfo, model_validator

from .conflicts import Conflict
from .enum import DiffSyncFlags, DiffSyncModelFlags
from .exceptions import PlanError
from .values import canonical, copied

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

    from .diff import Diff, DiffElement
    from .typing import Dataset

    Key = tuple[str, str]

ACTIONS = frozenset({"create", "update", "delete"})


@dataclass(frozen=True, slots=True)
class ObjectRef:
    """Names an object in any dataset."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    model: str
    identity: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Step:
    """One change of one object."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    id: str
    """In a plan it is stable: the same change of the same object always has the same id."""
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


class _Draft:
    """A step that is being filled: making a frozen one takes five times as long, and syncs make one per change."""

    __slots__ = Step.__slots__

    def frozen(self) -> Step:
        """Return it as the step that it has become."""
        self.__class__ = Step  # type: ignore[assignment] # the two have the same slots
        return self  # type: ignore[return-value]


@dataclass(frozen=True, slots=True)
class Dropped:
    """A step that a smaller plan can't have, though it was chosen."""

    step: Step
    why: str

    def __str__(self) -> str:
        """Return the step and the reason on one line."""
        return f"{self.step.unit}: {outline(self.step)}: {self.why}"


@dataclass(frozen=True, slots=True)
class Target:
    """Which dataset a plan was made for."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    name: str
    type: str


class Plan(BaseModel):
    """What is going to be done, complete and in order."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal["driftline-plan"] = "driftline-plan"
    version: Literal[1] = 1
    source: str
    target: Target
    inputs: str
    """A digest of both datasets at the time of planning."""
    intended: dict[str, dict[str, int]] = {}
    """How many objects the source had, by group (a site) and model, whatever part of it the plan is for."""
    steps: tuple[Step, ...]
    identities: dict[str, dict[str, str]] = {}
    """Per unit, what must be true of it when the plan is applied (a device's site, host name, serial)."""
    native: dict[str, tuple[str, ...]] = {}
    """Per unit, what the target would be sent, where the target can tell."""
    conflicts: tuple[Conflict, ...] = ()
    """What else was changed since the last run, and who won; without a winner it is to be decided first."""
    made_from: str = ""
    """The id of the plan that this one is a part of, or was brought up to date from; empty: it is whole."""
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
        return canonical(self.model_dump(), indent=2) + "\n"

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

    def restricted_to(self, units: Iterable[str], *, draft: bool = False) -> Plan:
        """Return the plan for these units only; the part of a draft, which nobody has seen, is a plan of its own."""
        wanted = set(units)
        return self.with_steps((step for step in self.steps if step.unit in wanted), draft=draft)

    def filtered(self, keep: Callable[[Step], bool]) -> Cut:
        """Return a smaller plan with the steps to keep, less those that depend on one that is not in it."""
        chosen = {step.id for step in self.steps if keep(step)}
        gone = {step.id: step for step in self.steps if step.id not in chosen}
        steps, dropped = without_dependents((step for step in self.steps if step.id in chosen), gone)
        return Cut(self.with_steps(steps), tuple(dropped))

    def with_steps(self, steps: Iterable[Step], *, draft: bool = False) -> Plan:
        """Return the plan with other steps, which says what it was made from; with the same ones it is itself.

        A unit whose steps are not the same loses its native lines: they have to be made anew.
        """
        new = tuple(steps)
        if new == self.steps:
            return self
        units, was = by_unit(new), self.units
        return self._with(
            steps=new,
            identities={unit: facts for unit, facts in self.identities.items() if unit in units},
            native={
                unit: lines for unit, lines in self.native.items() if units.get(unit) == was.get(unit, 0)
            },
            conflicts=tuple(self._conflicts_with(new)),
            made_from="" if draft else self.made_from or self.id,
        )

    def with_intended(self, counts: Mapping[str, Mapping[str, int]]) -> Plan:
        """Return the plan with how many objects its source had."""
        return self._with(intended={group: dict(models) for group, models in counts.items()})

    def with_native(self, native: Mapping[str, Iterable[str]]) -> Plan:
        """Return the plan with what each unit would be sent."""
        return self._with(native={unit: tuple(lines) for unit, lines in native.items()})

    def with_conflicts(self, conflicts: Iterable[Conflict]) -> Plan:
        """Return the plan with what became of the conflicts that its diff had."""
        return self._with(conflicts=tuple(conflicts))

    def _conflicts_with(self, steps: Iterable[Step]) -> Iterator[Conflict]:
        """Return the conflicts on the units of these steps; what is undecided matters to its own steps only."""
        steps = list(steps)
        units = {step.unit for step in steps}
        changed = {(step.unit, step.model, step.name) for step in steps}
        for each in self.conflicts:
            if (each.unit in units) if each.winner else (each.unit, each.model, each.name) in changed:
                yield each

    def _with(self, **changes: Any) -> Plan:
        return type(self)(
            **{**{name: getattr(self, name) for name in type(self).model_fields}, **changes, "id": ""}
        )

    def _digest(self) -> str:
        return hashlib.sha256(canonical(self.model_dump(exclude={"id"})).encode()).hexdigest()


class Cut(NamedTuple):
    """A smaller plan, and what it can't have though it was chosen."""

    plan: Plan
    dropped: tuple[Dropped, ...]


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
    steps = make_steps(diff, target, order=order, identify=stable_id)
    return Plan(
        source=source.name,
        target=Target(name=target.name, type=getattr(target, "type", None) or type(target).__name__),
        inputs=_fingerprint(source, target),
        steps=tuple(steps),
        identities={unit: target.identify(unit) for unit in sorted(by_unit(steps))},
    )


def make_steps(
    diff: Diff,
    target: Dataset,
    *,
    order: Callable[[Step], Any] | None = None,
    flags: DiffSyncFlags = DiffSyncFlags.NONE,
    identify: Callable[[str, DiffElement], str] | None = None,
) -> list[Step]:
    """Return the steps of a diff, for one who applies them at once and needs no plan to keep.

    Args:
        order: a sort key; steps with equal keys stay in the order of the tree, parents first.
        flags: those of the sync; NO_UPDATE and NO_DELETE leave out what the diff shows.
        identify: gives each step its id, from its unit and element, and the steps values of their own, since
            they are to be kept; by default they are numbered, and share their values with the diff.
    """
    flattening = _Flattening(target, flags, identify)
    flattening.add(diff, parent=None, above=None)
    steps = _after_moves(flattening.steps, flattening.moves, target)
    if order is not None:
        steps.sort(key=order)
    return steps


def by_unit(steps: Iterable[Step]) -> dict[str, list[Step]]:
    """Return the steps by unit, both in order."""
    units: dict[str, list[Step]] = {}
    for step in steps:
        units.setdefault(step.unit, []).append(step)
    return units


def select_steps(plan: Plan, *, models: Collection[str] = (), actions: Collection[str] = ()) -> Cut:
    """Return the part of a plan with the changes of these models and by these actions; none given are all.

    Raises PlanError when something is no action.
    """
    unknown = sorted(set(actions) - ACTIONS)
    if unknown:
        raise PlanError(
            f"there is no action {', '.join(map(repr, unknown))}",
            code="PLAN-ACTION",
            hint=f"choose of {', '.join(sorted(ACTIONS))}",
        )
    return plan.filtered(
        lambda step: (not models or step.model in models) and (not actions or step.action in actions)
    )


def without_dependents(steps: Iterable[Step], gone: Mapping[str, Step]) -> tuple[list[Step], list[Dropped]]:
    """Return the steps less those that depend, also by way of others, on one that is gone; and these, with why."""
    left, out = list(steps), dict(gone)
    dropped: list[Dropped] = []
    while missing := [step for step in left if not out.keys().isdisjoint(step.depends_on)]:
        for step in missing:
            needed = next(out[needed] for needed in step.depends_on if needed in out)
            dropped.append(Dropped(step, f"it needs what is left out: {outline(needed)}"))
        out.update((step.id, step) for step in missing)
        left = [step for step in left if step.id not in out]
    return left, dropped


def outline(step: Step) -> str:
    """Return what a step does, in a few words."""
    return f"{step.action} {step.model} {step.name}"


def plan_schema() -> str:
    """Return the JSON Schema of plan files."""
    schema = Plan.model_json_schema()
    # A plan that comes from a file must say all this; only in code there are defaults.
    schema["required"] = ["format", "version", "id", *schema["required"]]
    return canonical({"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}, indent=2) + "\n"


def stable_id(unit: str, element: DiffElement) -> str:
    """Return an id that the same change of the same object always has."""
    return _id_of(unit, element.action, element.type, element.keys, element.get_attrs_diffs())


def renewed(step: Step, **changes: Any) -> Step:
    """Return a step with other values, under the id that such a change has in every plan."""
    made = replace(step, **changes)
    sides = {"-": made.before, "+": made.after}
    diffs = {sign: values for sign, values in sides.items() if values is not None}
    return replace(made, id=_id_of(made.unit, made.action, made.model, made.identity, diffs))


def _id_of(unit: str, action: str | None, model: str, identity: Any, diffs: Any) -> str:
    seed = canonical([unit, action, model, identity, diffs])
    return hashlib.sha256(seed.encode()).hexdigest()[:12]


_NO_FLAGS = DiffSyncModelFlags.NONE


def _has(flags: DiffSyncModelFlags | None, flag: DiffSyncModelFlags) -> bool:
    return flags is not None and flags is not _NO_FLAGS and flag in flags


class _Flattening:
    """A diff on its way to a list of steps."""

    def __init__(
        self,
        target: Dataset,
        flags: DiffSyncFlags,
        identify: Callable[[str, DiffElement], str] | None,
    ) -> None:
        self.steps: list[Step] = []
        self.moves: dict[Key, str] = {}
        """The steps that move an object under another parent."""
        self._target = target
        self._held = {
            "update": DiffSyncFlags.NO_UPDATE in flags,
            "delete": DiffSyncFlags.NO_DELETE in flags,
        }
        self._identify = identify
        self._number = map(str, itertools.count(1)).__next__

    def add(self, diff: Diff, parent: ObjectRef | None, above: Step | None) -> None:
        """Add the steps of a diff; `above` is the step on whose success they depend."""
        for element in diff.in_order():
            action: Any = element.action
            if action is not None and (element.held or self._held.get(action)):
                if action == "delete":
                    continue
                action = None
            step = None if action is None else self._step(element, action, parent, above)
            flags = element.flags if action == "delete" else None
            if step is None:
                self._add_below(element, above, flags)
            elif _has(flags, DiffSyncModelFlags.NATURAL_DELETION_ORDER):
                self._add_from_the_bottom(step, element, above, flags)
            else:
                self.steps.append(step)
                self._add_below(element, step, flags)

    def _add_from_the_bottom(
        self, step: Step, element: DiffElement, above: Step | None, flags: DiffSyncModelFlags | None
    ) -> None:
        start = len(self.steps)
        self._add_below(element, above, flags)
        self.steps.append(_depending(step, (child.id for child in self.steps[start:])))

    def _add_below(self, element: DiffElement, above: Step | None, flags: DiffSyncModelFlags | None) -> None:
        if element.has_children() and not _has(flags, DiffSyncModelFlags.SKIP_CHILDREN_ON_DELETE):
            # Without a step of its own, the object leaves it to the one above whether its children are tried.
            keys = element.keys if self._identify is None else copied(element.keys)
            self.add(element.child_diff, ObjectRef(element.type, keys), above)

    def _step(self, element: DiffElement, action: Any, parent: ObjectRef | None, above: Step | None) -> Step:
        step: Any = _Draft()
        identify = self._identify
        step.action, step.model, step.name, step.parent = action, element.type, element.name, parent
        step.identity, (step.before, step.after) = element.keys, _sides(element, action)
        if identify is not None:
            # Copies: whoever changes a list in place, in a dataset or in the diff, must not change what was planned.
            step.identity, step.before, step.after = map(copied, (step.identity, step.before, step.after))
        step.unit = self._target.unit_of(element.type, step.identity)
        step.id = self._number() if identify is None else identify(step.unit, element)
        step.depends_on = () if above is None else (above.id,)
        made: Step = step.frozen()
        if element.moved:
            self.moves[key_of(made, self._target)] = made.id
        return made


def _sides(element: DiffElement, action: Any) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
    """Return the values that an object has, and those that it is to get."""
    if action == "create":
        return None, element.source_attrs
    if action == "delete":
        return element.dest_attrs, None
    before, after, names = element.dest_attrs or {}, element.source_attrs or {}, element.differing_names()
    return {name: before[name] for name in names}, {name: after[name] for name in names}


def _depending(step: Step, needed: Iterable[str]) -> Step:
    return replace(step, depends_on=tuple(sorted({*step.depends_on, *needed})))


def _after_moves(steps: list[Step], moves: Mapping[Key, str], target: Dataset) -> list[Step]:
    """Let nothing be deleted before what moves out from under it has moved; it could go down with it."""
    if not moves:
        return steps
    waiting = False
    for place, step in enumerate(steps):
        if step.action == "delete":
            needed = [moves[key] for key in _below(key_of(step, target), target) if key in moves]
            if needed:
                steps[place] = _depending(step, needed)
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


def key_of(what: Step | ObjectRef, target: Dataset) -> Key:
    """Return the model and the unique id of the object that a step or a reference is about."""
    return what.model, target.model_class(what.model).unique_id_of(what.identity)


def _fingerprint(*datasets: Dataset) -> str:
    """Return a digest of all compared values of the datasets, whatever order they were loaded in."""
    digest = hashlib.sha256()
    for number, dataset in enumerate(datasets):
        names: Iterable[str] = getattr(dataset, "get_all_model_names", list)()
        for modelname in sorted(names):
            for obj in sorted(dataset.get_all(modelname), key=lambda obj: obj.get_unique_id()):
                values = {name: getattr(obj, name) for name in obj.get_managed()}
                digest.update(canonical([number, modelname, obj.get_unique_id(), values]).encode())
    return digest.hexdigest()
