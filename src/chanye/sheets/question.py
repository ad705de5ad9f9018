"""What is asked of a table: filters, order and page, read from the address and put back into one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from django.http import QueryDict

from chanye.sheets.columns import TEXTS, Column
from chanye.sheets.filters import Asked, Filter, clean, read_filter
from chanye.sheets.table import Table

PAGE = 50
FORMS = ("xlsx", "csv")
_LAST_PAGE = 1_000_000


@dataclass(frozen=True, slots=True)
class Question:
    """What of a sheet is asked for, and in which order.

    Parameters
    ----------
    sheet
        Whose columns these are.
    search
        Text wanted in any text column.
    asked
        By column name: filter, typed texts, fault.
    sort
        Column name, empty for the sheet's own order.
    down
        Largest first.
    number
        Page, from 1.
    form
        ``xlsx``, ``csv`` or nothing: the page.
    params
        The address it was read from.
    """

    sheet: Table
    search: str = ""
    asked: Mapping[str, Asked] | None = None
    sort: str = ""
    down: bool = False
    number: int = 1
    form: str = ""
    params: QueryDict | None = None

    @property
    def filters(self) -> dict[str, Filter]:
        """The filters that are set, by column name."""
        return {name: one.filter for name, one in (self.asked or {}).items() if one.filter is not None}

    @property
    def narrowed(self) -> bool:
        """Whether anything is left out."""
        return bool(self.search or self.filters)

    @property
    def order(self) -> tuple[Column, bool] | None:
        """The column to sort by and whether largest first, None for the order rows come in."""
        word = self.sort or self.sheet.order.lstrip("-")
        down = self.down if self.sort else self.sheet.order.startswith("-")
        return next(((c, down) for c in self.sheet.columns if c.name == word), None) if word else None

    @property
    def searched(self) -> list[Column]:
        """The columns that the search looks into."""
        return [c for c in self.sheet.columns if c.kind in TEXTS and c.filtered != "none"]

    def address(self, **changes: Any) -> str:
        """Return the query string of this question with changes; None drops a value, a list sets several."""
        params = self.params.copy() if self.params is not None else QueryDict(mutable=True)
        params.pop("as", None)
        for name, value in changes.items():
            params.pop(name, None)
            if isinstance(value, list | tuple):
                params.setlist(name, [str(one) for one in value])
            elif value not in (None, ""):
                params[name] = str(value)
        return "?" + params.urlencode()


Kind = TypeVar("Kind", bound=Question)


def read_question(kind: type[Kind], sheet: Table, params: QueryDict) -> Kind:
    """Return the question that an address asks; whatever cannot be understood is left out, never an error."""
    wanted = params.get("sort", "")
    name = wanted.removeprefix("-")
    sortable = any(column.name == name and column.sortable and column.listed for column in sheet.columns)
    page = params.get("page", "")
    number = int(page) if page.isascii() and page.isdigit() and len(page) < 8 else 1
    form = params.get("as", "")
    return kind(
        sheet,
        clean(params.get("q", "")),
        {c.name: read_filter(c, params) for c in sheet.columns if c.filtered != "none"},
        name if sortable else "",
        wanted.startswith("-"),
        max(1, min(number, _LAST_PAGE)),
        form if form in FORMS else "",
        params,
    )
