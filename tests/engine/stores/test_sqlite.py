"""The store in a file: its mode, its format, other processes, and a writer that is killed."""

from __future__ import annotations

import gc
import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from driftline.engine.exceptions import ObjectStoreException
from driftline.engine.store.sqlite import SqliteStore
from driftline.engine.store.sqlite_file import SqliteFile

from .rooms import Building, Rack, Room, building

ROOT = Path(__file__).parents[3]


def test_the_files_are_for_this_user_only(tmp_path: Path) -> None:
    """Also the two that SQLite puts beside the file, whatever the umask is."""
    before = os.umask(0)
    try:
        store = SqliteStore(tmp_path / "objects.db")
        building(store)
        store.flush()
    finally:
        os.umask(before)

    files = {file.name: file.stat().st_mode & 0o777 for file in tmp_path.iterdir()}
    assert files == {"objects.db": 0o600, "objects.db-wal": 0o600, "objects.db-shm": 0o600}
    store.close()
    assert [file.name for file in tmp_path.iterdir()] == ["objects.db"]


def test_it_outlives_the_process(tmp_path: Path) -> None:
    """What is in the file is there when it is opened again, several datasets apart from each other."""
    for name in ("a", "b"):
        with SqliteStore(tmp_path / "objects.db", store_id=name) as store:
            building(store, racks=1 if name == "a" else 2)

    with SqliteStore(str(tmp_path / "objects.db"), store_id="b") as store:
        rooms = Building("again", internal_storage_engine=store)
        assert (len(rooms), rooms.get(Room, "r1").racks) == (6, ["r1__k0", "r1__k1"])


def make_foreign(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE objects (x)")
    connection.close()


def make_newer(path: Path) -> None:
    SqliteStore(path).close()
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 2")
    connection.close()


def make_tableless(path: Path) -> None:
    SqliteStore(path).close()
    connection = sqlite3.connect(path)
    connection.execute("DROP TABLE objects")
    connection.close()


def make_truncated(path: Path) -> None:
    with SqliteStore(path) as store:
        building(store, racks=2_000)
    path.write_bytes(path.read_bytes()[:50_000])


def make_overwritten(path: Path) -> None:
    with SqliteStore(path) as store:
        building(store, racks=2_000)
    content = path.read_bytes()
    path.write_bytes(content[:4096] + b"\xa5" * (len(content) - 4096))


@pytest.mark.parametrize(
    "spoil",
    [
        lambda path: path.write_text("not a database, but a text that is long enough " * 99),
        make_foreign,
        make_newer,
        make_tableless,
        make_truncated,
        make_overwritten,
    ],
)
def test_a_file_that_is_not_ours_or_damaged(tmp_path: Path, spoil: object) -> None:
    """It is told as such, with its name and what to do, and is left as it is."""
    path = tmp_path / "objects.db"
    spoil(path)
    before = path.read_bytes()

    with pytest.raises(ObjectStoreException, match=str(path)) as error:
        read_all(path)
    assert (error.value.code, bool(error.value.hint)) == ("STORE-FORMAT", True)
    assert path.read_bytes() == before


def read_all(path: Path) -> None:
    """Open and read: some damage shows only then."""
    with SqliteStore(path) as store:
        Building("b", internal_storage_engine=store).dict()


def test_places_where_no_file_can_be(tmp_path: Path) -> None:
    """A missing folder, and a folder instead of a file, are errors of the store."""
    for path in (tmp_path / "none" / "objects.db", tmp_path):
        with pytest.raises(ObjectStoreException, match=str(path)):
            SqliteStore(path)


def test_a_spoiled_object(tmp_path: Path) -> None:
    """It is told with the file, its model and its unique id; the others can be read."""
    path = tmp_path / "objects.db"
    store = SqliteStore(path)
    rooms = building(store)
    store.flush()
    connection = sqlite3.connect(path)
    for text in ("{", b"\xff\xfe", 7):
        connection.execute("UPDATE objects SET object = ? WHERE uid = 'r0'", (text,))
        connection.commit()
        with pytest.raises(ObjectStoreException, match=r"objects\.db\): room r0: ") as error:
            rooms.get_all(Room)
        assert error.value.code == "STORE-FORMAT"
    connection.close()
    assert rooms.get(Room, "r1").racks
    store.close()


def test_a_file_that_another_process_holds(tmp_path: Path) -> None:
    """A writer waits for another one, and says so when that takes too long; nothing is lost."""
    path = tmp_path / "objects.db"
    SqliteFile(path, application=7, version=1, schema=["CREATE TABLE t (x)"]).close()
    file = SqliteFile(path, application=7, version=1, schema=[], timeout=0.05)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    with pytest.raises(ObjectStoreException, match="in use") as error, file.transaction():
        pass
    assert error.value.code == "STORE-BUSY"
    assert file.read("SELECT * FROM t") == []
    other.execute("COMMIT")
    with file.transaction() as connection:
        connection.execute("INSERT INTO t VALUES (1)")
    assert file.read("SELECT * FROM t") == [(1,)]
    other.close()
    file.close()


def test_a_transaction_is_all_or_nothing(tmp_path: Path) -> None:
    """What was done in a transaction that fails is not there."""
    file = SqliteFile(tmp_path / "x.db", application=7, version=1, schema=["CREATE TABLE t (x)"])
    with suppress(KeyboardInterrupt), file.transaction() as connection:
        connection.execute("INSERT INTO t VALUES (1)")
        raise KeyboardInterrupt
    assert file.read("SELECT * FROM t") == []
    file.close()


def test_another_process_reads_while_this_one_writes(tmp_path: Path) -> None:
    """It sees what was flushed, and not what was not."""
    path = tmp_path / "objects.db"
    with SqliteStore(path) as store:
        rooms = building(store)
        store.flush()
        rooms.add(Room(name="more"))
        program = f"""
from tests.engine.stores.rooms import Building
from driftline.engine.store.sqlite import SqliteStore
print(len(Building("read", internal_storage_engine=SqliteStore({str(path)!r}))))
"""
        assert subprocess.check_output([sys.executable, "-c", program], cwd=ROOT, text=True).strip() == "8"


WRITER = """
import sys
from tests.engine.stores.rooms import Building, Rack, Room
from driftline.engine.store.sqlite import SqliteStore
rooms = Building("b", internal_storage_engine=SqliteStore(sys.argv[1]))
number = 0
while True:
    room = Room(name=f"r{number}")
    rooms.add(room)
    for place in range(50):
        rack = Rack(room=room.name, name=f"k{place}")
        rooms.add(rack)
        room.add_child(rack)
    rooms.store.flush()
    number += 1
    print(number, flush=True)
"""


@pytest.mark.parametrize("after", [1, 7, 20])
def test_a_writer_that_is_killed(tmp_path: Path, after: int) -> None:
    """What it said was written is there, whole: each room with all its racks; and the file can be written on."""
    path = tmp_path / "objects.db"
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert writer.stdout is not None
    said = [int(writer.stdout.readline()) for _ in range(after)][-1]
    writer.send_signal(signal.SIGKILL)
    writer.wait(timeout=10)
    said = max([said, *(int(line) for line in writer.stdout)])
    writer.stdout.close()

    with SqliteStore(path) as store:
        rooms = Building("after", internal_storage_engine=store)
        found = rooms.get_all(Room)
        assert said <= len(found) <= said + 1
        assert [len(rooms.get_by_uids(room.racks, Rack)) for room in found] == [50] * len(found)
        rooms.add(Room(name="goes on"))


def test_a_forked_process_has_a_connection_of_its_own(tmp_path: Path) -> None:
    """A child reads and writes by itself, and does its parent no harm."""
    store = SqliteStore(tmp_path / "objects.db")
    rooms = building(store)
    store.flush()
    child = os.fork()
    if child == 0:
        rooms.add(Room(name="child"))
        store.close()
        os._exit(0 if len(rooms.name) else 1)
    assert os.waitpid(child, 0)[1] == 0
    rooms.add(Room(name="parent"))
    store.flush()
    assert [room.name for room in rooms.get_all(Room)] == ["r0", "r1", "child", "parent"]
    store.close()


def test_a_store_that_goes_away_closes_its_file(tmp_path: Path) -> None:
    """What waits is written, and the file is let go of, though nobody has closed the store."""
    path = tmp_path / "building.db"
    adapter = Building("b", internal_storage_engine=SqliteStore(path))
    adapter.add(Room(name="r"))
    adapter.store.flush()
    connection = adapter.store._texts._file._connection

    del adapter
    gc.collect()

    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        connection.execute("SELECT 1")
    with SqliteStore(path) as store:
        assert store.count() == 1
