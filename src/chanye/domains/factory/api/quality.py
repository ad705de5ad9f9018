"""Inspection and nonconformance over HTTP. Values are sent through the inbox, kind ``measure``."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.http import HttpRequest
from ninja import Field, Router, Schema

from chanye.domains.factory.actions import incoming, nonconformance
from chanye.domains.factory.actions.disposition import Decision
from chanye.domains.factory.queries import cases, inspections, quality_plans
from chanye.domains.factory.types.quality import CaseRow, InspectionRow
from chanye.spine.api import PROBLEMS, viewer_of

router = Router(tags=["quality"])


class Asked(Schema):
    """A characteristic an inspection asks for: limits in ``unit``, a pick list as [code, words, good]."""

    code: str
    name: str
    kind: str
    unit: str
    lower: float | None
    upper: float | None
    choices: list[tuple[str, str, bool]]
    samples: int
    gauge: str


class Inspection(Schema):
    """An inspection. Times in us UTC; quantities in ``unit``."""

    id: int
    plan: str
    kind: str
    material: str
    unit: str
    order: str
    operation_id: int | None
    place_id: int | None
    lot: str
    supplier: str
    quantity: float | None
    accepted: float | None
    rejected: float | None
    state: str
    late: bool
    due_at: int
    judged_at: int | None

    @staticmethod
    def of(row: InspectionRow) -> Inspection:
        """Make it from the room's own value."""
        return Inspection(**asdict(row))


class InspectionTask(Inspection):
    """An inspection with what it asks for."""

    asked: list[Asked]


class InspectionPlan(Schema):
    """A released plan; ``every`` in pieces or us."""

    id: int
    code: str
    version: int
    name: str
    kind: str
    material: str
    step: int | None
    every: int | None
    samples: int
    gate: bool


class ReceivedLot(Schema):
    """A lot from a supplier; ``quantity`` in the unit of the material, ``key`` takes in once."""

    material: str
    lot: str
    quantity: float
    supplier: str
    key: str = Field(min_length=1, max_length=64)
    reference: str = ""


class Received(Schema):
    """The inspections that are due of a lot that came in."""

    inspections: list[int]


class Case(Schema):
    """A nonconformance. Times in us UTC."""

    id: int
    number: str
    title: str
    severity: str
    state: str
    material: str
    order: str
    lot: str
    quantity: float | None
    disposition: str
    found_at: int
    closed_at: int | None
    late: bool

    @staticmethod
    def of(row: CaseRow) -> Case:
        """Make it from the room's own value."""
        return Case(**asdict(row))


class NewCase(Schema):
    """What is reported; ``files`` are numbers of stored pictures."""

    title: str
    detail: str = ""
    severity: str = "minor"
    operation_id: int | None = None
    inspection_id: int | None = None
    material: str = ""
    lot: str = ""
    quantity: float | None = None
    files: list[int] = []


class Containment(Schema):
    """What keeps a fault from spreading; ``lots`` are blocked beside the lot of the case."""

    containment: str
    lots: list[str] = []


class Disposed(Schema):
    """What becomes of the pieces: use_as_is, rework, scrap, return or sort."""

    disposition: str
    note: str = ""
    quantity: float | None = None
    reason: str = ""
    party: str = ""


@router.get("/factory/inspections", response={200: list[Inspection], **PROBLEMS}, summary="Inspections that are due")
def due_inspections(request: HttpRequest, place_id: int | None = None) -> Any:
    """Return the inspections that are due, those due first in front; of one machine if asked."""
    return [Inspection.of(row) for row in inspections.due(viewer_of(request), place_id=place_id)]


@router.get(
    "/factory/inspections/{inspection_id}", response={200: InspectionTask, **PROBLEMS}, summary="One inspection"
)
def one_inspection(request: HttpRequest, inspection_id: int) -> Any:
    """Return an inspection with what it asks for."""
    viewer = viewer_of(request)
    row = inspections.inspection(viewer, inspection_id)
    asked = [Asked(**asdict(one)) for one in inspections.asked_values(viewer, inspection_id)]
    return InspectionTask(**asdict(row), asked=asked)


@router.get("/factory/inspection-plans", response={200: list[InspectionPlan], **PROBLEMS}, summary="Released plans")
def released_plans(request: HttpRequest, kind: str = "", material: str = "") -> Any:
    """Return the plans that are inspected by now: of a kind, for a material."""
    rows = quality_plans.released_plans(viewer_of(request), kind=kind, material=material)
    return [InspectionPlan(**asdict(row)) for row in rows]


@router.post("/factory/received-lots", response={200: Received, **PROBLEMS}, summary="Receive a lot")
def receive_lot(request: HttpRequest, body: ReceivedLot) -> Any:
    """Take in a lot; it is blocked until the inspections that are answered are accepted."""
    viewer = viewer_of(request)
    made = incoming.receive_lot(actor=viewer, organisation_id=viewer.organisation_id or 0, **body.dict())
    return {"inspections": made}


@router.get("/factory/nonconformances", response={200: list[Case], **PROBLEMS}, summary="Open nonconformances")
def open_cases(request: HttpRequest) -> Any:
    """Return the cases that are not closed, the oldest in front."""
    return [Case.of(row) for row in cases.open_cases(viewer_of(request))]


@router.post("/factory/nonconformances", response={200: Case, **PROBLEMS}, summary="Report a nonconformance")
def report_case(request: HttpRequest, body: NewCase) -> Any:
    """Report that something is not as it must be."""
    viewer = viewer_of(request)
    made = nonconformance.report_nonconformance(
        actor=viewer, organisation_id=viewer.organisation_id or 0, **body.dict()
    )
    return Case.of(cases.case(viewer, made))


@router.get("/factory/nonconformances/{case_id}", response={200: Case, **PROBLEMS}, summary="One nonconformance")
def one_case(request: HttpRequest, case_id: int) -> Any:
    """Return a case."""
    return Case.of(cases.case(viewer_of(request), case_id))


@router.post(
    "/factory/nonconformances/{case_id}/containment", response={200: Case, **PROBLEMS}, summary="Contain a case"
)
def contain_case(request: HttpRequest, case_id: int, body: Containment) -> Any:
    """Say what keeps the fault from spreading; the lots are blocked."""
    viewer = viewer_of(request)
    nonconformance.contain_nonconformance(actor=viewer, case_id=case_id, **body.dict())
    return Case.of(cases.case(viewer, case_id))


@router.post(
    "/factory/nonconformances/{case_id}/disposition", response={200: Case, **PROBLEMS}, summary="Decide a case"
)
def dispose_case(request: HttpRequest, case_id: int, body: Disposed) -> Any:
    """Decide what becomes of the pieces; it is booked at once."""
    viewer = viewer_of(request)
    values = body.dict()
    word = values.pop("disposition")
    nonconformance.dispose_nonconformance(
        actor=viewer, case_id=case_id, disposition=word, decision=Decision(**values)
    )
    return Case.of(cases.case(viewer, case_id))
