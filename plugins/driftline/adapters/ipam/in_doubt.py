"""Writes on a server that may go away: waited for, looked after, and never sent twice unless nothing is there."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import structlog

from driftline.engine.exceptions import TargetError, Unreachable

from .errors import InDoubt

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .records import Values

    Answer = Any
    """What became of a row: as the client's methods return it, or the TargetError that hides it."""
    Send = Callable[[Sequence[Values]], Sequence[Answer]]
    LookUp = Callable[[Sequence[Values]], Sequence[Answer]]
    """Returns for each row what its answer would be, or MISSING where it was not written."""

_log = structlog.get_logger(__name__)
MISSING = object()
"""What was sent is not there."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a server that went away is looked after."""

    returns: float = 180
    """For how many seconds it is waited for."""
    settles: float = 3
    """For how many seconds after its return it may still finish what it was sent."""
    slow: float = 60
    """The same, when it has not gone but only did not answer in time."""
    attempts: int = 4
    """How often rows are sent at most."""


def careful(rows: Sequence[Values], send: Send, look_up: LookUp, patience: Patience) -> list[Answer]:
    """Send rows; where answers are lost, take what is there as written and send again only what is missing."""
    answers: list[Answer] = [MISSING] * len(rows)
    left = list(range(len(rows)))
    reason: TargetError | None = None
    for __ in range(patience.attempts):
        reason = _sent(rows, left, send, answers)
        left = [place for place in left if answers[place] is MISSING]
        if reason is None or not left:
            return answers
        _log.warning("server went away, looking what was written", rows=len(left), reason=reason.message)
        lost = isinstance(reason, InDoubt)
        try:
            found = _settled(
                [rows[place] for place in left], look_up, patience, lost=lost, slow=_was_slow(reason)
            )
        except TargetError as gone:
            reason.__cause__ = reason.__cause__ or gone
            break
        for place, answer in zip(left, found, strict=True):
            answers[place] = answer
        left = [place for place in left if answers[place] is MISSING]
        if not left:
            return answers
    for place in left:
        answers[place] = reason
    return answers


def when_back(look: Callable[[], Sequence[Answer]], seconds: float) -> Sequence[Answer]:
    """Return what there is to see, once the server lets us; raises Unreachable when it does not in that time."""
    deadline, pause = time.monotonic() + seconds, 0.5
    while True:
        try:
            return look()
        except TargetError as error:
            if not _may_pass(error) or time.monotonic() + pause > deadline:
                raise
        time.sleep(pause)
        pause = min(2 * pause, 15)


def _sent(
    rows: Sequence[Values], left: Sequence[int], send: Send, answers: list[Answer]
) -> TargetError | None:
    """Send what is left and enter the answers; returns why some are not known."""
    try:
        for place, answer in zip(left, send([rows[place] for place in left]), strict=True):
            answers[place] = answer
    except InDoubt as doubt:
        for place, answer, known in zip(left, doubt.answers, doubt.known, strict=True):
            if known:
                answers[place] = answer
        return doubt
    except TargetError as error:  # nothing of it was written
        if _may_pass(error):
            return error
        for place in left:
            answers[place] = error
    return None


def _settled(
    rows: Sequence[Values], look_up: LookUp, patience: Patience, *, lost: bool, slow: bool
) -> Sequence[Answer]:
    """Return what is there, once the server is back and has had time to finish; raises TargetError if it stays away."""
    found = when_back(lambda: look_up(rows), patience.returns)
    wait = 0 if not lost else patience.slow if slow else patience.settles
    deadline, pause = time.monotonic() + wait, 0.5
    while any(answer is MISSING for answer in found) and time.monotonic() < deadline:
        time.sleep(pause)
        pause = min(2 * pause, 5)
        found = when_back(lambda: look_up(rows), patience.returns)
    return found


def _may_pass(error: TargetError) -> bool:
    """Return whether an error is one of a server that starts again."""
    return (isinstance(error, Unreachable) and error.code != "IPAM-TLS") or error.code == "IPAM-SERVER"


def _was_slow(error: TargetError) -> bool:
    """Return whether the server may still be at work on what it was sent."""
    cause: BaseException | None = error
    while cause is not None:
        if "Timeout" in type(cause).__name__:
            return True
        cause = cause.__cause__
    return False
