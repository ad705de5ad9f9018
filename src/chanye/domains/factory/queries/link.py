"""Reads of what machines counted: what is to be booked, and what was made with no order. Times in us UTC."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.db.models import Min, Q, QuerySet, Sum

from chanye.domains.factory.models import Booking, OutputSettlement, WorkSpan
from chanye.domains.factory.queries.stop_views import places_of
from chanye.domains.factory.rules import link as rules
from chanye.domains.factory.rules.link import Counts, Turns, Work
from chanye.domains.factory.types.link import OutputProposal, Unassigned
from chanye.kernel.time import DAY, now_us
from chanye.parties.prepared import Prepared
from chanye.parties.types import Viewer
from chanye.spine import frame_queries
from chanye.spine import queries as spine
from chanye.spine.frames import OPEN
from chanye.spine.history.types import F64
from chanye.spine.types import AssetRef

#: Work that ended longer ago is no longer proposed for. [us]
RECENT = 3 * DAY
#: No operation is followed further back. [us]
LONGEST = 31 * DAY


@dataclass(frozen=True, slots=True)
class _Machine:
    """What a machine counted in a window, and who had it when."""

    place: AssetRef
    counts: Counts
    turns: Turns
    owner: np.ndarray
    spans: Sequence[WorkSpan]


_recent = Prepared(
    lambda places, since: (
        WorkSpan.objects.filter(Q(end=None) | Q(end__gt=since), place_id__in=places)
        .order_by()
        .values_list("place_id", "operation_id")
        .distinct()
    )
)
_begun = Prepared(
    lambda places, operations: (
        WorkSpan.objects.filter(place_id__in=places, operation_id__in=operations)
        .order_by()
        .values_list("place_id")
        .annotate(first=Min("start"))
    )
)
_worked = Prepared(
    lambda operations: (
        WorkSpan.objects.filter(operation_id__in=operations)
        .order_by()
        .values_list("operation_id", "place_id")
        .distinct()
    )
)
_spans = Prepared(
    lambda places, end, since: (
        WorkSpan.objects.filter(Q(end=None) | Q(end__gt=since), place_id__in=places, start__lt=end)
        .select_related("operation__order__revision__material")
        .order_by("start")
    )
)


def _sums_of(operations: Sequence[int], place: int) -> QuerySet[Booking, Any]:
    """Sum up what was booked by operation and place, without what was settled with no order on a machine."""
    settled = OutputSettlement.objects.filter(asset_id=place).exclude(booking=None).values("booking_id")
    rows = Booking.objects.filter(operation_id__in=operations, kind__in=("output", "correct"))
    rows = rows.exclude(id__in=settled).exclude(reverses_id__in=settled).order_by()
    whole = Sum("good") + Sum("scrap") + Sum("rework")
    return rows.values_list("operation_id", "place_id").annotate(whole=whole, bad=Sum("scrap"))


_sums = Prepared(_sums_of)


def proposals(viewer: Viewer, place_ids: Sequence[int], *, now: int | None = None) -> list[OutputProposal]:
    """Return what some machines counted for the operations on them beyond what was booked, or less than that."""
    at = now_us() if now is None else now
    places = places_of(viewer, place_ids)
    starts: dict[int, int] = {}
    wanted: dict[int, set[int]] = {}
    for place_id, operation_id in _recent(places=list(places), since=at - RECENT):
        wanted.setdefault(place_id, set()).add(operation_id)
    for place_id, start in _begun(places=list(wanted), operations=sorted(set().union(*wanted.values()))):
        starts[place_id] = max(at - LONGEST, min(starts.get(place_id, at), start))
    found: list[OutputProposal] = []
    for machine in _machines(viewer, places, starts, at):
        found += _proposed(machine, wanted[machine.place.id])
    return found


def _proposed(machine: _Machine, operations: set[int]) -> list[OutputProposal]:
    booked = _booked(machine.place.id, operations)
    rows = {span.operation_id: span.operation for span in machine.spans}
    found = []
    for number in sorted(operations & set(rows)):
        operation = rows[number]
        total = rules.sum_of(machine.counts, machine.owner == number)
        whole, scrapped = booked.get(number, (0, 0))
        if total.all == whole:
            continue
        good, scrap = rules.beyond(total.all, total.scrap, whole, scrapped)
        found.append(
            OutputProposal(
                place_id=machine.place.id,
                place=machine.place.name,
                operation_id=number,
                order=operation.order.number,
                product=operation.order.revision.material.name,
                number=operation.number,
                name=operation.name,
                counted=total.all,
                counted_scrap=total.scrap,
                booked=whole,
                good=good,
                scrap=scrap,
                across_gap=total.across_gap,
                last=total.last,
                bookable=good + scrap > 0 and operation.order.state == "released",
            )
        )
    return found


def _booked(place_id: int, operations: set[int]) -> dict[int, tuple[int, int]]:
    """Return pieces and scrap booked at a machine by operation, without what was settled with no order on it.

    A booking that names no place counts for the machine if the operation was nowhere else.
    """
    wanted = sorted(operations)
    elsewhere = {operation for operation, place in _worked(operations=wanted) if place not in (None, place_id)}
    found: dict[int, tuple[int, int]] = {}
    for operation, place, all_of_it, scrap in _sums(operations=wanted, place=place_id):
        if place == place_id or (place is None and operation not in elsewhere):
            whole, scrapped = found.get(operation, (0, 0))
            found[operation] = whole + all_of_it, scrapped + scrap
    return found


def _machines(viewer: Viewer, places: Mapping[int, AssetRef], starts: Mapping[int, int], end: int) -> list[_Machine]:
    """Return what machines with a counter counted from ``starts`` (by machine) to ``end``; a handful of queries."""
    refs = spine.series_of(viewer, list(starts), roles=("part_count", "scrap_count"))
    numbers: dict[int, dict[str, int]] = {}
    for ref in refs:
        numbers.setdefault(ref.asset_id, {}).setdefault(ref.role or "", ref.id)
    counted = {asset_id: own for asset_id, own in numbers.items() if "part_count" in own}
    if not counted:
        return []
    low = min(starts[asset_id] for asset_id in counted)
    table = frame_queries.rise_table(viewer, [n for own in counted.values() for n in own.values()], low, end)
    by_place: dict[int, list[WorkSpan]] = {}
    for span in _spans(places=list(counted), end=end, since=low - rules.GRACE):
        by_place.setdefault(span.place_id or 0, []).append(span)
    found = []
    for asset_id, own in counted.items():
        spans = by_place.get(asset_id, [])
        turns = rules.turns([_work(span) for span in spans])
        at, bad = table.of(own["part_count"]), table.of(own.get("scrap_count", -1))
        time, scrapped = table.time[at], table.time[bad]
        keep, keep_bad = time >= starts[asset_id], scrapped >= starts[asset_id]
        counts = Counts(
            time[keep],
            table.count[at][keep],
            _at_pieces(time[keep], scrapped[keep_bad], table.count[bad][keep_bad]),
            table.across_gap[at][keep],
        )
        found.append(_Machine(places[asset_id], counts, turns, turns.of(counts.time), spans))
    return found


def _at_pieces(time: np.ndarray, scrapped: np.ndarray, count: F64) -> F64:
    """Return scrap by piece: a bad one is booked at the last piece counted before it, or the first."""
    found = np.zeros(len(time))
    if len(time):
        np.add.at(found, np.maximum(np.searchsorted(time, scrapped, side="right") - 1, 0), count)
    return found


def _work(span: WorkSpan) -> Work:
    return Work(
        span.operation_id,
        span.start,
        OPEN if span.end is None else span.end,
        round(span.operation.run_time * 1e6),
    )


def unassigned(viewer: Viewer, site_id: int, start: int, end: int) -> list[Unassigned]:
    """Return what machines of a site made with no order in ``[start, end)`` and nobody settled, in time order."""
    places = {ref.id: ref for ref in spine.assets(viewer, below=site_id)}
    return unassigned_of(viewer, places, start, end)


def unassigned_of(viewer: Viewer, places: Mapping[int, AssetRef], start: int, end: int) -> list[Unassigned]:
    """Return what some machines made with no order; see ``unassigned``."""
    settled: dict[int, list[OutputSettlement]] = {}
    rows = OutputSettlement.objects.filter(asset_id__in=list(places), start__lt=end, end__gte=start)
    for row in rows.select_related("booking__reversed_by"):
        if row.booking is None or not hasattr(row.booking, "reversed_by"):
            settled.setdefault(row.asset_id, []).append(row)
    found: list[Unassigned] = []
    for machine in _machines(viewer, places, dict.fromkeys(places, start), end):
        found += _left(machine, settled.get(machine.place.id, []))
    return sorted(found, key=lambda one: (one.start, one.place_id))


def _left(machine: _Machine, settled: Sequence[OutputSettlement]) -> list[Unassigned]:
    free = np.flatnonzero(machine.owner < 0)
    time = machine.counts.time[free]
    cuts = [span.start for span in machine.spans]
    cuts += [row.start for row in settled] + [row.end + 1 for row in settled]
    found = []
    for low, high in rules.groups(time, cuts):
        which = np.zeros(len(machine.owner), bool)
        which[free[low:high]] = True
        total = rules.sum_of(machine.counts, which)
        over = [row for row in settled if row.start <= total.first and row.end >= total.last]
        good_done, scrap_done = sum(row.good for row in over), sum(row.scrap for row in over)
        good, scrap = rules.beyond(total.all, total.scrap, good_done + scrap_done, scrap_done)
        if good + scrap > 0:
            orders = _beside(machine.spans, total.first, total.last)
            place = machine.place
            done = good_done + scrap_done
            counted = (total.first, total.last, total.all, done, good, scrap, total.across_gap)
            found.append(Unassigned(place.id, place.name, *counted, orders))
    return found


def _beside(spans: Sequence[WorkSpan], first: int, last: int) -> tuple[str, ...]:
    """Return the orders that were on the machine just before and just after."""
    before = [span for span in spans if span.start <= first]
    after = [span for span in spans if span.start > last]
    return tuple(dict.fromkeys(span.operation.order.number for span in [*before[-1:], *after[:1]]))
