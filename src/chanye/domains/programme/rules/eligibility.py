"""Eligibility: every rule of a call decided for one application, with the value seen and the clause cited. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from typing import Any

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from chanye.domains.programme.rules.kinds import KINDS, METHOD_WORDS
from chanye.domains.programme.types.applications import Dossier, Ruling
from chanye.domains.programme.types.calls import CallRef
from chanye.domains.programme.words import COST_KINDS, DOCUMENT_KINDS
from chanye.kernel.money import format_money
from chanye.parties.sectors import SECTORS

HOLDS, FAILS, UNKNOWN = "holds", "fails", "unknown"
Judged = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Facts:
    """What must be known beside the application.

    Parameters
    ----------
    day
        On which it was submitted, or today for a draft.
    granted
        Number of an application of the same project code that has a grant; "" if there is none; None if no code.
    measures
        Words of the measures, by code.
    """

    day: date
    granted: str | None = None
    measures: Mapping[str, str] = field(default_factory=dict)


def judge(call: CallRef, dossier: Dossier, facts: Facts) -> tuple[Ruling, ...]:
    """Return what became of each rule of a call that is judged, in the order of ``KINDS``.

    Parameters
    ----------
    call
        With the rules of the version that the application is under.
    """
    rules = {one.kind: one for one in call.rules}
    found = []
    for kind, of in KINDS.items():
        if not of.judged or kind not in rules:
            continue
        state, seen, words = _JUDGES[kind](rules[kind].value, dossier, facts)
        found.append(Ruling(kind, state, seen, words, rules[kind].clause))
    return tuple(found)


def most(call: CallRef, eligible_cost: int) -> int:
    """Return the highest amount that may be requested for an eligible cost, both in fen."""
    limits = [eligible_cost]
    if share := call.rule("max_share").get("share"):
        limits.append(int(Fraction(str(share)) * eligible_cost))
    if amount := call.rule("max_amount").get("amount"):
        limits.append(int(amount))
    return min(limits)


def money(fen: int) -> str:
    """Return an amount in the reader's language."""
    return format_money(fen, get_language() or "en")


def _is(truth: bool) -> str:
    return HOLDS if truth else FAILS


def _named(codes: list[str], words: Mapping[str, Any]) -> str:
    return ", ".join(str(words.get(code, code)) for code in codes)


def _window(value: Mapping[str, Any], _one: Dossier, facts: Facts) -> Judged:
    ok = value["from"] <= facts.day.isoformat() <= value["to"]
    return _is(ok), facts.day.isoformat(), _("%(from)s to %(to)s") % value


def _sectors(value: Mapping[str, Any], one: Dossier, _facts: Facts) -> Judged:
    words = _named(value["codes"], SECTORS)
    if not one.head.sector:
        return UNKNOWN, "", words
    return _is(one.head.sector in value["codes"]), str(SECTORS.get(one.head.sector, one.head.sector)), words


def _period(value: Mapping[str, Any], one: Dossier, _facts: Facts) -> Judged:
    start, finish = one.head.planned_start, one.head.planned_finish
    words = _("from %(from)s to %(to)s") % value
    if start is None or finish is None:
        return UNKNOWN, "", words
    ok = value["from"] <= start.isoformat() <= finish.isoformat() <= value["to"]
    return _is(ok), f"{start} – {finish}", words


def _least(value: Mapping[str, Any], one: Dossier, _facts: Facts) -> Judged:
    seen = one.head.total_cost
    words = _("at least %(amount)s") % {"amount": money(value["amount"])}
    return (_is(seen >= value["amount"]), money(seen), words) if seen else (UNKNOWN, "", words)


def _no_cost(value: Mapping[str, Any], one: Dossier, _facts: Facts) -> Judged:
    wrong = [line for line in one.costs if line.eligible and line.kind in value["codes"]]
    words = _("not counted: %(kinds)s") % {"kinds": _named(value["codes"], COST_KINDS)}
    if not one.costs:
        return UNKNOWN, "", words
    seen = ", ".join(f"{line.text} {money(line.amount)}" for line in wrong)
    return _is(not wrong), seen or _("none of these is counted"), words


def _share(value: Mapping[str, Any], one: Dossier, _facts: Facts) -> Judged:
    head = one.head
    words = _("at most %(share)s %% of the eligible cost") % {"share": f"{100 * value['share']:g}"}
    if not head.eligible_cost or not head.requested:
        return UNKNOWN, "", words
    ok = head.requested <= Fraction(str(value["share"])) * head.eligible_cost
    seen = (
        f"{money(head.requested)} / {money(head.eligible_cost)} = {100 * head.requested / head.eligible_cost:.1f} %"
    )
    return _is(ok), seen, words


def _amount(value: Mapping[str, Any], one: Dossier, _facts: Facts) -> Judged:
    words = _("at most %(amount)s") % {"amount": money(value["amount"])}
    if not one.head.requested:
        return UNKNOWN, "", words
    return _is(one.head.requested <= value["amount"]), money(one.head.requested), words


def _one_grant(_value: Mapping[str, Any], one: Dossier, facts: Facts) -> Judged:
    words = _("no grant for this project code yet")
    if not one.head.project_code or facts.granted is None:
        return UNKNOWN, one.head.project_code, words
    seen = _("%(code)s has a grant already: %(number)s") % {
        "code": one.head.project_code,
        "number": facts.granted,
    }
    return (FAILS, seen, words) if facts.granted else (HOLDS, one.head.project_code, words)


def _district(value: Mapping[str, Any], one: Dossier, _facts: Facts) -> Judged:
    seen = one.head.total_cost
    words = _("below %(amount)s the district decides; from there on the city checks first") % {
        "amount": money(value["amount"])
    }
    if not seen:
        return UNKNOWN, "", words
    if seen < value["amount"]:
        return HOLDS, money(seen), words
    checked = any(paper.kind == "city_check" for paper in one.documents)
    note = _("pre-check by the city is there") if checked else _("pre-check by the city is missing")
    return HOLDS if checked else UNKNOWN, f"{money(seen)}: {note}", words


def _effect(value: Mapping[str, Any], one: Dossier, facts: Facts) -> Judged:
    head = one.head
    words = _("one of these measures: %(measures)s; by one of these methods: %(methods)s") % {
        "measures": _named(value["measures"], facts.measures),
        "methods": _named(value["methods"], METHOD_WORDS),
    }
    if not head.measure or head.claim is None:
        return UNKNOWN, "", words
    ok = head.measure in value["measures"] and head.method in value["methods"]
    measure = facts.measures.get(head.measure, head.measure)
    return _is(ok), f"{measure} · {METHOD_WORDS.get(head.method, '–')} · {100 * head.claim:g} %", words


def _detectable(_value: Mapping[str, Any], one: Dossier, _facts: Facts) -> Judged:
    words = _("the claim is at least as large as what the data can show")
    least, claim = one.head.detectable.get("relative"), one.head.claim
    if least is None or claim is None:
        return UNKNOWN, "; ".join(one.head.detectable.get("refusals", [])), words
    seen = _("claim %(claim)s %%, data show %(least)s %% or more") % {
        "claim": f"{100 * claim:.1f}",
        "least": f"{100 * least:.1f}",
    }
    return _is(claim >= least), seen, words


def _documents(value: Mapping[str, Any], one: Dossier, _facts: Facts) -> Judged:
    missing = [kind for kind in value["codes"] if all(paper.kind != kind for paper in one.documents)]
    seen = _("missing: %(kinds)s") % {"kinds": _named(missing, DOCUMENT_KINDS)} if missing else _("all there")
    return _is(not missing), seen, _named(value["codes"], DOCUMENT_KINDS)


_JUDGES: dict[str, Callable[[Mapping[str, Any], Dossier, Facts], Judged]] = {
    "window": _window,
    "sectors": _sectors,
    "period": _period,
    "least_investment": _least,
    "no_cost": _no_cost,
    "max_share": _share,
    "max_amount": _amount,
    "one_grant": _one_grant,
    "district_decides": _district,
    "effect": _effect,
    "detectable": _detectable,
    "documents": _documents,
}
