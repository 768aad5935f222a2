"""The comparison of two datasets.

Everything a comparison needs is passed down; nothing about the "current" object is kept between calls. What
most objects go through is one turn of the loop in `compare`: two look-ups of their values and one comparison.
"""

from __future__ import annotations

import itertools
import time
from collections import Counter
from dataclasses import dataclass, field
from functools import lru_cache
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import structlog

from .diff import Diff, DiffElement
from .enum import DiffSyncFlags, DiffSyncModelFlags
from .exceptions import LoadError, ObjectNotFound
from .loading import relieved
from .values import copied, copies

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

    from .diff import Group
    from .model import DiffSyncModel
    from .typing import Dataset, ProgressCallback

_NO_FLAGS = DiffSyncModelFlags.NONE
_SIBLINGS = 256
"""Of how many objects the children are fetched at once: a store may be at the other end of a network."""


def calculate(
    source: Dataset,
    dest: Dataset,
    *,
    flags: DiffSyncFlags = DiffSyncFlags.NONE,
    diff_class: type[Diff] = Diff,
    callback: ProgressCallback | None = None,
) -> Diff:
    """Return what has to change in `dest` to make it like `source`."""
    started = time.perf_counter()
    log = structlog.get_logger().new(src=source, dst=dest, flags=flags)
    total = _size(source) + _size(dest)
    words = f"Diff calculation between these two datasets will involve {total} models"  # diffsync's
    log.debug(words)
    comparison = Comparison(source, dest, flags, diff_class, log, callback, total)
    log.info("Beginning diff calculation")
    diff = diff_class()
    with relieved(total):
        comparison.compare_all(diff)
    comparison.finish()
    diff.models_processed = comparison.processed
    diff.seconds = time.perf_counter() - started
    log.info("Diff calculation complete")
    diff.complete()
    return diff


@dataclass(frozen=True, slots=True)
class Siblings:
    """The objects of one model below one parent, with their unique ids."""

    uids: list[str]
    objects: list[Any]


_NOBODY = Siblings([], [])


def top(dataset: Dataset, modelname: str) -> Siblings:
    """Return the objects of a model at the top of a dataset."""
    objects = dataset.get_all(modelname)
    return Siblings([obj.get_unique_id() for obj in objects], objects)


class Families:
    """The children of many siblings, fetched for some hundreds of them at once."""

    __slots__ = ("_dataset", "_fetched", "_parents")

    def __init__(self, dataset: Dataset, parents: Sequence[DiffSyncModel | None]) -> None:
        self._dataset = dataset
        self._parents = parents
        self._fetched: dict[str, tuple[int, list[Siblings]]] = {}

    def of(self, place: int, modelname: str) -> Siblings:
        """Return the children of one parent; raises LoadError when one is listed and missing."""
        start, families = self._fetched.get(modelname, (0, ()))
        if not start <= place < start + len(families):
            start, families = place, self._fetch(place, modelname)
            self._fetched[modelname] = start, families
        return families[place - start]

    def _fetch(self, start: int, modelname: str) -> list[Siblings]:
        parents = self._parents[start : start + _SIBLINGS]
        lists = [listed(parent, modelname) for parent in parents]
        wanted = list(itertools.chain.from_iterable(lists))
        try:
            objects = iter(self._dataset.get_by_uids(wanted, modelname) if wanted else ())
        except ObjectNotFound as error:
            raise self._orphan(parents, lists, modelname) from error
        return [Siblings(uids, list(itertools.islice(objects, len(uids)))) for uids in lists]

    def _orphan(
        self, parents: Sequence[DiffSyncModel | None], lists: list[list[str]], modelname: str
    ) -> LoadError:
        there = self._dataset.find_by_uids([uid for uids in lists for uid in uids], modelname)
        for parent, uids in zip(parents, lists, strict=True):
            if parent is not None and (missing := [uid for uid in uids if uid not in there]):
                names = f"{modelname} {', '.join(missing)}"
                return LoadError(
                    f"{self._dataset.name}: {parent.get_type()} {parent} lists the {names}, which is missing",
                    code="LOAD-ORPHAN",
                    hint="add the object as well, or take it off its parent's list",
                )
        return LoadError(f"{self._dataset.name}: a {modelname} was removed meanwhile", code="LOAD-ORPHAN")


def listed(parent: DiffSyncModel | None, modelname: str) -> list[str]:
    """Return the unique ids that a parent lists of a model: the list itself."""
    field_name = None if parent is None else parent.get_children_mapping().get(modelname)
    uids: list[str] = getattr(parent, field_name) if field_name else []
    return uids


@dataclass(slots=True)
class Unchanged:
    """A compared group, from which the elements that do not differ can still be made."""

    comparison: Comparison
    model: str
    sources: list[Any]
    differing: Mapping[str, DiffElement]
    """By unique id, in order; those that only the destination has come last."""
    skipped: Collection[str] = ()

    def elements(self) -> list[DiffElement]:
        """Return the elements of all objects of the group, in order."""
        same = {dest.get_unique_id(): self.comparison.same(obj, dest) for obj, dest in self._pairs()}
        known = {**same, **self.differing}
        ours = [uid for obj in self.sources if (uid := obj.get_unique_id()) in known]
        elements = [known.pop(uid) for uid in ours]
        elements.extend(known.values())
        return self.comparison.named_apart(elements)

    def count(self) -> int:
        """Return how many objects there are that do not differ, those below them included."""
        below = (group.count() for obj, dest in self._pairs() for group in self.comparison.groups(obj, dest))
        return sum(1 for __ in self._pairs()) + sum(below)

    def _pairs(self) -> Iterator[tuple[Any, Any]]:
        uids = [obj.get_unique_id() for obj in self.sources]
        there = self.comparison.dest.find_by_uids(uids, self.model)
        for uid, obj in zip(uids, self.sources, strict=True):
            dest = there.get(uid)
            if dest is None or uid in self.differing or uid in self.skipped or ignored(obj, dest):
                continue
            yield obj, dest


@dataclass(frozen=True, slots=True)
class _How:
    """How two objects are compared: the same for all pairs of these classes that manage the same attributes."""

    names: tuple[str, ...]
    """The attributes that both have and have an opinion on."""
    ours: tuple[str, ...]
    """Those that the source has an opinion on."""
    theirs: tuple[str, ...]
    values: Callable[[Any], Any] | None
    """Takes the flags and the compared values out of a record's fields; None: they are not plain."""
    children: tuple[str, ...]
    """The models that both can have as children."""
    parents: bool
    """Whether either can have children."""


_NOT_YET = _How((), (), (), None, (), parents=False)


@dataclass(slots=True)
class Found:
    """What the comparison of one group brings to light."""

    into: Diff
    elements: dict[str, DiffElement] = field(default_factory=dict)
    skipped: set[str] = field(default_factory=set)

    def skip(self, uid: str) -> None:
        """Note an object that a flag or its owner keeps out."""
        self.into.skipped += 1
        self.skipped.add(uid)


@dataclass(slots=True)
class Comparison:
    """What stays the same through one comparison, and the count of objects for the progress callback."""

    source: Dataset
    dest: Dataset
    flags: DiffSyncFlags
    diff_class: type[Diff]
    log: Any
    callback: ProgressCallback | None = None
    total: int = 0
    processed: int = 0
    source_tree: set[tuple[str, str]] | None = None
    """What hangs in the source's tree; None: nobody needed to know yet."""
    ways: dict[tuple[Any, ...], _How] = field(default_factory=dict)

    def compare(
        self, modelname: str, ours: Siblings, theirs: Siblings, owner: DiffSyncModel | None, into: Diff
    ) -> Found:
        """Compare the objects of one model below one parent; `owner` is the source's parent object."""
        found, before = Found(into), into.unchanged
        pairs = self._pairs(modelname, ours, theirs, found)
        gone = self._gone(modelname, ours, theirs, owner, found)
        self._count(len(ours.objects) + pairs + gone)
        for element in self.named_apart(list(found.elements.values())):
            into.add(element)
        if into.unchanged > before:
            into.hide(self.rest(modelname, ours, found))
        return found

    def rest(self, modelname: str, ours: Siblings, found: Found) -> Group:
        """Return what does not differ of a group, for when somebody asks for its elements."""
        return Unchanged(self, modelname, ours.objects, found.elements, found.skipped)

    def compare_all(self, into: Diff) -> None:
        """Compare the datasets from the top down."""
        for modelname in self.dest.top_level:
            if modelname in self.source.top_level:
                self.compare(modelname, top(self.source, modelname), top(self.dest, modelname), None, into)
            else:
                self.leave_out(len(self.dest.get_all(modelname)), into)
        for modelname in self.source.top_level:
            if modelname not in self.dest.top_level:
                self.leave_out(len(self.source.get_all(modelname)), into)

    def leave_out(self, objects: int, into: Diff) -> None:
        """Count objects of a model that only one of the datasets knows; they are not compared."""
        into.skipped += objects
        self.processed += objects

    def finish(self) -> None:
        """Tell the callback that all is done: what a flag or an owner kept out was not counted one by one."""
        if self.callback is not None:
            total = max(self.processed, self.total)
            self.callback("diff", total, total)

    def same(self, source: DiffSyncModel, dest: DiffSyncModel) -> DiffElement:
        """Return the element of an object that does not differ."""
        how = self._how(source, dest)
        element = self._element(dest)
        element.source_attrs = _copies(_fields(source, how), how.ours)
        element.dest_attrs = _copies(_fields(dest, how), how.theirs)
        element.changed = ()
        element.flags = dest.model_flags
        for group in self.groups(source, dest):
            element.child_diff.hide(group)
            element.child_diff.unchanged += group.count()
        return element

    def groups(self, source: DiffSyncModel, dest: DiffSyncModel) -> Iterator[Unchanged]:
        """Return the groups of children of an object below which nothing differs."""
        for modelname in self._how(source, dest).children:
            children = Families(self.source, [source]).of(0, modelname)
            if children.objects:
                yield Unchanged(self, modelname, children.objects, {})

    def named_apart(self, elements: list[DiffElement]) -> list[DiffElement]:
        """Return the elements, those that share their short name with a sibling named by their unique id.

        One address in two VRFs is such a case, while an interface changes its VRF.
        """
        if len({element.name for element in elements}) < len(elements):
            names = Counter(element.name for element in elements)
            for element in elements:
                if names[element.name] > 1:
                    element.name = self.dest.model_class(element.type).unique_id_of(element.keys)
        return elements

    # One group --------------------------------------------------------------------------------------------

    def _pairs(self, modelname: str, ours: Siblings, theirs: Siblings, found: Found) -> int:
        """Compare what the source has, and return for how many objects there was a counterpart."""
        matches, moved = self._matches(modelname, ours, theirs)
        our_children, their_children = Families(self.source, ours.objects), Families(self.dest, matches)
        how, values = _NOT_YET, _NOT_YET.values
        source_class = dest_class = source_managed = dest_managed = None
        alone = same = 0
        for place, (uid, obj, match) in enumerate(zip(ours.uids, ours.objects, matches, strict=True)):
            if match is None:
                alone += 1
                self._unmatched_source(uid, obj, our_children, place, found)
                continue
            if (
                obj.__class__ is not source_class
                or match.__class__ is not dest_class
                or obj._managed is not source_managed
                or match._managed is not dest_managed
            ):
                source_class, source_managed = obj.__class__, obj._managed
                dest_class, dest_managed = match.__class__, match._managed
                how = self._how(obj, match)
                values = None if how.parents or moved else how.values
            if values is not None:
                mine = obj.__dict__
                if values(mine) == values(match.__dict__) and mine["model_flags"] is _NO_FLAGS:
                    same += 1
                    continue
            below = None
            if how.parents and not ignored(obj, match):
                below = self._below(obj, match, how, our_children, their_children, place)
            self._pair(uid, obj, match, how, below, found, moved=uid in moved)
        found.into.unchanged += same
        return len(matches) - alone

    def _matches(self, modelname: str, ours: Siblings, theirs: Siblings) -> tuple[list[Any], Collection[str]]:
        """Return the counterpart of each object, and the unique ids of those that hang elsewhere: they move."""
        if ours.uids == theirs.uids:
            return theirs.objects, ()
        there = dict(zip(theirs.uids, theirs.objects, strict=True))
        alone = [uid for uid in ours.uids if uid not in there]
        moved = self.dest.find_by_uids(alone, modelname) if alone else {}
        there.update(moved)
        return [there.get(uid) for uid in ours.uids], moved

    def _gone(
        self,
        modelname: str,
        ours: Siblings,
        theirs: Siblings,
        owner: DiffSyncModel | None,
        found: Found,
    ) -> int:
        """Look at what only the destination has, and return how many objects that are."""
        if ours.uids == theirs.uids:
            return 0
        here = set(ours.uids)
        alone = [(uid, obj) for uid, obj in zip(theirs.uids, theirs.objects, strict=True) if uid not in here]
        if not alone:
            return 0
        elsewhere = self._elsewhere(modelname, [uid for uid, __ in alone])
        gone = [(uid, obj) for uid, obj in alone if uid not in elsewhere]
        families = Families(self.dest, [obj for __, obj in gone])
        for place, (uid, obj) in enumerate(gone):
            self._unmatched_dest(uid, obj, families, place, owner, found)
        return len(gone)

    def _elsewhere(self, modelname: str, uids: list[str]) -> set[str]:
        """Return which objects the source has elsewhere: they move, they are not gone.

        An object that hangs nowhere in the source's tree does not count; its parent was removed without it.
        """
        there = self.source.find_by_uids(uids, modelname)
        if not there:
            return set()
        if self.source_tree is None:
            self.source_tree = set(_tree(self.source))
        return {uid for uid in there if (modelname, uid) in self.source_tree}

    # One object -------------------------------------------------------------------------------------------

    def _pair(
        self,
        uid: str,
        source: DiffSyncModel,
        dest: DiffSyncModel,
        how: _How,
        below: Diff | None,
        found: Found,
        *,
        moved: bool,
    ) -> None:
        if ignored(source, dest):
            self.processed -= 1  # the two count as one
            self._skip(uid, source, f"IGNORE flag on {'source' if ignored(source) else 'dest'} object", found)
            return
        mine, theirs = _fields(source, how), _fields(dest, how)
        names = [name for name in how.names if name in mine and name in theirs]
        same = type(dest).same
        changed = tuple(n for n in names if mine[n] != theirs[n] and not same(n, mine[n], theirs[n]))
        if not changed and not moved and (below is None or not below.has_diffs()):
            found.into.unchanged += 1 if below is None else 1 + below.unchanged
            found.into.skipped += 0 if below is None else below.skipped
            return
        element = self._element(dest)
        element.source_attrs, element.dest_attrs = _copies(mine, how.ours), _copies(theirs, how.theirs)
        element.changed, element.moved, element.flags = changed, moved, dest.model_flags
        element.held = self._held(DiffSyncFlags.NO_UPDATE, DiffSyncModelFlags.NO_UPDATE, source, dest)
        if below is not None:
            element.child_diff = below
        found.elements[uid] = element

    def _below(
        self,
        source: DiffSyncModel,
        dest: DiffSyncModel,
        how: _How,
        ours: Families,
        theirs: Families,
        place: int,
    ) -> Diff:
        below = self.diff_class()
        for modelname in how.children:
            mine, other = ours.of(place, modelname), theirs.of(place, modelname)
            if mine.uids or other.uids:
                self.compare(modelname, mine, other, source, below)
        for one, another in ((source, dest), (dest, source)):
            for modelname in one.get_children_mapping().keys() - another.get_children_mapping().keys():
                self.leave_out(len(listed(one, modelname)), below)
        return below

    def _unmatched_source(
        self, uid: str, source: DiffSyncModel, families: Families, place: int, found: Found
    ) -> None:
        if why := self._why_not_create(source):
            self._skip(uid, source, why, found)
            return
        element = self._element(source)
        element.source_attrs = _one_sided(source)
        found.elements[uid] = element
        models = source.get_children_mapping()
        known = self.dest.model_class(source.get_type()).get_children_mapping() if models else ()
        for modelname in models:
            children = families.of(place, modelname)
            if children.uids and modelname in known:
                self.compare(modelname, children, _NOBODY, source, element.child_diff)
            elif children.uids:
                self.leave_out(len(children.uids), element.child_diff)

    def _unmatched_dest(
        self,
        uid: str,
        dest: DiffSyncModel,
        families: Families,
        place: int,
        owner: DiffSyncModel | None,
        found: Found,
    ) -> None:
        if why := self._why_not_delete(dest, owner):
            self._skip(uid, dest, why, found)
            return
        element = self._element(dest)
        element.dest_attrs = copied(dest.get_read_set())
        element.flags = dest.model_flags
        element.held = self._held(DiffSyncFlags.NO_DELETE, DiffSyncModelFlags.NO_DELETE, dest)
        for modelname in dest.get_children_mapping():
            children = families.of(place, modelname)
            if children.uids:
                # What hangs below an object that goes, goes with it: nobody is left to disown it.
                self.compare(modelname, _NOBODY, children, None, element.child_diff)
        found.elements[uid] = element

    def _why_not_create(self, source: DiffSyncModel) -> str:
        if DiffSyncFlags.SKIP_UNMATCHED_SRC in self.flags:
            return "SKIP_UNMATCHED_SRC flag on source adapter"
        if source.model_flags is _NO_FLAGS:
            return ""
        if DiffSyncModelFlags.SKIP_UNMATCHED_SRC in source.model_flags:
            return "SKIP_UNMATCHED_SRC flag on model"
        return "IGNORE flag on source object" if ignored(source) else ""

    def _why_not_delete(self, dest: DiffSyncModel, owner: DiffSyncModel | None) -> str:
        if DiffSyncFlags.SKIP_UNMATCHED_DST in self.flags:
            return "SKIP_UNMATCHED_DST flag on source adapter"  # diffsync's words, though it means the other
        if DiffSyncModelFlags.SKIP_UNMATCHED_DST in dest.model_flags:
            return "SKIP_UNMATCHED_DST flag on model"
        if ignored(dest):
            return "IGNORE flag on dest object"
        return "" if owner is None or owner.owns(dest) else "ownership: the source does not own it"

    def _skip(self, uid: str, obj: DiffSyncModel, why: str, found: Found) -> None:
        event = f"Skipping due to {why}"
        self.log.debug(event, model=obj.get_type(), unique_id=uid)
        found.skip(uid)

    def _held(self, flag: DiffSyncFlags, model_flag: DiffSyncModelFlags, *objects: DiffSyncModel) -> bool:
        return flag in self.flags or any(model_flag in obj.model_flags for obj in objects)

    def _element(self, obj: DiffSyncModel) -> DiffElement:
        """Return an empty element for an object; where both sides have it, the destination's spelling counts."""
        return DiffElement(
            obj.get_type(),
            obj.get_shortname(),
            obj.get_identifiers(),
            self.source.name,
            self.dest.name,
            self.diff_class,
        )

    def _how(self, source: DiffSyncModel, dest: DiffSyncModel) -> _How:
        """Return how two objects are compared."""
        key = (type(source), type(dest), source._managed, dest._managed)
        how = self.ways.get(key)
        if how is None:
            how = self.ways[key] = _way_to_compare(source, dest)
        return how

    def _count(self, objects: int) -> None:
        self.processed += objects
        if self.callback is not None:
            self.callback("diff", self.processed, max(self.processed, self.total))


def _way_to_compare(source: DiffSyncModel, dest: DiffSyncModel) -> _How:
    ours, theirs = _managed(type(source), source._managed), _managed(type(dest), dest._managed)
    names = tuple(name for name in theirs if name in ours)
    plain = type(source).attributes_are_plain() and type(dest).attributes_are_plain()
    children = dest.get_children_mapping()
    return _How(
        names,
        ours,
        theirs,
        values=itemgetter("model_flags", *names) if plain else None,
        children=tuple(modelname for modelname in source.get_children_mapping() if modelname in children),
        parents=bool(children or source.get_children_mapping()),
    )


@lru_cache(maxsize=1024)
def _managed(cls: type[DiffSyncModel], managed: frozenset[str] | None) -> tuple[str, ...]:
    """Return the attributes that an object's dataset has an opinion on, in the order of its fields."""
    wanted = cls._attributes if managed is None else managed
    fields = (*cls.model_fields, *cls.model_computed_fields)
    return tuple(name for name in fields if name in wanted and name in cls._attributes)


def _fields(obj: DiffSyncModel, how: _How) -> dict[str, Any]:
    """Return the values of an object to compare, among others."""
    return obj.get_attrs() if how.values is None else obj.__dict__


def _copies(values: dict[str, Any], names: Sequence[str]) -> dict[str, Any]:
    try:
        return copies(values, names)
    except KeyError:  # a `get_attrs` of the user's own leaves some out
        return copies(values, [name for name in names if name in values])


def _one_sided(obj: DiffSyncModel) -> dict[str, Any]:
    """Return the values of an object that only the source has: those that the source has an opinion on."""
    values = obj.__dict__ if obj.attributes_are_plain() else obj.get_attrs()
    return _copies(values, _managed(type(obj), obj._managed))


def ignored(*objects: DiffSyncModel) -> bool:
    """Return whether any of the objects is flagged to be left out of comparisons."""
    return any(
        obj.model_flags is not _NO_FLAGS and DiffSyncModelFlags.IGNORE in obj.model_flags for obj in objects
    )


def _tree(dataset: Dataset) -> Iterator[tuple[str, str]]:
    """Return the keys of all objects that can be reached from the top."""
    level = [obj for modelname in dataset.top_level for obj in dataset.get_all(modelname)]
    while level:
        yield from ((obj.get_type(), obj.get_unique_id()) for obj in level)
        listed: dict[str, list[str]] = {}
        for obj in level:
            for modelname, field_name in obj.get_children_mapping().items():
                listed.setdefault(modelname, []).extend(getattr(obj, field_name))
        level = [obj for name, uids in listed.items() for obj in dataset.find_by_uids(uids, name).values()]


def _size(dataset: Any) -> int:
    return int(dataset.count()) if hasattr(dataset, "count") else 0
