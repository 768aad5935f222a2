"""The examples of the page on synchronisation that this project began with."""

# ruff: noqa: D101, RUF012 - models as people write them: pydantic copies the defaults of fields

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import ValidationError

from driftline.engine import Adapter, DiffSyncFlags, DiffSyncModel, DiffSyncStatus
from driftline.engine.exceptions import ObjectNotFound

if TYPE_CHECKING:
    from pathlib import Path


class NetworkError(Exception):
    """What the network answers when it does not do what it is told."""


class Network:
    """The live network of the examples; names in `broken` answer with an error."""

    def __init__(self, *broken: str) -> None:
        self.broken = broken
        self.calls: list[tuple[Any, ...]] = []

    def do(self, what: str, name: str, *values: str) -> None:
        if name in self.broken:
            raise NetworkError(f"{name} does not answer")
        self.calls.append((what, name, *values))


class NetworkDevice(DiffSyncModel):
    _modelname = "device"
    _identifiers = ("name",)
    _attributes = ("ip_address", "os_version")

    name: str
    ip_address: str
    os_version: str

    @classmethod
    def create(cls, adapter: Any, ids: Any, attrs: Any) -> Any:
        device = super().create(adapter, ids, attrs)
        try:
            # Attempt to configure device on network
            adapter.network.do("configure", device.name, device.ip_address, device.os_version)
            device.set_status(DiffSyncStatus.SUCCESS, "Device configured successfully")
        except NetworkError as e:
            device.set_status(DiffSyncStatus.ERROR, f"Network configuration failed: {e}")
        except ValidationError as e:
            device.set_status(DiffSyncStatus.FAILURE, f"Invalid configuration: {e}")
        return device

    def update(self, attrs: Any) -> Any:
        old_values = {k: getattr(self, k) for k in attrs}
        device = super().update(attrs)

        try:
            # Apply changes to actual device
            if "ip_address" in attrs:
                self.adapter.network.do("readdress", self.name, old_values["ip_address"], self.ip_address)
            if "os_version" in attrs:
                self.adapter.network.do("upgrade", self.name, self.os_version)
            device.set_status(DiffSyncStatus.SUCCESS, "Device updated successfully")
        except Exception as e:  # noqa: BLE001 - as the example has it
            # Rollback changes
            for key, value in old_values.items():
                setattr(self, key, value)
            device.set_status(DiffSyncStatus.ERROR, f"Update failed, rolled back: {e}")
        return device

    def delete(self) -> Any:
        try:
            # Remove device from network
            self.adapter.network.do("remove", self.name)
            device = super().delete()
            device.set_status(DiffSyncStatus.SUCCESS, "Device removed successfully")
        except Exception as e:  # noqa: BLE001 - as the example has it
            device = super().delete()
            device.set_status(DiffSyncStatus.ERROR, f"Device removal failed: {e}")
        return device


class NetworkAdapter(Adapter):
    device = NetworkDevice
    top_level = ["device"]

    def __init__(
        self, data: dict[str, tuple[str, str]], network: Network | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.data = data
        self.network = network or Network()

    def load(self) -> None:
        for name, (ip_address, os_version) in self.data.items():
            self.add(self.device(name=name, ip_address=ip_address, os_version=os_version))


class FileBasedAdapter(NetworkAdapter):
    def __init__(self, filename: Path, **kwargs: Any) -> None:
        super().__init__({}, **kwargs)
        self.filename = filename

    def load(self) -> None:
        if self.filename.exists():
            self.load_from_dict(json.loads(self.filename.read_text()))

    def sync_complete(self, source: Any, diff: Any, flags: Any, logger: Any) -> None:
        # After sync is complete, save all data to file
        data = self.dict()
        with self.filename.open("w") as f:
            json.dump(data, f, indent=2)

        # Log what was changed
        summary = diff.summary()
        logger.info(
            "Saved changes to file",
            created=summary["create"],
            updated=summary["update"],
            deleted=summary["delete"],
        )


WANTED = {"sw1": ("10.0.0.1", "2"), "sw2": ("10.0.0.2", "1"), "sw3": ("10.0.0.3", "1")}
FOUND = {
    "sw1": ("10.0.0.1", "1"),
    "sw2": ("10.0.0.9", "1"),
    "sw4": ("10.0.0.4", "1"),
    "sw5": ("10.0.0.5", "1"),
}


def loaded(data: dict[str, tuple[str, str]], *broken: str, name: str = "network") -> NetworkAdapter:
    adapter = NetworkAdapter(data, Network(*broken), name=name)
    adapter.load()
    return adapter


def state(adapter: Adapter) -> dict[str, tuple[str, str]]:
    return {each.name: (each.ip_address, each.os_version) for each in adapter.get_all("device")}


def test_basic_sync() -> None:
    """The target becomes like the source, the summary says how."""
    source, target = loaded(WANTED), loaded(FOUND)

    diff = target.sync_from(source)

    assert diff.has_diffs()
    assert diff.summary() == {"create": 1, "update": 2, "delete": 2, "no-change": 0, "skip": 0}
    assert state(target) == WANTED
    assert target.network.calls == [
        ("upgrade", "sw1", "2"),
        ("readdress", "sw2", "10.0.0.9", "10.0.0.2"),
        ("configure", "sw3", "10.0.0.3", "1"),
        ("remove", "sw4"),
        ("remove", "sw5"),
    ]
    assert not target.sync_from(source).has_diffs()


def test_file_written_when_the_sync_is_complete(tmp_path: Path) -> None:
    """An adapter may write everything at once; nothing is written when nothing has changed."""
    file = tmp_path / "devices.json"
    target = FileBasedAdapter(filename=file, name="file")
    target.load()

    target.sync_from(loaded(WANTED))

    again = FileBasedAdapter(filename=file, name="file")
    again.load()
    assert state(again) == WANTED
    file.unlink()
    again.sync_from(loaded(WANTED))
    assert not file.exists()


def test_statuses_after_failures() -> None:
    """With the flag everything is tried, and each object, or its absence, tells what became of it."""
    source, target = loaded(WANTED), loaded(FOUND, "sw1", "sw3", "sw4")

    diff = target.sync_from(source, flags=DiffSyncFlags.CONTINUE_ON_FAILURE)

    said = {}
    for element in diff.get_children():
        if element.action:
            try:
                obj = target.get(element.type, element.keys)
                said[element.name] = element.action, obj.get_status()
            except ObjectNotFound:
                said[element.name] = element.action, None
    assert said.pop("sw2") == ("update", (DiffSyncStatus.SUCCESS, "Device updated successfully"))
    assert said.pop("sw3") == ("create", None)  # not created, so it is not there
    assert said.pop("sw5") == ("delete", None)  # gone
    assert [(each, said[each][0], said[each][1][0]) for each in said] == [
        ("sw1", "update", DiffSyncStatus.ERROR),
        ("sw4", "delete", DiffSyncStatus.ERROR),
    ]
    assert "Update failed, rolled back: sw1 does not answer" in said["sw1"][1][1]
    assert "Device removal failed: sw4 does not answer" in said["sw4"][1][1]


def test_what_failed_is_as_before() -> None:
    """What the network refused is in the dataset as it is in the network, so that the next diff shows it."""
    source, target = loaded(WANTED), loaded(FOUND, "sw1", "sw3", "sw4")

    target.sync_from(source, flags=DiffSyncFlags.CONTINUE_ON_FAILURE)

    assert state(target) == {"sw1": FOUND["sw1"], "sw2": WANTED["sw2"], "sw4": FOUND["sw4"]}
    left = target.diff_from(source)
    assert {element.name: element.action for element in left.get_children() if element.action} == {
        "sw1": "update",
        "sw3": "create",
        "sw4": "delete",
    }


def test_progress() -> None:
    """The callback gets to a hundred percent."""
    percentages = []

    def sync_progress_callback(stage: str, current: int, total: int) -> None:
        if stage == "sync":
            percentages.append((current / total) * 100 if total > 0 else 0)

    loaded(FOUND).sync_from(loaded(WANTED), callback=sync_progress_callback)

    assert percentages == sorted(percentages)
    assert percentages[-1] == 100


def test_calculated_reviewed_applied() -> None:
    """A diff that was looked at is the one that is applied, whatever the source has become since."""
    source, target = loaded(WANTED), loaded(FOUND, name="target")
    diff = target.diff_from(source)
    assert "device: sw4 MISSING in network" in diff.str()
    source.remove(source.get("device", "sw3"))

    result_diff = target.sync_from(source, diff=diff)

    assert result_diff is diff
    assert state(target) == WANTED


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        (DiffSyncFlags.SKIP_UNMATCHED_DST, {"sw1", "sw2", "sw3", "sw4", "sw5"}),
        (DiffSyncFlags.SKIP_UNMATCHED_SRC, {"sw1", "sw2"}),
        (DiffSyncFlags.SKIP_UNMATCHED_BOTH, {"sw1", "sw2", "sw4", "sw5"}),
        (DiffSyncFlags.CONTINUE_ON_FAILURE | DiffSyncFlags.LOG_UNCHANGED_RECORDS, {"sw1", "sw2", "sw3"}),
    ],
)
def test_selective_sync(flags: DiffSyncFlags, expected: set[str]) -> None:
    """Flags keep what only one side has as it is; what both have is updated."""
    target = loaded(FOUND)

    target.sync_from(loaded(WANTED), flags=flags)

    assert set(state(target)) == expected
    assert state(target)["sw2"] == WANTED["sw2"]


def test_bidirectional_sync() -> None:
    """First one way, then the other, for which nothing is left to do."""

    def bidirectional_sync(adapter1: Adapter, adapter2: Adapter) -> Any:
        """Perform bidirectional synchronization between two adapters."""
        diff1to2 = adapter2.sync_from(adapter1, flags=DiffSyncFlags.SKIP_UNMATCHED_DST)
        diff2to1 = adapter1.sync_from(adapter2)
        return diff1to2, diff2to1

    source_db, target_api = loaded(WANTED, name="source_db"), loaded(FOUND, name="target_api")

    diff1to2, diff2to1 = bidirectional_sync(source_db, target_api)

    assert diff1to2.summary() == {"create": 1, "update": 2, "delete": 0, "no-change": 0, "skip": 2}
    assert diff2to1.summary() == {"create": 2, "update": 0, "delete": 0, "no-change": 3, "skip": 0}
    assert state(source_db) == state(target_api) == {**FOUND, **WANTED}


class Site(DiffSyncModel):
    _modelname = "site"
    _identifiers = ("name",)
    _attributes = ("address", "contact")
    _children = {"device": "devices"}

    name: str
    address: str
    contact: str
    devices: list[str] = []


class Device(DiffSyncModel):
    _modelname = "device"
    _identifiers = ("site", "name")
    _attributes = ("model", "ip_address")
    _children = {"interface": "interfaces"}

    site: str
    name: str
    model: str
    ip_address: str
    interfaces: list[str] = []


class Interface(DiffSyncModel):
    _modelname = "interface"
    _identifiers = ("device_site", "device_name", "name")
    _attributes = ("description", "vlan")

    device_site: str
    device_name: str
    name: str
    description: str
    vlan: int


class Places(Adapter):
    site = Site
    device = Device
    interface = Interface
    top_level = ["site"]

    def fill(self, vlan: int, *ports: str) -> Places:
        site = self.site(name="ams", address="Kade 1", contact="noc")
        device = self.device(site="ams", name="sw1", model="x", ip_address="10.0.0.1")
        self.add(site)
        self.add(device)
        site.add_child(device)
        for port in ports:
            interface = self.interface(
                device_site="ams", device_name="sw1", name=port, description="", vlan=vlan
            )
            self.add(interface)
            device.add_child(interface)
        return self


def test_hierarchical_sync() -> None:
    """Sites come first, then their devices, then their interfaces; into what is there and into what is empty."""
    source, target, empty = Places("source"), Places("target"), Places("empty")
    source.fill(20, "Et1", "Et2")
    target.fill(10, "Et1", "Et3")

    target.sync_from(source)
    empty.sync_from(source)

    assert target.dict() == empty.dict() == source.dict()
    assert target.get("device", "ams__sw1").interfaces == ["ams__sw1__Et1", "ams__sw1__Et2"]
    assert source.diff_from(Places("nothing")).summary()["delete"] == 4
