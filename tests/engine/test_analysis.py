"""What can be asked of a diff."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from driftline.engine import Diff, DiffElement, DiffSyncFlags
from driftline.engine.analysis import (
    filter_by_action,
    filter_by_type,
    filtered,
    impact,
    query,
    statistics,
)
from driftline.engine.exceptions import DiffException

from .inventory import Device, Interface, Inventory, Site, small

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def intended() -> Inventory:
    """Return the small inventory with one of each change: Et1 updated, Et2 gone, leaf3 with two ports new."""
    inventory = small("intent")
    inventory.get(Interface, "Et1").mtu = 9000
    leaf1 = inventory.get(Device, "leaf1")
    et2 = inventory.get(Interface, "Et2")
    leaf1.remove_child(et2)
    inventory.remove(et2)
    leaf3 = inventory.put(Device(name="leaf3", role="leaf"), inventory.get(Site, "ams"))
    for port in ("Et7", "Et8"):
        inventory.put(Interface(name=port, mtu=1500), leaf3)
    return inventory


def drift(flags: DiffSyncFlags = DiffSyncFlags.NONE) -> tuple[Diff, Inventory, Inventory]:
    actual, source = small("actual"), intended()
    return actual.diff_from(source, flags=flags), actual, source


def changes(diff: Diff) -> list[tuple[str, str]]:
    return [(each.action, each.name) for each in diff.walk() if each.action is not None]


def test_filter_then_apply_changes_only_what_matched() -> None:
    """Applying a filtered diff leaves exactly the rest to be done."""
    diff, actual, source = drift()

    actual.sync_from(source, diff=filter_by_action(diff, "update"))

    assert actual.get(Interface, "Et1").mtu == 9000
    left = [change for change in changes(diff) if change != ("update", "Et1")]
    assert left == changes(actual.diff_from(source))


def test_filter_keeps_the_path() -> None:
    """A match far below is found, and what leads to it asks for nothing."""
    diff, _, _ = drift()
    before = diff.dict()

    part = filtered(diff, lambda element: element.name == "Et1")

    assert part.summary() == {"create": 0, "update": 1, "delete": 0, "no-change": 2, "skip": 0}
    assert [each.name for each in part.walk()] == ["ams", "leaf1", "Et1"]
    assert before == diff.dict()
    assert part.children["site"]["ams"] is not diff.children["site"]["ams"]


def test_filter_by_type_takes_a_class_too() -> None:
    """A model is named by its name or by its class."""
    diff, _, _ = drift()

    assert filter_by_type(diff, "device") == filter_by_type(diff, Device)
    assert changes(filter_by_type(diff, Device)) == [("create", "leaf3")]


def test_filter_by_unknown_action() -> None:
    """A misspelt action is an error, and not an empty diff."""
    with pytest.raises(DiffException, match="craete") as raised:
        filter_by_action(Diff(), "craete")

    assert raised.value.code == "DIFF-QUERY"


def test_filter_nothing_is_a_diff_that_applies_nothing() -> None:
    """An empty part is not taken for no diff at all."""
    diff, actual, source = drift()
    before = actual.content

    actual.sync_from(source, diff=filtered(diff, lambda _: False))

    assert before == actual.content


def test_child_of_a_parent_that_is_not_created_is_refused() -> None:
    """Nothing is created in the air: the sync says that the parent is missing."""
    diff, actual, source = drift()
    part = filter_by_type(filter_by_action(diff, "create"), "interface")
    before = actual.content

    actual.sync_from(source, diff=part, flags=DiffSyncFlags.CONTINUE_ON_FAILURE)

    assert changes(part) == [("create", "Et7"), ("create", "Et8")]
    assert before == actual.content


def test_filter_keeps_class_and_order() -> None:
    """The part is of the class of the whole, which has a say in the order."""

    class Backwards(Diff):
        """Everything from z to a."""

        @classmethod
        def order_children_default(cls, children: Mapping[str, DiffElement]) -> Iterator[DiffElement]:
            """Return them from z to a."""
            return iter(sorted(children.values(), reverse=True))

    diff = small("actual").diff_from(intended(), diff_class=Backwards)
    part = filter_by_action(diff, "create")

    assert type(part) is Backwards
    assert [each.name for each in part.walk()] == ["ams", "leaf3", "Et8", "Et7"]


def test_what_is_held_stays_held() -> None:
    """A deletion that is only shown holds back what is below it, also when it is no longer there itself."""
    diff = Diff()
    device, port = DiffElement("device", "leaf1", {"name": "leaf1"}), DiffElement("interface", "Et1", {})
    device.dest_attrs, port.dest_attrs = {}, {}
    device.held = True
    device.add_child(port)
    diff.add(device)

    (kept,) = query(filter_by_type(diff, "interface"), type="interface")

    assert kept.held
    assert not port.held


@pytest.mark.parametrize(
    ("criteria", "expected"),
    [
        ({"type": "interface"}, ["Et1", "Et2", "Et7", "Et8"]),
        ({"type": Interface, "action": "create"}, ["Et7", "Et8"]),
        ({"action": None}, ["ams", "leaf1"]),
        ({"action": "no-change", "type": "site"}, ["ams"]),
        ({"keys": {"name": "Et2"}}, ["Et2"]),
        ({"keys": {"name": "Et2", "slot": 1}}, []),
        ({"attribute": "mtu", "action": "update"}, ["Et1"]),
        ({"attribute": "role"}, ["leaf3"]),
        ({}, ["ams", "leaf1", "Et1", "Et2", "leaf3", "Et7", "Et8"]),
    ],
)
def test_query(criteria: dict[str, Any], expected: list[str]) -> None:
    """All criteria must be met, anywhere in the tree."""
    diff, _, _ = drift()

    assert expected == [each.name for each in query(diff, **criteria)]


def test_query_unknown() -> None:
    """An unknown criterion is named."""
    with pytest.raises(TypeError, match="name, uid"):
        query(Diff(), type="device", uid=1, name="x")


def test_statistics() -> None:
    """The numbers are those of the changes; what only leads to them is none."""
    diff, _, _ = drift()

    numbers = statistics(diff)

    assert numbers.by_action == diff.summary()
    assert numbers.by_type == {"interface": 4, "device": 1}
    assert numbers.by_top == {"site": {"ams": 5}}
    assert numbers.affected_models == ("device", "interface")
    assert numbers.total_elements == len(diff)
    assert (numbers.largest_changes[0].attributes, len(numbers.largest_changes)) == (2, 5)
    assert numbers.seconds is not None
    assert {"total_elements", "by_action", "by_type", "largest_changes", "affected_models"} <= set(
        json.loads(json.dumps(numbers.to_dict()))
    )


def test_only_the_largest_changes_are_told() -> None:
    """Ten at most, the largest first."""
    diff = Diff()
    for number in range(20):
        one = DiffElement("thing", f"t{number}", {})
        one.source_attrs = dict.fromkeys(map(str, range(number)))
        diff.add(one)

    assert [each.attributes for each in statistics(diff).largest_changes] == list(range(19, 9, -1))


def test_statistics_of_nothing() -> None:
    """A diff without differences has numbers too."""
    assert statistics(Diff()).to_dict() == {
        "total_elements": 0,
        "by_action": {"create": 0, "update": 0, "delete": 0, "no-change": 0, "skip": 0},
        "by_type": {},
        "by_top": {},
        "largest_changes": [],
        "affected_models": [],
        "seconds": None,
    }


def test_impact_of_creating_and_deleting() -> None:
    """What is created or deleted takes with it what is below; an update takes nothing."""
    diff, actual, source = drift()
    created = impact(diff)
    deleted = impact(source.diff_from(actual))

    (one,) = created.cascades
    assert (one.name, one.action, one.below) == ("leaf3", "create", {"interface": 2})
    assert created.affected == {"interface": {"update": 1, "delete": 1, "create": 2}, "device": {"create": 1}}
    assert [(each.name, each.action) for each in deleted.cascades] == [("leaf3", "delete")]
    assert json.loads(json.dumps(created.to_dict()))["cascades"][0]["below"] == {"interface": 2}


def test_impact_of_a_move() -> None:
    """An object that moves is named, since it takes all below it along."""
    actual, source = small("actual"), small("intent")
    port = source.get(Interface, "Et2")
    source.get(Device, "leaf1").remove_child(port)
    source.get(Device, "leaf2").add_child(port)

    (one,) = impact(actual.diff_from(source)).cascades

    assert (one.name, one.action, one.moved) == ("Et2", "update", True)


def test_impact_counts_what_a_flag_keeps_out() -> None:
    """A deletion may take along what the diff does not show."""
    diff = Diff()
    device = DiffElement("device", "leaf1", {})
    device.dest_attrs = {}
    device.child_diff.skipped = 3
    diff.add(device)

    (one,) = impact(diff).cascades

    assert (one.below, one.skipped) == ({}, 3)
