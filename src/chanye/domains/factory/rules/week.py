"""A week of a shift pattern as it is drawn: seven days to scale, with breaks and exceptions. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from chanye.kernel.intervals import Intervals
from chanye.kernel.shifts import ShiftPattern
from chanye.kernel.time import DAY, HOUR, from_us, to_us

#: A stretch this long has room for a name. [us]
ROOM = 3 * HOUR
#: A Monday of which only the weekday matters. [us UTC]
_SOME_MONDAY = 4 * DAY


@dataclass(frozen=True, slots=True)
class Block:
    """A stretch of a day: a shift's work or a break.

    ``left`` and ``width`` are percent of the day, ``start`` and ``end`` wall clock. ``first`` marks the stretch that
    bears the name.
    """

    name: str
    left: str
    width: str
    pause: bool
    start: str
    end: str
    first: bool


@dataclass(frozen=True, slots=True)
class DayRow:
    """One local day: its date, its stretches, planned time [us], whether an exception rules it."""

    day: date
    blocks: tuple[Block, ...]
    planned: int
    exception: bool

    @property
    def hours(self) -> str:
        """Planned hours."""
        return hours(self.planned)


def hours(us: int) -> str:
    """Return a length of time in hours, to two decimals at most."""
    return f"{us / HOUR:.2f}".rstrip("0").rstrip(".")


def week_rows(pattern: ShiftPattern, monday: date) -> tuple[DayRow, ...]:
    """Return the seven days from ``monday``, each from midnight to midnight of the pattern's clock."""
    return tuple(_day(pattern, monday + timedelta(days=i)) for i in range(7))


def midnight(zone: str, day: date) -> int:
    """Return the beginning of a local day [us UTC]."""
    return to_us(datetime.combine(day, time(), ZoneInfo(zone)))


def local_day(zone: str, at: int) -> date:
    """Return the local date of an instant [us UTC]."""
    return from_us(at, ZoneInfo(zone)).date()


def _day(pattern: ShiftPattern, day: date) -> DayRow:
    low, high = midnight(pattern.zone, day), midnight(pattern.zone, day + timedelta(days=1))
    blocks = []
    for run in pattern.runs(low, high):
        busy = run.busy.clip(low, high)
        pauses = Intervals.from_pairs([(run.start, run.end)]).subtract(run.busy).clip(low, high)
        parts = [(start, end, False) for start, end in busy] + [(start, end, True) for start, end in pauses]
        widest = max((end - start for start, end, pause in parts if not pause), default=0)
        named = False  # the name stands in the first stretch that has room for it
        for start, end, pause in sorted(parts):
            first = not named and not pause and end - start >= min(widest, ROOM)
            named = named or first
            scale = 100 / (high - low)
            left, width = f"{(start - low) * scale:.3f}", f"{(end - start) * scale:.3f}"
            words = [from_us(at, ZoneInfo(pattern.zone)).strftime("%H:%M") for at in (start, end)]
            blocks.append(Block(run.name, left, width, pause, words[0], words[1], first))
    return DayRow(day, tuple(blocks), pattern.planned(low, high).total, day in pattern.exceptions)


def usual_week(pattern: ShiftPattern) -> int:
    """Return the planned time of a week without exceptions and clock changes [us]."""
    plain = ShiftPattern("UTC", pattern.shifts)
    return plain.planned(_SOME_MONDAY, _SOME_MONDAY + 7 * DAY).total


def overlap(pattern: ShiftPattern) -> int | None:
    """Return the weekday, 0..6, on which two shifts of the usual week run at once; None if none do."""
    plain = ShiftPattern("UTC", pattern.shifts)
    runs = plain.runs(_SOME_MONDAY, _SOME_MONDAY + 7 * DAY)
    latest = 0
    for run in runs:
        if run.start < latest:
            return run.day.weekday()
        latest = max(latest, run.end)
    return None
