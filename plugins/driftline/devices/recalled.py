"""What devices were once: a dataset made from configurations that were kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from driftline.engine import Adapter
from driftline.network import Device, Interface, IPAddress, Site, Vlan

from .tree import hang

if TYPE_CHECKING:
    from collections.abc import Mapping

    from driftline.engine import DiffSyncModel

    from .state import DeviceState


class _Owner:
    """All that is not on a device of the past is to go from the one of today."""

    def owns(self, child: DiffSyncModel) -> bool:  # noqa: ARG002 - whatever it is
        """Return True."""
        return True


class RecalledDevice(_Owner, Device):
    """A device as it was."""


class RecalledInterface(_Owner, Interface):
    """An interface as it was."""


class RecalledAdapter(Adapter):
    """Devices as they were when their configurations were kept; it is compared with those of today."""

    type = "recalled"
    site = Site
    device = RecalledDevice
    interface = RecalledInterface
    ip_address = IPAddress
    vlan = Vlan
    top_level: ClassVar[list[str]] = ["site"]  # type: ignore[misc]

    def __init__(self, states: Mapping[str, DeviceState], sites: Mapping[str, str], name: str) -> None:
        """Take the states over.

        Args:
            states: what each device was.
            sites: the site of each device.
        """
        super().__init__(name)
        for device, state in states.items():
            site = self.get_or_none("site", sites[device])
            if site is None:
                site = Site(name=sites[device])
                self.add(site)
            hang(self, site, RecalledDevice(name=device, site=sites[device]), self._objects(state))

    def _objects(self, state: DeviceState) -> dict[tuple[str, str], DiffSyncModel]:
        """Return the objects of a state as models of this dataset."""
        return {
            key: self.model_class(key[0]).model_construct(**_fields(obj))
            for key, obj in state.objects.items()
        }


def _fields(obj: DiffSyncModel) -> dict[str, Any]:
    """Return an object's fields but its children's: they are hung in it anew."""
    children = set(obj.get_children_mapping().values())
    known = type(obj).model_fields.keys() - children
    return {name: value for name, value in obj.__dict__.items() if name in known}
