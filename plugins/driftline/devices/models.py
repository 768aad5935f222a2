"""Live objects: the shared models with hooks that stage on the device's session."""

from __future__ import annotations

from typing import Any, Protocol, Self

from driftline.engine import DiffSyncModel
from driftline.network import Interface, IPAddress, Vlan

from .state import Change


class Session(Protocol):
    """What takes the changes of one device."""

    def stage(self, change: Change) -> None:
        """Take a change of one object."""


class Sessions(Protocol):
    """What the hooks need of their adapter."""

    def session(self, device: str) -> Session:
        """Return the session under way on a device."""


class StagedModel(DiffSyncModel):
    """An object on a device. Its hooks write nothing: the session commits once for all of them."""

    @classmethod
    def create(cls, adapter: Sessions, ids: dict[str, Any], attrs: dict[str, Any]) -> Self | None:
        """Stage a new object."""
        adapter.session(ids["device"]).stage(Change("create", cls.get_type(), ids, {}, attrs))
        return super().create(adapter, ids, attrs)

    def update(self, attrs: dict[str, Any]) -> Self | None:
        """Stage new values."""
        self._stage("update", {name: getattr(self, name) for name in attrs}, attrs)
        return super().update(attrs)

    def delete(self) -> Self | None:
        """Stage the object's removal."""
        self._stage("delete", self.get_read_set(), {})
        return super().delete()

    def _stage(self, action: str, before: dict[str, Any], after: dict[str, Any]) -> None:
        ids = self.get_identifiers()
        self.adapter.session(ids["device"]).stage(Change(action, self.get_type(), ids, before, after))


class LiveInterface(StagedModel, Interface):
    """An interface on a device."""


class LiveIPAddress(StagedModel, IPAddress):
    """An address on a device."""


class LiveVlan(StagedModel, Vlan):
    """A VLAN on a device."""
