"""How fast and how small is the engine, beside diffsync doing the same work?

    python tests/benchmarks/engine.py [--sizes 100k] [--pairs 5] [--rival PYTHON] [--million] [--quick] [--json FILE]

Every measurement runs in a fresh process (`phases.py`), ours and the rival's in turn. Seconds are CPU seconds, a
ratio is the rival's figure divided by ours, pair by pair: the median, with the lowest and the highest. Every process
checks its results; wrong ones are reported as wrong, and the exit code is 1. How fast it is never fails a run.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

PHASES = Path(__file__).with_name("phases.py")
SIZES = {"11k": "20x50x10", "100k": "20x50x100", "500k": "100x50x100", "1m": "100x100x100"}
OURS, THEIRS = "driftline", "diffsync"
AIMS = {  # what we aim at, and what must not be missed
    "load one by one": (3, 2.5),
    "bulk load": (8, 6),
    "diff with changes": (30, 25),
    "diff without changes": (40, 33),
    "sync": (40, 33),
    "create all": (3, 2.5),
    "memory of the diff": (20, 16),
    "memory per model": (2.5, 2),
}
TIMED = (
    "construct",
    "load one by one",
    "bulk load",
    "diff with changes",
    "diff without changes",
    "sync",
    "sync without changes",
    "create all",
    "summary",
    "dict",
    "str",
)
TRACED = ("memory of the diff", "memory per model")
MILLION_LIMIT, INCREMENTAL_LIMIT, JSON_LIMIT = 1.5, 0.05, 3.0

Result = dict[str, Any]


@dataclass
class Bench:
    """Who is measured, how often, and all that was measured."""

    pairs: int
    rival: str | None
    folder: Path
    wrong: list[str] = field(default_factory=list)
    results: list[Result] = field(default_factory=list)

    @property
    def sides(self) -> tuple[str, ...]:
        """Return ours and, where it is installed, the rival."""
        return (OURS, THEIRS) if self.rival else (OURS,)

    def run(self, side: str, task: str, shape: str, change: float = 0.01) -> Result:
        """Do one task in a fresh process."""
        python, package = {
            OURS: (sys.executable, "driftline.engine"),
            THEIRS: (self.rival or "", "diffsync"),
        }[side]
        command = [python, str(PHASES), task, "--package", package, "--shape", shape, "--change", str(change)]
        command += ["--file", str(self.folder / "diff.jsonl")]
        answer = subprocess.run(command, capture_output=True, text=True, check=False)
        if answer.returncode:
            result: Result = {"right": False, "error": answer.stderr}
        else:
            result = json.loads(answer.stdout.splitlines()[-1])
        self.results.append({"side": side, "task": task, "shape": shape, **result})
        if not result["right"]:
            reason = (result.get("error") or "wrong results").strip().splitlines()[-1]
            self.wrong.append(f"{side}, {task}, {shape}: {reason}")
            print(f"*** {self.wrong[-1]} ***")
        return result

    def in_turn(self, task: str, shape: str, pairs: int | None = None) -> dict[str, list[Result]]:
        """Do one task for both sides in turn, as many times as asked; the results of a side that can't are empty."""
        runs: dict[str, list[Result]] = {side: [] for side in self.sides}
        for _ in range(pairs or self.pairs):
            for side in self.sides:
                result = self.run(side, task, shape)
                if told(result):
                    return {}
                runs[side].append(result)
        return runs


def told(result: Result) -> bool:
    """Say why something was not measured; return whether that is so."""
    if "skipped" in result:
        print(f"  not measured: {result['skipped']}")
    return "skipped" in result or "error" in result


# Both sides ---------------------------------------------------------------------------------------------------


def beside_the_rival(bench: Bench, shape: str) -> dict[str, float]:
    """Print time and memory of the same work for both; return our seconds per object by phase."""
    print(f"\n{shape}: measured {bench.pairs} times in turn")
    runs = in_all_phases(bench, shape)
    if not runs:
        return {}
    first = runs[OURS][0]
    objects = first["objects"]
    changes = ", ".join(f"{count:,} to {action}" for action, count in first["expected"].items())
    print(f"{objects:,} objects, {changes}")
    head(bench)
    phases = [phase for phase in TIMED if phase in first["cpu"]]
    for phase in phases:
        line(phase, {side: [run["cpu"][phase] for run in rows] for side, rows in runs.items()}, "s", objects)
    traced = bench.in_turn("memory", shape, pairs=1)
    for kind in TRACED if traced else ():
        line(kind, {side: [run["bytes"][kind] for run in rows] for side, rows in traced.items()}, "B")
    tell_floor(bench, shape, runs)
    tell_process(runs)
    return {phase: statistics.median(run["cpu"][phase] for run in runs[OURS]) / objects for phase in phases}


def in_all_phases(bench: Bench, shape: str) -> dict[str, list[Result]]:
    """Measure the hierarchy, and the bulk load in processes of its own, whose heap has nothing else."""
    runs = bench.in_turn("hierarchy", shape)
    for side, bulk in bench.in_turn("bulk", shape).items() if runs else ():
        for run, other in zip(runs[side], bulk, strict=True):
            run["cpu"].update(other["cpu"])
    return runs


def head(bench: Bench) -> None:
    """Print the head of the table."""
    theirs = (
        f"{THEIRS:>12}{'ratio (lowest to highest)':>32}{'aim':>6}{'not below':>11}" if bench.rival else ""
    )
    print(f"{'':24}{OURS:>12}{'us/object':>11}{theirs}")


def line(phase: str, values: dict[str, list[float]], unit: str, objects: int = 0) -> None:
    """Print one phase: our median, theirs, the ratio pair by pair, and what it should be."""
    ours = statistics.median(values[OURS])
    text = f"{phase:24}{amount(ours, unit):>12}{f'{ours / objects * 1e6:.2f}' if objects else '':>11}"
    if THEIRS in values:
        ratios = [theirs / max(mine, 1e-6) for mine, theirs in zip(values[OURS], values[THEIRS], strict=True)]
        ratio = statistics.median(ratios)
        spread = f"{rounded(ratio)} ({rounded(min(ratios))} to {rounded(max(ratios))})"
        text += f"{amount(statistics.median(values[THEIRS]), unit):>12}{spread:>32}"
        if phase in AIMS:
            aim, limit = AIMS[phase]
            text += f"{aim:>6g}{limit:>11g}  {verdict(ratio, aim, limit)}"
    print(text)


def verdict(ratio: float, aim: float, limit: float) -> str:
    """Say where a ratio lies."""
    if ratio >= aim:
        return "aim reached"
    return "between" if ratio >= limit else "MISSED"


def amount(value: float, unit: str) -> str:
    """Return seconds, or bytes in a unit that fits."""
    if unit == "s":
        return f"{value:.4f} s"
    return f"{value / 2**20:.2f} MiB" if value > 2**20 else f"{value:,.0f} B"


def rounded(ratio: float) -> str:
    """Return a ratio without digits that mean nothing."""
    return f"{ratio:.1f}" if ratio < 100 else f"{ratio:,.0f}"


def tell_floor(bench: Bench, shape: str, runs: dict[str, list[Result]]) -> None:
    """Print how far the comparison is from the least that any could do."""
    floors = [bench.run(OURS, "floor", shape) for _ in range(bench.pairs)]
    least = statistics.median(floor["cpu"]["floor"] for floor in floors)
    times = {
        side: statistics.median(run["cpu"]["diff with changes"] for run in rows) / least
        for side, rows in runs.items()
    }
    print(
        f"floor of a diff, a walk over nested dicts: {least:.4f} s, "
        f"{least / floors[0]['objects'] * 1e6:.2f} us/object; "
        + ", ".join(f"{side} takes {far:.1f} times that" for side, far in times.items())
    )


def tell_process(runs: dict[str, list[Result]]) -> None:
    """Print what the system says of the processes' memory."""
    print("memory is compared as Python's allocators count it (tracemalloc); the input was made before")
    for side, rows in runs.items():
        grown, most = (
            statistics.median(run[name] / 2**20 for run in rows) for name in ("diff_rss", "peak_rss")
        )
        print(
            f"{side}: the process grew by {grown:.1f} MiB with the diff; at its largest it had {most:,.0f} MiB"
        )


def one_parent(bench: Bench, counts: Iterable[int], rival_to: int) -> None:
    """Print the time per child of one parent with ever more children: it should stay the same."""
    print("\none parent with many children, us/child (load with add_child, diff, sync of 3 % changes)")
    for side in bench.sides:
        rows: dict[int, dict[str, float]] = {}
        for children in counts:
            if side == THEIRS and children > rival_to:
                print(f"  {side:10}{children:>9,} children: left out, its loading grows with the square")
                continue
            result = bench.run(side, "parent", f"1x1x{children}")
            if told(result):
                break
            rows[children] = {name: cpu / children for name, cpu in result["cpu"].items()}
            cells = "".join(f"{name:>8} {each * 1e6:9.2f}" for name, each in rows[children].items())
            print(f"  {side:10}{children:>9,} children: {cells}")
        if len(rows) > 1:
            few, many = rows[min(rows)], rows[max(rows)]
            cells = "".join(f"{name:>8} {many[name] / few[name]:8.2f}x" for name in few)
            print(f"  {side:10}{'most to fewest':>18}: {cells}")


# Ours alone ---------------------------------------------------------------------------------------------------


def growth(bench: Bench, small: dict[str, float], shape: str) -> None:
    """Print the time per object at ten times the size, relative to the smaller one."""
    print(f"\n{shape}: time per object, relative to that of the smaller size (limit {MILLION_LIMIT})")
    runs = [bench.run(OURS, "hierarchy", shape) for _ in range(min(bench.pairs, 3))]
    bulk = [bench.run(OURS, "bulk", shape) for _ in range(min(bench.pairs, 3))]
    for phase, before in small.items():
        rows = [run for run in (bulk if phase == "bulk load" else runs) if phase in run.get("cpu", {})]
        if rows:
            now = statistics.median(run["cpu"][phase] / run["objects"] for run in rows)
            # A phase that takes no time at all says nothing by its growth.
            times = f"{now / before:.2f}" if before > 1e-8 else "-"
            missed = "  MISSED" if before > 1e-8 and now / before > MILLION_LIMIT else ""
            print(f"  {phase:24}{before * 1e6:9.2f} us {now * 1e6:9.2f} us {times:>8}{missed}")
    most = max((run.get("peak_rss", 0) for run in runs), default=0)
    print(f"  the largest process, with the generated input of both sides: {most / 2**20:,.0f} MiB")


def dirty(bench: Bench, shape: str) -> None:
    """Print what an incremental diff takes when 1 % of the interfaces changed, relative to the full one."""
    print(f"\n{shape}: incremental diff, 1 % of the interfaces changed, share of the full one (limit 5 %)")
    results = [bench.run(OURS, "incremental", shape, change=0) for _ in range(bench.pairs)]
    if told(results[0]):
        return
    print(
        f"  the first, which is a full one: {statistics.median(run['cpu']['first'] for run in results):.4f} s"
    )
    for where in ("scattered", "on a few devices"):
        shares = [run["cpu"][where] / run["cpu"][f"full, {where}"] for run in results]
        seconds = statistics.median(run["cpu"][where] for run in results)
        share = statistics.median(shares)
        print(
            f"  {where:18}{seconds:.4f} s, {share:.1%} ({min(shares):.1%} to {max(shares):.1%}) "
            f"{'in the limit' if share <= INCREMENTAL_LIMIT else 'MISSED'}"
        )


def exchange(bench: Bench, shape: str) -> None:
    """Print what it takes to write a diff in which every interface differs, and to read it back."""
    print(
        f"\n{shape}: a diff as JSON Lines, written and read back (limit {JSON_LIMIT:g} s together for 100,000 changes)"
    )
    pairs = []
    for _ in range(bench.pairs):
        written = bench.run(OURS, "write", shape, change=0.3334)
        if told(written):
            return
        got = bench.run(OURS, "read", shape)
        if told(got):
            return
        pairs.append((written, got))
    both = [written["cpu"]["write"] + got["cpu"]["read"] for written, got in pairs]
    written, got = pairs[0]
    print(
        f"  {written['changes']:,} changes, {written['file'] / 2**20:.1f} MiB: "
        f"written in {statistics.median(pair[0]['cpu']['write'] for pair in pairs):.3f} s, "
        f"read in {statistics.median(pair[1]['cpu']['read'] for pair in pairs):.3f} s, "
        f"together {statistics.median(both):.3f} s ({min(both):.3f} to {max(both):.3f})\n"
        f"  memory: writing needs {written['beside'] / 2**20:.2f} MiB beside the diff; reading needs "
        f"{got['peak'] / 2**20:.1f} MiB at its peak for a diff of {got['stays'] / 2**20:.1f} MiB"
    )


# The command --------------------------------------------------------------------------------------------------

VERSIONS = """
import sys
from importlib.metadata import version
print("Python", sys.version.split()[0], *(f"{name} {version(name)}" for name in sys.argv[1:]))
"""


def versions(python: str, package: str) -> str | None:
    """Return what an interpreter runs a side with; None when it can't."""
    command = [python, "-c", VERSIONS, package, "pydantic", "structlog"]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError:
        return None
    return None if answer.returncode else answer.stdout.strip()


def options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sizes", help=f"{', '.join(SIZES)} or SITESxDEVICESxINTERFACES; default: 100k")
    parser.add_argument("--pairs", type=int, help="default: 5")
    parser.add_argument("--rival", default=sys.executable, metavar="PYTHON", help="one that has diffsync")
    parser.add_argument("--million", action="store_true", help="ours at 1,000,000 objects too")
    parser.add_argument("--quick", action="store_true", help="a smoke test: 11k objects, 1 pair")
    parser.add_argument("--only", choices=SECTIONS, help="one section")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write everything that was measured")
    chosen = parser.parse_args()
    names = (chosen.sizes or ("11k" if chosen.quick else "100k")).split(",")
    chosen.shapes = [SIZES.get(name, name) for name in names]
    chosen.pairs = chosen.pairs or (1 if chosen.quick else 5)
    return chosen


def hierarchies(bench: Bench, chosen: argparse.Namespace) -> None:
    """Compare with the rival at every size, and with ourselves at a million."""
    per_object: dict[str, float] = {}
    for shape in chosen.shapes:
        per_object = beside_the_rival(bench, shape)
    if chosen.million and per_object:
        growth(bench, per_object, SIZES["1m"])


def children(bench: Bench, chosen: argparse.Namespace) -> None:
    """Measure one parent with many children."""
    counts = (1_000, 3_200, 10_000) if chosen.quick else (10_000, 32_000, 100_000)
    one_parent(bench, counts, rival_to=3_200 if chosen.quick else 32_000)


def partly(bench: Bench, chosen: argparse.Namespace) -> None:
    """Measure the incremental diff."""
    dirty(bench, chosen.shapes[-1])


def as_json(bench: Bench, chosen: argparse.Namespace) -> None:
    """Measure a diff's way to a file and back."""
    exchange(bench, chosen.shapes[-1])


SECTIONS: dict[str, Callable[[Bench, argparse.Namespace], None]] = {
    "hierarchy": hierarchies,
    "children": children,
    "incremental": partly,
    "json": as_json,
}


def main() -> int:
    """Measure what was asked for; return 1 when any result was wrong."""
    chosen = options()
    rival = versions(chosen.rival, THEIRS)
    print(f"ours: {versions(sys.executable, OURS)}")
    print(f"theirs: {rival}" if rival else f"theirs: left out, {chosen.rival} has no {THEIRS} (see --rival)")
    with tempfile.TemporaryDirectory() as name:
        bench = Bench(chosen.pairs, chosen.rival if rival else None, Path(name))
        for section, measure in SECTIONS.items():
            if chosen.only in (None, section):
                measure(bench, chosen)
    if chosen.json:
        chosen.json.write_text(
            json.dumps({"rival": rival, "wrong": bench.wrong, "runs": bench.results}, indent=1)
        )
    if bench.wrong:
        print("\n*** WRONG: these figures are worth nothing ***", *bench.wrong, sep="\n")
    return bool(bench.wrong)


if __name__ == "__main__":
    sys.exit(main())
