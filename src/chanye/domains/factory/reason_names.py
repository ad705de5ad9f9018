"""Names of reasons in the language of the reader."""

from __future__ import annotations

from django.utils.translation import get_language

from chanye.domains.factory.models import Reason


def reason_label(row: Reason) -> str:
    """Return the name of a reason in the language of the reader."""
    return row.name if (get_language() or "zh").startswith("zh") or not row.name_en else row.name_en
