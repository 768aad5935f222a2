"""Batches: a run that goes forward in steps."""

from __future__ import annotations

from itertools import chain
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from driftline.engine import Plan, Step
from driftline.engine.exceptions import PlanError, SettingsError
from driftline.engine.plan import Target
from driftline.runs import Batches, cut, dependencies, pairs_from, parse_sizes

LEAFS = [f"{site}-leaf{n}{end}" for site in ("ams", "fra") for n in (1, 2) for end in "ab"]


def site_of(unit: str) -> str:
    return unit.split("-", maxsplit=1)[0]


# Sizes ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "lengths"),
    [
        ("1,10%,100%", [1, 2, 17]),
        ("100%", [20]),
        ("7", [7, 7, 6]),
        ("1, 5", [1, 5, 5, 5, 4]),
        ("12%", [3, 3, 3, 3, 3, 3, 2]),  # 2.4, rounded up
        ("0.1%", [1] * 20),
        ("50", [20]),
    ],
)
def test_sizes_are_numbers_or_shares_and_the_last_repeats(text: str, lengths: list[int]) -> None:
    """A canary, a tenth, the rest."""
    units = [f"d{n:02}" for n in range(20)]
    batches = cut(units, parse_sizes(text))
    assert [len(batch) for batch in batches] == lengths
    assert list(chain(*batches)) == units


@pytest.mark.parametrize("text", ["", ",", "0", "0%", "1,,2", "-1", "ten", "101%", "1;2", "1.5"])
def test_sizes_that_make_no_sense_are_refused(text: str) -> None:
    """With a word about what they look like, on the command line and in the settings."""
    with pytest.raises(SettingsError, match="1,10%,100%") as caught:
        parse_sizes(text)
    assert caught.value.code == "BATCH-SIZES"
    with pytest.raises(ValidationError):
        Batches(sizes=text)


@pytest.mark.parametrize("wrong", [None, {}, [], True, [1, None], 1.5])
def test_sizes_in_the_settings_are_a_text_a_number_or_a_list(wrong: Any) -> None:
    """Anything else is refused like a wrong text."""
    assert Batches(sizes=3).sizes == (3,)
    assert Batches(sizes=[1, "100%"]).sizes == (1, "100%")
    with pytest.raises(ValidationError):
        Batches(sizes=wrong)


def test_settings_survive_a_journal() -> None:
    """What is kept for a resume is read back as it was."""
    made = Batches(
        sizes="1,10%",
        by="role",
        order=["leaf"],
        pairs=[r"(?P<pair>.*)[ab]", ["x", "y"]],
        health=[{"command": "show mlag", "expect": "Active", "wait": "30s"}, {"hook": "bgp"}],
    )
    assert Batches.model_validate(made.model_dump(mode="json")) == made


# Groups ---------------------------------------------------------------------------------------------------


def test_sites_go_one_after_the_other() -> None:
    """Each cut by the sizes for itself, a canary in each."""
    batches = cut(reversed(LEAFS), [1, "100%"], group_of=site_of)
    assert batches == [
        ["ams-leaf2b"],
        ["ams-leaf2a", "ams-leaf1b", "ams-leaf1a"],
        ["fra-leaf2b"],
        ["fra-leaf2a", "fra-leaf1b", "fra-leaf1a"],
    ]


def test_roles_go_in_the_order_given() -> None:
    """The others follow by name."""
    roles = {"a": "spine", "b": "leaf", "c": "border", "d": "leaf"}
    assert cut(roles, ["100%"], group_of=roles.__getitem__, order=["leaf"]) == [["b", "d"], ["c"], ["a"]]


# Pairs ----------------------------------------------------------------------------------------------------


def test_the_two_ends_of_a_pair_are_never_in_one_batch() -> None:
    """Even where the size asks for all at once: then there are more batches."""
    pairs = pairs_from([r"(?P<pair>.*-leaf\d+)[ab]"], LEAFS)
    assert len(pairs) == 4
    batches = cut(LEAFS, ["100%"], apart=pairs)
    assert batches == [[n for n in LEAFS if n.endswith("a")], [n for n in LEAFS if n.endswith("b")]]


def test_pairs_are_listed_or_matched() -> None:
    """What is alone, or not there, is no pair."""
    names = ["ams-leaf1a", "ams-leaf1b", "ams-leaf2a", "core1", "core2"]
    pairs = pairs_from([r"(?P<pair>.*-leaf\d+)[ab]", ["core1", "core2"], ["core1", "gone"]], names)
    assert pairs == [frozenset({"ams-leaf1a", "ams-leaf1b"}), frozenset({"core1", "core2"})]


@pytest.mark.parametrize("pattern", ["(.*)[ab]", "(?P<pear>.*)[ab]", "(?P<pair>.*"])
def test_a_pattern_for_pairs_needs_its_group(pattern: str) -> None:
    """A pattern that pairs nothing is found when the settings are read."""
    with pytest.raises(ValidationError):
        Batches(pairs=[pattern])


# Dependencies ---------------------------------------------------------------------------------------------


def step(name: str, unit: str, *needs: str) -> Step:
    return Step(name, "create", "vlan", {}, name, unit, None, None, {}, needs)


def test_what_a_unit_needs_comes_before_it() -> None:
    """Steps that depend on steps of another unit keep their order, over groups too."""
    steps = (step("1", "a", "2"), step("2", "b"), step("3", "b", "2"), step("4", "c", "gone"))
    plan = Plan(source="s", target=Target("t", "t"), inputs="", steps=steps)
    assert dependencies(plan) == {"a": {"b"}}
    assert cut(["a", "b", "c"], [2], after=dependencies(plan)) == [["b", "c"], ["a"]]
    assert cut(["a", "b"], [1], group_of=str, after={"a": {"b"}}) == [["b"], ["a"]]
    assert cut(["a"], [1], after={"a": {"elsewhere"}}) == [["a"]]


def test_a_circle_is_refused() -> None:
    """It names those that wait for each other."""
    with pytest.raises(PlanError, match="wait for each other: a, b") as caught:
        cut(["a", "b", "c"], [1], after={"a": {"b"}, "b": {"a"}})
    assert caught.value.code == "BATCH-CIRCLE"


# For any network ------------------------------------------------------------------------------------------

names = st.lists(st.integers(0, 30).map(lambda n: f"d{n}"), unique=True, max_size=25)
sizes = st.lists(st.integers(1, 12) | st.integers(1, 100).map(lambda n: f"{n}%"), min_size=1, max_size=4)
sets = st.lists(st.sets(st.integers(0, 30).map(lambda n: f"d{n}"), max_size=4), max_size=8)


@given(names, sizes, sets, st.integers(1, 4), st.data())
def test_batches_keep_their_promises(
    units: list[str], asked: list[Any], apart: list[set[str]], groups: int, data: st.DataObject
) -> None:
    """Everything once, nothing together that must be apart, groups whole, sizes kept, needs first."""
    needs = {
        unit: data.draw(st.sets(st.sampled_from(units[:place]), max_size=2))
        for place, unit in enumerate(units)
        if place
    }

    def group_of(unit: str) -> str:
        return f"g{int(unit[1:]) % groups}"

    batches = cut(units, asked, group_of=group_of, apart=apart, after=needs)
    flat = list(chain(*batches))
    assert sorted(flat) == sorted(units)
    assert all(batches)
    assert [batch for batch in batches if any(len(one & set(batch)) > 1 for one in apart)] == []
    assert [batch for batch in batches if len({group_of(unit) for unit in batch}) > 1] == []
    done = {unit: place for place, unit in enumerate(flat)}
    assert [unit for unit in units if any(done[other] > done[unit] for other in needs.get(unit, ()))] == []
    assert batches == cut(units, asked, group_of=group_of, apart=reversed(apart), after=needs)


@given(names, sizes)
def test_without_conditions_batches_are_as_large_as_asked(units: list[str], asked: list[Any]) -> None:
    """In the order given, none smaller than it must be."""
    batches = cut(units, asked)
    assert list(chain(*batches)) == units
    for number, batch in enumerate(batches):
        size = asked[min(number, len(asked) - 1)]
        wanted = size if isinstance(size, int) else -(-len(units) * int(size[:-1]) // 100)
        assert len(batch) == wanted or number == len(batches) - 1
        assert len(batch) <= max(wanted, 1)


@given(st.integers(1, 40), sizes.map(lambda asked: asked[:1]))
def test_pairs_take_at_most_twice_the_batches(count: int, asked: list[Any]) -> None:
    """Keeping the ends of pairs apart costs little, with batches of one size."""
    units = [f"leaf{n}{end}" for n in range(count) for end in "ab"]
    apart = pairs_from([r"(?P<pair>leaf\d+)[ab]"], units)
    assert len(cut(units, asked, apart=apart)) <= 2 * len(cut(units, asked))
