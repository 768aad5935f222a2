"""Ansible's door: what the plugins of the collection `driftline.network` do, without anything of Ansible in it.

    from driftline.ansible import Call, run

The names are looked up when they are used: an inventory needs neither NAPALM nor the rest. The action plugins import
`tasks`, which imports all that a task needs: Ansible imports them before it forks a process for each host.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .call import VARIABLES, Call
    from .tasks import run

__all__ = ["VARIABLES", "Call", "run"]


def __getattr__(name: str) -> Any:
    """Return what is exported under a name."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from . import tasks  # noqa: PLC0415

    return getattr(tasks, name)
