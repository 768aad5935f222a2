"""How far all or nothing reaches, from the user's seat: a device, a site, or the run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from driftline.lab import Fault, FaultKind

if TYPE_CHECKING:
    from tests.conftest import Fabric


def drift_everywhere(fabric: Fabric) -> dict[str, str]:
    """Make drift on all three devices; return the configurations."""
    for device in fabric.lab:
        fabric.lab[device].change("interface Ethernet1", "description wrong")
    fabric.lab.reset_log()
    return fabric.running()


def outcomes(report: Any) -> dict[str, str]:
    """Return how each device ended."""
    return {device["device"]: device["outcome"] for device in report["devices"]}


@pytest.mark.parametrize(("scope", "group"), [("unit", ""), ("site", "site lab"), ("run", "the run")])
def test_the_report_says_with_whom_a_device_changed(fabric: Fabric, scope: str, group: str) -> None:
    """And which guarantee it had."""
    drift_everywhere(fabric)
    report = fabric.run("remediate", "--yes", "--scope", scope, "--output", "json").json
    assert (report["scope"], {device["group"] for device in report["devices"]}) == (scope, {group})
    assert all(device["guarantee"].startswith("commit-confirmed") for device in report["devices"])
    assert fabric.run("drift").status == 0


@pytest.mark.parametrize("scope", ["unit", "site", "run"])
def test_one_device_that_fails_takes_those_back_that_it_changes_with(fabric: Fabric, scope: str) -> None:
    """Each for itself: the others are in line; else: all are as they were. Exit 4."""
    before = drift_everywhere(fabric)
    fabric.lab["leaf2"].inject(Fault(FaultKind.LYING_OK, times=1))
    answer = fabric.run("remediate", "--yes", "--scope", scope, "--output", "json")
    assert answer.status == 4, answer.out
    kept = "applied" if scope == "unit" else "rolled-back"
    assert outcomes(answer.json) == {"core1": kept, "leaf1": kept, "leaf2": "rolled-back"}
    assert fabric.lab["leaf2"].running_config == before["leaf2"]
    assert (fabric.running() == before) is (scope != "unit")
    assert {state for device in fabric.lab for state in fabric.lab[device].sessions.values()} == {"completed"}


def test_nothing_of_a_whole_is_written_when_a_part_of_it_can_not_be_read(
    fabric: Fabric, tmp_path: Any
) -> None:
    """A saved plan for three devices, of which one does not answer: with scope run the others are left alone."""
    drift_everywhere(fabric)
    plan = str(tmp_path / "plan.json")
    assert fabric.run("plan", "--out", plan).status == 2
    fabric.lab["leaf1"].inject(Fault(FaultKind.UNAUTHORIZED))
    fabric.lab.reset_log()
    answer = fabric.run("apply", plan, "--scope", "run", "--output", "json")
    assert answer.status == 3, answer.out
    assert {failure["device"]: failure["code"] for failure in answer.json["failures"]} == {
        "leaf1": "DEVICE-AUTH",
        "core1": "TOGETHER",
        "leaf2": "TOGETHER",
    }
    assert fabric.lab.counters.writes == 0
    assert (
        fabric.run("apply", plan, "--output", "json").status == 3
    )  # each for itself: the other two are changed
    assert fabric.run("drift", "--limit", "core1,leaf2").status == 0


def test_the_scope_can_be_set_for_all_runs(fabric: Fabric) -> None:
    """In the settings; an unknown one is an error that names those that there are."""
    drift_everywhere(fabric)
    fabric.setting(apply={"scope": "everything"})
    answer = fabric.run("remediate", "--yes")
    assert (answer.status, "expected 'unit', 'site' or 'run'" in answer.err) == (1, True)
    fabric.setting(apply={"scope": "run"})
    assert fabric.run("remediate", "--yes", "--output", "json").json["scope"] == "run"
