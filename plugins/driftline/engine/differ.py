"""The comparison of two datasets.

Everything a comparison needs is passed down; nothing about the "current" object is kept between calls.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import structlog

from .diff import Diff, DiffElement
from .enum import DiffSyncFlags, DiffSyncModelFlags
from .exceptions import LoadError, ObjectNotFound

if TYPE_CHECKING:
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
    comparison = _Comparison(source, dest, flags, diff_class, callback)
    _log.info("Beginning diff calculation", src=source.name, dst=dest.name, flags=flags)
    diff = diff_class()
    for modelname in dest.top_level:
        if modelname in source.top_level:
            comparison.compare(source.get_all(modelname), dest.get_all(modelname), None, diff)
    diff.models_processed = comparison.processed
    diff.complete()
    _log.info("Diff calculation complete", src=source.name, dst=dest.name, flags=flags)
    return diff


@dataclass(slots=True)
class _Comparison:
    """What stays the same through one comparison, and the count of objects for the progress callback."""

    source: Dataset
    dest: Dataset
    flags: DiffSyncFlags
    diff_class: type[Diff]
    callback: ProgressCallback | None
    processed: int = 0

    def compare(
        self,
        sources: list[DiffSyncModel],
        dests: list[DiffSyncModel],
        owner: DiffSyncModel | None,
        into: Diff,
    ) -> None:
        """Compare the objects of one model below one parent; `owner` is the source's parent object."""
        there = {obj.get_unique_id(): obj for obj in dests}
        here = set()
        for obj in sources:
            uid = obj.get_unique_id()
            here.add(uid)
            if uid in there:
                self._pair(obj, there[uid], into)
            else:
                self._pair(obj, self._moved(self.dest, obj), into, moved=True)
        for uid, obj in there.items():
            if uid not in here and not self._moved(self.source, obj):
                self._unmatched_dest(obj, owner, into)

    @staticmethod
    def _moved(dataset: Dataset, obj: DiffSyncModel) -> DiffSyncModel | None:
        """Return the same object where it hangs under another parent: it moves, it is neither new nor gone."""
        there: DiffSyncModel | None = dataset.get_or_none(obj.get_type(), obj.get_unique_id())
        return there

    def _pair(
        self, source: DiffSyncModel, dest: DiffSyncModel | None, into: Diff, *, moved: bool = False
    ) -> None:
        self._count()
        if self._ignored(source, dest):
            into.skipped += 1
        elif dest is None:
            self._unmatched_source(source, into)
        else:
            self._both(source, dest, into, moved=moved)

    @staticmethod
    def _ignored(*objects: DiffSyncModel | None) -> bool:
        return any(obj is not None and DiffSyncModelFlags.IGNORE in obj.model_flags for obj in objects)

    def _unmatched_source(self, source: DiffSyncModel, into: Diff) -> None:
        if (
            DiffSyncFlags.SKIP_UNMATCHED_SRC in self.flags
            or DiffSyncModelFlags.SKIP_UNMATCHED_SRC in source.model_flags
        ):
            into.skipped += 1
            return
        element = self._element(source)
        element.source_attrs = {name: getattr(source, name) for name in source.get_managed()}
        for modelname, field in source.get_children_mapping().items():
            children = self._children(self.source, source, modelname, field)
            self.compare(children, [], source, element.child_diff)
        into.add(element)

    def _unmatched_dest(self, dest: DiffSyncModel, owner: DiffSyncModel | None, into: Diff) -> None:
        self._count()
        if (
            DiffSyncFlags.SKIP_UNMATCHED_DST in self.flags
            or DiffSyncModelFlags.SKIP_UNMATCHED_DST in dest.model_flags
            or self._ignored(dest)
            or (owner is not None and not owner.owns(dest))
        ):
            into.skipped += 1
            return
        element = self._element(dest)
        element.dest_attrs = dest.get_read_set()
        element.flags = dest.model_flags
        for modelname, field in dest.get_children_mapping().items():
            # What hangs below an object that goes, goes with it: nobody is left to disown it.
            self.compare([], self._children(self.dest, dest, modelname, field), None, element.child_diff)
        into.add(element)

    def _both(self, source: DiffSyncModel, dest: DiffSyncModel, into: Diff, *, moved: bool) -> None:
        names = source.get_managed()
        same = type(dest).same
        changed = tuple(n for n in names if not same(n, getattr(source, n), getattr(dest, n)))
        below = self._below(source, dest)
        if not (changed or moved or below.children):
            into.unchanged += 1 + below.unchanged
            into.skipped += below.skipped
            return
        element = self._element(dest)
        element.source_attrs = {name: getattr(source, name) for name in names}
        element.dest_attrs = {name: getattr(dest, name) for name in names}
        element.changed = changed
        element.moved = moved
        element.flags = dest.model_flags
        element.child_diff = below
        into.add(element)

    def _below(self, source: DiffSyncModel, dest: DiffSyncModel) -> Diff:
        below = self.diff_class()
        fields = source.get_children_mapping()
        for modelname, field in dest.get_children_mapping().items():
            if modelname in fields:
                sources = self._children(self.source, source, modelname, fields[modelname])
                dests = self._children(self.dest, dest, modelname, field)
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
        children = []
        for uid in getattr(parent, field):
            child = dataset.get_or_none(modelname, uid)
            if child is None:
                raise LoadError(
                    f"{dataset.name}: {parent.get_type()} {parent} lists the {modelname} {uid}, which is missing",
                    code="LOAD-ORPHAN",
                ) from ObjectNotFound(f"{modelname} {uid}")
            children.append(child)
        return children

    def _count(self) -> None:
        self.processed += 1
        if self.callback is not None:
            self.callback("diff", self.processed, self._total())

    def _total(self) -> int:
        return max(self.processed, _size(self.source), _size(self.dest))


def _size(dataset: Any) -> int:
    return int(dataset.count()) if hasattr(dataset, "count") else 0
