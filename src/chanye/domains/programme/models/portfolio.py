"""Runs of the choice of a portfolio, each with the inputs it was made from."""

from __future__ import annotations

from django.db import models

from chanye.domains.programme.models.calls import Call


class PortfolioRun(models.Model):
    """A choice among the reviewed applications of a call; ``inputs`` is the canonical JSON that ``digest`` seals."""

    call = models.ForeignKey(Call, on_delete=models.PROTECT, related_name="+")
    office = models.ForeignKey("parties.Organisation", on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=16, default="tried", help_text="tried, proposed, approved")
    inputs = models.TextField()
    digest = models.CharField(max_length=64)
    result = models.JSONField()
    at = models.BigIntegerField(help_text="[us UTC]")
    by = models.CharField(max_length=200)
    proposed_at = models.BigIntegerField(null=True)
    proposed_by = models.CharField(max_length=200, blank=True)
    approved_at = models.BigIntegerField(null=True)
    approved_by = models.CharField(max_length=200, blank=True)

    def __str__(self) -> str:
        return f"{self.call_id} {self.pk}"
