"""What the record of a run tells about its units."""

from __future__ import annotations

from typing import Any

import pytest

from driftline.runs.journal import Entry, Kind
from driftline.runs.standing import Stand, candidate_name, decisions, standings

K = Kind
COMMIT = (K.COMMIT, {"kept": {"before": "1"}, "candidate": "one", "revert_in": 60})


def record(*told: Any, unit: str = "leaf1") -> list[Entry]:
    """Return the entries of a run about one unit: kinds, some with data."""
    pairs = [each if isinstance(each, tuple) else (each, {}) for each in told]
    return [
        Entry(number, "run", "", "" if kind is K.DECISION else unit, kind, data, "")
        for number, (kind, data) in enumerate(pairs, 1)
    ]


def decision(word: str, *, again: bool = False) -> Any:
    return K.DECISION, {"group": "all", "units": ["leaf1"], "decision": word, "again": again}


STOPPED = decision("abort", again=True)
BACK = (K.CLAIMED, COMMIT, K.COMMITTED, K.ROLLBACK)


@pytest.mark.parametrize(
    ("told", "stand"),
    [
        ((K.CLAIMED,), Stand.STAGED),
        ((K.CLAIMED, COMMIT), Stand.IN_DOUBT),
        ((K.CLAIMED, COMMIT, K.COMMITTED, K.VERIFIED, K.CONFIRM), Stand.IN_DOUBT),
        ((K.CLAIMED, COMMIT, K.COMMITTED, K.VERIFIED, K.CONFIRM, K.CONFIRMED), Stand.APPLIED),
        (BACK, Stand.GOING_BACK),
        ((*BACK, K.ROLLED_BACK), Stand.OVER),
        ((*BACK, K.ROLLBACK_FAILED, (K.FAILED, {"outcome": "rollback-failed"})), Stand.GOING_BACK),
        ((K.CLAIMED, (K.FAILED, {"outcome": "rolled-back"})), Stand.OVER),
        ((K.NOT_REACHED,), Stand.OVER),
        ((K.SKIPPED,), Stand.UNTOUCHED),
        # taken back to be tried again, by a resume or because somebody has stopped the run
        ((K.CLAIMED, COMMIT, (K.ROLLBACK, {"again": True})), Stand.IN_DOUBT),
        ((K.CLAIMED, COMMIT, (K.ROLLED_BACK, {"again": True})), Stand.UNTOUCHED),
        ((K.CLAIMED, COMMIT, (K.ROLLED_BACK, {"again": True}), K.CLAIMED), Stand.STAGED),
        ((*BACK, K.ROLLED_BACK, (K.FAILED, {"code": "INTERRUPTED"})), Stand.UNTOUCHED),
        ((K.CLAIMED, COMMIT, STOPPED, K.ROLLBACK), Stand.IN_DOUBT),
        ((K.CLAIMED, COMMIT, STOPPED, K.ROLLBACK, K.ROLLED_BACK), Stand.UNTOUCHED),
        ((K.CLAIMED, COMMIT, STOPPED, decision("abort"), K.ROLLBACK, K.ROLLED_BACK), Stand.OVER),
    ],
)
def test_where_a_unit_stands(told: Any, stand: Stand) -> None:
    assert standings(record(*told))["leaf1"].stand is stand


def test_what_may_have_been_left_on_a_unit() -> None:
    """Each claim's candidates, there and back, until the unit is known to be done with."""
    told = record(K.CLAIMED, COMMIT, K.CLAIMED)
    names = [candidate_name("run", claim, back=back) for claim in (1, 3) for back in (False, True)]
    assert list(standings(told)["leaf1"].left) == names
    assert standings(record(K.CLAIMED, COMMIT, K.CONFIRMED))["leaf1"].left == ()


def test_the_first_and_the_last_kept() -> None:
    """A run that was resumed has written twice: it is taken back to what was there before the first time."""
    later = (K.COMMIT, {"kept": {"before.2": "2"}})
    standing = standings(record(K.CLAIMED, COMMIT, later))["leaf1"]
    assert (standing.first, standing.kept) == ({"before": "1"}, {"before.2": "2"})


def test_decisions() -> None:
    """The last one counts; a group that was stopped is undecided."""
    assert decisions(record(decision("confirm"))) == {"all": True}
    assert decisions(record(decision("confirm"), decision("abort"))) == {"all": False}
    assert decisions(record(STOPPED)) == {}
