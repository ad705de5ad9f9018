"""Certificates of sites over HTTP. Moments in us UTC."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Annotated

from django.http import HttpRequest
from ninja import Field, Router, Schema, Status

from chanye.domains.programme.actions import certificates as acts
from chanye.domains.programme.queries import certificates as queries
from chanye.domains.programme.types.certificates import CertificateRef
from chanye.spine.api import PROBLEMS, Moment, viewer_of

router = Router(tags=["programme"])
Number = Annotated[int, Field(ge=0, le=9_007_199_254_740_991)]


class CertificateCheck(Schema):
    """A criterion: what it asks, what was found and of what, on how much of the data; holds, fails or unknown."""

    code: str
    least: float
    unit: str
    lower: bool
    ours: bool
    value: float | None
    numerator: float
    denominator: float
    coverage: float
    state: str


class CertificateOutcome(Schema):
    """What a gate said of a window; ``digest`` is of all that was looked at."""

    gate: str
    state: str
    edition: str
    source: str
    start: int
    end: int
    checks: list[CertificateCheck]
    digest: str


class SiteCertificate(Schema):
    """A site held against a gate: when it was asked for, when it was decided, when it was last looked back at."""

    id: int
    organisation_id: int
    firm: str
    site_id: int | None
    site: str
    gate: str
    state: str
    number: str
    on_paper: bool
    start: int | None
    end: int | None
    asked: CertificateOutcome | None
    outcome: CertificateOutcome | None
    look: CertificateOutcome | None
    standing: str
    looked_at: int | None
    asked_at: int
    decided_at: int | None
    certified_on: date | None
    reason: str


class CertificateIn(Schema):
    """A request to be certified on the window ``[start, end)``."""

    site_id: Number
    gate: str = Field(min_length=1, max_length=64)
    start: Moment
    end: Moment


@router.get("/certificates", response={200: list[SiteCertificate], **PROBLEMS}, summary="Certificates")
def list_certificates(request: HttpRequest, state: str = "", after: Number = 0) -> Sequence[CertificateRef]:
    """Return 200 certificates of a state (all if none is given) with numbers above ``after``."""
    return queries.certificate_page(viewer_of(request), state=state, after=after)


@router.get("/certificates/{certificate_id}", response={200: SiteCertificate, **PROBLEMS}, summary="One certificate")
def one_certificate(request: HttpRequest, certificate_id: Number) -> CertificateRef:
    """Return one certificate with what was found."""
    return queries.certificate(viewer_of(request), certificate_id)


@router.post("/certificates", response={201: SiteCertificate, **PROBLEMS}, summary="Ask for a certificate")
def ask_certificate(request: HttpRequest, asked: CertificateIn) -> Status[CertificateRef]:
    """Ask for a site of your firm; it is refused at once, with the criteria, if the gate does not hold."""
    viewer = viewer_of(request)
    number = acts.ask_certification(
        actor=viewer, site_id=asked.site_id, gate=asked.gate, start=asked.start, end=asked.end
    )
    return Status(201, queries.certificate(viewer, number))
