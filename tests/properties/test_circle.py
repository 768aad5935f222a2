"""The circular law: what was planned and applied leaves no drift; what failed leaves no trace."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from driftline.engine import DiffSyncStatus, Plan
from driftline.engine.executor import execute
from driftline.engine.freshness import stale
from driftline.engine.plan import make_plan
from driftline.engine.results import StepResult, UnitOutcome
from tests.engine.inventory import Inventory, raising

from .trees import DEVICES, INTERFACES, SITES, Tree, trees

pytestmark = pytest.mark.usefixtures("quiet")
FEW = settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
BEFORE = settings(FEW, max_examples=40)
ACTUAL, INTENDED = trees(), trees(partial=True)


def planned(actual: Inventory, intended: Inventory) -> Plan:
    return make_plan(actual.diff_from(intended), intended, actual)


def assert_whole(inventory: Inventory) -> None:
    """Check that every listed child is there, and is listed once."""
    for model, field, child in (("site", "devices", "device"), ("device", "interfaces", "interface")):
        listed = [uid for obj in inventory.get_all(model) for uid in getattr(obj, field)]
        assert len(set(listed)) == len(listed)
        assert set(listed) <= {obj.get_unique_id() for obj in inventory.get_all(child)}


@FEW
@given(ACTUAL, INTENDED, st.booleans())
def test_applied_leaves_no_drift(before: Tree, wanted: Tree, atomic: bool) -> None:  # noqa: FBT001 - drawn
    """After a plan was applied there is nothing left to do, as one unit or as many."""
    actual, intended = before.load("actual", atomic=atomic), wanted.load("intended")

    result = execute(planned(actual, intended).units, actual)

    assert result.succeeded
    assert not actual.diff_from(intended).has_diffs()
    assert_whole(actual)


@FEW
@given(ACTUAL, INTENDED)
def test_saved_plan_does_the_same(before: Tree, wanted: Tree) -> None:
    """A plan that was saved and read back is the same to the byte, is fresh, and does the same."""
    actual, intended = before.load("actual"), wanted.load("intended")
    plan = planned(actual, intended)

    again = Plan.from_json(plan.to_json())

    assert plan == again
    assert plan.to_json() == again.to_json()
    assert stale(again, actual) == []
    other = before.load("actual")
    execute(plan.units, actual)
    execute(again.units, other)
    assert actual.content == other.content


@FEW
@given(ACTUAL, INTENDED, st.integers(1, 9), st.integers(1, 9))
def test_plan_does_not_depend_on_load_order(before: Tree, wanted: Tree, one: int, other: int) -> None:
    """Given a complete order, the same objects make the same bytes, in whatever order they were loaded."""
    texts = set()
    for seed in (one, other):
        actual, intended = before.load("actual", seed=seed), wanted.load("intended", seed=seed + 1)
        diff = actual.diff_from(intended)
        plan = make_plan(diff, intended, actual, order=lambda step: (step.model, step.name, step.action))
        texts.add(plan.to_json())

    assert len(texts) == 1


@BEFORE
@given(ACTUAL, INTENDED)
def test_failure_at_every_step_restores(before: Tree, wanted: Tree) -> None:
    """Whichever step of a unit fails, everything is as before: values, children and their order."""
    intended = wanted.load("intended")
    actual = before.load("actual", atomic=True)
    plan, content = planned(actual, intended), actual.content

    for number in range(len(plan.steps)):
        actual.hooks.clear()
        actual.fail_at = number
        (unit,) = execute(plan.units, actual).units

        assert unit.outcome is UnitOutcome.ROLLED_BACK
        assert content == actual.content
        expected = [DiffSyncStatus.FAILURE] * len(plan.steps)
        expected[number] = DiffSyncStatus.ERROR
        assert expected == [result.status for result in unit.steps]

    actual.fail_at = None
    assert execute(plan.units, actual).succeeded
    assert not actual.diff_from(intended).has_diffs()


@BEFORE
@given(ACTUAL, INTENDED, st.sampled_from(["prepare", "commit", "verify", "confirm"]))
def test_failure_in_every_phase_restores(before: Tree, wanted: Tree, phase: str) -> None:
    """So it is when the target refuses, or is not as planned when it is read back."""
    intended, actual = wanted.load("intended"), before.load("actual", atomic=True)
    plan, content = planned(actual, intended), actual.content
    actual.phase_faults = {phase: RuntimeError("boom")}

    execute(plan.units, actual)

    assert content == actual.content


FAULTS = st.sets(
    st.tuples(st.sampled_from(["create", "update", "delete"]), st.sampled_from(SITES + DEVICES + INTERFACES)),
    min_size=1,
)


@FEW
@given(ACTUAL, INTENDED, FAULTS)
def test_every_object_is_as_its_status_says(before: Tree, wanted: Tree, faults: Any) -> None:
    """Where each object is a unit, what succeeded is done, and what did not is as before."""
    actual, intended = before.load("actual"), wanted.load("intended")
    actual.faults = dict.fromkeys(faults, raising(ConnectionError("dead")))
    was = before.load("was")
    plan = planned(actual, intended)

    results = [step for unit in execute(plan.units, actual).units for step in unit.steps]

    assert [step.id for step in plan.steps] == [result.step.id for result in results]
    for result in results:
        if result.status is DiffSyncStatus.SUCCESS:
            assert_done(result, actual)
        else:
            assert_as_before(result, actual, was)
    assert_whole(actual)


def assert_done(result: StepResult, actual: Inventory) -> None:
    step = result.step
    found = actual.get_or_none(step.model, step.identity)
    if step.action == "delete":
        assert found is None
        return
    assert found.get_status() == (result.status, result.message)
    assert step.after == {name: getattr(found, name) for name in step.after or {}}
    if step.parent is not None:
        parent = actual.get(step.parent.model, step.parent.identity)
        assert step.name in getattr(parent, parent.get_children_mapping()[step.model])


def assert_as_before(result: StepResult, actual: Inventory, was: Inventory) -> None:
    step = result.step
    found, old = (each.get_or_none(step.model, step.identity) for each in (actual, was))
    assert (found is None) is (old is None)
    if found is not None:
        assert old.get_attrs() == found.get_attrs()
    if result.status is DiffSyncStatus.ERROR and found is not None:
        assert found.get_status() == (result.status, result.message)


@FEW
@given(ACTUAL, INTENDED)
def test_diff_to_itself_is_empty(one: Tree, other: Tree) -> None:
    """Nothing differs from itself, and a diff is equal to the same diff made again."""
    actual, intended = one.load("actual"), other.load("intended")

    assert not actual.diff_from(one.load("actual", seed=3)).has_diffs()
    assert actual.diff_from(intended) == one.load("actual", seed=5).diff_from(intended)


@FEW
@given(ACTUAL, INTENDED)
def test_summary_counts_the_steps(before: Tree, wanted: Tree) -> None:
    """The summary of a diff is the count of its steps, but for children that go without their hooks."""
    actual, intended = before.load("actual"), wanted.load("intended")
    diff = actual.diff_from(intended)
    plan = make_plan(diff, intended, actual)

    counts = diff.summary()

    for action in ("create", "update"):
        assert counts[action] == sum(step.action == action for step in plan.steps)
    assert counts["delete"] >= sum(step.action == "delete" for step in plan.steps)
    assert diff.has_diffs() is bool(plan.steps)
