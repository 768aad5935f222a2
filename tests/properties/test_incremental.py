"""However two datasets are changed, an incremental diff always equals the whole one."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from driftline.engine import Diff, DiffSyncFlags, DiffSyncModelFlags
from driftline.engine.incremental import IncrementalDiff
from tests.engine.inventory import Device, Interface, Inventory, Site
from tests.properties.trees import DEVICES, INTERFACES, SITES, trees

pytestmark = pytest.mark.usefixtures("quiet")

NAMES = {Site: SITES, Device: DEVICES, Interface: INTERFACES}
PARENTS = {Device: Site, Interface: Device}
ATTRIBUTES = {Site: "region", Device: "role", Interface: "mtu"}
FLAGS = (
    DiffSyncModelFlags.NONE,
    DiffSyncModelFlags.NONE,
    DiffSyncModelFlags.IGNORE,
    DiffSyncModelFlags.SKIP_UNMATCHED_BOTH,
    DiffSyncModelFlags.NO_UPDATE,
    DiffSyncModelFlags.NATURAL_DELETION_ORDER,
)
Class = type[Site | Device | Interface]


@st.composite
def changes(draw: st.DrawFn) -> tuple[Any, ...]:
    """Return a change: what, to which object, on which side, with which numbers."""
    what = draw(st.sampled_from(sorted(CHANGES)))
    cls: Class = draw(st.sampled_from([Interface, Interface, Device, Site]))
    numbers = draw(st.tuples(*[st.integers(0, 7)] * 3))
    return what, cls, draw(st.integers(0, 1)), numbers


def pick(inventory: Inventory, cls: Class, number: int) -> Any:
    """Return one of the objects of a model, or None."""
    objects = inventory.get_all(cls)
    return objects[number % len(objects)] if objects else None


def parents_of(inventory: Inventory, obj: Any) -> list[Any]:
    """Return the objects that list this one."""
    possible = inventory.get_all(PARENTS[type(obj)]) if type(obj) in PARENTS else []
    return [parent for parent in possible if parent.place_of(obj) is not None]


def set_value(inventory: Inventory, cls: Class, numbers: tuple[int, ...]) -> None:
    obj = pick(inventory, cls, numbers[0])
    if obj is not None:
        value: Any = 1500 + numbers[1] % 2 if cls is Interface else f"v{numbers[1] % 2}"
        setattr(obj, ATTRIBUTES[cls], value)


def set_flags(inventory: Inventory, cls: Class, numbers: tuple[int, ...]) -> None:
    obj = pick(inventory, cls, numbers[0])
    if obj is not None:
        obj.model_flags = FLAGS[numbers[1] % len(FLAGS)]


def manage(inventory: Inventory, cls: Class, numbers: tuple[int, ...]) -> None:
    obj = pick(inventory, cls, numbers[0])
    if obj is not None:
        inventory.touch(obj.manage([ATTRIBUTES[cls]] if numbers[1] % 2 else []))


def disown(inventory: Inventory, cls: Class, numbers: tuple[int, ...]) -> None:
    obj = pick(inventory, cls, numbers[0])
    if obj is not None and cls is not Interface:
        obj.exclusive = not obj.exclusive
        inventory.touch(obj)


def replace(inventory: Inventory, cls: Class, numbers: tuple[int, ...]) -> None:
    obj = pick(inventory, cls, numbers[0])
    if obj is not None:
        twin = obj.model_copy(update={ATTRIBUTES[cls]: None, "adapter": None})
        inventory.update(twin)


def change_in_place(inventory: Inventory, _: Class, numbers: tuple[int, ...]) -> None:
    obj = pick(inventory, Interface, numbers[0])
    if obj is not None:
        obj.tags.append("x")
        inventory.touch(obj)


def add(inventory: Inventory, cls: Class, numbers: tuple[int, ...]) -> None:
    """Add an object, with a parent if one is needed and there."""
    name = NAMES[cls][numbers[0] % len(NAMES[cls])]
    if inventory.get_or_none(cls, name) is None:
        parent = pick(inventory, PARENTS[cls], numbers[1]) if cls in PARENTS else None
        inventory.add(cls(name=name), parent)


def remove(inventory: Inventory, cls: Class, numbers: tuple[int, ...]) -> None:
    """Remove an object; what is below it goes with it, or stays behind."""
    obj = pick(inventory, cls, numbers[0])
    if obj is not None:
        for parent in parents_of(inventory, obj):
            parent.remove_child(obj)
        inventory.remove(obj, remove_children=bool(numbers[1] % 3))


def move(inventory: Inventory, cls: Class, numbers: tuple[int, ...]) -> None:
    """Hang an object under another parent, or the same, last."""
    obj = pick(inventory, cls, numbers[0])
    if obj is not None and cls in PARENTS:
        for parent in parents_of(inventory, obj):
            parent.remove_child(obj)
        to = pick(inventory, PARENTS[cls], numbers[1])
        if to is not None and numbers[2]:
            to.add_child(obj)


def add_again(inventory: Inventory, cls: Class, numbers: tuple[int, ...]) -> None:
    """Take an object out and put it in again: it is then the last one."""
    obj = pick(inventory, cls, numbers[0])
    if obj is not None:
        inventory.remove(obj)
        inventory.add(obj)


def clear(inventory: Inventory, _: Class, numbers: tuple[int, ...]) -> None:
    if numbers == (0, 0, 0):
        inventory.store.clear()


CHANGES = {
    function.__name__: function
    for function in (
        set_value, set_flags, manage, disown, replace, change_in_place, add, remove, move, add_again, clear,
    )
}  # fmt: skip
FRUITFUL = (set_value, add, remove)


def shown(diff: Diff) -> tuple[Any, ...]:
    """Return all that a diff shows, down to the elements of what does not differ."""
    return diff.summary(), len(diff), diff.str(), diff.dict(), [*map(deep, diff.get_children())]


def deep(element: Any) -> tuple[Any, ...]:
    own = [
        getattr(element, name)
        for name in ("type", "name", "keys", "source_attrs", "dest_attrs", "moved", "held", "flags", "action")
    ]
    return *own, element.child_diff.skipped, [*map(deep, element.get_children())]


@given(
    trees(partial=True),
    trees(partial=True),
    st.lists(st.lists(changes() | st.just(("sync",)), max_size=4), max_size=6),
    st.sampled_from([DiffSyncFlags.NONE, DiffSyncFlags.SKIP_UNMATCHED_SRC, DiffSyncFlags.NO_UPDATE]),
)
def test_it_equals_the_whole_diff_after_every_change(
    source_tree: Any, dest_tree: Any, rounds: list[list[tuple[Any, ...]]], flags: DiffSyncFlags
) -> None:
    """Elements, order, counts and texts are the same, and a diff that was handed out stays as it was."""
    sides = source_tree.load("source"), dest_tree.load("dest", seed=1)
    incremental = IncrementalDiff(*sides, flags=flags)
    assert shown(sides[1].diff_from(sides[0], flags=flags)) == shown(incremental.calculate())
    for each in rounds:
        for what, *how in each:
            if what == "sync":
                sides[1].sync(sides[0], flags=flags | DiffSyncFlags.CONTINUE_ON_FAILURE)
            else:
                cls, side, numbers = how
                CHANGES[what](sides[side], cls, numbers)
        expected, diff = sides[1].diff_from(sides[0], flags=flags), incremental.calculate()
        asked_late = incremental.calculate()
        assert (expected.summary(), len(expected)) == (diff.summary(), len(diff))
        assert expected == diff
        assert shown(expected) == shown(diff) == shown(asked_late)


@given(trees(), st.lists(changes(), min_size=1, max_size=3))
def test_applying_it_makes_both_alike(tree: Any, made: list[tuple[Any, ...]]) -> None:
    """A sync by an incremental diff ends where a sync by a whole one does."""
    source, one, other = tree.load("source"), tree.load("dest"), tree.load("dest")
    incremental = IncrementalDiff(source, one)
    incremental.calculate()
    for what, cls, _, numbers in made:
        CHANGES[what](source, cls, numbers)
    one.sync(source, diff=incremental.calculate())
    other.sync(source)
    assert one.content == other.content
    assert one.diff_from(source).summary() == incremental.calculate().summary()
