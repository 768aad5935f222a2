"""Diffs: trees of the differences between two datasets, in the direction destination → source."""

from __future__ import annotations

from functools import total_ordering
from typing import TYPE_CHECKING, Any, Protocol, Self

from . import analysis, exchange
from . import conflicts as _conflicts
from . import resolution as _resolution
from .enum import DiffSyncActions
from .exceptions import ObjectAlreadyExists

if TYPE_CHECKING:
    import builtins
    import enum
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
    from pathlib import Path

    from .enum import DiffSyncModelFlags
    from .snapshot import Snapshot


class Group(Protocol):
    """Objects of one model below one parent; those that do not differ are made into elements only when asked for."""

    model: str

    def elements(self) -> list[DiffElement]:
        """Return the elements of all of them, in order."""


class Diff:
    """The differences between two datasets, or between the children of two objects.

    Objects that do not differ are counted; they become elements when somebody asks for `children`. To set the
    order within a group, subclass and define `order_children_<modelname>` (or `order_children_default`), a
    class method from `{name: element}` to an iterator of elements.
    """

    def __init__(self) -> None:
        self._children: builtins.dict[builtins.str, builtins.dict[builtins.str, DiffElement]] = {}
        self._hiding: list[Group] = []
        self.models_processed = 0
        self.unchanged = 0
        """How many objects below this one are the same in both datasets, those that are elements apart."""
        self.skipped = 0
        """How many objects a flag kept out of the comparison."""
        self.seconds: float | None = None
        """How long the calculation took."""

    @property
    def children(self) -> builtins.dict[builtins.str, builtins.dict[builtins.str, DiffElement]]:
        """All elements of this level by model and name, also those of objects that do not differ."""
        hiding, self._hiding = self._hiding, []
        for group in hiding:
            self._children[group.model] = {element.name: element for element in group.elements()}
        if hiding:
            self.unchanged = 0
        return self._children

    def hide(self, group: Group) -> None:
        """Note where to find the elements of a group that do not differ."""
        self._children.setdefault(group.model, {})  # its place among the groups
        self._hiding.append(group)

    def complete(self) -> None:
        """Called once on the whole diff when it has been calculated; does nothing by default."""

    def __len__(self) -> int:
        """Return the number of objects in the whole tree, whether they differ or not."""
        return self.unchanged + sum(len(element) for element in self._kept())

    def __bool__(self) -> bool:
        """Return True: a diff without differences is still a diff."""
        return True

    def __eq__(self, other: object) -> bool:
        """Return whether two diffs ask for the same."""
        if not isinstance(other, Diff):
            return NotImplemented
        return self._by_name() == other._by_name()

    __hash__ = None  # type: ignore[assignment] # a diff changes while it is built

    def add(self, element: DiffElement) -> None:
        """Add an element, or raise ObjectAlreadyExists when its name is taken in its group."""
        group = self._children.setdefault(element.type, {})
        if element.name in group:
            raise ObjectAlreadyExists(f"Already storing a {element.type} named {element.name}", element)
        group[element.name] = element

    def groups(self) -> list[builtins.str]:
        """Return the names of the models that have elements here, as they were added."""
        return [group for group, elements in self.children.items() if elements]

    def has_diffs(self) -> bool:
        """Return whether anything differs."""
        return any(element.has_diffs() for element in self._kept())

    def get_children(self) -> Iterator[DiffElement]:
        """Return the elements, also those that do not differ, each group in the order that the class gives it."""
        for group in self.groups():
            order = getattr(self, f"order_children_{group}", self.order_children_default)
            yield from order(self.children[group])

    def differing(self) -> Iterator[DiffElement]:
        """Return the elements of this level that differ or have something below them that does, as they were added."""
        return (element for element in self._kept() if element.has_diffs())

    def in_order(self) -> Iterator[DiffElement]:
        """Return the elements that differ, in the order of `get_children`: the one in which they are applied."""
        if self._has_own_order():
            yield from (element for element in self.get_children() if element.has_diffs())
        else:
            for group in self._ordered_groups():
                for element in self._children[group].values():
                    if element.has_diffs():
                        yield element

    def walk(self) -> Iterator[DiffElement]:
        """Return all elements of the tree that differ, parents before their children, in order."""
        for element in self.in_order():
            yield element
            if element.has_children():
                yield from element.child_diff.walk()

    def _ordered_groups(self) -> list[builtins.str]:
        """Return the models in order without making elements of what does not differ, if that can be."""
        if type(self).groups is not Diff.groups:
            return [group for group in self.groups() if group in self._children]
        return list(self._children)

    def _has_own_order(self) -> bool:
        """Return whether a subclass has a say in the order: then it is shown all elements."""
        cls = type(self)
        return cls is not Diff and (
            cls.get_children is not Diff.get_children
            or any("order_children_default" in vars(base) for base in cls.__mro__[: cls.__mro__.index(Diff)])
            or any(hasattr(cls, f"order_children_{group}") for group in self._children)
        )

    @classmethod
    def order_children_default(cls, children: Mapping[builtins.str, DiffElement]) -> Iterator[DiffElement]:
        """Return the elements of a group as they were added."""
        yield from children.values()

    def summary(self) -> builtins.dict[builtins.str, int]:
        """Return how many objects are to be created, updated, deleted, are the same, or were skipped."""
        counts = _no_counts()
        self.count(counts)
        return counts

    def count(self, counts: builtins.dict[builtins.str, int]) -> None:
        """Add all that is here to the counts of a summary."""
        counts["no-change"] += self.unchanged
        counts[DiffSyncActions.SKIP] += self.skipped
        for element in self._kept():
            element.count(counts)

    def str(self, indent: int = 0) -> builtins.str:
        """Return the differences as indented text."""
        margin = " " * indent
        lines: list[Any] = []
        for group in self._ordered_groups():
            elements = [element for element in self._children[group].values() if element.has_diffs()]
            if elements:
                lines.append(f"{margin}{group}")
                lines.extend(element.str(indent=indent + 2) for element in elements)
        return "\n".join(lines) or "(no diffs)"

    def print_detailed(self, indent: int = 0) -> None:
        """Print the differences as indented text."""
        print(self.str(indent))  # noqa: T201 - that is what it is for

    def dict(
        self,
    ) -> builtins.dict[builtins.str, builtins.dict[builtins.str, builtins.dict[builtins.str, Any]]]:
        """Return the differences as plain values."""
        result: builtins.dict[Any, Any] = {}
        for element in self.in_order():
            result.setdefault(element.type, {})[element.name] = element.dict()
        return result

    # Questions --------------------------------------------------------------------------------------------

    def filter(self, predicate: Callable[[DiffElement], bool]) -> Self:
        """Return a diff of what the predicate holds for; applying it applies only that."""
        return analysis.filtered(self, predicate)

    def filter_by_action(self, action: builtins.str | None) -> Self:
        """Return a diff of only the creates, updates or deletes."""
        return analysis.filter_by_action(self, action)

    def filter_by_type(self, model: Any) -> Self:
        """Return a diff of only one model, given by name or class."""
        return analysis.filter_by_type(self, model)

    def query(self, **criteria: Any) -> list[DiffElement]:
        """Return the elements anywhere in the tree by `type`, `action`, `keys` (some of them) and `attribute`."""
        return analysis.query(self, **criteria)

    def statistics(self) -> analysis.Statistics:
        """Return how much differs, by action, model and top-level object, and the largest changes."""
        return analysis.statistics(self)

    def get_statistics(self) -> builtins.dict[builtins.str, Any]:
        """Return the statistics as plain values."""
        return self.statistics().to_dict()

    def impact(self) -> analysis.Impact:
        """Return what each change brings with it below it."""
        return analysis.impact(self)

    def get_change_impact(self) -> builtins.dict[builtins.str, Any]:
        """Return the impact as plain values."""
        return self.impact().to_dict()

    def conflicts(self, base: Snapshot | None = None) -> list[_conflicts.Conflict]:
        """Return where both sides changed since the base; without one, where they differ."""
        return _conflicts.conflicts(self, base)

    def has_conflict(self, base: Snapshot | None = None) -> bool:
        """Return whether there is any conflict."""
        return bool(self.conflicts(base))

    def resolution(
        self,
        strategy: _resolution.Strategies,
        base: Snapshot | None = None,
        answer: _resolution.Answer | None = None,
    ) -> _resolution.Resolution[Self]:
        """Settle all conflicts, and return the diff that is left and what became of each; raises ConflictError."""
        return _resolution.resolve(self, strategy, base, answer)

    def resolve(
        self,
        strategy: _resolution.Strategies,
        base: Snapshot | None = None,
        answer: _resolution.Answer | None = None,
    ) -> Self:
        """Settle all conflicts, and return the diff that is left to be applied; raises ConflictError."""
        return self.resolution(strategy, base, answer).diff

    # Files ------------------------------------------------------------------------------------------------

    def to_dict(self) -> builtins.dict[builtins.str, Any]:
        """Return the differences as plain values, as `dict` does."""
        return self.dict()

    def to_json(self, filepath: builtins.str | Path | None = None, indent: int | None = None) -> builtins.str:
        """Return the diff as a JSON document that can be read back exactly, and write it to a file if one is named."""
        return exchange.to_json(self, filepath, indent)

    @classmethod
    def from_json(cls, text: builtins.str | bytes, enums: Iterable[type[enum.Enum]] = ()) -> Self:
        """Read a diff back; `enums` are the enumerations whose members it has. Raises DiffException."""
        return exchange.from_json(text, cls, DiffElement, tuple(enums))

    def to_json_lines(self, filepath: builtins.str | Path) -> int:
        """Write the diff to a file of one JSON line per element, however large, and return how many there are."""
        return exchange.to_json_lines(self, filepath)

    @classmethod
    def from_json_lines(cls, filepath: builtins.str | Path, enums: Iterable[type[enum.Enum]] = ()) -> Self:
        """Read such a file back; raises DiffException when it is cut short or was changed by hand."""
        return exchange.from_json_lines(filepath, cls, DiffElement, tuple(enums))

    def _by_name(self) -> builtins.dict[tuple[builtins.str, builtins.str], DiffElement]:
        return {(element.type, element.name): element for element in self.differing()}

    def _kept(self) -> Iterator[DiffElement]:
        for group in self._children.values():
            yield from group.values()


@total_ordering
class DiffElement:
    """One object that differs, or that has something below it that does.

    `source_attrs` and `dest_attrs` hold the compared values; None says that the object is absent on that
    side, `{}` that it is there without values to compare.
    """

    __slots__ = (
        "_child_diff",
        "changed",
        "dest_attrs",
        "dest_name",
        "diff_class",
        "flags",
        "held",
        "keys",
        "moved",
        "name",
        "source_attrs",
        "source_name",
        "type",
    )

    def __init__(
        self,
        obj_type: builtins.str,
        name: builtins.str,
        keys: Mapping[builtins.str, Any],
        source_name: builtins.str = "source",
        dest_name: builtins.str = "dest",
        diff_class: type[Diff] = Diff,
    ) -> None:
        self.type = obj_type
        self.name = name
        self.keys = dict(keys)
        self.source_name = source_name
        self.dest_name = dest_name
        self.source_attrs: builtins.dict[builtins.str, Any] | None = None
        self.dest_attrs: builtins.dict[builtins.str, Any] | None = None
        self.changed: tuple[builtins.str, ...] | None = None
        """The attributes that differ, when the differ has compared them; None: compare the values."""
        self.moved = False
        """Whether the object hangs under another parent in the destination."""
        self.flags: DiffSyncModelFlags | None = None
        """The flags of the destination's object."""
        self.held = False
        """Whether a flag says that the change is shown and not made."""
        self.diff_class = diff_class
        self._child_diff: Diff | None = None

    @property
    def child_diff(self) -> Diff:
        """What is below this object; made when it is first asked for, since most objects have nothing below."""
        if self._child_diff is None:
            self._child_diff = self.diff_class()
        return self._child_diff

    @child_diff.setter
    def child_diff(self, below: Diff) -> None:
        self._child_diff = below

    def has_children(self) -> bool:
        """Return whether anything is below this object, whether it differs or not."""
        below = self._child_diff
        return below is not None and (below.unchanged > 0 or any(below._children.values()))  # noqa: SLF001

    def __eq__(self, other: object) -> bool:
        """Return whether two elements ask for the same, children included."""
        if not isinstance(other, DiffElement):
            return NotImplemented
        if self._request() != other._request():
            return False
        return not (self.has_children() or other.has_children()) or self.child_diff == other.child_diff

    def __lt__(self, other: DiffElement) -> bool:
        """Order by type, then by name."""
        return (self.type, self.name) < (other.type, other.name)

    __hash__ = None  # type: ignore[assignment] # an element changes while it is built

    def __len__(self) -> int:
        """Return the number of elements of the tree of which this one is the top."""
        return 1 if self._child_diff is None else 1 + len(self._child_diff)

    def __bool__(self) -> bool:
        """Return True, whatever is below."""
        return True

    def __str__(self) -> builtins.str:
        """Return what the element is about, on one line."""
        sides = f"{self.source_name} → {self.dest_name}"
        return f'{self.type} "{self.name}" : {self.keys} : {sides} : {self.get_attrs_diffs()}'

    @property
    def action(self) -> builtins.str | None:
        """What has to be done to the destination: `create`, `update`, `delete`, or None."""
        if self.source_attrs is not None and self.dest_attrs is None:
            return DiffSyncActions.CREATE
        if self.source_attrs is None and self.dest_attrs is not None:
            return DiffSyncActions.DELETE
        return DiffSyncActions.UPDATE if self.moved or self.differing_names() else DiffSyncActions.NO_CHANGE

    def add_attrs(
        self,
        source: builtins.dict[builtins.str, Any] | None = None,
        dest: builtins.dict[builtins.str, Any] | None = None,
    ) -> None:
        """Set the compared values of one side or both."""
        if source is not None:
            self.source_attrs = source
        if dest is not None:
            self.dest_attrs = dest

    def get_attrs_keys(self) -> Collection[builtins.str]:
        """Return the names of the attributes that take part: those of the side that is there, or of both."""
        source, dest = self.source_attrs, self.dest_attrs
        if source is not None and dest is not None:
            return [name for name in dest if name in source]
        there = source if source is not None else dest
        return [] if there is None else there.keys()

    def get_attrs_diffs(self) -> builtins.dict[builtins.str, builtins.dict[builtins.str, Any]]:
        """Return the new values under `+` and the old ones under `-`."""
        diffs: builtins.dict[builtins.str, builtins.dict[builtins.str, Any]] = {}
        both = self.source_attrs is not None and self.dest_attrs is not None
        names = self.differing_names() if both else self.get_attrs_keys()
        if self.dest_attrs is not None:
            diffs["-"] = {name: self.dest_attrs[name] for name in names}
        if self.source_attrs is not None:
            diffs["+"] = {name: self.source_attrs[name] for name in names}
        return diffs

    def add_child(self, element: DiffElement) -> None:
        """Add an element below this one."""
        self.child_diff.add(element)

    def get_children(self) -> Iterator[DiffElement]:
        """Return the elements below this one, in order."""
        yield from self.child_diff.get_children()

    def has_diffs(self, include_children: bool = True) -> bool:  # noqa: FBT001, FBT002 - diffsync's signature
        """Return whether this object differs, or anything below it."""
        if self.action is not None:
            return True
        return include_children and self._child_diff is not None and self._child_diff.has_diffs()

    def summary(self) -> builtins.dict[builtins.str, int]:
        """Return the counts of this element and of all that is below it."""
        counts = _no_counts()
        self.count(counts)
        del counts[DiffSyncActions.SKIP]  # told of whole diffs only, as in diffsync
        return counts

    def has_conflict(self) -> bool:
        """Return whether both sides have the object and their values differ."""
        return _conflicts.has_conflict(self)

    def resolve_conflict(self, strategy: _resolution.Strategy) -> builtins.dict[builtins.str, Any]:
        """Return the values that a strategy gives the object; raises ConflictError when it can't tell."""
        return _resolution.resolve_conflict(self, strategy)

    def count(self, counts: builtins.dict[builtins.str, int]) -> None:
        """Add this element and all that is below it to the counts of a summary."""
        counts[self.action or "no-change"] += 1
        if self._child_diff is not None:
            self._child_diff.count(counts)

    def str(self, indent: int = 0) -> builtins.str:
        """Return the element and what is below it as indented text."""
        margin = " " * indent
        diffs = self.get_attrs_diffs()
        text = f"{margin}{self.type}: {self.name}{' (moved)' if self.moved else ''}"
        if self.source_attrs is not None and self.dest_attrs is not None:
            for name in diffs.get("+", {}):
                text += (
                    f"\n{margin}  {name}    {self.source_name}({diffs['+'][name]})"
                    f"    {self.dest_name}({diffs['-'][name]})"
                )
        elif self.source_attrs is not None:
            text += f" MISSING in {self.dest_name}"
        elif self.dest_attrs is not None:
            text += f" MISSING in {self.source_name}"
        else:
            text += "" if self.has_diffs() else " (no diffs)"
        if self._child_diff is not None and self._child_diff.has_diffs():
            text += "\n" + self._child_diff.str(indent + 2)
        return text

    def dict(self) -> builtins.dict[builtins.str, Any]:
        """Return the element as plain values: `+` new, `-` old, and the children by model."""
        below = {} if self._child_diff is None else self._child_diff.dict()
        return {**self.get_attrs_diffs(), **below}

    def _request(self) -> tuple[Any, ...]:
        return self.type, self.name, self.keys, self.action, self.moved, self.get_attrs_diffs()

    def differing_names(self) -> tuple[builtins.str, ...]:
        """Return the names of the attributes that differ; none where only one side has the object."""
        if self.changed is not None:
            return self.changed
        source, dest = self.source_attrs, self.dest_attrs
        if source is None or dest is None:
            return ()
        return tuple(name for name in self.get_attrs_keys() if source[name] != dest[name])


def _no_counts() -> dict[str, int]:
    actions = (DiffSyncActions.CREATE, DiffSyncActions.UPDATE, DiffSyncActions.DELETE)
    return dict.fromkeys((*actions, "no-change", DiffSyncActions.SKIP), 0)
