"""How many devices of a site, or behind a jump host, have a connection open at once.

A connection stays open after the work that opened it: the next one needs it again. Where places are short, a device
that nobody works on gives its own to another one.
"""

from __future__ import annotations

import threading
from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING

from driftline.engine.exceptions import Unreachable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

Room = tuple[str, str]
"""What has a number of places: what it is (`site`, `jump host`), and its name."""


class SessionLimits:
    """Who has a connection open, and who may open the next one. Without limits it does nothing."""

    def __init__(self, most: Mapping[str, int], close: Callable[[str], object]) -> None:
        """Make limits; nobody has a connection yet.

        Args:
            most: what rooms are → how many devices may have a connection in one.
            close: closes a device's connection.
        """
        self.most = most
        self._close = close
        self._changed = threading.Condition()
        self._rooms: dict[str, frozenset[Room]] = {}
        """The devices that have a place, and where; the one that has had it longest comes first."""
        self._closing: set[str] = set()
        self._working: Counter[str] = Counter()
        self._held: set[str] = set()
        self._open_ended: set[str] = set()
        """Devices that were connected outside of any work: nobody says when that is over, but by closing them."""

    @contextmanager
    def working(self, device: str) -> Iterator[None]:
        """Let a device have its place while something is done with it."""
        with self._changed:
            self._working[device] += 1
        try:
            yield
        finally:
            with self._changed:
                self._working[device] -= 1
                self._changed.notify_all()

    def hold(self, device: str) -> None:
        """Let a device have its place until it is released, also while nothing is done with it."""
        with self._changed:
            self._held.add(device)

    def release(self, device: str) -> None:
        """Let a device have its place only while something is done with it."""
        with self._changed:
            self._held.discard(device)
            self._changed.notify_all()

    def enter(self, device: str, rooms: frozenset[Room]) -> None:
        """Take a device's place in all its rooms at once, and wait until there is one.

        Raises:
            Unreachable: all places are held by devices that wait for others, so none would become free.
        """
        while rooms and (other := self._entered(device, rooms)):
            self._make_room(other)

    def leave(self, device: str) -> None:
        """Give a device's place away once it is closed; while it is worked on or held it is about to come back."""
        with self._changed:
            self._open_ended.discard(device)
            if not self._in_use(device):
                self._rooms.pop(device, None)
                self._changed.notify_all()

    def _entered(self, device: str, rooms: frozenset[Room]) -> str:
        """Take a place, and return nothing; or return the device that is to make room."""
        with self._changed:
            while True:
                full = next((room for room in sorted(rooms) if self._is_full(room)), None)
                if device in self._closing:
                    pass  # its connection is about to go; it needs a new one
                elif device in self._rooms:
                    return ""
                elif full is None:
                    self._take(device, rooms)
                    return ""
                elif other := self._idle(full):
                    self._closing.add(other)
                    return other
                else:
                    self._expect_an_end(device, full)
                self._changed.wait()

    def _take(self, device: str, rooms: frozenset[Room]) -> None:
        self._rooms[device] = rooms
        if not self._in_use(device):
            self._open_ended.add(device)

    def _make_room(self, device: str) -> None:
        try:
            self._close(device)
        finally:
            with self._changed:
                self._closing.discard(device)
                self._rooms.pop(device, None)
                self._changed.notify_all()

    def _inside(self, room: Room) -> list[str]:
        return [device for device, rooms in self._rooms.items() if room in rooms]

    def _is_full(self, room: Room) -> bool:
        return len(self._inside(room)) >= self.most[room[0]]

    def _in_use(self, device: str) -> bool:
        return bool(self._working[device]) or device in self._held or device in self._open_ended

    def _idle(self, room: Room) -> str:
        """Return a device in a room that can give its place away; empty: there is none."""
        inside = self._inside(room)
        return next((one for one in inside if not self._in_use(one) and one not in self._closing), "")

    def _expect_an_end(self, device: str, room: Room) -> None:
        """Raise Unreachable when nothing is under way in a full room that would ever free a place."""
        if not any(self._working[one] or one in self._closing for one in self._inside(room)):
            raise Unreachable(
                f"{device}: all {self.most[room[0]]} sessions at {room[0]} {room[1]} are held by devices that wait",
                code="SESSIONS",
                hint="let fewer devices change together (scope, batches), or allow more sessions",
            )
