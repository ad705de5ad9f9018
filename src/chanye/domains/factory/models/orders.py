"""Production orders, their operations, and the ledger of what was booked on them."""

from __future__ import annotations

from django.db import models

from chanye.domains.factory.models.master import ProgramVersion, Reason, Revision, Skill, Tool
from chanye.domains.factory.types.orders import BOOKING_KINDS, OPERATION_STATES, ORDER_STATES


class Order(models.Model):
    """A production order for a number of pieces of one revision. Its counts follow the ledger."""

    organisation = models.ForeignKey("parties.Organisation", on_delete=models.PROTECT, related_name="+")
    site = models.ForeignKey("spine.Asset", on_delete=models.PROTECT, related_name="+")
    number = models.CharField(max_length=64)
    revision = models.ForeignKey(Revision, on_delete=models.PROTECT, related_name="+")
    routing_code = models.CharField(max_length=32, blank=True, help_text="Empty: the default routing.")
    quantity = models.PositiveBigIntegerField(help_text="Pieces to be made; a short close lowers it.")
    ordered = models.PositiveBigIntegerField(help_text="Pieces asked for at first.")
    good = models.BigIntegerField(default=0)
    scrap = models.BigIntegerField(default=0)
    rework = models.BigIntegerField(default=0, help_text="Pieces in rework steps now.")
    state = models.CharField(max_length=16, default="created", choices=[(s, s) for s in ORDER_STATES])
    priority = models.PositiveSmallIntegerField(default=50, help_text="1 first .. 99 last")
    due = models.BigIntegerField(null=True, help_text="[us UTC]")
    customer = models.CharField(max_length=200, blank=True)
    reference = models.CharField(max_length=100, blank=True, help_text="Number in the system that ordered it.")
    note = models.TextField(blank=True)
    split_from = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="splits")
    held_at = models.BigIntegerField(null=True, help_text="[us UTC]")
    hold_reason = models.CharField(max_length=200, blank=True)
    wip_item = models.BigIntegerField(null=True, help_text="Item of trace: what is in work now, with all it took up.")
    wip_count = models.PositiveIntegerField(default=0, help_text="How many such items the order has had.")
    created_at = models.BigIntegerField(help_text="[us UTC]")
    released_at = models.BigIntegerField(null=True, help_text="[us UTC]")
    started_at = models.BigIntegerField(null=True, help_text="[us UTC]")
    closed_at = models.BigIntegerField(null=True, help_text="[us UTC]")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation", "number"], name="order_number_once"),
            models.CheckConstraint(condition=models.Q(quantity__gte=0), name="order_quantity_not_negative"),
            models.CheckConstraint(
                condition=models.Q(good__gte=0, scrap__gte=0, rework__gte=0), name="order_counts_not_negative"
            ),
        ]
        indexes = [models.Index(fields=["site", "state", "due"], name="order_site_state_due")]

    def __str__(self) -> str:
        return self.number


class Operation(models.Model):
    """A step of a released order: the routing step as it was at release. Later changes of the routing leave it alone.

    ``arrived`` pieces came from the steps before (all pieces, for the first); ``good``, ``scrap`` and ``rework``
    (sent to the rework step) left it.
    """

    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="operations")
    number = models.PositiveIntegerField()
    name = models.CharField(max_length=200)
    kind = models.CharField(max_length=8, default="main")
    state = models.CharField(max_length=16, default="waiting", choices=[(s, s) for s in OPERATION_STATES])
    work_centre = models.ForeignKey("spine.Asset", on_delete=models.PROTECT, related_name="+")
    place = models.ForeignKey("spine.Asset", null=True, on_delete=models.PROTECT, related_name="+")
    run_time = models.FloatField(help_text="PRI [s]")
    setup_time = models.FloatField(default=0.0, help_text="[s]")
    setup_family = models.CharField(max_length=64, blank=True)
    scrap_share = models.FloatField(default=0.0)
    skill = models.ForeignKey(Skill, null=True, on_delete=models.PROTECT, related_name="+")
    tool = models.ForeignKey(Tool, null=True, on_delete=models.PROTECT, related_name="+")
    gauge = models.ForeignKey(Tool, null=True, on_delete=models.PROTECT, related_name="+")
    program = models.ForeignKey(ProgramVersion, null=True, on_delete=models.PROTECT, related_name="+")
    on_fail = models.PositiveIntegerField(null=True)
    returns_to = models.PositiveIntegerField(null=True)
    alternatives = models.JSONField(default=list, blank=True)
    arrived = models.BigIntegerField(default=0)
    good = models.BigIntegerField(default=0)
    scrap = models.BigIntegerField(default=0)
    rework = models.BigIntegerField(default=0)
    position = models.FloatField(null=True, help_text="Place in the plan's sequence at its work centre.")
    planned_start = models.BigIntegerField(null=True, help_text="[us UTC]")
    planned_end = models.BigIntegerField(null=True, help_text="[us UTC]")
    started_at = models.BigIntegerField(null=True, help_text="[us UTC]")
    finished_at = models.BigIntegerField(null=True, help_text="[us UTC]")
    held_at = models.BigIntegerField(null=True, help_text="[us UTC]")
    cleared_at = models.BigIntegerField(null=True, help_text="[us UTC] when it was last taken off hold")
    held_from = models.CharField(max_length=16, blank=True, help_text="State before the hold.")
    hold_reason = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["order", "number"], name="operation_number_once")]
        indexes = [models.Index(fields=["work_centre", "state"], name="operation_centre_state")]

    def __str__(self) -> str:
        return f"{self.order_id}/{self.number}"


class OperationMaterial(models.Model):
    """What an operation takes of a material, per piece, as the bill said at release."""

    operation = models.ForeignKey(Operation, on_delete=models.CASCADE, related_name="materials")
    component = models.ForeignKey("factory.Material", on_delete=models.PROTECT, related_name="+")
    quantity = models.FloatField(help_text="Per piece, in the unit of the component, loss included.")
    consumed = models.FloatField(default=0.0, help_text="Booked so far.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["operation", "component"], name="operation_material_once")]

    def __str__(self) -> str:
        return f"{self.operation_id} {self.component_id}"


class Booking(models.Model):
    """A row of the ledger; never changed, never deleted. A correction is a row with the opposite quantities."""

    operation = models.ForeignKey(Operation, on_delete=models.PROTECT, related_name="bookings")
    place = models.ForeignKey("spine.Asset", null=True, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=16, choices=[(k, k) for k in BOOKING_KINDS])
    good = models.BigIntegerField(default=0)
    scrap = models.BigIntegerField(default=0)
    rework = models.BigIntegerField(default=0)
    reason = models.ForeignKey(Reason, null=True, on_delete=models.PROTECT, related_name="+")
    person = models.ForeignKey("parties.Person", null=True, on_delete=models.PROTECT, related_name="+")
    event_at = models.BigIntegerField(help_text="[us UTC] when it happened, by the terminal")
    received_at = models.BigIntegerField(help_text="[us UTC] when it came in, by the server")
    origin = models.CharField(max_length=16, default="terminal", help_text="terminal | machine | office | api")
    reverses = models.OneToOneField("self", null=True, on_delete=models.PROTECT, related_name="reversed_by")
    lot = models.CharField(max_length=100, blank=True)
    items = models.JSONField(default=list, blank=True, help_text="Items of trace it made, as [first, count] pairs.")
    note = models.CharField(max_length=500, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["operation", "event_at"], name="booking_operation_time"),
            models.Index(fields=["place", "event_at"], name="booking_place_time"),
            models.Index(fields=["event_at"], name="booking_time"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.operation_id} {self.good}+{self.scrap}+{self.rework}"


class Consumption(models.Model):
    """Material that went into an operation: from a lot or piece of trace, or from stock that is not traced.

    Never changed, never deleted: what is taken back is a row with the opposite quantity.
    """

    operation = models.ForeignKey(Operation, on_delete=models.PROTECT, related_name="consumptions")
    component = models.ForeignKey("factory.Material", on_delete=models.PROTECT, related_name="+")
    item = models.BigIntegerField(null=True, help_text="Item of trace; null where the material is not tracked.")
    lot = models.CharField(max_length=100, blank=True)
    quantity = models.FloatField(help_text="In the unit of the component.")
    place = models.ForeignKey("spine.Asset", null=True, on_delete=models.PROTECT, related_name="+")
    person = models.ForeignKey("parties.Person", null=True, on_delete=models.PROTECT, related_name="+")
    event_at = models.BigIntegerField(help_text="[us UTC]")
    received_at = models.BigIntegerField(help_text="[us UTC]")
    reverses = models.OneToOneField("self", null=True, on_delete=models.PROTECT, related_name="reversed_by")

    class Meta:
        indexes = [models.Index(fields=["operation", "event_at"], name="consumption_time")]

    def __str__(self) -> str:
        return f"{self.operation_id} {self.component_id} {self.quantity}"


class WorkSpan(models.Model):
    """A stretch in which a person set up or ran an operation at a place: labour time (APWT) and AUST/APT by order."""

    operation = models.ForeignKey(Operation, on_delete=models.PROTECT, related_name="spans")
    place = models.ForeignKey("spine.Asset", null=True, on_delete=models.PROTECT, related_name="+")
    person = models.ForeignKey("parties.Person", null=True, on_delete=models.PROTECT, related_name="+")
    phase = models.CharField(max_length=8, choices=[("setup", "setup"), ("run", "run")])
    start = models.BigIntegerField(help_text="[us UTC]")
    end = models.BigIntegerField(null=True, help_text="[us UTC], null while open")

    class Meta:
        indexes = [
            models.Index(fields=["place", "start"], name="span_place_start"),
            models.Index(fields=["operation", "start"], name="span_operation_start"),
            models.Index(fields=["start"], name="span_start"),
        ]

    def __str__(self) -> str:
        return f"{self.operation_id} {self.phase} {self.start}"


class InboxEntry(models.Model):
    """What a terminal, scanner or other system sent, whatever became of it. ``digest`` binds a key to its content."""

    organisation = models.ForeignKey("parties.Organisation", on_delete=models.PROTECT, related_name="+")
    key = models.CharField(max_length=64)
    digest = models.CharField(max_length=64)
    kind = models.CharField(max_length=32)
    terminal = models.CharField(max_length=64, blank=True)
    person = models.ForeignKey("parties.Person", null=True, on_delete=models.PROTECT, related_name="+")
    place = models.ForeignKey("spine.Asset", null=True, on_delete=models.PROTECT, related_name="+")
    body = models.JSONField()
    event_at = models.BigIntegerField(help_text="[us UTC]")
    received_at = models.BigIntegerField(help_text="[us UTC]")
    outcome = models.CharField(max_length=16, choices=[(o, o) for o in ("booked", "refused", "discarded", "settled")])
    why = models.TextField(blank=True)
    target = models.CharField(max_length=100, blank=True)
    settled_at = models.BigIntegerField(null=True, help_text="[us UTC]")
    settled_by = models.ForeignKey("parties.Person", null=True, on_delete=models.PROTECT, related_name="+")
    settlement = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "key"], name="inbox_key_once")]
        indexes = [models.Index(fields=["organisation", "outcome", "received_at"], name="inbox_outcome_time")]

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"
