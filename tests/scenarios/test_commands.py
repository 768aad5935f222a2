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
    for command in ("validate", "drift", "plan", "apply", "remediate", "lab"):
        assert f"\n    {command}" in shown


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
