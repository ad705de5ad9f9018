"""Instants against the standard library, many lines against one; interval and shift arithmetic by brute force."""

from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chanye.kernel.errors import ConfigError, PeerError
from chanye.kernel.intervals import EMPTY, Intervals
from chanye.kernel.shifts import Shift, ShiftPattern, shift_pattern_from_dict, shift_pattern_to_dict
from chanye.kernel.time import (
    DAY,
    HOUR,
    MINUTE,
    NOT_A_TIME,
    SECOND,
    format_iso,
    from_us,
    now_us,
    parse_iso,
    parse_iso_many,
    to_us,
)

MOMENTS = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=st.just(UTC))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("2017-02-01T12:18:02.1234567Z", 1485951482_123456),
        ("2017-02-01T12:18:02.1234567", 1485951482_123456),
        ("2017-02-01 20:18:02.5+08:00", 1485951482_500000),
        ("2017-02-01T07:18:02-0500", 1485951482_000000),
        ("2017-02-01T12:18:02,5z", 1485951482_500000),
        ("2016-12-31T23:59:60Z", 1483228800_000000),
        ("1969-12-31T23:59:59.999999Z", -1),
        ("0001-01-01T00:00:00Z", -62135596800_000000),
    ],
)
def test_iso_by_the_epoch_of_date_1(text: str, expected: int) -> None:
    assert parse_iso(text) == expected
    assert parse_iso_many([text, text])[1] == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "now",
        "2017-02-30T00:00:00Z",
        "2017-13-01T00:00:00",
        "2017-02-01T24:00:00Z",
        "2017-02-01T00:60:00Z",
        "2017-02-01",
        "2017-02-01T00:00:61Z",
        "2017-02-01T00:00:00.Z",
        "2017-02-01T00:00:00Zx",
        "0000-01-01T00:00:00Z",
        "２017-02-01T00:00:00Z",
        "2017-02-01T00:00:00.123é",
        "2100-02-29T00:00:00Z",
        "2017-02-01T00:00:00+8",
    ],
)
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(PeerError, match="bad_time"):
        parse_iso(text)
    assert parse_iso_many([text])[0] == NOT_A_TIME


@given(MOMENTS, st.integers(0, 6))
def test_format_and_parse_by_the_standard_library(moment: datetime, decimals: int) -> None:
    us = to_us(moment)
    assert from_us(us) == moment
    unit = 10 ** (6 - decimals)
    text = format_iso(us, decimals=decimals)
    assert parse_iso(text) == us // unit * unit
    assert datetime.fromisoformat(text) == from_us(us // unit * unit)
    assert parse_iso_many([text])[0] == us // unit * unit


@given(MOMENTS, st.integers(-14 * 60, 14 * 60).filter(bool))
def test_offsets(moment: datetime, minutes: int) -> None:
    there = moment.replace(year=min(max(moment.year, 2), 9998)).astimezone(timezone(timedelta(minutes=minutes)))
    assert parse_iso(there.isoformat()) == to_us(there)


@given(st.lists(st.text("0123456789-:T. Z+", max_size=40) | MOMENTS.map(lambda m: m.isoformat()), max_size=20))
def test_many_lines_read_like_single_ones(texts: list[str]) -> None:
    def single(text: str) -> int:
        try:
            return parse_iso(text)
        except PeerError:
            return NOT_A_TIME

    assert parse_iso_many(texts).tolist() == [single(text) for text in texts]


def test_now_is_now_and_naive_times_are_refused() -> None:
    assert abs(now_us() - to_us(datetime.now(UTC))) < SECOND
    with pytest.raises(ValueError, match="zone"):
        to_us(datetime(2026, 1, 1))
    with pytest.raises(ValueError, match="decimals"):
        format_iso(0, decimals=7)


PAIRS = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), max_size=12)


def _points(pairs: list[tuple[int, int]]) -> set[int]:
    return {p for start, end in pairs for p in range(start, end)}


@given(PAIRS, PAIRS, st.integers(0, 40), st.integers(0, 40))
def test_sets_of_time_are_sets_of_points(
    a: list[tuple[int, int]], b: list[tuple[int, int]], low: int, high: int
) -> None:
    x, y = Intervals.from_pairs(a), Intervals.from_pairs(b)
    p, q, window = _points(a), _points(b), set(range(low, high))
    for made, expected in (
        (x, p),
        (x.union(y), p | q),
        (x.intersect(y), p & q),
        (x.subtract(y), p - q),
        (x.clip(low, high), p & window),
        (x.complement(low, high), window - p),
    ):
        assert _points(list(made)) == expected
        assert made.total == len(expected)
        assert made == Intervals.from_pairs(list(made))
        assert (made.start < made.end).all()
        assert (made.end[:-1] < made.start[1:]).all()
        assert np.flatnonzero(made.contains(np.arange(-1, 41))).tolist() == sorted(e + 1 for e in expected)
    assert x.intersect(y).total + x.subtract(y).total == x.total
    assert EMPTY.union(x) == x


def test_interval_columns_must_match() -> None:
    with pytest.raises(ValueError, match="equally long"):
        Intervals.of([1, 2], [3])
    assert Intervals.of([1], [2]) != "something else"
    assert len(Intervals.of(1, 2)) == 1


SHIFTS = st.lists(
    st.builds(
        lambda start, length, days: (start, length, days),
        st.integers(0, 47).map(lambda n: n * 30),
        st.integers(1, 48).map(lambda n: n * 30),
        st.sets(st.integers(0, 6), min_size=1),
    ),
    min_size=1,
    max_size=3,
)
WEEKS = st.sampled_from(
    [
        ("Asia/Shanghai", datetime(2026, 2, 1)),
        ("Europe/Berlin", datetime(2026, 3, 27)),  # clocks jump forward on the 29th
        ("Europe/Berlin", datetime(2026, 10, 23)),  # and back on the 25th
        ("America/New_York", datetime(2026, 3, 6)),
        ("Australia/Lord_Howe", datetime(2026, 4, 3)),  # by half an hour
    ]
)


def _first_instants(zone: ZoneInfo, start: int, minutes: int) -> tuple[np.ndarray, np.ndarray]:
    """Return every half minute's wall clock: the brute-force view of "the first instant that shows it or later"."""
    instants = start + np.arange(minutes, dtype=np.int64) * MINUTE
    walls = [from_us(int(i), zone).replace(tzinfo=UTC) for i in instants]
    return instants, np.maximum.accumulate(np.array([to_us(w) for w in walls]))


@settings(max_examples=40, deadline=None)
@given(WEEKS, SHIFTS, st.booleans())
def test_planned_time_by_asking_every_minute(
    week: tuple[str, datetime], drawn: list[tuple[int, int, set[int]]], holiday: bool
) -> None:
    name, monday = week
    zone = ZoneInfo(name)
    shifts = tuple(Shift(f"s{i}", s, (s + n) % 1440, tuple(sorted(d))) for i, (s, n, d) in enumerate(drawn))
    off = (monday + timedelta(days=1)).date()
    pattern = ShiftPattern(name, shifts, {off: ()} if holiday else {})
    start = to_us(monday.replace(tzinfo=zone))
    instants, walls = _first_instants(zone, start - 3 * DAY, 8 * 1440)
    covered = np.zeros(len(instants), bool)
    for day in (monday.date() + timedelta(days=n) for n in range(-3, 6)):
        for s in () if day in pattern.exceptions else shifts:
            if day.weekday() in s.days:
                midnight = to_us(datetime(day.year, day.month, day.day, tzinfo=UTC))
                low, high = (np.searchsorted(walls, midnight + m * MINUTE) for m in s.span)
                covered[low:high] = True
    inside = (instants >= start) & (instants < start + 4 * DAY)
    planned = pattern.planned(start, start + 4 * DAY)
    assert (planned.contains(instants[inside]) == covered[inside]).all()
    assert planned.total == covered[inside].sum() * MINUTE


DAY_AND_NIGHT = {
    "zone": "Asia/Shanghai",
    "shifts": [
        {"name": "早班", "days": [0, 1, 2, 3, 4], "start": "08:00", "end": "20:00", "breaks": [["12:00", "12:30"]]},
        {"name": "夜班", "days": [0, 1, 2, 3, 4], "start": "20:00", "end": "08:00", "breaks": [["00:30", "01:00"]]},
    ],
    "exceptions": {"2026-10-01": []},
}


def test_a_week_of_two_shifts() -> None:
    pattern = shift_pattern_from_dict(DAY_AND_NIGHT)
    assert shift_pattern_to_dict(pattern) == DAY_AND_NIGHT
    start = to_us(datetime(2026, 9, 28, tzinfo=ZoneInfo("Asia/Shanghai")))  # a Monday; Thursday is the holiday
    assert pattern.planned(start, start + 7 * DAY).total == 4 * 23 * HOUR
    assert pattern.shift_at(start) is None
    early = pattern.shift_at(start + 8 * HOUR)
    assert early is not None
    assert (early.name, early.day, early.busy.total) == ("早班", date(2026, 9, 28), int(11.5 * HOUR))
    night = pattern.shift_at(start + 32 * HOUR - 1)
    assert night is not None
    assert (night.name, night.start, night.end) == ("夜班", start + 20 * HOUR, start + 32 * HOUR)
    assert list(night.busy) == [
        (start + 20 * HOUR, start + 24 * HOUR + 30 * MINUTE),
        (start + 25 * HOUR, start + 32 * HOUR),
    ]


@pytest.mark.parametrize(
    "change",
    [
        {"zone": "Asia/Chongking2"},
        {"zone": "../etc/passwd"},
        {"shifts": [{"name": "x", "start": "8:00", "end": "16:00"}]},
        {"shifts": [{"name": "x", "start": "08:00", "end": "25:00"}]},
        {"shifts": [{"name": "x", "start": "24:00", "end": "01:00"}]},
        {"shifts": [{"name": "x", "start": "08:00", "end": "16:00", "days": [7]}]},
        {"shifts": [{"name": "x", "start": "08:00", "end": "16:00", "breaks": [["07:00", "08:30"]]}]},
        {"shifts": [{"name": "x", "start": "08:00", "end": "16:00", "breaks": [["12:00"]]}]},
        {"shifts": [{"start": "08:00"}]},
        {"shifts": None},
        {"exceptions": {"1 October": []}},
    ],
)
def test_a_pattern_that_is_none_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(ConfigError):
        shift_pattern_from_dict(DAY_AND_NIGHT | change)
