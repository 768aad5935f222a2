"""What a place that keeps texts must be able to do, so that a store can keep objects there."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from driftline.engine.model import DiffSyncModel


class Operation(enum.StrEnum):
    """What becomes of the text of an object."""

    ADD = "add"
    """It is put in at the end, unless there is another text, which then stays."""
    PUT = "put"
    """It is put in, in place of the one that is there."""
    RENEW = "renew"
    """It is put in at the end; one that is there goes."""
    TOUCH = "touch"
    """It is put in place of the one that is there; if there is none, it is not."""
    DELETE = "delete"


@dataclass(slots=True)
class Change:
    """What becomes of one object and its text."""

    operation: Operation
    modelname: str
    uid: str
    obj: DiffSyncModel | None
    """None where it is deleted."""
    text: bytes = b""
    """Made when it is written."""


class Texts(Protocol):
    """Keeps one text per model and unique id, in the order of insertion. Raises ObjectStoreException."""

    def names(self) -> set[str]:
        """Return the names of the models that have a text."""

    def count(self, modelname: str) -> int:
        """Return how many texts a model has."""

    def read(self, modelname: str, uids: Sequence[str]) -> dict[str, bytes]:
        """Return those of the texts that are there, in few round trips."""

    def read_all(self, modelname: str) -> dict[str, bytes]:
        """Return all texts of a model, in order."""

    def write(self, changes: Sequence[Change]) -> list[Change]:
        """Write everything as one, and return the additions that were refused, since another text was there."""

    def clear(self) -> None:
        """Remove everything."""

    def close(self) -> None:
        """Let go of files and connections."""
