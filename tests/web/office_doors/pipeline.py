"""Doors of the pipeline and the ranking."""

from __future__ import annotations

from typing import Any

from chanye.domains.projects.models import Formula, Project, Ranking
from chanye.domains.projects.rules.bundle import results_text
from chanye.domains.projects.rules.ranking import STANDARD, body_of

OWN = {"projects", "project-oc4ids"}
OPEN: set[str] = set()


def numbers(firm: Any) -> dict[str, int]:
    """Make a project that the firm owns, and a ranking of its organisation."""
    project = Project.objects.create(
        organisation_id=firm.id, owner_id=firm.id, code="SECRET", name=f"SECRET {firm.viewer.name}", created_at=1,
        changed_at=1,
    )  # fmt: skip
    formula = Formula.objects.create(organisation_id=firm.id, version=1, body=body_of(STANDARD), digest="", made_at=1)
    ranking = Ranking.objects.create(
        organisation_id=firm.id, formula=formula, number=1, period="2026", as_of="2026-01-01", inputs="{}",
        results=results_text([]), previous="0" * 64, note=f"SECRET {firm.viewer.name}", published_at=1,
    )  # fmt: skip
    return {"project_id": project.pk, "ranking_id": ranking.pk}
