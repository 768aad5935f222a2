"""What can go wrong with the journal.

JournalError
├── RunUnknown    no run has this id
├── RunAmbiguous  several runs begin like this
├── LeaseHeld     another run holds the unit
└── LeaseLost     the unit is no longer this run's to write
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from driftline.engine.exceptions import DriftlineError

if TYPE_CHECKING:
    from .leases import Holder


class JournalError(DriftlineError):
    """The journal can't do what was asked."""

    default_code = "JOURNAL"
    default_hint = "see what the journal says"


class RunUnknown(JournalError):
    """No run in the journal has this id."""

    default_code = "RUN-UNKNOWN"
    default_hint = "look the id up in the history"


class RunAmbiguous(JournalError):
    """Several runs in the journal have an id that begins like this."""

    default_code = "RUN-AMBIGUOUS"
    default_hint = "give more of the id"


class LeaseHeld(JournalError):
    """Another run holds the unit; nothing was written."""

    default_code = "LEASE-HELD"
    default_hint = "wait until that run has ended; when its process has died, until that time"

    def __init__(self, message: str = "", *args: Any, unit: str = "", holder: Holder | None = None) -> None:
        super().__init__(message, *args)
        self.unit = unit
        self.holder = holder


class LeaseLost(JournalError):
    """The unit is no longer this run's to write: nothing may be sent to it any more."""

    default_code = "LEASE-LOST"
    default_hint = "look at what the run that holds it does, then resume this one"
