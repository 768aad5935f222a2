"""A store in front of another one that remembers what was read last."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

from . import BaseStore, model_name

if TYPE_CHECKING:
    from collections.abc import Iterable
    from contextlib import AbstractContextManager

    from driftline.engine.marks import Marks
    from driftline.engine.model import DiffSyncModel


class CachedStore(BaseStore):
    """Keeps the objects that were asked for last, for stores that have to fetch and decode them.

    What is written through it is never stale; what other processes write is seen when the object was dropped
    (`forget` drops all). An object that is remembered is the same instance for everybody who asks.

    Args:
        store: the store behind it.
        size: how many objects are remembered; those that were not asked for longest go first.
    """

    def __init__(self, store: BaseStore, size: int = 128) -> None:
        if size < 1:
            raise ValueError(f"a cache remembers at least one object, not {size}")
        self._store = store
        self._size = size
        self._lock = threading.Lock()
        self._cache: OrderedDict[tuple[str, str], DiffSyncModel] = OrderedDict()
        self._writes = 0
        self.hits = 0
        self.misses = 0
        super().__init__(adapter=store.adapter, name=store.name)

    def __str__(self) -> str:
        """Return the name of the store behind it."""
        return str(self._store)

    @property
    def adapter(self) -> Any:
        """The adapter, which is that of the store behind it."""
        return self._store.adapter

    @adapter.setter
    def adapter(self, adapter: Any) -> None:
        self._store.adapter = adapter

    @property
    def hit_rate(self) -> float:
        """The share of the objects asked for that were remembered, from 0 to 1."""
        asked = self.hits + self.misses
        return self.hits / asked if asked else 0.0

    def forget(self) -> None:
        """Remember nothing, so that everything is read again."""
        with self._lock:
            self._writes += 1
            self._cache.clear()

    # Reading ----------------------------------------------------------------------------------------------

    def find_by_uids(self, *, uids: Iterable[str], model: Any) -> dict[str, Any]:
        """Return those of the objects with these unique ids that are there, by unique id, in one batch."""
        modelname, wanted = model_name(model), list(uids)
        with self._lock:
            found = {uid: self._remembered(modelname, uid) for uid in wanted}
            asked = [uid for uid, obj in found.items() if obj is None]
            self.hits += len(found) - len(asked)
            self.misses += len(asked)
            writes = self._writes
        if asked:
            read = self._store.find_by_uids(uids=asked, model=model)
            found.update(read)
            self._remember(modelname, read, writes)
        return {uid: obj for uid, obj in found.items() if obj is not None}

    def get_all(self, *, model: Any) -> list[DiffSyncModel]:
        """Return all objects of a model in the order in which they were added."""
        return self._store.get_all(model=model)

    def get_all_model_names(self) -> set[str]:
        """Return the names of the models that have at least one object."""
        return self._store.get_all_model_names()

    def count(self, *, model: Any = None) -> int:
        """Return how many objects there are, of one model or in all."""
        return self._store.count(model=model)

    # Writing ----------------------------------------------------------------------------------------------

    def add(self, *, obj: DiffSyncModel) -> None:
        """Add an object, or raise ObjectAlreadyExists when another one has its identity."""
        self._store.add(obj=obj)
        self._drop(obj.get_type(), obj.get_unique_id())

    def add_many(self, objs: Iterable[DiffSyncModel]) -> None:
        """Add objects, or raise ObjectAlreadyExists and add none when another one has the identity of one."""
        self._store.add_many(objs)
        self.forget()

    def update(self, *, obj: DiffSyncModel) -> None:
        """Put an object in, in place of the one that has its identity."""
        self._store.update(obj=obj)
        self._drop(obj.get_type(), obj.get_unique_id())

    def watch(self) -> Marks | None:
        """Return new marks of what changes in the store behind it."""
        return self._store.watch()

    def touch(self, obj: DiffSyncModel) -> None:
        """Note that an object of this store was changed in place."""
        self._store.touch(obj)
        self._drop(obj.get_type(), obj.get_unique_id())

    def remove_item(self, modelname: str, uid: str) -> None:
        """Remove one object by its unique id, or raise ObjectNotFound."""
        try:
            self._store.remove_item(modelname, uid)
        finally:
            self._drop(modelname, uid)

    def clear(self) -> None:
        """Remove everything."""
        self._store.clear()
        self.forget()

    def flush(self) -> None:
        """Write what is not written yet."""
        self._store.flush()

    def close(self) -> None:
        """Write what is not written yet, and let go of files and connections."""
        self._store.close()
        self.forget()

    def batch(self) -> AbstractContextManager[None]:
        """Write nothing within this context on the store's own account."""
        return self._store.batch()

    # Helpers ----------------------------------------------------------------------------------------------

    def _remembered(self, modelname: str, uid: str) -> DiffSyncModel | None:
        obj = self._cache.get((modelname, uid))
        if obj is not None:
            self._cache.move_to_end((modelname, uid))
        return obj

    def _remember(self, modelname: str, objects: dict[str, Any], writes: int) -> None:
        with self._lock:
            if writes != self._writes:
                return  # something was written meanwhile, maybe what was read
            for uid, obj in objects.items():
                self._cache[modelname, uid] = obj
            while len(self._cache) > self._size:
                self._cache.popitem(last=False)

    def _drop(self, modelname: str, uid: str) -> None:
        with self._lock:
            self._writes += 1
            self._cache.pop((modelname, uid), None)
