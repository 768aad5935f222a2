"""The pure engine: models, stores, diffs, plans and their execution.

It knows no device and no framework. Code written for diffsync 2.x ports by changing the import root:
`from driftline.engine import Adapter, DiffSyncModel`.
"""

from .adapter import Adapter
from .diff import Diff, DiffElement
from .enum import DiffSyncActions, DiffSyncFlags, DiffSyncModelFlags, DiffSyncStatus
from .model import DiffSyncModel
from .plan import Plan, Step

__all__ = [
    "Adapter",
    "Diff",
    "DiffElement",
    "DiffSyncActions",
    "DiffSyncFlags",
    "DiffSyncModel",
    "DiffSyncModelFlags",
    "DiffSyncStatus",
    "Plan",
    "Step",
]
