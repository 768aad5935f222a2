"""The pure engine: models, stores, diffs, plans and their execution.

It knows no device and no framework. Code written for diffsync 2.x ports by changing the import root:
`from driftline.engine import Adapter, DiffSyncModel`.
"""

from .adapter import Adapter
from .conflicts import Conflict, ConflictResolutionStrategy
from .diff import Diff, DiffElement
from .dsync import DiffSync, DSync, DSyncModel
from .enum import DiffSyncActions, DiffSyncFlags, DiffSyncModelFlags, DiffSyncStatus
from .loading import bulk_load, load_together
from .model import DiffSyncModel
from .plan import Plan, Step
from .snapshot import Snapshot
from .sync import SyncResult

__all__ = [
    "Adapter",
    "Conflict",
    "ConflictResolutionStrategy",
    "DSync",
    "DSyncModel",
    "Diff",
    "DiffElement",
    "DiffSync",
    "DiffSyncActions",
    "DiffSyncFlags",
    "DiffSyncModel",
    "DiffSyncModelFlags",
    "DiffSyncStatus",
    "Plan",
    "Snapshot",
    "Step",
    "SyncResult",
    "bulk_load",
    "load_together",
]
