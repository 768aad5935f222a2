"""What a plan would do, and how two plans differ: as plain values, as JSON and as text."""

from __future__ import annotations

import difflib
import itertools
from collections import Counter
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from driftline.engine.values import canonical

from .conflicts import conflict_words, notable
from .drift import Row, changes_of, counted, home

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from driftline.engine import Conflict, Plan, Step

_ACTIONS = {"create": "+", "update": "~", "delete": "-"}


@dataclass(frozen=True, slots=True)
class PlannedDevice:
    """What a plan would do to one device."""

    site: str
    device: str
    facts: Mapping[str, str]
    """What must be true of the box: its host name, its serial number."""
    steps: tuple[Step, ...]
    native: tuple[str, ...]
    """The lines that it would be sent."""
    conflicts: tuple[Conflict, ...] = ()
    guarantee: str = ""
    """What protects it if everything fails."""

    @property
    def rows(self) -> tuple[Row, ...]:
        """The changes as the drift report has them."""
        return tuple(_row(step, self.site) for step in self.steps)

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain values."""
        return {
            "site": self.site,
            "device": self.device,
            "identity": dict(self.facts),
            "guarantee": self.guarantee,
            "steps": [_step_dict(step) for step in self.steps],
            "native": list(self.native),
            "conflicts": [_conflict_dict(conflict) for conflict in self.conflicts],
        }


@dataclass(frozen=True, slots=True)
class PlanView:
    """A plan for people, device by device."""

    plan: Plan
    devices: tuple[PlannedDevice, ...]

    @property
    def summary(self) -> str:
        """The plan on one line."""
        if not self.plan.steps:
            return "nothing to do"
        return f"{_counts(self.plan.steps)}, on {counted(len(self.devices), 'device')}"

    def to_dict(self) -> dict[str, Any]:
        """Return the view as plain values."""
        plan = self.plan
        return {
            "plan": plan.id,
            "made_from": plan.made_from,
            "source": plan.source,
            "target": {"name": plan.target.name, "type": plan.target.type},
            "inputs": plan.inputs,
            "summary": self.summary,
            "devices": [device.to_dict() for device in self.devices],
        }

    def to_text(self) -> str:
        """Return the view as text."""
        return "\n".join([*self._head(), *_by_site(self.devices, _device_text), self.summary])

    def _head(self) -> Iterator[str]:
        plan = self.plan
        yield f"plan {plan.id}"
        yield f"  {plan.source} → {plan.target.name} ({plan.target.type}), inputs {plan.inputs}"
        if plan.made_from:
            yield f"  made from plan {plan.made_from}"


@dataclass(frozen=True, slots=True)
class DeviceDiff:
    """How what two plans would do to one device differs."""

    site: str
    device: str
    only_a: tuple[Step, ...]
    only_b: tuple[Step, ...]
    changed: tuple[tuple[Step, Step], ...]
    """The same action on the same object, with other values."""
    native: tuple[str, ...]
    """How the lines differ, as a unified diff."""

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain values."""
        return {
            "site": self.site,
            "device": self.device,
            "only_a": [_step_dict(step) for step in self.only_a],
            "only_b": [_step_dict(step) for step in self.only_b],
            "changed": [{"a": _step_dict(a), "b": _step_dict(b)} for a, b in self.changed],
            "native": list(self.native),
        }


@dataclass(frozen=True, slots=True)
class PlanDiff:
    """How two plans differ."""

    a: Plan
    b: Plan
    devices: tuple[DeviceDiff, ...]
    """Those about which they differ."""

    @property
    def same(self) -> bool:
        """Whether both would do the same to the same target."""
        return not self.devices and self.a.target == self.b.target

    @property
    def summary(self) -> str:
        """The difference on one line."""
        if self.same:
            return "both plans do the same"
        if not self.devices:
            return "both plans do the same, to different targets"
        only_a, only_b, changed = (
            sum(len(getattr(device, part)) for device in self.devices)
            for part in ("only_a", "only_b", "changed")
        )
        where = counted(len(self.devices), "device")
        return f"{only_a} only in A, {only_b} only in B, {changed} changed, on {where}"

    def to_dict(self) -> dict[str, Any]:
        """Return the difference as plain values."""
        return {
            "a": _origin(self.a),
            "b": _origin(self.b),
            "same": self.same,
            "same_inputs": self.a.inputs == self.b.inputs,
            "summary": self.summary,
            "devices": [device.to_dict() for device in self.devices],
        }

    def to_text(self) -> str:
        """Return the difference as text; `A` and `B` stand before what only one of them has."""
        head = [f"A: plan {self.a.id}", f"B: plan {self.b.id}"]
        if self.a.target != self.b.target:
            head.append(f"targets: {self.a.target.name} in A, {self.b.target.name} in B")
        return "\n".join([*head, *_by_site(self.devices, _diff_text), self.summary])


def plan_rows(plan: Plan) -> tuple[Row, ...]:
    """Return what a plan changes, in its order."""
    return tuple(_row(step, _site(plan, step.unit)) for step in plan.steps)


def plan_view(plan: Plan, guarantees: Mapping[str, str] | None = None) -> PlanView:
    """Return a plan for people.

    Args:
        guarantees: per device, what protects it if everything fails, where that is known.
    """
    told = guarantees or {}
    devices = (
        PlannedDevice(
            site=_site(plan, unit),
            device=unit,
            facts={name: fact for name, fact in plan.identities.get(unit, {}).items() if name != "site"},
            steps=tuple(steps),
            native=plan.native.get(unit, ()),
            conflicts=tuple(conflict for conflict in plan.conflicts if conflict.unit == unit),
            guarantee=told.get(unit, ""),
        )
        for unit, steps in plan.units.items()
    )
    return PlanView(plan, tuple(sorted(devices, key=lambda device: (device.site, device.device))))


def plan_diff(a: Plan, b: Plan) -> PlanDiff:
    """Return how two plans differ: steps that only one has, and steps that do the same to other values."""
    units = {**a.units, **b.units}
    devices = (_device_diff(unit, a, b) for unit in units)
    differing = [each for each in devices if each.only_a or each.only_b or each.changed or each.native]
    return PlanDiff(a, b, tuple(sorted(differing, key=lambda each: (each.site, each.device))))


def _device_diff(unit: str, a: Plan, b: Plan) -> DeviceDiff:
    mine, theirs = ({_key(step): step for step in plan.units.get(unit, ())} for plan in (a, b))
    both = [(step, theirs[key]) for key, step in mine.items() if key in theirs]
    lines = difflib.unified_diff(a.native.get(unit, ()), b.native.get(unit, ()), "A", "B", lineterm="")
    return DeviceDiff(
        site=_site(a, unit) or _site(b, unit),
        device=unit,
        only_a=tuple(step for key, step in mine.items() if key not in theirs),
        only_b=tuple(step for key, step in theirs.items() if key not in mine),
        changed=tuple((one, other) for one, other in both if _values(one) != _values(other)),
        native=tuple(lines),
    )


def _key(step: Step) -> str:
    return canonical([step.action, step.model, step.identity])


def _values(step: Step) -> str:
    return canonical([step.before, step.after, step.parent])


def _site(plan: Plan, unit: str) -> str:
    return plan.identities.get(unit, {}).get("site", "")


def _row(step: Step, site: str) -> Row:
    return Row(
        site,
        home(step.model, step.identity, step.name),
        step.model,
        step.name,
        step.action,
        changes_of(step.before, step.after),
    )


def _counts(steps: Iterable[Step]) -> str:
    counts: Counter[str] = Counter(step.action for step in steps)
    return ", ".join(f"{counts[action]} to {action}" for action in _ACTIONS)


# Plain values ---------------------------------------------------------------------------------------------


def _origin(plan: Plan) -> dict[str, str]:
    return {"plan": plan.id, "made_from": plan.made_from, "inputs": plan.inputs, "target": plan.target.name}


def _step_dict(step: Step) -> dict[str, Any]:
    values: dict[str, Any] = asdict(step)
    return {**values, "depends_on": list(step.depends_on)}


def _conflict_dict(conflict: Conflict) -> dict[str, Any]:
    values: dict[str, Any] = asdict(conflict)
    return {**values, "kind": conflict.kind.value, "winner": conflict.winner and conflict.winner.value}


# Text -----------------------------------------------------------------------------------------------------


def _by_site(devices: Iterable[Any], told: Callable[[Any], Iterator[str]]) -> Iterator[str]:
    for site, group in itertools.groupby(devices, key=lambda device: str(device.site)):
        if site:
            yield f"site {site}"
        for device in group:
            yield from told(device)


def _device_text(device: PlannedDevice) -> Iterator[str]:
    facts = ", ".join(f"{name} {fact}" for name, fact in device.facts.items())
    yield f"  {device.device}" + (f" ({facts})" if facts else "")
    if device.guarantee:
        yield f"    guarantee: {device.guarantee}"
    for step in device.steps:
        yield from _step_text(step, "    ")
    for conflict in notable(device.conflicts):
        yield f"    ! {conflict_words(conflict)}"
    if device.native:
        yield "    gets:"
        yield from (f"      {line}" for line in device.native)


def _diff_text(device: DeviceDiff) -> Iterator[str]:
    yield f"  {device.device}"
    for letter, steps in (("A", device.only_a), ("B", device.only_b)):
        for step in steps:
            yield from _step_text(step, f"    {letter} ")
    for both in device.changed:
        yield f"    {_label(both[0])}"
        for letter, step in zip("AB", both, strict=True):
            yield from (f"      {letter} {line}" for line in (*_change_lines(step), *_place(step, both)))
    yield from (f"      {line}" for line in device.native)


def _step_text(step: Step, margin: str) -> Iterator[str]:
    yield f"{margin}{_label(step)}"
    yield from (f"{' ' * len(margin)}    {line}" for line in _change_lines(step))


def _label(step: Step) -> str:
    return f"{_ACTIONS[step.action]} {_row(step, '').label}"


def _change_lines(step: Step) -> Iterator[str]:
    for name, old, new in _row(step, "").changes:
        if step.action == "update":
            yield f"{name}: {_shown(old)} → {_shown(new)}"
        elif (value := new if step.action == "create" else old) not in (None, False):
            yield f"{name}: {_shown(value)}"


def _place(step: Step, both: tuple[Step, Step]) -> Iterator[str]:
    """Yield where an object is to be, where the two plans have it below different ones."""
    if step.parent is not None and both[0].parent != both[1].parent:
        yield f"below {step.parent.model} {', '.join(map(str, step.parent.identity.values()))}"


def _shown(value: Any) -> str:
    if value is None:
        return "(none)"
    if isinstance(value, str) and not (value.strip() and value.isprintable()):
        return repr(value)  # it would not be seen, or do something to the terminal
    return str(value)
