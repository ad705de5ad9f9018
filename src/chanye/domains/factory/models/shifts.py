"""Signed shift reports."""

from __future__ import annotations

from django.db import models


class ShiftReport(models.Model):
    """A shift as it was known when its leader signed; never changed. ``digest``: SHA-256 of ``content``."""

    organisation = models.ForeignKey("parties.Organisation", on_delete=models.PROTECT, related_name="+")
    site = models.ForeignKey("spine.Asset", on_delete=models.PROTECT, related_name="+")
    start = models.BigIntegerField(help_text="[us UTC]")
    end = models.BigIntegerField(help_text="[us UTC]")
    shift = models.CharField(max_length=64)
    content = models.JSONField()
    digest = models.CharField(max_length=64)
    remark = models.CharField(max_length=1000, blank=True)
    signed_at = models.BigIntegerField(help_text="[us UTC]")
    signed_by = models.ForeignKey("parties.Person", null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["site", "start"], name="shift_signed_once")]

    def __str__(self) -> str:
        return f"{self.site_id} {self.start}"
