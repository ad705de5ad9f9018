"""Doors of the statistics."""

from __future__ import annotations

from typing import Any

OWN = {
    "statistics", "statistics-adopt", "statistics-firms", "statistics-firm-import", "statistics-returns",
    "statistics-single-returns", "statistics-return-import", "target-new", "own-returns",
    "statistics-close", "own-return-import",
    "releases",
}  # fmt: skip
OPEN: set[str] = set()


def numbers(firm: Any) -> dict[str, object]:
    """Make a target of another office."""
    from chanye.domains.projects.models import Indicator, Target

    indicator = Indicator.objects.create(
        office_id=firm.id, code="x", name=f"SECRET {firm.viewer.name}", name_en="SECRET", unit="CNY", kind="flow"
    )
    target = Target.objects.create(
        office_id=firm.id, code="x", title=f"SECRET {firm.viewer.name}", indicator=indicator, measure="level",
        start="2026-01", end="2026-12", baseline=0, target=1, set_at=0, set_by_name="SECRET",
    )  # fmt: skip
    return {"target_id": target.pk}
