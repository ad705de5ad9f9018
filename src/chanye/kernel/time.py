"""Instants: microseconds since 1970-01-01T00:00Z as ``int``, read from and written as ISO 8601.

Inside the product time is always UTC; ``from_us`` with a zone is for screens only.
"""

from __future__ import annotations

import re
import time as _time
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from chanye.kernel.errors import PeerError

I64 = npt.NDArray[np.int64]

#: Microseconds in a second, minute, hour and day. [us]
SECOND, MINUTE, HOUR, DAY = 1_000_000, 60_000_000, 3_600_000_000, 86_400_000_000

#: Marks a line that is not a time in the answer of ``parse_iso_many``.
NOT_A_TIME = int(np.iinfo(np.int64).min)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_DAY = date(1970, 1, 1).toordinal()
_ISO = re.compile(
    r"(\d{4}-\d\d-\d\d)[T ](\d\d):(\d\d):(\d\d)(?:[.,](\d+))?\s?(?:([Zz])|([+-])(\d\d):?(\d\d)?)?", re.ASCII
)


def now_us() -> int:
    """Return the present [us UTC]."""
    return _time.time_ns() // 1_000


def to_us(moment: datetime) -> int:
    """Return an aware datetime as us UTC.

    Raises
    ------
    ValueError
        If the datetime has no zone: a guess would be wrong half of the time.
    """
    if moment.tzinfo is None:
        msg = "a datetime without a zone is not an instant; attach the zone it was measured in"
        raise ValueError(msg)
    return (moment - _EPOCH) // timedelta(microseconds=1)


def from_us(us: int, zone: tzinfo = UTC) -> datetime:
    """Return us UTC as an aware datetime in ``zone``."""
    return (_EPOCH + timedelta(microseconds=us)).astimezone(zone)


@lru_cache(maxsize=4096)
def _day_us(text: str) -> int:
    return (date.fromisoformat(text).toordinal() - _EPOCH_DAY) * DAY


def parse_iso(text: str) -> int:
    """Return an ISO 8601 date and time as us UTC; without an offset it is taken as UTC.

    Any number of decimals is accepted (MTConnect adapters write up to seven), digits below a microsecond
    are cut off. A leap second (``:60``) is the first instant of the next minute, as POSIX time has it.

    Raises
    ------
    PeerError
        ``bad_time`` if the text is not a time.
    """
    found = _ISO.fullmatch(text.strip())
    if found is None:
        raise PeerError("bad_time", text[:60])
    day, hour, minute, second, fraction, _, sign, off_hour, off_minute = found.groups()
    h, m, s = int(hour), int(minute), int(second)
    if h > 23 or m > 59 or s > 60:
        raise PeerError("bad_time", text[:60])
    try:
        us = _day_us(day) + h * HOUR + m * MINUTE + s * SECOND
    except ValueError:
        raise PeerError("bad_time", text[:60]) from None
    if fraction:
        us += int(fraction[:6].ljust(6, "0"))
    if sign:
        offset = int(off_hour) * HOUR + int(off_minute or 0) * MINUTE
        us += -offset if sign == "+" else offset
    return us


# Columns of the digits in ``YYYY-MM-DDThh:mm:ss`` and of the marks between them.
_DIGITS = np.array([0, 1, 2, 3, 5, 6, 8, 9, 11, 12, 14, 15, 17, 18])
_MARKS = ((4, b"-"), (7, b"-"), (13, b":"), (16, b":"))
_MONTH_DAYS = np.array([0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31], np.int64)
_WIDTH = 32


def parse_iso_many(texts: Sequence[str]) -> I64:
    """Return many ISO 8601 texts as us UTC; what is not a time becomes ``NOT_A_TIME``.

    The common form (``2017-02-01T12:18:02.1234567Z``, with or without decimals and ``Z``) is read with array
    operations; every other line goes through ``parse_iso``.

    Parameters
    ----------
    texts
        n texts.

    Returns
    -------
    I64
        Shape (n,). [us UTC]
    """
    n = len(texts)
    if n == 0:
        return np.empty(0, np.int64)
    packed = np.array([t.encode("ascii", "replace")[:_WIDTH] for t in texts], dtype=f"S{_WIDTH}")
    char = packed.view(np.uint8).reshape(n, _WIDTH)
    out, ok = _read_fixed(char)
    fraction, rest_ok = _read_fraction(char)
    ok &= rest_ok
    out += fraction
    for i in np.flatnonzero(~ok).tolist():
        try:
            out[i] = parse_iso(texts[i])
        except PeerError:
            out[i] = NOT_A_TIME
    return out


def _read_fixed(char: npt.NDArray[np.uint8]) -> tuple[I64, npt.NDArray[np.bool_]]:
    digit = char[:, _DIGITS].astype(np.int64) - ord("0")
    ok = np.asarray(((digit >= 0) & (digit <= 9)).all(axis=1))
    for column, mark in _MARKS:
        ok &= char[:, column] == mark[0]
    ok &= (char[:, 10] == ord("T")) | (char[:, 10] == ord(" "))
    year = digit[:, :4] @ np.array([1000, 100, 10, 1])
    month, day, hour, minute, second = (digit[:, k] * 10 + digit[:, k + 1] for k in (4, 6, 8, 10, 12))
    leap = ((year % 4 == 0) & (year % 100 != 0)) | (year % 400 == 0)
    length = _MONTH_DAYS[np.clip(month, 0, 12)] + (leap & (month == 2))
    ok &= (year >= 1) & (month >= 1) & (month <= 12) & (day >= 1) & (day <= length)
    ok &= (hour < 24) & (minute < 60) & (second < 60)
    months = (year - 1970) * 12 + month - 1
    days = months.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64) + day - 1
    return days * DAY + hour * HOUR + minute * MINUTE + second * SECOND, ok


def _read_fraction(char: npt.NDArray[np.uint8]) -> tuple[I64, npt.NDArray[np.bool_]]:
    """Read what follows the seconds: nothing or ``.digits``, then nothing or ``Z``."""
    tail = np.concatenate([char[:, 20:], np.zeros((len(char), 1), np.uint8)], axis=1)
    has_point = char[:, 19] == ord(".")
    is_digit = (tail >= ord("0")) & (tail <= ord("9")) & has_point[:, None]
    leading = np.logical_and.accumulate(is_digit, axis=1)
    value = np.where(leading[:, :6], tail[:, :6].astype(np.int64) - ord("0"), 0)
    fraction = value @ np.array([100_000, 10_000, 1_000, 100, 10, 1])
    count = leading.sum(axis=1)
    # The column after the seconds or after the decimals, then the one after that.
    end = np.where(has_point, 20 + count, 19)
    padded = np.concatenate([char, np.zeros((len(char), 2), np.uint8)], axis=1)
    row = np.arange(len(char))
    closes = (padded[row, end] == 0) | ((padded[row, end] == ord("Z")) & (padded[row, end + 1] == 0))
    return fraction, closes & (~has_point | (count > 0)) & (end < _WIDTH)


def format_iso(us: int, *, decimals: int = 6) -> str:
    """Return us UTC as ``2017-02-01T12:18:02.123456Z`` with 0 to 6 decimals, cut off, never rounded up.

    Raises
    ------
    ValueError
        If ``decimals`` is outside 0..6.
    """
    if not 0 <= decimals <= 6:
        msg = "decimals must be 0 to 6: time is kept in microseconds"
        raise ValueError(msg)
    text = from_us(us).strftime("%Y-%m-%dT%H:%M:%S").rjust(19, "0")
    return f"{text}.{us % SECOND:06d}"[: 20 + decimals].rstrip(".") + "Z"
