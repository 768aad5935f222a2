"""The adapter for an IPAM: its objects as models that can be compared, and written."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import structlog

from driftline.engine import Adapter, DiffSyncModelFlags

from . import hooks
from .assembling import assembled
from .cache import TableCache
from .client import Client
from .owned import deletable
from .tables import Tables

if TYPE_CHECKING:
    from pathlib import Path

    from .models import Row
    from .options import IpamOptions
    from .records import Values
    from .system import Progress, System

log = structlog.get_logger(__name__)


class IpamAdapter(hooks.BulkHooks, Adapter):
    """What an IPAM holds, as far as it is in the scope.

        ipam = IpamAdapter(NETBOX, options, folder=Path("."))
        ipam.load()

    What may not be deleted (`write.delete`) says so: its deletion shows in a diff as held, and is not made.
    """

    term = hooks.Term
    site = hooks.Site
    vlan = hooks.Vlan
    prefix = hooks.Prefix
    device = hooks.Device
    interface = hooks.Interface
    ip_address = hooks.IPAddress
    top_level = ("term", "site", "vlan", "prefix", "device", "ip_address")

    def __init__(
        self,
        system: System,
        options: IpamOptions,
        *,
        folder: Path,
        state_dir: Path | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(name=name or system.name)
        self.type = f"{system.name} {options.url}"
        self.system = system
        self.options = options
        self.client = Client(options, system.dialect, folder)
        """What asks the server; raises SettingsError when it can't be used as it is set up."""
        self.requests = 0
        """How many requests the last load made."""
        self.seconds = 0.0
        """How long the last load took."""
        self.skipped: list[str] = []
        """What was left out, and why."""
        self._cache = TableCache(system.name, options, state_dir)

    @property
    def notes(self) -> tuple[str, ...]:
        """What people should know about how it was loaded."""
        return tuple(self.skipped)

    def close(self) -> None:
        """Close the connections."""
        self.client.close()

    def load(self, progress: Progress | None = None) -> None:
        """Fill the dataset; raises LoadError when it can't be read whole, and then loads nothing.

        Args:
            progress: called with what is read, and how many more of it there are by now; also in other threads,
                but never twice at once.
        """
        started, before = time.monotonic(), self.client.requests
        try:
            with self.bulk():
                self._load(progress or _silent)
        except BaseException:
            self.store.clear()
            raise
        self.requests, self.seconds = self.client.requests - before, time.monotonic() - started
        log.info(
            "ipam loaded", source=self.name, objects=len(self), requests=self.requests, seconds=self.seconds
        )

    def reload(self, progress: Progress | None = None) -> None:
        """Forget what was loaded and load again; with a cache only what has changed is asked for."""
        self.store.clear()
        self.load(progress)

    def _load(self, progress: Progress) -> None:
        self.client.connect()
        known = self._cache.load()
        with ThreadPoolExecutor(1) as beside:
            # Mostly nothing has changed, so what is known is made objects of while the server is asked.
            guess = beside.submit(self._fill, known or Tables())
            tables = self._read(known, progress)
        if tables == known and guess.exception() is None:
            return
        self.store.clear()
        self._fill(tables)
        self._cache.save(tables)

    def _read(self, known: Tables | None, progress: Progress) -> Tables:
        """Return what the server holds: what is known of it brought up to date, or all of it."""
        reader, tables = self.system.reader, None
        if known is not None:
            tables = reader.read_changes(self.client, self.options, known, progress)
        return tables or reader.read(self.client, self.options, progress)

    def _fill(self, tables: Tables) -> None:
        """Make the objects of what was read."""
        records = assembled(tables, self.system.reader.source.places(tables, self.options))
        for modelname, rows in records.rows.items():
            self.store.add_many([self._row(modelname, values) for values in rows])
        self._list_interfaces()
        self.skipped = records.skipped

    def _row(self, modelname: str, values: Values) -> Row:
        model: type[Row] = self._models[modelname]  # type: ignore[assignment] # all of ours are
        row = model.trusted(**values)
        if not deletable(row, self.options.write):
            row.__dict__["model_flags"] = DiffSyncModelFlags.NO_DELETE  # it is in no store yet
        return row

    def _list_interfaces(self) -> None:
        """List the interfaces below their devices."""
        below: dict[str, list[hooks.Interface]] = {}
        for interface in self.get_all(self.interface):
            below.setdefault(interface.device, []).append(interface)
        for device in self.get_all(self.device):
            device.add_children(below.get(device.name, []))


def _silent(_what: str, _more: int) -> None:
    pass
