"""Freshness: whether a target still is as it was when a plan was made, and what to do where it is not.

What a plan was computed from is its read-set: for an update the values that it changes, for a delete all values
of the object (for live gear the digest of its native section too), for a create that the object is not there, and
for both create and update that the parent is. Everything else on the target may change freely.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, ConfigDict, StringConstraints

from .exceptions import ObjectNotFound, PlanError, Problem
from .plan import Dropped, key_of, renewed, without_dependents
from .values import canonical, copied

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from .plan import Plan, Step
    from .typing import Dataset

    Key = tuple[str, str]


class FreshnessPolicy(enum.StrEnum):
    """What to do where somebody else has changed what a plan was computed from."""

    REFUSE = "refuse"
    """The plan is not applied."""
    OVERWRITE = "overwrite"
    """The plan wins: it is applied to what is there now."""
    ACCEPT = "accept"
    """What is there now wins: it is left as it was found."""


RuleName = Annotated[str, StringConstraints(pattern=r"^\w+(\.\w+)?$")]


class Freshness(BaseModel):
    """What to do about changes by others between plan and apply, by model and attribute."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    default: FreshnessPolicy = FreshnessPolicy.REFUSE
    rules: dict[RuleName, FreshnessPolicy] = {}
    """By `model` or `model.attribute`; the more specific one wins. That an object is there at all is the model's."""

    def policy(self, model: str, attribute: str | None = None) -> FreshnessPolicy:
        """Return what to do about an attribute, or about the object as a whole."""
        of_model = self.rules.get(model, self.default)
        return self.rules.get(f"{model}.{attribute}", of_model)

    def check(self, target: Dataset) -> None:
        """Raise PlanError when a rule is about something that a target does not have."""
        unknown = [name for name in self.rules if not _is_known(target, *name.split("."))]
        if unknown:
            raise PlanError(
                f"freshness rules for what {target.name} does not have: {', '.join(unknown)}",
                code="FRESHNESS-RULE",
                hint="a rule is named `model` or `model.attribute`, for example `interface.description`",
            )


@dataclass(frozen=True, slots=True)
class OutOfBand:
    """One thing that somebody else has changed since the plan was made."""

    step: Step
    """As it was planned."""
    attribute: str | None
    """None: whether the object is there at all; the values are then those of its attributes, None where it is not."""
    planned: Any
    """What was there when the plan was made."""
    found: Any
    wanted: Any
    """What the plan makes of it; None: it is to go."""
    done: bool = False
    """The target already has what was wanted: somebody has done it by hand."""

    @property
    def message(self) -> str:
        """What has changed, in words."""
        if self.attribute is None:
            return self._message_of_object()
        if self.planned is None and self.step.action == "create":
            return (
                f"planned to be created with {self.attribute} {self.wanted!r}, but has {self.found!r} by now"
            )
        now = f"{self.found!r} already, as wanted" if self.done else f"{self.found!r} now"
        return f"{self.attribute} was {self.planned!r} when planned and is {now}"

    def _message_of_object(self) -> str:
        if self.found is None:
            return (
                "it is gone already, as wanted"
                if self.done
                else f"planned to {self.step.action}, but it is gone"
            )
        return "it exists already, as wanted" if self.done else "planned to be created, but it exists by now"

    def to_dict(self) -> dict[str, Any]:
        """Return the change as plain values."""
        return {
            "step": self.step.id,
            "unit": self.step.unit,
            "action": self.step.action,
            "model": self.step.model,
            "name": self.step.name,
            "attribute": self.attribute,
            "planned": self.planned,
            "found": self.found,
            "wanted": self.wanted,
            "message": self.message,
        }


@dataclass(frozen=True, slots=True)
class Fresh:
    """A plan as it can be applied to what is there now, and everything that others have changed meanwhile."""

    plan: Plan
    """Where there are problems: the plan as it was."""
    problems: tuple[Problem, ...] = ()
    """Why the plan must not be applied."""
    refused: tuple[OutOfBand, ...] = ()
    """The changes behind the problems, but for parents that are gone."""
    overwritten: tuple[OutOfBand, ...] = ()
    """What the plan changes all the same."""
    accepted: tuple[OutOfBand, ...] = ()
    """What is left as it was found; where the policy is `overwrite`, because it is as wanted."""
    dropped: tuple[Dropped, ...] = ()
    """The steps that went because of others that went."""

    def to_dict(self) -> dict[str, Any]:
        """Return what was changed by others, and what that does to the plan, as plain values."""
        changes = {"refused": self.refused, "overwritten": self.overwritten, "accepted": self.accepted}
        told: dict[str, Any] = {name: [each.to_dict() for each in of] for name, of in changes.items()}
        dropped = [{"step": each.step.id, "unit": each.step.unit, "why": each.why} for each in self.dropped]
        return {"plan": self.plan.id, "made_from": self.plan.made_from, **told, "dropped": dropped}


def stale(plan: Plan, target: Dataset) -> list[Problem]:
    """Return where the target no longer has the values that the plan was computed from."""
    return list(freshen(plan, target).problems)


def freshen(plan: Plan, target: Dataset, policies: Freshness | None = None) -> Fresh:
    """Compare what a plan was computed from with the target, and bring the plan up to date as the policies say.

    A unit whose steps change loses its native lines: they have to be made anew. Nothing is written.

    Raises PlanError when the plan or a policy is about something that the target does not have.
    """
    policies = policies or Freshness()
    policies.check(target)
    unknown = {step.model for step in plan.steps if not _is_known(target, step.model)}
    if unknown:
        raise PlanError(
            f"the plan is not for {target.name}: it has no {', '.join(sorted(unknown))}", code="PLAN-TARGET"
        )
    return _Freshening(plan, target, policies).result()


class _Freshening:
    """A plan that is compared with its target, step by step."""

    def __init__(self, plan: Plan, target: Dataset, policies: Freshness) -> None:
        self._plan = plan
        self._target = target
        self._policies = policies
        self._problems: list[Problem] = []
        self._told: dict[FreshnessPolicy, list[OutOfBand]] = {policy: [] for policy in FreshnessPolicy}
        self._ids: dict[str, str] = {}
        """The new ids of steps that have become others."""
        self._done: set[str] = set()
        """The steps that went because the target is as they want it: what depends on them can be done."""
        self._left: dict[str, Step] = {}
        """The steps that went because their object is left as it was found."""

    def result(self) -> Fresh:
        """Return what has become of the plan."""
        steps, dropped = self._complete([each for step in self._plan.steps for each in self._settled(step)])
        told = self._told
        return Fresh(
            plan=self._plan if self._problems else self._plan.with_steps(steps),
            problems=tuple(self._problems),
            refused=tuple(told[FreshnessPolicy.REFUSE]),
            overwritten=tuple(told[FreshnessPolicy.OVERWRITE]),
            accepted=tuple(told[FreshnessPolicy.ACCEPT]),
            dropped=tuple(dropped),
        )

    # One step ---------------------------------------------------------------------------------------------

    def _settled(self, step: Step) -> Iterator[Step]:
        """Yield a step as it can be applied now, unless it goes."""
        found = self._target.get_or_none(step.model, step.identity)
        if found is None:
            settled = step if step.action == "create" else self._gone(step)
        else:
            changes = list(self._changes(step, found))
            settled = _SETTLING[step.action](self, step, found, changes)
        if settled is not None:
            self._ids[step.id] = settled.id
            yield settled

    def _create(self, step: Step, found: Any, changes: list[OutOfBand]) -> Step | None:
        """Settle the creation of an object that somebody else has made."""
        moves = self._moves(step, found)
        values, wanted = _values(found), step.after or {}
        there = {name: values.get(name) for name in wanted}
        made = OutOfBand(step, None, None, there, wanted, done=not changes and not moves)
        policy = self._judged(made)
        if policy is not FreshnessPolicy.OVERWRITE:
            return self._unless_left(step, policy, done=made.done)
        to_set = [each for each in changes if self._judged(each) is FreshnessPolicy.OVERWRITE]
        if not to_set and not moves:
            return self._unless_left(step, FreshnessPolicy.ACCEPT)
        names = [str(each.attribute) for each in to_set]
        before, after = ({name: of.get(name) for name in names} for of in (values, wanted))
        return renewed(step, action="update", before=copied(before), after=after)

    def _update(self, step: Step, found: Any, changes: list[OutOfBand]) -> Step | None:
        before, after = dict(step.before or {}), dict(step.after or {})
        for change in changes:
            name = str(change.attribute)
            policy = self._judged(change)
            if policy is FreshnessPolicy.OVERWRITE:
                before[name] = copied(change.found)
            elif policy is FreshnessPolicy.ACCEPT:
                del before[name]
                after.pop(name, None)
        if changes and not after and not self._moves(step, found):
            return self._unless_left(step, FreshnessPolicy.ACCEPT, done=all(each.done for each in changes))
        return renewed(step, before=before, after=after) if changes else step

    def _delete(self, step: Step, found: Any, changes: list[OutOfBand]) -> Step | None:
        """Settle a deletion: one value that forbids it, or is to be left as it was found, is enough."""
        policies = {self._policies.policy(step.model, change.attribute) for change in changes}
        verdict = next((policy for policy in _STRICTEST_FIRST if policy in policies), None)
        if verdict is None:
            return step
        for change in changes:
            self._tell(change, verdict)
        if verdict is FreshnessPolicy.OVERWRITE:
            return renewed(step, before=copied(_values(found)))
        return self._unless_left(step, verdict)

    def _gone(self, step: Step) -> Step | None:
        """Settle a step whose object somebody else has removed."""
        deleting = step.action == "delete"
        removed = OutOfBand(step, None, step.before, None, step.after, done=deleting)
        policy = self._policies.policy(step.model)
        if policy is FreshnessPolicy.OVERWRITE and not deleting and not self._is_whole(step):
            self._tell(removed, FreshnessPolicy.REFUSE)  # nobody knows what else it was like
            return step
        policy = self._judged(removed)
        if policy is FreshnessPolicy.OVERWRITE:
            return renewed(step, action="create", before=None)
        return self._unless_left(step, policy, done=deleting)

    def _unless_left(self, step: Step, policy: FreshnessPolicy, *, done: bool = False) -> Step | None:
        """Return a step whose change was refused; one whose object is left as it was found goes."""
        if policy is FreshnessPolicy.REFUSE:
            return step
        if done:
            self._done.add(step.id)
        else:
            self._left[step.id] = step
        return None

    # What has changed ---------------------------------------------------------------------------------------

    def _changes(self, step: Step, found: Any) -> Iterator[OutOfBand]:
        """Yield the values that are not what the step was computed from; for a create, not what it wants."""
        before, after = step.before or {}, step.after or {}
        values = _values(found)
        for name, planned in (after if step.action == "create" else before).items():
            value = values[name] if name in values else getattr(found, name, None)
            if not _same(found, name, planned, value):
                done = name in after and _same(found, name, after[name], value)
                yield OutOfBand(step, name, before.get(name), value, after.get(name), done)

    def _judged(self, change: OutOfBand) -> FreshnessPolicy:
        """Return what is to be done about a change, and tell it; what is as wanted needs no overwriting."""
        policy = self._policies.policy(change.step.model, change.attribute)
        if policy is FreshnessPolicy.OVERWRITE and change.done:
            policy = FreshnessPolicy.ACCEPT
        self._tell(change, policy)
        return policy

    def _tell(self, change: OutOfBand, policy: FreshnessPolicy) -> None:
        self._told[policy].append(change)
        if policy is FreshnessPolicy.REFUSE:
            self._problems.append(_problem(change.step, change.message))

    def _moves(self, step: Step, found: Any) -> bool:
        """Return whether a step brings an object that is there under another parent."""
        if step.parent is None:
            return False
        parent = self._target.get_or_none(step.parent.model, step.parent.identity)
        return parent is None or parent.place_of(found) is None

    def _is_whole(self, step: Step) -> bool:
        """Return whether a step has all values of its object."""
        names = self._target.model_class(step.model)._attributes  # noqa: SLF001 - the engine's own
        return set(names) <= set(step.after or {})

    # All steps ----------------------------------------------------------------------------------------------

    def _complete(self, steps: list[Step]) -> tuple[list[Step], list[Dropped]]:
        """Return the steps without those that can't be done now that others went; and these, with why."""
        steps, dropped = self._below_a_parent([self._linked(step) for step in steps])
        gone = {**self._left, **{each.step.id: each.step for each in dropped}}
        while True:
            steps, more = without_dependents(steps, gone)
            gone.update((each.step.id, each.step) for each in more)
            above = self._above_what_stays(steps, gone.values())
            dropped += [
                *more,
                *(Dropped(step, "something below it is left as it was found") for step in above),
            ]
            if not above:
                return steps, dropped
            gone.update((step.id, step) for step in above)
            steps = [step for step in steps if step.id not in gone]

    def _linked(self, step: Step) -> Step:
        """Return a step that depends on others by the ids that they have now."""
        needed = tuple(
            self._ids.get(needed, needed) for needed in step.depends_on if needed not in self._done
        )
        return step if needed == step.depends_on else replace(step, depends_on=needed)

    def _above_what_stays(self, steps: Iterable[Step], gone: Iterable[Step]) -> list[Step]:
        """Return the deletions of parents that would take along what is not to be deleted any more."""
        staying = {
            key_of(step.parent, self._target)
            for step in gone
            if step.action == "delete" and step.parent is not None
        }
        return [step for step in steps if step.action == "delete" and key_of(step, self._target) in staying]

    def _below_a_parent(self, steps: list[Step]) -> tuple[list[Step], list[Dropped]]:
        """Return the steps without those whose parent is gone, where that is accepted; and these, with why."""
        made = {key_of(step, self._target) for step in steps if step.action == "create"}
        there: list[Step] = []
        dropped: list[Dropped] = []
        for step in steps:
            message = "" if step.action == "delete" else self._missing_parent(step, made)
            if not message:
                there.append(step)
            elif step.parent and self._policies.policy(step.parent.model) is FreshnessPolicy.ACCEPT:
                dropped.append(Dropped(step, message))
            else:
                self._problems.append(_problem(step, message))
        return there, dropped

    def _missing_parent(self, step: Step, made: set[Key]) -> str:
        """Return what to say about a parent that neither is there nor is made by the plan."""
        parent = step.parent
        if parent is None or self._target.get_or_none(parent.model, parent.identity) is not None:
            return ""
        key = key_of(parent, self._target)
        return "" if key in made else f"planned below {parent.model} {key[1]}, but that is gone"


_SETTLING = {"create": _Freshening._create, "update": _Freshening._update, "delete": _Freshening._delete}  # noqa: SLF001
_STRICTEST_FIRST = (FreshnessPolicy.REFUSE, FreshnessPolicy.ACCEPT, FreshnessPolicy.OVERWRITE)
"""As for one object that can only be deleted or left as a whole."""


def _is_known(target: Dataset, model: str, attribute: str | None = None) -> bool:
    try:
        cls = target.model_class(model)
    except ObjectNotFound:
        return False
    return attribute is None or attribute in cls.model_fields


def _values(found: Any) -> Mapping[str, Any]:
    values: Mapping[str, Any] = found.get_read_set()
    return values


def _same(found: Any, name: str, one: Any, other: Any) -> bool:
    # A plan that was saved has the values as JSON has them: a list for a set, text for an address.
    return bool(found.same(name, one, other)) or canonical(one) == canonical(other)


def _problem(step: Step, message: str) -> Problem:
    return Problem(f"{step.unit} {step.model} {step.name}", "PLAN-STALE", message, "make a new plan")
