"""A dry run: everything is checked, no hook is called, and nothing is written."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest

from driftline.engine import DiffSyncStatus
from driftline.engine.exceptions import ObjectNotCreated, ObjectNotFound, SyncValidationError
from driftline.engine.results import UnitOutcome

from .inventory import Device, Interface, Inventory, Site, small

SUCCESS, FAILURE = DiffSyncStatus.SUCCESS, DiffSyncStatus.FAILURE


class Port(Interface):
    """An interface that knows what it can't be."""

    @classmethod
    def validate_create(cls, adapter: Any, ids: dict[str, Any], attrs: dict[str, Any]) -> None:
        """Refuse one name."""
        if ids["name"] == "Et13":
            raise ObjectNotCreated("thirteen brings bad luck")

    def validate_update(self, attrs: dict[str, Any]) -> None:
        """Refuse one value."""
        if attrs.get("mtu") == 13:
            raise ValueError("thirteen again")

    def validate_delete(self) -> None:
        """Refuse one name."""
        if self.name == "Et2":
            raise ObjectNotFound("in use")


class Checked(Inventory):
    """An inventory of such interfaces."""

    interface = Port
    top_level: ClassVar[list[str]] = ["site"]


def checked() -> Checked:
    """Return one site with two devices; leaf1 has two interfaces."""
    inventory = Checked("actual")
    ams = inventory.put(Site(name="ams"))
    leaf1 = inventory.put(Device(name="leaf1"), ams)
    inventory.put(Device(name="leaf2"), ams)
    for port in ("Et1", "Et2"):
        inventory.put(Port(name=port, mtu=1500), leaf1)
    return inventory


def wanted() -> Inventory:
    """Return the same, as it is wanted."""
    intended = small("intended")
    for device in intended.get_all(Device):
        device.role = None
    return intended


def messages(result: Any) -> dict[str, tuple[DiffSyncStatus, str]]:
    return {each.step.name: (each.status, each.message) for each in result.objects}


def test_nothing_is_written() -> None:
    """No hook is called, no record is changed, and nobody is told that a sync was completed."""
    actual, intended = checked(), wanted()
    intended.get(Interface, "Et1").mtu = 9000
    intended.put(Interface(name="Et9"), intended.get(Device, "leaf2"))
    before = actual.content

    result = actual.sync(intended, dry_run=True)

    assert messages(result) == {"Et1": (SUCCESS, "would be updated"), "Et9": (SUCCESS, "would be created")}
    assert (before, actual.hooks, actual.phases) == (actual.content, [], [])
    assert (result.dry_run, result.changed) == (True, False)
    assert {unit.outcome for unit in result.run.units} == {UnitOutcome.REHEARSED}


def test_the_models_own_checks() -> None:
    """`validate_create`, `validate_update` and `validate_delete` are asked."""
    actual, intended = checked(), wanted()
    intended.get(Interface, "Et1").mtu = 13
    intended.put(Interface(name="Et13"), intended.get(Device, "leaf2"))
    intended.get(Device, "leaf1").remove_child(intended.get(Interface, "Et2"))
    intended.remove(intended.get(Interface, "Et2"))

    result = actual.sync(intended, dry_run=True)

    assert messages(result) == {
        "Et1": (FAILURE, "ValueError: thirteen again"),
        "Et2": (FAILURE, "in use"),
        "Et13": (FAILURE, "thirteen brings bad luck"),
    }


def test_the_same_checks_come_before_the_hooks() -> None:
    """What a dry run finds is found by the sync too, before anything is written for the object."""
    actual, intended = checked(), wanted()
    intended.put(Interface(name="Et13"), intended.get(Device, "leaf2"))

    with pytest.raises(ObjectNotCreated, match="bad luck"):
        actual.sync_from(intended)

    assert actual.hooks == []


def test_types() -> None:
    """Values that the model would not accept are found."""
    actual, intended = checked(), wanted()
    intended.get(Interface, "Et1").mtu = "jumbo"
    intended.put(Interface.trusted(name="Et9", mtu="large"), intended.get(Device, "leaf2"))

    result = actual.sync(intended, dry_run=True)

    assert [each.step.name for each in result.failed] == ["Et1", "Et9"]
    assert all("valid integer" in each.message for each in result.failed)


def test_below_what_would_fail() -> None:
    """What depends on an object that would fail would not be tried."""
    actual, intended = checked(), wanted()
    leaf3 = intended.put(Device.trusted(name="leaf3", role=5), intended.get(Site, "ams"))
    intended.put(Interface(name="Et3"), leaf3)

    result = actual.sync(intended, dry_run=True)

    assert result.objects[0].status is FAILURE
    assert result.objects[1].message == "not tried: what it depends on would fail"


def test_below_what_would_be_created() -> None:
    """A parent that the sync would make is there for its children."""
    actual, intended = checked(), wanted()
    leaf3 = intended.put(Device(name="leaf3"), intended.get(Site, "ams"))
    intended.put(Interface(name="Et3"), leaf3)

    assert actual.sync(intended, dry_run=True).failed == ()


def test_missing_parent() -> None:
    """A parent that is gone since the diff was made is missed."""
    actual, intended = checked(), wanted()
    intended.put(Interface(name="Et9"), intended.get(Device, "leaf2"))
    diff = actual.diff_from(intended)
    actual.remove(actual.get(Device, "leaf2"))

    (failed,) = actual.sync(intended, diff=diff, dry_run=True).failed

    assert failed.message == "its parent, the device leaf2, would not be there"


def test_what_is_there_and_what_is_gone() -> None:
    """So is what exists by now though it is to be created, or is gone though it is to change."""
    actual, intended = checked(), wanted()
    intended.put(Interface(name="Et9"), intended.get(Device, "leaf2"))
    intended.get(Interface, "Et1").mtu = 9000
    diff = actual.diff_from(intended)
    actual.put(Port(name="Et9"), actual.get(Device, "leaf2"))
    actual.remove(actual.get(Interface, "Et1"))

    result = actual.sync(intended, diff=diff, dry_run=True)

    gone, there = result.failed
    assert "Et1 not present" in gone.message
    assert there.message == "create interface Et9: it is there already"


def test_sync_from_raises_the_first() -> None:
    """`sync_from` raises the first thing that would fail, as the sync itself would."""
    actual, intended = checked(), wanted()
    intended.put(Interface(name="Et13"), intended.get(Device, "leaf2"))

    with pytest.raises(ObjectNotCreated):
        actual.sync_from(intended, dry_run=True)


def test_validators() -> None:
    """Validators are asked before a dry run, and not after it: nothing has happened."""
    actual = checked()
    actual.add_post_sync_validator(lambda diff: False)
    actual.sync(wanted(), dry_run=True)
    actual.add_pre_sync_validator(lambda diff: False)

    with pytest.raises(SyncValidationError):
        actual.sync(wanted(), dry_run=True)


def test_errors_name_the_object() -> None:
    """Each error says what was to be done to which object."""
    actual, intended = checked(), wanted()
    intended.get(Interface, "Et1").mtu = 13

    (unit,) = actual.sync(intended, dry_run=True).run.units

    assert unit.error is not None
    assert (unit.error.operation, unit.error.model, unit.error.identity) == (
        "update",
        "interface",
        {"name": "Et1"},
    )
