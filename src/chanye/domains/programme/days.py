"""The calendar of the district."""

from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo

from chanye.kernel.time import from_us, now_us

ZONE = ZoneInfo("Asia/Shanghai")


def day_of(moment: int) -> date:
    """Return the day in the district of a moment [us UTC]."""
    return from_us(moment, ZONE).date()


def today() -> date:
    """Return the day in the district."""
    return day_of(now_us())
