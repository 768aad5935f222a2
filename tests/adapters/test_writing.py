"""Writing the intent: text that is read as it was meant, edits that touch nothing else, and all files or none."""

from __future__ import annotations

import copy
import os
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from driftline.adapters.intent import IntentWriteError, text_edits, yaml_text
from driftline.adapters.intent.writing import FileEdit, write_files
from driftline.adapters.yaml12 import parse

WORD = st.from_regex(r"[a-z][a-z0-9]{0,5}", fullmatch=True)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12) | st.sampled_from(
    [
        "no",
        "on",
        "1:30",
        "0o7",
        "1e3",
        "~",
        "",
        "- a",
        "a: b",
        "a #b",
        "{",
        "10,20",
        "'",
        '"',
        "2024-01-01",
        "=",
        "<<",
    ]
)
SCALAR = st.none() | st.booleans() | st.integers() | TEXT
MAP = st.dictionaries(WORD | st.integers(1, 50), SCALAR, max_size=4)
DATA = st.dictionaries(
    WORD,
    SCALAR | MAP | st.dictionaries(WORD, MAP, max_size=3) | st.lists(WORD, max_size=3),
    min_size=1,
    max_size=4,
)
LAYOUTS = [
    {"default_flow_style": False, "indent": 4},
    {"default_flow_style": True, "width": 40},
    {"default_flow_style": None},
    {"default_flow_style": False, "line_break": "\r\n"},
]


def value_of(text: str) -> Any:
    """Return what a text means; it must be without problems."""
    value, _, problems = parse(text.encode())
    assert problems == []
    return value


# Values as text -------------------------------------------------------------------------------------------


@settings(max_examples=200, deadline=None)
@given(DATA)
def test_what_is_written_is_what_is_read(data):
    """By the strict reader of YAML 1.2, and texts by those of 1.1 as well."""
    text = yaml_text.document(data)
    assert repr(value_of(text)) == repr(data)
    assert value_of(yaml_text.inline(data)) == data


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(WORD, TEXT, max_size=4))
def test_text_is_read_as_text_by_yaml_1_1(data):
    """Ansible and others read our files with PyYAML."""
    assert yaml.safe_load(yaml_text.document(data)) == data


# Edits of text --------------------------------------------------------------------------------------------


@settings(max_examples=300, deadline=None)
@given(DATA, st.sampled_from(LAYOUTS), st.data())
def test_an_edit_changes_what_it_should_in_any_layout(data, layout, draw):
    """A value is set, added or taken away; all else means what it meant, and lines elsewhere are as they were."""
    text = yaml.safe_dump(data, sort_keys=False, allow_unicode=True, **layout)
    if value_of(text) != data:  # PyYAML writes some texts for readers of 1.1 only
        return
    path = draw.draw(st.sampled_from(list(paths(data))))
    value = draw.draw(st.just("gone") | SCALAR | MAP)
    meant = copy.deepcopy(data)
    here: Any = meant
    for step in path[:-1]:
        here = here[step]
    try:
        if value == "gone" and path[-1] in here:
            del here[path[-1]]
            edited = text_edits.drop(text, path)
        else:
            here[path[-1]] = value
            edited = text_edits.put(text, path, value)
    except text_edits.Uneditable:
        assert not meant
        return
    assert value_of(edited) == meant
    assert ("\r\n" in edited) <= ("\r\n" in text)


def paths(data: dict[Any, Any]) -> Any:
    """Return the place of each value in maps, and one in each map that is not there."""
    for key, value in [*data.items(), ("added", None)]:
        yield (key,)
        if isinstance(value, dict):
            yield from ((key, *below) for below in paths(value))


@pytest.mark.parametrize(
    ("text", "path", "value", "edited"),
    [
        ("a:\n  b: 1  # one\n  # two\nc: 2\n", ("a", "d"), 3, "a:\n  b: 1  # one\n  d: 3\n  # two\nc: 2\n"),
        ("a: {b: 1}  # one\n", ("a", "c"), "x", "a: {b: 1, c: x}  # one\n"),
        ("a: {}\n", ("a", "c"), None, "a: {c: null}\n"),
        ("a:\nb: 1\n", ("a",), True, "a: true\nb: 1\n"),
        ("a: [1, 2]\n", ("a", 2), 3, "a: [1, 2, 3]\n"),
        ("a:\n- 1  # one\n\nb: 2\n", ("a", 1), 3, "a:\n- 1  # one\n- 3\n\nb: 2\n"),
        ("a: 1", ("b", "c"), 2, "a: 1\nb: {c: 2}"),
        ("a: >-\n  b\n  c\n\nd: 1\n", ("a",), "e", "a: e\n\nd: 1\n"),
        ("{a: 1}\n", ("b",), {"c": 2}, "{a: 1, b: {c: 2}}\n"),
    ],
)
def test_what_is_put_where(text: str, path: tuple[Any, ...], value: Any, edited: str) -> None:
    """Into braces and blocks, maps and lists, beside comments and blank lines."""
    assert text_edits.put(text, path, value) == edited


@pytest.mark.parametrize(
    ("text", "path", "edited"),
    [
        ("a:\n  b: 1  # one\n  # two\n  c: 2\n", ("a", "b"), "a:\n  # two\n  c: 2\n"),
        ("a:\n  b:\n    c: 1\n\n  # two\n  d: 2\n", ("a", "b"), "a:\n\n  # two\n  d: 2\n"),
        ("a:  # why\n  b: 1\n# end\n", ("a", "b"), "a: {}  # why\n# end\n"),
        ("a: {b: 1, c: 2, d: 3}\n", ("a", "b"), "a: {c: 2, d: 3}\n"),
        ("a: {b: 1, c: 2, d: 3}\n", ("a", "d"), "a: {b: 1, c: 2}\n"),
        ("a: {b: 1}  # one\n", ("a", "b"), "a: {}  # one\n"),
        ("a: [x, y]\n", ("a", 0), "a: [y]\n"),
        ("a:\n  - x\n", ("a", 0), "a: []\n"),
    ],
)
def test_what_is_dropped(text: str, path: tuple[Any, ...], edited: str) -> None:
    """With the comment on its own line, and no other."""
    assert text_edits.drop(text, path) == edited


@pytest.mark.parametrize(
    ("text", "edited"),
    [
        ('a: [x, "y:1"]  # one\n', 'a: {x: {}, "y:1": {}}  # one\n'),
        ("a:\n- x  # one\n- y\n", "a:\n  x: {}  # one\n  y: {}\n"),
        ("a: []\n", "a: {}\n"),
    ],
)
def test_a_list_becomes_a_map(text: str, edited: str) -> None:
    """Where there is more to say about one item; comments stay."""
    assert text_edits.as_map(text, ("a",)) == edited


@pytest.mark.parametrize("text", ["a: &x {b: 1}\nc: *x\n", ""])
def test_what_can_t_be_edited_is_refused(text: str) -> None:
    """Rather than that something else changes too."""
    with pytest.raises(text_edits.Uneditable):
        text_edits.put(text, ("a", "b"), 2)


# Files ----------------------------------------------------------------------------------------------------


def edit(path: Path, after: str, before: str | None = None) -> FileEdit:
    return FileEdit(path, None if before is None else before.encode(), after.encode())


def content(folder: Path) -> dict[str, str]:
    """Return every file below a folder, hidden ones too."""
    return {str(p.relative_to(folder)): p.read_text() for p in folder.rglob("*") if p.is_file()}


def test_files_and_folders_are_made(tmp_path: Path) -> None:
    """New ones and ones in place of others."""
    old = tmp_path / "old.yml"
    old.write_text("1")
    new = tmp_path / "a" / "b" / "new.yml"
    assert write_files([edit(old, "2", "1"), edit(new, "3")]) == [old, new]
    assert content(tmp_path) == {"old.yml": "2", "a/b/new.yml": "3"}


@pytest.mark.parametrize("at", range(3))
def test_when_one_can_t_be_written_all_are_as_they_were(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    """Whichever of them it is, and no temporary file or new folder is left."""
    (tmp_path / "old.yml").write_text("1")
    replace, calls = Path.replace, []

    def failing(self: Path, target: Path) -> Path:
        calls.append(target)
        if len(calls) == at + 1:
            raise OSError(28, "No space left on device", str(target))
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", failing)
    edits = [
        edit(tmp_path / "new.yml", "2"),
        edit(tmp_path / "old.yml", "2", "1"),
        edit(tmp_path / "a/x.yml", "2"),
    ]
    with pytest.raises(IntentWriteError) as caught:
        write_files(edits)
    assert caught.value.code == "INTENT-UNWRITABLE"
    assert content(tmp_path) == {"old.yml": "1"}
    assert not (tmp_path / "a").exists()


@pytest.mark.parametrize("there", [None, "other"])
def test_a_file_that_is_not_what_it_was_stops_all(tmp_path: Path, there: str | None) -> None:
    """It was removed or edited by somebody else."""
    if there is not None:
        (tmp_path / "b.yml").write_text(there)
    before = content(tmp_path)
    with pytest.raises(IntentWriteError) as caught:
        write_files([edit(tmp_path / "a.yml", "2"), edit(tmp_path / "b.yml", "2", "1")])
    assert caught.value.code == "INTENT-FILE-CHANGED"
    assert content(tmp_path) == before


def test_a_file_keeps_its_mode_and_a_link_stays_a_link(tmp_path: Path) -> None:
    """What people set up around the files is theirs."""
    real = tmp_path / "real.yml"
    real.write_text("1")
    real.chmod(0o640)
    link = tmp_path / "link.yml"
    link.symlink_to(real)
    write_files([edit(link, "2", "1")])
    assert link.is_symlink()
    assert real.read_text() == "2"
    assert os.stat(real).st_mode & 0o777 == 0o640  # noqa: PTH116


def test_a_folder_that_is_a_file_is_named(tmp_path: Path) -> None:
    """The system's own error never reaches the user."""
    (tmp_path / "devices").write_text("")
    with pytest.raises(IntentWriteError) as caught:
        write_files([edit(tmp_path / "devices" / "leaf1.yml", "1")])
    assert caught.value.code == "INTENT-UNWRITABLE"
    assert content(tmp_path) == {"devices": ""}
