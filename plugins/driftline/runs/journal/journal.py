"""The durable, append-only record of all runs."""

from __future__ import annotations

import getpass
import hashlib
import os
import secrets
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Self

from . import chain
from .errors import JournalError, RunAmbiguous, RunUnknown
from .file import JournalFile
from .folder import private_file, private_folder
from .keeping import KeptTexts
from .leases import Lease, claim
from .process import Process
from .values import Entry, Kind, RunRecord

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from pydantic import SecretStr

    from .file import Writing
    from .values import Kept, Verdict

FILE = "journal.db"

_RUNS = (
    "SELECT begun.run, begun.at, begun.data, ended.at, ended.data FROM entries AS begun "
    "LEFT JOIN entries AS ended ON ended.run = begun.run AND ended.kind = 'run-ended' "
    "WHERE begun.kind = 'run-begun' "
)
_ENTRIES = "SELECT seq, run, at, unit, kind, data, hash FROM entries "


class Journal:
    """What every run did, in one file: nothing in it is ever changed, and each row vouches for those before it.

    It may be used by many threads and by several processes at once, and after a fork. Whatever a method has
    written is on disk when it returns.

        with Journal.open(state_dir, key=key) as journal:
            run = journal.begin("apply", plan=text, plan_id=plan.id)
            with journal.claim(run.id, "leaf1", ttl=60) as lease:
                digest = journal.keep(run.id, "leaf1", "before", configuration)
                journal.note(run.id, Kind.COMMIT, "leaf1", before=digest)
                lease.check()
                ...
            journal.end(run.id, "applied")
    """

    def __init__(
        self,
        path: Path,
        *,
        key: SecretStr | None = None,
        clock: Callable[[], float] = time.time,
        timeout: float = 10.0,
    ) -> None:
        """Open the file, or make it, for this user only.

        Raises JournalError (JOURNAL-FOLDER) when it is a symlink or somebody else's, ObjectStoreException
        (STORE-FORMAT) when it is damaged, something else, or of a newer version.

        Args:
            path: the file; its folder must exist.
            key: any passphrase; texts are then kept encrypted.
            clock: the time, in seconds since 1970.
            timeout: how many seconds to wait for another process that writes.
        """
        private_file(path)
        self.path = path
        self._clock = clock
        self._file = JournalFile(path, clock=clock, timeout=timeout)
        self._kept = KeptTexts(self._file, key, clock)
        self._known: set[str] = set()

    @classmethod
    def open(
        cls, state_dir: Path, *, key: SecretStr | None = None, clock: Callable[[], float] = time.time
    ) -> Self:
        """Open the journal of a state directory, which is made when there is none."""
        return cls(private_folder(state_dir) / FILE, key=key, clock=clock)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    # Runs

    def begin(
        self,
        kind: str,
        *,
        plan: str = "",
        plan_id: str = "",
        scope: str = "",
        ticket: str = "",
        comment: str = "",
        of: str = "",
        settings: Mapping[str, Any] | None = None,
    ) -> RunRecord:
        """Begin a run.

        Raises JournalError: JOURNAL-KEY when the key is not the journal's, JOURNAL-VALUE when a value is no JSON.

        Args:
            kind: `apply`, `remediate`, `rollback`, `restore` …
            plan: the plan's JSON, as it stands.
            scope: how far all or nothing reaches.
            of: the run that this one resumes, or rolls back.
            settings: what a resume has to know; plain values, without secrets.
        """
        self._kept.check_key()
        process = Process.current()
        facts: dict[str, Any] = {
            "kind": kind,
            "user": _user(),
            "process": process.to_dict(),
            "plan_id": plan_id,
            "plan_digest": hashlib.sha256(plan.encode(errors="surrogatepass")).hexdigest(),
            "scope": scope,
            "ticket": ticket,
            "comment": comment,
            "of": of,
            "settings": dict(settings or {}),
        }
        text = chain.json_text(facts, plan)
        run = f"{time.strftime('%Y%m%d-%H%M%S', time.gmtime(self._clock()))}-{secrets.token_hex(3)}"

        def work(writing: Writing) -> Entry:
            writing.execute("INSERT INTO runs (id, plan) VALUES (?, ?)", (run, plan))
            return writing.append(run, Kind.RUN_BEGUN, "", text)

        entry = self._file.write(work)
        self._known.add(run)
        return _record(run, entry.at, entry.data)

    def note(self, run: str, kind: Kind, unit: str = "", **data: Any) -> Entry:
        """Write down what is about to be done, or what came of it; it is on disk when this returns.

        Raises JournalError: RUN-UNKNOWN, JOURNAL-VALUE.

        Args:
            data: plain JSON values; secrets must have been taken out.
        """
        if kind in (Kind.RUN_BEGUN, Kind.RUN_ENDED, Kind.CLAIMED):
            raise JournalError(f"{kind} is written by the journal itself", code="JOURNAL-VALUE")
        self._check_run(run)
        text = chain.json_text(data, run, unit)
        return self._file.write(lambda writing: writing.append(run, kind, unit, text))

    def end(self, run: str, outcome: str, summary: str = "", **data: Any) -> Entry:
        """End a run, and give back the leases that it still has.

        Raises JournalError: RUN-UNKNOWN, RUN-ENDED when it has ended before.
        """
        self._check_run(run)
        text = chain.json_text({**data, "outcome": outcome, "summary": summary})

        def work(writing: Writing) -> Entry:
            if writing.execute(_ENTRIES + "WHERE run = ? AND kind = ?", (run, Kind.RUN_ENDED)):
                raise JournalError(f"run {run} has ended before", code="RUN-ENDED", hint="begin another run")
            writing.execute("DELETE FROM leases WHERE run = ?", (run,))
            return writing.append(run, Kind.RUN_ENDED, "", text)

        return self._file.write(work)

    def runs(self, limit: int | None = None) -> list[RunRecord]:
        """Return the runs, the newest first."""
        rows = self._file.read(_RUNS + "ORDER BY begun.seq DESC LIMIT ?", (-1 if limit is None else limit,))
        return [_row_record(row) for row in rows]

    def unfinished(self) -> list[RunRecord]:
        """Return the runs that have not ended, the newest first: under way, or cut off."""
        rows = self._file.read(_RUNS + "AND ended.seq IS NULL ORDER BY begun.seq DESC")
        return [_row_record(row) for row in rows]

    def ends(self, outcome: str) -> Iterator[dict[str, Any]]:
        """Return what was written down at the end of the runs with this outcome, the newest first."""
        rows = self._file.read(
            "SELECT data FROM entries WHERE kind = 'run-ended' ORDER BY seq DESC LIMIT 1000"
        )
        return (data for (text,) in rows if (data := chain.json_data(text)).get("outcome") == outcome)

    def run(self, prefix: str) -> RunRecord:
        """Return the run with this id, or the only one whose id begins so.

        Raises RunUnknown (RUN-UNKNOWN) or RunAmbiguous (RUN-AMBIGUOUS).
        """
        rows = self._file.read(_RUNS + "AND substr(begun.run, 1, ?) = ?", (len(prefix), prefix))
        if not rows or not prefix:
            raise RunUnknown(f"the journal {self.path} has no run {prefix!r}")
        if len(rows) > 1:
            some = ", ".join(row[0] for row in rows[:3])
            raise RunAmbiguous(f"{len(rows)} runs begin with {prefix!r}: {some}{' …' if rows[3:] else ''}")
        return _row_record(rows[0])

    def plan(self, run: str) -> str:
        """Return the JSON of a run's plan, as it was given; raises JournalError when it was changed since."""
        self._check_run(run)
        plan = str(self._file.read("SELECT plan FROM runs WHERE id = ?", (run,))[0][0])
        [(text,)] = self._file.read("SELECT data FROM entries WHERE run = ? AND kind = 'run-begun'", (run,))
        if hashlib.sha256(plan.encode()).hexdigest() != chain.json_data(text)["plan_digest"]:
            raise JournalError(f"the plan of run {run} was changed in the journal", code="JOURNAL-DAMAGED")
        return plan

    def entries(self, run: str | None = None, unit: str | None = None) -> list[Entry]:
        """Return the entries of a run, of a unit, of both, or all, in order."""
        asked = [(name, value) for name, value in (("run", run), ("unit", unit)) if value is not None]
        where = " AND ".join(f"{name} = ?" for name, __ in asked)
        rows = self._file.read(
            f"{_ENTRIES} {f'WHERE {where}' if where else ''} ORDER BY seq", [value for __, value in asked]
        )
        return [chain.entry(row) for row in rows]

    def verify(self, head: str = "") -> Verdict:
        """Walk the whole chain, and name the first row that was changed, moved or taken away.

        A chain that somebody rewrote from some row to its end fits together again: that is seen only with a
        `head` of an earlier verdict, kept elsewhere.
        """
        return chain.verify(self._file, head)

    # Leases

    def claim(self, run: str, unit: str, ttl: float) -> Lease:
        """Claim a unit for a run, so that no other run writes it; noted as `claimed` in the same transaction.

        A lease that has expired, or whose process on this host has died, is taken over.

        Args:
            ttl: seconds after which the lease expires unless it is checked in between.

        Raises:
            LeaseHeld: another run holds it, or another process of the same host that lives.
        """
        self._check_run(run)
        return claim(self._file, run, unit, ttl, self._clock)

    # Kept texts

    def keep(self, run: str, unit: str, purpose: str, text: str) -> str:
        """Keep a text, compressed, and encrypted when there is a key; return its digest, for an entry's data.

        Raises JournalError: JOURNAL-KEPT when another text was kept under this name, JOURNAL-KEY.
        """
        self._check_run(run)
        return self._kept.keep(run, unit, purpose, text)

    def kept(self, run: str, unit: str, purpose: str, digest: str = "") -> str:
        """Return a kept text; with the digest of an entry, only the one that the entry was about.

        Raises JournalError: JOURNAL-NOT-KEPT, JOURNAL-KEY (none, or the wrong one), JOURNAL-DAMAGED.
        """
        return self._kept.kept(run, unit, purpose, digest)

    def kept_list(self, unit: str | None = None) -> list[Kept]:
        """Return which texts are kept, the newest first."""
        return self._kept.list(unit)

    def prune(self, older_than: float) -> int:
        """Remove kept texts that are older than so many days, and return how many; entries stay for ever.

        Texts of a run that has not ended stay too.
        """
        return self._kept.prune(older_than)

    def _check_run(self, run: str) -> None:
        if run in self._known:
            return
        if not self._file.read("SELECT 1 FROM runs WHERE id = ?", (run,)):
            raise RunUnknown(f"the journal {self.path} has no run {run!r}")
        self._known.add(run)


def _user() -> str:
    with suppress(OSError, KeyError):  # no such user in the system's list
        return getpass.getuser()
    return str(os.getuid())


def _row_record(row: tuple[Any, ...]) -> RunRecord:
    run, at, facts, ended, end = row
    return _record(run, at, chain.json_data(facts), ended or "", chain.json_data(end) if end else {})


def _record(
    run: str, at: str, facts: dict[str, Any], ended: str = "", end: Mapping[str, Any] | None = None
) -> RunRecord:
    known = {name: facts[name] for name in ("kind", "user", "plan_id", "scope", "ticket", "comment", "of")}
    end = end or {}
    return RunRecord(
        id=run,
        began=at,
        process=Process(**facts["process"]),
        settings=facts["settings"],
        ended=ended,
        outcome=end.get("outcome", ""),
        summary=end.get("summary", ""),
        **known,
    )
