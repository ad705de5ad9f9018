"""Indicators and the monthly returns of firms; a return is never changed, a revision is one more row."""

from __future__ import annotations

from django.db import models

from chanye.domains.projects.types.statistics import KINDS


class Indicator(models.Model):
    """What firms report each month. Values are whole steps of 10**-``decimals`` ``unit``s; money: CNY, fen."""

    office = models.ForeignKey("parties.Organisation", on_delete=models.PROTECT, related_name="+")
    code = models.CharField(max_length=32)
    name = models.CharField(max_length=100)
    name_en = models.CharField(max_length=100)
    unit = models.CharField(max_length=32)
    decimals = models.SmallIntegerField(default=0)
    kind = models.CharField(max_length=16, choices=[(one, one) for one in KINDS])
    direction = models.SmallIntegerField(default=1, help_text="+1 higher is better, -1 lower")
    numerator = models.CharField(max_length=32, blank=True, help_text="of a ratio: code")
    denominator = models.CharField(max_length=32, blank=True, help_text="of a ratio: code")
    factor = models.FloatField(default=1.0, help_text="of a ratio: times numerator over denominator")
    jump = models.FloatField(default=3.0, help_text="a month that is more than so many times another needs a reason")
    required = models.BooleanField(default=True)
    position = models.SmallIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["office", "code"], name="indicator_code_once")]

    def __str__(self) -> str:
        return self.code


class MonthlyReturn(models.Model):
    """What a firm reported for a month: append-only. ``values``: JSON object, code -> steps of the indicator."""

    office = models.ForeignKey("parties.Organisation", on_delete=models.PROTECT, related_name="+")
    profile = models.ForeignKey("projects.FirmProfile", on_delete=models.PROTECT, related_name="+")
    month = models.CharField(max_length=7)
    revision = models.SmallIntegerField(help_text="1 is the first report")
    values = models.TextField()
    reason = models.CharField(max_length=500, blank=True)
    filed_at = models.BigIntegerField(help_text="[us UTC]")
    filed_by = models.ForeignKey("parties.Person", null=True, on_delete=models.PROTECT, related_name="+")
    by_office = models.BooleanField(default=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["profile", "month", "revision"], name="return_revision_once")]
        indexes = [models.Index(fields=["office", "month"], name="return_office_month")]

    def __str__(self) -> str:
        return f"{self.profile_id} {self.month} r{self.revision}"


class ClosedMonth(models.Model):
    """A month whose figures are final: nothing more is taken for it. Append-only."""

    office = models.ForeignKey("parties.Organisation", on_delete=models.PROTECT, related_name="+")
    month = models.CharField(max_length=7)
    closed_at = models.BigIntegerField(help_text="[us UTC]")
    closed_by = models.ForeignKey("parties.Person", null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["office", "month"], name="closed_month_once")]

    def __str__(self) -> str:
        return self.month
