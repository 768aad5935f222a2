"""Adapters: models, comparing and synchronising."""

from __future__ import annotations

from typing import Any
from unittest import mock

import pytest

from driftline.engine import Adapter, Diff, DiffSyncFlags, DiffSyncStatus
from driftline.engine.exceptions import DiffClassMismatch, ObjectNotCreated, ObjectNotFound

from .inventory import Device, Interface, Inventory, Site, raising, returning_nothing, small

PROCEED = DiffSyncFlags.CONTINUE_ON_FAILURE


def grown() -> Inventory:
    """Return an intended state with a new device that has two interfaces, and one changed interface."""
    intended = small("intended")
    intended.get(Interface, "Et1").mtu = 9000
    leaf3 = intended.put(Device(name="leaf3"), intended.get(Site, "ams"))
    intended.put(Interface(name="Et3"), leaf3)
    intended.put(Interface(name="Et4"), leaf3)
    return intended


# Class creation -------------------------------------------------------------------------------------------


def test_wrong_name() -> None:
    """A model's attribute is named as the model."""
    with pytest.raises(AttributeError, match="Incorrect field name"):
        type("Wrong", (Adapter,), {"box": Device})


@pytest.mark.parametrize(
    ("members", "message"),
    [({}, "not a class attribute"), ({"device": 1}, "not a DiffSyncModel subclass")],
)
def test_wrong_top_level(members: dict[str, Any], message: str) -> None:
    """The models at the top are models of the adapter."""
    with pytest.raises(AttributeError, match=message):
        type("Wrong", (Adapter,), {"top_level": ["device"], **members})


def test_names() -> None:
    """An adapter is named by its constructor, its type, or its class."""
    assert (Inventory().name, Inventory("mine").name) == ("Inventory", "mine")
    assert (str(Inventory("mine")), repr(Inventory("mine"))) == ('Inventory "mine"', '<Inventory "mine">')


def test_empty_adapter_is_true() -> None:
    """An adapter without objects is an adapter."""
    assert Inventory()
    assert len(Inventory()) == 0


def test_unknown_model() -> None:
    """The class of a model that the adapter does not have can't be had."""
    with pytest.raises(ObjectNotFound, match="has no model 'tenant'"):
        Inventory().model_class("tenant")


def test_parent_fields() -> None:
    """The parents of a model are known by its name."""
    assert Inventory().parent_fields("interface") == [("device", "interfaces")]


# Synchronising --------------------------------------------------------------------------------------------


def test_sync() -> None:
    """After a sync the destination is like the source, and a second one finds nothing to do."""
    actual, intended = small("actual"), grown()

    diff = actual.sync_from(intended)

    assert diff.summary() == {"create": 3, "update": 1, "delete": 0, "no-change": 4, "skip": 0}
    assert not actual.diff_from(intended).has_diffs()
    assert not intended.sync_to(actual).has_diffs()


def test_given_diff_is_applied_as_it_is() -> None:
    """Nothing is computed anew."""
    actual, intended = small("actual"), grown()
    diff = actual.diff_from(intended)
    intended.get(Interface, "Et1").mtu = 1

    assert diff is actual.sync_from(intended, diff=diff)
    assert actual.get(Interface, "Et1").mtu == 9000


def test_empty_diff_applies_nothing() -> None:
    """An empty diff that was approved is not taken for none."""
    actual, intended = small("actual"), grown()
    before = actual.content

    actual.sync_from(intended, diff=Diff())

    assert before == actual.content


def test_wrong_diff_class() -> None:
    """A given diff must be of the class that was asked for."""
    with pytest.raises(DiffClassMismatch):
        small("a").sync_from(small("b"), diff_class=type("Mine", (Diff,), {}), diff=Diff())


@pytest.mark.parametrize("flags", [DiffSyncFlags.NONE, PROCEED])
def test_interrupt(flags: DiffSyncFlags) -> None:
    """Ctrl-C gets through, whatever the flags, and nothing more is done."""
    actual = small("actual")
    actual.faults = {("update", "Et1"): raising(KeyboardInterrupt())}
    before = actual.content

    with pytest.raises(KeyboardInterrupt):
        actual.sync_from(grown(), flags=flags)

    assert before == actual.content


def test_failure_stops_and_is_raised() -> None:
    """By default the first failure ends the sync; what failed is as before, and so is the rest."""
    actual = small("actual")
    actual.faults = {("create", "leaf3"): raising(ObjectNotCreated("no"))}
    actual.sync_complete = mock.Mock()  # type: ignore[method-assign]

    with pytest.raises(ObjectNotCreated):
        actual.sync_from(grown())

    assert (actual.get(Interface, "Et1").mtu, actual.count(Device)) == (9000, 2)
    actual.sync_complete.assert_not_called()


def test_refusal_does_not_stop() -> None:
    """A hook that returns None leaves out its object and what is below it, as in diffsync; the sync goes on."""
    actual = small("actual")
    actual.faults = {("update", "Et1"): returning_nothing, ("create", "Et3"): returning_nothing}

    actual.sync_from(grown())

    assert (actual.get(Interface, "Et1").mtu, actual.get(Device, "leaf3").interfaces) == (1500, ["Et4"])


class Odd(Exception):
    """An error of somebody else."""


@pytest.mark.parametrize("error", [ObjectNotCreated("no"), Odd("odd"), ValueError(), OSError(5, "io")])
def test_continue_on_failure(error: Exception) -> None:
    """With the flag a sync survives any exception, and does all that can be done."""
    actual = small("actual")
    actual.faults = {("update", "Et1"): raising(error), ("create", "Et3"): raising(error)}

    diff = actual.sync_from(grown(), flags=PROCEED)

    assert diff.has_diffs()
    assert actual.get(Device, "leaf3").interfaces == ["Et4"]
    assert actual.get(Interface, "Et1").mtu == 1500
    assert DiffSyncStatus.ERROR is actual.get(Interface, "Et1").get_status()[0]


def test_sync_complete() -> None:
    """It is called after a sync that changed something."""
    actual, intended = small("actual"), grown()
    actual.sync_complete = mock.Mock()  # type: ignore[method-assign]
    diff = actual.sync_from(intended)

    assert (intended, diff, DiffSyncFlags.NONE) == actual.sync_complete.call_args.args[:3]

    actual.sync_complete.reset_mock()
    actual.sync_from(intended)
    actual.sync_complete.assert_not_called()


def test_sync_complete_needs_a_change() -> None:
    """It is not called when all that was tried failed."""
    actual, intended = small("actual"), small("intended")
    intended.get(Interface, "Et1").mtu = 9000
    actual.faults = {("update", "Et1"): returning_nothing}
    actual.sync_complete = mock.Mock()  # type: ignore[method-assign]

    actual.sync_from(intended, flags=PROCEED)

    actual.sync_complete.assert_not_called()


def test_progress() -> None:
    """The callback hears of both stages and ends with all."""
    calls: list[Any] = []
    diff = small("actual").sync_from(grown(), callback=lambda *call: calls.append(call))

    assert ("sync", len(diff), len(diff)) == calls[-1]
    assert sorted({stage for stage, _, _ in calls}) == ["diff", "sync"]


# Text -----------------------------------------------------------------------------------------------------


def test_str() -> None:
    """The text shows the tree; a model without objects is shown as empty."""
    assert Inventory().str() == "site: []"
    assert small("x").str().splitlines()[:2] == ["site", "  site: ams: {'region': None}"]


def test_dict_round_trip() -> None:
    """What `dict` returns can be loaded again."""
    inventory, other = small("x"), Inventory("y")
    other.load_from_dict(inventory.dict())

    assert inventory.dict() == other.dict()
    assert not other.diff_from(inventory).has_diffs()
