"""Lists read page by page, and proved whole: no row twice, none lost by a shift, as many as the server counts.

A page may be shorter than was asked for, since servers have limits of their own and do not always say so: a list
ends where the server's count is reached, or with an empty page. By id (a cursor) nothing can shift. By offset a
row that is deleted meanwhile moves the others up, so that one would be lost between two pages: every page
therefore begins with the last row of the page before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from driftline.engine.exceptions import UnusableAnswer

if TYPE_CHECKING:
    from collections.abc import Callable

    Rows = list[dict[str, Any]]
    Read = Callable[[int], Rows]
    """Reads the page that begins at a position: an id, or an offset."""
    Progress = Callable[[int], object]
    """Called with how many more rows there are; with fewer than none when it begins anew."""
    Attempt = Callable[[Progress], tuple[Rows, int]]
    """Reads all pages; returns them with how many rows the server counted before."""

_TRIES: Final = 2


class Shifted(Exception):
    """The list changed while it was read."""


def whole(what: str, attempt: Attempt, count: Callable[[], int], progress: Progress) -> Rows:
    """Return all rows of a list; raises UnusableAnswer when twice they can't be proved to be all.

    Args:
        what: The list, for people.
        count: Asks the server how many rows there are now.

    """
    reason = ""
    for __ in range(_TRIES):
        told = _Told(progress)
        try:
            rows, expected = attempt(told)
            _distinct(rows)
            if len(rows) == expected or len(rows) == (expected := count()):
                return rows
            reason = f"{len(rows)} rows were read, but the server counts {expected}"
        except Shifted as shift:
            reason = str(shift)
        told.take_back()
    raise UnusableAnswer(
        f"{what} can't be read whole: {reason}",
        code="IPAM-COUNT",
        hint="somebody is changing it, or the token may see only a part of it: try again, then look at both",
    )


def by_id(rows: Rows, read: Read, expected: int, progress: Progress) -> Rows:
    """Return `rows` (the first page, or none) with all pages that come after, each beginning at an id."""
    while len(rows) < expected:
        start = int(rows[-1]["id"]) + 1 if rows else 0
        page = read(start)
        if not page:
            break
        if int(page[0]["id"]) < start:
            raise Shifted("its pages do not go on by id")
        rows = rows + page
        progress(len(page))
    return rows


def by_offset(rows: Rows, read: Read, expected: int, progress: Progress) -> Rows:
    """Return `rows` (the first page, or none) with all pages that come after, each beginning at an offset."""
    while len(rows) < expected:
        page = read(max(0, len(rows) - 1))
        if rows:
            if not page or page[0]["id"] != rows[-1]["id"]:
                raise Shifted("its rows moved between two pages")
            page = page[1:]
        if not page:
            break
        rows = rows + page
        progress(len(page))
    return rows


def _distinct(rows: Rows) -> None:
    if len({row["id"] for row in rows}) != len(rows):
        raise Shifted("a row came twice")


class _Told:
    """Passes progress on, and can take it back."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._rows = 0

    def __call__(self, more: int) -> None:
        self._rows += more
        self._progress(more)

    def take_back(self) -> None:
        self._progress(-self._rows)
