"""Live objects: the shared models with hooks that stage on the device's session."""

from __future__ import annotations

from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any, Protocol, Self, TypeVar

from driftline.engine import DiffSyncModel
from driftline.engine.exceptions import SettingsError
from driftline.network import Interface, IPAddress, Vlan

from .state import Change

GROUP = "driftline.models"
"""The entry points under which other packages bring models: `interface`, `ip_address` or `vlan`, each a class derived
from ours that compares or validates in its own way, in a module that does not import `driftline.devices`."""
Shared = TypeVar("Shared", bound=DiffSyncModel)


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


def extended(model: type[Shared]) -> type[Shared]:
    """Return a shared model, or the class derived from it that another package brings.

    Raises SettingsError when that one can't be used: it must have the same identifiers and attributes, since
    platforms read and render these and no others.
    """
    point = next(iter(entry_points(group=GROUP, name=model.get_type())), None)
    if point is None:
        return model
    try:
        found = point.load()
    except Exception as error:
        raise _broken(point.value, f"it can't be loaded: {error}") from error
    if not (isinstance(found, type) and issubclass(found, model)):
        raise _broken(point.value, f"it is not derived from {model.__name__}")
    if (found._identifiers, found._attributes) != (model._identifiers, model._attributes):  # noqa: SLF001
        raise _broken(point.value, f"its identifiers and attributes are not those of {model.__name__}")
    return found


def _broken(name: str, why: str) -> SettingsError:
    return SettingsError(
        f"the model {name} can't be used: {why}", code="MODEL-BROKEN", hint="see the package that brings it"
    )


if TYPE_CHECKING:
    from driftline.network import Interface as _Interface
    from driftline.network import IPAddress as _IPAddress
    from driftline.network import Vlan as _Vlan
else:
    _Interface, _IPAddress, _Vlan = map(extended, (Interface, IPAddress, Vlan))


class LiveInterface(StagedModel, _Interface):
    """An interface on a device."""


class LiveIPAddress(StagedModel, _IPAddress):
    """An address on a device."""


class LiveVlan(StagedModel, _Vlan):
    """A VLAN on a device."""
