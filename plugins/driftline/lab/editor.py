"""Configuration mode: applies commands, one line at a time and without indentation, to a configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from . import blocks, grammar
from .errors import CommandRefusedError, InvalidCommandError
from .names import PHYSICAL, expand_interfaces, parse_vlans, split_interface
from .statements import Statement, Target, change_interface, vrf_of, without_addresses
from .tree import NAME, VRF, Block, Config, Section, interface_section, vlan_section

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from .blocks import Blocks, Path, Places

_INTERFACE_WORDS = frozenset(
    {"description", "shutdown", "mtu", "switchport", "channel-group", "encapsulation"}
)
_VLAN_STATES = frozenset({"active", "suspend"})
_HOSTNAME_WORDS = 2


class Mode(NamedTuple):
    """Where the cursor is: a kind of section, the sections of it, the headers of the nested modes."""

    kind: str = "top"
    targets: tuple[str, ...] = ()
    path: Path = ()

    @property
    def parents(self) -> Path:
        """The headers around the cursor, outermost first."""
        return (f"{self.kind} {self.targets[0]}", *self.path) if self.targets else self.path


TOP = Mode()


class Editor:
    """Applies commands to `config`, which it changes in place.

    `ports` are the physical interfaces that the box has (None: whatever is named, as when it is built);
    `reference` is the configuration whose own lines say what else belongs in which mode.
    """

    def __init__(
        self,
        config: Config,
        *,
        ports: Iterable[str] | None = None,
        reference: Config | None = None,
        places: Places | None = None,
    ) -> None:
        self.config = config
        self._ports = None if ports is None else frozenset(ports)
        self._reference = reference
        self._places = places
        self._mode = TOP

    def reset(self) -> None:
        """Start over from the factory's configuration: the ports, with everything at its default."""
        self.config = Config(sorted(self._ports or (), key=split_interface))
        self._places = None
        self._mode = TOP

    @property
    def mode(self) -> Mode:
        """Where the last command left off."""
        return self._mode

    def knows(self, line: str) -> bool:
        """Whether the line is a statement that the simulator understands in the present mode."""
        return is_known(line, self._mode)

    def leave(self) -> None:
        """Go back to the top level of the configuration."""
        self._mode = TOP

    def apply(self, text: str, heredoc: str | None = None) -> None:
        """Run one command in the mode where the last one left off, or in an outer one that knows it.

        Raises:
            CommandRefusedError: the command is refused, and has changed nothing.
        """
        line = text.strip()
        if not line or (line.startswith("!") and not line.startswith("!!")):
            return
        if line == "exit":
            self._mode = self._outer(self._mode)
        elif line == "comment" or line.startswith("!!"):
            self._comment(line, heredoc)
        else:
            self._mode = next(mode for mode in self._modes() if self._belongs(line, mode))
            self._run(line, heredoc)

    # Which mode a line is meant for

    def _modes(self) -> Iterator[Mode]:
        mode = self._mode
        while mode != TOP:
            yield mode
            mode = self._outer(mode)
        yield TOP

    @staticmethod
    def _outer(mode: Mode) -> Mode:
        return mode._replace(path=mode.path[:-1]) if mode.path else TOP

    def _belongs(self, line: str, mode: Mode) -> bool:
        """Whether a mode takes a line: by its own text first, then by the grammar's tables."""
        if mode == TOP or is_known(line, mode):
            return True
        body = line.removeprefix("no ").removeprefix("default ")
        if self._knows(line, body, mode):
            return True
        outer = self._outer(mode)
        while outer != TOP:
            if self._knows(line, body, outer):
                return False
            outer = self._outer(outer)
        return not (self._is_in_reference(line, TOP) or grammar.is_global(body) or _opens_vlan(body))

    def _knows(self, line: str, body: str, mode: Mode) -> bool:
        """Whether a mode has the line already, or would open another mode with it."""
        return (
            self._is_in_reference(line, mode)
            or self._is_in_reference(body, mode)
            or grammar.opens_mode(body, mode.parents)
            or grammar.is_own(body, mode.parents)
        )

    def _is_in_reference(self, line: str, mode: Mode) -> bool:
        return self._reference_block(line, mode) is not None

    def _reference_block(self, line: str, mode: Mode) -> Block | None:
        if self._reference is None:
            return None
        for region in self._regions(self._reference, mode):
            block = blocks.find(blocks.children_at(region, mode.path) or (), line)
            if block is not None:
                return block
        return None

    @staticmethod
    def _regions(config: Config, mode: Mode) -> list[Blocks]:
        """The unknown lines of the sections that a mode is about."""
        if mode.kind == "top":
            return [config.head, config.tail]
        sections: list[Section | None]
        if mode.kind == "vlan":
            sections = [config.vlans.get(int(vlan)) for vlan in mode.targets]
        else:
            table = config.interfaces if mode.kind == "interface" else config.vrfs
            sections = [table.get(name) for name in mode.targets]
        return [section.extra for section in sections if section is not None]

    # What a line does

    def _run(self, line: str, heredoc: str | None) -> None:
        first, __, rest = line.partition(" ")
        prefix = first if rest and first in {"no", "default"} else ""
        body = rest.strip() if prefix else line
        if self._mode.path:
            self._change_verbatim(body, prefix, heredoc)
        elif self._mode.kind == "interface":
            self._change_interfaces(line, body, prefix)
        elif self._mode.kind == "vlan":
            self._change_vlans(body, prefix)
        elif self._mode.kind == "vrf":
            self._change_verbatim(body, prefix, heredoc)
        else:
            self._change_top(body, prefix, heredoc)

    def _change_top(self, body: str, prefix: str, heredoc: str | None) -> None:
        words = body.split()
        if words[0] == "interface" and not grammar.opens_mode(body):
            self._interface(body[len("interface") :].strip(), prefix)
        elif words[0] == "vlan" and (len(words) == 1 or not grammar.is_global(body)):
            self._vlan("".join(words[1:]), prefix)
        elif words[:2] == ["vrf", "instance"]:
            self._vrf(words, prefix)
        elif words[0] == "hostname" and not prefix and len(words) != _HOSTNAME_WORDS:
            raise _incomplete() if len(words) == 1 else InvalidCommandError(words[2], 2)
        else:
            self._change_verbatim(body, prefix, heredoc)

    # Interfaces

    def _interface(self, text: str, prefix: str) -> None:
        names = expand_interfaces(text) if text else None
        if names is None:
            raise InvalidCommandError(text, 1 + bool(prefix)) if text else _incomplete()
        for name in names:
            self._check_port(name, text)
        for name in names:
            if prefix:
                self._drop_interface(name, prefix)
            else:
                self.config.interfaces.setdefault(name, interface_section(name))
        if not prefix:
            self._mode = Mode("interface", tuple(names))

    def _check_port(self, name: str, text: str) -> None:
        """A physical port, or the parent of a subinterface, has to be in the box."""
        split = split_interface(name)
        if self._ports is not None and split.kind in PHYSICAL and split.parent not in self._ports:
            raise InvalidCommandError(text, 1)

    def _drop_interface(self, name: str, prefix: str) -> None:
        if split_interface(name).kind not in PHYSICAL or "." in name:
            self.config.interfaces.pop(name, None)
        elif prefix == "no":
            raise CommandRefusedError(f"% Interface {name} cannot be deleted")
        else:
            self.config.interfaces[name] = interface_section(name)

    def _change_interfaces(self, line: str, body: str, prefix: str) -> None:
        statement = Statement.parse(line)
        changed: dict[str, Section] = {}
        for name in self._mode.targets:
            target = Target(self.config, name, self.config.interfaces[name])
            section = change_interface(target, statement)
            if section is None:
                self._change_verbatim(body, prefix, None)
                return
            changed[name] = section
        self.config.interfaces.update(changed)

    # VLANs and VRFs

    def _vlan(self, text: str, prefix: str) -> None:
        if not text:
            raise _incomplete()
        try:
            vlans = sorted(parse_vlans(text))
        except ValueError:
            raise InvalidCommandError(text, 1 + bool(prefix)) from None
        if prefix == "no" and 1 in vlans:
            raise CommandRefusedError("% Default VLAN 1 may not be deleted")
        for vlan in vlans:
            if prefix:
                self.config.vlans.pop(vlan, None)
            else:
                self.config.vlans.setdefault(vlan, vlan_section(vlan))
        if not prefix:
            self._mode = Mode("vlan", tuple(map(str, vlans)))

    def _change_vlans(self, body: str, prefix: str) -> None:
        words = body.split()
        if words[0] == "state" and not prefix and (words[1:2] and words[1] not in _VLAN_STATES):
            raise InvalidCommandError(words[1], 1)
        if words[0] != "name":
            self._change_verbatim(body, prefix, None)
            return
        if not prefix and len(words) != len(("name", "X")):
            raise _incomplete() if len(words) == 1 else InvalidCommandError(words[2], 2)
        for vlan in map(int, self._mode.targets):
            section = self.config.vlans[vlan]
            is_default = prefix or words[1] == default_vlan_name(vlan)
            self.config.vlans[vlan] = (
                section.without(NAME) if is_default else section.with_statement(NAME, body)
            )

    def _vrf(self, words: list[str], prefix: str) -> None:
        if len(words) != len(("vrf", "instance", "X")):
            raise (
                _incomplete()
                if len(words) < len(("vrf", "instance", "X"))
                else InvalidCommandError(words[3], 3)
            )
        name = words[2]
        if prefix:
            self._drop_vrf(name)
            return
        self.config.vrfs.setdefault(name, Section(f"vrf instance {name}"))
        self._mode = Mode("vrf", (name,))

    def _drop_vrf(self, name: str) -> None:
        """Its interfaces fall back to the default VRF, and lose their addresses on the way."""
        if self.config.vrfs.pop(name, None) is None:
            return
        for interface, section in self.config.interfaces.items():
            if vrf_of(section) == name:
                self.config.interfaces[interface] = without_addresses(section).without(VRF)

    # Lines that are kept as they came

    def _change_verbatim(self, body: str, prefix: str, heredoc: str | None) -> None:
        self._refuse_heredoc_mismatch(body, prefix, heredoc)
        mode, path = self._mode, self._mode.path
        if prefix == "default":
            self._edit(body, lambda old: blocks.revert(old, body, mode.parents, self._places))
        elif prefix == "no" and not self._is_in_reference(f"no {body}", mode):
            in_block = bool(mode.path)
            self._edit(
                body, lambda old: blocks.remove(old, body, mode.parents, self._places, in_block=in_block)
            )
        elif prefix == "no":
            self._edit(body, lambda old: blocks.add(old, Block(f"no {body}"), mode.parents, self._places))
        else:
            block = self._new_block(body, heredoc)
            self._edit(body, lambda old: self._entered(old, block, mode))
            if block.opens:
                self._mode = mode._replace(path=(*path, body))

    def _entered(self, old: Blocks, block: Block, mode: Mode) -> Blocks:
        """Entering a mode that exists leaves it as it is."""
        if block.opens and blocks.find(old, block.line) is not None:
            return old
        return blocks.add(old, block, mode.parents, self._places)

    def _new_block(self, body: str, heredoc: str | None) -> Block:
        if heredoc is not None:
            text = heredoc.rstrip("\n")
            return Block(body, heredoc=f"{text}\nEOF\n" if text else "EOF\n")
        known = self._reference_block(body, self._mode)
        opens = grammar.opens_mode(body, self._mode.parents) or (known is not None and known.opens)
        return Block(body, opens=opens)

    def insert(self, block: Block) -> None:
        """Keep a block as it is, in the mode where the last command left off."""
        mode = self._mode
        self._edit(block.line, lambda old: blocks.add(old, block, mode.parents, None))

    @staticmethod
    def _refuse_heredoc_mismatch(body: str, prefix: str, heredoc: str | None) -> None:
        if body in grammar.HEREDOCS and heredoc is None and not prefix:
            raise _incomplete()

    def _comment(self, line: str, heredoc: str | None) -> None:
        """A comment belongs to the mode around it, and replaces the one that was there."""
        if self._mode == TOP:
            return
        texts = heredoc.splitlines() if heredoc is not None else [line.lstrip("! ")]
        comments = tuple(Block(f"!! {text.strip()}") for text in texts)
        self._edit(
            line, lambda old: (*comments, *(block for block in old if not block.line.startswith("!!")))
        )

    def _edit(self, line: str, change: Callable[[Blocks], Blocks]) -> None:
        """Change the unknown lines where the cursor is."""
        mode = self._mode
        if mode.kind == "top":
            region = "head" if grammar.is_above(mode.path[0] if mode.path else line) else "tail"
            setattr(self.config, region, blocks.changed_at(getattr(self.config, region), mode.path, change))
            return
        for name in mode.targets:
            self._edit_section(mode.kind, name, lambda old: blocks.changed_at(old, mode.path, change))

    def _edit_section(self, kind: str, name: str, change: Callable[[Blocks], Blocks]) -> None:
        if kind == "vlan":
            section = self.config.vlans[int(name)]
            self.config.vlans[int(name)] = section.with_extra(change(section.extra))
            return
        table = self.config.interfaces if kind == "interface" else self.config.vrfs
        table[name] = table[name].with_extra(change(table[name].extra))


def is_known(line: str, mode: Mode) -> bool:
    """Whether the line is a statement that the simulator understands in this mode."""
    if mode.path or mode.kind not in {"interface", "vlan"}:
        return False
    words = line.removeprefix("no ").removeprefix("default ").split()
    if mode.kind == "vlan":
        return words[0] == "name"
    if words[0] == "vrf":
        return words[1:2] not in (["instance"], ["definition"])
    return words[0] in _INTERFACE_WORDS or words[:2] in (["ip", "address"], ["ipv6", "address"])


def _opens_vlan(body: str) -> bool:
    """Whether the line enters a VLAN, well or badly spelled; `vlan id` belongs to a subinterface."""
    words = body.split()
    return words[0] == "vlan" and words[1:2] != ["id"]


def default_vlan_name(vlan: int) -> str:
    """The name that EOS gives a VLAN that has none."""
    return "default" if vlan == 1 else f"VLAN{vlan:04}"


def _incomplete() -> InvalidCommandError:
    error = InvalidCommandError()
    error.text = "% Incomplete command"
    return error
