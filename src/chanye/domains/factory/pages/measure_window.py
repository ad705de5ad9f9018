"""The stretch of time a page of measures is about, read from its address: shift, day, week, month or chosen days."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from chanye.domains.factory.queries import measures as queries
from chanye.kernel.errors import ConfigError
from chanye.kernel.time import DAY, from_us, to_us
from chanye.parties.types import Viewer
from chanye.spine.types import AssetRef

RANGES = {
    "shift": _("Shift"),
    "day": _("Day"),
    "week": _("Week"),
    "month": _("Month"),
    "custom": _("Chosen days"),
}
LONGEST = 400


@dataclass(frozen=True, slots=True)
class Span:
    """``[start, end)`` us UTC; ``first`` and ``last``: its days as forms take them.

    ``label`` names a shift; ``before`` and ``after``: what the address must say to move on, None at an end.
    """

    name: str
    start: int
    end: int
    first: str
    last: str
    label: str = ""
    before: Mapping[str, str] | None = None
    after: Mapping[str, str] | None = None


def day_of(text: str | None) -> date | None:
    """Return the day that was typed; None if it is none."""
    try:
        found = date.fromisoformat(text or "")
    except ValueError:
        return None
    return found if 1990 <= found.year <= 2200 else None


def midnight(site: AssetRef, day: date) -> int:
    """Return the beginning of a day by the clock of a site, us UTC."""
    return to_us(datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(site.timezone)))


def days(site: AssetRef, first: date, last: date) -> tuple[int, int]:
    """Return the window of some days, both whole, cut to 400."""
    last = min(max(first, last), first + timedelta(days=LONGEST - 2))
    return midnight(site, first), midnight(site, last + timedelta(days=1))


def read_span(viewer: Viewer, site: AssetRef, params: QueryDict, now: int) -> Span:
    """Return the window an address asks for; what cannot be read is this week."""
    name = params.get("range", "")
    today = from_us(now, ZoneInfo(site.timezone)).date()
    if name == "shift":
        return _shift(viewer, site, params.get("at"), now) or _calendar(site, "day", today, today)
    if name == "custom":
        last = day_of(params.get("to")) or today
        first = min(day_of(params.get("from")) or last - timedelta(days=6), last)
        start, end = days(site, first, last)
        return Span(name, start, end, str(first), str(last))
    at = min(day_of(params.get("at")) or today, today)
    return _calendar(site, name if name in ("day", "month") else "week", at, today)


def _calendar(site: AssetRef, name: str, at: date, today: date) -> Span:
    if name == "day":
        first, following = at, at + timedelta(days=1)
    elif name == "week":
        first = at - timedelta(days=at.weekday())
        following = first + timedelta(days=7)
    else:
        first = at.replace(day=1)
        following = (first + timedelta(days=32)).replace(day=1)
    last = following - timedelta(days=1)
    after = {"range": name, "at": str(following)} if following <= today else None
    start, end = midnight(site, first), midnight(site, following)
    before = {"range": name, "at": str(first - timedelta(days=1))}
    return Span(name, start, end, str(first), str(last), "", before, after)


def _shift(viewer: Viewer, site: AssetRef, at: str | None, now: int) -> Span | None:
    """Return the shift that began at a moment (us), else the one that runs or ran last; None without a calendar."""
    asked = int(at) if at and at.isascii() and at.isdigit() and len(at) < 18 else now
    asked = min(asked, now)
    try:
        runs = queries.shift_runs(viewer, site.id, asked - 8 * DAY, asked + 8 * DAY)
    except ConfigError:
        return None
    begun = [i for i, run in enumerate(runs) if run.start <= asked]
    if not begun:
        return None
    here = begun[-1]
    run = runs[here]
    before = {"range": "shift", "at": str(runs[here - 1].start)} if here else None
    more = here + 1 < len(runs) and runs[here + 1].start <= now
    after = {"range": "shift", "at": str(runs[here + 1].start)} if more else None
    return Span("shift", run.start, run.end, str(run.day), str(run.day), run.name, before, after)
