"""The journal's file: who writes while another commits is committed together with all who wait."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from driftline.engine.store.sqlite_file import SqliteFile

from . import chain
from .errors import JournalError
from .schema import APPLICATION, SCHEMA, VERSION
from .values import Entry

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from .values import Kind

Result = TypeVar("Result")


class Writing:
    """A transaction that is open, in which the chain grows."""

    def __init__(self, connection: sqlite3.Connection, clock: Callable[[], float]) -> None:
        self._connection, self._clock = connection, clock
        [(self._seq, self._hash)] = self.execute("SELECT seq, hash FROM head")
        self._before = self._seq

    def execute(self, statement: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Execute a statement, and return its rows."""
        return self._connection.execute(statement, values).fetchall()

    def append(self, run: str, kind: Kind, unit: str, text: str) -> Entry:
        """Append an entry; its data is given as JSON."""
        seq, at = self._seq + 1, chain.utc(self._clock())
        link = chain.link(self._hash, seq, run, at, unit, kind.value, text)
        self._connection.execute(
            "INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (seq, run, at, unit, kind.value, text, self._hash, link),
        )
        self._seq, self._hash = seq, link
        return Entry(seq, run, at, unit, kind, chain.json_data(text), link)

    def finish(self) -> None:
        """Move the head to the last entry."""
        if self._seq != self._before:
            self._connection.execute("UPDATE head SET seq = ?, hash = ?", (self._seq, self._hash))


class _Request(Generic[Result]):
    """What a thread wants to be written, and what came of it."""

    def __init__(self, work: Callable[[Writing], Result]) -> None:
        self._work = work
        self._result: Result
        self._error: Exception | None = None
        self.done = False

    def run(self, writing: Writing) -> None:
        try:
            self._result = self._work(writing)
        except JournalError as error:  # that is this one's affair: it has written nothing
            self._error = error

    def fail(self, error: Exception) -> None:
        self._error, self.done = error, True

    def outcome(self) -> Result:
        if self._error is not None:
            raise self._error
        return self._result


def _sqlite(path: Path, timeout: float) -> SqliteFile:
    return SqliteFile(path, application=APPLICATION, version=VERSION, schema=SCHEMA, timeout=timeout)


class _Opened:
    """What belongs to one process: a forked one must not touch its parent's connection, nor its locks."""

    def __init__(self, path: Path, timeout: float) -> None:
        self.process = os.getpid()
        self.file = _sqlite(path, timeout)
        self.reader = _sqlite(path, timeout)
        """Leases are asked for before every call to a device: that must not wait for a commit on its way to disk."""
        self.changed = threading.Condition()
        self.waiting: list[_Request[Any]] = []
        self.leader: _Request[Any] | None = None
        """The request whose thread commits, for all who waited when it began."""

    def take(self, request: _Request[Any]) -> list[_Request[Any]]:
        """Wait until a request is done, or its thread may commit: then return what is to be committed."""
        with self.changed:
            self.waiting.append(request)
            self.changed.wait_for(lambda: request.done or self.leader is None)
            if request.done:
                return []
            self.leader = request
            return list(self.waiting)

    def give_up(self, request: _Request[Any]) -> None:
        """Let another thread commit, when it was this one's turn."""
        if self.leader is request:
            with self.changed:
                self.leader = None
                self.waiting = [each for each in self.waiting if not each.done]
                self.changed.notify_all()


class JournalFile:
    """Reads and writes the file, from many threads."""

    def __init__(self, path: Path, *, clock: Callable[[], float], timeout: float) -> None:
        self._path, self._clock, self._timeout = path, clock, timeout
        self._inherited: list[_Opened] = []
        self._opened = _Opened(path, timeout)

    def read(self, statement: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Return the rows that a query finds."""
        return self._mine().reader.read(statement, values)

    def write(self, work: Callable[[Writing], Result]) -> Result:
        """Do some work in a transaction, alone or with that of others, and return when it is on disk.

        A JournalError that the work raises, before it has written anything, stops it alone. Any other error
        takes back the whole transaction, and all who take part get it.
        """
        mine = self._mine()
        request = _Request(work)
        try:
            requests = mine.take(request)
            if requests:
                self._commit(mine, requests)
        finally:
            mine.give_up(request)
        return request.outcome()

    def close(self) -> None:
        """Close the file."""
        if self._opened.process == os.getpid():
            self._opened.reader.close()
            self._opened.file.close()

    def _mine(self) -> _Opened:
        if self._opened.process != os.getpid():
            self._inherited.append(self._opened)
            self._opened = _Opened(self._path, self._timeout)
        return self._opened

    def _commit(self, mine: _Opened, requests: list[_Request[Any]]) -> None:
        try:
            with mine.file.transaction() as connection:
                writing = Writing(connection, self._clock)
                for request in requests:
                    request.run(writing)
                writing.finish()
        except BaseException as error:
            failure = error if isinstance(error, Exception) else _interrupted()
            for request in requests:
                request.fail(failure)
            raise
        for request in requests:
            request.done = True


def _interrupted() -> JournalError:
    return JournalError(
        "writing the journal was interrupted; it is not known whether this was written",
        code="JOURNAL-INTERRUPTED",
        hint="look at the run's entries",
    )
