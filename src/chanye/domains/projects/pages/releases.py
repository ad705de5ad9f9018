"""Pages of published tables, from the side of the office: all of them, and a new one with its preview."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from chanye.domains.projects import figures
from chanye.domains.projects.actions.releases import publish_release
from chanye.domains.projects.pages import statistics_words as words
from chanye.domains.projects.queries import releases as queries
from chanye.domains.projects.queries import returns, statistics
from chanye.domains.projects.rules.months import read_month
from chanye.domains.projects.types.releases import ReleaseDraft
from chanye.domains.projects.types.statistics import IndicatorRef
from chanye.kernel.errors import ConfigError
from chanye.parties.rules import may, require
from chanye.parties.sectors import SECTORS
from chanye.spine.api import viewer_of

SIDE_WORDS = {"sector": gettext_lazy("Sector"), "town": gettext_lazy("Town"), "size": gettext_lazy("Size")}
_NAMES: dict[str, Mapping[str, Any]] = {"sector": SECTORS, "size": words.SIZE_WORDS}


@require_http_methods(["GET", "HEAD", "POST"])
def release_list(request: HttpRequest) -> HttpResponseBase:
    """List what was published; preview a table through the gate, and publish it."""
    viewer = viewer_of(request)
    office = viewer.organisation_id or 0
    require(viewer, "read_statistics", office)
    sent = request.POST if request.method == "POST" else request.GET
    fault, preview = "", None
    if "indicator" in sent:
        try:
            draft = ReleaseDraft(
                sent.get("title", ""), sent.get("indicator", ""), read_month(sent.get("month", "")),
                sent.get("rows", ""), sent.get("columns", ""),
            )  # fmt: skip
            if request.method == "POST":
                number = publish_release(actor=viewer, office_id=office, draft=draft)
                messages.success(request, _("Published as number %(n)d.") % {"n": number})
                return redirect("releases")
            preview = queries.preview(viewer, office, draft)
        except ConfigError as error:
            fault = str(error)
    context: dict[str, Any] = {
        "cells": _cells(preview.body) if preview else None,
        "releases": queries.releases(viewer, office), "sent": sent, "fault": fault, "preview": preview,
        "may_publish": may(viewer, "publish_release", office), "sides": SIDE_WORDS,
        "month": sent.get("month") or statistics.newest_month(viewer, office),
        "indicators": [
            (one.code, words.name_of(one)) for one in returns.indicators(viewer, office) if one.kind != "ratio"
        ],
    }  # fmt: skip
    return render(request, "projects/releases.html", context)


def _cells(body: dict[str, Any]) -> dict[str, Any]:
    """Return a table as it is drawn: heads, and rows of a name and cells; None is suppressed."""
    two = len(body["sides"]) == 2
    one = IndicatorRef(0, body["indicator"], "", "", body["unit"], body["decimals"], "")
    names = [
        [str(_NAMES.get(side, {}).get(n, n)) for n in row]
        for side, row in zip(body["sides"], body["labels"], strict=True)
    ]
    values = body["values"] if two else [[value] for value in body["values"]]
    heads = [*names[1], _("Sum")] if two else [_("Sum")]
    return {
        "heads": heads,
        "rows": [
            (name, [(head, figures.amount(one, value)) for head, value in zip(heads, row, strict=True)])
            for name, row in zip([*names[0], _("Sum")], values, strict=True)
        ],
    }
