"""Tables of the spine's records: the asset tree, series, frames, cursors, files. Samples live in the historian."""

from __future__ import annotations

from django.db import models


class Asset(models.Model):
    """A node of the asset tree (ISA-95 equipment hierarchy, and blocks, zones, terminals, vehicles)."""

    organisation = models.ForeignKey("parties.Organisation", on_delete=models.PROTECT, related_name="+")
    parent = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=32)
    code = models.CharField(max_length=100)
    name = models.CharField(max_length=200)
    path = models.CharField(max_length=1000, unique=True)
    timezone = models.CharField(max_length=64, default="Asia/Shanghai")
    latitude = models.FloatField(null=True, blank=True, help_text="WGS-84 [deg]")
    longitude = models.FloatField(null=True, blank=True, help_text="WGS-84 [deg]")
    simulated = models.BooleanField(default=False)
    position = models.IntegerField(default=0, help_text="Order on boards.")

    class Meta:
        ordering = ["position", "id"]

    def __str__(self) -> str:
        return self.path


class Series(models.Model):
    """A measured or counted quantity of an asset; its id is the series number of the historian."""

    asset = models.ForeignKey("spine.Asset", on_delete=models.PROTECT, related_name="+")
    code = models.CharField(max_length=200)
    name = models.CharField(max_length=200, blank=True)
    kind = models.CharField(max_length=16)
    unit = models.CharField(max_length=32)
    role = models.CharField(max_length=32, null=True, blank=True)
    interpolation = models.CharField(max_length=16, default="stepped")
    expected_interval = models.BigIntegerField(null=True, blank=True, help_text="[us]")
    hold = models.BigIntegerField(null=True, blank=True, help_text="[us]")
    span_low = models.FloatField(null=True, blank=True)
    span_high = models.FloatField(null=True, blank=True)
    states = models.JSONField(default=dict, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["asset", "code"], name="series_code_once_per_asset"),
            models.CheckConstraint(condition=~models.Q(unit=""), name="series_has_unit"),
        ]

    def __str__(self) -> str:
        return f"{self.asset_id}/{self.code}"


class Frame(models.Model):
    """An interval computed from a series; recomputed when late data touch it."""

    asset = models.ForeignKey("spine.Asset", on_delete=models.CASCADE, related_name="+")
    series = models.ForeignKey("spine.Series", on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=32)
    start = models.BigIntegerField(help_text="[us UTC]")
    end = models.BigIntegerField(null=True, help_text="[us UTC], null while open")
    text = models.CharField(max_length=200, blank=True)
    state = models.CharField(max_length=32, blank=True)
    quantity = models.FloatField(null=True, help_text="Pieces, for counts.")
    attributes = models.JSONField(default=dict, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["series", "start"], name="frame_series_start"),
            models.Index(fields=["asset", "kind", "start"], name="frame_asset_start"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.text} {self.start}"


class ProcessorCursor(models.Model):
    """How far a processor has read the historian, in arrivals."""

    name = models.CharField(max_length=100, primary_key=True)
    arrival = models.BigIntegerField(default=0, help_text="[us UTC]")

    def __str__(self) -> str:
        return f"{self.name} {self.arrival}"


class StoredFile(models.Model):
    """A picture, NC program or document of an organisation; its bytes lie in the store under their digest."""

    organisation = models.ForeignKey("parties.Organisation", on_delete=models.PROTECT, related_name="+")
    sha256 = models.CharField(max_length=64, db_index=True)
    kind = models.CharField(max_length=16)
    media_type = models.CharField(max_length=100)
    size = models.BigIntegerField(help_text="[bytes]")
    name = models.CharField(max_length=200)
    stored_at = models.BigIntegerField(help_text="[us UTC]")
    stored_by = models.CharField(max_length=200, blank=True, help_text="Name of the person or program.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "sha256"], name="one_file_once")]

    def __str__(self) -> str:
        return self.name
