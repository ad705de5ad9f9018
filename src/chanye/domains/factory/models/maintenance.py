"""Tables of maintenance: plans, work orders with their steps, spare parts, labour. All times in us UTC."""

from __future__ import annotations

from django.db import models


class MaintenancePlan(models.Model):
    """When an asset wants care, and what is done then.

    ``every`` and ``lead`` count in the plan's own unit: ``d w mo`` for ``time``, pieces (or the series' unit) for
    ``counter``, hours for ``run_hours``. A ``condition`` plan asks when ``series`` was beyond ``limit`` for ``hold``.
    """

    organisation = models.ForeignKey("parties.Organisation", on_delete=models.PROTECT, related_name="+")
    asset = models.ForeignKey("spine.Asset", on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=200)
    trigger = models.CharField(max_length=16, help_text="time, counter, run_hours, condition")
    order_kind = models.CharField(max_length=16, default="preventive", help_text="preventive or inspection")
    every = models.FloatField(default=0)
    unit = models.CharField(max_length=8, blank=True, help_text="d, w or mo of a plan by time.")
    lead = models.FloatField(default=0, help_text="How long before it is due the order is made; in the same unit.")
    series = models.ForeignKey("spine.Series", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    limit = models.FloatField(null=True, blank=True)
    above = models.BooleanField(default=True)
    hold = models.BigIntegerField(default=0, help_text="How long the condition must hold [us].")
    steps = models.JSONField(default=list, blank=True)
    parts = models.JSONField(default=list, blank=True, help_text="[{part: id, quantity}]")
    minutes = models.IntegerField(default=0, help_text="Planned work [min].")
    lockout = models.TextField(blank=True, help_text="What must be locked out first; empty: nothing.")
    permit = models.BooleanField(default=False, help_text="A permit to work is needed.")
    stops_machine = models.BooleanField(default=True)
    active = models.BooleanField(default=True)
    last_at = models.BigIntegerField(help_text="When it was last done, or the plan began.")
    changed_at = models.BigIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["asset", "name"], name="plan_name_once_per_asset")]
        indexes = [models.Index(fields=["organisation", "active"], name="plan_organisation")]

    def __str__(self) -> str:
        return self.name


class MaintenanceOrder(models.Model):
    """A piece of maintenance work on an asset."""

    organisation = models.ForeignKey("parties.Organisation", on_delete=models.PROTECT, related_name="+")
    number = models.IntegerField(help_text="Counts within the organisation.")
    asset = models.ForeignKey("spine.Asset", on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=16, help_text="corrective, preventive, inspection")
    state = models.CharField(max_length=16, default="new")
    priority = models.IntegerField(default=2, help_text="1 now, 2 soon, 3 when it fits")
    title = models.CharField(max_length=200)
    note = models.TextField(blank=True)
    source = models.CharField(max_length=16, default="hand", help_text="hand, plan, call")
    source_ref = models.CharField(max_length=100, blank=True, help_text="What made it, e.g. call:12.")
    plan = models.ForeignKey(MaintenancePlan, null=True, blank=True, on_delete=models.SET_NULL, related_name="orders")
    assignee = models.ForeignKey("parties.Person", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    due_at = models.BigIntegerField(null=True)
    planned_start = models.BigIntegerField(null=True)
    planned_end = models.BigIntegerField(null=True)
    stops_machine = models.BooleanField(default=True)
    minutes = models.IntegerField(default=0, help_text="Planned work [min].")
    lockout = models.TextField(blank=True)
    lockout_at = models.BigIntegerField(null=True, help_text="When somebody said that it is locked out.")
    lockout_by = models.CharField(max_length=150, blank=True)
    permit = models.BooleanField(default=False)
    permit_number = models.CharField(max_length=100, blank=True)
    waiting_for = models.CharField(max_length=200, blank=True)
    down_from = models.BigIntegerField(null=True, help_text="Since when the machine could not work.")
    down_to = models.BigIntegerField(null=True)
    cause = models.CharField(max_length=200, blank=True)
    remedy = models.TextField(blank=True)
    other_cost = models.BigIntegerField(default=0, help_text="Outside services [fen].")
    created_at = models.BigIntegerField()
    created_by = models.CharField(max_length=150, blank=True)
    started_at = models.BigIntegerField(null=True)
    done_at = models.BigIntegerField(null=True)
    done_by = models.CharField(max_length=150, blank=True)
    done_by_id_at = models.BigIntegerField(null=True, help_text="Person who finished it: somebody else verifies.")
    verified_at = models.BigIntegerField(null=True)
    verified_by = models.CharField(max_length=150, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation", "number"], name="maintenance_number_once"),
            models.UniqueConstraint(
                fields=["organisation", "source_ref"],
                condition=~models.Q(source_ref=""),
                name="maintenance_source_once",
            ),
        ]
        indexes = [
            models.Index(fields=["organisation", "state"], name="maintenance_state"),
            models.Index(fields=["asset", "created_at"], name="maintenance_asset"),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.title}"


class MaintenanceStep(models.Model):
    """A line of an order's check list: passed, failed, or a value that is judged by its limits."""

    order = models.ForeignKey(MaintenanceOrder, on_delete=models.CASCADE, related_name="steps")
    position = models.IntegerField()
    kind = models.CharField(max_length=8, help_text="check, value, note")
    text = models.CharField(max_length=300)
    unit = models.CharField(max_length=32, blank=True)
    low = models.FloatField(null=True)
    high = models.FloatField(null=True)
    required = models.BooleanField(default=True)
    photo = models.BooleanField(default=False, help_text="A picture is required.")
    picture = models.ForeignKey("spine.StoredFile", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    result = models.CharField(max_length=4, blank=True, help_text="pass, fail, skip")
    value = models.FloatField(null=True)
    note = models.CharField(max_length=500, blank=True)
    done_at = models.BigIntegerField(null=True)
    done_by = models.CharField(max_length=150, blank=True)

    class Meta:
        ordering = ["position"]
        constraints = [models.UniqueConstraint(fields=["order", "position"], name="step_position_once")]

    def __str__(self) -> str:
        return f"{self.order_id}.{self.position}"


class MaintenanceEvent(models.Model):
    """What happened to an order, in the order in which it happened: shown as its timeline."""

    order = models.ForeignKey(MaintenanceOrder, on_delete=models.CASCADE, related_name="events")
    at = models.BigIntegerField()
    who = models.CharField(max_length=150)
    verb = models.CharField(max_length=32)
    note = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ["at", "id"]

    def __str__(self) -> str:
        return f"{self.order_id} {self.verb}"


class SparePart(models.Model):
    """A spare part with its stock; ``stock`` is the sum of its moves."""

    organisation = models.ForeignKey("parties.Organisation", on_delete=models.PROTECT, related_name="+")
    code = models.CharField(max_length=64)
    name = models.CharField(max_length=200)
    unit = models.CharField(max_length=32, default="{part}")
    place = models.CharField(max_length=100, blank=True)
    stock = models.IntegerField(default=0)
    minimum = models.IntegerField(default=0)
    price = models.BigIntegerField(default=0, help_text="[fen per unit]")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation", "code"], name="spare_code_once"),
            models.CheckConstraint(condition=models.Q(stock__gte=0), name="spare_stock_not_negative"),
        ]

    def __str__(self) -> str:
        return self.code


class SpareMove(models.Model):
    """Spare parts taken (negative) or put in (positive), with the price they had."""

    part = models.ForeignKey(SparePart, on_delete=models.PROTECT, related_name="moves")
    order = models.ForeignKey(MaintenanceOrder, null=True, on_delete=models.PROTECT, related_name="parts")
    quantity = models.IntegerField()
    price = models.BigIntegerField(help_text="[fen per unit]")
    at = models.BigIntegerField()
    who = models.CharField(max_length=150)
    note = models.CharField(max_length=200, blank=True)

    def __str__(self) -> str:
        return f"{self.part_id} {self.quantity:+d}"


class MaintenanceLabour(models.Model):
    """Time somebody worked on an order; open while ``end`` is null."""

    order = models.ForeignKey(MaintenanceOrder, on_delete=models.CASCADE, related_name="labour")
    person = models.ForeignKey("parties.Person", null=True, on_delete=models.PROTECT, related_name="+")
    who = models.CharField(max_length=150)
    start = models.BigIntegerField()
    end = models.BigIntegerField(null=True)
    rate = models.BigIntegerField(default=0, help_text="[fen per hour]")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["order", "who"], condition=models.Q(end__isnull=True), name="one_open_labour_span"
            )
        ]

    def __str__(self) -> str:
        return f"{self.order_id} {self.who}"


class MaintenanceSettings(models.Model):
    """What an organisation reckons with: the rate of labour, and what counts as a failure."""

    organisation = models.OneToOneField("parties.Organisation", on_delete=models.CASCADE, related_name="+")
    labour_rate = models.BigIntegerField(default=0, help_text="[fen per hour]; 0: not known")
    failure_from = models.BigIntegerField(default=300_000_000, help_text="A shorter fault is a minor stop [us].")
    join_within = models.BigIntegerField(default=60_000_000, help_text="Faults so close are one failure [us].")
    changed_at = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.organisation_id}"


class MaintenanceKey(models.Model):
    """What a client key booked: the same key and content again answers the same and books nothing."""

    organisation = models.ForeignKey("parties.Organisation", on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=64)
    digest = models.CharField(max_length=64, help_text="SHA-256 of the content.")
    target = models.CharField(max_length=64)
    at = models.BigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "key"], name="maintenance_key_once")]

    def __str__(self) -> str:
        return self.key
