"""Tables of the ranking: versions of its formula, and what was published. Neither is ever changed."""

from __future__ import annotations

from django.db import models


class Formula(models.Model):
    """One version of how projects are ranked, as data."""

    organisation = models.ForeignKey("parties.Organisation", on_delete=models.PROTECT, related_name="+")
    version = models.IntegerField()
    body = models.TextField(help_text="Canonical JSON.")
    digest = models.CharField(max_length=64)
    note = models.CharField(max_length=300, blank=True)
    made_at = models.BigIntegerField()
    made_by = models.CharField(max_length=150, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "version"], name="ranking_formula_once")]

    def __str__(self) -> str:
        return f"{self.organisation_id} v{self.version}"


class Ranking(models.Model):
    """A published ranking with the very inputs it was computed from. The database refuses to change it."""

    organisation = models.ForeignKey("parties.Organisation", on_delete=models.PROTECT, related_name="+")
    formula = models.ForeignKey(Formula, on_delete=models.PROTECT, related_name="rankings")
    number = models.IntegerField(help_text="Counts within the organisation.")
    period = models.CharField(max_length=16, help_text="2026-Q3")
    as_of = models.DateField()
    inputs = models.TextField(help_text="Canonical JSON.")
    inputs_digest = models.CharField(max_length=64)
    results = models.TextField(help_text="Canonical JSON.")
    results_digest = models.CharField(max_length=64)
    previous = models.CharField(max_length=64, help_text="Digest of the ranking before it.")
    digest = models.CharField(max_length=64)
    note = models.CharField(max_length=300, blank=True)
    published_at = models.BigIntegerField()
    published_by = models.CharField(max_length=150, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "number"], name="ranking_number_once")]
        indexes = [models.Index(fields=["organisation", "period"], name="ranking_period")]

    def __str__(self) -> str:
        return f"{self.organisation_id} {self.period} #{self.number}"
