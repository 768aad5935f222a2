"""The comparison of two datasets."""

from __future__ import annotations

from typing import Any

import pytest

from driftline.engine import Adapter, Diff, DiffSyncFlags, DiffSyncModel, DiffSyncModelFlags
from driftline.engine.exceptions import LoadError

from .inventory import Device, Interface, Inventory, Site, small


def actions(diff: Diff) -> dict[str, str]:
    return {f"{e.type} {e.name}": e.action for e in diff.walk() if e.action is not None}


def summary(**counts: int) -> dict[str, int]:
    return {"create": 0, "update": 0, "delete": 0, "no-change": 0, "skip": 0} | counts


def test_no_differences() -> None:
    """Unchanged objects are counted, and become elements when somebody asks for them."""
    diff = small("actual").diff_from(small("intended"))

    assert not list(diff.differing())
    assert summary(**{"no-change": 5}) == diff.summary()
    assert [element.name for element in diff.get_children()] == ["ams"]
    assert summary(**{"no-change": 5}) == diff.summary()
    assert len(diff) == 5


def test_all_kinds() -> None:
    """What differs is created, updated or deleted."""
    actual, intended = small("actual"), small("intended")
    intended.get(Interface, "Et1").mtu = 9000
    intended.put(Interface(name="Et9"), intended.get(Device, "leaf2"))
    intended.get(Device, "leaf1").remove_child(intended.get(Interface, "Et2"))
    intended.remove(intended.get(Interface, "Et2"))

    diff = actual.diff_from(intended)

    assert actions(diff) == {"interface Et1": "update", "interface Et2": "delete", "interface Et9": "create"}
    assert summary(create=1, update=1, delete=1, **{"no-change": 3}) == diff.summary()
    assert actions(diff) == actions(intended.diff_to(actual))


def test_unmanaged_attributes() -> None:
    """An attribute that the source does not manage is neither compared nor set."""
    actual, intended = small("actual"), small("intended")
    intended.get(Interface, "Et1").manage({"tags"}).mtu = 9000
    intended.put(Interface(name="Et9", mtu=1, tags=["x"]).manage({"tags"}), intended.get(Device, "leaf1"))

    diff = actual.diff_from(intended)

    et9 = next(e for e in diff.walk() if e.name == "Et9")
    assert actions(diff) == {"interface Et9": "create"}
    assert et9.get_attrs_diffs() == {"+": {"tags": ["x"]}}


def test_attributes_that_the_destination_does_not_manage() -> None:
    """Nor is one on which the destination has no opinion."""
    actual, intended = small("actual"), small("intended")
    actual.get(Interface, "Et1").manage({"tags"})
    intended.get(Interface, "Et1").mtu = 9000

    assert actions(actual.diff_from(intended)) == {}


def test_models_with_different_attributes() -> None:
    """Only what both sides have is compared, as in diffsync."""

    class Fact(DiffSyncModel):
        """What one system knows."""

        _modelname = "fact"
        _identifiers = ("name",)
        _attributes = ("value", "unit")
        name: str
        value: int = 0
        unit: str = ""

    class Bare(DiffSyncModel):
        """What the other one knows."""

        _modelname = "fact"
        _identifiers = ("name",)
        _attributes = ("value",)
        name: str
        value: int = 0

    rich = type("Rich", (Adapter,), {"fact": Fact, "top_level": ["fact"]})("rich")
    poor = type("Poor", (Adapter,), {"fact": Bare, "top_level": ["fact"]})("poor")
    rich.add(Fact(name="x", value=1, unit="m"))
    poor.add(Bare(name="x", value=2))

    assert poor.diff_from(rich).dict() == {"fact": {"x": {"+": {"value": 1}, "-": {"value": 2}}}}


def test_ownership() -> None:
    """What the source's parent does not own is skipped; below what goes, everything goes."""
    actual, intended = small("actual"), small("intended")
    leaf1 = intended.get(Device, "leaf1")
    intended.get(Site, "ams").remove_child(leaf1)
    intended.remove(leaf1, remove_children=True)

    expected = {"device leaf1": "delete", "interface Et1": "delete", "interface Et2": "delete"}
    assert expected == actions(actual.diff_from(intended))

    intended.get(Site, "ams").exclusive = False
    diff = actual.diff_from(intended)
    assert actions(diff) == {}
    assert summary(skip=1, **{"no-change": 2}) == diff.summary()


def test_move() -> None:
    """An object that hangs under another parent is moved, and compared."""
    actual, intended = small("actual"), small("intended")
    et1 = intended.get(Interface, "Et1")
    et1.mtu = 9000
    intended.get(Device, "leaf1").remove_child(et1)
    intended.get(Device, "leaf2").add_child(et1)

    diff = actual.diff_from(intended)

    element = next(e for e in diff.walk() if e.name == "Et1")
    assert actions(diff) == {"interface Et1": "update"}
    assert element.moved
    assert element.get_attrs_diffs() == {"+": {"mtu": 9000}, "-": {"mtu": 1500}}


def test_object_outside_of_the_tree_is_gone() -> None:
    """What the source still stores but lists nowhere has not moved; it is gone."""
    actual, intended = small("actual"), small("intended")
    intended.get(Device, "leaf1").remove_child(intended.get(Interface, "Et1"))

    assert actions(actual.diff_from(intended)) == {"interface Et1": "delete"}


@pytest.mark.parametrize("side", [0, 1])
def test_orphan(side: int) -> None:
    """A parent that lists what is missing makes the dataset unusable, and the error says where."""
    datasets = small("actual"), small("intended")
    datasets[side].remove(datasets[side].get(Interface, "Et1"))

    with pytest.raises(LoadError, match="device leaf1 lists the interface Et1, which is missing") as caught:
        datasets[0].diff_from(datasets[1])

    assert caught.value.code == "LOAD-ORPHAN"


@pytest.mark.parametrize("side", [0, 1])
def test_ignore(side: int) -> None:
    """An ignored object is not compared on either side, nor is anything below it."""
    datasets = small("actual"), small("intended")
    datasets[1].get(Interface, "Et1").mtu = 9000
    datasets[side].get(Device, "leaf1").model_flags = DiffSyncModelFlags.IGNORE

    assert summary(skip=1, **{"no-change": 2}) == datasets[0].diff_from(datasets[1]).summary()


def unmatched() -> tuple[Inventory, Inventory]:
    """Return datasets of which each has an interface that the other lacks."""
    actual, intended = small("actual"), small("intended")
    actual.put(Interface(name="old"), actual.get(Device, "leaf2"))
    intended.put(Interface(name="new"), intended.get(Device, "leaf2"))
    return actual, intended


@pytest.mark.parametrize(
    ("flag", "expected"),
    [
        (DiffSyncFlags.SKIP_UNMATCHED_SRC, {"interface old": "delete"}),
        (DiffSyncFlags.SKIP_UNMATCHED_DST, {"interface new": "create"}),
        (DiffSyncFlags.SKIP_UNMATCHED_BOTH, {}),
        (DiffSyncFlags.NONE, {"interface old": "delete", "interface new": "create"}),
    ],
)
def test_skip_unmatched(flag: DiffSyncFlags, expected: dict[str, str]) -> None:
    """Flags for the whole diff keep unmatched objects out, and count them."""
    actual, intended = unmatched()
    diff = actual.diff_from(intended, flags=flag)

    assert expected == actions(diff)
    assert 2 - len(expected) == diff.summary()["skip"]


def test_skip_unmatched_on_models() -> None:
    """So do the flags of single objects."""
    actual, intended = unmatched()
    actual.get(Interface, "old").model_flags = DiffSyncModelFlags.SKIP_UNMATCHED_DST
    intended.get(Interface, "new").model_flags = DiffSyncModelFlags.SKIP_UNMATCHED_SRC

    assert actions(actual.diff_from(intended)) == {}


class Address(DiffSyncModel):
    """An address whose short name leaves out its VRF."""

    _modelname = "address"
    _identifiers = ("vrf", "address")
    _shortname = ("address",)
    vrf: str
    address: str


class Addresses(Adapter):
    """A flat list of addresses."""

    address = Address
    top_level = ("address",)


@pytest.mark.parametrize("order", [1, -1])
def test_siblings_with_one_short_name(order: int) -> None:
    """Siblings that share their short names are shown by their unique ids, whatever came first."""
    actual, intended = Addresses("actual"), Addresses("intended")
    actual.add(Address(vrf="blue", address="10.0.0.1"))
    for vrf in ["red", "green"][::order]:
        intended.add(Address(vrf=vrf, address="10.0.0.1"))
    intended.add(Address(vrf="red", address="10.0.0.2"))

    assert actions(actual.diff_from(intended)) == {
        "address blue__10.0.0.1": "delete",
        "address red__10.0.0.1": "create",
        "address green__10.0.0.1": "create",
        "address 10.0.0.2": "create",
    }


def test_diff_is_of_its_moment() -> None:
    """What is changed in place afterwards does not change the diff."""
    actual, intended = small("actual"), small("intended")
    intended.get(Interface, "Et1").tags = ["a"]
    diff = actual.diff_from(intended)
    before = diff.dict()

    intended.get(Interface, "Et1").tags.append("b")
    actual.get(Interface, "Et1").tags.append("c")

    assert next(e.get_attrs_diffs() for e in diff.walk() if e.name == "Et1") == {
        "+": {"tags": ["a"]},
        "-": {"tags": []},
    }
    assert before == diff.dict()


def test_progress() -> None:
    """The callback counts the objects of both sides and ends with all of them, also when some are skipped."""
    actual, intended = unmatched()
    intended.get(Device, "leaf1").model_flags = DiffSyncModelFlags.IGNORE
    calls: list[Any] = []

    actual.diff_from(intended, callback=lambda *call: calls.append(call))

    assert calls[-1] == ("diff", 12, 12)
    assert sorted(calls) == calls
    assert all(current <= total for _, current, total in calls)


def test_complete_is_called_once() -> None:
    """A diff class is told when its diff is complete; the diffs below are not."""

    class Told(Diff):
        """Counts."""

        calls = 0

        def complete(self) -> None:
            """Count."""
            type(self).calls += 1

    actual, intended = unmatched()
    diff = actual.diff_from(intended, diff_class=Told)

    assert Told.calls == 1
    assert {Told} == {type(element.child_diff) for element in diff.walk()}


def test_only_models_of_both() -> None:
    """Models that only one side has at its top are not compared."""
    bare = type("Bare", (Adapter,), {"device": Device, "top_level": ["device"]})("bare")

    assert Diff() == bare.diff_from(small("intended"))
