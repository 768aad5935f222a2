"""What counts as the same: per attribute, in any order, in any case, by a function; and values that are not plain."""

from __future__ import annotations

from enum import Enum
from ipaddress import IPv4Address, IPv4Interface
from typing import Annotated, Any, ClassVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, PlainSerializer, SecretStr, computed_field, field_serializer

from driftline.engine import Adapter, DiffSyncModel
from driftline.engine.comparison import normalisers

LISTS: list[Any] = []


def record(**namespace: Any) -> type[DiffSyncModel]:
    """Return a model `thing`, identified by `name`, with the one attribute `value`."""
    annotations = {"name": str, **namespace.pop("fields", {"value": Any})}
    return type(DiffSyncModel)(
        "Thing",
        namespace.pop("bases", (DiffSyncModel,)),
        {
            "__module__": __name__,
            "__annotations__": annotations,
            "_modelname": "thing",
            "_identifiers": ("name",),
            "_attributes": ("value",),
            **namespace,
        },
    )


def adapter_of(model: Any, *rows: dict[str, Any]) -> Adapter:
    """Return an adapter with such things."""
    cls = type("Things", (Adapter,), {"thing": model, "top_level": ["thing"]})
    adapter = cls("things")
    for row in rows:
        adapter.add(model(**{"name": "x", **row}))
    return adapter


def differ(model: Any, one: Any, other: Any) -> bool:
    """Return whether two things differ that have these values, whichever of them is wanted."""
    forth, back = (
        adapter_of(model, {"value": a}).diff_from(adapter_of(model, {"value": b})).has_diffs()
        for a, b in ((one, other), (other, one))
    )
    assert forth is back
    return forth


# Any order ------------------------------------------------------------------------------------------------

UNORDERED = record(_unordered=("value",))


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ([1, 2], [2, 1], True),
        ([1, 2], [2, 2], False),
        ([1, 1, 2], [2, 1, 1], True),
        ([1], [1, 1], False),
        (["a", 1, None, 2.5], [None, 2.5, "a", 1], True),
        ([{"b": 1, "a": 2}, {"c": 3}], [{"c": 3}, {"a": 2, "b": 1}], True),
        ([[1, 2], [3]], [[3], [1, 2]], True),
        ([[1, 2]], [[2, 1]], False),
        ([IPv4Address("10.0.0.1"), IPv4Address("10.0.0.2")], [IPv4Address("10.0.0.2"), IPv4Address("10.0.0.1")], True),
        ((1, 2), [2, 1], True),
        ({"a", "b"}, ["b", "a"], True),
        (None, None, True),
        (None, [], False),
        (None, [None], False),
        ("ab", "ba", False),
        ({"a": 1}, {"a": 2}, False),
        (1, 2, False),
        (1, [1], False),
        ([True], [1], True),
    ],
)  # fmt: skip
def test_any_order(one: Any, other: Any, same: bool) -> None:  # noqa: FBT001 - the expected answer
    """Lists are the same in any order, whatever is in them; nothing else has an order to be ignored."""
    assert differ(UNORDERED, one, other) is not same


@given(
    st.lists(st.one_of(st.none(), st.integers(), st.text(), st.booleans(), st.lists(st.integers()))),
    st.randoms(),
)
@settings(max_examples=100)
def test_shuffled(values: list[Any], chance: Any) -> None:
    """A shuffled list is the same."""
    shuffled = list(values)
    chance.shuffle(shuffled)
    (function,) = normalisers({}, (), ("value",)).values()

    assert function(values) == function(shuffled)


# Any case -------------------------------------------------------------------------------------------------

NO_CASE = record(_ignore_case=("value",))


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("LEAF", "leaf", True),
        ("Straße", "STRASSE", True),
        ("a", "b", False),
        (["A", "b"], ["a", "B"], True),
        (["a", "b"], ["b", "a"], False),
        ([["A"], "b"], [["a"], "B"], True),
        ({"A", "b"}, {"a", "B"}, True),
        ({"k": "A"}, {"k": "a"}, True),
        ({"K": "a"}, {"k": "a"}, False),
        (None, None, True),
        (None, "", False),
        (1, 1, True),
        (["A", 1, None], ["a", 1, None], True),
    ],
)  # fmt: skip
def test_any_case(one: Any, other: Any, same: bool) -> None:  # noqa: FBT001 - the expected answer
    """Texts are the same in upper and lower case, also within lists, sets and the values of dictionaries."""
    assert differ(NO_CASE, one, other) is not same


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (["B", "a"], ["b", "A"], True),
        (["B", "a"], ["A", "b"], True),
        (["A", "a"], ["a", "b"], False),
        ({"B", "a"}, {"A", "b"}, True),
    ],
)
def test_any_order_and_any_case(one: Any, other: Any, same: bool) -> None:  # noqa: FBT001 - the expected answer
    """Both at once: what is sorted is what is compared."""
    assert differ(record(_unordered=("value",), _ignore_case=("value",)), one, other) is not same


# By a function --------------------------------------------------------------------------------------------


def test_by_a_function() -> None:
    """Values are the same when the function makes them equal; it hears of None, too."""
    model = record(_normalise={"value": lambda value: (value or "").strip()})

    assert not differ(model, " a", "a ")
    assert not differ(model, None, "  ")
    assert differ(model, "a", None)


def test_function_and_case() -> None:
    """The function comes first."""
    model = record(_normalise={"value": lambda value: value.replace("-", "")}, _ignore_case=("value",))

    assert not differ(model, "AA-BB", "aabb")


def test_inherited() -> None:
    """A subclass compares as its base does, and can say otherwise."""
    base = record(_unordered=("value",), _ignore_case=("value",))

    assert not differ(record(bases=(base,), fields={}), ["B", "a"], ["A", "b"])
    assert differ(record(bases=(base,), fields={}, _unordered=()), ["B", "a"], ["A", "b"])
    assert not differ(base, ["B", "a"], ["A", "b"])


# Identifiers ----------------------------------------------------------------------------------------------


def test_identifiers() -> None:
    """An object is the same one, however its identifiers are spelled; a new one keeps the source's spelling."""
    model = record(_ignore_case=("name",))
    actual = adapter_of(model, {"name": "LEAF1", "value": 1})
    intended = adapter_of(model, {"name": "leaf1", "value": 2}, {"name": "Leaf2", "value": 2})

    assert actual.diff_from(intended).summary() == {
        "create": 1,
        "update": 1,
        "delete": 0,
        "no-change": 0,
        "skip": 0,
    }
    actual.sync_from(intended)

    assert [thing.name for thing in actual.get_all("thing")] == ["LEAF1", "Leaf2"]
    assert actual.get("thing", {"name": "LEAF2"}).name == "Leaf2"
    assert not actual.diff_from(intended).has_diffs()


def test_identifiers_by_a_function() -> None:
    """So it is with a function, and several identifiers."""
    model = record(
        fields={"name": str, "slot": int | None, "value": Any},
        _identifiers=("name", "slot"),
        _normalise={"name": str.strip, "slot": lambda slot: slot or 0},
    )
    one = adapter_of(model, {"name": " a", "slot": None, "value": 1})
    other = adapter_of(model, {"name": "a ", "slot": 0, "value": 1})

    assert not one.diff_from(other).has_diffs()


# Values that are not plain --------------------------------------------------------------------------------


class Point(BaseModel):
    """A model within a model."""

    x: int
    y: int = 0


class Colour(Enum):
    """A choice."""

    RED = "red"
    BLUE = "blue"


def rounded(value: float) -> int:
    return round(value)


@pytest.mark.parametrize(
    ("annotation", "one", "same", "another"),
    [
        (Point, Point(x=1), {"x": 1, "y": 0}, Point(x=2)),
        (list[Point], [Point(x=1)], [{"x": 1}], [Point(x=1), Point(x=1)]),
        (dict[str, Point | None], {"a": Point(x=1), "b": None}, {"a": {"x": 1}, "b": None}, {"a": None, "b": None}),
        (Annotated[float, PlainSerializer(rounded)], 1.1, 0.9, 2.0),
        (list[Annotated[float, PlainSerializer(rounded)]], [1.1], [0.9], [2.0]),
        (Colour, Colour.RED, "red", "blue"),
        (IPv4Interface, IPv4Interface("10.0.0.1/24"), "10.0.0.1/24", "10.0.0.1/25"),
        (SecretStr, SecretStr("a"), "a", "b"),
        (frozenset[int], frozenset({1, 2}), [2, 1], [1]),
        (tuple[int, ...], (1, 2), [1, 2], [2, 1]),
        (bytes, b"a", "a", "b"),
    ],
)  # fmt: skip
def test_types(annotation: Any, one: Any, same: Any, another: Any) -> None:
    """Nested models, serializers and rich types are compared as they are dumped."""
    model = record(fields={"value": annotation})

    assert not differ(model, one, same)
    assert differ(model, one, another)


@pytest.mark.parametrize("annotation", [Point, list[Point], Annotated[float, PlainSerializer(rounded)]])
def test_not_plain_in_the_diff(annotation: Any) -> None:
    """The diff shows such values as plain ones, and the sync makes them what they were."""
    model = record(fields={"value": annotation})
    value: Any = {"x": 1} if annotation is Point else [{"x": 1}] if annotation == list[Point] else 1.0
    other: Any = {"x": 2} if annotation is Point else [{"x": 2}] if annotation == list[Point] else 5.0
    actual, intended = adapter_of(model, {"value": value}), adapter_of(model, {"value": other})

    diff = actual.diff_from(intended)
    (element,) = diff.get_children()

    assert element.get_attrs_diffs() == {
        "-": {"value": actual.get("thing", "x").get_attrs()["value"]},
        "+": {"value": intended.get("thing", "x").get_attrs()["value"]},
    }
    actual.sync_from(intended)
    assert actual.get("thing", "x").value == intended.get("thing", "x").value


class Serialised(DiffSyncModel):
    """A model with a serializer of its own."""

    _modelname: ClassVar[str] = "thing"
    _identifiers: ClassVar[tuple[str, ...]] = ("name",)
    _attributes: ClassVar[tuple[str, ...]] = ("value",)

    name: str
    value: float

    @field_serializer("value")
    def short(self, value: float) -> int:
        """Round."""
        return round(value)


class Overridden(DiffSyncModel):
    """A model with a `get_attrs` of its own."""

    _modelname: ClassVar[str] = "thing"
    _identifiers: ClassVar[tuple[str, ...]] = ("name",)
    _attributes: ClassVar[tuple[str, ...]] = ("value",)

    name: str
    value: float

    def get_attrs(self) -> dict[str, Any]:
        """Round."""
        return {"value": round(self.value)}


class Computed(DiffSyncModel):
    """A model with an attribute that is no field."""

    _modelname: ClassVar[str] = "thing"
    _identifiers: ClassVar[tuple[str, ...]] = ("name",)
    _attributes: ClassVar[tuple[str, ...]] = ("short",)

    name: str
    value: float

    @computed_field
    @property
    def short(self) -> int:
        """Round."""
        return round(self.value)


@pytest.mark.parametrize("model", [Serialised, Overridden, Computed])
def test_own_ways(model: Any) -> None:
    """A serializer, a `get_attrs` and a computed field decide what is compared."""
    assert not differ(model, 1.1, 0.9)
    assert differ(model, 1.1, 2.2)


def test_as_diffsync() -> None:
    """All of that is as in diffsync, where it is installed."""
    diffsync = pytest.importorskip("diffsync")
    for namespace, pairs in (
        ({"value": Point}, [({"x": 1}, {"x": 1, "y": 0}), ({"x": 1}, {"x": 2})]),
        ({"value": Annotated[float, PlainSerializer(rounded)]}, [(1.1, 0.9), (1.1, 2.2)]),
        ({"value": dict[str, Any]}, [({"a": [1]}, {"a": [1]}), ({"a": [1]}, {"a": [2]})]),
        ({"value": set[str]}, [({"a", "b"}, {"b", "a"}), ({"a"}, set())]),
    ):
        for one, other in pairs:
            answers = []
            for base, adapter in ((DiffSyncModel, Adapter), (diffsync.DiffSyncModel, diffsync.Adapter)):
                model: Any = record(bases=(base,), fields=namespace)
                kind = type("Things", (adapter,), {"thing": model, "top_level": ["thing"]})
                sides = [kind(), kind()]
                for side, value in zip(sides, (one, other), strict=True):
                    side.add(model(name="x", value=value))
                diff = sides[0].diff_from(sides[1])
                answers.append((diff.has_diffs(), diff.dict()))
            assert answers[0] == answers[1]
