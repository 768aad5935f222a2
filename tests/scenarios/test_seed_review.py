"""The review that this project began with: what it recommends works under the names that it gave."""

# ruff: noqa: D101, RUF012 - models as people write them: pydantic copies the defaults of fields

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from driftline.engine import Adapter, Diff, DiffSyncModel
from driftline.engine.conflicts import ConflictResolutionStrategy
from driftline.engine.enum import DiffSyncActions
from driftline.engine.exceptions import (
    DiffException,
    DriftlineError,
    ObjectNotFound,
    ObjectRefused,
    SyncValidationError,
)
from driftline.engine.exceptions import ValidationError as OldName

if TYPE_CHECKING:
    from pathlib import Path


class Site(DiffSyncModel):
    _modelname = "site"
    _identifiers = ("name",)
    _attributes = ("contact",)
    _children = {"device": "devices"}

    name: str
    contact: str = ""
    devices: list[str] = []


class Device(DiffSyncModel):
    _modelname = "device"
    _identifiers = ("name",)
    _attributes = ("role", "tags")

    name: str
    role: str = ""
    tags: list[str] = []

    @classmethod
    def create(cls, adapter: Any, ids: Any, attrs: Any) -> Any:
        adapter.calls.append(ids["name"])
        if adapter.answer is None:
            return None
        if adapter.answer:
            raise ConnectionError(adapter.answer)
        return super().create(adapter, ids, attrs)


class Vlan(DiffSyncModel):
    _modelname = "vlan"
    _identifiers = ("vid",)
    _attributes = ("name",)

    vid: int
    name: str = ""


class Inventory(Adapter):
    site = Site
    device = Device
    vlan = Vlan
    top_level = ["vlan", "site"]
    answer: str | None = ""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.calls: list[str] = []

    def fill(self, contact: str, vlans: dict[int, str], devices: dict[str, str]) -> Inventory:
        for vid, name in vlans.items():
            self.add(self.vlan(vid=vid, name=name))
        site = self.site(name="ams", contact=contact)
        self.add(site)
        for name, role in devices.items():
            device = self.device(name=name, role=role)
            self.add(device)
            site.add_child(device)
        return self


@pytest.fixture
def source() -> Inventory:
    return Inventory("source").fill("noc", {1: "one", 2: "two", 3: "three"}, {"sw1": "leaf", "sw2": "spine"})


@pytest.fixture
def dest() -> Inventory:
    return Inventory("dest").fill("noc", {1: "one", 2: "zwei", 4: "four"}, {"sw1": "spine", "sw3": "leaf"})


def actions(elements: Any) -> dict[str, str | None]:
    return {element.name: element.action for element in elements}


def changes(diff: Diff) -> dict[str, str | None]:
    return actions(element for element in diff.walk() if element.action)


CHANGES = {"2": "update", "3": "create", "4": "delete", "sw1": "update", "sw2": "create", "sw3": "delete"}


def test_filter(source: Inventory, dest: Inventory) -> None:
    """A diff can be cut down by action, by type, and by anything."""
    diff = dest.diff_from(source)

    assert changes(diff.filter(lambda e: e.keys.get("vid", 0) > 2)) == {"3": "create", "4": "delete"}
    assert changes(diff.filter_by_action("create")) == {"3": "create", "sw2": "create"}
    assert changes(diff.filter_by_action(DiffSyncActions.DELETE)) == {"4": "delete", "sw3": "delete"}
    assert changes(diff.filter_by_type("vlan")) == {"2": "update", "3": "create", "4": "delete"}
    assert changes(diff) == CHANGES


def test_filtered_diff_applied(source: Inventory, dest: Inventory) -> None:
    """Only what was left in is done."""
    dest.sync_from(source, diff=dest.diff_from(source).filter_by_type("device"))

    assert changes(dest.diff_from(source)) == {"2": "update", "3": "create", "4": "delete"}


def test_filtered_to_nothing(source: Inventory, dest: Inventory) -> None:
    """Nothing is done when nothing was left in."""
    before = dest.dict()
    dest.sync_from(source, diff=dest.diff_from(source).filter_by_type("rack"))

    assert dest.dict() == before


def test_query(source: Inventory, dest: Inventory) -> None:
    """Elements are found anywhere in the tree, by any number of criteria."""
    diff = dest.diff_from(source)

    assert [e.name for e in diff.query(type="device", action="update")] == ["sw1"]
    assert [e.name for e in diff.query(keys={"vid": 2})] == ["2"]
    assert sorted(e.name for e in diff.query(action="delete")) == ["4", "sw3"]
    assert [e.name for e in diff.query(type="device", keys={"name": "sw2"}, action="create")] == ["sw2"]


def test_statistics(source: Inventory, dest: Inventory) -> None:
    """The diff is counted by action and by type."""
    diff = dest.diff_from(source)
    statistics = diff.get_statistics()

    assert statistics["total_elements"] == len(diff) == 8
    assert {action: n for action, n in statistics["by_action"].items() if n} == {
        "create": 2,
        "update": 2,
        "delete": 2,
        "no-change": 2,
    }
    assert statistics["by_type"] == {"vlan": 3, "device": 3}
    assert set(statistics["affected_models"]) == {"vlan", "device"}
    assert statistics["largest_changes"]


def test_change_impact(source: Inventory) -> None:
    """What a change takes with it is told."""
    impact = source.diff_from(Inventory("empty")).get_change_impact()

    assert isinstance(impact, dict)
    assert "device" in json.dumps(impact, default=str)


def test_json(source: Inventory, dest: Inventory, tmp_path: Path) -> None:
    """A diff is saved, read back and applied."""
    diff = dest.diff_from(source)
    file = tmp_path / "diff.json"

    text = diff.to_json()
    diff.to_json(filepath=str(file))

    assert Diff.from_json(text) == Diff.from_json(file.read_text()) == diff
    assert diff.to_dict() == diff.dict()
    dest.sync_from(source, diff=Diff.from_json(text))
    assert not dest.diff_from(source).has_diffs()
    with pytest.raises(DiffException):
        Diff.from_json('{"some": "thing"}')


def test_transactional_sync(source: Inventory, dest: Inventory) -> None:
    """It says that it was done."""
    diff, done = dest.sync_from_transactional(source)

    assert done is True
    assert changes(diff) == CHANGES
    assert not dest.diff_from(source).has_diffs()


def test_transactional_sync_that_fails(source: Inventory, dest: Inventory) -> None:
    """Everything is as it was, and the failure is told."""
    before = dest.dict(exclude_defaults=False)
    dest.answer = "the line is dead"

    with pytest.raises(ConnectionError, match="the line is dead"):
        dest.sync_from_transactional(source, rollback_on_failure=True)

    assert dest.dict(exclude_defaults=False) == before


def test_transactional_sync_that_is_refused(source: Inventory, dest: Inventory) -> None:
    """A hook that returns nothing fails the whole, too."""
    before = dest.dict(exclude_defaults=False)
    dest.answer = None

    with pytest.raises(ObjectRefused):
        dest.sync_from_transactional(source)

    assert dest.dict(exclude_defaults=False) == before


def test_transactional_sync_without_rollback(source: Inventory, dest: Inventory) -> None:
    """What was done before the failure stays."""
    dest.answer = "the line is dead"

    with pytest.raises(ConnectionError):
        dest.sync_from_transactional(source, rollback_on_failure=False)

    assert dest.get("vlan", "2").name == "two"
    assert dest.get_or_none("device", "sw2") is None


def test_dry_run(source: Inventory, dest: Inventory) -> None:
    """It tells what would be done, and does nothing."""
    before = dest.dict(exclude_defaults=False)

    diff, would = dest.sync_from_dry_run(source)

    assert changes(diff) == CHANGES
    assert {name: sorted(element.name for element in elements) for name, elements in would.items()} == {
        "would_create": ["3", "sw2"],
        "would_update": ["2", "sw1"],
        "would_delete": ["4", "sw3"],
    }
    assert dest.dict(exclude_defaults=False) == before
    assert all(obj.adapter is dest for obj in dest.get_all("device"))


def test_pre_sync_validator(source: Inventory, dest: Inventory) -> None:
    """A validator that says no keeps everything as it is."""
    seen: list[Diff] = []
    before = dest.dict()
    dest.add_pre_sync_validator(lambda diff: not seen.append(diff))
    dest.add_pre_sync_validator(lambda diff: diff.summary()["delete"] == 0)

    with pytest.raises(SyncValidationError) as caught:
        dest.sync_from(source)

    assert isinstance(caught.value, DriftlineError)
    assert caught.value.code
    assert OldName is SyncValidationError
    assert [changes(diff) for diff in seen] == [CHANGES]
    assert dest.calls == []
    assert dest.dict() == before


def test_pre_sync_validator_that_agrees(source: Inventory, dest: Inventory) -> None:
    """A validator that says yes changes nothing."""
    dest.add_pre_sync_validator(lambda diff: True)
    dest.sync_from(source)

    assert not dest.diff_from(source).has_diffs()


def test_post_sync_validator(source: Inventory, dest: Inventory) -> None:
    """It is asked when all is done, and its no is an error."""
    seen: list[int] = []

    def validator(diff: Diff) -> bool:
        seen.append(dest.count("vlan"))
        return dest.get_or_none("vlan", "3") is None

    dest.add_post_sync_validator(validator)
    with pytest.raises(SyncValidationError):
        dest.sync_from(source)

    assert seen == [3]


def test_cache(source: Inventory) -> None:
    """A cached adapter never answers with what was."""
    cached = Inventory("cached", enable_cache=True, cache_size=2)
    cached.fill("noc", {1: "one", 2: "zwei", 4: "four"}, {"sw1": "spine"})
    assert cached.get("vlan", "2") is cached.get("vlan", {"vid": 2}) is cached.get(Vlan, "2")

    cached.sync_from(source)

    assert cached.get("vlan", "2").name == "two"
    with pytest.raises(ObjectNotFound):
        cached.get("vlan", "4")
    cached.update(Vlan(vid=2, name="new"))
    assert cached.get("vlan", "2").name == "new"


def test_parallel_diff(source: Inventory, dest: Inventory) -> None:
    """It is the same diff."""
    assert dest.calculate_diffs_parallel(source, max_workers=4) == dest.diff_from(source)


def test_get_by_uids_names_all_that_are_missing(source: Inventory) -> None:
    """One look-up, one error."""
    with pytest.raises(ObjectNotFound, match="sw7, sw8"):
        source.get_by_uids(["sw7", "sw1", "sw8"], "device")


@pytest.mark.parametrize(
    ("strategy", "expected"),
    [
        (ConflictResolutionStrategy.SOURCE_WINS, {"name": "two"}),
        (ConflictResolutionStrategy.DEST_WINS, {"name": "zwei"}),
    ],
)
def test_conflict(source: Inventory, dest: Inventory, strategy: Any, expected: dict[str, str]) -> None:
    """What both sides have differently is a conflict, and a strategy says which values stay."""
    diff = dest.diff_from(source)

    (updated,) = diff.query(type="vlan", action="update")
    (created,) = diff.query(type="vlan", action="create")

    assert updated.has_conflict()
    assert not created.has_conflict()
    assert updated.resolve_conflict(strategy) == expected


def test_conflict_that_a_person_has_to_resolve(source: Inventory, dest: Inventory) -> None:
    """Nobody decides for them."""
    (updated,) = dest.diff_from(source).query(type="vlan", action="update")

    with pytest.raises(DiffException):
        updated.resolve_conflict(ConflictResolutionStrategy.MANUAL)
