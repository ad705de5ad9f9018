"""Master data: every book as a list, a form, and files in and out."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from chanye.domains.factory.actions import master as actions
from chanye.domains.factory.actions import routings as routing_actions
from chanye.domains.factory.pages.books import BOOKS, Book
from chanye.domains.factory.pages.forms import draw_row, read_row
from chanye.domains.factory.pages.words import TONES
from chanye.domains.factory.queries import master as queries
from chanye.kernel.errors import ConfigError
from chanye.parties.rules import may, require
from chanye.sheets.importing import Import
from chanye.spine.api import viewer_of

#: Tab -> words and name of its address.
TABS = (
    ("materials", gettext_lazy("Materials")),
    ("bills", gettext_lazy("Bills")),
    ("routings", gettext_lazy("Routings")),
    ("programs", gettext_lazy("NC programs")),
    ("tools", gettext_lazy("Tools and gauges")),
    ("skills", gettext_lazy("Skills")),
    ("reasons", gettext_lazy("Reasons")),
)


def tabs() -> list[tuple[str, str, str]]:
    """Return the tabs of the room: name, words, address."""
    urls = {"programs": reverse("programs"), "skills": reverse("skills")}
    return [(name, str(words), urls.get(name) or reverse("master", args=[name])) for name, words in TABS]


def _book(name: str) -> Book:
    if name not in BOOKS:
        raise Http404
    return BOOKS[name]


@require_safe
def master_home(request: HttpRequest) -> HttpResponse:
    """Go to the first book."""
    return redirect("master", "materials")


@require_safe
def book_list(request: HttpRequest, name: str) -> HttpResponseBase:
    """Show a book; filters stand in the address."""
    book, viewer = _book(name), viewer_of(request)
    rows = book.sheet.read(request.GET).apply(book.rows(viewer))
    may_edit = may(viewer, "edit_master", viewer.organisation_id)
    drafts = [one for one in queries.revisions(viewer) if one.state == "draft"] if name == "routings" else []
    return book.sheet.page(
        request,
        rows,
        template="factory/master_list.html",
        book=name,
        sheet=book.sheet,
        shows=book.shows,
        tabs=tabs(),
        tones=TONES,
        may_edit=may_edit,
        new=reverse("master-new", args=[name]) if may_edit and book.form else "",
        starter=name == "reasons" and may_edit,
        drafts=drafts if may_edit else [],
    )


@require_http_methods(["GET", "HEAD", "POST"])
def book_form(request: HttpRequest, name: str, row_id: int | None = None) -> HttpResponse:
    """Show a form for one row, and take it."""
    book, viewer = _book(name), viewer_of(request)
    if not book.form:
        raise Http404
    require(viewer, "edit_master", viewer.organisation_id)
    row = next((one for one in book.rows(viewer) if one.id == row_id), None)
    if row_id is not None and row is None:
        raise Http404
    columns = [column for column in book.sheet.columns if column.imported]
    references = book.references(viewer)
    fault = ""
    if request.method == "POST":
        values, fields, well = read_row(columns, request.POST, references)
        if row is not None:
            values |= {key: book.sheet.column(key).value(row) for key in book.sheet.key}
        if well:
            try:
                book.save(actor=viewer, organisation_id=viewer.organisation_id or 0, rows=[values])
            except ConfigError as error:
                fault = str(error)
            else:
                messages.success(request, _("Saved."))
                return redirect("master", name)
    else:
        fields = draw_row(columns, row, references)
        if row is None:
            _usual(fields)
    context = {
        "book": name,
        "sheet": book.sheet,
        "fields": fields,
        "fault": fault,
        "row": row,
        "fixed": book.sheet.key if row is not None else (),
    }
    return render(request, "factory/master_form.html", context, status=400 if request.method == "POST" else 200)


def _usual(fields: list[Any]) -> None:
    """Begin a new row with what is usual."""
    usual = {"active": "1", "unit": "{part}", "tracking": "none", "state": "ready", "used": "0", "position": "0"}
    for field in fields:
        field.text = field.text or usual.get(field.column.name, "")


@require_http_methods(["GET", "HEAD", "POST"])
def book_import(request: HttpRequest, name: str) -> HttpResponseBase:
    """Take a file: preview, then commit."""
    book, viewer = _book(name), viewer_of(request)
    require(viewer, "edit_master", viewer.organisation_id)

    def commit(found: Import) -> str | None:
        chosen = book.chosen([row for row in found.rows if not row.faulty])
        book.save(actor=viewer, organisation_id=viewer.organisation_id or 0, rows=chosen)
        return None

    return book.sheet.import_page(
        request,
        existing=lambda: book.rows(viewer),
        references=book.references(viewer),
        check=book.check(viewer),
        commit=commit,
        done=reverse("master", args=[name]),
        title=_("Import: %(what)s") % {"what": book.sheet.label},
    )


@require_POST
def starter_reasons(request: HttpRequest) -> HttpResponse:
    """Take the reasons most plants begin with."""
    viewer = viewer_of(request)
    new = actions.take_starter_reasons(actor=viewer, organisation_id=viewer.organisation_id or 0)
    messages.success(request, ngettext("%(n)s reason is new.", "%(n)s reasons are new.", new) % {"n": new})
    return redirect("master", "reasons")


@require_POST
def release_drafts(request: HttpRequest) -> HttpResponse:
    """Release every draft revision that is complete."""
    viewer = viewer_of(request)
    done, failed = routing_actions.release_drafts(actor=viewer, organisation_id=viewer.organisation_id or 0)
    if done:
        said = ngettext("%(n)s revision released.", "%(n)s revisions released.", len(done))
        messages.success(request, said % {"n": len(done)})
    for _number, why in failed[:5]:
        messages.error(request, why)
    return redirect("master", "routings")
