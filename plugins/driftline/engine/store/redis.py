"""The store in a Redis server, for datasets that several processes share."""

from __future__ import annotations

import uuid
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from driftline.engine.exceptions import ObjectStoreException

from .remote import MAX_BYTES, RemoteStore
from .texts import Operation

try:
    from redis import Redis
    from redis.exceptions import AuthenticationError, RedisError, ResponseError, WatchError
    from redis.exceptions import ConnectionError as RedisConnectionError
    from redis.exceptions import TimeoutError as RedisTimeoutError
except ImportError as error:
    raise ImportError("RedisStore needs the package redis: pip install 'driftline[redis]'") from error

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .texts import Change

BATCH = 1_000
"""How many texts go into one command."""
BATCH_BYTES = 8 * 2**20
TIMEOUTS = {"socket_connect_timeout": 5, "socket_timeout": 30}
"""In seconds; a server that does not answer is not waited for until the network gives up."""

ATTEMPTS = 50
"""How often a transaction is tried while others write to the same models."""
_ADD = Operation.ADD


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
    """Texts in hashes `driftline:ID:o:MODEL`, each with its number in the order of insertion in front.

    The names of the models are in a set `driftline:ID:m`, the last number in `driftline:ID:n`. No keys are ever
    searched for.
    """

    def __init__(self, client: Any, store_id: str) -> None:
        self._client = client
        self._label = f"driftline:{quote(store_id, safe='')}"
        self._counter = f"{self._label}:n"
        self._names = f"{self._label}:m"

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
        return {uid: _text(value) for uid, value in self._values(self._client, modelname, uids).items()}

    def read_all(self, modelname: str) -> dict[str, bytes]:
        """Return all texts of a model, in order."""
        with _translated():
            values = self._client.hgetall(self._key(modelname))
            ordered = sorted(values.items(), key=lambda item: _number(item[1]))
            return {uid.decode(): _text(value) for uid, value in ordered}

    def write(self, changes: Sequence[Change]) -> list[Change]:
        """Write everything as one transaction, and return the additions that were refused."""
        for __ in range(ATTEMPTS):
            # Whoever changes one of these models between the reading and the writing makes us begin anew.
            with _translated(), self._client.pipeline(transaction=True) as transaction, suppress(WatchError):
                return self._tried(transaction, changes)
        raise ObjectStoreException(
            "Redis store: others write to the same models all the time", code="STORE-BUSY", hint="try again"
        )

    def _tried(self, transaction: Any, changes: Sequence[Change]) -> list[Change]:
        models: dict[str, list[Change]] = {}
        for change in changes:
            models.setdefault(change.modelname, []).append(change)
        transaction.watch(*map(self._key, models))
        there = {
            name: self._values(transaction, name, [change.uid for change in group])
            for name, group in models.items()
        }
        number = self._client.incrby(self._counter, len(changes)) - len(changes)
        transaction.multi()
        refused: list[Change] = []
        for modelname, group in models.items():
            outcome = _Outcome(there[modelname], number)
            refused += [change for change in group if not outcome.take(change)]
            number += len(group)
            self._queue(transaction, modelname, outcome)
        transaction.execute()
        return refused

    def _queue(self, transaction: Any, modelname: str, outcome: _Outcome) -> None:
        key = self._key(modelname)
        transaction.sadd(self._names, modelname)
        if outcome.gone:
            transaction.hdel(key, *outcome.gone)
        for batch in _batches(outcome.new):
            transaction.hset(key, mapping=batch)

    def _values(self, client: Any, modelname: str, uids: Sequence[str]) -> dict[str, bytes]:
        """Return those of the texts that are there, with their numbers."""
        key = self._key(modelname)
        found: dict[str, bytes] = {}
        for start in range(0, len(uids), BATCH):
            asked = uids[start : start + BATCH]
            with _translated():
                values = client.hmget(key, asked)
            if values.count(None) < len(values):
                found.update(pair for pair in zip(asked, values, strict=True) if pair[1] is not None)
        return found

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


class _Outcome:
    """What is to be put in a hash and what is to be deleted, worked out from what is there."""

    def __init__(self, there: dict[str, bytes], number: int) -> None:
        self.new: dict[str, bytes] = {}
        self.gone: list[str] = []
        self._there = there
        self._number = number

    def take(self, change: Change) -> bool:
        """Take in one change; return False for an addition when there is another text."""
        operation, uid, text = change.operation, change.uid, change.text
        old = self._there.get(uid)
        self._number += 1
        if operation is _ADD:
            if old is not None:
                return _text(old) == text
            self.new[uid] = b"%d %b" % (self._number, text)
        elif operation is Operation.DELETE:
            self.gone.append(uid)
        elif old is None or operation is Operation.RENEW:
            if operation is not Operation.TOUCH:
                self.new[uid] = b"%d %b" % (self._number, text)
        else:
            self.new[uid] = b"%b %b" % (old.partition(b" ")[0], text)
        return True


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
    except WatchError:
        raise
    except (RedisConnectionError, RedisTimeoutError) as error:
        raise _unavailable(type(error).__name__) from None
    except ResponseError as error:
        raise ObjectStoreException(
            f"Redis store: {error}", hint="the server refused the command; nothing of it was done"
        ) from None
    except UnicodeError:
        raise ObjectStoreException("Redis store: a name is no text", code="STORE-FORMAT") from None
    except RedisError as error:
        raise ObjectStoreException(f"Redis store: {type(error).__name__}") from None


def _batches(values: dict[str, bytes]) -> Iterator[dict[str, bytes]]:
    """Return the values in batches that are not too large for one command."""
    batch: dict[str, bytes] = {}
    size = 0
    for uid, value in values.items():
        if batch and (len(batch) == BATCH or size + len(value) > BATCH_BYTES):
            yield batch
            batch, size = {}, 0
        batch[uid] = value
        size += len(value)
    if batch:
        yield batch


def _text(value: bytes) -> bytes:
    return value.partition(b" ")[2]


def _number(value: bytes) -> int:
    number = value.partition(b" ")[0]
    # What something else has put there is last; reading it tells what is wrong with it.
    return int(number) if number.isdigit() else 2**63
