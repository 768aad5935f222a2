"""Loading many objects at once."""

from __future__ import annotations

import gc
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_THRESHOLDS = (100_000, 50, 100)


@contextmanager
def bulk_load() -> Iterator[None]:
    """Let the garbage collector look less often while many objects are made that all stay.

    By default it goes through the growing heap again and again, which takes a third of the time of a load.
    What is there at the end is set aside, out of its sight, until the next bulk load begins: else its first
    look afterwards would go through all of it after all.
    """
    before = gc.get_threshold()
    gc.unfreeze()
    gc.set_threshold(*_THRESHOLDS)
    try:
        yield
    finally:
        gc.freeze()
        gc.set_threshold(*before)
