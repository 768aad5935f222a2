"""The examples of dsync's first README, which this project began with, under the names of that time."""

# ruff: noqa: D101, RUF012 - models as people write them: pydantic copies the defaults of fields

from __future__ import annotations

from typing import Any

import pytest

from driftline.engine import DSync, DSyncModel
from driftline.engine.exceptions import ObjectNotFound


class Site(DSyncModel):
    _modelname = "site"
    _identifiers = ("name",)
    _shortname = ()
    _attributes = ("contact_phone",)
    _children = {"device": "devices"}

    name: str
    contact_phone: str
    devices: list = []


class Device(DSyncModel):
    _modelname = "device"
    _identifiers = ("name",)
    _attributes = ("role",)

    name: str
    role: str
    site_name: str | None = None

    @classmethod
    def create(cls, dsync: Any, ids: Any, attrs: Any) -> Any:
        dsync.remote.append(("create", ids["name"]))
        return super().create(ids=ids, dsync=dsync, attrs=attrs)

    def update(self, attrs: Any) -> Any:
        self.dsync.remote.append(("update", self.name))
        return super().update(attrs)

    def delete(self) -> Any:
        self.dsync.remote.append(("delete", self.name))
        super().delete()
        return self


class BackendA(DSync):
    site = Site
    device = Device

    top_level = ["site"]

    roles = {"rtr-nyc": "router"}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.remote: list[tuple[str, str]] = []

    def load(self) -> None:
        # Store an individual object
        site = self.site(name="nyc", contact_phone="555")
        self.add(site)

        # Store an object and define it as a children for another object
        for name, role in self.roles.items():
            device = self.device(name=name, role=role, site_name="nyc")
            self.add(device)
            site.add_child(device)


class BackendB(BackendA):
    roles = {"rtr-nyc": "switch", "sw-nyc": "switch"}


class Forgetful(Device):
    """The README's device as it stood there: its `create` returns nothing."""

    @classmethod
    def create(cls, dsync: Any, ids: Any, attrs: Any) -> Any:
        super().create(ids=ids, dsync=dsync, attrs=attrs)


class ForgetfulBackend(BackendA):
    device = Forgetful


@pytest.fixture
def systems() -> tuple[BackendA, BackendB]:
    a, b = BackendA("a"), BackendB("b")
    a.load()
    b.load()
    return a, b


def test_difference(systems: tuple[BackendA, BackendB], capsys: pytest.CaptureFixture[str]) -> None:
    """It shows the difference between both systems."""
    a, b = systems
    diff_a_b = a.diff_from(b)
    capsys.readouterr()

    diff_a_b.print_detailed()

    printed = capsys.readouterr().out
    assert printed == diff_a_b.str() + "\n"
    assert "device: sw-nyc MISSING in a" in printed


def test_sync_from(systems: tuple[BackendA, BackendB]) -> None:
    """It updates system A to align with system B, by the hooks."""
    a, b = systems
    a.sync_from(b)

    assert a.remote == [("update", "rtr-nyc"), ("create", "sw-nyc")]
    assert not a.diff_from(b).has_diffs()
    assert a.get("device", "sw-nyc").dsync is a


def test_sync_to(systems: tuple[BackendA, BackendB]) -> None:
    """It updates system B to align with system A."""
    a, b = systems
    a.sync_to(b)

    assert b.remote == [("update", "rtr-nyc"), ("delete", "sw-nyc")]
    assert not a.diff_to(b).has_diffs()


def test_a_hook_that_forgets_to_return(systems: tuple[BackendA, BackendB]) -> None:
    """Its object is refused: neither stored nor listed, and the next diff shows it again."""
    _, b = systems
    a = ForgetfulBackend("a")
    a.load()

    a.sync_from(b)

    with pytest.raises(ObjectNotFound):
        a.get("device", "sw-nyc")
    assert a.get("site", "nyc").devices == ["rtr-nyc"]
    assert a.get("device", "rtr-nyc").role == "switch"
    assert a.diff_from(b).summary()["create"] == 1
