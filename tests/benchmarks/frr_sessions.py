"""What does a run cost on real routers, over SSH, beside plain Nornir and Netmiko on the same routers?

    python tests/benchmarks/frr_sessions.py [--routers 20] [--rounds 3]

Needs what `driftline lab frr up` needs. Each side of each round runs in a fresh process, the sides in turn.
Reading: facts, interfaces and the running configuration. Changing: a description on every router, saved.
driftline compares, arms a timer on every router, applies, reads back, confirms and reads again; the rival sends,
saves and reads once. The routers run on the same machine, and share its processors with both.
"""

from __future__ import annotations

import argparse
import importlib
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import yaml

from driftline.lab.frr import RouterLab, why_not

if TYPE_CHECKING:
    from collections.abc import Callable

INTENT = """\
site: lab
role: router
platform: frr
interfaces:
  eth0: {{description: {text}}}
"""


def main() -> None:
    """Start the routers, measure both sides in turn, and print the medians."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--routers", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--side", nargs=3, metavar=("SIDE", "FOLDER", "TEXT"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.side:
        side, folder, text = arguments.side
        print(json.dumps(measured(SIDES[side], Path(folder), text)))
        return
    reason = why_not()
    if reason is not None:
        sys.exit(f"no routers here: {reason.message}; {reason.hint}")
    with tempfile.TemporaryDirectory() as folder:
        run(Path(folder), arguments.routers, arguments.rounds)


def run(folder: Path, number: int, rounds: int) -> None:
    """Measure with so many routers."""
    lab = RouterLab(folder / "lab", network="198.18.96.0/24", prefix="frb")
    try:
        began = time.perf_counter()
        lab.up(number)
        print(f"{number} routers up in {time.perf_counter() - began:.1f} s")
        write_settings(folder, lab)
        found: dict[str, list[dict[str, float]]] = {side: [] for side in SIDES}
        for turn in range(rounds):
            for side in SIDES:
                text = f"{side}-{turn}"
                if side == "driftline-read":
                    write_intent(folder, lab, f"plain-change-{turn - 1}" if turn else "none")
                elif side == "driftline-change":
                    write_intent(folder, lab, text)
                found[side].append(in_a_process_of_its_own(side, folder, text))
        report(found, number)
    finally:
        lab.down()


def in_a_process_of_its_own(side: str, folder: Path, text: str) -> dict[str, float]:
    """Return what one side measured."""
    words = [sys.executable, __file__, "--side", side, str(folder), text]
    answer = subprocess.run(words, capture_output=True, text=True, check=False)
    if answer.returncode:
        sys.exit(f"{side} failed:\n{(answer.stdout + answer.stderr)[-1000:]}")
    return dict(json.loads(answer.stdout.splitlines()[-1]))


def measured(side: Callable[[Path, str], int], folder: Path, text: str) -> dict[str, float]:
    """Return the sessions, seconds and processor seconds of one side; imports are not counted."""
    for name in (
        "napalm_frr",
        "netmiko",
        "nornir_napalm.plugins.connections",
        "driftline.cli.main",
        "driftline.recovery",
    ):
        importlib.import_module(name)
    began, used = time.perf_counter(), time.process_time()
    sessions = side(folder, text)
    return {
        "sessions": sessions,
        "seconds": time.perf_counter() - began,
        "cpu": time.process_time() - used,
    }


def report(found: dict[str, list[dict[str, float]]], number: int) -> None:
    """Print the medians."""
    print(f"{'':18} {'sessions':>8} {'seconds':>8} {'CPU s':>8} {'CPU ms per session':>20}")
    for side, rounds in found.items():
        sessions, seconds, cpu = (
            median(one[key] for one in rounds) for key in ("sessions", "seconds", "cpu")
        )
        print(f"{side:18} {sessions:8.0f} {seconds:8.2f} {cpu:8.2f} {1000 * cpu / sessions:20.1f}")
    print(f"medians of {len(rounds)} rounds over {number} routers, all at once")


# The sides ------------------------------------------------------------------------------------------------


def driftline_read(folder: Path, _text: str) -> int:
    """Read all routers, and compare them with their intent."""
    from driftline import workflow  # noqa: PLC0415
    from driftline.settings import read_settings  # noqa: PLC0415

    sessions = counted_sessions()
    loaded = workflow.load(read_settings(folder / "driftline.yml"))
    workflow.detect(loaded)
    loaded.actual.close()
    if loaded.failures:
        sys.exit(f"not all were read: {list(loaded.failures.values())[:2]}")
    return len(sessions)


def driftline_change(folder: Path, text: str) -> int:
    """Find the drift, repair it with all safeguards."""
    from driftline.cli import main as driftline  # noqa: PLC0415

    sessions = counted_sessions()
    status = driftline(["remediate", "--yes", "--config", str(folder / "driftline.yml")])
    if status:
        sys.exit(f"driftline exited with {status}")
    expect_described(folder, text)
    return len(sessions)


def plain_read(folder: Path, _text: str) -> int:
    """Read the same with nothing but Nornir and Netmiko."""
    return plain(folder, lambda connection: [connection.send_command(command) for command in READS])


def plain_change(folder: Path, text: str) -> int:
    """Send and save the same, and read it once."""

    def change(connection: Any) -> None:
        connection.send_config_set(["interface eth0", f"description {text}"], error_pattern=r"^% ")
        connection.save_config()
        if f"description {text}" not in connection.send_command("show running-config"):
            raise ValueError("not changed")

    return plain(folder, change)


READS = ("show version", "show interface json", "show running-config")
SIDES: dict[str, Callable[[Path, str], int]] = {
    "driftline-read": driftline_read,
    "plain-read": plain_read,
    "driftline-change": driftline_change,
    "plain-change": plain_change,
}


def plain(folder: Path, work: Callable[[Any], Any]) -> int:
    """Do some work on every router over a Netmiko connection with verified host keys."""
    from netmiko import ConnectHandler  # noqa: PLC0415
    from nornir import InitNornir  # noqa: PLC0415
    from nornir.core.task import Result, Task  # noqa: PLC0415

    inventory = {"plugin": "SimpleInventory", "options": {"host_file": str(folder / "hosts.yml")}}
    runner = {"plugin": "threaded", "options": {"num_workers": 50}}
    nornir = InitNornir(inventory=inventory, runner=runner, logging={"enabled": False})

    def task(task: Task) -> Result:
        options = task.host.get_connection_parameters("napalm").extras["optional_args"]
        # Netmiko's type wants a network device's prompt: the account that logs in to vtysh.
        host = {"host": task.host.hostname, "username": "vtyonly", "device_type": "cisco_ios"}
        with ConnectHandler(**host, **options, ssh_strict=True) as connection:
            work(connection)
        return Result(host=task.host)

    results = nornir.run(task=task)
    if results.failed:
        sys.exit(f"plain Netmiko failed on {sorted(results.failed_hosts)}")
    return len(results)


def counted_sessions() -> list[object]:
    """Return a list that every SSH connection of ours is put into from now on."""
    from driftline.devices.drivers.frr import driver  # noqa: PLC0415

    made: list[object] = []
    original = driver.Vtysh

    def counting(*arguments: Any) -> Any:
        made.append(None)
        return original(*arguments)

    driver.Vtysh = counting  # type: ignore[assignment,misc]
    return made


def expect_described(folder: Path, text: str) -> None:
    """Leave with an error unless all routers have the description."""
    lab = RouterLab(folder / "lab")
    wrong = [name for name in lab.routers if f"description {text}\n" not in lab.running_config(name)]
    if wrong:
        sys.exit(f"not changed: {wrong}")


def write_settings(folder: Path, lab: RouterLab) -> None:
    """Write what driftline needs to know."""
    (folder / "hosts.yml").write_text(yaml.safe_dump(lab.nornir_hosts()))
    (folder / "intent/devices").mkdir(parents=True)
    (folder / "intent/sites").mkdir()
    (folder / "intent/sites/lab.yml").write_text("vlans: {}\n")
    settings = {
        "intended": {"path": "intent"},
        "nornir": {"options": {"host_file": "hosts.yml"}},
        "connection": {"timeout": 60, "workers": 50},
        "state_dir": str(folder / "state"),
    }
    (folder / "driftline.yml").write_text(yaml.safe_dump(settings))


def write_intent(folder: Path, lab: RouterLab, text: str) -> None:
    """Write the same description for all routers."""
    for name in lab.routers:
        (folder / f"intent/devices/{name}.yml").write_text(INTENT.format(text=text))


if __name__ == "__main__":
    main()
