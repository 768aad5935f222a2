"""The undo log and the transaction in memory."""

from __future__ import annotations

import pytest

from driftline.engine.transaction import MemoryTransaction
from driftline.engine.undo import UndoLog


def test_undo_in_reverse() -> None:
    """What was done last is taken back first, and only once."""
    log, done = UndoLog(), []
    for number in (1, 2, 3):
        log.add(lambda number=number: done.append(number))

    log.rollback()
    log.rollback()

    assert done == [3, 2, 1]


def test_undo_goes_on() -> None:
    """What can't be taken back does not keep the rest from it, and is told."""
    log, done = UndoLog(), []

    def fail() -> None:
        raise ValueError("stuck")

    log.add(lambda: done.append(1))
    log.add(fail)
    log.add(lambda: done.append(2))

    with pytest.raises(ValueError, match="stuck"):
        log.rollback()
    assert done == [2, 1]


def test_memory_transaction() -> None:
    """It stages nothing and protects nothing, and says so."""
    transaction = MemoryTransaction()
    transaction.begin([])

    assert transaction.prepare() == ""
    for phase in (transaction.verify, transaction.confirm, transaction.rollback, transaction.close):
        phase()
    transaction.commit(None)
    assert transaction.guarantee == "none: each hook wrote at once"
    assert transaction.warnings == []
