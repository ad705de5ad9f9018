"""Measures over HTTP: figures by group, before and after, gates and shift reports."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Field, Router, Schema

from chanye.domains.factory.api.machines import Figure
from chanye.domains.factory.queries import certification, shifts
from chanye.domains.factory.queries import measures as queries
from chanye.domains.factory.types.certification import GateReport
from chanye.domains.factory.types.measures import Change, Measured
from chanye.kernel.time import now_us
from chanye.spine.api import PROBLEMS, Moment, Number, viewer_of, window

router = Router(tags=["factory"])


class Cost(Schema):
    """What a group cost [fen]; ``material_standard`` of the material is by the bills; ``unpriced`` has no rate."""

    labour: float
    machine: float
    energy: float
    material: float
    material_standard: float
    scrap: float
    unpriced: list[str]


class Measure(Schema):
    """A group over ``[start, end)`` us UTC with every figure, and the sums they are made of (times in us)."""

    key: str
    name: str
    start: int
    end: int
    figures: dict[str, Figure]
    cost: Cost
    facts: dict[str, float]

    @staticmethod
    def of(row: Measured) -> Measure:
        """Return a group as it is sent."""
        facts = row.facts
        money = {name: getattr(facts, name) for name in Cost.model_fields if name != "unpriced"}
        sums = {name: getattr(facts, name) for name in facts.__slots__ if name not in Cost.model_fields}
        return Measure(
            key=row.key,
            name=row.name,
            start=row.start,
            end=row.end,
            figures={name: Figure.model_validate(one, from_attributes=True) for name, one in row.figures.items()},
            cost=Cost(**money, unpriced=sorted(facts.unpriced)),
            facts=sums,
        )


class Comparison(Schema):
    """A figure before and after; ``change`` is relative and null where one of them is not measured."""

    name: str
    before: Figure
    after: Figure
    change: Figure
    better: str = Field(description="lower or higher")

    @staticmethod
    def of(row: Change) -> Comparison:
        """Return a change as it is sent."""
        return Comparison.model_validate(row, from_attributes=True)


class Evidence(Schema):
    """One thing that was looked at for a criterion."""

    code: str
    name: str
    counts: bool
    detail: str


class Criterion(Schema):
    """A criterion with its threshold and what was found; ``state``: holds, fails or unknown."""

    name: str
    least: float
    lower_is_better: bool
    threshold_is_ours: bool
    numerator: float
    denominator: float
    value: float | None
    coverage: float
    why: str
    state: str
    evidence: list[Evidence]


class Gate(Schema):
    """A gate: it holds if all its criteria do."""

    name: str
    state: str
    criteria: list[Criterion]


class Gates(Schema):
    """Both gates of a site with their source and the digest of all that was looked at."""

    site_id: int
    start: int
    end: int
    before_start: int
    before_end: int
    edition: str
    source: str
    gates: list[Gate]
    digest: str

    @staticmethod
    def of(report: GateReport) -> Gates:
        """Return a report as it is sent."""
        return Gates(
            site_id=report.site_id,
            start=report.start,
            end=report.end,
            before_start=report.before[0],
            before_end=report.before[1],
            edition=report.edition.code,
            source=report.edition.source,
            gates=[
                Gate(
                    name=gate.name,
                    state=gate.state,
                    criteria=[
                        Criterion(
                            name=one.rule.name,
                            least=one.rule.least,
                            lower_is_better=one.rule.lower,
                            threshold_is_ours=one.rule.ours,
                            numerator=one.found.numerator,
                            denominator=one.found.denominator,
                            value=one.found.value,
                            coverage=one.found.coverage,
                            why=one.found.why,
                            state=one.state,
                            evidence=[
                                Evidence.model_validate(piece, from_attributes=True) for piece in one.found.evidence
                            ],
                        )
                        for one in gate.criteria
                    ],
                )
                for gate in report.gates
            ],
            digest=report.digest,
        )


class ShiftItem(Schema):
    """A shift of a site and whether it is signed."""

    start: int
    end: int
    shift: str
    day: str
    going_on: bool
    signed_at: int | None
    signed_by: str
    digest: str


class Changed(Schema):
    """A number of a signed report that is another one by what came in later."""

    what: str
    signed: float
    now: float


class ShiftReport(Schema):
    """A shift as signed, or as known now; ``changed``: what came in since it was signed."""

    shift: ShiftItem
    content: dict[str, Any]
    remark: str
    changed: list[Changed]
    sound: bool


@router.get("/sites/{site_id}/measures", response={200: list[Measure], **PROBLEMS}, summary="Figures by group")
def get_measures(
    request: HttpRequest, site_id: Number, start: Moment, end: Moment, by: str = "site"
) -> list[Measure]:
    """Return every figure by ``site``, ``line``, ``machine``, ``order``, ``product``, ``shift`` or ``day``."""
    window(start, end)
    rows = queries.measures(viewer_of(request), site_id, start, end, by, now=now_us())
    return [Measure.of(row) for row in rows]


@router.get("/sites/{site_id}/compare", response={200: list[Comparison], **PROBLEMS}, summary="Before and after")
def get_compare(
    request: HttpRequest,
    site_id: Number,
    before_start: Moment,
    before_end: Moment,
    after_start: Moment,
    after_end: Moment,
) -> list[Comparison]:
    """Return every figure of a site over two windows with its relative change."""
    window(before_start, before_end)
    window(after_start, after_end)
    before, after = (before_start, before_end), (after_start, after_end)
    changes = queries.compare(viewer_of(request), site_id, before, after, now=now_us())
    return [Comparison.of(one) for one in changes]


@router.get("/sites/{site_id}/gates", response={200: Gates, **PROBLEMS}, summary="Certification gates")
def get_gates(request: HttpRequest, site_id: Number, start: Moment, end: Moment, edition: str = "cq-2023") -> Gates:
    """Return the gates of a digital workshop and a smart factory with numerators, denominators and evidence."""
    window(start, end)
    return Gates.of(certification.gates(viewer_of(request), site_id, (start, end), edition=edition, now=now_us()))


@router.get("/sites/{site_id}/shifts", response={200: list[ShiftItem], **PROBLEMS}, summary="Shifts")
def get_shifts(request: HttpRequest, site_id: Number, start: Moment, end: Moment) -> list[ShiftItem]:
    """Return the shifts that began in a window, the newest first, and who signed them."""
    window(start, end)
    rows = shifts.shifts(viewer_of(request), site_id, start, end, now=now_us())
    return [ShiftItem.model_validate(row, from_attributes=True) for row in rows]


@router.get("/sites/{site_id}/shifts/{start}", response={200: ShiftReport, **PROBLEMS}, summary="A shift report")
def get_shift(request: HttpRequest, site_id: Number, start: Moment) -> ShiftReport:
    """Return a shift report: as signed with what changed since, or as known now."""
    view = shifts.shift_report(viewer_of(request), site_id, start, now=now_us())
    return ShiftReport(
        shift=ShiftItem.model_validate(view.row, from_attributes=True),
        content=dict(view.content),
        remark=view.remark,
        changed=[Changed.model_validate(one, from_attributes=True) for one in view.changed],
        sound=view.sound,
    )
