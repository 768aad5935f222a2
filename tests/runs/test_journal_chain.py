"""The chain: whatever is changed behind the journal's back is found."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from driftline.runs.journal import Journal, JournalError, Kind

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def written(tmp_path: Path) -> Path:
    """A journal of two runs: entries 1 to 9 and 10 to 18."""
    with Journal.open(tmp_path) as journal:
        for name in ("first", "second"):
            run = journal.begin("apply", plan=f'{{"plan":"{name}"}}')
            for number in range(7):
                journal.note(run.id, Kind.COMMIT, f"leaf{number}", before="aa")
            journal.end(run.id, "applied")
    return journal.path


def tamper(path: Path, *statements: str) -> None:
    """Change the file as somebody with a database program would, who takes away what keeps him from it."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for (trigger,) in connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        ).fetchall():
            connection.execute(f"DROP TRIGGER {trigger}")
        for statement in statements:
            connection.execute(statement)


def found(path: Path, head: str = "") -> tuple[int | None, str]:
    with Journal(path) as journal:
        verdict = journal.verify(head)
    assert verdict.holds == (verdict.seq is None)
    return verdict.seq, verdict.problem


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE entries SET unit = 'x' WHERE seq = 3",
        "DELETE FROM entries WHERE seq = 18",
        "INSERT OR REPLACE INTO entries SELECT seq, run, at, 'x', kind, data, prev, hash FROM entries",
        "UPDATE runs SET plan = ''",
        "DELETE FROM runs",
        "INSERT OR REPLACE INTO runs SELECT id, '' FROM runs",
        "UPDATE kept SET text = ''",
    ],
)
def test_the_file_refuses_changes(written: Path, statement: str) -> None:
    """Nothing that was written is changed or removed by mistake."""
    with Journal(written) as journal:
        journal.keep(journal.runs()[0].id, "leaf1", "before", "text")
    with (
        closing(sqlite3.connect(written)) as connection,
        pytest.raises(sqlite3.IntegrityError, match="the journal is append-only"),
    ):
        connection.execute(statement)
    assert found(written) == (None, "")


@pytest.mark.parametrize("column", ["run", "at", "unit", "kind", "data", "prev", "hash"])
def test_a_changed_entry(written: Path, column: str) -> None:
    """One letter more in any column."""
    tamper(written, f"UPDATE entries SET {column} = {column} || 'x' WHERE seq = 12")  # noqa: S608
    assert found(written) == (12, "entry 12 was changed, or moved here from another place")


def test_a_text_that_moved_to_the_next_column(written: Path) -> None:
    """The same letters, cut elsewhere, are another entry."""
    tamper(written, "UPDATE entries SET unit = 'leaf', kind = '2commit' WHERE seq = 12")
    assert found(written)[0] == 12


def test_a_deleted_entry(written: Path) -> None:
    """A gap in the middle."""
    tamper(written, "DELETE FROM entries WHERE seq = 5")
    assert found(written) == (5, "entry 5 is missing")


def test_swapped_entries(written: Path) -> None:
    """All that they hold, hashes included, in each other's place."""
    tamper(
        written,
        "UPDATE entries SET seq = 99 WHERE seq = 4",
        "UPDATE entries SET seq = 4 WHERE seq = 5",
        "UPDATE entries SET seq = 5 WHERE seq = 99",
    )
    assert found(written) == (4, "entry 4 was changed, or moved here from another place")


def test_a_closed_gap(written: Path) -> None:
    """Those behind moved up."""
    tamper(written, "DELETE FROM entries WHERE seq = 17", "UPDATE entries SET seq = 17 WHERE seq = 18")
    assert found(written)[0] == 17


def test_a_tail_cut_off(written: Path) -> None:
    """Told by the row that knows the last entry; without it, that it is missing."""
    tamper(written, "DELETE FROM entries WHERE seq > 15")
    assert found(written) == (16, "entries 16 to 18 are missing: cut off at the end")
    tamper(written, "DELETE FROM head")
    assert found(written) == (15, "the row that tells the last entry is missing")


def test_everything_cut_off(written: Path) -> None:
    """An emptied journal is no new one."""
    tamper(written, "DELETE FROM entries", "DELETE FROM runs")
    assert found(written) == (1, "entries 1 to 18 are missing: cut off at the end")


def test_an_entry_added_by_hand(written: Path) -> None:
    """Behind the last one that the journal wrote, or with a last one that is not it."""
    tamper(written, "UPDATE head SET hash = 'x'")
    assert found(written) == (18, "the row that tells the last entry was changed")
    tamper(written, "UPDATE head SET seq = 17, hash = (SELECT hash FROM entries WHERE seq = 17)")
    assert found(written) == (18, "entries after 17 were not written by the journal")


def test_a_changed_plan(written: Path) -> None:
    """The plan's text is not in the chain, but its digest is."""
    with Journal(written) as journal:
        run = journal.runs()[0].id
    tamper(written, f"UPDATE runs SET plan = plan || ' ' WHERE id = '{run}'")  # noqa: S608
    assert found(written) == (10, f"the plan of run {run}, begun in entry 10, was changed")
    with (
        Journal(written) as journal,
        pytest.raises(JournalError, match="was changed in the journal") as error,
    ):
        journal.plan(run)
    assert error.value.code == "JOURNAL-DAMAGED"


def test_a_missing_plan_and_one_too_many(written: Path) -> None:
    """Runs and the entries of their beginnings belong together."""
    with Journal(written) as journal:
        run = journal.runs()[1].id
    tamper(written, "INSERT INTO runs VALUES ('x', '')")
    assert found(written)[1] == "there are 3 runs with a plan, and 2 have begun"
    tamper(written, f"DELETE FROM runs WHERE id = '{run}'")  # noqa: S608
    assert found(written) == (1, f"the plan of run {run}, begun in entry 1, is missing")


def test_a_chain_that_was_rewritten_does_not_fit_to_a_known_head(tmp_path: Path) -> None:
    """Who rewrites everything makes a chain that fits; the head that was written down elsewhere tells."""
    heads = []
    for folder in ("true", "forged"):
        with Journal.open(tmp_path / folder) as journal:
            run = journal.begin("apply", comment=folder)
            heads.append(journal.verify().head)
            journal.end(run.id, "applied")
            assert journal.verify(heads[-1]).holds
    forged = tmp_path / "forged" / "journal.db"
    assert found(forged) == (None, "")
    assert found(forged, heads[0]) == (
        1,
        "entry 1 is not the one that the given head names: it was rewritten",
    )
    assert found(forged, "3:aa") == (3, "entries 3 to 3 are missing: cut off at the end")
    with pytest.raises(JournalError, match="'aa' is no head of a journal"):
        found(forged, "aa")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.integers(0, 10_000), bit=st.integers(0, 7))
def test_any_flipped_bit_of_an_entry(written: Path, place: int, bit: int) -> None:
    """Anywhere in the file where an entry's data are: found, with the entry's number."""
    intact = written.read_bytes()
    starts = [each.start() for each in re.finditer(rb'{"before":"aa"}', intact)]
    assert len(starts) == 14
    at = starts[place % 14] + place % 15
    damaged = bytearray(intact)
    damaged[at] ^= 1 << bit
    written.write_bytes(damaged)
    try:
        seq, problem = found(written)
    finally:
        written.write_bytes(intact)
    assert problem == f"entry {seq} was changed, or moved here from another place"


def test_a_file_whose_structure_is_damaged(written: Path) -> None:
    """What can't be read any more is told, not raised."""
    content = bytearray(written.read_bytes())
    content[4096 * 1 : 4096 * 2] = b"\xff" * 4096
    written.write_bytes(content)
    seq, problem = found(written)
    assert seq == 1
    assert "malformed" in problem


def test_the_chain_is_verified_while_it_grows(tmp_path: Path) -> None:
    """Entries that come meanwhile, from another journal on the same file too, are no misfit."""
    with Journal.open(tmp_path) as journal, Journal.open(tmp_path) as other:
        run = journal.begin("apply")
        read, left = journal._file.read, [1, 1, 1, 1, 1]

        def slow(statement: str, values: tuple[object, ...] = ()) -> list[tuple[object, ...]]:
            rows = read(statement, values)
            if "LIMIT" in statement and left:  # behind the rows, and behind the last of them
                left.pop()
                other.note(run.id, Kind.COMMIT)
            return rows

        journal._file.read = slow  # type: ignore[assignment, method-assign]
        assert (journal.verify().entries, left) == (6, [])
