"""Tables of energy and carbon: meters and whose energy they measure, emission factors, tariffs."""

from __future__ import annotations

from django.db import models


class Meter(models.Model):
    """A series of the spine that measures energy (a counter or a power), and whose energy it is.

    ``share``: ``own`` (all of its asset), ``shares`` (declared parts), ``run_time`` (by time in running), ``none``
    (nobody's: lighting, offices). Of a meter with meters below it only the rest is shared out.
    """

    organisation = models.ForeignKey("parties.Organisation", on_delete=models.PROTECT, related_name="+")
    asset = models.ForeignKey("spine.Asset", on_delete=models.PROTECT, related_name="+")
    series = models.OneToOneField("spine.Series", on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=100)
    carrier = models.CharField(max_length=32, default="electricity")
    parent = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="below")
    share = models.CharField(max_length=16, default="own")
    kwh_per_unit = models.FloatField(
        default=0, help_text="Energy of one unit of the series, Ri [kWh]; 0: the unit is one of energy or power."
    )
    changed_at = models.BigIntegerField(default=0, help_text="[us UTC]")

    def __str__(self) -> str:
        return self.name


class MeterShare(models.Model):
    """A declared part of a meter that is an asset's; with ``run_time`` the assets among which it is shared."""

    meter = models.ForeignKey(Meter, on_delete=models.CASCADE, related_name="shares")
    asset = models.ForeignKey("spine.Asset", on_delete=models.CASCADE, related_name="+")
    ppm = models.IntegerField(default=0, help_text="Millionths of the meter.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["meter", "asset"], name="meter_share_once")]

    def __str__(self) -> str:
        return f"{self.meter_id} {self.asset_id}"


class EmissionFactor(models.Model):
    """kgCO2e of one kWh of a carrier, from a day on; its source is part of it."""

    organisation = models.ForeignKey("parties.Organisation", on_delete=models.PROTECT, related_name="+")
    carrier = models.CharField(max_length=32)
    kg_per_kwh = models.FloatField(help_text="[kgCO2e/kWh]")
    source = models.CharField(max_length=300)
    year = models.IntegerField(help_text="Year that the factor describes.")
    valid_from = models.DateField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation", "carrier", "valid_from"], name="factor_once_a_day")
        ]

    def __str__(self) -> str:
        return f"{self.carrier} {self.kg_per_kwh}"


class TariffPeriod(models.Model):
    """What a carrier costs at a time of day, from a day on, in some months or all.

    ``band``: ``sharp peak flat valley``. A period whose end is not after its start goes over midnight; equal ends are
    the whole day.
    """

    organisation = models.ForeignKey("parties.Organisation", on_delete=models.PROTECT, related_name="+")
    carrier = models.CharField(max_length=32, default="electricity")
    band = models.CharField(max_length=8)
    start = models.IntegerField(help_text="Minute of the local day.")
    end = models.IntegerField(help_text="Minute of the local day.")
    months = models.JSONField(default=list, blank=True, help_text="1..12; empty: all.")
    price = models.BigIntegerField(help_text="[fen per MWh]")
    valid_from = models.DateField()

    def __str__(self) -> str:
        return f"{self.carrier} {self.band} {self.start}-{self.end}"
