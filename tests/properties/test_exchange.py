"""Diffs on paper, parts of diffs, and three sides: what holds whatever the trees are."""

from __future__ import annotations

import io
import json
from datetime import UTC
from ipaddress import ip_interface, ip_network
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from driftline.engine import Diff, DiffElement
from driftline.engine.analysis import filtered, query, statistics
from driftline.engine.conflicts import ConflictKind, conflicts
from driftline.engine.exceptions import DiffException
from driftline.engine.exchange import (
    document,
    from_document,
    from_json,
    iter_lines,
    read_lines,
    to_json,
    write_lines,
)
from driftline.engine.merging import Apart, merged
from driftline.engine.resolution import resolve
from driftline.engine.snapshot import Snapshot
from driftline.engine.tagged import from_plain, to_plain

from .trees import Tree, trees

pytestmark = pytest.mark.usefixtures("quiet")
FEW = settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
MANY = settings(FEW, max_examples=300)
ACTUAL, INTENDED = trees(), trees(partial=True)

ATOMS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text()
    | st.binary(max_size=8)
    | st.dates()
    | st.datetimes().map(lambda each: each.replace(fold=0))
    | st.datetimes(timezones=st.just(UTC)).map(lambda each: each.replace(fold=0))
    | st.times().map(lambda each: each.replace(fold=0))
    | st.timedeltas()
    | st.decimals(allow_nan=False)
    | st.uuids()
    | st.ip_addresses()
    | st.ip_addresses().map(ip_interface)
    | st.ip_addresses().map(ip_network)
)
HASHABLE = ATOMS | st.lists(ATOMS, max_size=3).map(tuple) | st.frozensets(ATOMS, max_size=3)
VALUES = st.recursive(
    HASHABLE,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.sets(HASHABLE, max_size=3)
        | st.dictionaries(st.text("$ipab", max_size=3), inner, max_size=3)
        | st.dictionaries(HASHABLE, inner, max_size=3)
    ),
    max_leaves=8,
)


def shape(value: Any) -> Any:
    """Return a value with all its types, so that 1, 1.0 and True are not the same."""
    kind = type(value)
    if kind is dict:
        return kind, tuple((shape(key), shape(item)) for key, item in value.items())
    if kind in (list, tuple):
        return kind, tuple(map(shape, value))
    if kind in (set, frozenset):
        return kind, frozenset(map(shape, value))
    return kind, repr(value)


def lines_of(diff: Diff) -> io.StringIO:
    file = io.StringIO()
    write_lines(diff, file)
    file.seek(0)
    return file


# On paper -------------------------------------------------------------------------------------------------


@MANY
@given(VALUES)
def test_value_is_exact(value: Any) -> None:
    """Whatever is written is read back, types and all; the text is JSON."""
    text = json.dumps(to_plain(value), allow_nan=False)

    assert shape(value) == shape(from_plain(json.loads(text), {}))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["$ip", "$set", "$dict", "$enum", "$timedelta", "$decimal", "x"]), inner
        )
    ),
    max_leaves=6,
)


@MANY
@given(JSON)
def test_reading_anything_ends_well_or_in_our_error(plain: Any) -> None:
    """No JSON makes the reader stumble; and what it accepts can be written again."""
    element = {"depth": 0, "type": "a", "name": "b", "keys": {}, "source": {"x": plain}}
    header = {"format": "driftline-diff", "version": 1, "sides": ["a", "b"]}
    counts = {"models_processed": 0, "unchanged": 0, "skipped": 0}
    try:
        diff = from_document({**header, **counts, "elements": [element]}, Diff, DiffElement)
    except DiffException:
        return
    assert diff == from_document(document(diff), Diff, DiffElement)


@FEW
@given(ACTUAL, INTENDED)
def test_diff_is_exact(before: Tree, wanted: Tree) -> None:
    """Both forms give back an equal diff with the same counts, values, flags and order; once more, the same text."""
    diff = before.load("actual").diff_from(wanted.load("intended"))

    for again in (read_lines(lines_of(diff), Diff, DiffElement), from_json(to_json(diff), Diff, DiffElement)):
        assert diff == again
        assert diff.summary() == again.summary()
        assert diff.str() == again.str()
        assert lines_of(diff).getvalue() == lines_of(again).getvalue()
    assert [each.action for _, each in iter_lines(lines_of(diff), Diff, DiffElement)].count(None) == len(
        query(diff, action=None)
    )


@FEW
@given(ACTUAL, INTENDED, st.data())
def test_truncated_file_is_never_a_diff(before: Tree, wanted: Tree, data: Any) -> None:
    """Wherever a file is cut off, it is an error."""
    text = lines_of(before.load("actual").diff_from(wanted.load("intended"))).getvalue()
    cut = data.draw(st.integers(0, len(text) - 2))

    with pytest.raises(DiffException):
        read_lines(io.StringIO(text[:cut]), Diff, DiffElement)


# Parts ----------------------------------------------------------------------------------------------------


def changes(diff: Diff) -> list[tuple[str, str, str]]:
    return [(each.action, each.type, each.name) for each in diff.walk() if each.action is not None]


@FEW
@given(
    ACTUAL,
    INTENDED,
    st.sets(st.sampled_from(["create", "update", "delete"])),
    st.sets(st.sampled_from("sdi")),
)
def test_part_asks_for_what_matched(before: Tree, wanted: Tree, actions: set[str], kinds: set[str]) -> None:
    """A part and the rest make up the whole; neither asks for anything else, and the whole stays as it was."""
    diff = before.load("actual").diff_from(wanted.load("intended"))
    text = to_json(diff)

    def matches(element: DiffElement) -> bool:
        return element.action in actions and element.type[0] in kinds

    part, rest = filtered(diff, matches), filtered(diff, lambda element: not matches(element))

    assert changes(part) == [each for each in changes(diff) if each[0] in actions and each[1][0] in kinds]
    assert sorted(changes(part) + changes(rest)) == sorted(changes(diff))
    assert text == to_json(diff)
    assert sum(statistics(part).by_type.values()) == len(changes(part))


@FEW
@given(ACTUAL, INTENDED)
def test_applied_part_leaves_the_rest(before: Tree, wanted: Tree) -> None:
    """After the updates in place were applied, none is left, and nothing was created or deleted."""
    actual, intended = before.load("actual"), wanted.load("intended")
    part = filtered(actual.diff_from(intended), lambda each: each.action == "update" and not each.moved)
    objects = {(name, uid) for name, found in actual.content.items() for uid in found}

    actual.sync_from(intended, diff=part)

    assert objects == {(name, uid) for name, found in actual.content.items() for uid in found}
    left = actual.diff_from(intended)
    assert [each for each in query(left, action="update") if not each.moved] == []


# Three sides ----------------------------------------------------------------------------------------------


@FEW
@given(ACTUAL, INTENDED)
def test_nothing_changed_at_the_destination(before: Tree, wanted: Tree) -> None:
    """Then there is no conflict, and every strategy applies all that the source changed."""
    actual = before.load("actual")
    diff, base = actual.diff_from(wanted.load("intended")), Snapshot.of(actual)

    assert conflicts(diff, base) == []
    for strategy in ("source_wins", "dest_wins", "merge", "manual"):
        assert diff == resolve(diff, strategy, base).diff


@FEW
@given(ACTUAL, ACTUAL)
def test_nothing_changed_at_the_source(now: Tree, before: Tree) -> None:
    """Then there is no conflict either; the destination's values stay, unless the source is to win."""
    source = before.load("intended")
    diff, base = now.load("actual").diff_from(source), Snapshot.of(source)

    assert conflicts(diff, base) == []
    kept = resolve(diff, "manual", base).diff
    assert not any(each.get_attrs_diffs()["+"] for each in query(kept, action="update"))
    assert query(kept, action="delete") == []
    assert diff == resolve(diff, "source_wins", base).diff


@FEW
@given(ACTUAL, INTENDED, ACTUAL, st.booleans())
def test_destination_keeps_what_it_wins(now: Tree, wanted: Tree, before: Tree, with_base: bool) -> None:  # noqa: FBT001
    """Every conflict is settled and told once, and after the sync the winner's values are there."""
    actual, intended = now.load("actual"), wanted.load("intended")
    base = Snapshot.of(before.load("before")) if with_base else None
    diff = actual.diff_from(intended)

    result = resolve(diff, "dest_wins", base)
    actual.sync_from(intended, diff=result.diff)

    told = [each for each in result.settled if each.kind is not ConflictKind.LOCAL]
    assert {(each.model, each.name, each.attribute) for each in told} == {
        (each.model, each.name, each.attribute) for each in conflicts(diff, base)
    }
    assert len(told) == len(conflicts(diff, base))
    for each in result.settled:
        obj = actual.get_or_none(each.model, each.identity)
        if each.attribute is not None:
            assert each.dest == getattr(obj, each.attribute)
        elif each.winner.value == "dest_wins":
            assert (obj is None) is (each.dest is None)
    assert diff.summary().keys() == result.diff.summary().keys()
    assert sum(diff.summary().values()) == sum(result.diff.summary().values())


ITEMS = st.lists(st.sampled_from("abcde"), unique=True)


@MANY
@given(ITEMS, ITEMS, ITEMS)
def test_merge_has_all_changes(base: list[str], source: list[str], dest: list[str]) -> None:
    """A merged list is the merged set, whichever side is called the source; and a side alone is that side."""
    assert merged(base, source, base) == source
    assert merged(base, base, dest) == dest
    as_set = merged(set(base), set(source), set(dest))
    try:
        both = merged(base, source, dest)
    except Apart:
        return
    assert len(both) == len(set(both))
    assert set(both) == as_set == set(merged(base, dest, source))
