"""Writes of the pipeline: projects, stages, payments. A pledge is never booked as investment."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from typing import Any

from django.db import transaction
from django.db.models import Min, Sum
from django.utils.translation import gettext as _

from chanye.domains.projects.models import Payment, Project, ProjectYear, StageRecord
from chanye.domains.projects.project_rows import held
from chanye.domains.projects.rules.pipeline import FIELDS, MOST, check_project, check_stage
from chanye.domains.projects.types.pipeline import ProjectDraft
from chanye.kernel.errors import ConfigError
from chanye.kernel.time import now_us
from chanye.parties.audit import record
from chanye.parties.queries import firms
from chanye.parties.rules import require
from chanye.parties.types import Viewer
from chanye.spine import queries as spine


@transaction.atomic
def save_project(*, actor: Viewer, organisation_id: int, draft: ProjectDraft) -> int:
    """Make a project of an office, or change the one with this code; return its number.

    What was planned first is kept, so that growth of cost can be told. A project that is ``part_of`` another is
    counted with it and never twice.

    Raises
    ------
    ConfigError
        Naming the value that cannot be.
    DeniedError
        If the actor may not edit projects of the office.
    """
    require(actor, "edit_projects", organisation_id)
    check_project(draft)
    if draft.owner_id is not None and draft.owner_id not in {one.id for one in firms(actor)}:
        raise ConfigError(_("There is no such firm; choose one of the list, or type the owner's name."))
    row = Project.objects.select_for_update().filter(organisation_id=organisation_id, code=draft.code).first()
    now, made = now_us(), row is None
    if row is None:
        row = Project(
            organisation_id=organisation_id, code=draft.code, created_at=now, first_total=draft.planned_total
        )
    before = {name: getattr(row, name) for name in FIELDS}
    for name in FIELDS:
        setattr(row, name, getattr(draft, name))
    row.name = draft.name.strip()
    row.first_total = row.first_total or draft.planned_total
    row.part_of = _whole(organisation_id, row, draft.part_of)
    row.changed_at = now
    row.save()
    _save_years(row, draft)
    changed = {name: getattr(row, name) for name in FIELDS if made or before[name] != getattr(row, name)}
    record(
        actor=actor, verb="create_project" if made else "change_project", target=f"project:{row.pk}",
        detail={"code": row.code, "part_of": draft.part_of, **changed}, organisation_id=organisation_id,
    )  # fmt: skip
    return int(row.pk)


def _whole(organisation_id: int, row: Project, code: str) -> Project | None:
    if not code:
        return None
    whole = Project.objects.filter(organisation_id=organisation_id, code=code).first()
    if whole is None:
        raise ConfigError(_("There is no project with the code %(code)s to be a part of.") % {"code": code[:64]})
    if whole.pk == row.pk or whole.part_of_id is not None or (row.pk and row.parts.exists()):
        raise ConfigError(_("A part belongs to a whole project: neither to itself nor to a part."))
    return whole


def _save_years(row: Project, draft: ProjectDraft) -> None:
    row.years.all().delete()
    ProjectYear.objects.bulk_create(
        ProjectYear(project=row, year=year, amount=amount) for year, amount in sorted(draft.years.items()) if amount
    )


@transaction.atomic
def record_stage(
    *,
    actor: Viewer,
    project_id: int,
    stage: str,
    on: date | None,
    amount: int = 0,
    evidence: str,
    file_id: int | None = None,
    today: date,
) -> int:
    """Record when a project reached a stage and what shows it; without a day, take the stage back.

    Records are added; the newest one holds. Returns the record's number.

    Raises
    ------
    ConfigError
        Without evidence, in the future, or for capital paid in, which is booked by ``record_payment``.
    """
    row = held(actor, project_id, "edit_projects")
    check_stage(stage, on, amount, evidence, today=today)
    _check_file(actor, file_id)
    amount = 0 if on is None else amount
    made = StageRecord.objects.create(
        project=row, stage=stage, on=on, amount=amount, evidence=evidence.strip()[:300], file_id=file_id,
        recorded_at=now_us(), recorded_by=actor.name[:150],
    )  # fmt: skip
    setattr(row, f"{stage}_on", on)
    setattr(row, f"{stage}_amount", amount)
    row.changed_at = made.recorded_at
    row.save()
    record(
        actor=actor, verb="record_stage", target=f"project:{row.pk}",
        detail={"stage": stage, "on": on, "amount": amount, "evidence": made.evidence, "file": file_id},
        organisation_id=row.organisation_id,
    )  # fmt: skip
    return int(made.pk)


def _check_file(actor: Viewer, file_id: int | None) -> None:
    if file_id is not None:
        spine.file(actor, file_id)


@transaction.atomic
def record_payment(
    *,
    actor: Viewer,
    project_id: int,
    key: str,
    kind: str,
    on: date,
    amount: int,
    evidence: str,
    file_id: int | None = None,
    today: date,
) -> int:
    """Book capital paid in (``in``) or money paid out (``out``) [fen]; the same key and content book once.

    Raises
    ------
    ConfigError
        If it cannot be, or the key was used with other content.
    """
    row = held(actor, project_id, "edit_projects")
    if kind not in ("in", "out") or not 0 < abs(amount) <= MOST or not key or len(key) > 64:
        raise ConfigError(_("A payment is in or out, has an amount that is not zero, and a key."))
    if not date(1990, 1, 1) <= on <= today or not evidence.strip():
        raise ConfigError(_("Say on which day it was paid, and what shows it: the bank's slip or the report."))
    _check_file(actor, file_id)
    content = {"kind": kind, "on": on, "amount": amount, "evidence": evidence.strip()[:300], "file_id": file_id}
    old = row.payments.filter(key=key).first()
    if old is not None:
        if any(getattr(old, name) != value for name, value in content.items()):
            raise ConfigError(_("This key was used for another payment; nothing was booked."))
        return int(old.pk)
    made = Payment.objects.create(
        project=row, key=key, recorded_at=now_us(), recorded_by=actor.name[:150], **content
    )  # fmt: skip
    _add_up(row)
    if min(row.paid_in, row.paid_out) < 0:
        raise ConfigError(_("More would be taken back than was paid."))
    row.changed_at = made.recorded_at
    row.save()
    record(
        actor=actor, verb="record_payment", target=f"project:{row.pk}", detail={"payment": made.pk, **content},
        organisation_id=row.organisation_id,
    )  # fmt: skip
    return int(made.pk)


def _add_up(row: Project) -> None:
    """Set what the payments of a project add up to."""
    sums = dict(row.payments.values_list("kind").annotate(sum=Sum("amount")))
    row.paid_in, row.paid_out = sums.get("in", 0), sums.get("out", 0)
    first = row.payments.filter(kind="in", amount__gt=0).aggregate(first=Min("on"))["first"]
    row.paid_in_on = first if row.paid_in > 0 else None


def _draft_of(row: Project) -> dict[str, Any]:
    """Return the values of a draft that would leave a project as it is."""
    plain = {name: getattr(row, name) for name in FIELDS}
    plain |= {"code": row.code, "part_of": row.part_of.code if row.part_of else ""}
    return plain | {"years": dict(row.years.values_list("year", "amount"))}


@transaction.atomic
def change_project(*, actor: Viewer, project_id: int, **changes: Any) -> int:
    """Change some values of a project, e.g. its status; see ``ProjectDraft`` for their names."""
    row = held(actor, project_id, "edit_projects")
    unknown = set(changes) - set(asdict(ProjectDraft("", "")))
    if unknown or changes.get("code", row.code) != row.code:
        raise ConfigError(_("A project keeps its unified code; change only what a project has."))
    return save_project(
        actor=actor, organisation_id=row.organisation_id, draft=ProjectDraft(**{**_draft_of(row), **changes})
    )
