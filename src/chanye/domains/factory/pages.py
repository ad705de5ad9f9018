"""The machine board, the machine page, and where its numbers come from."""

from __future__ import annotations

import math
import time
from collections import Counter
from dataclasses import dataclass, replace
from functools import lru_cache
from hashlib import blake2b

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.utils.functional import Promise
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _l
from django.views.decorators.http import require_safe

from chanye.domains.factory import queries
from chanye.domains.factory.evidence_words import ELEMENTS, FORMULAS
from chanye.domains.factory.floor import day_window
from chanye.domains.factory.types import Figure, MachineKpis, MachineTile, Segment
from chanye.parties.types import Viewer
from chanye.spine import queries as spine
from chanye.spine.history.types import Quality
from chanye.spine.store import reader
from chanye.spine.types import STATE_CLASSES, AssetRef, SeriesRef

HOUR = 3_600_000_000
#: Ranges of the machine page, beside the shift: name -> (words, length [us]).
RANGES: dict[str, tuple[str | Promise, int]] = {
    "8h": (_l("8 h"), 8 * HOUR),
    "24h": (_l("24 h"), 24 * HOUR),
    "7d": (_l("7 d"), 168 * HOUR),
}
SHORTEST, LONGEST = 10_000_000, 92 * 24 * HOUR
ROWS = 200
LETTERS = {"running": "r", "setup": "s", "waiting": "w", "stopped": "x", "unknown": "u", "planned_off": "o"}
# A tile reads best when it is this much wider than high.
TILE_SHAPE = 1.75


def _viewer(request: HttpRequest) -> Viewer:
    viewer: Viewer = request.viewer  # type: ignore[attr-defined]  # set by the viewer middleware
    return viewer


def _mark(*things: object) -> str:
    """Return a short word that changes when anything in ``things`` does."""
    return blake2b(repr(things).encode(), digest_size=6).hexdigest()


def wall_grid(tiles: int, shape: float) -> tuple[int, int]:
    """Return the columns and rows that show ``tiles`` tiles largest on a screen ``shape`` times as wide as high."""

    def size(columns: int) -> float:
        return min(shape / columns / TILE_SHAPE, 1 / rows(columns))

    def rows(columns: int) -> int:
        return max(1, -(-tiles // columns))

    best = max(range(1, max(tiles, 1) + 1), key=size)
    return best, rows(best)


def _lasting(strip: tuple[Segment, ...], end: int) -> tuple[Segment, ...]:
    """Let the last piece last to the end of the window: the page covers what is still ahead, second by second."""
    return (*strip[:-1], replace(strip[-1], end=end)) if strip else strip


@lru_cache(maxsize=2048)
def _tile_html(tile: MachineTile, start: int, end: int, wall: bool, language: str) -> tuple[str, str]:
    """Return a tile's mark and its HTML, with slots for what moves with the clock; drawn once for all who look."""
    mark = _mark(tile, start, end, wall, language)
    context = {"tile": tile, "mark": mark, "start": start, "end": end, "wall": wall}
    return mark, render_to_string("factory/tile.html", context)


def _seen(now: int, age: int | None) -> int | None:
    """Return the second in which a machine was last heard of."""
    return None if age is None else (now - age) // 1_000_000 * 1_000_000


@require_safe
def site_board(request: HttpRequest, site_id: int) -> HttpResponse:
    """Show every machine of a site; ``?part=tiles`` answers only the live part, 304 when nothing changed."""
    board = queries.board(_viewer(request), site_id, now=time.time_ns() // 1000)
    wall, language = request.GET.get("wall") == "1", get_language() or ""
    tiles = [
        _tile_html(
            replace(tile, age=None, strip=_lasting(tile.strip, board.end)), board.start, board.end, wall, language
        )
        for tile in board.tiles
    ]
    seen = {tile.asset_id: _seen(board.now, tile.age) for tile in board.tiles}
    counts = Counter(tile.state if tile.state in STATE_CLASSES else "unknown" for tile in board.tiles)
    tally = [(state, counts[state]) for state in STATE_CLASSES]
    etag = f'W/"{_mark(board.site_name, tally, [mark for mark, _html in tiles], seen, wall, language)}"'
    part = request.GET.get("part") == "tiles"
    if part and request.headers.get("If-None-Match") == etag:
        response = HttpResponse(status=304)
    else:
        context = {
            "board": board,
            "tiles": [html for _mark_, html in tiles],
            "times": (board.now, seen),
            "seen": " ".join(f"{number}:{at}" for number, at in seen.items() if at is not None),
            "tally": tally,
            "tally_mark": _mark(tally),
            "wide": wall_grid(len(tiles), 1.9),
            "tall": wall_grid(len(tiles), 0.55),
            "here_site": {"id": site_id, "name": board.site_name},
            "connect_url": "/connections/",
        }
        response = render(request, "factory/tiles.html" if part else "factory/board.html", context)
    return _revalidated(response, etag) if part else response


def _revalidated(response: HttpResponse, etag: str) -> HttpResponse:
    """Let the browser keep the answer and ask each time whether it still holds."""
    response["ETag"] = etag
    response["Cache-Control"] = "private, no-cache"
    patch_vary_headers(response, ["Cookie", "Accept-Language"])
    return response


@dataclass(frozen=True, slots=True)
class Window:
    """The range of a machine page; ``name`` is ``today``, ``shift``, one of ``RANGES``, or empty for a chosen one."""

    start: int
    end: int
    name: str


def _moment(text: str | None) -> int | None:
    """Read a moment in ms as us; None if it is none."""
    return int(text) * 1000 if text and text.isascii() and text.isdigit() and len(text) < 15 else None


def _window(request: HttpRequest, viewer: Viewer, machine_id: int, now: int) -> Window:
    start, end = _moment(request.GET.get("start")), _moment(request.GET.get("end"))
    if start is not None and end is not None and SHORTEST <= end - start <= LONGEST:
        return Window(start, end, "")
    name = request.GET.get("range", "")
    if name in RANGES:
        return Window(now - RANGES[name][1], now, name)
    asset = spine.asset(viewer, machine_id)
    start, end = day_window(asset, now)
    if name == "shift":
        for _name, first, last in queries.shift_runs(viewer, machine_id, start - 24 * HOUR, end):
            if first <= now < last:
                return Window(first, last, "shift")
    return Window(start, end, "today")


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


def _readings(viewer: Viewer, series: list[SeriesRef], now: int) -> list[Reading]:
    latest = spine.latest(viewer, [one.id for one in series])
    found = []
    for i, one in enumerate(series):
        time_, value = int(latest.time[i]), float(latest.value[i])
        bad = not time_ or math.isnan(value) or bool(Quality.is_bad(latest.quality[i : i + 1])[0])
        stale = one.hold is not None and now - time_ > one.hold
        shown: float | str = value
        if not bad and one.kind in ("state", "text"):
            texts = reader().texts(one.id)
            shown = texts[int(value)] if 0 <= int(value) < len(texts) else str(int(value))
        why = "stale" if stale and time_ else "no_data"
        found.append(Reading(one.id, one.name or one.code, shown, one.unit, time_, not bad and not stale, why))
    return found


@require_safe
def machine_page(request: HttpRequest, machine_id: int) -> HttpResponse:
    """Show one machine: what it does, its figures, where its time went, its intervals and series."""
    viewer, now = _viewer(request), time.time_ns() // 1000
    machine = spine.asset(viewer, machine_id)
    tile = queries.tile(viewer, machine_id, now=now)
    seen = _seen(now, tile.age)
    mark = _mark(tile.state, tile.state_text, tile.since, tile.program, seen)
    context = {"tile": tile, "machine": machine, "now": now, "mark": mark, "seen": seen}
    if request.GET.get("part") == "now":
        etag = f'W/"{mark}{get_language()}"'
        if request.headers.get("If-None-Match") == etag:
            return _revalidated(HttpResponse(status=304), etag)
        return _revalidated(render(request, "factory/now.html", context), etag)
    window = _window(request, viewer, machine_id, now)
    kpis = queries.machine_kpis(viewer, machine_id, window.start, window.end, now=now)
    strip = queries.strip(viewer, machine_id, window.start, window.end, now=now)
    series = spine.series_of(viewer, [machine_id])
    context |= {
        "here_site": _site_of(viewer, machine),
        "window": window,
        "today": window.name == "today",
        "ranges": RANGES,
        "kpis": kpis,
        "elements": _elements(kpis),
        "figures": _figures(kpis, machine_id, window),
        "strip": strip,
        "columns": 0 if len(strip) <= ROWS else 1200,
        "titles": len(strip) <= ROWS,
        "rows": [Row(one.state, one.text, one.start, one.end) for one in reversed(strip[-ROWS:]) if one.start < now],
        "more": len(strip) > ROWS,
        "steps": _steps(window),
        "marks": [window.start + (window.end - window.start) * i // 6 for i in range(7)],
        "mark_form": "%H:%M" if window.end - window.start <= 36 * HOUR else "%m-%d",
        "series": _readings(viewer, series, now),
    }
    return render(request, "factory/machine.html", context)


def _figures(kpis: MachineKpis, machine_id: int, window: Window) -> list[tuple[str, object, Figure, str]]:
    query = f"?start={window.start // 1000}&end={window.end // 1000}"
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
    viewer, now = _viewer(request), time.time_ns() // 1000
    machine = spine.asset(viewer, machine_id)
    window = _window(request, viewer, machine_id, now)
    kpis = queries.machine_kpis(viewer, machine_id, window.start, window.end, now=now)
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
    response = render(request, "factory/figure_in.html" if in_sheet else "factory/figure.html", context)
    patch_vary_headers(response, ["HX-Request"])
    return response
