"""What is kept of a comparison, so that the next one need not begin anew.

`Group` and `Below` never change once they are made: a changed one is replaced, and so is what is above it. So they
share what did not change, and an element that was handed out can still be made of what was true then.
"""

from __future__ import annotations

import copy
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .differ import Comparison, Found, Siblings, Unchanged
from .enum import DiffSyncFlags, DiffSyncModelFlags

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from .diff import Diff, DiffElement
    from .differ import Families
    from .model import DiffSyncModel

Key = tuple[str, str]
"""A model and a unique id."""
Place = Key | None
"""Where an object hangs: below the object of a key; None: at the top."""


class CantTell(Exception):
    """What was changed can't be compared alone; everything has to be."""


@dataclass(slots=True)
class Group:
    """The objects of one model below one parent, and what their comparison brought."""

    model: str
    ours: list[str] = field(default_factory=list)
    theirs: list[str] = field(default_factory=list)
    """The same list as `ours` where both sides list the same."""
    differing: dict[str, DiffElement] = field(default_factory=dict)
    skipped: set[str] = field(default_factory=set)
    """Those that a flag or their owner keeps out."""
    unchanged: int = 0
    """How many do not differ, those below them included."""
    left_out: int = 0
    """How many were kept out, those below the ones that do not differ included."""

    def in_order(self) -> dict[str, DiffElement]:
        """Return what differs: in the order of the source, then what only the destination has."""
        differing = self.differing
        if len(differing) == 1:
            return dict(differing)
        uids = [*filter(differing.__contains__, self.ours)]
        if self.theirs is not self.ours:
            uids += filter(differing.__contains__, self.theirs)
        return {uid: differing[uid] for uid in uids}


class Below:
    """What is below one object, or in the whole dataset."""

    __slots__ = ("differs", "groups", "left_out", "left_out_here", "unchanged")

    def __init__(self, groups: Mapping[str, Group], left_out_here: int) -> None:
        self.groups = groups
        self.left_out_here = left_out_here
        """How many objects are of models that only one of the sides knows."""
        self.unchanged, self.left_out, self.differs = 0, left_out_here, False
        for group in groups.values():
            self.unchanged += group.unchanged
            self.left_out += group.left_out
            self.differs = self.differs or bool(group.differing)

    def diff(self, comparison: Recorder) -> Diff:
        """Return this as a diff."""
        into = comparison.diff_class()
        into.unchanged, into.skipped = self.unchanged, self.left_out
        for group in self.groups.values():
            differing = group.in_order()
            for element in comparison.named_apart(list(differing.values())):
                into.add(element)
            if group.unchanged:
                into.hide(Rest(comparison, group.model, group.ours, differing, group.skipped))
        return into


@dataclass(slots=True)
class Rest:
    """The objects of a group that do not differ, for when somebody asks for their elements.

    They are got from their dataset then: by that time others may have taken their place.
    """

    comparison: Comparison
    model: str
    uids: list[str]
    differing: Mapping[str, DiffElement]
    skipped: Collection[str]

    def elements(self) -> list[DiffElement]:
        """Return the elements of all objects of the group, in order."""
        there = self.comparison.source.find_by_uids(self.uids, self.model)
        sources = [there[uid] for uid in self.uids if uid in there]
        return Unchanged(self.comparison, self.model, sources, self.differing, self.skipped).elements()


# Taking it down ----------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Memory:
    """All that is known of the two datasets."""

    below: dict[Place, Below] = field(default_factory=dict)
    """What is below each object that can have something below it."""
    homes: tuple[dict[str, dict[str, Place]], dict[str, dict[str, Place]]] = field(
        default_factory=lambda: ({}, {})
    )
    """Where each object hangs in the source and in the destination, by model and unique id."""
    elsewhere: bool = False
    """Whether an object hangs, or is kept, elsewhere in the other dataset."""
    twice: bool = False
    """Whether an object hangs in two places of one dataset."""

    def settle(self, group: Group, place: Place) -> None:
        """Note where the objects of a group hang."""
        for side, uids in zip(self.homes, (group.ours, group.theirs), strict=True):
            homes = side.setdefault(group.model, {})
            before = len(homes)
            for uid in uids:
                homes[uid] = place
            self.twice = self.twice or len(homes) < before + len(uids)


class Recorder(Comparison):
    """A comparison that takes down what it finds.

    Args:
        alone: only a part is compared; raises CantTell when that has to do with anything else.
    """

    __slots__ = ("_alone", "_done", "compared", "memory")

    def __init__(self, memory: Memory, *comparison: Any, alone: bool = False) -> None:
        super().__init__(*comparison)
        self.memory = memory
        self.compared = 0
        """How many objects were compared; one that both sides have counts once."""
        self._alone = alone
        self._done: dict[int, list[Group]] = {}
        """The groups of each diff that is being filled, by its id."""

    def compare(
        self, modelname: str, ours: Siblings, theirs: Siblings, owner: DiffSyncModel | None, into: Diff
    ) -> Found:
        """Compare a group, and take it down."""
        # As listed now: who changes a list from now on marks it.
        uids = list(ours.uids)
        others = uids if theirs.uids == uids else list(theirs.uids)
        ours, theirs = Siblings(uids, ours.objects), Siblings(others, theirs.objects)
        self.compared += len(uids) if others is uids else len({*uids, *others})
        unchanged, left_out = into.unchanged, into.skipped
        found = super().compare(modelname, ours, theirs, owner, into)
        group = Group(
            modelname, uids, others, found.elements, found.skipped,
            into.unchanged - unchanged, into.skipped - left_out,
        )  # fmt: skip
        self._done.setdefault(id(into), []).append(group)
        return found

    def rest(self, modelname: str, ours: Siblings, found: Found) -> Rest:
        """Return what does not differ of a group."""
        return Rest(self, modelname, ours.uids, found.elements, found.skipped)

    def some(
        self, modelname: str, ours: Siblings, theirs: Siblings, owner: DiffSyncModel | None
    ) -> tuple[Found, Diff]:
        """Compare some objects of a group; what is below them is taken down."""
        into = self.diff_class()
        self.compared += len({*ours.uids, *theirs.uids})
        return super().compare(modelname, ours, theirs, owner, into), into

    def take_down(self, place: Place, diff: Diff) -> Below:
        """Take down what is below an object, when its diff is complete."""
        groups = {group.model: group for group in self._done.pop(id(diff), ())}
        left_out = diff.skipped - sum(group.left_out for group in groups.values())
        below = self.memory.below[place] = Below(groups, left_out)
        for group in groups.values():
            self.memory.settle(group, place)
        if self._alone and self.memory.twice:
            raise CantTell
        return below

    def holds_update(self, *objects: DiffSyncModel) -> bool:
        """Return whether a flag says that an update is shown and not made."""
        return self._held(DiffSyncFlags.NO_UPDATE, DiffSyncModelFlags.NO_UPDATE, *objects)

    def way(self, source: DiffSyncModel, dest: DiffSyncModel) -> Any:
        """Return how two objects are compared."""
        return self._how(source, dest)

    def pair(self, uid: str, source: DiffSyncModel, dest: DiffSyncModel, below: Diff | None) -> Found:
        """Compare two objects that hang below the same parent, with what is known to be below them."""
        found = Found(self.diff_class())
        self._pair(uid, source, dest, self._how(source, dest), below, found, moved=False)
        return found

    def named_apart(self, elements: list[DiffElement]) -> list[DiffElement]:
        """Return the elements, copies of those that get a longer name: they may belong to other diffs too."""
        if len({element.name for element in elements}) == len(elements):
            return elements
        names = Counter(element.name for element in elements)
        return super().named_apart([each if names[each.name] == 1 else copy.copy(each) for each in elements])

    # Where the comparison goes deeper, or looks elsewhere -------------------------------------------------

    def _below(self, source: DiffSyncModel, dest: DiffSyncModel, *more: Any) -> Diff:
        below = super()._below(source, dest, *more)
        self.take_down(_key(source), below)
        return below

    def _unmatched_source(
        self, uid: str, source: DiffSyncModel, families: Families, place: int, found: Found
    ) -> None:
        super()._unmatched_source(uid, source, families, place, found)
        self._one_sided(uid, source, found)

    def _unmatched_dest(
        self,
        uid: str,
        dest: DiffSyncModel,
        families: Families,
        place: int,
        owner: DiffSyncModel | None,
        found: Found,
    ) -> None:
        super()._unmatched_dest(uid, dest, families, place, owner, found)
        self._one_sided(uid, dest, found)

    def _one_sided(self, uid: str, obj: DiffSyncModel, found: Found) -> None:
        if uid in found.elements and obj.get_children_mapping():
            self.take_down(_key(obj), found.elements[uid].child_diff)

    def _matches(self, modelname: str, ours: Siblings, theirs: Siblings) -> tuple[list[Any], Collection[str]]:
        matches, moved = super()._matches(modelname, ours, theirs)
        if moved:
            self._looked_elsewhere()
        return matches, moved

    def _elsewhere(self, modelname: str, uids: list[str]) -> set[str]:
        if not self.source.find_by_uids(uids, modelname):
            return set()
        self._looked_elsewhere()
        return super()._elsewhere(modelname, uids)

    def _looked_elsewhere(self) -> None:
        if self._alone:
            raise CantTell
        self.memory.elsewhere = True


def _key(obj: DiffSyncModel) -> Key:
    return obj.get_type(), obj.get_unique_id()
