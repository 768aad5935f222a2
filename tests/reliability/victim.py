"""What a process does that is killed: it applies the plan of a folder, or goes on with the run that is cut off."""

from __future__ import annotations

import logging
import os
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog

from driftline import backups, recovery, workflow
from driftline.applied import About
from driftline.engine import Plan
from driftline.reading import load_for
from driftline.rollback import plan_rollback
from driftline.runs.journal.file import JournalFile, Writing
from driftline.settings import read_settings

from .network import PLAN

RESTORED = "sw02"
"""The device that is restored."""


@dataclass(frozen=True, slots=True)
class Kill:
    """The moment of a death: before a row of the journal is on disk, or after it."""

    row: int
    """Its number, among all rows that the process writes or, with a kind, among those of that kind."""
    after: bool
    kind: str = ""


def work(folder: str, kill: Kill | None, *, resume: str = "", rollback: str = "", restore: str = "") -> None:
    """Do what a user does: apply the plan, or something with a run."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    if kill is not None:
        _die_at(kill)
    settings = read_settings(Path(folder) / "driftline.yml")
    if resume:
        recovery.resume(resume, settings)
        return
    about = About("rollback" if rollback else "apply", of=rollback)
    if restore:
        backups.restore(restore, RESTORED, settings, about=about)
        return
    if rollback:
        _, made, actual = plan_rollback(rollback, settings)
    else:
        made = Plan.from_json((Path(folder) / PLAN).read_text())
        actual = load_for(made, settings)
    try:
        workflow.apply(made, actual, settings, about=about)
    finally:
        actual.close()


def _die_at(kill: Kill) -> None:
    """Let this process be killed, as it would be from outside."""
    rows = 0
    append, commit = Writing.append, JournalFile._commit

    def counting(self: Writing, run: str, kind: Any, unit: str, text: str) -> Any:
        nonlocal rows
        rows += kill.kind in ("", str(kind))
        if rows == kill.row and not kill.after:
            os.kill(os.getpid(), signal.SIGKILL)
        return append(self, run, kind, unit, text)

    def committing(self: JournalFile, *arguments: Any) -> None:
        commit(self, *arguments)
        if rows >= kill.row:
            os.kill(os.getpid(), signal.SIGKILL)

    Writing.append = counting  # type: ignore[method-assign]
    JournalFile._commit = committing  # type: ignore[method-assign]
