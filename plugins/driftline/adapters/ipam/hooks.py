"""The models of an IPAM with hooks that write, and what an adapter needs so that many are written at once."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, Self, cast

from driftline.engine.enum import DiffSyncStatus
from driftline.engine.exceptions import (
    DriftlineError,
    ObjectRefused,
    RollbackError,
    TargetError,
    TransactionError,
)
from driftline.engine.transaction import MemoryTransaction

from . import models
from .owned import OWNER
from .writing import IpamWriter

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from driftline.engine import Adapter

    from .client import Client
    from .fields import Item
    from .in_doubt import Patience
    from .options import IpamOptions
    from .system import System


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

    patience: Patience | None = None
    """How long a server that went away is looked after; None: as long as is good for the settings."""
    _writer: IpamWriter | None = None

    @property
    def bulk_size(self) -> int:
        """How many objects are given to a hook: a request for each connection."""
        return self.options.write.batch_size * self.options.connections

    @property
    def writer(self) -> IpamWriter:
        """What writes, through the client that there is now."""
        if self._writer is None or self._writer.client is not self.client:
            dataset = cast("Adapter", self)
            self._writer = IpamWriter(dataset, self.system, self.client, self.options, self.patience)
        return self._writer

    @cached_property
    def _doubts(self) -> dict[str, DriftlineError]:
        """The units of which it is not known whether they were written."""
        return {}

    def create_many(
        self, cls: type[models.Row], wishes: Sequence[tuple[dict[str, Any], dict[str, Any]]]
    ) -> Sequence[Any]:
        """Make objects of these identifiers and attributes; returns each, or why it was not made."""
        return self._each(
            [(cls, ids) for ids, __ in wishes],
            lambda: self.writer.create(cls, wishes),
            lambda item: self._made(cls, item),
        )

    def update_many(
        self, cls: type[models.Row], wishes: Sequence[tuple[models.Row, dict[str, Any]]]
    ) -> Sequence[Any]:
        """Change objects; returns each, or why it was not changed."""
        return self._each(
            [(cls, obj.get_identifiers()) for obj, __ in wishes],
            lambda: self.writer.update(cls, wishes),
            _renewed,
        )

    def delete_many(self, cls: type[models.Row], objs: Sequence[models.Row]) -> Sequence[Any]:
        """Delete objects; returns each, or why it was not deleted."""
        return self._each(
            [(cls, obj.get_identifiers()) for obj in objs],
            lambda: self.writer.delete(cls, objs),
            lambda item: item.wanted.delete_base(),
        )

    def _each(
        self,
        about: Sequence[tuple[type[models.Row], Mapping[str, Any]]],
        write: Callable[[], Sequence[Item]],
        enter: Callable[[Item], models.Row | None],
    ) -> Sequence[Any]:
        """Write, and return for each object its record or why it was not written."""
        try:
            items = write()
        except Exception as error:  # noqa: BLE001 - a hook that raises is called again, for each object alone
            failure = TransactionError(
                f"{self.system.dialect.title} could not be written: {type(error).__name__}: {error}",
                code="IPAM-IN-DOUBT",
                hint="look at the objects themselves before anything else is changed",
            )
            failure.__cause__ = error
            self._doubts.update({self.unit_of(cls.get_type(), ids): failure for cls, ids in about})
            return [failure] * len(about)
        return [self._failure(item) or enter(item) for item in items]

    def transaction(self, unit: str) -> MemoryTransaction:
        """Return a transaction that can't be taken back where it is not known what was written."""
        return _Doubtful(unit, self._doubts)

    def _made(self, cls: type[models.Row], item: Item) -> models.Row:
        ids = item.wanted.get_identifiers()
        attrs = item.wanted.get_attrs()
        made = cls.create_base(self, ids, attrs)
        if made is None:
            raise ObjectRefused(f"{cls.get_type()} {ids} was made, and its record was not")
        made.pk = item.pk
        made.tags = item.tags
        made.owner = OWNER if "custom_fields" in item.payload else item.wanted.owner
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
        message = f"{_action(item)} {model.get_type()} {item.wanted.get_unique_id()}: {failure.message}"
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


def _renewed(item: Item) -> models.Row | None:
    obj = item.existing
    if obj is not None:
        obj.update_base(item.wanted.get_attrs())  # with what had to change besides
        obj.changed = item.answer.get("last_updated", obj.changed)
    return obj


def _action(item: Item) -> str:
    """Return what was to be done to an object, in a word."""
    if item.existing is None:
        return "create"
    if item.existing.get_unique_id() != item.wanted.get_unique_id():
        return "rename"
    return "update" if item.changes else "delete"


def _one(answers: Sequence[Any]) -> Any:
    (answer,) = answers
    if isinstance(answer, DriftlineError):
        raise answer
    return answer
