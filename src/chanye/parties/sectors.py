"""Sectors of the district's industry, as its targets and quotas name them; the sector follows the product."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

SECTORS = {
    "nev": _("Intelligent connected new-energy vehicles"),
    "electronics": _("Electronics and smart terminals"),
    "equipment": _("High-end equipment"),
    "materials": _("Advanced materials"),
    "biomed": _("Biomedicine"),
    "consumer": _("Consumer goods"),
    "food": _("Food and farm products"),
    "agriculture": _("Urban agriculture"),
    "logistics": _("Modern logistics"),
    "software": _("Software and information services"),
}
