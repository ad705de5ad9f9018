"""What is in stock, by material."""

from __future__ import annotations

from collections.abc import Collection

from django.db.models import F, Q, Sum, Window
from django.db.models.functions import RowNumber

from chanye.parties.prepared import Prepared
from chanye.parties.types import Viewer
from chanye.trace.models import Item, Material, Run
from chanye.trace.rules import ACTIVE, CONTAINER, LOT

_known = Prepared(
    lambda organisation, codes: Material.objects.filter(organisation_id=organisation, code__in=codes).values_list(
        "code"
    )
)
_left = Prepared(
    lambda organisation, codes: (
        Run.objects.filter(
            Q(holder="") & Q(blocked="") & Q(status=ACTIVE),
            material__organisation_id=organisation,
            material__code__in=codes,
        )
        .exclude(kind=CONTAINER)
        .values_list("material__code")
        .annotate(left=Sum(F("count") * F("left")))
    )
)
_newest = Prepared(
    lambda organisation, codes, most: (
        Run.objects.filter(
            organisation_id=organisation,
            material__organisation_id=organisation,
            material__code__in=codes,
            status=ACTIVE,
            holder="",
            blocked="",
            left__gt=0,
        )
        .exclude(kind=CONTAINER)
        .annotate(turn=Window(RowNumber(), partition_by=F("material"), order_by=F("first").desc()))
        .filter(turn__lte=most)
        .order_by("-first")
        .values_list("first", "count", "material__code", "left")
    )
)


def stock_by_material(viewer: Viewer, organisation_id: int, codes: Collection[str]) -> dict[str, float]:
    """Return what is left of materials, in their units: here and not blocked. Materials never traced are left out.

    A material that was traced once and is used up is there with 0.
    """
    if not (viewer.system or viewer.organisation_id == organisation_id):
        return {}
    wanted = sorted(codes)
    found = {code: 0.0 for (code,) in _known(organisation=organisation_id, codes=wanted)}
    found.update({code: left / 1e6 for code, left in _left(organisation=organisation_id, codes=wanted)})
    return found


def newest_lots(
    viewer: Viewer, organisation_id: int, codes: Collection[str], *, most: int
) -> dict[str, list[tuple[str, float]]]:
    """Return by code of the material the lots and pieces that are here and not blocked: number and what is left.

    The newest first, at most ``most`` of each material.
    """
    if not codes or not (viewer.system or viewer.organisation_id == organisation_id):
        return {}
    rows = _newest(organisation=organisation_id, codes=sorted(codes), most=most)
    found: dict[str, list[tuple[int, float]]] = {}
    for first, count, code, left in rows:
        own = found.setdefault(code, [])
        newest = range(first + count - 1, first - 1, -1)
        own.extend((number, left / 1e6) for number in newest[: most - len(own)])
    numbers = [number for own in found.values() for number, _left in own]
    names = dict(Item.objects.filter(id__in=numbers).values_list("id", "code"))
    return {code: [(names[n], left) for n, left in own if n in names] for code, own in found.items()}


def lots(viewer: Viewer, organisation_id: int, *, limit: int = 10_000) -> list[tuple[str, str, float, str]]:
    """Return the lots that are here: number, code of the material, what is left, its unit; newest first."""
    if not (viewer.system or viewer.organisation_id == organisation_id):
        return []
    runs = Run.objects.filter(organisation_id=organisation_id, kind=LOT, status=ACTIVE, left__gt=0)
    found = list(
        runs.order_by("-first").values_list("first", "count", "material__code", "left", "material__unit")[:limit]
    )
    names = dict(Item.objects.filter(id__in=[row[0] for row in found]).values_list("id", "code"))
    return [(names[row[0]], row[2], row[3] / 1e6, row[4]) for row in found if row[0] in names]
