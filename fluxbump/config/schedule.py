"""Decides when the scheduled job may open pull requests. Pure: the caller gives the moment.

A window is stated on the wall clock of a time zone: `mon-fri 08:00-17:00`. It opens once on each of
its days. On the two days a year on which clocks change, it ends when the wall clock first shows its
end. A time that the clocks skip counts as much later as they skip (PEP 495, `fold=0`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo

from msgspec import Struct

from fluxbump.text.patterns import lazy_pattern

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MIDNIGHT = 24 * 60
"""The number of minutes in a day, and midnight as the end of a window."""

_DAY = "|".join(DAYS)
_DAYS = rf"(?P<days>(?:{_DAY})(?:-(?:{_DAY}))?(?:,(?:{_DAY})(?:-(?:{_DAY}))?)*)"
_TIME = r"([01]?[0-9]|2[0-4]):([0-5][0-9])"
_WINDOW = lazy_pattern(rf"(?:{_DAYS})?(?:(?P<gap> +)?(?P<from>{_TIME})-(?P<to>{_TIME}))?", re.ASCII)
_MAX_LENGTH = 100

_LOOK_AHEAD = 15
"""Days to look ahead. A window opens every week, unless the clocks skip all of it."""


class Window(Struct, frozen=True):
    """A time of the week.

    Attributes:
        days: the days on which the window opens; 0 is Monday.
        start: the opening time, in minutes after midnight.
        end: the closing time, in minutes after midnight, 1 to 1440. If it is not after `start`, the
            window closes on the next day.
    """

    days: frozenset[int]
    start: int = 0
    end: int = MIDNIGHT

    def __str__(self) -> str:
        """Return the window in the form that `parse` reads."""
        days = ",".join(DAYS[day] for day in sorted(self.days))
        return f"{days} {_clock(self.start)}-{_clock(self.end)}"


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


def parse(text: str) -> Window:
    """Parse a window: days, times, or both.

    Args:
        text: for example `mon-fri 08:00-17:00`, `sat,sun`, or `fri 22:00-06:00`, which closes on
            Saturday morning.

    Raises:
        ValueError: the text is not a window; the message is the reason, on one line.
    """
    found = _WINDOW.fullmatch(text.strip().lower()) if len(text) <= _MAX_LENGTH else None
    both = found is not None and found["days"] is not None and found["from"] is not None
    if found is None or not found[0] or both != (found["gap"] is not None):
        raise ValueError(
            f"not a window: {text[:_MAX_LENGTH]!r}, use a form such as mon-fri 08:00-17:00"
        )
    if found["from"] is None:
        return Window(_days(found["days"]))
    start, end = _minutes(found["from"]), _minutes(found["to"])
    if start >= MIDNIGHT or end > MIDNIGHT or end in (0, start):
        raise ValueError(f"not a time span: {text!r} (a whole day is 00:00-24:00)")
    return Window(_days(found["days"] or "mon-sun"), start, end)


def _minutes(text: str) -> int:
    hours, _, minutes = text.partition(":")
    return int(hours) * 60 + int(minutes)


def _days(text: str) -> frozenset[int]:
    found: set[int] = set()
    for part in text.split(","):
        first, _, last = part.partition("-")
        begin = DAYS.index(first)
        length = (DAYS.index(last) - begin) % len(DAYS) if last else 0
        found.update((begin + n) % len(DAYS) for n in range(length + 1))
    return frozenset(found)


def zone(name: str) -> tzinfo:
    """Return a time zone of the IANA database; `UTC` needs no database.

    Raises:
        ValueError: there is no time zone of that name, or this machine has no database.
    """
    if name == "UTC":
        return UTC
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # a name such as `Europe` is a directory
        hint = "use one such as Europe/Berlin" if _has_database() else "no tzdata on this machine"
        raise ValueError(f"unknown time zone: {name!r}, {hint}") from None


def _has_database() -> bool:
    try:
        ZoneInfo("Etc/UTC")
    except KeyError:
        return False
    return True


def opens(windows: Sequence[Window], timezone: tzinfo, now: datetime) -> datetime:
    """Return the next moment at which a window is open.

    Args:
        windows: the windows; empty if every moment is allowed.
        timezone: the time zone of their wall clock.
        now: the moment to start from, with a time zone.

    Returns:
        A moment in UTC: `now` if a window is open or there are none, else a later one.
    """
    # In UTC, because moments of an hour that is repeated compare oddly elsewhere (PEP 495).
    now = now.astimezone(UTC)
    if not windows:
        return now
    today = now.astimezone(timezone).date()
    spans = [span for window in windows for span in _spans(window, timezone, today)]
    return min(max(start, now) for start, end in spans if end > now)


def _spans(window: Window, timezone: tzinfo, today: date) -> Iterator[tuple[datetime, datetime]]:
    """Yield each opening and closing of a window from yesterday on, in UTC."""
    for ahead in range(-1, _LOOK_AHEAD):
        day = today + timedelta(days=ahead)
        if day.weekday() not in window.days:
            continue
        start = _moment(day, window.start, timezone)
        end = _moment(day, window.end + MIDNIGHT * (window.end <= window.start), timezone)
        if start < end:
            yield start, end


def _moment(day: date, minutes: int, timezone: tzinfo) -> datetime:
    # Arithmetic on the wall clock, so an hour that is skipped or repeated does not shift it.
    wall = datetime.combine(day, time(), timezone) + timedelta(minutes=minutes)
    return wall.astimezone(UTC)
