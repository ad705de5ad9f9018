"""Inspections: what is due, one on the tablet, its result; goods in."""

from __future__ import annotations

from dataclasses import asdict
from uuid import uuid4

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_http_methods, require_safe

from chanye.domains.factory.actions import incoming
from chanye.domains.factory.actions import quality as actions
from chanye.domains.factory.pages import inputs
from chanye.domains.factory.pages.inspect_words import words
from chanye.domains.factory.pages.quality_words import INSPECTION_STATES, INSPECTION_TONES, PLAN_KINDS
from chanye.domains.factory.queries import inspections as queries
from chanye.domains.factory.queries import quality_plans
from chanye.domains.factory.types.quality import InspectionRow
from chanye.kernel.errors import ConfigError
from chanye.kernel.unit_names import unit_label
from chanye.parties.rules import may
from chanye.parties.types import Viewer
from chanye.sheets import Column, Sheet
from chanye.spine.api import viewer_of


def _href(row: InspectionRow) -> str:
    return reverse("inspect" if row.state == "open" else "inspection", args=[row.id])


INSPECTIONS = Sheet(
    "inspections",
    gettext_lazy("Inspections"),
    (
        Column("plan", gettext_lazy("Plan"), "reference", template="factory/inspection_what.html"),
        Column("kind", gettext_lazy("Kind"), "choice", choices=PLAN_KINDS),
        Column("material", gettext_lazy("Product"), "reference"),
        Column("order", pgettext_lazy("work order", "Order"), "reference"),
        Column("operation", gettext_lazy("Operation"), filter="none"),
        Column("place", gettext_lazy("Machine"), "reference"),
        Column("lot", gettext_lazy("Lot")),
        Column(
            "state",
            gettext_lazy("State"),
            "choice",
            choices=INSPECTION_STATES,
            template="factory/inspection_state.html",
        ),
        Column("late", gettext_lazy("Overdue"), "yes_no", listed=False),
        Column("due_at", gettext_lazy("Due"), "moment"),
        Column("quantity", gettext_lazy("Quantity"), "quantity", listed=False),
        Column("accepted", gettext_lazy("Accepted quantity"), "quantity", listed=False),
        Column("rejected", gettext_lazy("Rejected quantity"), "quantity", listed=False),
        Column("supplier", gettext_lazy("Supplier"), listed=False),
        Column("judged_at", gettext_lazy("Judged"), "moment", listed=False),
        Column("judged_by", gettext_lazy("Judged by"), "reference", listed=False),
        Column("note", gettext_lazy("Note"), listed=False),
    ),
    order="-due_at",
    href=_href,
)


@require_safe
def inspection_list(request: HttpRequest) -> HttpResponseBase:
    """Show inspections; those that are due first, unless something else is asked for."""
    viewer = viewer_of(request)
    query, counts = request.GET, queries.counts(viewer)
    if not query and counts["due"]:
        query = QueryDict("state=open&sort=due_at")
    rows = queries.inspection_table(viewer, INSPECTIONS.read(query))
    return INSPECTIONS.page(
        request,
        rows,
        template="factory/inspection_list.html",
        states=INSPECTION_STATES,
        tones=INSPECTION_TONES,
        counts=counts,
        may_receive=may(viewer, "book_item", viewer.organisation_id),
    )


@ensure_csrf_cookie
@require_safe
def inspect(request: HttpRequest, inspection_id: int) -> HttpResponse:
    """Show the tablet page: one value a screen, booked through the terminal's queue."""
    viewer = viewer_of(request)
    row = queries.inspection(viewer, inspection_id)
    if row.state != "open":
        return redirect("inspection", inspection_id)
    asked = [
        asdict(one) | {"unit": unit_label(one.unit, request.LANGUAGE_CODE) if one.unit != "1" else ""}
        for one in queries.asked_values(viewer, inspection_id)
    ]
    task = {
        "id": row.id,
        "place": row.place_id,
        "title": f"{PLAN_KINDS[row.kind]} · {row.plan}",
        "sub": " · ".join(part for part in (row.order, row.operation, row.lot, row.material_name) if part),
        "asked": asked,
        "given": queries.given_values(viewer, inspection_id),
        "gauges": [asdict(one) for one in queries.usable_gauges(viewer, row.organisation_id)],
        "result": reverse("inspection", args=[row.id]),
        "back": reverse("inspections"),
        "files": reverse("files"),
    }
    return render(request, "factory/inspect.html", {"row": row, "task": task, "words": words()})


@require_http_methods(["GET", "HEAD", "POST"])
def inspection_page(request: HttpRequest, inspection_id: int) -> HttpResponse:
    """Show the result of an inspection; split its lot, measure again, cancel it."""
    viewer = viewer_of(request)
    record = queries.inspection_record(viewer, inspection_id)
    if request.method == "POST":
        try:
            there = _do(viewer, record.row, request.POST)
        except ConfigError as error:
            messages.error(request, str(error))
            return redirect("inspection", inspection_id)
        return redirect(there)
    row = record.row
    judge = may(viewer, "judge_inspection", row.organisation_id)
    newest = queries.newest_of(viewer, row.plan_id, row.operation_id) == row.id
    context = {
        "record": record,
        "row": row,
        "kinds": PLAN_KINDS,
        "states": INSPECTION_STATES,
        "tones": INSPECTION_TONES,
        "may_measure": row.state == "open" and may(viewer, "record_inspection", row.organisation_id),
        "may_split": judge and row.state == "rejected" and row.accepted is None and row.quantity is not None,
        "may_cancel": judge and row.state == "open",
        "may_again": row.state == "rejected"
        and newest
        and row.operation_id is not None
        and may(viewer, "record_inspection", row.organisation_id),
        "deeds": DEEDS,
    }
    return render(request, "factory/inspection.html", context)


DEEDS = {
    "open_inspection": gettext_lazy("became due"),
    "record_values": gettext_lazy("values recorded"),
    "judge_inspection": gettext_lazy("judged"),
    "cancel_inspection": gettext_lazy("cancelled"),
}


def _do(viewer: Viewer, row: InspectionRow, post: QueryDict) -> str:
    todo = post.get("do", "")
    here = reverse("inspection", args=[row.id])
    if todo == "split":
        rejected = inputs.decimal(post, "rejected", _("Rejected quantity"))
        whole = row.quantity or 0.0
        actions.split_lot(
            actor=viewer,
            inspection_id=row.id,
            accepted=round(whole - rejected, 6),
            rejected=rejected,
            note=post.get("note", ""),
        )
        return here
    if todo == "cancel":
        actions.cancel_inspection(actor=viewer, inspection_id=row.id, reason=post.get("note", ""))
        return here
    if todo == "again":
        made = actions.open_inspection(actor=viewer, plan_id=row.plan_id, operation_id=row.operation_id)
        return reverse("inspect", args=[made])
    raise ConfigError(_("There is no such action."))


@require_http_methods(["GET", "HEAD", "POST"])
def receive_lot(request: HttpRequest) -> HttpResponse:
    """Take in a lot from a supplier."""
    viewer = viewer_of(request)
    fault = ""
    if request.method == "POST":
        try:
            made = _receive(viewer, request.POST)
        except ConfigError as error:
            fault = str(error)
        else:
            if not made:
                messages.success(request, _("Received. No plan asks for an inspection: the lot can be used."))
                return redirect("receive-lot")
            said = ngettext(
                "Received and blocked: %(n)s inspection is due.",
                "Received and blocked: %(n)s inspections are due.",
                len(made),
            )
            messages.success(request, said % {"n": len(made)})
            return redirect("inspect", made[0])
    context = {
        "sent": request.POST,
        "fault": fault,
        "key": request.POST.get("key") or uuid4().hex,
        "materials": quality_plans.tracked_materials(viewer),
        "planned": {row.material for row in quality_plans.released_plans(viewer, kind="incoming")},
    }
    return render(request, "factory/receive_lot.html", context, status=400 if fault else 200)


def _receive(viewer: Viewer, post: QueryDict) -> list[int]:
    return incoming.receive_lot(
        actor=viewer,
        organisation_id=viewer.organisation_id or 0,
        material=post.get("material", ""),
        lot=post.get("lot", ""),
        quantity=inputs.decimal(post, "quantity", _("Quantity")),
        supplier=post.get("supplier", ""),
        reference=post.get("reference", ""),
        key=f"receive:{post.get('key', '')[:50]}",
    )
