"""A small inventory of sites, devices and interfaces whose hooks fail on demand."""

# ruff: noqa: RUF012 - pydantic copies the defaults of fields

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Self

from driftline.engine import Adapter, DiffSyncModel, DiffSyncStatus
from driftline.engine.transaction import MemoryTransaction

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    Fault = Callable[[DiffSyncModel], DiffSyncModel | None]


class Hooked(DiffSyncModel):
    """A record whose hooks do their work, and only then ask the adapter whether they are to fail."""

    @classmethod
    def create(cls, adapter: Any, ids: dict[str, Any], attrs: dict[str, Any]) -> Self | None:
        """Create, then perhaps fail."""
        return adapter.answer("create", super().create(adapter, ids, attrs))

    def update(self, attrs: dict[str, Any]) -> Self | None:
        """Update, then perhaps fail."""
        adapter = self.adapter
        return adapter.answer("update", super().update(attrs))

    def delete(self) -> Self | None:
        """Delete, then perhaps fail."""
        adapter = self.adapter
        return adapter.answer("delete", super().delete())


class Interface(Hooked):
    """A port; it belongs to no device by name, so that it can move."""

    _modelname: ClassVar[str] = "interface"
    _identifiers: ClassVar[tuple[str, ...]] = ("name",)
    _attributes: ClassVar[tuple[str, ...]] = ("mtu", "tags")

    name: str
    mtu: int | None = None
    tags: list[str] = []


class Device(Hooked):
    """A box."""

    _modelname: ClassVar[str] = "device"
    _identifiers: ClassVar[tuple[str, ...]] = ("name",)
    _attributes: ClassVar[tuple[str, ...]] = ("role",)
    _children: ClassVar[dict[str, str]] = {"interface": "interfaces"}

    name: str
    role: str | None = None
    exclusive: bool = True
    interfaces: list[str] = []

    def owns(self, child: DiffSyncModel) -> bool:
        """Return whether unlisted interfaces are to go."""
        return self.exclusive


class Site(Hooked):
    """A place."""

    _modelname: ClassVar[str] = "site"
    _identifiers: ClassVar[tuple[str, ...]] = ("name",)
    _attributes: ClassVar[tuple[str, ...]] = ("region",)
    _children: ClassVar[dict[str, str]] = {"device": "devices"}

    name: str
    region: str | None = None
    exclusive: bool = True
    devices: list[str] = []

    def owns(self, child: DiffSyncModel) -> bool:
        """Return whether unlisted devices are to go."""
        return self.exclusive


class Recorder(MemoryTransaction):
    """A transaction that notes its calls and fails in the phases that it is told to."""

    def __init__(self, calls: list[str], faults: Mapping[str, BaseException]) -> None:
        super().__init__()
        self.calls = calls
        self.faults = faults

    def _enter(self, phase: str) -> None:
        self.calls.append(phase)
        if phase in self.faults:
            raise self.faults[phase]

    def begin(self, steps: Sequence[str]) -> None:
        """Note the call."""
        self._enter("begin")

    def prepare(self) -> str:
        """Note the call."""
        self._enter("prepare")
        return "native"

    def commit(self, revert_in: int | None) -> None:
        """Note the call."""
        self._enter("commit")

    def verify(self) -> None:
        """Note the call."""
        self._enter("verify")

    def confirm(self) -> None:
        """Note the call."""
        self._enter("confirm")

    def rollback(self) -> None:
        """Note the call."""
        self._enter("rollback")

    def close(self) -> None:
        """Note the call."""
        self._enter("close")


class Inventory(Adapter):
    """Sites with devices with interfaces."""

    site = Site
    device = Device
    interface = Interface
    top_level: ClassVar[list[str]] = ["site"]

    def __init__(self, name: str | None = None, *, atomic: bool = False) -> None:
        super().__init__(name)
        self.atomic = atomic
        self.faults: dict[tuple[str, str], Fault] = {}
        self.fail_at: int | None = None
        self.hooks: list[tuple[str, str]] = []
        """(action, unique id) of every hook that was called."""
        self.phases: list[str] = []
        self.phase_faults: dict[str, BaseException] = {}

    def put(self, obj: DiffSyncModel, parent: DiffSyncModel | None = None) -> Any:
        """Add an object, below a parent."""
        self.add(obj)
        if parent is not None:
            parent.add_child(obj)
        return obj

    def answer(self, action: str, obj: DiffSyncModel | None) -> Any:
        """Return what a hook returns."""
        assert obj is not None
        self.hooks.append((action, obj.get_unique_id()))
        if self.fail_at == len(self.hooks) - 1:
            raise ConnectionError("the line is dead")
        fault = self.faults.get((action, obj.get_unique_id()))
        return obj if fault is None else fault(obj)

    def unit_of(self, modelname: str, identity: Mapping[str, Any]) -> str:
        """Return one unit for all, or one for each object."""
        return "all" if self.atomic else super().unit_of(modelname, identity)

    def transaction(self, unit: str) -> Recorder:
        """Return a transaction that fails where it is told to."""
        return Recorder(self.phases, self.phase_faults)

    @property
    def content(self) -> dict[str, Any]:
        """Everything that a rollback has to restore, lists of children in their order."""
        return {name: dict(objects) for name, objects in self.dict(exclude_defaults=False).items()}


def small(name: str, *, atomic: bool = False) -> Inventory:
    """Return one site with two devices: leaf1 has Et1 and Et2, leaf2 has none."""
    inventory = Inventory(name, atomic=atomic)
    ams = inventory.put(Site(name="ams"))
    leaf1 = inventory.put(Device(name="leaf1", role="leaf"), ams)
    inventory.put(Device(name="leaf2", role="leaf"), ams)
    for port in ("Et1", "Et2"):
        inventory.put(Interface(name=port, mtu=1500), leaf1)
    return inventory


def raising(error: BaseException) -> Fault:
    """Return a fault that raises."""

    def fault(_: DiffSyncModel) -> DiffSyncModel | None:
        raise error

    return fault


def returning_nothing(_: DiffSyncModel) -> DiffSyncModel | None:
    """Answer as a hook that did nothing."""
    return None


def with_status(status: DiffSyncStatus, message: str) -> Fault:
    """Return a fault that sets a status."""

    def fault(obj: DiffSyncModel) -> DiffSyncModel | None:
        obj.set_status(status, message)
        return obj

    return fault
