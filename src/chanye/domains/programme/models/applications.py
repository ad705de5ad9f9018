"""Tables of applications: who asks for what, with costs, papers, quotes and equipment.

Money in fen, moments in us UTC.
"""

from __future__ import annotations

from django.db import models

from chanye.domains.programme.models.calls import Call


class Application(models.Model):
    """A firm's application under a call."""

    call = models.ForeignKey(Call, on_delete=models.PROTECT, related_name="+")
    office = models.ForeignKey("parties.Organisation", on_delete=models.PROTECT, related_name="+")
    organisation = models.ForeignKey("parties.Organisation", on_delete=models.PROTECT, related_name="+")
    asset = models.ForeignKey("spine.Asset", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    number = models.CharField(max_length=40, blank=True, help_text="Given when it is submitted for the first time.")
    title = models.CharField(max_length=200, blank=True)
    project_code = models.CharField(max_length=64, blank=True, help_text="Unified code of the investment project.")
    sector = models.CharField(max_length=32, blank=True)
    upgrade_kind = models.CharField(max_length=32, blank=True)
    summary = models.TextField(blank=True)
    rules_version = models.IntegerField(default=0, help_text="Of the call's rules it was submitted under.")
    total_cost = models.BigIntegerField(default=0, help_text="Sum of all cost lines [fen]")
    eligible_cost = models.BigIntegerField(default=0, help_text="Sum of the lines that count [fen]")
    requested = models.BigIntegerField(default=0, help_text="[fen]")
    measure = models.CharField(max_length=64, blank=True)
    method = models.CharField(max_length=16, blank=True)
    claim = models.FloatField(null=True, help_text="Relative improvement, 0.12 is 12 % better.")
    detectable = models.JSONField(default=dict, help_text="What the data could show when last asked.")
    plan_id = models.BigIntegerField(null=True, help_text="Evidence plan made when it was submitted.")
    planned_start = models.DateField(null=True)
    planned_finish = models.DateField(null=True)
    state = models.CharField(max_length=16, default="draft")
    round = models.IntegerField(default=0, help_text="How many times it was submitted; reviews count for one round.")
    reason = models.TextField(blank=True, help_text="Why it was returned, refused or declined.")
    score = models.FloatField(null=True, help_text="Calibrated mean of its reviews, 0..100.")
    approved = models.BigIntegerField(null=True, help_text="[fen]")
    created_by = models.ForeignKey("parties.Person", null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.BigIntegerField()
    changed_at = models.BigIntegerField()
    submitted_at = models.BigIntegerField(null=True, help_text="Last time; None: the office does not see it.")
    decided_at = models.BigIntegerField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["office", "state"], name="application_office"),
            models.Index(fields=["organisation", "call"], name="application_firm"),
            models.Index(fields=["project_code"], name="application_project"),
        ]

    def __str__(self) -> str:
        return self.number or f"draft {self.pk}"


class Submission(models.Model):
    """What was handed in, as it was, sealed by its digest."""

    application = models.ForeignKey(Application, on_delete=models.CASCADE, related_name="submissions")
    round = models.IntegerField()
    content = models.JSONField()
    digest = models.CharField(max_length=64)
    rules_version = models.IntegerField()
    at = models.BigIntegerField()
    person = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["application", "round"], name="submission_round_once")]

    def __str__(self) -> str:
        return f"{self.application_id}.{self.round}"


class CostLine(models.Model):
    """A cost of the project."""

    application = models.ForeignKey(Application, on_delete=models.CASCADE, related_name="costs")
    kind = models.CharField(max_length=32)
    text = models.CharField(max_length=200)
    amount = models.BigIntegerField(help_text="[fen]")
    eligible = models.BooleanField(default=True)

    def __str__(self) -> str:
        return self.text


class Document(models.Model):
    """A paper or picture handed in with an application."""

    application = models.ForeignKey(Application, on_delete=models.CASCADE, related_name="documents")
    file = models.ForeignKey("spine.StoredFile", on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=32)
    number = models.CharField(max_length=64, blank=True, help_text="Of an invoice, contract or filing.")
    plain_number = models.CharField(
        max_length=64, blank=True, db_index=True, help_text="Compared: no case, no signs."
    )
    name = models.CharField(max_length=200)
    sha256 = models.CharField(max_length=64, db_index=True)
    picture_hash = models.CharField(max_length=16, blank=True, help_text="64 bits as hex; empty: no picture.")
    stored_at = models.BigIntegerField()

    def __str__(self) -> str:
        return self.name


class Quote(models.Model):
    """An offer of a supplier for a piece of equipment or work."""

    application = models.ForeignKey(Application, on_delete=models.CASCADE, related_name="quotes")
    supplier = models.CharField(max_length=200)
    supplier_code = models.CharField(max_length=32, blank=True, help_text="Unified social credit code.")
    supplier_phone = models.CharField(max_length=32, blank=True)
    item = models.CharField(max_length=200)
    amount = models.BigIntegerField(help_text="[fen]")
    number = models.CharField(max_length=64, blank=True)
    plain_number = models.CharField(max_length=64, blank=True, db_index=True)
    dated = models.DateField(null=True)
    chosen = models.BooleanField(default=False)

    class Meta:
        indexes = [models.Index(fields=["supplier_code"], name="quote_supplier")]

    def __str__(self) -> str:
        return f"{self.supplier}: {self.item}"


class AppliedEquipment(models.Model):
    """A machine that the money is for, by its nameplate."""

    application = models.ForeignKey(Application, on_delete=models.CASCADE, related_name="equipment")
    name = models.CharField(max_length=200)
    model = models.CharField(max_length=100, blank=True)
    serial = models.CharField(max_length=100, blank=True)
    plain_serial = models.CharField(max_length=100, blank=True, db_index=True)
    supplier = models.CharField(max_length=200, blank=True)
    price = models.BigIntegerField(default=0, help_text="Of one piece [fen]")
    pieces = models.IntegerField(default=1)
    bought = models.DateField(null=True, help_text="As the nameplate or invoice says, or as planned.")
    asset = models.ForeignKey("spine.Asset", null=True, blank=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        indexes = [models.Index(fields=["model"], name="applied_equipment_model")]

    def __str__(self) -> str:
        return f"{self.name} {self.serial}"
