"""Simulated network gear that the unmodified NAPALM `eos` driver talks to: for tests, also yours.

Nothing here proves anything about EOS itself: it is one reading of how EOS behaves.
"""

from __future__ import annotations

from .clock import Clock, ManualClock, RealClock
from .control import LabClient
from .device import SimulatedDevice
from .errors import LabError
from .faults import Fault, FaultKind
from .lab import Endpoint, Lab
from .record import Counters, LogRecord

__all__ = [
    "Clock",
    "Counters",
    "Endpoint",
    "Fault",
    "FaultKind",
    "Lab",
    "LabClient",
    "LabError",
    "LogRecord",
    "ManualClock",
    "RealClock",
    "SimulatedDevice",
]
