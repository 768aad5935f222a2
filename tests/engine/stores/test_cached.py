"""The cache in front of a store."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from driftline.engine.store.cached import CachedStore
from driftline.engine.store.local import LocalStore
from driftline.engine.store.sqlite import SqliteStore

from .rooms import Building, Rack, Room, building

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def behind(tmp_path: Path) -> SqliteStore:
    store = SqliteStore(tmp_path / "objects.db")
    building(store)
    store.flush()
    return store


def test_hits_and_misses(behind: SqliteStore) -> None:
    """What was read is not read again, until others were asked for more lately."""
    store = CachedStore(behind, size=2)
    rooms = Building("b", internal_storage_engine=store)
    assert store.hit_rate == 0.0

    first = rooms.get(Rack, "r0__k0")
    assert rooms.get(Rack, "r0__k0") is first
    assert (store.hits, store.misses, store.hit_rate) == (1, 1, 0.5)
    rooms.get(Rack, "r0__k1")
    rooms.get(Rack, "r0__k0")
    rooms.get(Rack, "r0__k2")  # takes the place of k1
    assert (store.hits, store.misses) == (2, 3)
    rooms.get_by_uids(["r0__k0", "r0__k1"], Rack)
    assert (store.hits, store.misses, store.hit_rate) == (3, 4, 3 / 7)


def test_what_is_written_through_it_is_not_stale(behind: SqliteStore) -> None:
    """Updates, changes in place, removals and clearing are seen at once."""
    rooms = Building("b", internal_storage_engine=CachedStore(behind))
    held = rooms.get(Room, "r0")
    rooms.update(Room(name="r0", floor=1))
    assert rooms.get(Room, "r0").floor == 1
    rooms.store.flush()
    rooms.get(Room, "r0").floor = 2
    rooms.store.flush()
    assert rooms.get(Room, "r0").floor == 2
    rooms.remove(held)
    assert rooms.get_or_none(Room, "r0") is None
    rooms.get(Room, "r1")
    rooms.store.clear()
    assert rooms.get_or_none(Room, "r1") is None


def test_what_others_write_is_seen_after_forgetting(behind: SqliteStore, tmp_path: Path) -> None:
    """A cache can't know what other processes do; it can be told to read everything again."""
    store = CachedStore(behind)
    rooms = Building("b", internal_storage_engine=store)
    assert rooms.get(Room, "r0").floor == 0
    with SqliteStore(tmp_path / "objects.db") as other:
        Building("other", internal_storage_engine=other).get(Room, "r0").floor = 6

    assert rooms.get(Room, "r0").floor == 0
    store.forget()
    assert rooms.get(Room, "r0").floor == 6


def test_a_read_that_was_overtaken_by_a_write_is_not_remembered(behind: SqliteStore) -> None:
    """Another thread writes between the reading and the remembering: the old object must not stay."""

    class Slow(LocalStore):
        def find_by_uids(self, **asked: object) -> dict[str, object]:
            found = super().find_by_uids(**asked)
            if not store._writes:
                store.update(obj=Room(name="x", floor=2))
            return found

    slow = Slow()
    slow.add(obj=Room(name="x", floor=1))
    store = CachedStore(slow)

    assert store.get(model="room", identifier="x").floor == 1
    assert store.get(model="room", identifier="x").floor == 2


@pytest.mark.parametrize("size", [0, -1])
def test_a_cache_of_nothing(size: int) -> None:
    """A size that remembers nothing is an error."""
    with pytest.raises(ValueError, match="at least one"):
        CachedStore(LocalStore(), size=size)
