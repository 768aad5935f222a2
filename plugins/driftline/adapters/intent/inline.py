"""One device's intent as plain data, in the shape of its file: from data, and from what a device has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, cast

from driftline.adapters.documents import Document, LineTable, load_error, validate
from driftline.engine.exceptions import LoadError, Problem
from driftline.network import IntendedState

from .described import Describing
from .files import Folder, IntentFile, IntentFiles
from .filling import fill
from .intended import intended_devices
from .schema import DeviceFile

if TYPE_CHECKING:
    from collections.abc import Mapping

    from driftline.adapters.documents import KeyPath
    from driftline.engine import Adapter
    from driftline.network import Device

_NO_LINES: Final = LineTable(0)


def intended_of(
    config: Mapping[str, Any],
    device: str,
    *,
    site: str,
    platform: str | None = None,
    role: str | None = None,
    serial: str | None = None,
) -> IntendedState:
    """Return what is intended for a device, given in the shape of its file (`devices/<device>.yml`).

    Args:
        config: `interfaces`, `vlans`, `manage` and so on; what it says itself about the site, platform, role and
            serial number comes first. VLAN ids may be text. There are no profiles.
        device: its name.
        site: where it is.
        platform: its NAPALM driver's name.
        role: what it is for.
        serial: the serial number that the box must have.

    Raises:
        LoadError: it is not valid; each problem names its key, such as `interfaces.Ethernet1.mtu`.
    """
    facts = {"site": site, "platform": platform, "role": role, "serial": serial}
    known = {name: value for name, value in facts.items() if value is not None}
    problems: list[Problem] = []
    data = _with_vlan_ids({**known, **config}, problems)
    file = _file(_Given(name=device, data=data, lines=_NO_LINES), problems)
    devices = [] if file is None else intended_devices(_alone(file), problems)
    if problems:
        raise load_error(f"What is intended for {device} can't be used", problems)
    intended = IntendedState("intent")
    fill(intended, devices)
    return intended


def described(dataset: Adapter, device: str) -> dict[str, Any]:
    """Return what a device of a dataset has, as plain data in the shape of its file.

    Each interface has an entry of its own, in natural order, and all keys are text. The same state gives the same
    data; what the intent can't say is left out.

    Raises:
        ObjectNotFound: the dataset has no such device.
    """
    found = cast("Device", dataset.get("device", device))
    describing = Describing(dataset)
    vlans = {str(vid): entry for vid, entry in describing.vlans(found).items()}
    return describing.device(found, vlans, describing.interfaces(found))


@dataclass(frozen=True, slots=True)
class _Given(Document):
    """What was given, in which a place is named by its keys."""

    def where(self, path: KeyPath = ()) -> str:
        """Return the keys down to a place, such as `interfaces.Ethernet1.mtu`."""
        return ".".join(map(str, path)) or self.name

    def of_line(self, path: KeyPath) -> str:  # noqa: ARG002 - the base's signature
        """Return nothing: it has no lines."""
        return ""


def _with_vlan_ids(data: dict[Any, Any], problems: list[Problem]) -> dict[Any, Any]:
    """Return data with VLAN ids as numbers: where it comes from, keys may be text only."""
    given = data.get("vlans")
    if not isinstance(given, dict):
        return data
    found: dict[Any, Any] = {}
    for key, entry in given.items():
        vid = int(key) if isinstance(key, str) and key.isdecimal() else key
        if vid in found:
            message = f"vlans: {vid}: it is given twice"
            problems.append(Problem(f"vlans.{vid}", "INTENT-DUPLICATE-VLAN", message, "keep one of them"))
        found[vid] = entry
    return {**data, "vlans": found}


def _file(document: Document, problems: list[Problem]) -> IntentFile[DeviceFile] | None:
    """Return what was given as a device's file; None where it does not fit."""
    try:
        content = validate(document, DeviceFile, "INTENT")
    except LoadError as error:
        problems.extend(error.problems)
        return None
    if content.name not in (None, document.name):
        message = f"name: it is {content.name!r}, and the device is {document.name!r}"
        problems.append(Problem("name", "INTENT-NAME-MISMATCH", message, "correct it, or remove the key"))
    return IntentFile(name=document.name, content=content, document=document)


def _alone(file: IntentFile[DeviceFile]) -> IntentFiles:
    """Return an intent of one device, at a site of which nothing is said."""
    site = frozenset({file.content.site})
    names = frozenset({file.name})
    return IntentFiles(
        sites=Folder(names=site), devices=Folder({file.name: file}, names=names), profiles=Folder()
    )
