"""What the journal tells: runs, their entries, and texts that were kept."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from .process import Process


class Kind(enum.StrEnum):
    """What an entry is about. An intent is written before its effect, the result after it."""

    RUN_BEGUN = "run-begun"
    CLAIMED = "claimed"
    """The unit is this run's to write; the entry's number is the fencing token."""
    COMMIT = "commit"
    """Intent. Data: digest of the pre-image, digest of the lines, guarantee, timer in seconds, deadline."""
    COMMITTED = "committed"
    VERIFIED = "verified"
    DECISION = "decision"
    """Of the whole run. Data: `decision`, which is `confirm` or `abort`."""
    CONFIRM = "confirm"
    """Intent."""
    CONFIRMED = "confirmed"
    ROLLBACK = "rollback"
    """Intent."""
    ROLLED_BACK = "rolled-back"
    ROLLBACK_FAILED = "rollback-failed"
    FAILED = "failed"
    NOT_REACHED = "not-reached"
    SKIPPED = "skipped"
    STEP = "step"
    """Intent, for targets whose hooks write."""
    STEP_DONE = "step-done"
    RUN_RESUMED = "run-resumed"
    """Another process goes on with it."""
    RUN_ENDED = "run-ended"


class Entry(NamedTuple):
    """One row of the chain."""

    seq: int
    """Its number: 1, 2, 3 … over all runs, without a gap."""
    run: str
    at: str
    """UTC, ISO 8601."""
    unit: str
    """The device; empty when it is about the whole run."""
    kind: Kind
    data: dict[str, Any]
    hash: str


@dataclass(frozen=True, slots=True)
class RunRecord:
    """A run: who began it, with what, and how it ended. Its plan is asked for with `Journal.plan`."""

    id: str
    """`20261121-203245-4f2a9c`: when it began, and something random."""
    kind: str
    """`apply`, `remediate`, `rollback`, `restore` …"""
    began: str
    user: str
    process: Process
    plan_id: str = ""
    scope: str = ""
    ticket: str = ""
    comment: str = ""
    of: str = ""
    """The run that this one resumes, or rolls back."""
    settings: dict[str, Any] = field(default_factory=dict)
    """What a resume has to know."""
    ended: str = ""
    """Empty as long as it has not ended."""
    outcome: str = ""
    summary: str = ""

    @property
    def is_under_way(self) -> bool:
        """Whether it has not ended and its process may still be there."""
        return not self.ended and not self.process.is_gone()


@dataclass(frozen=True, slots=True)
class Kept:
    """That a text was kept, not the text."""

    run: str
    unit: str
    purpose: str
    at: str
    size: int
    """Of the text, in bytes."""
    digest: str
    """SHA-256 of the text."""
    encrypted: bool


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether the chain holds."""

    entries: int
    """How many fit, from the first on."""
    head: str
    """`NUMBER:HASH` of the last of them; written down elsewhere, it shows later that nothing was rewritten."""
    problem: str = ""
    """What is wrong with the first row that does not fit; empty when all do."""
    seq: int | None = None
    """The number of that row."""

    @property
    def holds(self) -> bool:
        """Whether every row is as it was written, and none is missing."""
        return not self.problem
