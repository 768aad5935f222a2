"""The cache of one folder's documents: only files that changed are parsed again.

It is a convenience and never trusted further than that: a cache that is missing, damaged, of another version
or somebody else's is ignored, and a file whose content may have changed is compared by hash.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import structlog

from driftline.adapters import documents
from driftline.adapters.documents import Document, LineTable
from driftline.adapters.private import read_private, write_private

if TYPE_CHECKING:
    from pathlib import Path

_VERSION: Final = 1
_SETTLED_AFTER_NS: Final = 2_000_000_000
"""A file that was changed this shortly before it was read may change again without a new time stamp."""

Entry: TypeAlias = "dict[str, Any]"

log = structlog.get_logger(__name__)


class DocumentCache:
    """Reads the documents of one folder, from the cache where their files are as they were."""

    def __init__(self, folder: Path, cache_dir: Path | None) -> None:
        self.hits = 0
        self.misses = 0
        self.digests: dict[str, str] = {}
        """What was read: the hash of every file's content, by the document's name."""
        self._file = _cache_file(folder, cache_dir) if cache_dir is not None else None
        self._known: dict[str, Entry] = _load(self._file) if self._file is not None else {}
        self._used: dict[str, Entry] = {}
        self._changed = False

    def read(self, path: Path, name: str) -> Document:
        """Return a file's document; raises LoadError when it can't be understood."""
        entry = self._entry(path, name)
        if entry is not None:
            self.hits += 1
            self.digests[name] = entry["sha256"]
            return Document(name=name, data=entry["data"], lines=LineTable(entry["lines"]))
        self.misses += 1
        return self._parsed(path, name)

    def save(self) -> None:
        """Write the cache when something changed; that it can't be written is no reason to fail."""
        if self._file is None or (not self._changed and self._used.keys() == self._known.keys()):
            return
        try:
            storable = (_storable(entry) for entry in self._used.values())
            known = {
                name: stored for name, stored in zip(self._used, storable, strict=True) if stored is not None
            }
            write_private(self._file, json.dumps(known, separators=(",", ":")).encode(), _VERSION)
        except (OSError, ValueError) as error:
            log.debug("intent cache not written", file=str(self._file), error=str(error))

    def _entry(self, path: Path, name: str) -> Entry | None:
        """Return what is known of a file, when it is still true."""
        entry = self._known.get(path.name)
        if entry is None:
            return None
        with suppress(OSError):
            stamp = _stamp(path.stat())
            if entry["stamp"] != stamp or not entry["settled"]:
                entry = self._compared(path, name, stamp, entry)
            if entry is not None:
                self._used[path.name] = entry
            return entry
        return None

    def _compared(self, path: Path, name: str, stamp: list[int], entry: Entry) -> Entry | None:
        if entry["stamp"][0] != stamp[0]:
            return None
        content = documents.read_bytes(path, name)
        if digest(content) != entry["sha256"]:
            return None
        self._changed = True
        return {**entry, "stamp": stamp, "settled": _is_settled(stamp)}

    def _parsed(self, path: Path, name: str) -> Document:
        stamp = None
        if self._file is not None:
            with suppress(OSError):
                # Before the content: a change in between then shows as another stamp the next time.
                stamp = _stamp(path.stat())
        content = documents.read_bytes(path, name)
        document = documents.document(content, name)
        self.digests[name] = digest(content)
        if stamp is not None:
            self._changed = True
            self._used[path.name] = {
                "stamp": stamp,
                "settled": _is_settled(stamp),
                "sha256": self.digests[name],
                "data": document.data,
                "lines": document.lines.root,
            }
        return document


def digest(content: bytes) -> str:
    """Return the hash by which two contents of a file are told apart."""
    return hashlib.sha256(content).hexdigest()


def _stamp(status: os.stat_result) -> list[int]:
    """Return size, time of change and time of inode change: the former can be set back, the latter can't."""
    return [status.st_size, status.st_mtime_ns, status.st_ctime_ns]


def _is_settled(stamp: list[int]) -> bool:
    return max(stamp[1:]) + _SETTLED_AFTER_NS < time.time_ns()


def _cache_file(folder: Path, cache_dir: Path) -> Path:
    """Return the cache file of a folder; two intents that share a cache directory never share a file."""
    where = hashlib.sha256(os.fsencode(folder.resolve())).hexdigest()[:16]
    return cache_dir / f"intent-{folder.name}-{where}.json"


# The file: a line with version and digest, then a line with the entries ------------------------------------


def _load(file: Path) -> dict[str, Entry]:
    try:
        body = read_private(file, _VERSION)
        if body is None:
            return {}
        entries: dict[str, Entry] = json.loads(body)
        for entry in entries.values():
            _restore_numbers(entry["data"], entry.pop("numbers"))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return {}
    return entries


# JSON has no maps with numbers as keys; which keys were numbers is stored beside the data ------------------


def _storable(entry: Entry) -> Entry | None:
    numbers: list[tuple[list[str | int], list[str]]] = []
    return {**entry, "numbers": numbers} if _note_numbers(entry["data"], [], numbers) else None


def _note_numbers(value: Any, path: list[str | int], found: list[tuple[list[str | int], list[str]]]) -> bool:
    """Note the maps with numbers as keys, inner maps first; False when `1` and `"1"` stand side by side."""
    if isinstance(value, list):
        return all(_note_numbers(item, [*path, index], found) for index, item in enumerate(value))
    if not isinstance(value, dict):
        return True
    if not all(
        _note_numbers(item, [*path, str(key)], found)
        for key, item in value.items()
        if isinstance(item, (dict, list))
    ):
        return False
    numbers = [str(key) for key in value if isinstance(key, int)]
    if numbers:
        found.append((path, numbers))
    return not any(number in value for number in numbers)


def _restore_numbers(data: dict[str | int, Any], numbers: list[tuple[list[str | int], list[str]]]) -> None:
    for path, keys in numbers:
        here: Any = data
        for step in path:
            here = here[step]
        restored = {int(key) if key in keys else key: value for key, value in here.items()}
        here.clear()
        here.update(restored)
