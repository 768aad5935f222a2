"""Freshness: whatever others change between plan and apply, it is noticed where it matters, and only there.

`DRIFTLINE_EXAMPLES` sets how many cases are tried; each has up to four changes by others.
"""

from __future__ import annotations

import os
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from driftline.engine import DiffSyncModelFlags, Plan
from driftline.engine.executor import execute
from driftline.engine.freshness import Fresh, Freshness, FreshnessPolicy, freshen, stale
from driftline.engine.plan import make_plan
from tests.engine.inventory import Device, Interface, Inventory, Site

from .trees import DEVICES, INTERFACES, SITES, Node, Tree

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from driftline.engine import DiffSyncModel, Step

pytestmark = pytest.mark.usefixtures("quiet")
EXAMPLES = int(os.environ.get("DRIFTLINE_EXAMPLES", "300"))
MANY = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))

NONE = DiffSyncModelFlags.NONE
NATURAL, SKIP = DiffSyncModelFlags.NATURAL_DELETION_ORDER, DiffSyncModelFlags.SKIP_CHILDREN_ON_DELETE
CLASSES: dict[str, type[DiffSyncModel]] = {"site": Site, "device": Device, "interface": Interface}
ATTRIBUTES = {"site": ["region"], "device": ["role"], "interface": ["mtu", "tags"]}
ABOVE = {"device": ("site", "devices"), "interface": ("device", "interfaces")}
NAMES = {"site": SITES, "device": DEVICES, "interface": INTERFACES}
VALUES: dict[str, list[Any]] = {
    "region": [None, "eu", "us"],
    "role": [None, "leaf", "spine"],
    "mtu": [None, 1500, 9000],
    "tags": [[], ["a"], ["a", "b"]],
}

Key = tuple[str, str]
State = dict[Key, dict[str, Any]]


# Datasets -------------------------------------------------------------------------------------------------


def grown(seed: int, *, partial: bool = False) -> Tree:
    """Return a tree in which most of the few names are taken, so that two of them have much in common."""
    draw = random.Random(seed)  # noqa: S311 - an example, no secret

    def nodes(model: str, parents: Iterable[str]) -> dict[str, Node]:
        above = sorted(parents)
        return {
            name: Node(
                parent=draw.choice(above) if above else "",
                values={each: draw.choice(VALUES[each]) for each in ATTRIBUTES[model]},
                managed=frozenset(draw.sample(ATTRIBUTES[model], 1))
                if partial and not draw.randrange(4)
                else None,
                exclusive=not partial or bool(draw.randrange(3)),
                flags=NONE if partial else draw.choice([NONE, NONE, NATURAL, SKIP]),
            )
            for name in draw.sample(NAMES[model], draw.randint(len(NAMES[model]) // 2, len(NAMES[model])))
        }

    sites = nodes("site", ())
    devices = nodes("device", sites)
    return Tree(sites, devices, nodes("interface", devices))


@st.composite
def datasets(draw: st.DrawFn) -> tuple[Inventory, Inventory]:
    """Return an actual and an intended state."""
    seed = draw(st.integers(0, 2**32))
    return grown(seed).load("actual"), grown(seed + 1, partial=True).load("intended")


# Changes by others ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Change:
    """What somebody does to one object: sets a value, moves it, removes it with all below it, or adds one."""

    kind: str
    model: str
    pick: int
    """Which of those that are possible."""

    def make(self, inventory: Inventory) -> None:
        """Do it; where there is nothing to do it to, do nothing."""
        names, above = NAMES[self.model], ABOVE.get(self.model)
        there = sorted(obj.name for obj in inventory.get_all(self.model))
        free = sorted(set(names) - set(there))
        parents = inventory.get_all(above[0]) if above else [None]
        if self.kind == "add" and free and parents:
            values = {name: _one_of(VALUES[name], self.pick) for name in ATTRIBUTES[self.model]}
            obj = CLASSES[self.model](name=_one_of(free, self.pick), **values)
            inventory.put(obj, _one_of(parents, self.pick))
        elif there:
            obj = inventory.get(self.model, _one_of(there, self.pick))
            {"remove": _remove, "move": self._move}.get(self.kind, self._set)(inventory, obj)

    def _set(self, _inventory: Inventory, obj: Any) -> None:
        name = _one_of(ATTRIBUTES[self.model], self.pick)
        setattr(
            obj, name, _one_of([value for value in VALUES[name] if value != getattr(obj, name)], self.pick)
        )

    def _move(self, inventory: Inventory, obj: Any) -> None:
        parents = inventory.get_all(ABOVE[self.model][0]) if self.model in ABOVE else []
        if parents:
            _disown(inventory, obj)
            _one_of(parents, self.pick).add_child(obj)


def _one_of(choices: Sequence[Any], pick: int) -> Any:
    return choices[pick % len(choices)]


def _disown(inventory: Inventory, obj: Any) -> None:
    above = ABOVE.get(obj.get_type())
    for parent in inventory.get_all(above[0]) if above else ():
        if parent.place_of(obj) is not None:
            parent.remove_child(obj)


def _remove(inventory: Inventory, obj: Any) -> None:
    _disown(inventory, obj)
    for model, field in obj.get_children_mapping().items():
        for child in inventory.get_by_uids(list(getattr(obj, field)), model):
            _remove(inventory, child)
    inventory.remove(obj)


CHANGES = st.lists(
    st.builds(
        Change,
        kind=st.sampled_from(["set", "set", "set", "add", "remove", "move"]),
        model=st.sampled_from(["interface", "interface", "device", "site"]),
        pick=st.integers(0, 100),
    ),
    min_size=1,
    max_size=4,
)


def state(inventory: Inventory) -> State:
    return {
        (model, obj.name): {
            name: list(v) if isinstance(v := getattr(obj, name), list) else v for name in names
        }
        for model, names in ATTRIBUTES.items()
        for obj in inventory.get_all(model)
    }


# The law --------------------------------------------------------------------------------------------------


def key_of(step: Step) -> Key:
    return step.model, step.identity["name"]


def disturbed(plan: Plan, was: State, now: State) -> set[tuple[str, str | None]]:
    """Return what changed of that which the plan relies on, by step and attribute, found without the engine."""
    made = {key_of(step) for step in plan.steps if step.action == "create"}
    found: set[tuple[str, str | None]] = set()
    for step in plan.steps:
        key = key_of(step)
        relied = step.after if step.action == "update" else ATTRIBUTES[step.model]
        if (key in now) != (key in was):
            found.add((step.id, None))
        elif key in was:
            found.update((step.id, name) for name in relied or () if was[key][name] != now[key][name])
        parent = None if step.parent is None else (step.parent.model, step.parent.identity["name"])
        if step.action != "delete" and parent and parent not in now and parent not in made:
            found.add((step.id, "its parent"))
    return found


@MANY
@given(datasets(), CHANGES)
def test_nothing_is_missed_and_nothing_is_refused_without_reason(
    both: tuple[Inventory, Inventory], by_others: list[Change]
) -> None:
    """A plan is refused for exactly what has changed in its read-set, object by object and value by value."""
    actual, intended = both
    plan = Plan.from_json(make_plan(actual.diff_from(intended), intended, actual).to_json())
    was = state(actual)
    for change in by_others:
        change.make(actual)

    fresh = freshen(plan, actual)

    expected = disturbed(plan, was, state(actual))
    event("inside the read-set" if expected else "outside" if was != state(actual) else "nothing changed")
    assert {each for each in expected if each[1] != "its parent"} == {
        (change.step.id, change.attribute) for change in fresh.refused
    }
    assert len(expected) == len(fresh.problems)
    assert list(fresh.problems) == stale(plan, actual)
    assert fresh.plan is plan


# Policies -------------------------------------------------------------------------------------------------

WILLING = st.sampled_from([FreshnessPolicy.OVERWRITE, FreshnessPolicy.ACCEPT])
ANY = st.sampled_from(FreshnessPolicy)
RULES = st.sampled_from(["site", "device", "interface", "interface.mtu", "interface.tags", "device.role"])


@MANY
@given(
    datasets(),
    CHANGES,
    st.builds(Freshness, default=WILLING, rules=st.dictionaries(RULES, ANY, max_size=3)),
)
def test_policies(both: tuple[Inventory, Inventory], by_others: list[Change], policies: Freshness) -> None:
    """What is refused stops the plan; otherwise it can be applied, and does what the policies say and no more."""
    actual, intended = both
    plan = make_plan(actual.diff_from(intended), intended, actual)
    was = state(actual)
    for change in by_others:
        change.make(actual)
    now = state(actual)

    fresh = freshen(plan, actual, policies)

    expected = disturbed(plan, was, now)
    assert_told(fresh, expected, policies)
    if fresh.problems or not expected:
        event("refused" if fresh.problems else "as it was")
        assert fresh.plan is plan
        return
    event("applied, with dependents dropped" if fresh.dropped else "applied")
    assert freshen(fresh.plan, actual) == Fresh(fresh.plan)
    assert fresh.plan == Plan.from_json(fresh.plan.to_json())
    assert {fresh.plan.made_from} <= {plan.id, ""}
    apart = taken_along(fresh.plan, actual)
    assert execute(fresh.plan.units, actual).succeeded
    assert_kept(fresh, now, state(actual), apart)


def assert_told(fresh: Fresh, expected: set[tuple[str, str | None]], policies: Freshness) -> None:
    """Everything that has changed is told, once, and nothing else; as the policy for it says."""
    told = [*fresh.refused, *fresh.overwritten, *fresh.accepted]
    pairs = [(change.step.id, change.attribute) for change in told]
    assert len(pairs) == len(set(pairs))
    assert {each for each in expected if each[1] != "its parent"} <= set(pairs)
    assert {step for step, _ in pairs} <= {step for step, _ in expected}
    for change in fresh.accepted:
        policy = policies.policy(change.step.model, change.attribute)
        assert policy is FreshnessPolicy.ACCEPT or change.done or change.step.action == "delete"
    for change in fresh.overwritten:
        assert policies.policy(change.step.model, change.attribute) is FreshnessPolicy.OVERWRITE


def taken_along(plan: Plan, actual: Inventory) -> set[Key]:
    """Return what goes with an object that is deleted with all below it."""
    found: set[Key] = set()

    def walk(obj: Any) -> None:
        found.add((obj.get_type(), obj.name))
        for model, field in obj.get_children_mapping().items():
            for child in actual.get_by_uids(getattr(obj, field), model):
                walk(child)

    for step in plan.steps:
        obj = actual.get_or_none(step.model, step.identity)
        if step.action == "delete" and SKIP in obj.model_flags:
            walk(obj)
    for step in plan.steps:  # parents first
        if step.action != "delete" and step.parent is not None and key_of(step.parent) in found:
            found.add(key_of(step))
    return found


def assert_kept(fresh: Fresh, now: State, after: State, apart: set[Key]) -> None:
    """What the plan says is done; what was accepted, and all that the plan does not name, is as it was found."""
    steps = {key_of(step): step for step in fresh.plan.steps}
    for key in (now.keys() | after.keys()) - apart:
        step = steps.get(key)
        if step is None:
            assert now.get(key) == after.get(key)
        elif step.action == "delete":
            assert key not in after
        else:
            expected = {**now.get(key, {}), **(step.after or {})}
            assert expected.items() <= after[key].items() if key not in now else expected == after[key]
    for change in fresh.accepted:
        key = key_of(change.step)
        if change.attribute is not None and key not in apart:
            assert change.found == after[key][change.attribute]
