"""Pages of maintenance orders: what is mine, all of them, one step by step, a new one."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from chanye.domains.factory.actions import maintenance as actions
from chanye.domains.factory.actions import maintenance_work as work
from chanye.domains.factory.pages import maintenance_words as words
from chanye.domains.factory.pages.live import viewer_of
from chanye.domains.factory.queries import maintenance as queries
from chanye.domains.factory.queries import maintenance_plans as plan_queries
from chanye.domains.factory.queries.maintenance import OrderFilter
from chanye.domains.factory.types.maintenance import OrderDetail, OrderRow
from chanye.kernel.errors import ConfigError
from chanye.kernel.money import parse_money
from chanye.kernel.time import DAY, now_us, to_us
from chanye.parties.queries import members
from chanye.parties.rules import may, require
from chanye.parties.types import Viewer
from chanye.sheets import Column, Sheet
from chanye.spine import actions as spine_actions
from chanye.spine import queries as spine

PLACES = ("site", "area", "work_centre", "work_unit")

ORDERS = Sheet(
    "maintenance-orders",
    gettext_lazy("Maintenance orders"),
    (
        Column("number", gettext_lazy("No."), kind="integer", href=lambda row: order_url(row.id), filter="none"),
        Column("title", gettext_lazy("What"), href=lambda row: order_url(row.id)),
        Column("asset", gettext_lazy("Machine")),
        Column("kind", gettext_lazy("Kind"), kind="choice", choices=words.KINDS),
        Column("state", gettext_lazy("State"), kind="choice", choices=words.STATES),
        Column(
            "priority",
            gettext_lazy("Priority"),
            kind="choice",
            choices=words.PRIORITIES,
            filter="more",
            read=lambda row: str(row.priority),
        ),
        Column("assignee", gettext_lazy("Who")),
        Column("due_at", pgettext_lazy("maintenance", "Due"), kind="moment"),
        Column("created_at", gettext_lazy("Reported"), kind="moment"),
        Column("done_at", gettext_lazy("Finished"), kind="moment", listed=False),
        Column("worked", gettext_lazy("Worked"), kind="duration", unit="h", decimals=1, total=True),
        Column("cost", gettext_lazy("Cost"), kind="money", total=True, read=lambda row: row.cost.total),
    ),
    key=("number",),
)


def order_url(number: int) -> str:
    """Return the address of an order."""
    return reverse("maintenance-order", args=[number])


def member_of(request: HttpRequest) -> Viewer:
    """Return who looks, who must be a member of an organisation."""
    viewer = viewer_of(request)
    require(viewer, "read_site", viewer.organisation_id)
    return viewer


def order_card(row: OrderRow, now: int) -> dict[str, Any]:
    """Return what the card of an order shows."""
    return {
        "row": row,
        "kind": words.KINDS.get(row.kind, row.kind),
        "state": words.STATES.get(row.state, row.state),
        "priority": words.PRIORITIES.get(str(row.priority), ""),
        "late": row.late(now),
        "url": order_url(row.id),
    }


@require_safe
def my_orders(request: HttpRequest) -> HttpResponse:
    """Show a technician what is in hand, what is planned, what nobody has taken, and what comes due."""
    viewer, now = member_of(request), now_us()
    rows = queries.orders(viewer, OrderFilter(states=("open",)), now=now)
    mine = [row for row in rows if row.assignee_id is not None and row.assignee_id == viewer.person_id]
    groups = [
        (_("In work"), [row for row in mine if row.state == "in_progress"]),
        (_("Mine, to do"), [row for row in mine if row.state in ("new", "planned")]),
        (_("Free to take"), [row for row in rows if row.assignee_id is None]),
        (_("Waiting"), [row for row in mine if row.state == "waiting"]),
        (_("With others"), [row for row in rows if row.assignee_id not in (None, viewer.person_id)]),
    ]
    plans = plan_queries.plans(viewer, now=now, active=True)
    coming = [view for view in plans if view.due.at is not None and view.due.at < now + 7 * DAY]
    context = {
        "now": now,
        "groups": [(title, [order_card(row, now) for row in found[:50]]) for title, found in groups if found],
        "open": len(rows),
        "late": sum(row.late(now) for row in rows),
        "coming": len(coming),
        "plans": len(plans),
        "low": len(queries.spares(viewer, low=True)),
        "may_report": may(viewer, "request_maintenance", viewer.organisation_id),
        "may_plan": may(viewer, "plan_maintenance", viewer.organisation_id),
    }
    return render(request, "factory/maintenance_home.html", context)


@require_safe
def order_list(request: HttpRequest) -> HttpResponseBase:
    """List all orders: filters, sorting, XLSX."""
    viewer, now = member_of(request), now_us()
    rows = ORDERS.read(request.GET).apply(queries.orders(viewer, now=now))
    may_report = may(viewer, "request_maintenance", viewer.organisation_id)
    return ORDERS.page(request, rows, template="factory/maintenance_orders.html", may_report=may_report)


@require_http_methods(["GET", "HEAD", "POST"])
def new_order(request: HttpRequest) -> HttpResponse:
    """Report a fault or ask for work."""
    viewer = member_of(request)
    require(viewer, "request_maintenance", viewer.organisation_id)
    sent = request.POST if request.method == "POST" else request.GET
    fault = ""
    if request.method == "POST":
        try:
            number = actions.create_order(
                actor=viewer,
                asset_id=whole_of(sent.get("asset")) or 0,
                title=sent.get("title", ""),
                note=sent.get("note", ""),
                kind=sent.get("kind", "corrective"),
                priority=whole_of(sent.get("priority")) or 2,
                down_from=(whole_of(sent.get("at")) or now_us()) if sent.get("down") else None,
                key=sent.get("key", ""),
            )
        except ConfigError as error:
            fault = str(error)
        else:
            messages.success(request, _("Reported. Maintenance sees it now."))
            return redirect("maintenance-order", number)
    context = {
        "assets": spine.assets(viewer, kinds=PLACES),
        "sent": {name: sent.get(name, "") for name in ("asset", "title", "note", "kind", "priority", "down")},
        "kinds": [("corrective", words.KINDS["corrective"]), ("inspection", words.KINDS["inspection"])],
        "priorities": list(words.PRIORITIES.items()),
        "fault": fault,
        "key": sent.get("key") or f"web-{viewer.person_id}-{now_us()}",
        "at": sent.get("at") or str(now_us()),
    }
    return render(request, "factory/maintenance_new.html", context, status=400 if fault else 200)


def whole_of(text: str | None) -> int | None:
    """Return a whole number that a person typed or a form sent; None where it is none."""
    plain = (text or "").strip()
    return int(plain) if plain.lstrip("-").isascii() and plain.lstrip("-").isdigit() and len(plain) < 19 else None


def number_of(text: str | None) -> float | None:
    """Return a number that a person typed; None where nothing was."""
    plain = (text or "").strip().replace(",", ".")
    if not plain:
        return None
    try:
        return float(plain)
    except ValueError:
        raise ConfigError(_("“%(text)s” is not a number; write it like 4.5.") % {"text": plain[:40]}) from None


def moment_of(text: str | None) -> int | None:
    """Return what a date field sent, by the clock of the page [us UTC]; None where nothing was."""
    if not text:
        return None
    try:
        return to_us(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(timezone.get_current_timezone_name())))
    except (ValueError, OverflowError):
        raise ConfigError(_("Choose a date and a time.")) from None


def _local(us: int | None) -> str:
    """Return a moment as a date field wants it."""
    if us is None:
        return ""
    return timezone.localtime(datetime.fromtimestamp(us / 1e6, tz=ZoneInfo("UTC"))).strftime("%Y-%m-%dT%H:%M")


@require_safe
def order_page(request: HttpRequest, work_id: int) -> HttpResponse:
    """Show one order: what to do now, its steps one by one, parts, time, what happened."""
    return _order(request, work_id, "")


def _order(request: HttpRequest, order_id: int, fault: str) -> HttpResponse:
    viewer, now = viewer_of(request), now_us()
    found = queries.order(viewer, order_id, now=now)
    organisation = viewer.organisation_id
    steps = [(step, words.RESULTS.get(step.result, "")) for step in found.steps]
    left = [step.position for step in found.steps if not step.result]
    asked = whole_of(request.GET.get("step"))
    here = asked if asked in [step.position for step in found.steps] else (left[0] if left else None)
    context = {
        "now": now,
        "order": found,
        "card": order_card(found.row, now),
        "steps": steps,
        "here": next((step for step in found.steps if step.position == here), None),
        "left": len(left),
        "fault": fault,
        "source": words.SOURCES.get(found.row.source, ""),
        "events": [(event, words.VERBS.get(event.verb, event.verb)) for event in found.events],
        "costs": {name: words.money(getattr(found.row.cost, name)) for name in ("labour", "parts", "other", "total")},
        "working": any(span.person_id == viewer.person_id and span.end is None for span in found.labour),
        "may_work": may(viewer, "work_maintenance", organisation),
        "may_plan": may(viewer, "plan_maintenance", organisation),
        "may_verify": may(viewer, "verify_maintenance", organisation) and found.done_by_id != viewer.person_id,
        "key": f"web-{viewer.person_id}-{now}",
        **_choices(viewer, found),
    }
    return render(request, "factory/maintenance_order.html", context, status=400 if fault else 200)


def _choices(viewer: Viewer, found: OrderDetail) -> dict[str, Any]:
    """Return what forms of an open order offer."""
    if found.row.state in ("verified", "cancelled"):
        return {}
    people = (
        members(viewer, viewer.organisation_id or 0)
        if may(viewer, "plan_maintenance", viewer.organisation_id)
        else []
    )
    able = {"maintenance", "engineer", "admin"}
    return {
        "spares": queries.spares(viewer),
        "people": [one for one in people if one.active and able & set(one.roles)],
        "planned_start": _local(found.row.planned_start),
        "planned_end": _local(found.row.planned_end),
        "down_to": _local(now_us()) if found.row.down_from is not None else "",
    }


@require_POST
def change_order(request: HttpRequest, work_id: int) -> HttpResponse:
    """Do what a button of the order's page says."""
    verb = request.POST.get("do", "")
    doing = DEEDS.get(verb)
    if doing is None:
        return _order(request, work_id, _("This button is not known; reload the page."))
    try:
        doing(request, viewer_of(request), work_id)
    except ConfigError as error:
        return _order(request, work_id, str(error))
    return redirect("maintenance-order", work_id)


def _start(request: HttpRequest, viewer: Viewer, order_id: int) -> None:
    actions.start_order(
        actor=viewer,
        order_id=order_id,
        locked_out=bool(request.POST.get("locked_out")),
        permit_number=request.POST.get("permit_number", ""),
    )


def _step(request: HttpRequest, viewer: Viewer, order_id: int) -> None:
    picture = request.FILES.get("picture")
    stored = None
    if picture is not None and viewer.organisation_id is not None and picture.file is not None:
        stored = spine_actions.store_file(
            actor=viewer, organisation_id=viewer.organisation_id, name=picture.name or "", data=picture.read()
        ).id
    work.record_step(
        actor=viewer,
        order_id=order_id,
        position=whole_of(request.POST.get("position")) or 0,
        result=request.POST.get("result", ""),
        value=number_of(request.POST.get("value")),
        note=request.POST.get("note", ""),
        picture_id=stored,
    )


def _finish(request: HttpRequest, viewer: Viewer, order_id: int) -> None:
    other = request.POST.get("other_cost", "").strip()
    actions.finish_order(
        actor=viewer,
        order_id=order_id,
        remedy=request.POST.get("remedy", ""),
        cause=request.POST.get("cause", ""),
        down_to=moment_of(request.POST.get("down_to")),
        other_cost=parse_money(other) if other else 0,
    )


def _part(request: HttpRequest, viewer: Viewer, order_id: int) -> None:
    quantity = whole_of(request.POST.get("quantity"))
    if quantity is None:
        raise ConfigError(_("Type a whole quantity; a minus brings parts back."))
    part = whole_of(request.POST.get("part")) or 0
    work.use_part(
        actor=viewer, order_id=order_id, part_id=part, quantity=quantity, key=request.POST.get("key", "")[:64]
    )


def _plan(request: HttpRequest, viewer: Viewer, order_id: int) -> None:
    actions.plan_order(
        actor=viewer,
        order_id=order_id,
        start=moment_of(request.POST.get("start")),
        end=moment_of(request.POST.get("end")),
        assignee_id=whole_of(request.POST.get("assignee")),
    )


def _wait(request: HttpRequest, viewer: Viewer, order_id: int) -> None:
    actions.wait_order(actor=viewer, order_id=order_id, waiting_for=request.POST.get("reason", ""))


def _verify(request: HttpRequest, viewer: Viewer, order_id: int) -> None:
    actions.verify_order(actor=viewer, order_id=order_id, note=request.POST.get("note", ""))


def _cancel(request: HttpRequest, viewer: Viewer, order_id: int) -> None:
    actions.cancel_order(actor=viewer, order_id=order_id, reason=request.POST.get("reason", ""))


def _join(request: HttpRequest, viewer: Viewer, order_id: int) -> None:
    work.begin_labour(actor=viewer, order_id=order_id)


def _leave(request: HttpRequest, viewer: Viewer, order_id: int) -> None:
    work.end_labour(actor=viewer, order_id=order_id)


DEEDS = {
    "start": _start,
    "step": _step,
    "finish": _finish,
    "part": _part,
    "plan": _plan,
    "wait": _wait,
    "verify": _verify,
    "cancel": _cancel,
    "join": _join,
    "leave": _leave,
}
