"""Targets: set before the period they are for, never changed; a revision is one more row with its reason."""

from __future__ import annotations

from django.db import models

from chanye.domains.projects.types.targets import MEASURES


class Target(models.Model):
    """A target as it was set. ``baseline``, ``target``: steps of the indicator; growth: 1/10,000 (0.01 %)."""

    office = models.ForeignKey("parties.Organisation", on_delete=models.PROTECT, related_name="+")
    code = models.CharField(max_length=64)
    title = models.CharField(max_length=200)
    indicator = models.ForeignKey("projects.Indicator", on_delete=models.PROTECT, related_name="+")
    measure = models.CharField(max_length=8, choices=[(one, one) for one in MEASURES])
    sector = models.CharField(max_length=32, blank=True)
    town = models.CharField(max_length=100, blank=True)
    start = models.CharField(max_length=7, help_text="YYYY-MM")
    end = models.CharField(max_length=7, help_text="YYYY-MM")
    baseline = models.BigIntegerField()
    target = models.BigIntegerField()
    revision = models.SmallIntegerField(default=1)
    reason = models.CharField(max_length=500, blank=True)
    set_at = models.BigIntegerField(help_text="[us UTC]")
    set_by = models.ForeignKey("parties.Person", null=True, on_delete=models.PROTECT, related_name="+")
    set_by_name = models.CharField(max_length=200)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["office", "code", "revision"], name="target_revision_once")]

    def __str__(self) -> str:
        return f"{self.code} r{self.revision}"
