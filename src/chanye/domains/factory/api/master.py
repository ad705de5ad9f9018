"""Master data over HTTP: read whole, written row by row; the same row again changes nothing."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.http import HttpRequest
from ninja import Router, Schema

from chanye.domains.factory.actions import master as actions
from chanye.domains.factory.actions import routings as routing_actions
from chanye.domains.factory.api.erp import Count
from chanye.domains.factory.queries import master as queries
from chanye.spine.api import PROBLEMS, viewer_of

router = Router(tags=["master data"])


class Material(Schema):
    """A material; ``cost`` in fen, ``unit`` in UCUM."""

    code: str
    name: str
    kind: str = "component"
    unit: str = "{part}"
    tracking: str = "none"
    cost: int | None = None
    active: bool = True


class MaterialOut(Material):
    """A material with its newest released revision."""

    id: int
    revision: str


class Tool(Schema):
    """A tool, gauge, fixture or mould; ``calibrated_until`` in us UTC, ``place``: code of an asset."""

    code: str
    name: str
    kind: str = "tool"
    state: str = "ready"
    life: int | None = None
    used: int = 0
    calibrated_until: int | None = None
    place: str = ""


class Reason(Schema):
    """A reason; ``parent``: code of the one above."""

    tree: str
    code: str
    name: str
    name_en: str = ""
    parent: str | None = None
    element: str = ""
    position: int = 0
    active: bool = True


class Qualification(Schema):
    """Somebody has a skill; level 0 takes it away; ``until`` in us UTC."""

    person: str
    skill: str
    level: int = 2
    until: int | None = None


class BillLine(Schema):
    """What one piece of a revision takes."""

    product: str
    revision: str
    component: str
    quantity: float
    scrap_share: float = 0.0
    step: int | None = None


class Step(Schema):
    """A step of a routing; times in s; things by code."""

    product: str
    revision: str
    routing: str = "main"
    default: bool = True
    step: int
    name: str
    kind: str = "main"
    work_centre: str
    run_time: float
    setup_time: float = 0.0
    setup_family: str = ""
    scrap_share: float = 0.0
    skill: str = ""
    tool: str = ""
    gauge: str = ""
    program: str = ""
    on_fail: int | None = None
    returns_to: int | None = None
    alternatives: str = ""


class Revision(Schema):
    """A revision of a product."""

    id: int
    product: str
    code: str
    state: str
    released_at: int | None


def _own(request: HttpRequest) -> int:
    return viewer_of(request).organisation_id or 0


@router.get("/factory/materials", response={200: list[MaterialOut], **PROBLEMS}, summary="Materials")
def get_materials(request: HttpRequest) -> Any:
    """Return all materials."""
    return [asdict(row) for row in queries.materials(viewer_of(request))]


@router.put("/factory/materials", response={200: Count, **PROBLEMS}, summary="Make or change materials")
def put_materials(request: HttpRequest, body: list[Material]) -> Any:
    """Make or change materials by code, all or none."""
    rows = [row.dict() for row in body]
    actions.save_materials(actor=viewer_of(request), organisation_id=_own(request), rows=rows)
    return {"count": len(rows)}


@router.get("/factory/tools", response={200: list[Tool], **PROBLEMS}, summary="Tools and gauges")
def get_tools(request: HttpRequest) -> Any:
    """Return all tools, gauges, fixtures and moulds."""
    return [asdict(row) for row in queries.tools(viewer_of(request))]


@router.put("/factory/tools", response={200: Count, **PROBLEMS}, summary="Make or change tools")
def put_tools(request: HttpRequest, body: list[Tool]) -> Any:
    """Make or change tools by code, all or none."""
    rows = [row.dict() for row in body]
    actions.save_tools(actor=viewer_of(request), organisation_id=_own(request), rows=rows)
    return {"count": len(rows)}


@router.get("/factory/reasons", response={200: list[Reason], **PROBLEMS}, summary="Reason trees")
def get_reasons(request: HttpRequest) -> Any:
    """Return the reason trees, parents before children."""
    return [asdict(row) for row in queries.reasons(viewer_of(request))]


@router.put("/factory/reasons", response={200: Count, **PROBLEMS}, summary="Make or change reasons")
def put_reasons(request: HttpRequest, body: list[Reason]) -> Any:
    """Make or change reasons by tree and code, all or none."""
    rows = [row.dict() for row in body]
    actions.save_reasons(actor=viewer_of(request), organisation_id=_own(request), rows=rows)
    return {"count": len(rows)}


@router.get("/factory/qualifications", response={200: list[Qualification], **PROBLEMS}, summary="Who can do what")
def get_qualifications(request: HttpRequest) -> Any:
    """Return who has which skill."""
    return [asdict(row) for row in queries.qualifications(viewer_of(request))]


@router.put("/factory/qualifications", response={200: Count, **PROBLEMS}, summary="Say who can do what")
def put_qualifications(request: HttpRequest, body: list[Qualification]) -> Any:
    """Say who has which skill."""
    rows = [row.dict() for row in body]
    actions.save_qualifications(actor=viewer_of(request), organisation_id=_own(request), rows=rows)
    return {"count": len(rows)}


@router.get("/factory/revisions", response={200: list[Revision], **PROBLEMS}, summary="Revisions of products")
def get_revisions(request: HttpRequest) -> Any:
    """Return all revisions."""
    return [asdict(row) for row in queries.revisions(viewer_of(request))]


@router.post("/factory/revisions/{revision_id}/release", response={200: Count, **PROBLEMS}, summary="Release it")
def release_revision(request: HttpRequest, revision_id: int) -> Any:
    """Release a draft revision."""
    routing_actions.release_revision(actor=viewer_of(request), revision_id=revision_id)
    return {"count": 1}


@router.get("/factory/bills", response={200: list[BillLine], **PROBLEMS}, summary="Bills of materials")
def get_bills(request: HttpRequest, revision_id: int | None = None) -> Any:
    """Return bills, of one revision or all."""
    return [asdict(row) for row in queries.bills(viewer_of(request), revision_id=revision_id)]


@router.put("/factory/bills", response={200: Count, **PROBLEMS}, summary="Set bills of draft revisions")
def put_bills(request: HttpRequest, body: list[BillLine]) -> Any:
    """Set lines of bills; revisions that are missing are made as drafts, released ones are refused."""
    rows = [row.dict() for row in body]
    routing_actions.import_bills(actor=viewer_of(request), organisation_id=_own(request), rows=rows)
    return {"count": len(rows)}


@router.get("/factory/routings", response={200: list[Step], **PROBLEMS}, summary="Routings")
def get_routings(request: HttpRequest, revision_id: int | None = None) -> Any:
    """Return steps of routings, of one revision or all."""
    return [asdict(row) for row in queries.routings(viewer_of(request), revision_id=revision_id)]


@router.put("/factory/routings", response={200: Count, **PROBLEMS}, summary="Set routings of draft revisions")
def put_routings(request: HttpRequest, body: list[Step]) -> Any:
    """Set routings whole; revisions that are missing are made as drafts, released ones are refused."""
    rows = [row.dict() for row in body]
    routing_actions.import_routings(actor=viewer_of(request), organisation_id=_own(request), rows=rows)
    return {"count": len(rows)}
