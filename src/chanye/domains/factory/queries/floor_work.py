"""What is on machines right now, for boards: orders, stops without a reason, open calls. A few queries for all."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import Count, Max, Q

from chanye.domains.factory.models import AndonCall, StopPart, WorkSpan
from chanye.domains.factory.queries.downtime import wanting
from chanye.domains.factory.reason_names import reason_label
from chanye.domains.factory.types.machines import TileWork
from chanye.parties.prepared import Prepared
from chanye.parties.types import Viewer

_calling = Prepared(
    lambda places: (
        AndonCall.objects.filter(place_id__in=places, closed_at=None)
        .select_related("type")
        .order_by("raised_at", "id")
    )
)
_at_work = Prepared(
    lambda places: (
        WorkSpan.objects.filter(place_id__in=places, end=None)
        .order_by("start", "id")
        .values_list(
            "place_id",
            "operation__order__number",
            "operation__order__revision__material__name",
            "operation__good",
            "operation__order__quantity",
        )
    )
)
_named = Prepared(
    lambda assets, start: (
        StopPart.objects.filter(Q(end=None) | Q(end__gt=start), asset_id__in=assets)
        .exclude(reason=None)
        .order_by()
        .values_list("asset_id")
        .annotate(n=Count("id"), last=Max("id"))
    )
)


def work_on(viewer: Viewer, asset_ids: Sequence[int], now: int) -> dict[int, TileWork]:
    """Return what is on each of some machines that the viewer may see."""
    ids = list(asset_ids)
    asking = wanting(viewer, ids, now)
    calls: dict[int, list[str]] = {}
    for call in _calling(places=ids):
        if viewer.system or call.organisation_id == viewer.organisation_id:
            calls.setdefault(call.place_id, []).append(reason_label(call.type))
    on = {place: (order, product, good, planned) for place, order, product, good, planned in _at_work(places=ids)}
    return {
        number: TileWork(*on.get(number, ("", "", 0, 0)), asking.get(number, 0), tuple(calls.get(number, ())))
        for number in ids
    }


def stop_marks(viewer: Viewer, asset_ids: Sequence[int], start: int) -> dict[int, tuple[int, int]]:
    """Return a mark for each machine that changes when the reasons of its stops since ``start`` [us UTC] do."""
    return {asset_id: (count, last) for asset_id, count, last in _named(assets=list(asset_ids), start=start)}
