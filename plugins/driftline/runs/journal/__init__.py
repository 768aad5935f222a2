"""The journal: what every run intended and did, whom each device belongs to, and what it was like before."""

from .errors import JournalError, LeaseHeld, LeaseLost, RunAmbiguous, RunUnknown
from .journal import Journal
from .leases import Holder, Lease
from .process import Process
from .values import Entry, Kept, Kind, RunRecord, Verdict

__all__ = [
    "Entry",
    "Holder",
    "Journal",
    "JournalError",
    "Kept",
    "Kind",
    "Lease",
    "LeaseHeld",
    "LeaseLost",
    "Process",
    "RunAmbiguous",
    "RunRecord",
    "RunUnknown",
    "Verdict",
]
