"""The device session on platforms with a timer of whole minutes, and with none: a driver that behaves as theirs.

The driver is a model, not NAPALM's; what NAPALM's own `ios`, `nxos` and `iosxr` do on a device is not tested here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from driftline.devices import session as session_module
from driftline.devices.session import DeviceSession
from driftline.engine.exceptions import TransactionError, VerifyError

from .boxes import BOXES, Box
from .fake_driver import MERGE_FAILED, Driver
from .leaf import port

if TYPE_CHECKING:
    from driftline.devices import Fleet


class OneDriver:
    """A fleet of one device."""

    def __init__(self, driver: Driver) -> None:
        self._driver = driver

    def driver(self, name: str) -> Any:
        return self._driver

    def close(self, name: str) -> None:
        self._driver.candidate = []


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session_module, "_POLL", 0.01)
    monkeypatch.setattr(session_module, "_GRACE", 0.2)


@pytest.fixture(params=BOXES.values(), ids=BOXES)
def box(request: pytest.FixtureRequest) -> Box:
    """Each platform."""
    return request.param


def prepared(driver: Driver, **after: Any) -> DeviceSession:
    """A session that has staged new values for the first port, and knows the lines."""
    fleet: Fleet = OneDriver(driver)  # type: ignore[assignment]
    session = DeviceSession("leaf1", driver.box.platform, fleet)
    session.begin(["step"])
    session.stage(port(driver.box.ports[1], **(after or {"description": "new"})))
    diff = session.prepare()
    assert f"+interface {driver.box.ports[1]}" in diff or f"+set interfaces {driver.box.ports[1]}" in diff
    return session


@pytest.mark.parametrize(("asked", "given"), [(30, 60), (60, 60), (61, 120), (300, 300)])
def test_a_timer_is_in_whole_minutes_where_the_platform_wants_it(asked: int, given: int) -> None:
    """IOS rounds down by itself, which would be too soon: it is rounded up before."""
    driver = Driver(BOXES["ios"])
    session = prepared(driver)
    session.commit(asked)
    assert driver.timers == [given]
    assert session.guarantee == f"commit-confirmed, {given} s"


def test_a_change_goes_through(box: Box) -> None:
    """Prepared, committed, verified, confirmed and saved, with a timer or without."""
    driver = Driver(box)
    session = prepared(driver)
    session.commit(60)
    session.verify()
    session.confirm()
    assert driver.timers == [60 if box.platform.capabilities.commit_confirmed else None]
    assert "description new" in driver.device.running_config
    assert driver.startup == driver.device.running_config
    assert driver.reverting is None


def test_what_was_saved_is_not_taken_for_unsaved() -> None:
    """IOS prints a line ahead of its startup configuration; IOS XR has none: what is committed is saved."""
    for box in BOXES.values():
        session = prepared(Driver(box))
        assert session.warnings == [], box.name
        session.commit(60)
        session.confirm()
        assert session.is_applied(), box.name


def test_a_refused_line_leaves_nothing(box: Box) -> None:
    """The driver's own rollback is not taken at its word: the device is read."""
    driver = Driver(box)
    before = driver.device.running_config
    session = prepared(driver)
    driver.candidate = [*driver.candidate, "  no such line"]
    with pytest.raises(TransactionError, match=MERGE_FAILED):
        session.commit(60)
    driver.fire()
    session.rollback()
    assert driver.device.running_config == before


def test_an_ok_that_changed_nothing(box: Box) -> None:
    """It is found by reading, and there is nothing to take back."""
    driver = Driver(box)
    driver.ignoring = True
    before = driver.device.running_config
    session = prepared(driver)
    session.commit(60)
    with pytest.raises(VerifyError, match="changed nothing"):
        session.verify()
    driver.fire()
    session.rollback()
    assert driver.device.running_config == before


def test_what_was_committed_is_taken_back_by_the_inverse() -> None:
    """Without a timer, the inverse that was computed before the write takes the change back, and is saved."""
    for name in ("nxos", "iosxr"):
        driver = Driver(BOXES[name])
        before = driver.device.running_config
        session = prepared(driver)
        assert session.recovery["inverse"]
        session.commit(60)
        session.rollback()
        assert driver.device.running_config == driver.startup == before


def test_what_was_committed_is_taken_back_at_once() -> None:
    """With a timer, the device is told to go back now, and no timer is left armed."""
    for ignoring in (False, True):
        driver = Driver(BOXES["ios"])
        driver.ignoring = ignoring
        before = driver.device.running_config
        session = prepared(driver)
        session.commit(60)
        session._deadline = 0  # nothing is waited for
        session.rollback()
        assert driver.device.running_config == before
        assert driver.reverting is None


def test_what_was_committed_is_taken_back_by_the_timer() -> None:
    """With a timer, the device goes back by itself."""
    driver = Driver(BOXES["ios"])
    before = driver.device.running_config
    session = prepared(driver)
    session.commit(60)
    driver.fire()
    session.rollback()
    assert driver.device.running_config == before


def test_without_a_timer_the_guarantee_is_said() -> None:
    """A report tells what a change was protected by."""
    for name, whole in (("nxos", "; not atomic: what is refused half-way is undone"), ("iosxr", "")):
        expected = f"no commit-confirmed: inverse computed before the write{whole}"
        assert BOXES[name].platform.capabilities.guarantee == expected
        session = prepared(Driver(BOXES[name]))
        session.commit(60)
        assert session.guarantee == expected
