"""Comparing two datasets again and again, each time only what was changed since."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import structlog

from .diff import Diff
from .enum import DiffSyncFlags
from .loading import relieved
from .remembered import CantTell, Memory, Recorder
from .revision import Revision

if TYPE_CHECKING:
    from .adapter import Adapter
    from .marks import Changes


class IncrementalDiff:
    """The diff of two datasets, kept up to date.

        drift = IncrementalDiff(intent, actual)
        drift.calculate()  # compares everything
        intent.get("interface", "leaf1__Ethernet1").mtu = 9000
        drift.calculate()  # compares one interface

    What `calculate` returns always equals `dest.diff_from(source)`. The stores of both datasets tell what was
    changed: by a model's methods, by setting an attribute or the flags, by `add`, `update`, `remove` or a sync. What
    nobody tells the store is not seen: after an attribute was changed in place (`vlan.tags.append(…)`), after
    `manage`, or after a field was set that is neither an attribute nor the flags, call `adapter.touch(obj)`. When
    other processes write to a store, call `forget`.

    Args:
        source: what the other is to become like.
        dest: what is to be changed.
        flags: how to compare.
        diff_class: the class of the diffs.
    """

    def __init__(
        self,
        source: Adapter,
        dest: Adapter,
        flags: DiffSyncFlags = DiffSyncFlags.NONE,
        diff_class: type[Diff] = Diff,
    ) -> None:
        self.source, self.dest, self.flags, self.diff_class = source, dest, flags, diff_class
        self.full = True
        """Whether the last call compared everything."""
        self.compared = 0
        """How many objects the last call compared; one that both sides have counts once."""
        self._marks = source.store.watch(), dest.store.watch()
        self._memory: Memory | None = None
        self._lock = threading.Lock()

    def calculate(self) -> Diff:
        """Return what has to change in the destination to make it like the source; raises LoadError as a diff does."""
        with self._lock:
            started = time.perf_counter()
            # Before anything is read: what is changed meanwhile is looked at again next time.
            changes = [None if marks is None else marks.take() for marks in self._marks]
            memory, self._memory = self._memory, None  # nothing to rely on after an error
            diff = self._again(memory, *changes) or self._everything()
            diff.models_processed = self.compared
            diff.seconds = time.perf_counter() - started
            diff.complete()
            return diff

    def forget(self) -> None:
        """Compare everything the next time."""
        with self._lock:
            self._memory = None

    def _again(self, memory: Memory | None, ours: Changes | None, theirs: Changes | None) -> Diff | None:
        """Return the diff by what is remembered; None where that is not enough."""
        if memory is None or memory.twice or ours is None or theirs is None:
            return None
        recorder = self._recorder(memory, alone=True)
        try:
            with relieved(sum(map(len, [*ours.values(), *theirs.values()]))):
                below = Revision(recorder, self.source, self.dest).run(ours, theirs)
        except CantTell:
            return None
        self._memory, self.full, self.compared = memory, False, recorder.compared
        return below.diff(recorder)

    def _everything(self) -> Diff:
        recorder = self._recorder(Memory(), alone=False)
        diff = self.diff_class()
        with relieved(self.source.count() + self.dest.count()):
            recorder.compare_all(diff)
        recorder.take_down(None, diff)
        self._memory, self.full, self.compared = recorder.memory, True, recorder.compared
        return diff

    def _recorder(self, memory: Memory, *, alone: bool) -> Recorder:
        log = structlog.get_logger().new(src=self.source, dst=self.dest, flags=self.flags)
        return Recorder(memory, self.source, self.dest, self.flags, self.diff_class, log, alone=alone)
