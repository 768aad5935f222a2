"""Leases: two runs never write the same device."""

from __future__ import annotations

import copy
import os
import signal
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from driftline.runs.journal import (
    Journal,
    JournalError,
    Kind,
    Lease,
    LeaseHeld,
    LeaseLost,
    Process,
    RunUnknown,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOW = 1_795_300_000.0


class Clock:
    """A clock that is put forward by hand."""

    now = NOW

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def journal(tmp_path: Path, clock: Clock) -> Iterator[Journal]:
    with Journal.open(tmp_path, clock=clock) as opened:
        yield opened


@pytest.fixture
def lease(journal: Journal) -> Lease:
    """A lease of 60 s on leaf1."""
    return journal.claim(journal.begin("apply").id, "leaf1", 60)


def test_one_run_holds_a_device(journal: Journal, lease: Lease) -> None:
    """Another one is told who holds it, and may have other devices."""
    other = journal.begin("apply")
    with pytest.raises(LeaseHeld) as error:
        journal.claim(other.id, "leaf1", 60)

    held = error.value
    assert held.holder is not None
    assert (held.code, held.unit, held.holder.run) == ("LEASE-HELD", "leaf1", lease.run)
    assert str(copy.copy(held)) == str(held)
    assert held.message == (
        f"leaf1 is being changed by run {lease.run}: held by pid {os.getpid()} on {os.uname().nodename} "
        "since 2026-11-21T22:26:40.000Z, until 2026-11-21T22:27:40.000Z at least"
    )
    journal.claim(other.id, "leaf2", 60).check()
    lease.check()
    assert [entry.kind for entry in journal.entries(other.id, "leaf1")] == []


def test_a_claim_is_in_the_chain(journal: Journal, lease: Lease) -> None:
    """Its number is the token, which grows with every claim; whom it was taken over from is told."""
    lease.release()
    journal.claim(lease.run, "leaf1", 1)
    run = journal.begin("resume")
    with pytest.raises(LeaseHeld):
        journal.claim(run.id, "leaf1", 60)
    journal._clock.now += 1  # type: ignore[attr-defined]
    third = journal.claim(run.id, "leaf1", 60)

    entries = [entry for entry in journal.entries(unit="leaf1") if entry.kind is Kind.CLAIMED]
    assert [entry.data["after"] for entry in entries] == [None, None, lease.run]
    assert [entry.seq for entry in entries] == sorted(entry.seq for entry in entries)
    assert third.token == entries[-1].seq
    assert journal.verify().holds


def test_a_lease_that_was_given_back(journal: Journal, lease: Lease) -> None:
    """It is free for others, and its holder may not write any more."""
    with lease:
        lease.check()
    with pytest.raises(LeaseLost, match="lost its lease on leaf1: it is held by nobody") as error:
        lease.check()
    assert error.value.code == "LEASE-LOST"
    other = journal.claim(journal.begin("apply").id, "leaf1", 60)
    lease.release()
    other.check()


def test_a_lease_that_expires(journal: Journal, lease: Lease, clock: Clock) -> None:
    """Another run may take it over; the one that had it stops, before and after that."""
    clock.now += 60
    with pytest.raises(LeaseLost, match=r"leaf1: it expired at 2026-11-21T22:27:40"):
        lease.check()
    other = journal.claim(journal.begin("apply").id, "leaf1", 60)
    with pytest.raises(LeaseLost, match=f"it is held by run {other.run} until"):
        lease.check()
    other.check()


def test_a_lease_renews_itself(journal: Journal, lease: Lease, clock: Clock) -> None:
    """Checked in between, it lasts as long as it is needed, with few writes."""
    writes = 0
    write = journal._file.write

    def counted(work: object) -> object:
        nonlocal writes
        writes += 1
        return write(work)  # type: ignore[arg-type]

    lease._file.write = counted  # type: ignore[assignment, method-assign]
    for _ in range(240):
        clock.now += 1
        lease.check()
    assert 9 <= writes <= 12


def test_renewing_never_revives(journal: Journal, lease: Lease, clock: Clock) -> None:
    """A lease that is taken over between the look at it and its renewal is lost."""
    clock.now += 30
    read = journal._file.read
    taken = []

    def slow(statement: str, values: tuple[object, ...] = ()) -> list[tuple[object, ...]]:
        rows = read(statement, values)
        if not taken:
            taken.append(1)
            clock.now += 60
            taken.append(journal.claim(journal.begin("apply").id, "leaf1", 60))
        return rows

    journal._file.read = slow  # type: ignore[assignment, method-assign]
    with pytest.raises(LeaseLost):
        lease.check()
    taken[1].check()


def test_the_same_run_claims_again(journal: Journal, lease: Lease) -> None:
    """It gets a new token, and the old one counts no more."""
    again = journal.claim(lease.run, "leaf1", 60)
    assert again.token > lease.token
    with pytest.raises(LeaseLost):
        lease.check()
    again.check()


def test_a_run_that_ends_gives_its_devices_back(journal: Journal, lease: Lease) -> None:
    """Also those that it forgot."""
    journal.end(lease.run, "failed")
    journal.claim(journal.begin("apply").id, "leaf1", 60).check()


def test_claims_that_make_no_sense(journal: Journal) -> None:
    """Of no run, on no device, for no time."""
    run = journal.begin("apply")
    with pytest.raises(RunUnknown):
        journal.claim("x", "leaf1", 60)
    for unit, ttl in (("", 60.0), ("leaf1", 0.0)):
        with pytest.raises(JournalError, match="a lease is on a unit, for some seconds"):
            journal.claim(run.id, unit, ttl)


HOLDER = """
import sys, time
from pathlib import Path
from driftline.runs.journal import Journal
journal = Journal.open(Path(sys.argv[1]))
lease = journal.claim(journal.begin("apply").id, "leaf1", 3600)
print(lease.run, flush=True)
time.sleep(60)
"""


def test_the_lease_of_a_process_that_was_killed(tmp_path: Path) -> None:
    """It is taken over at once, not a moment before."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, tmp_path], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        dead = process.stdout.readline().strip()
        with Journal.open(tmp_path) as journal:
            run = journal.begin("resume", of=dead)
            with pytest.raises(LeaseHeld, match=f"held by pid {process.pid} on"):
                journal.claim(run.id, "leaf1", 60)
            assert journal.run(dead).is_under_way
            process.send_signal(signal.SIGKILL)
            os.waitid(
                os.P_PID, process.pid, os.WEXITED | os.WNOWAIT
            )  # dead, and its parent has not noticed yet
            journal.claim(run.id, "leaf1", 60).check()
            assert not journal.run(dead).is_under_way
            assert [record.id for record in journal.unfinished()] == [run.id, dead]


def test_a_process_number_that_was_given_again() -> None:
    """It is another process; of another host or boot, nothing is known."""
    this = Process.current()
    assert not this.is_gone()
    assert replace(this, started="1").is_gone()
    assert not replace(this, started="").is_gone()
    assert not replace(this, host="elsewhere", started="1").is_gone()
    assert not replace(this, place="earlier", started="1").is_gone()


RACER = """
import sys
from pathlib import Path
from driftline.runs.journal import Journal, LeaseHeld
journal = Journal.open(Path(sys.argv[1]))
run = journal.begin("apply")
for line in sys.stdin:
    try:
        lease = journal.claim(run.id, line.strip(), 60)
        lease.check()
        print("won", flush=True)
    except LeaseHeld:
        print("lost", flush=True)
"""


def test_two_processes_race_for_a_lease(tmp_path: Path) -> None:
    """Twenty times: exactly one of them gets it, and the chain of both holds."""
    racers = [
        subprocess.Popen(
            [sys.executable, "-c", RACER, tmp_path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    results = []
    for number in range(20):
        for racer in racers:
            racer.stdin.write(f"leaf{number}\n")  # type: ignore[union-attr]
            racer.stdin.flush()  # type: ignore[union-attr]
        results.append(sorted(racer.stdout.readline().strip() for racer in racers))  # type: ignore[union-attr]
    for racer in racers:
        racer.communicate(timeout=30)
    assert results == [["lost", "won"]] * 20
    with Journal(tmp_path / "journal.db") as journal:
        assert journal.verify().entries == 22
