"""Money and shares on pages of awards."""

from __future__ import annotations

from django import template
from django.utils.translation import get_language

from chanye.kernel.money import format_money

register = template.Library()


@register.filter
def yuan(fen: int | None) -> str:
    """Return an amount [fen] as it is written in the language of the page."""
    return "–" if fen is None else format_money(fen, get_language() or "en")


@register.filter
def percent(part: float | None) -> str:
    """Return a share as a percentage with one decimal; a word is up to the page where there is none."""
    return "–" if part is None else f"{100 * part:.1f} %"


@register.filter
def points(share: int) -> str:
    """Return a share in basis points as a percentage."""
    return f"{share / 100:g} %"
