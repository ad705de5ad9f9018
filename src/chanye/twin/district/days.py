"""Which days people work, and how warm it is: the calendar of mainland China, and weather like Chongqing's."""

from __future__ import annotations

from datetime import date

import numpy as np
import numpy.typing as npt

F64 = npt.NDArray[np.float64]

#: First and last day of public holidays, as the State Council gave them out; 2027 is not given out yet.
_HOLIDAYS: dict[int, tuple[tuple[int, int, int, int], ...]] = {
    2022: ((1, 1, 1, 3), (1, 31, 2, 6), (4, 3, 4, 5), (4, 30, 5, 4), (6, 3, 6, 5), (9, 10, 9, 12), (10, 1, 10, 7)),
    2023: ((1, 1, 1, 2), (1, 21, 1, 27), (4, 5, 4, 5), (4, 29, 5, 3), (6, 22, 6, 24), (9, 29, 10, 6)),
    2024: ((1, 1, 1, 1), (2, 10, 2, 17), (4, 4, 4, 6), (5, 1, 5, 5), (6, 10, 6, 10), (9, 15, 9, 17), (10, 1, 10, 7)),
    2025: ((1, 1, 1, 1), (1, 28, 2, 4), (4, 4, 4, 6), (5, 1, 5, 5), (5, 31, 6, 2), (10, 1, 10, 8)),
    2026: ((1, 1, 1, 3), (2, 15, 2, 23), (4, 4, 4, 6), (5, 1, 5, 5), (6, 19, 6, 21), (9, 25, 9, 27), (10, 1, 10, 7)),
}
#: Where the years above end: holidays that keep their date, and the days that the new year usually takes.
_USUAL = ((1, 1, 1, 1), (2, 4, 2, 10), (4, 4, 4, 6), (5, 1, 5, 5), (10, 1, 10, 7))


def dates(first: date, days: int) -> list[date]:
    """Return consecutive days."""
    return [date.fromordinal(first.toordinal() + i) for i in range(days)]


def holidays(first: date, days: int) -> npt.NDArray[np.bool_]:
    """Return which days are public holidays, shape (days,)."""
    found = np.zeros(days, bool)
    begin = first.toordinal()
    for year in range(first.year, dates(first, days)[-1].year + 1):
        for m, d, m2, d2 in _HOLIDAYS.get(year, _USUAL):
            low, high = date(year, m, d).toordinal() - begin, date(year, m2, d2).toordinal() - begin
            found[max(low, 0) : max(high + 1, 0)] = True
    return found


def weekdays(first: date, days: int) -> npt.NDArray[np.int64]:
    """Return the day of the week, 0 Monday to 6 Sunday, shape (days,)."""
    return (first.weekday() + np.arange(days)) % 7


def temperatures(first: date, days: int, rng: np.random.Generator) -> F64:
    """Return the temperature of every hour [°C], shape (days, 24).

    Means, spread and the memory of a day are those of Chongqing: 8 °C in January, 29 °C in August, a daily swing of
    6 °C, and departures of 2.5 °C that last for some days.
    """
    phase = np.array([one.timetuple().tm_yday for one in dates(first, days)]) - 208
    mean = 18.5 + 10.5 * np.cos(2 * np.pi * phase / 365.25)
    swing = 3.0 * np.cos(2 * np.pi * (np.arange(24) - 15) / 24)
    found: F64 = (mean + memory(rng, 1, days, np.array([0.7]), 2.5)[0])[:, None] + swing[None, :]
    return found


def memory(rng: np.random.Generator, units: int, days: int, rho: F64, sigma: float | F64) -> F64:
    """Return noise that keeps a share ``rho`` (units,) of the day before, of standard deviation ``sigma``.

    Shape (units, days); the first day is drawn from what the series settles at.
    """
    news = rng.standard_normal((units, days))
    news[:, 1:] *= np.sqrt(1 - rho**2)[:, None]
    noise = np.empty((units, days))
    noise[:, 0] = news[:, 0]
    for day in range(1, days):
        noise[:, day] = rho * noise[:, day - 1] + news[:, day]
    return noise * np.broadcast_to(np.asarray(sigma, np.float64), (units,))[:, None]
