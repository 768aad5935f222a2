"""The classes that code written for diffsync uses to compare and to sync without asking an adapter."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .diff import Diff
from .differ import calculate
from .sync import SyncOptions, synchronise

if TYPE_CHECKING:
    from .adapter import Adapter
    from .enum import DiffSyncFlags
    from .typing import ProgressCallback


class DiffSyncDiffer:
    """One comparison of two adapters."""

    def __init__(
        self,
        src_diffsync: Adapter,
        dst_diffsync: Adapter,
        flags: DiffSyncFlags,
        diff_class: type[Diff] = Diff,
        callback: ProgressCallback | None = None,
    ) -> None:
        self.src_diffsync = src_diffsync
        self.dst_diffsync = dst_diffsync
        self.flags = flags
        self.diff_class = diff_class
        self.callback = callback
        self.diff: Diff | None = None

    def calculate_diffs(self) -> Diff:
        """Return what has to change in the destination; the comparison is made once."""
        if self.diff is None:
            self.diff = calculate(
                self.src_diffsync,
                self.dst_diffsync,
                flags=self.flags,
                diff_class=self.diff_class,
                callback=self.callback,
            )
        return self.diff


class DiffSyncSyncer:
    """One application of a diff to its destination."""

    def __init__(
        self,
        diff: Diff,
        src_diffsync: Adapter,
        dst_diffsync: Adapter,
        flags: DiffSyncFlags,
        callback: ProgressCallback | None = None,
    ) -> None:
        self.diff = diff
        self.src_diffsync = src_diffsync
        self.dst_diffsync = dst_diffsync
        self.flags = flags
        self.callback = callback

    def perform_sync(self) -> bool:
        """Change the destination, and return whether anything was changed; raises what a hook raised first.

        `sync_complete` is not called: that is what `Adapter.sync_from` is for.
        """
        options = SyncOptions(flags=self.flags, callback=self.callback)
        result = synchronise(self.src_diffsync, self.dst_diffsync, self.diff, options)
        if result.cut_short:
            result.raise_first()
        return result.changed
