"""Lists of children: long ones behave as short ones, and are as fast per child."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
import structlog
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from driftline.engine import Adapter, DiffSyncModel
from driftline.engine.children import SHORT, ChildIndex
from driftline.engine.exceptions import ObjectAlreadyExists, ObjectNotFound, ObjectStoreWrongType

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture(autouse=True)
def _silence() -> None:
    """Measure the work, not the log."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger("critical"))


class Leaf(DiffSyncModel):
    """A child."""

    _modelname: ClassVar[str] = "leaf"
    _identifiers: ClassVar[tuple[str, ...]] = ("name",)
    _attributes: ClassVar[tuple[str, ...]] = ("size",)

    name: str
    size: int = 0


class Tree(DiffSyncModel):
    """A parent."""

    _modelname: ClassVar[str] = "tree"
    _identifiers: ClassVar[tuple[str, ...]] = ("name",)
    _children: ClassVar[dict[str, str]] = {"leaf": "leaves"}

    name: str = "t"
    leaves: list[str] = []  # noqa: RUF012 - pydantic copies the defaults of fields


class Wood(Adapter):
    """Trees with leaves."""

    tree = Tree
    leaf = Leaf
    top_level: ClassVar[list[str]] = ["tree"]


# Like a plain list ----------------------------------------------------------------------------------------

NAMES = st.integers(0, 400).map(str)
PLACES = st.integers(0, 300)
EDITS: dict[str, Callable[[list[str]], Any]] = {
    "pop the first": lambda uids: uids and uids.pop(0),
    "pop the last": lambda uids: uids and uids.pop(),
    "reverse": lambda uids: uids.reverse(),
    "sort": lambda uids: uids.sort(),
    "clear": lambda uids: uids.clear(),
    "append one": lambda uids: uids.append(f"edit{len(uids)}") if f"edit{len(uids)}" not in uids else None,
}
OPERATIONS = st.lists(
    st.one_of(
        st.tuples(st.just("add"), NAMES),
        st.tuples(st.just("remove"), NAMES),
        st.tuples(st.just("place"), NAMES),
        st.tuples(st.just("insert"), st.tuples(NAMES, PLACES)),
        st.tuples(st.just("edit"), st.sampled_from(sorted(EDITS))),
        st.tuples(st.just("replace"), st.integers(0, 300)),
    ),
    max_size=40,
)


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@example(
    size=SHORT, operations=[("add", "0"), ("edit", "pop the first"), ("insert", ("128", 0)), ("add", "128")]
)
@given(st.sampled_from([0, SHORT - 2, SHORT, 300]), OPERATIONS)
def test_like_a_plain_list(size: int, operations: list[tuple[str, Any]]) -> None:
    """Whatever is done to a list of children, also behind the parent's back, it stays what a list would be."""
    tree, plain = Tree(leaves=[str(number) for number in range(size)]), [str(n) for n in range(size)]
    for what, with_what in operations:
        if what == "edit":
            EDITS[with_what](tree.leaves)
            EDITS[with_what](plain)
        elif what == "replace":
            tree.leaves, plain = tree.leaves[:with_what], plain[:with_what]
        else:
            assert outcome(tree, what, with_what) == expected(plain, what, with_what)
        assert tree.leaves == plain


def outcome(tree: Tree, what: str, argument: Any) -> Any:
    """Do something by the parent's methods."""
    name, place = argument if what == "insert" else (argument, 0)
    leaf = Leaf(name=name)
    try:
        if what == "insert":
            return tree.insert_child(leaf, place)
        return {"add": tree.add_child, "remove": tree.remove_child, "place": tree.place_of}[what](leaf)
    except (ObjectAlreadyExists, ObjectNotFound) as error:
        return type(error)


def expected(plain: list[str], what: str, argument: Any) -> Any:
    """Do the same with a list."""
    name, place = argument if what == "insert" else (argument, 0)
    there = name in plain
    if what == "place":
        return plain.index(name) if there else None
    if what == "remove":
        return plain.remove(name) if there else ObjectNotFound
    if there:
        return ObjectAlreadyExists
    return plain.insert(place, name) if what == "insert" else plain.append(name)


def test_index_of_another_list() -> None:
    """An index fits its own list only, and no list that has one name twice."""
    uids = ["a", "b"]
    index = ChildIndex(uids)

    assert index.fits(uids)
    assert not index.fits(["a", "b"])
    assert not ChildIndex(["a", "a"]).fits(["a", "a"])


@pytest.mark.parametrize("size", [2, SHORT + 2])
def test_listed_twice(size: int) -> None:
    """A list that names one child twice, as only others make it, loses one of them at a time."""
    tree = Tree(leaves=[*(str(number) for number in range(size)), "0"])

    with pytest.raises(ObjectAlreadyExists):
        tree.add_child(Leaf(name="0"))
    tree.remove_child(Leaf(name="0"))

    assert tree.leaves == [*(str(number) for number in range(1, size)), "0"]


# Adding below a parent ------------------------------------------------------------------------------------


def test_add_below_a_parent() -> None:
    """One call adds an object and lists it."""
    wood = Wood("w")
    tree, leaf = Tree(), Leaf(name="a")
    wood.add(tree)
    wood.add(leaf, parent=tree)

    assert (tree.leaves, wood.get(Leaf, "a")) == (["a"], leaf)


def test_add_below_a_parent_that_has_it() -> None:
    """Adding what is there and listed is an error, and takes nothing away."""
    wood = Wood("w")
    tree, leaf = Tree(), Leaf(name="a")
    wood.add(tree)
    wood.add(leaf, parent=tree)

    with pytest.raises(ObjectAlreadyExists):
        wood.add(leaf, parent=tree)

    assert (tree.leaves, wood.get_or_none(Leaf, "a")) == (["a"], leaf)


def test_add_below_a_wrong_parent() -> None:
    """What a parent can't have is not added; what was there stays."""
    wood = Wood("w")
    one, other = Tree(), Tree(name="u")
    wood.add(one)

    with pytest.raises(ObjectStoreWrongType):
        wood.add(other, parent=one)
    assert wood.get_or_none(Tree, "u") is None

    wood.add(other)
    with pytest.raises(ObjectStoreWrongType):
        wood.add(other, parent=one)
    assert wood.get_or_none(Tree, "u") is other


@pytest.mark.parametrize(
    ("rows", "listed"),
    [
        ([{"name": "a"}, {"name": "b"}, {"name": "a"}], []),
        ([{"name": "a"}, {"name": "there"}], []),
        ([{"name": "a"}, {"name": "b"}], ["b"]),
        ([{"name": "a"}, {"name": "b", "size": "large"}], []),
        ([{"name": "a"}, {}], []),
    ],
    ids=["twice", "there already", "listed already", "invalid", "no name"],
)
def test_add_many_adds_all_or_none(rows: list[dict[str, Any]], listed: list[str]) -> None:
    """One wrong row keeps all of them out, and off the parent's list."""
    wood, tree = Wood("w"), Tree(leaves=listed)
    wood.add(tree)
    wood.add(Leaf(name="there"))

    with pytest.raises((ObjectAlreadyExists, ValueError)):
        wood.add_many(Leaf, rows, parent=tree)

    assert [leaf.name for leaf in wood.get_all(Leaf)] == ["there"]
    assert tree.leaves == listed


def test_add_many_below_a_wrong_parent() -> None:
    """Nor is anything added below a parent of the wrong kind."""
    wood, tree = Wood("w"), Tree()
    wood.add(tree)

    with pytest.raises(ObjectStoreWrongType):
        wood.add_many(Tree, [{"name": "x"}, {"name": "y"}], parent=tree)

    assert wood.count() == 1


def test_add_many_of_several_models() -> None:
    """Objects of several models that are added together all belong to the adapter."""
    wood, tree, leaf = Wood("w"), Tree(), Leaf(name="a")

    wood.store.add_many([tree, leaf])

    assert (tree.adapter, leaf.adapter) == (wood, wood)


# Linear ---------------------------------------------------------------------------------------------------


def wide(size: int) -> tuple[Wood, Tree, list[Leaf]]:
    wood, tree = Wood("w"), Tree()
    wood.add(tree)
    return wood, tree, [Leaf.trusted(name=str(number)) for number in range(size)]


def adding(size: int) -> Callable[[], None]:
    wood, tree, leaves = wide(size)

    def work() -> None:
        for leaf in leaves:
            wood.add(leaf, parent=tree)

    return work


def removing(size: int) -> Callable[[], None]:
    wood, tree, leaves = wide(size)
    wood.store.add_many(leaves)
    tree.add_children(leaves)

    def work() -> None:
        for leaf in leaves[:: size // 1000]:
            tree.remove_child(leaf)
            wood.remove(leaf)

    return work


def synchronising(size: int) -> Callable[[], None]:
    (actual, tree, leaves), (intended, other, more) = wide(size), wide(size)
    for wood, parent, group in ((actual, tree, leaves), (intended, other, more[size // 100 :])):
        wood.store.add_many(group)
        parent.add_children(group)

    def work() -> None:
        actual.sync_from(intended)
        assert tree.leaves == other.leaves

    return work


def taking_back(size: int) -> Callable[[], None]:
    wood, tree, leaves = wide(size)
    wood.store.add_many(leaves)
    tree.add_children(leaves)
    gone: list[tuple[Leaf, int]] = []
    for leaf in leaves[:: size // 500]:
        gone.append((leaf, tree.place_of(leaf) or 0))
        tree.remove_child(leaf)

    def work() -> None:
        for leaf, place in reversed(gone):
            tree.insert_child(leaf, place)
        assert tree.leaves == [leaf.name for leaf in leaves]

    return work


@pytest.mark.parametrize("what", [adding, synchronising], ids=lambda what: what.__name__)
def test_linear(what: Callable[[int], Callable[[], None]]) -> None:
    """Ten times as many children under one parent take about ten times as long, and by no means a hundred."""
    seconds = {size: measured(what, size) for size in (10_000, 100_000)}

    assert seconds[100_000] < 30 * seconds[10_000]


def forest(trees: int, *, shift: int = 0) -> Wood:
    """Return trees of ten leaves, whose first leaf hangs on the tree that stands so many further."""
    wood = Wood("w")
    for number in range(trees):
        first = f"{(number + shift) % trees}/0"
        wood.add(
            Tree.trusted(name=str(number), leaves=[first, *(f"{number}/{leaf}" for leaf in range(1, 10))])
        )
    wood.store.add_many([Leaf.trusted(name=f"{tree}/{leaf}") for tree in range(trees) for leaf in range(10)])
    return wood


def felling(trees: int) -> Callable[[], None]:
    actual, intended = forest(trees), Wood("none")

    def work() -> None:
        actual.sync_from(intended)
        assert actual.count() == 0

    return work


def grafting(trees: int) -> Callable[[], None]:
    actual, intended = forest(trees), forest(trees, shift=1)

    def work() -> None:
        assert len(actual.sync(intended).objects) == trees
        assert {tree.name: set(tree.leaves) for tree in actual.get_all(Tree)} == {
            tree.name: set(tree.leaves) for tree in intended.get_all(Tree)
        }

    return work


@pytest.mark.parametrize("what", [felling, grafting], ids=lambda what: what.__name__)
def test_many_parents(what: Callable[[int], Callable[[], None]]) -> None:
    """Deleting parents with their children, and moving children, is linear in the number of parents too."""
    seconds = {size: measured(what, size) for size in (200, 2_000)}

    assert seconds[2_000] < 30 * seconds[200]


@pytest.mark.parametrize("what", [removing, taking_back], ids=lambda what: what.__name__)
def test_few_of_many(what: Callable[[int], Callable[[], None]]) -> None:
    """So many children of a parent can be removed, or hung up again, whether it has many or very many."""
    seconds = {size: measured(what, size) for size in (10_000, 100_000)}

    assert seconds[100_000] < 30 * seconds[10_000]
    assert seconds[100_000] < 2


def measured(what: Callable[[int], Callable[[], None]], size: int) -> float:
    work = what(size)
    started = time.process_time()
    work()
    return time.process_time() - started
