"""Characteristics, inspection plans and hold rules. A released plan is revised, never edited."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from chanye.domains.factory import gates
from chanye.domains.factory.models import Characteristic, HoldRule, Material, Plan, PlanLine, Tool
from chanye.domains.factory.rules.quality import check_limits, read_choices
from chanye.domains.factory.types.quality import CHARACTERISTIC_KINDS, HOLD_RULES, PLAN_KINDS, LineDraft, PlanDraft
from chanye.kernel.errors import ConfigError, DeniedError
from chanye.kernel.time import DAY, MINUTE, now_us
from chanye.kernel.units import parse_unit
from chanye.parties.audit import record
from chanye.parties.rules import require
from chanye.parties.types import Viewer
from chanye.spine import queries as spine

MOST_SAMPLES, MOST_LINES, MOST_CHOICES = 200, 100, 20
RIGHT = "edit_inspection"


def _code(text: str, label: str) -> str:
    code = text.strip()
    if not code or len(code) > 64 or not code.isprintable():
        raise ConfigError(_("%(label)s: give 1 to 64 visible characters.") % {"label": label})
    return code


def _record(actor: Viewer, verb: str, target: str, organisation_id: int, detail: Mapping[str, object]) -> None:
    record(actor=actor, verb=verb, target=target, detail=dict(detail), organisation_id=organisation_id)


@transaction.atomic
def save_characteristic(
    *,
    actor: Viewer,
    organisation_id: int,
    code: str,
    name: str,
    kind: str,
    unit: str = "1",
    digits: int = 2,
    nominal: float | None = None,
    lower: float | None = None,
    upper: float | None = None,
    choices: Sequence[tuple[str, bool]] = (),
    gauge: str = "",
    method: str = "",
    critical: bool = False,
) -> int:
    """Make a characteristic or change it; return its id. Plans that are released keep it as it was.

    Parameters
    ----------
    lower, upper, nominal
        Specification, in ``unit`` (UCUM); None where there is none.
    choices
        The pick list of a text criterion: words, and whether they are good.
    gauge
        Code of the gauge it is measured with.

    Raises
    ------
    ConfigError
        If a value cannot be, saying which.
    DeniedError
        If the actor may not edit quality plans.
    """
    require(actor, RIGHT, organisation_id)
    code = _code(code, _("Code"))
    if kind not in CHARACTERISTIC_KINDS:
        raise ConfigError(_("A characteristic is measured, counted or chosen from a list."))
    if not name.strip():
        raise ConfigError(_("Give the characteristic a name."))
    if not 0 <= digits <= 6:
        raise ConfigError(_("Decimals: 0 to 6."))
    if kind == "choice":
        lower = nominal = upper = None
    check_limits(kind, lower, nominal, upper)
    row, made = Characteristic.objects.update_or_create(
        organisation_id=organisation_id,
        code=code,
        defaults={
            "name": name.strip()[:200],
            "kind": kind,
            "unit": _unit(unit) if kind == "variable" else "1",
            "digits": digits if kind == "variable" else 0,
            "nominal": nominal,
            "lower": lower,
            "upper": upper,
            "choices": _choices(choices) if kind == "choice" else [],
            "gauge": _find_gauge(organisation_id, gauge),
            "method": method.strip()[:500],
            "critical": critical,
        },
    )
    verb = "create_characteristic" if made else "change_characteristic"
    _record(actor, verb, f"characteristic:{row.pk}", organisation_id, {"code": code, "lower": lower, "upper": upper})
    return int(row.pk)


def _unit(code: str) -> str:
    try:
        parse_unit(code or "1")
    except ConfigError as error:
        raise ConfigError(
            _("%(code)s is no unit: write it in UCUM, as mm, um, N.m, Cel.") % {"code": code}
        ) from error
    return code or "1"


def _choices(choices: Sequence[tuple[str, bool]]) -> list[dict[str, object]]:
    words = [(word.strip()[:64], good) for word, good in choices if word.strip()]
    if len({word for word, _good in words}) != len(words) or not 2 <= len(words) <= MOST_CHOICES:
        raise ConfigError(_("A pick list needs 2 to 20 different words."))
    if len({good for _word, good in words}) != 2:
        raise ConfigError(_("A pick list needs at least one word that is good and one that is not."))
    return [{"code": word, "name": word, "good": good} for word, good in words]


def _find_gauge(organisation_id: int, code: str) -> Tool | None:
    if not code.strip():
        return None
    found = Tool.objects.filter(organisation_id=organisation_id, code=code.strip(), kind="gauge").first()
    if found is None:
        raise ConfigError(_("There is no gauge %(gauge)s: choose one from the list.") % {"gauge": code[:64]})
    return found


@transaction.atomic
def import_characteristics(*, actor: Viewer, organisation_id: int, rows: Sequence[Mapping[str, Any]]) -> None:
    """Make or change characteristics from rows of a file, all or none; the pick list is ``good / good | bad``.

    Raises
    ------
    ConfigError
        Naming the characteristic and what is wrong with it.
    """
    for row in rows:
        try:
            save_characteristic(
                actor=actor,
                organisation_id=organisation_id,
                code=row["code"],
                name=row["name"],
                kind=row["kind"],
                unit=row.get("unit") or "1",
                digits=2 if row.get("digits") is None else row["digits"],
                nominal=row.get("nominal"),
                lower=row.get("lower"),
                upper=row.get("upper"),
                choices=read_choices(row.get("words") or ""),
                gauge=row.get("gauge") or "",
                method=row.get("method") or "",
                critical=bool(row.get("critical")),
            )
        except ConfigError as error:
            raise ConfigError(f"{row['code']}: {error}") from error


@transaction.atomic
def save_plan(*, actor: Viewer, organisation_id: int, draft: PlanDraft, plan_id: int | None = None) -> int:
    """Make a plan, or change one that is a draft; return its id.

    Raises
    ------
    ConfigError
        If it is released already, its code is taken, or a line cannot be.
    DeniedError
        If there is no such plan for the actor, or it may not edit plans.
    """
    require(actor, RIGHT, organisation_id)
    row = Plan(organisation_id=organisation_id) if plan_id is None else _plan(actor, plan_id)
    if row.state != "draft":
        raise ConfigError(_("The plan %(code)s is released: revise it to change it.") % {"code": row.code})
    code = _code(draft.code, _("Code"))
    others = Plan.objects.filter(organisation_id=row.organisation_id, code=code)
    if (plan_id is None and others.exists()) or (row.code and code != row.code and others.exists()):
        raise ConfigError(_("There is a plan %(code)s already: choose another code, or revise it.") % {"code": code})
    _check_plan(draft)
    material = Material.objects.filter(organisation_id=row.organisation_id, code=draft.material).first()
    if material is None:
        raise ConfigError(
            _("There is no material %(code)s: choose one from the list.") % {"code": draft.material[:64]}
        )
    row.code, row.name, row.kind, row.material = code, draft.name.strip()[:200] or code, draft.kind, material
    row.step = None if draft.kind == "incoming" else draft.step
    row.every = draft.every if draft.kind in ("time", "count") else None
    row.sampling = {"method": "fixed", "samples": draft.samples}
    row.gate = draft.gate and draft.kind in ("first_piece", "final")
    row.save()
    _write_lines(row, draft.lines)
    _record(actor, "save_plan", f"plan:{row.pk}", row.organisation_id, {"code": code, "lines": len(draft.lines)})
    return int(row.pk)


def _check_plan(draft: PlanDraft) -> None:
    if draft.kind not in PLAN_KINDS:
        raise ConfigError(_("Choose when it is inspected."))
    if not 1 <= draft.samples <= MOST_SAMPLES:
        raise ConfigError(_("Samples: 1 to %(most)s.") % {"most": MOST_SAMPLES})
    if draft.kind == "count" and not 1 <= (draft.every or 0) <= 1_000_000:
        raise ConfigError(_("Say every how many pieces it is inspected."))
    if draft.kind == "time" and not MINUTE <= (draft.every or 0) <= 31 * DAY:
        raise ConfigError(_("Say every how many minutes it is inspected."))
    if draft.step is not None and not 0 < draft.step < 100_000:
        raise ConfigError(_("The step is a number of the routing, as 10."))
    if len(draft.lines) > MOST_LINES:
        raise ConfigError(_("At most %(most)s characteristics in one plan.") % {"most": MOST_LINES})


def _write_lines(row: Plan, lines: Sequence[LineDraft]) -> None:
    known = {
        one.code: one
        for one in Characteristic.objects.filter(
            organisation_id=row.organisation_id, code__in=[line.characteristic for line in lines]
        )
    }
    if len({line.characteristic for line in lines}) != len(lines):
        raise ConfigError(_("Each characteristic stands in a plan once: raise its samples instead."))
    row.lines.all().delete()
    for position, line in enumerate(lines):
        found = known.get(line.characteristic)
        if found is None:
            raise ConfigError(
                _("There is no characteristic %(code)s: make it first.") % {"code": line.characteristic[:64]}
            )
        lower = found.lower if line.lower is None else line.lower
        upper = found.upper if line.upper is None else line.upper
        check_limits(found.kind, lower, None, upper)
        if line.samples is not None and not 1 <= line.samples <= MOST_SAMPLES:
            raise ConfigError(_("Samples: 1 to %(most)s.") % {"most": MOST_SAMPLES})
        PlanLine.objects.create(
            plan=row,
            characteristic=found,
            position=position,
            samples=line.samples,
            lower=line.lower,
            upper=line.upper,
        )


def _plan(actor: Viewer, plan_id: int) -> Plan:
    row = Plan.objects.select_for_update().filter(id=plan_id).first()
    if row is None or not (actor.system or row.organisation_id == actor.organisation_id):
        raise DeniedError(_("There is no such inspection plan, or it belongs to another organisation."))
    require(actor, RIGHT, row.organisation_id)
    return row


@transaction.atomic
def release_plan(*, actor: Viewer, plan_id: int) -> None:
    """Release a plan: from now on it is inspected by, as it stands; the version before it is retired.

    Raises
    ------
    ConfigError
        If it asks for nothing, or is no draft.
    """
    row = _plan(actor, plan_id)
    if row.state != "draft":
        raise ConfigError(_("The plan %(code)s is released: revise it to change it.") % {"code": row.code})
    asked = gates.asked_of(row)
    if not asked:
        raise ConfigError(_("The plan asks for nothing: add a characteristic."))
    Plan.objects.filter(organisation_id=row.organisation_id, code=row.code, state="released").update(state="retired")
    row.state, row.frozen, row.released_at = "released", asked, now_us()
    row.save()
    _record(actor, "release_plan", f"plan:{row.pk}", row.organisation_id, {"code": row.code, "version": row.version})


@transaction.atomic
def revise_plan(*, actor: Viewer, plan_id: int) -> int:
    """Make the next version of a plan, as a draft to be changed; return it. The released one holds until then.

    Raises
    ------
    ConfigError
        If there is a draft of it already.
    """
    row = _plan(actor, plan_id)
    versions = Plan.objects.filter(organisation_id=row.organisation_id, code=row.code)
    draft = versions.filter(state="draft").first()
    if draft is not None:
        raise ConfigError(_("Version %(version)s is a draft already: change that.") % {"version": draft.version})
    lines = list(row.lines.all())
    newest = versions.aggregate(newest=Max("version"))["newest"]
    row.pk, row.version, row.state, row.frozen, row.released_at = None, newest + 1, "draft", [], None
    row._state.adding = True  # noqa: SLF001  # Django's documented way to copy a row
    row.save()
    for line in lines:
        line.pk, line.plan = None, row
        line._state.adding = True  # noqa: SLF001  # as above
        line.save()
    detail = {"code": row.code, "version": row.version}
    _record(actor, "revise_plan", f"plan:{row.pk}", row.organisation_id, detail)
    return int(row.pk)


@transaction.atomic
def retire_plan(*, actor: Viewer, plan_id: int) -> None:
    """Take a plan out of use; inspections that are due by it stay due."""
    row = _plan(actor, plan_id)
    if row.state == "retired":
        raise ConfigError(_("The plan %(code)s is retired already.") % {"code": row.code})
    row.state = "retired"
    row.save(update_fields=["state"])
    detail = {"code": row.code, "version": row.version}
    _record(actor, "retire_plan", f"plan:{row.pk}", row.organisation_id, detail)


@transaction.atomic
def import_plans(*, actor: Viewer, organisation_id: int, drafts: Sequence[PlanDraft]) -> None:
    """Make plans from a file, all or none: new ones as drafts, known ones as a new version, as a draft.

    Raises
    ------
    ConfigError
        Naming the plan and what is wrong with it.
    """
    for draft in drafts:
        known = Plan.objects.filter(organisation_id=organisation_id, code=draft.code.strip()).order_by("-version")
        newest = known.first()
        try:
            number = None if newest is None else newest.pk
            if newest is not None and newest.state != "draft":
                number = revise_plan(actor=actor, plan_id=newest.pk)
            save_plan(actor=actor, organisation_id=organisation_id, draft=draft, plan_id=number)
        except ConfigError as error:
            raise ConfigError(f"{draft.code}: {error}") from error


@transaction.atomic
def save_hold_rule(
    *,
    actor: Viewer,
    organisation_id: int,
    kind: str,
    material: str = "",
    work_centre_id: int | None = None,
    window: int = 50,
    least: int = 10,
    limit: float = 0.1,
    active: bool = True,
    rule_id: int | None = None,
) -> int:
    """Make or change a rule by which operations are put on hold; return its id.

    Parameters
    ----------
    material, work_centre_id
        Where it holds; empty: everywhere.
    window, least, limit
        Of a scrap rate: pieces looked back at, pieces below which nothing is concluded, ratio 0..1.

    Raises
    ------
    ConfigError
        If a number cannot be.
    """
    require(actor, RIGHT, organisation_id)
    if kind not in HOLD_RULES:
        raise ConfigError(_("Choose what holds an operation."))
    if not (1 <= least <= window <= 10_000) or not 0 <= limit < 1:
        raise ConfigError(_("Pieces: at least 1, no more than the window; the limit from 0 to below 100 %."))
    product = Material.objects.filter(organisation_id=organisation_id, code=material).first() if material else None
    if material and product is None:
        raise ConfigError(_("There is no material %(code)s: choose one from the list.") % {"code": material[:64]})
    if work_centre_id is not None and spine.asset(actor, work_centre_id).organisation_id != organisation_id:
        raise DeniedError(_("There is no such place, or it belongs to another organisation."))
    values = {
        "kind": kind,
        "material": product,
        "work_centre_id": work_centre_id,
        "window": window,
        "least": least,
        "limit": limit,
        "active": active,
    }
    if rule_id is None:
        row = HoldRule.objects.create(organisation_id=organisation_id, **values)
    else:
        row = _rule(actor, rule_id)
        for name, value in values.items():
            setattr(row, name, value)
        row.save()
    detail = {"kind": kind, "material": material, "limit": limit, "window": window, "active": active}
    _record(actor, "save_hold_rule", f"hold_rule:{row.pk}", organisation_id, detail)
    return int(row.pk)


def _rule(actor: Viewer, rule_id: int) -> HoldRule:
    row = HoldRule.objects.filter(id=rule_id).first()
    if row is None or not (actor.system or row.organisation_id == actor.organisation_id):
        raise DeniedError(_("There is no such rule, or it belongs to another organisation."))
    require(actor, RIGHT, row.organisation_id)
    return row


@transaction.atomic
def drop_hold_rule(*, actor: Viewer, rule_id: int) -> None:
    """Take a hold rule away; what it holds stays held until somebody releases it."""
    row = _rule(actor, rule_id)
    _record(actor, "drop_hold_rule", f"hold_rule:{row.pk}", row.organisation_id, {"kind": row.kind})
    row.delete()
