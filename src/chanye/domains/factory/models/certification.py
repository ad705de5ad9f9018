"""The equipment register, and what a plant declares with a document."""

from __future__ import annotations

from django.db import models

from chanye.domains.factory.types.certification import CONNECTIONS


class Equipment(models.Model):
    """A piece of production equipment of a site, connected or not. ``value``: purchase price [fen]."""

    organisation = models.ForeignKey("parties.Organisation", on_delete=models.PROTECT, related_name="+")
    site = models.ForeignKey("spine.Asset", on_delete=models.PROTECT, related_name="+")
    code = models.CharField(max_length=64)
    name = models.CharField(max_length=200)
    workshop = models.CharField(max_length=100, blank=True)
    digital = models.BooleanField(default=False)
    connection = models.CharField(max_length=16, choices=[(one, one) for one in CONNECTIONS], default="none")
    since = models.BigIntegerField(null=True, help_text="[us UTC] digital since")
    value = models.BigIntegerField(null=True, help_text="[fen]")
    asset = models.ForeignKey("spine.Asset", null=True, on_delete=models.SET_NULL, related_name="+")
    retired = models.BooleanField(default=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "code"], name="equipment_code_once")]

    def __str__(self) -> str:
        return self.code


class Declaration(models.Model):
    """A share a site declares of what cannot be measured here, with the document that shows it."""

    organisation = models.ForeignKey("parties.Organisation", on_delete=models.PROTECT, related_name="+")
    site = models.ForeignKey("spine.Asset", on_delete=models.PROTECT, related_name="+")
    criterion = models.CharField(max_length=32)
    numerator = models.FloatField()
    denominator = models.FloatField()
    file = models.BigIntegerField(help_text="Number of the stored document.")
    note = models.CharField(max_length=500, blank=True)
    declared_at = models.BigIntegerField(help_text="[us UTC]")
    declared_by = models.ForeignKey("parties.Person", null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        indexes = [models.Index(fields=["site", "criterion", "declared_at"], name="declaration_site_time")]

    def __str__(self) -> str:
        return f"{self.criterion} {self.numerator}/{self.denominator}"
