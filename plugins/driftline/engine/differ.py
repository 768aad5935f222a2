"""The comparison of two datasets.

Everything a comparison needs is passed down; nothing about the "current" object is kept between calls.
"""

from __future__ import annotations

import copy
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import structlog

from .diff import Diff, DiffElement
from .enum import DiffSyncFlags, DiffSyncModelFlags
from .exceptions import LoadError, ObjectNotFound

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from .model import DiffSyncModel
    from .typing import Dataset, ProgressCallback

_log = structlog.get_logger(__name__)


def calculate(
    source: Dataset,
    dest: Dataset,
    *,
    flags: DiffSyncFlags = DiffSyncFlags.NONE,
    diff_class: type[Diff] = Diff,
    callback: ProgressCallback | None = None,
) -> Diff:
    """Return what has to change in `dest` to make it like `source`."""
    total = 0 if callback is None else _size(source) + _size(dest)
    comparison = _Comparison(source, dest, flags, diff_class, callback, total)
    _log.info("Beginning diff calculation", src=source, dst=dest, flags=flags)
    diff = diff_class()
    for modelname in dest.top_level:
        if modelname in source.top_level:
            comparison.compare(source.get_all(modelname), dest.get_all(modelname), None, diff)
    comparison.finish()
    diff.models_processed = comparison.processed
    diff.complete()
    _log.info("Diff calculation complete", src=source, dst=dest, flags=flags)
    return diff


@dataclass(slots=True)
class _Comparison:
    """What stays the same through one comparison, and the count of objects for the progress callback."""

    source: Dataset
    dest: Dataset
    flags: DiffSyncFlags
    diff_class: type[Diff]
    callback: ProgressCallback | None
    total: int
    processed: int = 0
    source_tree: set[tuple[str, str]] | None = None
    """What hangs in the source's tree; None: nobody needed to know yet."""

    def compare(
        self,
        sources: list[DiffSyncModel],
        dests: list[DiffSyncModel],
        owner: DiffSyncModel | None,
        into: Diff,
    ) -> None:
        """Compare the objects of one model below one parent; `owner` is the source's parent object."""
        elements = [found for found in self._differing(sources, dests, owner, into) if found is not None]
        names = Counter(element.name for element in elements) if len(elements) > 1 else Counter[str]()
        for element in elements:
            if names[element.name] > 1:
                # Siblings may share their short names: one address in two VRFs, while an interface changes its VRF.
                element.name = self.dest.model_class(element.type).create_unique_id(**element.keys)
            into.add(element)

    def finish(self) -> None:
        """Tell the callback that all is done: what a flag or an owner kept out was not counted one by one."""
        if self.callback is not None:
            total = max(self.processed, self.total)
            self.callback("diff", total, total)

    def _differing(
        self,
        sources: list[DiffSyncModel],
        dests: list[DiffSyncModel],
        owner: DiffSyncModel | None,
        into: Diff,
    ) -> Iterator[DiffElement | None]:
        there = {obj.get_unique_id(): obj for obj in dests}
        here = set()
        for obj in sources:
            uid = obj.get_unique_id()
            here.add(uid)
            if uid in there:
                yield self._pair(obj, there[uid], into)
            else:
                # Where it hangs elsewhere it moves, it is not new.
                there_too = self.dest.get_or_none(obj.get_type(), uid)
                yield self._pair(obj, there_too, into, moved=True)
        for uid, obj in there.items():
            if uid not in here and not self._moved_away(obj.get_type(), uid):
                yield self._unmatched_dest(obj, owner, into)

    def _moved_away(self, modelname: str, uid: str) -> bool:
        """Return whether the source has an object elsewhere: then it moves, it is not gone.

        An object that hangs nowhere in the source's tree does not count; its parent was removed without it.
        """
        if self.source.get_or_none(modelname, uid) is None:
            return False
        if self.source_tree is None:
            self.source_tree = set(_tree(self.source))
        return (modelname, uid) in self.source_tree

    def _pair(
        self, source: DiffSyncModel, dest: DiffSyncModel | None, into: Diff, *, moved: bool = False
    ) -> DiffElement | None:
        self._count(1 if dest is None else 2)
        if self._ignored(source, dest):
            into.skipped += 1
            return None
        if dest is None:
            return self._unmatched_source(source, into)
        return self._both(source, dest, into, moved=moved)

    @staticmethod
    def _ignored(*objects: DiffSyncModel | None) -> bool:
        return any(
            obj is not None
            and obj.model_flags is not DiffSyncModelFlags.NONE
            and DiffSyncModelFlags.IGNORE in obj.model_flags
            for obj in objects
        )

    def _unmatched_source(self, source: DiffSyncModel, into: Diff) -> DiffElement | None:
        if (
            DiffSyncFlags.SKIP_UNMATCHED_SRC in self.flags
            or DiffSyncModelFlags.SKIP_UNMATCHED_SRC in source.model_flags
        ):
            into.skipped += 1
            return None
        element = self._element(source)
        element.source_attrs = _values(source, source.get_managed())
        for modelname, field in source.get_children_mapping().items():
            children = self._children(self.source, source, modelname, field)
            self.compare(children, [], source, element.child_diff)
        return element

    def _unmatched_dest(
        self, dest: DiffSyncModel, owner: DiffSyncModel | None, into: Diff
    ) -> DiffElement | None:
        self._count(1)
        if (
            DiffSyncFlags.SKIP_UNMATCHED_DST in self.flags
            or DiffSyncModelFlags.SKIP_UNMATCHED_DST in dest.model_flags
            or self._ignored(dest)
            or (owner is not None and not owner.owns(dest))
        ):
            into.skipped += 1
            return None
        element = self._element(dest)
        element.dest_attrs = copy.deepcopy(dest.get_read_set())
        element.flags = dest.model_flags
        for modelname, field in dest.get_children_mapping().items():
            # What hangs below an object that goes, goes with it: nobody is left to disown it.
            self.compare([], self._children(self.dest, dest, modelname, field), None, element.child_diff)
        return element

    def _both(
        self, source: DiffSyncModel, dest: DiffSyncModel, into: Diff, *, moved: bool
    ) -> DiffElement | None:
        names = _compared(source, dest)
        same = type(dest).same
        changed = tuple(
            n for n in names if (a := getattr(source, n)) != (b := getattr(dest, n)) and not same(n, a, b)
        )
        below = self._below(source, dest)
        if not (changed or moved or below.children):
            into.unchanged += 1 + below.unchanged
            into.skipped += below.skipped
            return None
        element = self._element(dest)
        element.source_attrs = _values(source, names)
        element.dest_attrs = _values(dest, names)
        element.changed = changed
        element.moved = moved
        element.flags = dest.model_flags
        element.child_diff = below
        return element

    def _below(self, source: DiffSyncModel, dest: DiffSyncModel) -> Diff:
        below = self.diff_class()
        fields = source.get_children_mapping()
        for modelname, field in dest.get_children_mapping().items():
            if modelname in fields:
                sources = self._children(self.source, source, modelname, fields[modelname])
                dests = self._children(self.dest, dest, modelname, field)
                if sources or dests:
                    self.compare(sources, dests, source, below)
        return below

    def _element(self, obj: DiffSyncModel) -> DiffElement:
        """Return an empty element for an object; where both sides have it, the destination's spelling counts."""
        return DiffElement(
            obj_type=obj.get_type(),
            name=obj.get_shortname(),
            keys=obj.get_identifiers(),
            source_name=self.source.name,
            dest_name=self.dest.name,
            diff_class=self.diff_class,
        )

    def _children(
        self, dataset: Dataset, parent: DiffSyncModel, modelname: str, field: str
    ) -> list[DiffSyncModel]:
        uids: list[str] = getattr(parent, field)
        try:
            return dataset.get_by_uids(uids, modelname) if uids else []
        except ObjectNotFound as error:
            missing = ", ".join(uid for uid in uids if dataset.get_or_none(modelname, uid) is None)
            raise LoadError(
                f"{dataset.name}: {parent.get_type()} {parent} lists the {modelname} {missing}, which is missing",
                code="LOAD-ORPHAN",
            ) from error

    def _count(self, objects: int) -> None:
        self.processed += objects
        if self.callback is not None:
            self.callback("diff", self.processed, max(self.processed, self.total))


def _compared(source: DiffSyncModel, dest: DiffSyncModel) -> tuple[str, ...]:
    """Return the names of the attributes that both sides have and have an opinion on."""
    names, theirs = source.get_managed(), dest.get_managed()
    return names if names == theirs else tuple(name for name in names if name in theirs)


def _values(obj: DiffSyncModel, names: Iterable[str]) -> dict[str, Any]:
    """Return values as they are now: a list that is changed in place later must not change the diff."""
    return {name: copy.deepcopy(getattr(obj, name)) for name in names}


def _tree(dataset: Dataset) -> Iterator[tuple[str, str]]:
    """Return the keys of all objects that can be reached from the top."""
    level = [obj for modelname in dataset.top_level for obj in dataset.get_all(modelname)]
    while level:
        yield from ((obj.get_type(), obj.get_unique_id()) for obj in level)
        below = (
            dataset.get_or_none(modelname, uid)
            for obj in level
            for modelname, field in obj.get_children_mapping().items()
            for uid in getattr(obj, field)
        )
        level = [obj for obj in below if obj is not None]


def _size(dataset: Any) -> int:
    return int(dataset.count()) if hasattr(dataset, "count") else 0
