"""The schedule of the job: what a window says, and when it opens."""

from __future__ import annotations

import zoneinfo
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fluxbump.config.schedule import DAYS, MIDNIGHT, Window, opens, parse, zone

BERLIN = zone("Europe/Berlin")

windows = st.builds(
    Window,
    st.frozensets(st.integers(0, 6), min_size=1),
    st.integers(0, MIDNIGHT - 1),
    st.integers(1, MIDNIGHT),
).filter(lambda one: one.start != one.end)
moments = st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001  # hypothesis adds the time zone
zones = st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"])


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


# --- what it says -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "window"),
    [
        ("mon-fri 08:00-17:00", Window(frozenset(range(5)), 480, 1020)),
        ("  SAT,sun ", Window(frozenset([5, 6]))),
        ("fri-mon", Window(frozenset([4, 5, 6, 0]))),
        ("mon,wed-thu  9:05-24:00", Window(frozenset([0, 2, 3]), 545, 1440)),
        ("22:00-06:00", Window(frozenset(range(7)), 1320, 360)),
    ],
)
def test_what_a_window_says(text: str, window: Window) -> None:
    assert parse(text) == window


@pytest.mark.parametrize(
    "text",
    ["", " ", "noon", "mon-", "mon 8-17", "mon08:00-09:00", "mon 08:00", "08:00-08:00",
     "24:00-08:00", "08:00-24:30", "25:00-26:00", "08:60-09:00", "mon, tue", "mon\n08:00-09:00",
     "08:00-00:00", "mon " * 100, "٠٨:00-09:00"],
)  # fmt: skip
def test_what_is_no_window(text: str) -> None:
    with pytest.raises(ValueError, match=r"not a (window|time span)") as caught:
        parse(text)
    assert "\n" not in str(caught.value)


@given(windows)
def test_a_window_is_read_as_it_is_written(window: Window) -> None:
    assert parse(str(window)) == window


@given(st.text(max_size=40))
def test_any_text_is_a_window_or_refused(text: str) -> None:
    try:
        assert parse(text).days
    except ValueError as error:
        assert str(error)  # noqa: PT017  # both outcomes are right


@pytest.mark.parametrize("name", ["", "Mars/Phobos", "Europe", "../UTC", "/etc/localtime", "a\0b"])
def test_what_is_no_time_zone(name: str) -> None:
    with pytest.raises(ValueError, match="unknown time zone"):
        zone(name)


@pytest.mark.skipif(find_spec("tzdata") is not None, reason="the database is a package here")
def test_without_a_database_there_is_utc() -> None:
    try:
        zoneinfo.reset_tzpath(to=[])
        zoneinfo.ZoneInfo.clear_cache()
        assert zone("UTC") is UTC
        with pytest.raises(ValueError, match="no tzdata on this machine"):
            zone("Europe/Berlin")
    finally:
        zoneinfo.reset_tzpath()


# --- when it opens ----------------------------------------------------------------------------

NIGHT = "fri 22:00-06:00"


@pytest.mark.parametrize(
    ("text", "now", "then"),
    [
        # 2026-11-23 is a Monday.
        ("mon-fri 08:00-17:00", "2026-11-23T07:59+01:00", "2026-11-23T08:00+01:00"),
        ("mon-fri 08:00-17:00", "2026-11-23T08:00+01:00", "2026-11-23T08:00+01:00"),
        ("mon-fri 08:00-17:00", "2026-11-23T12:00+00:00", "2026-11-23T13:00+01:00"),
        ("mon-fri 08:00-17:00", "2026-11-23T17:00+01:00", "2026-11-24T08:00+01:00"),
        ("mon-fri 08:00-17:00", "2026-11-27T17:00+01:00", "2026-11-30T08:00+01:00"),
        (NIGHT, "2026-11-28T05:59+01:00", "2026-11-28T05:59+01:00"),
        (NIGHT, "2026-11-28T06:00+01:00", "2026-12-04T22:00+01:00"),
        (NIGHT, "2026-11-27T05:00+01:00", "2026-11-27T22:00+01:00"),
        # Clocks skip 02:00 to 03:00 on 2026-03-29, and repeat it on 2026-10-25.
        ("sun 02:30-04:00", "2026-03-29T00:00+01:00", "2026-03-29T03:30+02:00"),
        ("sun 02:30-02:45", "2026-03-29T00:00+01:00", "2026-03-29T03:30+02:00"),
        ("sun 02:30-03:00", "2026-03-29T00:00+01:00", "2026-04-05T02:30+02:00"),
        ("sun 02:00-03:00", "2026-10-25T02:30+02:00", "2026-10-25T02:30+02:00"),
        ("sun 02:30-02:45", "2026-10-25T02:40+01:00", "2026-11-01T02:30+01:00"),
    ],
)
def test_when_it_opens(text: str, now: str, then: str) -> None:
    assert opens([parse(text)], BERLIN, at(now)) == at(then)
    assert opens([parse(text)], BERLIN, at(now).astimezone(BERLIN)) == at(then)


def test_without_a_window_it_is_always_open() -> None:
    assert opens([], BERLIN, at("2026-11-23T03:00+00:00")) == at("2026-11-23T03:00+00:00")


@given(st.lists(windows, min_size=1, max_size=4), zones, moments)
def test_it_is_open_when_it_opens(some: list[Window], name: str, now: datetime) -> None:
    timezone = zone(name)
    then = opens(some, timezone, now)
    assert now <= then <= now + timedelta(days=8)
    assert opens(some, timezone, then) == then
    assert then == min(opens([one], timezone, now) for one in some)


def shows(window: Window, now: datetime) -> bool:
    """Whether the wall clock shows a time in the window: another way to say it."""
    minute = now.hour * 60 + now.minute
    if window.start < window.end:
        return now.weekday() in window.days and window.start <= minute < window.end
    yesterday = (now.weekday() - 1) % len(DAYS)
    late = now.weekday() in window.days and minute >= window.start
    return late or (yesterday in window.days and minute < window.end)


@given(windows, moments, st.integers(0, 7 * MIDNIGHT))
def test_where_no_clock_is_moved_it_is_open_as_the_wall_clock_shows(
    window: Window, now: datetime, later: int
) -> None:
    then = opens([window], UTC, now)
    assert shows(window, then)
    between = now + timedelta(minutes=later)
    if between < then:
        assert not shows(window, between)
    assert (opens([window], UTC, between) == between) == shows(window, between)
