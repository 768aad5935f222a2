"""A lab with two leaves, and the fleet that talks to them through NAPALM's own driver."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from driftline.lab import Lab, ManualClock, SimulatedDevice

from .leaf import LEAF, fleet_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from driftline.devices import Fleet


@pytest.fixture
def clock() -> ManualClock:
    """A clock that only the test moves."""
    return ManualClock()


@pytest.fixture
def lab(clock: ManualClock) -> Iterator[Lab]:
    """Two leaves on free ports of the loopback address."""
    configs = {"leaf1": LEAF, "leaf2": LEAF.replace("hostname leaf1", "hostname leaf2")}
    with Lab(configs, clock=clock, addressing="ports", port=0) as lab:
        yield lab


@pytest.fixture
def leaf(lab: Lab) -> SimulatedDevice:
    """The device that most tests are about."""
    return lab["leaf1"]


@pytest.fixture
def fleet(lab: Lab) -> Iterator[Fleet]:
    """The fleet that the lab simulates."""
    fleet = fleet_in(lab)
    yield fleet
    fleet.close_all()
