"""Calls for help and notes from shift to shift."""

from __future__ import annotations

from django.db import models

from chanye.domains.factory.models.master import Reason


class AndonCall(models.Model):
    """Somebody at a machine calls for help; open until somebody closes it."""

    organisation = models.ForeignKey("parties.Organisation", on_delete=models.PROTECT, related_name="+")
    place = models.ForeignKey("spine.Asset", on_delete=models.PROTECT, related_name="+")
    key = models.CharField(max_length=64, help_text="Of the entry that raised it.")
    type = models.ForeignKey(Reason, on_delete=models.PROTECT, related_name="+", help_text="Of the tree help.")
    note = models.CharField(max_length=500, blank=True)
    raised_at = models.BigIntegerField(help_text="[us UTC] when it happened, by the terminal")
    received_at = models.BigIntegerField(help_text="[us UTC] when it came in, by the server")
    raised_by = models.ForeignKey("parties.Person", null=True, on_delete=models.PROTECT, related_name="+")
    answered_at = models.BigIntegerField(null=True, help_text="[us UTC]")
    answered_by = models.ForeignKey("parties.Person", null=True, on_delete=models.PROTECT, related_name="+")
    closed_at = models.BigIntegerField(null=True, help_text="[us UTC]")
    closed_by = models.ForeignKey("parties.Person", null=True, on_delete=models.PROTECT, related_name="+")
    closing_note = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "key"], name="call_key_once")]
        indexes = [
            models.Index(fields=["organisation", "closed_at"], name="call_organisation_closed"),
            models.Index(fields=["place", "raised_at"], name="call_place_raised"),
        ]

    def __str__(self) -> str:
        return f"call {self.pk}"


class HandoverNote(models.Model):
    """What a shift tells the next one about a machine."""

    organisation = models.ForeignKey("parties.Organisation", on_delete=models.PROTECT, related_name="+")
    place = models.ForeignKey("spine.Asset", on_delete=models.PROTECT, related_name="+")
    note = models.CharField(max_length=1000)
    shift = models.CharField(max_length=64, blank=True)
    event_at = models.BigIntegerField(help_text="[us UTC] when it was written, by the terminal")
    received_at = models.BigIntegerField(help_text="[us UTC]")
    person = models.ForeignKey("parties.Person", null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        indexes = [models.Index(fields=["place", "event_at"], name="handover_place_time")]

    def __str__(self) -> str:
        return self.note[:40]
