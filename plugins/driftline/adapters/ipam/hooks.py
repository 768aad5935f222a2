"""The models of an IPAM with hooks that write, and what an adapter needs so that many are written at once."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, Self, cast

from driftline.engine.enum import DiffSyncStatus
from driftline.engine.exceptions import DriftlineError, ObjectRefused, RollbackError, TargetError
from driftline.engine.transaction import MemoryTransaction

from . import models
from .owned import OWNER
from .writing import IpamWriter

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .client import Client
    from .fields import Item
    from .options import IpamOptions
    from .system import System

    Answer = models.Row | DriftlineError


class _Hooks(models.Row):
    """The hooks of one object: those for many, with one."""

    @classmethod
    def create(cls, adapter: BulkHooks, ids: dict[str, Any], attrs: dict[str, Any]) -> Self | None:
        """Make the object in the IPAM; raises DriftlineError when it was not made."""
        return cast("Self", _one(adapter.create_many(cls, [(ids, attrs)])))

    def update(self, attrs: dict[str, Any]) -> Self | None:
        """Change the object in the IPAM; raises DriftlineError when it was not changed."""
        return cast("Self", _one(self.adapter.update_many(type(self), [(self, attrs)])))

    def delete(self) -> Self | None:
        """Delete the object from the IPAM; raises DriftlineError when it was not deleted."""
        return cast("Self", _one(self.adapter.delete_many(type(self), [self])))


class Term(_Hooks, models.Term):
    """A term that can be written."""


class Site(_Hooks, models.Site):
    """A site that can be written."""


class Vlan(_Hooks, models.Vlan):
    """A VLAN that can be written."""


class Prefix(_Hooks, models.Prefix):
    """A prefix that can be written."""


class Device(_Hooks, models.Device):
    """A device that can be written."""


class Interface(_Hooks, models.Interface):
    """An interface that can be written."""


class IPAddress(_Hooks, models.IPAddress):
    """An address that can be written."""


class BulkHooks:
    """The hooks for many objects; to be inherited by an adapter with the models above."""

    if TYPE_CHECKING:
        system: System
        client: Client
        options: IpamOptions

        def unit_of(self, modelname: str, identity: Mapping[str, Any]) -> str: ...  # noqa: D102

    @property
    def bulk_size(self) -> int:
        """How many objects are given to a hook: a request for each connection."""
        return self.options.write.batch_size * self.options.connections

    @cached_property
    def writer(self) -> IpamWriter:
        """What writes."""
        return IpamWriter(self, self.system, self.client, self.options)  # type: ignore[arg-type] # it is an adapter

    @cached_property
    def _doubts(self) -> dict[str, DriftlineError]:
        """The units of which it is not known whether they were written."""
        return {}

    def create_many(
        self, cls: type[models.Row], wishes: Sequence[tuple[dict[str, Any], dict[str, Any]]]
    ) -> Sequence[Any]:
        """Make objects of these identifiers and attributes; returns each, or why it was not made."""
        items = self.writer.create(cls, wishes)
        return [
            self._failure(item) or self._made(cls, ids, item)
            for item, (ids, _) in zip(items, wishes, strict=True)
        ]

    def update_many(
        self, cls: type[models.Row], wishes: Sequence[tuple[models.Row, dict[str, Any]]]
    ) -> Sequence[Any]:
        """Change objects; returns each, or why it was not changed."""
        items = self.writer.update(cls, wishes)
        return [
            self._failure(item) or _renewed(obj, item) for item, (obj, _) in zip(items, wishes, strict=True)
        ]

    def delete_many(self, cls: type[models.Row], objs: Sequence[models.Row]) -> Sequence[Any]:
        """Delete objects; returns each, or why it was not deleted."""
        items = self.writer.delete(cls, objs)
        return [self._failure(item) or obj.delete_base() for item, obj in zip(items, objs, strict=True)]

    def transaction(self, unit: str) -> MemoryTransaction:
        """Return a transaction that can't be taken back where it is not known what was written."""
        return _Doubtful(unit, self._doubts)

    def _made(self, cls: type[models.Row], ids: dict[str, Any], item: Item) -> models.Row:
        names = (*cls._identifiers, *cls._attributes)
        attrs = {name: getattr(item.wanted, name) for name in names if name not in ids}
        made = cls.create_base(self, ids, attrs)
        if made is None:
            raise ObjectRefused(f"{cls.get_type()} {ids} was made, and its record was not")
        made.pk = item.pk
        made.tags = item.tags
        made.owner = OWNER if "custom_fields" in item.payload else None
        made.changed = item.answer.get("last_updated")
        return made

    def _failure(self, item: Item) -> DriftlineError | None:
        """Return why an object was not written; its record says so too."""
        failure = item.failure
        if failure is None:
            return None
        model = item.model
        if failure.code == "IPAM-IN-DOUBT":
            self._doubts[self.unit_of(model.get_type(), item.wanted.get_identifiers())] = failure
        if item.existing is not None:
            item.existing.set_status(DiffSyncStatus.FAILURE, failure.message)
        action = "create" if item.existing is None else "update" if item.changes else "delete"
        message = f"{action} {model.get_type()} {item.wanted.get_unique_id()}: {failure.message}"
        kind = ObjectRefused if isinstance(failure, ObjectRefused) else TargetError
        told = kind(message, code=failure.code, hint=failure.hint)
        told.__cause__ = failure
        return told


class _Doubtful(MemoryTransaction):
    """The transaction of an object that is written at once; one in doubt can't be taken back."""

    def __init__(self, unit: str, doubts: dict[str, DriftlineError]) -> None:
        super().__init__()
        self._unit = unit
        self._doubts = doubts

    def rollback(self) -> None:
        """Do nothing; raises RollbackError when it is not known what was written."""
        doubt = self._doubts.pop(self._unit, None)
        if doubt is not None:
            raise RollbackError(
                f"it is not known whether it was written: {doubt.message}", code="IPAM-IN-DOUBT"
            )


def _renewed(obj: models.Row, item: Item) -> models.Row | None:
    obj.update_base(item.wanted.get_attrs())  # with what had to change besides
    obj.changed = item.answer.get("last_updated", obj.changed)
    return obj


def _one(answers: Sequence[Any]) -> Any:
    (answer,) = answers
    if isinstance(answer, DriftlineError):
        raise answer
    return answer
