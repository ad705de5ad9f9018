"""Reads of inspections: what is due, one with its values, what the tablet needs."""

from __future__ import annotations

from typing import Any

from django.db.models import BooleanField, Case, F, Q, QuerySet, When
from django.utils.translation import gettext as _

from chanye.domains.factory import gates
from chanye.domains.factory.models import Inspection, Measurement, Nonconformance, Tool
from chanye.domains.factory.quality_lots import by_rule
from chanye.domains.factory.rules.quality import PATIENCE, is_late, require_gauge, scale_place
from chanye.domains.factory.types.quality import (
    Asked,
    AskedValues,
    GaugeRow,
    InspectionRecord,
    InspectionRow,
    Value,
)
from chanye.kernel.errors import ConfigError, DeniedError
from chanye.kernel.time import now_us
from chanye.parties import queries as parties
from chanye.parties.types import Viewer
from chanye.sheets import Rows, View
from chanye.spine import queries as spine
from chanye.trace import queries as trace

#: Column of the list -> annotation or path of the database.
FIELDS = {
    "plan": "plan__code",
    "order": "operation__order__number",
    "material": "material__code",
    "place": "place__name",
    "operation": "operation__number",
    "judged_by": "judged_by__name",
}


def _rows(viewer: Viewer) -> QuerySet[Inspection]:
    rows = Inspection.objects.select_related("plan", "material", "operation__order", "place", "judged_by")
    return rows if viewer.system else rows.filter(organisation_id=viewer.organisation_id or 0)


def _late(now: int) -> Case:
    whens = [When(Q(kind=kind, state="open", due_at__lt=now - wait), then=True) for kind, wait in PATIENCE.items()]
    return Case(*whens, default=False, output_field=BooleanField())


def _row(row: Inspection) -> InspectionRow:
    operation = row.operation
    return InspectionRow(
        id=row.pk,
        organisation_id=row.organisation_id,
        plan_id=row.plan_id,
        plan=row.plan.code,
        kind=row.kind,
        material=row.material.code,
        material_name=row.material.name,
        unit=row.material.unit,
        order_id=operation.order_id if operation else None,
        order=operation.order.number if operation else "",
        operation_id=row.operation_id,
        operation=f"{operation.number} {operation.name}" if operation else "",
        place_id=row.place_id,
        place=row.place.name if row.place else "",
        lot=row.lot,
        supplier=row.supplier,
        quantity=row.quantity,
        accepted=row.accepted,
        rejected=row.rejected,
        state=row.state,
        gate=row.gate,
        late=is_late(row.kind, row.state, row.due_at, now_us()),
        due_at=row.due_at,
        judged_at=row.judged_at,
        judged_by=row.judged_by.name if row.judged_by else "",
        note=row.note,
    )


def inspection_table(viewer: Viewer, view: View) -> Rows:
    """Return the inspections that a view asks for."""
    return view.apply(_rows(viewer).annotate(late=_late(now_us())), fields=FIELDS, make=_row)


def due(viewer: Viewer, *, place_id: int | None = None, limit: int = 200) -> list[InspectionRow]:
    """Return the inspections that are due, those due first in front; of one machine if asked."""
    rows = _rows(viewer).filter(state="open").order_by("due_at", "id")
    return [_row(row) for row in (rows.filter(place_id=place_id) if place_id else rows)[:limit]]


def inspection(viewer: Viewer, inspection_id: int) -> InspectionRow:
    """Return one inspection.

    Raises
    ------
    DeniedError
        If there is none that the viewer may see.
    """
    return _row(_one(viewer, inspection_id))


def _one(viewer: Viewer, inspection_id: int) -> Inspection:
    row = _rows(viewer).filter(id=inspection_id).first()
    if row is None:
        raise DeniedError(_("There is no such inspection, or it belongs to another organisation."))
    return row


def inspection_record(viewer: Viewer, inspection_id: int) -> InspectionRecord:
    """Return one inspection with all its values, and what it did to its lot and its operation.

    Raises
    ------
    DeniedError
        If there is none that the viewer may see.
    """
    row = _one(viewer, inspection_id)
    given = list(
        Measurement.objects.filter(inspection=row)
        .select_related("characteristic", "gauge", "person")
        .order_by("sample", "id")
    )
    pictures = spine.files_by_id(viewer, {one.file for one in given if one.file})
    values = []
    for asked in gates.read_asked(row.asked):
        mine = [one for one in given if one.characteristic.code == asked.code]
        newest = {one.sample: one.pk for one in mine}
        shown = tuple(_value(one, asked, pictures, replaced=newest[one.sample] != one.pk) for one in mine)
        values.append(AskedValues(asked, shown, asked.samples - len(newest)))
    items = {one.id: one for one in trace.items(by_rule(viewer), [n for n in (row.item, row.rejected_item) if n])}
    item = items.get(row.item or 0)
    rejected = items.get(row.rejected_item or 0)
    cases = Nonconformance.objects.filter(inspection=row).order_by("id")
    deeds = parties.history_of(viewer, row.organisation_id, f"inspection:{row.pk}")
    return InspectionRecord(
        row=_row(row),
        values=tuple(values),
        held=row.operation.hold_reason if row.operation and row.operation.state == "held" else "",
        item=row.item,
        blocked=item.blocked if item else "",
        rejected_item=row.rejected_item,
        rejected_lot=rejected.code if rejected else "",
        cases=tuple(cases.values_list("id", "number")),
        deeds=tuple((one.at, one.verb, one.actor) for one in deeds),
    )


def _value(row: Measurement, asked: Asked, pictures: Any, *, replaced: bool) -> Value:
    picture = pictures.get(row.file or 0)
    return Value(
        sample=row.sample,
        value=row.value,
        choice=row.choice,
        good=row.good,
        serial=row.serial,
        gauge=row.gauge.code if row.gauge else "",
        picture=(picture.id, picture.name) if picture else None,
        person=row.person.name if row.person else "",
        event_at=row.event_at,
        received_at=row.received_at,
        place=scale_place(row.value, asked.lower, asked.upper) if row.value is not None else 0.5,
        replaced=replaced,
    )


def given_values(viewer: Viewer, inspection_id: int) -> dict[str, dict[str, float | str]]:
    """Return the values that count so far: characteristic -> sample -> value or chosen word."""
    found: dict[str, dict[str, float | str]] = {}
    for (code, sample), one in gates.given_of(_one(viewer, inspection_id)).items():
        found.setdefault(code, {})[str(sample)] = one.choice if one.value is None else one.value
    return found


def asked_values(viewer: Viewer, inspection_id: int) -> list[Asked]:
    """Return what an inspection asks for."""
    return gates.read_asked(_one(viewer, inspection_id).asked)


def usable_gauges(viewer: Viewer, organisation_id: int) -> list[GaugeRow]:
    """Return the gauges of an organisation, each with whether it may be used now."""
    rows = Tool.objects.filter(organisation_id=organisation_id, kind="gauge").order_by("code")
    mine = viewer.system or viewer.organisation_id == organisation_id
    return [GaugeRow(row.code, row.name, row.calibrated_until, _fit(row)) for row in rows] if mine else []


def _fit(row: Tool) -> bool:
    try:
        require_gauge(row.code, row.kind, row.state, row.calibrated_until, now_us())
    except ConfigError:
        return False
    return True


def counts(viewer: Viewer) -> dict[str, int]:
    """Return how many inspections are due, late, and rejected but not decided."""
    rows = _rows(viewer)
    waiting = rows.filter(state="rejected", accepted=None).exclude(quantity=None)
    return {
        "due": rows.filter(state="open").count(),
        "late": rows.annotate(late=_late(now_us())).filter(late=True).count(),
        "undecided": waiting.count(),
    }


def newest_of(viewer: Viewer, plan_id: int, operation_id: int | None) -> int | None:
    """Return the newest inspection by a plan on an operation: only that one is measured again."""
    rows = _rows(viewer).filter(plan_id=plan_id).order_by(F("id").desc())
    rows = rows.filter(operation=None) if operation_id is None else rows.filter(operation_id=operation_id)
    return rows.values_list("id", flat=True).first()
