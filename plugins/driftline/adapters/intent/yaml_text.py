"""Values as YAML text: what fits on one line on one line, as people write it; read the same by YAML 1.1 and 1.2."""

from __future__ import annotations

import re
from typing import Any, Final

import yaml

from driftline.adapters.yaml12 import plain_value

_WIDTH: Final = 110
_INDENT: Final = 2
_PLAIN: Final = re.compile(r"[A-Za-z0-9_/.](?:[A-Za-z0-9_/.+()@=-]|(?<! ) (?=\S))*")
_WORDS: Final[dict[Any, str]] = {None: "null", True: "true", False: "false"}
_CONVERTED: Final[dict[str, list[tuple[str, re.Pattern[str]]]]] = yaml.SafeLoader.yaml_implicit_resolvers
"""By its first character, what YAML 1.1 reads into plain text."""


def inline(value: Any) -> str:
    """Return a value on one line; maps in braces, lists in brackets."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{inline(key)}: {inline(item)}" for key, item in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(inline(item) for item in value) + "]"
    if value is None or isinstance(value, bool):
        return _WORDS[value]
    if isinstance(value, (int, float)):
        return str(value)
    return _text(str(value))


def lines(key: str | int, value: Any, indent: int = 0) -> list[str]:
    """Return `key: value` as lines: one, unless it is too long or has maps inside maps."""
    margin = " " * indent
    one = f"{margin}{inline(key)}: {inline(value)}"
    nested = isinstance(value, dict) and any(isinstance(item, dict) for item in value.values())
    if not value or not isinstance(value, dict) or (not nested and len(one) <= _WIDTH):
        return [one]
    below = [line for name, item in value.items() for line in lines(name, item, indent + _INDENT)]
    return [f"{margin}{inline(key)}:", *below]


def document(value: dict[Any, Any]) -> str:
    """Return a whole file: each of its keys on a line of its own, or as a block."""
    return "".join(f"{line}\n" for key, item in value.items() for line in lines(key, item)) or "{}\n"


def _text(text: str) -> str:
    if _PLAIN.fullmatch(text) and not _is_converted(text):
        return text
    return '"' + "".join(_escaped(character) for character in text) + '"'


def _is_converted(text: str) -> bool:
    """Return whether a reader of YAML 1.1 or 1.2 would take plain text for something else."""
    rules = [*_CONVERTED.get(text[0], ()), *_CONVERTED.get("", ())]
    try:
        return any(rule.match(text) for __, rule in rules) or not isinstance(plain_value(text), str)
    except ValueError:
        return True


def _escaped(character: str) -> str:
    if character in '"\\':
        return "\\" + character
    return character if character.isprintable() else f"\\U{ord(character):08x}"
