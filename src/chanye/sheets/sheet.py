"""A sheet: the columns of one table, and what can be done with them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import IO, Any

from django.http import HttpRequest, QueryDict
from django.http.response import HttpResponseBase

from chanye.sheets.import_pages import Job, import_page
from chanye.sheets.importing import Import, Rule, read_import
from chanye.sheets.pages import list_page
from chanye.sheets.question import read_question
from chanye.sheets.rows import Rows
from chanye.sheets.table import Table
from chanye.sheets.view import View
from chanye.sheets.writing import write


class Sheet(Table):
    """The columns of one table, declared once: its list page, files out and files in; see ``Table``."""

    __slots__ = ()

    def read(self, params: QueryDict) -> View:
        """Return the view that an address (``request.GET``) asks for; nothing in it is ever an error."""
        return read_question(View, self, params)

    def page(self, request: HttpRequest, rows: Rows, *, template: str, **context: Any) -> HttpResponseBase:
        """Answer a list page, or the same rows as a file where ``?as=xlsx`` or ``?as=csv`` asks for it.

        Parameters
        ----------
        rows
            From ``View.apply``.
        template
            Drawn with ``list`` (for ``<c-list :list="list" />``) and ``context``.
        """
        return list_page(request, rows, template, context)

    def write(self, rows: Iterable[Any], form: str) -> Iterator[bytes]:
        """Stream rows as ``xlsx`` or ``csv``, a few in memory at a time."""
        return write(self, rows, form)

    def import_file(self, file: IO[bytes] | bytes, filename: str, **options: Any) -> Import:
        """Read and check a file that came in; options and errors as of ``importing.read_import``."""
        return read_import(self, file, filename, **options)

    def import_page(
        self,
        request: HttpRequest,
        *,
        commit: Callable[[Import], str | None],
        done: str,
        existing: Iterable[Any] | Callable[[], Iterable[Any]] = (),
        references: Mapping[str, Collection[str]] | None = None,
        check: Rule | None = None,
        partial: bool = False,
        template: str = "web/import.html",
        **context: Any,
    ) -> HttpResponseBase:
        """Answer the import page: the form, ``?as=template``, a preview, or commit and go on to ``done``.

        Parameters
        ----------
        commit
            Takes the ``Import`` and writes ``Import.changes`` in one transaction; may return what to say. A
            ``ConfigError`` from it is shown, nothing is kept.
        done
            Address to go to afterwards.
        existing, references, check
            As of ``importing.read_import``; ``existing`` may be a function that is called when a file is there.
        partial
            Whether rows without a fault may be imported while others have one.
        template
            Drawn with ``preview``, ``sheet``, ``limits`` (for ``<c-import />``) and ``context`` (``title``, ``sub``).
        """
        job = Job(self, commit, done, existing, references or {}, check, partial)
        return import_page(request, job, template, context)
