"""The consistency of a dataset: what is wrong with its lists of children is told, object by object."""

from __future__ import annotations

import time
from typing import Any, ClassVar

import pytest

from driftline.engine import Adapter, DiffSyncModel
from driftline.engine.consistency import check

from .inventory import Device, Interface, Inventory, Site, small


def told(inventory: Adapter) -> list[tuple[str, str, str]]:
    """Return the place, the code and the message of every problem."""
    return [(problem.where, problem.code, problem.message) for problem in check(inventory)]


def test_all_is_well() -> None:
    """A tree that hangs together has no problems; nor has an empty one."""
    assert check(small("x")) == []
    assert check(Inventory("x")) == []


def test_missing() -> None:
    """A child that is listed and not there is named, with its parent."""
    inventory = small("x")
    inventory.remove(inventory.get(Interface, "Et1"))

    assert told(inventory) == [
        ("device leaf1", "MODEL-CHILD-MISSING", "it lists the interface Et1, which is not there")
    ]


def test_twice() -> None:
    """So is one that is listed twice by one parent."""
    inventory = small("x")
    inventory.get(Device, "leaf1").interfaces.append("Et1")

    assert told(inventory) == [
        ("device leaf1", "MODEL-CHILD-TWICE", "it lists the interface Et1 more than once")
    ]


def test_shared() -> None:
    """One that two parents list is named with both."""
    inventory = small("x")
    inventory.get(Device, "leaf2").interfaces.append("Et1")

    assert told(inventory) == [
        ("interface Et1", "MODEL-CHILD-SHARED", "it is a child of the device leaf1 and the device leaf2")
    ]


def test_orphan() -> None:
    """An object that nobody lists is an orphan; what hangs below it is not told again."""
    inventory = small("x")
    inventory.get(Site, "ams").devices.remove("leaf1")

    ((where, code, message),) = told(inventory)

    assert (where, code) == ("device leaf1", "MODEL-CHILD-ORPHAN")
    assert "neither compared nor synchronised" in message


@pytest.mark.parametrize("name", ["Et9", "Et2"], ids=["a new name", "another's name"])
def test_identity(name: str) -> None:
    """An object that was renamed after it was added can't be found any more."""
    inventory = small("x")
    inventory.get(Interface, "Et1").name = name

    codes = {(problem.where, problem.code) for problem in check(inventory)}

    assert (f"interface {name}", "MODEL-IDENTITY") in codes
    assert ("device leaf1", "MODEL-CHILD-MISSING") in codes


def test_type() -> None:
    """An object of a class that is not the adapter's has hooks that are not meant for it."""

    class Stranger(DiffSyncModel):
        _modelname: ClassVar[str] = "site"
        _identifiers: ClassVar[tuple[str, ...]] = ("name",)
        name: str

    inventory = small("x")
    inventory.add(Stranger(name="lon"))

    assert [(where, code) for where, code, _ in told(inventory)] == [("site lon", "MODEL-TYPE")]


class Region(DiffSyncModel):
    """A model that can be below itself."""

    _modelname: ClassVar[str] = "region"
    _identifiers: ClassVar[tuple[str, ...]] = ("name",)
    _children: ClassVar[dict[str, str]] = {"region": "regions"}

    name: str
    regions: list[str] = []  # noqa: RUF012 - pydantic copies the defaults of fields


class World(DiffSyncModel):
    """What is at the top."""

    _modelname: ClassVar[str] = "world"
    _identifiers: ClassVar[tuple[str, ...]] = ("name",)
    _children: ClassVar[dict[str, str]] = {"region": "regions"}

    name: str
    regions: list[str] = []  # noqa: RUF012 - pydantic copies the defaults of fields


class Atlas(Adapter):
    """Regions in regions."""

    world = World
    region = Region
    top_level: ClassVar[list[str]] = ["world"]


def test_circle() -> None:
    """Objects that only list each other are found too, once for each circle."""
    atlas = Atlas("x")
    for name, below in (("a", "b"), ("b", "a"), ("c", "c")):
        atlas.add(Region(name=name, regions=[below]))

    assert told(atlas) == [
        ("region a", "MODEL-CHILD-CIRCLE", "it hangs below the region b, which hangs below it"),
        ("region c", "MODEL-CHILD-CIRCLE", "it hangs below the region c, which hangs below it"),
    ]


def test_every_problem_has_a_hint() -> None:
    """Each says what to do."""
    inventory = small("x")
    inventory.get(Device, "leaf1").interfaces.extend(["Et1", "Et7"])
    inventory.get(Site, "ams").devices.remove("leaf2")

    assert all(problem.hint for problem in check(inventory))
    assert {problem.code for problem in check(inventory)} == {
        "MODEL-CHILD-TWICE",
        "MODEL-CHILD-MISSING",
        "MODEL-CHILD-ORPHAN",
    }


def large(size: int) -> Inventory:
    inventory = Inventory("x")
    ports = [Interface.trusted(name=str(number)) for number in range(size)]
    for port in ports:
        inventory.add(port)
    device = Device.trusted(name="d", interfaces=[port.name for port in ports])
    inventory.put(Site(name="s", devices=["d"]))
    inventory.put(device)
    return inventory


def test_linear() -> None:
    """Ten times as many objects take about ten times as long."""

    def seconds(size: int) -> float:
        inventory: Any = large(size)
        started = time.process_time()
        assert check(inventory) == []
        return time.process_time() - started

    small_one = min(seconds(5_000) for _ in range(3))
    assert seconds(50_000) < 40 * small_one
