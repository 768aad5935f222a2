"""From the keys of a device file to one set of values for each interface: profile, then range, then name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from driftline.engine.exceptions import Problem
from driftline.network import canonical_name, name_key, name_order

from .ranges import RangeError, interface_names, is_range

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from driftline.adapters.documents import Document, KeyPath

    from .files import Folder, IntentFile
    from .schema import DeviceFile, InterfaceEntry, ProfileFile

_NOT_ATTRIBUTES: Final = frozenset({"name", "profile", "addresses", "manage_addresses"})


@dataclass(frozen=True, slots=True)
class Layer:
    """Keys that were written in one place."""

    keys: Mapping[str, Any]
    document: Document
    path: KeyPath


@dataclass(frozen=True, slots=True)
class Merged:
    """What is intended for an interface, and where each part of it is written."""

    key: str
    """The key of the device file, a name or a range."""
    layers: tuple[Layer, ...]
    """The most specific first."""
    values: Mapping[str, Any]
    """The managed attributes; one mapping is shared by all interfaces of a range."""

    @property
    def addresses(self) -> Mapping[str, Any] | None:
        """The intended addresses; None when they are not managed."""
        return next((layer.keys["addresses"] for layer in self.layers if "addresses" in layer.keys), None)

    def get(self, key: str) -> Any:
        """Return the value of any key of the files, None when it is not written."""
        return next((layer.keys[key] for layer in self.layers if key in layer.keys), None)

    def where(self, *path: str) -> str:
        """Return the file and line of a key, or of the interface when it is not written."""
        first = path[0] if path else ""
        layer = next((layer for layer in self.layers if first in layer.keys), self.layers[0])
        return layer.document.where((*layer.path, *path))


def merge_interfaces(
    device: IntentFile[DeviceFile], profiles: Folder[ProfileFile], problems: list[Problem]
) -> dict[str, Merged]:
    """Return the intended interfaces of a device by canonical name, in natural order."""
    keys = _Keys(device, problems)
    merging = _Merging(device, profiles, problems)
    for key in keys.unused_ranges():
        merging.merged(key, None)
    merged = {name: merging.merged(key, range_key) for name, key, range_key in keys.interfaces()}
    return {name: merged[name] for name in sorted(merged, key=name_order)}


class _Keys:
    """Which key of the file, and which range behind it, speaks for each interface."""

    def __init__(self, device: IntentFile[DeviceFile], problems: list[Problem]) -> None:
        self._device = device
        self._problems = problems
        self._names: dict[str, str] = {}
        self._single: dict[str, str] = {}
        self._ranged: dict[str, str] = {}
        self._ranges: list[str] = []
        for key in device.content.interfaces:
            self._place(key)

    def interfaces(self) -> Iterable[tuple[str, str, str | None]]:
        """Return each interface's name, the key that says most about it, and the range that it overrides."""
        for place, name in self._names.items():
            single, ranged = self._single.get(place), self._ranged.get(place)
            if single is not None:
                yield name, single, ranged
            elif ranged is not None:
                yield name, ranged, None

    def unused_ranges(self) -> Iterable[str]:
        """Return the ranges of which every interface is overridden; they are checked all the same."""
        used = {ranged for place, ranged in self._ranged.items() if place not in self._single}
        return (key for key in self._ranges if key not in used)

    def _place(self, key: str) -> None:
        try:
            names = interface_names(key)
        except RangeError as error:
            self._report(
                key, "INTENT-INTERFACE-NAME", str(error), "write a name, or a range such as Ethernet1/1-4,7"
            )
            return
        taken = self._ranged if is_range(key) else self._single
        if taken is self._ranged:
            self._ranges.append(key)
        for written in names:
            name = canonical_name(written)
            place = name_key(name)
            if place in taken:
                self._report_taken(key, name, taken[place])
                return
            taken[place] = key
            self._names[place] = name

    def _report_taken(self, key: str, name: str, first: str) -> None:
        line = self._device.document.of_line(("interfaces", first))
        if is_range(key):
            message = f"{name} lies in the range {first}{line} too"
            self._report(key, "INTENT-OVERLAPPING-RANGES", message, "let only one range contain it")
        else:
            message = f"{first}{line} is the same interface"
            self._report(key, "INTENT-DUPLICATE-INTERFACE", message, f"keep one, spelled {name}")

    def _report(self, key: str, code: str, message: str, hint: str) -> None:
        where = self._device.document.where(("interfaces", key))
        told = f"{self._device.name} {key}: {message}"
        self._problems.append(Problem(where=where, code=code, message=told, hint=hint))


class _Merging:
    """Lays keys over each other, once for each key and the range that it overrides."""

    def __init__(
        self, device: IntentFile[DeviceFile], profiles: Folder[ProfileFile], problems: list[Problem]
    ) -> None:
        self._device = device
        self._profiles = profiles
        self._problems = problems
        self._known: dict[tuple[str, str | None], Merged] = {}

    def merged(self, key: str, range_key: str | None) -> Merged:
        """Return the values for a key of the file, over those of a range."""
        known = self._known.get((key, range_key))
        if known is None:
            known = self._known[key, range_key] = self._merge(key, range_key)
        return known

    def _merge(self, key: str, range_key: str | None) -> Merged:
        layers = [self._layer(key)]
        if range_key is not None:
            layers.append(self._layer(range_key))
        profile = self._profile(layers)
        if profile is not None:
            layers.append(profile)
        return Merged(key=key, layers=tuple(layers), values=_values(layers))

    def _layer(self, key: str) -> Layer:
        entry: InterfaceEntry = self._device.content.interfaces[key]
        return Layer(keys=entry.written(), document=self._device.document, path=("interfaces", key))

    def _profile(self, layers: list[Layer]) -> Layer | None:
        """Return the profile that the most specific layer names; null takes the range's profile away."""
        layer = next((layer for layer in layers if "profile" in layer.keys), None)
        name = layer.keys["profile"] if layer is not None else None
        if layer is None or name is None:
            return None
        if name not in self._profiles.names:
            known = ", ".join(sorted(self._profiles.names)) or "none"
            self._problems.append(
                Problem(
                    where=layer.document.where((*layer.path, "profile")),
                    code="INTENT-UNKNOWN-PROFILE",
                    message=f"{self._device.name} {layer.path[-1]}: there is no profile {name!r}",
                    hint=f"write profiles/{name}.yml, or use one that exists: {known}",
                )
            )
        file = self._profiles.files.get(name)
        return None if file is None else Layer(keys=file.content.written(), document=file.document, path=())


def _values(layers: list[Layer]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for layer in reversed(layers):
        values.update(layer.keys)
    for key in _NOT_ATTRIBUTES & values.keys():
        del values[key]
    if values.get("lag") is not None:
        values["lag"] = canonical_name(values["lag"])
    return values
