"""The unified diff of two configurations, as EOS prints it for a session."""

from __future__ import annotations

from difflib import SequenceMatcher
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_CONTEXT = 3
_Opcode = tuple[str, int, int, int, int]


def unified(before: str, after: str, old_name: str, new_name: str) -> str:
    """The difference with three lines of context; empty when there is none."""
    if before == after:
        return ""
    old, new = before.splitlines(), after.splitlines()
    lines = [f"--- {old_name}", f"+++ {new_name}"]
    for hunk in _hunks(old, new):
        lines.extend(_print(hunk, old, new))
    return "\n".join(lines) + "\n"


def _hunks(old: list[str], new: list[str]) -> Iterator[list[_Opcode]]:
    """Compare only what lies between the equal ends, with enough of them for context."""
    head = _equal_lines(old, new)
    tail = _equal_lines(old[head:][::-1], new[head:][::-1])
    start = max(0, head - _CONTEXT)
    rest = max(0, tail - _CONTEXT)
    matcher = SequenceMatcher(
        None, old[start : len(old) - rest], new[start : len(new) - rest], autojunk=False
    )
    for group in matcher.get_grouped_opcodes(_CONTEXT):
        yield [(tag, a + start, b + start, c + start, d + start) for tag, a, b, c, d in group]


def _equal_lines(old: list[str], new: list[str]) -> int:
    count = 0
    for one, other in zip(old, new, strict=False):
        if one != other:
            break
        count += 1
    return count


def _print(hunk: list[_Opcode], old: list[str], new: list[str]) -> Iterator[str]:
    first, last = hunk[0], hunk[-1]
    yield f"@@ -{_range(first[1], last[2])} +{_range(first[3], last[4])} @@"
    for tag, old_start, old_end, new_start, new_end in hunk:
        if tag == "equal":
            yield from (f" {line}" for line in old[old_start:old_end])
        else:
            yield from (f"-{line}" for line in old[old_start:old_end])
            yield from (f"+{line}" for line in new[new_start:new_end])


def _range(start: int, stop: int) -> str:
    length = stop - start
    if length == 1:
        return str(start + 1)
    return f"{start + 1 if length else start},{length}"
