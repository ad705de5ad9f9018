"""The machine board: every machine of a site, now or on a day that is over."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import replace
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from chanye.domains.factory.board_cache import Kept
from chanye.domains.factory.pages import live
from chanye.domains.factory.pages.days import Day, date_at, read_day
from chanye.domains.factory.queries import machines as queries
from chanye.domains.factory.types.machines import Board, MachineTile, Segment
from chanye.parties.types import Viewer
from chanye.spine import queries as spine
from chanye.spine.types import STATE_CLASSES, AssetRef

# A tile reads best when it is this much wider than high.
TILE_SHAPE = 1.75
# Silence makes a state unknown without any new sample: so long the cheap answer may hold. [us]
QUIET = 5_000_000
MOST_KEPT = 512

#: What was looked at and how things stood -> the ETag of the board that was drawn then.
_drawn: dict[tuple[object, ...], str] = {}


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
    context = {"tile": shown, "mark": mark, "start": start, "end": end, "wall": wall, "day": day}
    return mark, render_to_string("factory/tile.html", context)


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
    wall, part = request.GET.get("wall") == "1", request.GET.get("part") == "tiles"
    looked: tuple[object, ...] = ()
    if part:
        stands = queries.board_tag(viewer, now), now // QUIET
        looked = (viewer.organisation_id, viewer.system, site_id, wall, get_language(), *stands)
        known = _drawn.get(looked)
        if known and request.headers.get("If-None-Match") == known:
            return live.revalidated(HttpResponse(status=304), known)
    site = spine.asset(viewer, site_id)
    day = read_day(None if part else request.GET.get("day"), site, now)
    with live.by_the_clock_of(site):
        return _board(request, viewer, site, day, now, looked)


def _board(
    request: HttpRequest, viewer: Viewer, site: AssetRef, day: Day, now: int, looked: tuple[object, ...]
) -> HttpResponse:
    wall = request.GET.get("wall") == "1"
    if day.past:
        board = queries.past_board(viewer, site.id, day.start, day.end, now=now)
    else:
        board = queries.board(viewer, site.id, now=now)
    tiles = _draw(board, day, site.timezone, wall)
    seen = {tile.asset_id: live.seen(board.now, tile.age) for tile in board.tiles}
    counts = Counter(tile.state if tile.state in STATE_CLASSES else "unknown" for tile in board.tiles)
    tally = [(state, counts[state]) for state in STATE_CLASSES]
    context: dict[str, Any] = {
        "board": board,
        "day": day,
        "gap": _gap(site, board, day),
        "tiles": [html for _mark, html in tiles],
        "times": (board.now, seen),
        "seen": " ".join(f"{number}:{at}" for number, at in seen.items() if at is not None),
        "tally": tally,
        "tally_mark": live.mark(tally),
        "wide": wall_grid(len(tiles), 1.9),
        "tall": wall_grid(len(tiles), 0.55),
        "here_site": {"id": site.id, "name": board.site_name},
        "connect_url": "/connections/",
    }
    if not looked:
        return render(request, "factory/board.html", context)
    marks = [mark for mark, _html in tiles]
    etag = f'W/"{live.mark(board.site_name, tally, marks, seen, wall, get_language())}"'
    if len(_drawn) >= MOST_KEPT:
        _drawn.pop(next(iter(_drawn)), None)
    _drawn[looked] = etag
    if request.headers.get("If-None-Match") == etag:
        return live.revalidated(HttpResponse(status=304), etag)
    return live.revalidated(render(request, "factory/tiles.html", context), etag)
