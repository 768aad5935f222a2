"""The adapter for intended state in YAML files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from driftline.adapters.documents import load_error
from driftline.engine.exceptions import Problem
from driftline.network import IntendedState

from .age import last_touched
from .files import read_intent
from .filling import fill
from .intended import intended_devices

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from pathlib import Path

log = structlog.get_logger(__name__)


class IntentAdapter(IntendedState):
    """The intended state, as the files of an intent folder tell it.

        intended = IntentAdapter(Path("inventory/intent"))
        intended.load()

    The files are always read and checked all together, also when only some devices are asked for: whether an
    address is free is not to be seen in one file.
    """

    def __init__(
        self,
        path: Path,
        *,
        cache_dir: Path | None = None,
        limit: Collection[str] | None = None,
        name: str = "intent",
    ) -> None:
        super().__init__(name=name)
        self.path = path
        self.cache_dir = cache_dir
        self.limit = None if limit is None else frozenset(limit)
        self.digests: dict[str, str] = {}
        """The hash of every file that was loaded, by its name below the folder."""

    def load(self) -> None:
        """Fill the dataset; raises LoadError with every problem of every file, and then loads nothing."""
        problems: list[Problem] = []
        files = read_intent(self.path, self.cache_dir, problems)
        self.digests, self.touched = files.digests, last_touched(self.path)
        devices = intended_devices(files, problems)
        problems.extend(_unknown_devices(self.limit or (), files.devices.names))
        if problems:
            raise load_error(f"The intended state in {self.path} can't be used", problems)
        chosen = [device for device in devices if self.limit is None or device.name in self.limit]
        fill(self, chosen)
        log.debug("intent loaded", path=str(self.path), devices=len(chosen), objects=len(self))


def _unknown_devices(limit: Iterable[str], known: Collection[str]) -> Iterable[Problem]:
    return (
        Problem(
            where=name,
            code="INTENT-LIMIT",
            message=f"the intent has no device {name!r}",
            hint=f"correct the name, or write devices/{name}.yml",
        )
        for name in sorted(set(limit) - set(known))
    )
