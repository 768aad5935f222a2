"""Ports that are alike, written as people do: one range for what they share, and a line for what is special."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from driftline.network import InterfaceKind, interface_kind

from .ranges import RangeError, interface_names
from .yaml_text import inline, lines

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Keys: TypeAlias = dict[str, Any]

_NUMBERED: Final = re.compile(r"(?P<stem>.*\D)(?P<number>0|[1-9][0-9]*)")
_SPECIAL: Final = frozenset({"description", "addresses"})
"""What ports that are configured alike differ in."""
_NEVER: Final = object()


def folded(interfaces: Mapping[str, Keys]) -> dict[str, Keys]:
    """Return entries that mean the same as one entry for each interface, with ranges where that is shorter.

    Only physical ports are put in ranges: they stay, while another interface may have to leave the file.
    """
    first: dict[str, dict[str, Keys]] = {}
    for ports in _alike(interfaces):
        entries = _as_range(ports)
        if entries is not None and _length(entries) < _length(ports):
            first[next(iter(ports))] = entries
            first.update((name, {}) for name in itertools.islice(ports, 1, None))
    found: dict[str, Keys] = {}
    for name, keys in interfaces.items():
        found.update(first.get(name, {name: keys}))
    return found


def _alike(interfaces: Mapping[str, Keys]) -> Iterable[dict[str, Keys]]:
    """Return the physical ports in groups that are configured alike."""
    groups: dict[str, dict[str, Keys]] = {}
    for name, keys in interfaces.items():
        numbered = _NUMBERED.fullmatch(name)
        if numbered is not None and interface_kind(name) is InterfaceKind.PHYSICAL:
            shape = {key: value for key, value in keys.items() if key not in _SPECIAL}
            groups.setdefault(inline({"": numbered["stem"], **shape}), {})[name] = keys
    return groups.values()


def _as_range(ports: Mapping[str, Keys]) -> dict[str, Keys] | None:
    """Return the entries for ports: what they share under their range, and what is special by name."""
    key = _range_key(list(ports))
    if key is None:
        return None
    shared = _shared(list(ports.values()))
    entries = {key: shared}
    for name, keys in ports.items():
        special = {
            attribute: value
            for attribute, value in keys.items()
            if attribute in _SPECIAL and value != shared.get(attribute, _NEVER)
        }
        if special:
            entries[name] = special
    return entries


def _shared(ports: list[Keys]) -> Keys:
    """Return what all ports have, with the description that most have, if one is there more than once."""
    shared = {key: value for key, value in ports[0].items() if key not in _SPECIAL}
    if all("description" in port for port in ports):
        ((text, times),) = Counter(port["description"] for port in ports).most_common(1)
        if times > 1:
            return {"description": text, **shared}
    return shared


def _range_key(names: list[str]) -> str | None:
    """Return the range of exactly these names, None when there is none."""
    matches = [match for name in names if (match := _NUMBERED.fullmatch(name)) is not None]
    numbers = sorted(int(match["number"]) for match in matches)
    runs = [
        [number for __, number in run]
        for __, run in itertools.groupby(enumerate(numbers), lambda pair: pair[1] - pair[0])
    ]
    key = matches[0]["stem"] + ",".join(
        str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs
    )
    try:
        return key if len(names) > 1 and sorted(interface_names(key)) == sorted(names) else None
    except RangeError:
        return None


def _length(entries: Mapping[str, Keys]) -> int:
    return sum(len(line) for name, keys in entries.items() for line in lines(name, keys))
