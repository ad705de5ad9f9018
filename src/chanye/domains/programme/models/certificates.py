"""Tables of certification: sites that ask for it, what was found, what the office decided."""

from __future__ import annotations

from django.db import models


class Certificate(models.Model):
    """A site held against a gate; ``outcome``: what was found when it was decided, ``look``: what was found since."""

    office = models.ForeignKey("parties.Organisation", on_delete=models.PROTECT, related_name="+")
    organisation = models.ForeignKey("parties.Organisation", on_delete=models.PROTECT, related_name="+")
    site_id = models.BigIntegerField(null=True, help_text="None where the site is not on the platform.")
    site = models.CharField(max_length=200)
    gate = models.CharField(max_length=64)
    state = models.CharField(max_length=16, help_text="asked, certified, refused, withdrawn")
    number = models.CharField(max_length=64, blank=True)
    on_paper = models.BooleanField(default=False, help_text="Taken over from a list; nothing was measured here.")
    start = models.BigIntegerField(null=True, help_text="[us UTC]")
    end = models.BigIntegerField(null=True, help_text="[us UTC]")
    asked_outcome = models.JSONField(null=True, help_text="See types.certificates.outcome_data.")
    outcome = models.JSONField(null=True)
    look = models.JSONField(null=True)
    looked_at = models.BigIntegerField(null=True, help_text="[us UTC]")
    asked_at = models.BigIntegerField(help_text="[us UTC]")
    asked_by = models.CharField(max_length=200)
    decided_at = models.BigIntegerField(null=True, help_text="[us UTC]")
    decided_by = models.CharField(max_length=200, blank=True)
    certified_on = models.DateField(null=True)
    reason = models.CharField(max_length=1000, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "site", "gate"],
                condition=models.Q(state__in=("asked", "certified")),
                name="one_certificate_a_site",
            ),
            models.UniqueConstraint(
                fields=["office", "number"], condition=~models.Q(number=""), name="one_number_a_certificate"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.site} {self.gate} {self.state}"
