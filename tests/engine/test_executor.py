"""The executor: whatever goes wrong, every step gets a status and the records are as it says."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from driftline.engine import DiffSyncModelFlags, DiffSyncStatus
from driftline.engine.exceptions import (
    CommitError,
    ObjectNotCreated,
    ObjectNotFound,
    RollbackError,
    Unreachable,
    VerifyError,
)
from driftline.engine.executor import execute
from driftline.engine.plan import ObjectRef, Step, by_unit, make_plan, make_steps
from driftline.engine.policy import Policy
from driftline.engine.results import UnitOutcome

from .inventory import Device, Interface, Inventory, Site, raising, returning_nothing, small, with_status

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from driftline.engine.results import RunResult

SUCCESS, FAILURE, ERROR, UNKNOWN = (
    DiffSyncStatus.SUCCESS,
    DiffSyncStatus.FAILURE,
    DiffSyncStatus.ERROR,
    DiffSyncStatus.UNKNOWN,
)


def run(actual: Inventory, intended: Inventory, **options: Any) -> RunResult:
    """Make the steps and carry them out."""
    return execute(by_unit(make_steps(actual.diff_from(intended), actual)), actual, **options)


def statuses(result: RunResult) -> dict[str, DiffSyncStatus]:
    return {f"{r.step.action} {r.step.name}": r.status for unit in result.units for r in unit.steps}


def at_once(work: Callable[[Any], Any], units: Sequence[Any]) -> Iterable[Any]:
    with ThreadPoolExecutor(8) as pool:
        return list(pool.map(work, units))


@pytest.fixture
def actual() -> Inventory:
    return small("actual")


@pytest.fixture
def intended() -> Inventory:
    return small("intended")


def three_changes(intended: Inventory) -> None:
    """Intend one update, one creation and one deletion on leaf1 and leaf2."""
    intended.get(Interface, "Et1").mtu = 9000
    intended.put(Interface(name="Et9"), intended.get(Device, "leaf2"))
    intended.get(Device, "leaf1").remove_child(intended.get(Interface, "Et2"))
    intended.remove(intended.get(Interface, "Et2"))


# Phases ---------------------------------------------------------------------------------------------------


def test_phases_in_order(actual: Inventory, intended: Inventory) -> None:
    """A unit goes through all phases, and is closed."""
    three_changes(intended)
    actual.atomic = True

    result = run(actual, intended)

    assert actual.phases == ["begin", "prepare", "commit", "verify", "confirm", "close"]
    assert {SUCCESS} == set(statuses(result).values())
    assert result.succeeded
    assert result.units[0].native_diff == "native"


@pytest.mark.parametrize("phase", ["prepare", "commit", "verify", "confirm"])
def test_failure_in_a_phase_restores_all(phase: str, actual: Inventory, intended: Inventory) -> None:
    """Whichever phase fails, the unit is rolled back once, closed, and the records are as before."""
    three_changes(intended)
    actual.atomic = True
    actual.phase_faults = {phase: RuntimeError("boom")}
    before = actual.content

    result = run(actual, intended)

    assert before == actual.content
    assert UnitOutcome.ROLLED_BACK is result.units[0].outcome
    assert {FAILURE} == set(statuses(result).values())
    assert actual.phases[-2:] == ["rollback", "close"]
    assert actual.phases.count("rollback") == 1


def test_begin_fails(actual: Inventory, intended: Inventory) -> None:
    """A unit that can't be opened was not reached; it is closed, and there is nothing to roll back."""
    three_changes(intended)
    actual.atomic = True
    actual.phase_faults = {"begin": Unreachable("no route")}

    result = run(actual, intended)

    assert actual.phases == ["begin", "close"]
    assert UnitOutcome.NOT_REACHED is result.units[0].outcome
    assert {FAILURE} == set(statuses(result).values())


def test_begin_fails_unexpectedly(actual: Inventory, intended: Inventory) -> None:
    """Also after an unexpected error nobody says that something was rolled back that never began."""
    three_changes(intended)
    actual.atomic = True
    actual.phase_faults = {"begin": RuntimeError("boom")}

    assert UnitOutcome.NOT_REACHED is run(actual, intended).units[0].outcome


def test_transaction_can_not_be_made(
    actual: Inventory, intended: Inventory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A target that can't even give a transaction costs its unit, not the run."""
    three_changes(intended)
    opened = actual.transaction

    def transaction(unit: str) -> Any:
        if unit == "interface Et1":
            raise RuntimeError("unknown platform")
        return opened(unit)

    monkeypatch.setattr(actual, "transaction", transaction)

    result = run(actual, intended)

    assert statuses(result) == {"update Et1": FAILURE, "delete Et2": SUCCESS, "create Et9": SUCCESS}


def test_rollback_fails(actual: Inventory, intended: Inventory) -> None:
    """A failed rollback is told, with both causes, and the objects' state is in doubt."""
    three_changes(intended)
    actual.atomic = True
    actual.phase_faults = {"commit": CommitError("refused"), "rollback": RollbackError("no answer")}

    unit = run(actual, intended).units[0]

    assert UnitOutcome.ROLLBACK_FAILED is unit.outcome
    assert {ERROR} == {result.status for result in unit.steps}
    assert unit.error is not None
    assert unit.error.rollback_error is not None
    assert (unit.error.message, unit.error.rollback_error.message) == ("refused", "no answer")
    assert actual.phases[-1] == "close"


def test_close_fails(actual: Inventory, intended: Inventory) -> None:
    """A failing `close` does not take the result away."""
    three_changes(intended)
    actual.atomic = True
    actual.phase_faults = {"close": OSError("gone")}

    unit = run(actual, intended).units[0]

    assert UnitOutcome.APPLIED is unit.outcome
    assert unit.warnings == ("closing failed: gone",)


def test_culprits_of_a_phase(actual: Inventory, intended: Inventory) -> None:
    """The objects that a phase names get the error, the others are told because of whom."""
    three_changes(intended)
    actual.atomic = True
    actual.phase_faults = {
        "verify": VerifyError("not as planned", culprits={("interface", "Et9"): "not there"})
    }

    result = run(actual, intended)

    assert statuses(result) == {"update Et1": FAILURE, "delete Et2": FAILURE, "create Et9": ERROR}
    assert actual.get(Interface, "Et1").get_status() == (FAILURE, "rolled back because of: not as planned")


# Hooks ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("step", range(3))
def test_failure_at_each_step_restores_all(step: int, actual: Inventory, intended: Inventory) -> None:
    """Whichever hook of a unit fails, all its records are as before, and the culprit is named."""
    three_changes(intended)
    actual.atomic = True
    actual.fail_at = step
    before = actual.content

    result = run(actual, intended)

    assert before == actual.content
    found = [r.status for r in result.units[0].steps]
    assert [ERROR if at == step else FAILURE for at in range(3)] == found


@pytest.mark.parametrize(
    "fault",
    [
        raising(ValueError("boom")),
        raising(ObjectNotFound("gone")),
        returning_nothing,
        with_status(FAILURE, "refused"),
        with_status(ERROR, "broken"),
    ],
    ids=["exception", "engine error", "nothing", "failure", "error"],
)
@pytest.mark.parametrize("hook", [("update", "Et1"), ("create", "Et9"), ("delete", "Et2")])
def test_ways_to_fail(hook: tuple[str, str], fault: Any, actual: Inventory, intended: Inventory) -> None:
    """However a hook fails, its object is as before, and it alone has the error."""
    three_changes(intended)
    actual.faults = {hook: fault}
    before = actual.content["interface"].get(hook[1])

    result = run(actual, intended)

    assert before == actual.content["interface"].get(hook[1])
    named = {name: status for name, status in statuses(result).items() if status is not SUCCESS}
    assert {" ".join(hook): ERROR} == named


def test_culprit_in_memory(actual: Inventory, intended: Inventory) -> None:
    """The failed object itself says that it failed."""
    three_changes(intended)
    actual.faults = {("update", "Et1"): raising(ValueError("boom"))}

    run(actual, intended)

    assert actual.get(Interface, "Et1").get_status() == (ERROR, "update interface Et1: ValueError: boom")


def test_hooks_message_is_kept(actual: Inventory, intended: Inventory) -> None:
    """What a hook says of its success reaches the result."""
    three_changes(intended)
    actual.faults = {("update", "Et1"): with_status(SUCCESS, "ticket 4711")}

    messages = {r.step.name: r.message for unit in run(actual, intended).units for r in unit.steps}

    assert messages == {"Et1": "ticket 4711", "Et2": "Deleted successfully", "Et9": "Created successfully"}


def test_old_status_does_not_count(actual: Inventory, intended: Inventory) -> None:
    """A hook that sets no status is not taken for failed because the object failed last time."""
    three_changes(intended)
    actual.get(Interface, "Et1").set_status(ERROR, "last week")
    actual.faults = {("update", "Et1"): with_status(UNKNOWN, "")}

    assert SUCCESS is statuses(run(actual, intended))["update Et1"]


def test_values_that_would_not_pass_are_restored(actual: Inventory, intended: Inventory) -> None:
    """What an object had comes back even if its own validation would refuse it."""
    three_changes(intended)
    actual.get(Interface, "Et1").mtu = "jumbo"
    actual.atomic = True
    actual.phase_faults = {"commit": RuntimeError("boom")}

    run(actual, intended)

    assert actual.get(Interface, "Et1").mtu == "jumbo"


def test_identifier_changed_by_a_hook_is_restored(actual: Inventory, intended: Inventory) -> None:
    """A hook that fails after it renamed its object leaves neither the name nor the unique id of it."""
    intended.get(Interface, "Et1").tags = ["new"]
    et1 = actual.get(Interface, "Et1")

    def fault(obj: Any) -> None:
        obj.name = "renamed"
        assert obj.get_unique_id() == "renamed"
        raise RuntimeError("boom")

    actual.faults = {("update", "Et1"): fault}
    run(actual, intended)

    assert (et1.name, et1.get_unique_id()) == ("Et1", "Et1")


def test_list_changed_in_place_is_restored(actual: Inventory, intended: Inventory) -> None:
    """A hook that changes a list in place leaves no trace when it fails."""
    intended.get(Interface, "Et1").tags = ["new"]
    et1 = actual.get(Interface, "Et1")
    et1.tags = ["old"]

    def fault(obj: Any) -> None:
        et1.mtu = 1
        obj.tags.append("half")

    actual.faults = {("update", "Et1"): fault}
    run(actual, intended)

    assert (et1.tags, et1.mtu) == (["old"], 1500)


def test_hooks_can_not_change_the_plan(actual: Inventory, intended: Inventory) -> None:
    """A hook that changes its arguments changes its own copy."""
    intended.put(Interface(name="Et9", tags=["a"]), intended.get(Device, "leaf1"))
    plan = make_plan(actual.diff_from(intended), intended, actual)

    def fault(obj: Any) -> Any:
        obj.tags.append("b")
        return obj

    actual.faults = {("create", "Et9"): fault}
    execute(plan.units, actual)

    assert plan.id == plan.restricted_to(plan.units).id
    assert intended.get(Interface, "Et9").tags == ["a"]


# Parents and children -------------------------------------------------------------------------------------


def new_device(intended: Inventory) -> None:
    leaf3 = intended.put(Device(name="leaf3"), intended.get(Site, "ams"))
    intended.put(Interface(name="Et3"), leaf3)


def test_child_of_a_failed_parent_is_skipped(actual: Inventory, intended: Inventory) -> None:
    """Below what was not created nothing is tried."""
    new_device(intended)
    actual.faults = {("create", "leaf3"): raising(ObjectNotCreated("no"))}

    result = run(actual, intended)

    assert statuses(result) == {"create leaf3": ERROR, "create Et3": UNKNOWN}
    assert actual.hooks == [("create", "leaf3")]
    assert UnitOutcome.SKIPPED is result.units[1].outcome


def test_child_of_a_failed_update_is_skipped(actual: Inventory, intended: Inventory) -> None:
    """Nor below what was not updated, as in diffsync."""
    intended.get(Device, "leaf1").role = "spine"
    intended.get(Interface, "Et1").mtu = 9000
    actual.faults = {("update", "leaf1"): returning_nothing}

    assert statuses(run(actual, intended)) == {"update leaf1": ERROR, "update Et1": UNKNOWN}


def test_below_a_failed_grandparent(actual: Inventory, intended: Inventory) -> None:
    """An object in between that does not change passes the failure on."""
    intended.get(Site, "ams").region = "eu"
    intended.get(Interface, "Et1").mtu = 9000
    actual.faults = {("update", "ams"): returning_nothing}

    assert statuses(run(actual, intended)) == {"update ams": ERROR, "update Et1": UNKNOWN}


def without_leaf1(intended: Inventory) -> None:
    leaf1 = intended.get(Device, "leaf1")
    intended.get(Site, "ams").remove_child(leaf1)
    intended.remove(leaf1, remove_children=True)


def test_failed_delete_keeps_the_object_and_its_children(actual: Inventory, intended: Inventory) -> None:
    """What can't be deleted stays, and so does all below it."""
    without_leaf1(intended)
    actual.faults = {("delete", "leaf1"): raising(ValueError("in use"))}
    before = actual.content

    result = run(actual, intended)

    assert before == actual.content
    assert statuses(result) == {"delete leaf1": ERROR, "delete Et1": UNKNOWN, "delete Et2": UNKNOWN}


def test_natural_deletion_order(actual: Inventory, intended: Inventory) -> None:
    """Children go first when the object says so."""
    without_leaf1(intended)
    actual.get(Device, "leaf1").model_flags = DiffSyncModelFlags.NATURAL_DELETION_ORDER

    run(actual, intended)

    assert actual.hooks == [("delete", "Et1"), ("delete", "Et2"), ("delete", "leaf1")]
    assert {name: actual.count(name) for name in actual.get_all_model_names()} == {"site": 1, "device": 1}


def test_natural_deletion_order_stops_below(actual: Inventory, intended: Inventory) -> None:
    """A parent stays when a child of it could not be deleted."""
    without_leaf1(intended)
    actual.get(Device, "leaf1").model_flags = DiffSyncModelFlags.NATURAL_DELETION_ORDER
    actual.faults = {("delete", "Et2"): raising(ValueError("in use"))}

    result = run(actual, intended)

    assert statuses(result) == {"delete Et1": SUCCESS, "delete Et2": ERROR, "delete leaf1": UNKNOWN}
    assert actual.get(Device, "leaf1").interfaces == ["Et2"]


def test_skip_children_on_delete(actual: Inventory, intended: Inventory) -> None:
    """Children go with the object, without their hooks and without a trace in the store."""
    without_leaf1(intended)
    actual.get(Device, "leaf1").model_flags = DiffSyncModelFlags.SKIP_CHILDREN_ON_DELETE

    run(actual, intended)

    assert actual.hooks == [("delete", "leaf1")]
    assert actual.count("interface") == 0


def test_skip_children_on_delete_is_restored(actual: Inventory, intended: Inventory) -> None:
    """The children that went with an object come back with it."""
    without_leaf1(intended)
    actual.atomic = True
    actual.get(Device, "leaf1").model_flags = DiffSyncModelFlags.SKIP_CHILDREN_ON_DELETE
    actual.phase_faults = {"verify": RuntimeError("boom")}
    before = actual.content

    run(actual, intended)

    assert before == actual.content
    assert actual is actual.get(Interface, "Et1").adapter


def move(intended: Inventory) -> None:
    """Intend Et1 on leaf2."""
    et1 = intended.get(Interface, "Et1")
    intended.get(Device, "leaf1").remove_child(et1)
    intended.get(Device, "leaf2").add_child(et1)


def test_moved_child(actual: Inventory, intended: Inventory) -> None:
    """An object that hangs elsewhere is moved: neither deleted nor created."""
    move(intended)

    run(actual, intended)

    assert (
        actual.get(Device, "leaf1").interfaces,
        actual.get(Device, "leaf2").interfaces,
    ) == (["Et2"], ["Et1"])
    assert actual.hooks == [("update", "Et1")]


def test_moved_child_gets_its_place_back(actual: Inventory, intended: Inventory) -> None:
    """After a failure it hangs where it hung, in the same place of the list."""
    move(intended)
    actual.atomic = True
    actual.phase_faults = {"commit": RuntimeError("boom")}

    run(actual, intended)

    assert actual.get(Device, "leaf1").interfaces == ["Et1", "Et2"]
    assert actual.get(Device, "leaf2").interfaces == []


def test_failed_move_keeps_the_old_parent(actual: Inventory, intended: Inventory) -> None:
    """What was to move out of an object that goes is not lost when the move fails."""
    move(intended)
    without_leaf1(intended)
    actual.get(Device, "leaf1").model_flags = DiffSyncModelFlags.SKIP_CHILDREN_ON_DELETE
    actual.faults = {("update", "Et1"): raising(ValueError("boom"))}

    result = run(actual, intended)

    assert statuses(result) == {"update Et1": ERROR, "delete leaf1": UNKNOWN}
    assert actual.get(Device, "leaf1").interfaces == ["Et1", "Et2"]


def test_create_what_is_there(actual: Inventory, intended: Inventory) -> None:
    """The hook of an object that exists by now is not called: it could make a second one."""
    new_device(intended)
    steps = make_steps(actual.diff_from(intended), actual)
    actual.put(Device(name="leaf3"), actual.get(Site, "ams"))

    result = execute(by_unit(steps), actual)

    assert ERROR is result.units[0].steps[0].status
    assert actual.hooks == []


def test_parent_that_is_gone(actual: Inventory, intended: Inventory) -> None:
    """Nothing is created below a parent that is not there: the hook is not called."""
    intended.put(Interface(name="Et9"), intended.get(Device, "leaf2"))
    steps = make_steps(actual.diff_from(intended), actual)
    actual.get(Site, "ams").remove_child(actual.get(Device, "leaf2"))
    actual.remove(actual.get(Device, "leaf2"))

    result = execute(by_unit(steps), actual)

    assert ERROR is result.units[0].steps[0].status
    assert actual.hooks == []


def test_delete_what_hangs_elsewhere_by_now(actual: Inventory, intended: Inventory) -> None:
    """A deleted object leaves no parent's list behind that names it."""
    three_changes(intended)
    steps = make_steps(actual.diff_from(intended), actual)
    et2 = actual.get(Interface, "Et2")
    actual.get(Device, "leaf1").remove_child(et2)
    actual.get(Device, "leaf2").add_child(et2)

    execute(by_unit(steps), actual)

    assert actual.get(Device, "leaf2").interfaces == ["Et9"]


# The run --------------------------------------------------------------------------------------------------


def test_unknown_model(actual: Inventory) -> None:
    """A plan for another kind of target fails by its steps; the run reports."""
    step = Step(
        id="1",
        action="create",
        model="tenant",
        identity={"name": "x"},
        name="x",
        unit="x",
        parent=None,
        before=None,
        after={},
    )

    result = execute({"x": [step]}, actual)

    assert [r.status for r in result.units[0].steps] == [ERROR]


def test_stop_on_failure(actual: Inventory, intended: Inventory) -> None:
    """On request nothing more is begun after a failure."""
    three_changes(intended)
    actual.faults = {("update", "Et1"): raising(ValueError("boom"))}

    result = run(actual, intended, policy=Policy(stop_on_failure=True))

    assert statuses(result) == {"update Et1": ERROR, "delete Et2": UNKNOWN, "create Et9": UNKNOWN}


def test_refusals_do_not_stop(actual: Inventory, intended: Inventory) -> None:
    """A hook that returns nothing, and what is skipped below it, is no reason to stop."""
    new_device(intended)
    intended.put(Interface(name="Et9"), intended.get(Device, "leaf2"))
    intended.get(Device, "leaf1").role = "spine"
    intended.get(Interface, "Et1").mtu = 9000
    actual.faults = {("update", "leaf1"): returning_nothing}

    result = run(actual, intended, policy=Policy(stop_on_failure=True))

    assert statuses(result) == {
        "update leaf1": ERROR,
        "update Et1": UNKNOWN,
        "create Et9": SUCCESS,
        "create leaf3": SUCCESS,
        "create Et3": SUCCESS,
    }


def test_halt(actual: Inventory, intended: Inventory) -> None:
    """A run that is told to stop begins nothing more."""
    three_changes(intended)
    halt = threading.Event()

    result = run(actual, intended, halt=halt, on_unit=lambda _: halt.set())

    assert statuses(result) == {"update Et1": SUCCESS, "delete Et2": UNKNOWN, "create Et9": UNKNOWN}
    assert result.interrupted


def test_interrupt_in_a_hook(actual: Inventory, intended: Inventory) -> None:
    """Ctrl-C in a hook takes its unit back, and the run reports what was done until then."""
    three_changes(intended)
    actual.faults = {("delete", "Et2"): raising(KeyboardInterrupt())}
    before = actual.content["device"]["leaf1"]

    result = run(actual, intended)

    assert statuses(result) == {"update Et1": SUCCESS, "delete Et2": ERROR, "create Et9": UNKNOWN}
    assert result.interrupted
    assert before == actual.content["device"]["leaf1"]
    assert getattr(result.units[1].error, "code", None) == "INTERRUPTED"


def test_interrupt_in_a_rollback(actual: Inventory, intended: Inventory) -> None:
    """Ctrl-C during a rollback leaves the unit in doubt, closed and reported."""
    three_changes(intended)
    actual.phase_faults = {"commit": RuntimeError("boom"), "rollback": KeyboardInterrupt()}

    result = run(actual, intended)

    assert UnitOutcome.ROLLBACK_FAILED is result.units[0].outcome
    assert {UnitOutcome.SKIPPED} == {unit.outcome for unit in result.units[1:]}
    assert result.interrupted
    assert actual.phases[-1] == "close"


def test_interrupt_between_units(actual: Inventory, intended: Inventory) -> None:
    """Ctrl-C outside of any unit loses no results."""
    three_changes(intended)

    def dispatch(work: Callable[[Any], Any], units: Sequence[Any]) -> Iterable[Any]:
        yield work(units[0])
        raise KeyboardInterrupt

    result = run(actual, intended, dispatch=dispatch)

    assert statuses(result) == {"update Et1": SUCCESS, "delete Et2": UNKNOWN, "create Et9": UNKNOWN}
    assert result.interrupted


def test_interrupt_in_the_callback(actual: Inventory, intended: Inventory) -> None:
    """Ctrl-C while the result of a unit is shown loses no results either."""
    three_changes(intended)

    def on_unit(_: Any) -> None:
        raise KeyboardInterrupt

    result = run(actual, intended, on_unit=on_unit)

    assert SUCCESS is statuses(result)["update Et1"]
    assert result.interrupted


def test_failing_callback_stops_the_run(actual: Inventory, intended: Inventory) -> None:
    """When nobody can be told any more, nothing more is begun, also by other threads."""
    three_changes(intended)
    halt = threading.Event()

    def on_unit(_: Any) -> None:
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        run(actual, intended, on_unit=on_unit, halt=halt)

    assert halt.is_set()
    assert len(actual.hooks) == 1


def test_units_at_once_wait_for_what_they_need(actual: Inventory, intended: Inventory) -> None:
    """Units that run at once do so only as far as none needs the other."""
    batches: list[list[str]] = []
    new_device(intended)
    intended.get(Interface, "Et1").mtu = 9000

    def dispatch(work: Callable[[Any], Any], units: Sequence[Any]) -> Iterable[Any]:
        batches.append([unit for unit, _ in units])
        return at_once(work, units)

    result = run(actual, intended, dispatch=dispatch)

    assert result.succeeded
    assert batches == [["interface Et1", "device leaf3"], ["interface Et3"]]


def test_many_units_at_once_share_a_parent() -> None:
    """Units that change one parent at once do not lose each other's children, also when some fail."""
    actual, intended = Inventory("actual"), Inventory("intended")
    ams = actual.put(Site(name="ams"))
    wanted = intended.put(Site(name="ams"))
    for number in range(200):
        actual.put(Device(name=f"old{number}"), ams)
        intended.put(Device(name=f"new{number}"), wanted)
    failing = {f"new{n}" for n in range(0, 200, 7)} | {f"old{n}" for n in range(0, 200, 7)}
    for name in failing:
        action = "create" if name.startswith("new") else "delete"
        actual.faults[action, name] = raising(ValueError("boom"))

    result = run(actual, intended, dispatch=at_once)

    left = {f"new{n}" for n in range(200) if n % 7} | {f"old{n}" for n in range(0, 200, 7)}
    assert len(failing) == result.counts[UnitOutcome.ROLLED_BACK]
    assert left == set(ams.devices) == {device.name for device in actual.get_all(Device)}
    assert len(left) == len(ams.devices)


def test_dependency_within_a_unit(actual: Inventory) -> None:
    """A step may depend on one of its own unit."""
    ams = ObjectRef(model="site", identity={"name": "ams"})
    ref = {"model": "device", "unit": "x", "parent": ams, "before": None, "after": {}, "action": "create"}
    first = Step(id="1", identity={"name": "a"}, name="a", **ref)
    second = Step(id="2", identity={"name": "b"}, name="b", depends_on=("1",), **ref)

    assert execute({"x": [first, second]}, actual).succeeded
