"""The same plant booked twice: by the product's own calls, and the plain way, a row per link."""

from __future__ import annotations

from itertools import count
from typing import Any

from django.db import connection, models, transaction

from chanye.bench.trace_shape import BLOCK, Plant
from chanye.parties.actions import create_organisation
from chanye.parties.types import SYSTEM, Viewer
from chanye.trace import actions, queries
from chanye.trace.types import ContainerDraft, LotDraft, SerialsDraft, Use


class Book:
    """The product."""

    def __init__(self) -> None:
        self.firm = create_organisation(actor=SYSTEM, code="bench", name="Bench")
        self.viewer = Viewer(None, self.firm, frozenset({"engineer"}), name="bench")
        self._keys = count(1)
        self._made = count(1)
        self._pieces = 0

    def _key(self) -> str:
        return f"bench-{next(self._keys)}"

    def load(self, plant: Plant) -> int:
        """Make all of a plant from one coil; return the coil."""
        number = next(self._made)
        per_strip = plant.blocks * BLOCK
        coil = actions.commission_lot(
            actor=self.viewer, organisation_id=self.firm, material_code="coil", lot=f"COIL-{number}",
            quantity=plant.strips * per_strip, unit="kg", key=self._key(),
        ).item  # fmt: skip
        for strip_number in range(plant.strips):
            name = f"{number}-{strip_number}"
            strip = actions.consume(
                actor=self.viewer, inputs=[Use(coil, per_strip)], key=self._key(),
                outputs=[LotDraft("strip", f"STRIP-{name}", per_strip, "kg")],
            ).item  # fmt: skip
            for block, pallet in enumerate(self._pallets(name, plant.blocks)):
                self._block(strip, pallet, f"{name}-{block}")
        self._pieces += 2 * plant.units
        return coil

    def _block(self, strip: int, pallet: int, name: str) -> None:
        parts = actions.consume(
            actor=self.viewer, inputs=[Use(strip, BLOCK)], key=self._key(), step="punch",
            outputs=[SerialsDraft("part", count=BLOCK, prefix=f"P{name}-", width=6)],
        ).items[0]  # fmt: skip
        units = actions.consume(
            actor=self.viewer, inputs=[Use(parts)], key=self._key(), step="assemble", each=True,
            outputs=[SerialsDraft("unit", count=BLOCK, prefix=f"U{name}-", width=6)],
        ).items[0]  # fmt: skip
        actions.pack(actor=self.viewer, container=pallet, items=units, key=self._key())

    def _pallets(self, name: str, number: int) -> list[int]:
        """Register the pallets of a strip, as their labels are printed ahead."""
        drafts = [ContainerDraft(f"PAL-{name}-{i}") for i in range(number)]
        booked = actions.commission_containers(
            actor=self.viewer, organisation_id=self.firm, containers=drafts, key=self._key()
        )
        return [items.start for items in booked.items]

    def unit_of(self, coil: int) -> int:
        """Return a unit in the middle of what was made of a coil."""
        found = queries.recall(self.viewer, coil)
        rows = [row for row in found.rows if row.material_code == "unit"]
        return rows[len(rows) // 2].first + BLOCK // 2

    def recall(self, coil: int) -> tuple[int, int]:
        """Return how many units and how many pallets a coil went to."""
        rows = [row for row in queries.recall(self.viewer, coil).rows if row.material_code == "unit"]
        return sum(row.count for row in rows), len({row.container.id for row in rows if row.container})

    def names(self, coil: int) -> int:
        """Read the serial of all that a coil went into; return how many."""
        return len(queries.codes(self.viewer, queries.forward(self.viewer, coil).ranges))

    def back(self, unit: int) -> int:
        """Trace a unit back; return how many items went into it."""
        found = len(queries.backward(self.viewer, unit).items)
        if found != 4:
            raise RuntimeError(f"A unit holds a part, a strip and a coil, but {found - 1} items were found.")
        return found

    def history(self, unit: int) -> int:
        """Return how many events a unit has."""
        return len(queries.events(self.viewer, item_id=unit))

    def find(self, unit: int) -> int:
        """Look an item up by its serial."""
        return queries.find(self.viewer, queries.item(self.viewer, unit).code)[0].id

    def bytes_per_piece(self) -> float:
        """Return bytes of the records for each serial, the peer's tables left out."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT sum(pgsize) FROM dbstat WHERE name LIKE %s OR name LIKE %s", _OURS)
            return float(cursor.fetchone()[0]) / self._pieces


class PeerItem(models.Model):
    """One row per item."""

    code = models.CharField(max_length=100, unique=True)
    pallet = models.CharField(max_length=100, blank=True)
    objects: models.Manager[Any] = models.Manager()

    class Meta:
        app_label = "bench"

    def __str__(self) -> str:
        return self.code


class PeerLink(models.Model):
    """One row per link."""

    source = models.ForeignKey(PeerItem, on_delete=models.CASCADE, related_name="+")
    target = models.ForeignKey(PeerItem, on_delete=models.CASCADE, related_name="+")
    quantity = models.DecimalField(max_digits=18, decimal_places=6)
    objects: models.Manager[Any] = models.Manager()

    class Meta:
        app_label = "bench"

    def __str__(self) -> str:
        return f"{self.source} {self.target}"


_OURS = ["trace_%", "sqlite_autoindex_trace_%"]
_WALK = {
    True: (
        "WITH RECURSIVE w(id) AS (SELECT %s UNION "
        "SELECT l.target_id FROM bench_peerlink l JOIN w ON l.source_id = w.id) "
        "SELECT i.pallet, count(*) FROM w JOIN bench_peeritem i ON i.id = w.id GROUP BY i.pallet"
    ),
    False: (
        "WITH RECURSIVE w(id) AS (SELECT %s UNION "
        "SELECT l.source_id FROM bench_peerlink l JOIN w ON l.target_id = w.id) "
        "SELECT i.id, i.code FROM w JOIN bench_peeritem i ON i.id = w.id"
    ),
}


class Peer:
    """The plain way."""

    def __init__(self) -> None:
        with connection.schema_editor() as editor:
            editor.create_model(PeerItem)
            editor.create_model(PeerLink)
        self._unit = 0

    def load(self, plant: Plant) -> int:
        """Make all of a plant from one coil; return the coil."""
        coil = self._items(["COIL"])[0]
        for strip_number in range(plant.strips):
            strip = self._items([f"STRIP-{strip_number}"])[0]
            self._links([(coil, strip)], 1)
            for block in range(plant.blocks):
                with transaction.atomic():
                    name = f"{strip_number}-{block}"
                    parts = self._items([f"P{name}-{i:06d}" for i in range(BLOCK)])
                    self._links([(strip, part) for part in parts], 1)
                with transaction.atomic():
                    units = self._items([f"U{name}-{i:06d}" for i in range(BLOCK)])
                    self._links(list(zip(parts, units, strict=True)), 1)
                PeerItem.objects.filter(id__in=units).update(pallet=f"PAL-{name}")
                self._unit = units[BLOCK // 2]
        return coil

    def _items(self, codes: list[str]) -> list[int]:
        return [row.pk for row in PeerItem.objects.bulk_create([PeerItem(code=code) for code in codes])]

    def _links(self, pairs: list[tuple[int, int]], quantity: int) -> None:
        PeerLink.objects.bulk_create([PeerLink(source_id=a, target_id=b, quantity=quantity) for a, b in pairs])

    def unit_of(self, coil: int) -> int:
        """Return a unit."""
        return self._unit

    def recall(self, coil: int) -> list[Any]:
        """Return the pallets a coil went to."""
        return self._ask(coil, forward=True)

    def back(self, unit: int) -> list[Any]:
        """Return what went into a unit."""
        return self._ask(unit, forward=False)

    def _ask(self, start: int, *, forward: bool) -> list[Any]:
        with connection.cursor() as cursor:
            cursor.execute(_WALK[forward], [start])
            return list(cursor.fetchall())
