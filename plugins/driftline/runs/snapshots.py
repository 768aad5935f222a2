"""What each device and its intent agreed on at the end of its last successful run: the base of three-way comparisons.

One JSON file per device, so that a run that succeeds in part moves on only where it succeeded.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from driftline.engine.conflicts import Conflict, ConflictResolutionStrategy
from driftline.engine.exceptions import DiffException, LoadError
from driftline.engine.merging import ABSENT, merged
from driftline.engine.snapshot import Snapshot, attributes_of
from driftline.network import expand_vlans, vlan_ranges

from .journal.folder import private_folder
from .matching import MODELS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from driftline.engine import DiffElement
    from driftline.engine.typing import Dataset

    Values = dict[str, dict[str, Mapping[str, Any]]]
    """{model: {unique id: {attribute: value}}}"""

_WRITERS = 16
SOURCE_WINS = ConflictResolutionStrategy.SOURCE_WINS


@dataclass(frozen=True, slots=True)
class Base(Snapshot):
    """The last agreement, of the devices that had a successful run; it has no opinion on others."""

    devices: frozenset[str] = frozenset()

    def covers(self, element: DiffElement) -> bool:
        """Return whether an object's device had a successful run."""
        return element.keys.get("device") in self.devices

    def merged(self, model: str, attribute: str, base: Any, source: Any, dest: Any) -> Any:  # noqa: ARG002 - VLAN lists are one model's
        """Merge VLAN lists as the sets that they are."""
        if attribute != "trunk_vlans" or not isinstance(source, str) or not isinstance(dest, str):
            return merged(base, source, dest)
        before = _vids(base) if isinstance(base, str) else ABSENT
        return vlan_ranges(sorted(merged(before, _vids(source), _vids(dest))))


def save_base(
    folder: Path, actual: Dataset, devices: Iterable[str], conflicts: Iterable[Conflict] = ()
) -> None:
    """Note what devices and their intent agree on after a successful run.

    That is what the device has. Where a conflict let it keep its own, it is what the intent says: the difference
    is known, and stays the device's until one of them changes again.

    Args:
        folder: made when it is not there; the files in it are for their owner only.
        actual: the devices as they were read back.
        devices: those that have become as planned, whole, or were so.
        conflicts: all that the plan tells of.
    """
    private_folder(folder)
    agreed: dict[str, Values] = {device: {model: {} for model in MODELS} for device in devices}
    for model in MODELS:
        for obj in actual.get_all(model):
            if obj.device in agreed:
                agreed[obj.device][model][obj.get_unique_id()] = attributes_of(obj)
    for conflict in conflicts:
        if conflict.winner is not SOURCE_WINS and conflict.unit in agreed:
            _keep_apart(conflict, agreed[conflict.unit])
    with ThreadPoolExecutor(_WRITERS) as writers:  # each waits for the disk; together they wait once
        list(writers.map(partial(_write, folder), agreed, agreed.values()))


def load_base(folder: Path, devices: Iterable[str]) -> Base | None:
    """Return what was agreed on with these devices, or None when none of them had a successful run yet.

    Raises:
        LoadError: a file is not as it was written (BASE-FORMAT), or can't be read (BASE-UNREADABLE).
    """
    found = {device: snapshot for device in devices if (snapshot := _read(_file(folder, device)))}
    if not found:
        return None
    values: Values = {model: {} for model in MODELS}
    for snapshot in found.values():
        for model, objects in snapshot.values.items():
            values.setdefault(model, {}).update(objects)
    return Base(values, MODELS, frozenset(found))


def _write(folder: Path, device: str, values: Values) -> None:
    snapshot, file = Snapshot(values), _file(folder, device)
    if not file.exists() or file.read_bytes().rstrip() != snapshot.to_json().encode():
        snapshot.to_json(file)


def _keep_apart(conflict: Conflict, values: Values) -> None:
    """Put what the source says in the place of what the destination kept."""
    objects = values[conflict.model]
    uid = MODELS[conflict.model].unique_id_of(conflict.identity)
    if conflict.attribute is not None:
        if uid in objects:
            objects[uid] = {**objects[uid], conflict.attribute: conflict.source}
    elif conflict.source is None:
        objects.pop(uid, None)
    else:
        objects[uid] = conflict.source


def _read(file: Path) -> Snapshot | None:
    try:
        return Snapshot.from_json(file.read_bytes())
    except FileNotFoundError:
        return None
    except OSError as error:
        raise LoadError(f"{file} can't be read: {error.strerror}", code="BASE-UNREADABLE") from error
    except DiffException as error:
        raise LoadError(
            f"{file}: {error.message}",
            code="BASE-FORMAT",
            hint="remove it; then its device is compared without regard to earlier runs, once",
        ) from error


def _file(folder: Path, device: str) -> Path:
    return folder / f"{quote(device, safe='')}.json"


def _vids(text: str) -> frozenset[int]:
    return frozenset(expand_vlans(text))
