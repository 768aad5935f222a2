"""Adopting drift: the intent is changed so that it says what the devices have, by edits that people can review."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from driftline.adapters.documents import read_bytes
from driftline.engine.exceptions import LoadError, Problem
from driftline.network import name_key

from .cache import digest
from .choosing import Choice, Group, chosen_groups, drifted_objects
from .draft import Change, Draft, Refused
from .editing import HINT, Editing
from .files import Folder, IntentFiles, read_intent
from .intended import intended_devices
from .writing import FileEdit, IntentWriteError, write_files

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from driftline.adapters.documents import Document
    from driftline.engine import Diff

    from .adapter import IntentAdapter

_BOM: Final = b"\xef\xbb\xbf"
_PLACE: Final = re.compile(r"devices/[A-Za-z0-9._-]+:\d+")


@dataclass(frozen=True, slots=True)
class Adoption:
    """What would be changed in the intent, and what can't be; nothing is written yet."""

    changes: tuple[Change, ...]
    problems: tuple[Problem, ...]
    """For each object that was chosen and can't become intent: why, and what to try."""
    edits: tuple[FileEdit, ...]
    """The files as they are and as they would be."""

    def text_diff(self) -> str:
        """Return the change of the files as a unified diff."""
        found: list[str] = []
        for edit in self.edits:
            name = f"{edit.path.parent.name}/{edit.path.name}"
            old, new = (
                _decoded(content).splitlines(keepends=True) for content in (edit.before or b"", edit.after)
            )
            found.extend(
                line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"
                for line in difflib.unified_diff(old, new, name, name)
            )
        return "".join(found)

    def write(self) -> list[Path]:
        """Write all files or none, and return their paths; raises IntentWriteError, when one changed meanwhile too."""
        return write_files(self.edits)


def adopt(intended: IntentAdapter, diff: Diff, choice: Choice | None = None) -> Adoption:
    """Return the edits after which the intent says what the devices have, for the chosen drift and nothing else.

    Args:
        intended: the intended state, loaded from the files that are to be edited.
        diff: actual ← intended.
        choice: which drift; None: all of it.

    Raises:
        IntentWriteError: a file has changed since the intended state was loaded.
        LoadError: the files can't be read.
    """
    files = _unchanged_files(intended)
    return _Adopting(intended, files, diff).adopted(chosen_groups(diff, intended, choice or Choice()))


def _unchanged_files(intended: IntentAdapter) -> IntentFiles:
    problems: list[Problem] = []
    files = read_intent(intended.path, intended.cache_dir, problems)
    now = files.digests
    changed = sorted(
        name for name in {*now, *intended.digests} if now.get(name) != intended.digests.get(name)
    )
    if changed:
        raise IntentWriteError(
            "The drift is older than the intent",
            problems=[
                Problem(name, "ADOPT-CHANGED", "it has changed since it was compared", "compare again")
                for name in changed
            ],
        )
    return files


class _Adopting:
    """Edits files in memory until what is left of the chosen drift makes a valid intent."""

    def __init__(self, intended: IntentAdapter, files: IntentFiles, diff: Diff) -> None:
        self._path = intended.path
        self._digests = intended.digests
        self._files = files
        self._problems: list[Problem] = []
        self._drifted = {
            (device, name_key(str(element.keys["name"]))): element
            for device, element in drifted_objects(diff)
            if element.type == "interface"
        }
        self._contents: dict[str, bytes] = {}

    def adopted(self, groups: list[Group]) -> Adoption:
        """Return the adoption of the groups that can be adopted, with a problem for every other one."""
        while True:
            drafts: dict[str, Draft] = {}
            for device in dict.fromkeys(group.device for group in groups):
                mine = [group for group in groups if group.device == device]
                drafts[device], mine = self._edited(device, mine)
                groups = [group for group in groups if group.device != device or group in mine]
            refused = self._check(drafts, groups)
            if not refused:
                return self._adoption(drafts)
            groups = [group for group in groups if group not in refused]

    def _adoption(self, drafts: Mapping[str, Draft]) -> Adoption:
        changed = [draft for draft in drafts.values() if draft.changes]
        return Adoption(
            changes=tuple(change for draft in changed for change in draft.changes),
            problems=tuple(dict.fromkeys(self._problems)),
            edits=tuple(self._file_edit(draft) for draft in changed),
        )

    def _edited(self, device: str, groups: list[Group]) -> tuple[Draft, list[Group]]:
        """Return a device's file with the groups in it, and those groups; what is refused is a problem."""
        while True:
            draft = self._draft(device)
            editing = Editing(draft, self._files, self._drifted, groups)
            refused = self._first_refused(editing)
            if refused is None:
                return draft, groups
            groups = [group for group in groups if group is not refused]

    def _first_refused(self, editing: Editing) -> Group | None:
        for __, group, edit in editing.edits():
            try:
                edit()
            except Refused as refusal:
                self._refuse(group, refusal)
                return group
        return None

    def _draft(self, device: str) -> Draft:
        name = self._files.devices.files[device].document.name
        content = self._contents.setdefault(device, read_bytes(self._path / name, name))
        if digest(content) != self._digests[name]:
            raise IntentWriteError(f"The file {name} has changed since it was compared", code="ADOPT-CHANGED")
        return Draft(device, name, _decoded(content), self._files.profiles)

    def _file_edit(self, draft: Draft) -> FileEdit:
        before = self._contents[draft.device]
        mark = _BOM if before.startswith(_BOM) else b""
        return FileEdit(self._path / draft.file, before, mark + draft.text.encode())

    # What the intent as a whole would be ------------------------------------------------------------------

    def _check(self, drafts: Mapping[str, Draft], groups: list[Group]) -> list[Group]:
        """Return the groups that would make the intent invalid; each is noted with the reason."""
        problems: list[Problem] = []
        devices = dict(self._files.devices.files)
        for device, draft in drafts.items():
            try:
                devices[device] = draft.parsed()
            except LoadError as error:
                problems.extend(error.problems)
        folder = Folder(files=devices, names=self._files.devices.names)
        intended_devices(replace(self._files, devices=folder), problems)
        documents = {file.document.name: file.document for file in devices.values()}
        refused: list[Group] = []
        for problem in problems:
            blamed = _blamed(problem, drafts, groups, documents)
            for group in blamed:
                self._refuse(group, problem)
            refused.extend(blamed)
        return refused

    def _refuse(self, group: Group, why: Refused | Problem) -> None:
        message = why.message if isinstance(why, Refused) else f"the intent would be wrong: {why.message}"
        hint = why.hint if isinstance(why, Refused) else HINT
        self._problems.extend(
            Problem(group.device, why.code, f"{item.what}: {message}", hint) for item in group.items
        )


def _blamed(
    problem: Problem, drafts: Mapping[str, Draft], groups: list[Group], documents: Mapping[str, Document]
) -> list[Group]:
    """Return the groups that a problem is about: those that it names or points at, or all of its device, or all."""
    told = f"{problem.where} {problem.message}"
    places = {_entry_at(documents, place) for place in _PLACE.findall(told)}

    def is_told_of(group: Group) -> bool:
        file = drafts[group.device].file
        return any(
            (file, name) in places or (_names(told, name) and _names(told, group.device))
            for name in _touched(group)
        )

    named = [group for group in groups if is_told_of(group)]
    beside = [group for group in groups if problem.where.startswith(f"{drafts[group.device].file}:")]
    return named or beside or groups


def _touched(group: Group) -> Iterator[str]:
    """Return the names of the entries that a group is about."""
    for item in group.items:
        sides = (item.element.source_attrs or {}, item.element.dest_attrs or {})
        yield from (str(side["interface"]) for side in sides if "interface" in side)
        yield item.name


def _names(told: str, name: str) -> bool:
    return re.search(rf"(?<![\w./-]){re.escape(name)}(?![\w/-]|\.\w)", told) is not None


def _entry_at(documents: Mapping[str, Document], place: str) -> tuple[str, str]:
    """Return the file and the key of the interface or VLAN that a line belongs to."""
    name, __, line = place.rpartition(":")
    document = documents.get(name)
    keys = (
        []
        if document is None
        else [(s, key) for s in ("vlans", "interfaces") for key in document.data.get(s, {})]
    )
    starts = [(document.lines.find(path), str(path[1])) for path in keys] if document is not None else []
    return name, max((start for start in starts if start[0] <= int(line)), default=(0, ""))[1]


def _decoded(content: bytes) -> str:
    return content.decode("utf-8-sig")
