"""The intended network: the files put together, device by device, and checked against each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from driftline.engine.exceptions import Problem
from driftline.network import InterfaceKind, Ownership, Policy, interface_kind, name_key

from .addresses import IntendedAddress, check_duplicates, check_prefixes, interface_addresses
from .merging import Merged, merge_interfaces
from .rules import check_interface

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from .files import IntentFile, IntentFiles
    from .schema import DeviceFile, SiteFile, VlanEntry


@dataclass(frozen=True, slots=True)
class IntendedInterface:
    """An interface: its managed attributes, and its addresses when those are managed."""

    name: str
    values: Mapping[str, Any]
    addresses: tuple[IntendedAddress, ...]
    owns_addresses: Policy


@dataclass(frozen=True, slots=True)
class IntendedDevice:
    """A device with all that is intended for it."""

    name: str
    file: DeviceFile
    ownership: Ownership
    vlans: Mapping[int, Mapping[str, Any]]
    """The managed attributes of each VLAN, by its id in order."""
    interfaces: tuple[IntendedInterface, ...]
    """In natural order."""


def intended_devices(files: IntentFiles, problems: list[Problem]) -> list[IntendedDevice]:
    """Return the devices in order; what is wrong between the files is added to the problems."""
    devices = [_device(file, files, problems) for __, file in sorted(files.devices.files.items())]
    everywhere = [address for device in devices for address in _addresses(device)]
    problems.extend(check_duplicates(everywhere))
    for device in devices:
        site = files.sites.files.get(device.file.site)
        if site is not None:
            problems.extend(check_prefixes(_addresses(device), site.name, site.content.prefixes))
    for site in files.sites.files.values():
        problems.extend(_check_applies_to(site, files))
    return devices


def _addresses(device: IntendedDevice) -> Iterable[IntendedAddress]:
    return (address for interface in device.interfaces for address in interface.addresses)


def _device(file: IntentFile[DeviceFile], files: IntentFiles, problems: list[Problem]) -> IntendedDevice:
    site = _site(file, files, problems)
    merged = merge_interfaces(file, files.profiles, problems)
    _check_interfaces(file, merged, problems)
    vlans = _vlans(file, site)
    ownership = _ownership(file, has_vlans=vlans is not None, interfaces=merged)
    problems.extend(_check_manage(file, ownership))
    if ownership.interfaces == "exclusive":
        problems.extend(_check_lags(file, merged))
    return IntendedDevice(
        name=file.name,
        file=file.content,
        ownership=ownership,
        vlans=vlans or {},
        interfaces=tuple(_interface(file, name, one, problems) for name, one in merged.items()),
    )


def _site(
    file: IntentFile[DeviceFile], files: IntentFiles, problems: list[Problem]
) -> IntentFile[SiteFile] | None:
    name = file.content.site
    if name not in files.sites.names:
        known = ", ".join(sorted(files.sites.names)) or "none"
        problems.append(
            Problem(
                where=file.document.where(("site",)),
                code="INTENT-UNKNOWN-SITE",
                message=f"{file.name}: there is no site {name!r}",
                hint=f"write sites/{name}.yml, or use one that exists: {known}",
            )
        )
    return files.sites.files.get(name)


def _interface(
    file: IntentFile[DeviceFile], name: str, merged: Merged, problems: list[Problem]
) -> IntendedInterface:
    owns: Policy = "absent"
    if merged.addresses is not None:
        owns = merged.get("manage_addresses") or file.content.manage.addresses
    return IntendedInterface(
        name=name,
        values=merged.values,
        addresses=interface_addresses(file.name, name, merged, problems),
        owns_addresses=owns,
    )


# VLANs ----------------------------------------------------------------------------------------------------


def _vlans(
    file: IntentFile[DeviceFile], site: IntentFile[SiteFile] | None
) -> dict[int, dict[str, Any]] | None:
    """Return the VLANs of a device, its own keys over its site's; None when the files say nothing."""
    own = file.content.vlans
    shared = site_vlans(file, site)
    if "vlans" not in file.content.model_fields_set and not shared:
        return None
    found: dict[int, dict[str, Any]] = {}
    for vid in sorted({*own, *shared}):
        found[vid] = {
            **(shared[vid].written() if vid in shared else {}),
            **(own[vid].written() if vid in own else {}),
        }
    return found


def site_vlans(file: IntentFile[DeviceFile], site: IntentFile[SiteFile] | None) -> Mapping[int, VlanEntry]:
    """Return the VLANs that a device has from its site."""
    return site.content.vlans if site is not None and _applies(site.content, file) else {}


def _applies(site: SiteFile, file: IntentFile[DeviceFile]) -> bool:
    if "vlans_apply_to" not in site.model_fields_set:
        return True
    chosen = site.vlans_apply_to
    return (
        file.content.role in chosen.roles
        or file.content.platform in chosen.platforms
        or file.name in chosen.devices
    )


def _check_applies_to(site: IntentFile[SiteFile], files: IntentFiles) -> Iterator[Problem]:
    for name in site.content.vlans_apply_to.devices:
        device = files.devices.files.get(name)
        if name in files.devices.names and (device is None or device.content.site == site.name):
            continue
        yield Problem(
            where=site.document.where(("vlans_apply_to", "devices", name)),
            code="INTENT-UNKNOWN-DEVICE",
            message=f"{site.name}: vlans_apply_to: there is no device {name!r} at this site",
            hint="correct the name, or remove it",
        )


# Ownership ------------------------------------------------------------------------------------------------


def _ownership(
    file: IntentFile[DeviceFile], *, has_vlans: bool, interfaces: Mapping[str, Merged]
) -> Ownership:
    manage = file.content.manage
    has_addresses = any(merged.addresses is not None for merged in interfaces.values())
    return Ownership(
        interfaces=manage.interfaces if "interfaces" in file.content.model_fields_set else "absent",
        vlans=manage.vlans if has_vlans else "absent",
        addresses=manage.addresses if has_addresses else "absent",
        reset_unlisted_ports=file.content.reset_unlisted_ports,
    )


def _check_manage(file: IntentFile[DeviceFile], ownership: Ownership) -> Iterator[Problem]:
    """Refuse to own all of a collection of which nothing is said: it would read as 'delete everything'."""
    for collection in ("interfaces", "vlans", "addresses"):
        wanted = getattr(file.content.manage, collection)
        if wanted == "exclusive" and getattr(ownership, collection) == "absent":
            yield Problem(
                where=file.document.where(("manage", collection)),
                code="INTENT-MANAGE-WITHOUT-COLLECTION",
                message=f"{file.name}: manage {collection} is exclusive, but no {collection} are written",
                hint=f"write {collection}: {{}} when there must be none",
            )
    if ownership.reset_unlisted_ports and ownership.interfaces != "exclusive":
        yield Problem(
            where=file.document.where(("reset_unlisted_ports",)),
            code="INTENT-RESET-NOT-EXCLUSIVE",
            message=f"{file.name}: reset_unlisted_ports works only where interfaces are managed exclusively",
            hint="write manage: {interfaces: exclusive}, or remove the key",
        )


# Interfaces -----------------------------------------------------------------------------------------------


def _check_interfaces(
    file: IntentFile[DeviceFile], interfaces: Mapping[str, Merged], problems: list[Problem]
) -> None:
    """Check each set of merged values once, however many interfaces share it."""
    seen: dict[int, str] = {}
    for name, merged in interfaces.items():
        first = seen.setdefault(id(merged), name)
        if first == name:
            problems.extend(check_interface(file.name, name, merged))


def _check_lags(file: IntentFile[DeviceFile], interfaces: Mapping[str, Merged]) -> Iterator[Problem]:
    listed = {name_key(name) for name in interfaces}
    for merged in interfaces.values():
        lag = merged.values.get("lag")
        if lag is None or interface_kind(lag) is not InterfaceKind.LAG or name_key(lag) in listed:
            continue
        yield Problem(
            where=merged.where("lag"),
            code="INTENT-LAG-NOT-LISTED",
            message=f"{file.name} {merged.key}: {lag} is not listed, so exclusive management would delete it",
            hint=f"add {lag}: {{}} to the interfaces",
        )
