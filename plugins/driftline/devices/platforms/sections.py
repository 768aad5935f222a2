"""A running configuration as sections: each top-level line with the lines below it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FreeText = tuple[str, int]
"""The line that ends free text, or after a `*` how that line ends; and how many of them it takes."""

_BANNER = re.compile(r"banner \S+ (?P<mark>\^C|\S)(?P<text>.*)")


def banner(line: str) -> FreeText | None:
    """Return what ends the free text that a `banner` line begins: Cisco's banners say it themselves."""
    match = _BANNER.match(line) if line.startswith("banner ") else None
    if match is None or match["text"].endswith(match["mark"]):
        return None
    return f"*{match['mark']}", 1


def sections(
    text: str, free_text: Callable[[str], FreeText | None] = banner
) -> Iterator[tuple[str, list[str]]]:
    """Return each top-level line with the lines below it, without their indentation, comments and free text.

    Deeper lines keep the indentation that they have beyond that of the first line below the header.

    Args:
        free_text: says of a line whether free text follows, and what ends it.
    """
    header, indent, end, times = "", "", "", 0
    lines: list[str] = []
    for line in text.splitlines():
        stripped = line.strip()
        if times:
            times -= stripped.endswith(end[1:]) if end[0] == "*" else stripped == end
            continue
        if not stripped or stripped[0] == "!":
            continue
        end, times = free_text(stripped) or ("", 0)
        if line[0] == " ":
            indent = indent or line[: len(line) - len(line.lstrip())]
            lines.append(line.removeprefix(indent).rstrip())
            continue
        if header:
            yield header, lines
        header, lines, indent = stripped, [], ""
    if header:
        yield header, lines
