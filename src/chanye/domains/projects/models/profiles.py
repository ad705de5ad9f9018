"""What the statistics know of a firm: sector, town, place, and when it is above scale."""

from __future__ import annotations

from django.db import models


class FirmProfile(models.Model):
    """A firm as the office's statistics list it. ``latitude``, ``longitude``: WGS-84 [deg]."""

    office = models.ForeignKey("parties.Organisation", on_delete=models.PROTECT, related_name="+")
    organisation = models.ForeignKey("parties.Organisation", on_delete=models.PROTECT, related_name="+")
    sector = models.CharField(max_length=32)
    town = models.CharField(max_length=100)
    size = models.CharField(max_length=16)
    latitude = models.FloatField(null=True)
    longitude = models.FloatField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["office", "organisation"], name="firm_profile_once")]

    def __str__(self) -> str:
        return f"profile {self.organisation_id}"


class ScopePeriod(models.Model):
    """Months in which a firm is in the statistics of firms above scale; ``until`` empty means still."""

    profile = models.ForeignKey(FirmProfile, on_delete=models.PROTECT, related_name="+")
    since = models.CharField(max_length=7, help_text="YYYY-MM, first month")
    until = models.CharField(max_length=7, blank=True, help_text="YYYY-MM, last month")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["profile", "since"], name="scope_period_once")]

    def __str__(self) -> str:
        return f"{self.profile_id} {self.since}-{self.until}"
