"""From the actual state of a network to the intent files that say the same: the way in for a network that exists."""

from __future__ import annotations

import ipaddress
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

from pydantic import BaseModel, ValidationError

from driftline.adapters.documents import document
from driftline.engine import Adapter, DiffSyncModelFlags
from driftline.engine.exceptions import LoadError, Problem
from driftline.network import RESERVED_VLANS, Device, Interface, IPAddress, Vlan, name_order

from . import yaml_text
from .addresses import wrong_address
from .described import address_list, interface_keys, vlan_keys
from .files import STEM, SUFFIXES, Folder, IntentFiles, intent_file
from .folding import folded
from .intended import intended_devices
from .rules import breaches
from .schema import AddressEntry, DeviceFile, InterfaceEntry, PortKeys, SiteFile, VlanEntry
from .writing import FileEdit, IntentWriteError, write_files

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_NOT_MANAGED: Final = "it is not managed; change it on the device if it should be"


@dataclass(frozen=True, slots=True)
class Discovery:
    """The files of a whole network, not written yet."""

    texts: Mapping[str, str]
    """By their name below the intent folder, such as `devices/leaf1.yml`."""
    left_out: tuple[Problem, ...]
    """What the devices have and the intent can't say; it is not managed."""

    def write(self, folder: Path, *, overwrite: bool = False) -> list[Path]:
        """Write all files or none, and return their paths; raises IntentWriteError, when one exists too."""
        found = {name: _existing(folder / name) for name in self.texts}
        problems = [
            Problem(
                where=name,
                code="DISCOVER-EXISTS",
                message=f"{path} exists",
                hint="name another folder, or ask to overwrite what is there",
            )
            for name, path in found.items()
            if path is not None and not overwrite
        ]
        if problems:
            raise IntentWriteError(f"The intent in {folder} is not overwritten", problems=problems)
        return write_files([_edit(found[name] or folder / name, text) for name, text in self.texts.items()])


def discover(actual: Adapter) -> Discovery:
    """Return the intent that says what the devices of a dataset have; devices flagged IGNORE were not read.

    Of what was read from devices every attribute that has a meaning on an interface of its kind and mode is
    written, defaults too, so all of them are managed; collections are managed as listed. Where a dataset has
    an opinion on some attributes only, or owns collections, the intent does just that.

    Raises:
        IntentWriteError: there is nothing, or something without which a file can't be used.
    """
    devices = [
        cast("Device", device)
        for device in actual.get_all("device")
        if DiffSyncModelFlags.IGNORE not in device.model_flags
    ]
    _check_devices(devices)
    devices.sort(key=lambda device: device.name)
    describing = _Describing(actual, devices)
    shared = _SharedVlans({device.name: (device.site, describing.vlans(device)) for device in devices})
    texts = {f"sites/{site}.yml": yaml_text.document(keys) for site, keys in shared.sites.items()}
    for device in devices:
        keys = describing.device(device, shared.own[device.name])
        texts[f"devices/{device.name}.yml"] = yaml_text.document(keys)
    _check_texts(texts)
    return Discovery(texts, tuple(describing.left_out))


# One device -----------------------------------------------------------------------------------------------


class _Describing:
    """Says in the words of the files what devices have, and notes what can't be said."""

    def __init__(self, actual: Adapter, devices: Iterable[Device]) -> None:
        self.left_out: list[Problem] = []
        self._actual = actual
        self._shared_hosts = _shared_hosts(actual, devices)

    def device(self, device: Device, vlans: Mapping[int, Any]) -> dict[str, Any]:
        """Return the keys of a device's file; a blank one is left out."""
        identity = {name: getattr(device, name) for name in ("site", "role", "platform", "serial")}
        interfaces = cast("list[Interface]", self._actual.get_by_uids(device.interfaces, "interface"))
        entries = {
            interface.name: self._interface(interface)
            for interface in sorted(interfaces, key=lambda one: name_order(one.name))
        }
        collections = {"vlans": dict(vlans), "interfaces": folded(entries)}
        written = {**identity, **_owned(device), **collections}
        return {name: value for name, value in written.items() if value or _is_owned_empty(device, name)}

    def vlans(self, device: Device) -> dict[int, dict[str, Any]]:
        """Return the entries of a device's VLANs, but for those that exist by themselves."""
        vlans = cast("list[Vlan]", self._actual.get_by_uids(device.vlans, "vlan"))
        return {
            vlan.vid: self._valid(
                VlanEntry,
                vlan_keys(vlan.name) if vlan.get_managed() else {},
                device.name,
                f"vlan {vlan.vid}",
            )
            for vlan in sorted(vlans, key=lambda one: one.vid)
            if vlan.vid not in RESERVED_VLANS
        }

    def _interface(self, interface: Interface) -> dict[str, Any]:
        what = f"interface {interface.name}"
        addresses = self._addresses(interface)
        keys = self._valid(
            InterfaceEntry, _said(interface, addressed=bool(addresses)), interface.device, what
        )
        for breach in [*breaches(interface.kind, keys, addresses)]:
            self._leave_out(interface.device, f"{what}: {breach.message}")
            keys.pop(breach.key, None)
            addresses = {} if breach.key == "addresses" else addresses
        if not addresses and interface.owns_addresses == "absent":
            return keys
        return {**keys, "addresses": address_list(addresses), **self._manage_addresses(interface)}

    def _manage_addresses(self, interface: Interface) -> dict[str, Any]:
        """Return how far an interface's addresses are owned, where it is not as on the device as a whole."""
        usual = cast("Device", self._actual.get("device", interface.device)).ownership.addresses
        owns = interface.owns_addresses
        return {} if owns in ("absent", usual) else {"manage_addresses": owns}

    def _addresses(self, interface: Interface) -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = {}
        for address in cast("list[IPAddress]", self._actual.get_by_uids(interface.addresses, "ip_address")):
            marks = {"secondary": address.secondary, "anycast": _host(address) in self._shared_hosts}
            keys = {name: value for name, value in marks.items() if value}
            wrong = wrong_address(address.address, AddressEntry(**keys))
            if wrong is None:
                found[address.address] = keys
            else:
                self._leave_out(
                    interface.device, f"interface {interface.name}: {address.address}: {wrong[1]}"
                )
        return found

    def _valid(self, schema: type[BaseModel], keys: dict[str, Any], device: str, what: str) -> dict[str, Any]:
        """Return the keys that a file can have."""
        try:
            schema.model_validate(keys)
        except ValidationError as error:
            for detail in error.errors(include_url=False, include_input=False):
                self._leave_out(device, f"{what}: {detail['loc'][0]}: {detail['msg']}")
                keys = {name: value for name, value in keys.items() if name != detail["loc"][0]}
        return keys

    def _leave_out(self, device: str, message: str) -> None:
        self.left_out.append(Problem(device, "DISCOVER-LEFT-OUT", message, _NOT_MANAGED))


def _said(interface: Interface, *, addressed: bool) -> dict[str, Any]:
    """Return the keys of an interface: what it has an opinion on, or all that has a meaning there."""
    values, managed = interface.get_attrs(), interface.get_managed()
    if set(managed) == set(values):
        return interface_keys(interface.kind, values, addressed=addressed)
    return {name: values[name] for name in PortKeys.model_fields if name in managed}


def _owned(device: Device) -> dict[str, Any]:
    """Return the keys that say how far a device's collections are owned, where that is more than as listed."""
    ownership = device.ownership
    collections = ("interfaces", "vlans", "addresses")
    exclusive = {name: "exclusive" for name in collections if getattr(ownership, name) == "exclusive"}
    return {"manage": exclusive, "reset_unlisted_ports": ownership.reset_unlisted_ports}


def _is_owned_empty(device: Device, name: str) -> bool:
    return name in ("interfaces", "vlans") and (
        getattr(device.ownership, name) != "absent" and not getattr(device, name)
    )


def _host(address: IPAddress) -> tuple[str, str]:
    return address.vrf, str(ipaddress.ip_interface(address.address).ip)


def _shared_hosts(actual: Adapter, devices: Iterable[Device]) -> set[tuple[str, str]]:
    """Return the host addresses that several devices have in one VRF: only anycast ones may be."""
    known = {device.name for device in devices}
    holders: dict[tuple[str, str], set[str]] = defaultdict(set)
    for address in cast("list[IPAddress]", actual.get_all("ip_address")):
        if address.device in known and not ipaddress.ip_interface(address.address).is_link_local:
            holders[_host(address)].add(address.device)
    return {host for host, names in holders.items() if len(names) > 1}


# The VLANs of a site --------------------------------------------------------------------------------------


class _SharedVlans:
    """Puts those VLANs in the site's file that all its devices with VLANs have, under the same name."""

    def __init__(self, devices: Mapping[str, tuple[str, dict[int, dict[str, Any]]]]) -> None:
        self.sites: dict[str, dict[str, Any]] = {}
        self.own: dict[str, dict[int, dict[str, Any]]] = {}
        by_site: dict[str, dict[str, dict[int, dict[str, Any]]]] = defaultdict(dict)
        for name, (site, vlans) in devices.items():
            by_site[site][name] = vlans
        for site, members in by_site.items():
            self._divide(site, members)

    def _divide(self, site: str, members: dict[str, dict[int, dict[str, Any]]]) -> None:
        switching = [name for name, vlans in members.items() if vlans]
        common = _common([members[name] for name in switching])
        keys: dict[str, Any] = {"vlans": common} if common else {}
        if common and len(switching) < len(members):
            keys["vlans_apply_to"] = {"devices": switching}
        self.sites[site] = keys
        for name, vlans in members.items():
            self.own[name] = {vid: entry for vid, entry in vlans.items() if vid not in common}


def _common(devices: list[dict[int, dict[str, Any]]]) -> dict[int, dict[str, Any]]:
    if len(devices) < 2:  # noqa: PLR2004 - what one device has is not shared
        return {}
    first, *others = devices
    return {vid: entry for vid, entry in first.items() if all(other.get(vid) == entry for other in others)}


# Checks ---------------------------------------------------------------------------------------------------


def _check_devices(devices: Iterable[Device]) -> None:
    problems: list[Problem] = []
    taken: dict[str, str] = {}
    for device in devices:
        for what, name in (("device", device.name), ("site", device.site)):
            if not STEM.fullmatch(name):
                message = f"{name!r} can't be the name of a {what}'s file"
                problems.append(Problem(device.name, "DISCOVER-NAME", message, "rename it"))
        if taken.setdefault(device.name.casefold(), device.name) != device.name:
            message = f"{taken[device.name.casefold()]!r} is the same name"
            problems.append(Problem(device.name, "DISCOVER-NAME", message, "rename one of them"))
        if device.platform is None:
            hint = "set it in the inventory"
            problems.append(Problem(device.name, "DISCOVER-PLATFORM", "its platform is not known", hint))
    if not taken:
        problems.append(Problem("", "DISCOVER-EMPTY", "no device was read", "see why they could not be read"))
    if problems:
        raise IntentWriteError("No intent can be made of the network", problems=problems)


def _check_texts(texts: Mapping[str, str]) -> None:
    """Refuse what would not load, before anything is written."""
    problems: list[Problem] = []
    files = IntentFiles(
        sites=_folder("sites", texts, SiteFile, problems),
        devices=_folder("devices", texts, DeviceFile, problems),
        profiles=Folder(),
    )
    intended_devices(files, problems)
    if problems:
        raise IntentWriteError("What the devices have can't be said in intent files", problems=problems)


def _folder(kind: str, texts: Mapping[str, str], schema: Any, problems: list[Problem]) -> Folder[Any]:
    files = {}
    for name, text in texts.items():
        path = Path(name)
        if path.parent.name == kind:
            try:
                files[path.stem] = intent_file(path.stem, document(text.encode(), name), schema)
            except LoadError as error:
                problems.extend(error.problems)
    return Folder(files=files, names=frozenset(files))


def _existing(path: Path) -> Path | None:
    """Return the file that stands for the same name, whatever its suffix."""
    beside = sorted(path.parent.iterdir()) if path.parent.is_dir() else []
    same = (one for one in beside if one.suffix in SUFFIXES and one.stem.casefold() == path.stem.casefold())
    return next(same, None)


def _edit(path: Path, text: str) -> FileEdit:
    return FileEdit(path, path.read_bytes() if path.exists() else None, text.encode())
