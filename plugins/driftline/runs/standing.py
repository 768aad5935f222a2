"""Where the units of a run stand, as far as its record tells."""

from __future__ import annotations

import enum
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from .journal import Kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from .journal import Entry


class Stand(enum.Enum):
    """Where a unit stands."""

    UNTOUCHED = "untouched"
    """Nothing was written to it, or what was written is taken back and it is to be tried again."""
    IN_DOUBT = "in-doubt"
    """Something was begun whose outcome is not on record: it has to be looked at."""
    APPLIED = "applied"
    """Changed, read back and confirmed."""
    TAKEN_BACK = "rolled-back"
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


_STANDS = {
    Kind.COMMIT: Stand.IN_DOUBT,
    Kind.ROLLBACK: Stand.IN_DOUBT,
    Kind.ROLLBACK_FAILED: Stand.IN_DOUBT,
    Kind.CONFIRMED: Stand.APPLIED,
}


def standings(entries: Iterable[Entry]) -> dict[str, Standing]:
    """Return where each unit stands that the record of a run tells of."""
    found: dict[str, Standing] = {}
    for entry in entries:
        if not entry.unit:
            continue
        now = found.get(entry.unit, Standing())
        if entry.kind in _STANDS:
            now = replace(now, stand=_STANDS[entry.kind])
        elif entry.kind is Kind.ROLLED_BACK:
            now = replace(now, stand=Stand.UNTOUCHED if entry.data.get("again") else Stand.TAKEN_BACK)
        if entry.kind is Kind.COMMIT:
            kept = entry.data["kept"]
            now = replace(
                now,
                kept=kept,
                first=now.first or kept,
                candidate=entry.data.get("candidate", ""),
                revert_in=entry.data.get("revert_in"),
            )
        found[entry.unit] = now
    return found


def decisions(entries: Iterable[Entry]) -> dict[str, bool]:
    """Return the last decision on every group of units that there is one on: whether it is to be confirmed."""
    return {
        str(entry.data["group"]): entry.data["decision"] == "confirm"
        for entry in entries
        if entry.kind is Kind.DECISION
    }
