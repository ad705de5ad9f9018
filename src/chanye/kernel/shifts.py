"""Shift patterns: a week of shifts in local time, with breaks and exceptions, as intervals in UTC.

Rules of the file: a wall-clock time means the *first* instant at which the local clock shows it or a later
time. So a time that daylight saving skips is the instant of the jump, a time that occurs twice is its first
occurrence, consecutive shifts always tile, and no shift ever overlaps the next.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from chanye.kernel.errors import ConfigError
from chanye.kernel.intervals import Intervals
from chanye.kernel.time import from_us, to_us

_DAY_MINUTES = 24 * 60
_CLOCK = re.compile(r"([01]\d|2[0-4]):([0-5]\d)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Shift:
    """A shift of the week.

    Parameters
    ----------
    name
        What people call it, e.g. ``早班``.
    start, end
        Local wall clock, minutes after midnight; ``end <= start`` ends on the next day. [min]
    days
        Weekdays on which it starts, 0 = Monday.
    breaks
        Pauses as ``(start, end)`` wall clock; one before ``start`` is after midnight. [min]
    """

    name: str
    start: int
    end: int
    days: tuple[int, ...] = (0, 1, 2, 3, 4)
    breaks: tuple[tuple[int, int], ...] = ()

    def __post_init__(self) -> None:
        """Refuse what is not a shift."""
        if not (0 <= self.start < _DAY_MINUTES and 0 <= self.end <= _DAY_MINUTES):
            raise ConfigError(f"Shift {self.name}: start and end must be between 00:00 and 24:00.")
        if any(day not in range(7) for day in self.days):
            raise ConfigError(f"Shift {self.name}: days must be 0 (Monday) to 6 (Sunday).")
        first, last = self.span
        for pause in self.breaks:
            low, high = self._place(pause)
            if not first <= low < high <= last:
                raise ConfigError(
                    f"Shift {self.name}: the break {_clock(pause[0])}-{_clock(pause[1])} is not inside it."
                )

    @property
    def span(self) -> tuple[int, int]:
        """Start and end in minutes after midnight of the day on which it starts; up to 48 h [min]."""
        return self.start, self.end + (_DAY_MINUTES if self.end <= self.start else 0)

    @property
    def pauses(self) -> tuple[tuple[int, int], ...]:
        """Breaks, placed like ``span`` [min]."""
        return tuple(self._place(pause) for pause in self.breaks)

    def _place(self, pause: tuple[int, int]) -> tuple[int, int]:
        low = pause[0] + (_DAY_MINUTES if pause[0] < self.start else 0)
        high = pause[1] + (_DAY_MINUTES if pause[1] < self.start or pause[1] <= pause[0] else 0)
        return low, high


@dataclass(frozen=True, slots=True)
class ShiftRun:
    """One shift on one day: ``[start, end)`` us UTC; ``day`` is the local date on which it starts."""

    name: str
    day: date
    start: int
    end: int
    busy: Intervals


@dataclass(frozen=True)
class ShiftPattern:
    """The working week of a place.

    Parameters
    ----------
    zone
        IANA name, e.g. ``Asia/Shanghai``.
    shifts
        The week.
    exceptions
        Local date -> the shifts that start on it instead of the week's; empty for a holiday. Their ``days``
        are ignored.
    """

    zone: str
    shifts: tuple[Shift, ...]
    exceptions: Mapping[date, tuple[Shift, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse an unknown zone."""
        try:
            ZoneInfo(self.zone)
        except (ValueError, OSError, KeyError):
            raise ConfigError(f"Unknown time zone {self.zone!r}: use an IANA name such as Asia/Shanghai.") from None

    def runs(self, start: int, end: int) -> list[ShiftRun]:
        """Return every shift that touches ``[start, end)`` us UTC, whole, in order of start."""
        zone = ZoneInfo(self.zone)
        # A shift lasts at most a day, so it starts at most one local day before the window.
        day = from_us(start, zone).date() - timedelta(days=2)
        last = from_us(end, zone).date() + timedelta(days=1)
        found: list[ShiftRun] = []
        while day <= last:
            found += [self._run(shift, day) for shift in self.shifts_of(day)]
            day += timedelta(days=1)
        touching = [run for run in found if run.start < end and run.end > start]
        return sorted(touching, key=lambda run: (run.start, run.end))

    def shifts_of(self, day: date) -> tuple[Shift, ...]:
        """Return the shifts that start on a local date."""
        if day in self.exceptions:
            return self.exceptions[day]
        return tuple(shift for shift in self.shifts if day.weekday() in shift.days)

    def planned(self, start: int, end: int) -> Intervals:
        """Return the planned busy time in ``[start, end)``: shifts without their breaks [us UTC]."""
        pairs = [pair for run in self.runs(start, end) for pair in run.busy]
        return Intervals.from_pairs(pairs).clip(start, end)

    def shift_at(self, at: int) -> ShiftRun | None:
        """Return the shift running at an instant (us UTC), the one that started last if several do."""
        running = [run for run in self.runs(at, at + 1) if run.start <= at < run.end]
        return running[-1] if running else None

    def _run(self, shift: Shift, day: date) -> ShiftRun:
        first, last = (_instant(self.zone, day, minute) for minute in shift.span)
        pauses = Intervals.from_pairs(
            (_instant(self.zone, day, low), _instant(self.zone, day, high)) for low, high in shift.pauses
        )
        return ShiftRun(shift.name, day, first, last, Intervals.from_pairs([(first, last)]).subtract(pauses))


@lru_cache(maxsize=8192)
def _instant(zone_name: str, day: date, minute: int) -> int:
    """Return the first instant at which the local clock shows this wall time or a later one [us UTC]."""
    zone = ZoneInfo(zone_name)
    wall = datetime(day.year, day.month, day.day) + timedelta(minutes=minute)  # noqa: DTZ001  # a wall time has no zone
    early = to_us(wall.replace(tzinfo=zone, fold=0))
    if from_us(early, zone).replace(tzinfo=None) == wall:
        return early
    # Skipped by daylight saving (PEP 495): fold=1 gives the instant before the jump, fold=0 the one after it.
    low, high = to_us(wall.replace(tzinfo=zone, fold=1)), early
    while high - low > 1:
        middle = (low + high) // 2
        if from_us(middle, zone).replace(tzinfo=None) >= wall:
            high = middle
        else:
            low = middle
    return high


def shift_pattern_from_dict(data: Mapping[str, Any]) -> ShiftPattern:
    """Return the pattern written as plain data.

    ``{"zone": "Asia/Shanghai", "shifts": [{"name": "早班", "days": [0, 1, 2, 3, 4], "start": "08:00",
    "end": "16:00", "breaks": [["12:00", "12:30"]]}], "exceptions": {"2026-10-01": []}}``

    Raises
    ------
    ConfigError
        Naming the entry that is wrong.
    """
    try:
        shifts = tuple(_shift_from_dict(item) for item in data["shifts"])
        exceptions = {
            date.fromisoformat(day): tuple(_shift_from_dict(item) for item in items)
            for day, items in dict(data.get("exceptions", {})).items()
        }
        return ShiftPattern(str(data["zone"]), shifts, exceptions)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ConfigError(f"The shift pattern is not complete or not well formed: {error}.") from None


def shift_pattern_to_dict(pattern: ShiftPattern) -> dict[str, Any]:
    """Return a pattern as plain data; the inverse of ``shift_pattern_from_dict``."""
    return {
        "zone": pattern.zone,
        "shifts": [_shift_to_dict(shift) for shift in pattern.shifts],
        "exceptions": {
            day.isoformat(): [_shift_to_dict(shift) for shift in shifts]
            for day, shifts in sorted(pattern.exceptions.items())
        },
    }


def _shift_from_dict(item: Mapping[str, Any]) -> Shift:
    return Shift(
        name=str(item["name"]),
        start=_minutes(item["start"]),
        end=_minutes(item["end"]),
        days=tuple(int(day) for day in item.get("days", (0, 1, 2, 3, 4))),
        breaks=tuple((_minutes(low), _minutes(high)) for low, high in item.get("breaks", ())),
    )


def _shift_to_dict(shift: Shift) -> dict[str, Any]:
    return {
        "name": shift.name,
        "days": list(shift.days),
        "start": _clock(shift.start),
        "end": _clock(shift.end),
        "breaks": [[_clock(low), _clock(high)] for low, high in shift.breaks],
    }


def _minutes(text: str) -> int:
    found = _CLOCK.fullmatch(str(text))
    minutes = int(found[1]) * 60 + int(found[2]) if found else _DAY_MINUTES + 1
    if minutes > _DAY_MINUTES:
        raise ConfigError(f"{text!r} is not a time of day: write HH:MM, 00:00 to 24:00.")
    return minutes


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


__all__ = ["Shift", "ShiftPattern", "ShiftRun", "shift_pattern_from_dict", "shift_pattern_to_dict"]
