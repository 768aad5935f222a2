"""The journal's file: whose it is, and what a crash, a fork or a second process does to it."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from driftline.engine.exceptions import ObjectStoreException
from driftline.runs.journal import Journal, JournalError, Kind

if TYPE_CHECKING:
    from pathlib import Path


def modes(folder: Path) -> dict[str, int]:
    return {file.name: file.stat().st_mode & 0o777 for file in (folder, *folder.iterdir())}


def test_folder_and_files_are_their_owners_alone(tmp_path: Path) -> None:
    """Whatever the umask is, and though somebody has opened them to others."""
    state = tmp_path / "a" / "state"
    before = os.umask(0)
    try:
        with Journal.open(state) as journal:
            journal.begin("apply")
            alone = {"state": 0o700, "journal.db": 0o600, "journal.db-wal": 0o600, "journal.db-shm": 0o600}
            assert modes(state) == alone
            state.chmod(0o777)
            for file in state.iterdir():
                file.chmod(0o666)
            Journal.open(state).close()
            assert modes(state) == alone | {"state": 0o755}
    finally:
        os.umask(before)


def refused(folder: Path) -> str:
    with pytest.raises(JournalError) as error:
        Journal.open(folder)
    assert error.value.code == "JOURNAL-FOLDER"
    assert error.value.hint
    return error.value.message


@pytest.mark.parametrize("name", ["journal.db", "journal.db-wal", "journal.db-shm"])
def test_a_link_in_place_of_a_file(tmp_path: Path, name: str) -> None:
    """Nothing is written to where it leads."""
    (tmp_path / name).symlink_to(tmp_path / "elsewhere")
    assert refused(tmp_path) == f"{tmp_path / name} can't be used: it is no ordinary file"
    assert [file.name for file in tmp_path.iterdir()] == [name]


def test_what_can_not_be_a_state_directory(tmp_path: Path) -> None:
    """A file, and a folder that users share."""
    (tmp_path / "file").touch()
    assert "can't be used: " in refused(tmp_path / "file")
    assert "can't be used: " in refused(tmp_path / "file" / "state")
    tmp_path.chmod(0o1777)
    assert refused(tmp_path) == f"{tmp_path} can't be used: users share it"


def test_the_folder_or_file_of_somebody_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who could read or replace what is in it."""
    Journal.open(tmp_path).close()
    this = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: this + 1)
    assert (
        refused(tmp_path)
        == f"{tmp_path} can't be used: it belongs to user {this}, and this is user {this + 1}"
    )
    with pytest.raises(JournalError, match=r"journal\.db can't be used: it belongs to user"):
        Journal(tmp_path / "journal.db")


def test_a_journal_of_a_newer_version(tmp_path: Path) -> None:
    """It is left alone, and which version is needed is told."""
    Journal.open(tmp_path).close()
    with closing(sqlite3.connect(tmp_path / "journal.db")) as connection:
        connection.execute("PRAGMA user_version = 2")
    with pytest.raises(
        ObjectStoreException, match="its schema is version 2, known here is version 1"
    ) as error:
        Journal.open(tmp_path)
    assert (error.value.code, error.value.hint) == (
        "STORE-FORMAT",
        "use the version of driftline that wrote it, or name another file",
    )


WRITER = r"""
import os, sys, threading
from pathlib import Path
from driftline.runs.journal import Journal, Kind
journal = Journal.open(Path(sys.argv[1]))
run = journal.begin("apply", plan="{}")
def work(name):
    for number in range(int(sys.argv[2])):
        entry = journal.note(run.id, Kind.STEP, name, step=number)
        os.write(1, b"%d\n" % entry.seq)
threads = [threading.Thread(target=work, args=(f"leaf{each}",)) for each in range(5)]
for thread in threads: thread.start()
for thread in threads: thread.join()
"""


def test_killed_in_the_middle(tmp_path: Path) -> None:
    """What was told to be written is there, the chain holds, and the next run goes on with it."""
    for moment in (1, 40, 300):
        with subprocess.Popen(
            [sys.executable, "-c", WRITER, tmp_path, "100000"], stdout=subprocess.PIPE, text=True
        ) as writer:
            assert writer.stdout is not None
            told = [int(writer.stdout.readline()) for _ in range(moment)]
            writer.send_signal(signal.SIGKILL)
            told += [int(line) for line in writer.stdout.readlines() if line.endswith("\n")]
        with Journal.open(tmp_path) as journal:
            assert set(told) <= {entry.seq for entry in journal.entries()}
            assert journal.verify().problem == ""
            assert len(journal.unfinished()) == len(journal.runs())
            journal.begin("apply")


def test_processes_append_at_the_same_time(tmp_path: Path) -> None:
    """Three of them begin a new file together, with five threads each: one chain."""
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, tmp_path, "30"], stdout=subprocess.DEVNULL)
        for _ in range(3)
    ]
    assert [writer.wait(timeout=60) for writer in writers] == [0, 0, 0]
    with Journal.open(tmp_path) as journal:
        assert (journal.verify().entries, journal.verify().problem) == (453, "")
        assert len(journal.runs()) == 3


def test_after_a_fork(tmp_path: Path) -> None:
    """Parent and child go on, each with a connection of its own, though another thread was writing just then."""
    with Journal.open(tmp_path) as journal:
        run = journal.begin("apply")
        changed = journal._file._opened.changed
        with changed:  # held at the moment of the fork
            child = os.fork()
            if child == 0:
                journal.note(run.id, Kind.STEP, "child")
                journal.close()
                os._exit(0 if journal.verify().holds else 1)
        journal.note(run.id, Kind.STEP, "parent")
        assert os.waitpid(child, 0)[1] == 0
        journal.note(run.id, Kind.STEP, "parent")
        assert sorted(entry.unit for entry in journal.entries()) == ["", "child", "parent", "parent"]
        assert journal.verify().holds


MAKERS = """
import os, sys, time
from pathlib import Path
from driftline.runs.journal import Journal
failures = 0
for number in range(60):
    start, folder = time.time() + 0.01, Path(sys.argv[1], str(number))
    for _ in range(4):
        if os.fork() == 0:
            while time.time() < start:
                pass
            try:
                Journal.open(folder).begin("apply")
            finally:
                os._exit(sys.exc_info()[0] is not None)
    failures += sum(os.wait()[1] != 0 for _ in range(4))
    failures += Journal.open(folder).verify().entries != 4
sys.exit(failures)
"""


def test_processes_that_make_the_file_at_the_same_time(tmp_path: Path) -> None:
    """None of them fails because another one was quicker."""
    assert subprocess.run([sys.executable, "-c", MAKERS, tmp_path], check=False, timeout=60).returncode == 0
