"""Characteristics, inspection plans and hold rules: lists, editors, import."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from chanye.domains.factory.actions import quality_plans as actions
from chanye.domains.factory.pages import inputs
from chanye.domains.factory.pages.quality_words import (
    CHARACTERISTIC_KINDS,
    HOLD_RULES,
    PLAN_HINTS,
    PLAN_KINDS,
    PLAN_TONES,
)
from chanye.domains.factory.pages.words import RELEASE_STATES
from chanye.domains.factory.queries import quality_plans as queries
from chanye.domains.factory.types.quality import CharacteristicRow, LineDraft, PlanDraft, PlanRecord, PlanRow
from chanye.kernel.errors import ConfigError
from chanye.kernel.time import MINUTE
from chanye.parties.rules import may
from chanye.parties.types import Viewer
from chanye.sheets import Column, Sheet
from chanye.spine import queries as spine
from chanye.spine.api import viewer_of

MOST_ROWS = 60


def _words(row: CharacteristicRow) -> str:
    good = " / ".join(word for _code, word, is_good in row.choices if is_good)
    bad = " / ".join(word for _code, word, is_good in row.choices if not is_good)
    return f"{good} | {bad}" if row.choices else ""


CHARACTERISTICS = Sheet(
    "characteristics",
    gettext_lazy("Characteristics"),
    (
        Column("code", gettext_lazy("Code"), required=True, length=64, example="bore-d20"),
        Column("name", gettext_lazy("Name"), required=True, length=200, example="孔径 Ø20"),
        Column("kind", gettext_lazy("Kind"), "choice", choices=CHARACTERISTIC_KINDS, required=True),
        Column("lower", gettext_lazy("Lower limit"), "quantity", decimals=6, template="factory/quality_limit.html"),
        Column("nominal", gettext_lazy("Nominal"), "quantity", decimals=6, template="factory/quality_limit.html"),
        Column("upper", gettext_lazy("Upper limit"), "quantity", decimals=6, template="factory/quality_limit.html"),
        Column("unit", gettext_lazy("Unit"), length=32, example="mm", help=gettext_lazy("UCUM code, as mm or um.")),
        Column("digits", gettext_lazy("Decimals"), "integer", minimum=0, maximum=6, listed=False, example=3),
        Column("gauge", gettext_lazy("Gauge"), "reference", field="gauge__code"),
        Column("critical", gettext_lazy("Critical"), "yes_no", filter="more", listed=False),
        Column("method", gettext_lazy("Method"), listed=False, length=500),
        Column(
            "words",
            gettext_lazy("Pick list"),
            read=_words,
            listed=False,
            sortable=False,
            filter="none",
            help=gettext_lazy("Good words, then |, then bad ones, as: 合格 | 毛刺 / 划伤"),
        ),
        Column("used", gettext_lazy("In plans"), "integer", imported=False, filter="none"),
    ),
    order="code",
    key=("code",),
    href=lambda row: reverse("characteristic", args=[row.id]),
)


def _every(row: PlanRow) -> str:
    if row.kind == "time" and row.every:
        return _("every %(n)s min") % {"n": row.every // MINUTE}
    return _("every %(n)s pieces") % {"n": row.every} if row.kind == "count" and row.every else ""


PLANS = Sheet(
    "inspection-plans",
    gettext_lazy("Inspection plans"),
    (
        Column("code", gettext_lazy("Plan")),
        Column("version", gettext_lazy("Version"), "integer", filter="none"),
        Column("name", gettext_lazy("Name")),
        Column("kind", gettext_lazy("When"), "choice", choices=PLAN_KINDS),
        Column("every", gettext_lazy("Every"), read=_every, sortable=False, filter="none"),
        Column("material", gettext_lazy("Product"), "reference", field="material__code"),
        Column("step", gettext_lazy("Step"), "integer", filter="more"),
        Column("asks", gettext_lazy("Characteristics"), "integer", filter="none"),
        Column("gate", gettext_lazy("Gate"), "yes_no", filter="more"),
        Column(
            "state",
            gettext_lazy("State"),
            "choice",
            choices=RELEASE_STATES,
            template="factory/quality_plan_state.html",
        ),
    ),
    order="code",
    href=lambda row: reverse("quality-plan", args=[row.id]),
)
#: What a file of plans holds: one row for each characteristic of a plan.
PLAN_FILE = Sheet(
    "plan-lines",
    gettext_lazy("Inspection plans"),
    (
        Column("plan", gettext_lazy("Plan"), required=True, length=64, example="IP-100-10"),
        Column("name", gettext_lazy("Name"), length=200, example="首件检验"),
        Column("kind", gettext_lazy("When"), "choice", choices=PLAN_KINDS, required=True),
        Column("material", gettext_lazy("Product"), "reference", required=True),
        Column("step", gettext_lazy("Step"), "integer", minimum=1, example=10),
        Column("pieces", gettext_lazy("Every so many pieces"), "integer", minimum=1),
        Column("minutes", gettext_lazy("Every so many minutes"), "integer", minimum=1),
        Column("samples", gettext_lazy("Samples"), "integer", minimum=1, maximum=200, example=3),
        Column("gate", gettext_lazy("Gate"), "yes_no"),
        Column("characteristic", gettext_lazy("Characteristic"), "reference", required=True),
        Column("lower", gettext_lazy("Lower limit"), "quantity"),
        Column("upper", gettext_lazy("Upper limit"), "quantity"),
    ),
    key=("plan", "characteristic"),
)


def _may(viewer: Viewer) -> bool:
    return may(viewer, "edit_inspection", viewer.organisation_id)


@require_safe
def plan_list(request: HttpRequest) -> HttpResponseBase:
    """Show the inspection plans; filters stand in the address."""
    viewer = viewer_of(request)
    rows = queries.plan_table(viewer, PLANS.read(request.GET))
    return PLANS.page(
        request,
        rows,
        template="factory/quality_plan_list.html",
        may_edit=_may(viewer),
        states=RELEASE_STATES,
        tones=PLAN_TONES,
    )


@require_safe
def characteristic_list(request: HttpRequest) -> HttpResponseBase:
    """Show the characteristics."""
    viewer = viewer_of(request)
    rows = queries.characteristic_table(viewer, CHARACTERISTICS.read(request.GET))
    return CHARACTERISTICS.page(
        request, rows, template="factory/quality_characteristic_list.html", may_edit=_may(viewer)
    )


def characteristic_import(request: HttpRequest) -> HttpResponseBase:
    """Take characteristics in from a file."""
    viewer = viewer_of(request)
    return CHARACTERISTICS.import_page(
        request,
        existing=queries.characteristics(viewer),
        references={"gauge": {code for code, *_rest in queries.gauges(viewer)}},
        commit=lambda found: actions.import_characteristics(
            actor=viewer,
            organisation_id=viewer.organisation_id or 0,
            rows=[row.values for row in found.changes],
        ),
        done=reverse("characteristics"),
        title=_("Import characteristics"),
    )


def plan_import(request: HttpRequest) -> HttpResponseBase:
    """Take plans in from a file: new ones as drafts, known ones as a new version to be released."""
    viewer = viewer_of(request)

    def commit(found: Any) -> None:
        changed = {row.values["plan"] for row in found.changes}
        rows = [row.values for row in found.rows if row.values["plan"] in changed]
        actions.import_plans(actor=viewer, organisation_id=viewer.organisation_id or 0, drafts=_drafts(rows))

    return PLAN_FILE.import_page(
        request,
        existing=queries.plan_lines(viewer),
        references={
            "material": set(queries.materials(viewer)),
            "characteristic": {row.code for row in queries.characteristics(viewer)},
        },
        commit=commit,
        done=reverse("quality-plans"),
        title=_("Import inspection plans"),
    )


def _drafts(rows: Sequence[Any]) -> list[PlanDraft]:
    by_plan: dict[str, list[Any]] = {}
    for row in rows:
        by_plan.setdefault(row["plan"], []).append(row)
    found = []
    for code, lines in by_plan.items():
        head = lines[0]
        every = head.get("pieces") if head["kind"] == "count" else (head.get("minutes") or 0) * MINUTE or None
        samples = min(line.get("samples") or 1 for line in lines)
        found.append(
            PlanDraft(
                code,
                head.get("name") or code,
                head["kind"],
                head["material"],
                head.get("step"),
                every,
                samples,
                bool(head.get("gate")),
                tuple(
                    LineDraft(
                        line["characteristic"], line.get("lower"), line.get("upper"), line.get("samples") or None
                    )
                    for line in lines
                ),
            )
        )
    return found


@require_http_methods(["GET", "HEAD", "POST"])
def characteristic_page(request: HttpRequest, characteristic_id: int | None = None) -> HttpResponse:
    """Show and change a characteristic, or make a new one."""
    viewer = viewer_of(request)
    row = queries.characteristic(viewer, characteristic_id) if characteristic_id else None
    fault, sent = "", _characteristic_fields(row)
    if request.method == "POST":
        sent = request.POST.dict()
        try:
            _save_characteristic(viewer, request.POST, row)
        except ConfigError as error:
            fault = str(error)
        else:
            messages.success(
                request, _("Saved. Plans that are released keep it as it was; revise them to change it.")
            )
            return redirect("characteristics")
    context = {
        "row": row,
        "sent": sent,
        "fault": fault,
        "kinds": CHARACTERISTIC_KINDS,
        "gauges": queries.gauges(viewer),
        "choices": [(i, sent.get(f"word-{i}", ""), sent.get(f"good-{i}", "")) for i in range(10)],
        "may_edit": _may(viewer),
    }
    return render(request, "factory/quality_characteristic.html", context, status=400 if fault else 200)


def _typed(value: float | None) -> str:
    return "" if value is None else f"{value:.10g}"


def _characteristic_fields(row: CharacteristicRow | None) -> dict[str, str]:
    if row is None:
        return {"kind": "variable", "unit": "mm", "digits": "2"}
    sent = {"code": row.code, "name": row.name, "kind": row.kind, "unit": row.unit, "digits": str(row.digits)}
    sent |= {name: _typed(getattr(row, name)) for name in ("lower", "nominal", "upper")}
    sent |= {"gauge": row.gauge, "method": row.method, "critical": "1" if row.critical else ""}
    for i, (_code, word, good) in enumerate(row.choices):
        sent |= {f"word-{i}": word, f"good-{i}": "1" if good else "0"}
    return sent


def _number(post: QueryDict, name: str, label: str) -> float | None:
    return inputs.decimal(post, name, label) if post.get(name, "").strip() else None


def _save_characteristic(viewer: Viewer, post: QueryDict, row: CharacteristicRow | None) -> None:
    actions.save_characteristic(
        actor=viewer,
        organisation_id=viewer.organisation_id or 0,
        code=row.code if row else post.get("code", ""),
        name=post.get("name", ""),
        kind=post.get("kind", ""),
        unit=post.get("unit", "").strip(),
        digits=inputs.whole(post, "digits", _("Decimals"), empty=2),
        nominal=_number(post, "nominal", _("Nominal")),
        lower=_number(post, "lower", _("Lower limit")),
        upper=_number(post, "upper", _("Upper limit")),
        choices=[(post.get(f"word-{i}", ""), post.get(f"good-{i}") == "1") for i in range(20)],
        gauge=post.get("gauge", ""),
        method=post.get("method", ""),
        critical=bool(post.get("critical")),
    )


@require_http_methods(["GET", "HEAD", "POST"])
def plan_page(request: HttpRequest, inspection_plan_id: int | None = None) -> HttpResponse:
    """Show a plan; change it while it is a draft, release, revise or retire it."""
    viewer = viewer_of(request)
    record = queries.plan_record(viewer, inspection_plan_id) if inspection_plan_id else None
    fault, sent = "", _plan_fields(record)
    if request.method == "POST":
        sent = request.POST.dict()
        try:
            there = _do_plan(viewer, request.POST, inspection_plan_id)
        except ConfigError as error:
            fault = str(error)
        else:
            return redirect("quality-plan", there)
    rows = _rows(sent)
    editable = _may(viewer) and (record is None or record.row.state == "draft")
    context = {
        "record": record,
        "sent": sent,
        "fault": fault,
        "rows": [*rows, *([("", "", "", "")] * 4)] if editable else rows,
        "editable": editable,
        "may_edit": _may(viewer),
        "kinds": PLAN_KINDS,
        "hints": PLAN_HINTS,
        "states": RELEASE_STATES,
        "tones": PLAN_TONES,
        "materials": queries.materials(viewer),
        "characteristics": queries.characteristics(viewer),
        "every": _every(record.row) if record else "",
    }
    return render(request, "factory/quality_plan.html", context, status=400 if fault else 200)


def _plan_fields(record: PlanRecord | None) -> dict[str, str]:
    if record is None:
        return {"kind": "first_piece", "samples": "1", "gate": "1"}
    row = record.row
    every = "" if row.every is None else str(row.every // MINUTE if row.kind == "time" else row.every)
    sent = {"code": row.code, "name": row.name, "kind": row.kind, "material": row.material, "every": every}
    sent |= {"step": str(row.step or ""), "samples": str(row.samples), "gate": "1" if row.gate else ""}
    for i, line in enumerate(record.lines):
        sent |= {f"c-{i}": line.characteristic, f"lower-{i}": _typed(line.lower), f"upper-{i}": _typed(line.upper)}
        sent[f"samples-{i}"] = str(line.samples or "")
    return sent


def _rows(sent: dict[str, str]) -> list[tuple[str, str, str, str]]:
    return [
        (sent[f"c-{i}"], sent.get(f"lower-{i}", ""), sent.get(f"upper-{i}", ""), sent.get(f"samples-{i}", ""))
        for i in range(MOST_ROWS)
        if sent.get(f"c-{i}")
    ]


def _do_plan(viewer: Viewer, post: QueryDict, plan_id: int | None) -> int:
    todo = post.get("do", "save")
    simple: dict[str, Callable[..., int | None]] = {
        "revise": actions.revise_plan,
        "retire": actions.retire_plan,
    }
    if plan_id is not None and todo in simple:
        return simple[todo](actor=viewer, plan_id=plan_id) or plan_id
    made = actions.save_plan(
        actor=viewer, organisation_id=viewer.organisation_id or 0, draft=_draft(post), plan_id=plan_id
    )
    if todo == "release":
        actions.release_plan(actor=viewer, plan_id=made)
    return made


def _draft(post: QueryDict) -> PlanDraft:
    kind = post.get("kind", "")
    every = inputs.whole(post, "every", _("Every"), empty=0)
    lines = tuple(
        LineDraft(
            post.get(f"c-{i}", ""),
            _number(post, f"lower-{i}", _("Lower limit")),
            _number(post, f"upper-{i}", _("Upper limit")),
            inputs.whole(post, f"samples-{i}", _("Samples"), empty=0) or None,
        )
        for i in range(MOST_ROWS)
        if post.get(f"c-{i}")
    )
    return PlanDraft(
        code=post.get("code", ""),
        name=post.get("name", ""),
        kind=kind,
        material=post.get("material", ""),
        step=inputs.whole(post, "step", _("Step"), empty=0) or None,
        every=(every * MINUTE if kind == "time" else every) or None,
        samples=inputs.whole(post, "samples", _("Samples"), empty=1),
        gate=bool(post.get("gate")),
        lines=lines,
    )


@require_http_methods(["GET", "HEAD", "POST"])
def hold_rules(request: HttpRequest) -> HttpResponse:
    """Show what holds operations by itself; change it."""
    viewer = viewer_of(request)
    fault = ""
    if request.method == "POST":
        try:
            _save_rule(viewer, request.POST)
        except ConfigError as error:
            fault = str(error)
        else:
            return redirect("hold-rules")
    context = {
        "rows": queries.hold_rules(viewer),
        "kinds": HOLD_RULES,
        "materials": queries.materials(viewer, "product"),
        "centres": [one for one in spine.assets(viewer) if one.kind in ("work_centre", "work_unit")],
        "may_edit": _may(viewer),
        "fault": fault,
    }
    return render(request, "factory/quality_rules.html", context, status=400 if fault else 200)


def _save_rule(viewer: Viewer, post: QueryDict) -> None:
    number = inputs.whole(post, "rule", _("Rule"), empty=0) or None
    if post.get("do") == "drop" and number:
        actions.drop_hold_rule(actor=viewer, rule_id=number)
        return
    actions.save_hold_rule(
        actor=viewer,
        organisation_id=viewer.organisation_id or 0,
        kind=post.get("kind", ""),
        material=post.get("material", ""),
        work_centre_id=inputs.whole(post, "centre", _("Work centre"), empty=0) or None,
        window=inputs.whole(post, "window", _("Pieces looked at"), empty=50),
        least=inputs.whole(post, "least", _("From how many pieces"), empty=10),
        limit=inputs.decimal(post, "limit", _("Limit"), empty=10.0) / 100,
        active=post.get("active", "1") == "1",
        rule_id=number,
    )
