"""Calls and applications over HTTP."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from typing import Any

from django.http import HttpRequest
from ninja import Field, Router, Schema, Status

from chanye.domains.programme.actions import applications as acts
from chanye.domains.programme.actions import drafts
from chanye.domains.programme.queries import applications as queries
from chanye.domains.programme.queries import calls as call_queries
from chanye.domains.programme.queries import cases
from chanye.domains.programme.types.applications import (
    ApplicationDraft,
    ApplicationRef,
    CostDraft,
    EquipmentDraft,
    Lines,
    QuoteDraft,
)
from chanye.domains.programme.types.calls import CallRef
from chanye.kernel.errors import ConfigError
from chanye.spine.api import PROBLEMS, viewer_of

router = Router(tags=["programme"])
Fen = Field(0, ge=0, le=10**15, description="fen")


class CallRule(Schema):
    """A rule of a call: its kind, its values and the clause it stands on."""

    kind: str
    value: dict[str, Any]
    clause: str


class Call(Schema):
    """A call with the rules in force."""

    id: int
    office: str
    code: str
    title: str
    summary: str
    state: str
    version: int
    opens: date | None
    closes: date | None
    rules: list[CallRule]

    @staticmethod
    def of(ref: CallRef) -> Call:
        """Make it from the room's own value."""
        rules = [CallRule(kind=one.kind, value=dict(one.value), clause=one.clause) for one in ref.rules]
        plain = {name: getattr(ref, name) for name in Call.model_fields if name != "rules"}
        return Call(rules=rules, **plain)


class Application(Schema):
    """An application. Money in fen, ``claim`` relative (0.12 is 12 % better), moments in us UTC."""

    id: int
    number: str
    call_id: int
    call_code: str
    organisation_id: int
    firm: str
    asset_id: int | None
    title: str
    project_code: str
    sector: str
    upgrade_kind: str
    total_cost: int
    eligible_cost: int
    requested: int
    approved: int | None
    measure: str
    method: str
    claim: float | None
    detectable: dict[str, Any]
    plan_id: int | None
    planned_start: date | None
    planned_finish: date | None
    state: str
    round: int
    rules_version: int
    reason: str
    score: float | None
    submitted_at: int | None

    @staticmethod
    def of(ref: ApplicationRef) -> Application:
        """Make it from the room's own value."""
        return Application(**{name: getattr(ref, name) for name in Application.model_fields})


class RuleState(Schema):
    """What became of a rule: holds, fails or unknown, with what was seen."""

    kind: str
    state: str
    seen: str
    words: str
    clause: str


class Detail(Schema):
    """An application with its lines and what became of each rule."""

    application: Application
    costs: list[dict[str, Any]]
    quotes: list[dict[str, Any]]
    equipment: list[dict[str, Any]]
    documents: list[dict[str, Any]]
    rules: list[RuleState]


class Draft(Schema):
    """What a firm fills in; what is missing is emptied."""

    asset_id: int | None = None
    title: str = Field("", max_length=200)
    project_code: str = Field("", max_length=64)
    sector: str = ""
    upgrade_kind: str = ""
    summary: str = Field("", max_length=4000)
    requested: int = Fen
    measure: str = ""
    method: str = ""
    claim: float | None = None
    planned_start: date | None = None
    planned_finish: date | None = None


class EligibleCost(Schema):
    """A cost."""

    kind: str
    text: str = Field(max_length=200)
    amount: int = Fen
    eligible: bool = True


class QuoteIn(Schema):
    """A supplier's offer."""

    supplier: str = Field(max_length=200)
    item: str = Field(max_length=200)
    amount: int = Fen
    supplier_code: str = Field("", max_length=32)
    supplier_phone: str = Field("", max_length=32)
    number: str = Field("", max_length=64)
    dated: date | None = None
    chosen: bool = False


class EquipmentIn(Schema):
    """A machine by its nameplate."""

    name: str = Field(max_length=200)
    model: str = Field("", max_length=100)
    serial: str = Field("", max_length=100)
    supplier: str = Field("", max_length=200)
    price: int = Fen
    pieces: int = 1
    bought: date | None = None
    asset_id: int | None = None


class LinesIn(Schema):
    """Lines of an application; kinds that are left out stay as they are."""

    costs: list[EligibleCost] | None = Field(None, max_length=100)
    quotes: list[QuoteIn] | None = Field(None, max_length=100)
    equipment: list[EquipmentIn] | None = Field(None, max_length=100)


class Move(Schema):
    """A step of the case."""

    move: str = Field(max_length=20)
    reason: str = Field("", max_length=2000)
    amount: int | None = None


class Stated(Schema):
    """The state after a step."""

    state: str


@router.get("/calls", response={200: list[Call], **PROBLEMS}, summary="Calls")
def list_calls(request: HttpRequest) -> list[Call]:
    """Return the calls you may see, newest first."""
    return [Call.of(one) for one in call_queries.calls(viewer_of(request))]


@router.get("/calls/{call_id}", response={200: Call, **PROBLEMS}, summary="One call")
def one_call(request: HttpRequest, call_id: int) -> Call:
    """Return a call with its rules in force."""
    return Call.of(call_queries.call(viewer_of(request), call_id))


@router.get("/applications", response={200: list[Application], **PROBLEMS}, summary="Applications")
def list_applications(request: HttpRequest, state: str = "", after: int = 0) -> list[Application]:
    """Return 200 applications of a state (all if none is given) with numbers above ``after``."""
    found = queries.page(viewer_of(request), state=state, after=after)
    return [Application.of(one) for one in found]


@router.get("/applications/{application_id}", response={200: Detail, **PROBLEMS}, summary="One application")
def one_application(request: HttpRequest, application_id: int) -> Detail:
    """Return an application with its lines and what became of each rule of its call."""
    viewer = viewer_of(request)
    dossier = queries.dossier(viewer, application_id)
    return Detail(
        application=Application.of(dossier.head),
        costs=[asdict(one) for one in dossier.costs],
        quotes=[asdict(one) for one in dossier.quotes],
        equipment=[asdict(one) for one in dossier.equipment],
        documents=[asdict(one) for one in dossier.documents],
        rules=[RuleState(**asdict(one)) for one in cases.rulings(viewer, application_id)],
    )


@router.post("/calls/{call_id}/applications", response={201: Application, **PROBLEMS}, summary="Begin an application")
def begin(request: HttpRequest, call_id: int) -> Status[Application]:
    """Begin an application of your firm under an open call."""
    viewer = viewer_of(request)
    number = drafts.start_application(actor=viewer, call_id=call_id)
    return Status(201, Application.of(queries.application(viewer, number)))


@router.put("/applications/{application_id}", response={200: Application, **PROBLEMS}, summary="Save a draft")
def save(request: HttpRequest, application_id: int, draft: Draft) -> Application:
    """Replace what is filled in."""
    viewer = viewer_of(request)
    drafts.save_draft(actor=viewer, application_id=application_id, draft=ApplicationDraft(**draft.dict()))
    return Application.of(queries.application(viewer, application_id))


@router.put("/applications/{application_id}/lines", response={200: Application, **PROBLEMS}, summary="Save lines")
def save_lines(request: HttpRequest, application_id: int, lines: LinesIn) -> Application:
    """Replace costs, quotes or equipment; kinds that are left out stay."""
    viewer = viewer_of(request)
    drafts.set_lines(
        actor=viewer,
        application_id=application_id,
        lines=Lines(
            None if lines.costs is None else tuple(CostDraft(**one.dict()) for one in lines.costs),
            None if lines.quotes is None else tuple(QuoteDraft(**one.dict()) for one in lines.quotes),
            None if lines.equipment is None else tuple(EquipmentDraft(**one.dict()) for one in lines.equipment),
        ),
    )
    return Application.of(queries.application(viewer, application_id))


@router.post("/applications/{application_id}/moves", response={200: Stated, **PROBLEMS}, summary="Move a case on")
def move(request: HttpRequest, application_id: int, step: Move) -> Stated:
    """Submit, withdraw, return, refuse, accept, conclude, approve, decline, agree or close."""
    viewer = viewer_of(request)
    if step.move == "submit":
        drafts.submit_application(actor=viewer, application_id=application_id)
        return Stated(state="submitted")
    if step.amount is not None and step.move != "approve":
        raise ConfigError("An amount goes with approve alone.")
    state = acts.advance(
        actor=viewer, application_id=application_id, move=step.move, reason=step.reason, amount=step.amount
    )
    return Stated(state=state)
