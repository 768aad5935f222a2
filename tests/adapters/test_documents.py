"""Documents: files to values with lines, and values to schemas with problems."""

from __future__ import annotations

from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field

from driftline.adapters import documents, yaml12
from driftline.engine.exceptions import LoadError, Problem


class Login(BaseModel):
    """A part of the settings."""

    model_config = ConfigDict(extra="forbid", strict=True)

    username: str
    password: str = ""


class Settings(BaseModel):
    """A schema such as the settings have."""

    model_config = ConfigDict(extra="forbid", strict=True)

    intent: str
    workers: Annotated[int, Field(ge=1, le=500)] = 50
    scope: Literal["unit", "site", "run"] = "unit"
    check: bool = False
    ratio: float = 1.0
    logins: dict[str, Login] = {}
    chain: list[Login] | None = None
    tags: list[str] = []


@pytest.fixture
def read(tmp_path):
    """Return a function that reads a text as a file of settings."""

    def read_text(text: str | bytes) -> documents.Document:
        path = tmp_path / "driftline.yml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return documents.read(path, "driftline.yml")

    return read_text


def problems_of(document: documents.Document) -> tuple[Problem, ...]:
    """Return what is wrong with a document."""
    with pytest.raises(LoadError) as caught:
        documents.validate(document, Settings, "SETTINGS")
    return caught.value.problems


def test_a_valid_file(read):
    """A file becomes its schema."""
    settings = documents.validate(read("intent: a\nlogins: {x: {username: u}}\n"), Settings)
    assert settings == Settings(intent="a", logins={"x": Login(username="u")})


def test_the_path_is_the_name(tmp_path):
    """Without another name the file is called by its path."""
    path = tmp_path / "a.yml"
    path.write_text("a: 1\n")
    assert documents.read(path).name == str(path)


def test_lines(read):
    """A key path finds its line; what is not in the file finds the line above it."""
    lines = read("a:\n  b:\n    - x\n    - y\nc: 1\n").lines
    paths = [(), ("a",), ("a", "b"), ("a", "b", 1), ("a", "b", 7), ("a", "nothing"), ("c", "below")]
    assert [lines.find(path) for path in paths] == [1, 1, 2, 4, 2, 1, 5]


def test_text_in_a_list_is_found_by_itself(read):
    """A list of addresses is looked up like a map of them."""
    document = read("a:\n  - x\n  - y\n  - z: 1\n    q: 2\n")
    assert [document.where(("a", step)) for step in ("x", "y", "nothing")] == [
        "driftline.yml:2",
        "driftline.yml:3",
        "driftline.yml:1",
    ]
    assert document.where(("a", 2, "q")) == "driftline.yml:5"


@pytest.mark.parametrize(
    ("content", "code", "where"),
    [
        (b"", "DOCUMENT-EMPTY", "driftline.yml:1"),
        (b"# only a comment\n", "DOCUMENT-EMPTY", "driftline.yml:1"),
        (b"- a\n", "DOCUMENT-NOT-A-MAP", "driftline.yml:1"),
        (b"just text\n", "DOCUMENT-NOT-A-MAP", "driftline.yml:1"),
        (b"a: [\n", "DOCUMENT-SYNTAX", "driftline.yml:2"),
        (b"a: \xe9\n", "DOCUMENT-ENCODING", "driftline.yml:1"),
        (b"a: 1\na: 2\n", "DOCUMENT-DUPLICATE-KEY", "driftline.yml:2"),
    ],
)
def test_files_that_are_no_documents(content, code, where, read):
    """What can't be used is told with file and line."""
    with pytest.raises(LoadError) as caught:
        read(content)
    [problem] = caught.value.problems
    assert (problem.code, problem.where) == (code, where)
    assert (caught.value.code, caught.value.hint) == (code, problem.hint)
    assert problem.hint


def test_a_missing_file(tmp_path):
    """A file that is not there is told by name."""
    with pytest.raises(LoadError, match="No such file") as caught:
        documents.read(tmp_path / "none.yml", "none.yml")
    assert caught.value.problems[0].where == "none.yml"


def test_a_folder_is_no_file(tmp_path):
    """Nor can a folder be read."""
    with pytest.raises(LoadError, match="can't be read"):
        documents.read(tmp_path)


def test_a_file_beyond_all_measure(read, monkeypatch):
    """A file of absurd size is refused before it is parsed."""
    monkeypatch.setattr(documents, "MAX_BYTES", 10)
    with pytest.raises(LoadError, match="more than 10 bytes"):
        read("a: 1234567890\n")
    assert yaml12.MAX_BYTES > 1_000_000


@pytest.mark.parametrize(
    ("text", "code", "line", "message", "hint"),
    [
        ("intent: a\nworkerz: 1\n", "UNKNOWN-KEY", 2, "not known", "did you mean 'workers'?"),
        ("intent: a\nqqqqq: 1\n", "UNKNOWN-KEY", 2, "not known", "known are chain, check,"),
        ("check: true\n", "MISSING-KEY", 1, "intent: this key is missing", "add"),
        ("intent: 5\n", "TYPE", 1, "expected text, found the number 5", "quotes"),
        ("intent: true\n", "TYPE", 1, "expected text, found true", "quotes"),
        (
            "intent: a\nworkers: '7'\n",
            "TYPE",
            2,
            "expected a whole number, found the text '7'",
            "without quotes",
        ),
        ("intent: a\nworkers: many\n", "TYPE", 2, "found the text 'many'", ""),
        ("intent: a\nworkers: 1.5\n", "TYPE", 2, "found the number 1.5", ""),
        ("intent: a\nratio: x\n", "TYPE", 2, "expected a number", ""),
        (
            "intent: a\ncheck: yes\n",
            "TYPE",
            2,
            "expected true or false, found the text 'yes'",
            "true or false",
        ),
        ("intent: a\nworkers: 0\n", "VALUE", 2, "expected at least 1, found the number 0", ""),
        ("intent: a\nworkers: 501\n", "VALUE", 2, "expected at most 500", ""),
        ("intent: a\nscope: all\n", "VALUE", 2, "expected 'unit', 'site' or 'run', found the text 'all'", ""),
        ("intent: a\nlogins:\n", "BLANK", 2, "nothing after the colon", "{}"),
        ("intent: a\ntags:\n", "BLANK", 2, "nothing after the colon", "[]"),
        ("intent: a\nlogins:\n  x:\n", "BLANK", 3, "logins: x: ", "{}"),
        ("intent: a\nlogins: 5\n", "TYPE", 2, "expected a map, found the number 5", ""),
        ("intent: a\ntags: {}\n", "TYPE", 2, "expected a list, found a map", ""),
        ("intent: a\ntags: [a,\n  5]\n", "TYPE", 3, "tags: 1: expected text", "quotes"),
        ("intent: a\nlogins:\n  5: {username: u}\n", "TYPE", 3, "expected text", "quotes"),
        ("intent: a\nlogins: {x: {user: u, username: u}}", "UNKNOWN-KEY", 2, "", "'username'"),
        ("intent: a\nchain:\n  - {user: u, username: u}", "UNKNOWN-KEY", 3, "", "'username'"),
    ],
)
def test_what_does_not_fit(text, code, line, message, hint, read):
    """Each kind of mismatch is told in the file's words, on its line."""
    [problem] = problems_of(read(text))
    assert (problem.code, problem.where) == (f"SETTINGS-{code}", f"driftline.yml:{line}")
    assert message in problem.message
    assert hint in problem.hint
    assert problem.hint


def test_all_problems_at_once(read):
    """Nobody has to repair a file one error at a time."""
    problems = problems_of(read("workers: 0\nscope: x\nzzz: 1\n"))
    assert [(problem.where, problem.code) for problem in problems] == [
        ("driftline.yml:1", "SETTINGS-MISSING-KEY"),
        ("driftline.yml:1", "SETTINGS-VALUE"),
        ("driftline.yml:2", "SETTINGS-VALUE"),
        ("driftline.yml:3", "SETTINGS-UNKNOWN-KEY"),
    ]


def test_secrets_are_not_shown(read):
    """A password in the wrong type is not repeated, and is in no chained error either."""
    document = read("intent: a\nlogins: {x: {username: u, password: 31337}}\n")
    with pytest.raises(LoadError) as caught:
        documents.validate(document, Settings)
    assert "31337" not in str(caught.value) + str(caught.value.problems)
    assert caught.value.__cause__ is None
    context = caught.value.__context__
    while context is not None:
        assert "31337" not in repr(context)
        context = context.__cause__ or context.__context__


def test_long_values_are_cut():
    """A message stays readable, whatever was written."""
    assert len(documents.shown("x" * 1000)) < 100


def test_problems_are_sorted_by_line():
    """Line 12 comes after line 2."""
    problems = [Problem(where=where, code="X", message="m") for where in ("b:12", "b:2", "a:3", "a", "b:2")]
    error = documents.load_error("All", problems)
    assert [problem.where for problem in error.problems] == ["a", "a:3", "b:2", "b:12"]
