"""What was tried how often, told at the end of the test run; and how long it is tried."""

from __future__ import annotations

import logging
import os
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
import structlog

if TYPE_CHECKING:
    from collections.abc import Iterator

SECONDS = "DRIFTLINE_RELIABILITY_SECONDS"
"""For how long random moments are tried; when it is set, everything that is only sampled otherwise is tried, too."""
_PROPERTY = "reliability"
RANDOM = "test_at_random_moments"


@dataclass(slots=True)
class Tally:
    """How often something was tried, and what went wrong."""

    tried: Counter[str] = field(default_factory=Counter)
    wrong: dict[str, list[str]] = field(default_factory=dict)

    def add(self, what: str, wrong: str = "", *, times: int = 1) -> None:
        """Count one."""
        self.tried[what] += times
        if wrong:
            self.wrong.setdefault(what, []).append(wrong)

    def check(self) -> None:
        """Fail when anything went wrong."""
        assert self.wrong == {}


@pytest.fixture
def tally(request: pytest.FixtureRequest) -> Iterator[Tally]:
    """Count what is tried; the figures are printed when all tests have run."""
    made = Tally()
    yield made
    for what, times in made.tried.items():
        request.node.user_properties.append((_PROPERTY, (what, times, len(made.wrong.get(what, ())))))


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """Keep the logs of what goes wrong on purpose to the minimum."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    yield
    structlog.reset_defaults()


@pytest.fixture(scope="session")
def seconds() -> float:
    """How long random moments are tried."""
    return float(os.environ.get(SECONDS, "30"))


@pytest.fixture(scope="session")
def thorough() -> bool:
    """Whether everything is tried, or a sample."""
    return SECONDS in os.environ


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave the proofs, also their samples, out of `make test`, which has five minutes; see `make test-samples`."""
    for item in items:
        if "reliability" in item.path.parts and item.path.stem != "test_standing" and item.name != RANDOM:
            item.add_marker("proof")


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print the figures."""
    rows: dict[str, list[int]] = {}
    for outcome in ("", "error"):  # those of the teardown
        for report in terminalreporter.getreports(outcome):
            for name, value in getattr(report, "user_properties", ()):
                if name == _PROPERTY and report.when == "teardown":
                    what, times, wrong = value
                    row = rows.setdefault(what, [0, 0])
                    row[0] += times
                    row[1] += wrong
    if rows:
        width = max(map(len, rows))
        terminalreporter.section("reliability")
        terminalreporter.write_line(f"{'what':{width}}  how often  wrong")
        for what, (times, wrong) in rows.items():
            terminalreporter.write_line(f"{what:{width}}  {times:9}  {wrong:5}")
