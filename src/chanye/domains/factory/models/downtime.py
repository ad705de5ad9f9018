"""Stops of machines, what people said about them, and how a machine is linked to the ledger."""

from __future__ import annotations

from django.db import models

from chanye.domains.factory.models.master import Reason


class LinkSettings(models.Model):
    """How stops and counts of a machine are taken."""

    asset = models.OneToOneField("spine.Asset", on_delete=models.CASCADE, related_name="+")
    threshold = models.PositiveIntegerField(default=120, help_text="A stop as long as this wants a reason [s]")
    auto_book = models.BooleanField(default=False, help_text="Counts are booked without a tap.")
    changed_at = models.BigIntegerField(default=0, help_text="[us UTC]")

    def __str__(self) -> str:
        return f"{self.asset_id}"


class Stop(models.Model):
    """A stop of a machine inside planned time, derived from its frames: computed anew when late data come.

    ``end`` is null while it goes on; it then lasts at most to ``until``, where planned time ends.
    """

    organisation = models.ForeignKey("parties.Organisation", on_delete=models.CASCADE, related_name="+")
    asset = models.ForeignKey("spine.Asset", on_delete=models.CASCADE, related_name="+")
    start = models.BigIntegerField(help_text="[us UTC]")
    end = models.BigIntegerField(null=True, help_text="[us UTC]")
    until = models.BigIntegerField(help_text="[us UTC]")
    state = models.CharField(max_length=16)
    text = models.CharField(max_length=200, blank=True)
    alarm = models.CharField(max_length=200, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["asset", "start"], name="stop_asset_start"),
            models.Index(fields=["asset", "until"], name="stop_asset_until"),
        ]

    def __str__(self) -> str:
        return f"{self.asset_id} {self.start}"


class StopLabel(models.Model):
    """What somebody said of an interval of a machine: its reason, or that the reason is open (null). Never deleted.

    ``[start, end)`` is what it holds for; it grows with the stop it was said of. ``reported_*`` is what was said;
    ``pending`` while the machine has not shown all of that interval.
    """

    organisation = models.ForeignKey("parties.Organisation", on_delete=models.PROTECT, related_name="+")
    asset = models.ForeignKey("spine.Asset", on_delete=models.PROTECT, related_name="+")
    start = models.BigIntegerField(help_text="[us UTC]")
    end = models.BigIntegerField(help_text="[us UTC]")
    reported_start = models.BigIntegerField(null=True, help_text="[us UTC]")
    reported_end = models.BigIntegerField(null=True, help_text="[us UTC]")
    pending = models.BooleanField(default=False)
    attached = models.BooleanField(default=True, help_text="A stop of the machine is there.")
    reason = models.ForeignKey(Reason, null=True, on_delete=models.PROTECT, related_name="+")
    evidence = models.CharField(max_length=200, blank=True, help_text="Alarm or state text it was chosen for.")
    note = models.CharField(max_length=500, blank=True)
    person = models.ForeignKey("parties.Person", null=True, on_delete=models.PROTECT, related_name="+")
    origin = models.CharField(max_length=16, default="office", help_text="terminal | office | api")
    said_at = models.BigIntegerField(help_text="[us UTC]")
    received_at = models.BigIntegerField(help_text="[us UTC]")
    retracted_at = models.BigIntegerField(null=True, help_text="[us UTC]")
    retracted_by = models.ForeignKey("parties.Person", null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        indexes = [
            models.Index(fields=["asset", "start"], name="label_asset_start"),
            models.Index(fields=["organisation", "evidence"], name="label_evidence"),
        ]

    def __str__(self) -> str:
        return f"{self.asset_id} {self.start} {self.reason_id}"


class StopPart(models.Model):
    """A part of a stop with one reason, or none yet; the parts tile the stop. Derived from stops and labels."""

    stop = models.ForeignKey(Stop, on_delete=models.CASCADE, related_name="parts")
    asset = models.ForeignKey("spine.Asset", on_delete=models.CASCADE, related_name="+")
    start = models.BigIntegerField(help_text="[us UTC]")
    end = models.BigIntegerField(null=True, help_text="[us UTC]")
    label = models.ForeignKey(StopLabel, null=True, on_delete=models.PROTECT, related_name="+")
    reason = models.ForeignKey(Reason, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        indexes = [models.Index(fields=["asset", "start"], name="part_asset_start")]

    def __str__(self) -> str:
        return f"{self.stop_id} {self.start}"


class OutputSettlement(models.Model):
    """What became of pieces that a machine made with no order: assigned to an operation, or dismissed."""

    organisation = models.ForeignKey("parties.Organisation", on_delete=models.PROTECT, related_name="+")
    asset = models.ForeignKey("spine.Asset", on_delete=models.PROTECT, related_name="+")
    start = models.BigIntegerField(help_text="First piece [us UTC]")
    end = models.BigIntegerField(help_text="Last piece [us UTC]")
    good = models.PositiveBigIntegerField(default=0)
    scrap = models.PositiveBigIntegerField(default=0)
    booking = models.ForeignKey(
        "factory.Booking", null=True, on_delete=models.PROTECT, related_name="+", help_text="Null: dismissed."
    )
    note = models.CharField(max_length=500, blank=True)
    person = models.ForeignKey("parties.Person", null=True, on_delete=models.PROTECT, related_name="+")
    at = models.BigIntegerField(help_text="[us UTC]")

    class Meta:
        indexes = [models.Index(fields=["asset", "start"], name="settlement_asset_start")]

    def __str__(self) -> str:
        return f"{self.asset_id} {self.start} {self.good}+{self.scrap}"
