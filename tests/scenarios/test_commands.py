"""The command line as a shell sees it: exit statuses, streams, signals, and the lab's commands."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from driftline.lab import Fault, FaultKind
from tests.conftest import CANARY

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Fabric

DRIFTLINE = [sys.executable, "-m", "driftline.cli"]
COMMANDS = (
    *("validate", "discover", "adopt", "drift", "plan", "apply", "remediate"),
    *("history", "show", "resume", "rollback", "backup", "lab"),
)


def test_usage_errors_are_exit_64(fabric: Fabric) -> None:
    """A mistyped option can't be mistaken for drift."""
    assert fabric.run("drift", "--nonsense").status == 64
    assert fabric.run("frobnicate").status == 64
    assert fabric.run("drift", "--workers", "0").status == 64
    assert fabric.run("lab", "nonsense").status == 64


def test_validate_counts_what_is_intended(fabric: Fabric) -> None:
    """A valid intent is exit 0, offline."""
    answer = fabric.run("validate")
    assert answer.status == 0
    assert answer.out == "The intent is valid: 1 site, 3 devices, 19 interfaces, 10 addresses, 5 vlans\n"
    assert fabric.lab.counters.requests == 0


def test_json_is_all_there_is_on_stdout(fabric: Fabric) -> None:
    """With --output json every command prints one JSON document, errors included."""
    fabric.lab["leaf2"].change("interface Ethernet1", "shutdown")
    drift = fabric.run("drift", "--output", "json").json
    assert drift["drift"] == [
        {
            "site": "lab",
            "device": "leaf2",
            "model": "interface",
            "name": "Ethernet1",
            "action": "update",
            "changes": {"enabled": {"actual": False, "intended": True}},
        }
    ]
    assert fabric.run("plan", "--output", "json").json["format"] == "driftline-plan"
    assert fabric.run("remediate", "--check", "--output", "json").json["steps"]
    assert fabric.run("validate", "--output", "json").json["valid"] is True
    assert fabric.run("apply", "nosuch.json", "--output", "json").json["error"]["code"] == "PLAN-MISSING"


def test_every_command_has_one_json_document(fabric: Fabric, tmp_path: Path) -> None:
    """Results and errors alike; nothing else is on stdout."""
    plan, new = str(tmp_path / "plan.json"), str(tmp_path / "new")
    fabric.lab["leaf2"].change("interface Ethernet1", "shutdown")
    run = "nosuch"
    for status, command in (
        (2, ["plan", "--native", "--out", plan]),
        (0, ["plan", "show", plan]),
        (0, ["plan", "diff", plan, plan]),
        (1, ["plan", "sign", plan]),
        (2, ["apply", "--check", plan]),
        (2, ["remediate", "--check"]),
        (0, ["apply", plan]),
        (1, ["apply", plan]),
        (0, ["history"]),
        (0, ["history", "--verify"]),
        (0, ["show", "RUN"]),
        (0, ["backup", "list"]),
        (0, ["backup", "show", "RUN", "leaf2"]),
        (2, ["rollback", "--check", "RUN"]),
        (0, ["rollback", "RUN"]),
        (1, ["resume", "RUN"]),
        (0, ["backup", "restore", "RUN", "leaf2"]),
        (2, ["adopt", "--check"]),
        (0, ["adopt", "--yes"]),
        (0, ["remediate"]),
        (0, ["discover", "--to", new]),
        (1, ["discover", "--to", new]),
        (0, ["validate"]),
        (0, ["drift"]),
    ):
        answer = fabric.run(*(run if word == "RUN" else word for word in command), "--output", "json")
        assert answer.status == status, (command, answer.out)
        run = answer.json.get("run", run) if command[0] == "apply" else run
        assert ("error" in answer.json) is (status == 1), command


def test_a_mistyped_setting_is_named_with_the_right_one(fabric: Fabric) -> None:
    """Also deep inside of lists, and by the names that are written in the file."""
    file = fabric.folder / "driftline.yml"
    text = file.read_text()
    for wrong, told in (
        (
            "windows: [{allow: '*', form: '02:00'}]",
            "windows: 0: form: this key is not known here\n    try: did you mean 'from'?",
        ),
        (
            "windows: [{allow: '*', deny: '*'}]",
            'windows: 0: either allow or deny must say for which devices; "*" means all\n',
        ),
        ("apply: {batches: {health: [{command: show clock, exspect: x}]}}", "did you mean 'expect'?"),
    ):
        file.write_text(
            f"{text}{wrong}\n" if wrong[0] == "w" else text.replace("apply:\n  revert_in: 10", wrong)
        )
        answer = fabric.run("drift")
        assert (answer.status, told in answer.err) == (1, True), answer.err


def test_what_is_remembered_is_for_this_user_alone(fabric: Fabric) -> None:
    """The state folder and those that are made above it, whichever command makes it first."""
    for number, command in enumerate((["validate"], ["drift"], ["history"], ["remediate", "--yes"])):
        state = fabric.folder / f"state{number}"
        fabric.setting()
        file = fabric.folder / "driftline.yml"
        file.write_text(file.read_text().replace("state_dir: ", f"state_dir: {state}/below #"))
        assert fabric.run(*command).status == 0
        modes = {path: path.stat().st_mode & 0o777 for path in (state, *state.rglob("*"))}
        assert {path.name for path, mode in modes.items() if mode & 0o077} == set(), command
        file.write_text(file.read_text().replace(f"state_dir: {state}/below #", "state_dir: "))


def test_no_traceback_without_two_v(fabric: Fabric, monkeypatch: pytest.MonkeyPatch) -> None:
    """A defect of ours is an error with a code as any other; -vv shows where it was."""

    def broken(*_arguments: object, **_more: object) -> None:
        raise ZeroDivisionError("oops")

    monkeypatch.setattr("driftline.workflow.load", broken)
    answer = fabric.run("drift")
    assert (answer.status, answer.err.splitlines()[0]) == (1, "UNEXPECTED ZeroDivisionError: oops")
    with pytest.raises(ZeroDivisionError):
        fabric.run("drift", "-vv")


def test_a_discovered_intent_is_without_drift(fabric: Fabric, tmp_path: Path) -> None:
    """The way in: the intent of a network as it is, written and at once in line with it."""
    fabric.lab["leaf1"].change("interface Ethernet1", "description nobody knows why")
    assert fabric.run("discover", "--to", str(tmp_path / "found")).status == 0
    fabric.setting(intended={"path": "found"})
    assert fabric.run("validate").status == 0
    assert fabric.run("drift").out == "3 devices, all in sync\n"


def test_drift_is_adopted_into_the_intent(fabric: Fabric) -> None:
    """The chosen part of it; --check shows the change to the files and makes none."""
    fabric.lab["leaf1"].change("interface Ethernet1", "description printer")
    fabric.lab["leaf2"].change("interface Ethernet1", "description other")
    intent = fabric.device_file("leaf1").read_text()
    answer = fabric.run("adopt", "--check", "--limit", "leaf1")
    assert (answer.status, "printer" in answer.out) == (2, True)
    assert fabric.device_file("leaf1").read_text() == intent
    assert fabric.run("adopt", "--yes", "--limit", "leaf1").status == 0
    assert fabric.run("drift", "--limit", "leaf1").status == 0
    assert fabric.run("adopt", "--yes", "--object", "Ethernet9").status == 0
    assert fabric.run("drift").status == 2
    assert fabric.run("adopt", "--yes", "--only", "interface", "--attribute", "description").status == 0
    assert fabric.run("drift").status == 0


def test_no_colour_and_no_progress_without_a_terminal(fabric: Fabric) -> None:
    """In a pipe there are no escape codes, and nothing on stderr."""
    fabric.lab["leaf2"].change("interface Ethernet1", "shutdown")
    answer = fabric.run("drift")
    assert "\x1b" not in answer.out
    assert answer.err == ""


@pytest.mark.parametrize("verbosity", [["-v"], ["-vv"], ["--output", "json", "-vv"]])
def test_secrets_are_in_no_output(fabric: Fabric, verbosity: list[str]) -> None:
    """At any verbosity, also when a device fails or refuses the login, the password is not shown."""
    fabric.lab["leaf1"].change("interface Ethernet1", "shutdown")
    fabric.lab["leaf1"].inject(Fault(FaultKind.PARTIAL_COMMIT, times=1))
    fabric.lab["leaf2"].inject(Fault(FaultKind.UNAUTHORIZED))
    answer = fabric.run("remediate", "--yes", *verbosity)
    assert answer.status == 4
    assert CANARY not in answer.out + answer.err


def test_help_names_every_command() -> None:
    """The help lists what there is."""
    shown = subprocess.run([*DRIFTLINE, "--help"], capture_output=True, text=True, check=True).stdout
    for command in COMMANDS:
        assert f"\n    {command}" in shown
    help_of_each = [
        subprocess.run([*DRIFTLINE, name, "--help"], capture_output=True, check=False) for name in COMMANDS
    ]
    assert [one.returncode for one in help_of_each] == [0] * len(COMMANDS)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_finishes_what_is_under_way(fabric: Fabric, number: signal.Signals) -> None:
    """Ctrl-C lets the device under way finish, does not begin the others, and exits 130."""
    for device in fabric.lab:
        fabric.lab[device].change("interface Ethernet1", "description wrong")
        fabric.lab[device].latency = 0.1
    fabric.setting(connection={"workers": 1})
    config = str(fabric.folder / "driftline.yml")
    process = subprocess.Popen(
        [*DRIFTLINE, "remediate", "--yes", "--config", config],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    first = fabric.lab["core1"]
    deadline = time.monotonic() + 30
    while first.counters.sessions_opened == 0 and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(number)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 130, out + err
    assert "Traceback" not in err
    assert "description wrong" not in first.running_config
    assert first.counters.confirms == 1
    assert fabric.lab["leaf2"].counters.sessions_opened == 0
    assert "not tried: the run was interrupted" in out


def test_an_interrupt_while_reading_asks_no_further_devices(fabric: Fabric) -> None:
    """Ctrl-C while devices are read lets the one under way answer, asks no other, and exits 130."""
    for device in fabric.lab:
        fabric.lab[device].latency = 0.3
    fabric.setting(connection={"workers": 1})
    process = subprocess.Popen(
        [*DRIFTLINE, "drift", "--config", str(fabric.folder / "driftline.yml")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 30
    while fabric.lab.counters.requests == 0 and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 130, out + err
    assert "Traceback" not in err
    assert fabric.lab["leaf2"].counters.requests == 0


def test_a_lab_of_one_s_own(tmp_path: Path) -> None:
    """`lab up` writes a topology, settings and hosts; change, show, fault, counters and down work on it."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("DRIFTLINE_")}

    def driftline(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*DRIFTLINE, *arguments],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

    up = driftline("lab", "up", "--background", "--topology", "2x2x6", "--intent", "intent", "--port", "8291")
    assert up.returncode == 0, up.stderr
    try:
        assert "4 simulated devices are up" in up.stderr
        assert driftline("drift").stdout == "4 devices, all in sync\n"
        assert driftline("lab", "change", "ams-leaf1", "interface Ethernet1", "shutdown").returncode == 0
        assert "   shutdown" in driftline("lab", "show", "ams-leaf1").stdout
        refused = driftline("lab", "change", "ams-leaf1", "interface Ethernet1", "mtu banana")
        assert refused.returncode == 1
        assert "LAB-" in refused.stderr
        assert driftline("drift").returncode == 2
        assert driftline("lab", "fault", "ams-leaf1", "partial-commit", "--times", "1").returncode == 0
        assert driftline("remediate", "--yes").returncode == 4
        assert driftline("remediate", "--yes", "--limit", "fra").returncode == 0
        assert driftline("remediate", "--yes", "--limit", "ams-leaf1").returncode == 0
        assert "confirms 1" in driftline("lab", "counters").stdout
        assert "ams-leaf1" in driftline("lab", "devices").stdout
        again = driftline("lab", "up", "--topology", "1x2x6", "--intent", "intent", "--port", "8291")
        assert again.returncode == 1
        assert "LAB-INTENT-EXISTS" in again.stderr
    finally:
        down = driftline("lab", "down")
    assert down.returncode == 0
    gone = driftline("lab", "devices")
    assert gone.returncode == 1
    assert "Traceback" not in gone.stderr


def test_the_lab_with_tls_is_verified(tmp_path: Path) -> None:
    """Over HTTPS the certificate is checked: refused without the lab's authority, accepted with it."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("DRIFTLINE_")}

    def driftline(*arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*DRIFTLINE, *arguments],
            cwd=tmp_path,
            env={**environment, **more},
            capture_output=True,
            text=True,
            check=False,
        )

    up = driftline(
        "lab", "up", "--background", "--tls", "--topology", "1x2x6", "--intent", "intent", "--port", "8292"
    )
    assert up.returncode == 0, up.stderr
    try:
        untrusted = driftline("drift", DRIFTLINE_CONNECTION__CA_FILE="")
        assert untrusted.returncode == 3
        assert "DEVICE-TLS" in untrusted.stdout
        authority = next(line.split()[-1] for line in up.stderr.splitlines() if "authority" in line)
        trusted = driftline("drift", DRIFTLINE_CONNECTION__CA_FILE=authority)
        assert trusted.returncode == 0, trusted.stdout
    finally:
        driftline("lab", "down")
