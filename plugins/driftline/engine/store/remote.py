"""What all stores have in common that keep objects as texts outside this process."""

from __future__ import annotations

import weakref
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from driftline.engine.exceptions import ObjectAlreadyExists, ObjectStoreException, ObjectStoreWrongType
from driftline.engine.loading import fewer_collections

from . import BaseStore, model_name
from .payload import decode
from .pending import Pending
from .texts import Operation

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from driftline.engine.model import DiffSyncModel

    from .texts import Texts

MAX_PENDING = 1_000
"""After how many changes the store writes them of its own accord."""
MAX_BYTES = 16 * 2**20
"""How large one object may be."""


class RemoteStore(BaseStore):
    """Writes in batches, and reads afresh what has not been changed here since the last writing.

    An object that was added or changed is the same instance for everybody until it is written; what is read after
    that is a new one, and changes nothing unless it is changed by its methods or given to `update`. All operations
    are safe from several threads.
    """

    tells_changes = True

    def __init__(
        self, texts: Texts, *, adapter: Any = None, name: str = "", max_bytes: int = MAX_BYTES
    ) -> None:
        super().__init__(adapter=adapter, name=name)
        self._texts = texts
        self._pending = Pending(texts, max_bytes)
        self._lock = self._pending.lock
        self._batches = 0
        self._closed = False
        self._known: dict[str, set[str] | None] = {}
        """All unique ids of the models that had none at first: no need to ask for these. None: ask."""
        self._types: set[type] = set()
        """The classes of objects that can be kept without loss."""
        # Changes keep their store alive, by way of their objects' adapter: they are still there at the end.
        self._at_the_end = weakref.finalize(self, self._pending.end)

    # Reading ----------------------------------------------------------------------------------------------

    def get_all_model_names(self) -> set[str]:
        """Return the names of the models that have at least one object."""
        with self._lock:
            return {name for name in self._names() if self._count(name)}

    def count(self, *, model: Any = None) -> int:
        """Return how many objects there are, of one model or in all."""
        with self._lock:
            names = self._names() if model is None else {model_name(model)}
            return sum(self._count(name) for name in names)

    def get_all(self, *, model: Any) -> list[DiffSyncModel]:
        """Return all objects of a model in the order in which they were added."""
        modelname = model_name(model)
        with self._lock:
            self._check_open()
            changes = self._pending.of(modelname)
            texts = self._texts.read_all(modelname)
        unchanged = self._decoded(model, {uid: text for uid, text in texts.items() if uid not in changes})
        objects = {uid: unchanged.get(uid) for uid in texts}
        for uid, change in changes.items():
            if change.operation in (Operation.DELETE, Operation.RENEW):
                objects.pop(uid, None)
            if change.operation is not Operation.TOUCH or uid in objects:
                objects[uid] = change.obj
        return [obj for obj in objects.values() if obj is not None]

    def find_by_uids(self, *, uids: Iterable[str], model: Any) -> dict[str, Any]:
        """Return those of the objects with these unique ids that are there, by unique id, in one batch."""
        modelname, wanted = model_name(model), list(uids)
        with self._lock:
            self._check_open()
            changes = {uid: self._pending.get(modelname, uid) for uid in wanted}
        asked = [
            uid for uid, change in changes.items() if change is None or change.operation is Operation.TOUCH
        ]
        texts = self._texts.read(modelname, asked) if asked else {}
        found = self._decoded(model, {uid: text for uid, text in texts.items() if changes[uid] is None})
        for uid, change in changes.items():
            if change is None or change.obj is None:
                continue
            if uid in texts:
                change.operation = Operation.PUT  # it is there, and need not be asked for again
            if change.operation is not Operation.TOUCH:
                found[uid] = change.obj
        return found

    # Writing ----------------------------------------------------------------------------------------------

    def add(self, *, obj: DiffSyncModel) -> None:
        """Add an object, or raise ObjectAlreadyExists when another one has its identity."""
        modelname, uid = obj.get_type(), obj.get_unique_id()
        with self._lock:
            self._check_open()
            if type(obj) not in self._types:
                self._check_type(obj)
            known = self._known.get(modelname) or self._all_known(modelname)
            if known is None or uid in known or not self._pending.note_new(modelname, uid, obj):
                self.add_many([obj])
                return
            known.add(uid)
            self._adopt(obj)
            if self._watchers:
                self._mark(modelname, uid, listed=True)
            self._write_if_due()

    def add_many(self, objs: Iterable[DiffSyncModel]) -> None:
        """Add objects, or raise ObjectAlreadyExists and add none when another one has the identity of one.

        One that is equal to the one that is there is not another one.
        """
        with self._lock:
            self._check_open()
            new: dict[tuple[str, str], DiffSyncModel] = {}
            for obj in objs:
                self._check_type(obj)
                _check_equal(new.setdefault((obj.get_type(), obj.get_unique_id()), obj), obj)
            there = self._those_there(new)
            for key, present in there.items():
                _check_equal(present, new[key])
            for key, obj in new.items():
                if key not in there:
                    self._put(obj, Operation.ADD)
                self._adopt(obj)
            self._write_if_due()

    def update(self, *, obj: DiffSyncModel) -> None:
        """Put an object in, in place of the one that has its identity."""
        with self._lock:
            self._check_open()
            self._check_type(obj)
            self._put(obj, Operation.PUT)
            self._adopt(obj)
            self._write_if_due()

    def touch(self, obj: DiffSyncModel) -> None:
        """Note that an object of this store was changed in place; it will be written again.

        Raises ObjectStoreException (STORE-STALE) when changes of another copy of it wait to be written: one of the
        two would be lost.
        """
        modelname, uid = obj.get_type(), obj.get_unique_id()
        with self._lock:
            self._check_open()
            change = self._pending.get(modelname, uid)
            if self._watchers:
                self._mark(modelname, uid)
            if change is None:
                self._pending.note(modelname, uid, Operation.TOUCH, obj)
                self._write_if_due()
            elif change.obj is not obj and change.obj is not None:
                raise ObjectStoreException(
                    f"{modelname} {uid} was changed by way of another copy of it meanwhile",
                    code="STORE-STALE",
                    hint="get the object from the store again, and change that",
                )

    def remove_item(self, modelname: str, uid: str) -> None:
        """Remove one object by its unique id, or raise ObjectNotFound."""
        with self._lock:
            if not self.has(modelname, uid):
                raise self._not_found(modelname, uid)
            self._discard(modelname, uid)
            self._write_if_due()

    def clear(self) -> None:
        """Remove everything."""
        with self._lock:
            self._check_open()
            self._pending.clear()
            self._known.clear()
            self._texts.clear()
            self._mark_all()

    def flush(self) -> None:
        """Write what is not written yet, as one.

        Raises ObjectStoreException, and writes nothing, when an object can't be written as it is; it waits on, for
        being changed or removed.
        """
        self._check_open()
        self._pending.write()

    def close(self) -> None:
        """Write what is not written yet, and let go of files and connections; when it can't be written, do neither."""
        with self._lock:
            if self._closed:
                return
            self._pending.write()
            self._closed = True
            self._at_the_end.detach()
            self._texts.close()

    @contextmanager
    def batch(self) -> Iterator[None]:
        """Write nothing within this context on the store's own account: what belongs together is written as one."""
        with self._lock:
            self._batches += 1
        try:
            yield
        finally:
            with self._lock:
                self._batches -= 1
        with self._lock:
            self._write_if_due()

    # Helpers ----------------------------------------------------------------------------------------------

    def _names(self) -> set[str]:
        self._check_open()
        return self._texts.names() | self._pending.names()

    def _count(self, modelname: str) -> int:
        self._check_open()
        changes = self._pending.of(modelname)
        there = self._texts.read(modelname, list(changes)) if changes else {}
        gone = sum(change.obj is None and uid in there for uid, change in changes.items())
        new = sum(
            change.obj is not None and change.operation is not Operation.TOUCH and uid not in there
            for uid, change in changes.items()
        )
        return self._texts.count(modelname) + new - gone

    def _those_there(self, new: dict[tuple[str, str], DiffSyncModel]) -> dict[tuple[str, str], DiffSyncModel]:
        """Return which of the objects to be added are there already, asking only where that is not known."""
        asked: dict[str, list[str]] = {}
        for modelname, uid in new:
            known = self._all_known(modelname)
            if known is None or uid in known:
                asked.setdefault(modelname, []).append(uid)
        return {
            (modelname, uid): obj
            for modelname, uids in asked.items()
            for uid, obj in self.find_by_uids(uids=uids, model=type(new[modelname, uids[0]])).items()
        }

    def _all_known(self, modelname: str) -> set[str] | None:
        if modelname not in self._known:
            self._known[modelname] = None if self._texts.count(modelname) else set()
        return self._known[modelname]

    def _put(self, obj: DiffSyncModel, operation: Operation) -> None:
        """Note that an object is put in; it goes to the end when it was to be deleted."""
        modelname, uid = obj.get_type(), obj.get_unique_id()
        change = self._pending.get(modelname, uid)
        if change is not None and change.operation is Operation.DELETE:
            self._pending.forget(modelname, uid)
            operation = Operation.RENEW
        elif change is not None and change.operation is not Operation.TOUCH:
            operation = change.operation
        self._pending.note(modelname, uid, operation, obj)
        known = self._all_known(modelname)
        if known is not None:
            known.add(uid)
        if self._watchers:
            self._mark(modelname, uid, listed=operation is not Operation.PUT)

    def _discard(self, modelname: str, uid: str) -> None:
        change = self._pending.get(modelname, uid)
        if change is not None and change.operation is Operation.ADD:
            self._pending.forget(modelname, uid)
        else:
            self._pending.note(modelname, uid, Operation.DELETE, None)
        if self._watchers:
            self._mark(modelname, uid, listed=True)

    def _write_if_due(self) -> None:
        if len(self._pending) >= MAX_PENDING and not self._batches:
            self._pending.write()

    def _check_open(self) -> None:
        if self._closed:
            raise ObjectStoreException(f"{self} is closed", code="STORE-CLOSED")

    def _check_type(self, obj: DiffSyncModel) -> None:
        """Refuse an object of a subclass that would be read back without some of its fields."""
        if type(obj) not in self._types:
            cls = self._reader(obj)
            lost = sorted(set(type(obj).model_fields) - set(cls.model_fields))
            if lost:
                raise ObjectStoreWrongType(
                    f"{obj.get_type()} {obj.get_unique_id()} is a {type(obj).__name__}; in {self} it would lose "
                    f"its {', '.join(lost)}",
                    hint=f"let the adapter's {obj.get_type()} be {type(obj).__name__}",
                )
            if self.adapter is not None:
                self._types.add(type(obj))

    def _reader(self, model: Any) -> Any:
        """Return the class that objects of a model are read as: the adapter's, else the one that was named."""
        if isinstance(model, str):
            return self._class_of(model)
        given = model if isinstance(model, type) else type(model)
        try:
            return self._class_of(model.get_type())
        except ValueError:
            return given

    def _decoded(self, model: Any, texts: dict[str, bytes]) -> dict[str, Any]:
        if not texts:
            return {}
        cls, modelname, adapter = self._reader(model), model_name(model), self.adapter
        with fewer_collections():
            objects = {uid: decode(cls, text, self, modelname, uid) for uid, text in texts.items()}
        for obj in objects.values():
            obj.__dict__["adapter"] = adapter
        return objects

    def _adopt(self, obj: DiffSyncModel) -> None:
        """Make the object this adapter's, unless it is one's already."""
        if obj.adapter is None:
            obj.__dict__["adapter"] = self.adapter


def _check_equal(present: DiffSyncModel, obj: DiffSyncModel) -> None:
    """Raise ObjectAlreadyExists when the object is another one than what is there."""
    if present is not obj and present.dict() != obj.dict():
        raise ObjectAlreadyExists(f"Object {obj.get_unique_id()} already present", obj)
