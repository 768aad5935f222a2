"""The intent folder: which files there are, what each holds, and how they refer to each other."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Generic, TypeVar

from driftline.adapters.documents import Document, load_error, validate
from driftline.engine.exceptions import LoadError, Problem

from .cache import DocumentCache
from .schema import DeviceFile, Entry, ProfileFile, SiteFile

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

FileT = TypeVar("FileT", DeviceFile, ProfileFile, SiteFile)

SUFFIXES: Final = frozenset({".yml", ".yaml"})
STEM: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
"""What a site, a device or a profile can be named, since a file is."""


@dataclass(frozen=True, slots=True)
class IntentFile(Generic[FileT]):
    """One file: the name that it gives to its object, what it says, and where."""

    name: str
    content: FileT
    document: Document


@dataclass(frozen=True, slots=True)
class Folder(Generic[FileT]):
    """The files of one kind, by name in order; `names` are also those that could not be used."""

    files: dict[str, IntentFile[FileT]] = field(default_factory=dict)
    names: frozenset[str] = frozenset()
    digests: Mapping[str, str] = field(default_factory=dict)
    """The hash of every file's content, by the document's name."""


@dataclass(frozen=True, slots=True)
class IntentFiles:
    """All files of an intent, each correct in itself."""

    sites: Folder[SiteFile]
    devices: Folder[DeviceFile]
    profiles: Folder[ProfileFile]

    @property
    def digests(self) -> dict[str, str]:
        """The hash of every file's content, by the document's name."""
        return {**self.sites.digests, **self.devices.digests, **self.profiles.digests}


def read_intent(path: Path, cache_dir: Path | None, problems: list[Problem]) -> IntentFiles:
    """Return the files of an intent folder; what is wrong in them is added to the problems."""
    if not path.is_dir():
        missing = Problem(
            where=str(path),
            code="INTENT-FOLDER",
            message="there is no such intent folder",
            hint="it is the folder that holds sites/, devices/ and profiles/",
        )
        raise load_error("The intended state can't be loaded", [missing])
    files = IntentFiles(
        sites=_read_folder(path / "sites", SiteFile, cache_dir, problems),
        devices=_read_folder(path / "devices", DeviceFile, cache_dir, problems),
        profiles=_read_folder(path / "profiles", ProfileFile, cache_dir, problems),
    )
    told = any(problem.where.startswith("devices/") for problem in problems)
    if not files.devices.names and not told:
        problems.append(
            Problem(
                where=f"{path}/devices",
                code="INTENT-EMPTY",
                message="the intent has no devices; an empty intent is not taken for 'delete everything'",
                hint="write a file devices/<device>.yml",
            )
        )
    return files


def intent_file(stem: str, document: Document, schema: type[FileT]) -> IntentFile[FileT]:
    """Return a document as what it is in the intent; raises LoadError with every problem in it."""
    content = validate(document, schema, "INTENT")
    _check_name(stem, content, document)
    return IntentFile(name=stem, content=content, document=document)


def _read_folder(
    folder: Path, schema: type[FileT], cache_dir: Path | None, problems: list[Problem]
) -> Folder[FileT]:
    if not folder.is_dir():
        return Folder()
    cache = DocumentCache(folder, cache_dir)
    paths = list(_entries(folder, problems))
    files: dict[str, IntentFile[FileT]] = {}
    for path in _well_named(folder, paths, problems):
        try:
            document = cache.read(path, f"{folder.name}/{path.name}")
            files[path.stem] = intent_file(path.stem, document, schema)
        except LoadError as error:
            problems.extend(error.problems)
    cache.save()
    return Folder(files=files, names=frozenset(path.stem for path in paths), digests=cache.digests)


def _well_named(folder: Path, paths: Iterable[Path], problems: list[Problem]) -> Iterable[Path]:
    """Return one file for each name."""
    found: dict[str, Path] = {}
    for path in paths:
        first = found.setdefault(path.stem.casefold(), path)
        if first is not path:
            problems.append(
                Problem(
                    where=f"{folder.name}/{path.name}",
                    code="INTENT-DUPLICATE-FILE",
                    message=f"{folder.name}/{first.name} has the same name",
                    hint="keep one of the two files",
                )
            )
        if not STEM.fullmatch(path.stem):
            problems.append(
                Problem(
                    where=f"{folder.name}/{path.name}",
                    code="INTENT-FILE-NAME",
                    message=f"{path.stem!r} is not a usable name",
                    hint="use letters, digits, '.', '_' and '-', and start with a letter or digit",
                )
            )
    return found.values()


def _entries(folder: Path, problems: list[Problem]) -> Iterator[Path]:
    try:
        paths = sorted(folder.iterdir())
    except OSError as error:
        problems.append(
            Problem(
                where=f"{folder.name}/",
                code="DOCUMENT-UNREADABLE",
                message=f"the folder can't be read: {error.strerror}",
            )
        )
        return
    for path in paths:
        if path.suffix in SUFFIXES and not path.name.startswith("."):
            yield path
        elif path.is_dir() and any(_yaml_below(path)):
            problems.append(
                Problem(
                    where=f"{folder.name}/{path.name}/",
                    code="INTENT-SUBFOLDER",
                    message="files in a folder below are not read",
                    hint=f"move them to {folder.name}/",
                )
            )


def _yaml_below(folder: Path) -> Iterable[Path]:
    return (path for path in folder.rglob("*.y*ml") if path.suffix in SUFFIXES)


def _check_name(stem: str, content: Entry, document: Document) -> None:
    name = getattr(content, "name", None)
    if name is not None and name != stem:
        problem = Problem(
            where=document.where(("name",)),
            code="INTENT-NAME-MISMATCH",
            message=f"the file is named {stem!r}, but the name in it is {name!r}",
            hint="rename the file, or remove the key 'name'",
        )
        raise load_error(f"The file {document.name} can't be used", [problem])
