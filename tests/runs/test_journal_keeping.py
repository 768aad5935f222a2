"""Kept texts: what a device was like before it was changed."""

from __future__ import annotations

import hashlib
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from pydantic import SecretStr

from driftline.runs.journal import Journal, JournalError, Kept, RunUnknown

if TYPE_CHECKING:
    from pathlib import Path

CANARY = "canary-71ac"
TEXT = f"hostname leaf1\nusername admin secret {CANARY}\n" + "interface Ethernet1\n  no shutdown\n" * 500
DAY = 86400


def keep(folder: Path, key: SecretStr | None = None, text: str = TEXT) -> str:
    """Keep one text, and return its run."""
    with Journal.open(folder, key=key) as journal:
        run = journal.begin("apply").id
        assert journal.keep(run, "leaf1", "before", text) == hashlib.sha256(text.encode()).hexdigest()
    return run


def refused(folder: Path, run: str, key: SecretStr | None, code: str) -> str:
    with Journal.open(folder, key=key) as journal, pytest.raises(JournalError) as error:
        journal.kept(run, "leaf1", "before")
    assert error.value.code == code
    assert error.value.hint
    return error.value.message


@pytest.mark.parametrize("key", [None, SecretStr("pass phrase ä")])
@pytest.mark.parametrize("text", [TEXT, "", "é\r\n\0\udcff"])
def test_a_text_is_kept_to_the_byte(tmp_path: Path, key: SecretStr | None, text: str) -> None:
    """And told to whoever opens the journal later, with what is known of it."""
    with Journal.open(tmp_path, key=key, clock=lambda: 0) as journal:
        run = journal.begin("apply").id
        digest = journal.keep(run, "leaf1", "before", text)
        assert journal.keep(run, "leaf1", "before", text) == digest
        journal.keep(run, "leaf2", "inverse", "no vlan 10")

    with Journal.open(tmp_path, key=key) as journal:
        assert journal.kept(run, "leaf1", "before", digest) == text
        size = len(text.encode(errors="surrogateescape"))
        kept = Kept(run, "leaf1", "before", "1970-01-01T00:00:00.000Z", size, digest, key is not None)
        assert journal.kept_list("leaf1") == [kept]
        assert [each.unit for each in journal.kept_list()] == ["leaf2", "leaf1"]


def test_with_a_key_nothing_can_be_read_in_the_files(tmp_path: Path) -> None:
    """Neither in the database nor in what SQLite puts beside it, nor when it is unpacked."""
    with Journal.open(tmp_path, key=SecretStr("k")) as journal:
        journal.keep(journal.begin("apply").id, "leaf1", "before", CANARY)
        files = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
        [(stored,)] = journal._file.read("SELECT text FROM kept")
    assert set(files) == {"journal.db", "journal.db-wal", "journal.db-shm"}
    assert [name for name, content in files.items() if CANARY.encode() in content] == []
    assert stored.startswith(b"gAAAA")


def test_the_wrong_key(tmp_path: Path) -> None:
    """It is told before a run begins, and before anything is kept with it."""
    run = keep(tmp_path, SecretStr("right"))

    message = refused(tmp_path, run, SecretStr("wrong"), "JOURNAL-KEY")
    assert message == "the key is not the one with which this journal's texts were encrypted"
    with Journal.open(tmp_path, key=SecretStr("wrong")) as journal:
        with pytest.raises(JournalError, match="the key is not the one"):
            journal.begin("apply")
        with pytest.raises(JournalError, match="the key is not the one"):
            journal.keep(run, "leaf2", "before", "x")
        assert len(journal.runs()) == 1


def test_no_key_where_one_is_needed(tmp_path: Path) -> None:
    """What is encrypted stays so; without the key nothing new is kept, since it would be readable."""
    run = keep(tmp_path, SecretStr("right"))
    assert refused(tmp_path, run, None, "JOURNAL-KEY") == "what is kept is encrypted, and there is no key"
    refused(tmp_path, run, SecretStr(""), "JOURNAL-KEY")
    with pytest.raises(JournalError, match="there is no key"):
        keep(tmp_path)


def test_a_key_is_set_later(tmp_path: Path) -> None:
    """What was kept before can still be read, what is kept from then on is encrypted."""
    before = keep(tmp_path)
    after = keep(tmp_path, SecretStr("k"))
    with Journal.open(tmp_path, key=SecretStr("k")) as journal:
        assert journal.kept(before, "leaf1", "before") == journal.kept(after, "leaf1", "before") == TEXT
        assert [kept.encrypted for kept in journal.kept_list()] == [True, False]


def test_another_key_when_nothing_depends_on_the_first(tmp_path: Path) -> None:
    """After all encrypted texts were pruned; a process that still has the first one keeps nothing with it."""
    with Journal.open(tmp_path, key=SecretStr("first")) as old:
        run = old.begin("apply").id
        with Journal.open(tmp_path, key=SecretStr("second")) as new:
            new.begin("apply")
            assert new.keep(run, "leaf1", "before", "x")
        with pytest.raises(JournalError, match="the key is not the one"):
            old.keep(run, "leaf2", "before", "x")


def test_the_first_text_stays(tmp_path: Path) -> None:
    """A retry in the midst of a change must not take the half-changed device for how it was before."""
    run = keep(tmp_path)
    with Journal.open(tmp_path) as journal:
        with pytest.raises(JournalError, match="another text is kept of leaf1 as 'before'") as error:
            journal.keep(run, "leaf1", "before", "half changed")
        assert (error.value.code, journal.kept(run, "leaf1", "before")) == ("JOURNAL-KEPT", TEXT)
        with pytest.raises(RunUnknown):
            journal.keep("x", "leaf1", "before", TEXT)


def test_a_text_that_is_not_there(tmp_path: Path) -> None:
    """It is named."""
    run = keep(tmp_path)
    with (
        Journal.open(tmp_path) as journal,
        pytest.raises(JournalError, match="nothing is kept of leaf9 as") as error,
    ):
        journal.kept(run, "leaf9", "before")
    assert error.value.code == "JOURNAL-NOT-KEPT"


@pytest.mark.parametrize("key", [None, SecretStr("k")])
def test_a_text_that_was_changed_is_not_given_out(tmp_path: Path, key: SecretStr | None) -> None:
    """Damaged, replaced by another one, or not the one that the entry is about."""
    run = keep(tmp_path, key)
    with Journal.open(tmp_path, key=key) as journal:
        journal.keep(run, "leaf2", "before", "another")
        with pytest.raises(JournalError, match="is not what was written") as error:
            journal.kept(run, "leaf1", "before", "digest of another text")
        assert error.value.code == "JOURNAL-DAMAGED"
    for change in ("(SELECT text FROM kept WHERE unit = 'leaf2')", "x'00ff'"):
        with closing(sqlite3.connect(tmp_path / "journal.db", isolation_level=None)) as connection:
            connection.execute("DROP TRIGGER IF EXISTS kept_no_update")
            connection.execute(f"UPDATE kept SET text = {change} WHERE unit = 'leaf1'")  # noqa: S608
        assert "is not what was written" in refused(tmp_path, run, key, "JOURNAL-DAMAGED")


def test_old_texts_are_pruned(tmp_path: Path) -> None:
    """By age; never an entry, and never what a run needs that has not ended. Nothing of them is left in the file."""
    now = [0.0]
    with Journal.open(tmp_path, clock=lambda: now[0]) as journal:
        old, cut_off, young = (journal.begin("apply").id for _ in range(3))
        journal._file.write(lambda writing: writing.execute("PRAGMA secure_delete = OFF"))
        for run in (old, cut_off):
            journal.keep(run, "leaf1", "before", "text")
        digest = journal.keep(old, "leaf1", "other", CANARY)
        now[0] = 20 * DAY
        journal.keep(young, "leaf1", "before", "text")
        for run in (old, young):
            journal.end(run, "applied")
        entries = journal.entries()

        now[0] = 30 * DAY
        assert journal.prune(older_than=30) == 0
        assert journal.prune(older_than=29.5) == 2
        assert [kept.run for kept in journal.kept_list()] == [young, cut_off]
        assert journal.entries() == entries
        assert journal.verify().holds
        journal.end(cut_off, "given up")
        assert journal.prune(older_than=0.5) == 2
        with pytest.raises(JournalError, match="an age is a number of days"):
            journal.prune(older_than=-1)
    content = (tmp_path / "journal.db").read_bytes()
    assert CANARY.encode() not in content
    assert digest.encode() not in content
