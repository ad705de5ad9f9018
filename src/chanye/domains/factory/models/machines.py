"""Tables of the factory room: shift calendars, where they hold, and what a machine is expected to do."""

from __future__ import annotations

from django.db import models


class ShiftCalendar(models.Model):
    """A working week of an organisation: shifts, breaks, exceptions."""

    organisation = models.ForeignKey("parties.Organisation", on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=100)
    pattern = models.JSONField(help_text="As kernel.shifts.shift_pattern_to_dict writes it.")
    changed_at = models.BigIntegerField(default=0, help_text="[us UTC]")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "name"], name="calendar_name_once")]

    def __str__(self) -> str:
        return self.name


class CalendarAssignment(models.Model):
    """A calendar holds for an asset and everything below it, until something below has its own."""

    asset = models.OneToOneField("spine.Asset", on_delete=models.CASCADE, related_name="+")
    calendar = models.ForeignKey(ShiftCalendar, on_delete=models.PROTECT, related_name="+")
    changed_at = models.BigIntegerField(default=0, help_text="[us UTC]")

    def __str__(self) -> str:
        return f"{self.asset_id} {self.calendar_id}"


class MachineSettings(models.Model):
    """What is expected of a machine, and how its words are read."""

    asset = models.OneToOneField("spine.Asset", on_delete=models.CASCADE, related_name="+")
    run_time = models.FloatField(null=True, blank=True, help_text="Planned run time per item, PRI [s]")
    run_times = models.JSONField(default=dict, blank=True, help_text="Program -> PRI [s]")
    coverage_floor = models.FloatField(default=0.8, help_text="Share of planned time below which nothing is stated.")
    states = models.JSONField(default=dict, blank=True, help_text="State text -> state class; wins over the series.")
    changed_at = models.BigIntegerField(default=0, help_text="[us UTC]")

    def __str__(self) -> str:
        return f"{self.asset_id}"
