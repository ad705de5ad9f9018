"""What is in stock, by material."""

from __future__ import annotations

from collections.abc import Collection

from django.db.models import F, Q, Sum

from chanye.parties.types import Viewer
from chanye.trace.models import Material, Run
from chanye.trace.rules import ACTIVE, CONTAINER


def stock_by_material(viewer: Viewer, organisation_id: int, codes: Collection[str]) -> dict[str, float]:
    """Return what is left of materials, in their units: here and not blocked. Materials never traced are left out.

    A material that was traced once and is used up is there with 0.
    """
    if not (viewer.system or viewer.organisation_id == organisation_id):
        return {}
    known = Material.objects.filter(organisation_id=organisation_id, code__in=list(codes))
    found = dict.fromkeys(known.values_list("code", flat=True), 0.0)
    runs = Run.objects.filter(Q(holder="") & Q(blocked="") & Q(status=ACTIVE), material__in=known)
    sums = runs.exclude(kind=CONTAINER).values("material__code").annotate(left=Sum(F("count") * F("left")))
    found.update({row["material__code"]: row["left"] / 1e6 for row in sums})
    return found
