"""Who writes: a process that can be told from another one that got its number later."""

from __future__ import annotations

import os
import socket
from dataclasses import asdict, dataclass
from pathlib import Path

_BOOT = Path("/proc/sys/kernel/random/boot_id")
_DEAD_STATES = ("Z", "X")


@dataclass(frozen=True, slots=True)
class Process:
    """A process of some host."""

    host: str
    pid: int
    place: str
    """Where its number means something: the host's boot and the name space of process numbers."""
    started: str
    """When it was started, in the kernel's ticks; empty where that can't be read."""

    def __str__(self) -> str:
        """Return `pid 4711 on mgmt1`."""
        return f"pid {self.pid} on {self.host}"

    @classmethod
    def current(cls) -> Process:
        """Return this process."""
        pid = os.getpid()
        return cls(socket.gethostname(), pid, _place(), _state_and_start(pid)[1])

    def to_dict(self) -> dict[str, str | int]:
        """Return it as plain values."""
        return asdict(self)

    def is_gone(self) -> bool:
        """Return whether it has surely ended; of another host, or an earlier boot, that is not known."""
        if (self.host, self.place) != (socket.gethostname(), _place()):
            return False
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return True
        except OSError:  # somebody else's
            pass
        state, started = _state_and_start(self.pid)
        return state in _DEAD_STATES or bool(self.started and started and started != self.started)


def _place() -> str:
    try:
        return f"{_BOOT.read_text(encoding='ascii').strip()} {Path('/proc/self/ns/pid').readlink()}"
    except OSError:  # there is no /proc
        return ""


def _state_and_start(pid: int) -> tuple[str, str]:
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return "", ""
    # The name in brackets may hold anything, brackets too; from behind it the fields are 3, 4, 5 …
    fields = text.rpartition(")")[2].split()
    return fields[0], fields[19]
