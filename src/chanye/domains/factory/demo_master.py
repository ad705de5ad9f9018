"""Master data of a demo plant: materials, products with routings and rework loops, reasons and skills."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction

from chanye.domains.factory.models import (
    BillLine,
    Material,
    PersonSkill,
    Reason,
    Revision,
    Routing,
    RoutingStep,
    Skill,
)
from chanye.kernel.time import now_us
from chanye.parties.audit import record
from chanye.parties.rules import require
from chanye.parties.types import Viewer


@dataclass(frozen=True, slots=True)
class StepSeed:
    """A step at an asset, or at its ``alternatives``; ``bench`` mends what fails. Times in s."""

    number: int
    name: str
    place: int
    alternatives: tuple[int, ...]
    run_time: float
    setup_time: float
    family: str
    scrap_share: float
    skill: str
    bench: int


@dataclass(frozen=True, slots=True)
class ProductSeed:
    """A product made of one piece of ``material``; ``cost`` of a piece [fen]."""

    code: str
    name: str
    cost: int
    material: str
    steps: tuple[StepSeed, ...]


@dataclass(frozen=True, slots=True)
class ReasonSeed:
    """A reason; ``parent`` is the code of one that was given before, ``element`` what a stop counts as."""

    tree: str
    code: str
    name: str
    name_en: str = ""
    parent: str = ""
    element: str = ""


@transaction.atomic
def seed_master(
    *,
    actor: Viewer,
    organisation_id: int,
    materials: Sequence[tuple[str, str, int]],
    products: Sequence[ProductSeed],
    reasons: Sequence[ReasonSeed],
    skills: Sequence[tuple[str, str, Sequence[int]]],
) -> int:
    """Make what is missing; return the number of products made. Calling it again changes nothing.

    Parameters
    ----------
    materials
        Code, name and cost [fen] of what is bought.
    skills
        Code, name and the people (numbers) who have it.

    Raises
    ------
    DeniedError
        If the actor may not edit master data there.
    """
    require(actor, "edit_master", organisation_id)
    _seed_reasons(organisation_id, reasons)
    known_skills = _seed_skills(organisation_id, skills)
    for code, name, cost in materials:
        Material.objects.get_or_create(
            organisation_id=organisation_id,
            code=code,
            defaults={"name": name, "kind": "raw", "unit": "{part}", "tracking": "lot", "cost": cost},
        )
    raw = {row.code: row for row in Material.objects.filter(organisation_id=organisation_id, kind="raw")}
    made = 0
    for product in products:
        row, fresh = Material.objects.get_or_create(
            organisation_id=organisation_id,
            code=product.code,
            defaults={"name": product.name, "kind": "product", "cost": product.cost},
        )
        if fresh:
            _seed_routing(row, product, raw[product.material], known_skills)
            made += 1
    if made:
        record(
            actor=actor,
            verb="seed_master",
            target=f"organisation:{organisation_id}",
            detail={"products": made, "reasons": len(reasons)},
            organisation_id=organisation_id,
        )
    return made


def _seed_reasons(organisation_id: int, reasons: Sequence[ReasonSeed]) -> None:
    rows: dict[tuple[str, str], Reason] = {}
    for position, one in enumerate(reasons):
        parent = rows.get((one.tree, one.parent)) if one.parent else None
        rows[one.tree, one.code], _made = Reason.objects.get_or_create(
            organisation_id=organisation_id,
            tree=one.tree,
            code=one.code,
            defaults={
                "name": one.name,
                "name_en": one.name_en,
                "parent": parent,
                "element": one.element,
                "position": position,
            },
        )


def _seed_skills(organisation_id: int, skills: Sequence[tuple[str, str, Sequence[int]]]) -> dict[str, Skill]:
    found: dict[str, Skill] = {}
    for code, name, people in skills:
        found[code], _made = Skill.objects.get_or_create(
            organisation_id=organisation_id, code=code, defaults={"name": name}
        )
        for person in people:
            PersonSkill.objects.get_or_create(person_id=person, skill=found[code], defaults={"level": 3})
    return found


def _seed_routing(row: Material, product: ProductSeed, material: Material, skills: dict[str, Skill]) -> None:
    revision = Revision.objects.create(material=row, code="A", state="released", released_at=now_us())
    BillLine.objects.create(revision=revision, component=material, quantity=1.0)
    routing = Routing.objects.create(revision=revision, code="main", default=True)
    steps: list[RoutingStep] = []
    for step in product.steps:
        times = {"run_time": step.run_time, "setup_time": step.setup_time}
        steps.append(
            RoutingStep(
                routing=routing,
                number=step.number,
                name=step.name,
                work_centre_id=step.place,
                setup_family=step.family,
                scrap_share=step.scrap_share,
                skill=skills.get(step.skill),
                on_fail=step.number + 5,
                alternatives=[{"work_centre": place, **times} for place in step.alternatives],
                **times,
            )
        )
        steps.append(
            RoutingStep(
                routing=routing,
                number=step.number + 5,
                name=f"{step.name}返修",
                kind="rework",
                work_centre_id=step.bench,
                run_time=step.run_time,
                returns_to=step.number,
            )
        )
    RoutingStep.objects.bulk_create(steps)
