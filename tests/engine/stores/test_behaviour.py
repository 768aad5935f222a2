"""What every store does, seen from an adapter: one suite that all of them must pass."""

from __future__ import annotations

from datetime import UTC, datetime
from ipaddress import IPv4Interface
from typing import TYPE_CHECKING, Any

import pytest
from structlog.testing import capture_logs

from driftline.engine import Adapter, DiffSyncModel, DiffSyncModelFlags, DiffSyncStatus
from driftline.engine.exceptions import ObjectAlreadyExists, ObjectNotFound

from .rooms import Building, Rack, Room, State, building

if TYPE_CHECKING:
    from .conftest import MakeStore


class Thing(DiffSyncModel):
    """Named by any text."""

    _modelname = "a:thing {of} mine/ü"
    _identifiers = ("name",)
    _attributes = ("value",)
    name: str
    value: str = ""


class Things(Adapter):
    """Has one model, under a name that no attribute can have."""


setattr(Things, Thing.get_type(), Thing)


def test_get(make_store: MakeStore) -> None:
    """An object is found by class, instance or name of its model, and by unique id or identity."""
    rooms = building(make_store())
    expected = rooms.get(Rack, "r0__k1")

    assert (expected.room, expected.name, expected.adapter) == ("r0", "k1", rooms)
    for model in (Rack, expected, "rack"):
        for identifier in ("r0__k1", {"room": "r0", "name": "k1"}):
            assert rooms.get(model, identifier).dict() == expected.dict()


def test_what_is_not_there(make_store: MakeStore) -> None:
    """The error names the model and all unique ids; the question leaves nothing behind."""
    rooms = building(make_store())

    with pytest.raises(ObjectNotFound, match="rack r9__k9 not present in"):
        rooms.get(Rack, "r9__k9")
    with pytest.raises(ObjectNotFound, match="rack a, b not present in"):
        rooms.get_by_uids(["a", "r0__k0", "b"], Rack)
    with pytest.raises(ObjectNotFound, match="tenant acme not present"):
        rooms.get("tenant", "acme")
    with pytest.raises(ValueError, match="Invalid args"):
        rooms.get("tenant", {"name": "acme"})
    with pytest.raises(ObjectNotFound, match="rack r9__k9 not present"):
        rooms.store.remove_item("rack", "r9__k9")
    assert rooms.get_or_none(Rack, "r9__k9") is None
    assert rooms.get_all_model_names() == {"room", "rack"}


def test_reading_many(make_store: MakeStore) -> None:
    """Many are read in the order asked for, all in the order of adding; what is missing can be left out."""
    rooms = building(make_store())
    order = ["r1__k2", "r0__k0", "r1__k0"]

    assert [rack.get_unique_id() for rack in rooms.get_by_uids(order, Rack)] == order
    assert list(rooms.store.find_by_uids(uids=["r1__k0", "no", "r0__k0"], model="rack")) == [
        "r1__k0",
        "r0__k0",
    ]
    expected = [f"r{room}__k{rack}" for room in range(2) for rack in range(3)]
    assert [rack.get_unique_id() for rack in rooms.get_all("rack")] == expected
    assert rooms.get_by_uids([], Rack) == []
    assert rooms.get_all("tenant") == []


@pytest.mark.parametrize("flush", [False, True])
def test_the_order_is_that_of_adding(make_store: MakeStore, *, flush: bool) -> None:
    """An update keeps an object's place; one that is removed and added again goes to the end."""
    rooms = Building("b", internal_storage_engine=make_store())
    for name in ("c", "a", "b"):
        rooms.add(Room(name=name))
    if flush:
        rooms.store.flush()
    rooms.update(Room(name="c", floor=1))
    rooms.remove(rooms.get(Room, "a"))
    rooms.update(Room(name="d"))
    rooms.add(Room(name="a"))

    assert [room.name for room in rooms.get_all(Room)] == ["c", "b", "d", "a"]
    rooms.store.flush()
    assert [room.name for room in rooms.get_all(Room)] == ["c", "b", "d", "a"]
    assert rooms.get(Room, "c").floor == 1


@pytest.mark.parametrize("flush", [False, True])
def test_counting(make_store: MakeStore, *, flush: bool) -> None:
    """Objects are counted by model and in all, written or not; a model without objects is none."""
    rooms = building(make_store())
    if flush:
        rooms.store.flush()
    rooms.add(Room(name="new"))
    rooms.update(Room(name="r0", floor=3))
    rooms.remove(rooms.get(Rack, "r0__k0"))

    assert (rooms.count(Room), rooms.count("rack"), rooms.count("tenant"), len(rooms)) == (3, 5, 0, 8)
    for rack in rooms.get_all(Rack):
        rooms.remove(rack)
    assert (rooms.get_all_model_names(), rooms.count(Rack)) == ({"room"}, 0)


@pytest.mark.parametrize("flush", [False, True])
def test_adding_another_one(make_store: MakeStore, *, flush: bool) -> None:
    """Another object with the same identity is refused, and the one that is there stays."""
    rooms = building(make_store())
    if flush:
        rooms.store.flush()

    with pytest.raises(ObjectAlreadyExists, match="Object r0 already present") as error:
        rooms.add(Room(name="r0", floor=9))
    assert (error.value.existing_object.floor, rooms.get(Room, "r0").floor) == (9, 0)


def test_adding_the_same_one_again(make_store: MakeStore) -> None:
    """The same object can be added again, before and after it was written."""
    rooms, room = Building("b", internal_storage_engine=make_store()), Room(name="x")
    rooms.add(room)
    rooms.add(room)
    rooms.store.flush()
    rooms.add(room)

    assert rooms.count() == 1


def test_adding_many(make_store: MakeStore) -> None:
    """All are added, or none: also when the twin is among the new ones."""
    rooms = building(make_store())
    rooms.store.add_many([Room(name="x"), Rack(room="x", name="y")])

    for twin in (Room(name="r1", floor=7), Room(name="z", floor=7)):
        with pytest.raises(ObjectAlreadyExists):
            rooms.store.add_many([Room(name="z"), twin])
    assert [room.name for room in rooms.get_all(Room)] == ["r0", "r1", "x"]
    assert rooms.get(Rack, "x__y").adapter is rooms


def test_has(make_store: MakeStore) -> None:
    """A store tells whether it has an object."""
    store = building(make_store()).store

    assert store.has("room", "r0")
    assert not store.has("room", "r9")
    assert not store.has("tenant", "r0")


@pytest.mark.parametrize("flush", [False, True])
def test_what_is_changed_by_methods_is_kept(make_store: MakeStore, *, flush: bool) -> None:
    """A child that is listed later, an attribute that is set, an update: nothing needs to be said to the store."""
    rooms = building(make_store())
    if flush:
        rooms.store.flush()
    room, rack = rooms.get(Room, "r0"), Rack(room="r0", name="new")
    rooms.add(rack)
    room.add_child(rack)
    room.remove_child(rooms.get(Rack, "r0__k0"))
    room.floor = 5
    rooms.store.flush()

    read = rooms.get(Room, "r0")
    assert (read.racks, read.floor) == (["r0__k1", "r0__k2", "r0__new"], 5)


def test_everything_that_an_object_has_is_kept(make_store: MakeStore) -> None:
    """Values of every type, fields left out of dumps, flags, managed attributes, status and message."""
    rooms = Building("b", internal_storage_engine=make_store())
    seen = datetime(2026, 2, 3, 4, 5, 6, 789, tzinfo=UTC)
    rack = Rack(
        room="r",
        name="k",
        state=State.IN_USE,
        address=IPv4Interface("10.0.0.1/31"),
        tags={"a", "b"},
        seen=seen,
    )
    rack.native = {"pk": 7}
    rack.model_flags = DiffSyncModelFlags.SKIP_UNMATCHED_BOTH | DiffSyncModelFlags.IGNORE
    rack.manage(["units"])
    rack.set_status(DiffSyncStatus.FAILURE, "no power")
    rooms.add(rack)
    rooms.store.flush()

    read = rooms.get(Rack, "r__k")
    assert (read.dict(), read.native, read.model_flags) == (rack.dict(), {"pk": 7}, rack.model_flags)
    assert (read.get_managed(), read.get_status()) == (("units",), (DiffSyncStatus.FAILURE, "no power"))
    assert [type(value) for value in read.__dict__.values()] == [
        type(value) for value in rack.__dict__.values()
    ]


def test_get_or_make(make_store: MakeStore) -> None:
    """An object is made once, and updated when that is asked for."""
    rooms = Building("b", internal_storage_engine=make_store())

    assert [rooms.get_or_instantiate(Room, {"name": "a"}, {"floor": 1})[1] for _ in range(2)] == [True, False]
    assert [rooms.get_or_add_model_instance(Room(name="b"))[1] for _ in range(2)] == [True, False]
    assert [rooms.update_or_instantiate(Room, {"name": "a"}, {"floor": 2})[1] for _ in range(2)] == [
        False,
        False,
    ]
    assert [rooms.update_or_add_model_instance(Room(name="b", floor=3))[1] for _ in range(2)] == [
        False,
        False,
    ]
    rooms.store.flush()
    assert [(room.name, room.floor) for room in rooms.get_all(Room)] == [("a", 2), ("b", 3)]


@pytest.mark.parametrize("flush", [False, True])
def test_removing_with_children(make_store: MakeStore, *, flush: bool) -> None:
    """What is below goes too; a child that is listed and not there is told, and is no obstacle."""
    rooms = building(make_store())
    room = rooms.get(Room, "r0")
    rooms.remove(rooms.get(Rack, "r0__k1"))
    if flush:
        rooms.store.flush()
        room = rooms.get(Room, "r0")
    with capture_logs() as logs:
        rooms.remove(room, remove_children=True)

    assert sorted(rooms.dict()["rack"]) == ["r1__k0", "r1__k1", "r1__k2"]
    assert [(log["event"], log["child_id"]) for log in logs] == [
        ("Unable to remove child element as it was not found!", "r0__k1")
    ]
    assert (room.adapter, rooms.get_or_none(Room, "r0")) == (None, None)


@pytest.mark.parametrize(
    "name", ["", " ", ":", "a:b", "a__b", "*", "[a-z]?", "ключ", "名", "{x}", "%2F", "a\nb", "\0"]
)
def test_any_text_can_be_a_name(make_store: MakeStore, name: str) -> None:
    """Names of stores, models and objects may have anything in them."""
    things = Things("t", internal_storage_engine=make_store(f"id{name}"))
    other = Things("o", internal_storage_engine=make_store("id"))
    things.add(Thing(name=name, value=name))
    things.store.flush()

    assert things.get(Thing, name).value == name
    assert [thing.name for thing in things.get_all(Thing)] == [name]
    assert (things.count(Thing), things.get_all_model_names()) == (1, {Thing.get_type()})
    if name:
        assert other.count() == 0


def test_unique_ids_do_not_collide(make_store: MakeStore) -> None:
    """Identities that look alike when they are joined are different objects."""
    rooms = Building("b", internal_storage_engine=make_store())
    rooms.add(Rack(room="x__y", name="z", units=1))
    rooms.add(Rack(room="x", name="y__z", units=2))
    rooms.store.flush()

    assert rooms.get(Rack, {"room": "x__y", "name": "z"}).units == 1
    assert rooms.get(Rack, {"room": "x", "name": "y__z"}).units == 2


def test_texts_and_dictionaries(make_store: MakeStore) -> None:
    """A dataset is shown, dumped and loaded the same, whatever its store."""
    rooms, local = building(make_store("one")), building(Building("x").store)
    again = Building("again", internal_storage_engine=make_store("two"))
    again.load_from_dict(rooms.dict())

    assert rooms.str() == local.str() == again.str()
    assert rooms.dict() == local.dict() == again.dict()


def test_a_sync_is_kept(make_store: MakeStore) -> None:
    """What a sync creates, updates, moves out and deletes is in the store afterwards, parents' lists included."""
    source, target = building(Building("x").store, rooms=3), building(make_store())
    source.get(Room, "r0").floor = 4
    source.get(Rack, "r0__k0").units = 24
    source.remove(source.get(Room, "r1"), remove_children=True)
    target.store.flush()
    target.sync_from(source)
    target.store.flush()

    assert not target.diff_from(source).has_diffs()
    assert target.str() == source.str()


def test_a_hook_that_fails_leaves_the_store_as_it_was(make_store: MakeStore) -> None:
    """The values of an object whose update was refused are the old ones, also after writing."""

    class Stubborn(Rack):
        def update(self, attrs: dict[str, Any]) -> Stubborn | None:
            super().update(attrs)
            raise ConnectionError("the line is dead")

    class Site(Building):
        rack = Stubborn

    source, target = building(Building("x").store, rooms=1), Site("s", internal_storage_engine=make_store())
    target.load_from_dict(source.dict())
    target.store.flush()
    source.get(Rack, "r0__k1").units = 7
    with pytest.raises(Exception, match="the line is dead"):
        target.sync_from(source)
    target.store.flush()

    assert target.get(Rack, "r0__k1").units == 42


def test_clear(make_store: MakeStore) -> None:
    """Everything goes, written or not, and the store can be filled again."""
    rooms, other = building(make_store("one")), building(make_store("two"))
    rooms.store.flush()
    rooms.add(Room(name="more"))
    rooms.store.clear()

    assert (len(rooms), rooms.get_all_model_names(), rooms.get_all(Room)) == (0, set(), [])
    rooms.add(Room(name="r0", floor=8))
    assert (rooms.get(Room, "r0").floor, len(other)) == (8, 8)
