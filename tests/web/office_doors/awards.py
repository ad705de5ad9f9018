"""Doors of awards: an agreement of a firm with a claim, which nobody of another organisation reads."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from chanye.domains.programme.actions.ledger import grant_envelope
from chanye.domains.programme.models import Agreement, Application, Call, Certificate, Claim, PortfolioRun, Tranche
from chanye.domains.programme.rules.awards import terms_data
from chanye.domains.programme.rules.payout import USUAL
from chanye.kernel.time import now_us
from chanye.parties.models import Organisation
from chanye.parties.types import SYSTEM

OWN = {
    "awards",
    "award-claims",
    "ledger",
    "ledger-lines",
    "portfolios",
    "programme-figures",
    "certificates",
    "certificate-import",
}
OPEN: set[str] = set()


def numbers(firm: Any) -> dict[str, int]:
    office, _new = Organisation.objects.get_or_create(code="office", defaults={"name": "Office", "kind": "district"})
    name, now = f"SECRET {firm.viewer.name}", now_us()
    call = Call.objects.create(
        office=office, code=f"{firm.viewer.name}-a", title=name, state="draft", created_at=now, changed_at=now
    )
    case = Application.objects.create(
        call=call, office=office, organisation_id=firm.id, title=name, state="agreed", created_at=now, changed_at=now,
        submitted_at=now,
    )  # fmt: skip
    row = Agreement.objects.create(
        application=case, number=name, state="in_force", terms=terms_data(USUAL), grant=1, eligible_cost=2,
        created_at=now, in_force_at=now,
    )  # fmt: skip
    part = Tranche.objects.create(agreement=row, kind="start", position=1, year=2026, amount=1)
    due = {"state": "full", "earned": 1, "pay": 1, "claw_back": 0, "held": 0, "reason": "begun"}
    claim = Claim.objects.create(agreement=row, tranche=part, number=1, due=due, pay=1, filed_at=now, filed_by=name)
    with transaction.atomic():
        journal = grant_envelope(actor=SYSTEM, office_id=office.pk, year=2026, amount=1, words=name)
    run = PortfolioRun.objects.create(call=call, office=office, inputs="{}", digest="", result={}, at=now, by=name)
    site = Certificate.objects.create(
        office=office, organisation_id=firm.id, site=name, gate="factory.workshop", state="certified",
        asked_at=now, asked_by=name,
    )  # fmt: skip
    return {
        "certificate_id": site.pk,
        "agreement_id": row.pk,
        "claim_id": claim.pk,
        "journal_id": journal,
        "run_id": run.pk,
    }
