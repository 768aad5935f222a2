"""Faults that a simulated device can be told to show, and the bookkeeping of when they strike."""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable


class FaultKind(enum.Enum):
    """What goes wrong; the values are the words of the command line."""

    REFUSED = "refused"
    """The port is closed: at once, or from the first matching request on when `command` or `skip` is given."""
    TIMEOUT = "timeout"
    """The connection is accepted and the request is never executed, nor answered."""
    UNAUTHORIZED = "unauthorized"
    """The request is answered with HTTP 401."""
    RESET_BEFORE = "reset-before"
    """The connection is reset just before the matching command; the commands ahead of it were executed."""
    RESET_AFTER = "reset-after"
    """The request is executed, then the connection is reset instead of an answer."""
    LOST_REPLY = "lost-reply"
    """The request is executed, and its answer never arrives."""
    PARTIAL_COMMIT = "partial-commit"
    """A commit applies the first half of the changed lines and answers an error."""
    LYING_OK = "lying-ok"
    """A commit answers ok and changes nothing; a confirmation that lies leaves the timer running."""
    SESSION_LOCKED = "session-locked"
    """Somebody else's session is pending whenever sessions are listed."""
    COMMAND_ERROR = "command-error"
    """The command fails with `text`."""
    EMPTY = "empty"
    """A show command answers an empty result."""


PER_REQUEST = frozenset(
    {
        FaultKind.REFUSED,
        FaultKind.TIMEOUT,
        FaultKind.UNAUTHORIZED,
        FaultKind.RESET_BEFORE,
        FaultKind.RESET_AFTER,
        FaultKind.LOST_REPLY,
    }
)


@dataclass(frozen=True)
class Fault:
    """One fault to inject.

    `command` is a regular expression searched in each command (`enable` is left out unless named);
    kinds that hit the connection count a request once, the others count every matching command.

    Example:
        >>> Fault(FaultKind.LOST_REPLY, command="commit", times=1).matches("configure session s commit")
        True
    """

    kind: FaultKind
    command: str = ""
    skip: int = 0
    times: int | None = None
    text: str = "% Simulated failure"

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        return re.compile(self.command)

    def matches(self, command: str) -> bool:
        """Whether this fault is about that command."""
        if not self.command:
            return command != "enable"
        return self._pattern.search(command) is not None

    @property
    def is_immediate(self) -> bool:
        """Whether the fault shows before any request arrives: a port that is closed from the start."""
        return self.kind is FaultKind.REFUSED and not self.command and not self.skip


class ArmedFault:
    """A fault on a device: counts the matches that it let pass and those that it hit."""

    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        self._seen = 0
        self._hits = 0

    def strikes(self, commands: Iterable[str]) -> int | None:
        """The index of the first matching command if the fault hits this time; counts one match."""
        for index, command in enumerate(commands):
            if self.fault.matches(command):
                return index if self._count() else None
        return None

    def _count(self) -> bool:
        if self.fault.times is not None and self._hits >= self.fault.times:
            return False
        self._seen += 1
        if self._seen <= self.fault.skip:
            return False
        self._hits += 1
        return True


class FaultBox:
    """The faults on one device."""

    def __init__(self) -> None:
        self._armed: list[ArmedFault] = []

    def __bool__(self) -> bool:
        return bool(self._armed)

    def add(self, fault: Fault) -> None:
        """Arm a fault; the ones that were armed first strike first."""
        self._armed.append(ArmedFault(fault))

    def clear(self) -> None:
        """Disarm everything."""
        self._armed.clear()

    def has_immediate(self) -> bool:
        """Whether the port is to be closed without waiting for a request."""
        return any(armed.fault.is_immediate for armed in self._armed)

    def strike_request(self, commands: list[str]) -> tuple[Fault, int] | None:
        """The connection fault that hits this request, with the index of the command that called it."""
        for armed in self._armed:
            if armed.fault.kind in PER_REQUEST:
                index = armed.strikes(commands)
                if index is not None:
                    return armed.fault, index
        return None

    def strike_command(self, command: str, kinds: Collection[FaultKind]) -> Fault | None:
        """The fault of one of these kinds that hits this command."""
        for armed in self._armed:
            if armed.fault.kind in kinds and armed.strikes((command,)) is not None:
                return armed.fault
        return None
