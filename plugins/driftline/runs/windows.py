"""Change windows: when which devices may be changed.

Time is what a clock on the wall of the window's zone shows. So a window's hour that does not exist in spring is
skipped, and one that comes twice in autumn counts twice.
"""

from __future__ import annotations

import re
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from itertools import chain
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple, Self
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    model_validator,
)

from driftline.engine.exceptions import Problem
from driftline.network import select

from .amounts import told

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from driftline.network import Device

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_A_DAY = timedelta(days=1)
_AHEAD = 400
"""How many days to look ahead for the next opening."""
_NAMED = 10
"""How many devices a message names at most."""


class DateRange(NamedTuple):
    """Days from the first to the last, both included."""

    first: date
    last: date


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        raise ValueError(
            "no such time zone; it must be an IANA name such as Europe/Amsterdam, and the system needs its "
            "time zone database (the package tzdata)"
        ) from None
    return name


def _minute(value: Any) -> Any:
    """Return a time of day as minutes since midnight."""
    found = re.fullmatch(r"(\d{1,2}):(\d\d)", value) if isinstance(value, str) else None
    minutes = int(found[1]) * 60 + int(found[2]) if found and int(found[2]) < 60 else None  # noqa: PLR2004
    if minutes is None or minutes > 24 * 60:
        raise ValueError('expected a time of day from "00:00" to "24:00", in quotes')
    return minutes


def _days(value: Any) -> Any:
    """Return the days of the week (0: Monday) that texts such as `mon-fri` or `sun` stand for."""
    parts = value.split(",") if isinstance(value, str) else value
    if not isinstance(parts, list | tuple) or not parts:
        raise ValueError("expected days such as mon-fri, or a list of them")
    found: set[int] = set()
    for part in parts:
        ends = str(part).strip().casefold().split("-")
        if len(ends) > 2 or set(ends) - set(_DAYS):  # noqa: PLR2004 - the first and the last day
            raise ValueError(f"{part!r} is neither a day (mon, tue, …) nor days such as mon-fri")
        first, last = _DAYS.index(ends[0]), _DAYS.index(ends[-1])
        found.update((first + more) % 7 for more in range((last - first) % 7 + 1))  # fri-mon is possible
    return tuple(sorted(found))


def _dates(value: Any) -> Any:
    parts = value if isinstance(value, list | tuple) else [value]
    return tuple(_date_range(part) for part in parts)


def _date_range(value: Any) -> DateRange:
    first, __, last = str(value).strip().partition("..")
    try:
        found = DateRange(date.fromisoformat(first), date.fromisoformat(last or first))
    except ValueError:
        raise ValueError(f"{value!r} is neither a date nor dates such as 2026-12-20..2027-01-03") from None
    if found.last < found.first:
        raise ValueError(f"{value!r} ends before it begins")
    return found


# Written as they are read, since settings are kept for a resume.
Minute = Annotated[
    int, BeforeValidator(_minute), PlainSerializer(lambda minute: f"{minute // 60:02}:{minute % 60:02}")
]
Days = Annotated[
    tuple[int, ...], BeforeValidator(_days), PlainSerializer(lambda days: [_DAYS[day] for day in days])
]
Dates = Annotated[
    tuple[DateRange, ...],
    BeforeValidator(_dates),
    PlainSerializer(lambda ranges: [f"{first}..{last}" for first, last in ranges]),
]


class Window(BaseModel):
    """When the devices that a pattern chooses may be changed (`allow`), or may not (`deny`)."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    allow: str | None = None
    """Names, sites or roles of devices, as `--limit` takes them; `*` for all."""
    deny: str | None = None
    days: Days = tuple(range(7))
    """The days on which it begins."""
    start: Minute = Field(default=0, alias="from")
    end: Minute = Field(default=24 * 60, alias="to")
    """Not later than `from`: on the next day."""
    zone: Annotated[str, AfterValidator(_zone)] = "UTC"
    dates: Dates = ()
    """The dates on which it begins; none: any."""
    comment: str = ""

    @model_validator(mode="after")
    def _sound(self) -> Self:
        if (self.allow is None) == (self.deny is None):
            raise ValueError('either allow or deny must say for which devices; "*" means all')
        if not (self.allow or self.deny):
            raise ValueError('it must say for which devices; "*" means all')
        if self.start in (self.end, 24 * 60):
            raise ValueError("from and to are the same; leave both out for whole days")
        return self

    @property
    def kind(self) -> Literal["allow", "deny"]:
        """What it does."""
        return "allow" if self.deny is None else "deny"

    @property
    def pattern(self) -> str:
        """The devices that it is for."""
        return self.allow or self.deny or ""

    def covers(self, moment: datetime) -> bool:
        """Return whether a moment is in it."""
        local = moment.astimezone(ZoneInfo(self.zone))
        minute, day = local.hour * 60 + local.minute, local.date()
        if self.start < self.end:
            return self.start <= minute < self.end and self._begins_on(day)
        return (minute >= self.start and self._begins_on(day)) or (
            minute < self.end and self._begins_on(day - _A_DAY)
        )

    def _begins_on(self, day: date) -> bool:
        if day.weekday() not in self.days:
            return False
        return not self.dates or any(first <= day <= last for first, last in self.dates)

    def boundaries(self, day: date) -> Iterator[datetime]:
        """Yield the moments of a local day at which it can begin or end."""
        zone = ZoneInfo(self.zone)
        midnight = datetime(day.year, day.month, day.day, tzinfo=zone)
        for minute in sorted({0, self.start, self.end % (24 * 60)}):
            wall = midnight.replace(hour=minute // 60, minute=minute % 60)
            yield wall.astimezone(UTC)
            yield wall.replace(fold=1).astimezone(UTC)
        if midnight.utcoffset() != (midnight + _A_DAY).utcoffset():
            yield _clock_change(midnight.astimezone(UTC), zone)


def closed(
    windows: Sequence[Window],
    devices: Iterable[Device],
    units: Iterable[str],
    now: datetime,
    *,
    lasting: timedelta = timedelta(0),
) -> list[Problem]:
    """Return which units may not be changed now, why, and when they next may.

    Args:
        devices: those that the windows' patterns choose from.
        units: the devices to be changed.
        now: with its time zone.
        lasting: how long the change is expected to take; it has to end inside as well.
    """
    pool, names, moment = list(devices), list(units), now.astimezone(UTC)
    chosen = [select(pool, window.pattern) for window in windows]
    alike: dict[tuple[int, ...], list[str]] = defaultdict(list)
    for name in names:
        alike[tuple(n for n, among in enumerate(chosen) if name in among)].append(name)
    problems = (
        _closed(windows, numbers, alike_units, moment, lasting) for numbers, alike_units in alike.items()
    )
    return [problem for problem in problems if problem is not None]


def is_open(windows: Collection[Window], moment: datetime) -> bool:
    """Return whether windows, all for the same device, let it be changed at a moment."""
    if any(window.kind == "deny" and window.covers(moment) for window in windows):
        return False
    allowing = [window for window in windows if window.kind == "allow"]
    return not allowing or any(window.covers(moment) for window in allowing)


def next_open(windows: Collection[Window], now: datetime) -> datetime | None:
    """Return the next moment at which they let it be changed; None: not within a year."""
    moments = [now], _moments(windows, now, _AHEAD)
    return next((m for m in chain(*moments) if is_open(windows, m)), None)


def next_closed(windows: Collection[Window], now: datetime, *, days: int = 366) -> datetime | None:
    """Return the next moment at which they don't any more; None: not within so many days."""
    moments = [now], _moments(windows, now, days)
    return next((m for m in chain(*moments) if not is_open(windows, m)), None)


def _moments(windows: Collection[Window], now: datetime, days: int) -> Iterator[datetime]:
    """Yield the moments after now at which windows begin or end, in order."""
    today = now.astimezone(UTC).date()
    waiting: set[datetime] = set()
    for ahead in range(-2, days + 1):
        # A local day begins up to 14 hours before the same day in UTC, and ends up to 12 hours after it.
        day = today + ahead * _A_DAY
        waiting.update(m for window in windows for m in window.boundaries(day + _A_DAY) if m > now)
        reached = datetime(day.year, day.month, day.day, tzinfo=UTC) + _A_DAY
        due = sorted(moment for moment in waiting if moment < reached)
        waiting.difference_update(due)
        yield from due


def _clock_change(start: datetime, zone: ZoneInfo) -> datetime:
    """Return the moment of a day at which the clocks are changed."""
    before, low, high = start.astimezone(zone).utcoffset(), 0, 26 * 3600
    while high - low > 1:
        middle = (low + high) // 2
        same = (start + timedelta(seconds=middle)).astimezone(zone).utcoffset() == before
        low, high = (middle, high) if same else (low, middle)
    return start + timedelta(seconds=high)


def _closed(
    windows: Sequence[Window], numbers: Sequence[int], names: list[str], now: datetime, lasting: timedelta
) -> Problem | None:
    own = [windows[number] for number in numbers]
    if not is_open(own, now):
        reason, zone = _reason(windows, numbers, now)
    else:
        ends = next_closed(own, now, days=lasting.days + 2) if lasting else None
        if ends is None or ends - now >= lasting:
            return None
        reason, zone = _reason(windows, numbers, ends)
        reason = f"it is open for {told(ends - now)} only, and {told(lasting)} are needed; then {reason}"
    # When it does not fit in now, the next chance comes after the window has closed.
    opens = next((m for m in _openings(own, now) if _fits(own, m, lasting)), None)
    again = "does not open within a year" if opens is None else f"opens next {_local(opens, zone)}"
    return Problem(
        _listed(names),
        "GUARD-WINDOW",
        f"{reason}; it is {_local(now, zone)}, and {again}",
        "wait, choose other devices with --limit, or override the windows with --override-window TICKET",
    )


def _fits(windows: Collection[Window], moment: datetime, lasting: timedelta) -> bool:
    ends = next_closed(windows, moment, days=lasting.days + 2) if lasting else None
    return ends is None or ends - moment >= lasting


def _openings(windows: Collection[Window], now: datetime) -> Iterator[datetime]:
    """Yield the moments at which they open."""
    was = is_open(windows, now)
    for moment in _moments(windows, now, _AHEAD):
        opened = is_open(windows, moment)
        if opened and not was:
            yield moment
        was = opened


def _reason(windows: Sequence[Window], numbers: Sequence[int], moment: datetime) -> tuple[str, ZoneInfo]:
    """Return why it is closed at a moment, and the zone in which to tell times."""
    denying = [n for n in numbers if windows[n].kind == "deny" and windows[n].covers(moment)]
    named = denying or [n for n in numbers if windows[n].kind == "allow"]
    told_windows = ", ".join(_name(number, windows[number]) for number in named)
    why = f"{told_windows} denies it" if denying else f"outside of {told_windows}"
    return why, ZoneInfo(windows[named[0]].zone)


def _name(number: int, window: Window) -> str:
    return f"windows[{number}]" + (f" ({window.comment})" if window.comment else "")


def _local(moment: datetime, zone: ZoneInfo) -> str:
    return moment.astimezone(zone).strftime("%a %Y-%m-%d %H:%M %Z")


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more
