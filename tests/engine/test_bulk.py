"""Hooks for many objects at once: fewer calls, and an outcome for each object all the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from driftline.engine import Adapter, DiffSyncFlags, DiffSyncModel, DiffSyncModelFlags, DiffSyncStatus

if TYPE_CHECKING:
    from collections.abc import Callable

PROCEED = DiffSyncFlags.CONTINUE_ON_FAILURE
SUCCESS, ERROR, UNKNOWN = DiffSyncStatus.SUCCESS, DiffSyncStatus.ERROR, DiffSyncStatus.UNKNOWN


class Single(DiffSyncModel):
    """A record whose hooks tell the adapter that they were called."""

    def update(self, attrs: dict[str, Any]) -> Any:
        """Update alone."""
        self.adapter.single("update", self.get_unique_id())
        return super().update(attrs)

    def delete(self) -> Any:
        """Delete alone."""
        self.adapter.single("delete", self.get_unique_id())
        return super().delete()

    @classmethod
    def create(cls, adapter: Any, ids: dict[str, Any], attrs: dict[str, Any]) -> Any:
        """Create alone."""
        adapter.single("create", cls.create_unique_id(**ids))
        return super().create(adapter, ids, attrs)


class Rack(Single):
    """What stands in a room."""

    _modelname: ClassVar[str] = "rack"
    _identifiers: ClassVar[tuple[str, ...]] = ("name",)
    _attributes: ClassVar[tuple[str, ...]] = ("height",)
    _children: ClassVar[dict[str, str]] = {"slot": "slots"}

    name: str
    height: int = 42
    slots: list[str] = []  # noqa: RUF012 - pydantic copies the defaults of fields


class Slot(Single):
    """A place in a rack."""

    _modelname: ClassVar[str] = "slot"
    _identifiers: ClassVar[tuple[str, ...]] = ("rack", "number")
    _attributes: ClassVar[tuple[str, ...]] = ("box",)

    rack: str
    number: int
    box: str = ""


class Room(Adapter):
    """Racks with slots, changed one by one."""

    rack = Rack
    slot = Slot
    top_level: ClassVar[list[str]] = ["rack"]

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.calls: list[tuple[str, str, int]] = []
        """(hook, model, number of objects) of every call for many objects."""
        self.singles: list[tuple[str, str]] = []
        self.bad: set[str] = set()
        self.answer: Callable[[list[Any]], Any] | None = None

    def single(self, action: str, uid: str) -> None:
        """Note that an object was changed alone."""
        self.singles.append((action, uid))
        if uid in self.bad:
            raise ValueError(f"{uid} is bad")

    def fill(self, racks: int, slots: int, **values: Any) -> Any:
        """Add so many racks, each with so many slots."""
        for number in range(racks):
            rack = Rack(name=f"r{number}", **values)
            self.add(rack)
            self.add_many(Slot, ({"rack": rack.name, "number": each} for each in range(slots)), parent=rack)
        return self


class Bulk(Room):
    """The same with hooks for many objects."""

    def create_many(self, cls: Any, rows: list[tuple[dict[str, Any], dict[str, Any]]]) -> Any:
        """Create many."""
        self.calls.append(("create", cls.get_type(), len(rows)))
        if any(cls.create_unique_id(**ids) in self.bad for ids, _ in rows):
            raise ValueError("one of them is bad")
        made = [cls.create_base(self, ids, attrs) for ids, attrs in rows]
        return made if self.answer is None else self.answer(made)

    def update_many(self, cls: Any, rows: list[tuple[Any, dict[str, Any]]]) -> Any:
        """Update many."""
        self.calls.append(("update", cls.get_type(), len(rows)))
        made = [obj.update_base(attrs) for obj, attrs in rows]
        return made if self.answer is None else self.answer(made)

    def delete_many(self, cls: Any, rows: list[Any]) -> Any:
        """Delete many."""
        self.calls.append(("delete", cls.get_type(), len(rows)))
        made = [obj.delete_base() for obj in rows]
        return made if self.answer is None else self.answer(made)


def test_create_many() -> None:
    """Parents come before their children, in calls of at most a hundred."""
    actual, intended = Bulk("actual"), Room("intended").fill(3, 100)

    result = actual.sync(intended)

    assert actual.calls == [
        ("create", "rack", 3),
        ("create", "slot", 100),
        ("create", "slot", 100),
        ("create", "slot", 100),
    ]
    assert actual.singles == []
    assert not actual.diff_from(intended).has_diffs()
    assert {each.status for each in result.objects} == {SUCCESS}
    assert len(result.objects) == 303


@pytest.mark.parametrize(("size", "calls"), [(1, 0), (4, 3), (1000, 1)])
def test_size(size: int, calls: int) -> None:
    """`bulk_size` says how many at once; one alone is changed by its own hook."""
    actual = Bulk("actual")
    actual.bulk_size = size  # type: ignore[attr-defined]

    actual.sync(Room("intended").fill(10, 0))

    assert len(actual.calls) == calls
    assert actual.count(Rack) == 10


def test_update_many_and_delete_many() -> None:
    """What changes and what goes is changed together, too; what can't be is not there for it."""
    actual, intended = Bulk("actual").fill(4, 3), Room("intended").fill(2, 3, height=10)

    actual.sync(intended)

    assert actual.calls == [("update", "rack", 2), ("delete", "rack", 2), ("delete", "slot", 6)]
    assert not actual.diff_from(intended).has_diffs()
    assert actual.count() == 8


def test_natural_deletion_order() -> None:
    """Children go before their parents where these say so."""
    actual = Bulk("actual").fill(3, 2)
    for rack in actual.get_all(Rack):
        rack.model_flags = DiffSyncModelFlags.NATURAL_DELETION_ORDER

    actual.sync(Room("intended"))

    assert actual.calls == [("delete", "slot", 6), ("delete", "rack", 3)]
    assert actual.count() == 0


def test_only_one_of_the_hooks() -> None:
    """A hook that the adapter does not offer is replaced by those of the objects."""

    class Creates(Room):
        create_many = Bulk.create_many

    actual: Any = Creates("actual").fill(1, 2)

    actual.sync(Room("intended").fill(3, 0))

    assert actual.calls == [("create", "rack", 2)]
    assert actual.singles == [("delete", "r0__0"), ("delete", "r0__1")]


def test_one_bad_row() -> None:
    """When a call fails, each object is tried alone, so that only the wrong ones fail."""
    actual = Bulk("actual")
    actual.bad = {"r1"}

    result = actual.sync(Room("intended").fill(4, 2), flags=PROCEED)

    assert [(each.step.name, each.message) for each in result.failed if each.status is ERROR] == [
        ("r1", "create rack r1: ValueError: r1 is bad")
    ]
    assert [each.status for each in result.failed] == [ERROR, UNKNOWN, UNKNOWN]
    assert sorted(rack.name for rack in actual.get_all(Rack)) == ["r0", "r2", "r3"]
    assert actual.count(Slot) == 6


def test_answers_one_by_one() -> None:
    """A hook can say for each object what became of it: an object, None, a failed one, or an exception."""
    actual = Bulk("actual")

    def answer(made: list[Any]) -> list[Any]:
        made[3].set_status(DiffSyncStatus.FAILURE, "no room")
        return [made[0], None, ConnectionError("dead"), made[3]]

    actual.answer = answer
    result = actual.sync(Room("intended").fill(4, 0), flags=PROCEED)

    assert [(each.step.name, each.message) for each in result.failed] == [
        ("r1", "create rack r1: the hook returned nothing"),
        ("r2", "create rack r2: ConnectionError: dead"),
        ("r3", "create rack r3: no room"),
    ]
    assert [rack.name for rack in actual.get_all(Rack)] == ["r0"]
    assert actual.singles == []


@pytest.mark.parametrize(
    "answer",
    [lambda made: made[:-1], lambda made: [*made, made[0]], lambda made: made[::-1], lambda made: []],
    ids=["too few", "too many", "in another order", "none"],
)
def test_wrong_answers(answer: Any) -> None:
    """An answer from which nobody can tell what was done is taken for no object's; nothing is tried again."""
    actual = Bulk("actual")
    actual.answer = answer

    result = actual.sync(Room("intended").fill(3, 0), flags=PROCEED)

    assert {each.status for each in result.objects} == {ERROR}
    assert all("what it has done is not known" in each.message for each in result.objects)
    assert actual.singles == []
    assert actual.count() == 0


def test_returning_none() -> None:
    """A hook that returns None has refused all of its objects, as a single one does."""
    actual = Bulk("actual").fill(3, 0)
    actual.answer = lambda _made: None

    result = actual.sync(Room("intended").fill(3, 0, height=10), flags=PROCEED)

    assert {each.message.partition(": ")[2] for each in result.failed} == {"the hook returned nothing"}
    assert {rack.height for rack in actual.get_all(Rack)} == {42}
    assert actual.singles == []


def test_generator() -> None:
    """A hook may yield; what it has yielded before it fails is done, and only the rest is tried alone."""
    actual = Bulk("actual")

    def answer(made: list[Any]) -> Any:
        yield made[0]
        raise ConnectionError("dead")

    actual.answer = answer
    result = actual.sync(Room("intended").fill(3, 0))

    assert result.failed == ()
    assert actual.singles == [("create", "r1"), ("create", "r2")]


def test_interruption() -> None:
    """Ctrl-C in a hook for many objects ends the sync; none of them is entered, and nothing more is tried."""
    actual = Bulk("actual")

    def answer(made: list[Any]) -> Any:
        raise KeyboardInterrupt

    actual.answer = answer
    result = actual.sync(Room("intended").fill(3, 2), flags=PROCEED)

    assert result.run.interrupted
    assert {each.step.model: each.status for each in result.objects} == {"rack": ERROR, "slot": UNKNOWN}
    assert actual.count() == 0
    with pytest.raises(KeyboardInterrupt):
        result.raise_first()


def test_atomic() -> None:
    """An atomic sync needs each hook's opposite, so it uses the objects' own hooks."""
    actual = Bulk("actual")
    actual.bad = {"r2"}

    result = actual.sync(Room("intended").fill(3, 0), atomic=True)

    assert len(result.failed) == 3
    assert (actual.calls, actual.count()) == ([], 0)
    assert actual.singles == [
        ("create", "r0"),
        ("create", "r1"),
        ("create", "r2"),
        ("delete", "r1"),
        ("delete", "r0"),
    ]


def test_same_result_as_one_by_one() -> None:
    """With and without hooks for many, the same comes out."""
    contents = []
    for kind in (Room, Bulk):
        actual, intended = kind("actual").fill(5, 5), Room("intended").fill(8, 3, height=3)
        actual.sync(intended)
        contents.append(actual.dict())

    assert contents[0] == contents[1]
