"""A processor that shows how far a run is, and tells machines of it line by line."""

from __future__ import annotations

import json
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from driftline.engine.exceptions import DriftlineError

if TYPE_CHECKING:
    from typing import TextIO

    from nornir.core.inventory import Host
    from nornir.core.task import AggregatedResult, MultiResult, Result, Task


class DriftlineProcessor:
    """Progress on a terminal, and events as JSON lines.

        nr.with_processors([DriftlineProcessor(events="events.jsonl")]).run(task=remediate)

    An event has `event` (`task-started`, `host-started`, `host-completed`, `subtask-started`, `subtask-completed`,
    `task-completed`), `at` (UTC) and `task`; that of a host `host`; that of its end `changed`, `failed`, `seconds`,
    `run` (driftline's, where one changed it) and `error`. Results and differences are not in it: they may be long,
    and those of other tasks may be secret.
    """

    def __init__(self, *, events: Path | str | TextIO | None = None, console: Console | None = None) -> None:
        """Make a processor.

        Args:
            events: a file that events are appended to, or a stream; None: no events.
            console: where progress is shown, if it is a terminal; None: stderr.
        """
        self._stream: TextIO | None = None
        self._file: Path | None = None
        if isinstance(events, (str, Path)):
            self._file = Path(events)
        else:
            self._stream = events
        self._console = console or Console(stderr=True)
        self._lock = threading.Lock()
        self._began: dict[tuple[str, str], float] = {}
        self._progress: Progress | None = None
        self._bar: Any = None

    def task_started(self, task: Task) -> None:
        """Begin to show progress."""
        hosts = set(task.nornir.inventory.hosts) - task.nornir.data.failed_hosts
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        self._progress = Progress(
            *columns, console=self._console, transient=True, disable=not self._console.is_terminal
        )
        self._bar = self._progress.add_task(task.name, total=len(hosts))
        self._progress.start()
        self._began["", task.name] = time.monotonic()
        self._tell("task-started", task, hosts=len(hosts))

    def task_completed(self, task: Task, result: AggregatedResult) -> None:
        """Tell how a run ended."""
        if self._progress is not None:
            self._progress.stop()
        self._tell(
            "task-completed",
            task,
            hosts=len(result),
            changed=sum(each.changed for each in result.values()),
            failed=sorted(result.failed_hosts),
            seconds=self._seconds("", task),
        )

    def task_instance_started(self, task: Task, host: Host) -> None:
        """Tell that a host is begun."""
        self._begun("host-started", task, host)

    def task_instance_completed(self, task: Task, host: Host, result: MultiResult) -> None:
        """Tell how a host ended."""
        with self._lock:
            if self._progress is not None:
                self._progress.advance(self._bar)
        self._ended("host-completed", task, host, result)

    def subtask_instance_started(self, task: Task, host: Host) -> None:
        """Tell that a part of a host's task is begun."""
        self._begun("subtask-started", task, host)

    def subtask_instance_completed(self, task: Task, host: Host, result: MultiResult) -> None:
        """Tell how a part of a host's task ended."""
        self._ended("subtask-completed", task, host, result)

    def _begun(self, event: str, task: Task, host: Host) -> None:
        self._began[host.name, task.name] = time.monotonic()
        self._tell(event, task, host=host.name)

    def _ended(self, event: str, task: Task, host: Host, result: MultiResult) -> None:
        told: dict[str, Any] = {"host": host.name, "changed": result.changed, "failed": result.failed}
        told["seconds"] = self._seconds(host.name, task)
        if run := next((run for each in result if (run := _run_of(each))), ""):
            told["run"] = run
        if error := next((each.exception for each in result if each.exception is not None), None):
            told["error"] = _error(error)
        self._tell(event, task, **told)

    def _seconds(self, host: str, task: Task) -> float:
        began = self._began.pop((host, task.name), None)
        return 0.0 if began is None else round(time.monotonic() - began, 3)

    def _tell(self, event: str, task: Task, **facts: Any) -> None:
        if self._file is None and self._stream is None:
            return
        told = {"event": event, "at": datetime.now(UTC).isoformat(), "task": task.name, **facts}
        line = json.dumps(told, ensure_ascii=False) + "\n"
        with self._lock:
            if self._file is not None:
                with self._file.open("a", encoding="utf-8") as file:
                    file.write(line)
            elif self._stream is not None:
                self._stream.write(line)
                self._stream.flush()


def _run_of(result: Result) -> str:
    return str(result.result.get("run") or "") if isinstance(result.result, dict) else ""


def _error(error: BaseException) -> dict[str, str]:
    """Return an error of ours in full, and only the kind of others: their text may be secret."""
    if isinstance(error, DriftlineError):
        return {"code": error.code, "message": str(error)}
    return {"code": type(error).__name__, "message": ""}
