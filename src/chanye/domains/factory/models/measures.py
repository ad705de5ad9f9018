"""What things cost: rates with the day they hold from and where they come from."""

from __future__ import annotations

from django.db import models

from chanye.domains.factory.types.measures import RATE_KINDS


class Rate(models.Model):
    """A rate of an organisation, or of one asset and what is below it; the newest that holds is taken.

    ``labour``, ``machine``: [fen per hour]. ``scrap``: what it costs to get rid of a piece, [fen]; negative if it is
    sold.
    """

    organisation = models.ForeignKey("parties.Organisation", on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=16, choices=[(kind, kind) for kind in RATE_KINDS])
    asset = models.ForeignKey("spine.Asset", null=True, on_delete=models.CASCADE, related_name="+")
    amount = models.BigIntegerField(help_text="[fen per hour], scrap: [fen per piece]")
    valid_from = models.BigIntegerField(help_text="[us UTC]")
    source = models.CharField(max_length=200)

    class Meta:
        indexes = [models.Index(fields=["organisation", "kind", "valid_from"], name="rate_kind_time")]

    def __str__(self) -> str:
        return f"{self.kind} {self.amount}"
