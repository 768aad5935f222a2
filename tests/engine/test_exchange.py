"""Diffs written down and read back."""

from __future__ import annotations

import enum
import io
import json
import stat
import time
import tracemalloc
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from ipaddress import IPv4Address, IPv4Interface, IPv6Network
from typing import TYPE_CHECKING, Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from driftline.engine import Diff, DiffElement, DiffSyncModelFlags
from driftline.engine.exceptions import DiffException
from driftline.engine.exchange import (
    document,
    from_document,
    from_json,
    from_json_lines,
    iter_lines,
    read_lines,
    to_json,
    to_json_lines,
    write_lines,
)

from .test_analysis import drift

if TYPE_CHECKING:
    from pathlib import Path


class Role(enum.Enum):
    """What a device is for."""

    LEAF = "leaf"
    SPINE = "spine"


def one(value: Any, **more: Any) -> Diff:
    """Return a diff in which one attribute has a value."""
    diff = Diff()
    element = DiffElement("device", "leaf1", {"name": "leaf1"}, "intent", "lab")
    element.add_attrs(source={"x": value, **more}, dest={"x": None, **more})
    diff.add(element)
    return diff


def value_of(diff: Diff) -> Any:
    return diff.children["device"]["leaf1"].source_attrs["x"]  # type: ignore[index]


def lines_of(diff: Diff) -> str:
    file = io.StringIO()
    write_lines(diff, file)
    return file.getvalue()


def read(text: str) -> Diff:
    return read_lines(io.StringIO(text), Diff, DiffElement)


def test_saved_diff_is_applied_as_the_first_would_be(tmp_path: Path) -> None:
    """A diff that was reviewed on paper does what it says."""
    diff, actual, source = drift()
    to_json(diff, tmp_path / "diff.json", indent=2)

    again = from_json((tmp_path / "diff.json").read_text(), Diff, DiffElement)
    actual.sync_from(source, diff=again)

    assert diff == again
    assert diff.summary() == again.summary()
    assert not actual.diff_from(source).has_diffs()


def test_lines_are_the_same_diff(tmp_path: Path) -> None:
    """Lines and document say the same, to the same values, flags and counts."""
    diff, _, _ = drift()

    count = to_json_lines(diff, tmp_path / "diff.jsonl")
    again = from_json_lines(tmp_path / "diff.jsonl", Diff, DiffElement)

    assert count == len((tmp_path / "diff.jsonl").read_text().splitlines()) - 2
    assert document(diff) == document(again)


def test_elements_can_be_read_one_by_one() -> None:
    """Each element comes with its depth and its action, and no tree is built."""
    diff, _, _ = drift()

    found = list(iter_lines(io.StringIO(lines_of(diff)), Diff, DiffElement))

    assert [(depth, each.name, each.action) for depth, each in found] == [
        (0, "ams", None),
        (1, "leaf1", None),
        (2, "Et1", "update"),
        (2, "Et2", "delete"),
        (1, "leaf3", "create"),
        (2, "Et7", "create"),
        (2, "Et8", "create"),
    ]
    assert not any(each.child_diff.has_diffs() for _, each in found)


def test_everything_of_an_element_is_kept() -> None:
    """Also what only applying needs."""
    diff = one(1)
    element = diff.children["device"]["leaf1"]
    element.flags = DiffSyncModelFlags.NATURAL_DELETION_ORDER | DiffSyncModelFlags.SKIP_UNMATCHED_BOTH
    element.changed, element.moved, element.held = ("x",), True, True
    other = DiffElement("device", "leaf2", {"name": "leaf2"}, "other source", "other lab")
    other.source_attrs = {}
    other.child_diff.unchanged, other.child_diff.skipped = 2, 3
    diff.add(other)
    diff.models_processed, diff.unchanged, diff.skipped = 10, 4, 5

    again = read(lines_of(diff))

    copy, second = again.children["device"].values()
    for name in ("type", "name", "keys", "flags", "changed", "moved", "held", "source_name", "dest_name"):
        assert getattr(element, name) == getattr(copy, name)
    assert (second.source_name, second.dest_name, second.action) == ("other source", "other lab", "create")
    assert again.models_processed == 10
    assert diff.summary() == again.summary()


def test_unchanged_objects_are_counted_whether_somebody_looked_or_not() -> None:
    """The counts survive also when all elements were made, since somebody asked for them."""
    diff, _, _ = drift()
    before = diff.summary()
    assert len(list(diff.children["site"]["ams"].get_children())) == 3

    assert before == read(lines_of(diff)).summary()


@pytest.mark.parametrize(
    "value",
    [
        IPv4Address("10.0.0.1"),
        IPv4Interface("10.0.0.1/24"),
        IPv6Network("2001:db8::/32"),
        datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC),
        datetime(2026, 1, 2, 3, 4),  # noqa: DTZ001 - so some people have them
        date(2026, 1, 2),
        timedelta(days=-1, microseconds=7),
        Decimal("1.10"),
        UUID(int=7),
        b"\x00\xff",
        {3, 1, 2},
        frozenset({"b", "a"}),
        ("a", ["b", ("c",)]),
        {1: "a", (2, 3): {"$ip": "10.0.0.1"}},
        {"$ip": "10.0.0.1"},
        {"a": {"$": 1}, "b": None},
        float("inf"),
        -0.0,
        10**400,
        "é \ud800 \u2028\n",
        True,
    ],
)
def test_value_is_exact(value: Any) -> None:
    """A value comes back equal and of its own type."""
    for again in (
        value_of(read(lines_of(one(value)))),
        value_of(from_json(to_json(one(value)), Diff, DiffElement)),
    ):
        assert value == again
        assert repr(value) == repr(again) or isinstance(value, (set, frozenset))
        assert type(value) is type(again)


def test_nan_is_kept() -> None:
    """No number is a value as well."""
    again = value_of(read(lines_of(one(float("nan")))))

    assert again != again  # noqa: PLR0124 - it is what it is


def test_enumerations_are_named_by_the_reader() -> None:
    """A member is saved by its class's name; which class that is says who reads it, and nothing is imported."""
    text = to_json(one([Role.LEAF]))

    assert value_of(from_json(text, Diff, DiffElement, enums=[Role])) == [Role.LEAF]
    with pytest.raises(DiffException, match="the enumeration Role"):
        from_json(text, Diff, DiffElement)


class Text(str):
    """A string that is none."""

    __slots__ = ()


ENDLESS: list[Any] = []
ENDLESS.append(ENDLESS)


@pytest.mark.parametrize(
    "value",
    [object(), Text("x"), [{"a": object()}], datetime(2026, 1, 1, tzinfo=ZoneInfo("Europe/Berlin")), ENDLESS],
    ids=["object", "subclass", "nested", "zone", "endless"],
)
def test_what_has_no_exact_form_is_refused(value: Any, tmp_path: Path) -> None:
    """The error names object and attribute, and no file is left behind."""
    with pytest.raises(DiffException, match="device leaf1 can't be saved: attribute x: ") as raised:
        to_json_lines(one(value), tmp_path / "diff.jsonl")

    assert raised.value.code == "DIFF-VALUE"
    assert raised.value.hint
    assert list(tmp_path.iterdir()) == []


def test_number_without_end_is_refused() -> None:
    """What the language itself refuses to print is an error of ours."""
    for write in (lines_of, to_json):
        with pytest.raises(DiffException, match="can't be saved"):
            write(one(10**5000))


def test_file_is_replaced_whole_and_private(tmp_path: Path) -> None:
    """A failed attempt leaves the old file; a good one has it replaced, for its owner's eyes."""
    path = tmp_path / "diff.jsonl"
    path.write_text("old")
    with pytest.raises(DiffException):
        to_json_lines(one(object()), path)
    assert path.read_text() == "old"

    to_json_lines(one(1), path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [each.name for each in tmp_path.iterdir()] == ["diff.jsonl"]


def test_too_deep_is_refused() -> None:
    """Trees have their limit, on both sides."""
    diff = level = Diff()
    for _ in range(101):
        element = DiffElement("node", "n", {})
        element.source_attrs = {}
        level.add(element)
        level = element.child_diff

    with pytest.raises(DiffException, match="levels deep"):
        lines_of(diff)


HEADER, ELEMENT, CHILD, FOOTER = [*lines_of(drift()[0]).splitlines()[:3], '{"elements": 2}']


def edited(line: str, **fields: Any) -> str:
    return json.dumps({**json.loads(line), **fields})


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([], "line 1: the footer is missing"),
        (["[]"], "it is no driftline-diff"),
        ([edited(HEADER, format="x"), FOOTER], "it is no driftline-diff"),
        ([edited(HEADER, version=2), FOOTER], "version 2"),
        ([edited(HEADER, unchanged=-1), FOOTER], "negative"),
        ([edited(HEADER, sides=["a"]), FOOTER], "sides"),
        ([HEADER], "line 2: the footer is missing"),
        ([HEADER, ELEMENT, CHILD], "line 4: the footer is missing"),
        ([HEADER, ELEMENT, CHILD[:-9]], "line 3: "),
        ([HEADER, ELEMENT, FOOTER], "line 3: the file has 1 elements"),
        ([HEADER, ELEMENT, CHILD, FOOTER, ELEMENT], "line 4: there is something after"),
        ([HEADER, CHILD, FOOTER], "line 2: its parent is missing"),
        ([HEADER, ELEMENT, ELEMENT, FOOTER], "line 3: site ams is there twice"),
        ([HEADER, "7"], "line 2: it is no object"),
        ([HEADER, ""], "line 2: "),
        ([HEADER, "[" * 100_000], "line 2: "),
        ([HEADER, '{"depth": NaN}'], "line 2: NaN is not JSON"),
        ([HEADER, edited(ELEMENT, color="red")], "line 2: 'color' is no field"),
        ([HEADER, edited(ELEMENT, name=7)], "line 2: name must be of type str"),
        ([HEADER, '{"depth": 0}'], "line 2: type is missing"),
        ([HEADER, edited(ELEMENT, flags=["LOUD"])], "line 2: there is no flag 'LOUD'"),
        ([HEADER, edited(ELEMENT, flags=[[]])], "line 2: there is no flag"),
        ([HEADER, edited(ELEMENT, changed=["x"])], "line 2: changed names 'x'"),
        (
            [HEADER, edited(ELEMENT, source={"x": {"$ip": "10.0.0.256"}})],
            r"line 2: x: \$ip has no '10.0.0.256'",
        ),
        ([HEADER, edited(ELEMENT, source={"x": {"$ip": 1}})], r"line 2: x: \$ip"),
        ([HEADER, edited(ELEMENT, source={"x": {"$python": "1"}})], r"line 2: x: there is no tag \$python"),
        ([HEADER, edited(ELEMENT, source={"x": {"$ip": "::1", "a": 1}})], "line 2: x: a tag stands alone"),
        ([HEADER, edited(ELEMENT, source={"x": {"$set": [[]]}})], r"line 2: x: \$set"),
        ([HEADER, edited(ELEMENT, source={"x": {"$float": "1.5"}})], r"line 2: x: \$float"),
    ],
)
def test_broken_file_is_an_error_with_its_line(lines: list[str], message: str) -> None:
    """Whatever is wrong with a file, the error says where."""
    text = "".join(f"{line}\n" for line in lines)

    for attempt in (lambda: read(text), lambda: list(iter_lines(io.StringIO(text), Diff, DiffElement))):
        if "twice" in message and attempt.__code__.co_names[0] == "list":
            continue  # who keeps nothing can't know
        with pytest.raises(DiffException, match=message) as raised:
            attempt()
        assert (raised.value.code, bool(raised.value.hint)) == ("DIFF-FORMAT", True)


def test_file_that_is_no_text(tmp_path: Path) -> None:
    """Bytes that are no text are no diff."""
    (tmp_path / "x").write_bytes(b"\xff\xfe")

    with pytest.raises(DiffException, match="line 1"):
        from_json_lines(tmp_path / "x", Diff, DiffElement)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "line 1"),
        ("{\n1", "line 2"),
        ("[" * 100_000, "recursion"),
        ("[]", "no driftline-diff"),
        (HEADER, "no elements"),
        (edited(HEADER, elements=[1]), "element 1: it is no object"),
    ],
)
def test_broken_document(text: str, message: str) -> None:
    """A document that is none says so."""
    with pytest.raises(DiffException, match=message) as raised:
        from_json(text, Diff, DiffElement)
    assert raised.value.code == "DIFF-FORMAT"


def test_reading_leaves_the_document_alone() -> None:
    """A document can be read twice, and is not part of the diff afterwards."""
    data = document(one({"a": (1,)}))
    before = json.dumps(data)

    first = from_document(data, Diff, DiffElement)
    value_of(first)["a"] = None

    assert before == json.dumps(data)
    assert value_of(from_document(data, Diff, DiffElement)) == {"a": (1,)}


def large(devices: int) -> Diff:
    diff = Diff()
    for number in range(devices):
        device = DiffElement("device", f"leaf{number}", {"name": f"leaf{number}"}, "intent", "lab")
        device.add_attrs(source={"role": "leaf"}, dest={"role": "leaf"})
        for port in range(100):
            element = DiffElement(
                "interface", f"Et{port}", {"device": number, "name": f"Et{port}"}, "intent", "lab"
            )
            values = {
                "mtu": 1500,
                "description": f"port {port}",
                "tags": ["a", "b"],
                "vlan": port,
                "mode": None,
            }
            element.add_attrs(source=values, dest=None if port % 2 else {**values, "mtu": 9000})
            device.add_child(element)
        diff.add(device)
    return diff


def test_large_diff_is_written_in_bounded_memory_and_time(tmp_path: Path) -> None:
    """20,000 changes take a fraction of a second each way, and next to no memory to write."""
    diff, path = large(200), tmp_path / "diff.jsonl"
    started = time.process_time()
    to_json_lines(diff, path)
    again = from_json_lines(path, Diff, DiffElement)
    assert time.process_time() - started < 3
    assert diff == again

    tracemalloc.start()
    to_json_lines(diff, path)
    with path.open() as file:
        assert sum(1 for _ in iter_lines(file, Diff, DiffElement)) == 20_200
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1_000_000 < path.stat().st_size
