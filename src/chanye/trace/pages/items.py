"""Pages of items: find, list, one item with its genealogy, recall, labels."""

from __future__ import annotations

import secrets
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from chanye.kernel.errors import ConfigError, DeniedError
from chanye.kernel.settings import get_settings
from chanye.parties.rules import may, require
from chanye.sheets import file_response
from chanye.spine.api import viewer_of
from chanye.trace import actions, labels, queries
from chanye.trace.graph import HEIGHT, WIDTH
from chanye.trace.pages.words import KINDS, RECALL, RECALL_ITEMS, ROLES, STATUSES, STOCK, TONES, VERBS
from chanye.trace.types import ItemView

WORDS = {"kinds": KINDS, "statuses": STATUSES, "tones": TONES, "verbs": VERBS, "roles": ROLES}
MOST_LABELS = 200


@require_safe
def start(request: HttpRequest) -> HttpResponseBase:
    """Find an item by any identifier; below, the lots and containers."""
    viewer = viewer_of(request)
    wanted = request.GET.get("find", "").strip()[:500]
    found = queries.find(viewer, wanted) if wanted else []
    if len(found) == 1:
        return redirect("trace-item", found[0].id)
    rows = queries.lots(viewer, STOCK.read(request.GET))
    return STOCK.page(request, rows, template="trace/start.html", wanted=wanted, found=found, **WORDS)


@require_safe
def by_name(request: HttpRequest, material: str, code: str) -> HttpResponse:
    """Lead from what a label says to the item."""
    found = [one for one in queries.find(viewer_of(request), code) if one.material_code == material]
    if not found:
        raise DeniedError("There is no such item, or it belongs to another organisation.")
    return redirect("trace-item", found[0].id)


@require_http_methods(["GET", "HEAD", "POST"])
def item_page(request: HttpRequest, item_id: int) -> HttpResponse:
    """Show an item: what it is, where, its genealogy and its history; take a block or a release."""
    viewer = viewer_of(request)
    here = queries.item(viewer, item_id)
    if request.method == "POST":
        return _hold(request, here)
    opened = frozenset(request.GET.getlist("open")[:20])
    picture = queries.picture(viewer, item_id, opened)
    context = {
        "item": here,
        "balance": queries.balance(viewer, item_id),
        "boxes": _boxes(picture, here),
        "flows": picture.drawing.flows,
        "width": picture.drawing.width + 16,
        "height": picture.drawing.height + 16,
        "box_width": WIDTH,
        "box_height": HEIGHT,
        "events": queries.events(viewer, item_id=item_id),
        "may_hold": may(viewer, "hold_item", here.organisation_id),
        "key": secrets.token_hex(8),
        **WORDS,
    }
    return render(request, "trace/item.html", context)


def _boxes(picture: Any, here: ItemView) -> list[dict[str, Any]]:
    """Return the boxes as they are drawn and listed."""
    out = []
    for group in picture.drawing.groups:
        name = picture.names[group.first]
        unit = picture.units[group.material_id] if group.layer <= 0 else here.unit
        out.append({"group": group, "name": name, "unit": unit, "many": group.count > 1, "together": group.lots > 1})
    return out


def _hold(request: HttpRequest, here: ItemView) -> HttpResponse:
    act = actions.release if request.POST.get("do") == "release" else actions.block
    reason = request.POST.get("reason", "")
    key = f"page-{request.POST.get('key', '')[:40]}"
    try:
        act(actor=viewer_of(request), items=here.id, reason=reason, key=key)
    except ConfigError as error:
        messages.error(request, str(error))
    else:
        released = act is actions.release
        messages.success(
            request, _("Released: it can be used again.") if released else _("Blocked: nobody can use it.")
        )
    return redirect("trace-item", here.id)


@require_safe
def recall_page(request: HttpRequest, item_id: int) -> HttpResponseBase:
    """Show what became of an item, on screen, on paper and as a workbook."""
    viewer = viewer_of(request)
    form = request.GET.get("as", "")
    if form in ("items.xlsx", "items.csv"):
        rows = queries.recall_items(viewer, item_id)
        return file_response(RECALL_ITEMS, rows, form.removeprefix("items."), name=f"recall-items-{item_id}")
    found = queries.recall(viewer, item_id)
    if form in ("xlsx", "csv"):
        return file_response(RECALL, found.rows, form, name=f"recall-{item_id}")
    parts = [
        ("unused", _("Not used yet"), found.unused),
        ("here", _("In items that are here"), found.here),
        ("shipped", _("Shipped"), found.shipped),
        ("scrapped", _("Scrapped"), found.scrapped),
    ]
    context = {"item": found.item, "recall": found, "rows": _shown(found.rows), "sums": parts, **WORDS}
    context["made"] = sum(value for _name, _words, value in parts)
    context["customers"] = sorted({row.holder for row in found.rows if row.holder})
    return render(request, "trace/recall.html", context)


def _shown(rows: Any) -> list[Any]:
    """Return the rows worth reading: what is used up stands in what it went into."""
    return [row for row in rows if row.status != "consumed"]


@require_safe
def label_sheet(request: HttpRequest) -> HttpResponse:
    """Show labels to be printed: ``?item=12&item=13`` or ``?first=12&count=40``."""
    viewer = viewer_of(request)
    require(viewer, "read_organisation", viewer.organisation_id)
    numbers = [int(text) for text in request.GET.getlist("item") if text.isascii() and text.isdigit()][:MOST_LABELS]
    first, count = request.GET.get("first", ""), request.GET.get("count", "")
    if first.isascii() and first.isdigit() and count.isascii() and count.isdigit() and len(first + count) < 18:
        numbers += range(int(first), int(first) + min(int(count), MOST_LABELS))
    found = queries.items(viewer, numbers[:MOST_LABELS])
    base = _base(request)
    drawn = [(one, mark_safe(labels.svg(labels.content_of(one.ref, base)))) for one in found]  # noqa: S308  # drawn by segno from modules, holds no text
    return render(request, "trace/labels.html", {"labels": drawn, **WORDS})


@require_safe
def label_picture(request: HttpRequest, item_id: int) -> HttpResponse:
    """Answer the QR code of an item as PNG, for label printers."""
    here = queries.item(viewer_of(request), item_id)
    return HttpResponse(labels.png(labels.content_of(here.ref, _base(request))), content_type="image/png")


def _base(request: HttpRequest) -> str:
    return get_settings().public_url or request.build_absolute_uri("/")
