"""What is on machines right now, for boards: orders, stops without a reason, open calls. A few queries for all."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import Count, Max, Q

from chanye.domains.factory.models import StopPart, WorkSpan
from chanye.domains.factory.queries.andon import visible_calls
from chanye.domains.factory.queries.downtime import wanting
from chanye.domains.factory.reason_names import reason_label
from chanye.domains.factory.types.machines import TileWork
from chanye.parties.types import Viewer


def work_on(viewer: Viewer, asset_ids: Sequence[int], now: int) -> dict[int, TileWork]:
    """Return what is on each of some machines that the viewer may see."""
    ids = list(asset_ids)
    asking = wanting(viewer, ids, now)
    calls: dict[int, list[str]] = {}
    for call in visible_calls(viewer).filter(closed_at=None, place_id__in=ids).order_by("raised_at", "id"):
        calls.setdefault(call.place_id, []).append(reason_label(call.type))
    columns = (
        "place_id",
        "operation__order__number",
        "operation__order__revision__material__name",
        "operation__good",
        "operation__order__quantity",
    )
    spans = WorkSpan.objects.filter(place_id__in=ids, end=None).order_by("start", "id").values_list(*columns)
    on = {place: (order, product, good, planned) for place, order, product, good, planned in spans}
    return {
        number: TileWork(*on.get(number, ("", "", 0, 0)), asking.get(number, 0), tuple(calls.get(number, ())))
        for number in ids
    }


def stop_marks(viewer: Viewer, asset_ids: Sequence[int], start: int) -> dict[int, tuple[int, int]]:
    """Return a mark for each machine that changes when the reasons of its stops since ``start`` [us UTC] do."""
    rows = StopPart.objects.filter(asset_id__in=list(asset_ids)).filter(Q(end=None) | Q(end__gt=start))
    marks = rows.exclude(reason=None).order_by().values_list("asset_id").annotate(n=Count("id"), last=Max("id"))
    return {asset_id: (count, last) for asset_id, count, last in marks}
