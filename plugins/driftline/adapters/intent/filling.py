"""Filling a dataset with the intended devices, however they came to be known."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from driftline.network import Device, IntendedState

    from .intended import IntendedDevice, IntendedInterface


def fill(dataset: IntendedState, devices: Iterable[IntendedDevice]) -> None:
    """Add the devices, their sites, and what is below them; an attribute that is not written is not managed."""
    by_site: dict[str, list[IntendedDevice]] = {}
    for device in devices:
        by_site.setdefault(device.file.site, []).append(device)
    for name in sorted(by_site):
        site = dataset.site(name=name)
        dataset.add(site)
        for device in by_site[name]:
            site.add_child(_device(dataset, device))


def _device(dataset: IntendedState, intended: IntendedDevice) -> Device:
    device = dataset.device(
        name=intended.name,
        site=intended.file.site,
        role=intended.file.role,
        platform=intended.file.platform,
        serial=intended.file.serial,
        ownership=intended.ownership,
    )
    dataset.add(device)
    for vid, values in intended.vlans.items():
        vlan = dataset.vlan.trusted(device=device.name, vid=vid, **values)
        dataset.add(vlan.manage(values))
        device.add_child(vlan)
    for interface in intended.interfaces:
        _add_interface(dataset, device, interface)
    return device


def _add_interface(dataset: IntendedState, device: Device, intended: IntendedInterface) -> None:
    interface = dataset.interface.trusted(
        device=device.name, name=intended.name, owns_addresses=intended.owns_addresses, **intended.values
    )
    dataset.add(interface.manage(intended.values))
    device.add_child(interface)
    for address in intended.addresses:
        ip_address = dataset.ip_address.trusted(
            device=device.name,
            vrf=address.vrf,
            address=address.text,
            interface=intended.name,
            secondary=address.secondary,
        )
        dataset.add(ip_address)
        interface.add_child(ip_address)
