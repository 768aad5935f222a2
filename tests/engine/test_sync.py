"""A synchronisation from the user's seat: what is returned, what is raised, and what stays as it was."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from driftline.engine import Diff, DiffSyncFlags, DiffSyncModelFlags, DiffSyncStatus
from driftline.engine.exceptions import ObjectRefused, ObjectStoreWrongType, SyncValidationError
from driftline.engine.plan import make_steps
from driftline.engine.results import UnitOutcome
from driftline.engine.transaction import MemoryTransaction

from .inventory import Device, Interface, Inventory, Site, raising, returning_nothing, small, with_status

if TYPE_CHECKING:
    from collections.abc import Iterator

PROCEED = DiffSyncFlags.CONTINUE_ON_FAILURE
SUCCESS, FAILURE, ERROR, UNKNOWN = (
    DiffSyncStatus.SUCCESS,
    DiffSyncStatus.FAILURE,
    DiffSyncStatus.ERROR,
    DiffSyncStatus.UNKNOWN,
)


class Plain(Inventory):
    """An inventory whose hooks write at once, as those of most adapters do."""

    def transaction(self, unit: str) -> Any:
        """Return the transaction of a target that has none."""
        return MemoryTransaction()


def plain() -> Plain:
    """Return one site with two devices; leaf1 has two interfaces."""
    inventory = Plain("actual")
    ams = inventory.put(Site(name="ams"))
    leaf1 = inventory.put(Device(name="leaf1", role="leaf"), ams)
    inventory.put(Device(name="leaf2", role="leaf"), ams)
    for port in ("Et1", "Et2"):
        inventory.put(Interface(name=port, mtu=1500), leaf1)
    return inventory


def three_changes() -> Inventory:
    """Return what is wanted: one update, one creation and one deletion."""
    intended = small("intended")
    intended.get(Interface, "Et1").mtu = 9000
    intended.put(Interface(name="Et9"), intended.get(Device, "leaf2"))
    intended.get(Device, "leaf1").remove_child(intended.get(Interface, "Et2"))
    intended.remove(intended.get(Interface, "Et2"))
    return intended


def outcomes(result: Any) -> dict[str, DiffSyncStatus]:
    return {f"{each.step.action} {each.step.name}": each.status for each in result.objects}


# Results --------------------------------------------------------------------------------------------------


def test_outcome_of_every_object() -> None:
    """`sync` returns one outcome for each object that was to change."""
    result = plain().sync(three_changes())

    assert outcomes(result) == {"update Et1": SUCCESS, "delete Et2": SUCCESS, "create Et9": SUCCESS}
    assert (result.changed, result.failed, result.cut_short) == (True, (), False)


def test_nothing_to_do() -> None:
    """A sync of what is the same has no outcomes and changed nothing."""
    result = plain().sync(small("intended"))

    assert (result.objects, result.changed, result.failed) == ((), False, ())


def test_failures_are_in_the_result() -> None:
    """What a hook raises is not raised by `sync`: it is told, and nothing more is tried."""
    actual = plain()
    actual.faults = {("update", "Et1"): raising(ConnectionError("dead"))}

    result = actual.sync(three_changes())

    assert outcomes(result) == {"update Et1": ERROR, "delete Et2": UNKNOWN, "create Et9": UNKNOWN}
    assert result.objects[0].message == "update interface Et1: ConnectionError: dead"
    assert result.objects[1].message == "not tried: the run stopped after a failure"
    assert (result.changed, result.cut_short, len(result.failed)) == (False, True, 3)


def test_proceed_after_failures() -> None:
    """With CONTINUE_ON_FAILURE only what failed, and what is below it, is left out."""
    actual = plain()
    actual.faults = {("update", "Et1"): raising(ConnectionError("dead"))}

    result = actual.sync(three_changes(), flags=PROCEED)

    assert outcomes(result) == {"update Et1": ERROR, "delete Et2": SUCCESS, "create Et9": SUCCESS}
    assert [each.step.name for each in result.failed] == ["Et1"]
    assert (result.changed, result.cut_short) == (True, False)


# What is raised -------------------------------------------------------------------------------------------


def test_sync_from_raises_what_the_hook_raised() -> None:
    """The very exception, with a note that says which object it was about."""
    actual, error = plain(), ConnectionError("dead")
    actual.faults = {("update", "Et1"): raising(error)}

    with pytest.raises(ConnectionError) as caught:
        actual.sync_from(three_changes())

    assert caught.value is error
    assert caught.value.__notes__ == ["update interface Et1: ConnectionError: dead"]


def test_failed_compensation_is_told() -> None:
    """Whoever gets the hook's exception also hears that not everything could be taken back."""
    actual = plain()
    actual.faults = {
        ("create", "Et9"): raising(ConnectionError("dead")),
        ("delete", "Et2"): lambda obj: (
            actual.faults.update({("create", "Et2"): raising(OSError("still dead"))}) or obj
        ),
    }

    with pytest.raises(ConnectionError) as caught:
        actual.sync_from(three_changes(), atomic=True)

    assert "rollback failed: still dead" in caught.value.__notes__


@pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit(3)])
def test_interruptions_get_through(error: BaseException) -> None:
    """Ctrl-C, and the exit that a signal asks for, are raised as they are, also with CONTINUE_ON_FAILURE."""
    actual = plain()
    actual.faults = {("delete", "Et2"): raising(error)}

    with pytest.raises(type(error)) as caught:
        actual.sync_from(three_changes(), flags=PROCEED)

    assert caught.value is error
    assert actual.get(Interface, "Et1").mtu == 9000


def test_interruption_in_the_result() -> None:
    """`sync` returns what was done until Ctrl-C."""
    actual = plain()
    actual.faults = {("delete", "Et2"): raising(KeyboardInterrupt())}

    result = actual.sync(three_changes(), flags=PROCEED)

    assert outcomes(result) == {"update Et1": SUCCESS, "delete Et2": ERROR, "create Et9": UNKNOWN}
    assert result.cut_short


def test_odd_exceptions() -> None:
    """Also what Python itself uses for control flow is only a failed hook."""
    for error in (StopIteration("x"), GeneratorExit(), AssertionError()):
        actual = plain()
        actual.faults = {("update", "Et1"): raising(error)}

        result = actual.sync(three_changes(), flags=PROCEED)

        assert outcomes(result)["update Et1"] is ERROR
        assert actual.get(Interface, "Et1").mtu == 1500


# Atomic ---------------------------------------------------------------------------------------------------


def test_atomic_takes_all_back() -> None:
    """The hooks' opposites are called, last first, and all is as before."""
    actual = plain()
    actual.faults = {("create", "Et9"): raising(ConnectionError("dead"))}
    before = actual.content

    result = actual.sync(three_changes(), atomic=True)

    assert before == actual.content
    assert outcomes(result) == {"update Et1": FAILURE, "delete Et2": FAILURE, "create Et9": ERROR}
    assert actual.hooks == [
        ("update", "Et1"),
        ("delete", "Et2"),
        ("create", "Et9"),
        ("create", "Et2"),
        ("update", "Et1"),
    ]
    assert not result.changed


def test_atomic_raises_also_a_refusal() -> None:
    """A hook that returns nothing takes an atomic sync back, so it is told."""
    actual = plain()
    actual.faults = {("delete", "Et2"): returning_nothing}

    with pytest.raises(ObjectRefused):
        actual.sync_from(three_changes(), atomic=True)


def test_atomic_goes_on_taking_back() -> None:
    """An opposite that fails, or is interrupted, keeps nothing else from being taken back; the state is unknown."""
    for second in (OSError("still dead"), KeyboardInterrupt()):
        actual = plain()
        actual.faults = {
            ("create", "Et9"): raising(ConnectionError("dead")),
            ("create", "Et2"): raising(second),
        }
        before = actual.content

        result = actual.sync(three_changes(), atomic=True)

        assert before == actual.content
        assert actual.hooks[-1] == ("update", "Et1")
        assert {ERROR} == set(outcomes(result).values())
        assert all("state unknown" in each.message for each in result.objects)
        assert result.run.units[0].outcome is UnitOutcome.ROLLBACK_FAILED
        assert result.run.interrupted is isinstance(second, KeyboardInterrupt)


def test_atomic_with_own_entries() -> None:
    """A hook that enters its object itself, and is taken back later, leaves no trace of it."""
    actual = plain()

    def enters(obj: Any) -> Any:
        actual.add(obj)
        actual.get(Device, "leaf2").add_child(obj)
        return obj

    intended = three_changes()
    intended.put(Device(name="leaf3"), intended.get(Site, "ams"))
    actual.faults = {("create", "Et9"): enters, ("create", "leaf3"): returning_nothing}
    before = actual.content

    actual.sync(intended, atomic=True)

    assert before == actual.content


# Hooks and records ----------------------------------------------------------------------------------------


def test_delete_hook_that_removes_its_object() -> None:
    """A hook that takes its object out of the dataset itself has done nothing wrong."""
    actual = plain()

    def removes(obj: Any) -> Any:
        actual.get(Device, "leaf1").remove_child(obj)
        actual.remove(obj)
        return obj

    actual.faults = {("delete", "Et2"): removes}

    assert outcomes(actual.sync(three_changes()))["delete Et2"] is SUCCESS
    assert actual.get(Device, "leaf1").interfaces == ["Et1"]


def test_child_of_a_wrong_kind() -> None:
    """What can't hang where the diff wants it is refused before its hook has made it."""
    actual, intended = plain(), three_changes()
    diff = actual.diff_from(intended)
    (step,) = (each for each in make_steps(diff, actual) if each.name == "Et9")
    actual.remove(actual.get(Device, "leaf2"))
    actual.add(Leafless(name="leaf2"))

    result = actual.sync(intended, diff=diff, flags=PROCEED)

    (failed,) = result.failed
    assert failed.step.name == step.name
    assert ("create", "Et9") not in actual.hooks
    assert isinstance(next(unit.error for unit in result.run.units if unit.error), ObjectStoreWrongType)


class Leafless(Device):
    """A device that has no interfaces."""

    _children: ClassVar[dict[str, str]] = {}


def test_failed_child_of_a_deleted_parent() -> None:
    """By default parents go first; a child that can't go then stays in the dataset, hangs nowhere, and is told."""
    actual, intended = plain(), small("intended")
    leaf1 = intended.get(Device, "leaf1")
    intended.get(Site, "ams").remove_child(leaf1)
    intended.remove(leaf1, remove_children=True)
    actual.faults = {("delete", "Et1"): raising(ConnectionError("dead"))}

    result = actual.sync(intended, flags=PROCEED)

    assert [(each.step.name, each.status) for each in result.failed] == [("Et1", ERROR)]
    assert actual.get_or_none(Device, "leaf1") is None
    assert actual.get(Interface, "Et1").name == "Et1"


def test_store_that_can_not_be_written() -> None:
    """When a store fails at the end of a unit every object still has an outcome, and the state is unknown."""
    actual = plain()

    @contextmanager
    def batch() -> Iterator[None]:
        yield
        raise OSError("disk full")

    actual.store.batch = batch  # type: ignore[method-assign]

    result = actual.sync(three_changes(), flags=PROCEED)

    assert {ERROR} == set(outcomes(result).values())
    assert all("disk full" in each.message for each in result.objects)


# Held changes ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("by", ["model", "sync"])
def test_held_changes(by: str) -> None:
    """What NO_UPDATE and NO_DELETE hold back shows in the diff, and is not touched; nobody claims an outcome."""
    actual = plain()
    flags = DiffSyncFlags.NONE
    if by == "model":
        actual.get(Interface, "Et1").model_flags = DiffSyncModelFlags.NO_UPDATE
        actual.get(Interface, "Et2").model_flags = DiffSyncModelFlags.NO_DELETE
    else:
        flags = DiffSyncFlags.NO_UPDATE | DiffSyncFlags.NO_DELETE
    diff = actual.diff_from(three_changes(), flags=flags)

    result = actual.sync(three_changes(), diff=diff, flags=flags)

    assert {"create": 1, "update": 1, "delete": 1}.items() <= diff.summary().items()
    assert outcomes(result) == {"create Et9": SUCCESS}
    assert actual.hooks == [("create", "Et9")]
    assert (actual.get(Interface, "Et1").mtu, actual.get(Device, "leaf1").interfaces) == (
        1500,
        ["Et1", "Et2"],
    )


def test_below_a_held_update() -> None:
    """Below an object whose update is held back, changes are made."""
    actual, intended = plain(), three_changes()
    intended.get(Device, "leaf1").role = "spine"
    actual.get(Device, "leaf1").model_flags = DiffSyncModelFlags.NO_UPDATE

    result = actual.sync(intended)

    assert set(outcomes(result)) == {"update Et1", "delete Et2", "create Et9"}
    assert actual.get(Device, "leaf1").role == "leaf"


def test_below_a_held_deletion() -> None:
    """Below an object whose deletion is held back, nothing is deleted."""
    actual, intended = plain(), small("intended")
    leaf1 = intended.get(Device, "leaf1")
    intended.get(Site, "ams").remove_child(leaf1)
    intended.remove(leaf1, remove_children=True)
    actual.get(Device, "leaf1").model_flags = DiffSyncModelFlags.NO_DELETE
    before = actual.content

    assert actual.sync(intended).objects == ()
    assert before == actual.content


# Validators -----------------------------------------------------------------------------------------------


def no(diff: Diff) -> bool:
    """Refuse."""
    return False


def test_validator_before() -> None:
    """When one says no, nothing is written."""
    actual = plain()
    actual.add_pre_sync_validator(no)
    before = actual.content

    with pytest.raises(SyncValidationError, match="the validator no said no before the synchronisation") as e:
        actual.sync(three_changes())

    assert (before, actual.hooks, e.value.code) == (actual.content, [], "SYNC-VALIDATION")


def test_validator_afterwards() -> None:
    """When one says no afterwards, the changes stay, and the error tells what became of every object."""
    actual = plain()
    actual.add_post_sync_validator(no)

    with pytest.raises(SyncValidationError) as caught:
        actual.sync(three_changes())

    assert actual.get(Interface, "Et1").mtu == 9000
    assert {SUCCESS} == set(outcomes(caught.value.result).values())


@pytest.mark.parametrize("flags", [DiffSyncFlags.NONE, PROCEED])
@pytest.mark.parametrize("call", ["sync", "sync_from"])
@pytest.mark.parametrize("changes", [1, 3])
def test_validator_after_an_atomic_sync(changes: int, call: str, flags: DiffSyncFlags) -> None:
    """When one says no to an atomic sync, all of it is taken back by the hooks' opposites, and it is raised."""
    actual, intended = plain(), three_changes()
    if changes == 1:
        intended = small("intended")
        intended.get(Interface, "Et1").mtu = 9000
    actual.add_post_sync_validator(no)
    before = actual.content

    with pytest.raises(SyncValidationError) as caught:
        getattr(actual, call)(intended, atomic=True, flags=flags)

    assert before == actual.content
    assert len(actual.hooks) == 2 * changes
    assert {FAILURE} == set(outcomes(caught.value.result).values())


def test_validators_are_asked_even_about_nothing() -> None:
    """Also a sync that finds nothing to do is one."""
    for atomic in (False, True):
        actual = plain()
        actual.add_post_sync_validator(no)

        with pytest.raises(SyncValidationError):
            actual.sync(small("intended"), atomic=atomic)


def test_validators_do_not_hide_a_failure() -> None:
    """What a hook raised, and Ctrl-C, are told; nobody is asked about a sync that was cut short."""
    for error in (ConnectionError("dead"), KeyboardInterrupt()):
        actual = plain()
        actual.add_post_sync_validator(no)
        actual.faults = {("update", "Et1"): raising(error)}

        with pytest.raises(type(error)):
            actual.sync_from(three_changes())


# Progress and the end -------------------------------------------------------------------------------------


def test_callback_that_raises() -> None:
    """A callback's error ends the sync; what was done until then is done whole."""
    actual = plain()

    def callback(stage: str, current: int, total: int) -> None:
        if stage == "sync":
            raise RuntimeError("the window is closed")

    with pytest.raises(RuntimeError, match="the window is closed"):
        actual.sync_from(three_changes(), callback=callback)

    assert (actual.get(Interface, "Et1").mtu, actual.count(Interface)) == (9000, 2)


def test_source_is_not_changed() -> None:
    """Whatever hooks do to their arguments, the source stays as it is, and so does the diff."""
    intended, actual = three_changes(), plain()
    intended.get(Interface, "Et9").tags = ["a"]
    before, diff = intended.content, actual.diff_from(intended)
    text = diff.str()

    def scribbles(obj: Any) -> Any:
        obj.tags.append("b")
        return obj

    actual.faults = {("create", "Et9"): scribbles}
    actual.sync(intended, diff=diff)

    assert (before, text) == (intended.content, diff.str())


def test_status_of_a_refusal() -> None:
    """A hook that sets a status and returns its object is heard, with its message."""
    actual = plain()
    actual.faults = {("update", "Et1"): with_status(FAILURE, "no such speed")}

    (failed,) = actual.sync(three_changes()).failed

    assert (failed.status, failed.message) == (ERROR, "update interface Et1: no such speed")
