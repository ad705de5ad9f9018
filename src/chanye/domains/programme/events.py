"""Events of awards that other systems of the office and of the firm may be told of."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _

from chanye.domains.programme.models import Agreement
from chanye.parties import events
from chanye.parties.audit import record
from chanye.parties.types import Viewer
from chanye.parties.webhooks.kinds import declare

declare("envelope.granted", _("The budget gave the fund money for a year, or took some away"))
declare("agreement.offered", _("An agreement was drawn up"))
declare("agreement.signed", _("An agreement came into force"))
declare("milestone.reported", _("A milestone was reported"))
declare("milestone.accepted", _("A milestone was accepted, or sent back"))
declare("claim.filed", _("A claim was filed"))
declare("claim.verified", _("A claim was verified"))
declare("claim.approved", _("A claim was approved"))
declare("claim.paid", _("A claim was paid"))
declare("claim.refused", _("A claim was refused"))
declare("grant.clawed_back", _("A part of a grant has to be given back"))
declare("certificate.asked", _("A site asked to be certified"))
declare("certificate.decided", _("A site was certified, refused, or its certificate withdrawn"))


def tell(
    actor: Viewer, agreement: Agreement, kind: str, verb: str, target: str, detail: Mapping[str, object]
) -> None:
    """Write what happened into the audit log and the outboxes of the office and the firm."""
    application = agreement.application
    said = {"agreement": agreement.number, **detail}
    record(actor=actor, verb=verb, target=target, detail=said, organisation_id=application.office_id)
    for organisation in (application.office_id, application.organisation_id):
        events.emit(actor=actor, kind=kind, target=target, payload=said, organisation_id=organisation)
