"""The lab's sense of time: commit timers count on it, and tests move it by hand."""

from __future__ import annotations

import threading
import time
from typing import Protocol


class Clock(Protocol):
    """Seconds since some fixed moment; never goes back.

    Devices compare their deadlines with it before anybody can look at them,
    so a commit timer needs no callback and no thread.
    """

    def now(self) -> float:
        """The present moment in seconds."""


class RealClock:
    """The machine's monotonic clock."""

    def now(self) -> float:
        """The present moment in seconds."""
        return time.monotonic()


class ManualClock:
    """A clock that stands still until it is advanced; safe to share between threads."""

    def __init__(self, start: float = 1000.0) -> None:
        self._now = start
        self._lock = threading.Lock()

    def now(self) -> float:
        """The present moment in seconds."""
        with self._lock:
            return self._now

    def advance(self, seconds: float) -> None:
        """Let time pass; whatever falls due in it has happened when this returns."""
        if seconds < 0:
            message = "a clock never goes back"
            raise ValueError(message)
        with self._lock:
            self._now += seconds
