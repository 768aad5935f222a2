"""Changes of objects that are made here and not written yet."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

import structlog

from driftline.engine.exceptions import DriftlineError, ObjectAlreadyExists, ObjectStoreException
from driftline.engine.loading import fewer_collections

from .payload import encode
from .texts import Change, Operation

if TYPE_CHECKING:
    from driftline.engine.model import DiffSyncModel

    from .texts import Texts

_log = structlog.get_logger(__name__)
_ADD = Operation.ADD


class Pending:
    """The changes since the last writing, one for each object, in the order in which they began.

    An object is turned into text when it is written, so what was changed in place until then is not lost.
    `lock` guards the changes; it is held while they are written, so that nothing is changed between its reading
    and the moment from which on it counts as written.
    """

    def __init__(self, texts: Texts, max_bytes: int) -> None:
        self.lock = threading.RLock()
        self._texts = texts
        self._max_bytes = max_bytes
        self._changes: dict[tuple[str, str], Change] = {}
        self._process = os.getpid()

    def __len__(self) -> int:
        return len(self._changes)

    def get(self, modelname: str, uid: str) -> Change | None:
        """Return the change of an object, if there is one."""
        return self._changes.get((modelname, uid))

    def of(self, modelname: str) -> dict[str, Change]:
        """Return the changes of one model by unique id."""
        return {uid: change for (name, uid), change in self._changes.items() if name == modelname}

    def names(self) -> set[str]:
        """Return the names of the models that have changes."""
        return {modelname for modelname, __ in self._changes}

    def note(self, modelname: str, uid: str, operation: Operation, obj: DiffSyncModel | None) -> None:
        """Note what becomes of an object; one that is noted already keeps its place among the others."""
        self._changes[modelname, uid] = Change(operation, modelname, uid, obj)

    def note_new(self, modelname: str, uid: str, obj: DiffSyncModel) -> bool:
        """Note an object that is certainly not there; return False where a change of it is noted already."""
        key = modelname, uid
        if key in self._changes:
            return False
        self._changes[key] = Change(_ADD, modelname, uid, obj)
        return True

    def forget(self, modelname: str, uid: str) -> None:
        """Forget the change of an object."""
        self._changes.pop((modelname, uid), None)

    def clear(self) -> None:
        """Forget all changes."""
        self._changes.clear()

    def write(self) -> None:
        """Write all changes as one.

        Raises ObjectStoreException: before anything is written when an object can't be, after the rest is written
        when the place for an addition was taken by somebody else meanwhile.
        """
        with self.lock:
            if not self._changes:
                return
            with fewer_collections():
                refused = self._texts.write(self._encoded())
            self._changes.clear()
        if refused:
            uids = ", ".join(f"{change.modelname} {change.uid}" for change in refused)
            raise ObjectAlreadyExists(f"Object {uids} already present, added by somebody else meanwhile")

    def end(self) -> None:
        """Write what nobody has written, and let go of what is open, when the store goes away or the program ends."""
        if os.getpid() != self._process:
            return  # a forked process has the changes and what is open too; they are its parent's
        try:
            self.write()
        except DriftlineError as error:
            _log.error("changes of the store were lost", changes=len(self), reason=str(error))
        finally:
            self._texts.close()

    def _encoded(self) -> list[Change]:
        """Return the changes with the objects' texts."""
        changes = list(self._changes.values())
        errors: list[ObjectStoreException] = []
        for change in changes:
            if change.obj is not None:
                try:
                    change.text = encode(change.obj, self._max_bytes)
                except ObjectStoreException as error:
                    errors.append(error)
        if errors:
            first, more = errors[0], f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
            raise ObjectStoreException(f"{first.message}{more}", code=first.code, hint=first.hint)
        return changes
