"""The button that takes public holidays into a shift calendar."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from chanye.domains.factory.actions.holidays import take_holidays
from chanye.domains.factory.pages import inputs
from chanye.kernel.errors import ConfigError
from chanye.spine.api import viewer_of


@require_POST
def calendar_holidays(request: HttpRequest, calendar_id: int) -> HttpResponse:
    """Take the public holidays of a year."""
    try:
        year = inputs.whole(request.POST, "year", _("Year"), empty=0)
        new = take_holidays(actor=viewer_of(request), calendar_id=calendar_id, year=year)
    except ConfigError as error:
        messages.error(request, str(error))
    else:
        said = ngettext("%(n)s day of %(year)s is new.", "%(n)s days of %(year)s are new.", new)
        messages.success(request, said % {"n": new, "year": year})
    return redirect("calendar", calendar_id)
