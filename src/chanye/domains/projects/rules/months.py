"""Months as text, YYYY-MM: reading, counting, listing. Pure."""

from __future__ import annotations

import re
from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from chanye.kernel.errors import ConfigError
from chanye.kernel.time import from_us, now_us, to_us

_MONTH = re.compile(r"(20\d\d|19\d\d)\s*[-/.年]?\s*(0?[1-9]|1[0-2])\s*月?", re.ASCII)
ZONE: tzinfo = ZoneInfo("Asia/Shanghai")


def read_month(text: str) -> str:
    """Return a month that somebody wrote, as YYYY-MM.

    Raises
    ------
    ConfigError
        Saying how to write it.
    """
    found = _MONTH.fullmatch(str(text).strip())
    if found is None:
        raise ConfigError(_("%(text)s is not a month: write it like 2026-08.") % {"text": str(text)[:40]})
    return f"{found[1]}-{int(found[2]):02d}"


def number(month: str) -> int:
    """Return months since year 0."""
    return int(month[:4]) * 12 + int(month[5:]) - 1


def month_of(count: int) -> str:
    """Return the month with a number."""
    return f"{count // 12:04d}-{count % 12 + 1:02d}"


def shift(month: str, by: int) -> str:
    """Return the month so many later."""
    return month_of(number(month) + by)


def between(first: str, last: str) -> list[str]:
    """Return the months from first to last, both included."""
    return [month_of(n) for n in range(number(first), number(last) + 1)]


def january(month: str) -> str:
    """Return the first month of the year."""
    return f"{month[:4]}-01"


def month_at(us: int, zone: tzinfo = ZONE) -> str:
    """Return the month of a moment [us UTC]."""
    return from_us(us, zone).strftime("%Y-%m")


def begins(month: str, zone: tzinfo = ZONE) -> int:
    """Return the moment at which a month begins [us UTC]."""
    return to_us(datetime(int(month[:4]), int(month[5:]), 1, tzinfo=zone).astimezone(UTC))


def this_month() -> str:
    """Return the month of now."""
    return month_at(now_us())
