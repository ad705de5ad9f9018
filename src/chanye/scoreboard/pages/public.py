"""The public pages and open data: no sign-in, only what was published and aggregates of enough firms."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Callable
from functools import wraps
from itertools import product
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.utils.cache import patch_cache_control, patch_vary_headers
from django.utils.translation import get_language, gettext_lazy, pgettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import condition, require_safe

from chanye.domains.projects import figures
from chanye.domains.projects.types.releases import ReleaseRef
from chanye.domains.projects.types.statistics import IndicatorRef
from chanye.evidence.types import UPGRADE_KINDS
from chanye.kernel.errors import DeniedError
from chanye.parties import queries as parties
from chanye.parties.sectors import SECTORS
from chanye.parties.types import PUBLIC
from chanye.scoreboard.pages import words
from chanye.scoreboard.queries import public as queries
from chanye.sheets import Column, Sheet
from chanye.sheets.pages import file_response

#: How long a cache may keep a public answer before it asks again. [s]
FRESH = 300
SIDES = {"sector": gettext_lazy("Sector"), "town": gettext_lazy("Town"), "size": gettext_lazy("Size")}
SIZES = {
    "large": pgettext_lazy("size of a firm", "large"),
    "medium": pgettext_lazy("size of a firm", "medium"),
    "small": pgettext_lazy("size of a firm", "small"),
    "micro": pgettext_lazy("size of a firm", "micro"),
}
View = Callable[..., HttpResponseBase]


def _mark(request: HttpRequest, *_args: object, **_kwargs: object) -> str:
    """Return what changes when anything that is shown does."""
    text = f"{parties.audit_head(PUBLIC)} {get_language()} {request.COOKIES.get('theme', '')} {timezone.localdate()}"
    return f'"{hashlib.sha256(text.encode()).hexdigest()[:16]}"'


def open_page(view: View) -> View:
    """Open a page to everybody and let caches keep it, asking again whether it still holds."""

    @login_not_required
    @require_safe
    @wraps(view)
    def page(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        answer: HttpResponseBase = condition(etag_func=_mark)(view)(request, *args, **kwargs)
        patch_cache_control(answer, public=True, max_age=FRESH)
        patch_vary_headers(answer, ["Cookie", "Accept-Language"])
        return answer

    return page


@open_page
def public_page(request: HttpRequest) -> HttpResponseBase:
    """Show the district to everybody."""
    found = queries.public_page(PUBLIC)
    context: dict[str, Any] = {"found": found}
    if found is not None:
        context |= {
            "tables": [_table(one) for one in found.releases[:4]],
            "register": [(_kind(one.kind), one) for one in found.register],
            "pooled": [words.pooled_line(row) for row in found.pooled],
        }
    return render(request, "scoreboard/public.html", context)


def _kind(code: str) -> object:
    return UPGRADE_KINDS.get(code, code) if code else _("all kinds")


@open_page
def release_page(request: HttpRequest, number: int) -> HttpResponseBase:
    """Show a published table with its digest."""
    return render(request, "scoreboard/release.html", {"table": _table(_release(number))})


def _release(number: int) -> ReleaseRef:
    found = queries.release(PUBLIC, number)
    if found is None:
        raise Http404
    return found


def _table(one: ReleaseRef) -> dict[str, Any]:
    body = one.body
    indicator = IndicatorRef(0, body["indicator"], body["name"], body["name_en"], body["unit"], body["decimals"], "")
    two = len(body["sides"]) == 2
    heads = [*[_label(body["sides"][-1], name) for name in body["labels"][-1]], _("All")] if two else [_("Sum")]
    names = [*[_label(body["sides"][0], name) for name in body["labels"][0]], _("All")]
    cells = body["values"] if two else [[value] for value in body["values"]]
    return {
        "ref": one,
        "name": body["name"] if figures.chinese() else body["name_en"],
        "side": SIDES[body["sides"][0]],
        "heads": heads,
        "rows": [
            (name, [(head, figures.amount(indicator, value)) for head, value in zip(heads, row, strict=True)])
            for name, row in zip(names, cells, strict=True)
        ],
    }


def _label(side: str, name: str) -> object:
    return {"sector": SECTORS, "size": SIZES}.get(side, {}).get(name, name)


def _flat(one: ReleaseRef) -> list[dict[str, Any]]:
    """Return the cells of a table as rows: names of the sides, value in the unit, status."""
    body = one.body
    axes = [[*names, "TOTAL"] for names in body["labels"]]
    rows = []
    for place in product(*(range(len(axis)) for axis in axes)):
        value = body["values"]
        for i in place:
            value = value[i]
        row: dict[str, Any] = {f"side{n + 1}": axes[n][i] for n, i in enumerate(place)}
        row |= {"month": body["month"], "indicator": body["indicator"], "unit": body["unit"]}
        row["value"] = None if value is None else value / 10 ** body["decimals"]
        rows.append(row | {"status": "suppressed" if value is None else "published"})
    return rows


_COLUMNS = Sheet(
    "release",
    gettext_lazy("Release"),
    (
        Column("side1", gettext_lazy("Rows")),
        Column("side2", gettext_lazy("Columns")),
        Column("month", gettext_lazy("Month")),
        Column("indicator", gettext_lazy("Indicator")),
        Column("unit", gettext_lazy("Unit")),
        Column("value", gettext_lazy("Value"), "quantity"),
        Column("status", gettext_lazy("State")),
    ),
)


@open_page
def release_file(request: HttpRequest, number: int, form: str) -> HttpResponseBase:
    """Give out a published table as JSON (what the digest seals), CSV or XLSX."""
    one = _release(number)
    if form == "json":
        return JsonResponse({"number": one.number, "digest": one.digest, "previous": one.previous, "table": one.body})
    if form == "csv":
        out = io.StringIO()
        rows = _flat(one)
        writer = csv.DictWriter(out, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)
        return HttpResponse("\ufeff" + out.getvalue(), content_type="text/csv; charset=utf-8")
    if form == "xlsx":
        return file_response(_COLUMNS, _flat(one), "xlsx", name=f"release-{one.number}")
    raise Http404


@open_page
def ranking_file(request: HttpRequest, number: int) -> HttpResponseBase:
    """Give out formula, inputs and results of a published ranking, as they were sealed."""
    try:
        found = queries.ranking_documents(PUBLIC, number)
    except DeniedError as error:
        raise Http404 from error
    if not found:
        raise Http404
    return JsonResponse(found)


@open_page
def project_file(request: HttpRequest) -> HttpResponseBase:
    """Give out the projects of the newest published ranking in OC4IDS."""
    found = queries.project_package(PUBLIC, today=timezone.localdate())
    if found is None:
        raise Http404
    return JsonResponse(found, json_dumps_params={"ensure_ascii": False})
