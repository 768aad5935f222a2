"""What the adapters for inventories have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from driftline.adapters.documents import load_error
from driftline.adapters.intent.filling import fill
from driftline.adapters.intent.intended import intended_devices
from driftline.engine.exceptions import Problem
from driftline.network import IntendedState

from .hosts import intent_of
from .options import HostOptions

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from .hosts import InventoryHost

log = structlog.get_logger(__name__)


class InventoryAdapter(IntendedState):
    """The hosts of an inventory as intended state.

    They say where devices belong and what they are. Nothing below a device is compared, unless a variable
    says it in the shape of a device file.
    """

    def __init__(self, path: Path, options: HostOptions | None = None, *, name: str) -> None:
        super().__init__(name=name)
        self.path = path
        self.options = options or HostOptions()

    def hosts(self, problems: list[Problem]) -> Iterator[InventoryHost]:
        """Return all hosts; what is wrong with single ones is added to the problems."""
        raise NotImplementedError

    def load(self) -> None:
        """Fill the dataset; raises LoadError with every problem of every host, and then loads nothing."""
        problems: list[Problem] = []
        hosts = list(self.hosts(problems))
        devices = intended_devices(intent_of(hosts, self.options, problems), problems)
        if not hosts and not problems:
            problems.append(self._empty())
        if problems:
            raise load_error(f"The {self.name} inventory {self.path} can't be used", problems)
        fill(self, devices)
        self.endpoints = {host.name: host.endpoint for host in hosts}
        log.debug("inventory loaded", kind=self.name, path=str(self.path), devices=len(devices))

    def is_chosen(self, groups: Iterable[str]) -> bool:
        """Return whether a host in these groups is a device of the network."""
        return not self.options.groups or not set(self.options.groups).isdisjoint(groups)

    def _empty(self) -> Problem:
        groups = ", ".join(self.options.groups)
        return Problem(
            where=str(self.path),
            code="INVENTORY-EMPTY",
            message=f"there are no hosts in the groups {groups}" if groups else "there are no hosts",
            hint="an empty inventory is not taken for a network without devices; look whether it is the right one",
        )
