"""Several readers and one writer: nobody sees half an object, and nobody fails."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from .rooms import Building, Rack, Room

if TYPE_CHECKING:
    import pytest

    from .conftest import MakeStore

ROOMS, ROUNDS, READERS = 40, 40, 4


def test_readers_and_a_writer(make_store: MakeStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each object read is one that was written; a batch of objects is found as often as it is asked for."""
    monkeypatch.setattr("driftline.engine.store.remote.MAX_PENDING", 25)
    rooms = Building("b", internal_storage_engine=make_store())
    for number in range(ROOMS):
        rooms.add(Room(name=f"r{number}", racks=["0", "0"]))
    names = [f"r{number}" for number in range(ROOMS)]
    done = threading.Event()

    def write() -> None:
        for turn in range(1, ROUNDS + 1):
            for name in names:
                rooms.update(Room(name=name, floor=turn, racks=[str(turn)] * 2))
            extra = Rack(room="extra", name=str(turn))
            rooms.add(extra)
            rooms.remove(extra)
        done.set()

    def read() -> int:
        turns = 0
        while not done.is_set() or not turns:
            for room in [*rooms.get_all(Room), *rooms.get_by_uids(names, Room), rooms.get(Room, "r7")]:
                assert room.racks == [str(room.floor)] * 2
            assert rooms.count(Room) == ROOMS
            turns += 1
        return turns

    with ThreadPoolExecutor(READERS + 1) as pool:
        readers = [pool.submit(read) for _ in range(READERS)]
        try:
            pool.submit(write).result(timeout=60)
        finally:
            done.set()
        assert all(reader.result(timeout=60) for reader in readers)
    rooms.store.flush()
    assert [(room.name, room.floor) for room in rooms.get_all(Room)] == [(name, ROUNDS) for name in names]
    assert rooms.count(Rack) == 0


def test_several_threads_add(make_store: MakeStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """What several threads add is all there, once."""
    monkeypatch.setattr("driftline.engine.store.remote.MAX_PENDING", 25)
    rooms = Building("b", internal_storage_engine=make_store())

    def add(thread: int) -> None:
        for number in range(50):
            rooms.add(Room(name=f"{thread}-{number}"))
            rooms.get_or_add_model_instance(Room(name=f"shared-{number}"))

    with ThreadPoolExecutor(4) as pool:
        # `get_or_add` is two steps; a thread that comes second between them adds an equal object, or is told.
        list(pool.map(add, range(4)))
    rooms.store.flush()
    names = [room.name for room in rooms.get_all(Room)]
    assert len(names) == len(set(names)) == 250
