"""Diffs: trees of the differences between two datasets, in the direction destination → source."""

from __future__ import annotations

from functools import total_ordering
from typing import TYPE_CHECKING, Any

from .enum import DiffSyncActions
from .exceptions import ObjectAlreadyExists

if TYPE_CHECKING:
    import builtins
    from collections.abc import Collection, Iterator, Mapping

    from .enum import DiffSyncModelFlags


class Diff:
    """The differences between two datasets, or between the children of two objects.

    Objects that do not differ are counted, not kept. To set the order within a group, subclass and define
    `order_children_<modelname>` (or `order_children_default`), a class method from `{name: element}` to an
    iterator of elements.
    """

    def __init__(self) -> None:
        self.children: builtins.dict[builtins.str, builtins.dict[builtins.str, DiffElement]] = {}
        self.models_processed = 0
        self.unchanged = 0
        """How many objects below this one are the same in both datasets."""
        self.skipped = 0
        """How many objects a flag kept out of the comparison."""

    def complete(self) -> None:
        """Called once on the whole diff when it has been calculated; does nothing by default."""

    def __len__(self) -> int:
        """Return the number of elements in the whole tree."""
        return sum(len(element) for element in self._elements())

    def __bool__(self) -> bool:
        """Return True: a diff without differences is still a diff."""
        return True

    def __eq__(self, other: object) -> bool:
        """Return whether two diffs ask for the same."""
        if not isinstance(other, Diff):
            return NotImplemented
        return self._differing() == other._differing()

    __hash__ = None  # type: ignore[assignment] # a diff changes while it is built

    def add(self, element: DiffElement) -> None:
        """Add an element, or raise ObjectAlreadyExists when its name is taken in its group."""
        group = self.children.setdefault(element.type, {})
        if element.name in group:
            raise ObjectAlreadyExists(f"Already storing a {element.type} named {element.name}", element)
        group[element.name] = element

    def groups(self) -> list[builtins.str]:
        """Return the names of the models that have elements here, sorted."""
        return sorted(group for group, elements in self.children.items() if elements)

    def has_diffs(self) -> bool:
        """Return whether anything differs."""
        return any(element.has_diffs() for element in self._elements())

    def get_children(self) -> Iterator[DiffElement]:
        """Return the elements, each group in the order that the class gives it."""
        for group in self.groups():
            order = getattr(self, f"order_children_{group}", self.order_children_default)
            yield from order(self.children[group])

    def walk(self) -> Iterator[DiffElement]:
        """Return all elements of the tree, parents before their children."""
        for element in self.get_children():
            yield element
            yield from element.child_diff.walk()

    @classmethod
    def order_children_default(cls, children: Mapping[builtins.str, DiffElement]) -> Iterator[DiffElement]:
        """Return the elements of a group as they were added."""
        yield from children.values()

    def summary(self) -> builtins.dict[builtins.str, int]:
        """Return how many objects are to be created, updated, deleted, are the same, or were skipped."""
        counts = {
            DiffSyncActions.CREATE: 0,
            DiffSyncActions.UPDATE: 0,
            DiffSyncActions.DELETE: 0,
            "no-change": self.unchanged,
            DiffSyncActions.SKIP: self.skipped,
        }
        for element in self.walk():
            counts[element.action or "no-change"] += 1
            counts["no-change"] += element.child_diff.unchanged
            counts[DiffSyncActions.SKIP] += element.child_diff.skipped
        return counts

    def str(self, indent: int = 0) -> builtins.str:
        """Return the differences as indented text."""
        margin = " " * indent
        lines: list[Any] = []
        for group, members in self.children.items():
            elements = [e for e in members.values() if e.has_diffs()]
            if elements:
                lines.append(f"{margin}{group}")
                lines.extend(element.str(indent=indent + 2) for element in elements)
        return "\n".join(lines) if lines else f"{margin}(no diffs)"

    def dict(
        self,
    ) -> builtins.dict[builtins.str, builtins.dict[builtins.str, builtins.dict[builtins.str, Any]]]:
        """Return the differences as plain values."""
        result: builtins.dict[Any, Any] = {}
        for element in self.get_children():
            if element.has_diffs():
                result.setdefault(element.type, {})[element.name] = element.dict()
        return result

    def _differing(self) -> builtins.dict[tuple[builtins.str, builtins.str], DiffElement]:
        return {(each.type, each.name): each for each in self._elements() if each.has_diffs()}

    def _elements(self) -> Iterator[DiffElement]:
        for group in self.children.values():
            yield from group.values()


@total_ordering
class DiffElement:
    """One object that differs, or that has something below it that does.

    `source_attrs` and `dest_attrs` hold the compared values; None says that the object is absent on that
    side, `{}` that it is there without values to compare.
    """

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
        self.child_diff = diff_class()

    def __eq__(self, other: object) -> bool:
        """Return whether two elements ask for the same, children included."""
        if not isinstance(other, DiffElement):
            return NotImplemented
        return self._request() == other._request() and self.child_diff == other.child_diff

    def __lt__(self, other: DiffElement) -> bool:
        """Order by type, then by name."""
        return (self.type, self.name) < (other.type, other.name)

    __hash__ = None  # type: ignore[assignment] # an element changes while it is built

    def __len__(self) -> int:
        """Return the number of elements of the tree of which this one is the top."""
        return 1 + len(self.child_diff)

    def __bool__(self) -> bool:
        """Return True, whatever is below."""
        return True

    def __str__(self) -> builtins.str:
        """Return what the element is about, on one line."""
        sides = f"{self.source_name} → {self.dest_name}"
        return f"{self.type} {self.name!r} : {self.keys} : {sides} : {self.get_attrs_diffs()}"

    @property
    def action(self) -> builtins.str | None:
        """What has to be done to the destination: `create`, `update`, `delete`, or None."""
        if self.source_attrs is not None and self.dest_attrs is None:
            return DiffSyncActions.CREATE
        if self.source_attrs is None and self.dest_attrs is not None:
            return DiffSyncActions.DELETE
        return DiffSyncActions.UPDATE if self.moved or self._changed() else DiffSyncActions.NO_CHANGE

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
            return [name for name in source if name in dest]
        there = source if source is not None else dest
        return [] if there is None else there.keys()

    def get_attrs_diffs(self) -> builtins.dict[builtins.str, builtins.dict[builtins.str, Any]]:
        """Return the new values under `+` and the old ones under `-`."""
        diffs: builtins.dict[builtins.str, builtins.dict[builtins.str, Any]] = {}
        both = self.source_attrs is not None and self.dest_attrs is not None
        names = self._changed() if both else self.get_attrs_keys()
        if self.source_attrs is not None:
            diffs["+"] = {name: self.source_attrs[name] for name in names}
        if self.dest_attrs is not None:
            diffs["-"] = {name: self.dest_attrs[name] for name in names}
        return diffs

    def add_child(self, element: DiffElement) -> None:
        """Add an element below this one."""
        self.child_diff.add(element)

    def get_children(self) -> Iterator[DiffElement]:
        """Return the elements below this one, in order."""
        yield from self.child_diff.get_children()

    def has_diffs(self, include_children: bool = True) -> bool:  # noqa: FBT001, FBT002 - diffsync's signature
        """Return whether this object differs, or anything below it."""
        return self.action is not None or (include_children and self.child_diff.has_diffs())

    def summary(self) -> builtins.dict[builtins.str, int]:
        """Return the counts of this element and of all that is below it."""
        counts = self.child_diff.summary()
        counts[self.action or "no-change"] += 1
        del counts[DiffSyncActions.SKIP]  # told of whole diffs only, as in diffsync
        return counts

    def str(self, indent: int = 0) -> builtins.str:
        """Return the element and what is below it as indented text."""
        margin = " " * indent
        diffs = self.get_attrs_diffs()
        text = f"{margin}{self.type}: {self.name}"
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
            text += "" if self.child_diff.has_diffs() else " (no diffs)"
        if self.child_diff.has_diffs():
            text += "\n" + self.child_diff.str(indent + 2)
        return text

    def dict(self) -> builtins.dict[builtins.str, Any]:
        """Return the element as plain values: `+` new, `-` old, and the children by model."""
        return {**self.get_attrs_diffs(), **self.child_diff.dict()}

    def _request(self) -> tuple[Any, ...]:
        return self.type, self.name, self.keys, self.action, self.moved, self.get_attrs_diffs()

    def _changed(self) -> tuple[builtins.str, ...]:
        if self.changed is not None:
            return self.changed
        source, dest = self.source_attrs, self.dest_attrs
        if source is None or dest is None:
            return ()
        return tuple(name for name in self.get_attrs_keys() if source[name] != dest[name])
