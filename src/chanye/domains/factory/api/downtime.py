"""Stops, losses, proposals of output, lines and how machines are linked, over HTTP."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.http import HttpRequest
from ninja import Router, Schema

from chanye.domains.factory.actions import downtime as actions
from chanye.domains.factory.actions.downtime import Choice
from chanye.domains.factory.actions.lines import configure_line
from chanye.domains.factory.queries import downtime as queries
from chanye.domains.factory.queries import link
from chanye.domains.factory.queries.lines import line_losses
from chanye.spine.api import PROBLEMS, viewer_of

router = Router(tags=["downtime"])


class Reasons(Schema):
    """A reason of the tree ``downtime`` for some stops, by their numbers."""

    stops: list[int]
    reason: str
    note: str = ""


class Classified(Schema):
    """How many stops got the reason."""

    classified: int


class Link(Schema):
    """A stop as long as ``threshold`` [s] wants a reason; ``auto_book``: counts are booked without a tap."""

    threshold: int = 120
    auto_book: bool = False


class Station(Schema):
    """Machines beside each other, of which ``minimum`` must run."""

    machines: list[int]
    minimum: int = 1


class Line(Schema):
    """Stations in order of flow; ``key``: the one whose stops are stops of the line, from 0, null: the last."""

    stations: list[Station]
    key: int | None = None
    mode: str = "key"


class Done(Schema):
    """It is stored."""

    done: bool = True


@router.get("/factory/stops", response={200: list[dict[str, Any]], **PROBLEMS}, summary="Stops of a machine")
def list_stops(request: HttpRequest, machine: int, start: int, end: int, missing: bool = False) -> Any:
    """Return the stops that touch ``[start, end)`` (us UTC), whole, with their parts and the reason that fits."""
    found = queries.stops(viewer_of(request), [machine], start, end, missing=missing)
    return [asdict(stop) for stop in found]


@router.post("/factory/stops/reasons", response={200: Classified, **PROBLEMS}, summary="Give stops a reason")
def give_reasons(request: HttpRequest, body: Reasons) -> Any:
    """Give some stops one reason; all or none."""
    choices = [Choice(number) for number in body.stops]
    done = actions.classify_stops(
        actor=viewer_of(request), choices=choices, reason=body.reason, note=body.note, origin="api"
    )
    return {"classified": done}


@router.get("/factory/losses", response={200: dict[str, Any], **PROBLEMS}, summary="Time lost by reason")
def get_losses(request: HttpRequest, machine: int, start: int, end: int) -> Any:
    """Return planned time lost in ``[start, end)`` (us UTC) by reason, shift and order, with coverage."""
    return asdict(queries.losses(viewer_of(request), [machine], start, end))


@router.get("/factory/proposals", response={200: list[dict[str, Any]], **PROBLEMS}, summary="Counted, not booked")
def list_proposals(request: HttpRequest, machine: int) -> Any:
    """Return what a machine counted for the operations on it beyond what was booked, or less than that."""
    return [asdict(one) for one in link.proposals(viewer_of(request), [machine])]


@router.get(
    "/factory/unassigned", response={200: list[dict[str, Any]], **PROBLEMS}, summary="Production with no order"
)
def list_unassigned(request: HttpRequest, site: int, start: int, end: int) -> Any:
    """Return what machines of a site made with no order in ``[start, end)`` (us UTC) and nobody settled."""
    return [asdict(one) for one in link.unassigned(viewer_of(request), site, start, end)]


@router.put("/factory/machines/{machine_id}/link", response={200: Done, **PROBLEMS}, summary="Link of a machine")
def set_link(request: HttpRequest, machine_id: int, body: Link) -> Any:
    """Say how stops and counts of a machine are taken."""
    actions.configure_link(
        actor=viewer_of(request), asset_id=machine_id, threshold=body.threshold, auto_book=body.auto_book
    )
    return {"done": True}


@router.put("/factory/lines/{line_id}", response={200: Done, **PROBLEMS}, summary="Lay out a line")
def set_line(request: HttpRequest, line_id: int, body: Line) -> Any:
    """Say how the machines of a work centre or area follow each other; no stations take the line away."""
    stations = [one.dict() for one in body.stations]
    configure_line(actor=viewer_of(request), asset_id=line_id, stations=stations, key=body.key, mode=body.mode)
    return {"done": True}


@router.get(
    "/factory/lines/{line_id}/losses", response={200: dict[str, Any] | None, **PROBLEMS}, summary="Line losses"
)
def get_line_losses(request: HttpRequest, line_id: int, start: int, end: int) -> Any:
    """Return what made a line stand in ``[start, end)`` (us UTC); null if it is no line."""
    found = line_losses(viewer_of(request), line_id, start, end)
    return None if found is None else asdict(found)
