"""Bulk writes, which both systems take whole or not at all: the bad rows are found, so that one spoils no other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from driftline.engine.exceptions import TargetError, UnusableAnswer

from .errors import InDoubt, refused, words_of
from .sending import LostAnswer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from .errors import Answer

    Rows = Sequence[Mapping[str, Any]]
    Send = Callable[[Rows], "Said"]
    """Sends rows in one request; returns an answer that is a success or says something about rows, else raises."""
    Take = Callable[[Rows, Any], list[Answer]]
    """Reads what became of each row from the JSON of an answer that is a success."""


class Said(NamedTuple):
    """An answer to a bulk write."""

    accepted: bool
    body: Any
    """Its JSON; None: it has none."""
    words: str
    """Why it was refused, if it was."""


_REFUSALS: Final = frozenset({400, 409})
"""The statuses with which a request is refused because of its rows."""
_FORBIDDEN: Final = 403


class Bulk:
    """One call's rows, and what became of each."""

    def __init__(
        self,
        path: str,
        rows: Rows,
        *,
        send: Send,
        take: Take,
        there: Callable[[Rows], set[str]] | None,
        isolate: bool,
    ) -> None:
        """Nothing is sent yet.

        Args:
            there: Returns the ids of those rows that are there, where a row that is not there is none to refuse.
            isolate: Whether the other rows of a request are written when one is refused.

        """
        self.path = path
        self.rows = rows
        self.answers: list[Answer] = [None] * len(rows)
        self.known = [False] * len(rows)
        self._send = send
        self._take = take
        self._there = there
        self._isolate = isolate

    def run(self, batch_size: int) -> list[Answer]:
        """Send all rows, so many a request; returns what became of each.

        Raises:
            InDoubt: The answer to a request was lost, or a later request could not be sent.
            TargetError: Nothing was written, for a reason that is no row's.

        """
        for start in range(0, len(self.rows), batch_size):
            self._write(range(start, min(start + batch_size, len(self.rows))))
        return self.answers

    def _write(self, indices: Sequence[int]) -> None:
        """Write some of the rows in one request, or in more when it is refused."""
        while indices:
            rows = [self.rows[index] for index in indices]
            said = self._sent(rows)
            if said.accepted:
                self._note(indices, self._take(rows, said.body))
                return
            bad = bad_rows(said.body, rows) or ({0: said.words} if len(rows) == 1 else {})
            left = self._without_gone(indices, bad)
            if len(left) == len(indices):
                left = self._without_bad(indices, bad, said.words)
            indices = left

    def _without_gone(self, indices: Sequence[int], bad: Mapping[int, str]) -> Sequence[int]:
        """Return the rows without those that were refused only because they are gone, as they were to be."""
        if self._there is None or not bad:
            return indices
        there = self._there([self.rows[indices[place]] for place in bad])
        gone = {indices[place] for place in bad if str(self.rows[indices[place]]["id"]) not in there}
        self._note(sorted(gone), [None] * len(gone))
        return [index for index in indices if index not in gone]

    def _without_bad(self, indices: Sequence[int], bad: Mapping[int, str], words: str) -> Sequence[int]:
        """Note which rows are refused; returns those that are to be sent again."""
        if not self._isolate:
            self._note(indices, _all_refused(len(indices), bad, words))
            return []
        if not bad:
            middle = len(indices) // 2
            self._write(indices[:middle])
            return indices[middle:]
        self._note([indices[place] for place in bad], [refused(reason) for reason in bad.values()])
        return [index for place, index in enumerate(indices) if place not in bad]

    def _sent(self, rows: Rows) -> Said:
        try:
            return self._send(rows)
        except LostAnswer as lost:
            what = f"{self.path}: the answer to a write of {len(rows)} rows was lost: {lost}"
            raise self._in_doubt(what, rows, lost.status) from lost
        except TargetError as error:
            if not any(self.known):
                raise
            # What was written before must not be forgotten because this request could not be sent.
            what = f"{self.path}: {sum(self.known)} of {len(self.rows)} rows are done, then: {error}"
            raise self._in_doubt(what, (), None) from error

    def _in_doubt(self, message: str, rows: Rows, status: int | None) -> InDoubt:
        return InDoubt(
            message, path=self.path, rows=rows, answers=self.answers, known=self.known, status=status
        )

    def _note(self, indices: Sequence[int], answers: Sequence[Answer]) -> None:
        for index, answer in zip(indices, answers, strict=True):
            self.answers[index], self.known[index] = answer, True


def _all_refused(number: int, bad: Mapping[int, str], words: str) -> list[Answer]:
    """Return the refusals when none of a request's rows is written: the culprits' reasons, and who they are."""
    if bad:
        others = f"not written because of row {min(bad) + 1} of its request: {bad[min(bad)]}"
    else:
        others = f"not written: the server refuses one of the {number} rows of its request: {words}"
    return [refused(bad.get(place, others)) for place in range(number)]


def is_about_rows(status: int, body: object, rows: Rows) -> bool:
    """Tell whether an answer refuses rows, and not the request as a whole."""
    if status == _FORBIDDEN:
        return bool(bad_rows(body, rows))
    return status in _REFUSALS and body is not None


def bad_rows(body: object, rows: Rows) -> dict[int, str]:
    """Return which rows an answer names as bad, by their place, with the server's words; empty: it names none.

    Two shapes: `{"errors": [{"index" | "id": …, "errors": {…}}]}`, and a list with one entry for each row.
    """
    if isinstance(body, list) and len(body) == len(rows):
        return {place: words_of(entry) for place, entry in enumerate(body) if entry}
    named = body.get("errors") if isinstance(body, dict) else None
    found: dict[int, str] = {}
    for entry in named if isinstance(named, list) else ():
        for place in _places(entry, rows):
            found[place] = words_of(entry.get("errors"))
    return found


def _places(entry: object, rows: Rows) -> list[int]:
    if not isinstance(entry, dict):
        return []
    if "index" in entry:
        place = entry["index"]
        return [place] if isinstance(place, int) and 0 <= place < len(rows) else []
    return [place for place, row in enumerate(rows) if "id" in row and str(row["id"]) == str(entry.get("id"))]


def in_order(path: str, rows: Rows, found: object) -> list[Answer]:
    """Return what was created, row by row."""
    if not isinstance(found, list) or len(found) != len(rows):
        raise UnusableAnswer(
            f"{path}: {len(rows)} objects were sent and something else came back", code="IPAM-ANSWER"
        )
    return list(found)


def by_pk(path: str, rows: Rows, found: object) -> list[Answer]:
    """Return what was changed, row by row: the server answers in an order of its own, without what is gone."""
    if not isinstance(found, list):
        raise UnusableAnswer(f"{path}: no list came back", code="IPAM-ANSWER")
    shown = {str(each["id"]): each for each in found}
    return [
        shown.get(str(row["id"])) or refused(f"there is no object {row['id']} that this token may change")
        for row in rows
    ]
