"""Ties that keep a person away from a case, and what a reviewer may advise."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

TIES = {
    "ownership": _("I or my family own a share of the firm"),
    "family": _("A relative works there in a leading place"),
    "employer": _("I work or worked for the firm in the last five years"),
    "supplier": _("I or my family sell to it, or to one of its suppliers"),
    "other": _("Another tie that could make me partial"),
}
TIE_WORDS = TIES | {"shared": _("Found by what both are known by")}
ADVICE = {
    "support": _("Support"),
    "support_less": _("Support with a smaller amount"),
    "decline": _("Do not support"),
}
