"""Writes whose answers are lost: nothing is made twice, and what is said is true."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import given
from hypothesis import strategies as st

from driftline.adapters.ipam.errors import InDoubt
from driftline.adapters.ipam.in_doubt import MISSING, Patience, careful
from driftline.engine.exceptions import ObjectRefused, Unreachable

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pytest

NOW = Patience(returns=0, settles=0, slow=0, attempts=4)
FATES = st.sampled_from(["answered", "lost", "lost after writing", "down"])


class Flaky:
    """A server that loses answers, before or after it has written."""

    def __init__(self, fates: Sequence[str]) -> None:
        self.fates = list(fates)
        self.rows: list[str] = []

    def send(self, rows: Sequence[dict[str, Any]]) -> list[Any]:
        """Write rows, and answer if it goes well."""
        fate = self.fates.pop(0) if self.fates else "answered"
        if fate == "down":
            raise Unreachable("refused")
        if fate != "lost":
            self.rows += [row["name"] for row in rows if not row.get("bad")]
        if fate.startswith("lost"):
            unknown = [None] * len(rows)
            raise InDoubt("lost", path="x/", rows=rows, answers=unknown, known=[False] * len(rows))
        return [ObjectRefused("bad") if row.get("bad") else {"made": row["name"]} for row in rows]

    def look_up(self, rows: Sequence[dict[str, Any]]) -> list[Any]:
        """Return what is there."""
        return [{"made": row["name"]} if row["name"] in self.rows else MISSING for row in rows]


@given(st.lists(FATES, max_size=6), st.integers(1, 5))
def test_whatever_is_lost_nothing_is_there_twice_and_answers_are_true(fates: list[str], number: int) -> None:
    """A row is said to be written exactly when it is there; after too many losses it is in doubt, or was not sent."""
    server = Flaky(fates)
    rows = [{"name": f"row {place}"} for place in range(number)]
    answers = careful(rows, server.send, server.look_up, NOW)
    assert len(server.rows) == len(set(server.rows))
    for row, answer in zip(rows, answers, strict=True):
        if isinstance(answer, dict):
            assert answer == {"made": row["name"]}
            assert row["name"] in server.rows
        else:
            assert isinstance(answer, InDoubt | Unreachable)
            assert len(fates) >= NOW.attempts


def test_a_refusal_is_an_answer() -> None:
    """It is not looked up, and not sent again."""
    server = Flaky(["lost"])
    good, bad = careful([{"name": "a"}, {"name": "b", "bad": True}], server.send, server.look_up, NOW)
    assert good == {"made": "a"}
    assert isinstance(bad, ObjectRefused)
    assert server.rows == ["a"]


def test_a_server_that_stays_away_leaves_the_doubt(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its error is the answer of each row."""
    server = Flaky(["lost after writing"])

    def gone(_rows: object) -> list[Any]:
        raise Unreachable("refused")

    monkeypatch.setattr(server, "look_up", gone)
    (answer,) = careful([{"name": "a"}], server.send, server.look_up, NOW)
    assert isinstance(answer, InDoubt)
    assert server.rows == ["a"]
