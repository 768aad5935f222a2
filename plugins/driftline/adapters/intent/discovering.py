"""From the actual state of a network to the intent files that say the same: the way in for a network that exists."""

from __future__ import annotations

import ipaddress
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from driftline.adapters.documents import document
from driftline.engine import DiffSyncModelFlags
from driftline.engine.exceptions import LoadError, Problem

from . import yaml_text
from .described import Describing, host_of
from .files import STEM, SUFFIXES, Folder, IntentFiles, intent_file
from .folding import folded
from .intended import intended_devices
from .schema import DeviceFile, SiteFile
from .writing import FileEdit, IntentWriteError, write_files

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from driftline.engine import Adapter
    from driftline.network import Device, IPAddress

    from .described import Host


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
    describing = Describing(actual, _shared_hosts(actual, devices))
    shared = _SharedVlans({device.name: (device.site, describing.vlans(device)) for device in devices})
    texts = {f"sites/{site}.yml": yaml_text.document(keys) for site, keys in shared.sites.items()}
    for device in devices:
        interfaces = folded(describing.interfaces(device))
        keys = describing.device(device, shared.own[device.name], interfaces)
        texts[f"devices/{device.name}.yml"] = yaml_text.document(keys)
    _check_texts(texts)
    return Discovery(texts, tuple(describing.left_out))


def _shared_hosts(actual: Adapter, devices: Iterable[Device]) -> set[Host]:
    """Return the host addresses that several devices have in one VRF: only anycast ones may be."""
    known = {device.name for device in devices}
    holders: dict[Host, set[str]] = defaultdict(set)
    for address in cast("list[IPAddress]", actual.get_all("ip_address")):
        if address.device in known and not ipaddress.ip_interface(address.address).is_link_local:
            holders[host_of(address)].add(address.device)
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
