"""Long lists of children: found, added and removed without going through the list."""

from __future__ import annotations

SHORT = 128
"""Up to this length a list is searched as fast as an index is kept."""
_WINDOW = 512
"""How many removals and insertions an index survives; each makes the places in it less exact."""


class ChildIndex:
    """Where each unique id stands in a list that belongs to somebody else.

    The list stays the truth: an index that no longer fits it is made anew. One thing escapes it: a unique id that
    was put in the place of another one, past the parent's methods.
    """

    __slots__ = ("_inserted", "_places", "_removed", "_uids")

    def __init__(self, uids: list[str]) -> None:
        self._uids = uids
        self._places = {uid: place for place, uid in enumerate(uids)}
        self._removed = 0
        self._inserted = 0

    def fits(self, uids: list[str]) -> bool:
        """Return whether this is the index of that list, as far as can be told at a glance."""
        places = self._places
        return (
            self._uids is uids
            and len(places) == len(uids)
            and self._removed + self._inserted < _WINDOW
            and (not uids or uids[-1] in places)
        )

    def place(self, uid: str) -> int | None:
        """Return where a unique id stands, or None."""
        last = self._places.get(uid)
        if last is None:
            return None
        # What was removed before it has moved it to the left, what was inserted to the right: by at most so many.
        try:
            return self._uids.index(uid, max(0, last - self._removed), last + self._inserted + 1)
        except ValueError:  # the list was reordered behind our back
            return self._uids.index(uid) if uid in self._uids else None

    def append(self, uid: str) -> None:
        """Add a unique id at the end."""
        self._places[uid] = len(self._uids) + self._removed
        self._uids.append(uid)

    def insert(self, uid: str, place: int) -> None:
        """Add a unique id at a place among the others."""
        self._uids.insert(place, uid)
        self._places[uid] = min(place, len(self._uids))
        self._inserted += 1

    def remove(self, uid: str, place: int) -> None:
        """Remove the unique id that stands there."""
        del self._uids[place]
        del self._places[uid]
        self._removed += 1
