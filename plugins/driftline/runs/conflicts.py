"""Conflicts: what was changed on devices and in the intent since the last successful run, and who wins."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, field_validator

from driftline.engine.conflicts import Conflict, ConflictError, ConflictResolutionStrategy
from driftline.engine.exceptions import PlanError, Problem
from driftline.engine.resolution import settle
from driftline.engine.values import copied

from .matching import MODELS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from driftline.engine import Diff, Plan

    from .snapshots import Base

Strategy = Literal["source_wins", "dest_wins", "merge", "manual"]
Decision = Literal["source_wins", "dest_wins"]


class Conflicts(BaseModel):
    """Who wins where a device was changed by somebody else, and maybe the intent too."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    default: Strategy = "source_wins"
    rules: dict[str, Strategy] = {}
    """By model (`vlan`) or attribute (`interface.description`), which goes before its model."""

    @field_validator("rules")
    @classmethod
    def _known(cls, rules: dict[str, Strategy]) -> dict[str, Strategy]:
        for name in rules:
            model, dot, attribute = name.partition(".")
            if model not in MODELS:
                raise ValueError(f"there is no model {model!r}; there are {', '.join(MODELS)}")
            known = MODELS[model]._attributes  # noqa: SLF001 - the model's declaration
            if dot and attribute not in known:
                raise ValueError(f"{model} has no attribute {attribute!r}; it has {', '.join(known)}")
        return rules

    def strategies(self) -> dict[str, dict[str | None, Strategy]]:
        """Return the strategy of every attribute by model; None stands for an object as a whole."""
        return {model: {None: self._of(model), **self._attributes_of(model)} for model in MODELS}

    def _of(self, model: str) -> Strategy:
        return self.rules.get(model, self.default)

    def _attributes_of(self, model: str) -> dict[str | None, Strategy]:
        names = MODELS[model]._attributes  # noqa: SLF001 - as above
        return {name: self.rules.get(f"{model}.{name}", self._of(model)) for name in names}


@dataclass(frozen=True, slots=True)
class Resolved:
    """A diff in which conflicts were settled, and what became of each."""

    diff: Diff
    conflicts: tuple[Conflict, ...]
    """For the plan: also what somebody changed on a device alone, and what is undecided, without a winner."""


def resolve_conflicts(
    diff: Diff,
    base: Base | None,
    policies: Conflicts,
    decisions: Mapping[str, Decision] | None = None,
) -> Resolved:
    """Settle what was changed on the devices since the last successful run.

    Where nobody knows (`manual`, or changes that can't be merged) the diff has what the intent says, and the
    conflict has no winner yet. Devices without a successful run are compared as they are, and not told of.

    Args:
        base: what was agreed on then; see `load_base`.
        decisions: who wins in an undecided conflict, by its place, such as `leaf1 interface Ethernet1 mtu`;
            `*` and `?` stand for anything.

    Raises:
        PlanError: a decision is about no undecided conflict (DECISION-UNUSED).
    """
    decisions = decisions or {}
    if base is None:
        _expect_used(decisions, set())
        return Resolved(diff, ())
    used: set[str] = set()

    def decide(conflict: Conflict) -> ConflictResolutionStrategy | None:
        fitting = [place for place in decisions if fnmatchcase(_placed(conflict).where, place)]
        used.update(fitting)
        return ConflictResolutionStrategy(decisions[fitting[0]]) if fitting else None

    result = settle(diff, policies.strategies(), base, decide)
    _expect_used(decisions, used)
    placed = (_placed(each) for each in (*result.settled, *result.open))
    return Resolved(result.diff, tuple(sorted(placed, key=lambda each: (each.unit, each.model, each.where))))


def expect_decided(plan: Plan) -> None:
    """Raise ConflictError, naming each, when something in a plan is still to be decided."""
    undecided = tuple(conflict for conflict in plan.conflicts if conflict.winner is None)
    if undecided:
        raise ConflictError(
            "the plan has conflicts that are not decided",
            conflicts=undecided,
            problems=[_undecided(conflict) for conflict in undecided],
        )


def _undecided(conflict: Conflict) -> Problem:
    return Problem(
        conflict.where,
        "CONFLICT-UNDECIDED",
        f"{conflict.base!r} at the last run, the intent says {conflict.source!r}, the device {conflict.dest!r}",
        f"decide it with --decide '{conflict.where}=source_wins' or …=dest_wins, or leave its device out",
    )


def _placed(conflict: Conflict) -> Conflict:
    """Return a conflict with its device, and values that nobody else changes."""
    return replace(
        conflict,
        unit=str(conflict.identity["device"]),
        identity=copied(conflict.identity),
        base=copied(conflict.base),
        source=copied(conflict.source),
        dest=copied(conflict.dest),
        value=copied(conflict.value),
    )


def _expect_used(decisions: Mapping[str, Decision], used: set[str]) -> None:
    unused = [place for place in decisions if place not in used]
    if unused:
        raise PlanError(
            f"there is no undecided conflict {', '.join(map(repr, unused))}",
            code="DECISION-UNUSED",
            hint="name it as the plan does: device, model, name and attribute",
        )
