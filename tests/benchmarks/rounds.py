"""How runs over a lab are measured: two sides in turn, each round in a fresh process, requests counted by the lab."""

from __future__ import annotations

import argparse
import json
import logging
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import structlog

from driftline.lab import LabClient

Round = dict[str, float]
Side = Callable[[Path, int], Mapping[str, float]]
"""What is measured: (folder, threads) → details."""
SOCKET = ".driftline/lab.sock"


def main(
    script: str, doc: str, sides: Mapping[str, Side], before: Callable[[Path], None], report: Any
) -> None:
    """Measure the sides in turn and print the comparison; in a process of a round, only its measurement.

    Args:
        before: makes the lab ready for a round.
        report: prints the rounds; it is given the number of devices.
    """
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    arguments = _parser(doc, sides).parse_args()
    if arguments.measure:
        print(json.dumps(_measured(sides[arguments.measure], arguments.folder, arguments.workers)))
        return
    sites, devices, _ = (int(part) for part in arguments.topology.split("x"))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        up = ["lab", "up", "--background", "--topology", arguments.topology, "--intent", "intent"]
        driftline(folder, *up, "--port", "8399", "--latency", str(arguments.latency))
        try:
            rounds: dict[str, list[Round]] = {side: [] for side in sides}
            for number in range(arguments.rounds):
                for side in list(sides)[:: 1 if number % 2 else -1]:
                    before(folder)
                    rounds[side].append(_one_round(script, side, folder, arguments.workers))
            what = f"{sites * devices} devices, {arguments.topology}, {arguments.workers} threads"
            print(f"{what}, {arguments.latency * 1000:.0f} ms per answer, {arguments.rounds} rounds in turn")
            report(rounds, sites * devices)
        finally:
            driftline(folder, "lab", "down")


def _parser(doc: str, sides: Mapping[str, Side]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=doc.splitlines()[0])
    parser.add_argument(
        "--topology", default="25x20x24", help="sites x devices x interfaces (default: %(default)s)"
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--workers", type=int, default=50)
    parser.add_argument(
        "--latency", type=float, default=0.0, help="seconds that a device takes for one answer"
    )
    parser.add_argument("--measure", choices=list(sides), help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    return parser


def _measured(side: Side, folder: Path, workers: int) -> Round:
    """Run one side in this process and return what it cost; imports are not counted, they are the same for both."""
    import napalm  # noqa: F401, PLC0415
    import nornir_napalm.plugins.tasks  # noqa: F401, PLC0415

    import driftline.settings  # noqa: PLC0415
    import driftline.workflow  # noqa: F401, PLC0415

    before = resource.getrusage(resource.RUSAGE_SELF)
    started = time.perf_counter()
    details = side(folder, workers)
    wall = time.perf_counter() - started
    after = resource.getrusage(resource.RUSAGE_SELF)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    scale = 1 if sys.platform == "darwin" else 1024
    return {"wall": wall, "cpu": cpu, "peak_mib": after.ru_maxrss * scale / 2**20, **details}


def _one_round(script: str, side: str, folder: Path, workers: int) -> Round:
    """Measure one side in a fresh process, and count what the lab was asked."""
    driftline(folder, "lab", "counters", "--reset")
    command = [sys.executable, script, "--measure", side, "--folder", str(folder), "--workers", str(workers)]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    if answer.returncode:
        sys.exit(answer.stderr)
    counters = client(folder).counters()
    return {
        **json.loads(answer.stdout),
        "requests": counters.requests,
        "sessions": counters.sessions_opened,
    }


def client(folder: Path) -> LabClient:
    """Return what talks to the lab."""
    return LabClient(folder / SOCKET)


def driftline(folder: Path, *arguments: str) -> str:
    """Run driftline's command line in the benchmark's folder."""
    command = [sys.executable, "-m", "driftline.cli", *arguments]
    environment = {**os.environ, "DRIFTLINE_LAB": SOCKET}
    answer = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if answer.returncode:
        sys.exit(answer.stdout + answer.stderr)
    return answer.stdout


def settings_in(folder: Path, workers: int) -> Any:
    """Return the benchmark's settings with so many threads."""
    from driftline.settings import read_settings  # noqa: PLC0415

    settings = read_settings(folder / "driftline.yml")
    return settings.model_copy(
        update={"connection": settings.connection.model_copy(update={"workers": workers})}
    )


def plain_nornir(folder: Path, workers: int) -> Any:
    """Return a Nornir object for the lab."""
    from nornir import InitNornir  # noqa: PLC0415

    hosts = {"host_file": str(folder / ".driftline/hosts.yml")}
    nornir = InitNornir(
        inventory={"plugin": "SimpleInventory", "options": hosts},
        runner={"plugin": "threaded", "options": {"num_workers": workers}},
        logging={"enabled": False},
    )
    nornir.inventory.defaults.username = nornir.inventory.defaults.password = "admin"
    return nornir


def expect(result: Any) -> None:
    """End the measurement when a task failed on any host."""
    if result.failed:
        sys.exit(f"{len(result.failed_hosts)} hosts failed")


def table(rounds: Mapping[str, list[Round]], devices: int, titles: Mapping[str, str]) -> list[float]:
    """Print both sides' medians, and return the ratio of wall times of each round, first side to second."""
    print(f"{'':28}{''.join(f'{title:>22}' for title in titles.values())}")
    rows: list[tuple[str, Callable[[Round], float]]] = [
        ("wall, s", lambda r: r["wall"]),
        ("CPU, s", lambda r: r["cpu"]),
        ("CPU per device, ms", lambda r: r["cpu"] / devices * 1000),
        ("requests per device", lambda r: r["requests"] / devices),
        ("configuration sessions", lambda r: r["sessions"]),
        ("peak memory, MiB", lambda r: r["peak_mib"]),
    ]
    for name, value in rows:
        cells = [f"{statistics.median(value(r) for r in rounds[side]):22.2f}" for side in titles]
        print(f"{name:28}{''.join(cells)}")
    first, second = (rounds[side] for side in titles)
    return [ours["wall"] / theirs["wall"] for ours, theirs in zip(first, second, strict=True)]


def ratio_line(ratios: list[float], aim: float, floor: str) -> str:
    """Return the ratios on one line."""
    return (
        f"wall ratio, ours / plain: median {statistics.median(ratios):.2f}, min {min(ratios):.2f}, "
        f"max {max(ratios):.2f} (aim: {aim}; {floor})"
    )
