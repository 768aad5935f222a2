"""Stores that write in batches: when they write, what is seen meanwhile, and what is refused."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from driftline.engine.exceptions import ObjectAlreadyExists, ObjectStoreException, ObjectStoreWrongType
from driftline.engine.store import remote

from .rooms import Building, Rack, Room, building

if TYPE_CHECKING:
    from .conftest import MakeStore

REMOTE_ONLY = True
ROOT = Path(__file__).parents[3]


def test_others_see_what_was_written(make_store: MakeStore) -> None:
    """Two stores with the same id have the same objects after a flush, and before it not."""
    mine, theirs = (
        building(make_store("same")),
        Building("theirs", internal_storage_engine=make_store("same")),
    )

    assert len(theirs) == 0
    mine.store.flush()
    assert theirs.str() == mine.str()
    theirs.get(Room, "r0").floor = 3
    theirs.store.flush()
    assert mine.get(Room, "r0").floor == 3


def test_what_was_changed_is_the_same_instance_until_it_is_written(make_store: MakeStore) -> None:
    """Everybody who asks for a changed object gets that one; after it is written, a new one."""
    rooms, room = Building("b", internal_storage_engine=make_store()), Room(name="x")
    rooms.add(room)

    assert rooms.get(Room, "x") is rooms.get_all(Room)[0] is room
    rooms.store.flush()
    assert rooms.get_all(Room)[0] is not room
    again = rooms.get_all(Room)[0]
    again.floor = 2
    assert rooms.get_all(Room)[0] is again


def test_a_store_writes_now_and_then(make_store: MakeStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """After so many changes they are written without being told; not within a batch."""
    monkeypatch.setattr(remote, "MAX_PENDING", 10)
    mine, theirs = (Building(name, internal_storage_engine=make_store("same")) for name in ("mine", "theirs"))
    for number in range(25):
        mine.add(Room(name=f"x{number}"))
    assert len(theirs) == 20
    with mine.store.batch():
        for number in range(25, 50):
            mine.add(Room(name=f"x{number}"))
        assert len(theirs) == 20
    assert len(theirs) == len(mine) == 50


def test_a_store_closes_itself(make_store: MakeStore) -> None:
    """Leaving the context writes; after that the store is closed, and says so."""
    with make_store("same") as store:
        rooms = building(store)
        room = rooms.get(Room, "r0")

    assert len(Building("other", internal_storage_engine=make_store("same"))) == 8
    for work in (
        rooms.store.count,
        store.flush,
        lambda: rooms.get(Rack, "r0__k1"),
        lambda: setattr(room, "floor", 1),
    ):
        with pytest.raises(ObjectStoreException, match="is closed"):
            work()
    store.close()


PROGRAM = """
import sys
from tests.engine.stores.rooms import Room, building
from driftline.engine.store.sqlite import SqliteStore
if sys.argv[1].startswith("unix:"):
    from driftline.engine.store.redis import RedisStore
    rooms = building(RedisStore(url=sys.argv[1], store_id=sys.argv[2]))
else:
    rooms = building(SqliteStore(sys.argv[1]))
rooms.get(Room, "r0").floor = 7
{end}
"""


@pytest.mark.parametrize(
    ("end", "status"), [("", 0), ("del rooms", 0), ("raise SystemExit(3)", 3), ("raise ValueError", 1)]
)
@pytest.mark.parametrize("kind", ["redis", "sqlite"])
def test_the_end_of_the_program_writes(
    request: pytest.FixtureRequest, tmp_path: Path, kind: str, end: str, status: int
) -> None:
    """Nobody has flushed or closed, and nothing is lost, however the program ends by itself."""
    place = str(tmp_path / "end.db") if kind == "sqlite" else request.getfixturevalue("redis_url")
    store_id = str(tmp_path)
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(end=end), place, store_id],
        cwd=ROOT,
        check=False,
        capture_output=True,
    )

    assert ended.returncode == status
    if kind == "sqlite":
        from driftline.engine.store.sqlite import SqliteStore as Store  # noqa: PLC0415

        store = Store(place)
    else:
        from driftline.engine.store.redis import RedisStore  # noqa: PLC0415 - only where it is installed

        store = RedisStore(url=place, store_id=store_id)
    with store:
        rooms = Building("read", internal_storage_engine=store)
        assert (len(rooms), rooms.get(Room, "r0").floor) == (8, 7)


def test_two_who_add_the_same(make_store: MakeStore) -> None:
    """An object that another process added meanwhile is not overwritten; who comes second is told, the rest is kept."""
    mine, theirs = (Building(name, internal_storage_engine=make_store("same")) for name in ("mine", "theirs"))
    for rooms, floor in ((mine, 1), (theirs, 2)):
        rooms.add(Room(name="x", floor=floor))
        rooms.add(Room(name="equal"))
        rooms.add(Room(name=rooms.name))
    theirs.store.flush()

    with pytest.raises(ObjectAlreadyExists, match="room x already present"):
        mine.store.flush()
    assert sorted(room.name for room in mine.get_all(Room)) == ["equal", "mine", "theirs", "x"]
    assert mine.get(Room, "x").floor == 2


def test_a_stale_copy_is_not_written_over_changes(make_store: MakeStore) -> None:
    """Of two copies of an object that are both changed one would be lost: the second change is refused."""
    rooms = building(make_store())
    rooms.store.flush()
    one, other = rooms.get_all(Room)[0], rooms.get_all(Room)[0]
    one.floor = 1

    with pytest.raises(ObjectStoreException, match="changed by way of another copy") as error:
        other.add_child(Rack(room="r0", name="new"))
    assert error.value.code == "STORE-STALE"
    assert rooms.get(Room, "r0") is one


def test_an_object_that_was_never_added_is_not_written(make_store: MakeStore) -> None:
    """A hook that makes a record, changes it, and then fails leaves nothing behind."""
    rooms = Building("b", internal_storage_engine=make_store())
    draft = Room(name="draft", adapter=rooms)
    draft.add_child(Rack(room="draft", name="k"))

    assert (rooms.get_or_none(Room, "draft"), rooms.get_all(Room), len(rooms)) == (None, [], 0)
    rooms.store.flush()
    assert len(rooms) == 0
    rooms.add(draft)
    rooms.store.flush()
    assert rooms.get(Room, "draft").racks == ["draft__k"]


def test_changing_what_was_removed(make_store: MakeStore) -> None:
    """An object that was removed does not come back by being changed."""
    rooms = building(make_store())
    rooms.store.flush()
    copy, room = rooms.get_all(Room)[0], rooms.get_all(Room)[0]
    rooms.remove(room)
    copy.floor = 3
    rooms.store.flush()

    assert rooms.get_or_none(Room, "r0") is None


@pytest.mark.parametrize("how", ["in place", "in a list"])
def test_a_value_that_does_not_fit_is_refused(make_store: MakeStore, how: str) -> None:
    """Nothing is written when an object would not read back; when it is put right, everything is."""
    rooms = building(make_store(), rooms=1)
    rooms.store.flush()
    room, rack = rooms.get(Room, "r0"), rooms.get(Rack, "r0__k0")
    room.floor = 5
    if how == "in place":
        rack.units = "many"
    else:
        rack.tags = ["a", "b"]

    with pytest.raises(
        ObjectStoreException, match=r"rack r0__k0 .*would not read back: (units|tags)"
    ) as error:
        rooms.store.flush()
    assert error.value.code == "STORE-VALUE"
    assert "many" not in str(error.value)
    assert Building("other", internal_storage_engine=make_store()).get(Room, "r0").floor == 0
    rack.units, rack.tags = 1, {"a"}
    rooms.store.flush()
    assert (rooms.get(Room, "r0").floor, rooms.get(Rack, "r0__k0").units) == (5, 1)


def test_an_object_that_is_too_large(make_store: MakeStore) -> None:
    """It is named, with its size, and can be taken out; the store stays usable."""
    rooms = Building("b", internal_storage_engine=make_store())
    rooms.add(Room(name="small"))
    rooms.add(Room(name="huge", racks=["x" * 2**20] * 17))

    with pytest.raises(ObjectStoreException, match=r"room huge is too large.*bytes") as error:
        rooms.store.flush()
    assert error.value.code == "STORE-TOO-LARGE"
    rooms.remove(rooms.get(Room, "huge"))
    rooms.store.flush()
    assert [room.name for room in rooms.get_all(Room)] == ["small"]


def test_large_batches(make_store: MakeStore) -> None:
    """Many objects at once, some of them large, are one writing."""
    rooms, other = (Building(name, internal_storage_engine=make_store("same")) for name in ("b", "other"))
    rooms.store.add_many(
        Room(name=f"n{i}", racks=["x" * 2**20] * (4 if i % 500 == 0 else 0)) for i in range(2_500)
    )
    rooms.store.flush()

    assert [room.name for room in other.get_all(Room)] == [f"n{i}" for i in range(2_500)]
    assert len(other.get_by_uids([f"n{i}" for i in range(2_500)], Room)) == 2_500


def test_an_object_with_more_fields_than_its_model(make_store: MakeStore) -> None:
    """A subclass whose fields would be lost is refused; one that only behaves differently is not."""

    class Named(Room):
        label: str = ""

    class Quiet(Room):
        pass

    rooms = Building("b", internal_storage_engine=make_store())
    with pytest.raises(ObjectStoreWrongType, match="it would lose its label"):
        rooms.add(Named(name="x", label="y"))
    rooms.add(Quiet(name="x"))
    rooms.store.flush()
    assert type(rooms.get(Room, "x")) is Room


def test_several_writers(make_store: MakeStore) -> None:
    """Stores of the same dataset that write at the same time wait for each other; nothing is lost or written twice."""
    stores = [make_store("same") for _ in range(4)]

    def write(number: int) -> None:
        rooms = Building("b", internal_storage_engine=stores[number])
        for turn in range(15):
            rooms.add(Room(name=f"{number}-{turn}"))
            rooms.update(Room(name="shared", floor=turn))
            rooms.store.flush()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(4)))
    rooms = Building("read", internal_storage_engine=make_store("same"))
    assert (len(rooms), rooms.get(Room, "shared").floor) == (61, 14)
    for number in range(4):
        mine = [room.name for room in rooms.get_all(Room) if room.name.startswith(f"{number}-")]
        assert mine == [f"{number}-{turn}" for turn in range(15)]
