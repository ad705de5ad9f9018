"""The page Rates: what an hour and a piece of scrap cost, from when on, and who says so."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from chanye.domains.factory.actions import measures as actions
from chanye.domains.factory.pages import inputs
from chanye.domains.factory.pages.measure_words import RATES
from chanye.domains.factory.queries import measures as queries
from chanye.kernel.errors import ConfigError
from chanye.kernel.time import from_us, now_us, to_us
from chanye.parties.rules import may
from chanye.parties.types import Viewer
from chanye.sheets import Column, Sheet
from chanye.spine import queries as spine
from chanye.spine.api import viewer_of

SHEET = Sheet(
    "rates",
    gettext_lazy("Rates"),
    (
        Column("kind", gettext_lazy("Kind"), "choice", choices=RATES),
        Column("place", gettext_lazy("Where"), "reference", field="asset__name", template="factory/rate_place.html"),
        Column("amount", gettext_lazy("Amount"), "money"),
        Column("valid_from", gettext_lazy("Holds from"), "moment"),
        Column("source", gettext_lazy("Source")),
        Column(
            "id",
            gettext_lazy("Delete"),
            "integer",
            template="factory/rate_delete.html",
            filter="none",
            exported=False,
            sortable=False,
        ),
    ),
    order="-valid_from",
)


@require_http_methods(["GET", "HEAD", "POST"])
def rates_page(request: HttpRequest) -> HttpResponseBase:
    """Show the rates with their history; take a new one, or delete one, from those who may."""
    viewer = viewer_of(request)
    fault, sent = "", request.POST
    if request.method == "POST":
        try:
            _change(viewer, request.POST)
        except ConfigError as error:
            fault = str(error)
        else:
            messages.success(request, _("Saved. Earlier days keep the rate they had."))
            return redirect("rates")
    return SHEET.page(
        request,
        queries.rates_table(viewer, SHEET.read(request.GET)),
        template="factory/rates.html",
        tab="rates",
        kinds=RATES,
        places=[one for one in spine.assets(viewer) if one.kind not in ("terminal", "vehicle")],
        may_edit=may(viewer, "edit_rates", viewer.organisation_id),
        fault=fault,
        sent=sent,
        today=from_us(now_us(), inputs.ZONE).date().isoformat(),
    )


def _change(viewer: Viewer, sent: QueryDict) -> None:
    if sent.get("do") == "delete":
        actions.delete_rate(actor=viewer, rate_id=inputs.whole(sent, "rate", str(SHEET.label)))
        return
    day = inputs.moment(sent, "valid_from", _("Holds from"))
    if day is None:
        raise ConfigError(_("Choose the day from which the rate holds."))
    begins = from_us(day, inputs.ZONE).replace(hour=0, minute=0, second=0, microsecond=0)
    where = inputs.whole(sent, "asset", _("Where"), empty=0)
    actions.set_rate(
        actor=viewer,
        organisation_id=viewer.organisation_id or 0,
        kind=sent.get("kind", ""),
        amount=round(100 * inputs.decimal(sent, "amount", _("Amount"))),
        valid_from=to_us(begins),
        source=sent.get("source", ""),
        asset_id=where or None,
    )
