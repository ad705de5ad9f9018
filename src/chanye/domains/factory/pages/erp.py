"""Exchange with an ERP: documents in with a preview, documents out, what went, and the schemas."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from chanye.domains.factory.actions import erp as actions
from chanye.domains.factory.b2mml.document import LARGEST
from chanye.domains.factory.b2mml.schemas import LARGEST_SET, MOST_FILES
from chanye.domains.factory.b2mml.writing import write_example_materials, write_example_schedule
from chanye.domains.factory.pages import inputs
from chanye.domains.factory.queries import erp as queries
from chanye.domains.factory.queries import master, order_book
from chanye.domains.factory.types.erp import Preview
from chanye.kernel.errors import ConfigError
from chanye.kernel.time import DAY, from_us, now_us, to_us
from chanye.parties.rules import may, require
from chanye.parties.types import Viewer
from chanye.sheets import Column, Sheet
from chanye.spine import queries as spine
from chanye.spine.api import viewer_of
from chanye.trace.queries.stock import lots

XML = "application/xml; charset=utf-8"
#: Lines of a preview and faults of a document that are shown.
SHOWN = 100
KINDS = {
    "schedule": pgettext_lazy("document", "Schedule"),
    "performance": pgettext_lazy("document", "Performance"),
    "materials": pgettext_lazy("document", "Materials"),
    "lots": pgettext_lazy("document", "Lots"),
}
GIVEN = ("performance", "materials", "lots")
DIRECTIONS = {"in": pgettext_lazy("document", "in"), "out": pgettext_lazy("document", "out")}
STATES = {
    "new": pgettext_lazy("entry of a document", "is made"),
    "changed": pgettext_lazy("entry of a document", "is changed"),
    "same": pgettext_lazy("entry of a document", "stays"),
    "fault": pgettext_lazy("entry of a document", "is refused"),
}
CHANGES = {
    "quantity": gettext_lazy("Quantity"),
    "due": gettext_lazy("Due"),
    "priority": gettext_lazy("Priority"),
    "note": gettext_lazy("Note"),
    "name": gettext_lazy("Name"),
    "kind": gettext_lazy("Kind"),
    "unit": gettext_lazy("Unit"),
    "tracking": gettext_lazy("Tracking"),
}
TABS = (
    ("erp", gettext_lazy("Exchanges")),
    ("erp-in", gettext_lazy("Take in")),
    ("erp-out", gettext_lazy("Give out")),
    ("erp-schemas", gettext_lazy("Schemas")),
)

EXCHANGES = Sheet(
    "exchanges",
    gettext_lazy("Exchanges with the ERP"),
    (
        Column("at", gettext_lazy("Time"), "moment"),
        Column("direction", gettext_lazy("Direction"), "choice", choices=DIRECTIONS),
        Column("kind", pgettext_lazy("of an exchange", "Document"), "choice", choices=KINDS),
        Column("document", gettext_lazy("ID of the document")),
        Column("entries", gettext_lazy("Entries"), "integer"),
        Column("new", pgettext_lazy("entries of a document", "New"), "integer"),
        Column("changed", pgettext_lazy("entries of a document", "Changed"), "integer"),
        Column("checked", gettext_lazy("Validated"), "yes_no"),
        Column("actor", gettext_lazy("Who")),
        Column("size", gettext_lazy("Size"), "integer", unit="By", listed=False, filter="none"),
        Column("sha256", "SHA-256", listed=False),
    ),
    order="-at",
)


def _context(viewer: Viewer, here: str) -> dict[str, Any]:
    return {
        "tabs": [(name, words, reverse(name)) for name, words in TABS],
        "here": here,
        "schemas": queries.schema_state(viewer),
        "kinds": KINDS,
        "may_manage": may(viewer, "manage_schemas", viewer.organisation_id),
    }


@require_safe
def exchange_list(request: HttpRequest) -> HttpResponseBase:
    """Show the documents that came and went; filters stand in the address."""
    viewer = viewer_of(request)
    rows = queries.exchange_table(viewer, EXCHANGES.read(request.GET))
    return EXCHANGES.page(request, rows, template="factory/erp.html", **_context(viewer, "erp"))


@require_http_methods(["GET", "HEAD", "POST"])
def take_in(request: HttpRequest) -> HttpResponse:
    """Show what a document would do, then do it. The browser keeps the file and sends it twice."""
    viewer = viewer_of(request)
    require(viewer, "exchange_documents", viewer.organisation_id)
    preview, refusal = None, ""
    if request.method == "POST":
        try:
            data = _document(request)
            preview = queries.preview_document(viewer, data, site_id=_site(request.POST))
            seen = f"{preview.digest}:{request.POST.get('site', '')}"
            if request.POST.get("commit") == seen and not preview.wrong:
                _commit(request, viewer, preview, data)
                return _onward(request, reverse("orders" if preview.kind == "schedule" else "erp"))
        except ConfigError as error:
            refusal = str(error)
    context: dict[str, Any] = {
        "preview": preview,
        "seen": f"{preview.digest}:{request.POST.get('site', '')}" if preview else "",
        "refusal": refusal,
        "lines": _drawn(preview) if preview else [],
        "hidden": max(0, len(preview.lines) - SHOWN) if preview else 0,
        "wrong": preview.wrong[:SHOWN] if preview else (),
        "tally": _tally(preview) if preview else {},
        "states": STATES,
        "kinds": KINDS,
        "may_release": may(viewer, "release_orders", viewer.organisation_id),
    }
    if request.method == "POST" and request.headers.get("HX-Request") == "true":
        return render(request, "factory/erp_preview.html", context)
    context |= _context(viewer, "erp-in")
    context |= {"plants": spine.sites(viewer), "megabytes": LARGEST >> 20}
    return render(request, "factory/erp_in.html", context)


def _document(request: HttpRequest) -> bytes:
    upload = request.FILES.get("file")
    if not isinstance(upload, UploadedFile):
        raise ConfigError(_("Choose a file first."))
    return bytes(upload.read(LARGEST + 1))


def _site(post: QueryDict) -> int | None:
    return inputs.whole(post, "site", _("Site")) if post.get("site") else None


def _commit(request: HttpRequest, viewer: Viewer, preview: Preview, data: bytes) -> None:
    """Take the document in, and say what came of it."""
    if preview.kind == "schedule":
        release = bool(request.POST.get("release"))
        actions.take_schedule(actor=viewer, site_id=_site(request.POST) or 0, data=data, release=release, change=True)
    else:
        actions.take_materials(actor=viewer, organisation_id=viewer.organisation_id or 0, data=data)
    new, changed = preview.count("new"), preview.count("changed")
    said = _("%(document)s is taken in: %(new)d new, %(changed)d changed, %(same)d unchanged.")
    words = {"document": preview.document or KINDS[preview.kind], "new": new, "changed": changed}
    messages.success(request, said % {**words, "same": preview.count("same")})


def _onward(request: HttpRequest, there: str) -> HttpResponse:
    if request.headers.get("HX-Request") != "true":
        return redirect(there)
    answer = HttpResponse(status=204)
    answer["HX-Redirect"] = there
    return answer


def _tally(preview: Preview) -> dict[str, int]:
    found = {state: preview.count(state) for state in STATES}
    return found | {"todo": found["new"] + found["changed"]}


def _drawn(preview: Preview) -> list[dict[str, Any]]:
    """Return lines as the table shows them, what needs a look first."""
    turn = {"fault": 0, "changed": 1, "new": 2, "same": 3}
    lines = sorted(preview.lines, key=lambda line: turn[line.state])[:SHOWN]
    return [
        {
            "line": line,
            "due": _shown("due", str(line.due or "")),
            "changes": [
                (CHANGES[name], _shown(name, was), _shown(name, becomes)) for name, was, becomes in line.changes
            ],
        }
        for line in lines
    ]


def _shown(name: str, value: str) -> str:
    if name != "due" or not value:
        return value
    return inputs.shown_moment(int(value)).replace("T", " ")


@require_http_methods(["GET", "HEAD", "POST"])
def give_out(request: HttpRequest) -> HttpResponse:
    """Give a document out as a file: what was made in a time, materials, or lots."""
    viewer = viewer_of(request)
    require(viewer, "exchange_documents", viewer.organisation_id)
    sent: dict[str, str] = _yesterday()
    fault = ""
    if request.method == "POST":
        sent = {name: request.POST.get(name, "") for name in ("kind", "from", "to")}
        try:
            return _download(sent["kind"], _made(viewer, sent))
        except ConfigError as error:
            fault = str(error)
    context = _context(viewer, "erp-out") | {"sent": sent, "fault": fault}
    context["given"] = [(kind, KINDS[kind]) for kind in GIVEN]
    return render(request, "factory/erp_out.html", context, status=400 if fault else 200)


def _yesterday() -> dict[str, str]:
    today = from_us(now_us(), inputs.ZONE).date()
    return {"kind": "performance", "from": (today - timedelta(days=1)).isoformat(), "to": today.isoformat()}


def _made(viewer: Viewer, sent: dict[str, str]) -> bytes:
    place = viewer.organisation_id or 0
    if sent["kind"] == "materials":
        return actions.give_materials(actor=viewer, organisation_id=place, rows=master.materials(viewer))
    if sent["kind"] == "lots":
        return actions.give_lots(actor=viewer, organisation_id=place, lots=lots(viewer, place))
    if sent["kind"] != "performance":
        raise ConfigError(_("Choose a document."))
    span = (_day(sent["from"], _("From")), _day(sent["to"], _("To"), end=True))
    made = queries.made_of(viewer, queries.orders_between(viewer, *span), span)
    return actions.give_performance(actor=viewer, organisation_id=place, made=made, span=span)


def _day(text: str, label: str, *, end: bool = False) -> int:
    """Return the beginning of a day, or its end, us UTC."""
    try:
        found = datetime.strptime(text.strip(), "%Y-%m-%d").replace(tzinfo=inputs.ZONE)
    except ValueError as error:
        raise ConfigError(_("%(label)s: choose a date.") % {"label": label}) from error
    if not 1990 <= found.year <= 2200:
        raise ConfigError(_("%(label)s: choose a date.") % {"label": label})
    return to_us(found) + (DAY if end else 0)


def _download(name: str, data: bytes) -> HttpResponse:
    answer = HttpResponse(data, content_type=XML)
    moment = from_us(now_us(), inputs.ZONE)
    answer["Content-Disposition"] = (
        content_disposition_header(as_attachment=True, filename=f"b2mml-{name}-{moment:%Y%m%d-%H%M}.xml") or ""
    )
    answer["Cache-Control"] = "private, no-store"
    return answer


@require_safe
def example(request: HttpRequest) -> HttpResponse:
    """Give a small document to begin from: a schedule of a product that is there, or material definitions."""
    viewer = viewer_of(request)
    require(viewer, "exchange_documents", viewer.organisation_id)
    now = now_us()
    if request.GET.get("kind") == "materials":
        return _download("example-materials", write_example_materials("EXAMPLE-MATERIALS", now))
    first = next((one.code for one in order_book.makeable(viewer)), "PRODUCT-1")
    document = f"EXAMPLE-{from_us(now, inputs.ZONE):%y%m%d}"
    return _download("example-schedule", write_example_schedule(document, now, first, now + 7 * DAY))


@require_http_methods(["GET", "HEAD", "POST"])
def schemas(request: HttpRequest) -> HttpResponse:
    """Show the set of schemas; an administrator replaces or removes it."""
    viewer = viewer_of(request)
    place, fault = viewer.organisation_id or 0, ""
    if request.method == "POST":
        try:
            if request.POST.get("do") == "remove":
                actions.remove_schemas(actor=viewer, organisation_id=place)
                messages.success(request, _("The set of schemas is taken away."))
            else:
                require(viewer, "manage_schemas", place)
                n = actions.save_schemas(actor=viewer, organisation_id=place, sent=_sent(request))
                said = ngettext("%(n)d schema file is in use.", "%(n)d schema files are in use.", n)
                messages.success(request, said % {"n": n})
            return redirect("erp-schemas")
        except ConfigError as error:
            fault = str(error)
    context = _context(viewer, "erp-schemas")
    context |= {"fault": fault, "most": MOST_FILES, "megabytes": LARGEST_SET >> 20}
    return render(request, "factory/erp_schemas.html", context, status=400 if fault else 200)


def _sent(request: HttpRequest) -> Iterator[tuple[str, bytes]]:
    """Yield what was sent; no more is read than a set may hold."""
    for upload in request.FILES.getlist("files"):
        yield upload.name or "", upload.read(LARGEST_SET + 1)
