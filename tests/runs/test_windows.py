"""Change windows: when which devices may be changed."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from driftline.network import Device
from driftline.runs import Window, closed, is_open, next_closed, next_open

ZONE = "Europe/Amsterdam"
"""Clocks go forward on 2026-03-29 at 02:00, and back on 2026-10-25 at 03:00."""
DEVICES = [
    Device(name="ams-leaf1", site="ams", role="leaf"),
    Device(name="ams-spine1", site="ams", role="spine"),
    Device(name="fra-leaf1", site="fra", role="leaf"),
]
NIGHTS = {"allow": "*", "days": ["mon-fri"], "from": "22:00", "to": "04:00", "zone": ZONE}
FREEZE = {"deny": "*", "dates": ["2026-12-20..2027-01-03"], "zone": ZONE, "comment": "year's end"}


def at(text: str, zone: str = ZONE, fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold)


def window(**values: Any) -> Window:
    return Window.model_validate({"allow": "*", "zone": ZONE, **values})


# One window -----------------------------------------------------------------------------------------------


def test_nights_belong_to_the_day_on_which_they_begin() -> None:
    """From mon-fri 22:00 to 04:00 goes to Saturday morning, and leaves Monday morning out."""
    night = Window.model_validate(NIGHTS)
    inside = ["2026-06-08 22:00", "2026-06-09 03:59", "2026-06-13 03:59"]  # a Monday to a Saturday
    outside = ["2026-06-08 21:59", "2026-06-09 04:00", "2026-06-09 12:00", "2026-06-13 22:00"]
    sunday = ["2026-06-08 03:00"]
    assert [one for one in inside if not night.covers(at(one))] == []
    assert [one for one in outside + sunday if night.covers(at(one))] == []


def test_dates_are_whole_days_of_the_zone() -> None:
    """Both ends included, whatever the day is elsewhere."""
    freeze = Window.model_validate(FREEZE)
    for zone in (ZoneInfo(ZONE), ZoneInfo("Asia/Tokyo")):
        inside = [at(text).astimezone(zone) for text in ("2026-12-20 00:00", "2027-01-03 23:59")]
        outside = [at(text).astimezone(zone) for text in ("2026-12-19 23:59", "2027-01-04 00:00")]
        assert all(freeze.covers(moment) for moment in inside)
        assert not any(freeze.covers(moment) for moment in outside)


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        ("mon-fri", {0, 1, 2, 3, 4}),
        (["sat", "SUN"], {5, 6}),
        ("fri-mon", {4, 5, 6, 0}),
        ("wed", {2}),
        ("mon,thu-fri", {0, 3, 4}),
    ],
)
def test_days(days: Any, expected: set[int]) -> None:
    """Ranges may go over the week's end."""
    assert set(window(days=days).days) == expected


@pytest.mark.parametrize(
    "wrong",
    [
        {"allow": None},
        {"deny": "ams"},
        {"allow": ""},
        {"zone": "Europe/Amsterdan"},
        {"zone": "../../etc/passwd"},
        {"zone": ""},
        {"from": "24:01"},
        {"from": "10:60"},
        {"from": 79200},
        {"from": "10:00", "to": "10:00"},
        {"from": "24:00"},
        {"days": ["monday"]},
        {"days": "mon-"},
        {"days": 5},
        {"days": []},
        {"days": ["mon-fry"]},
        {"dates": ["2026-12-20..2026-12-19"]},
        {"dates": ["2026-13-01"]},
        {"dates": "christmas"},
        {"until": "10:00"},
    ],
)
def test_a_window_that_makes_no_sense_is_refused(wrong: dict[str, Any]) -> None:
    """When the settings are read, not at the night of the change."""
    with pytest.raises(ValidationError):
        window(**wrong)


def test_a_window_survives_a_journal() -> None:
    """What is kept for a resume is read back as it was."""
    for one in (Window.model_validate(NIGHTS), Window.model_validate(FREEZE)):
        assert Window.model_validate(one.model_dump(mode="json", by_alias=True)) == one


# When the clocks change -----------------------------------------------------------------------------------


def open_minutes(one: Window, day: str) -> list[str]:
    """Return the runs of minutes that are inside, from a day's noon to the next one's, as UTC."""
    noon = at(f"{day} 12:00").astimezone(UTC)
    minutes = [noon + timedelta(minutes=n) for n in range(24 * 60)]
    inside = [one.covers(minute) for minute in minutes]
    changes = [n for n in range(1, len(minutes)) if inside[n] != inside[n - 1]]
    return [f"{minutes[n]:%H:%M}" for n in changes]


def test_an_hour_that_is_skipped_is_not_in_a_window() -> None:
    """In spring, 02:30 does not come: what begins then begins at 03:00, and what ends then has ended."""
    assert open_minutes(window(**{"from": "02:30", "to": "05:00"}), "2026-03-28") == ["01:00", "03:00"]
    assert open_minutes(window(**{"from": "22:00", "to": "02:30"}), "2026-03-28") == ["21:00", "01:00"]
    assert open_minutes(window(**{"from": "02:10", "to": "02:50"}), "2026-03-28") == []


def test_an_hour_that_comes_twice_is_in_a_window_twice() -> None:
    """In autumn, the clock shows 02:15 twice, and both times are between 22:00 and 02:30."""
    night = window(**{"from": "22:00", "to": "02:30"})
    assert open_minutes(night, "2026-10-24") == ["20:00", "00:30", "01:00", "01:30"]
    assert next_open([night], at("2026-10-25 02:45")) == at("2026-10-25 02:00", fold=1).astimezone(UTC)


# Several windows ------------------------------------------------------------------------------------------


def test_no_window_says_nothing() -> None:
    """Where nothing is set, all may be changed at any time."""
    assert closed([], DEVICES, ["ams-leaf1"], at("2026-06-09 12:00")) == []


def test_deny_beats_allow() -> None:
    """A night in the freeze is closed."""
    both = [Window.model_validate(NIGHTS), Window.model_validate(FREEZE)]
    assert is_open(both, at("2026-12-17 23:00"))
    assert not is_open(both, at("2026-12-21 23:00"))
    assert next_open(both, at("2026-12-21 23:00")) == at("2027-01-04 22:00")


def test_a_breach_names_devices_window_time_and_the_next_chance() -> None:
    """Everything that somebody needs to wait or to ask."""
    (problem,) = closed(
        [Window.model_validate(NIGHTS)], DEVICES, ["ams-leaf1", "fra-leaf1"], at("2026-06-12 12:00")
    )
    assert problem.where == "ams-leaf1, fra-leaf1"
    assert problem.code == "GUARD-WINDOW"
    assert problem.message == (
        "outside of windows[0]; it is Fri 2026-06-12 12:00 CEST, and opens next Fri 2026-06-12 22:00 CEST"
    )
    assert "--limit" in problem.hint
    assert "--override-window TICKET" in problem.hint


def test_windows_are_for_the_devices_that_they_choose() -> None:
    """By name, site or role; those that no window is for are not held up."""
    windows = [
        window(allow="ams,!spine", **{"from": "22:00", "to": "04:00"}),
        window(allow=None, deny="spine", comment="handle with care"),
    ]
    names = [device.name for device in DEVICES]
    problems = closed(windows, DEVICES, names, at("2026-06-12 12:00"))
    assert [problem.where for problem in problems] == ["ams-leaf1", "ams-spine1"]
    assert "windows[1] (handle with care) denies it" in problems[1].message
    assert "does not open within a year" in problems[1].message


def test_many_devices_are_counted() -> None:
    """A message stays readable with a whole network in it."""
    devices = [Device(name=f"d{n:03}", site="ams") for n in range(500)]
    names = [device.name for device in devices]
    (problem,) = closed([window(allow=None, deny="*")], devices, names, at("2026-06-12 12:00"))
    assert problem.where.endswith("d009 and 490 more")


@pytest.mark.parametrize(
    ("lasting", "message"),
    [
        (timedelta(minutes=61), "1h 1m are needed; then outside of windows[0]; {now}, and opens next Tue"),
        (
            timedelta(hours=7),
            "7h are needed; then outside of windows[0]; {now}, and does not open within a year",
        ),
    ],
)
def test_a_change_has_to_end_inside(lasting: timedelta, message: str) -> None:
    """Where it is known how long it takes; and the next chance is one that is long enough."""
    windows, now = [Window.model_validate(NIGHTS)], at("2026-06-09 03:00")
    assert closed(windows, DEVICES, ["ams-leaf1"], now, lasting=timedelta(hours=1)) == []
    (problem,) = closed(windows, DEVICES, ["ams-leaf1"], now, lasting=lasting)
    assert problem.message.startswith("it is open for 1h only, and ")
    assert message.format(now="it is Tue 2026-06-09 03:00 CEST") in problem.message


def test_a_deny_in_the_middle_of_a_change_is_seen() -> None:
    """Not only the beginning and the end of the change count."""
    windows = [window(allow=None, deny="*", **{"from": "10:00", "to": "10:15"})]
    assert next_closed(windows, at("2026-06-09 09:00")) == at("2026-06-09 10:00")
    assert closed(windows, DEVICES, ["ams-leaf1"], at("2026-06-09 09:00"), lasting=timedelta(hours=3))


# For any windows ------------------------------------------------------------------------------------------

zones = st.sampled_from(
    [ZONE, "UTC", "America/New_York", "Asia/Kolkata", "Pacific/Kiritimati", "Pacific/Pago_Pago",
     "Australia/Lord_Howe", "Africa/Cairo", "America/Santiago"]
)  # fmt: skip
hours = st.integers(0, 23).map(lambda hour: f"{hour:02}:{'30' if hour % 3 else '00'}")
days = st.sets(st.sampled_from(["mon", "tue", "wed", "thu", "fri", "sat", "sun"]), min_size=1).map(sorted)
moments = st.integers(0, 366 * 24 * 60).map(lambda n: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=n))


@st.composite
def windows_(draw: st.DrawFn) -> Window:
    start, end = draw(st.tuples(hours, hours).filter(lambda pair: pair[0] != pair[1]))
    values: dict[str, Any] = {"from": start, "to": end, "days": draw(days), "zone": draw(zones)}
    values[draw(st.sampled_from(["allow", "deny"]))] = "*"
    return Window.model_validate(values)


@settings(deadline=None, max_examples=150)
@given(st.lists(windows_(), max_size=3), moments)
def test_the_next_opening_and_closing_are_the_next(windows: list[Window], now: datetime) -> None:
    """It is open at the opening, and at no minute before; and the other way round."""
    for state, found in ((True, next_open(windows, now)), (False, next_closed(windows, now))):
        if found is not None:
            assert is_open(windows, found) is state
        last = min(found or now + timedelta(days=9), now + timedelta(days=9))
        minutes = int((last - now).total_seconds() / 60)
        wrong = [n for n in range(0, minutes, 5) if is_open(windows, now + timedelta(minutes=n)) is state]
        assert wrong == []


@settings(deadline=None)
@given(windows_(), moments)
def test_a_window_means_what_the_clock_on_the_wall_shows(one: Window, now: datetime) -> None:
    """The rule in the fewest words, for any zone and any time of the year."""
    local = now.astimezone(ZoneInfo(one.zone))
    minute, day = local.hour * 60 + local.minute, local.date()
    began: date = day if minute >= one.start else day - timedelta(days=1)
    over_midnight = one.end < one.start
    between = one.start <= minute < one.end if not over_midnight else not one.end <= minute < one.start
    assert one.covers(now) is (between and began.weekday() in one.days)
