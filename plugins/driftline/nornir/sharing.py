"""One session for all hosts of a run, where the script does not bring its own."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary, ref

from driftline.engine.exceptions import SettingsError

from .session import Session

if TYPE_CHECKING:
    from nornir.core import Nornir
    from nornir.core.task import Task

    from driftline.settings import Settings

    Given = Settings | Path | str | None


@dataclass(slots=True)
class _Pass:
    """One run of Nornir over its hosts, and the session that they have in common."""

    session: Session
    expected: frozenset[str]
    """The hosts that take part in it."""
    seen: dict[str, ref[Task]] = field(default_factory=dict)
    """The hosts that have asked, each with the task that it was in: one that is gone is over."""

    def has_room(self, host: str, root: Task) -> bool:
        """Return whether this is the same run: a host that comes back in another task is in the next one."""
        return host in self.expected and (host not in self.seen or self.seen[host]() is root)


class Sharing:
    """Finds out which hosts are in the same run: Nornir gives each of them a task of its own, and no more."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._passes: WeakKeyDictionary[Nornir, dict[str | int, _Pass]] = WeakKeyDictionary()
        # Nothing in it may keep a Nornir object alive.

    def session(self, task: Task, settings: Given) -> Session:
        """Return the session of the run that a task is in; raises SettingsError."""
        host, root = task.host.name, _root(task)
        with self._lock:
            passes = self._passes.setdefault(task.nornir, {})
            key = str(settings) if isinstance(settings, (str, Path)) else id(settings)
            found = passes.get(key)
            if found is None or not found.has_room(host, root):
                found = _Pass(Session(_given(task, settings)), _expected(task))
                passes[key] = found
            found.seen[host] = ref(root)
            return found.session


def session_of(task: Task, session: Session | None, settings: Given) -> Session:
    """Return the session for a task: the given one, else that of its run.

    Raises:
        SettingsError: both are given, or the settings can't be used.
    """
    if session is None:
        return _SHARING.session(task, settings)
    if settings is not None:
        raise SettingsError(
            "a task got a session and settings", code="NORNIR-SETTINGS", hint="the session has settings"
        )
    return session


def _root(task: Task) -> Task:
    """Return the task that Nornir runs for the host, of which this one may be a part."""
    while task.parent_task is not None:
        task = task.parent_task
    return task


def _expected(task: Task) -> frozenset[str]:
    """Return the hosts that Nornir runs a task on: those that have failed before only if this one is among them."""
    hosts, failed = frozenset(task.nornir.inventory.hosts), task.nornir.data.failed_hosts
    return hosts if task.host.name in failed else hosts - failed


def _given(task: Task, settings: Given) -> Given:
    """Return the settings of the call, else what Nornir's own configuration says under `user_defined`."""
    return settings or task.nornir.config.user_defined.get("driftline")


_SHARING = Sharing()
