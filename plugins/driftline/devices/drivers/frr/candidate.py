"""Configuration texts as trees: what a candidate would change, and the lines from one configuration to another.

FRR has no candidate of its own: this is what the client expects, and what counts is what is read back. Lines are
compared within their section, without regard to their order.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_LEAVES = ("exit", "end")
_SINGLE = (
    "description",
    "hostname",
    "domainname",
    "bandwidth",
    "password",
    "log syslog",
    "frr defaults",
    "frr version",
)
"""A line that begins so replaces the one that is there, and its negation takes no value."""
_STAYING = ("interface ", "frr ")
"""Sections and lines that no command takes away: what is in an interface goes, and the interface stays."""


@dataclass(slots=True)
class Line:
    """A line with those below it."""

    text: str
    below: dict[str, Line] = field(default_factory=dict)
    leave: str = ""
    """How the section is left; empty: by itself."""


def tree(text: str) -> Line:
    """Return a configuration as a tree; comments are left out."""
    root = Line("")
    path: list[tuple[int, Line]] = [(-1, root)]
    for raw in text.splitlines():
        stripped = raw.strip()
        if not stripped or stripped.startswith(("!", "#")):
            continue
        depth = len(raw) - len(raw.lstrip())
        while path[-1][0] >= depth:
            path.pop()
        parent = path[-1][1]
        if stripped.startswith(_LEAVES):
            _close(parent, stripped)
            continue
        line = parent.below.setdefault(stripped, Line(stripped))
        path.append((depth, line))
    return root


def merged(text: str, candidate: str) -> str:
    """Return what a configuration is expected to be after the lines of a candidate."""
    root = tree(text)
    _merge(root, tree(candidate))
    return shown(root)


def shown(root: Line) -> str:
    """Return a tree as text."""
    return "".join(f"{line}\n" for line in _lines(root.below.values()))


def compared(before: str, after: str) -> str:
    """Return the difference of two configurations by section; empty: there is none."""
    return "\n".join(_differences(tree(before), tree(after), 0))


def lines_between(before: str, after: str) -> list[str]:
    """Return the lines that take a device from one configuration to another: first what goes, then what comes."""
    return list(_between(tree(before), tree(after), 0))


def _close(parent: Line, word: str) -> None:
    last = next(reversed(parent.below.values()), None)
    if last is not None and word != "end":
        last.leave = word


def _lines(lines: Iterable[Line], depth: int = 0) -> Iterator[str]:
    for line in lines:
        yield " " * depth + line.text
        yield from _lines(line.below.values(), depth + 1)
        if line.leave:
            yield " " * depth + line.leave


# Merging --------------------------------------------------------------------------------------------------


def _merge(root: Line, candidate: Line) -> None:
    for line in candidate.below.values():
        if line.text.startswith("no ") and not _drop(root, line.text.removeprefix("no ")):
            root.below.setdefault(line.text, Line(line.text))
            continue
        if line.text.startswith("no "):
            continue
        root.below.pop(f"no {line.text}", None)
        if line.text not in root.below:
            _put(root, line)
        _merge(root.below[line.text], line)


def _put(root: Line, line: Line) -> None:
    """Add a line, in place of the one that it replaces."""
    word = _single(line.text)
    if word:
        for text in [text for text in root.below if _single(text) == word]:
            del root.below[text]
    root.below[line.text] = Line(line.text, leave=line.leave)


def _drop(root: Line, text: str) -> bool:
    """Drop what a negation negates, a part of the line being enough; return whether it was to be there at all."""
    gone = [one for one in root.below if one == text or one.startswith(f"{text} ")]
    for one in gone:
        if one.startswith(_STAYING):
            root.below[one].below.clear()
        else:
            del root.below[one]
    return bool(gone) or _single(f"{text} ") == text or bool(root.text)


def _single(text: str) -> str:
    return next((word for word in _SINGLE if text.startswith(f"{word} ")), "")


# Comparing ------------------------------------------------------------------------------------------------


def _differences(before: Line, after: Line, depth: int) -> Iterator[str]:
    indent = " " * depth
    for text, line in before.below.items():
        if text not in after.below:
            yield from (f"-{indent}{one}" for one in _lines([Line(text, line.below)]))
            continue
        below = list(_differences(line, after.below[text], depth + 1))
        if below:
            yield f" {indent}{text}"
            yield from below
    for text, line in after.below.items():
        if text not in before.below:
            yield from (f"+{indent}{one}" for one in _lines([Line(text, line.below)]))


def _between(before: Line, after: Line, depth: int) -> Iterator[str]:
    kept = {_single(text) for text in after.below} - {""}
    for text, line in before.below.items():
        if text not in after.below and _single(text) not in kept:
            yield from _going(line, depth)
    for text, line in after.below.items():
        there = before.below.get(text, Line(text))
        below = list(_between(there, line, depth + 1))
        if below or text not in before.below:
            yield " " * depth + text
            yield from below
            if line.below and line.leave:
                yield " " * depth + line.leave


def _going(line: Line, depth: int) -> Iterator[str]:
    """Return the lines that take a line away."""
    indent = " " * depth
    if line.text.startswith(_STAYING):
        if line.below:
            yield indent + line.text
            for below in line.below.values():
                yield from _going(below, depth + 1)
            yield f"{indent}exit"
        return
    text = _single(line.text) or line.text
    yield indent + (text.removeprefix("no ") if text.startswith("no ") else f"no {text}")
