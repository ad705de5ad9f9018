"""Inspection, nonconformance and corrective action; the rules that put an operation on hold.

Control charts, capability, gauge studies and sampling tables are engines of their own; ``Plan.sampling`` and
``Measurement`` are where they join.
"""

from __future__ import annotations

from django.db import models

from chanye.domains.factory.models.master import Material, Tool
from chanye.domains.factory.models.orders import Operation, Order
from chanye.domains.factory.types.master import RELEASE_STATES
from chanye.domains.factory.types.quality import (
    CHARACTERISTIC_KINDS,
    DISPOSITIONS,
    HOLD_RULES,
    INSPECTION_STATES,
    NONCONFORMANCE_STATES,
    ORIGINS,
    PLAN_KINDS,
    SEVERITIES,
)


def _choices(words: tuple[str, ...]) -> list[tuple[str, str]]:
    return [(word, word) for word in words]


class Characteristic(models.Model):
    """Something that is measured, counted or judged by a pick list; text is never typed.

    ``choices``: list of ``{"code", "name", "good"}``.
    """

    organisation = models.ForeignKey("parties.Organisation", on_delete=models.PROTECT, related_name="+")
    code = models.CharField(max_length=64)
    name = models.CharField(max_length=200)
    kind = models.CharField(max_length=16, choices=_choices(CHARACTERISTIC_KINDS))
    unit = models.CharField(max_length=32, default="1", help_text="UCUM code.")
    digits = models.PositiveSmallIntegerField(default=2)
    nominal = models.FloatField(null=True)
    lower = models.FloatField(null=True, help_text="Lower limit of the specification.")
    upper = models.FloatField(null=True, help_text="Upper limit of the specification.")
    choices = models.JSONField(default=list, blank=True)
    gauge = models.ForeignKey(Tool, null=True, on_delete=models.PROTECT, related_name="+")
    method = models.CharField(max_length=500, blank=True)
    critical = models.BooleanField(default=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "code"], name="characteristic_code_once")]

    def __str__(self) -> str:
        return self.code


class Plan(models.Model):
    """An inspection plan of a material, perhaps at one step of its routings. Released plans are not edited.

    ``sampling``: ``{"samples": n}`` for a fixed sample; other methods name themselves in ``method``.
    ``gate``: nothing more may be booked on the operation until the inspection is accepted (first piece).
    """

    organisation = models.ForeignKey("parties.Organisation", on_delete=models.PROTECT, related_name="+")
    code = models.CharField(max_length=64)
    version = models.PositiveIntegerField(default=1)
    name = models.CharField(max_length=200)
    kind = models.CharField(max_length=16, choices=_choices(PLAN_KINDS))
    material = models.ForeignKey(Material, null=True, on_delete=models.PROTECT, related_name="+")
    step = models.PositiveIntegerField(null=True, help_text="Number of the routing step; null: the last.")
    every = models.BigIntegerField(null=True, help_text="time: [us]; count: pieces")
    sampling = models.JSONField(default=dict, blank=True)
    gate = models.BooleanField(default=False)
    state = models.CharField(max_length=16, choices=_choices(RELEASE_STATES), default="draft")
    frozen = models.JSONField(default=list, blank=True, help_text="What it asks for, as it was released.")
    released_at = models.BigIntegerField(null=True, help_text="[us UTC]")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "code", "version"], name="plan_version_once")]

    def __str__(self) -> str:
        return f"{self.code} v{self.version}"


class PlanLine(models.Model):
    """A characteristic of a plan, with limits of its own where they differ."""

    plan = models.ForeignKey(Plan, on_delete=models.CASCADE, related_name="lines")
    characteristic = models.ForeignKey(Characteristic, on_delete=models.PROTECT, related_name="+")
    position = models.IntegerField(default=0)
    samples = models.PositiveIntegerField(null=True, help_text="Null: as many as the plan says.")
    lower = models.FloatField(null=True)
    upper = models.FloatField(null=True)

    class Meta:
        ordering = ["position", "id"]
        constraints = [models.UniqueConstraint(fields=["plan", "characteristic"], name="plan_line_once")]

    def __str__(self) -> str:
        return f"{self.plan_id} {self.characteristic_id}"


class Inspection(models.Model):
    """An inspection that is due, under way or judged. ``asked``: the plan as it was when it became due."""

    organisation = models.ForeignKey("parties.Organisation", on_delete=models.PROTECT, related_name="+")
    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=16, choices=_choices(PLAN_KINDS))
    asked = models.JSONField()
    gate = models.BooleanField(default=False)
    operation = models.ForeignKey(Operation, null=True, on_delete=models.PROTECT, related_name="inspections")
    material = models.ForeignKey(Material, on_delete=models.PROTECT, related_name="+")
    lot = models.CharField(max_length=100, blank=True)
    item = models.BigIntegerField(null=True, help_text="Item of trace that it judges.")
    rejected_item = models.BigIntegerField(null=True, help_text="Item of trace with the rejected part.")
    blocked = models.CharField(max_length=200, blank=True, help_text="Reason under which it blocked the item.")
    supplier = models.CharField(max_length=200, blank=True)
    place = models.ForeignKey("spine.Asset", null=True, on_delete=models.PROTECT, related_name="+")
    quantity = models.FloatField(null=True, help_text="What it judges: pieces, or the unit of the material.")
    accepted = models.FloatField(null=True)
    rejected = models.FloatField(null=True)
    state = models.CharField(max_length=16, choices=_choices(INSPECTION_STATES), default="open")
    pieces_at = models.BigIntegerField(default=0, help_text="Pieces out of the operation when it became due.")
    due_at = models.BigIntegerField(help_text="[us UTC]")
    judged_at = models.BigIntegerField(null=True, help_text="[us UTC]")
    judged_by = models.ForeignKey("parties.Person", null=True, on_delete=models.PROTECT, related_name="+")
    note = models.CharField(max_length=500, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["operation", "state"], name="inspection_operation"),
            models.Index(fields=["organisation", "state", "due_at"], name="inspection_state_due"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.operation_id or self.lot} {self.state}"


class Measurement(models.Model):
    """A value that was measured or chosen; never changed. A later one for the same sample counts instead of it."""

    inspection = models.ForeignKey(Inspection, on_delete=models.PROTECT, related_name="measurements")
    characteristic = models.ForeignKey(Characteristic, on_delete=models.PROTECT, related_name="+")
    sample = models.PositiveIntegerField()
    value = models.FloatField(null=True)
    choice = models.CharField(max_length=64, blank=True)
    good = models.BooleanField()
    serial = models.CharField(max_length=100, blank=True)
    gauge = models.ForeignKey(Tool, null=True, on_delete=models.PROTECT, related_name="+")
    file = models.BigIntegerField(null=True, help_text="Number of the stored picture.")
    person = models.ForeignKey("parties.Person", null=True, on_delete=models.PROTECT, related_name="+")
    event_at = models.BigIntegerField(help_text="[us UTC]")
    received_at = models.BigIntegerField(help_text="[us UTC]")

    class Meta:
        indexes = [models.Index(fields=["characteristic", "event_at"], name="measurement_time")]

    def __str__(self) -> str:
        return f"{self.characteristic_id} {self.sample} {self.value}"


class HoldRule(models.Model):
    """When an operation is put on hold by itself; null scopes hold everywhere.

    ``scrap_rate``: among the last ``window`` pieces more than ``limit`` (0..1) were scrap, judged from ``least`` on.
    """

    organisation = models.ForeignKey("parties.Organisation", on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=32, choices=_choices(HOLD_RULES))
    material = models.ForeignKey(Material, null=True, on_delete=models.CASCADE, related_name="+")
    work_centre = models.ForeignKey("spine.Asset", null=True, on_delete=models.CASCADE, related_name="+")
    window = models.PositiveIntegerField(default=50)
    least = models.PositiveIntegerField(default=10)
    limit = models.FloatField(default=0.1)
    active = models.BooleanField(default=True)

    def __str__(self) -> str:
        return f"{self.kind} {self.limit}"


class Nonconformance(models.Model):
    """Something that is not as it must be, from its finding to its closing."""

    organisation = models.ForeignKey("parties.Organisation", on_delete=models.PROTECT, related_name="+")
    number = models.CharField(max_length=64)
    title = models.CharField(max_length=200)
    detail = models.TextField(blank=True)
    severity = models.CharField(max_length=16, choices=_choices(SEVERITIES), default="minor")
    state = models.CharField(max_length=16, choices=_choices(NONCONFORMANCE_STATES), default="open")
    order = models.ForeignKey(Order, null=True, on_delete=models.PROTECT, related_name="+")
    operation = models.ForeignKey(Operation, null=True, on_delete=models.PROTECT, related_name="+")
    inspection = models.ForeignKey(Inspection, null=True, on_delete=models.PROTECT, related_name="+")
    material = models.ForeignKey(Material, null=True, on_delete=models.PROTECT, related_name="+")
    lot = models.CharField(max_length=100, blank=True)
    item = models.BigIntegerField(null=True, help_text="Item of trace that it is about.")
    quantity = models.FloatField(null=True)
    origin = models.CharField(max_length=16, choices=_choices(ORIGINS), default="hand")
    files = models.JSONField(default=list, blank=True, help_text="Numbers of stored pictures and documents.")
    containment = models.TextField(blank=True)
    blocked = models.JSONField(default=list, blank=True, help_text="Items of trace it has blocked.")
    disposition = models.CharField(max_length=16, choices=_choices(DISPOSITIONS), blank=True)
    disposition_note = models.CharField(max_length=500, blank=True)
    booked = models.JSONField(default=dict, blank=True, help_text="What the disposition booked, for people.")
    found_at = models.BigIntegerField(help_text="[us UTC]")
    found_by = models.ForeignKey("parties.Person", null=True, on_delete=models.PROTECT, related_name="+")
    disposed_at = models.BigIntegerField(null=True, help_text="[us UTC]")
    disposed_by = models.ForeignKey("parties.Person", null=True, on_delete=models.PROTECT, related_name="+")
    closed_at = models.BigIntegerField(null=True, help_text="[us UTC]")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "number"], name="nonconformance_number_once")]

    def __str__(self) -> str:
        return self.number


class CorrectiveAction(models.Model):
    """A corrective or preventive action, done by a date, checked later for its effect (ISO 9001 10.2).

    ``causes``: the chain of whys, first to root.
    """

    nonconformance = models.ForeignKey(Nonconformance, on_delete=models.PROTECT, related_name="actions")
    kind = models.CharField(max_length=16, choices=_choices(("corrective", "preventive")), default="corrective")
    causes = models.JSONField(default=list, blank=True)
    action = models.TextField()
    responsible = models.ForeignKey("parties.Person", null=True, on_delete=models.PROTECT, related_name="+")
    due_at = models.BigIntegerField(help_text="[us UTC]")
    done_at = models.BigIntegerField(null=True, help_text="[us UTC]")
    done_note = models.CharField(max_length=500, blank=True)
    check_at = models.BigIntegerField(help_text="[us UTC] when its effect is looked at")
    checked_at = models.BigIntegerField(null=True, help_text="[us UTC]")
    checked_by = models.ForeignKey("parties.Person", null=True, on_delete=models.PROTECT, related_name="+")
    effective = models.BooleanField(null=True)
    evidence = models.TextField(blank=True)
    measured = models.JSONField(default=dict, blank=True, help_text="Defect rate before and after, with coverage.")

    def __str__(self) -> str:
        return f"{self.nonconformance_id} {self.kind}"
