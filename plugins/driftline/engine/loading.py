"""Loading many objects at once."""

from __future__ import annotations

import gc
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    class Loading(Protocol):
        """What loads itself, as an adapter does."""

        def load(self) -> object:
            """Load."""


_THRESHOLDS = (500_000, 50, 100)
_MANY = 5_000


class _Collector:
    """The thresholds of the garbage collector, which belong to the process: the last one out puts them back."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._users = 0
        self._before = gc.get_threshold()

    def relax(self) -> None:
        with self._lock:
            if not self._users:
                self._before = gc.get_threshold()
                gc.set_threshold(*_THRESHOLDS)
            self._users += 1

    def restore(self) -> None:
        with self._lock:
            self._users -= 1
            if not self._users:
                gc.set_threshold(*self._before)


_COLLECTOR = _Collector()


@contextmanager
def fewer_collections() -> Iterator[None]:
    """Let the garbage collector look less often while many objects are made that all stay.

    By default it goes through the growing heap again and again, which takes a third of the time of a load.
    """
    _COLLECTOR.relax()
    try:
        yield
    finally:
        _COLLECTOR.restore()


def relieved(objects: int) -> AbstractContextManager[None]:
    """Return a context for work on so many objects: with fewer collections where they are many."""
    return fewer_collections() if objects > _MANY else nullcontext()


@contextmanager
def bulk_load() -> Iterator[None]:
    """Load with fewer collections, and keep what was loaded out of the collector's sight.

    What is there at the end is set aside until the next bulk load begins: else the collector's first look
    afterwards would go through all of it after all.
    """
    gc.unfreeze()
    with fewer_collections():
        yield
        gc.freeze()  # before the collector looks as often as ever


def load_together(*adapters: Loading) -> None:
    """Load several adapters at once, each in a thread of its own: they wait for different systems.

    All are loaded to the end, also when one fails; then its error is raised, with a note for each further one.
    """
    with bulk_load(), ThreadPoolExecutor(max_workers=max(1, len(adapters))) as pool:
        outcomes = [pool.submit(adapter.load) for adapter in adapters]
    errors = [error for outcome in outcomes if (error := outcome.exception()) is not None]
    if errors:
        for other in errors[1:]:
            errors[0].add_note(f"another adapter failed to load too: {other}")
        raise errors[0]
