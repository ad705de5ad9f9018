"""A day that is over can be looked at like the present one: ``?day=2017-02-01``, by the site's own clock."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from chanye.domains.factory.floor import day_window
from chanye.kernel.time import from_us, to_us
from chanye.spine.types import AssetRef

_WRITTEN = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
EARLIEST = date(1990, 1, 1)


@dataclass(frozen=True, slots=True)
class Day:
    """A calendar day of a site, ``[start, end)`` us UTC.

    ``name``, ``before`` and ``after`` are ISO dates, the latter two empty where there is nothing to go to;
    ``present`` is the date of today.
    """

    start: int
    end: int
    name: str
    before: str
    after: str
    present: str

    @property
    def past(self) -> bool:
        """Whether it is over."""
        return self.name != self.present


def date_at(site: AssetRef, moment: int) -> str:
    """Return the date at ``moment`` (us UTC) by the clock of a site."""
    return from_us(moment, ZoneInfo(site.timezone)).date().isoformat()


def read_day(text: str | None, site: AssetRef, now: int) -> Day:
    """Return the day that ``text`` names; what cannot be read, or is not there yet, is today."""
    today = from_us(now, ZoneInfo(site.timezone)).date()
    day = min(max(_date(text) or today, EARLIEST), today)
    # noon is on every day, whatever summer time does
    start, end = day_window(site, to_us(datetime(day.year, day.month, day.day, 12, tzinfo=ZoneInfo(site.timezone))))
    before = day - timedelta(days=1) if day > EARLIEST else None
    after = day + timedelta(days=1) if day < today else None
    return Day(start, end, str(day), str(before or ""), str(after or ""), str(today))


def _date(text: str | None) -> date | None:
    if not text or not _WRITTEN.fullmatch(text):
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
