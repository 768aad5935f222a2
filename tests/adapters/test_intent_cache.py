"""The cache: unchanged files are not parsed again, and nothing false ever comes out of it."""

from __future__ import annotations

import json
import os
import stat
import time
from typing import TYPE_CHECKING

import pytest

from driftline.adapters.intent import IntentAdapter
from driftline.adapters.intent import cache as cache_module
from driftline.adapters.intent.cache import DocumentCache
from driftline.adapters.private import write_private
from driftline.engine.exceptions import LoadError

if TYPE_CHECKING:
    from pathlib import Path

    from driftline.adapters.documents import Document

TEXT = "vlans:\n  10: {name: users}\n  text: {1: {2: [{3: x}]}}\n"


class Room:
    """A folder with one file, and a place for its cache."""

    def __init__(self, path: Path) -> None:
        self.folder = path / "devices"
        self.cache_dir = path / "cache"
        self.file = self.folder / "a.yml"
        self.folder.mkdir()
        self.write(TEXT)

    def write(self, text: str, *, age: float = 60) -> None:
        """Write the file as if it had been written some seconds ago."""
        self.file.write_text(text)
        moment = time.time() - age
        os.utime(self.file, (moment, moment))

    def read(self) -> tuple[Document, int, int]:
        """Return the document, with the numbers of hits and misses."""
        cache = DocumentCache(self.folder, self.cache_dir)
        document = cache.read(self.file, "devices/a.yml")
        cache.save()
        return document, cache.hits, cache.misses

    @property
    def stored(self) -> Path:
        """The one cache file."""
        [path] = self.cache_dir.iterdir()
        return path

    def forge(self, change) -> None:
        """Change the first entry of the cache, with a header that fits."""
        entries = json.loads(self.stored.read_bytes().partition(b"\n")[2])
        change(entries["a.yml"])
        write_private(self.stored, json.dumps(entries).encode(), cache_module._VERSION)


@pytest.fixture
def room(tmp_path):
    """Return a folder with one file."""
    return Room(tmp_path)


def test_a_hit_is_the_same_document(room):
    """Keys that are numbers, nested ones too, and lines come back as they were."""
    first, hits, misses = room.read()
    assert (hits, misses) == (0, 1)
    again, hits, misses = room.read()
    assert (hits, misses) == (1, 0)
    assert again == first
    assert again.data == {"vlans": {10: {"name": "users"}, "text": {1: {2: [{3: "x"}]}}}}


def test_a_hit_that_is_settled_is_not_read(room, monkeypatch):
    """Size and times are enough for a file that was not changed just now."""
    monkeypatch.setattr("driftline.adapters.intent.cache._SETTLED_AFTER_NS", -(10**10))
    room.read()
    monkeypatch.setattr("driftline.adapters.documents.read_bytes", None)
    assert room.read()[1:] == (1, 0)


def test_a_changed_file_is_parsed(room):
    """Another content, another document."""
    room.read()
    room.write(TEXT + "b: 1\n")
    document, hits, misses = room.read()
    assert (document.data["b"], hits, misses) == (1, 0, 1)


def test_a_change_of_equal_size_at_the_same_time(room):
    """The time stamp of a file can stand still; the content is compared."""
    room.read()
    times = room.file.stat().st_mtime_ns
    room.file.write_text(TEXT.replace("users", "other"))
    os.utime(room.file, ns=(times, times))
    assert room.read()[0].data["vlans"][10] == {"name": "other"}


def test_a_touched_file_is_not_parsed(room):
    """A new time stamp with the same content, as after a checkout, is a hit, and is remembered."""
    room.read()
    room.write(TEXT, age=30)
    before = room.stored.read_bytes()
    assert room.read()[1:] == (1, 0)
    assert room.stored.read_bytes() != before


def test_a_removed_file_is_forgotten(room):
    """The cache holds what is in the folder."""
    (room.folder / "b.yml").write_text("x: 1\n")
    cache = DocumentCache(room.folder, room.cache_dir)
    for name in ("a.yml", "b.yml"):
        cache.read(room.folder / name, name)
    cache.save()
    room.read()
    assert "b.yml" not in room.stored.read_text()


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: b"",
        lambda content: b"not json",
        lambda content: content[: len(content) // 2],
        lambda content: content.replace(b"users", b"wrong"),
        lambda content: content.replace(b'"version": 1', b'"version": 0'),
        lambda content: b"[" * 100_000 + b"\n{}",
        lambda content: b"\xff\n\xff",
        lambda content: b"{}\n[]",
    ],
)
def test_a_damaged_cache_is_ignored(damage, room):
    """Cut off, altered, of another version, or no cache at all: the file is parsed, and the cache mended."""
    room.read()
    room.stored.write_bytes(damage(room.stored.read_bytes()))
    document, hits, misses = room.read()
    assert (document.data["vlans"][10], hits, misses) == ({"name": "users"}, 0, 1)
    assert room.read()[1:] == (1, 0)


@pytest.mark.parametrize(
    "change",
    [
        lambda entry: entry.pop("numbers"),
        lambda entry: entry.update(numbers=[[["nowhere"], ["1"]]]),
        lambda entry: entry.update(numbers=5),
        lambda entry: entry.update(numbers=[[[], ["vlans"]]]),
    ],
)
def test_a_cache_of_another_shape_is_ignored(change, room):
    """Also when its digest fits."""
    room.read()
    room.forge(change)
    assert room.read()[1:] == (0, 1)


def test_only_the_owner_reads_it(room):
    """The file and the folder are nobody else's."""
    room.read()
    assert stat.S_IMODE(room.stored.stat().st_mode) == 0o600
    assert stat.S_IMODE(room.cache_dir.stat().st_mode) == 0o700


def test_a_cache_that_others_can_write_is_ignored(room):
    """Somebody else must not be able to say what is intended."""
    room.read()
    room.stored.chmod(0o666)
    assert room.read()[1:] == (0, 1)


def test_a_link_in_its_place_is_ignored(room, tmp_path):
    """Nor can a link lead elsewhere."""
    room.read()
    elsewhere = tmp_path / "elsewhere.json"
    room.stored.rename(elsewhere)
    next_to_it = DocumentCache(room.folder, room.cache_dir)._file
    next_to_it.symlink_to(elsewhere)
    assert room.read()[1:] == (0, 1)


def test_a_cache_that_can_not_be_written(room):
    """It is never required."""
    room.cache_dir.write_text("a file where the folder should be")
    assert room.read()[0].data["vlans"][10] == {"name": "users"}
    assert room.cache_dir.read_text() == "a file where the folder should be"


def test_no_temporary_files_stay(room, monkeypatch):
    """A write that fails leaves nothing behind."""
    room.read()
    before = room.stored.read_bytes()

    def full(*_args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.replace", full)
    room.write("x: 1\n")
    room.read()
    assert room.stored.read_bytes() == before


def test_keys_that_differ_only_in_type_are_not_cached(room):
    """JSON could not tell 1 from "1"."""
    room.write('a: {1: x, "1": y}\n')
    for _ in range(2):
        document, hits, misses = room.read()
        assert (document.data, hits, misses) == ({"a": {1: "x", "1": "y"}}, 0, 1)


def test_broken_files_are_not_cached(room):
    """They are told every time."""
    room.write("a: [\n")
    for _ in range(2):
        with pytest.raises(LoadError):
            room.read()


def test_without_a_cache(room):
    """Nothing is written when no place for it was given."""
    cache = DocumentCache(room.folder, None)
    cache.read(room.file, "a.yml")
    cache.save()
    assert (cache.misses, room.cache_dir.exists()) == (1, False)


def test_two_intents_share_a_cache_directory(tmp_path):
    """Files of the same name in different folders do not meet."""
    for name in ("one", "two"):
        folder = tmp_path / name / "devices"
        folder.mkdir(parents=True)
        (folder / "a.yml").write_text(f"x: {name}\n")
    for _ in range(2):
        for name in ("one", "two"):
            cache = DocumentCache(tmp_path / name / "devices", tmp_path / "cache")
            assert cache.read(tmp_path / name / "devices" / "a.yml", "a.yml").data == {"x": name}
            cache.save()


def test_an_intent_from_the_cache(intent, tmp_path):
    """The whole intent is the same from files and from the cache."""
    intent.device("vlans: {30: {name: x}}\ninterfaces: {Ethernet1-4: {profile: access-port}}\n")
    loads = [IntentAdapter(intent.path, cache_dir=cache) for cache in (None, tmp_path / "c", tmp_path / "c")]
    for adapter in loads:
        adapter.load()
    assert loads[0].dict() == loads[1].dict() == loads[2].dict()


def test_problems_from_the_cache(intent, tmp_path):
    """Lines are cached with the documents."""
    intent.device("interfaces:\n  Ethernet1:\n    mtu: 5\n")
    for _ in range(2):
        with pytest.raises(LoadError) as caught:
            IntentAdapter(intent.path, cache_dir=tmp_path / "c").load()
        assert [problem.where for problem in caught.value.problems] == ["devices/ams-leaf1.yml:6"]
