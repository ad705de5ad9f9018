"""The pipeline and the ranking over HTTP. Money in fen, shares 0 to 1; what is not known is null."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from django.http import HttpRequest
from django.utils import timezone
from ninja import Field, Router, Schema

from chanye.domains.projects.actions import pipeline as actions
from chanye.domains.projects.queries import oc4ids, ranking
from chanye.domains.projects.queries import pipeline as queries
from chanye.domains.projects.queries import progress as records
from chanye.spine.api import PROBLEMS, viewer_of

router = Router(tags=["projects"])
Number = Annotated[int, Field(ge=1, le=9_007_199_254_740_991)]
Fen = Annotated[int, Field(ge=-(10**16), le=10**16, description="fen")]


class ProjectOut(Schema):
    """A project: six stages apart, three progresses never mixed."""

    id: int
    code: str
    name: str
    owner: str
    part_of_id: int | None
    status: str
    kind: str
    sector: str
    town: str
    place: str
    latitude: float | None
    longitude: float | None
    planned_total: int
    planned_start: date | None
    planned_finish: date | None
    stage: str
    signed_on: date | None
    signed_amount: int
    paid_in_on: date | None
    paid_in: int
    started_on: date | None
    in_statistics_on: date | None
    in_production_on: date | None
    above_scale_on: date | None
    paid_out: int
    financial: float | None
    physical: float | None
    effective: float | None
    next_due: date | None
    reported_on: date | None
    flags: list[str]
    changed_at: int


class ProjectList(Schema):
    """A page of projects in the order of their numbers; ``next`` is given as ``after`` for more, null at the end."""

    projects: list[ProjectOut]
    next: int | None


class StageOut(Schema):
    """How many projects reached a stage, and the sum that is counted there; no two of the sums may be added."""

    stage: str
    count: int
    amount: int


class MilestoneOut(Schema):
    """A milestone with its verified credit."""

    id: int
    position: int
    title: str
    rule: str
    budget: int
    start: date
    finish: date
    status: str
    credit: float
    met_on: date | None


class EarnedOut(Schema):
    """Earned value in fen, earned schedule in months; null where it cannot be said."""

    bac: float
    pv: float
    ev: float
    ac: float
    cpi: float | None
    spi: float | None
    eac: dict[str, float | None]
    vac: float | None
    es: float
    spi_t: float | None
    ieac_t: float | None


class FlagOut(Schema):
    """A risk with the figures behind it."""

    code: str
    why: str


class RecordOut(Schema):
    """What stands about one project beside its row."""

    scope: str
    milestones: list[MilestoneOut]
    earned: EarnedOut | None
    flags: list[FlagOut]


class PaymentIn(Schema):
    """Capital paid in or money paid out; the same key and content book once."""

    key: str = Field(min_length=1, max_length=64)
    kind: Literal["in", "out"]
    on: date
    amount: Fen
    evidence: str = Field(min_length=1, max_length=300)


class StageIn(Schema):
    """That a project reached a stage, or with ``on`` null that this is taken back."""

    stage: Literal["signed", "started", "in_statistics", "in_production", "above_scale"]
    on: date | None
    amount: Annotated[int, Field(ge=0, le=10**16, description="fen")] = 0
    evidence: str = Field(min_length=1, max_length=300)


class MadeProject(Schema):
    """The number of what was booked."""

    id: int


class RankedOut(Schema):
    """A project in its peer group: rank with interval, and the band of those not told apart."""

    group: str
    code: str
    name: str
    rank: int
    low: int
    high: int
    band: int
    peers: int
    score: float
    penalty: float
    values: dict[str, float | None]
    unknown: list[str]


class RankingOut(Schema):
    """A published ranking; ``digest`` seals its formula, inputs and results."""

    id: int
    number: int
    period: str
    as_of: date
    formula_version: int
    inputs_digest: str
    results_digest: str
    previous: str
    digest: str
    published_at: int


@router.get("/projects", response={200: ProjectList, **PROBLEMS}, summary="Projects")
def list_projects(
    request: HttpRequest,
    after: Annotated[int, Field(ge=0, le=9_007_199_254_740_991)] = 0,
    limit: Annotated[int, Field(ge=1, le=1000)] = 200,
) -> dict[str, Any]:
    """Return the projects the viewer may see: an office its own, a firm those it owns."""
    rows = queries.page_after(viewer_of(request), after, limit, today=timezone.localdate())
    return {"projects": rows, "next": rows[-1].id if len(rows) == limit else None}


@router.get("/projects/funnel", response={200: list[StageOut], **PROBLEMS}, summary="Projects by stage")
def get_funnel(request: HttpRequest, from_day: date | None = None, to_day: date | None = None) -> Any:
    """Return count and sum of each stage, of those reached from ``from_day`` to ``to_day``."""
    return queries.funnel(viewer_of(request), from_day, to_day)


@router.get("/projects/oc4ids", response={200: dict[str, Any], **PROBLEMS}, summary="Projects as OC4IDS")
def get_oc4ids(request: HttpRequest) -> dict[str, Any]:
    """Return the projects as an OC4IDS package."""
    return oc4ids.oc4ids(viewer_of(request), today=timezone.localdate())


@router.get("/projects/{project_id}", response={200: ProjectOut, **PROBLEMS}, summary="A project")
def get_project(request: HttpRequest, project_id: Number) -> Any:
    """Return one project."""
    return queries.project(viewer_of(request), project_id, today=timezone.localdate())


@router.get(
    "/projects/{project_id}/record", response={200: RecordOut, **PROBLEMS}, summary="Milestones, earned value"
)
def get_record(request: HttpRequest, project_id: Number) -> Any:
    """Return milestones, earned value and flags of one project."""
    return records.record(viewer_of(request), project_id, today=timezone.localdate())


@router.post("/projects/{project_id}/payments", response={200: MadeProject, **PROBLEMS}, summary="Book a payment")
def post_payment(request: HttpRequest, project_id: Number, sent: PaymentIn) -> MadeProject:
    """Book capital paid in or money paid out."""
    number = actions.record_payment(
        actor=viewer_of(request), project_id=project_id, today=timezone.localdate(), **sent.dict()
    )
    return MadeProject(id=number)


@router.post("/projects/{project_id}/stages", response={200: MadeProject, **PROBLEMS}, summary="Record a stage")
def post_stage(request: HttpRequest, project_id: Number, sent: StageIn) -> MadeProject:
    """Record that a project reached a stage, with what shows it."""
    number = actions.record_stage(
        actor=viewer_of(request), project_id=project_id, today=timezone.localdate(), **sent.dict()
    )
    return MadeProject(id=number)


@router.get("/rankings", response={200: list[RankingOut], **PROBLEMS}, summary="Published rankings")
def list_rankings(request: HttpRequest) -> Any:
    """Return what the office published, newest first."""
    return ranking.published(viewer_of(request))


@router.get("/rankings/{ranking_id}", response={200: list[RankedOut], **PROBLEMS}, summary="A ranking's rows")
def get_ranking(request: HttpRequest, ranking_id: Number) -> Any:
    """Return the rows of a published ranking, as they were frozen."""
    found = ranking.table(viewer_of(request), ranking_id)
    return [row for rows in (found.groups.values() if found else ()) for row in rows]
