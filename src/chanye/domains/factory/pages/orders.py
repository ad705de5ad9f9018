"""Orders: the list, one order with its next action, a new one, many released at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from chanye.domains.factory.actions import bookings, consumption, order_desk
from chanye.domains.factory.actions import orders as actions
from chanye.domains.factory.actions.bookings import Report
from chanye.domains.factory.pages import inputs
from chanye.domains.factory.pages.words import OPERATION_STATES, ORDER_STATES, TONES
from chanye.domains.factory.queries import order_book as queries
from chanye.domains.factory.queries import orders
from chanye.domains.factory.rules.orders import ORDER_MOVES
from chanye.domains.factory.types.order_record import OrderRow
from chanye.kernel.errors import ConfigError
from chanye.kernel.time import DAY, now_us
from chanye.parties.rules import may, require
from chanye.parties.types import Viewer
from chanye.sheets import Column, Sheet
from chanye.sheets.importing import Import, ImportRow
from chanye.spine import queries as spine
from chanye.spine.api import viewer_of

BOOKING_WORDS = {
    "start": gettext_lazy("Started"),
    "setup": gettext_lazy("Set-up started"),
    "pause": gettext_lazy("Paused"),
    "finish": gettext_lazy("Finished"),
    "output": gettext_lazy("Output"),
    "correct": gettext_lazy("Taken back"),
}
DEEDS = {
    "create_order": gettext_lazy("created"),
    "change_order": gettext_lazy("changed"),
    "release_order": gettext_lazy("released"),
    "withdraw_order": gettext_lazy("release taken back"),
    "split_order": gettext_lazy("split"),
    "hold_order": gettext_lazy("put on hold"),
    "resume_order": gettext_lazy("resumed"),
    "close_order": gettext_lazy("closed"),
    "cancel_order": gettext_lazy("cancelled"),
}


def _href(row: OrderRow) -> str:
    return reverse("order", args=[row.id])


ORDERS = Sheet(
    "orders",
    gettext_lazy("Orders"),
    (
        Column("number", pgettext_lazy("work order", "Order"), required=True, length=64, example="WO-260901-01"),
        Column(
            "product",
            gettext_lazy("Product"),
            "reference",
            field="revision__material__code",
            required=True,
            template="factory/order_product.html",
        ),
        Column(
            "state",
            gettext_lazy("State"),
            "choice",
            choices=ORDER_STATES,
            template="factory/order_state.html",
            imported=False,
        ),
        Column("quantity", gettext_lazy("Planned"), "integer", minimum=1, required=True, total=True, example=500),
        Column(
            "good", gettext_lazy("Good"), "integer", total=True, imported=False, template="factory/order_bar.html"
        ),
        Column("scrap", gettext_lazy("Scrap"), "integer", total=True, imported=False),
        Column("rework", gettext_lazy("In rework"), "integer", total=True, imported=False, listed=False),
        Column("open", gettext_lazy("Open"), "integer", total=True, imported=False),
        Column("due", gettext_lazy("Due"), "moment", template="factory/order_due.html"),
        Column("late", gettext_lazy("Late"), "yes_no", listed=False, imported=False),
        Column("customer", gettext_lazy("Customer"), length=200),
        Column("priority", gettext_lazy("Priority"), "integer", minimum=1, maximum=99, listed=False, example=50),
        Column("revision", gettext_lazy("Revision"), field="revision__code", listed=False, length=16),
        Column("routing", gettext_lazy("Routing"), field="routing_code", listed=False, length=32),
        Column("reference", gettext_lazy("Reference"), listed=False, length=100),
        Column("note", gettext_lazy("Note"), listed=False),
        Column("site", gettext_lazy("Site"), "reference", field="site__code", listed=False),
        Column("released_at", gettext_lazy("Released at"), "moment", listed=False, imported=False),
        Column("closed_at", gettext_lazy("Closed at"), "moment", listed=False, imported=False),
    ),
    order="due",
    key=("number",),
    href=_href,
)


@require_safe
def order_list(request: HttpRequest) -> HttpResponseBase:
    """Show the orders; filters stand in the address."""
    viewer = viewer_of(request)
    rows = queries.order_table(viewer, ORDERS.read(request.GET))
    return ORDERS.page(
        request,
        rows,
        template="factory/order_list.html",
        may_plan=may(viewer, "plan_orders", viewer.organisation_id),
        may_release=may(viewer, "release_orders", viewer.organisation_id),
        tones=TONES,
        states=ORDER_STATES,
    )


@require_http_methods(["GET", "HEAD", "POST"])
def new_order(request: HttpRequest) -> HttpResponse:
    """Create an order; most fields have a sensible beginning."""
    viewer = viewer_of(request)
    sent: QueryDict | dict[str, str] = request.POST
    fault = ""
    if request.method == "POST":
        try:
            made = _create(viewer, request.POST)
        except ConfigError as error:
            fault = str(error)
        else:
            return redirect("order", made)
    else:
        due = inputs.shown_moment(now_us() + 7 * DAY)[:10] + "T17:00"
        sent = {"number": queries.next_number(viewer), "due": due, "priority": "50", "quantity": ""}
        sent |= {name: request.GET.get(name, "") for name in ("product",)}
    context = {
        "sent": sent,
        "fault": fault,
        "products": queries.makeable(viewer),
        "order_sites": spine.sites(viewer),
        "may_release": may(viewer, "release_orders", viewer.organisation_id),
    }
    return render(request, "factory/order_new.html", context, status=400 if fault else 200)


def _create(viewer: Viewer, post: QueryDict) -> int:
    site = inputs.whole(post, "site", _("Site"))
    made = actions.create_order(
        actor=viewer,
        site_id=site,
        number=post.get("number", ""),
        product=post.get("product", "").strip(),
        quantity=inputs.whole(post, "quantity", _("Quantity")),
        revision=post.get("revision", "").strip(),
        routing=post.get("routing", "").strip(),
        due=inputs.moment(post, "due", _("Due")),
        priority=inputs.whole(post, "priority", _("Priority"), empty=50),
        customer=post.get("customer", "").strip()[:200],
        reference=post.get("reference", "").strip()[:100],
        note=post.get("note", "").strip(),
    )
    if post.get("release"):
        actions.release_order(actor=viewer, order_id=made)
    return made


@require_http_methods(["GET", "HEAD", "POST"])
def order_page(request: HttpRequest, order_id: int) -> HttpResponse:
    """Show one order: where its pieces are, what happened, what can be done next; and do it."""
    viewer = viewer_of(request)
    if request.method == "POST":
        return _do(request, viewer, order_id)
    record = queries.order_record(viewer, order_id)
    order, place = record.order, record.order.organisation_id
    moves = {name for name, states in ORDER_MOVES.items() if order.state in states}
    rights = {
        "change": "plan_orders",
        "release": "release_orders",
        "split": "plan_orders",
        "hold": "hold_orders",
        "resume": "hold_orders",
        "close": "close_orders",
        "cancel": "plan_orders",
    }
    can = {name for name, right in rights.items() if name in moves and may(viewer, right, place)}
    if order.state in ("released", "held") and not record.bookings and may(viewer, "release_orders", place):
        can.add("withdraw")
    if order.balance.open:
        can.discard("finish")
    context = {
        "record": record,
        "order": order,
        "can": can,
        "may_correct": order.state == "released" and may(viewer, "report_output", place),
        "states": ORDER_STATES,
        "operation_states": OPERATION_STATES,
        "tones": TONES,
        "booking_words": BOOKING_WORDS,
        "deeds": DEEDS,
        "late": bool(order.due and order.due < now_us() and order.state in queries.OPEN_ORDERS),
        "due_typed": inputs.shown_moment(order.due),
        "split_number": f"{order.number}-{len(record.splits) + 2}",
    }
    return render(request, "factory/order.html", context)


def _do(request: HttpRequest, viewer: Viewer, order_id: int) -> HttpResponse:
    """Do what a button of the record says."""
    todo = request.POST.get("do", "")
    orders.order(viewer, order_id)
    try:
        if todo not in _DEEDS:
            raise ConfigError(_("There is no such action."))
        there = _DEEDS[todo](viewer, order_id, request.POST)
    except ConfigError as error:
        messages.error(request, str(error))
        return redirect("order", order_id)
    return redirect("order", there or order_id)


def _split(viewer: Viewer, order_id: int, post: QueryDict) -> int:
    quantity = inputs.whole(post, "quantity", _("Quantity"))
    return actions.split_order(
        actor=viewer, order_id=order_id, quantity=quantity, number=post.get("number", "").strip()
    )


def _change(viewer: Viewer, order_id: int, post: QueryDict) -> None:
    actions.change_order(
        actor=viewer,
        order_id=order_id,
        quantity=inputs.whole(post, "quantity", _("Quantity")),
        due=inputs.moment(post, "due", _("Due")),
        priority=inputs.whole(post, "priority", _("Priority"), empty=50),
        note=post.get("note", "").strip(),
    )


def _correct(viewer: Viewer, order_id: int, post: QueryDict) -> None:
    now = now_us()
    at = Report(now, now, person_id=viewer.person_id, origin="office", note=post.get("note", ""))
    bookings.correct_output(actor=viewer, booking_id=inputs.whole(post, "booking", _("Booking")), at=at)


def _correct_consumption(viewer: Viewer, order_id: int, post: QueryDict) -> None:
    now = now_us()
    at = Report(now, now, person_id=viewer.person_id, origin="office", note=post.get("note", ""))
    number = inputs.whole(post, "consumption", _("Material"))
    consumption.correct_consumption(actor=viewer, consumption_id=number, at=at)


_DEEDS: dict[str, Callable[[Viewer, int, QueryDict], int | None]] = {
    "release": lambda viewer, order, _post: actions.release_order(actor=viewer, order_id=order),
    "withdraw": lambda viewer, order, _post: order_desk.withdraw_order(actor=viewer, order_id=order),
    "hold": lambda viewer, order, post: actions.hold_order(
        actor=viewer, order_id=order, reason=post.get("reason", "")
    ),
    "resume": lambda viewer, order, _post: actions.resume_order(actor=viewer, order_id=order),
    "close": lambda viewer, order, _post: actions.close_order(actor=viewer, order_id=order),
    "close_short": lambda viewer, order, _post: actions.close_order(actor=viewer, order_id=order, short=True),
    "cancel": lambda viewer, order, post: actions.cancel_order(
        actor=viewer, order_id=order, reason=post.get("reason", "")
    ),
    "split": _split,
    "change": _change,
    "correct": _correct,
    "correct_consumption": _correct_consumption,
}


@require_http_methods(["GET", "HEAD", "POST"])
def release_page(request: HttpRequest) -> HttpResponse:
    """Show what can be released, and release what is ticked."""
    viewer = viewer_of(request)
    if request.method == "POST":
        done, failed = order_desk.release_orders(actor=viewer, order_ids=inputs.chosen(request.POST, "order"))
        if done:
            said = ngettext("%(n)s order released.", "%(n)s orders released.", len(done))
            messages.success(request, said % {"n": len(done)})
        for _number, why in failed:
            messages.error(request, why)
        return redirect("release-orders" if failed or not done else "orders")
    rows = queries.to_release(viewer)
    context = {"rows": rows, "may_release": may(viewer, "release_orders", viewer.organisation_id)}
    return render(request, "factory/order_release.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def order_import(request: HttpRequest) -> HttpResponseBase:
    """Take orders from a file: preview, then commit."""
    viewer = viewer_of(request)
    require(viewer, "plan_orders", viewer.organisation_id)
    sites = spine.sites(viewer)
    products = [one.code for one in queries.makeable(viewer)]
    closed = queries.closed_numbers(viewer)
    fixed = ("product", "revision", "routing", "customer", "reference", "site")

    def check(row: ImportRow) -> Iterator[tuple[str, str]]:
        if row.values.get("number") in closed:
            yield "number", _("is closed: give another number.")
        for name in fixed:
            if row.before is not None and name in row.values and row.values[name] not in (None, row.before[name]):
                yield name, _("cannot be changed of an order that is there.")

    def commit(found: Import) -> None:
        rows = [row.values for row in found.changes]
        if not sites:
            raise ConfigError(_("There is no site yet: set one up first."))
        order_desk.import_orders(actor=viewer, site_id=sites[0].id, rows=rows)

    return ORDERS.import_page(
        request,
        existing=lambda: queries.all_orders(viewer),
        references={"product": products, "site": [site.code for site in sites]},
        check=check,
        commit=commit,
        done=reverse("orders"),
        title=_("Import: %(what)s") % {"what": ORDERS.label},
    )
