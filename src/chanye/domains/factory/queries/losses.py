"""What stops cost: planned time by reason, machine, shift and order. Each takes the viewer first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from chanye.domains.factory.floor import load, load_calendars, look
from chanye.domains.factory.models import Reason
from chanye.domains.factory.queries.stop_views import places_of, plans_of, stops
from chanye.domains.factory.reason_names import reason_label
from chanye.domains.factory.rules.downtime import KIND, find_stops
from chanye.domains.factory.rules.kpis import coverage_of, covered_before, sum_elements
from chanye.domains.factory.types.downtime import Loss, Losses, StopPiece, StopView
from chanye.kernel.intervals import Intervals
from chanye.kernel.time import now_us
from chanye.parties.types import Viewer
from chanye.spine import queries as spine


def losses(viewer: Viewer, asset_ids: Sequence[int], start: int, end: int, *, now: int | None = None) -> Losses:
    """Return what stops cost some machines in ``[start, end)``: planned time by reason, the greatest first.

    Time in which nothing is known counts only where somebody gave a reason for it; the rest is in ``coverage``. The
    losses, minor stops and the time the machines ran add up to planned time that is known.
    """
    at = now_us() if now is None else now
    found = _clipped(stops(viewer, asset_ids, start, end, now=at), viewer, asset_ids, (start, min(end, at)))
    names = _parents(viewer, found)
    lost: dict[str, int] = {}
    count: Counter[str] = Counter()
    sides: tuple[dict[str, list[int]], ...] = ({}, {}, {})
    labels: dict[str, tuple[str, str]] = {"": ("", "")}
    for stop, pieces in found:
        own: dict[str, int] = {}
        for piece in pieces:
            own[piece.reason] = own.get(piece.reason, 0) + piece.lost
            labels[piece.reason] = piece.label, piece.element
        for reason, length in own.items():
            lost[reason] = lost.get(reason, 0) + length
            count[reason] += 1
        for table, name in zip(sides, (stop.place, stop.shift, stop.order), strict=True):
            row = table.setdefault(name, [0, 0])
            row[0], row[1] = row[0] + sum(own.values()), row[1] + 1
    rows = [Loss(code, *_named_loss(code, labels, names), lost[code], count[code]) for code in lost]
    rows.sort(key=lambda loss: (-loss.lost, loss.reason))
    minor, planned, coverage = _seen(viewer, list(asset_ids), (start, end, at), found)
    machine, shift, order = (
        tuple(sorted(((name, row[0], row[1]) for name, row in table.items()), key=lambda row: -row[1]))
        for table in sides
    )
    whole = sum(loss.lost for loss in rows)
    number = sum(1 for _stop, pieces in found if pieces)
    return Losses(start, end, tuple(rows), whole, number, *minor, planned, coverage, machine, shift, order)


def _named_loss(code: str, labels: Mapping[str, tuple[str, str]], names: Mapping[str, str]) -> tuple[str, str, str]:
    label, element = labels[code]
    return label, names.get(code, ""), element


Clipped = list[tuple[StopView, list[StopPiece]]]


def _clipped(views: Sequence[StopView], viewer: Viewer, asset_ids: Sequence[int], window: tuple[int, int]) -> Clipped:
    """Return stops with their pieces cut to a window; unexplained time of which nothing is known is left out."""
    start, end = window
    places = places_of(viewer, asset_ids)
    planned, _runs = plans_of(viewer, load_calendars(viewer), places, start, max(end, start + 1))
    found: Clipped = []
    for view in views:
        pieces = []
        for piece in view.pieces:
            if view.state == "unknown" and not piece.reason:
                continue
            low, high = max(piece.start, start), min(end if piece.end is None else piece.end, end)
            before = covered_before(planned(view.asset_id), np.array([low, max(low, high)], np.int64))
            length = int(before[1] - before[0])
            if length > 0:
                pieces.append(replace(piece, start=low, end=high, lost=length))
        if pieces:
            found.append((view, pieces))
    return found


def _parents(viewer: Viewer, found: Clipped) -> dict[str, str]:
    """Return the name of the group of each reason that occurs."""
    codes = {piece.reason for _view, pieces in found for piece in pieces if piece.reason}
    if not codes:
        return {}
    organisation = spine.asset(viewer, found[0][0].asset_id).organisation_id
    rows = Reason.objects.filter(organisation_id=organisation, tree="downtime", code__in=codes).exclude(parent=None)
    return {row.code: reason_label(row.parent) for row in rows.select_related("parent") if row.parent}


def _seen(
    viewer: Viewer, asset_ids: Sequence[int], when: tuple[int, int, int], found: Clipped
) -> tuple[tuple[int, int], int, float]:
    """Return number and time of minor stops, planned busy time, and how much of it is known."""
    start, end, now = when
    floor = load(viewer, list(places_of(viewer, asset_ids).values()))
    taken: dict[int, list[tuple[int, int]]] = {}
    for view, pieces in found:
        taken.setdefault(view.asset_id, []).extend((piece.start, piece.end or end) for piece in pieces)
    number = length = 0
    looks = look(floor, start, max(start, min(end, now)), now)
    for seen in looks:
        shown = seen.shown
        edge = shown.edge[-1] if len(shown.edge) else start
        stretches = find_stops(shown.edge, shown.state, shown.text, seen.planned, going_on=False, known=int(edge))
        mine = Intervals.from_pairs(taken.get(seen.machine.asset.id, []))
        for stretch in stretches:
            if KIND[stretch.state] == "unknown" or mine.contains(stretch.start):
                continue
            number, length = number + 1, length + stretch.lost
    elements = sum_elements(seen.elements for seen in looks)
    return (number, length), elements.pbt, coverage_of(elements)
