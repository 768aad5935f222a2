"""The chain: each entry's hash covers the entry and the hash before it."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from driftline.engine.exceptions import ObjectStoreException

from .errors import JournalError
from .values import Entry, Kind, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .file import JournalFile

_AT_ONCE = 2000
"""How many entries are read at once."""

# As bytes: a damaged text is then seen as one that does not fit, and not as an error of the file.
_TEXTS = ", ".join(f"CAST({name} AS BLOB)" for name in ("run", "at", "unit", "kind", "data", "prev", "hash"))
_WALK = f"SELECT seq, {_TEXTS} FROM entries WHERE seq > ? ORDER BY seq LIMIT {_AT_ONCE}"  # noqa: S608
# In one statement, so that nobody can write in between.
_ENDS = (
    "SELECT (SELECT seq FROM head), (SELECT CAST(hash AS BLOB) FROM head), (SELECT max(seq) FROM entries), "
    "(SELECT count(*) FROM runs), (SELECT count(*) FROM entries WHERE kind = 'run-begun')"
)

_Row = tuple[int, bytes, bytes, bytes, bytes, bytes, bytes, bytes]


def utc(seconds: float) -> str:
    """Return a time of the clock as text."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def json_text(data: Any, *also: str) -> str:
    """Return plain values as JSON, the same values always as the same text.

    Raises JournalError (JOURNAL-VALUE) when they are none, or when a text, of these others too, is no Unicode.
    """
    try:
        text = json.dumps(data, sort_keys=True, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        "".join((text, *also)).encode()
    except (TypeError, ValueError, RecursionError) as error:
        # Without the text of the cause: it may quote the value.
        raise JournalError(
            f"the journal takes plain JSON values only: {type(error).__name__}",
            code="JOURNAL-VALUE",
            hint="make numbers, texts, lists and maps of it",
        ) from None
    return text


def json_data(text: str) -> dict[str, Any]:
    """Return what `json_text` was given; raises JournalError when the text was damaged."""
    try:
        data = json.loads(text)
    except ValueError:
        data = None
    if not isinstance(data, dict):
        raise JournalError(
            "an entry of the journal is damaged", code="JOURNAL-DAMAGED", hint="verify the journal"
        )
    return data


def entry(row: tuple[Any, ...]) -> Entry:
    """Return the entry of a row: number, run, time, unit, kind, data, hash."""
    seq, run, at, unit, kind, text, hash_ = row
    try:
        return Entry(seq, run, at, unit, Kind(kind), json_data(text), hash_)
    except ValueError as error:
        raise JournalError(
            f"entry {seq} of the journal is of an unknown kind", code="JOURNAL-DAMAGED"
        ) from error


def link(prev: str, seq: int, run: str, at: str, unit: str, kind: str, text: str) -> str:
    """Return an entry's hash."""
    return _link(seq, *(each.encode() for each in (run, at, unit, kind, text, prev)))


def _link(seq: int, *texts: bytes) -> str:
    digest = hashlib.sha256(b"%d" % seq)
    for text in texts:
        digest.update(b":%d:" % len(text))  # so that nothing can move from one text into the next
        digest.update(text)
    return digest.hexdigest()


class _Misfit(Exception):
    """A row does not fit."""

    def __init__(self, seq: int, problem: str) -> None:
        super().__init__(problem)
        self.seq = seq


def verify(file: JournalFile, head: str = "") -> Verdict:
    """Walk the chain; see `Journal.verify`."""
    walk = _Walk(file, *_parsed(head))
    try:
        walk.to_the_end()
    except _Misfit as misfit:
        return Verdict(walk.seq, walk.head, str(misfit), misfit.seq)
    except ObjectStoreException as error:
        return Verdict(walk.seq, walk.head, f"after entry {walk.seq}: {error.message}", walk.seq + 1)
    return Verdict(walk.seq, walk.head)


def _parsed(head: str) -> tuple[int, str]:
    number, __, hash_ = head.partition(":")
    if head and not (number.isdecimal() and hash_):
        raise JournalError(
            f"{head!r} is no head of a journal", hint="it is NUMBER:HASH, as a verdict tells it"
        )
    return int(number or 0), hash_


class _Walk:
    """A walk along the chain, from the first entry on."""

    def __init__(self, file: JournalFile, known_seq: int, known_hash: str) -> None:
        self._file = file
        self._known_seq, self._known_hash = known_seq, known_hash
        self._runs = 0
        self._hash = ""
        self.seq = 0

    @property
    def head(self) -> str:
        return f"{self.seq}:{self._hash}"

    def to_the_end(self) -> None:
        """Go to the end; raises _Misfit at the first row that does not fit."""
        while True:
            for row in self._rows():
                self._step(row)
            head, hash_, last, runs, begun = self._file.read(_ENDS)[0]
            if head == last and self.seq < (last or 0):
                continue  # somebody has written meanwhile
            self._check_end(head, hash_, last)
            if runs != begun:
                raise _Misfit(self.seq, f"there are {runs} runs with a plan, and {begun} have begun")
            return

    def _rows(self) -> Iterator[_Row]:
        while rows := self._file.read(_WALK, (self.seq,)):
            yield from rows

    def _step(self, row: _Row) -> None:
        seq, run, _at, _unit, kind, data, prev, hash_ = row
        if seq != self.seq + 1:
            raise _Misfit(self.seq + 1, f"entry {self.seq + 1} is missing")
        if _link(seq, *row[1:7]).encode() != hash_:
            raise _Misfit(seq, f"entry {seq} was changed, or moved here from another place")
        if prev != self._hash.encode():
            raise _Misfit(seq, f"entry {seq} does not follow the one before it: one of them was replaced")
        if kind == b"run-begun":
            self._check_plan(seq, run, data)
        self.seq, self._hash = seq, hash_.decode()
        if seq == self._known_seq and self._hash != self._known_hash:
            raise _Misfit(seq, f"entry {seq} is not the one that the given head names: it was rewritten")

    def _check_plan(self, seq: int, run: bytes, data: bytes) -> None:
        name = run.decode()
        rows = self._file.read("SELECT CAST(plan AS BLOB) FROM runs WHERE id = ?", (name,))
        if not rows:
            raise _Misfit(seq, f"the plan of run {name}, begun in entry {seq}, is missing")
        if hashlib.sha256(rows[0][0]).hexdigest() != json_data(data.decode()).get("plan_digest"):
            raise _Misfit(seq, f"the plan of run {name}, begun in entry {seq}, was changed")

    def _check_end(self, head: int | None, hash_: bytes | None, last: int | None) -> None:
        if head is None:
            raise _Misfit(self.seq, "the row that tells the last entry is missing")
        if head > self.seq:
            raise _Misfit(self.seq + 1, f"entries {self.seq + 1} to {head} are missing: cut off at the end")
        if head != last and (head, last) != (0, None):
            raise _Misfit(head + 1, f"entries after {head} were not written by the journal")
        if (hash_ or b"").decode(errors="replace") != self._hash:
            raise _Misfit(self.seq, "the row that tells the last entry was changed")
        if self._known_seq > self.seq:
            raise _Misfit(
                self.seq + 1, f"entries {self.seq + 1} to {self._known_seq} are missing: cut off at the end"
            )
