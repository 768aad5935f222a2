"""A Junos configuration as set commands: the statements in effect, and what of them comes from elsewhere.

What an interface takes from a group, from a range of interfaces, or what is inactive, is not what its own lines
say: such interfaces are found here, so that nobody compares or changes them.
"""

from __future__ import annotations

import fnmatch
import re
from dataclasses import dataclass, field
from itertools import takewhile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Words = tuple[str, ...]
Foreign = tuple[re.Pattern[str], str]
"""What `interface <name>` or `vlan <id>` looks like, and what it takes from elsewhere."""

_WORD = re.compile(r'"(?:[^"\\]|\\.)*"|\S+')
_IGNORED = frozenset({"activate", "annotate", "protect"})
_RANGE = re.compile(r"(?P<start>.*?)(?P<number>\d+)")


@dataclass(slots=True)
class Statements:
    """What the lines of a configuration say, by their first word."""

    found: dict[str, list[Words]] = field(default_factory=dict)
    """The statements in effect or not, without `set` and their first word."""
    inactive: list[Words] = field(default_factory=list)
    """What is configured, and not in effect; also what is below it."""

    def of(self, word: str) -> list[Words]:
        """Return the statements that begin with a word, without it."""
        return self.found.get(word, [])

    def is_active(self, *path: str) -> bool:
        """Return whether a statement is in effect."""
        return not any(path[: len(one)] == one for one in self.inactive)


def parsed(text: str) -> Statements:
    """Return the statements of a configuration; raises ValueError for a line that is no set command."""
    statements = Statements()
    for line in text.splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        verb, *words = _WORD.findall(line)
        if verb == "set" and words:
            statements.found.setdefault(words[0], []).append(tuple(words[1:]))
        elif verb == "deactivate":
            statements.inactive.append(tuple(words))
        elif verb not in _IGNORED:
            raise ValueError(f"`{verb}` begins no set command")
    return statements


def unquoted(text: str) -> str:
    """Return what a word says, without the quotes that it may be written in."""
    if not text.startswith('"'):
        return text
    return re.sub(r"\\(.)", r"\1", text[1:-1])


def quoted(text: str) -> str:
    """Return a text as one word of a command."""
    if re.fullmatch(r"[\w./:@+-]+", text):
        return text
    return '"' + re.sub(r'(["\\])', r"\\\1", text) + '"'


# What comes from elsewhere --------------------------------------------------------------------------------


def foreign(statements: Statements) -> Iterator[Foreign]:
    """Return the interfaces that are not only what their own lines say, and why."""
    yield from _inherited(statements)
    yield from _ranges(statements)
    for path in statements.inactive:
        if path[0] == "interfaces" and len(path) > 1:
            yield _pattern(path[1:], "a part of it is inactive", whole=True)
        elif path[0] == "routing-instances" and len(path) > 1:
            yield from _members(statements, path)


def _members(statements: Statements, path: Words) -> Iterator[Foreign]:
    """Return the interfaces of an inactive routing instance, or of one in which they are inactive."""
    for name, *rest in statements.of("routing-instances"):
        if len(rest) == len(("interface", "name")) and rest[0] == "interface":
            member = ("routing-instances", name, *rest)
            if not statements.is_active(*member) and member[: len(path)] == path:
                yield _named(re.escape(rest[1]), f"it is inactive in routing instance {name}")


def _inherited(statements: Statements) -> Iterator[Foreign]:
    applied = [words[0] for words in statements.of("apply-groups")]
    for words in statements.of("interfaces"):
        if words[0] == "apply-groups":
            applied.append(words[1])
        elif "apply-groups" in words[1:-1]:
            own = tuple(takewhile(lambda word: word != "apply-groups", words))
            yield _pattern(own, f"it inherits from group {words[-1]}")
    variable = any("$" in name for name in applied)
    for group, *given in statements.of("groups"):
        if (variable or group in applied) and given[0] == "interfaces" and len(given) > 1:
            yield _pattern(tuple(given[1:]), f"it inherits from group {group}")


def _ranges(statements: Statements) -> Iterator[Foreign]:
    lines = [words[1:] for words in statements.of("interfaces") if words[0] == "interface-range"]
    for name in dict.fromkeys(words[0] for words in lines):
        mine = [words[1:] for words in lines if words[0] == name]
        given = {words[:2] if words[0] == "unit" else () for words in mine if words[0][:6] != "member"}
        for member in (member for words in mine for member in _ports(words)):
            for unit in given:
                yield _pattern((member, *unit), f"it inherits from interface-range {name}")


def _ports(words: Words) -> Iterable[str]:
    """Return the ports that a line puts into a range of interfaces."""
    if words[0] == "member":
        return [unquoted(words[1]).replace("all", "*")]
    if words[0] != "member-range":
        return []
    first, last = _RANGE.fullmatch(words[1]), _RANGE.fullmatch(words[3])
    if first is None or last is None:
        raise ValueError(f"`{' '.join(words)}` is no range of interfaces")
    numbers = range(int(first["number"]), int(last["number"]) + 1)
    return [f"{first['start']}{number}" for number in numbers]


def _pattern(words: Words, why: str, *, whole: bool = False) -> Foreign:
    """Return whom a path below `interfaces` is about: a port, or a unit.

    Args:
        whole: a port's path is about its units too, unless it goes on.
    """
    name = _glob(words[0])
    if words[1:2] == ("unit",):
        name += r"\." + (_glob(words[2]) if len(words) > len(("name", "unit")) else ".*")
    elif whole and len(words) == 1:
        name += r"(\..*)?"
    return _named(name, why)


def _named(name: str, why: str) -> Foreign:
    return re.compile(f"interface {name}"), why


def _glob(word: str) -> str:
    """Return a pattern for a name that may have wildcards, in groups between angle brackets."""
    return fnmatch.translate(unquoted(word).strip("<>")).removesuffix(r"\Z").removesuffix(r"\z")
