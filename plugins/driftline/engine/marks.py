"""Which objects of a store were changed since somebody last asked."""

from __future__ import annotations

import threading

Changes = dict[str, dict[str, bool]]
"""By model and unique id; True: the object was put in or taken out, False: it was changed in place or replaced."""


class Marks:
    """What a store notes for one observer, from any thread. An object is noted after it was changed."""

    __slots__ = ("__weakref__", "_changes", "_lock")

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._changes: Changes | None = {}

    def note(self, modelname: str, uid: str, *, listed: bool) -> None:
        """Note that an object was changed; `listed`: it was put in or taken out."""
        with self._lock:
            if self._changes is not None:
                uids = self._changes.setdefault(modelname, {})
                uids[uid] = listed or uids.get(uid, False)

    def note_all(self) -> None:
        """Note that anything may be different now."""
        with self._lock:
            self._changes = None

    def take(self) -> Changes | None:
        """Return what was changed since the last call; None: anything may have been."""
        with self._lock:
            changes, self._changes = self._changes, {}
        return changes
