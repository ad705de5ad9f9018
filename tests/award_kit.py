"""A project of the programme from approval to payment, for tests of awards."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from chanye.domains.programme.actions import agreements, claims, ledger, milestones
from chanye.domains.programme.actions.applications import advance
from chanye.domains.programme.days import today
from chanye.domains.programme.models import Application, Milestone
from chanye.domains.programme.types.awards import InvoiceDraft
from chanye.evidence import actions as evidence
from chanye.parties.models import Membership, Person
from chanye.parties.types import Viewer
from chanye.spine.actions import store_file
from chanye.spine.history import History
from evidence_kit import Firm, day, energy_plan
from programme_kit import MILLION, Office, make_case

PICTURE = b"\x89PNG\r\n\x1a\nphoto"


class Award:
    """A firm, its application and the people of both sides; ``effect`` is what its upgrade truly saves."""

    def __init__(self, history: History | None, office: Office, code: str = "acme", **values: Any) -> None:
        self.office = office
        self.firm = Firm(history, code)  # type: ignore[arg-type]  # without a history nothing is measured
        row = Person.objects.create(username=f"{code}-boss", name="Boss")
        for role in ("manager", "finance"):
            Membership.objects.create(person=row, organisation_id=self.firm.id, role=role)
        self.boss = Viewer(row.pk, self.firm.id, frozenset({"manager", "finance"}), name="Boss")
        start = today() + timedelta(days=5)
        given = {"planned_start": start, "planned_finish": start + timedelta(days=90), "rules_version": 1}
        self.case: Application = make_case(office, self.firm, "reviewed", **(given | values))
        self.agreement = 0

    def plan(self, *, effect: float = 0.12, claim: float = 0.10, dark: tuple[int, int] | None = None) -> int:
        """Run the plant for 740 days, of which the upgrade takes days 310 to 330; freeze a plan before it."""
        self.firm.run(days=740, effect=effect, dark=dark)
        plan = evidence.draft_plan(
            actor=self.firm.viewer,
            organisation_id=self.firm.id,
            asset_id=self.firm.site.id,  # type: ignore[union-attr]  # a firm has one
            draft=energy_plan(claim=claim),
            office_id=self.office.id,
        )
        evidence.freeze_plan(actor=self.firm.viewer, plan_id=plan, now=day(305))
        evidence.record_upgrade(actor=self.firm.viewer, plan_id=plan, began=day(310), finished=day(330))
        self.case.plan_id, self.case.claim = plan, claim
        self.case.save()
        return plan

    def measure(self, months: int) -> int:
        """Measure over so many months after the upgrade."""
        end = day(330 + round(months * 30.44) + 1)
        found = evidence.measure_effect(
            actor=self.firm.viewer, plan_id=self.case.plan_id or 0, start=day(330), end=end
        )
        return found.id

    def sign(self, amount: int = 5 * MILLION) -> int:
        """Approve, grant envelopes, commit, and let both sides sign."""
        advance(actor=self.office.manager, application_id=self.case.pk, move="approve", amount=amount)
        for year in range(today().year, today().year + 3):
            ledger.grant_envelope(actor=self.office.manager, office_id=self.office.id, year=year, amount=amount)
        agreements.commit_award(actor=self.office.manager, application_id=self.case.pk)
        self.agreement = agreements.draw_up_agreement(actor=self.office.officer, application_id=self.case.pk)
        agreements.sign_agreement(actor=self.boss, agreement_id=self.agreement)
        agreements.sign_agreement(actor=self.office.manager, agreement_id=self.agreement)
        return self.agreement

    def photo(self, mark: str = "") -> int:
        """Store a photo of the firm."""
        data = PICTURE + mark.encode()
        return store_file(actor=self.boss, organisation_id=self.firm.id, name="photo.png", data=data).id

    def reach(self) -> None:
        """Report and accept every milestone."""
        for stone in Milestone.objects.filter(agreement_id=self.agreement):
            proof = milestones.Proof(self.photo(), today(), 29.72, 106.63)
            milestones.report_milestone(actor=self.boss, milestone_id=stone.pk, done_on=today(), proofs=[proof])
            milestones.judge_milestone(actor=self.office.auditor, milestone_id=stone.pk, accept=True)

    def claim(self, tranche: str, invoices: tuple[InvoiceDraft, ...] = (), **values: Any) -> int:
        """File a claim."""
        return claims.file_claim(
            actor=self.boss, agreement_id=self.agreement, tranche=tranche, invoices=invoices, **values
        )

    def settle(self, claim: int) -> None:
        """Verify, approve and pay a claim, each by its own person."""
        claims.verify_claim(actor=self.office.auditor, claim_id=claim)
        claims.approve_claim(actor=self.office.manager, claim_id=claim)
        from chanye.domains.programme.models import Claim

        if Claim.objects.get(pk=claim).state == "approved":
            claims.pay_claim(actor=self.office.finance, claim_id=claim)
