"""Reads of characteristics, inspection plans and hold rules."""

from __future__ import annotations

from collections.abc import Mapping

from django.db.models import Count, F, IntegerField, OuterRef, QuerySet, Subquery
from django.db.models.functions import Cast, Coalesce
from django.utils.translation import gettext as _

from chanye.domains.factory import gates
from chanye.domains.factory.models import Characteristic, HoldRule, Material, Plan, PlanLine, Tool
from chanye.domains.factory.types.quality import (
    CharacteristicRow,
    HoldRuleRow,
    LineDraft,
    PlanLineRow,
    PlanRecord,
    PlanRow,
)
from chanye.kernel.errors import DeniedError
from chanye.kernel.time import MINUTE
from chanye.parties.types import Viewer
from chanye.sheets import Rows, View


def _characteristics(viewer: Viewer) -> QuerySet[Characteristic]:
    asked = PlanLine.objects.filter(characteristic=OuterRef("pk")).values("characteristic").annotate(n=Count("id"))
    rows = Characteristic.objects.select_related("gauge").annotate(used=Coalesce(Subquery(asked.values("n")), 0))
    return rows if viewer.system else rows.filter(organisation_id=viewer.organisation_id or 0)


def _characteristic(row: Characteristic) -> CharacteristicRow:
    return CharacteristicRow(
        id=row.pk,
        code=row.code,
        name=row.name,
        kind=row.kind,
        unit=row.unit,
        digits=row.digits,
        nominal=row.nominal,
        lower=row.lower,
        upper=row.upper,
        gauge=row.gauge.code if row.gauge else "",
        method=row.method,
        critical=row.critical,
        choices=tuple((one["code"], one["name"], bool(one["good"])) for one in row.choices),
        used=getattr(row, "used", 0),
    )


def characteristic_table(viewer: Viewer, view: View) -> Rows:
    """Return the characteristics that a view asks for."""
    return view.apply(_characteristics(viewer), make=_characteristic)


def characteristics(viewer: Viewer) -> list[CharacteristicRow]:
    """Return all characteristics, by code."""
    return [_characteristic(row) for row in _characteristics(viewer).order_by("code")]


def characteristic(viewer: Viewer, characteristic_id: int) -> CharacteristicRow:
    """Return one characteristic.

    Raises
    ------
    DeniedError
        If there is none that the viewer may see.
    """
    row = _characteristics(viewer).filter(id=characteristic_id).first()
    if row is None:
        raise DeniedError(_("There is no such characteristic, or it belongs to another organisation."))
    return _characteristic(row)


def _plans(viewer: Viewer) -> QuerySet[Plan]:
    rows = Plan.objects.select_related("material").annotate(
        asks=Count("lines"), samples=Cast("sampling__samples", IntegerField())
    )
    return rows if viewer.system else rows.filter(organisation_id=viewer.organisation_id or 0)


def _plan(row: Plan) -> PlanRow:
    return PlanRow(
        id=row.pk,
        code=row.code,
        version=row.version,
        name=row.name,
        kind=row.kind,
        material=row.material.code if row.material else "",
        material_name=row.material.name if row.material else "",
        step=row.step,
        every=row.every,
        samples=int(row.sampling.get("samples", 1)),
        gate=row.gate,
        state=row.state,
        asks=getattr(row, "asks", 0),
    )


def plan_table(viewer: Viewer, view: View) -> Rows:
    """Return the plans that a view asks for; each version is a row."""
    return view.apply(_plans(viewer).order_by("code", "-version"), make=_plan)


def plan_record(viewer: Viewer, plan_id: int) -> PlanRecord:
    """Return one plan with its lines and versions.

    Raises
    ------
    DeniedError
        If there is none that the viewer may see.
    """
    row = _plans(viewer).filter(id=plan_id).first()
    if row is None:
        raise DeniedError(_("There is no such inspection plan, or it belongs to another organisation."))
    lines = tuple(
        LineDraft(line.characteristic.code, line.lower, line.upper, line.samples)
        for line in row.lines.select_related("characteristic")
    )
    versions = Plan.objects.filter(organisation_id=row.organisation_id, code=row.code).order_by("-version")
    return PlanRecord(
        row=_plan(row),
        lines=lines,
        asked=tuple(gates.read_asked(gates.asked_of(row))),
        versions=tuple(versions.values_list("id", "version", "state")),
        released_at=row.released_at,
    )


def released_plans(viewer: Viewer, *, kind: str = "", material: str = "") -> list[PlanRow]:
    """Return the plans that are inspected by now: of a kind, for a material."""
    rows = _plans(viewer).filter(state="released")
    rows = rows.filter(kind=kind) if kind else rows
    return [_plan(row) for row in (rows.filter(material__code=material) if material else rows).order_by("code")]


def plan_lines(viewer: Viewer) -> list[PlanLineRow]:
    """Return the lines of the newest version of every plan, as a file holds them."""
    rows = PlanLine.objects.select_related("plan__material", "characteristic").order_by("plan__code", "position")
    if not viewer.system:
        rows = rows.filter(plan__organisation_id=viewer.organisation_id or 0)
    newest: dict[str, int] = {}
    for line in rows:
        newest[line.plan.code] = max(newest.get(line.plan.code, 0), line.plan.version)
    found = []
    for line in rows:
        plan = line.plan
        if plan.version != newest[plan.code]:
            continue
        found.append(
            PlanLineRow(
                plan=plan.code,
                name=plan.name,
                kind=plan.kind,
                material=plan.material.code if plan.material else "",
                step=plan.step,
                pieces=plan.every if plan.kind == "count" else None,
                minutes=plan.every // MINUTE if plan.kind == "time" and plan.every else None,
                samples=int(line.samples or plan.sampling.get("samples", 1)),
                gate=plan.gate,
                characteristic=line.characteristic.code,
                lower=line.lower,
                upper=line.upper,
            )
        )
    return found


def hold_rules(viewer: Viewer) -> list[HoldRuleRow]:
    """Return the rules by which operations are held."""
    rows = HoldRule.objects.select_related("material", "work_centre").order_by(
        "kind", F("material__code").asc(nulls_first=True), "id"
    )
    if not viewer.system:
        rows = rows.filter(organisation_id=viewer.organisation_id or 0)
    return [
        HoldRuleRow(
            row.pk,
            row.kind,
            row.material.code if row.material else "",
            row.work_centre_id,
            row.work_centre.name if row.work_centre else "",
            row.window,
            row.least,
            row.limit,
            row.active,
        )
        for row in rows
    ]


def gauges(viewer: Viewer) -> list[tuple[str, str, str, int | None]]:
    """Return the gauges as (code, name, state, calibrated until [us UTC])."""
    rows = Tool.objects.filter(kind="gauge").order_by("code")
    rows = rows if viewer.system else rows.filter(organisation_id=viewer.organisation_id or 0)
    return list(rows.values_list("code", "name", "state", "calibrated_until"))


def materials(viewer: Viewer, *kinds: str) -> Mapping[str, str]:
    """Return the names of active materials by code: of some kinds, or all."""
    rows = Material.objects.filter(active=True).order_by("code")
    rows = rows if viewer.system else rows.filter(organisation_id=viewer.organisation_id or 0)
    return dict((rows.filter(kind__in=kinds) if kinds else rows).values_list("code", "name"))


def tracked_materials(viewer: Viewer) -> list[tuple[str, str, str]]:
    """Return the materials that are followed by lot, as (code, name, unit)."""
    rows = Material.objects.filter(active=True, tracking="lot").order_by("code")
    rows = rows if viewer.system else rows.filter(organisation_id=viewer.organisation_id or 0)
    return list(rows.values_list("code", "name", "unit"))
