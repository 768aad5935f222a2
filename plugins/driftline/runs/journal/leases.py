"""Leases with fencing tokens: two runs never write the same device."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from . import chain
from .errors import JournalError, LeaseHeld, LeaseLost
from .process import Process
from .values import Kind

if TYPE_CHECKING:
    from collections.abc import Callable

    from .file import JournalFile, Writing

_HOLDER = "SELECT run, since, expires, process FROM leases WHERE unit = ?"
_LEASE = "SELECT token, expires, run FROM leases WHERE unit = ?"
_TAKE = "INSERT OR REPLACE INTO leases (unit, run, token, since, expires, process) VALUES (?, ?, ?, ?, ?, ?)"
_RENEW = "UPDATE leases SET expires = ? WHERE unit = ? AND token = ? AND expires > ? RETURNING token"


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a unit."""

    run: str
    process: Process
    since: str
    until: str


class Lease:
    """A unit that is a run's to write, as long as it is checked before every call to the device."""

    def __init__(
        self, file: JournalFile, run: str, unit: str, token: int, ttl: float, clock: Callable[[], float]
    ) -> None:
        self._file, self._clock = file, clock
        self.run, self.unit, self.ttl = run, unit, ttl
        self.token = token
        """Grows with every claim in this journal; it is the number of the `claimed` entry."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.release()

    def check(self) -> None:
        """Return when the unit is still this run's to write; renew the lease when a third of its time is over.

        It is one read of the file, and a write three times in a lease's time.

        Raises:
            LeaseLost: it has expired, or another run has taken it over.
        """
        rows = self._file.read(_LEASE, (self.unit,))
        now = self._clock()
        if not rows or rows[0][0] != self.token or rows[0][1] <= now:
            raise self._lost()
        if rows[0][1] - now < self.ttl * 2 / 3:
            self._renew()

    def release(self) -> None:
        """Give the unit back; a lease that was lost is somebody else's and stays."""
        self._file.write(
            lambda writing: writing.execute(
                "DELETE FROM leases WHERE unit = ? AND token = ?", (self.unit, self.token)
            )
        )

    def _renew(self) -> None:
        def work(writing: Writing) -> None:
            now = self._clock()
            if not writing.execute(_RENEW, (now + self.ttl, self.unit, self.token, now)):
                raise self._lost()

        self._file.write(work)

    def _lost(self) -> LeaseLost:
        rows = self._file.read(_LEASE, (self.unit,))
        if not rows:
            reason = "it is held by nobody"
        elif rows[0][0] == self.token:
            reason = f"it expired at {chain.utc(rows[0][1])}"
        else:
            reason = f"it is held by run {rows[0][2]} until {chain.utc(rows[0][1])}"
        return LeaseLost(f"run {self.run} lost its lease on {self.unit}: {reason}")


def claim(file: JournalFile, run: str, unit: str, ttl: float, clock: Callable[[], float]) -> Lease:
    """Claim a unit for a run; see `Journal.claim`."""
    if not unit or ttl <= 0:
        raise JournalError("a lease is on a unit, for some seconds", code="JOURNAL-VALUE")
    process = Process.current()

    def work(writing: Writing) -> int:
        now = clock()
        before = _before(writing, run, unit, now)
        facts = {"until": chain.utc(now + ttl), "after": before}
        entry = writing.append(run, Kind.CLAIMED, unit, chain.json_text(facts, unit))
        values = (unit, run, entry.seq, now, now + ttl, json.dumps(process.to_dict()))
        writing.execute(_TAKE, values)
        return entry.seq

    return Lease(file, run, unit, file.write(work), ttl, clock)


def _before(writing: Writing, run: str, unit: str, now: float) -> str | None:
    """Return the run from which the unit is taken over; raises LeaseHeld when it can't be."""
    rows = writing.execute(_HOLDER, (unit,))
    if not rows:
        return None
    holder = _holder(rows[0])
    if holder.run != run and rows[0][2] > now and not holder.process.is_gone():
        raise LeaseHeld(
            f"{unit} is being changed by run {holder.run}: held by {holder.process} since {holder.since}, "
            f"until {holder.until} at least",
            unit=unit,
            holder=holder,
        )
    return holder.run


def _holder(row: tuple[Any, ...]) -> Holder:
    run, since, expires, process = row
    return Holder(run, Process(**json.loads(process)), chain.utc(since), chain.utc(expires))
