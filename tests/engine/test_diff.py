"""Diffs and their elements, as values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from driftline.engine import Diff, DiffElement
from driftline.engine.exceptions import ObjectAlreadyExists

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def element(
    name: str, source: dict[str, Any] | None = None, dest: dict[str, Any] | None = None, kind: str = "device"
) -> DiffElement:
    made = DiffElement(kind, name, {"name": name}, "intent", "leaf1")
    made.add_attrs(source=source, dest=dest)
    return made


@pytest.mark.parametrize(
    ("source", "dest", "expected"),
    [
        ({"a": 1}, None, "create"),
        ({}, None, "create"),
        (None, {}, "delete"),
        ({"a": 1}, {"a": 2}, "update"),
        ({"a": 1}, {"a": 1}, None),
        ({"a": 1}, {"b": 2}, None),
        (None, None, None),
    ],
)
def test_action(source: Any, dest: Any, expected: str | None) -> None:
    """The action follows from what is there on which side."""
    one = element("x", source, dest)

    assert expected == one.action
    assert (expected is not None) is one.has_diffs()


def test_moved_is_an_update() -> None:
    """An object that only hangs elsewhere has something to be done."""
    one = element("x", {"a": 1}, {"a": 1})
    one.moved = True

    assert one.action == "update"


def test_empty_diff() -> None:
    """A diff without differences is a diff all the same, and an empty one equals another."""
    assert bool(Diff())
    assert Diff() == Diff()
    assert len(Diff()) == 0
    assert Diff().str() == "(no diffs)"
    assert not Diff().has_diffs()


def test_add_twice() -> None:
    """A name is taken once in its group, also by the same element."""
    diff, one = Diff(), element("x", {}, None)
    diff.add(one)

    with pytest.raises(ObjectAlreadyExists):
        diff.add(one)
    with pytest.raises(ObjectAlreadyExists):
        diff.add(element("x"))


def nested(*, mtu: int = 9000) -> Diff:
    diff = Diff()
    leaf1 = element("leaf1", {"role": "leaf"}, {"role": "leaf"})
    leaf1.add_child(element("Et1", {"mtu": mtu}, {"mtu": 1500}, "interface"))
    leaf1.add_child(element("Et2", None, {"mtu": 1500}, "interface"))
    diff.add(leaf1)
    diff.add(element("leaf2", {"role": "leaf"}, None))
    return diff


def test_summary() -> None:
    """Everything is counted, however deep."""
    diff = nested()
    diff.unchanged = 3
    diff.children["device"]["leaf1"].child_diff.skipped = 2

    assert diff.summary() == {"create": 1, "update": 1, "delete": 1, "no-change": 4, "skip": 2}
    assert len(diff) == 7  # unchanged objects count, whether somebody has asked to see them or not


def test_str() -> None:
    """The text names what differs, and the systems."""
    assert nested().str() == (
        "device\n"
        "  device: leaf1\n"
        "    interface\n"
        "      interface: Et1\n"
        "        mtu    intent(9000)    leaf1(1500)\n"
        "      interface: Et2 MISSING in intent\n"
        "  device: leaf2 MISSING in leaf1"
    )


def test_dict() -> None:
    """The values are those that differ, `+` new and `-` old."""
    assert nested().dict() == {
        "device": {
            "leaf1": {
                "+": {},
                "-": {},
                "interface": {"Et1": {"+": {"mtu": 9000}, "-": {"mtu": 1500}}, "Et2": {"-": {"mtu": 1500}}},
            },
            "leaf2": {"+": {"role": "leaf"}},
        }
    }


def test_equal() -> None:
    """Two diffs are equal when they ask for the same."""
    assert nested() == nested()
    assert nested() != nested(mtu=1)
    assert nested() != "a diff"


def test_identity_counts() -> None:
    """Two diffs of objects with one short name and different identities are not equal."""
    one, other = Diff(), Diff()
    one.add(DiffElement("address", "10.0.0.1", {"vrf": "blue"}))
    other.add(DiffElement("address", "10.0.0.1", {"vrf": "red"}))
    for diff in (one, other):
        diff.children["address"]["10.0.0.1"].add_attrs(source={})

    assert one != other


def test_moving_counts() -> None:
    """A diff that moves an object is not equal to one that does not."""
    one, other = nested(), nested()
    one.children["device"]["leaf1"].moved = True

    assert one != other


def test_unchanged_elements_do_not_count() -> None:
    """Elements without a difference ask for nothing."""
    diff = Diff()
    diff.add(element("leaf1", {"a": 1}, {"a": 1}))

    assert Diff() == diff
    assert diff.dict() == {}


def test_order() -> None:
    """Groups come as they were added; a class sets the order within a group."""

    class Backwards(Diff):
        """Devices from z to a."""

        @classmethod
        def order_children_device(cls, children: Mapping[str, DiffElement]) -> Iterator[DiffElement]:
            """Return them from z to a."""
            return iter(sorted(children.values(), reverse=True))

    diff = Backwards()
    for one in (element("v1", {}, None, "vlan"), element("a", {}, None), element("b", {}, None)):
        diff.add(one)

    assert diff.groups() == ["vlan", "device"]
    assert [one.name for one in diff.get_children()] == ["v1", "b", "a"]


def test_walk() -> None:
    """Parents come before their children."""
    assert [one.name for one in nested().walk()] == ["leaf1", "Et1", "Et2", "leaf2"]


def test_elements() -> None:
    """An element counts itself, is ordered by type and name, and is true whatever is below."""
    leaf1 = nested().children["device"]["leaf1"]

    assert len(leaf1) == 3
    assert leaf1
    assert element("a") < element("b") < element("a", kind="vlan")
    assert leaf1.summary() == {"create": 0, "update": 1, "delete": 1, "no-change": 1}
    assert element("a").str() == "device: a (no diffs)"
    text = "device \"a\" : {'name': 'a'} : intent → leaf1 : {'+': {'x': 1}}"
    assert str(element("a", {"x": 1})) == text


def test_a_move_is_told() -> None:
    """An object that differs in nothing but its parent says why it is listed."""
    moved = element("leaf1", {"role": "leaf"}, {"role": "leaf"})
    moved.moved = True

    assert moved.str() == "device: leaf1 (moved)"
    assert element("leaf1", {"role": "leaf"}, {"role": "leaf"}).str() == "device: leaf1"
