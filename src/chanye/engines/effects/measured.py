"""An effect from a frozen plan and the values of the days: the one function that measures and that anybody repeats.

Everything comes in as plain data (``plan.json``, ``method.json`` and one table of a bundle), so that an outsider
recomputes a certificate with this package, numpy and nothing else. "Not measurable" is a result with its reasons.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from chanye.engines.effects import alone, among, logged
from chanye.engines.effects.days import Column, Days, Found, Table, days_of, span_mask
from chanye.engines.effects.gates import Gate, Limits, data_gates

#: Grows when the same bundle would give another answer.
VERSION = 2
#: Largest share of the days since the upgrade that logged events may take out.
MOST_EXCLUDED = 0.25

Plan = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Case:
    """What a method works on: the plan, what happened since, and the days that count."""

    plan: Plan
    since: Plan
    table: Table
    days: Days
    before: Column
    after: Column


def measure(plan: Plan, since: Plan, table: Table) -> dict[str, Any]:
    """Return the effect of an upgrade as plain data.

    Parameters
    ----------
    plan
        As it was frozen: ``measure`` (code, unit, direction, kind, floor, normalisers), ``method``, ``baseline``,
        ``exclusions``, ``claim``, ``confidence``, ``one_sided``, ``limits``.
    since
        What happened: ``start`` and ``end`` of the time looked at, ``events``, ``controls`` with their upgrades.
        [us UTC]
    table
        Columns ``unit``, ``variable``, ``time``, ``value``, ``weight``, ``coverage`` of equal length.

    Returns
    -------
    dict
        ``state`` "measured" or "not_measurable"; relative effects, positive is better; ``gates`` with what was found;
        ``reasons``: names of what refused; ``series`` for a chart; ``with_events``: what the estimate would be if
        the days of logged events counted; ``adjusted``: the effect with each event as a step, and the size of each;
        ``verdict``.

    Raises
    ------
    KeyError, ValueError
        If the plan or the table is not what they should be.
    """
    case = _case(plan, since, table)
    limits = Limits(**plan["limits"])
    gates = _gates(case, limits)
    counted = {
        "before_days": int((case.before & case.days.usable).sum()),
        "after_days": int((case.after & case.days.usable).sum()),
        "coverage": _share(case),
    }
    reasons = [gate.name for gate in gates if not gate.holds]
    found: Found | None = None
    if not reasons:
        found = _METHODS[plan["method"]](case, limits)
        gates += found.gates
        reasons += found.reasons + [gate.name for gate in found.gates if not gate.holds]
    measured = found is not None and not reasons
    said = _said(found, plan) if found is not None and measured else _NOTHING
    return {
        "version": VERSION,
        "state": "measured" if measured else "not_measurable",
        **said,
        **counted,
        "with_events": _with_events(plan, since, table) if measured and since["events"] else None,
        "adjusted": _adjusted(case) if measured and since["events"] else None,
        "verdict": _verdict(said, plan["claim"]) if measured else "not_measurable",
        "gates": [asdict(gate) for gate in gates],
        "reasons": reasons,
        "series": found.series if found is not None and measured else {},
        "detail": found.detail if found is not None and measured else {},
    }


def _with_events(plan: Plan, since: Plan, table: Table) -> float | None:
    """Return the estimate with the days of all events: who logs them to please is seen by the difference."""
    found: float | None = measure(plan, {**since, "events": []}, table)["estimate"]
    return found


def _adjusted(case: _Case) -> dict[str, Any] | None:
    """Return the effect with each logged event measured as a step; only a plant alone has days to tell it by."""
    if case.plan["method"] != "baseline":
        return None
    day, since, baseline = case.days.day, case.since, case.plan["baseline"]
    out = span_mask(day, case.plan["exclusions"])
    before = (day >= baseline["start"]) & (day < baseline["end"]) & ~out
    after = (day >= since["start"]) & (day < since["end"]) & ~out
    found = logged.beside(case.days, before, after, since["events"], level=case.plan["confidence"])
    if found is None:
        return None
    up = case.plan["measure"]["direction"] > 0
    change, low, high = found["change"], found["low"], found["high"]
    signed = (change, low, high) if up else (-change, -high, -low)
    return dict(zip(("estimate", "lower", "upper"), signed, strict=True)) | {"events": found["events"]}


_NOTHING: dict[str, float | None] = {"estimate": None, "lower": None, "upper": None, "least": None, "error": None}


def _case(plan: Plan, since: Plan, table: Table) -> _Case:
    days = days_of(plan["measure"], table)
    baseline = plan["baseline"]
    before = (days.day >= baseline["start"]) & (days.day < baseline["end"])
    after = (days.day >= since["start"]) & (days.day < since["end"])
    out = span_mask(days.day, plan["exclusions"]) | span_mask(days.day, since["events"])
    return _Case(plan, since, table, days, before & ~out, after & ~out)


def _gates(case: _Case, limits: Limits) -> list[Gate]:
    days = case.days
    known = days.known
    found = data_gates(known[case.before], known[case.after], days.value[case.before & days.usable], limits)
    within = (days.day >= case.since["start"]) & (days.day < case.since["end"])
    lost = 1 - float(case.after.sum()) / within.sum() if within.any() else 0.0
    return [*found, Gate("excluded", lost, MOST_EXCLUDED, lost <= MOST_EXCLUDED)]


def _share(case: _Case) -> float:
    """Return the share of counted days that are known, before and since together."""
    looked = case.before | case.after
    return float(case.days.known[looked].mean()) if looked.any() else 0.0


def _alone(case: _Case, limits: Limits) -> Found:
    two = 2 * case.plan["one_sided"] - 1
    return alone.carried_forward(
        case.days, case.before, case.after, limits, level=case.plan["confidence"], least_level=two
    )


def _among(case: _Case, limits: Limits) -> Found:
    return among.compared(case.plan, case.since, case.table, case.days, limits)


_METHODS: dict[str, Callable[[_Case, Limits], Found]] = {
    "baseline": _alone,
    "group_time": _among,
    "synthetic": _among,
    "randomised": _among,
}


def _said(found: Found, plan: Plan) -> dict[str, float | None]:
    """Return the effect so that positive is better: what falls is good where lower is better."""
    up = plan["measure"]["direction"] > 0
    lower, upper = (found.low, found.high) if up else (-found.high, -found.low)
    return {
        "estimate": found.change if up else -found.change,
        "lower": lower,
        "upper": upper,
        "least": found.least_low if up else -found.least_high,
        "error": found.error,
    }


def _verdict(said: Mapping[str, float | None], claim: float) -> str:
    """Return "confirmed" if an effect is shown and the claim is not above what the data allow."""
    lower, upper = said["lower"], said["upper"]
    return "confirmed" if lower is not None and upper is not None and lower > 0 and upper >= claim else "below"
