"""The engine's benchmark runs, and does not take wrong for fast. How fast anything is, is no test."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
SMALL = ("--quick", "--sizes", "4x10x10")


def run(script: str, *arguments: str, path: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run one of the benchmark's scripts in a process of its own."""
    paths = [*([str(path)] if path else []), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
    command = [sys.executable, str(BENCHMARKS / script), *arguments]
    return subprocess.run(command, capture_output=True, text=True, env=environment, timeout=60, check=False)


def measured(file: Path) -> dict[tuple[str, str], Any]:
    """Return what was measured, by side and task."""
    return {(run["side"], run["task"]): run for run in json.loads(file.read_text())["runs"]}


def test_ours_is_measured_where_the_rival_is_not_installed(tmp_path: Path) -> None:
    """Every section runs with right results, and the output says that the rival was left out."""
    answer = run("engine.py", *SMALL, "--rival", str(tmp_path / "none"), "--json", str(tmp_path / "out.json"))
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert "theirs: left out" in answer.stdout
    runs = measured(tmp_path / "out.json")
    assert {side for side, _ in runs} == {"driftline"}
    tasks = {"hierarchy", "bulk", "floor", "memory", "parent", "incremental", "write", "read"}
    assert {task for _, task in runs} == tasks
    assert not [run["skipped"] for run in runs.values() if "skipped" in run]


@pytest.mark.skipif(importlib.util.find_spec("diffsync") is None, reason="diffsync is not installed")
def test_both_are_measured_in_one_go(tmp_path: Path) -> None:
    """The rival does the same work, its results are right, and the ratios are printed."""
    answer = run("engine.py", *SMALL, "--only", "hierarchy", "--json", str(tmp_path / "out.json"))
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert "ratio (lowest to highest)" in answer.stdout
    runs = measured(tmp_path / "out.json")
    ours, theirs = runs["driftline", "hierarchy"], runs["diffsync", "hierarchy"]
    assert (ours["objects"], ours["expected"]) == (theirs["objects"], theirs["expected"])


def test_an_engine_that_finds_nothing_is_wrong_not_fast(tmp_path: Path) -> None:
    """Counts that are not those generated are told as wrong."""
    (tmp_path / "lazy.py").write_text(
        "from driftline.engine import Adapter as Real, Diff, DiffSyncModel\n"
        "class Adapter(Real):\n"
        "    def diff_from(self, *args, **kwargs):\n"
        "        return Diff()\n"
    )
    answer = run("phases.py", "hierarchy", "--package", "lazy", "--shape", "2x5x20", path=tmp_path)
    assert answer.returncode == 0, answer.stderr
    assert json.loads(answer.stdout)["right"] is False
