"""One device's file while drift becomes intent: what it says of each object, and edits that touch nothing else."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from driftline.adapters.documents import document
from driftline.adapters.yaml12 import parse
from driftline.engine.exceptions import LoadError
from driftline.network import DEFAULT_VRF, canonical_address, canonical_name, name_key, name_order

from . import text_edits
from .files import intent_file
from .ranges import interface_names, is_range
from .schema import DeviceFile, InterfaceEntry
from .yaml_text import inline

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from .files import Folder, IntentFile
    from .schema import ProfileFile
    from .text_edits import Path

_DEVICE_KEYS: Final = tuple(DeviceFile.model_fields)
_INTERFACE_KEYS: Final = ("profile", *(name for name in InterfaceEntry.model_fields if name != "profile"))
_MISSING: Final = object()


class Refused(Exception):
    """Something can't become intent, with a code and what to try."""

    def __init__(self, code: str, message: str, hint: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Change:
    """One place of a file that changes."""

    file: str
    path: tuple[str, ...]
    """Keys from the top of the file."""
    before: str | None
    """As YAML text; None: it was not there."""
    after: str | None
    """None: it is gone."""


class Draft:
    """The text of a device's file and what it means, kept in step with every edit."""

    def __init__(self, device: str, file: str, text: str, profiles: Folder[ProfileFile]) -> None:
        self.device = device
        self.file = file
        self.text = text
        self.changes: list[Change] = []
        self._profiles = profiles
        self._data: dict[Any, Any] = parse(text.encode())[0]

    def parsed(self) -> IntentFile[DeviceFile]:
        """Return what the text means; raises LoadError with every problem in it."""
        return intent_file(self.device, document(self.text.encode(), self.file), DeviceFile)

    # VLANs and interfaces ---------------------------------------------------------------------------------

    def has_vlan(self, vid: int) -> bool:
        """Return whether the file itself has a VLAN."""
        return vid in self._data.get("vlans", {})

    def put_vlan(self, vid: int, keys: Mapping[str, Any]) -> None:
        """Say something of a VLAN."""
        after = [known for known in self._data.get("vlans", {}) if known < vid]
        self._put_keys(("vlans", vid), keys, after=after[-1] if after else None)

    def drop_vlan(self, vid: int) -> None:
        """Say nothing of a VLAN any more."""
        self._drop(("vlans", vid))

    def entry_key(self, name: str) -> str | None:
        """Return the key of an interface's own entry, None when it has none."""
        wanted = name_key(name)
        keys = (key for key in self._interfaces() if not is_range(key))
        return next((key for key in keys if name_key(canonical_name(key)) == wanted), None)

    def range_key(self, name: str) -> str | None:
        """Return the range that an interface lies in."""
        wanted = name_key(name)
        for key in self._interfaces():
            if is_range(key) and any(name_key(canonical_name(one)) == wanted for one in interface_names(key)):
                return key
        return None

    def has_interface(self, name: str) -> bool:
        """Return whether an interface is intended."""
        return self.entry_key(name) is not None or self.range_key(name) is not None

    def put_interface(self, name: str, keys: Mapping[str, Any]) -> None:
        """Say something of an interface, in an entry of its own: over its range's or profile's keys."""
        entry = self.entry_key(name)
        after = None if entry is not None else self.range_key(name) or self._before(name)
        self._put_keys(("interfaces", entry or name), keys, after=after)

    def drop_interface(self, name: str) -> None:
        """Say nothing of an interface any more; raises Refused where a range says it."""
        ranged, entry = self.range_key(name), self.entry_key(name)
        if ranged is not None:
            raise Refused(
                "ADOPT-FROM-RANGE",
                f"it is intended by the range {ranged}",
                f"take it out of the range in {self.file}",
            )
        if entry is not None:
            self._drop(("interfaces", entry))

    def written(self, name: str, key: str) -> Any:
        """Return what is written for an interface, by name, by range or in the profile; None when nothing is."""
        found = self._lookup(name, key)
        return None if found is _MISSING else found

    def vrf(self, name: str) -> str:
        """Return the VRF in which an interface is intended."""
        return str(self.written(name, "vrf") or DEFAULT_VRF)

    # Addresses --------------------------------------------------------------------------------------------

    def lists_addresses(self, name: str) -> bool:
        """Return whether the addresses of an interface are managed."""
        return self._lookup(name, "addresses") is not _MISSING

    def put_address(self, name: str, text: str, *, secondary: bool) -> None:
        """List an address; one that is listed already changes its mark."""
        if not self.lists_addresses(name):
            # Only this address is meant: the interface's others are as little managed as before.
            others = {"manage_addresses": "listed"} if self._owns_all_addresses() else {}
            self.put_interface(
                name, {"addresses": {text: {"secondary": True}} if secondary else [text], **others}
            )
            return
        path, listed = self._own_addresses(name)
        spelled = _spelled(listed, text)
        if isinstance(listed, list) and not secondary:
            if spelled is None:
                self._put((*path, len(listed)), text)
            return
        if isinstance(listed, list):
            self._edit(text_edits.as_map(self.text, path), path, {item: {} for item in listed})
        if spelled is None:
            self._put((*path, text), {"secondary": True} if secondary else {})
        elif secondary:
            self._put((*path, spelled, "secondary"), value=True)
        elif "secondary" in listed[spelled]:
            self._drop((*path, spelled, "secondary"))

    def drop_address(self, name: str, text: str) -> None:
        """List an address no more; the collection stays, and is managed as before."""
        path, listed = self._own_addresses(name)
        spelled = _spelled(listed, text)
        if spelled is not None:
            self._drop((*path, listed.index(spelled) if isinstance(listed, list) else spelled))

    def has_addresses(self, name: str) -> bool:
        """Return whether any address is listed."""
        return bool(self.written(name, "addresses"))

    def _own_addresses(self, name: str) -> tuple[Path, Any]:
        """Return where an interface's own addresses are listed; those of a range are written out first."""
        entry = self.entry_key(name)
        if entry is None or "addresses" not in self._interfaces()[entry]:
            self.put_interface(name, {"addresses": self._lookup(name, "addresses")})
            entry = self.entry_key(name)
        path: Path = ("interfaces", str(entry), "addresses")
        return path, self._interfaces()[str(entry)]["addresses"]

    def _owns_all_addresses(self) -> bool:
        return bool(self._data.get("manage", {}).get("addresses") == "exclusive")

    # What is written --------------------------------------------------------------------------------------

    def _interfaces(self) -> dict[str, Any]:
        found: dict[str, Any] = self._data.get("interfaces", {})
        return found

    def _lookup(self, name: str, key: str) -> Any:
        entries = (self.entry_key(name), self.range_key(name))
        layers = [self._interfaces()[entry] for entry in entries if entry is not None]
        profile = next((layer["profile"] for layer in layers if "profile" in layer), None)
        if profile in self._profiles.files:
            layers.append(self._profiles.files[profile].content.written())
        return next((layer[key] for layer in layers if key in layer), _MISSING)

    def _before(self, name: str) -> str | None:
        """Return the key behind which an interface belongs: the last one of its kind that comes before it."""
        order = name_order(name)
        places = {key: name_order(canonical_name(interface_names(key)[0])) for key in self._interfaces()}
        lower = [key for key, place in places.items() if place[0] == order[0] and place < order]
        return lower[-1] if lower else None

    # Edits ------------------------------------------------------------------------------------------------

    def _put_keys(self, path: Path, keys: Mapping[str, Any], after: str | int | None) -> None:
        section, name = path
        if name not in self._data.get(section, {}):
            top = _behind(section, self._data, _DEVICE_KEYS)
            self._put(path, dict(keys), after=after if section in self._data else top)
            return
        for key, value in keys.items():
            self._put((*path, key), value, after=_behind(key, self._data[section][name], _INTERFACE_KEYS))

    def _put(self, path: Path, value: Any, after: str | int | None = None) -> None:
        self._note(path, value)
        self._edit(self._edited(text_edits.put, path, value, after), path, value)

    def _drop(self, path: Path) -> None:
        self._note(path, _MISSING)
        self._edit(self._edited(text_edits.drop, path), path, _MISSING)

    def _edited(self, edit: Any, *arguments: Any) -> str:
        try:
            return str(edit(self.text, *arguments))
        except text_edits.Uneditable as error:
            raise self._uneditable(str(error)) from error

    def _edit(self, text: str, path: Path, value: Any) -> None:
        """Take an edited text over, when it means what it should and nothing else has changed its meaning."""
        meant = _with(self._data, path, value)
        try:
            found = document(text.encode(), self.file).data
        except LoadError as error:
            raise self._uneditable("it could not be read any more") from error
        if found != meant:
            raise self._uneditable("something else would change too")
        self.text, self._data = text, found

    def _uneditable(self, why: str) -> Refused:
        return Refused(
            "ADOPT-LAYOUT",
            f"{self.file} is written in a way that can't be edited: {why}",
            "write the entry on lines of its own, without aliases",
        )

    def _note(self, path: Path, value: Any) -> None:
        before = _at(self._data, path)
        self.changes.append(
            Change(
                self.file,
                tuple(str(step) for step in path),
                None if before is _MISSING else inline(before),
                None if value is _MISSING else inline(value),
            )
        )


def _behind(key: Any, there: Mapping[Any, Any], order: tuple[str, ...]) -> Any:
    """Return the last of the keys that are there which comes before another one; None: there is none."""
    if key not in order:
        return None
    before = order[: order.index(key)]
    return next((known for known in reversed(list(there)) if known in before), None)


def _spelled(listed: Iterable[str], text: str) -> str | None:
    """Return how an address is spelled where it is listed."""
    return next((item for item in listed if canonical_address(item) == text), None)


def _at(data: Any, path: Path) -> Any:
    for step in path:
        if isinstance(data, list):
            data = data[int(step)] if int(step) < len(data) else _MISSING
        else:
            data = data.get(step, _MISSING) if isinstance(data, dict) else _MISSING
    return data


def _with(data: dict[Any, Any], path: Path, value: Any) -> dict[Any, Any]:
    """Return a copy of plain values with one of them set or gone."""
    made = copy.deepcopy(data)
    here: Any = made
    for step in path[:-1]:
        here = here.setdefault(step, {})
    last: Any = path[-1]
    if value is _MISSING:
        del here[last]
    elif isinstance(here, list) and last == len(here):
        here.append(value)
    else:
        here[last] = value
    return made
