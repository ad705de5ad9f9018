"""The import page of a sheet: choose a file, see what it would do, then do it.

The browser keeps the file and sends it twice, so that nothing lies on the server between preview and commit; what
is committed was checked in that very request, against what exists then.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from chanye.kernel.errors import ConfigError
from chanye.sheets.blank import blank_workbook
from chanye.sheets.columns import NUMBERS, shown
from chanye.sheets.importing import Import, ImportRow, Rule, read_import
from chanye.sheets.pages import TYPES
from chanye.sheets.table import Table
from chanye.sheets.xlsx import FILE, ROWS

#: Rows of a preview.
PREVIEW = 50


@dataclass(frozen=True, slots=True)
class Change:
    """One cell of a preview: its words, and what they were if they change."""

    text: str
    before: str | None
    number: bool


@dataclass(frozen=True, slots=True)
class ChangedRow:
    """One row of a preview."""

    number: int
    state: str
    cells: list[Change]


@dataclass(frozen=True, slots=True)
class Preview:
    """What a file would do, as the component ``c-import`` draws it."""

    found: Import | None
    digest: str = ""
    refusal: str = ""
    partial: bool = False

    @property
    def rows(self) -> list[ChangedRow]:
        """The first rows that are new or change."""
        if self.found is None:
            return []
        return [self._row(self.found, row) for row in self.found.changes[:PREVIEW]]

    @property
    def changes(self) -> int:
        """How many rows are new or change."""
        return len(self.found.changes) if self.found else 0

    @property
    def hidden(self) -> int:
        """How many of them are not shown."""
        return max(0, self.changes - PREVIEW)

    @property
    def ready(self) -> bool:
        """Whether it may be committed."""
        return bool(self.found and self.changes and not self.refusal and (self.partial or not self.found.total))

    @property
    def counts(self) -> dict[str, int]:
        """How many rows are new, changed, the same, faulty."""
        if self.found is None:
            return {}
        return {
            "new": self.found.count("new"),
            "changed": self.found.count("changed"),
            "same": self.found.count("same"),
            "faulty": sum(row.faulty for row in self.found.rows),
        }

    @staticmethod
    def _row(found: Import, row: ImportRow) -> ChangedRow:
        cells = []
        for column in found.columns:
            new = row.values[column.name]
            old = row.before[column.name] if row.before is not None else new
            before = None if old == new else shown(column, old) or "–"
            cells.append(Change(shown(column, new), before, column.kind in NUMBERS))
        return ChangedRow(row.number, row.state, cells)


@dataclass(frozen=True, slots=True)
class Job:
    """How a room takes in a file; see ``Sheet.import_page``."""

    table: Table
    commit: Callable[[Import], str | None]
    done: str
    existing: Iterable[Any] | Callable[[], Iterable[Any]] = ()
    references: Mapping[str, Collection[str]] = field(default_factory=dict)
    check: Rule | None = None
    partial: bool = False


def import_page(request: HttpRequest, job: Job, template: str, context: Mapping[str, Any]) -> HttpResponseBase:
    """Answer the page, the template, a preview, or commit and go on; see ``Sheet.import_page``."""
    if request.method != "POST":
        if request.GET.get("as") == "template":
            return _blank(job)
        return _answer(request, template, context, job, None)
    preview = _preview(request, job)
    if request.POST.get("commit") and preview.ready and request.POST["commit"] == preview.digest:
        try:
            said = job.commit(preview.found) if preview.found else None
        except ConfigError as error:
            preview = Preview(preview.found, preview.digest, str(error), job.partial)
        else:
            n = preview.changes
            words = ngettext("%(n)d row is imported.", "%(n)d rows are imported.", n) % {"n": n}
            messages.success(request, said or words)
            return _onward(request, job.done)
    return _answer(request, template, context, job, preview)


def _preview(request: HttpRequest, job: Job) -> Preview:
    upload = request.FILES.get("file")
    if not isinstance(upload, UploadedFile):
        return Preview(None, refusal=_("Choose a file first."))
    data = upload.read(FILE + 1)
    existing = job.existing() if callable(job.existing) else job.existing
    try:
        found = read_import(
            job.table, data, upload.name or "file", existing=existing, references=job.references, check=job.check
        )
    except ConfigError as error:
        return Preview(None, refusal=str(error))
    return Preview(found, hashlib.sha256(data).hexdigest(), partial=job.partial)


def _answer(
    request: HttpRequest, template: str, context: Mapping[str, Any], job: Job, preview: Preview | None
) -> HttpResponse:
    limits = {"rows": ROWS, "megabytes": FILE >> 20}
    everything = {"done": job.done, **context, "preview": preview, "sheet": job.table, "limits": limits}
    fragment = preview is not None and request.headers.get("HX-Request") == "true"
    return render(request, "web/import_preview.html" if fragment else template, everything)


def _onward(request: HttpRequest, done: str) -> HttpResponse:
    if request.headers.get("HX-Request") != "true":
        return redirect(done)
    answer = HttpResponse(status=204)
    answer["HX-Redirect"] = done
    return answer


def _blank(job: Job) -> HttpResponse:
    answer = HttpResponse(blank_workbook(job.table, job.references), content_type=TYPES["xlsx"])
    name = _("%(what)s template") % {"what": job.table.label} + ".xlsx"
    answer["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=name) or "attachment"
    return answer
