"""What the quality board shows: what is held, how much is scrapped where and why, first pass yield."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from django.db.models import QuerySet

from chanye.domains.factory.models import Booking, HoldRule, Operation
from chanye.domains.factory.rules.quality import scrap_share
from chanye.kernel.time import DAY
from chanye.parties.types import Viewer

#: Rows of a grouping that are shown.
MOST_GROUPS = 12


@dataclass(frozen=True, slots=True)
class Held:
    """An operation on hold. ``held_at`` us UTC."""

    operation_id: int
    order_id: int
    order: str
    operation: str
    product: str
    place: str
    reason: str
    held_at: int | None


@dataclass(frozen=True, slots=True)
class ScrapRow:
    """Pieces of a group and what of them was scrapped or sent to rework; ``limit``: the hold rule that holds here."""

    name: str
    pieces: int
    scrap: int
    rework: int
    limit: float | None = None

    @property
    def rate(self) -> float | None:
        """Scrap among the pieces, 0..1; None without pieces."""
        return scrap_share(self.pieces, self.scrap)

    @property
    def first_pass(self) -> float | None:
        """Pieces that were good at once, 0..1; None without pieces."""
        return scrap_share(self.pieces, self.pieces - self.scrap - self.rework)


@dataclass(frozen=True, slots=True)
class Scrap:
    """Scrap of a window. ``days``: (start of the day us UTC, row); ``limit``: the rule that holds everywhere."""

    total: ScrapRow
    days: tuple[tuple[int, ScrapRow], ...]
    products: tuple[ScrapRow, ...]
    steps: tuple[ScrapRow, ...]
    reasons: tuple[ScrapRow, ...]
    yields: tuple[tuple[str, float | None], ...]
    limit: float | None


def held(viewer: Viewer) -> list[Held]:
    """Return the operations on hold, the longest in front."""
    rows = Operation.objects.filter(state="held", order__state__in=("released", "held"))
    rows = rows if viewer.system else rows.filter(order__organisation_id=viewer.organisation_id or 0)
    found = rows.select_related("order__revision__material", "place", "work_centre").order_by("held_at")[:200]
    return [
        Held(
            row.pk,
            row.order_id,
            row.order.number,
            f"{row.number} {row.name}",
            row.order.revision.material.code,
            (row.place or row.work_centre).name,
            row.hold_reason,
            row.held_at,
        )
        for row in found
    ]


def scrap(viewer: Viewer, start: int, end: int) -> Scrap:
    """Return what was scrapped over ``[start, end)`` us UTC: by day, product, step and reason.

    ``start`` is the beginning of a day. Corrections count against what they take back, on their own day.
    """
    rows = list(
        _bookings(viewer)
        .filter(event_at__gte=start, event_at__lt=end)
        .select_related("operation__order__revision__material", "reason")
    )
    limits = _limits(viewer)
    days = {start + n * DAY: [0, 0, 0] for n in range(math.ceil((end - start) / DAY))}
    for row in rows:
        _add(days[start + (row.event_at - start) // DAY * DAY], row)
    products = _group(rows, _product, limits)
    return Scrap(
        total=_sum("", rows, None),
        days=tuple((day, ScrapRow("", *counts)) for day, counts in sorted(days.items())),
        products=products,
        steps=_group(rows, lambda row: f"{_product(row)} · {row.operation.number} {row.operation.name}", {}),
        reasons=_group([row for row in rows if row.reason], lambda row: row.reason.name if row.reason else "", {}),
        yields=tuple((one.name, _rolled([row for row in rows if _product(row) == one.name])) for one in products),
        limit=limits.get(""),
    )


def _bookings(viewer: Viewer) -> QuerySet[Booking]:
    rows = Booking.objects.filter(kind__in=("output", "correct"))
    return rows if viewer.system else rows.filter(operation__order__organisation_id=viewer.organisation_id or 0)


def _limits(viewer: Viewer) -> dict[str, float]:
    """Return the limits of scrap by product code; "" for the one that holds everywhere."""
    rows = HoldRule.objects.filter(kind="scrap_rate", active=True, work_centre=None).select_related("material")
    rows = rows if viewer.system else rows.filter(organisation_id=viewer.organisation_id or 0)
    return {row.material.code if row.material else "": row.limit for row in rows.order_by("-limit")}


def _product(row: Booking) -> str:
    return row.operation.order.revision.material.code


def _add(counts: list[int], row: Booking) -> None:
    counts[0] += row.good + row.scrap + row.rework
    counts[1] += row.scrap
    counts[2] += row.rework


def _sum(name: str, rows: Iterable[Booking], limit: float | None) -> ScrapRow:
    counts = [0, 0, 0]
    for row in rows:
        _add(counts, row)
    return ScrapRow(name, counts[0], counts[1], counts[2], limit)


def _group(
    rows: Iterable[Booking], name_of: Callable[[Booking], str], limits: dict[str, float]
) -> tuple[ScrapRow, ...]:
    groups: dict[str, list[Booking]] = {}
    for row in rows:
        groups.setdefault(name_of(row), []).append(row)
    everywhere = limits.get("")
    found = [_sum(name, mine, limits.get(name, everywhere)) for name, mine in groups.items()]
    return tuple(sorted(found, key=lambda one: (-one.scrap, -one.rework, one.name))[:MOST_GROUPS])


def _rolled(rows: list[Booking]) -> float | None:
    """Return the first pass yield of a product: good at once at every main step, one after another."""
    steps: dict[int, list[Booking]] = {}
    for row in rows:
        if row.operation.kind == "main":
            steps.setdefault(row.operation.number, []).append(row)
    shares = [_sum("", mine, None).first_pass for mine in steps.values()]
    known = [share for share in shares if share is not None]
    return math.prod(known) if known else None
