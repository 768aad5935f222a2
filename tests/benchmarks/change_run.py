"""How long does a change of the whole network take as one transaction, beside plain Nornir without any safety?

    python tests/benchmarks/change_run.py [--topology 25x20x24] [--rounds 3] [--workers 50] [--latency 0.05]

Every device gets the same kind of change. Ours: read, compare, plan, and apply with `scope: run`: prepared
everywhere, committed everywhere with timers, read back everywhere, confirmed everywhere, read back again, each
step on record. The rival: read with the same getters, `napalm_configure` with the very same lines (one commit
per device, whatever becomes of the others), read again. Both in turn on the same lab of simulated devices, each
round in a fresh process.
"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import rounds
from rounds import Round, client, expect, plain_nornir, ratio_line, settings_in, table

if TYPE_CHECKING:
    from pathlib import Path

GETTERS = ["facts", "interfaces", "config"]
OPTIONS = {"config": {"retrieve": "running"}}
LINES = "lines.json"
AIM = 1.5


def before(folder: Path) -> None:
    """Let every device drift by hand, and write down the lines that repair it."""
    from driftline import workflow  # noqa: PLC0415

    client(folder).change("*", ["interface Ethernet1", "description by hand", "mtu 9000"])
    loaded = workflow.load(settings_in(folder, 50))
    made = workflow.plan(loaded, workflow.detect(loaded), settings_in(folder, 50))
    loaded.actual.close()
    (folder / LINES).write_text(json.dumps({unit: list(lines) for unit, lines in made.native.items()}))


def transaction(folder: Path, workers: int) -> Round:
    """Change all devices together or not at all."""
    from driftline import workflow  # noqa: PLC0415
    from driftline.settings import with_apply  # noqa: PLC0415

    settings = with_apply(settings_in(folder, workers), scope="run")
    loaded = workflow.load(settings)
    made = workflow.plan(loaded, workflow.detect(loaded), settings)
    applied = workflow.apply(made, loaded.actual, settings)
    loaded.actual.close()
    if not applied.result.succeeded or applied.failures:
        sys.exit(f"not applied: {applied.result.counts} {[u.error for u in applied.result.units][:3]}")
    return {"changed": len(applied.result.units)}


def plain(folder: Path, workers: int) -> Round:
    """Read, configure each device for itself, read."""
    from nornir_napalm.plugins.tasks import napalm_configure, napalm_get  # noqa: PLC0415

    lines = json.loads((folder / LINES).read_text())
    nornir = plain_nornir(folder, workers)
    expect(nornir.run(task=napalm_get, getters=GETTERS, getters_options=OPTIONS))

    def configure(task: object) -> object:
        text = "\n".join(lines[task.host.name])  # type: ignore[attr-defined]
        return napalm_configure(task, configuration=text)  # type: ignore[arg-type]

    expect(nornir.run(task=configure))
    expect(nornir.run(task=napalm_get, getters=GETTERS, getters_options=OPTIONS))
    nornir.close_connections()
    return {}


def report(measured: dict[str, list[Round]], devices: int) -> None:
    """Print both sides, and the ratio of each round."""
    ratios = table(measured, devices, {"transaction": "driftline, scope run", "plain": "plain, no safety"})
    print(ratio_line(ratios, AIM, "the floor is 1: plain reading, configuring and reading"))


if __name__ == "__main__":
    sides = {"transaction": transaction, "plain": plain}
    rounds.main(__file__, __doc__ or "", sides, before, report)
