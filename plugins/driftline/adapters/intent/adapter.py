"""The adapter for intended state in YAML files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from driftline.adapters.documents import load_error
from driftline.engine import Adapter
from driftline.engine.exceptions import Problem
from driftline.network import Device, Interface, IPAddress, Site, Vlan

from .age import last_touched
from .files import read_intent
from .intended import IntendedDevice, IntendedInterface, intended_devices

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from datetime import datetime
    from pathlib import Path

log = structlog.get_logger(__name__)


class IntentAdapter(Adapter):
    """The intended state, as the files of an intent folder tell it.

        intended = IntentAdapter(Path("inventory/intent"))
        intended.load()

    The files are always read and checked all together, also when only some devices are asked for: whether an
    address is free is not to be seen in one file.
    """

    site = Site
    device = Device
    interface = Interface
    ip_address = IPAddress
    vlan = Vlan
    top_level = ("site",)

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
        self.touched: datetime | None = None
        """When the files were changed or fetched last."""

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
        for site in sorted({device.file.site for device in chosen}):
            self._add_site(site, (device for device in chosen if device.file.site == site))
        log.debug("intent loaded", path=str(self.path), devices=len(chosen), objects=len(self))

    def _add_site(self, name: str, devices: Iterable[IntendedDevice]) -> None:
        site = self.site(name=name)
        self.add(site)
        for device in devices:
            self._add_device(site, device)

    def _add_device(self, site: Site, intended: IntendedDevice) -> None:
        device = self.device(
            name=intended.name,
            site=site.name,
            role=intended.file.role,
            platform=intended.file.platform,
            serial=intended.file.serial,
            ownership=intended.ownership,
        )
        self.add(device)
        site.add_child(device)
        for vid, values in intended.vlans.items():
            vlan = self.vlan.trusted(device=device.name, vid=vid, **values)
            self.add(vlan.manage(values))
            device.add_child(vlan)
        for interface in intended.interfaces:
            self._add_interface(device, interface)

    def _add_interface(self, device: Device, intended: IntendedInterface) -> None:
        interface = self.interface.trusted(
            device=device.name, name=intended.name, owns_addresses=intended.owns_addresses, **intended.values
        )
        self.add(interface.manage(intended.values))
        device.add_child(interface)
        for address in intended.addresses:
            ip_address = self.ip_address.trusted(
                device=device.name,
                vrf=address.vrf,
                address=address.text,
                interface=intended.name,
                secondary=address.secondary,
            )
            self.add(ip_address)
            interface.add_child(ip_address)


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
