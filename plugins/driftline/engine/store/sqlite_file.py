"""An SQLite file that is this program's own: opened, checked, read and changed in transactions."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from driftline.engine.exceptions import ObjectStoreException

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_FORMAT_ERRORS = frozenset(
    {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR, sqlite3.SQLITE_FORMAT}
)
_BUSY_ERRORS = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})


class SqliteFile:
    """A database file with a schema of its own, for this user only.

    There is one connection, and a lock around each use of it: the time goes into making objects of what was read,
    which is done outside, and a transaction of one thread never mixes with another's. Other processes read what
    was committed while one writes (WAL).
    """

    def __init__(
        self,
        path: str | Path,
        *,
        application: int,
        version: int,
        schema: Sequence[str],
        timeout: float = 10.0,
    ) -> None:
        """Open the file, or make it.

        Raises ObjectStoreException: STORE-FORMAT when it is something else, or damaged, or of a newer version.

        Args:
            path: the file; its folder must exist.
            application: a number that tells whose file it is.
            version: the number of the schema.
            schema: the statements that make a new one.
            timeout: how many seconds to wait for another process that writes.
        """
        self.path = Path(path)
        self._lock = threading.RLock()
        self._connection: sqlite3.Connection | None = None
        self._inherited: list[sqlite3.Connection] = []
        self._application, self._version, self._schema = application, version, schema
        self._timeout = timeout
        self._process = 0
        with self._translated():
            self._connected()

    def read(self, statement: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Return the rows that a query finds."""
        with self._lock, self._translated():
            return self._connected().execute(statement, values).fetchall()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Commit what is done within, on disk when this returns, or nothing of it when it raises."""
        with self._lock, self._translated():
            connection = self._connected()
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            if self._connection is not None and self._process == os.getpid():
                self._connection.close()
            self._connection = None

    def _connected(self) -> sqlite3.Connection:
        if self._connection is not None and self._process != os.getpid():
            # A forked process must neither use its parent's connection nor close it.
            self._inherited.append(self._connection)
            self._connection = None
        if self._connection is None:
            connection = self._connect()
            try:
                self._check(connection)
            except BaseException:
                connection.close()
                raise
            self._connection, self._process = connection, os.getpid()
        return self._connection

    def _connect(self) -> sqlite3.Connection:
        try:
            # SQLite gives the files beside it the mode that it finds on this one.
            os.close(os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        except FileExistsError:
            pass
        except OSError as error:
            raise ObjectStoreException(f"{self.path} can't be made: {error.strerror}") from error
        # check_same_thread: the lock sees to that.
        return sqlite3.connect(
            self.path, timeout=self._timeout, isolation_level=None, check_same_thread=False
        )

    def _check(self, connection: sqlite3.Connection) -> None:
        # Before anything is changed: the file may be somebody else's.
        if self._is_empty(connection):
            self._write_ahead(connection)
            connection.execute("BEGIN IMMEDIATE")
            if self._is_empty(connection):  # another process may have been quicker
                for statement in self._schema:
                    connection.execute(statement)
                connection.execute(f"PRAGMA application_id = {self._application:d}")
                connection.execute(f"PRAGMA user_version = {self._version:d}")
            connection.execute("COMMIT")
        application, version = _pragma(connection, "application_id"), _pragma(connection, "user_version")
        if application != self._application:
            raise self._unusable("it belongs to something else")
        if version != self._version:
            reason = f"its schema is version {version}, known here is version {self._version}"
            raise self._unusable(
                reason, hint="use the version of driftline that wrote it, or name another file"
            )
        connection.execute("PRAGMA synchronous = FULL")

    def _write_ahead(self, connection: sqlite3.Connection) -> None:
        # Of processes that make the file at the same time, SQLite lets one do this and does not let the others wait.
        end = time.monotonic() + self._timeout
        while True:
            try:
                connection.execute("PRAGMA journal_mode = WAL")
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF not in _BUSY_ERRORS or time.monotonic() > end:
                    raise
                time.sleep(0.005)
            else:
                return

    def _is_empty(self, connection: sqlite3.Connection) -> bool:
        tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        return tables == 0 and _pragma(connection, "application_id") == 0

    def _unusable(
        self, reason: str, hint: str = "name another file, or move this one out of the way"
    ) -> ObjectStoreException:
        return ObjectStoreException(f"{self.path} can't be used: {reason}", code="STORE-FORMAT", hint=hint)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise self._as_store_error(error) from error
        except UnicodeError as error:
            raise self._unusable("a text in it or for it is not valid Unicode") from error

    def _as_store_error(self, error: sqlite3.Error) -> ObjectStoreException:
        # Without a code it comes from the module, which could not make a text of what it read.
        kind = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & 0xFF
        if kind in _FORMAT_ERRORS:
            return self._unusable(f"{error}")
        if kind in _BUSY_ERRORS:
            hint = "another process is writing; try again"
            return ObjectStoreException(f"{self.path} is in use: {error}", code="STORE-BUSY", hint=hint)
        return ObjectStoreException(f"{self.path}: {error}")


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    return int(connection.execute(f"PRAGMA {name}").fetchone()[0])
