"""How the objects of a device hang in a dataset."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from driftline.network import Interface

if TYPE_CHECKING:
    from collections.abc import Mapping

    from driftline.engine import Adapter, DiffSyncModel
    from driftline.network import Device, Site

    from .state import Key


def hang(adapter: Adapter, site: Site, device: Device, objects: Mapping[Key, DiffSyncModel]) -> None:
    """Add a device with all its objects to a dataset: an interface comes before its addresses."""
    adapter.add(device)
    site.add_child(device)
    interfaces: dict[str, DiffSyncModel] = {}
    for (modelname, uid), obj in objects.items():
        adapter.add(obj)
        if modelname == "ip_address":
            interfaces[interface_uid(obj)].add_child(obj)
            continue
        device.add_child(obj)
        if modelname == "interface":
            interfaces[uid] = obj


def interface_uid(address: Any) -> str:
    """Return the unique id of the interface that an address is on."""
    return Interface.create_unique_id(device=address.device, name=address.interface)
