"""What is kept in the state folder from run to run: the journal, and what devices and intent have agreed on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from driftline.applied import applied_units
from driftline.runs.journal import Journal
from driftline.runs.snapshots import load_base, save_base

if TYPE_CHECKING:
    from collections.abc import Container, Iterable
    from pathlib import Path

    from driftline.applied import About
    from driftline.devices import DeviceAdapter
    from driftline.engine import Plan
    from driftline.engine.results import RunResult
    from driftline.runs import Counts
    from driftline.runs.snapshots import Base
    from driftline.settings import Settings


def open_journal(settings: Settings) -> Journal:
    """Open the record of all runs, for this user only."""
    return Journal.open(settings.path(settings.state_dir), key=settings.journal_key)


def intended_before(settings: Settings, source: str = "") -> Counts | None:
    """Return how many objects were intended at the last successful run.

    Args:
        source: what the run went by; empty: the intent.
    """
    wanted = source or settings.source_id
    with open_journal(settings) as journal:
        ends = (end for end in journal.ends("applied") if end.get("source") == wanted)
        return next((end["intended"] for end in ends if end.get("intended")), None)


def agreed(settings: Settings, devices: Iterable[str]) -> Base | None:
    """Return what these devices and their intent have agreed on; None: none of them had a successful run yet."""
    return load_base(_base_folder(settings), devices)


def remember(
    made: Plan,
    about: About,
    result: RunResult,
    partly: Container[str],
    actual: DeviceAdapter,
    settings: Settings,
) -> None:
    """Keep what devices and intent agree on after a run, for the next comparison.

    Where a run was taken back they agree on nothing: the intent still says what it did.

    Args:
        partly: the units of which only a part was to be applied: those agree on nothing.
        actual: the devices as they were read back.
    """
    if not about.of:
        whole = [unit for unit in applied_units(result) if unit not in partly]
        remember_devices(whole, made, actual, settings)


def remember_devices(devices: Iterable[str], made: Plan, actual: DeviceAdapter, settings: Settings) -> None:
    """Keep what some devices and their intent agree on."""
    chosen = sorted(devices)
    if chosen:
        save_base(_base_folder(settings), actual, chosen, made.conflicts)


def _base_folder(settings: Settings) -> Path:
    return settings.path(settings.state_dir) / "base" / settings.source_id
