"""The YAML dialect: what plain text means, what is refused, and on which line."""

from __future__ import annotations

import math

import pytest
import yaml

from driftline.adapters import yaml12
from driftline.adapters.yaml12 import YamlProblem, parse, plain_value


class PureLoader(yaml12._Depth, yaml.SafeLoader):
    """What is used where PyYAML was built without libyaml."""


@pytest.fixture(params=["libyaml", "pure"])
def loader(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Run with both parsers."""
    if request.param == "pure":
        monkeypatch.setattr(yaml12, "_Loader", PureLoader)
    return request.param


def found(content: str | bytes) -> list[tuple[str, int]]:
    """Return the codes and lines of the problems of a text."""
    try:
        _, _, problems = parse(content if isinstance(content, bytes) else content.encode())
    except YamlProblem as problem:
        return [(problem.code, problem.line)]
    return [(problem.code, problem.line) for problem in problems]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("off", "off"),
        ("on", "on"),
        ("yes", "yes"),
        ("No", "No"),
        ("y", "y"),
        ("12:34:56", "12:34:56"),
        ("2024-01-01", "2024-01-01"),
        ("1_000", "1_000"),
        ("0b11", "0b11"),
        ("010", 10),
        ("0o10", 8),
        ("0x1F", 31),
        ("-7", -7),
        ("+7", 7),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("1.", 1.0),
        ("true", True),
        ("False", False),
        ("tRUE", "tRUE"),
        ("~", None),
        ("Null", None),
        ("", None),
        (".inf", math.inf),
        ("-.INF", -math.inf),
        ("10.0.0.1/24", "10.0.0.1/24"),
        ("10-12,20", "10-12,20"),
        ("1,2", "1,2"),
        (".", "."),
        ("-", "-"),
        ("=", "="),
    ],
)
def test_plain_text_means_what_yaml_1_2_says(text, value):
    """Words that YAML 1.1 converts stay text; numbers are those of the core schema."""
    assert (plain_value(text), type(plain_value(text))) == (value, type(value))


def test_not_a_number():
    """The one value that is not equal to itself."""
    assert math.isnan(plain_value(".nan"))


def test_quoted_text_is_text(loader):
    """Quotes and block scalars keep text from being converted."""
    value, _, problems = parse(b"a: '10'\nb: \"true\"\nc: |\n  1\nd: !!str 5\n")
    assert (value, problems) == ({"a": "10", "b": "true", "c": "1\n", "d": "5"}, [])


def test_keys_can_be_numbers(loader):
    """VLAN ids are written as plain numbers."""
    assert parse(b"10: {name: users}\n0x0b: {}")[0] == {10: {"name": "users"}, 11: {}}


def test_lines_of_keys_and_items(loader):
    """Each key and item knows its line, a collection's key that of the key."""
    _, lines, _ = parse(b"# comment\na:\n  b: 1\n\n  c:\n    - x\n    - {y: 1,\n       z: 2}\n")
    assert lines == [2, {"a": [2, {"b": 3, "c": [5, {"0": 6, "1": [7, {"y": 7, "z": 8}]}]}]}]


def test_aliases_are_understood(loader):
    """Anchors and aliases are part of YAML 1.2."""
    assert parse(b"a: &x {b: 1}\nc: *x\n")[0] == {"a": {"b": 1}, "c": {"b": 1}}


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        pytest.param("a: 1\nb: 2\na: 3\n", [("DOCUMENT-DUPLICATE-KEY", 3)], id="duplicate"),
        pytest.param("10: a\n0xA: b\n", [("DOCUMENT-DUPLICATE-KEY", 2)], id="duplicate-number"),
        pytest.param(
            "a: 1\na: 2\nb: {c: 1, c: 2}\n",
            [("DOCUMENT-DUPLICATE-KEY", 2), ("DOCUMENT-DUPLICATE-KEY", 3)],
            id="two-duplicates",
        ),
        pytest.param("a: &x {b: 1}\nc:\n  <<: *x\n", [("DOCUMENT-MERGE-KEY", 3)], id="merge-key"),
        pytest.param("a: !!python/object:os.system {}\n", [("DOCUMENT-TAG", 1)], id="python-tag"),
        pytest.param("a: 1\nb: !vault x\n", [("DOCUMENT-TAG", 2)], id="own-tag"),
        pytest.param("a: !!set [x]\n", [("DOCUMENT-TAG", 1)], id="list-tag"),
        pytest.param("true: 1\n", [("DOCUMENT-KEY-TYPE", 1)], id="boolean-key"),
        pytest.param("a: 1\n~: 1\n", [("DOCUMENT-KEY-TYPE", 2)], id="null-key"),
        pytest.param("1.5: 1\n", [("DOCUMENT-KEY-TYPE", 1)], id="float-key"),
        pytest.param("[a]: 1\n", [("DOCUMENT-KEY-TYPE", 1)], id="list-key"),
        pytest.param("a: " + "9" * 50, [("DOCUMENT-NUMBER", 1)], id="long-number"),
        pytest.param("a:\n\tb: 1\n", [("DOCUMENT-SYNTAX", 2)], id="tab"),
        pytest.param("a: 1\nb: c: d\n", [("DOCUMENT-SYNTAX", 2)], id="two-colons"),
        pytest.param("a: 1\nb: 'x\nc: 1\n", [("DOCUMENT-SYNTAX", 2)], id="open-quote"),
        pytest.param("a:\n  b: 1\n c: 2\n", [("DOCUMENT-SYNTAX", 3)], id="indentation"),
        pytest.param("a: *x\n", [("DOCUMENT-SYNTAX", 1)], id="undefined-alias"),
        pytest.param("a: 1\n---\nb: 2\n", [("DOCUMENT-SYNTAX", 2)], id="two-documents"),
        pytest.param("a: 1\nb: \x01\n", [("DOCUMENT-SYNTAX", 2)], id="control-character"),
        pytest.param(b"a: 1\nb: \xff\n", [("DOCUMENT-ENCODING", 2)], id="not-utf-8"),
        pytest.param("[" * 100_000, [("DOCUMENT-SYNTAX", 1)], id="deep-flow"),
        pytest.param("- " * 100_000 + "a", [("DOCUMENT-SYNTAX", 1)], id="deep-blocks"),
        pytest.param("a: &x [*x]\n", [("DOCUMENT-TOO-LARGE", 1)], id="alias-of-itself"),
    ],
)
def test_what_is_refused(text, problems, loader):
    """Nothing that could be meant otherwise is taken in silence."""
    assert found(text) == problems


def test_aliases_that_blow_up(loader):
    """A few lines of aliases that stand for 10 million values are refused at once."""
    lines = ["a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 7)]
    [(code, _)] = found("\n".join(lines))
    assert code == "DOCUMENT-TOO-LARGE"


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("a:\n\tb: 1\n", "spaces"),
        ("a: b: c\n", "quotes"),
        ("a: @x\n", "quotes"),
        ("a: *x\n", "quotes"),
        ("a: 'x\n", "quote"),
        ("a: [1,\nb: 2\n", "bracket"),
        ("a: 1\n---\nb: 1\n", "one document"),
        ("a: \x01\n", "control character"),
        ("a:\n  b: 1\n c: 2\n", "indentation"),
    ],
)
def test_what_to_try(text, hint):
    """Broken YAML comes with a hint that fits what is broken."""
    with pytest.raises(YamlProblem) as caught:
        parse(text.encode())
    assert hint in caught.value.hint


def test_byte_order_mark(loader):
    """Editors on Windows write one."""
    assert parse(b"\xef\xbb\xbfa: 1")[0] == {"a": 1}


def test_nothing(loader):
    """Comments alone are no document."""
    assert parse(b"# nothing\n") == (None, 1, [])
