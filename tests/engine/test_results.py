"""Results: values that count themselves."""

from __future__ import annotations

import pytest

from driftline.engine.results import RunResult, UnitOutcome, UnitResult


def test_nothing_to_do() -> None:
    """A run without units succeeded."""
    assert RunResult().succeeded


@pytest.mark.parametrize("outcome", UnitOutcome)
def test_one_failure_is_enough(outcome: UnitOutcome) -> None:
    """A run succeeded when every unit was applied."""
    result = RunResult((UnitResult("a", UnitOutcome.APPLIED, ()), UnitResult("b", outcome, ())))

    assert (outcome is UnitOutcome.APPLIED) is result.succeeded
    assert sum(result.counts.values()) == 2


def test_interrupted() -> None:
    """An interrupted run did not."""
    assert not RunResult(interrupted=True).succeeded
