"""Chinese public holidays and make-up working days as exceptions of a shift calendar (State Council notices).

The dates come from the package ``chinesecalendar``, which is brought up to date each autumn for the next year.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from django.utils.translation import gettext as _

from chanye.kernel.errors import ConfigError
from chanye.kernel.shifts import Shift, ShiftPattern


def known_years() -> range:
    """Return the years whose holidays are known."""
    from chinese_calendar.constants import holidays

    return range(min(holidays).year, max(holidays).year + 1)


def public_days(year: int) -> tuple[list[date], list[date]]:
    """Return the days off of a year, weekends inside a holiday included, and the weekend days worked instead.

    Raises
    ------
    ConfigError
        If the year is not known yet, saying which are.
    """
    from chinese_calendar.constants import holidays, workdays

    years = known_years()
    if year not in years:
        raise ConfigError(
            _("Holidays are known from %(first)s to %(last)s: enter %(year)s by hand, or update the product.")
            % {"first": years[0], "last": years[-1], "year": year}
        )
    return sorted(day for day in holidays if day.year == year), sorted(day for day in workdays if day.year == year)


def with_holidays(pattern: ShiftPattern, year: int) -> ShiftPattern:
    """Return a pattern with the public holidays of a year closed and make-up days worked.

    A make-up day gets the shifts of the first weekday that has any, unless the week works on it anyway. Exceptions
    that are there already stay: they were entered on purpose.
    """
    closed, worked = public_days(year)
    found: dict[date, tuple[Shift, ...]] = dict.fromkeys(closed, ())
    usual = next((shifts for day in range(7) if (shifts := _of_weekday(pattern, day))), ())
    found |= {day: usual for day in worked if not _of_weekday(pattern, day.weekday())}
    return replace(pattern, exceptions=found | dict(pattern.exceptions))


def _of_weekday(pattern: ShiftPattern, weekday: int) -> tuple[Shift, ...]:
    return tuple(shift for shift in pattern.shifts if weekday in shift.days)
