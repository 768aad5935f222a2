"""Conflicts between what was changed on both sides, and their resolution."""

from __future__ import annotations

from ipaddress import IPv4Address
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from driftline.engine import Adapter, Diff, DiffElement, DiffSyncFlags, DiffSyncModel
from driftline.engine.conflicts import (
    Conflict,
    ConflictError,
    ConflictKind,
    ConflictResolutionStrategy,
    conflicts,
    has_conflict,
)
from driftline.engine.exceptions import DiffException
from driftline.engine.merging import Apart, merged
from driftline.engine.resolution import resolve, resolve_conflict, settle
from driftline.engine.snapshot import Snapshot

from .inventory import Device, Interface, Inventory, Site, small

if TYPE_CHECKING:
    from pathlib import Path

SOURCE_WINS = ConflictResolutionStrategy.SOURCE_WINS
DEST_WINS = ConflictResolutionStrategy.DEST_WINS
MERGE = ConflictResolutionStrategy.MERGE
MANUAL = ConflictResolutionStrategy.MANUAL


@pytest.fixture
def sides() -> tuple[Inventory, Inventory, Snapshot]:
    """Return two datasets that were just synchronised, and the snapshot of that."""
    source, dest = small("intent"), small("actual")
    return source, dest, Snapshot.of(dest)


def change(inventory: Inventory, port: str = "Et1", **attrs: Any) -> None:
    for name, value in attrs.items():
        setattr(inventory.get(Interface, port), name, value)


def drop(inventory: Inventory, device: str) -> None:
    obj = inventory.get(Device, device)
    inventory.get(Site, "ams").remove_child(obj)
    inventory.remove(obj, remove_children=True)


def kinds(diff: Diff, base: Snapshot | None) -> list[tuple[str, str, str | None]]:
    return [(each.kind.value, each.name, each.attribute) for each in conflicts(diff, base)]


# With a base ----------------------------------------------------------------------------------------------


def test_only_both_changed_is_a_conflict(sides: Any) -> None:
    """What one side changed alone is no conflict, and neither is what both changed alike."""
    source, dest, base = sides
    change(source, "Et1", mtu=9000, tags=["both"])
    change(dest, "Et1", mtu=9216, tags=["both"])
    change(source, "Et2", mtu=9000)
    change(dest, "Et2", tags=["local"])
    diff = dest.diff_from(source)

    (conflict,) = conflicts(diff, base)

    assert conflict == Conflict(
        ConflictKind.BOTH_CHANGED, "interface", "Et1", {"name": "Et1"}, "mtu", 1500, 9000, 9216
    )
    assert len(conflicts(diff)) == 3  # without a base nobody can tell


@pytest.mark.parametrize(
    ("strategy", "et1", "et2"),
    [
        ("source_wins", (9000, []), (9000, [])),
        ("dest_wins", (9216, []), (9000, ["local"])),
        (lambda conflict: max(conflict.source, conflict.dest) + 1, (9217, []), (9000, ["local"])),
        (lambda _: DEST_WINS, (9216, []), (9000, ["local"])),
        ({"interface": "dest_wins"}, (9216, []), (9000, ["local"])),
        ({"interface": {"mtu": "source_wins"}}, (9000, []), (9000, ["local"])),
        ({"interface": {"mtu": "dest_wins", "tags": SOURCE_WINS}}, (9216, []), (9000, [])),
    ],
)
def test_strategy_decides_who_wins(sides: Any, strategy: Any, et1: Any, et2: Any) -> None:
    """What only the source changed is applied in any case; local changes stay, but for source_wins."""
    source, dest, base = sides
    change(source, "Et1", mtu=9000)
    change(dest, "Et1", mtu=9216)
    change(source, "Et2", mtu=9000)
    change(dest, "Et2", tags=["local"])

    dest.sync_from(source, diff=resolve(dest.diff_from(source), strategy, base).diff)

    found = [(port.mtu, port.tags) for port in (dest.get(Interface, name) for name in ("Et1", "Et2"))]
    assert found == [et1, et2]


def test_nothing_is_lost(sides: Any) -> None:
    """Who lost is told, with all values; so is every local change that stays."""
    source, dest, base = sides
    change(source, "Et1", mtu=9000)
    change(dest, "Et1", mtu=9216)
    change(dest, "Et2", tags=["local"])

    result = resolve(dest.diff_from(source), DEST_WINS, base)

    assert [(each.kind, each.source, each.dest, each.winner, each.value) for each in result.settled] == [
        (ConflictKind.BOTH_CHANGED, 9000, 9216, DEST_WINS, 9216),
        (ConflictKind.LOCAL, [], ["local"], DEST_WINS, ["local"]),
    ]
    assert not result.diff.has_diffs()
    assert result.diff.summary()["skip"] == 2


def test_diff_that_is_resolved_stays_as_it_is(sides: Any) -> None:
    """The given diff is not changed, and resolving what is resolved changes nothing."""
    source, dest, base = sides
    change(source, mtu=9000, tags=["a"])
    change(dest, mtu=9216, tags=["b"])
    diff = dest.diff_from(source)
    before = diff.dict()

    resolved = resolve(diff, MERGE, base, answer=lambda _: DEST_WINS).diff

    assert before == diff.dict()
    (element,) = (each for each in resolved.walk() if each.action)
    assert element.get_attrs_diffs() == {"+": {"tags": ["b", "a"]}, "-": {"tags": ["b"]}}


def test_unsettled_conflicts_are_all_told(sides: Any) -> None:
    """Each with object, attribute and the three values."""
    source, dest, base = sides
    for port in ("Et1", "Et2"):
        change(source, port, mtu=9000)
        change(dest, port, mtu=9216)
    diff = dest.diff_from(source)

    for strategy in (MANUAL, MERGE, "manual", {}, lambda _: None, lambda _: MANUAL):
        with pytest.raises(ConflictError, match="2 conflicts are not settled") as raised:
            resolve(diff, strategy, base)
        assert raised.value.code == "DIFF-CONFLICT"
        assert [problem.where for problem in raised.value.problems] == ["interface Et1", "interface Et2"]
        assert all(value in str(raised.value) for value in ("mtu", "1500", "9000", "9216"))
        assert len(raised.value.conflicts) == 2


def test_open_conflicts_are_left_as_the_source_says(sides: Any) -> None:
    """Settled as far as it goes: what is open is told, and still in the diff."""
    source, dest, base = sides
    for port in ("Et1", "Et2"):
        change(source, port, mtu=9000)
        change(dest, port, mtu=9216)

    result = settle(
        dest.diff_from(source), MANUAL, base, lambda each: DEST_WINS if each.name == "Et1" else None
    )

    assert [(each.name, each.winner) for each in result.settled] == [("Et1", DEST_WINS)]
    assert [(each.where, each.winner) for each in result.open] == [("interface Et2 mtu", None)]
    assert [each.name for each in result.diff.walk() if each.action] == ["Et2"]


def test_open_part_is_moot_when_another_decides(sides: Any) -> None:
    """A subtree of which one part stays in any case stays; nobody is asked about the other part."""
    source, dest, base = sides
    drop(source, "leaf1")
    change(dest, "Et1", mtu=9216)
    dest.get(Device, "leaf1").role = "spine"
    diff = dest.diff_from(source)

    kept = settle(diff, {"device": DEST_WINS, "interface": MANUAL}, base)
    asked = settle(diff, {"device": SOURCE_WINS, "interface": MANUAL}, base)

    assert (kept.open, kept.diff.has_diffs()) == ((), False)
    assert [each.name for each in asked.open] == ["Et1"]
    assert asked.diff == diff


def test_open_subtree_that_the_destination_deleted(sides: Any) -> None:
    """It is told as open, and is in the diff as the source says."""
    source, dest, base = sides
    drop(dest, "leaf1")
    change(source, "Et2", mtu=9000)
    diff = dest.diff_from(source)

    result = settle(diff, MERGE, base)

    assert [(each.kind, each.name) for each in result.open] == [(ConflictKind.DEST_DELETED, "Et2")]
    assert (result.settled, result.diff) == ((), diff)


def test_unknown_strategy() -> None:
    """A misspelt strategy is an error, also where it would not have been needed."""
    for strategy in ("theirs", {"interface": "theirs"}, {"interface": {"mtu": 7}}):
        with pytest.raises(DiffException) as raised:
            resolve(Diff(), strategy)  # type: ignore[arg-type]
        assert raised.value.code == "DIFF-STRATEGY"


# Objects that one side does not have ----------------------------------------------------------------------


def test_deleted_here_and_changed_there(sides: Any) -> None:
    """What was changed below a deleted object is a conflict; the subtree goes or stays as a whole."""
    source, dest, base = sides
    drop(source, "leaf1")
    change(dest, "Et2", mtu=9216)
    diff = dest.diff_from(source)

    assert kinds(diff, base) == [("source_deleted", "Et2", None)]
    assert not resolve(diff, DEST_WINS, base).diff.has_diffs()
    assert resolve(diff, SOURCE_WINS, base).diff == diff
    with pytest.raises(ConflictError, match="the object"):
        resolve(diff, MERGE, base)
    with pytest.raises(ConflictError):
        resolve(diff, lambda _: {"mtu": 1}, base)  # an object has no value to give


def test_deleted_there_and_changed_here(sides: Any) -> None:
    """The other way round it is the same."""
    source, dest, base = sides
    drop(dest, "leaf1")
    change(source, "Et2", mtu=9000)
    diff = dest.diff_from(source)

    assert kinds(diff, base) == [("dest_deleted", "Et2", None)]
    assert not resolve(diff, DEST_WINS, base).diff.has_diffs()
    assert resolve(diff, SOURCE_WINS, base).diff == diff


def test_one_part_keeps_the_whole(sides: Any) -> None:
    """A device stays when one of its ports does, and all are told to have stayed."""
    source, dest, base = sides
    drop(source, "leaf1")
    change(dest, "Et1", mtu=9216)
    dest.get(Device, "leaf1").role = "spine"

    result = resolve(dest.diff_from(source), {"device": SOURCE_WINS, "interface": DEST_WINS}, base)

    assert not result.diff.has_diffs()
    assert [(each.name, each.winner) for each in result.settled] == [
        ("leaf1", DEST_WINS),
        ("Et1", DEST_WINS),
        ("Et2", DEST_WINS),
    ]


def test_deletion_alone_is_no_conflict(sides: Any) -> None:
    """The source's deletion is applied; the destination's stays, but for source_wins."""
    source, dest, base = sides
    drop(source, "leaf1")
    drop(dest, "leaf2")
    diff = dest.diff_from(source)

    assert conflicts(diff, base) == []
    for strategy, expected in (
        (MERGE, {"delete": 3, "create": 0}),
        (SOURCE_WINS, {"delete": 3, "create": 1}),
    ):
        summary = resolve(diff, strategy, base).diff.summary()
        assert expected == {name: summary[name] for name in expected}


def test_addition_alone_is_no_conflict(sides: Any) -> None:
    """The source's addition is applied; the destination's stays, but for source_wins."""
    source, dest, base = sides
    for inventory, name in ((source, "ours"), (dest, "theirs")):
        device = inventory.put(Device(name=name), inventory.get(Site, "ams"))
        inventory.put(Interface(name=f"port of {name}"), device)
    diff = dest.diff_from(source)

    assert conflicts(diff, base) == []
    for strategy, expected in (
        (DEST_WINS, {"delete": 0, "create": 2}),
        (SOURCE_WINS, {"delete": 2, "create": 2}),
    ):
        summary = resolve(diff, strategy, base).diff.summary()
        assert expected == {name: summary[name] for name in expected}


def test_both_created_with_other_values(sides: Any) -> None:
    """An object that the base does not know is a conflict where the two are not alike."""
    source, dest, base = sides
    for inventory, tags in ((source, ["a"]), (dest, ["b"])):
        port = Interface(name="Et3", mtu=1500, tags=tags)
        inventory.put(port, inventory.get(Device, "leaf1"))
    diff = dest.diff_from(source)

    assert kinds(diff, base) == [("both_created", "Et3", "tags")]
    (found,) = resolve(diff, MERGE, base).settled
    assert (found.winner, found.value) == (MERGE, ["b", "a"])


def test_move_is_kept_under_every_strategy(sides: Any) -> None:
    """The old parent goes; an object that stayed behind would go with it."""
    source, dest, base = sides
    new = source.put(Device(name="leaf9"), source.get(Site, "ams"))
    for port in ("Et1", "Et2"):
        obj = source.get(Interface, port)
        source.get(Device, "leaf1").remove_child(obj)
        new.add_child(obj)
    drop(source, "leaf1")
    change(dest, "Et1", mtu=9216)
    diff = dest.diff_from(source)

    dest.sync_from(source, diff=resolve(diff, DEST_WINS, base).diff)

    assert dest.get(Device, "leaf9").interfaces == ["Et1", "Et2"]
    assert dest.get(Interface, "Et1").mtu == 9216


def test_move_into_what_the_destination_deleted(sides: Any) -> None:
    """The new parent is needed, so it is created whoever should win, and told so."""
    source, dest, base = sides
    drop(dest, "leaf2")
    port = source.get(Interface, "Et1")
    source.get(Device, "leaf1").remove_child(port)
    source.get(Device, "leaf2").add_child(port)
    diff = dest.diff_from(source)

    result = resolve(diff, DEST_WINS, base)

    assert result.diff == diff
    assert [(each.name, each.winner) for each in result.settled] == [("leaf2", SOURCE_WINS)]


def test_what_is_held_is_no_conflict(sides: Any) -> None:
    """A change that is only shown harms nobody."""
    source, dest, base = sides
    change(source, mtu=9000)
    change(dest, mtu=9216)
    drop(source, "leaf2")
    dest.get(Device, "leaf2").role = "spine"
    diff = dest.diff_from(source, flags=DiffSyncFlags.NO_UPDATE | DiffSyncFlags.NO_DELETE)

    assert conflicts(diff, base) == []
    assert resolve(diff, MANUAL, base).diff == diff


# Without a base -------------------------------------------------------------------------------------------


def element(source: Any, dest: Any) -> DiffElement:
    made = DiffElement("interface", "Et1", {"name": "Et1"})
    made.source_attrs, made.dest_attrs = source, dest
    return made


def test_two_sides_conflict_where_they_differ() -> None:
    """Without a base a conflict is whatever differs; an object that only one has is none."""
    assert has_conflict(element({"mtu": 1}, {"mtu": 2}))
    assert not has_conflict(element({"mtu": 1}, {"mtu": 1}))
    assert not has_conflict(element({"mtu": 1}, None))
    assert not has_conflict(element(None, {"mtu": 1}))


def test_two_sides_resolved() -> None:
    """One side's attributes, or both merged where they can be."""
    one = element({"mtu": 1, "tags": ["a", "b"]}, {"mtu": 1, "tags": ["b", "c"]})

    assert resolve_conflict(one, SOURCE_WINS) == {"mtu": 1, "tags": ["a", "b"]}
    assert resolve_conflict(one, "dest_wins") == {"mtu": 1, "tags": ["b", "c"]}
    assert resolve_conflict(one, MERGE) == {"mtu": 1, "tags": ["b", "c", "a"]}
    with pytest.raises(ConflictError, match="tags"):
        resolve_conflict(one, MANUAL)
    with pytest.raises(ConflictError, match="mtu"):
        resolve_conflict(element({"mtu": 1}, {"mtu": 2}), MERGE)


def test_diff_resolved_without_a_base(sides: Any) -> None:
    """The destination keeps its values; what is new or gone in the source is applied."""
    source, dest, _ = sides
    change(source, mtu=9000)
    drop(source, "leaf2")

    summary = resolve(dest.diff_from(source), DEST_WINS).diff.summary()

    assert (summary["update"], summary["delete"]) == (0, 1)


# Snapshots ------------------------------------------------------------------------------------------------


def test_snapshot_on_paper(sides: Any, tmp_path: Path) -> None:
    """A snapshot is read back equal, and tells the same conflicts."""
    source, dest, base = sides
    change(source, mtu=9000)
    change(dest, mtu=9216)
    base.to_json(tmp_path / "base.json")

    again = Snapshot.from_json((tmp_path / "base.json").read_text(), dest)

    assert base == again
    diff = dest.diff_from(source)
    assert conflicts(diff, base) == conflicts(diff, again) != []


def test_snapshot_does_not_change_with_its_dataset(sides: Any) -> None:
    """Values are copied, those in lists too."""
    _, dest, base = sides
    dest.get(Interface, "Et1").tags.append("later")

    assert base.values["interface"]["Et1"] == {"mtu": 1500, "tags": []}


def test_snapshot_has_no_opinion_where_the_dataset_has_none() -> None:
    """What a dataset does not manage is not known afterwards."""
    inventory = Inventory("intent")
    inventory.add(Interface(name="Et1", mtu=1500).manage(["tags"]))

    assert Snapshot.of(inventory).values == {"interface": {"Et1": {"tags": []}}}


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"format": "driftline-snapshot", "version": 2, "models": {}}',
     '{"format": "driftline-snapshot", "version": 1}',
     '{"format": "driftline-snapshot", "version": 1, "models": {"a": []}}',
     '{"format": "driftline-snapshot", "version": 1, "models": {"a": {"b": {"c": {"$x": 1}}}}}'],
)  # fmt: skip
def test_broken_snapshot(text: str) -> None:
    """What is no snapshot is an error."""
    with pytest.raises(DiffException) as raised:
        Snapshot.from_json(text)
    assert raised.value.code == "DIFF-FORMAT"


class Loopback(DiffSyncModel):
    """A model that normalises its name and its description."""

    _modelname: ClassVar[str] = "loopback"
    _identifiers: ClassVar[tuple[str, ...]] = ("name",)
    _attributes: ClassVar[tuple[str, ...]] = ("description", "address")
    _normalise: ClassVar[Any] = {"name": str.lower, "description": str.strip}

    name: str
    description: str = ""
    address: Any = None


class Loopbacks(Adapter):
    """Loopbacks."""

    loopback = Loopback
    top_level: ClassVar[list[str]] = ["loopback"]


def loopbacks(**attrs: Any) -> Loopbacks:
    adapter = Loopbacks()
    adapter.add(Loopback(**attrs))
    return adapter


def test_values_that_mean_the_same_are_no_change() -> None:
    """The model says what is the same object, and the same value."""
    base = Snapshot.of(loopbacks(name="LO0", description="id "))
    source = loopbacks(name="lo0", description=" id")
    dest = loopbacks(name="Lo0", description="local")

    assert conflicts(dest.diff_from(source), base) == []
    assert not resolve(dest.diff_from(source), MERGE, base).diff.has_diffs()


def test_snapshot_keeps_what_json_has_not() -> None:
    """And says which object and attribute it can't keep."""
    kept = Snapshot.of(loopbacks(name="lo0", address=IPv4Address("10.0.0.1")))
    assert kept == Snapshot.from_json(kept.to_json())

    with pytest.raises(DiffException, match="loopback lo0 can't be saved: attribute address"):
        Snapshot.of(loopbacks(name="lo0", address=object())).to_json()


# Merging --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("base", "source", "dest", "expected"),
    [
        ({1, 2}, {1, 3}, {1, 2, 4}, {1, 3, 4}),
        (frozenset("ab"), frozenset("a"), frozenset("abc"), frozenset("ac")),
        (["a", "b"], ["a", "b", "s"], ["d", "a"], ["d", "a", "s"]),
        (["a", "b"], ["b", "a"], ["a", "b", "d"], ["b", "a", "d"]),
        (["a", "b"], ["a", "b", "s"], ["b", "a"], ["b", "a", "s"]),
        ((1,), (1, 2), (1, 3), (1, 3, 2)),
        (None, ["s"], ["d"], ["d", "s"]),
        ({"a": 1, "b": 1}, {"a": 2, "b": 1}, {"a": 1, "c": 1}, {"a": 2, "c": 1}),
        ({"a": {"x": [1]}}, {"a": {"x": [1, 2]}}, {"a": {"x": [1, 3]}}, {"a": {"x": [1, 3, 2]}}),
        ([{"id": 1}], [{"id": 1}, {"id": 2}], [{"id": 1}, {"id": 3}], [{"id": 1}, {"id": 3}, {"id": 2}]),
    ],
)
def test_merged(base: Any, source: Any, dest: Any, expected: Any) -> None:
    """What both sides changed is in the result."""
    assert expected == merged(base, source, dest)
    assert type(expected) is type(merged(base, source, dest))


@pytest.mark.parametrize(
    ("base", "source", "dest"),
    [
        (1, 2, 3),
        ("a", "b", "c"),
        (["a"], {"a", "b"}, ["c"]),
        (["a", "b", "c"], ["b", "a", "c"], ["a", "c", "b"]),
        ([1], [1, 1], [1, 2]),
        ({"a": 1}, {"a": 2}, {"a": 3}),
        ({"a": 1}, {}, {"a": 2}),
    ],
)
def test_not_to_be_merged(base: Any, source: Any, dest: Any) -> None:
    """Where the changes touch, nobody guesses."""
    with pytest.raises(Apart):
        merged(base, source, dest)
