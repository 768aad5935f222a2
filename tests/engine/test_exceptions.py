"""Errors: one tree, with codes."""

from __future__ import annotations

import inspect

import pytest

from driftline.engine import exceptions
from driftline.engine.exceptions import DriftlineError, LoadError, ObjectNotCreated, Problem, TransactionError

CLASSES = [error for _, error in inspect.getmembers(exceptions, inspect.isclass)]
ALL = [e for e in CLASSES if issubclass(e, DriftlineError) and e is not exceptions.ProblemsError]


@pytest.mark.parametrize("error", ALL)
def test_message_code_and_hint(error: type[DriftlineError]) -> None:
    """Every error has its own code, keeps its message, and is in the tree that the module draws."""
    raised = error("boom")

    assert ("boom", error.default_code, error.default_hint, None) == (
        raised.message,
        raised.code,
        raised.hint,
        raised.rollback_error,
    )
    assert error.__name__ in (exceptions.__doc__ or "")


def test_codes_are_unique() -> None:
    """No two errors share a code."""
    assert len(set(ALL)) == len({error.default_code for error in ALL})


@pytest.mark.parametrize("error", [each for each in ALL if each is not DriftlineError])
def test_every_error_says_what_to_try(error: type[DriftlineError]) -> None:
    """Whoever raises it may know better; without a word from there, the kind of error has one."""
    assert error("boom").hint


def test_what_was_done_to_which_object() -> None:
    """An error knows the operation, the model and the identity; the first who says so knows best."""
    raised = ObjectNotCreated("boom")
    raised.about("create", "vlan", {"vid": 10})
    raised.about("sync", "device", {"name": "leaf1"})

    assert (raised.operation, raised.model, raised.identity) == ("create", "vlan", {"vid": 10})


def test_given_code() -> None:
    """A code and a hint can be given."""
    raised = LoadError("boom", problems=[Problem("a", "B", "c")], code="X", hint="try")

    assert (raised.code, raised.hint, len(raised.problems)) == ("X", "try", 1)


def test_constructor_that_forgets_its_base() -> None:
    """A ported error class whose constructor does not call ours can be reported all the same."""

    class Ported(ObjectNotCreated):
        """From another code base."""

        def __init__(self, reason: str) -> None:
            self.reason = reason

    assert (Ported("x").message, Ported("x").code) == ("", "ERROR")


def test_culprits() -> None:
    """A transaction's error names objects."""
    assert TransactionError("x", culprits={("vlan", "10"): "no"}).culprits == {("vlan", "10"): "no"}


def test_problem() -> None:
    """A problem is one line."""
    assert str(Problem("a", "B", "c", "try")) == "B a: c (try)"
    assert str(Problem("", "B", "c")) == "B c"
