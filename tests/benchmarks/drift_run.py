"""How long does a drift run take, beside plain Nornir with the same getters and the running configuration?

    python tests/benchmarks/drift_run.py [--topology 25x20x24] [--rounds 3] [--workers 50]

Both do their reading from the same lab of simulated devices (in a process of its own), in turn, each round in
a fresh process. The rival only reads: no intent, no parsing, no comparison. So its time is the floor of ours.
"""

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
from pathlib import Path

import structlog

GETTERS = ["facts", "interfaces"]
AIM = 1.3


def drift(folder: Path, workers: int) -> dict[str, float]:
    """Load both sides and compare them."""
    from driftline import workflow  # noqa: PLC0415
    from driftline.settings import read_settings  # noqa: PLC0415

    settings = read_settings(folder / "driftline.yml")
    connection = settings.connection.model_copy(update={"workers": workers})
    settings = settings.model_copy(update={"connection": connection})
    started = time.perf_counter()
    loaded = workflow.load(settings)
    read = time.perf_counter() - started
    diff = workflow.detect(loaded)
    loaded.actual.close()
    if diff.has_diffs() or loaded.failures:
        sys.exit(f"the lab is not in sync: {diff.summary()} {list(loaded.failures.values())[:3]}")
    return {"load": read, "compare": time.perf_counter() - started - read, "objects": loaded.actual.count()}


def plain(folder: Path, workers: int) -> dict[str, float]:
    """Do the same reading with nothing but Nornir and its NAPALM task."""
    from nornir import InitNornir  # noqa: PLC0415
    from nornir_napalm.plugins.tasks import napalm_get  # noqa: PLC0415

    nornir = InitNornir(
        inventory={
            "plugin": "SimpleInventory",
            "options": {"host_file": str(folder / ".driftline/hosts.yml")},
        },
        runner={"plugin": "threaded", "options": {"num_workers": workers}},
        logging={"enabled": False},
    )
    nornir.inventory.defaults.username = nornir.inventory.defaults.password = "admin"
    result = nornir.run(
        task=napalm_get, getters=[*GETTERS, "config"], getters_options={"config": {"retrieve": "running"}}
    )
    nornir.close_connections()
    if result.failed:
        sys.exit(f"{len(result.failed_hosts)} hosts failed")
    return {}


def measured(what: str, folder: Path, workers: int) -> dict[str, float]:
    """Run one side in this process and return what it cost; imports are not counted, they are the same for both."""
    import napalm  # noqa: F401, PLC0415
    import nornir_napalm.plugins.tasks  # noqa: F401, PLC0415

    import driftline.settings  # noqa: PLC0415
    import driftline.workflow  # noqa: F401, PLC0415

    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    before = resource.getrusage(resource.RUSAGE_SELF)
    started = time.perf_counter()
    details = {"drift": drift, "plain": plain}[what](folder, workers)
    wall = time.perf_counter() - started
    after = resource.getrusage(resource.RUSAGE_SELF)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    scale = 1 if sys.platform == "darwin" else 1024
    return {"wall": wall, "cpu": cpu, "peak_mib": after.ru_maxrss * scale / 2**20, **details}


def one_round(what: str, folder: Path, workers: int) -> dict[str, float]:
    """Measure one side in a fresh process, and count what the lab was asked."""
    driftline(folder, "lab", "counters", "--reset")
    command = [
        sys.executable,
        __file__,
        "--measure",
        what,
        "--folder",
        str(folder),
        "--workers",
        str(workers),
    ]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    if answer.returncode:
        sys.exit(answer.stderr)
    counters = json.loads(driftline(folder, "lab", "counters", "--output", "json"))
    return {
        **json.loads(answer.stdout),
        "requests": counters["requests"],
        "sessions": counters["sessions_opened"],
    }


def driftline(folder: Path, *arguments: str) -> str:
    """Run driftline's command line in the benchmark's folder."""
    command = [sys.executable, "-m", "driftline.cli", *arguments]
    environment = {**os.environ, "DRIFTLINE_LAB": ".driftline/lab.sock"}
    answer = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if answer.returncode:
        sys.exit(answer.stdout + answer.stderr)
    return answer.stdout


def report(rounds: dict[str, list[dict[str, float]]], devices: int) -> None:
    """Print both sides, and the ratio of each round."""
    print(f"{'':28}{'driftline drift':>18}{'plain napalm_get':>18}")
    rows = [
        ("wall, s", lambda r: r["wall"]),
        ("CPU, s", lambda r: r["cpu"]),
        ("CPU per device, ms", lambda r: r["cpu"] / devices * 1000),
        ("requests per device", lambda r: r["requests"] / devices),
        ("configuration sessions", lambda r: r["sessions"]),
        ("peak memory, MiB", lambda r: r["peak_mib"]),
    ]
    for name, value in rows:
        cells = [f"{statistics.median(value(r) for r in rounds[side]):18.2f}" for side in ("drift", "plain")]
        print(f"{name:28}{''.join(cells)}")
    ratios = [
        ours["wall"] / theirs["wall"] for ours, theirs in zip(rounds["drift"], rounds["plain"], strict=True)
    ]
    first = rounds["drift"][-1]
    print(
        f"of which load {first['load']:.2f} s, compare {first['compare']:.3f} s, for {first['objects']:.0f} objects"
    )
    print(
        f"wall ratio, ours / plain: median {statistics.median(ratios):.2f}, min {min(ratios):.2f}, "
        f"max {max(ratios):.2f} (aim: {AIM}; the floor is 1: plain reading alone)"
    )


def main() -> None:
    """Measure both sides in turn, and print the comparison."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument(
        "--topology", default="25x20x24", help="sites x devices x interfaces (default: %(default)s)"
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--workers", type=int, default=50)
    parser.add_argument(
        "--latency", type=float, default=0.0, help="seconds that a device takes for one answer"
    )
    parser.add_argument("--measure", choices=("drift", "plain"), help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        print(json.dumps(measured(arguments.measure, arguments.folder, arguments.workers)))
        return
    sites, devices, _ = (int(part) for part in arguments.topology.split("x"))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        driftline(
            folder,
            "lab",
            "up",
            "--background",
            "--topology",
            arguments.topology,
            "--intent",
            "intent",
            "--port",
            "8399",
            "--latency",
            str(arguments.latency),
        )
        try:
            rounds: dict[str, list[dict[str, float]]] = {"drift": [], "plain": []}
            for number in range(arguments.rounds):
                for side in ("drift", "plain") if number % 2 else ("plain", "drift"):
                    rounds[side].append(one_round(side, folder, arguments.workers))
            what = f"{sites * devices} devices, {arguments.topology}, {arguments.workers} threads"
            print(f"{what}, {arguments.latency * 1000:.0f} ms per answer, {arguments.rounds} rounds in turn")
            report(rounds, sites * devices)
        finally:
            driftline(folder, "lab", "down")


if __name__ == "__main__":
    main()
