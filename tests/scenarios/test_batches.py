"""Batches, from the user's seat: a few devices first, looked at before the next ones, and taken back when they fail."""

from __future__ import annotations

import subprocess
import sys
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from driftline import readiness
from driftline.lab import Fault, FaultKind
from driftline.runs import Window

if TYPE_CHECKING:
    from tests.conftest import Fabric

HEALTHY = {"command": "show running-config", "reject": "description wrong"}
SICK: dict[str, Any] = {"devices": "leaf1", "command": "show running-config", "expect": "^nothing like this$"}


def drift_everywhere(fabric: Fabric) -> dict[str, str]:
    """Make drift on all three devices; return the configurations."""
    for device in fabric.lab:
        fabric.lab[device].change("interface Ethernet1", "description wrong")
    fabric.lab.reset_log()
    return fabric.running()


def groups(report: Any) -> dict[str, str]:
    """Return the batch of each device."""
    return {device["device"]: device["group"] for device in report["devices"]}


def outcomes(report: Any) -> dict[str, str]:
    """Return how each device ended."""
    return {device["device"]: device["outcome"] for device in report["devices"]}


def refused(fabric: Fabric, *arguments: str) -> str:
    """Return the error of a command that must not have written anything."""
    answer = fabric.run("remediate", "--yes", *arguments)
    assert answer.status == 1, answer.out
    assert fabric.lab.counters.writes == 0
    return answer.err


def test_a_run_in_batches(fabric: Fabric) -> None:
    """The report has each device's batch and guarantee, in the order of change."""
    drift_everywhere(fabric)
    report = fabric.run("remediate", "--yes", "--batch", "1,50%,100%", "--output", "json").json
    assert groups(report) == {"core1": "batch 1", "leaf1": "batch 2", "leaf2": "batch 2"}
    assert {device["guarantee"][:16] for device in report["devices"]} == {"commit-confirmed"}
    assert fabric.run("drift").status == 0


def test_the_text_report_has_the_batch(fabric: Fabric) -> None:
    """Beside the guarantee of each device."""
    drift_everywhere(fabric)
    out = fabric.run("remediate", "--yes", "--batch", "1,100%").out
    assert any(
        line.startswith("core1: applied and read back (commit-confirmed, ") for line in out.splitlines()
    )
    assert "; batch 1)" in out


def test_the_two_ends_of_an_mlag_pair_are_never_in_one_batch(fabric: Fabric) -> None:
    """They are known by the devices' own MLAG configuration."""
    for device, peer in (("leaf1", "10.0.10.2"), ("leaf2", "10.0.10.1")):
        fabric.lab[device].change("mlag configuration", "domain-id pair1", f"peer-address {peer}")
    drift_everywhere(fabric)
    report = fabric.run("remediate", "--yes", "--batch", "100%", "--output", "json").json
    assert groups(report) == {"core1": "batch 1", "leaf1": "batch 1", "leaf2": "batch 2"}


def test_good_health_lets_the_next_batch_go(fabric: Fabric) -> None:
    """A command's output is looked at while the change can still be taken back."""
    drift_everywhere(fabric)
    fabric.setting(apply={"batches": {"sizes": [1, "100%"], "health": [HEALTHY]}})
    assert fabric.run("remediate", "--yes").status == 0


@pytest.mark.parametrize(
    "check",
    [
        SICK,
        {"devices": "leaf1", "getter": "get_facts", "path": "hostname", "value": "leaf9"},
        {"devices": "leaf1", "hook": "tests.scenarios.test_batches:no_health"},
    ],
    ids=["command", "getter", "hook"],
)
def test_bad_health_takes_the_batch_back_and_stops(fabric: Fabric, check: dict[str, Any]) -> None:
    """The earlier batch stays, the sick device's batch is as it was, the later ones are not begun; exit 4."""
    before = drift_everywhere(fabric)
    fabric.setting(apply={"batches": {"sizes": [1], "health": [check]}})
    answer = fabric.run("remediate", "--yes", "--output", "json")
    assert answer.status == 4, answer.out
    assert outcomes(answer.json) == {"core1": "applied", "leaf1": "rolled-back", "leaf2": "skipped"}
    assert "HEALTH" in answer.out
    assert {name: text for name, text in fabric.running().items() if text == before[name]}.keys() == {
        "leaf1",
        "leaf2",
    }
    assert answer.json["reverted"] is None


def no_health(device: str, driver: Any) -> str:
    """Be a hook that finds something wrong."""
    return f"{device} answers {driver.get_facts()['hostname']!r}, and I don't like it"


def test_earlier_batches_are_taken_back_where_that_is_asked_for(fabric: Fabric) -> None:
    """Everything is as before, and the way back is on record as a run of its own."""
    before = drift_everywhere(fabric)
    fabric.setting(apply={"batches": {"sizes": [1], "health": [SICK], "on_failure": "revert"}})
    answer = fabric.run("remediate", "--yes", "--ticket", "CHG5", "--output", "json")
    assert answer.status == 4, answer.out
    assert fabric.running() == before
    back = answer.json["reverted"]
    assert (outcomes(back), back["ticket"]) == ({"core1": "applied"}, "CHG5")
    runs = fabric.run("history", "--output", "json").json["runs"]
    assert [(run["kind"], run["of"]) for run in runs] == [("rollback", answer.json["run"]), ("remediate", "")]


def test_an_earlier_batch_that_can_not_be_taken_back_is_exit_5(fabric: Fabric) -> None:
    """The report names the device, and why; the guards of the settings do not stand in the way back."""
    drift_everywhere(fabric)
    fabric.setting(
        apply={"batches": {"sizes": [1], "health": [SICK], "on_failure": "revert"}}, guards={"max_devices": 3}
    )
    fabric.lab["core1"].inject(Fault(FaultKind.COMMAND_ERROR, command="^description wrong$"))
    answer = fabric.run("remediate", "--yes", "--output", "json")
    assert answer.status == 5, answer.out
    assert outcomes(answer.json["reverted"]) == {"core1": "rolled-back"}


def test_a_batch_whose_window_has_closed_is_not_begun(
    fabric: Fabric, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Windows are looked at before the first write, and again when a batch's turn comes."""
    drift_everywhere(fabric)
    fabric.setting(apply={"batches": {"sizes": [1]}})
    today = datetime.now(UTC)
    clock = iter([today, today])  # for the whole run, for the first batch; the next one is a year later

    class Clock(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return next(clock, today.replace(year=today.year + 1, day=1))

    day = today.date()
    window = Window.model_validate({"allow": "*", "dates": f"{day}..{day}"})
    monkeypatch.setattr(readiness, "datetime", Clock)
    with_window(fabric, window)
    answer = fabric.run("remediate", "--yes", "--output", "json")
    assert answer.status == 3, answer.out
    assert outcomes(answer.json) == {"core1": "applied", "leaf1": "not-reached", "leaf2": "skipped"}
    assert answer.json["devices"][1]["error"]["code"] == "GUARD-WINDOW"
    assert fabric.lab["leaf1"].counters.sessions_opened == 0


def with_window(fabric: Fabric, window: Window) -> None:
    """Write a change window into the settings."""
    file = fabric.folder / "driftline.yml"
    told = window.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    file.write_text(file.read_text() + f"windows: [{told}]\n")


def test_outside_of_the_window_nothing_is_written_but_with_a_ticket(fabric: Fabric) -> None:
    """The error says which window, and when it opens; --override-window goes on record."""
    drift_everywhere(fabric)
    with_window(fabric, Window.model_validate({"allow": "leaf", "dates": "2020-01-01"}))
    assert "GUARD-WINDOW" in refused(fabric)
    assert fabric.run("remediate", "--yes", "--limit", "core1").status == 0  # it has no window
    answer = fabric.run("remediate", "--yes", "--override-window", "EMERG1", "--output", "json")
    assert (answer.status, answer.json["ticket"]) == (0, "EMERG1")


REFUSALS = [
    (["--scope", "run", "--batch", "1,100%"], "SETTINGS-APPLY"),
    (["--scope", "site", "--batch", "1,100%"], "SETTINGS-APPLY"),
    (["--batch", "banana"], "BATCH-SIZES"),
    (["--batch", "0"], "BATCH-SIZES"),
]


@pytest.mark.parametrize(("arguments", "code"), REFUSALS)
def test_what_contradicts_itself_is_refused(fabric: Fabric, arguments: list[str], code: str) -> None:
    """A whole can't be cut into batches that are confirmed; sizes are numbers or percentages."""
    drift_everywhere(fabric)
    assert code in refused(fabric, *arguments)


def test_a_health_check_that_can_not_be_asked_is_found_before_anything_is_written(fabric: Fabric) -> None:
    """A hook of a mistyped name must not be found out half-way."""
    drift_everywhere(fabric)
    fabric.setting(apply={"batches": {"sizes": [1], "health": [{"hook": "nosuch:thing"}]}})
    assert "PLUGIN-BROKEN" in refused(fabric)
    assert fabric.run("history", "--output", "json").json["runs"] == []


def test_a_killed_run_is_resumed_and_taken_back_all_the_same(fabric: Fabric) -> None:
    """As it was begun: outside of its window with a ticket, and with earlier batches to be reverted."""
    before = drift_everywhere(fabric)
    with_window(fabric, Window.model_validate({"allow": "*", "dates": "2020-01-01"}))
    fabric.setting(
        apply={"batches": {"sizes": [1], "health": [SICK], "on_failure": "revert"}},
        connection={"timeout": 30},
    )
    fabric.lab["leaf1"].inject(Fault(FaultKind.TIMEOUT, command="show running-config", skip=3, times=1))
    command = [sys.executable, "-m", "driftline.cli", "remediate", "--yes", "--override-window", "EMERG2"]
    process = subprocess.Popen([*command, "--config", str(fabric.folder / "driftline.yml")])
    deadline = time.monotonic() + 30
    while fabric.lab["leaf1"].counters.timed_commits == 0 and time.monotonic() < deadline:
        time.sleep(0.02)
    process.kill()
    process.wait()
    fabric.lab.clear_faults()
    fabric.setting(apply={"batches": None})  # what counts is what the run was begun with
    run = fabric.run("history", "--output", "json").json["runs"][0]["id"]
    answer = fabric.run("resume", run, "--output", "json")
    assert answer.status == 4, answer.out
    assert outcomes(answer.json) == {"core1": "applied", "leaf1": "rolled-back", "leaf2": "skipped"}
    assert outcomes(answer.json["reverted"]) == {"core1": "applied"}
    assert fabric.running() == before
