"""Interface names and VLAN ranges as EOS spells them: short forms in, full spelling out."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_VLAN = 4094

# Order is the order of the running configuration; the second column is the shortest accepted form.
KINDS = {
    "Port-Channel": "po",
    "Dps": "dp",
    "Ethernet": "et",
    "Loopback": "lo",
    "Management": "ma",
    "Recirc-Channel": "re",
    "Tunnel": "tu",
    "Vlan": "vl",
    "Vxlan": "vx",
}
PHYSICAL = frozenset({"Ethernet", "Management"})
SWITCHED = frozenset({"Ethernet", "Port-Channel"})
_ONE_LETTER = {"e": "Ethernet", "m": "Management"}
_HIGHEST = {"Vlan": MAX_VLAN, "Port-Channel": 999999, "Loopback": 2100, "Tunnel": 255, "Vxlan": 1, "Dps": 1}
_RANK = {kind: rank for rank, kind in enumerate(KINDS)}
_SHAPE = re.compile(r"([A-Za-z][A-Za-z-]*)\s*(\d+(?:/\d+){0,2})(?:\.(\d+))?")
_RANGE = re.compile(r"(?P<stem>[A-Za-z][A-Za-z-]*\s*(?:\d+/){0,2})(?P<numbers>\d+(?:[-,]\d+)+)")
_MAX_SUBINTERFACE = 4294967295


class InterfaceName(NamedTuple):
    """A name taken apart, in the order in which interfaces are listed."""

    rank: int
    numbers: tuple[int, ...]
    sub: int
    kind: str

    @property
    def parent(self) -> str:
        """The interface that a subinterface hangs on; the name itself for any other."""
        return self.kind + "/".join(map(str, self.numbers))


@lru_cache(maxsize=8192)
def canonical_interface(text: str) -> str | None:
    """The full spelling of an interface name (`et1` is `Ethernet1`), or None where EOS knows no such name."""
    match = _SHAPE.fullmatch(text.strip())
    kind = _kind(match[1]) if match else None
    if match is None or kind is None:
        return None
    numbers = tuple(map(int, match[2].split("/")))
    sub = int(match[3]) if match[3] else None
    if not _is_possible(kind, numbers, sub):
        return None
    name = kind + "/".join(map(str, numbers))
    return name if sub is None else f"{name}.{sub}"


def _kind(text: str) -> str | None:
    lowered = text.lower()
    if lowered in _ONE_LETTER:
        return _ONE_LETTER[lowered]
    for kind, shortest in KINDS.items():
        if lowered.startswith(shortest) and kind.lower().startswith(lowered):
            return kind
    return None


def _is_possible(kind: str, numbers: tuple[int, ...], sub: int | None) -> bool:
    if kind not in PHYSICAL and len(numbers) > 1:
        return False
    if sub is not None and (kind not in SWITCHED or not 1 <= sub <= _MAX_SUBINTERFACE):
        return False
    lowest = 0 if kind in {"Loopback", "Management", "Tunnel"} else 1
    return lowest <= numbers[-1] <= _HIGHEST.get(kind, 999)


@lru_cache(maxsize=8192)
def split_interface(name: str) -> InterfaceName:
    """Take a canonical name apart; sorting by the result is the order of the running configuration."""
    match = _SHAPE.fullmatch(name)
    if match is None:
        message = f"not an interface name: {name}"
        raise ValueError(message)
    numbers = tuple(map(int, match[2].split("/")))
    return InterfaceName(_RANK[match[1]], numbers, int(match[3] or 0), match[1])


def expand_interfaces(text: str) -> list[str] | None:
    """The canonical names in `Ethernet1`, `et1-4` or `Ethernet1/1,3-4`; None when one of them can't exist."""
    match = _RANGE.fullmatch(text.strip())
    spelled = [text] if match is None else [match["stem"] + str(n) for n in parse_numbers(match["numbers"])]
    names = [canonical_interface(each) for each in spelled]
    return None if None in names else [name for name in names if name is not None]


def parse_numbers(text: str) -> list[int]:
    """The numbers in `1-3,7`; raises ValueError on anything else."""
    numbers: list[int] = []
    for part in text.replace(" ", "").split(","):
        first, dash, last = part.partition("-")
        if not (first.isascii() and first.isdigit() and ((last.isascii() and last.isdigit()) or not dash)):
            message = f"not a number or range: {part!r}"
            raise ValueError(message)
        low, high = int(first), int(last or first)
        if low > high or high - low > MAX_VLAN:
            message = f"not an ascending range: {part!r}"
            raise ValueError(message)
        numbers.extend(range(low, high + 1))
    return numbers


def parse_vlans(text: str) -> set[int]:
    """The VLAN ids in `1-3,7`; raises ValueError where one is not from 1 to 4094."""
    vlans = set(parse_numbers(text))
    if not all(1 <= vlan <= MAX_VLAN for vlan in vlans):
        message = f"not a VLAN id: {text!r}"
        raise ValueError(message)
    return vlans


def format_vlans(vlans: Iterable[int]) -> str:
    """VLAN ids as EOS prints them: ascending, with runs compressed."""
    runs: list[list[int]] = []
    for vlan in sorted(vlans):
        if runs and vlan == runs[-1][1] + 1:
            runs[-1][1] = vlan
        else:
            runs.append([vlan, vlan])
    return ",".join(str(low) if low == high else f"{low}-{high}" for low, high in runs)
