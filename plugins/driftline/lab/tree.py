"""The configuration as a value: what a device is configured to do, and the one text that says so.

Sections and blocks never change in place, so that a candidate, a rollback file and the running
configuration share whatever is equal among them.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from .names import format_vlans, split_interface

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

INDENT = "   "
DEFAULT_HOSTNAME = "localhost"
_NAMING = frozenset({"hostname", "dns", "ip name-server", "ip domain-name", "ip domain-list", "ip host"})
_TWO_WORD_FEATURES = frozenset({"ip", "ipv6", "management", "router"})


class Slot(NamedTuple):
    """The place of a known statement in its section; `order` sorts statements that come in numbers."""

    rank: int
    order: int = 0


DESCRIPTION = Slot(0)
NAME = Slot(0)
SHUTDOWN = Slot(1)
MTU = Slot(2)
ACCESS_VLAN = Slot(3)
NATIVE_VLAN = Slot(4)
ALLOWED_VLANS = Slot(5)
MODE = Slot(6)
SWITCHPORT = Slot(7)
CHANNEL_GROUP = Slot(8)
ENCAPSULATION = Slot(9)
VRF = Slot(10)
PRIMARY = Slot(11)
SECONDARY_RANK = 12
IPV6_RANK = 13
ADDRESS_RANKS = frozenset({PRIMARY.rank, SECONDARY_RANK, IPV6_RANK})


@dataclass(frozen=True, slots=True)
class Block:
    """A line that is kept as it came, with the lines under it; `heredoc` holds the text of a banner."""

    line: str
    children: tuple[Block, ...] = ()
    opens: bool = False
    heredoc: str | None = None

    def render(self, indent: str = "") -> str:
        """This block as text."""
        text = f"{indent}{self.line}\n"
        if self.heredoc is not None:
            return text + self.heredoc
        return text + render_blocks(self.children, indent + INDENT)


def render_blocks(blocks: Iterable[Block], indent: str, *, first: bool = True) -> str:
    """Blocks below a header; a block with a mode of its own is set off by `!` unless it comes first."""
    parts: list[str] = []
    for block in blocks:
        if block.opens and not (first and not parts):
            parts.append(f"{indent}!\n")
        parts.append(block.render(indent))
    return "".join(parts)


@dataclass(frozen=True, slots=True)
class Section:
    """One `interface`, `vlan` or `vrf instance`: statements by slot, then the lines nobody here knows."""

    header: str
    statements: dict[Slot, str] = field(default_factory=dict)
    extra: tuple[Block, ...] = ()
    _body: list[str] = field(default_factory=list, compare=False, repr=False)

    def with_statement(self, slot: Slot, line: str) -> Section:
        """The section with a statement set or replaced; the same one if nothing changes."""
        if self.statements.get(slot) == line:
            return self
        statements = {**self.statements, slot: line}
        return replace(self, statements=dict(sorted(statements.items())), _body=[])

    def without(self, *slots: Slot) -> Section:
        """The section without these statements; the same one if it has none of them."""
        if not any(slot in self.statements for slot in slots):
            return self
        kept = {slot: line for slot, line in self.statements.items() if slot not in slots}
        return replace(self, statements=kept, _body=[])

    def with_extra(self, extra: tuple[Block, ...]) -> Section:
        """The section with these unknown lines instead of its own."""
        return self if extra == self.extra else replace(self, extra=extra, _body=[])

    def slots_of(self, rank: int) -> list[Slot]:
        """The slots in use of a statement that comes in numbers."""
        return [slot for slot in self.statements if slot.rank == rank]

    @property
    def is_empty(self) -> bool:
        """Whether everything is at its default."""
        return not self.statements and not self.extra

    @property
    def body(self) -> str:
        """The indented lines below the header."""
        if not self._body:
            known = "".join(f"{INDENT}{line}\n" for line in self.statements.values())
            self._body.append(known + render_blocks(self.extra, INDENT, first=not known))
        return self._body[0]

    @property
    def text(self) -> str:
        """The section as the running configuration shows it."""
        return f"{self.header}\n{self.body}"


def interface_section(name: str) -> Section:
    """An interface with everything at its default."""
    return Section(f"interface {name}")


def vlan_section(vlan: int) -> Section:
    """A VLAN with everything at its default."""
    return Section(f"vlan {vlan}")


class Config:
    """A whole configuration.

    A Config that a device runs on, or keeps in a file, is never changed: editing starts from `copy()`.
    """

    __slots__ = ("head", "interfaces", "tail", "vlans", "vrfs")

    def __init__(self, ports: Iterable[str] = ()) -> None:
        self.head: tuple[Block, ...] = ()
        self.tail: tuple[Block, ...] = ()
        self.vlans: dict[int, Section] = {}
        self.vrfs: dict[str, Section] = {}
        self.interfaces: dict[str, Section] = {port: interface_section(port) for port in ports}

    def copy(self) -> Config:
        """An equal configuration that may be edited."""
        twin = Config()
        twin.head, twin.tail = self.head, self.tail
        twin.vlans, twin.vrfs = self.vlans.copy(), self.vrfs.copy()
        twin.interfaces = self.interfaces.copy()
        return twin

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Config):
            return NotImplemented
        return self is other or all(getattr(self, part) == getattr(other, part) for part in Config.__slots__)

    __hash__ = None  # type: ignore[assignment]  # changes while it is edited

    @property
    def hostname(self) -> str:
        """The configured host name."""
        names = (block.line.partition(" ")[2] for block in self.head if block.line.startswith("hostname "))
        return next(names, DEFAULT_HOSTNAME)

    def sorted_interfaces(self) -> list[str]:
        """Interface names in the order in which EOS lists them."""
        return sorted(self.interfaces, key=split_interface)

    def render(self) -> str:
        """The configuration as `show running-config` prints it below its comments."""
        return "!\n".join(self._stanzas()) + "!\nend\n"

    def _stanzas(self) -> Iterator[str]:
        yield from _grouped(self.head)
        yield from _folded(self.vlans)
        yield from (self.vrfs[name].text for name in sorted(self.vrfs))
        yield from (self.interfaces[name].text for name in self.sorted_interfaces())
        yield from _grouped(self.tail)


def feature(line: str) -> str:
    """What a top-level line is about: lines of one feature stand together."""
    words = line.removeprefix("no ").split(" ", 2)
    name = " ".join(words[:2]) if words[0] in _TWO_WORD_FEATURES else words[0]
    return "naming" if name in _NAMING else name


def _grouped(blocks: tuple[Block, ...]) -> Iterator[str]:
    """Top-level blocks; single lines of one feature share a stanza."""
    for is_line, run in groupby(blocks, key=lambda block: not block.opens and block.heredoc is None):
        if not is_line:
            yield from (block.render() for block in run)
            continue
        for __, lines in groupby(run, key=lambda block: feature(block.line)):
            yield "".join(block.render() for block in lines)


def _folded(vlans: dict[int, Section]) -> Iterator[str]:
    """VLAN stanzas: neighbours at their defaults share one, VLAN 1 is shown only when it is not."""
    shown = [vlan for vlan in sorted(vlans) if vlan != 1 or not vlans[vlan].is_empty]
    run: list[int] = []
    for vlan in shown:
        if run and not (vlans[vlan].is_empty and vlan == run[-1] + 1):
            yield f"vlan {format_vlans(run)}\n"
            run = []
        if vlans[vlan].is_empty:
            run.append(vlan)
        else:
            yield vlans[vlan].text
    if run:
        yield f"vlan {format_vlans(run)}\n"
