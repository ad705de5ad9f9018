"""The factory room over HTTP: the board, a machine's figures and its states."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from ninja import Router, Schema

from chanye.domains.factory.queries import machines as queries
from chanye.kernel.errors import ConfigError
from chanye.kernel.time import DAY, now_us
from chanye.spine.api import PROBLEMS, Moment, Number, viewer_of, window

router = Router(tags=["factory"])
LONGEST = 400 * DAY


class Figure(Schema):
    """A number with its unit and coverage; ``value`` is null when not measured, ``why`` then says why."""

    value: float | None
    unit: str
    coverage: float
    why: str


class TimeElements(Schema):
    """ISO 22400-2 time elements, us; ``window = planned_off + pbt``, ``pbt`` is the sum of the others."""

    window: int
    planned_off: int
    pbt: int
    apt: int
    aust: int
    adet: int
    adot: int
    unknown: int


class Kpis(Schema):
    """ISO 22400-2 figures of a machine or a site over ``[start, end)``."""

    asset_id: int
    start: int
    end: int
    elements: TimeElements
    produced: Figure
    good: Figure
    availability: Figure
    effectiveness: Figure
    quality_ratio: Figure
    oee: Figure
    nee: Figure
    throughput: Figure
    across_gap: float


class Segment(Schema):
    """A piece of a state strip, ``[start, end)`` us UTC."""

    start: int
    end: int
    state: str
    text: str


class Tile(Schema):
    """A machine on the board."""

    asset_id: int
    name: str
    state: str
    state_text: str
    since: int | None
    program: str
    parts_today: Figure
    rate: Figure
    availability: Figure
    oee: Figure
    power: Figure
    age: int | None


class Board(Schema):
    """A site's machines now; strips are asked for by machine."""

    site_id: int
    site_name: str
    simulated: bool
    now: int
    start: int
    end: int
    tiles: list[Tile]
    tag: str


def _checked(start: int, end: int) -> None:
    window(start, end)
    if end - start > LONGEST:
        raise ConfigError("The window is longer than 400 days; ask for shorter windows and add their time elements.")


@router.get("/sites/{site_id}/board", response={200: Board, **PROBLEMS}, summary="The machine board")
def get_board(request: HttpRequest, site_id: Number, response: HttpResponse) -> Board | HttpResponse:
    """Return all machines of a site over its present day. Send the ETag back to learn whether anything changed."""
    board = queries.board(viewer_of(request), site_id, now=now_us())
    tag = f'"{board.tag}"'
    if request.headers.get("If-None-Match") == tag:
        return HttpResponse(status=304, headers={"ETag": tag})
    response["ETag"] = tag
    return Board.model_validate(board, from_attributes=True)


@router.get("/sites/{site_id}/kpis", response={200: Kpis, **PROBLEMS}, summary="Figures of a site")
def get_site_kpis(request: HttpRequest, site_id: Number, start: Moment, end: Moment) -> Kpis:
    """Return the figures of all machines of a site together: time elements are added, ratios never averaged."""
    _checked(start, end)
    return Kpis.model_validate(queries.site_kpis(viewer_of(request), site_id, start, end), from_attributes=True)


@router.get("/machines/{asset_id}/kpis", response={200: Kpis, **PROBLEMS}, summary="Figures of a machine")
def get_machine_kpis(request: HttpRequest, asset_id: Number, start: Moment, end: Moment) -> Kpis:
    """Return the ISO 22400-2 figures of a machine over a window."""
    _checked(start, end)
    return Kpis.model_validate(queries.machine_kpis(viewer_of(request), asset_id, start, end), from_attributes=True)


@router.get("/machines/{asset_id}/strip", response={200: list[Segment], **PROBLEMS}, summary="States of a machine")
def get_strip(request: HttpRequest, asset_id: Number, start: Moment, end: Moment) -> list[Segment]:
    """Return the states of a machine: pieces that tile the window exactly, unknown time included."""
    _checked(start, end)
    found = queries.strip(viewer_of(request), asset_id, start, end)
    return [Segment.model_validate(piece, from_attributes=True) for piece in found]
