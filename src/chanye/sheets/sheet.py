"""A sheet: the columns of one table, and what can be done with them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from django.http import HttpRequest, QueryDict
from django.http.response import HttpResponseBase

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
