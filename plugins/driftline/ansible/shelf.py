"""What the processes of a task have in common: Ansible forks one for each host, and the source is to be read once.

The first process that asks loads what is intended, and puts the part of each host on the shelf, a folder of Ansible's
own for the run; the others wait, and take theirs. So do they with what the run changes, for the limits on all of it.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from pydantic import TypeAdapter

from driftline import workflow
from driftline.engine import Step
from driftline.engine.exceptions import DriftlineError, LoadError, Problem
from driftline.network import Endpoint, IntendedState
from driftline.network.parts import part_of
from driftline.runs import counts_of, enforce_amounts, expect_not_gone
from driftline.state import intended_before

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from driftline.engine import Plan
    from driftline.runs import Counts
    from driftline.settings import Settings

    from .call import Call

_STEPS: Final = TypeAdapter(tuple[Step, ...])
_PLAIN: Final = ("vlan", "interface", "ip_address")
"""The models whose fields are plain values: what we have put there need not be validated again."""
_READY, _FAILED, _CHANGING = "ready.json", "failed.json", "changing.jsonl"


@dataclass(frozen=True, slots=True)
class Intent:
    """What is intended for the devices of a task, and how much is intended in all."""

    part: IntendedState
    counts: Counts
    endpoints: Mapping[str, Endpoint]
    notes: tuple[str, ...] = ()


def load_all(settings: Settings) -> Intent:
    """Load what is intended; raises LoadError, or GuardBreach when nothing is intended any more."""
    whole = workflow.load_intended(settings)
    counts = counts_of(whole)
    expect_not_gone(settings.guards, counts, intended_before(settings))
    return Intent(whole, counts, dict(whole.endpoints), whole.notes)


class Shelf:
    """The folder that the processes of a task share, for one settings file."""

    def __init__(self, call: Call, settings: Settings) -> None:
        key = f"{call.task} {settings.folder.resolve()} {settings.source_id}"
        self.folder = call.shared / f"driftline-{hashlib.sha256(key.encode()).hexdigest()[:16]}"
        self.settings = settings
        self.hosts = {call.host, *call.hosts}

    def intended(self, name: str) -> Intent:
        """Return what is intended for a device; the first who asks loads it for all hosts of the play.

        Raises:
            LoadError: it can't be loaded whole, or nothing is intended any more; all processes are told the same, and
                who asks again, as Ansible's `retries` does, has it loaded anew.
        """
        with self.locked():
            failure = self._failure()
            if name in failure.get("told", ()):
                failure = {}
            if not failure and not (self.folder / _READY).exists():
                failure = self._fill()
            if failure:
                self._put(_FAILED, {**failure, "told": [*failure.get("told", ()), name]})
                raise _told(failure)
        return self._taken(name)

    def _failure(self) -> dict[str, Any]:
        """Return why the source can't be loaded, and who was told; empty: nobody knows better."""
        file = self.folder / _FAILED
        return json.loads(file.read_text()) if file.exists() else {}

    def admit(self, made: Plan, objects: Mapping[str, int]) -> None:
        """Raise GuardBreach when this plan with all that the task changes elsewhere is more than is allowed.

        Args:
            objects: by model, how many there are in all, of which the limits may be a share.
        """
        with self.locked():
            ledger = self.folder / _CHANGING
            lines = ledger.read_text().splitlines() if ledger.exists() else []
            others = [
                step for line in lines for step in _STEPS.validate_json(line) if step.unit not in made.units
            ]
            enforce_amounts(self.settings.guards, [*others, *made.steps], objects)
            with ledger.open("ab") as file:
                file.write(_STEPS.dump_json(made.steps) + b"\n")

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Let one process after the other do something."""
        self.folder.mkdir(mode=0o700, exist_ok=True)
        with (self.folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _fill(self) -> dict[str, Any]:
        """Load what is intended, and put the parts of the hosts on the shelf; return why it can't be, else nothing."""
        try:
            loaded = load_all(self.settings)
        except DriftlineError as error:
            return _telling(error)
        for name in self.hosts:
            part = part_of(loaded.part, name)
            if part.count():
                self._put(_file_of(name), _rows(part))
        self._put(_READY, _head(loaded, self.hosts))
        (self.folder / _FAILED).unlink(missing_ok=True)
        return {}

    def _put(self, name: str, value: Any) -> None:
        (self.folder / name).write_text(json.dumps(value))

    def _taken(self, name: str) -> Intent:
        told = json.loads((self.folder / _READY).read_text())
        part = IntendedState(told["name"])
        part.touched = told["touched"] and datetime.fromisoformat(told["touched"])
        endpoints = {host: Endpoint(**endpoint) for host, endpoint in told["endpoints"].items()}
        mine = self.folder / _file_of(name)
        if mine.exists():
            _fill_in(part, json.loads(mine.read_text()))
        return Intent(part, told["counts"], endpoints, tuple(told["notes"]))


def _file_of(host: str) -> str:
    """Return what the file with a host's part is called: a host may be called as no file can."""
    return f"part-{hashlib.sha256(host.encode()).hexdigest()[:16]}.json"


def _head(loaded: Intent, hosts: set[str]) -> dict[str, Any]:
    """Return what all parts have in common."""
    touched = loaded.part.touched
    return {
        "name": loaded.part.name,
        "touched": touched and touched.isoformat(),
        "counts": loaded.counts,
        "notes": loaded.notes,
        "endpoints": {name: asdict(endpoint) for name, endpoint in loaded.endpoints.items() if name in hosts},
    }


# A part as rows -------------------------------------------------------------------------------------------


def _rows(part: IntendedState) -> list[list[Any]]:
    """Return the objects of a part: the model's name, the fields, and the managed attributes (None: all)."""
    return [
        [
            obj.get_type(),
            obj.model_dump(mode="json", exclude_defaults=True, exclude={"adapter"}),
            _managed(obj),
        ]
        for model in ("site", "device", "vlan", "interface", "ip_address")
        for obj in part.get_all(model)
    ]


def _managed(obj: Any) -> list[str] | None:
    managed = obj.get_managed()
    return None if len(managed) == len(obj.get_attrs()) else list(managed)


def _fill_in(part: IntendedState, rows: list[list[Any]]) -> None:
    for model, fields, managed in rows:
        cls = part.model_class(model)
        obj: Any = cls.trusted(**fields) if model in _PLAIN else cls(**fields)
        part.add(obj if managed is None else obj.manage(managed))


# An error as plain values ---------------------------------------------------------------------------------


def _telling(error: DriftlineError) -> dict[str, Any]:
    problems = [asdict(problem) for problem in getattr(error, "problems", ())]
    return {"message": error.message, "code": error.code, "hint": error.hint, "problems": problems}


def _told(value: Mapping[str, Any]) -> LoadError:
    problems = [Problem(**problem) for problem in value["problems"]]
    return LoadError(value["message"], problems=problems, code=value["code"], hint=value["hint"])
