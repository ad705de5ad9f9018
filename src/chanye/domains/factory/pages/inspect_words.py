"""Words of the tablet page."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import pgettext


def words() -> dict[str, str]:
    """Return all words of the page in the language of the request."""
    return {
        "back": _("Back"),
        "next": pgettext("inspection", "Next value"),
        "leave": _("Leave"),
        "book": _("Book inspection"),
        "review": _("Check and book"),
        "sample": _("Piece {n} of {of}"),
        "of": _("{n} of {of}"),
        "good": pgettext("value", "within limits"),
        "low": _("too small"),
        "high": _("too large"),
        "bad": pgettext("value", "not good"),
        "missing": _("{n} values are missing"),
        "any_bad": _("{n} values are not good: the inspection will be rejected"),
        "all_good": _("All values are good"),
        "gauge": _("Gauge"),
        "no_gauge": _("No gauge asked for"),
        "until": _("calibrated until {at}"),
        "expired": _("calibration has run out: take another gauge, or have it calibrated"),
        "photo": _("Photo"),
        "photo_kept": _("Photo stored"),
        "photo_offline": _("Photos need the connection: try again when it is back."),
        "photo_refused": _("This is no picture that can be stored."),
        "note": _("Note"),
        "kept": _("Kept on this device; it is booked when the connection is back."),
        "booking": _("Booking…"),
        "refused": _("Refused"),
        "online": _("Online"),
        "offline": _("Offline: values are kept on this device"),
        "not_kept": _("This device cannot keep it: free some storage, or use another one."),
        "sign": _("Sign in again: the values stay here."),
        "limits": _("Limits"),
        "nominal": _("Nominal"),
    }
