"""The kinds of rules a call may have, what each holds, and whether what was typed can be one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from chanye.domains.programme.types.calls import Rule
from chanye.domains.programme.words import COST_KINDS, DOCUMENT_KINDS
from chanye.kernel.errors import ConfigError
from chanye.parties.sectors import SECTORS

CRITERIA = {
    "effect": gettext_lazy("Expected effect and how it is measured"),
    "technology": gettext_lazy("Technology"),
    "plan": gettext_lazy("Plan and readiness"),
    "cost": gettext_lazy("Reasonable cost"),
    "firm": gettext_lazy("Strength of the firm"),
    "example": gettext_lazy("Example for others"),
}
METHOD_WORDS = {
    "randomised": gettext_lazy("Random or phased order"),
    "group_time": gettext_lazy("Comparison of many firms over time"),
    "synthetic": gettext_lazy("Synthetic comparison"),
    "baseline": gettext_lazy("Regression baseline"),
}
Words = Mapping[str, str | Promise]


@dataclass(frozen=True, slots=True)
class Field:
    """A value of a rule: its kind (money, share, date, codes, years, weights, whole) and what may be chosen."""

    name: str
    label: str | Promise
    kind: str
    choices: Words = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RuleKind:
    """A kind of rule; ``judged`` ones are decided for every application, the others steer the office's work."""

    label: str | Promise
    fields: tuple[Field, ...] = ()
    judged: bool = True


_FROM, _TO = pgettext_lazy("dates", "From"), pgettext_lazy("dates", "To")
KINDS: dict[str, RuleKind] = {
    "window": RuleKind(
        gettext_lazy("Applications are taken"), (Field("from", _FROM, "date"), Field("to", _TO, "date"))
    ),
    "sectors": RuleKind(gettext_lazy("Sectors"), (Field("codes", gettext_lazy("Allowed"), "codes", SECTORS),)),
    "period": RuleKind(
        gettext_lazy("Start and finish of the project"), (Field("from", _FROM, "date"), Field("to", _TO, "date"))
    ),
    "least_investment": RuleKind(
        gettext_lazy("Least investment"), (Field("amount", gettext_lazy("At least"), "money"),)
    ),
    "no_cost": RuleKind(
        gettext_lazy("Costs that do not count"), (Field("codes", gettext_lazy("Kinds"), "codes", COST_KINDS),)
    ),
    "max_share": RuleKind(
        gettext_lazy("Highest share of the eligible cost"), (Field("share", gettext_lazy("At most"), "share"),)
    ),
    "max_amount": RuleKind(
        gettext_lazy("Highest amount of one project"), (Field("amount", gettext_lazy("At most"), "money"),)
    ),
    "one_grant": RuleKind(gettext_lazy("One grant for one project")),
    "district_decides": RuleKind(
        gettext_lazy("The district decides below"), (Field("amount", gettext_lazy("Investment below"), "money"),)
    ),
    "effect": RuleKind(
        gettext_lazy("Measure and method"),
        (
            Field("measures", gettext_lazy("Measures"), "codes"),
            Field("methods", gettext_lazy("Methods"), "codes", METHOD_WORDS),
        ),
    ),
    "detectable": RuleKind(gettext_lazy("The data can show the effect that is claimed")),
    "documents": RuleKind(gettext_lazy("Papers"), (Field("codes", gettext_lazy("Needed"), "codes", DOCUMENT_KINDS),)),
    "envelope": RuleKind(
        gettext_lazy("Money of each year"), (Field("years", gettext_lazy("Years"), "years"),), judged=False
    ),
    "criteria": RuleKind(
        gettext_lazy("Weights of the criteria"),
        (Field("weights", gettext_lazy("Weights"), "weights", CRITERIA),),
        judged=False,
    ),
    "reviews": RuleKind(
        gettext_lazy("Reviews of each application"),
        (Field("least", gettext_lazy("At least"), "whole"),),
        judged=False,
    ),
}
#: Rules without which a call cannot be opened.
NEEDED = ("window", "max_share", "max_amount", "criteria", "reviews")
MOST_FEN = 10**15


def check_rules(rules: tuple[Rule, ...]) -> None:
    """Go on only if every rule is of a known kind, once, with values of its kind, and cites a clause.

    Raises
    ------
    ConfigError
        Naming the rule and what to put right.
    """
    seen = set()
    for rule in rules:
        kind = KINDS.get(rule.kind)
        if kind is None or rule.kind in seen:
            raise ConfigError(_("There is no rule “%(kind)s”, or it is there twice.") % {"kind": rule.kind[:40]})
        seen.add(rule.kind)
        if not rule.clause.strip():
            raise ConfigError(_("%(rule)s: name the clause that it stands on.") % {"rule": kind.label})
        for one in kind.fields:
            if not _holds(one, rule.value.get(one.name)):
                raise ConfigError(
                    _("%(rule)s: “%(field)s” is missing or not possible.") % {"rule": kind.label, "field": one.label}
                )
        start, end = rule.value.get("from"), rule.value.get("to")
        if start and end and start > end:
            raise ConfigError(_("%(rule)s: it ends before it begins.") % {"rule": kind.label})


def _holds(one: Field, value: Any) -> bool:
    return _TESTS[one.kind](value, one.choices)


def _whole(value: Any, least: int, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def _date(value: Any, _choices: Words) -> bool:
    try:
        return bool(date.fromisoformat(value))
    except (TypeError, ValueError):
        return False


def _codes(value: Any, choices: Words) -> bool:
    plain = isinstance(value, list) and all(isinstance(one, str) and 0 < len(one) <= 64 for one in value)
    return plain and 0 < len(value) <= 50 and (not choices or set(value) <= choices.keys())


def _years(value: Any, _choices: Words) -> bool:
    if not isinstance(value, dict) or not 0 < len(value) <= 20:
        return False
    return all(
        isinstance(year, str) and year.isdigit() and len(year) == 4 and _whole(fen, 0, MOST_FEN)
        for year, fen in value.items()
    )


def _weights(value: Any, choices: Words) -> bool:
    if not isinstance(value, dict) or not value or not set(value) <= choices.keys():
        return False
    return all(_whole(one, 1, 100) for one in value.values()) and sum(value.values()) == 100


def _share(value: Any, _choices: Words) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 < value <= 1


_TESTS = {
    "money": lambda value, _choices: _whole(value, 1, MOST_FEN),
    "whole": lambda value, _choices: _whole(value, 1, 99),
    "share": _share,
    "date": _date,
    "codes": _codes,
    "years": _years,
    "weights": _weights,
}
