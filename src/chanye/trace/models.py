"""Tables of the room. Items are numbered densely, and what is alike in consecutive items is one row.

``Item`` names each item and never changes. ``Batch`` holds what items made in one call have in common. ``Run`` is the
present state, the same for ``count`` items from ``first`` on: runs never overlap and leave no item out. ``Part`` says
which items took part in an event, and at which of its positions (see ``walk``). References between hot tables are
plain numbers: a constraint per row would cost more than the row.
"""

from __future__ import annotations

from django.db import models


class Counter(models.Model):
    """The next free numbers; its only row is locked by every write, so that writes happen one after another."""

    id = models.SmallIntegerField(primary_key=True)
    next_item = models.BigIntegerField(default=1)
    next_event = models.BigIntegerField(default=1)

    def __str__(self) -> str:
        return f"item {self.next_item}, event {self.next_event}"


class Material(models.Model):
    """What an item is, as far as this room needs to know; one unit for all of it."""

    organisation = models.ForeignKey(
        "parties.Organisation", on_delete=models.PROTECT, related_name="+", db_index=False
    )
    code = models.CharField(max_length=100)
    name = models.CharField(max_length=200)
    unit = models.CharField(max_length=32, help_text="UCUM")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "code"], name="trace_material_once")]

    def __str__(self) -> str:
        return self.code


class Item(models.Model):
    """The name of a lot, serial or container."""

    id = models.BigIntegerField(primary_key=True)
    organisation_id = models.IntegerField()
    material_id = models.IntegerField()
    code = models.CharField(max_length=100)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation_id", "code", "material_id"], name="trace_item_once"),
        ]

    def __str__(self) -> str:
        return self.code


class Batch(models.Model):
    """Items made alike in one call: ``count`` items from ``first`` on."""

    first = models.BigIntegerField(primary_key=True)
    count = models.IntegerField()
    event_id = models.BigIntegerField()
    reference = models.CharField(max_length=200, blank=True)
    source = models.CharField(max_length=200, blank=True, help_text="Who supplied it.")
    attributes = models.JSONField(default=dict, blank=True)

    def __str__(self) -> str:
        return f"{self.first}+{self.count}"


class Run(models.Model):
    """The present state of ``count`` items from ``first`` on. Quantities are of each item, in 1e-6 unit."""

    first = models.BigIntegerField(primary_key=True)
    count = models.IntegerField()
    batch_id = models.BigIntegerField()
    organisation = models.ForeignKey(
        "parties.Organisation", on_delete=models.PROTECT, related_name="+", db_index=False
    )
    material = models.ForeignKey("trace.Material", on_delete=models.PROTECT, related_name="+", db_index=False)
    kind = models.SmallIntegerField()
    made = models.BigIntegerField(help_text="[1e-6 unit]")
    left = models.BigIntegerField(help_text="[1e-6 unit]")
    scrapped = models.BigIntegerField(default=0, help_text="[1e-6 unit]")
    status = models.SmallIntegerField()
    blocked = models.CharField(max_length=200, blank=True, help_text="Why; empty if it is not blocked.")
    place_id = models.BigIntegerField(null=True)
    holder = models.CharField(max_length=200, blank=True)
    container_id = models.BigIntegerField(null=True)
    made_at = models.BigIntegerField(help_text="[us UTC]")
    changed_at = models.BigIntegerField(help_text="Event time of the last change of place or state. [us UTC]")

    class Meta:
        indexes = [
            models.Index(fields=["container_id"], name="trace_run_container", condition=~models.Q(container_id=None)),
            models.Index(fields=["organisation", "kind", "status", "first"], name="trace_run_list"),
            models.Index(fields=["organisation", "material", "first"], name="trace_run_material"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(left__gte=0, scrapped__gte=0, made__gte=models.F("left") + models.F("scrapped")),
                name="trace_run_balance",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.first}+{self.count}"


class Event(models.Model):
    """Something that happened to items; written once. If it turns out wrong, ``detail`` says what stands for it."""

    id = models.BigIntegerField(primary_key=True)
    organisation = models.ForeignKey(
        "parties.Organisation", on_delete=models.PROTECT, related_name="+", db_index=False
    )
    uid = models.CharField(max_length=200, help_text="Identifier of the event in the world: EPCIS eventID.")
    verb = models.CharField(max_length=32)
    step = models.CharField(max_length=200, blank=True)
    reference = models.CharField(max_length=200, blank=True, help_text="Order, delivery note or the like.")
    place_id = models.BigIntegerField(null=True)
    party = models.CharField(max_length=200, blank=True)
    event_at = models.BigIntegerField(help_text="[us UTC]")
    recorded_at = models.BigIntegerField(help_text="[us UTC]")
    actor = models.CharField(max_length=200)
    key = models.CharField(max_length=200)
    digest = models.CharField(max_length=64)
    answer = models.JSONField(default=list)
    contradictions = models.JSONField(default=list)
    detail = models.JSONField(default=dict)

    class Meta:
        indexes = [
            models.Index(fields=["organisation", "event_at"], name="trace_event_time"),
            models.Index(fields=["organisation", "reference"], name="trace_event_reference"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["organisation", "key"], name="trace_event_key_once"),
            models.UniqueConstraint(fields=["organisation", "uid"], name="trace_event_uid_once"),
        ]

    def __str__(self) -> str:
        return f"{self.verb} {self.id}"


class Part(models.Model):
    """``count`` items from ``first`` on, at ``span`` positions of an event from ``pos`` on.

    ``size`` is the power of two that ``count`` fits into: it bounds how far before an item a row that covers it can
    begin, which makes the index answer "which rows cover these items". Both indexes hold all columns, so that a walk
    never reads the table.
    """

    event_id = models.BigIntegerField()
    role = models.SmallIntegerField()
    size = models.SmallIntegerField()
    first = models.BigIntegerField()
    count = models.IntegerField()
    pos = models.IntegerField()
    span = models.IntegerField()
    quantity = models.BigIntegerField(help_text="Of all of them together. [1e-6 unit]")
    weight = models.BigIntegerField(help_text="By which outputs share what went in.")

    class Meta:
        indexes = [
            models.Index(
                fields=["role", "size", "first", "event_id", "count", "pos", "span", "quantity", "weight"],
                name="trace_part_items",
            ),
            models.Index(
                fields=["event_id", "role", "first", "count", "pos", "span", "quantity", "weight"],
                name="trace_part_event",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.event_id} {self.role} {self.first}+{self.count}"
