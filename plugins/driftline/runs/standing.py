"""Where the units of a run stand, as far as its record tells."""

from __future__ import annotations

import enum
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from .journal import Kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from .journal import Entry

INTERRUPTED = "INTERRUPTED"
"""The code of a failure that is none: somebody has stopped the run, and what it took back is to be tried again."""


class Stand(enum.Enum):
    """Where a unit stands."""

    UNTOUCHED = "untouched"
    """Nothing was written to it, or what was written is taken back and it is to be tried again."""
    STAGED = "staged"
    """Nothing was written to it, but a candidate may have been left on it, which locks it."""
    IN_DOUBT = "in-doubt"
    """Something was begun whose outcome is not on record: it has to be looked at."""
    APPLIED = "applied"
    """Changed, read back and confirmed."""
    GOING_BACK = "going-back"
    """It failed, and is not known to be as it was."""
    OVER = "over"
    """It failed, and is as it was."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A unit of a run."""

    stand: Stand = Stand.UNTOUCHED
    kept: Mapping[str, str] | None = None
    """The texts that were kept before the last write: purpose → digest; None: nothing was written."""
    first: Mapping[str, str] | None = None
    """Those of before the first write of the run."""
    candidate: str = ""
    """What the change is called on the target."""
    revert_in: int | None = None
    """The seconds of its timer."""
    left: tuple[str, ...] = ()
    """What candidates are called that may have been left on the target."""


def candidate_name(run: str, claim: int, *, back: bool = False) -> str:
    """Return what the candidate is called that a run stages on a unit after this claim, there or back."""
    return f"driftline-{run}-{claim}{'-back' if back else ''}"


_OVER = {
    Kind.CONFIRMED: Stand.APPLIED,
    Kind.STEP_DONE: Stand.APPLIED,
    Kind.ROLLED_BACK: Stand.OVER,
    Kind.FAILED: Stand.OVER,
    Kind.NOT_REACHED: Stand.OVER,
}
"""What came of a unit: nothing is left on it."""
_UNDER_WAY = {
    Kind.COMMIT: Stand.IN_DOUBT,
    Kind.STEP: Stand.IN_DOUBT,
    Kind.ROLLBACK: Stand.GOING_BACK,
    Kind.ROLLBACK_FAILED: Stand.GOING_BACK,
}
_AGAIN = {Stand.OVER: Stand.UNTOUCHED, Stand.GOING_BACK: Stand.IN_DOUBT}
"""What stands for a failure where the unit is to be tried again."""


def standings(entries: Iterable[Entry]) -> dict[str, Standing]:
    """Return where each unit stands that the record of a run tells of."""
    found: dict[str, Standing] = {}
    stopped: set[str] = set()  # by somebody, with the units that they change with
    for entry in entries:
        if entry.kind is Kind.DECISION:
            change = stopped.update if entry.data.get("again") else stopped.difference_update
            change(entry.data["units"])
        elif entry.unit:
            again = entry.data.get("again") or entry.data.get("code") == INTERRUPTED or entry.unit in stopped
            found[entry.unit] = _after(entry, found.get(entry.unit, Standing()), again=bool(again))
    return found


def _after(entry: Entry, now: Standing, *, again: bool) -> Standing:
    """Return where a unit stands after what an entry tells."""
    if entry.kind is Kind.CLAIMED:
        names = (candidate_name(entry.run, entry.seq), candidate_name(entry.run, entry.seq, back=True))
        staged = Stand.STAGED if now.stand is Stand.UNTOUCHED else now.stand
        return replace(now, stand=staged, left=(*now.left, *names))
    if entry.kind is Kind.COMMIT:
        now = _committing(entry, now)
    if entry.kind is Kind.FAILED and entry.data.get("outcome") == "rollback-failed":
        return now
    stand = {**_OVER, **_UNDER_WAY}.get(entry.kind, now.stand)
    left = () if entry.kind in _OVER else now.left
    return replace(now, stand=_AGAIN.get(stand, stand) if again else stand, left=left)


def _committing(entry: Entry, now: Standing) -> Standing:
    kept = entry.data["kept"]
    return replace(
        now,
        kept=kept,
        first=now.first or kept,
        candidate=entry.data.get("candidate", ""),
        revert_in=entry.data.get("revert_in"),
    )


def decisions(entries: Iterable[Entry]) -> dict[str, bool]:
    """Return on every group of units that is decided whether it is to be confirmed.

    One that somebody has stopped is not decided: it is to be tried again.
    """
    found: dict[str, bool] = {}
    for entry in entries:
        if entry.kind is Kind.DECISION:
            found[str(entry.data["group"])] = entry.data["decision"] == "confirm"
            if entry.data.get("again"):
                del found[str(entry.data["group"])]
    return found
