"""How long does a drift run take, beside plain Nornir with the same getters and the running configuration?

    python tests/benchmarks/drift_run.py [--topology 25x20x24] [--rounds 3] [--workers 50] [--latency 0.05]

Both do their reading from the same lab of simulated devices (in a process of its own), in turn, each round in
a fresh process. The rival only reads: no intent, no parsing, no comparison. So its time is the floor of ours.
"""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

import rounds
from rounds import Round, expect, plain_nornir, ratio_line, settings_in, table

if TYPE_CHECKING:
    from pathlib import Path

GETTERS = ["facts", "interfaces"]
AIM = 1.3


def drift(folder: Path, workers: int) -> Round:
    """Load both sides and compare them."""
    from driftline import workflow  # noqa: PLC0415

    started = time.perf_counter()
    loaded = workflow.load(settings_in(folder, workers))
    read = time.perf_counter() - started
    diff = workflow.detect(loaded)
    loaded.actual.close()
    if diff.has_diffs() or loaded.failures:
        sys.exit(f"the lab is not in sync: {diff.summary()} {list(loaded.failures.values())[:3]}")
    return {"load": read, "compare": time.perf_counter() - started - read, "objects": loaded.actual.count()}


def plain(folder: Path, workers: int) -> Round:
    """Do the same reading with nothing but Nornir and its NAPALM task."""
    from nornir_napalm.plugins.tasks import napalm_get  # noqa: PLC0415

    nornir = plain_nornir(folder, workers)
    options = {"config": {"retrieve": "running"}}
    expect(nornir.run(task=napalm_get, getters=[*GETTERS, "config"], getters_options=options))
    nornir.close_connections()
    return {}


def report(measured: dict[str, list[Round]], devices: int) -> None:
    """Print both sides, and the ratio of each round."""
    ratios = table(measured, devices, {"drift": "driftline drift", "plain": "plain napalm_get"})
    first = measured["drift"][-1]
    print(
        f"of which load {first['load']:.2f} s, compare {first['compare']:.3f} s, for {first['objects']:.0f} objects"
    )
    print(ratio_line(ratios, AIM, "the floor is 1: plain reading alone"))


if __name__ == "__main__":
    sides = {"drift": drift, "plain": plain}
    rounds.main(__file__, __doc__ or "", sides, lambda _folder: None, report)
