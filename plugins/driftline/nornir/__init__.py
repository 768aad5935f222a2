"""Nornir's door: tasks, an inventory plugin and a processor, for scripts with their own Nornir.

    from driftline.nornir import detect_drift, remediate

    nr.filter(site="ams").run(task=detect_drift)

The names are looked up when they are used: Nornir imports the inventory plugin in every script of everybody, and NAPALM
and the rest take their time.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .inventory import DriftlineInventory
    from .processor import DriftlineProcessor
    from .session import Session
    from .tasks import apply_plan, detect_drift, joined_plan, plan_changes, remediate, rollback_run

__all__ = [
    "DriftlineInventory",
    "DriftlineProcessor",
    "Session",
    "apply_plan",
    "detect_drift",
    "joined_plan",
    "plan_changes",
    "remediate",
    "rollback_run",
]

_ROOMS = {"DriftlineInventory": "inventory", "DriftlineProcessor": "processor", "Session": "session"}


def __getattr__(name: str) -> Any:
    """Return what is exported under a name."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_ROOMS.get(name, 'tasks')}", __name__), name)
