"""The programme in numbers: by sector, kind, call or year, and as a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_safe

from chanye.domains.programme.queries import figures
from chanye.domains.programme.queries.certificates import certified
from chanye.evidence.types import UPGRADE_KINDS
from chanye.parties.rules import require
from chanye.parties.sectors import SECTORS
from chanye.sheets import TYPES, Column, Sheet, file_response
from chanye.spine.api import viewer_of

WORDS: Mapping[str, Mapping[str, str | Promise]] = {"sector": SECTORS, "kind": UPGRADE_KINDS, "call": {}}
WAYS = {
    "sector": gettext_lazy("Sector"),
    "kind": gettext_lazy("Kind of upgrade"),
    "call": gettext_lazy("Call"),
    "year": pgettext_lazy("programme", "Year"),
}
YEARS = Sheet(
    "programme-years",
    gettext_lazy("The programme by year"),
    (
        Column("year", pgettext_lazy("programme", "Year"), "integer"),
        Column("budget", gettext_lazy("Granted by the budget"), "money"),
        Column("committed", gettext_lazy("Committed"), "money"),
        Column("paid", pgettext_lazy("ledger", "Paid"), "money"),
        Column("clawed_back", gettext_lazy("Clawed back"), "money"),
        Column("certified", gettext_lazy("Certified sites"), "integer"),
        Column("on_paper", gettext_lazy("Taken over from paper"), "integer"),
    ),
)


def _groups(by: str) -> Sheet:
    return Sheet(
        f"programme-{by}",
        gettext_lazy("The programme in figures"),
        (
            Column("code", WAYS[by]),
            Column("projects", gettext_lazy("Projects"), "integer"),
            Column("funded", gettext_lazy("Funded"), "integer"),
            Column("granted", gettext_lazy("Granted"), "money"),
            Column("paid", gettext_lazy("Paid"), "money"),
            Column("claimed", gettext_lazy("Claimed effect"), "quantity", unit="1", decimals=3),
            Column("measured", gettext_lazy("Measured effect"), "quantity", unit="1", decimals=3),
            Column("sites", gettext_lazy("Sites measured"), "integer"),
        ),
    )


def _rows(groups: Sequence[figures.Group], by: str) -> list[dict[str, Any]]:
    """Return groups with the words of the page in place of codes."""
    names = [one.name for one in _groups(by).columns]
    return [
        {name: getattr(one, name) for name in names} | {"code": str(WORDS[by].get(one.code, one.code))}
        for one in groups
    ]


@require_safe
def programme_figures(request: HttpRequest) -> HttpResponseBase:
    """Show the programme in numbers, by sector, kind, call or year; ``?as=xlsx`` or ``csv`` gives the table."""
    viewer = viewer_of(request)
    require(viewer, "read_ledger", viewer.organisation_id)
    by = request.GET.get("by", "sector")
    by = by if by in WAYS else "sector"
    form = request.GET.get("as", "")
    found = figures.figures(viewer, by)
    years = figures.by_year(viewer) if by == "year" else []
    if form in TYPES:
        sheet, rows = (YEARS, years) if by == "year" else (_groups(by), _rows(found.groups, by))
        return file_response(sheet, rows, form)
    context = {
        "found": found,
        "years": years,
        "by": by,
        "words": WORDS.get(by, {}),
        "ways": WAYS,
        "tab": "figures",
        "certified": sum(certified(viewer).values()),
        "some": bool(years) if by == "year" else bool(found.groups),
    }
    return render(request, "programme/figures.html", context)
