"""Nonconformances: the list, the report form, one case with what can be done next, and on paper."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any, cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from chanye.domains.factory.actions import nonconformance as actions
from chanye.domains.factory.actions.disposition import Decision
from chanye.domains.factory.pages import inputs
from chanye.domains.factory.pages.quality_words import (
    CASE_STATES,
    CASE_TONES,
    DISPOSITIONS,
    ORIGINS,
    SEVERITIES,
)
from chanye.domains.factory.queries import cases as queries
from chanye.domains.factory.queries import inspections, quality_plans
from chanye.domains.factory.types.quality import CaseRecord, CaseRow
from chanye.kernel.errors import ConfigError
from chanye.kernel.time import DAY, now_us
from chanye.parties import queries as parties
from chanye.parties.rules import may
from chanye.parties.types import Viewer
from chanye.sheets import Column, Sheet
from chanye.spine.actions import store_file
from chanye.spine.api import viewer_of

MOST_PICTURES = 8


def _age(row: CaseRow) -> int:
    return ((row.closed_at or now_us()) - row.found_at) // DAY


CASES = Sheet(
    "nonconformances",
    gettext_lazy("Nonconformances"),
    (
        Column("number", gettext_lazy("Number")),
        Column("title", gettext_lazy("What is wrong")),
        Column("severity", gettext_lazy("Severity"), "choice", choices=SEVERITIES),
        Column("state", gettext_lazy("State"), "choice", choices=CASE_STATES, template="factory/case_state.html"),
        Column("material", gettext_lazy("Product"), "reference"),
        Column("order", pgettext_lazy("work order", "Order"), "reference"),
        Column("lot", gettext_lazy("Lot")),
        Column("disposition", gettext_lazy("Disposition"), "choice", choices=DISPOSITIONS, filter="more"),
        Column("found_at", gettext_lazy("Found on"), "moment"),
        Column("age", gettext_lazy("Days open"), "integer", read=_age, sortable=False, filter="none"),
        Column("late", gettext_lazy("Action overdue"), "yes_no", listed=False),
        Column("quantity", gettext_lazy("Quantity"), "quantity", listed=False),
        Column("found_by", gettext_lazy("Found by"), "reference", listed=False),
        Column("origin", gettext_lazy("Reported from"), "choice", choices=ORIGINS, listed=False, filter="more"),
        Column("closed_at", gettext_lazy("Closed at"), "moment", listed=False),
    ),
    order="-found_at",
    href=lambda row: reverse("case", args=[row.id]),
)
DEEDS = {
    "report_nonconformance": pgettext_lazy("nonconformance", "reported"),
    "contain_nonconformance": gettext_lazy("contained"),
    "release_case_lot": gettext_lazy("lot released"),
    "dispose_nonconformance": gettext_lazy("decided"),
    "plan_action": gettext_lazy("action planned"),
    "finish_action": gettext_lazy("action done"),
    "check_action": gettext_lazy("effect looked at"),
    "close_nonconformance": gettext_lazy("closed"),
}
BOOKED = {
    "allowed_by": gettext_lazy("Allowed by"),
    "released": gettext_lazy("Released lot"),
    "scrapped": gettext_lazy("Scrapped"),
    "scrap": gettext_lazy("Scrap"),
    "rework": gettext_lazy("Rework"),
    "returned": gettext_lazy("Returned"),
    "lot": gettext_lazy("Lot"),
    "part": gettext_lazy("Sorted out as"),
    "bad": gettext_lazy("Bad"),
    "to": gettext_lazy("To"),
    "number": gettext_lazy("Rework order"),
    "order": gettext_lazy("Order number inside"),
    "booking": gettext_lazy("Booking"),
}


@require_safe
def case_list(request: HttpRequest) -> HttpResponseBase:
    """Show the cases; filters stand in the address."""
    viewer = viewer_of(request)
    rows = queries.case_table(viewer, CASES.read(request.GET))
    return CASES.page(
        request,
        rows,
        template="factory/case_list.html",
        states=CASE_STATES,
        tones=CASE_TONES,
        overdue=queries.overdue_actions(viewer),
    )


@require_http_methods(["GET", "HEAD", "POST"])
def new_case(request: HttpRequest) -> HttpResponse:
    """Report a nonconformance by hand or from an inspection."""
    viewer = viewer_of(request)
    fault, sent = "", cast("dict[str, Any]", request.GET.dict())
    if request.method == "POST":
        sent = cast("dict[str, Any]", request.POST.dict())
        try:
            made = _report(viewer, request)
        except ConfigError as error:
            fault = str(error)
        else:
            return redirect("case", made)
    about = None
    if sent.get("inspection", "").isdecimal() and len(sent["inspection"]) < 16:
        about = inspections.inspection(viewer, int(sent["inspection"]))
    context = {
        "sent": sent,
        "fault": fault,
        "about": about,
        "severities": SEVERITIES,
        "materials": quality_plans.materials(viewer),
    }
    return render(request, "factory/case_new.html", context, status=400 if fault else 200)


def _report(viewer: Viewer, request: HttpRequest) -> int:
    post, place = request.POST, viewer.organisation_id or 0
    uploads = request.FILES.getlist("photo")[:MOST_PICTURES]
    files = [
        store_file(actor=viewer, organisation_id=place, name=one.name or "", data=cast("Any", one.file)).id
        for one in uploads
    ]
    return actions.report_nonconformance(
        actor=viewer,
        organisation_id=place,
        title=post.get("title", ""),
        detail=post.get("detail", ""),
        severity=post.get("severity", "minor"),
        inspection_id=inputs.whole(post, "inspection", _("Inspection"), empty=0) or None,
        operation_id=inputs.whole(post, "operation", _("Operation"), empty=0) or None,
        material=post.get("material", ""),
        lot=post.get("lot", ""),
        quantity=inputs.decimal(post, "quantity", _("Quantity"), empty=0.0) or None,
        files=files,
        origin="inspection" if post.get("inspection") else "hand",
    )


@require_http_methods(["GET", "HEAD", "POST"])
def case_page(request: HttpRequest, case_id: int) -> HttpResponse:
    """Show one case and do the next thing on it."""
    viewer = viewer_of(request)
    row = queries.case(viewer, case_id)
    if request.method == "POST":
        try:
            todo = request.POST.get("do", "")
            if todo not in _TODO:
                raise ConfigError(_("There is no such action."))
            _TODO[todo](viewer, row, request.POST)
        except ConfigError as error:
            messages.error(request, str(error))
        return redirect("case", case_id)
    record = queries.case_record(viewer, case_id)
    place = row.organisation_id
    context = _context(viewer, record) | {
        "may_handle": row.state != "closed" and may(viewer, "handle_nonconformance", place),
        "may_dispose": may(viewer, "dispose_nonconformance", place) and row.state == "contained",
        "may_release": may(viewer, "dispose_nonconformance", place) and row.state != "closed",
        "may_close": may(viewer, "dispose_nonconformance", place) and row.state == "disposed",
        "people": parties.members(viewer, place),
        "reasons": queries.scrap_reasons(viewer),
        "due_typed": inputs.shown_moment(now_us() + 7 * DAY)[:10],
        "check_typed": inputs.shown_moment(now_us() + 37 * DAY)[:10],
        "effects": {
            one.id: queries.effect(viewer, one.id, now=now_us())
            for one in record.actions
            if one.done_at is not None and one.checked_at is None
        },
        "now": now_us(),
    }
    return render(request, "factory/case.html", context)


def _context(viewer: Viewer, record: CaseRecord) -> dict[str, Any]:
    return {
        "record": record,
        "row": record.row,
        "age": _age(record.row),
        "states": CASE_STATES,
        "tones": CASE_TONES,
        "severities": SEVERITIES,
        "dispositions": DISPOSITIONS,
        "origins": ORIGINS,
        "deeds": DEEDS,
        "booked_words": BOOKED,
    }


@require_safe
def case_paper(request: HttpRequest, case_id: int) -> HttpResponse:
    """Show one case as a report for paper, in the eight steps customers ask for."""
    viewer = viewer_of(request)
    context = _context(viewer, queries.case_record(viewer, case_id)) | {"now": now_us()}
    return render(request, "factory/case_paper.html", context)


def _contain(viewer: Viewer, row: CaseRow, post: QueryDict) -> None:
    lots = [code.strip() for code in post.get("lots", "").replace("，", ",").split(",") if code.strip()]
    actions.contain_nonconformance(
        actor=viewer,
        case_id=row.id,
        containment=post.get("containment", ""),
        lots=lots,
        block=bool(post.get("block")),
    )


def _dispose(viewer: Viewer, row: CaseRow, post: QueryDict) -> None:
    decision = Decision(
        note=post.get("note", ""),
        quantity=inputs.decimal(post, "quantity", _("Quantity"), empty=0.0) or None,
        reason=post.get("reason", ""),
        party=post.get("party", ""),
    )
    actions.dispose_nonconformance(
        actor=viewer, case_id=row.id, disposition=post.get("disposition", ""), decision=decision
    )


def _plan(viewer: Viewer, row: CaseRow, post: QueryDict) -> None:
    actions.plan_action(
        actor=viewer,
        case_id=row.id,
        action=post.get("action", ""),
        kind=post.get("kind", "corrective"),
        causes=[post.get(f"why-{i}", "") for i in range(5)],
        responsible_id=inputs.whole(post, "responsible", _("Responsible"), empty=0) or None,
        due_at=inputs.moment(post, "due", _("Due")) or now_us() + 7 * DAY,
        check_at=inputs.moment(post, "check", _("Effect looked at on")) or now_us() + 37 * DAY,
    )


def _check(viewer: Viewer, row: CaseRow, post: QueryDict) -> None:
    number = inputs.whole(post, "action", _("Action"))
    found = queries.effect(viewer, number, now=now_us())
    actions.check_action(
        actor=viewer,
        action_id=number,
        effective=post.get("effective") == "1",
        evidence=post.get("evidence", ""),
        measured=asdict(found) if found else {},
    )


def _finish(viewer: Viewer, row: CaseRow, post: QueryDict) -> None:
    number = inputs.whole(post, "action", _("Action"))
    actions.finish_action(actor=viewer, action_id=number, note=post.get("note", ""))


def _release(viewer: Viewer, row: CaseRow, post: QueryDict) -> None:
    item = inputs.whole(post, "item", _("Lot"))
    actions.release_case_lot(actor=viewer, case_id=row.id, item=item, reason=post.get("reason", ""))


_TODO: dict[str, Callable[[Viewer, CaseRow, QueryDict], None]] = {
    "contain": _contain,
    "dispose": _dispose,
    "plan": _plan,
    "finish": _finish,
    "check": _check,
    "release": _release,
    "close": lambda viewer, row, _post: actions.close_nonconformance(actor=viewer, case_id=row.id),
}
