"""What can't be seen is not gone: a device that is not read whole is never told to delete anything."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from driftline import workflow
from driftline.cli.exit_status import ExitStatus
from driftline.engine.results import UnitOutcome
from driftline.lab import Fault, FaultKind
from driftline.lab import cli as lab_cli
from driftline.reading import load_for

from .stage import Run, Stage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from driftline.lab import SimulatedDevice

    from .conftest import Tally

BAD = "sw01"
K = FaultKind


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Six devices at three sites; the plan deletes four objects on each."""
    made = Stage.boot(tmp_path_factory.mktemp("absence"), 6)
    yield made
    made.network.lab.stop()


# Ways to be absent -------------------------------------------------------------------------------------------


def faulty(kind: FaultKind, command: str = "") -> Callable[[SimulatedDevice], AbstractContextManager[None]]:
    """Return a way to be absent that is a fault."""

    @contextmanager
    def absent(device: SimulatedDevice) -> Iterator[None]:
        device.inject(Fault(kind, command=command))
        yield
        device.clear_faults()

    return absent


def edited(edit: Callable[[str], str]) -> Callable[[SimulatedDevice], AbstractContextManager[None]]:
    """Return a way to be absent in which the running configuration is shown otherwise than it is."""

    @contextmanager
    def absent(device: SimulatedDevice) -> Iterator[None]:
        original = lab_cli._running

        def shown(other: SimulatedDevice, command: str) -> str:
            text = original(other, command)
            return edit(text) if other is device else text

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(lab_cli, "_running", shown)
            device._cache.clear()
            yield
        device._cache.clear()

    return absent


ABSENT = {
    "port closed": faulty(K.REFUSED),
    "credentials refused": faulty(K.UNAUTHORIZED),
    "hangs up": faulty(K.RESET_BEFORE, "show running-config"),
    "answer lost": faulty(K.RESET_AFTER, "show running-config"),
    "show refused": faulty(K.COMMAND_ERROR, "show running-config"),
    "empty configuration": faulty(K.EMPTY, "show running-config"),
    "empty interfaces": faulty(K.EMPTY, "show interfaces"),
    "empty version": faulty(K.EMPTY, "show version"),
    "empty name": faulty(K.EMPTY, "show hostname"),
    "cut in the middle": edited(lambda text: text[: len(text) // 2]),
    "only comments": edited(lambda text: "\n".join(text.splitlines()[:4]) + "\nend\n"),
    "no interfaces": edited(lambda text: text.partition("interface ")[0] + "end\n"),
    "another box": edited(lambda text: text.replace("hostname sw01", "hostname sw99")),
}
READ_ONCE = "another box"
"""It is found when the device is about to be changed; what it is said to be when it is loaded is asked otherwise."""


@pytest.mark.parametrize("way", [way for way in ABSENT if way != READ_ONCE])
def test_in_a_plan(stage: Stage, way: str, tally: Tally) -> None:
    """It has no step in the plan, the reason is told, and the plan for the others is the same as ever."""
    with ABSENT[way](stage.network.lab[BAD]):
        loaded = workflow.load(stage.settings("unit"))
        try:
            made = workflow.plan(loaded, workflow.detect(loaded), stage.settings("unit"))
        finally:
            loaded.actual.close()
    tally.add("a device is absent from a plan", str(made.units.get(BAD, "")))
    assert set(loaded.failures) == {BAD}
    assert loaded.failures[BAD].hint
    assert set(made.units) == stage.before.keys() - {BAD}
    assert [step.id for step in made.steps] == [step.id for step in stage.plan.steps if step.unit != BAD]

    tally.check()


def test_wherever_it_is_cut(stage: Stage, tally: Tally) -> None:
    """Half a configuration looks like one with less in it: it deletes nothing, wherever it is cut."""
    lines = stage.network.lab[BAD].running_config.count("\n") + 6
    settings = stage.settings("unit")
    for kept in range(0, lines - 1, 5):
        cut = edited(lambda text, kept=kept: "\n".join(text.splitlines()[:kept]))
        with cut(stage.network.lab[BAD]):
            loaded = workflow.load(settings, limit=BAD)
            try:
                steps = workflow.plan(loaded, workflow.detect(loaded), settings).steps
            finally:
                loaded.actual.close()
        deleted = [step.name for step in steps if step.action == "delete"]
        tally.add("a configuration is cut", f"after {kept} lines: {deleted}" if deleted else "")
        assert set(loaded.failures) == {BAD}

    tally.check()


@pytest.mark.parametrize("way", ABSENT)
@pytest.mark.parametrize("scope", ["unit", "site", "run"])
def test_in_a_run(stage: Stage, scope: str, way: str, tally: Tally) -> None:
    """Nothing is written to it nor to any device that changes together with it; the others are changed."""
    lab = stage.network.lab
    lab.reset_log()
    with ABSENT[way](lab[BAD]):
        run = apply(stage, scope)
    together = stage.group(scope, BAD)
    written = {
        name: str(lab[name].counters)
        for name in together
        if lab[name].counters.writes or lab[name].counters.timed_commits
    }
    wrong = str(written) if written else ""
    if run.named(UnitOutcome.APPLIED) != stage.before.keys() - together:
        wrong += f" applied: {sorted(run.named(UnitOutcome.APPLIED))}"
    tally.add(f"a device is absent from a run, {scope}", wrong)
    assert run.status in (ExitStatus.INCOMPLETE, ExitStatus.ROLLED_BACK)
    stage.put_back()

    tally.check()


def apply(stage: Stage, scope: str) -> Run:
    """Apply the plan to devices that are read first."""
    settings: Any = stage.settings(scope)
    actual = load_for(stage.plan, settings)
    try:
        return Run(stage, settings, workflow.apply(stage.plan, actual, settings))
    finally:
        actual.close()
