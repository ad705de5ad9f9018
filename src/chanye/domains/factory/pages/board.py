"""The machine board: every machine of a site, now or on a day that is over."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import replace
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from chanye.domains.factory.board_cache import Kept, place
from chanye.domains.factory.kept import keep
from chanye.domains.factory.pages import live
from chanye.domains.factory.pages.days import Day, date_at, read_day
from chanye.domains.factory.queries import machines as queries
from chanye.domains.factory.types.machines import Board, Figure, MachineTile, Segment
from chanye.parties.types import Viewer
from chanye.spine import queries as spine
from chanye.spine.types import STATE_CLASSES, AssetRef

# A tile reads best when it is this much wider than high.
TILE_SHAPE = 1.75
# Silence makes a state unknown without any new sample: so long the cheap answer may hold. [us]
QUIET = 5_000_000
# What one was shown is shown to others for so long: walls and boards ask at moments of their own. [s]
TOGETHER = 0.25


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


#: What was drawn of tiles: stamp (or the tile itself) and what moves by itself -> mark and HTML.
_html = Kept(4096)


def _tile_html(tile: MachineTile, start: int, end: int, wall: bool, language: str, clock: str) -> tuple[str, str]:
    """Return a tile's mark and its HTML, with slots for what moves with the clock; drawn once for all who look.

    ``clock`` names the time zone it is drawn in and, for a day that is over, that day.
    """
    power = None if tile.power.value is None else round(tile.power.value, 1)
    what = (tile.stamp, power, tile.power.why, tile.work) if tile.stamp else tile
    return _html.get((what, start, end, wall, language, clock), lambda: _drawn_tile(tile, start, end, wall, clock))


def _drawn_tile(tile: MachineTile, start: int, end: int, wall: bool, clock: str) -> tuple[str, str]:
    day = clock.partition(" ")[2]
    shown = replace(tile, age=None, stamp=0, strip=tile.strip if day else _lasting(tile.strip, end))
    mark = live.mark(shown, start, end, wall, get_language(), clock)
    href, on = reverse("machine", args=[tile.asset_id]), f"?day={day}" if day else ""
    context = {
        "tile": shown,
        "href": href + on,
        "mark": mark,
        "start": start,
        "end": end,
        "day": day,
        "ahead": not day,
        "words": _("States of this day"),
        "pairs": _figures(shown, bool(day), "" if wall else href + "figures/{}/" + on),
    }
    return mark, render_to_string("factory/tile.html", context)


def _figures(tile: MachineTile, past: bool, href: str) -> list[list[dict[str, object]]]:
    """Return the figures of a tile, two lines of them; ``href`` is where a figure says where it comes from."""

    def one(figure: Figure, label: str, digits: int, name: str = "", *, percent: bool = False) -> dict[str, object]:
        unit, factor = ("%", 100) if percent else ("", 1)
        where = href.format(name) if name else ""
        return {
            "figure": figure,
            "label": label,
            "digits": str(digits),
            "unit": unit,
            "factor": factor,
            "href": where,
        }

    second = [
        one(tile.availability, _("Availability"), 0, "availability", percent=True),
        one(tile.oee, "OEE", 0, "oee", percent=True),
    ]
    if tile.power.value is not None or tile.power.why != "no_meter":
        second.append(one(tile.power, _("Power"), 1))
    made = _("Parts") if past else _("Parts today")
    return [[one(tile.parts_today, made, 0, "produced"), one(tile.rate, _("Rate"), 1, "throughput")], second]


def _draw(board: Board, day: Day, zone: str, wall: bool) -> list[tuple[str, str]]:
    clock = f"{zone} {day.name if day.past else ''}"
    language = get_language() or ""
    return [
        _tile_html(tile if tile.stamp else replace(tile, age=None), board.start, board.end, wall, language, clock)
        for tile in board.tiles
    ]


def _gap(site: AssetRef, board: Board, day: Day) -> dict[str, str]:
    """Return what to say where a day has no data: the day that has the newest, if it is another one."""
    ages = [tile.age for tile in board.tiles if tile.age is not None]
    if any(piece.state != "unknown" for tile in board.tiles for piece in tile.strip) or not board.tiles:
        return {}
    last = date_at(site, board.now - min(ages)) if ages else ""
    return {} if not ages and not day.past else {"none": day.name, "last": "" if last == day.name else last}


@require_safe
def site_board(request: HttpRequest, site_id: int) -> HttpResponse:
    """Show every machine of a site; ``?part=tiles`` answers only the live part, 304 when nothing changed.

    ``?day=2017-02-01`` shows a day that is over, by the site's own clock.
    """
    viewer, now = live.viewer_of(request), time.time_ns() // 1000
    wall = request.GET.get("wall") == "1"
    if request.GET.get("part") == "tiles":
        etag, body = _live_part(viewer, site_id, wall, now)
        same = request.headers.get("If-None-Match") == etag
        return live.revalidated(HttpResponse(status=304) if same else HttpResponse(body), etag)
    site = spine.asset(viewer, site_id)
    day = read_day(request.GET.get("day"), site, now)
    with live.by_the_clock_of(site):
        return render(request, "factory/board.html", _context(viewer, site, day, now, wall))


def _live_part(viewer: Viewer, site_id: int, wall: bool, now: int) -> tuple[str, str]:
    """Return the ETag and the HTML of what is live; drawn once for all that look at the same moment."""
    who = ("board", place(), viewer.organisation_id, viewer.system, site_id, wall, get_language())

    def draw() -> tuple[str, str]:
        site = spine.asset(viewer, site_id)
        with live.by_the_clock_of(site):
            context = _context(viewer, site, read_day(None, site, now), now, wall)
            shown = (context["board"].site_name, context["tally"], context["marks"], context["times"][1])
            etag = f'W/"{live.mark(*shown, wall, get_language())}"'
            return etag, render_to_string("factory/tiles.html", context)

    def look() -> tuple[str, str]:
        return keep(draw, *who, queries.board_tag(viewer, now), now // QUIET, seconds=QUIET / 1e6)

    spine.asset(viewer, site_id)  # who may not see it is refused, whatever is kept
    return keep(look, *who, seconds=TOGETHER)


def _context(viewer: Viewer, site: AssetRef, day: Day, now: int, wall: bool) -> dict[str, Any]:
    """Return all that the board of a site is drawn from."""
    if day.past:
        board = queries.past_board(viewer, site.id, day.start, day.end, now=now)
    else:
        board = queries.board(viewer, site.id, now=now)
    tiles = _draw(board, day, site.timezone, wall)
    seen = {tile.asset_id: live.seen(board.now, tile.age) for tile in board.tiles}
    counts = Counter(tile.state if tile.state in STATE_CLASSES else "unknown" for tile in board.tiles)
    tally = [(state, counts[state]) for state in STATE_CLASSES]
    return {
        "board": board,
        "day": day,
        "gap": _gap(site, board, day),
        "tiles": [html for _mark, html in tiles],
        "marks": [mark for mark, _html in tiles],
        "times": (board.now, seen),
        "seen": " ".join(f"{number}:{at}" for number, at in seen.items() if at is not None),
        "tally": tally,
        "tally_mark": live.mark(tally),
        "wide": wall_grid(len(tiles), 1.9),
        "tall": wall_grid(len(tiles), 0.55),
        "here_site": {"id": site.id, "name": board.site_name},
        "connect_url": "/connections/",
    }
