"""Tables of the evidence room: plans, what became of them, effects. What is frozen the database refuses to change."""

from __future__ import annotations

from django.db import models


class Plan(models.Model):
    """How an upgrade will be measured; fixed from the moment ``digest`` is set (``append_only``)."""

    organisation = models.ForeignKey("parties.Organisation", on_delete=models.PROTECT, related_name="+")
    office = models.ForeignKey("parties.Organisation", null=True, on_delete=models.PROTECT, related_name="+")
    asset = models.ForeignKey("spine.Asset", on_delete=models.PROTECT, related_name="+")
    key = models.CharField(max_length=100, blank=True, default="")
    title = models.CharField(max_length=200)
    measure = models.CharField(max_length=100)
    upgrade_kind = models.CharField(max_length=16)
    method = models.CharField(max_length=16)
    baseline_start = models.BigIntegerField(help_text="[us UTC]")
    baseline_end = models.BigIntegerField(help_text="[us UTC]")
    claim = models.FloatField(help_text="Relative improvement, 0.12 is 12 % better.")
    confidence = models.FloatField()
    one_sided = models.FloatField()
    normalisers = models.JSONField(default=list)
    controls = models.JSONField(default=list, help_text="Numbers of assets.")
    months = models.JSONField(default=list)
    exclusions = models.JSONField(default=list)
    drafted_at = models.BigIntegerField(help_text="[us UTC]")
    content = models.TextField(blank=True, default="", help_text="Canonical JSON, once frozen.")
    digest = models.CharField(max_length=64, blank=True, default="", help_text="SHA-256 of the content.")
    salt = models.CharField(max_length=32, blank=True, default="", help_text="Hides whose the controls are.")
    frozen_at = models.BigIntegerField(null=True, help_text="[us UTC]")
    frozen_by = models.CharField(max_length=200, blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "key"], condition=~models.Q(key=""), name="evidence_plan_key_once"
            )
        ]
        indexes = [models.Index(fields=["office", "measure"], name="evidence_plan_of_office")]

    def __str__(self) -> str:
        return self.title


class Control(models.Model):
    """A plant that a frozen plan compares with, and the name it has in bundles."""

    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="+")
    asset = models.ForeignKey("spine.Asset", on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=32)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["plan", "name"], name="evidence_control_once")]

    def __str__(self) -> str:
        return self.name


class Upgrade(models.Model):
    """When the upgrade of a plan began and was finished."""

    plan = models.OneToOneField(Plan, on_delete=models.PROTECT, related_name="upgrade")
    began = models.BigIntegerField(help_text="[us UTC]")
    finished = models.BigIntegerField(help_text="[us UTC]")
    recorded_at = models.BigIntegerField(help_text="[us UTC]")
    recorded_by = models.CharField(max_length=200)

    def __str__(self) -> str:
        return f"{self.plan_id} {self.began}"


class Event(models.Model):
    """Something beside the upgrade that changed the plant for a while."""

    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="events")
    kind = models.CharField(max_length=16)
    start = models.BigIntegerField(help_text="[us UTC]")
    end = models.BigIntegerField(help_text="[us UTC]")
    note = models.CharField(max_length=500)
    logged_at = models.BigIntegerField(help_text="[us UTC]")
    logged_by = models.CharField(max_length=200)

    class Meta:
        ordering = ["start", "id"]

    def __str__(self) -> str:
        return f"{self.kind} {self.start}"


class Effect(models.Model):
    """One measurement of a plan."""

    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="effects")
    start = models.BigIntegerField(help_text="[us UTC]")
    end = models.BigIntegerField(help_text="[us UTC]")
    known_at = models.BigIntegerField(help_text="[us UTC]")
    computed_at = models.BigIntegerField(help_text="[us UTC]")
    computed_by = models.CharField(max_length=200)
    estimate = models.FloatField(null=True)
    lower = models.FloatField(null=True)
    upper = models.FloatField(null=True)
    least = models.FloatField(null=True)
    error = models.FloatField(null=True)
    before_days = models.IntegerField()
    after_days = models.IntegerField()
    coverage = models.FloatField()
    verdict = models.CharField(max_length=16)
    reasons = models.JSONField(default=list)
    blame = models.CharField(max_length=8, blank=True, default="")
    plan_digest = models.CharField(max_length=64)
    inputs_digest = models.CharField(max_length=64)
    result_digest = models.CharField(max_length=64)
    file = models.ForeignKey("spine.StoredFile", on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["id"]
        indexes = [models.Index(fields=["plan", "id"], name="evidence_effect_of_plan")]

    def __str__(self) -> str:
        return f"{self.plan_id} {self.verdict}"


class Declaration(models.Model):
    """Whose fault it is that an effect could not be measured, as somebody answerable has declared."""

    effect = models.ForeignKey(Effect, on_delete=models.PROTECT, related_name="declarations")
    blame = models.CharField(max_length=8)
    reason = models.CharField(max_length=500)
    declared_at = models.BigIntegerField(help_text="[us UTC]")
    declared_by = models.CharField(max_length=200)

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return self.blame
