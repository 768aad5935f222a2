"""One script with everybody's plugins: ours beside those of nornir-rich, nornir-napalm and nornir-utils."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING

from nornir.core.task import Result, Task
from nornir_napalm.plugins.tasks import napalm_get
from nornir_rich.progress_bar import RichProgressBar
from nornir_utils.plugins.functions import print_result
from rich.console import Console

from driftline.lab import Fault, FaultKind
from driftline.nornir import DriftlineProcessor, detect_drift, remediate

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest
    from nornir.core import Nornir

    from tests.conftest import Fabric


def test_one_script_with_the_plugins_of_others(
    fabric: Fabric, nornir: Callable[..., Nornir], capfd: pytest.CaptureFixture[str]
) -> None:
    """A task of the user's own uses NAPALM's getters and ours on one connection, under two processors."""

    def visit(task: Task) -> Result:
        facts = task.run(task=napalm_get, getters=["facts"])[0].result["facts"]
        drift = task.run(task=detect_drift)
        if drift.diff:
            task.run(task=remediate)
        return Result(task.host, result=facts["hostname"])

    fabric.lab["leaf1"].change("interface Ethernet1", "description temporary")
    events = io.StringIO()
    nr = nornir().with_processors([RichProgressBar(), DriftlineProcessor(events=events)])
    results = nr.filter(site="ams").run(task=visit)
    print_result(results)
    nr.with_processors([]).close_connections()
    printed = capfd.readouterr().out
    assert not results.failed
    assert results["leaf1"].changed
    assert not results["leaf2"].changed
    assert "Completed:" in printed
    assert "description: temporary → " in printed
    assert "* leaf1 ** changed : True" in printed
    told = [json.loads(line) for line in events.getvalue().splitlines()]
    assert [each["event"] for each in told if each.get("host") == "leaf2"] == [
        "host-started",
        *["subtask-started", "subtask-completed"] * 2,
        "host-completed",
    ]
    assert [each["host"] for each in told if each["event"] == "subtask-completed" and each.get("run")] == [
        "leaf1"
    ]


def test_events_tell_machines_what_became_of_every_host(
    fabric: Fabric, nornir: Callable[..., Nornir]
) -> None:
    """Each line is an event with its time; a failed host has the code of its error."""
    fabric.lab["leaf1"].change("interface Ethernet1", "shutdown")
    fabric.lab["leaf2"].inject(Fault(FaultKind.REFUSED))
    file = fabric.folder / "events.jsonl"
    nornir().with_processors([DriftlineProcessor(events=file)]).run(task=remediate)
    told = [json.loads(line) for line in file.read_text().splitlines()]
    assert told[0]["event"] == "task-started"
    assert told[0]["hosts"] == 3
    ends = {each["host"]: each for each in told if each["event"] == "host-completed"}
    assert ends["leaf2"]["error"]["code"] == "DEVICE-UNREACHABLE"
    assert ends["leaf1"]["changed"]
    assert ends["leaf1"]["run"]
    assert told[-1] == {
        **told[-1],
        "event": "task-completed",
        "task": "remediate",
        "changed": 1,
        "failed": ["leaf2"],
    }
    assert all(each["at"].endswith("+00:00") for each in told)


def test_errors_of_others_are_told_by_their_kind_only(nornir: Callable[..., Nornir]) -> None:
    """Nobody knows what is in their text."""

    def broken(task: Task) -> Result:
        raise ValueError("password hunter2")

    events = io.StringIO()
    nornir().with_processors([DriftlineProcessor(events=events)]).run(task=broken)
    assert "hunter2" not in events.getvalue()
    assert '"error": {"code": "ValueError", "message": ""}' in events.getvalue()


def test_progress_is_shown_on_a_terminal_only(nornir: Callable[..., Nornir]) -> None:
    """In a pipe nothing is written; on a terminal there is a bar."""
    for terminal in (True, False):
        file = io.StringIO()
        console = Console(file=file, force_terminal=terminal, width=100)
        nornir().with_processors([DriftlineProcessor(console=console)]).run(task=detect_drift)
        assert ("detect_drift" in file.getvalue()) is terminal
        assert ("3/3" in file.getvalue()) is terminal
