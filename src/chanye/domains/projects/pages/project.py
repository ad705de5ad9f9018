"""The record of one project: where it stands, three progresses, what to do next, and what happened."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from chanye.domains.projects.actions import effects as effect_actions
from chanye.domains.projects.actions import pipeline as actions
from chanye.domains.projects.actions import progress as works
from chanye.domains.projects.pages.curve import draw
from chanye.domains.projects.pages.words import VERBS, amount_of, day_of, money, number_of, short, today, whole_of
from chanye.domains.projects.queries import effects as effect_queries
from chanye.domains.projects.queries import pipeline as queries
from chanye.domains.projects.queries import progress as records
from chanye.domains.projects.queries import ranking as rankings
from chanye.domains.projects.types.pipeline import AMOUNTS, FLAGS, KINDS, STAGES, STATUSES, ProjectDraft, ProjectRow
from chanye.domains.projects.types.progress import MILESTONE_STATUSES, PHOTO_FAULTS, RULES, VERDICTS, MilestoneDraft
from chanye.kernel.errors import ConfigError
from chanye.kernel.time import now_us
from chanye.parties.queries import firms, history_of
from chanye.parties.rules import may, require
from chanye.parties.sectors import SECTORS
from chanye.parties.types import Viewer
from chanye.spine import actions as spine_actions
from chanye.spine.api import viewer_of

EMPTY_ROWS = 4


@require_safe
def project_page(request: HttpRequest, project_id: int) -> HttpResponse:
    """Show one project."""
    return _page(request, project_id, "")


def _page(request: HttpRequest, project_id: int, fault: str) -> HttpResponse:
    viewer, day = viewer_of(request), today()
    row = queries.project(viewer, project_id, today=day)
    found = records.record(viewer, project_id, today=day)
    own = row.organisation_id == viewer.organisation_id
    may_edit = may(viewer, "edit_projects", row.organisation_id)
    context = {
        "p": row, "r": found, "fault": fault, "status": STATUSES.get(row.status, row.status),
        "kind": KINDS.get(row.kind, ""), "sector": SECTORS.get(row.sector, ""), "stage": STAGES.get(row.stage, ""),
        "stages": _stages(row, found), "stage_words": STAGES, "cards": _cards(row), "gaps": _gaps(row),
        "flags": [(FLAGS[one.code], one.why) for one in found.flags],
        "milestones": [
            (m, RULES[m.rule], MILESTONE_STATUSES[m.status], money(m.budget), round(100 * m.credit))
            for m in found.milestones
        ],
        "reports": [_report(viewer, one) for one in found.reports[:50]],
        "payments": [(one, money(one.amount)) for one in found.payments[:50]],
        "earned": _earned(found), "drawing": draw(found.curve, day) if found.curve else None,
        "next": _next(row, found, may_edit=may_edit), "may_edit": may_edit, "own": own,
        "may_verify": may(viewer, "verify_progress", row.organisation_id), "today": day.isoformat(),
        "key": f"web-{viewer.person_id}-{now_us()}", "total": money(row.planned_total),
        "years": [(year, money(amount)) for year, amount in found.years],
        "effects": effect_queries.newest_effects(viewer, found.plans).values() if found.plans else (),
        "candidates": [
            (*one, one[0] in found.plans) for one in effect_queries.candidates(viewer, row.owner_id)
        ] if may_edit else (),
        "events": [
            (one, VERBS.get(one.verb, one.verb))
            for one in history_of(viewer, row.organisation_id, f"project:{row.id}", limit=30)
        ] if own else (),
        "places": rankings.places(viewer, row.code)
        if may(viewer, "read_projects", row.organisation_id) and viewer.office else (),
    }  # fmt: skip
    return render(request, "projects/project.html", context, status=400 if fault else 200)


def _stages(row: ProjectRow, found: records.ProjectRecord) -> list[dict[str, Any]]:
    newest = {one.stage: one for one in reversed(found.stages)}
    shown = []
    for stage, words in STAGES.items():
        fact = newest.get(stage)
        amount = row.paid_in if stage == "paid_in" else fact.amount if fact else 0
        shown.append(
            {"stage": stage, "words": words, "on": getattr(row, f"{stage}_on"),
             "amount": short(amount) if amount else "", "what": AMOUNTS[stage], "fact": fact}
        )  # fmt: skip
    return shown


def _cards(row: ProjectRow) -> list[tuple[Any, Any, float | None, str]]:
    """Return the three progresses: name, what it is, share, a word where it is not known."""
    return [
        (
            pgettext("project progress", "Financial"),
            _("paid out, of the planned total"),
            row.financial,
            _("no planned total"),
        ),
        (
            pgettext("project progress", "Physical"),
            _("built, by rules of credit, verified"),
            row.physical,
            _("no milestones yet"),
        ),
        (
            pgettext("project progress", "Effective"),
            _("surely measured, of what was promised"),
            row.effective,
            _("not measured"),
        ),
    ]


def _gaps(row: ProjectRow) -> list[tuple[str, float]]:
    """Return the gaps between progresses that are known, in points."""
    gaps = []
    if row.financial is not None and row.physical is not None:
        gaps.append((_("Money ahead of work"), 100 * (row.financial - row.physical)))
    if row.physical is not None and row.effective is not None:
        gaps.append((_("Work ahead of effect"), 100 * (row.physical - row.effective)))
    return gaps


def _report(viewer: Viewer, one: Any) -> dict[str, Any]:
    photos = [(photo, [PHOTO_FAULTS[fault] for fault in photo.check.faults]) for photo in one.photos]
    mine = one.reporter is not None and one.reporter == viewer.person_id
    return {
        "row": one,
        "verdict": VERDICTS[one.verdict],
        "photos": photos,
        "percent": round(100 * one.credit),
        "mine": mine,
    }


def _earned(found: records.ProjectRecord) -> list[tuple[str, str, str]]:
    """Return the figures of earned value: name, value, what it says."""
    e = found.earned
    if e is None:
        return []

    def index(value: float | None) -> str:
        return "–" if value is None else f"{value:.2f}"

    def months(value: float | None) -> str:
        return "–" if value is None else _("%(n)s months") % {"n": f"{value:.1f}"}

    return [
        ("PV", short(e.pv), _("planned to be built by today")),
        ("EV", short(e.ev), _("built and verified")),
        ("AC", short(e.ac), _("paid out")),
        ("CPI", index(e.cpi), _("built for each yuan paid; below 1 is dear")),
        ("SPI(t)", index(e.spi_t), _("time earned of time passed; below 1 is late")),
        ("EAC", short(e.eac.get("cpi")), _("cost in the end if it goes on so, of %(bac)s") % {"bac": short(e.bac)}),
        ("IEAC(t)", months(e.ieac_t), _("duration in the end if it goes on so, of %(pd)s") % {"pd": months(e.pd)}),
        ("TCPI", index(e.tcpi), _("what the rest must reach to keep the budget")),
    ]


def _next(row: ProjectRow, found: records.ProjectRecord, *, may_edit: bool) -> tuple[str, str, str] | None:
    """Return what to do next: words, address, button."""
    waiting = [one for one in found.reports if not one.verdict]
    if waiting:
        return _("%(n)s reports wait to be verified.") % {"n": len(waiting)}, "#reports", _("Verify")
    if not may_edit or row.status in ("completed", "cancelled"):
        return None
    if row.signed_on is None:
        return _("No stage is recorded yet."), "#stages", _("Record a stage")
    if not found.milestones:
        words = _("Nothing can be earned before the milestones are frozen.")
        return words, reverse("project-milestones", args=[row.id]), _("Set milestones")
    if any(one.credit < 1 for one in found.milestones):
        late = sum(one.late and one.credit < 1 for one in found.milestones)
        words = _("%(n)s milestones are overdue.") % {"n": late} if late else _("Work goes on: report what is seen.")
        return words, reverse("project-report", args=[row.id]), _("Report from the site")
    return None


@require_POST
def change_project(request: HttpRequest, project_id: int) -> HttpResponse:
    """Do what a form of the record says."""
    doing = DEEDS.get(request.POST.get("do", ""))
    if doing is None:
        return _page(request, project_id, _("This button is not known; reload the page."))
    try:
        doing(request, viewer_of(request), project_id)
    except ConfigError as error:
        return _page(request, project_id, str(error))
    return redirect("project", project_id)


def _stored(request: HttpRequest, viewer: Viewer) -> int | None:
    file = request.FILES.get("file")
    if file is None or viewer.organisation_id is None:
        return None
    return spine_actions.store_file(
        actor=viewer, organisation_id=viewer.organisation_id, name=file.name or "", data=file.read(),
        kinds=("document", "picture"),
    ).id  # fmt: skip


def _stage(request: HttpRequest, viewer: Viewer, project_id: int) -> None:
    actions.record_stage(
        actor=viewer, project_id=project_id, stage=request.POST.get("stage", ""), on=day_of(request.POST.get("on")),
        amount=amount_of(request.POST.get("amount")), evidence=request.POST.get("evidence", ""),
        file_id=_stored(request, viewer), today=today(),
    )  # fmt: skip


def _payment(request: HttpRequest, viewer: Viewer, project_id: int) -> None:
    on = day_of(request.POST.get("on"))
    if on is None:
        raise ConfigError(_("Say on which day it was paid, and what shows it: the bank's slip or the report."))
    actions.record_payment(
        actor=viewer, project_id=project_id, key=request.POST.get("key", "")[:64], kind=request.POST.get("kind", ""),
        on=on, amount=amount_of(request.POST.get("amount")), evidence=request.POST.get("evidence", ""),
        file_id=_stored(request, viewer), today=today(),
    )  # fmt: skip


def _verify(request: HttpRequest, viewer: Viewer, project_id: int) -> None:
    works.verify_report(
        actor=viewer, report_id=whole_of(request.POST.get("report")) or 0, verdict=request.POST.get("verdict", ""),
        why=request.POST.get("why", ""), today=today(),
    )  # fmt: skip


def _effects(request: HttpRequest, viewer: Viewer, project_id: int) -> None:
    plans = [whole_of(one) or 0 for one in request.POST.getlist("plan")]
    effect_actions.link_effects(actor=viewer, project_id=project_id, plan_ids=plans)


def _status(request: HttpRequest, viewer: Viewer, project_id: int) -> None:
    actions.change_project(actor=viewer, project_id=project_id, status=request.POST.get("status", ""))


DEEDS: dict[str, Callable[[HttpRequest, Viewer, int], None]] = {
    "stage": _stage, "payment": _payment, "verify": _verify, "effects": _effects, "status": _status,
}  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
def edit_project(request: HttpRequest, project_id: int | None = None) -> HttpResponse:
    """Enter a project, or change what is said of it."""
    viewer = viewer_of(request)
    require(viewer, "edit_projects", viewer.organisation_id)
    row = queries.project(viewer, project_id, today=today()) if project_id else None
    held = records.record(viewer, project_id, today=today()) if project_id else None
    fault = ""
    if request.method == "POST":
        try:
            number = actions.save_project(
                actor=viewer, organisation_id=viewer.organisation_id or 0, draft=_draft(request, row)
            )
        except ConfigError as error:
            fault = str(error)
        else:
            messages.success(request, _("Saved."))
            return redirect("project", number)
    values = _values(viewer, row, held) if row and held else {}
    context = {
        "p": row, "fault": fault, "v": values | request.POST.dict(), "firms": firms(viewer), "sectors": SECTORS,
        "statuses": STATUSES, "kinds": KINDS,
    }  # fmt: skip
    return render(request, "projects/project_edit.html", context, status=400 if fault else 200)


def _values(viewer: Viewer, row: ProjectRow, held: records.ProjectRecord) -> dict[str, str]:
    """Return what the fields of the form hold of a project."""
    plain = {
        name: "" if getattr(row, name) is None else str(getattr(row, name))
        for name in ("name", "code", "owner_id", "status", "kind", "sector", "town", "place", "latitude", "longitude",
                     "planned_start", "planned_finish")
    }  # fmt: skip
    return plain | {
        "owner_name": "" if row.owner_id else row.owner,
        "planned_total": f"{row.planned_total / 100:.2f}",
        "years": "\n".join(f"{year}: {amount / 100:.2f}" for year, amount in held.years),
        "scope": held.scope,
        "part_of": queries.code_of(viewer, row.part_of_id) if row.part_of_id else "",
    }


def _draft(request: HttpRequest, row: ProjectRow | None) -> ProjectDraft:
    sent = request.POST
    owner = whole_of(sent.get("owner_id"))
    return ProjectDraft(
        code=row.code if row else sent.get("code", "").strip(), name=sent.get("name", ""), owner_id=owner,
        owner_name="" if owner else sent.get("owner_name", "").strip()[:200],
        part_of=sent.get("part_of", "").strip(), status=sent.get("status", "identification"),
        kind=sent.get("kind", "construction"), sector=sent.get("sector", ""), town=sent.get("town", "").strip()[:64],
        place=sent.get("place", "").strip()[:200], latitude=number_of(sent.get("latitude")),
        longitude=number_of(sent.get("longitude")), scope=sent.get("scope", "").strip()[:5000],
        planned_total=amount_of(sent.get("planned_total")), planned_start=day_of(sent.get("planned_start")),
        planned_finish=day_of(sent.get("planned_finish")), foreign_capital=bool(sent.get("foreign_capital")),
        years=_years(sent.get("years", "")),
    )  # fmt: skip


def _years(text: str) -> dict[int, int]:
    """Return the yearly plan that was typed, one ``year: amount`` a line."""
    found: dict[int, int] = {}
    for line in filter(None, (one.strip() for one in text.splitlines())):
        year, colon, amount = line.replace("：", ":").partition(":")
        number = whole_of(year)
        if not colon or number is None:
            raise ConfigError(_("Write the yearly plan as one line for each year, like 2026: 3.2万元."))
        found[number] = amount_of(amount)
    return found


@require_http_methods(["GET", "HEAD", "POST"])
def edit_milestones(request: HttpRequest, project_id: int) -> HttpResponse:
    """Freeze the milestones of a project, or change them with a reason."""
    viewer, day = viewer_of(request), today()
    row = queries.project(viewer, project_id, today=day)
    require(viewer, "edit_projects", row.organisation_id)
    held = records.record(viewer, project_id, today=day)
    fault, rows = "", [_plain(one) for one in held.milestones]
    if request.method == "POST":
        rows = _sent_rows(request)
        try:
            drafts = [_milestone(one) for one in rows if one["title"]]
            reason = request.POST.get("reason", "")
            works.save_milestones(actor=viewer, project_id=project_id, milestones=drafts, reason=reason, today=day)
        except ConfigError as error:
            fault = str(error)
        else:
            return redirect("project", project_id)
    blank = dict.fromkeys(("title", "rule", "budget", "start", "finish", "detail"), "")
    context = {
        "p": row, "frozen": bool(held.baselines), "fault": fault, "rules": RULES,
        "reason": request.POST.get("reason", ""), "rows": [*rows, *([blank] * EMPTY_ROWS)],
    }  # fmt: skip
    return render(request, "projects/milestones.html", context, status=400 if fault else 200)


def _plain(one: Any) -> dict[str, str]:
    steps = "; ".join(f"{title}: {weight:g}" for title, weight in one.steps)
    units = f"{one.units:g} {one.unit}".strip() if one.units else ""
    return {
        "title": one.title, "rule": one.rule, "budget": f"{one.budget / 100:.2f}", "start": one.start.isoformat(),
        "finish": one.finish.isoformat(), "detail": steps or units,
    }  # fmt: skip


def _sent_rows(request: HttpRequest) -> list[dict[str, str]]:
    names = ("title", "rule", "budget", "start", "finish", "detail")
    columns = [request.POST.getlist(name)[:200] for name in names]
    rows = [dict(zip(names, values, strict=True)) for values in zip(*columns, strict=False)]
    return [{name: value.strip() for name, value in one.items()} for one in rows if one["title"].strip()]


def _milestone(sent: dict[str, str]) -> MilestoneDraft:
    start, finish = day_of(sent["start"]), day_of(sent["finish"])
    if start is None or finish is None:
        raise ConfigError(_("“%(name)s”: say when it starts and finishes.") % {"name": sent["title"][:60]})
    steps: tuple[tuple[str, float], ...] = ()
    units, unit = None, ""
    if sent["rule"] == "steps":
        parts = [
            one.replace("：", ":").rpartition(":")
            for one in sent["detail"].replace("；", ";").split(";")
            if one.strip()
        ]
        steps = tuple((title.strip() or weight.strip(), number_of(weight) or 0.0) for title, _colon, weight in parts)
    if sent["rule"] == "units":
        count, _space, unit = sent["detail"].partition(" ")
        units = number_of(count)
    return MilestoneDraft(
        sent["title"][:200], sent["rule"], amount_of(sent["budget"]), start, finish, steps, units, unit.strip()[:32]
    )
