"""Pages of what is due, of plans, spare parts and reliability."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from chanye.domains.factory.actions import maintenance_plans as actions
from chanye.domains.factory.actions import maintenance_work as work
from chanye.domains.factory.pages import maintenance_words as words
from chanye.domains.factory.pages.live import by_the_clock_of
from chanye.domains.factory.pages.maintenance import PLACES, member_of, number_of, order_card, whole_of
from chanye.domains.factory.queries import maintenance as queries
from chanye.domains.factory.queries import maintenance_plans as plan_queries
from chanye.domains.factory.queries import reliability
from chanye.domains.factory.queries.maintenance import OrderFilter
from chanye.domains.factory.types.maintenance import AssetHealth, PlanView
from chanye.kernel.errors import ConfigError
from chanye.kernel.money import parse_money
from chanye.kernel.time import DAY, now_us
from chanye.parties.rules import may
from chanye.parties.types import Viewer
from chanye.sheets import Column, Sheet
from chanye.spine import queries as spine

WINDOWS = {"30d": 30 * DAY, "90d": 90 * DAY, "365d": 365 * DAY}
MINUTE = 60_000_000


@dataclass(frozen=True, slots=True)
class PlanRow:
    """A plan as the list shows it."""

    view: PlanView

    @property
    def interval(self) -> str:
        """The interval in words."""
        return interval(self.view)


def interval(view: PlanView) -> str:
    """Return the interval of a plan in words."""
    if view.trigger == "condition":
        sign = ">" if view.above else "<"
        return f"{view.series} {sign} {view.limit:g}"
    unit = words.UNITS.get(view.due.unit or view.unit, view.due.unit)
    return _("every %(n)s %(unit)s") % {"n": f"{view.every:g}", "unit": unit}


PLANS = Sheet(
    "maintenance-plans",
    gettext_lazy("What is due"),
    (
        Column(
            "at",
            pgettext_lazy("maintenance", "Due"),
            kind="moment",
            read=lambda row: row.view.due.at,
            template="factory/maintenance_due_cell.html",
        ),
        Column("name", gettext_lazy("What"), read=lambda row: row.view.name, href=lambda row: plan_url(row.view.id)),
        Column(
            "asset",
            gettext_lazy("Machine"),
            read=lambda row: row.view.asset,
            href=lambda row: asset_url(row.view.asset_id),
        ),
        Column(
            "trigger",
            gettext_lazy("Trigger"),
            kind="choice",
            choices=words.TRIGGERS,
            read=lambda row: row.view.trigger,
        ),
        Column("interval", gettext_lazy("Interval"), filter="none"),
        Column(
            "used",
            gettext_lazy("Used"),
            kind="quantity",
            unit="%",
            decimals=0,
            filter="none",
            read=lambda row: None if row.view.due.used is None else 100 * row.view.due.share,
            template="factory/maintenance_used_cell.html",
        ),
        Column("last", gettext_lazy("Last done"), kind="moment", read=lambda row: row.view.last_at),
        Column(
            "active", pgettext_lazy("maintenance plan", "In use"), kind="yes_no", read=lambda row: row.view.active
        ),
    ),
    order="at",
)


def plan_url(number: int) -> str:
    """Return the address of a plan."""
    return reverse("maintenance-plan", args=[number])


def asset_url(number: int) -> str:
    """Return the address of an asset's maintenance record."""
    return reverse("maintenance-asset", args=[number])


@require_safe
def due_list(request: HttpRequest) -> HttpResponseBase:
    """List plans with the day on which each is due: known by the calendar, forecast from recent use."""
    viewer, now = member_of(request), now_us()
    found = [PlanRow(view) for view in plan_queries.plans(viewer, now=now)]
    rows = PLANS.read(request.GET).apply(found)
    weeks = _weeks([row.view for row in found if row.view.active], now)
    may_plan = may(viewer, "plan_maintenance", viewer.organisation_id)
    return PLANS.page(request, rows, template="factory/maintenance_due.html", weeks=weeks, may_plan=may_plan, now=now)


def _weeks(views: list[PlanView], now: int) -> list[dict[str, Any]]:
    """Return the next eight weeks with what is due in each; the first holds what is late too."""
    weeks: list[dict[str, Any]] = [
        {"start": now + i * 7 * DAY, "end": now + (i + 1) * 7 * DAY, "plans": []} for i in range(8)
    ]
    for view in views:
        if view.due.at is not None and view.due.at < weeks[-1]["end"]:
            weeks[max(0, (view.due.at - now) // (7 * DAY))]["plans"].append((view, view.due.at < now))
    return weeks


@require_http_methods(["GET", "HEAD", "POST"])
def plan_page(request: HttpRequest, plan_id: int | None = None) -> HttpResponse:
    """Show a plan, or the form of a new one; take its changes."""
    viewer, now = member_of(request), now_us()
    view = plan_queries.plan(viewer, plan_id, now=now) if plan_id is not None else None
    fault, status = "", 200
    if request.method == "POST":
        try:
            number = _save(viewer, request.POST, view)
        except ConfigError as error:
            fault, status = str(error), 400
        else:
            messages.success(request, _("Saved."))
            return redirect("maintenance-plan", number)
    assets = spine.assets(viewer, kinds=PLACES)
    asset_id = view.asset_id if view else whole_of(request.GET.get("asset") or request.POST.get("asset"))
    series = spine.series_of(viewer, [asset_id]) if asset_id in {asset.id for asset in assets} and asset_id else []
    context = {
        "view": view,
        "now": now,
        "sent": request.POST if request.method == "POST" else _typed(view),
        "steps": _step_text(view) if request.method != "POST" else request.POST.get("steps", ""),
        "assets": assets,
        "asset_id": asset_id,
        "series": [one for one in series if one.kind in ("analog", "counter")],
        "triggers": list(words.TRIGGERS.items()),
        "kinds": [("preventive", words.KINDS["preventive"]), ("inspection", words.KINDS["inspection"])],
        "units": [(unit, words.UNITS[unit]) for unit in ("d", "w", "mo")],
        "why": words.WHY.get(view.due.why, "") if view else "",
        "interval": interval(view) if view else "",
        "fault": fault,
        "may_plan": may(viewer, "plan_maintenance", viewer.organisation_id),
    }
    return render(request, "factory/maintenance_plan.html", context, status=status)


def _typed(view: PlanView | None) -> dict[str, Any]:
    if view is None:
        return {"trigger": "time", "every": "1", "unit": "mo", "order_kind": "preventive", "stops_machine": "1"}
    return {
        "name": view.name,
        "trigger": view.trigger,
        "every": f"{view.every:g}",
        "unit": view.unit,
        "lead": f"{view.lead:g}" if view.lead else "",
        "series": str(view.series_id or ""),
        "limit": "" if view.limit is None else f"{view.limit:g}",
        "above": "above" if view.above else "below",
        "hold": str(view.hold // MINUTE or 10),
        "order_kind": view.order_kind,
        "minutes": str(view.minutes or ""),
        "lockout": view.lockout,
        "permit": "1" if view.permit else "",
        "stops_machine": "1" if view.stops_machine else "",
        "active": "1" if view.active else "",
    }


def _step_text(view: PlanView | None) -> str:
    """Return a check list as lines: ``text``, or ``text | unit | low | high``; ``*`` asks for a picture."""
    lines = []
    for step in view.steps if view else ():
        picture = "*" if step.get("photo") else ""
        if step.get("kind") == "value":
            low, high = ("" if step.get(one) is None else f"{step[one]:g}" for one in ("low", "high"))
            lines.append(f"{picture}{step['text']} | {step.get('unit', '')} | {low} | {high}")
        else:
            lines.append(f"{picture}{step['text']}")
    return "\n".join(lines)


def _read_steps(text: str) -> list[dict[str, Any]]:
    steps: list[dict[str, Any]] = []
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip().lstrip("*").split("|")]
        if not cells[0]:
            continue
        step: dict[str, Any] = {"text": cells[0], "photo": line.strip().startswith("*")}
        if len(cells) > 1:
            cells += [""] * (4 - len(cells))
            step |= {"kind": "value", "unit": cells[1], "low": number_of(cells[2]), "high": number_of(cells[3])}
        steps.append(step)
    return steps


def _save(viewer: Viewer, sent: Mapping[str, str], view: PlanView | None) -> int:
    return actions.save_plan(
        actor=viewer,
        asset_id=view.asset_id if view else whole_of(sent.get("asset")) or 0,
        name=view.name if view else sent.get("name", ""),
        trigger=sent.get("trigger", ""),
        every=number_of(sent.get("every")) or 0.0,
        unit=sent.get("unit", "d") or "d",
        lead=number_of(sent.get("lead")) or 0.0,
        series_id=whole_of(sent.get("series")),
        limit=number_of(sent.get("limit")),
        above=sent.get("above") != "below",
        hold=round((number_of(sent.get("hold")) or 10) * MINUTE),
        order_kind=sent.get("order_kind", "preventive"),
        steps=_read_steps(sent.get("steps", "")),
        parts=view.parts if view else (),
        minutes=whole_of(sent.get("minutes")) or 0,
        lockout=sent.get("lockout", ""),
        permit=bool(sent.get("permit")),
        stops_machine=bool(sent.get("stops_machine")),
        active=bool(sent.get("active")) if view else True,
    )


@require_POST
def make_order(request: HttpRequest, plan_id: int) -> HttpResponse:
    """Make the order of a plan now, before it is due."""
    viewer, now = member_of(request), now_us()
    view = plan_queries.plan(viewer, plan_id, now=now)
    number = view.open_order or actions.order_of_plan(actor=viewer, view=view, now=now)
    return redirect("maintenance-order", number)


SPARES = Sheet(
    "spare-parts",
    gettext_lazy("Spare parts"),
    (
        Column("code", gettext_lazy("Code"), kind="reference"),
        Column("name", gettext_lazy("Name")),
        Column("place", gettext_lazy("Place")),
        Column("stock", gettext_lazy("In stock"), kind="integer", template="factory/maintenance_stock_cell.html"),
        Column("minimum", gettext_lazy("Minimum"), kind="integer"),
        Column("low", gettext_lazy("To be ordered"), kind="yes_no"),
        Column("used", gettext_lazy("Used in 90 days"), kind="integer"),
        Column("price", gettext_lazy("Price"), kind="money"),
        Column("worth", gettext_lazy("Value"), kind="money", total=True, read=lambda row: row.stock * row.price),
    ),
    key=("code",),
    order="code",
)


@require_http_methods(["GET", "HEAD", "POST"])
def spare_list(request: HttpRequest) -> HttpResponseBase:
    """List spare parts; take new ones, deliveries and counts."""
    viewer = member_of(request)
    fault = ""
    if request.method == "POST":
        try:
            _change_spares(viewer, request.POST)
        except ConfigError as error:
            fault = str(error)
        else:
            messages.success(request, _("Saved."))
            return redirect("spare-parts")
    rows = SPARES.read(request.GET).apply(queries.spares(viewer))
    return SPARES.page(
        request,
        rows,
        template="factory/maintenance_spares.html",
        fault=fault,
        all_parts=queries.spares(viewer),
        sent=request.POST,
        may_edit=may(viewer, "edit_spares", viewer.organisation_id),
        key=f"web-{viewer.person_id}-{now_us()}",
    )


def _change_spares(viewer: Viewer, sent: Mapping[str, str]) -> None:
    if sent.get("do") == "move":
        quantity = whole_of(sent.get("quantity"))
        if quantity is None:
            raise ConfigError(_("Type a whole quantity; a minus takes parts away."))
        part, note = whole_of(sent.get("part")) or 0, sent.get("note", "")
        work.move_part(actor=viewer, part_id=part, quantity=quantity, note=note, key=sent.get("key", "")[:64])
        return
    price = sent.get("price", "").strip()
    work.save_part(
        actor=viewer,
        organisation_id=viewer.organisation_id or 0,
        code=sent.get("code", ""),
        name=sent.get("name", ""),
        place=sent.get("place", ""),
        minimum=whole_of(sent.get("minimum")) or 0,
        price=parse_money(price) if price else 0,
    )


HEALTH = Sheet(
    "reliability",
    gettext_lazy("Reliability"),
    (
        Column(
            "asset",
            gettext_lazy("Machine"),
            read=lambda row: row.asset.name,
            href=lambda row: asset_url(row.asset.id),
        ),
        Column(
            "failures", gettext_lazy("Failures"), kind="integer", total=True, read=lambda row: row.figures.failures
        ),
        Column("mtbf", "MTBF", kind="quantity", unit="h", decimals=1, read=lambda row: row.figures.mtbf.value),
        Column(
            "low",
            gettext_lazy("MTBF at least"),
            kind="quantity",
            unit="h",
            decimals=1,
            read=lambda row: row.figures.low,
        ),
        Column(
            "high",
            gettext_lazy("MTBF at most"),
            kind="quantity",
            unit="h",
            decimals=1,
            read=lambda row: row.figures.high,
        ),
        Column("mttr", "MTTR", kind="quantity", unit="h", decimals=1, read=lambda row: row.figures.mttr.value),
        Column(
            "available",
            gettext_lazy("Availability"),
            kind="quantity",
            unit="%",
            decimals=1,
            read=lambda row: _percent(row.figures.availability.value),
        ),
        Column(
            "operated",
            gettext_lazy("In operation"),
            kind="duration",
            unit="h",
            decimals=0,
            total=True,
            read=lambda row: row.figures.operated,
        ),
        Column(
            "known",
            gettext_lazy("Known"),
            kind="quantity",
            unit="%",
            decimals=0,
            read=lambda row: _percent(row.coverage),
        ),
        Column("orders", gettext_lazy("Orders"), kind="integer", total=True),
        Column("cost", gettext_lazy("Cost"), kind="money", total=True, read=lambda row: row.cost.total),
    ),
    key=("asset",),
    order="-cost",
)


def _percent(share: float | None) -> float | None:
    return None if share is None else 100 * share


def _window(request: HttpRequest, now: int) -> tuple[str, int]:
    name = request.GET.get("window", "90d")
    name = name if name in WINDOWS else "90d"
    return name, now - WINDOWS[name]


@require_safe
def reliability_list(request: HttpRequest) -> HttpResponseBase:
    """List machines with failures, MTBF, MTTR, availability and cost."""
    viewer, now = member_of(request), now_us()
    name, start = _window(request, now)
    found: list[AssetHealth] = []
    for site in spine.sites(viewer):
        found += reliability.site_health(viewer, site.id, start, now, now=now)
    whole = reliability.together(viewer, found) if found else None
    rows = HEALTH.read(request.GET).apply(found)
    return HEALTH.page(
        request,
        rows,
        template="factory/maintenance_reliability.html",
        whole=whole,
        window=name,
        windows=list(WINDOWS),
    )


@require_safe
def asset_page(request: HttpRequest, asset_id: int) -> HttpResponse:
    """Show an asset's record: reliability, plans, orders and what they cost."""
    viewer, now = member_of(request), now_us()
    asset = spine.asset(viewer, asset_id)
    name, start = _window(request, now)
    health = reliability.asset_health(viewer, asset_id, start, now, now=now)
    rows = queries.orders(viewer, OrderFilter(assets=(asset_id,)), now=now)
    context = {
        "asset": asset,
        "health": health,
        "why": {one: words.WHY.get(getattr(health.figures, one).why, "") for one in ("mtbf", "mttr", "availability")},
        "cost": words.money(health.cost.total),
        "plans": [(view, interval(view)) for view in plan_queries.plans(viewer, now=now, asset_ids=[asset_id])],
        "cards": [(order_card(row, now), words.money(row.cost.total)) for row in rows[:200]],
        "window": name,
        "windows": list(WINDOWS),
        "now": now,
        "may_plan": may(viewer, "plan_maintenance", viewer.organisation_id),
        "may_report": may(viewer, "request_maintenance", viewer.organisation_id),
    }
    with by_the_clock_of(asset):
        return render(request, "factory/maintenance_asset.html", context)
