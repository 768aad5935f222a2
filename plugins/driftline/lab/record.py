"""What a device remembers of those who talked to it: counters, and a log of requests."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields


@dataclass(slots=True)
class Counters:
    """How often things happened since the last reset."""

    requests: int = 0
    commands: int = 0
    sessions_opened: int = 0
    commits: int = 0
    timed_commits: int = 0
    confirms: int = 0
    aborts: int = 0
    timer_reverts: int = 0
    writes: int = 0
    """Whatever changed the running or the startup configuration, changes out of band included."""

    def __add__(self, other: Counters) -> Counters:
        return Counters(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(self)))

    def as_dict(self) -> dict[str, int]:
        """The counters by name."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class LogRecord:
    """One request, or something that a device did by itself, with how it ended."""

    time: float
    commands: tuple[str, ...]
    outcome: str
