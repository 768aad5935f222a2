"""Conflicts in words: what the last run, the intent and the device say, and who wins."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from driftline.engine.conflicts import ConflictKind, ConflictResolutionStrategy

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from driftline.engine.conflicts import Conflict

_WINNERS = {
    ConflictResolutionStrategy.SOURCE_WINS: "the intent wins",
    ConflictResolutionStrategy.DEST_WINS: "the device wins",
}


def notable(conflicts: Iterable[Conflict]) -> Iterator[Conflict]:
    """Yield the conflicts that people should see.

    What was changed on a device alone and goes again is drift as any other, and is shown as that.
    """
    for conflict in conflicts:
        plain = conflict.kind is ConflictKind.LOCAL
        if not (plain and conflict.winner is ConflictResolutionStrategy.SOURCE_WINS):
            yield conflict


def conflict_words(conflict: Conflict) -> str:
    """Return a conflict on one line, without its device."""
    what = " ".join(part for part in (conflict.model, conflict.name, conflict.attribute) if part)
    sides = _of_object(conflict) if conflict.attribute is None else _of_attribute(conflict)
    return f"{what}: {sides}: {_winner(conflict)}"


def _of_attribute(conflict: Conflict) -> str:
    created = conflict.kind is ConflictKind.BOTH_CREATED
    before = "new since the last run" if created else f"{_value(conflict.base)} at the last run"
    return f"{before}, the intent says {_value(conflict.source)}, the device {_value(conflict.dest)}"


def _of_object(conflict: Conflict) -> str:
    if conflict.kind is ConflictKind.SOURCE_DELETED:
        return "gone from the intent since the last run, and changed on the device"
    if conflict.kind is ConflictKind.DEST_DELETED:
        return "gone from the device since the last run, and changed in the intent"
    if conflict.dest is None:
        return "gone from the device since the last run"
    return "new on the device since the last run" if conflict.base is None else "it goes with another object"


def _winner(conflict: Conflict) -> str:
    if conflict.winner is None:
        return f"to be decided, as with --decide '{conflict.where}=dest_wins'"
    if conflict.winner in _WINNERS:
        return _WINNERS[conflict.winner]
    return f"it becomes {_value(conflict.value)}"


def _value(value: Any) -> str:
    return "(none)" if value is None else str(value)
