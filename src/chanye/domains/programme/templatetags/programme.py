"""Amounts, shares and states as the room's templates write them."""

from __future__ import annotations

from django import template

from chanye.domains.programme.pages import typed
from chanye.domains.programme.pages.calls_words import TONES, VERB_WORDS, state_word
from chanye.domains.programme.rules.eligibility import money

register = template.Library()


@register.filter
def fen(amount: int | None) -> str:
    """Return an amount in fen as money in the reader's language."""
    return "–" if amount is None else money(amount)


@register.filter
def yuan(amount: int | None) -> str:
    """Return an amount in fen as it is typed into a form, in yuan."""
    return "" if amount is None else typed.yuan(amount)


@register.filter
def percent(share: float | None) -> str:
    """Return a share of one in percent with one decimal."""
    return "–" if share is None else f"{100 * share:.1f} %"


@register.filter
def tone(state: str) -> str:
    """Return the tone in which the state of an application is drawn."""
    return TONES.get(state, "unknown")


@register.filter
def stated(state: str) -> str:
    """Return the word for the state of an application."""
    return state_word(state)


@register.filter
def done(verb: str) -> str:
    """Return what a verb of the audit log means in the room."""
    return str(VERB_WORDS.get(verb, verb))
