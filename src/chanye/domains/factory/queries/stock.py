"""What is in stock of a material, as far as anybody keeps it."""

from __future__ import annotations

from collections.abc import Collection

from chanye.parties.types import Viewer
from chanye.trace.queries.stock import stock_by_material


def stock_of(viewer: Viewer, organisation_id: int, codes: Collection[str]) -> dict[str, float]:
    """Return what is in stock by code of the material, in its unit; what nobody keeps is left out.

    Lots and serials that are here and not blocked count.
    """
    return stock_by_material(viewer, organisation_id, codes) if codes else {}
