"""Exchange with other systems: what came and went, and the schemas documents are checked against."""

from __future__ import annotations

from django.db import models

from chanye.domains.factory.types.erp import DIRECTIONS, DOCUMENTS


class Exchange(models.Model):
    """A document that was taken in or given out."""

    organisation = models.ForeignKey("parties.Organisation", on_delete=models.CASCADE, related_name="+")
    at = models.BigIntegerField(help_text="[us UTC]")
    direction = models.CharField(max_length=3, choices=[(one, one) for one in DIRECTIONS])
    kind = models.CharField(max_length=16, choices=[(one, one) for one in DOCUMENTS])
    document = models.CharField(max_length=100, blank=True, help_text="ID that the document gives itself.")
    entries = models.PositiveIntegerField(help_text="Orders, materials or lots in it.")
    new = models.PositiveIntegerField(default=0)
    changed = models.PositiveIntegerField(default=0)
    schemas = models.CharField(max_length=64, blank=True, help_text="Digest of the set it was checked against.")
    actor = models.CharField(max_length=200, blank=True)
    size = models.BigIntegerField(help_text="[bytes]")
    sha256 = models.CharField(max_length=64)

    class Meta:
        indexes = [
            models.Index(fields=["organisation", "-at"], name="exchanges_by_time"),
            models.Index(fields=["organisation", "sha256"], name="exchanges_by_content"),
        ]

    def __str__(self) -> str:
        return f"{self.direction} {self.kind} {self.document}"


class SchemaFile(models.Model):
    """A schema file of an organisation's set."""

    organisation = models.ForeignKey("parties.Organisation", on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=130)
    file = models.ForeignKey("spine.StoredFile", on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "name"], name="one_schema_of_a_name")]

    def __str__(self) -> str:
        return self.name
