"""The store in a Redis server: connection, layout, and what does not belong there."""

from __future__ import annotations

import json
import os
import time
import traceback
from typing import TYPE_CHECKING, Any

import pytest

from driftline.engine.exceptions import ObjectStoreException

from . import server
from .rooms import Building, Rack, Room, building

if TYPE_CHECKING:
    from pathlib import Path

redis = pytest.importorskip("redis", reason="the package redis is not installed")

from driftline.engine.store.redis import RedisStore  # noqa: E402

SECRET = "hunter2-canary"


def commands(client: Any) -> dict[str, int]:
    """Return how often each command was given to the server."""
    return {
        name.removeprefix("cmdstat_"): values["calls"] for name, values in client.info("commandstats").items()
    }


def test_layout(redis_url: str) -> None:
    """One hash per model with JSON in it, the names in a set, and nothing else."""
    rooms = building(RedisStore(url=redis_url, store_id="a:b"), rooms=1, racks=1)
    rooms.store.close()
    client = redis.Redis.from_url(redis_url)

    label = "driftline:a%3Ab"
    assert sorted(client.keys(f"{label}:*")) == sorted(
        f"{label}:{end}".encode() for end in ("n", "m", "o:room", "o:rack")
    )
    number, text = client.hget(f"{label}:o:rack", "r0__k0").split(b" ", 1)
    assert number.isdigit()
    assert (json.loads(text)["v"], json.loads(text)["fields"]["name"]) == (1, "k0")
    RedisStore(url=redis_url, store_id="a:b").clear()
    assert client.keys(f"{label}*") == []


def test_few_commands(redis_url: str) -> None:
    """Loading, counting and reading take a few round trips, and keys are never searched for."""
    client = redis.Redis.from_url(redis_url)
    client.config_resetstat()
    rooms = building(RedisStore(url=redis_url), rooms=1, racks=900)
    rooms.store.flush()
    assert sum(commands(client).values()) < 25
    client.config_resetstat()
    assert (
        len(rooms),
        len(rooms.get_all(Rack)),
        len(rooms.get_by_uids(rooms.get(Room, "r0").racks, Rack)),
    ) == (901, 900, 900)
    rooms.get_all_model_names()
    used = commands(client)
    assert {name: used.get(name, 0) for name in ("keys", "scan", "hscan", "sscan")} == dict.fromkeys(
        ("keys", "scan", "hscan", "sscan"), 0
    )
    assert sum(used.values()) < 20


def test_unavailable(tmp_path: Path) -> None:
    """A server that is not there is told at once, with a hint; so is one that was not named."""
    for arguments in ({"url": f"unix://{tmp_path}/none.sock"}, {"host": "127.0.0.1", "port": 1}, {}):
        begin = time.monotonic()
        with pytest.raises(ObjectStoreException, match="Redis store is unavailable") as error:
            RedisStore(**arguments)
        assert (error.value.code, bool(error.value.hint)) == ("STORE-UNAVAILABLE", True)
        assert time.monotonic() - begin < 10
    with pytest.raises(ValueError, match="can't be specified together"):
        RedisStore(host="localhost", url="redis://localhost")
    with pytest.raises(ValueError, match="decode_responses"):
        RedisStore(url="redis://localhost?decode_responses=True")


def told(error: BaseException) -> str:
    """Return all that a person or a log can see of an error."""
    hint = getattr(error, "hint", "")
    return "".join(traceback.format_exception(error)) + repr(error) + hint


@pytest.mark.parametrize(
    "url",
    [
        f"redis://:{SECRET}@127.0.0.1:1",
        f"redis://me:{SECRET}@127.0.0.1:1/0",
        f"redis://:{SECRET}/x@127.0.0.1:1",
        f"redis://me:{SECRET}#@127.0.0.1:1",
        f"redis://{SECRET}:notaport",
        f"{SECRET}://127.0.0.1",
    ],
)
def test_passwords_are_not_told(url: str) -> None:
    """Whatever is wrong with a url, its parts are in no error."""
    with pytest.raises(ObjectStoreException) as error:
        RedisStore(url=url)
    assert SECRET not in told(error.value)


def test_credentials(redis_server: str, tmp_path: Path) -> None:
    """A server with a password is used with it; a wrong one is told without it."""
    with server.running(redis_server, tmp_path, "--requirepass", SECRET) as url:
        with RedisStore(url=url, password=SECRET) as store:
            building(store)
            assert SECRET not in repr(store) + str(store) + repr(store._store)
        for settings in ({"password": SECRET + "x"}, {}):
            with pytest.raises(ObjectStoreException) as error:
                RedisStore(url=url, **settings)
            assert SECRET not in told(error.value)


def test_a_connection_that_is_lost(redis_server: str, tmp_path: Path) -> None:
    """What could not be written waits, and is written when the server is back."""
    with server.running(redis_server, tmp_path) as url:
        store = RedisStore(url=url, store_id="x", retry=None)
        rooms = building(store)
    for work in (store.flush, store.close, store.count):
        with pytest.raises(ObjectStoreException, match="unavailable"):
            work()
    with server.running(redis_server, tmp_path):
        store.close()
        with RedisStore(url=url, store_id="x") as again:
            assert len(Building("again", internal_storage_engine=again)) == 8
    assert rooms.store is store


def test_a_full_server(redis_server: str, tmp_path: Path) -> None:
    """What the server refuses is told in its words."""
    with server.running(
        redis_server, tmp_path, "--maxmemory", "1mb", "--maxmemory-policy", "noeviction"
    ) as url:
        store = RedisStore(url=url, store_id="x")
        rooms = Building("b", internal_storage_engine=store)
        rooms.add(Room(name="x", racks=["y" * 2**20] * 3))
        with pytest.raises(ObjectStoreException, match="maxmemory"):
            store.flush()
        store._pending.clear()
        store.close()


def test_foreign_objects(redis_url: str) -> None:
    """What something else has put there is told with store, model and unique id, and never run."""
    store = RedisStore(url=redis_url, store_id="foreign", name="shared")
    rooms = building(store)
    store.flush()
    client = redis.Redis.from_url(redis_url)
    for value in (b"\x80\x04\x95", b"1 {}", b"x {}", b'7 {"v":9,"fields":{"name":"bad"}}', b"", b" "):
        client.hset("driftline:foreign:o:room", "bad", value)
        for read in (lambda: rooms.get(Room, "bad"), lambda: rooms.get_all(Room)):
            with pytest.raises(ObjectStoreException, match=r"shared \(foreign\): room bad") as error:
                read()
            assert error.value.code == "STORE-FORMAT"
    client.hset("driftline:foreign:o:rack", b"\xff", b"1 {}")
    with pytest.raises(ObjectStoreException, match="a name is no text"):
        rooms.get_all(Rack)
    rooms.store.update(obj=Room(name="bad"))
    store.flush()
    assert rooms.get_all(Room)[-1].name == "bad"


def test_a_key_of_another_type(redis_url: str) -> None:
    """A key that is no hash is told, not overwritten."""
    client = redis.Redis.from_url(redis_url)
    client.set("driftline:typed:o:room", "text")
    rooms = Building("b", internal_storage_engine=RedisStore(url=redis_url, store_id="typed"))

    with pytest.raises(ObjectStoreException, match="WRONGTYPE"):
        rooms.add(Room(name="x"))
    assert client.get("driftline:typed:o:room") == b"text"


def test_a_forked_process_writes_nothing_of_its_parents(redis_url: str) -> None:
    """What waits to be written is the parent's to write, also when the child ends in good order."""
    store = RedisStore(url=redis_url, store_id="fork")
    rooms = building(store)
    child = os.fork()
    if child == 0:
        store._at_the_end()
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    with RedisStore(url=redis_url, store_id="fork") as other:
        assert other.count() == 0
        store.flush()
        assert other.count() == len(rooms) == 8
