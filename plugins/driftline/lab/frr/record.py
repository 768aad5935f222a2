"""What a lab has started, on record in a file, so that another process can end it, and nothing else."""

from __future__ import annotations

import json
import os
import signal
import time
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

from driftline.lab.errors import LabError

_END = 10.0  # seconds


@dataclass(frozen=True, slots=True)
class Router:
    """One router: where it is reached, and the process that it lives and dies with."""

    name: str
    number: int
    address: str
    pid: int = 0
    started: str = ""
    """When the process was started, in the kernel's ticks: another one with its number is not ours."""

    @property
    def running(self) -> bool:
        """Whether its process is there."""
        return bool(self.pid) and started_at(self.pid) == self.started

    def kill(self) -> None:
        """End the process, and with it everything in its namespaces; wait until it is gone."""
        if self.running:
            with suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
        deadline = time.monotonic() + _END
        while self.running:
            if time.monotonic() > deadline:
                raise LabError("LAB-FRR-SYSTEM", f"{self.name}: process {self.pid} does not end")
            with suppress(ChildProcessError):
                os.waitpid(self.pid, os.WNOHANG)
            time.sleep(0.01)


@dataclass(slots=True)
class Record:
    """What a lab consists of."""

    prefix: str
    network: str
    routers: dict[str, Router] = field(default_factory=dict)

    def write(self, file: Path) -> None:
        """Write it, whole or not at all."""
        draft = file.with_suffix(".new")
        draft.write_text(json.dumps(asdict(self), indent=1) + "\n", encoding="utf-8")
        draft.replace(file)


def read_record(file: Path) -> Record | None:
    """Return what is on record; None: no lab was started."""
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
        routers = {name: Router(**router) for name, router in found["routers"].items()}
        return Record(found["prefix"], found["network"], routers)
    except FileNotFoundError:
        return None
    except (ValueError, TypeError, KeyError) as error:
        raise LabError(
            "LAB-FRR-RECORD",
            f"{file} is no record of a lab: {error}",
            "end its processes by hand, then remove the file",
        ) from error


def started_at(pid: int) -> str:
    """Return when a process was started; empty: there is none, or it is over."""
    try:
        after_name = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if after_name[0] in "ZX" else after_name[19]
