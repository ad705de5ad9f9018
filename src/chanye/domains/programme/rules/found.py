"""What checks find: a code, how grave it is, the facts its words are made of, and what it is about."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from chanye.domains.programme.rules.plain import IDENTITIES
from chanye.domains.programme.words import DOCUMENT_KINDS

STOP, ASK, NOTE = "stop", "ask", "note"
SEVERITY_WORDS = {
    STOP: gettext_lazy("Stops the case until it is answered"),
    ASK: gettext_lazy("Ask the firm"),
    NOTE: gettext_lazy("To know"),
}


@dataclass(frozen=True, slots=True)
class Found:
    """What one check found; ``ref`` is the same whenever the same is found again."""

    check: str
    severity: str
    ref: str
    facts: Mapping[str, Any] = field(default_factory=dict)


#: check -> words, to be filled with the facts. Amounts are facts in fen whose name ends in _fen.
WORDS: dict[str, str | Promise] = {
    "above_cost": gettext_lazy("Asks for %(requested_fen)s, but only %(eligible_fen)s of the cost count."),
    "above_cap": gettext_lazy("Asks for %(requested_fen)s; the call allows %(most_fen)s at most."),
    "number_twice": gettext_lazy("%(kind)s number %(number)s is used in %(other)s too."),
    "file_twice": gettext_lazy("The file %(name)s was handed in with %(other)s too."),
    "picture_close": gettext_lazy("The picture %(name)s looks like one of %(other)s (%(bits)s of 64 bits differ)."),
    "serial_twice": gettext_lazy("The nameplate %(serial)s (%(name)s) is in %(other)s too."),
    "quotes_same": gettext_lazy("%(one)s and %(other)s quote the same amount for %(item)s: %(amount_fen)s."),
    "quotes_near": gettext_lazy("%(one)s and %(other)s quote nearly the same for %(item)s: %(percent)s %% apart."),
    "quotes_few": gettext_lazy("%(item)s has offers of %(n)s supplier(s) only."),
    "quote_late": gettext_lazy("The chosen offer of %(supplier)s for %(item)s is of %(dated)s, after all others."),
    "quote_after_start": gettext_lazy("The offer of %(supplier)s is of %(dated)s, after the start on %(start)s."),
    "supplier_share": gettext_lazy("%(supplier)s is chosen for %(percent)s %% of all equipment money in this call."),
    "own_supplier": gettext_lazy("The supplier %(supplier)s is the applicant itself (%(tie)s)."),
    "related_supplier": gettext_lazy("The supplier %(supplier)s shares %(tie)s with the applicant: %(value)s."),
    "related_firm": gettext_lazy("%(other)s, which applied too, shares %(tie)s with the applicant: %(value)s."),
    "code_granted": gettext_lazy("The project code %(code)s has a grant already: %(other)s."),
    "code_twice": gettext_lazy("The project code %(code)s is in %(other)s too."),
    "renamed": gettext_lazy("“%(title)s” (%(other)s) is nearly the same title and shares %(n)s nameplate(s)."),
    "same_title": gettext_lazy("“%(title)s” (%(other)s) is nearly the same title."),
    "split": gettext_lazy(
        "With %(other)s the firm asks for %(sum_fen)s in this call; one project may get %(most_fen)s."
    ),
    "signal_before": gettext_lazy("%(name)s sent its first signal on %(first)s, before it was bought on %(bought)s."),
    "signal_none": gettext_lazy("%(name)s was bought on %(bought)s, but has sent no signal so far."),
    "not_on_spine": gettext_lazy("%(name)s was bought on %(bought)s, but is named with no machine of the plant."),
    "no_serial": gettext_lazy("%(name)s was bought on %(bought)s, but has no nameplate number."),
    "price_high": gettext_lazy(
        "%(name)s costs %(price_fen)s a piece; %(n)s others of this model cost %(median_fen)s."
    ),
}


@dataclass(frozen=True, slots=True)
class Other:
    """Another application: its number is shown; ``same_firm`` tells whether the same firm made it."""

    id: int
    number: str
    same_firm: bool = False
    firm: str = ""


def words_of(check: str, facts: Mapping[str, Any], money: Callable[[int], str]) -> str:
    """Return a finding in the reader's language; ``money`` writes an amount in fen."""
    shown = {name: money(value) if name.endswith("_fen") else value for name, value in facts.items()}
    if "kind" in shown:
        shown["kind"] = DOCUMENT_KINDS.get(shown["kind"], shown["kind"])
    if "tie" in shown:
        shown["tie"] = IDENTITIES.get(shown["tie"], shown["tie"])
    return str(WORDS[check]) % shown
