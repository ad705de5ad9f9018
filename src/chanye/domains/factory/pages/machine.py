"""The machine page, and where its numbers come from."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.utils.functional import Promise
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _l
from django.views.decorators.http import require_safe

from chanye.domains.factory.floor import day_window
from chanye.domains.factory.pages import live
from chanye.domains.factory.pages.days import Day, date_at, read_day
from chanye.domains.factory.pages.evidence_words import ELEMENTS, FORMULAS
from chanye.domains.factory.queries import machines as queries
from chanye.domains.factory.types.machines import Figure, MachineKpis, MachineTile
from chanye.parties.types import Viewer
from chanye.spine import queries as spine
from chanye.spine.history.types import Quality
from chanye.spine.store import reader
from chanye.spine.types import AssetRef, SeriesRef

MINUTE, HOUR = 60_000_000, 3_600_000_000
#: Ranges of the machine page, beside the shift: name -> (words, length [us]).
RANGES: dict[str, tuple[str | Promise, int]] = {
    "8h": (_l("8 h"), 8 * HOUR),
    "24h": (_l("24 h"), 24 * HOUR),
    "7d": (_l("7 d"), 168 * HOUR),
}
#: Those of them that a trend knows by the same name.
TREND_RANGES = frozenset(RANGES)
SHORTEST, LONGEST = 10_000_000, 92 * 24 * HOUR
ROWS = 200
LETTERS = {"running": "r", "setup": "s", "waiting": "w", "stopped": "x", "unknown": "u", "planned_off": "o"}


@dataclass(frozen=True, slots=True)
class Window:
    """The range of a machine page; ``name`` is ``today``, ``shift``, one of ``RANGES``, or empty for a chosen one."""

    start: int
    end: int
    name: str


def _moment(text: str | None) -> int | None:
    """Read a moment in ms as us; None if it is none."""
    return int(text) * 1000 if text and text.isascii() and text.isdigit() and len(text) < 15 else None


def _window(request: HttpRequest, viewer: Viewer, machine_id: int, day: Day, now: int) -> Window:
    start, end = _moment(request.GET.get("start")), _moment(request.GET.get("end"))
    if start is not None and end is not None and SHORTEST <= end - start <= LONGEST:
        return Window(start, end, "")
    name = request.GET.get("range", "")
    if name in RANGES:
        return Window(now - RANGES[name][1], now, name)
    if day.past:
        return Window(day.start, day.end, "day")
    start, end = day_window(spine.asset(viewer, machine_id), now)
    if name == "shift":
        for _name, first, last in queries.shift_runs(viewer, machine_id, start - 24 * HOUR, end):
            if first <= now < last:
                return Window(first, last, "shift")
    return Window(start, end, "today")


def _so_far(window: Window, now: int) -> int:
    """Return up to when a window's figures are reckoned: what is still to come is not unknown."""
    return max(window.start + 1, min(window.end, now))


def _site_of(viewer: Viewer, asset: AssetRef) -> AssetRef:
    while asset.kind != "site" and asset.parent_id is not None:
        asset = spine.asset(viewer, asset.parent_id)
    return asset


@dataclass(frozen=True, slots=True)
class Element:
    """One time element as drawn."""

    state: str
    letter: str
    symbol: str
    words: str
    length: int


def _elements(kpis: MachineKpis) -> list[Element]:
    return [
        Element(state, LETTERS[state], symbol, str(words), getattr(kpis.elements, field))
        for field, (state, symbol, words) in ELEMENTS.items()
    ]


@dataclass(frozen=True, slots=True)
class Row:
    """One interval of the list."""

    state: str
    text: str
    start: int
    end: int

    @property
    def length(self) -> int:
        """How long it lasted, in us."""
        return self.end - self.start


@dataclass(frozen=True, slots=True)
class Reading:
    """The latest value of a series as the list shows it."""

    id: int
    name: str
    value: float | str
    unit: str
    time: int
    known: bool
    why: str


def _readings(viewer: Viewer, series: list[SeriesRef], at: int, now: int) -> list[Reading]:
    """Return what each series said last before ``at`` (us UTC)."""
    numbers = [one.id for one in series]
    latest = spine.values_at(viewer, numbers, at) if at < now else spine.latest(viewer, numbers)
    found = []
    for i, one in enumerate(series):
        time_, value = int(latest.time[i]), float(latest.value[i])
        bad = not time_ or math.isnan(value) or bool(Quality.is_bad(latest.quality[i : i + 1])[0])
        stale = one.hold is not None and at - time_ > one.hold
        shown: float | str = value
        if not bad and one.kind in ("state", "text"):
            texts = reader().texts(one.id)
            shown = texts[int(value)] if 0 <= int(value) < len(texts) else str(int(value))
        why = "stale" if stale and time_ else "no_data"
        found.append(Reading(one.id, one.name or one.code, shown, one.unit, time_, not bad and not stale, why))
    return found


@require_safe
def machine_page(request: HttpRequest, machine_id: int) -> HttpResponse:
    """Show one machine: what it does, its figures, where its time went, its intervals and series.

    ``?day=2017-02-01`` shows a day that is over; ``?range`` and ``?start&end`` any other window.
    """
    viewer, now = live.viewer_of(request), time.time_ns() // 1000
    machine = spine.asset(viewer, machine_id)
    with live.by_the_clock_of(machine):
        return _machine(request, viewer, machine, now)


def _machine(request: HttpRequest, viewer: Viewer, machine: AssetRef, now: int) -> HttpResponse:
    part = request.GET.get("part") == "now"
    day = read_day(None if part else request.GET.get("day"), machine, now)
    window = Window(0, 0, "") if part else _window(request, viewer, machine.id, day, now)
    over = not part and window.end <= day_window(machine, now)[0]
    if over:
        tile = queries.past_tile(viewer, machine.id, window.start, window.end, now=now)
    else:
        tile = queries.tile(viewer, machine.id, now=now)
    seen = live.seen(now, tile.age)
    mark = live.mark(tile.state, tile.state_text, tile.since, tile.program, seen)
    context: dict[str, Any] = {"tile": tile, "machine": machine, "now": now, "mark": mark, "seen": seen}
    if part:
        etag = f'W/"{mark}{get_language()}"'
        if request.headers.get("If-None-Match") == etag:
            return live.revalidated(HttpResponse(status=304), etag)
        return live.revalidated(render(request, "factory/now.html", context), etag)
    if over and window.name == "":
        day = read_day(date_at(machine, window.start), machine, now)
    context |= {"window": window, "day": day if over or window.name == "today" else None, "past": over}
    context |= _span(viewer, machine, tile, window, now)
    return render(request, "factory/machine.html", context)


def _span(viewer: Viewer, machine: AssetRef, tile: MachineTile, window: Window, now: int) -> dict[str, Any]:
    """Return what the machine's page says of a window."""
    kpis = queries.machine_kpis(viewer, machine.id, window.start, _so_far(window, now), now=now)
    strip = queries.strip(viewer, machine.id, window.start, window.end, now=now)
    last = date_at(machine, now - tile.age) if tile.age is not None else ""
    known = [piece for piece in strip if piece.state != "unknown"]
    first, until = (known[0].start, known[-1].end) if known else (window.start, window.end)
    partly = SHORTEST <= until - first < window.end - window.start - MINUTE and window.end < now
    return {
        "here_site": _site_of(viewer, machine),
        "today": window.name == "today",
        "ranges": RANGES,
        "kpis": kpis,
        "elements": _elements(kpis),
        "figures": _figures(kpis, machine.id),
        "strip": strip,
        "columns": 0 if len(strip) <= ROWS else 1200,
        "titles": len(strip) <= ROWS,
        "rows": [Row(one.state, one.text, one.start, one.end) for one in reversed(strip[-ROWS:]) if one.start < now],
        "more": len(strip) > ROWS,
        "steps": _steps(window),
        "marks": [window.start + (window.end - window.start) * i // 6 for i in range(7)],
        "mark_form": "%H:%M" if window.end - window.start <= 36 * HOUR else "%m-%d",
        "series": _readings(viewer, spine.series_of(viewer, [machine.id]), until if window.end < now else now, now),
        "over": window.end < now,
        "narrower": (first, until, first // 1000, -(-until // 1000)) if partly else None,
        "onward": _onward(window),
        "gap": _gap(window, bool(known), last, _holds(window, tile, now)),
    }


def _gap(window: Window, known: bool, last: str, holds: bool) -> dict[str, str]:
    """Return what to say where nothing is known of a day: the day of the newest data, if it is another one."""
    if known or not last or window.name not in ("day", "today"):
        return {}
    return {"last": "" if holds else last}


def _holds(window: Window, tile: MachineTile, now: int) -> bool:
    return tile.age is not None and window.start <= now - tile.age < window.end


def _onward(window: Window) -> str:
    """Return the query that opens a trend on the same window."""
    if window.name in TREND_RANGES:
        return f"?range={window.name}"
    return f"?start={window.start // 1000}&end={window.end // 1000}"


def _figures(kpis: MachineKpis, machine_id: int) -> list[tuple[str, object, Figure, str]]:
    query = f"?start={kpis.start // 1000}&end={kpis.end // 1000}"
    return [
        (name, formula, getattr(kpis, name), reverse("figure", args=[machine_id, name]) + query)
        for name, formula in FORMULAS.items()
    ]


def _steps(window: Window) -> list[tuple[str, str, str]]:
    """Return the links that move and zoom the window: (address, sign, words)."""
    span = window.end - window.start
    moves = (
        (-span // 2, -span // 2, "‹", _("Earlier")),
        (span // 4, -span // 4, "+", _("Closer")),
        (-span // 2, span // 2, "−", _("Wider")),
        (span // 2, span // 2, "›", _("Later")),
    )
    return [
        (f"?start={(window.start + a) // 1000}&end={(window.end + b) // 1000}", sign, words)
        for a, b, sign, words in moves
        if SHORTEST <= window.end + b - window.start - a <= LONGEST
    ]


@require_safe
def figure_page(request: HttpRequest, machine_id: int, name: str) -> HttpResponse:
    """Show where one figure of a machine comes from: window, formula, elements, coverage, source series."""
    formula = FORMULAS.get(name)
    if formula is None:
        raise Http404(name)
    viewer, now = live.viewer_of(request), time.time_ns() // 1000
    machine = spine.asset(viewer, machine_id)
    day = read_day(request.GET.get("day"), machine, now)
    window = _window(request, viewer, machine_id, day, now)
    kpis = queries.machine_kpis(viewer, machine_id, window.start, _so_far(window, now), now=now)
    context = {
        "machine": machine,
        "here_site": _site_of(viewer, machine),
        "formula": formula,
        "figure": getattr(kpis, name),
        "kpis": kpis,
        "elements": _elements(kpis),
        "intervals": len(queries.strip(viewer, machine_id, window.start, window.end, now=now)),
        "series": spine.series_of(viewer, [machine_id], roles=formula.roles),
        "start_ms": window.start // 1000,
        "end_ms": window.end // 1000,
    }
    in_sheet = request.headers.get("HX-Request") == "true"
    with live.by_the_clock_of(machine):
        response = render(request, "factory/figure_in.html" if in_sheet else "factory/figure.html", context)
    patch_vary_headers(response, ["HX-Request"])
    return response
