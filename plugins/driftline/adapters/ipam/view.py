"""A partial view must not delete: what a source does not speak of is kept out of the comparison."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from driftline.engine import DiffSyncModelFlags
from driftline.network import interface_kind

from .intended import NOT_ON_INTERFACES
from .models import MODELS, Device, Interface, IPAddress, Prefix, Row, Site, Term, Vlan

if TYPE_CHECKING:
    from collections.abc import Iterator

    from driftline.engine import Adapter


@dataclass(frozen=True, slots=True)
class View:
    """How much of a network a source sees: only there what it lacks is not there."""

    devices: frozenset[str] = frozenset()
    """The devices of which it knows every interface."""
    open_ports: frozenset[str] = frozenset()
    """The unique ids of interfaces on which it does not know every address."""
    sites: frozenset[str] = frozenset()
    """The sites of which it knows all devices, so also all VLANs that are in use."""
    has_ports: bool = True
    """Whether it lists physical ports that nothing is said about, too."""
    gone: frozenset[tuple[str, str]] = frozenset()
    """What it says is not there, by model and unique id."""

    def restrict(self, known: Adapter, seen: Adapter) -> None:
        """Flag what an IPAM holds beside what a source speaks of, so that nothing of it looks deleted.

        Args:
            known: what the IPAM holds.
            seen: what the source says that it should hold.
        """
        for row in (row for model in MODELS for row in known.get_all(model)):
            if row.model_flags & DiffSyncModelFlags.IGNORE:
                row.model_flags &= ~DiffSyncModelFlags.IGNORE
        for row in self._beside(known, seen):
            if (row.get_type(), row.get_unique_id()) not in self.gone:
                row.model_flags |= DiffSyncModelFlags.IGNORE

    def _beside(self, known: Adapter, seen: Adapter) -> Iterator[Row]:
        for model in (Term, Site, Prefix, Device):
            yield from (row for row in known.get_all(model) if not _has(seen, row))
        for vlan in known.get_all(Vlan):
            if not _has(seen, vlan) and vlan.site not in self.sites:
                yield vlan
        for interface in known.get_all(Interface):
            if not _has(seen, interface) and not self._misses(interface.device, interface.name):
                yield interface
        for address in known.get_all(IPAddress):
            if not _has(seen, address) and not self._misses_address(address, seen):
                yield address

    def _misses(self, device: str, name: str) -> bool:
        """Return whether an interface that the source lacks is not there."""
        return device in self.devices and (self.has_ports or interface_kind(name).logical)

    def _misses_address(self, address: IPAddress, seen: Adapter) -> bool:
        if address.device is None or address.interface is None or address.role in NOT_ON_INTERFACES:
            return False
        port = Interface.create_unique_id(device=address.device, name=address.interface)
        if seen.has("interface", port):
            return address.device in self.devices and port not in self.open_ports
        return self._misses(address.device, address.interface)


def _has(seen: Adapter, row: Row) -> bool:
    return seen.has(row.get_type(), row.get_unique_id())
