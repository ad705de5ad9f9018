"""A shift calendar while a person edits it: what is wrong with it, and the pattern it means. Pure.

An exception of the pattern is a date with the shifts that start on it. People say it in other words: closed, works
as on a Monday, an extra shift, other hours; and for several days in a row. ``draft_of`` finds those words again.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from chanye.domains.factory.pages.calendar_form import (
    LONGEST_EXCEPTION,
    NAME_LENGTH,
    CalendarDraft,
    ExceptionDraft,
    PauseDraft,
    ShiftDraft,
)
from chanye.kernel.errors import ConfigError
from chanye.kernel.shifts import Shift, ShiftPattern

_TIME = re.compile(r"(\d{1,2})(?:[:.]?(\d{2}))?", re.ASCII)


def read_time(text: str) -> int | None:
    """Return a time of day in minutes, 0..1440, from ``8``, ``800`` or ``8:00``, of any width; None if it is none."""
    found = _TIME.fullmatch(unicodedata.normalize("NFKC", text).strip())
    if found is None:
        return None
    minutes = int(found[1]) * 60 + int(found[2] or 0)
    return minutes if int(found[2] or 0) < 60 and minutes <= 24 * 60 else None


def clock_of(minutes: int) -> str:
    """Return minutes after midnight as ``HH:MM``; the end of a day is 00:00 of the next."""
    minutes %= 24 * 60
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def pattern_of(draft: CalendarDraft) -> ShiftPattern | None:
    """Return the pattern a draft means; None if something is wrong: the draft's ``faults`` then say what to do."""
    draft.faults.clear()
    if not draft.name:
        draft.faults["name"] = _("Give it a name, e.g. that of the plant or of the working model.")
    elif len(draft.name) > NAME_LENGTH:
        draft.faults["name"] = _("Shorten the name to 100 characters.")
    week = [_shift(shift, in_week=True) for shift in draft.shifts]
    if not week:
        draft.faults["shifts"] = _("Add at least one shift: without one no time is planned.")
    exceptions = _exceptions(draft, [shift for shift in week if shift])
    try:
        ZoneInfo(draft.zone)
    except (ValueError, OSError, KeyError):
        draft.faults["zone"] = _("Choose the time zone of the plant.")
    if draft.faults or exceptions is None or None in week:
        return None
    return ShiftPattern(draft.zone, tuple(shift for shift in week if shift), exceptions)


def _shift(draft: ShiftDraft, *, in_week: bool) -> Shift | None:
    draft.faults.clear()
    start, end = _read_ends(draft)
    if not draft.name:
        draft.faults["name"] = _("Give the shift a name, e.g. day shift.")
    elif len(draft.name) > NAME_LENGTH:
        draft.faults["name"] = _("Shorten the name to 100 characters.")
    if in_week and not draft.days:
        draft.faults["days"] = _("Choose the days on which it starts.")
    if start == 24 * 60:
        start = 0
    if start is None or end is None:
        return None
    pauses = [_pause(pause, start, end) for pause in draft.pauses if pause.start or pause.end]
    if draft.faults or None in pauses:
        return None
    return Shift(draft.name, start, end, draft.days, tuple(pause for pause in pauses if pause))


def _read_ends(draft: ShiftDraft | PauseDraft) -> tuple[int | None, int | None]:
    """Read start and end; write them back the way they are understood."""
    found = []
    for name in ("start", "end"):
        minutes = read_time(getattr(draft, name))
        if minutes is None:
            draft.faults[name] = _("Write a time of day from 00:00 to 24:00, e.g. 08:30.")
        else:
            setattr(draft, name, clock_of(minutes))
        found.append(minutes)
    return found[0], found[1]


def _pause(draft: PauseDraft, start: int, end: int) -> tuple[int, int] | None:
    draft.faults.clear()
    low, high = _read_ends(draft)
    if low is None or high is None:
        return None
    # the same wall clock as the shift: 24:00 is 00:00 of the next day
    pair = (low % 1440, high % 1440)
    try:
        Shift("", start, end, (), (pair,))
    except ConfigError:
        words = {"start": clock_of(start), "end": clock_of(end)}
        draft.faults["start"] = (
            _("This break is not inside the shift %(start)s–%(end)s: change one of the two.") % words
        )
        return None
    return pair


def _exceptions(draft: CalendarDraft, week: Sequence[Shift]) -> dict[date, tuple[Shift, ...]] | None:
    found: dict[date, tuple[Shift, ...]] = {}
    sound = True
    for exception in draft.exceptions:
        exception.faults.clear()
        days = _days(exception)
        own = [_shift(shift, in_week=False) for shift in exception.shifts] if exception.own else []
        twice = next((day for day in days if day in found), None)
        if twice:
            exception.faults["first"] = _("%(day)s stands above already: keep one of the two.") % {"day": twice}
        if exception.own and not own:
            exception.faults["kind"] = _("Add the shift that is worked.")
        for day in days:
            found[day] = _shifts_on(exception.kind, day, week, [shift for shift in own if shift])
            if exception.kind.isdigit() and not found[day]:
                exception.faults["kind"] = _("No shift starts on that weekday: choose another, or closed.")
        sound = sound and not exception.faults and None not in own
    return found if sound else None


def _days(exception: ExceptionDraft) -> list[date]:
    try:
        first = date.fromisoformat(exception.first)
    except ValueError:
        exception.faults["first"] = _("Choose the date.")
        return []
    try:
        last = date.fromisoformat(exception.last or exception.first)
    except ValueError:
        exception.faults["last"] = _("Choose the last date, or leave it empty for one day.")
        return []
    if exception.kind not in {value for value, _text, _chosen in exception.kinds}:
        exception.faults["kind"] = _("Choose what is done on these days.")
        return []
    if not 0 <= (last - first).days < LONGEST_EXCEPTION:
        exception.faults["last"] = _("The last date must lie 0 to 91 days after the first.")
        return []
    return [first + timedelta(days=i) for i in range((last - first).days + 1)]


def _on(week: Sequence[Shift], weekday: int) -> list[Shift]:
    return [shift for shift in week if weekday in shift.days]


def _shifts_on(kind: str, day: date, week: Sequence[Shift], own: Sequence[Shift]) -> tuple[Shift, ...]:
    if kind == "closed":
        return ()
    if kind.isdigit():
        return tuple(_on(week, int(kind)))
    return (*(_on(week, day.weekday()) if kind == "extra" else ()), *own)


def draft_of(name: str, pattern: ShiftPattern, places: Iterable[int] = ()) -> CalendarDraft:
    """Return the draft of a stored calendar: ``pattern_of`` of it plans the same time."""
    draft = CalendarDraft(name, pattern.zone, [_drafted(shift) for shift in pattern.shifts], places=frozenset(places))
    before: tuple[date, str, list[Any]] | None = None
    for day, shifts in sorted(pattern.exceptions.items()):
        kind, own = _kind_of(day, shifts, pattern.shifts)
        keys = [_key(shift) for shift in own]
        if before and before[0] + timedelta(days=1) == day and before[1:] == (kind, keys) and _room(draft, day):
            draft.exceptions[-1].last = day.isoformat()
        else:
            draft.exceptions.append(ExceptionDraft(day.isoformat(), "", kind, [_drafted(shift) for shift in own]))
        before = (day, kind, keys)
    draft.number()
    return draft


def _room(draft: CalendarDraft, day: date) -> bool:
    return (day - date.fromisoformat(draft.exceptions[-1].first)).days < LONGEST_EXCEPTION


def _key(shift: Shift) -> tuple[object, ...]:
    return shift.name, shift.span, shift.pauses


def _kind_of(day: date, shifts: Sequence[Shift], week: Sequence[Shift]) -> tuple[str, Sequence[Shift]]:
    """Return in which words people say what is worked on a day, and the shifts they would name."""
    if not shifts:
        return "closed", ()
    keys = [_key(shift) for shift in shifts]
    for weekday in (day.weekday(), *range(7)):
        if [_key(shift) for shift in _on(week, weekday)] == keys:
            return str(weekday), ()
    usual = [_key(shift) for shift in _on(week, day.weekday())]
    if keys[: len(usual)] == usual:
        return "extra", shifts[len(usual) :]
    return "instead", shifts


def _drafted(shift: Shift) -> ShiftDraft:
    pauses = [PauseDraft(clock_of(low), clock_of(high)) for low, high in shift.breaks]
    return ShiftDraft(shift.name, clock_of(shift.start), clock_of(shift.end), shift.days, pauses)


#: What a new calendar may start from: name -> (words, shifts as (name, start, end, days, breaks)).
TEMPLATES: Mapping[str, tuple[str | Promise, tuple[tuple[Any, ...], ...]]] = {
    "two": (
        gettext_lazy("Two shifts with breaks"),
        (
            (gettext_lazy("Early shift"), "08:00", "16:00", (0, 1, 2, 3, 4, 5), (("12:00", "12:30"),)),
            (gettext_lazy("Late shift"), "16:00", "00:00", (0, 1, 2, 3, 4, 5), (("19:30", "20:00"),)),
        ),
    ),
    "day": (
        gettext_lazy("Day shift"),
        ((gettext_lazy("Day shift"), "08:00", "17:00", (0, 1, 2, 3, 4), (("12:00", "13:00"),)),),
    ),
    "clock": (
        gettext_lazy("Round the clock"),
        ((gettext_lazy("Round the clock"), "00:00", "00:00", (0, 1, 2, 3, 4, 5, 6), ()),),
    ),
}


def draft_from(template: str, zone: str) -> CalendarDraft:
    """Return a new draft from a template; an unknown name gives the first."""
    words, shifts = TEMPLATES.get(template) or TEMPLATES["two"]
    drafted = [
        ShiftDraft(str(name), start, end, days, [PauseDraft(*pause) for pause in pauses])
        for name, start, end, days, pauses in shifts
    ]
    draft = CalendarDraft(str(words), zone, drafted)
    draft.number()
    return draft
