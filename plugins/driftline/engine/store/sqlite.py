"""The store in a file, for datasets that outlive the process or do not fit in memory."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

from .remote import MAX_BYTES, RemoteStore
from .sqlite_file import SqliteFile
from .texts import Operation

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from .texts import Change

_APPLICATION = 0x6472_6C73
"""The letters `drls`, at the head of the file."""
_SCHEMA = (
    """CREATE TABLE objects (
        place INTEGER PRIMARY KEY,
        store TEXT NOT NULL, model TEXT NOT NULL, uid TEXT NOT NULL, object TEXT NOT NULL,
        UNIQUE (store, model, uid)
    )""",
)
_ASKED = 500
"""How many unique ids are asked for in one query."""

_INSERT = (
    "INSERT INTO objects (store, model, uid, object) VALUES (?, ?, ?, ?) ON CONFLICT (store, model, uid) "
)
_DELETE = "DELETE FROM objects WHERE store = ? AND model = ? AND uid = ?"
_STATEMENTS = {
    Operation.ADD: _INSERT + "DO NOTHING",
    Operation.PUT: _INSERT + "DO UPDATE SET object = excluded.object",
    Operation.RENEW: _INSERT + "DO NOTHING",
    Operation.TOUCH: "UPDATE objects SET object = ?4 WHERE store = ?1 AND model = ?2 AND uid = ?3",
}
# Read as bytes: a damaged text is then told by who decodes it, with the object's name.
_COUNT = "SELECT count(*) FROM objects WHERE store = ? AND model = ?"
_READ = "SELECT uid, CAST(object AS BLOB) FROM objects WHERE store = ? AND model = ? "


class SqliteStore(RemoteStore):
    """Keeps objects as JSON in a file that several processes can read while one writes.

    Args:
        path: the file; it is made when there is none, readable for this user only.
        store_id: the name of the dataset in the file; one file can have several.
        max_bytes: how large one object may be.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        adapter: Any = None,
        name: str = "",
        store_id: str = "",
        max_bytes: int = MAX_BYTES,
    ) -> None:
        file = SqliteFile(path, application=_APPLICATION, version=1, schema=_SCHEMA)
        self._path = file.path
        super().__init__(_SqliteTexts(file, store_id), adapter=adapter, name=name, max_bytes=max_bytes)

    def __str__(self) -> str:
        """Return the store's name and its file."""
        return f"{self.name} ({self._path})"


class _SqliteTexts:
    """Texts in one table; their order is that of their row numbers."""

    def __init__(self, file: SqliteFile, store_id: str) -> None:
        self._file = file
        self._store_id = store_id

    def names(self) -> set[str]:
        """Return the names of the models that have a text."""
        rows = self._file.read("SELECT DISTINCT model FROM objects WHERE store = ?", (self._store_id,))
        return {modelname for (modelname,) in rows}

    def count(self, modelname: str) -> int:
        """Return how many texts a model has."""
        return int(self._file.read(_COUNT, (self._store_id, modelname))[0][0])

    def read(self, modelname: str, uids: Sequence[str]) -> dict[str, bytes]:
        """Return those of the texts that are there."""
        found: dict[str, bytes] = {}
        for start in range(0, len(uids), _ASKED):
            asked = uids[start : start + _ASKED]
            among = f"AND uid IN ({', '.join('?' * len(asked))})"
            found.update(self._file.read(_READ + among, (self._store_id, modelname, *asked)))
        return {uid: found[uid] for uid in uids if uid in found}

    def read_all(self, modelname: str) -> dict[str, bytes]:
        """Return all texts of a model, in order."""
        return dict(self._file.read(_READ + "ORDER BY place", (self._store_id, modelname)))

    def write(self, changes: Sequence[Change]) -> list[Change]:
        """Write everything in one transaction, and return the additions that were refused."""
        refused: list[Change] = []
        with self._file.transaction() as connection:
            for operation, group in itertools.groupby(changes, key=lambda change: change.operation):
                batch = list(group)
                before = connection.total_changes
                if operation in (Operation.DELETE, Operation.RENEW):
                    connection.executemany(_DELETE, [self._key(change) for change in batch])
                if operation is not Operation.DELETE:
                    rows = ((*self._key(change), change.text.decode()) for change in batch)
                    connection.executemany(_STATEMENTS[operation], rows)
                if operation is Operation.ADD and connection.total_changes - before < len(batch):
                    refused += self._refused(batch)
        return refused

    def clear(self) -> None:
        """Remove everything."""
        with self._file.transaction() as connection:
            connection.execute("DELETE FROM objects WHERE store = ?", (self._store_id,))

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _key(self, change: Change) -> tuple[str, str, str]:
        return self._store_id, change.modelname, change.uid

    def _refused(self, additions: Sequence[Change]) -> list[Change]:
        there = {
            modelname: self.read(
                modelname, [change.uid for change in additions if change.modelname == modelname]
            )
            for modelname in {change.modelname for change in additions}
        }
        return [
            change
            for change in additions
            if there[change.modelname].get(change.uid, change.text) != change.text
        ]
