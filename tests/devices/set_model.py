"""A small model of how `set` and `delete` commands change a Junos configuration, and of what a commit refuses.

It is the judge of the lines that driftline computes: it is written from what the vendor's manual says, and knows
nothing of driftline. A whole list of commands is one candidate, which is committed or refused.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .cli_model import Refused

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Words = tuple[str, ...]
_WORD = re.compile(r'"(?:[^"\\]|\\.)*"|\S+')
_NAME = r"[\w./:-]+"
_TEXT = r'(?:"(?:[^"\\]|\\.)*"|[\w./:@+-]+)'
_PORT = r"interfaces (?:(?:ge|xe|et)-\d+/\d+/\d+|ae\d+|fxp0)"
_UNIT = r"interfaces (?:(?:ge|xe|et)-\d+/\d+/\d+|ae\d+|fxp0|lo0|irb|vlan) unit \d+"
# What the model takes beside the lines of the text it was started with. A group is a value that another one replaces.
_COMMANDS = [
    re.compile(pattern)
    for pattern in (
        rf"(?P<value>(?:{_PORT}|{_UNIT}) description) {_TEXT}",
        rf"(?:{_PORT}|{_UNIT}) disable",
        rf"(?P<value>{_PORT} mtu) \d+",
        rf"(?P<value>{_PORT} native-vlan-id) \d+",
        rf"(?P<value>{_PORT} (?:gigether-options|ether-options) 802\.3ad) ae\d+",
        r"(?P<value>interfaces ae\d+ aggregated-ether-options lacp) (?:active|passive)",
        _PORT,
        _UNIT,
        rf"(?P<value>{_UNIT} vlan-id) \d+",
        rf"{_UNIT} family (?:inet|inet6|ethernet-switching)",
        rf"(?P<value>{_UNIT} family ethernet-switching interface-mode) (?:access|trunk)",
        rf"{_UNIT} family ethernet-switching vlan members {_NAME}",
        rf"{_UNIT} family inet address [\d.]+/\d+(?: primary)?",
        rf"{_UNIT} family inet6 address [\da-f:]+/\d+",
        rf"routing-instances {_NAME} interface {_NAME}",
        rf"(?P<value>vlans {_NAME} vlan-id) \d+",
        rf"(?P<value>vlans {_NAME} l3-interface) {_NAME}",
    )
]
_STAYS = re.compile(rf"{_UNIT}(?: family \S+(?: address \S+)?)?|interfaces ae\d+|vlans {_NAME}")
"""What stays behind, empty, when the last statement below it is deleted."""


@dataclass
class Shown:
    """What a driver says of an interface."""

    up: bool


class SetDevice:
    """A device whose configuration is changed by `set` and `delete` commands, and shown as `set` commands."""

    def __init__(self, text: str) -> None:
        self.statements: list[Words] = []
        self.inactive: list[str] = []
        for line in text.splitlines():
            verb, *words = _WORD.findall(line) or ["#"]
            if verb == "set":
                self.statements.append(tuple(words))
            elif verb == "deactivate":
                self.inactive.append(line)
        self._booted = set(self.statements)
        self._known = {(words[0], *words[2:]) for words in self.statements}

    def change(self, *lines: str) -> None:
        """Commit commands, all of them or none; raises Refused."""
        before = list(self.statements)
        try:
            for line in lines:
                self._command(line)
            self._commit()
        except Refused:
            self.statements = before
            raise

    def _command(self, line: str) -> None:
        verb, *words = _WORD.findall(line)
        if verb not in ("set", "delete"):
            raise Refused(f"{line.strip()}: unknown command")
        (self._set if verb == "set" else self._delete)(tuple(words))

    def _set(self, words: Words) -> None:
        text = " ".join(words)
        match = next(filter(None, (pattern.fullmatch(text) for pattern in _COMMANDS)), None)
        if match is None and (words[0], *words[2:]) not in self._known:
            raise Refused(f"set {text}: syntax error")
        replaced = tuple(_WORD.findall(match.groupdict().get("value") or "")) if match else ()
        if replaced:
            self.statements = [
                one for one in self.statements if not (_below(one, replaced) and len(one) == len(words))
            ]
        if not any(_below(one, words) for one in self.statements):
            self.statements = [one for one in self.statements if not _below(words, one)]
            self.statements.append(words)

    def _delete(self, words: Words) -> None:
        if not any(_below(one, words) for one in self.statements):
            raise Refused(f"delete {' '.join(words)}: statement not found")
        values = [pattern.groupindex and pattern.fullmatch(" ".join(words)) for pattern in _COMMANDS]
        if any(values) and words[-1] not in ("active", "passive"):
            raise Refused(f"delete {' '.join(words)}: syntax error: it has one value, which is not named")
        self.statements = [one for one in self.statements if not _below(one, words)]
        for length in range(len(words) - 1, 0, -1):
            parent = words[:length]
            if any(_below(one, parent) for one in self.statements):
                break
            if _STAYS.fullmatch(" ".join(parent)):
                self.statements.append(parent)
                break

    # What a commit refuses ----------------------------------------------------------------------------------

    def _commit(self) -> None:
        units = {
            words[:4] for words in self.statements if words[0] == "interfaces" and words[2:3] == ("unit",)
        }
        for unit in units:
            self._check_unit(unit)
        self._check_once("routing-instances", "interface")
        self._check_once("vlans", "vlan-id")
        names = {words[1] for words in self._of("vlans")}
        numbered = {
            words[1] for words in self._of("vlans") if words[2:3] in (("vlan-id",), ("vlan-id-list",))
        }
        for name in names - numbered:
            raise Refused(f"VLAN {name} has no vlan-id")
        there = {f"{unit[1]}.{unit[3]}" for unit in units}
        for words in self._of("vlans"):
            if words[2:3] == ("l3-interface",) and words[3] not in there and words not in self._booted:
                raise Refused(f"{words[3]}, which VLAN {words[1]} names, is not there")

    def _check_unit(self, unit: Words) -> None:
        name = f"{unit[1]}.{unit[3]}"
        mine = [words[4:] for words in self.statements if words[:4] == unit]
        families = {words[1] for words in mine if words[:1] == ("family",)}
        if "ethernet-switching" in families and families & {"inet", "inet6"}:
            raise Refused(f"{name}: family ethernet-switching, and another one")
        vlans = {words[1] for words in self._of("vlans")} | {"default", "all"}
        access = ("family", "ethernet-switching", "interface-mode", "access") in mine
        members = [words[4] for words in mine if words[1:4] == ("ethernet-switching", "vlan", "members")]
        if access and len(members) > 1:
            raise Refused(f"{name}: an access port in several VLANs")
        for member in members:
            if not member[0].isdigit() and member not in vlans:
                self._check_named(unit, member)
        if len([words for words in mine if words[-1:] == ("primary",)]) > 1:
            raise Refused(f"{name}: two primary addresses")

    def _check_named(self, unit: Words, member: str) -> None:
        """A text by others may name a VLAN that it does not define; no command may bring that about."""
        words = (*unit, "family", "ethernet-switching", "vlan", "members", member)
        if words not in self._booted or any(one[:2] == ("vlans", member) for one in self._booted):
            raise Refused(f"{unit[1]}.{unit[3]}: VLAN {member} is not defined")

    def _check_once(self, word: str, leaf: str) -> None:
        """What a statement names may be named by one section only."""
        seen = Counter(words[3] for words in self._of(word) if words[2:3] == (leaf,))
        for found, times in seen.items():
            if times > 1:
                raise Refused(f"{found} is in {times} {word}")

    def _of(self, word: str) -> Iterator[Words]:
        return (words for words in self.statements if words[0] == word)

    # What it shows ------------------------------------------------------------------------------------------

    @property
    def running_config(self) -> str:
        """The configuration, always in the same order."""
        bare = re.compile(rf"{_PORT}")
        lines = [" ".join(words) for words in self.statements]
        shown = sorted(line for line in lines if line.startswith("interfaces ae") or not bare.fullmatch(line))
        return "".join(f"set {line}\n" for line in shown) + "".join(f"{line}\n" for line in self.inactive)

    @property
    def ports(self) -> dict[str, Shown]:
        """What a driver sees: the ports of the box, whatever is configured, and the units."""
        names = {f"ge-0/0/{number}" for number in range(1, 8)} | {"fxp0"}
        names |= {f"{words[1]}.{words[3]}" for words in self._of("interfaces") if words[2:3] == ("unit",)}
        return {name: Shown(up=True) for name in sorted(names)}


def _below(words: Words, path: Iterable[str]) -> bool:
    """Whether a statement is at a path, or below it."""
    path = tuple(path)
    return words[: len(path)] == path
