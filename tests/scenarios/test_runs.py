"""Runs on record, from the user's seat: history, what a run did, taking it back, and what it left to do."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
import time
from typing import TYPE_CHECKING

from driftline import workflow
from driftline.lab import Fault, FaultKind
from driftline.reports import drift_report
from driftline.settings import read_settings

if TYPE_CHECKING:
    from tests.conftest import Fabric


def drifted(fabric: Fabric) -> dict[str, str]:
    """Make an update, a create and a delete necessary on two devices; return the configurations."""
    fabric.lab["leaf1"].change("interface Ethernet1", "description wrong", "ip access-group FILTER in")
    fabric.lab["leaf1"].change("vlan 66")
    fabric.lab["leaf2"].change("no vlan 20")
    fabric.lab.reset_log()
    return fabric.running()


def run_of(fabric: Fabric) -> str:
    """Return the id of the last run."""
    return str(fabric.run("history", "--output", "json").json["runs"][0]["id"])


def test_a_run_is_in_the_history_with_its_ticket(fabric: Fabric) -> None:
    """Who, when, what for, and how it ended; the report and the record of the run say the same."""
    drifted(fabric)
    told = ("--ticket", "CHG0042", "--comment", "after the audit")
    report = fabric.run("remediate", "--yes", *told, "--output", "json").json
    assert (report["ticket"], report["comment"]) == ("CHG0042", "after the audit")
    (run,) = fabric.run("history", "--output", "json").json["runs"]
    assert (run["id"], run["kind"], run["state"]) == (report["run"], "remediate", "applied")
    assert (run["ticket"], run["comment"], run["summary"]) == ("CHG0042", "after the audit", "2 applied")
    line = fabric.run("history").out.splitlines()[1]
    assert all(word in line for word in (run["id"], "remediate", "applied", "CHG0042", "after the audit"))


def test_the_text_report_has_run_and_ticket(fabric: Fabric) -> None:
    """What is needed to find it again."""
    drifted(fabric)
    out = fabric.run("remediate", "--yes", "--ticket", "CHG7").out
    assert f"run {run_of(fabric)}; CHG7" in out.splitlines()


def test_show_tells_what_a_run_was_to_do_and_did(fabric: Fabric) -> None:
    """The plan, then its record in order; a unique beginning of the id is enough."""
    drifted(fabric)
    assert fabric.run("remediate", "--yes").status == 0
    answer = fabric.run("show", run_of(fabric)[:-3])
    assert answer.status == 0
    assert "│   └── - vlan 66" in answer.out.splitlines()
    kinds = [
        entry["kind"] for entry in fabric.run("show", run_of(fabric), "--output", "json").json["entries"]
    ]
    assert (kinds[0], kinds[-1]) == ("run-begun", "run-ended")
    assert kinds.count("confirmed") == kinds.count("claimed") == 2


def test_an_unknown_run_is_an_error(fabric: Fabric) -> None:
    """With its code and what to try, for every command that takes a run."""
    for command in (["show"], ["resume"], ["rollback"], ["backup", "restore"], ["backup", "show"]):
        names = ["nosuch", "leaf1"] if command[0] == "backup" else ["nosuch"]
        answer = fabric.run(*command, *names)
        assert (answer.status, "RUN-UNKNOWN" in answer.err) == (1, True), command


def test_the_history_can_be_verified(fabric: Fabric) -> None:
    """It holds, also against the head of an earlier check; a row that was changed is found."""
    drifted(fabric)
    assert fabric.run("remediate", "--yes").status == 0
    head = fabric.run("history", "--verify", "--output", "json").json["head"]
    assert fabric.run("history", "--head", head).status == 0
    with sqlite3.connect(fabric.folder / "state" / "journal.db") as journal:
        triggers = journal.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for (name,) in triggers:
            journal.execute(f"DROP TRIGGER {name}")
        journal.execute("UPDATE entries SET unit = 'core1' WHERE kind = 'confirmed'")
    journal.close()
    answer = fabric.run("history", "--verify")
    assert (answer.status, "does not hold" in answer.out) == (1, True)


def test_a_run_is_taken_back(fabric: Fabric) -> None:
    """`rollback RUN` brings back what the run has changed, to the byte, as a run of its own."""
    before = drifted(fabric)
    assert fabric.run("remediate", "--yes").status == 0
    run = run_of(fabric)
    assert fabric.run("rollback", run, "--check").status == 2
    assert fabric.running() != before
    report = fabric.run("rollback", run, "--ticket", "CHG8", "--output", "json").json
    assert (report["kind"], report["of"], report["ticket"]) == ("rollback", run, "CHG8")
    assert fabric.running() == before
    assert f"rollback of {run}" in fabric.run("history").out


def test_what_was_changed_again_is_not_taken_back(fabric: Fabric) -> None:
    """It is named, and nothing is written; with --overwrite it is brought back too."""
    before = drifted(fabric)
    assert fabric.run("remediate", "--yes").status == 0
    run = run_of(fabric)
    fabric.lab["leaf1"].change("interface Ethernet1", "description someone else's")
    fabric.lab.reset_log()
    answer = fabric.run("rollback", run)
    assert answer.status == 1
    assert "ROLLBACK-STALE leaf1 interface Ethernet1: description was None after the run" in answer.err
    assert fabric.lab.counters.writes == 0
    assert fabric.run("rollback", run, "--overwrite").status == 0
    assert fabric.running() == before


def test_a_run_that_ended_is_not_resumed(fabric: Fabric) -> None:
    """There is nothing to go on with."""
    drifted(fabric)
    assert fabric.run("remediate", "--yes").status == 0
    answer = fabric.run("resume", run_of(fabric))
    assert (answer.status, "RUN-ENDED" in answer.err) == (1, True)


def test_a_killed_run_is_resumed_to_the_same_end(fabric: Fabric) -> None:
    """Killed between a commit and its confirm: the history says so, and `resume` brings all in line."""
    drifted(fabric)
    fabric.setting(connection={"timeout": 30, "workers": 1})
    fabric.lab["leaf1"].inject(Fault(FaultKind.TIMEOUT, command="show running-config", skip=2, times=1))
    command = [sys.executable, "-m", "driftline.cli", "remediate", "--yes", "--ticket", "CHG9"]
    process = subprocess.Popen([*command, "--config", str(fabric.folder / "driftline.yml")])
    deadline = time.monotonic() + 30
    while fabric.lab["leaf1"].counters.timed_commits == 0 and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    fabric.lab.clear_faults()
    assert "cut off: resume it" in fabric.run("history").out
    assert fabric.run("rollback", run_of(fabric)).status == 1  # it has to end first
    answer = fabric.run("resume", run_of(fabric), "--output", "json")
    assert answer.status == 0, answer.out
    assert (answer.json["kind"], answer.json["ticket"]) == ("remediate", "CHG9")
    assert fabric.run("drift").status == 0
    assert fabric.run("history", "--verify").status == 0


def test_after_a_run_the_network_is_as_intended(fabric: Fabric) -> None:
    """What was read back is compared with the whole intent, without another request; a fresh look says the same."""
    drifted(fabric)
    report = fabric.run("remediate", "--yes", "--output", "json").json
    assert (report["converged"], report["left"]) == (True, [])
    assert fabric.run("drift").status == 0


def test_a_smaller_run_says_what_it_left(fabric: Fabric) -> None:
    """The objects are listed, each with why it is not as intended yet."""
    drifted(fabric)
    report = fabric.run("remediate", "--yes", "--only", "vlan", "--output", "json").json
    assert report["converged"] is False
    left = [(one["device"], one["name"], one["why"]) for one in report["left"]]
    assert left == [("leaf1", "Ethernet1", "not in the plan")]


def test_a_failed_run_says_what_it_left(fabric: Fabric) -> None:
    """A device that was rolled back is as it was, and that is not as intended."""
    drifted(fabric)
    fabric.lab["leaf1"].inject(Fault(FaultKind.PARTIAL_COMMIT, times=1))
    answer = fabric.run("remediate", "--yes")
    assert answer.status == 4
    assert "not as intended yet: 2 objects" in answer.out.splitlines()
    assert "    leaf1 vlan 66: rolled back" in answer.out.splitlines()


def test_somebody_s_change_during_the_run_is_not_called_converged(fabric: Fabric) -> None:
    """Changed after we looked, and outside of the plan: it is read back with ours, and told."""
    drifted(fabric)
    settings = read_settings(fabric.folder / "driftline.yml")
    loaded = workflow.load(settings)
    try:
        made = workflow.plan(loaded, workflow.detect(loaded), settings)
        fabric.lab["leaf1"].change("interface Ethernet2", "description somebody else's")
        applied = workflow.apply(made, loaded.actual, settings, intended=loaded.intended)
    finally:
        loaded.actual.close()
    assert applied.result.succeeded
    assert applied.converged is False
    assert applied.left is not None
    assert [row.name for row in drift_report(applied.left, 3, {}).rows] == ["Ethernet2"]
