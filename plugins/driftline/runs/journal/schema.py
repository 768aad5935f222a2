"""The tables of the journal's file."""

from __future__ import annotations

APPLICATION = 0x6472_6C6A
"""The letters `drlj`, at the head of the file."""
VERSION = 1

_REFUSED = "SELECT RAISE(ABORT, 'the journal is append-only')"


def _append_only(table: str, key: str) -> tuple[str, ...]:
    """Return triggers that refuse every change of a row; a replacing INSERT would be one too."""
    taken = f"WHEN EXISTS (SELECT 1 FROM {table} WHERE {key} = NEW.{key})"  # noqa: S608 - our own names
    return (
        f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} BEGIN {_REFUSED}; END",
        f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} BEGIN {_REFUSED}; END",
        f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} {taken} BEGIN {_REFUSED}; END",
    )


SCHEMA = (
    """CREATE TABLE entries (
        seq INTEGER PRIMARY KEY,
        run TEXT NOT NULL, at TEXT NOT NULL, unit TEXT NOT NULL, kind TEXT NOT NULL, data TEXT NOT NULL,
        prev TEXT NOT NULL, hash TEXT NOT NULL
    )""",
    "CREATE INDEX entries_of_run ON entries (run, seq)",
    "CREATE INDEX ends_of_runs ON entries (kind, seq) WHERE kind IN ('run-begun', 'run-ended')",
    "CREATE TABLE runs (id TEXT PRIMARY KEY, plan TEXT NOT NULL)",
    *_append_only("entries", "seq"),
    *_append_only("runs", "id"),
    # How far the chain goes: a tail that is cut off does not fit to it.
    "CREATE TABLE head (one INTEGER PRIMARY KEY CHECK (one = 1), seq INTEGER NOT NULL, hash TEXT NOT NULL)",
    "INSERT INTO head VALUES (1, 0, '')",
    # Times in leases are seconds since 1970, as the clock tells them.
    """CREATE TABLE leases (
        unit TEXT PRIMARY KEY, run TEXT NOT NULL, token INTEGER NOT NULL,
        since REAL NOT NULL, expires REAL NOT NULL, process TEXT NOT NULL
    )""",
    """CREATE TABLE kept (
        run TEXT NOT NULL, unit TEXT NOT NULL, purpose TEXT NOT NULL, at REAL NOT NULL,
        size INTEGER NOT NULL, digest TEXT NOT NULL, encrypted INTEGER NOT NULL, text BLOB NOT NULL,
        PRIMARY KEY (run, unit, purpose)
    )""",
    f"CREATE TRIGGER kept_no_update BEFORE UPDATE ON kept BEGIN {_REFUSED}; END",
    # What tells the right key from a wrong one.
    "CREATE TABLE seal (one INTEGER PRIMARY KEY CHECK (one = 1), salt BLOB NOT NULL, proof BLOB NOT NULL)",
)
