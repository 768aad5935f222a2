"""What two processes do that want to change the same devices at the same moment."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog

from driftline import workflow
from driftline.engine import Plan
from driftline.reading import load_for
from driftline.settings import read_settings, with_apply

from .network import PLAN

if TYPE_CHECKING:
    Told = dict[str, tuple[str, str]]
    """By device how it ended, and the code of the error."""


def apply(folder: str, scope: str, ready: Any, results: Any) -> None:
    """Apply the plan of a folder as soon as the other one is ready too, and tell how it ended."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    settings = with_apply(read_settings(Path(folder) / "driftline.yml"), scope=scope)
    made = Plan.from_json((Path(folder) / PLAN).read_text())
    actual = load_for(made, settings)
    try:
        ready.wait()
        applied = workflow.apply(made, actual, settings)
    finally:
        actual.close()
    told: Told = {
        unit.unit: (unit.outcome.value, "" if unit.error is None else unit.error.code)
        for unit in applied.result.units
    }
    results.put(told)
