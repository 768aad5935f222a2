"""The store in a Redis server, for datasets that several processes share."""

from __future__ import annotations

import itertools
import uuid
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from driftline.engine.exceptions import ObjectStoreException

from .remote import MAX_BYTES, RemoteStore

try:
    from redis import Redis
    from redis.exceptions import AuthenticationError, RedisError, ResponseError
    from redis.exceptions import ConnectionError as RedisConnectionError
    from redis.exceptions import TimeoutError as RedisTimeoutError
except ImportError as error:
    raise ImportError("RedisStore needs the package redis: pip install 'driftline[redis]'") from error

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .texts import Write

BATCH = 1_000
"""How many texts go into one command."""
BATCH_BYTES = 8 * 2**20
TIMEOUTS = {"socket_connect_timeout": 5, "socket_timeout": 30}
"""In seconds; a server that does not answer is not waited for until the network gives up."""

# The texts of a model are the fields of one hash, each with its number in the order of insertion in front.
# ARGV: the names of the models, in the order of their hashes in KEYS; what is done, a letter for each text; in
# which hash, a number for each; the lengths of unique ids and texts; and those, one after the other. One long
# argument is sent several times faster than thousands of short ones.
_WRITE = """
local counter, names, models = KEYS[1], KEYS[2], #KEYS - 2
local operations, hashes, lengths, parts = unpack(ARGV, models + 1, models + 4)
local number = redis.call('INCRBY', counter, #operations) - #operations
local next_hash, next_length = string.gmatch(hashes, '%d+'), string.gmatch(lengths, '%d+')
local read, refused = 0, {}
local function take()
  local start = read + 1
  read = read + tonumber(next_length())
  return string.sub(parts, start, read)
end
for i = 1, #operations do
  local key, operation = KEYS[tonumber(next_hash()) + 2], string.sub(operations, i, i)
  local uid, text = take(), take()
  local new = string.format('%d ', number + i) .. text
  if operation == 'a' then
    if redis.call('HSETNX', key, uid, new) == 0 then
      local old = redis.call('HGET', key, uid)
      if string.match(old, '^%d+ (.*)$') ~= text then refused[#refused + 1] = i - 1 end
    end
  elseif operation == 'd' then
    redis.call('HDEL', key, uid)
  elseif operation == 'r' then
    redis.call('HSET', key, uid, new)
  else
    local old = redis.call('HGET', key, uid)
    local place = old and string.match(old, '^%d+ ')
    if place then new = place .. text end
    if old or operation == 'p' then redis.call('HSET', key, uid, new) end
  end
end
for i = 1, models do
  local change = redis.call('EXISTS', KEYS[i + 2]) == 1 and 'SADD' or 'SREM'
  redis.call(change, names, ARGV[i])
end
return refused
"""

# ARGV: the lengths of the unique ids, and those. Returns the lengths of the texts, -1 where there is none, and those.
_READ = """
local uids, lengths, texts, read = {}, {}, {}, 0
for length in string.gmatch(ARGV[1], '%d+') do
  uids[#uids + 1] = string.sub(ARGV[2], read + 1, read + tonumber(length))
  read = read + tonumber(length)
end
for i, text in ipairs(redis.call('HMGET', KEYS[1], unpack(uids))) do
  lengths[i] = text and #text or -1
  texts[#texts + 1] = text or nil
end
return {table.concat(lengths, ' '), table.concat(texts)}
"""
# Returns the lengths of unique ids and texts, in turn, and those.
_READ_ALL = """
local lengths, parts = {}, redis.call('HGETALL', KEYS[1])
for i, part in ipairs(parts) do lengths[i] = #part end
return {table.concat(lengths, ' '), table.concat(parts)}
"""


class RedisStore(RemoteStore):
    """Keeps objects as JSON in a Redis server; stores with the same `store_id` have the same objects.

    Args:
        store_id: the name of the dataset in the server; without it, one of its own.
        host: the server, with `port`; or else
        url: `redis://`, `rediss://` or `unix://`.
        max_bytes: how large one object may be.
        settings: more arguments for the client, for example `password` or `ssl`.
    """

    def __init__(
        self,
        *,
        adapter: Any = None,
        name: str = "",
        store_id: str | None = None,
        host: str | None = None,
        port: int = 6379,
        url: str | None = None,
        db: int = 0,
        max_bytes: int = MAX_BYTES,
        **settings: Any,
    ) -> None:
        if url and host and port:
            raise ValueError("'url' and 'host' arguments can't be specified together.")
        self._store = _client(url, host, port, db=db, **{**TIMEOUTS, **settings})
        self._store_id = store_id or str(uuid.uuid4())
        with _translated():
            self._store.ping()
        texts = _RedisTexts(self._store, self._store_id)
        super().__init__(texts, adapter=adapter, name=name, max_bytes=max_bytes)

    def __str__(self) -> str:
        """Return the store's name and which dataset of the server it is."""
        return f"{self.name} ({self._store_id})"


class _RedisTexts:
    """Texts in hashes `driftline:ID:o:MODEL`, the names of the models in a set, no keys ever searched for."""

    def __init__(self, client: Any, store_id: str) -> None:
        self._client = client
        self._label = f"driftline:{quote(store_id, safe='')}"
        self._counter = f"{self._label}:n"
        self._names = f"{self._label}:m"
        self._write, self._read, self._read_all = map(client.register_script, (_WRITE, _READ, _READ_ALL))

    def names(self) -> set[str]:
        """Return the names of the models that have a text."""
        with _translated():
            return {name.decode() for name in self._client.smembers(self._names)}

    def count(self, modelname: str) -> int:
        """Return how many texts a model has."""
        with _translated():
            return int(self._client.hlen(self._key(modelname)))

    def read(self, modelname: str, uids: Sequence[str]) -> dict[str, bytes]:
        """Return those of the texts that are there."""
        found: dict[str, bytes] = {}
        for start in range(0, len(uids), BATCH):
            asked = uids[start : start + BATCH]
            with _translated():
                answer = self._read(
                    keys=[self._key(modelname)], args=_joined([uid.encode() for uid in asked])
                )
            found |= {
                uid: _text(value)
                for uid, value in zip(asked, _parted(*answer), strict=True)
                if value is not None
            }
        return found

    def read_all(self, modelname: str) -> dict[str, bytes]:
        """Return all texts of a model, in order."""
        with _translated():
            parts = list(_parted(*self._read_all(keys=[self._key(modelname)])))
        values = sorted(zip(parts[1::2], parts[::2], strict=True), key=_number)
        return {uid.decode(): _text(value) for value, uid in values}

    def write(self, writes: Sequence[Write]) -> list[Write]:
        """Write everything as one transaction, and return the additions that were refused."""
        with _translated():
            pipeline = self._client.pipeline(transaction=True)
            batches = list(_batches(writes))
            for batch in batches:
                keys, values = self._arguments(batch)
                self._write(keys=keys, args=values, client=pipeline)
            answers = pipeline.execute()
        return [batch[place] for batch, refused in zip(batches, answers, strict=True) for place in refused]

    def clear(self) -> None:
        """Remove everything."""
        names = self.names()
        with _translated():
            self._client.unlink(self._counter, self._names, *map(self._key, names))

    def close(self) -> None:
        """Let go of the connections."""
        self._client.close()

    def _key(self, modelname: str) -> str:
        return f"{self._label}:o:{quote(modelname, safe='')}"

    def _arguments(self, writes: Sequence[Write]) -> tuple[list[str], list[Any]]:
        """Return the script's keys and arguments."""
        places = {name: i + 1 for i, name in enumerate(dict.fromkeys(write.modelname for write in writes))}
        operations = "".join(write.operation.value[0] for write in writes)
        hashes = " ".join(str(places[write.modelname]) for write in writes)
        parts = [part for write in writes for part in (write.uid.encode(), write.text)]
        values = [*places, operations, hashes, *_joined(parts)]
        return [self._counter, self._names, *map(self._key, places)], values


def _client(url: str | None, host: str | None, port: int, **settings: Any) -> Redis:
    """Return a client that is not connected yet; what was given is in no error, since it can hold a password."""
    if not url and not host:
        raise _unavailable("neither 'host' nor 'url' were specified")
    try:
        client = Redis.from_url(url, **settings) if url else Redis(host=host or "", port=port, **settings)
    except ValueError:
        raise ObjectStoreException(
            "Redis store is unavailable.",
            code="STORE-UNAVAILABLE",
            hint="the url is malformed: redis://HOST:PORT/DB, rediss://… or unix://PATH",
        ) from None
    if client.get_encoder().decode_responses:
        raise ValueError("RedisStore reads bytes: leave out decode_responses")
    return client


def _unavailable(reason: str) -> ObjectStoreException:
    return ObjectStoreException(
        "Redis store is unavailable.",
        code="STORE-UNAVAILABLE",
        hint=f"{reason}; is the server running, and are address and credentials right?",
    )


@contextmanager
def _translated() -> Iterator[None]:
    """Tell the client's errors as errors of the store, without what they quote of addresses and credentials."""
    try:
        yield
    except AuthenticationError:
        raise _unavailable("the server refused the credentials") from None
    except (RedisConnectionError, RedisTimeoutError) as error:
        raise _unavailable(type(error).__name__) from None
    except ResponseError as error:
        raise ObjectStoreException(
            f"Redis store: {error}", hint="the server refused the command; nothing of it was done"
        ) from None
    except (RedisError, UnicodeError) as error:
        raise ObjectStoreException(f"Redis store: {type(error).__name__}") from None


def _batches(writes: Sequence[Write]) -> Iterator[list[Write]]:
    """Return the writes in batches that are not too large for one command."""
    batch: list[Write] = []
    size = 0
    for write in writes:
        if batch and (len(batch) == BATCH or size + len(write.text) > BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(write)
        size += len(write.text)
    if batch:
        yield batch


def _joined(parts: Sequence[bytes]) -> tuple[str, bytes]:
    """Return the lengths of the parts, and the parts as one."""
    return " ".join([str(len(part)) for part in parts]), b"".join(parts)


def _parted(lengths: bytes, joined: bytes) -> Iterator[Any]:
    """Return the parts of what was joined; None for a length of -1."""
    place = 0
    for length in map(int, lengths.split()):
        if length < 0:
            yield None
        else:
            yield joined[place : place + length]
            place += length


def _text(value: bytes) -> bytes:
    return value.partition(b" ")[2]


def _number(item: tuple[bytes, bytes]) -> int:
    """Return the place of a text in the order of insertion."""
    number = item[0].partition(b" ")[0]
    # What something else has put there is last; reading it tells what is wrong with it.
    return int(number) if number.isdigit() else 2**63
