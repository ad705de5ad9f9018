"""The monthly return: a form and a workbook for the firm, a workbook of all firms for who handles returns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from chanye.domains.projects.actions import returns as actions
from chanye.domains.projects.actions.returns import Filing
from chanye.domains.projects.pages import statistics_words as words
from chanye.domains.projects.queries import profiles, returns
from chanye.domains.projects.rules import months as calendar
from chanye.domains.projects.rules.returns import check_return
from chanye.domains.projects.types.statistics import IndicatorRef, ReturnRow
from chanye.kernel.errors import ConfigError
from chanye.parties.rules import require
from chanye.parties.types import Viewer
from chanye.sheets import Column, Sheet
from chanye.sheets.importing import Import, ImportRow
from chanye.spine.api import viewer_of


def _column(one: IndicatorRef) -> Column:
    """Return the column of an indicator: money in yuan, counts whole, the rest in its unit."""
    help_text = words.KIND_WORDS[one.kind]
    if one.unit == "CNY" and one.decimals == 2:
        return Column(one.code, words.name_of(one), "money", help=help_text, filter="none")
    if one.decimals == 0:
        return Column(one.code, words.name_of(one), "integer", unit=one.unit, help=help_text, filter="none")
    return Column(
        one.code, words.name_of(one), "quantity", unit=one.unit, decimals=one.decimals, help=help_text, filter="none"
    )


def sheet_of(indicators: Iterable[IndicatorRef], *, with_firm: bool) -> Sheet:
    """Return the workbook of a return: a row per firm and month, a column per indicator."""
    firm = (
        (Column("firm_code", gettext_lazy("Code of the firm"), "reference", required=True, example="jiatai"),)
        if with_firm
        else ()
    )
    return Sheet(
        "monthly-return",
        gettext_lazy("Monthly return"),
        (
            *firm,
            Column("month", gettext_lazy("Month"), required=True, length=12, example="2026-08"),
            *(_column(one) for one in indicators),
            Column("reason", pgettext_lazy("return", "Explanation"), length=500, filter="none"),
            Column("stage", gettext_lazy("State"), "choice", choices=words.STAGE_WORDS, imported=False),
            Column("revision", gettext_lazy("Revision"), "integer", imported=False, filter="none"),
            Column("filed_at", gettext_lazy("Reported"), "moment", imported=False, filter="none"),
            Column("filed_by", gettext_lazy("Who"), imported=False, listed=False),
        ),
        key=("firm_code", "month") if with_firm else ("month",),
    )


def steps_of(indicators: Iterable[IndicatorRef], values: Mapping[str, Any]) -> dict[str, int]:
    """Return what a row of a file holds, in steps of its indicators."""
    found = {}
    for one in indicators:
        value = values.get(one.code)
        if value is not None:
            whole = one.unit == "CNY" and one.decimals == 2
            found[one.code] = int(value) if whole else round(value * 10**one.decimals)
    return found


def _row(one: ReturnRow, indicators: Iterable[IndicatorRef]) -> dict[str, Any]:
    row: dict[str, Any] = {
        "firm_code": one.firm_code, "month": one.month, "reason": one.reason, "stage": one.stage,
        "revision": one.revision, "filed_at": one.filed_at, "filed_by": one.filed_by,
    }  # fmt: skip
    for indicator in indicators:
        steps = one.values.get(indicator.code)
        if steps is not None:
            money = indicator.unit == "CNY" and indicator.decimals == 2
            row[indicator.code] = steps if money else indicator.amount(steps)
    return row


class _Checker:
    """Rules across fields and months for the rows of one file, each fault at its cell."""

    def __init__(self, indicators: list[IndicatorRef], known: Iterable[ReturnRow], firms: Mapping[str, int]) -> None:
        self.indicators, self.firms = indicators, firms
        self.values: dict[tuple[int, str], Mapping[str, int]] = {}
        for one in known:
            self.values.setdefault((one.firm_id, one.month), one.values)

    def __call__(self, row: ImportRow) -> Iterator[tuple[str, str]]:
        try:
            month = calendar.read_month(row.values["month"])
        except ConfigError as error:
            yield "month", str(error)
            return
        if month > calendar.this_month():
            yield "month", _("%(month)s has not been yet: report a month that has.") % {"month": month}
        row.values["month"] = month
        firm = self.firms.get(row.values.get("firm_code") or "", self.firms.get("", 0))
        values = steps_of(self.indicators, row.values)
        last = self.values.get((firm, calendar.shift(month, -1)))
        reason = (row.values.get("reason") or "").strip()
        before = self.values.get((firm, month))
        if before is not None and dict(before) != values and not reason:
            yield "reason", _("this month was reported before: say why it changes")
        january = month.endswith("-01")
        yield from check_return(self.indicators, values, last, january=january, reason=reason)
        self.values[firm, month] = values


def _import(
    request: HttpRequest, viewer: Viewer, office: int, firms: Mapping[str, int], done: str
) -> HttpResponseBase:
    indicators = returns.indicators(viewer, office)
    known = returns.returns(viewer, office)
    whole = "" not in firms
    sheet = sheet_of(indicators, with_firm=whole)
    newest: dict[tuple[int, str], ReturnRow] = {}
    for one in known:
        newest.setdefault((one.firm_id, one.month), one)

    def commit(found: Import) -> str:
        filings = [
            Filing(
                firms[row.values.get("firm_code") or ""], row.values["month"], steps_of(indicators, row.values),
                row.values.get("reason") or "",
            )
            for row in found.changes
        ]  # fmt: skip
        taken = actions.file_returns(actor=viewer, office_id=office, filings=filings)
        return _("%(n)d returns taken.") % {"n": taken}

    return sheet.import_page(
        request, commit=commit, done=done, title=_("Monthly return"),
        existing=[_row(one, indicators) for one in newest.values()],
        references={"firm_code": list(firms)} if whole else {},
        check=_Checker(indicators, known, firms),
    )  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
def office_import(request: HttpRequest) -> HttpResponseBase:
    """Take the returns of many firms from one file; what is wrong is said by sheet, cell and rule."""
    viewer = viewer_of(request)
    office = viewer.organisation_id or 0
    require(viewer, "handle_returns", office)
    firms = {one.code: one.id for one in profiles.firms(viewer)}
    return _import(request, viewer, office, firms, reverse("statistics-returns"))


@require_safe
def office_returns(request: HttpRequest) -> HttpResponseBase:
    """List single returns with all revisions, to those who check them."""
    viewer = viewer_of(request)
    office = viewer.organisation_id or 0
    require(viewer, "handle_returns", office)
    indicators = returns.indicators(viewer, office)
    sheet = sheet_of(indicators, with_firm=True)
    rows = returns.return_table(viewer, office, sheet.read(request.GET), lambda one: _row(one, indicators))
    return sheet.page(
        request, rows, template="projects/statistics_list.html", title=sheet.label,
        sub=_("Single returns: only for checking them. They are used for statistics and never against a firm."),
        shows=_("What each firm reported, every revision beside the one before."),
        new=reverse("statistics-return-import"), new_words=_("Import returns"),
    )  # fmt: skip


def _own(viewer: Viewer) -> tuple[int, int]:
    """Return office and profile of the viewer's firm."""
    require(viewer, "file_returns", viewer.organisation_id)
    office, firm = profiles.office_of(viewer), profiles.firm(viewer, viewer.organisation_id or 0)
    if office is None or firm is None:
        raise Http404
    return office, firm.id


@require_safe
def own_returns(request: HttpRequest) -> HttpResponseBase:
    """Show a firm what it reported, month by month, every revision."""
    viewer = viewer_of(request)
    require(viewer, "file_returns", viewer.organisation_id)
    office = profiles.office_of(viewer)
    if office is None:
        return render(request, "projects/returns_none.html")
    indicators = returns.indicators(viewer, office)
    sheet = sheet_of(indicators, with_firm=False)
    found = [_row(one, indicators) for one in returns.returns(viewer, office)]
    return sheet.page(
        request, sheet.read(request.GET).apply(found), template="projects/statistics_list.html",
        title=_("Our monthly returns"),
        sub=_("Used for statistics only: nobody outside sees a single firm, and it is never used against you."),
        shows=_("What you reported to the office month by month. Begin with the template."),
        new=reverse("own-return-import"), new_words=_("Report a month"),
    )  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
def own_import(request: HttpRequest) -> HttpResponseBase:
    """Take a firm's own returns from a file."""
    viewer = viewer_of(request)
    office, firm = _own(viewer)
    return _import(request, viewer, office, {"": firm}, reverse("own-returns"))
