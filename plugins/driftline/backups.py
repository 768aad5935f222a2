"""The configurations that were kept before devices were changed, and bringing them back whole."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from driftline.applied import About, Applied
from driftline.engine.executor import execute
from driftline.engine.plan import Plan
from driftline.engine.policy import Policy
from driftline.reading import devices_of
from driftline.rollout import Watch, telling
from driftline.runs.recorded import Recorder
from driftline.runs.standing import Standing, standings
from driftline.state import open_journal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from driftline.engine import Step
    from driftline.engine.results import RunResult
    from driftline.engine.transaction import Transaction
    from driftline.runs.journal import Journal
    from driftline.settings import Settings

RESTORE = "restore"
"""The kind of run that replaces whole configurations; it has no steps."""


def backup(journal: Journal, prefix: str, device: str) -> str:
    """Return a device's configuration as it was before a run; raises JournalError when none was kept."""
    run = journal.run(prefix)
    standing = standings(journal.entries(run.id)).get(device, Standing())
    return kept_text(journal, run.id, device, standing.first)


def texts_before(journal: Journal, run: str, units: Iterable[str]) -> dict[str, str]:
    """Return the configurations of units as they were before a run."""
    stands = standings(journal.entries(run))
    return {unit: kept_text(journal, run, unit, stands.get(unit, Standing()).first) for unit in units}


def kept_text(journal: Journal, run: str, unit: str, kept: Mapping[str, str] | None) -> str:
    """Return the configuration that was kept of a unit before it was written."""
    purpose, digest = next(
        (item for item in (kept or {}).items() if item[0].partition(".")[0] == "before"), ("before", "")
    )
    return journal.kept(run, unit, purpose, digest)


def restore(
    prefix: str, device: str, settings: Settings, *, about: About, watch: Watch | None = None
) -> Applied:
    """Replace a device's whole configuration by what it was before a run, as a run of its own.

    What others have changed since goes, too. Raises JournalError when nothing was kept.
    """
    with open_journal(settings) as journal:
        run = journal.run(prefix)
        texts = {device: backup(journal, run.id, device)}  # there must be one before anything is begun
        made = _replacing(Plan.from_json(journal.plan(run.id)), device, run.id)
        own = journal.begin(
            RESTORE,
            plan=made.to_json(),
            ticket=about.ticket,
            comment=about.comment,
            of=run.id,
            settings={"apply": settings.apply.model_dump(mode="json"), "groups": {}},
        )
        recorder = Recorder(journal, own.id, lease_seconds=settings.lease)
        result = replace_whole(made, texts, settings, recorder, watch)
        if not result.interrupted:  # else it stays open, to be resumed
            recorder.end(result)
    return Applied(own.id, result, {}, about=replace(about, of=run.id), how=settings.apply)


def sites_of(made: Plan) -> dict[str, str]:
    """Return the site of each device of a plan."""
    return {unit: facts.get("site", "") for unit, facts in made.identities.items()}


def _replacing(made: Plan, device: str, run: str) -> Plan:
    """Return a plan without steps: it says which device is replaced, and nothing of what that changes."""
    return Plan(
        source=f"backup of {device} before run {run}",
        target=made.target,
        inputs="",
        steps=(),
        identities={device: made.identities[device]},
    )


def replace_whole(
    made: Plan, texts: Mapping[str, str], settings: Settings, recorder: Recorder, watch: Watch | None
) -> RunResult:
    """Replace the whole configuration of devices of a plan, each for itself."""
    actual, watch = devices_of(made, settings), watch or Watch()
    actual.replacing.update(texts)
    actual.fence = recorder.fence

    def around(unit: str, steps: Sequence[Step], transaction: Transaction) -> Transaction:
        actual.session(unit).naming = partial(recorder.candidate, unit)
        return recorder.around(unit, steps, transaction)

    policy = Policy(revert_in=settings.apply.revert_in, around=around)
    try:
        return execute(
            {device: [] for device in texts},
            actual,
            policy=policy,
            on_unit=telling(recorder, watch),
            halt=watch.halt,
        )
    finally:
        actual.close()
