"""A process is killed in the middle of a run, once or several times, and the run is resumed."""

from __future__ import annotations

import multiprocessing
import signal
import sqlite3
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from driftline.runs.journal import Journal
from driftline.runs.journal.journal import FILE

from .network import Network
from .victim import Kill, work

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from driftline.lab import Fault

    Death = Kill | float | None

_PATIENCE = 60  # seconds that no run takes
_SPAWN = multiprocessing.get_context("forkserver")
_SPAWN.set_forkserver_preload(["pytest", "napalm.eos", "driftline.cli", "tests.reliability.victim"])


@dataclass(frozen=True, slots=True)
class Story:
    """A plan, how it is applied, and what is wrong with some of its devices."""

    apply: dict[str, Any]
    devices: int = 10
    workers: int = 4
    """How many devices are talked to at once."""
    faults: dict[str, Fault] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class End:
    """How a run ended, and all that must be the same whether it was cut off or not."""

    state: dict[str, tuple[str, str]]
    outcome: str
    lasting: dict[str, int]
    """How often each device was changed for good."""


@contextmanager
def booted(story: Story, folder: Path) -> Iterator[Network]:
    """Start the devices of a story."""
    folder.mkdir(parents=True, exist_ok=True)
    network = Network.boot(folder, story.devices, story.workers, story.apply)
    for name, fault in story.faults.items():
        network.lab[name].inject(fault)
    try:
        yield network
    finally:
        network.lab.stop()


def uninterrupted(story: Story, folder: Path) -> tuple[End, list[str]]:
    """Return how a story ends, and the kinds of all rows that its run writes."""
    with booted(story, folder) as network:
        assert attempt(network, None) == 0
        return ended(network), [entry.kind.value for entry in journal_of(network).entries()]


def crashed(story: Story, folder: Path, deaths: Sequence[Death]) -> tuple[End, int]:
    """Return how a story ends whose process is killed so often, and how many of them died before they were done."""
    died = 0
    with booted(story, folder) as network:
        for death in (*deaths, None):
            if is_over(network):
                break
            status = attempt(network, death)
            assert status in (0, -signal.SIGKILL), f"exit status {status}"
            died += status != 0
        return ended(network), died


def attempt(network: Network, death: Death, **instead: str) -> int:
    """Let a process of its own apply the plan, or resume the run; return its exit status.

    Args:
        instead: `rollback` or `restore` with a run: what it does instead.
    """
    runs = journal_of(network).unfinished()
    kill = death if isinstance(death, Kill) else None
    job = instead or {"resume": runs[0].id if runs else ""}
    process = _SPAWN.Process(target=work, args=(str(network.folder), kill), kwargs=job)
    process.start()
    process.join(death if isinstance(death, float) else _PATIENCE)
    if process.is_alive():
        process.kill()
        process.join()
        assert isinstance(death, float), "it never ends"
    status = process.exitcode
    process.close()
    return int(status or 0)


def journal_of(network: Network) -> Journal:
    return Journal.open(network.folder / "state")


def is_over(network: Network) -> bool:
    runs = journal_of(network).runs()
    return bool(runs) and bool(runs[0].ended)


def ended(network: Network) -> End:
    """Look at everything that a run must not leave behind, and return how it ended."""
    lab, journal = network.lab, journal_of(network)
    [run] = journal.runs()
    assert run.ended
    verdict = journal.verify()
    assert verdict.holds, verdict.problem
    with closing(sqlite3.connect(network.folder / "state" / FILE)) as file:
        assert file.execute("SELECT unit FROM leases").fetchall() == []
    open_sessions = {
        name: states
        for name in lab
        if (states := {each for each in lab[name].sessions.values() if each != "completed"})
    }
    assert open_sessions == {}
    state = network.state()
    network.clock.advance(7201)  # the longest timer
    assert network.state() == state, "a timer was left armed"
    lasting = {name: lab[name].counters.confirms - lab[name].counters.commits for name in lab}
    return End(state, run.outcome, lasting)
