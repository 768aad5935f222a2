"""Edits of a YAML text that leave every other character alone: comments, order, quotes and layout.

The parser says where each value begins and ends; an edit replaces, inserts or removes just that. A tool that
reads a file and writes it again moves comments to other keys and loses those beside a key that goes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import yaml

from driftline.adapters.yaml12 import plain_value

from .yaml_text import inline, lines

if TYPE_CHECKING:
    from collections.abc import Iterator

Path: TypeAlias = "tuple[str | int, ...]"
Entry: TypeAlias = "tuple[yaml.Node, yaml.Node]"
"""Where an entry begins, and its value: in a list both are the item."""

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Uneditable(ValueError):
    """The text is written in a way that can't be edited without touching something else."""


def put(text: str, path: Path, value: Any, after: str | int | None = None) -> str:
    """Return the text with a value at a path; maps that are missing on the way are made.

    Args:
        text: a map.
        path: keys; in a list the index, one beyond the last to append.
        value: plain values.
        after: the key behind which a new one is to stand; None: at the end.
    """
    trail, rest = _walk(text, path)
    if not rest:
        key, old = trail[-1]
        start, end = _span(old, text)
        if isinstance(old, yaml.CollectionNode) and not _is_flow(old):
            start = text.index(":", key.end_mark.index) + 1
        space = "" if text[start - 1] in " \n" else " "
        return text[:start] + space + inline(value) + text[end:]
    for step in reversed(rest[1:]):
        value = {step: value}
    return _insert(text, trail[-1][1], rest[0], value, after)


def drop(text: str, path: Path) -> str:
    """Return the text without the value at a path; a collection that loses its last entry stays, empty."""
    trail, rest = _walk(text, path)
    if rest:
        raise Uneditable(f"there is no {rest[0]}")
    (__, parent), (start, value) = trail[-2:]
    entries = list(_entries(parent))
    place = next(index for index, entry in enumerate(entries) if entry[0] is start)
    if len(entries) == 1:
        return _emptied(text, trail[-2], start, value)
    if not _is_flow(parent):
        return _without_lines(text, start, value)
    if place + 1 < len(entries):
        return text[: start.start_mark.index] + text[entries[place + 1][0].start_mark.index :]
    return text[: _span(entries[place - 1][1], text)[1]] + text[_span(value, text)[1] :]


def as_map(text: str, path: Path) -> str:
    """Return the text with a list turned into a map: its items become keys with nothing to say about them."""
    trail, __ = _walk(text, path)
    node = trail[-1][1]
    characters = list(text)
    start, end = _span(node, text)
    if _is_flow(node):
        characters[start], characters[end - 1] = "{", "}"
    for item, _value in _entries(node):
        before, after = _span(item, text)
        characters[after - 1] += ": {}"
        if not _is_flow(node):
            characters[text.rindex("-", 0, before)] = " "
    return "".join(characters)


# Where things are -----------------------------------------------------------------------------------------


def _walk(text: str, path: Path) -> tuple[list[Entry], Path]:
    """Return the entries along a path as far as they exist, the whole text first, and what is left of the path."""
    root = yaml.compose(text, Loader=_LOADER)
    if root is None:
        raise Uneditable("the text is empty")
    _refuse_shared(root, set())
    trail: list[Entry] = [(root, root)]
    for depth, step in enumerate(path):
        found = _find(trail[-1][1], step)
        if found is None:
            return trail, path[depth:]
        trail.append(found)
    return trail, ()


def _find(node: yaml.Node, step: str | int) -> Entry | None:
    entries = list(_entries(node))
    if isinstance(node, yaml.SequenceNode):
        return entries[int(step)] if int(step) < len(entries) else None
    return next((entry for entry in entries if _key(entry[0]) == step), None)


def _entries(node: yaml.Node) -> Iterator[Entry]:
    if isinstance(node, yaml.MappingNode):
        yield from node.value
    elif isinstance(node, yaml.SequenceNode):
        yield from ((item, item) for item in node.value)
    else:
        raise Uneditable("it is one value, not a collection")


def _key(node: yaml.Node) -> Any:
    return node.value if getattr(node, "style", None) else plain_value(str(node.value))


def _is_flow(node: yaml.Node) -> bool:
    """Return whether a collection is written in braces or brackets."""
    return bool(getattr(node, "flow_style", False))


def _refuse_shared(node: yaml.Node, seen: set[int]) -> None:
    if id(node) in seen:
        raise Uneditable("it uses aliases (*name), so one place stands for several")
    seen.add(id(node))
    if isinstance(node, yaml.CollectionNode):
        for start, value in _entries(node):
            _refuse_shared(value, seen)
            if start is not value:
                _refuse_shared(start, seen)


def _span(node: yaml.Node, text: str) -> tuple[int, int]:
    """Return where the characters of a value begin and end, without what follows a block."""
    start, end = node.start_mark.index, node.end_mark.index
    if isinstance(node, yaml.CollectionNode) and not _is_flow(node) and node.value:
        end = _span(list(_entries(node))[-1][1], text)[1]
    while end > start and text[end - 1] in " \r\n":
        end -= 1
    return start, end


def _eol(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"


def _line_start(text: str, index: int) -> int:
    return text.rfind("\n", 0, index) + 1


def _line_end(text: str, index: int) -> int:
    """Return where the next line begins."""
    found = text.find("\n", index)
    return len(text) if found < 0 else found + 1


# Changing them --------------------------------------------------------------------------------------------


def _insert(text: str, node: yaml.Node, key: str | int, value: Any, after: str | int | None) -> str:
    entries = list(_entries(node))
    beside = next((entry for entry in entries if after is not None and _key(entry[0]) == after), None)
    if _is_flow(node):
        body = inline(value) if isinstance(node, yaml.SequenceNode) else f"{inline(key)}: {inline(value)}"
        if not entries:
            end = node.end_mark.index - 1
            return text[:end] + body + text[end:]
        end = _span((beside or entries[-1])[1], text)[1]
        return f"{text[:end]}, {body}{text[end:]}"
    return _insert_lines(text, node, (beside or entries[-1]), lines(key, value))


def _insert_lines(text: str, node: yaml.Node, beside: Entry, new: list[str]) -> str:
    start = beside[0].start_mark.index
    margin = text[_line_start(text, start) : start]
    if isinstance(node, yaml.SequenceNode):
        new = [new[0].partition(": ")[2]]
    elif margin.strip():
        raise Uneditable("a key shares its line with something else")
    eol = _eol(text)
    body = "".join(f"{margin}{line}{eol}" for line in new)
    end = _line_end(text, _span(beside[1], text)[1])
    if not text[:end].endswith("\n"):
        return text[:end] + eol + body.removesuffix(eol)
    return text[:end] + body + text[end:]


def _without_lines(text: str, start: yaml.Node, value: yaml.Node) -> str:
    first = _line_start(text, start.start_mark.index)
    return text[:first] + text[_line_end(text, _span(value, text)[1]) :]


def _emptied(text: str, parent: Entry, start: yaml.Node, value: yaml.Node) -> str:
    """Return the text with a collection that has one entry left made empty."""
    empty = "[]" if isinstance(parent[1], yaml.SequenceNode) else "{}"
    begin, end = _span(parent[1], text)
    if _is_flow(parent[1]):
        return text[:begin] + empty + text[end:]
    if parent[0] is parent[1]:
        raise Uneditable("the file would be empty")
    colon = text.index(":", parent[0].end_mark.index) + 1
    rest = _without_lines(text, start, value)
    return f"{rest[:colon]} {empty}{rest[colon:]}"
