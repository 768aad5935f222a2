"""Reads a configuration from its text, in which indentation says what belongs to what."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from . import blocks, grammar
from .editor import Editor
from .errors import CommandRefusedError
from .tree import Block, Config

if TYPE_CHECKING:
    from collections.abc import Iterator

_SECTIONS = ("interface ", "vlan ")


class RefusedLineError(CommandRefusedError):
    """A line of a text that a device would refuse."""

    def __init__(self, line: str, text: str) -> None:
        super().__init__(text)
        self.line = line


@dataclass(slots=True)
class _Node:
    line: str
    indent: int
    heredoc: str | None = None
    children: list[_Node] = field(default_factory=list)


def load_config(text: str) -> Config:
    """The configuration that a text describes.

    Raises:
        RefusedLineError: a line that a device would refuse.
    """
    editor = Editor(Config())
    top = _nodes(text)
    # An interface may name a VRF that the text defines further down.
    for node in sorted(top, key=lambda node: not node.line.startswith("vrf instance ")):
        editor.leave()
        try:
            _load(editor, node)
        except RefusedLineError:
            raise
        except CommandRefusedError as error:
            raise RefusedLineError(node.line, error.text) from error
    return editor.config


def _nodes(text: str) -> list[_Node]:
    """The lines of a text, nested by their indentation; separators and comments are left out."""
    root = _Node("", -1)
    stack = [root]
    lines = iter(text.splitlines())
    for line in lines:
        stripped = line.strip()
        if _is_noise(stripped) or (stripped == "end" and line.startswith("end")):
            continue
        indent = len(line) - len(line.lstrip())
        while stack[-1].indent >= indent:
            stack.pop()
        node = _Node(stripped, indent, _heredoc(stripped, lines))
        stack[-1].children.append(node)
        stack.append(node)
    return root.children


def _is_noise(line: str) -> bool:
    return not line or (line.startswith("!") and not line.startswith("!!"))


def _heredoc(header: str, lines: Iterator[str]) -> str | None:
    """The text below a banner's header, up to its end marker."""
    wanted = grammar.HEREDOCS.get(header)
    if wanted is None:
        return None
    text: list[str] = []
    for line in lines:
        text.append(line)
        wanted -= line.strip() == "EOF"
        if not wanted:
            break
    return "".join(f"{line}\n" for line in text)


def _load(editor: Editor, node: _Node) -> None:
    if (
        node.line.startswith(_SECTIONS)
        and not grammar.opens_mode(node.line)
        and not grammar.is_above(node.line)
    ) or node.line.startswith(("vrf instance ", "hostname ")):
        _load_section(editor, node)
    else:
        editor.insert(_block(node, ()))


def _load_section(editor: Editor, node: _Node) -> None:
    editor.apply(node.line)
    section = editor.mode
    for child in node.children:
        try:
            if editor.knows(child.line) and not child.children:
                editor.apply(child.line)
            else:
                editor.insert(_block(child, section.parents))
        except CommandRefusedError as error:
            raise RefusedLineError(f"{node.line}: {child.line}", error.text) from error


def _block(node: _Node, parents: blocks.Path) -> Block:
    """A line that is kept as it came, with its children in the order in which EOS would show them."""
    inner = (*parents, node.line)
    children: blocks.Blocks = ()
    for child in node.children:
        children = blocks.add(children, _block(child, inner), inner, None)
    opens = bool(children) or grammar.opens_mode(node.line, parents)
    return Block(node.line, children, opens=opens, heredoc=node.heredoc)
