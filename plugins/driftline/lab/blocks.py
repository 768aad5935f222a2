"""Edits on the lines that are kept as they came: add one, remove one, find the place where it stood."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from . import grammar
from .tree import Block, feature

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Blocks = tuple[Block, ...]
Path = tuple[str, ...]


class Places:
    """Remembers what stood ahead of a removed line, so that putting it back restores the same text.

    EOS has a fixed order for everything; for lines that the simulator doesn't know it is the order of
    the device's own text.
    """

    def __init__(self) -> None:
        self._ahead: dict[tuple[Path, str], frozenset[str]] = {}

    def remember(self, path: Path, blocks: Blocks, removed: Sequence[Block]) -> None:
        """Note where lines stand that are about to go."""
        lines = [_positive(block.line) for block in blocks]
        for block in removed:
            self._ahead[path, block.line] = frozenset(lines[: lines.index(_positive(block.line))])

    def index(self, path: Path, blocks: Blocks, line: str) -> int | None:
        """Where the line belongs among these blocks; None for one that was never there."""
        ahead = self._ahead.get((path, line))
        if ahead is None:
            return None
        return max(
            (index + 1 for index, block in enumerate(blocks) if _positive(block.line) in ahead), default=0
        )


def _positive(line: str) -> str:
    return line.removeprefix("no ")


def find(blocks: Blocks, line: str) -> Block | None:
    """The block with exactly this line."""
    return next((block for block in blocks if block.line == line), None)


def children_at(blocks: Blocks, path: Path) -> Blocks | None:
    """The lines under a nested header; None where there is no such header."""
    for header in path:
        block = find(blocks, header)
        if block is None:
            return None
        blocks = block.children
    return blocks


def changed_at(blocks: Blocks, path: Path, change: Callable[[Blocks], Blocks]) -> Blocks:
    """The blocks with a change made to the lines under a nested header."""
    if not path:
        return change(blocks)
    return tuple(
        replace(block, children=changed_at(block.children, path[1:], change))
        if block.line == path[0]
        else block
        for block in blocks
    )


def add(blocks: Blocks, block: Block, path: Path, places: Places | None) -> Blocks:
    """The blocks with one more line, which takes the place of its old value, if it had one."""
    old = _replaced_by(blocks, block)
    if grammar.is_on_by_default(block.line):
        return tuple(each for each in blocks if each is not old)
    if old is not None:
        return tuple(block if each is old else each for each in blocks)
    index = places.index(path, blocks, block.line) if places else None
    if index is None:
        index = _default_index(blocks, block, nested=bool(path))
    return _in_order((*blocks[:index], block, *blocks[index:]), nested=bool(path))


def _replaced_by(blocks: Blocks, block: Block) -> Block | None:
    """The block that a new one takes the place of: itself, its negation, its old value."""
    key = grammar.single_value_key(block.line)
    positive = _positive(block.line)
    for each in blocks:
        if each.line == block.line or _positive(each.line) == positive:
            return each
        if key is not None and grammar.single_value_key(each.line) == key:
            return each
    return None


def _default_index(blocks: Blocks, block: Block, *, nested: bool) -> int:
    """Behind the last line of the same feature at the top level, else at the end."""
    if not nested:
        group = feature(block.line)
        same = [index + 1 for index, each in enumerate(blocks) if feature(each.line) == group]
        if same:
            return same[-1]
    return len(blocks)


def _in_order(blocks: Blocks, *, nested: bool) -> Blocks:
    """Inside a mode comments come first and modes last, or a stream of lines couldn't be read back."""
    return tuple(sorted(blocks, key=_class_of)) if nested else blocks


def _class_of(block: Block) -> int:
    if block.line.startswith("!!"):
        return 0
    return 2 if block.opens else 1


def remove(blocks: Blocks, line: str, path: Path, places: Places | None, *, in_block: bool) -> Blocks:
    """The blocks after `no <line>`: without what it names, or with the negation where EOS shows one."""
    removed = [block for block in blocks if block.line == line or block.line.startswith(line + " ")]
    if removed and places:
        places.remember(path, blocks, removed)
    kept = tuple(block for block in blocks if block not in removed)
    if not grammar.shows_negation(line, in_block=in_block):
        return kept
    negation = Block(f"no {line}")
    if len(removed) == 1 and removed[0].line == line:
        return tuple(negation if block is removed[0] else block for block in blocks)
    return add(kept, negation, path, places)


def revert(blocks: Blocks, line: str, path: Path, places: Places | None) -> Blocks:
    """The blocks after `default <line>`: neither it nor its negation is left."""
    gone = [
        block
        for block in blocks
        if (positive := _positive(block.line)) == line or positive.startswith(line + " ")
    ]
    if gone and places:
        places.remember(path, blocks, gone)
    return tuple(block for block in blocks if block not in gone)
