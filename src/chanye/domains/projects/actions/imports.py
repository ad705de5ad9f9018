"""Import of many projects at once: a handful of statements however many there are."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from chanye.domains.projects.models import Payment, Project, StageRecord
from chanye.domains.projects.rules.pipeline import FIELDS, RECORDED, TAKEN, check_row
from chanye.kernel.errors import ConfigError
from chanye.kernel.time import now_us
from chanye.parties.audit import record
from chanye.parties.queries import firms
from chanye.parties.rules import require
from chanye.parties.types import Viewer

BATCH = 500


@transaction.atomic
def import_projects(*, actor: Viewer, organisation_id: int, rows: Sequence[Mapping[str, Any]], today: date) -> int:
    """Make or change projects by their unified code, all or none; return how many.

    A row may bring days of stages, which are recorded with the import as evidence, and ``paid_in`` as an opening
    balance of a project that has no payment yet.

    Raises
    ------
    ConfigError
        Naming the first row that cannot be.
    """
    require(actor, "edit_projects", organisation_id)
    owners = {word: one.id for one in firms(actor) for word in (one.code, one.name)}
    codes = [str(values.get("code")) for values in rows]
    if len(set(codes)) < len(codes):
        raise ConfigError(_("A unified code stands there twice."))
    held = {row.code: row for row in Project.objects.select_for_update().filter(organisation_id=organisation_id)}
    now, digest = now_us(), _digest(rows)
    made: list[Project] = []
    changed: list[Project] = []
    stages: list[StageRecord] = []
    for values in rows:
        check_row(values, today=today)
        row = held.get(str(values["code"]))
        (changed if row else made).append(row := row or Project(
            organisation_id=organisation_id, code=values["code"], created_at=now, first_total=values["planned_total"]
        ))  # fmt: skip
        _fill(row, values, owners, now)
        stages += _stages(row, values, digest, now, actor.name)
    payments = _open_balances(rows, {row.code: row for row in (*made, *changed)}, actor, digest, now, today)
    Project.objects.bulk_create(made, batch_size=BATCH)
    names = [*FIELDS, "first_total", "changed_at", *(f"{stage}_on" for stage in RECORDED), "signed_amount"]
    Project.objects.bulk_update(changed, [*names, "paid_in", "paid_in_on"], batch_size=BATCH)
    StageRecord.objects.bulk_create(stages, batch_size=BATCH)
    Payment.objects.bulk_create(payments, batch_size=BATCH)
    record(
        actor=actor, verb="import_projects", target=f"organisation:{organisation_id}",
        detail={"made": len(made), "changed": len(changed), "digest": digest}, organisation_id=organisation_id,
    )  # fmt: skip
    return len(rows)


def _digest(rows: Sequence[Mapping[str, Any]]) -> str:
    text = json.dumps([dict(one) for one in rows], default=str, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _fill(row: Project, values: Mapping[str, Any], owners: Mapping[str, int], now: int) -> None:
    for name in TAKEN:
        if values.get(name) is not None:
            setattr(row, name, values[name])
    owner = values.get("owner")
    if owner:
        row.owner_id = owners.get(owner)
        row.owner_name = "" if row.owner_id else owner[:200]
    row.first_total = row.first_total or row.planned_total
    row.changed_at = now


def _stages(row: Project, values: Mapping[str, Any], digest: str, now: int, who: str) -> list[StageRecord]:
    """Return records of the stages whose day or amount a row changes, and set them on the project."""
    found = []
    for stage in RECORDED:
        on, amount = values.get(f"{stage}_on"), values.get(f"{stage}_amount")
        amount = getattr(row, f"{stage}_amount") if amount is None else amount
        same = on == getattr(row, f"{stage}_on") and amount == getattr(row, f"{stage}_amount")
        if on is None or same:
            continue
        setattr(row, f"{stage}_on", on)
        setattr(row, f"{stage}_amount", amount)
        found.append(
            StageRecord(
                project=row, stage=stage, on=on, amount=amount, evidence=f"import {digest[:12]}", recorded_at=now,
                recorded_by=who[:150],
            )
        )  # fmt: skip
    return found


def _open_balances(
    rows: Sequence[Mapping[str, Any]], held: Mapping[str, Project], actor: Viewer, digest: str, now: int, today: date
) -> list[Payment]:
    """Return what was paid in before as one payment of each project that has none, and set it on the project."""
    office = next(iter(held.values())).organisation_id if held else 0
    booked = set(Payment.objects.filter(project__organisation_id=office).values_list("project_id", flat=True))
    payments = []
    for values in rows:
        row, amount = held[str(values["code"])], values.get("paid_in") or 0
        if not amount or row.pk in booked:
            continue
        on = values.get("signed_on") or today
        row.paid_in, row.paid_in_on = amount, on
        payments.append(
            Payment(
                project=row, key="opening", kind="in", on=on, amount=amount, evidence=f"import {digest[:12]}",
                recorded_at=now, recorded_by=actor.name[:150],
            )
        )  # fmt: skip
    return payments
