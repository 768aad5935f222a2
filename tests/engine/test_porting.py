"""A program as people write them for diffsync, with nothing changed but the import root."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest

from driftline.engine import Adapter, Diff, DiffSyncModel
from driftline.engine.enum import DiffSyncFlags, DiffSyncModelFlags, DiffSyncStatus
from driftline.engine.exceptions import ObjectAlreadyExists, ObjectNotCreated, ObjectNotFound
from driftline.engine.store.local import LocalStore


class Site(DiffSyncModel):
    """A site."""

    _modelname = "site"
    _identifiers = ("name",)
    _shortname = ()
    _attributes = ("contact_phone",)
    _children: ClassVar[dict[str, str]] = {"device": "devices"}

    name: str
    contact_phone: str | None = None
    devices: list[str] = []  # noqa: RUF012 - pydantic copies the defaults of fields


class Device(DiffSyncModel):
    """A device."""

    _modelname = "device"
    _identifiers = ("name",)
    _attributes = ("role",)
    _children: ClassVar[dict[str, str]] = {"interface": "interfaces"}

    name: str
    site_name: str | None = None
    role: str | None = None
    interfaces: list[str] = []  # noqa: RUF012 - as above


class Interface(DiffSyncModel):
    """An interface."""

    _modelname = "interface"
    _identifiers = ("device_name", "name")
    _shortname = ("name",)
    _attributes = ("description",)

    name: str
    device_name: str
    description: str | None = None


DATA = {
    "nyc": {
        "nyc-spine1": {"role": "spine", "interfaces": {"eth0": "Interface 0", "eth1": "Interface 1"}},
        "nyc-spine2": {"role": "spine", "interfaces": {"eth0": "Interface 0"}},
    },
    "sfo": {"sfo-spine1": {"role": "spine", "interfaces": {}}},
}
CHANGED = {
    "nyc": {
        "nyc-spine1": {"role": "leaf", "interfaces": {"eth0": "Interface 0", "eth2": "Interface 2"}},
        "nyc-spine2": {"role": "spine", "interfaces": {"eth0": "Interface 0"}},
    },
    "rdu": {"rdu-spine1": {"role": "spine", "interfaces": {"eth0": "Uplink"}}},
}


class Backend(Adapter):
    """An adapter that loads a dictionary."""

    site = Site
    device = Device
    interface = Interface
    top_level = ("site",)
    type = "Backend"

    def __init__(self, data: dict[str, Any], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.data = data
        self.completed: list[Diff] = []

    def load(self) -> None:
        """Load the dictionary."""
        for site_name, devices in self.data.items():
            site = self.site(name=site_name)
            self.add(site)
            for device_name, values in devices.items():
                device = self.device(name=device_name, role=values["role"], site_name=site_name)
                self.add(device)
                site.add_child(device)
                for name, description in values["interfaces"].items():
                    interface = self.interface(name=name, device_name=device_name, description=description)
                    self.add(interface)
                    device.add_child(interface)

    def sync_complete(
        self, source: Adapter, diff: Diff, flags: DiffSyncFlags = DiffSyncFlags.NONE, logger: Any = None
    ) -> None:
        """Remember what was done."""
        logger.info("saving")
        self.completed.append(diff)


@pytest.fixture
def backend_a() -> Backend:
    backend = Backend(DATA)
    backend.load()
    return backend


@pytest.fixture
def backend_b() -> Backend:
    backend = Backend(CHANGED, name="backend-b", internal_storage_engine=LocalStore)
    backend.load()
    return backend


def test_loaded(backend_a: Backend) -> None:
    """Everything is there, and found by class, name, unique id or identity."""
    assert len(backend_a) == 8
    assert backend_a.get_all_model_names() == {"site", "device", "interface"}
    assert backend_a.get("interface", "nyc-spine1__eth0").description == "Interface 0"
    eth0 = backend_a.get(Interface, {"device_name": "nyc-spine1", "name": "eth0"})
    assert (eth0.get_unique_id(), eth0.get_shortname()) == ("nyc-spine1__eth0", "eth0")
    with pytest.raises(ObjectNotFound):
        backend_a.get("site", "rdu")
    with pytest.raises(ObjectAlreadyExists):
        backend_a.add(Site(name="nyc"))


def test_text(backend_a: Backend) -> None:
    """The text is diffsync's."""
    assert backend_a.str() == (
        "site\n"
        "  site: nyc: {'contact_phone': None}\n"
        "    devices\n"
        "      device: nyc-spine1: {'role': 'spine'}\n"
        "        interfaces\n"
        "          interface: nyc-spine1__eth0: {'description': 'Interface 0'}\n"
        "          interface: nyc-spine1__eth1: {'description': 'Interface 1'}\n"
        "      device: nyc-spine2: {'role': 'spine'}\n"
        "        interfaces\n"
        "          interface: nyc-spine2__eth0: {'description': 'Interface 0'}\n"
        "  site: sfo: {'contact_phone': None}\n"
        "    devices\n"
        "      device: sfo-spine1: {'role': 'spine'}\n"
        "        interfaces: []"
    )


def test_diff(backend_a: Backend, backend_b: Backend) -> None:
    """So are the diff's text, its values and its summary, apart from objects that did not change."""
    diff = backend_a.diff_from(backend_b)

    assert diff.has_diffs()
    assert diff.summary() == {"create": 4, "update": 1, "delete": 3, "no-change": 4, "skip": 0}
    assert diff.str() == (
        "site\n"
        "  site: nyc\n"
        "    device\n"
        "      device: nyc-spine1\n"
        "        role    backend-b(leaf)    Backend(spine)\n"
        "        interface\n"
        "          interface: eth2 MISSING in Backend\n"
        "          interface: eth1 MISSING in backend-b\n"
        "  site: rdu MISSING in Backend\n"
        "    device\n"
        "      device: rdu-spine1 MISSING in Backend\n"
        "        interface\n"
        "          interface: eth0 MISSING in Backend\n"
        "  site: sfo MISSING in backend-b\n"
        "    device\n"
        "      device: sfo-spine1 MISSING in backend-b"
    )
    assert diff.dict()["site"]["rdu"] == {
        "+": {"contact_phone": None},
        "device": {
            "rdu-spine1": {
                "+": {"role": "spine"},
                "interface": {"eth0": {"+": {"description": "Uplink"}}},
            }
        },
    }


def test_sync(backend_a: Backend, backend_b: Backend) -> None:
    """After a sync both are alike, and the adapter was told."""
    diff = backend_a.sync_from(backend_b)

    assert [diff] == backend_a.completed
    assert backend_a.diff_from(backend_b).str() == "(no diffs)"
    assert backend_b.str() == backend_a.str()
    assert backend_a.get(Device, "nyc-spine1").get_status() == (
        DiffSyncStatus.SUCCESS,
        "Updated successfully",
    )

    backend_a.sync_from(backend_b)
    assert [diff] == backend_a.completed


def test_sync_to(backend_a: Backend, backend_b: Backend) -> None:
    """The other direction is the same thing."""
    backend_b.sync_to(backend_a, diff=backend_b.diff_to(backend_a))

    assert not backend_b.diff_to(backend_a).has_diffs()


def test_flags(backend_a: Backend, backend_b: Backend) -> None:
    """Flags work on adapters and on models."""
    backend_a.get(Site, "sfo").model_flags = DiffSyncModelFlags.SKIP_UNMATCHED_DST
    backend_a.sync_from(backend_b, flags=DiffSyncFlags.SKIP_UNMATCHED_SRC)

    assert sorted(site.name for site in backend_a.get_all(Site)) == ["nyc", "sfo"]
    assert backend_a.get(Device, "nyc-spine1").interfaces == ["nyc-spine1__eth0"]


class Picky(Interface):
    """An interface whose hook refuses uplinks, and fails on others."""

    @classmethod
    def create(cls, adapter: Adapter, ids: dict[str, Any], attrs: dict[str, Any]) -> Any:
        """Create it, or not."""
        if attrs["description"] == "Uplink":
            raise ObjectNotCreated("no uplinks")
        if ids["name"] == "eth2":
            return None
        return super().create(adapter, ids=ids, attrs=attrs)


class PickyBackend(Backend):
    """A backend of them."""

    interface = Picky


def test_continue_on_failure(backend_b: Backend) -> None:
    """What fails stays as it was, and the rest is done."""
    backend = PickyBackend(DATA)
    backend.load()
    with pytest.raises(ObjectNotCreated):
        PickyBackend({}).sync_from(backend_b)
    backend.sync_from(backend_b, flags=DiffSyncFlags.CONTINUE_ON_FAILURE)

    left = backend.diff_from(backend_b)
    assert left.summary() == {"create": 2, "update": 0, "delete": 0, "no-change": 7, "skip": 0}
    assert [element.name for element in left.walk() if element.action == "create"] == ["eth2", "eth0"]
