"""One firm: what it claimed, what was measured, how sure that is; its grants and projects. Agreed measures only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from chanye.domains.programme.queries import applications, ledger
from chanye.domains.programme.queries.certificates import certificates_of
from chanye.domains.programme.types.applications import STATES, ApplicationRef
from chanye.domains.programme.types.certificates import CertificateRef
from chanye.domains.projects.queries import pipeline, profiles
from chanye.domains.projects.types.pipeline import ProjectRow
from chanye.domains.projects.types.statistics import FirmRow
from chanye.evidence import queries as evidence
from chanye.evidence.types import RegisterRow
from chanye.kernel.errors import DeniedError
from chanye.parties import queries as parties
from chanye.parties.rules import may, require
from chanye.parties.types import OrganisationRef, Viewer


@dataclass(frozen=True, slots=True)
class Grant:
    """An application with where its money is [fen]."""

    application: ApplicationRef
    committed: int
    paid: int
    owed: int


@dataclass(frozen=True, slots=True)
class FirmPage:
    """Everything the page of one firm shows; nothing of its statistical returns, samples or process parameters."""

    firm: OrganisationRef
    profile: FirmRow | None
    effects: tuple[RegisterRow, ...]
    grants: tuple[Grant, ...]
    projects: tuple[ProjectRow, ...]
    certificates: tuple[CertificateRef, ...]


def firm(viewer: Viewer, organisation_id: int, *, today: date) -> FirmPage:
    """Return the page of a firm: to an office that reads projects, and to the firm itself.

    Raises
    ------
    DeniedError
        If the viewer is neither, or there is no such firm.
    """
    known = _known(viewer, organisation_id)
    held = may(viewer, "read_evidence", viewer.organisation_id)
    effects = evidence.register(viewer, organisation_id=organisation_id) if held else []
    cases = applications.by_state(viewer, STATES, organisation_id=organisation_id)
    listed = may(viewer, "read_statistics", viewer.organisation_id) or not viewer.office
    return FirmPage(
        known,
        profiles.firm(viewer, organisation_id) if listed else None,
        tuple(effects),
        tuple(_grant(viewer, one) for one in cases),
        tuple(pipeline.of_owner(viewer, organisation_id, today=today)),
        tuple(one for one in certificates_of(viewer, organisation_id) if one.state == "certified"),
    )


def _known(viewer: Viewer, organisation_id: int) -> OrganisationRef:
    if viewer.office:
        require(viewer, "read_projects", viewer.organisation_id)
        found = parties.firms(viewer)
    else:
        require(viewer, "read_organisation", organisation_id)
        own = parties.organisation(viewer)
        found = [own] if own else []
    for one in found:
        if one.id == organisation_id:
            return one
    message = "no such firm"
    raise DeniedError(message)


def _grant(viewer: Viewer, one: ApplicationRef) -> Grant:
    places = ledger.of_application(viewer, one.id)
    return Grant(
        one,
        sum(place.commitment + place.obligation + place.payable for place in places),
        sum(place.paid for place in places),
        sum(place.clawback for place in places),
    )
