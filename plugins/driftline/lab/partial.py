"""A commit that stops halfway: the first half of the lines that would have changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .tree import Config, Section

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def half_applied(before: Config, after: Config) -> Config:
    """The configuration after the first half of the changes (at least one) that lead from one to the other."""
    config = before.copy()
    changes = list(_changes(config, before, after))
    for change in changes[: max(1, len(changes) // 2)]:
        change()
    return config


def _changes(config: Config, before: Config, after: Config) -> Iterator[Callable[[], None]]:
    """One change per line that differs, in the order of the running configuration."""
    yield from _region(config, before, after, "head")
    for table in ("vlans", "vrfs", "interfaces"):
        yield from _table(getattr(config, table), getattr(before, table), getattr(after, table))
    yield from _region(config, before, after, "tail")


def _region(config: Config, before: Config, after: Config, name: str) -> Iterator[Callable[[], None]]:
    if getattr(before, name) != getattr(after, name):
        yield lambda: setattr(config, name, getattr(after, name))


def _table(
    target: dict[Any, Section], before: dict[Any, Section], after: dict[Any, Section]
) -> Iterator[Callable[[], None]]:
    for key in (*(key for key in before if key not in after), *after):
        old, new = before.get(key), after.get(key)
        if new is None:
            yield lambda key=key: target.pop(key)  # type: ignore[misc]
            continue
        if old is None:
            old = Section(new.header)
            yield lambda key=key, old=old: target.update({key: old})  # type: ignore[misc]
        if old != new:
            yield from _section(target, key, old, new)


def _section(
    target: dict[Any, Section], key: Any, old: Section, new: Section
) -> Iterator[Callable[[], None]]:
    for slot in sorted({*old.statements, *new.statements}):
        line = new.statements.get(slot)
        if line is None:
            yield lambda slot=slot: target.update({key: target[key].without(slot)})  # type: ignore[misc]
        elif old.statements.get(slot) != line:
            yield lambda slot=slot, line=line: target.update(  # type: ignore[misc]
                {key: target[key].with_statement(slot, line)}
            )
    if old.extra != new.extra:
        yield lambda: target.update({key: target[key].with_extra(new.extra)})
