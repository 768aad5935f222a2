"""The journal: what every run did, and what can be asked of it."""

from __future__ import annotations

import os
import re
import threading
from typing import TYPE_CHECKING, Any

import pytest

from driftline.engine.exceptions import ObjectStoreException
from driftline.runs.journal import Entry, Journal, JournalError, Kind, RunAmbiguous, RunUnknown, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOW = 1_795_300_000.0


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with Journal.open(tmp_path / "state", clock=lambda: NOW) as opened:
        yield opened


def kinds(entries: list[Entry]) -> list[str]:
    return [f"{entry.unit} {entry.kind}".strip() for entry in entries]


def test_a_run_is_remembered(journal: Journal) -> None:
    """Who began it, with what, what it did, and how it ended: also for who opens the journal later."""
    plan = '{"steps": ["ä", 1]}'
    begun = journal.begin(
        "apply", plan=plan, plan_id="p1", scope="run", ticket="CHG1", comment="why", settings={"revert_in": 9}
    )
    journal.note(begun.id, Kind.COMMIT, "leaf1", before="aa", timer=120)
    journal.note(begun.id, Kind.COMMITTED, "leaf1")
    journal.note(begun.id, Kind.DECISION, decision="confirm")
    assert journal.unfinished() == [begun]
    journal.end(begun.id, "applied", "1 device")

    with Journal(journal.path) as again:
        [run] = again.runs()
        assert again.plan(run.id) == plan
        entries = again.entries(run.id)
        assert again.unfinished() == []
    assert re.fullmatch(r"20261121-\d{6}-[0-9a-f]{6}", run.id)
    assert (run.kind, run.plan_id, run.scope, run.ticket, run.comment) == (
        "apply",
        "p1",
        "run",
        "CHG1",
        "why",
    )
    assert (run.settings, run.process.pid, run.began) == ({"revert_in": 9}, os.getpid(), begun.began)
    assert (run.ended, run.outcome, run.summary) == (begun.began, "applied", "1 device")
    assert kinds(entries) == ["run-begun", "leaf1 commit", "leaf1 committed", "decision", "run-ended"]
    assert (entries[1].data, entries[1].seq) == ({"before": "aa", "timer": 120}, 2)


def test_the_entries_of_a_device(journal: Journal) -> None:
    """A device's history goes over all runs, or is that of one."""
    first, second = journal.begin("apply"), journal.begin("rollback")
    for run in (first, second):
        journal.note(run.id, Kind.COMMIT, "leaf1")
        journal.note(run.id, Kind.COMMIT, "leaf2")

    assert [entry.run for entry in journal.entries(unit="leaf1")] == [first.id, second.id]
    assert kinds(journal.entries(second.id, "leaf1")) == ["leaf1 commit"]
    assert [entry.seq for entry in journal.entries()] == [1, 2, 3, 4, 5, 6]


def test_runs_are_told_the_newest_first(journal: Journal) -> None:
    """As many as are asked for."""
    runs = [journal.begin("apply", of=name) for name in ("a", "b", "c")]
    assert journal.runs(2) == [runs[2], runs[1]]
    assert [run.of for run in journal.runs()] == ["c", "b", "a"]


def test_a_run_is_found_by_the_beginning_of_its_id(journal: Journal) -> None:
    """One that fits several, or none, is refused."""
    first, second = journal.begin("apply"), journal.begin("apply")
    assert [journal.run(first.id), journal.run(second.id[:-1])] == [first, second]

    with pytest.raises(
        RunAmbiguous, match=f"2 runs begin with '2026': {first.id}, {second.id}$"
    ) as ambiguous:
        journal.run("2026")
    assert ambiguous.value.code == "RUN-AMBIGUOUS"
    for unknown in ("", "2027", "%"):
        with pytest.raises(RunUnknown, match="has no run") as error:
            journal.run(unknown)
        assert error.value.code == "RUN-UNKNOWN"


def test_only_what_belongs_to_a_run_is_written(journal: Journal) -> None:
    """Not for a run that never began, not what the journal writes itself, and no second end."""
    run = journal.begin("apply")
    with pytest.raises(RunUnknown):
        journal.note("20250101-000000-000000", Kind.COMMIT)
    with pytest.raises(JournalError, match="written by the journal itself"):
        journal.note(run.id, Kind.RUN_ENDED)
    journal.end(run.id, "applied")
    with pytest.raises(JournalError, match="has ended before") as error:
        journal.end(run.id, "failed")
    assert error.value.code == "RUN-ENDED"
    assert kinds(journal.entries()) == ["run-begun", "run-ended"]


@pytest.mark.parametrize("value", [{1, 2}, object(), b"x", float("nan"), "\ud800", {"a": 1, 2: 3}])
def test_plain_values_only(journal: Journal, value: Any) -> None:
    """Anything else is refused before it is written, and is not quoted."""
    run = journal.begin("apply")
    with pytest.raises(JournalError, match="plain JSON values only") as error:
        journal.note(run.id, Kind.COMMIT, "leaf1", value=value)
    assert (error.value.code, error.value.__cause__) == ("JOURNAL-VALUE", None)
    with pytest.raises(JournalError, match="plain JSON values only"):
        journal.begin("apply", settings={"value": value})
    assert len(journal.entries()) == 1


def test_texts_of_any_kind_are_told_as_they_were(journal: Journal) -> None:
    """Whatever a device is called, and whatever is said of it."""
    text = "é\u2028\n\0'\";--"
    run = journal.begin(text, plan=text, comment=text)
    journal.note(run.id, Kind.FAILED, text, message=text)
    assert (run.comment, run.kind, journal.plan(run.id)) == (text, text, text)
    assert journal.entries(unit=text)[0].data == {"message": text}
    assert journal.verify().holds


def test_many_threads_note_at_once(journal: Journal) -> None:
    """Every entry is there once, in the order in which its thread wrote it, in a chain that holds."""
    run = journal.begin("apply")

    def work(number: int) -> None:
        for step in range(20):
            assert journal.note(run.id, Kind.STEP, f"leaf{number}", step=step).data == {"step": step}

    threads = [threading.Thread(target=work, args=(number,)) for number in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    for number in range(50):
        steps = [entry.data["step"] for entry in journal.entries(run.id, f"leaf{number}")]
        assert steps == list(range(20))
    assert journal.verify().entries == 1001


def test_what_can_not_be_written_is_told_to_all_who_wait(journal: Journal) -> None:
    """When the transaction fails, none of those who took part may believe that it was written."""
    run = journal.begin("apply")
    errors: list[Exception] = []
    gate = threading.Barrier(9)

    def work() -> None:
        gate.wait()
        try:
            journal.note(run.id, Kind.COMMIT)
        except ObjectStoreException as error:
            errors.append(error)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    with journal._file._opened.file.transaction() as connection:
        connection.execute("ALTER TABLE head RENAME TO elsewhere")
    gate.wait()
    for thread in threads:
        thread.join()
    with journal._file._opened.file.transaction() as connection:
        connection.execute("ALTER TABLE elsewhere RENAME TO head")

    assert len(errors) == 8
    assert len(journal.entries()) == 1
    journal.note(run.id, Kind.COMMIT)
    assert journal.verify() == Verdict(2, f"2:{journal.entries()[-1].hash}")


def test_an_interrupted_writer_does_not_hold_up_the_others(journal: Journal) -> None:
    """Ctrl-C in the middle of a transaction takes it back; the next one is written."""
    run = journal.begin("apply")

    def interrupted(_writing: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        journal._file.write(interrupted)
    journal.note(run.id, Kind.COMMIT)
    assert kinds(journal.entries()) == ["run-begun", "commit"]
