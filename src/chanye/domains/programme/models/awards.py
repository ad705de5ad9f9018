"""Tables of awards: agreements, their tranches, signatures and milestones, claims and invoices. Money in fen."""

from __future__ import annotations

from django.db import models

from chanye.domains.programme.models.applications import Application


class Agreement(models.Model):
    """What the office and a firm agreed on; ``content`` is the canonical JSON that ``digest`` seals."""

    application = models.OneToOneField(Application, on_delete=models.PROTECT, related_name="agreement")
    number = models.CharField(max_length=48, unique=True)
    state = models.CharField(max_length=16, default="draft", help_text="draft, offered, in_force, settled")
    terms = models.JSONField(help_text="See types.payout.Terms.")
    grant = models.BigIntegerField(help_text="As agreed [fen]")
    eligible_cost = models.BigIntegerField(help_text="As agreed [fen]")
    audited_cost = models.BigIntegerField(null=True, help_text="Found at acceptance [fen]")
    claim = models.FloatField(null=True, help_text="Relative improvement claimed.")
    measure = models.CharField(max_length=64, blank=True)
    plan_id = models.BigIntegerField(null=True)
    plan_digest = models.CharField(max_length=64, blank=True, help_text="Of the evidence plan as it was frozen.")
    content = models.TextField(blank=True)
    digest = models.CharField(max_length=64, blank=True)
    created_at = models.BigIntegerField(help_text="[us UTC]")
    in_force_at = models.BigIntegerField(null=True, help_text="[us UTC]")

    def __str__(self) -> str:
        return self.number


class Signature(models.Model):
    """Who signed an agreement for one side, and the digest of what was signed."""

    agreement = models.ForeignKey(Agreement, on_delete=models.PROTECT, related_name="signatures")
    side = models.CharField(max_length=8, help_text="firm, office")
    person = models.ForeignKey("parties.Person", on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=200)
    digest = models.CharField(max_length=64)
    at = models.BigIntegerField(help_text="[us UTC]")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["agreement", "side"], name="one_signature_a_side")]

    def __str__(self) -> str:
        return f"{self.agreement_id} {self.side} {self.name}"


class Tranche(models.Model):
    """A part of a grant and the year of the budget it is bound in."""

    agreement = models.ForeignKey(Agreement, on_delete=models.PROTECT, related_name="tranches")
    kind = models.CharField(max_length=16, help_text="start, acceptance, measured")
    position = models.PositiveSmallIntegerField()
    year = models.PositiveSmallIntegerField()
    amount = models.BigIntegerField(help_text="[fen]")
    state = models.CharField(max_length=16, default="open", help_text="open, settled")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["agreement", "kind"], name="one_tranche_a_kind")]

    def __str__(self) -> str:
        return f"{self.agreement_id} {self.kind}"


class Milestone(models.Model):
    """Something that must have happened, with the proof that it has."""

    agreement = models.ForeignKey(Agreement, on_delete=models.PROTECT, related_name="milestones")
    position = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=16)
    title = models.CharField(max_length=200, blank=True)
    tranche = models.CharField(max_length=16, help_text="Kind of the tranche that waits for it.")
    due = models.DateField(null=True)
    state = models.CharField(max_length=16, default="open", help_text="open, reported, returned, accepted")
    done_on = models.DateField(null=True)
    reported_at = models.BigIntegerField(null=True)
    reported_by = models.CharField(max_length=200, blank=True)
    judged_at = models.BigIntegerField(null=True)
    judged_by = models.CharField(max_length=200, blank=True)
    note = models.CharField(max_length=1000, blank=True)
    reason = models.CharField(max_length=1000, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["agreement", "position"], name="milestone_position_once")]

    def __str__(self) -> str:
        return f"{self.agreement_id}.{self.position}"


class MilestoneProof(models.Model):
    """A photo or document for a milestone: where and when it was taken."""

    milestone = models.ForeignKey(Milestone, on_delete=models.PROTECT, related_name="proofs")
    file = models.ForeignKey("spine.StoredFile", on_delete=models.PROTECT, related_name="+")
    taken_on = models.DateField(null=True)
    latitude = models.FloatField(null=True, help_text="WGS-84 [deg]")
    longitude = models.FloatField(null=True, help_text="WGS-84 [deg]")
    at = models.BigIntegerField(help_text="[us UTC]")

    def __str__(self) -> str:
        return f"{self.milestone_id} {self.file_id}"


class Claim(models.Model):
    """A firm's claim for a tranche, and what became of it."""

    agreement = models.ForeignKey(Agreement, on_delete=models.PROTECT, related_name="claims")
    tranche = models.ForeignKey(Tranche, on_delete=models.PROTECT, related_name="claims")
    number = models.PositiveIntegerField()
    state = models.CharField(max_length=16, default="filed", help_text="filed, verified, approved, paid, refused")
    invoiced = models.BigIntegerField(default=0, help_text="Sum of its invoices [fen]")
    eligible = models.BigIntegerField(null=True, help_text="Found eligible when it was verified [fen]")
    effect_id = models.BigIntegerField(null=True)
    months = models.PositiveSmallIntegerField(null=True, help_text="After the upgrade, of the measurement.")
    cured = models.BooleanField(default=False, help_text="The time to cure is over.")
    due = models.JSONField(help_text="See types.payout.Due.")
    pay = models.BigIntegerField(default=0, help_text="[fen]")
    claw_back = models.BigIntegerField(default=0, help_text="[fen]")
    reason = models.CharField(max_length=1000, blank=True)
    key = models.CharField(max_length=64, null=True)
    filed_at = models.BigIntegerField(help_text="[us UTC]")
    filed_by = models.CharField(max_length=200)
    verified_at = models.BigIntegerField(null=True)
    verified_by = models.CharField(max_length=200, blank=True)
    approved_at = models.BigIntegerField(null=True)
    approved_by = models.CharField(max_length=200, blank=True)
    paid_at = models.BigIntegerField(null=True)
    paid_by = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["agreement", "number"], name="claim_number_once"),
            models.UniqueConstraint(fields=["agreement", "key"], name="claim_key_once"),
            models.UniqueConstraint(
                fields=["tranche"],
                condition=models.Q(state__in=("filed", "verified", "approved")),
                name="one_open_claim_a_tranche",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.agreement_id}-{self.number}"


class Invoice(models.Model):
    """An invoice in a claim. As long as it counts, its number is in no other claim: the database sees to it."""

    claim = models.ForeignKey(Claim, on_delete=models.PROTECT, related_name="invoices")
    number = models.CharField(max_length=64, help_text="As it was typed.")
    plain_number = models.CharField(max_length=64, help_text="Compared: letters and digits alone.")
    seller = models.CharField(max_length=200, blank=True)
    dated = models.DateField(null=True)
    amount = models.BigIntegerField(help_text="[fen]")
    eligible = models.BigIntegerField(null=True, help_text="Found eligible when it was verified [fen]")
    file = models.ForeignKey("spine.StoredFile", null=True, on_delete=models.PROTECT, related_name="+")
    counts = models.BooleanField(default=True, help_text="No longer, once its claim is refused.")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["plain_number"], condition=models.Q(counts=True), name="invoice_counts_once"
            ),
            models.CheckConstraint(condition=models.Q(amount__gt=0), name="invoice_has_amount"),
        ]

    def __str__(self) -> str:
        return self.number
