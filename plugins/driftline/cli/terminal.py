"""Talking to the person at the terminal: output, progress, logs, and Ctrl-C."""

from __future__ import annotations

import json
import logging
import signal
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import structlog
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from driftline.rollout import Watch

_UNFOLDED = 10_000  # characters; wider than any line
_FEW = 5  # lines that are no trouble to read
LEVELS = (logging.WARNING, logging.INFO, logging.DEBUG)


class Terminal:
    """Where a command's results go: text for people or JSON for machines on stdout, the rest on stderr."""

    def __init__(self, *, as_json: bool, verbosity: int = 0) -> None:
        self.as_json = as_json
        self._verbose = verbosity > 0
        self.out = _console(stderr=False)
        self.err = _console(stderr=True)
        _configure_logs(verbosity)

    @property
    def is_interactive(self) -> bool:
        """Whether there is a person to ask."""
        return sys.stdin.isatty()

    def json(self, value: Any) -> None:
        """Print a value as JSON."""
        sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False, default=str) + "\n")

    def note(self, text: str) -> None:
        """Print a line that is not part of the result."""
        self.err.print(text, markup=False, highlight=False, soft_wrap=True)

    def notes(self, texts: Sequence[str], what: str) -> None:
        """Print lines that are not part of the result, when there are few or somebody asks; else how many they are."""
        if len(texts) <= _FEW or self._verbose:
            for text in texts:
                self.note(text)
        else:
            self.note(f"{len(texts)} {what} (-v names them)")

    @contextmanager
    def watch(self, what: str) -> Iterator[Watch]:
        """Show the progress of work on many devices, on a terminal only."""
        from driftline.rollout import Watch  # noqa: PLC0415 - it brings Nornir, which not every command needs

        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(
            *columns, console=self.err, transient=True, disable=not self.err.is_terminal
        ) as progress:
            task = progress.add_task(what, total=None)
            yield Watch(
                on_total=lambda total: progress.reset(task, total=total, description=what),
                on_device=lambda _: progress.advance(task),
                on_unit=lambda _: progress.advance(task),
                on_rows=lambda what, rows: progress.update(task, description=f"reading {what}", advance=rows),
                halt=threading.Event(),
            )


@contextmanager
def stopping(halt: threading.Event | None, terminal: Terminal) -> Iterator[None]:
    """Let the first Ctrl-C (or SIGTERM) stop a run after the devices that are under way, the second at once."""

    def stop(_signal: int, _frame: Any) -> None:
        if halt is None or halt.is_set():
            raise KeyboardInterrupt
        halt.set()
        terminal.note("stopping: finishing the devices that are under way (again: stop at once)")

    previous = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def _console(*, stderr: bool) -> Console:
    """Return a console that folds long lines on a terminal, and leaves them whole in a file or a pipe."""
    console = Console(stderr=stderr, highlight=False)
    if not console.is_terminal:
        console.width = _UNFOLDED
    return console


def _configure_logs(verbosity: int) -> None:
    """Send our own events to stderr; drivers' logs, which print tracebacks, only when asked for all of it."""
    level = LEVELS[min(verbosity, len(LEVELS) - 1)]
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty()),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR if verbosity == 0 else level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    for name in ("pyeapi", "napalm", "netmiko", "paramiko", "nornir"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
