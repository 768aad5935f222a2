"""Transactions: what the engine asks of a target so that a unit changes together or not at all."""

from __future__ import annotations

import enum
from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class Gate(enum.Enum):
    """Where a unit can wait for those that it changes together with; it can be taken back at each of them."""

    PREPARED = "prepared"
    """Everything is staged, nothing has an effect."""
    COMMITTED = "committed"
    """The change is effective, on targets with a timer until that runs out."""
    VERIFIED = "verified"
    """The target was read back and is as planned."""
    CONFIRMED = "confirmed"
    """The change is permanent."""


class Transaction(Protocol):
    """One unit's change, from the first staged object to the confirmed result.

    The executor calls, in this order: `begin`, the hooks of the unit's objects (which stage), `prepare`,
    `commit`, `verify`, `confirm`. After a failure of anything but `begin` it calls `rollback`, once; in every
    case it calls `close` last. So `begin` itself leaves nothing behind that `close` does not release.
    """

    @property
    def guarantee(self) -> str:
        """What protects the unit if everything fails, in words for the report."""

    warnings: list[str]
    """What a person should know about this unit though it is no failure."""

    @property
    def recovery(self) -> Mapping[str, str]:
        """What another process needs to take the unit back: texts by purpose, known once it is prepared.

        They may hold secrets of the target.
        """

    def begin(self, steps: Sequence[str]) -> None:
        """Open the unit and check that it is the planned one; raises TargetError before anything is written.

        `steps` are the ids of the steps to come.
        """

    def prepare(self) -> str:
        """Stage everything on the target without effect, and return the target's own diff.

        Raises PrepareError, naming the culprits when they are known.
        """

    def commit(self, revert_in: int | None) -> None:
        """Make the change effective; it reverts by itself after `revert_in` seconds unless confirmed.

        Raises CommitError.
        """

    def verify(self) -> None:
        """Read the target back; raises VerifyError naming the objects that are not as planned."""

    def confirm(self) -> None:
        """Make the change permanent; raises ConfirmError."""

    def rollback(self) -> None:
        """Bring the unit back to what it was at `begin`; raises RollbackError when that can't be proved."""

    def close(self) -> None:
        """Release what the unit holds; never raises."""


class MemoryTransaction:
    """The transaction of a target that has none of its own: the hooks write, one by one, at once."""

    guarantee = "none: each hook wrote at once"
    hooks_write = True
    """The hooks' effects are taken back by their opposites: a created object is deleted, an update undone."""

    recovery: Mapping[str, str] = MappingProxyType({})

    def __init__(self) -> None:
        self.warnings: list[str] = []

    def begin(self, steps: Sequence[str]) -> None:
        """Do nothing."""

    def prepare(self) -> str:
        """Return no diff: nothing is staged."""
        return ""

    def commit(self, revert_in: int | None) -> None:
        """Do nothing: the hooks have written."""

    def verify(self) -> None:
        """Do nothing: there is no second source to read from."""

    def confirm(self) -> None:
        """Do nothing."""

    def rollback(self) -> None:
        """Do nothing: the executor's undo log restores the records."""

    def close(self) -> None:
        """Do nothing."""


class WrappedTransaction:
    """A transaction that passes everything on to another one; for those that add something of their own."""

    def __init__(self, inner: Transaction) -> None:
        self._inner = inner
        self.warnings = inner.warnings
        self.hooks_write: bool = getattr(inner, "hooks_write", False)

    @property
    def guarantee(self) -> str:
        """What protects the unit if everything fails."""
        return self._inner.guarantee

    @property
    def recovery(self) -> Mapping[str, str]:
        """What another process needs to take the unit back."""
        return self._inner.recovery

    def begin(self, steps: Sequence[str]) -> None:
        """Open the unit."""
        self._inner.begin(steps)

    def prepare(self) -> str:
        """Stage everything without effect."""
        return self._inner.prepare()

    def commit(self, revert_in: int | None) -> None:
        """Make the change effective."""
        self._inner.commit(revert_in)

    def verify(self) -> None:
        """Read the target back."""
        self._inner.verify()

    def confirm(self) -> None:
        """Make the change permanent."""
        self._inner.confirm()

    def rollback(self) -> None:
        """Bring the unit back."""
        self._inner.rollback()

    def close(self) -> None:
        """Release what the unit holds."""
        self._inner.close()
