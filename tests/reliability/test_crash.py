"""A process is killed in the middle of a run, and the run is resumed: it ends as if nothing had happened.

The figures are printed at the end; `DRIFTLINE_RELIABILITY_SECONDS=600` tries every row of the journal, and random
moments for so long.
"""

from __future__ import annotations

import random
import shutil
import time
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest

from driftline.lab import Fault, FaultKind

from .crash import End, Story, crashed, uninterrupted
from .network import names
from .victim import Kill

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from .conftest import Tally
    from .crash import Death

HOWS: dict[str, dict[str, Any]] = {
    "unit": {"scope": "unit"},
    "site": {"scope": "site"},
    "run": {"scope": "run"},
    "batches": {"batches": {"sizes": [1, 3, "100%"]}},
}
FAULTS = {
    "a refused line": Fault(FaultKind.COMMAND_ERROR, command="^name users-21$"),
    "a commit that lies": Fault(FaultKind.LYING_OK, command="commit timer"),
}
BAD = "sw04"
ONCE = random.Random(4)  # noqa: S311 - repeatable, not secret


class Trials:
    """The same story, again and again, with its process killed at other moments."""

    def __init__(self, what: str, story: Story, folder: Path, tally: Tally) -> None:
        self._what, self._story, self._folder, self._tally = what, story, folder, tally
        self._numbers = count()
        self.end, self.rows = uninterrupted(story, folder / "uninterrupted")

    def crash(self, *deaths: Death) -> None:
        """Let the process die, once or several times; the end must be the same."""
        folder = self._folder / str(next(self._numbers))
        wrong = ""
        try:
            end, died = crashed(self._story, folder, deaths)
        except Exception as error:  # noqa: BLE001 - all trials are made, and what went wrong is told
            wrong, died = f"{error}", 1
        else:
            wrong = self._difference(end)
        self._tally.add(f"killed {self._what}", wrong and f"{deaths}: {wrong}", times=died)
        shutil.rmtree(folder)

    def _difference(self, end: End) -> str:
        if end.outcome != self.end.outcome:
            return f"the run {end.outcome}"
        differing = sorted(name for name in end.state if end.state[name] != self.end.state[name])
        if differing:
            return f"{', '.join(differing)} differ"
        return "" if end.lasting == self.end.lasting else f"changed for good: {end.lasting}"

    def kills(self, *, thorough: bool) -> Iterator[Kill]:
        """Return the moments of death: around every row, or around one of each kind."""
        if thorough:
            for row in range(1, len(self.rows) + 1):
                yield from (Kill(row, after=False), Kill(row, after=True))
            return
        for kind in dict.fromkeys(self.rows):
            for after in (False, True):
                yield Kill(ONCE.randint(1, self.rows.count(kind)), after, kind)


def again(*, thorough: bool) -> Sequence[Kill]:
    """Return whether, and when, the process that resumes dies, too."""
    if not thorough and ONCE.random() < 0.6:
        return ()
    return (Kill(ONCE.randint(1, 30), after=ONCE.random() < 0.5),)


@pytest.mark.parametrize("how", HOWS)
def test_around_the_rows_of_the_journal(how: str, tmp_path: Path, tally: Tally, *, thorough: bool) -> None:
    """Before and after each row, and again while the run is resumed: all devices end as in an uninterrupted run."""
    story = Story(HOWS[how], devices=10 if thorough else 4)
    trials = Trials(f"around a row, {how}", story, tmp_path, tally)
    assert trials.end.outcome == "applied"
    assert set(trials.end.lasting.values()) == {1}

    for kill in trials.kills(thorough=thorough):
        trials.crash(kill, *again(thorough=thorough))

    tally.check()


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("how", HOWS)
def test_a_run_that_fails(how: str, fault: str, tmp_path: Path, tally: Tally, *, thorough: bool) -> None:
    """One device can't be changed: the others end as the scope says, whether the run is cut off or not."""
    story = Story(HOWS[how], devices=10 if thorough else 5, faults={BAD: FAULTS[fault]})
    trials = Trials(f"around a row, {how}, {fault}", story, tmp_path, tally)
    assert trials.end.outcome == "failed"
    changed = {name for name, times in trials.end.lasting.items() if times}
    assert changed == unharmed(how, names(story.devices))

    kills = list(trials.kills(thorough=thorough))
    for kill in kills if thorough else ONCE.sample(kills, 3):
        trials.crash(kill, *again(thorough=thorough))

    tally.check()


def unharmed(how: str, devices: dict[str, str]) -> set[str]:
    """Return the devices that are changed although one can't be: it is in the third batch."""
    if how == "batches":
        return set(list(devices)[:4])
    same = {
        "unit": {BAD},
        "site": {name for name in devices if devices[name] == devices[BAD]},
        "run": set(devices),
    }
    return devices.keys() - same[how]


def test_at_random_moments(tmp_path: Path, tally: Tally, seconds: float) -> None:
    """Whenever the process dies, once or several times."""
    chance = random.Random()  # noqa: S311 - other moments in every test run
    until = time.monotonic() + seconds
    stories = {
        how: Trials(f"at random, {how}", Story(apply), tmp_path / how, tally) for how, apply in HOWS.items()
    }
    while time.monotonic() < until:
        trials = stories[chance.choice(list(stories))]
        trials.crash(*(chance.uniform(0.05, 1.5) for _ in range(chance.randint(1, 3))))

    tally.check()
