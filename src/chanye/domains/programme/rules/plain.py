"""Plain forms: what two people write differently is compared without case, signs and spaces."""

from __future__ import annotations

import unicodedata

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

IDENTITIES = {
    "credit_code": _("Unified social credit code"),
    "name": pgettext_lazy("identity", "Name"),
    "legal_person": _("Legal representative"),
    "phone": _("Phone"),
    "address": _("Address"),
    "bank_account": _("Bank account"),
}
#: Of a person of the office only; names the firm that employs them or their family.
TIES_BY_NAME = ("name", "credit_code")


def plain(text: str) -> str:
    """Return letters and digits alone, in capitals, full-width and compatibility forms folded (NFKC)."""
    folded = unicodedata.normalize("NFKC", text).upper()
    return "".join(char for char in folded if char.isalnum())


def plain_identity(kind: str, text: str) -> str:
    """Return the form of an identity that is compared; a phone is its last eleven digits."""
    folded = plain(text)
    if kind == "phone":
        digits = "".join(char for char in folded if char.isdigit())
        return digits[-11:]
    return folded[:200]


def bigrams(text: str) -> frozenset[str]:
    """Return the pairs of neighbouring characters of the plain form."""
    folded = plain(text)
    return frozenset(folded[i : i + 2] for i in range(len(folded) - 1)) or frozenset({folded} - {""})


def alike(one: str, other: str) -> float:
    """Return how alike two titles are, 0..1: Dice's coefficient of their character pairs."""
    left, right = bigrams(one), bigrams(other)
    return 2 * len(left & right) / (len(left) + len(right)) if left and right else 0.0
