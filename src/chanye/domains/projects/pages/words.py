"""How pages of projects say amounts, shares and days, and read what a form sent."""

from __future__ import annotations

from datetime import date

from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import get_language, pgettext_lazy
from django.utils.translation import gettext as _

from chanye.kernel.errors import ConfigError
from chanye.kernel.money import format_money, parse_money

#: Verbs of the audit log about a project.
VERBS: dict[str, str | Promise] = {
    "create_project": pgettext_lazy("did", "entered the project"),
    "change_project": pgettext_lazy("did", "changed the project"),
    "import_projects": pgettext_lazy("did", "imported projects"),
    "record_stage": pgettext_lazy("did", "recorded a stage"),
    "record_payment": pgettext_lazy("did", "booked a payment"),
    "save_milestones": pgettext_lazy("did", "froze milestones"),
    "report_progress": pgettext_lazy("did", "reported from the site"),
    "verify_report": pgettext_lazy("did", "verified a report"),
    "link_effects": pgettext_lazy("did", "linked measured effects"),
}


def today() -> date:
    """Return the day by the clock of the page."""
    return timezone.localdate()


def money(fen: int | None) -> str:
    """Return an amount in full; a dash where it is not known."""
    return "–" if fen is None else format_money(fen, get_language() or "en")


def short(fen: float | None) -> str:
    """Return an amount with three figures: ``¥2.24 bn`` or ``¥22.4亿``."""
    if fen is None:
        return "–"
    yuan, sign = abs(fen) / 100, "-" if fen < 0 else ""
    chinese = (get_language() or "en").startswith("zh")
    for word, size in (("亿", 1e8), ("万", 1e4)) if chinese else ((" bn", 1e9), (" m", 1e6), (" k", 1e3)):
        if yuan >= size:
            part = yuan / size
            return f"{sign}¥{part:,.{0 if part >= 100 else 1 if part >= 10 else 2}f}{word}"
    return f"{sign}¥{yuan:,.0f}"


def day_of(text: str | None) -> date | None:
    """Return the day a field sent; None where nothing was."""
    plain = (text or "").strip()
    if not plain:
        return None
    try:
        return date.fromisoformat(plain)
    except ValueError:
        raise ConfigError(_("Write a date like %(date)s.") % {"date": "2026-08-31"}) from None


def amount_of(text: str | None) -> int:
    """Return the amount a field sent [fen]; 0 where nothing was."""
    return parse_money(text) if text and text.strip() else 0


def number_of(text: str | None) -> float | None:
    """Return the number a field sent; None where nothing was."""
    plain = (text or "").strip()
    if not plain:
        return None
    try:
        value = float(plain)
    except ValueError:
        raise ConfigError(_("Write a number like %(number)s.") % {"number": "12.5"}) from None
    if value != value or abs(value) > 1e15:
        raise ConfigError(_("Write a number like %(number)s.") % {"number": "12.5"})
    return value


def whole_of(text: str | None) -> int | None:
    """Return the whole number a field sent; None where it is none."""
    plain = (text or "").strip()
    return int(plain) if plain.isascii() and plain.isdigit() and len(plain) < 16 else None
