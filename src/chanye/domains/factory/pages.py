"""The machine board, the machine page, and where its numbers come from."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import replace
from hashlib import blake2b

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from chanye.domains.factory import queries
from chanye.domains.factory.types import Board, MachineTile, Segment
from chanye.parties.types import Viewer
from chanye.spine import queries as spine
from chanye.spine.types import STATE_CLASSES

# A tile reads best when it is this much wider than high.
TILE_SHAPE = 1.75


def _viewer(request: HttpRequest) -> Viewer:
    viewer: Viewer = request.viewer  # type: ignore[attr-defined]  # set by the viewer middleware
    return viewer


def _mark(*things: object) -> str:
    """Return a short word that changes when anything in ``things`` does."""
    return blake2b(repr(things).encode(), digest_size=6).hexdigest()


def wall_columns(tiles: int, wide: float) -> int:
    """Return how many columns show ``tiles`` tiles largest on a screen ``wide`` times as wide as high."""

    def size(columns: int) -> float:
        rows = -(-tiles // columns)
        return min(wide / columns / TILE_SHAPE, 1 / rows)

    return max(range(1, max(tiles, 1) + 1), key=size)


def _lasting(strip: tuple[Segment, ...], end: int) -> tuple[Segment, ...]:
    """Let the last piece last to the end of the window: the page covers what is still ahead, second by second."""
    return (*strip[:-1], replace(strip[-1], end=end)) if strip else strip


def _drawn(board: Board, tile: MachineTile) -> tuple[MachineTile, str, tuple[Segment, ...], int | None]:
    """Return a tile, its mark, its strip and when it was last heard of; the mark ignores the mere passing of time."""
    seen = None if tile.age is None else (board.now - tile.age) // 1_000_000 * 1_000_000
    pieces = _lasting(tile.strip, board.end)
    return tile, _mark(replace(tile, age=None, strip=pieces), seen, board.start), pieces, seen


@require_safe
def site_board(request: HttpRequest, site_id: int) -> HttpResponse:
    """Show every machine of a site; ``?part=tiles`` answers only the live part, 304 when nothing changed."""
    board = queries.board(_viewer(request), site_id, now=time.time_ns() // 1000)
    tiles = [_drawn(board, tile) for tile in board.tiles]
    wall = request.GET.get("wall") == "1"
    counts = Counter(tile.state if tile.state in STATE_CLASSES else "unknown" for tile in board.tiles)
    tally = [(state, counts[state]) for state in STATE_CLASSES]
    etag = f'W/"{_mark(board.site_name, tally, [drawn[1] for drawn in tiles], wall, get_language())}"'
    part = request.GET.get("part") == "tiles"
    if part and request.headers.get("If-None-Match") == etag:
        response = HttpResponse(status=304)
    else:
        context = {
            "board": board,
            "tiles": tiles,
            "tally": tally,
            "tally_mark": _mark(tally),
            "cols": wall_columns(len(tiles), 1.9),
            "cols_tall": wall_columns(len(tiles), 0.55),
            "here_site": {"id": site_id, "name": board.site_name},
            "connect_url": "/connections/",
        }
        response = render(request, "factory/tiles.html" if part else "factory/board.html", context)
    if part:
        response["ETag"] = etag
        response["Cache-Control"] = "private, no-cache"
        patch_vary_headers(response, ["Cookie", "Accept-Language"])
    return response
