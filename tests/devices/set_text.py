"""Junos configurations as text: those in braces as set commands, and set commands as sections."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from driftline.devices.remediation import _render

if TYPE_CHECKING:
    from driftline.devices.platforms import Platform
    from driftline.devices.state import DeviceState

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{};\[\]]|[^\s{};\[\]]+')
_UNIT = re.compile(r"set interfaces (\S+) unit (\d+) ?(.*)")
_PORT = re.compile(r"set interfaces (\S+) ?(.*)")
OURS = re.compile(r"set (interfaces|vlans|routing-instances \S+ interface) ")


def as_set(text: str) -> str:
    """A configuration as a device shows it with `display set`; one that is so already stays."""
    text = re.sub(r"(?m)^\s*#.*$", "", text)
    if "{" not in text:
        return text
    lines: list[str] = []
    path: list[list[str]] = []
    words: list[str] = []
    for token in _TOKEN.findall(text):
        if token == "{":
            path.append(words)
        elif token in (";", "}"):
            if words or token == "}":
                lines += _commands(path, words, empty=token == "}")
            if token == "}":
                path.pop()
        else:
            words.append(token)
            continue
        words = []
    return "".join(f"{line}\n" for line in dict.fromkeys(lines))


def _commands(path: list[list[str]], words: list[str], *, empty: bool) -> list[str]:
    """The commands of a statement, one per word of a list in brackets."""
    if empty:
        return []  # what is in it has been said
    before = [word for part in path for word in part]
    if "[" in words:
        start = words.index("[")
        each = [[*words[:start], word] for word in words[start + 1 : words.index("]")]]
    else:
        each = [words]
    return [" ".join(["set", *before, *one]) for one in each]


def sections(text: str) -> list[tuple[str, list[str]]]:
    """What is below ports and units, as `interface <name>` and its lines."""
    found: dict[str, list[str]] = {}
    for line in text.splitlines():
        unit, port = _UNIT.fullmatch(line), _PORT.fullmatch(line)
        if unit:
            found.setdefault(f"interface {unit[1]}.{unit[2]}", []).append(unit[3])
        elif port:
            found.setdefault(f"interface {port[1]}", []).append(port[2])
    return list(found.items())


def as_commands(platform: Platform, text: str) -> list[str]:
    """Sections as what is sent; on other platforms than Junos they are that already."""
    return platform.commands(platform.remediation.config_preprocessor(text).splitlines())


def rendered(platform: Platform, state: DeviceState, text: str) -> str:
    """Everything that driftline knows of a configuration, and the other lines that it goes by."""
    keys = [key for key in state.objects if key[0] != "ip_address"]
    ours = as_commands(platform, _render(platform, state, keys))
    others = [line for line in text.splitlines() if not OURS.match(line)]
    listed = [
        line
        for line in text.splitlines()
        if line.startswith("set vlans ") and line.split()[2] in state.spelling.listed
    ]
    return "".join(f"{line}\n" for line in (*others, *listed, *ours))
