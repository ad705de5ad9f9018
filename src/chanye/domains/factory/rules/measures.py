"""From facts to figures: the key figures of ISO 22400-2 that booked work allows, and what a piece costs. Pure.

Definitions of ISO 22400-2 are named as there. Beside them, so that an upgrade can be measured:

=====================  ==============================================================================================
unit_cost              operating cost (labour, machine, energy, material, scrap) over good pieces out of the last
                       step; not measured while a part of what was used has no rate. Energy counts where metered.
production_efficiency  PRI x GQ over observed planned busy time: planned run time of what came out good, per hour
                       the machines were planned. It does not care which products were made.
defect_rate            (SQ + RQ) / pieces that left the orders, good or scrap
capacity               good pieces out of the last step per hour of planned busy time
labour_per_piece       working time of people per good piece out of the last step
pass_rate              good pieces out of the last step over pieces that left the orders
=====================  ==============================================================================================
"""

from __future__ import annotations

from collections.abc import Callable

from chanye.domains.factory.types.machines import Figure
from chanye.domains.factory.types.measures import Change, Facts

HOUR = 3_600_000_000
#: Share of planned or busy time that must be known, below which no figure that rests on it is stated.
FLOOR = 0.8

#: Figures in the order they are shown: name -> whether a lower value is better.
LOWER_IS_BETTER: dict[str, bool] = {
    "unit_cost": True,
    "production_efficiency": False,
    "defect_rate": True,
    "capacity": False,
    "labour_per_piece": True,
    "pass_rate": False,
    "availability": False,
    "effectiveness": False,
    "quality_ratio": False,
    "oee": False,
    "nee": False,
    "allocation_ratio": False,
    "throughput_rate": False,
    "allocation_efficiency": False,
    "utilisation_efficiency": False,
    "worker_efficiency": False,
    "setup_ratio": True,
    "technical_efficiency": False,
    "production_process_ratio": False,
    "scrap_ratio": True,
    "rework_ratio": True,
    "actual_to_planned_scrap": True,
    "fall_off_ratio": True,
    "first_pass_yield": False,
    "energy_per_piece": True,
}


def figures(facts: Facts) -> dict[str, Figure]:
    """Return every figure of a group; what the facts do not allow is not measured and says why."""
    return {name: _FIGURES[name](facts) for name in LOWER_IS_BETTER}


def coverage(facts: Facts) -> float:
    """Return the known share of the time that figures rest on: planned busy time, or busy time where none is."""
    base = facts.pbt or facts.aubt
    return max(0.0, (base - facts.unknown) / base) if base else 0.0


def _ratio(facts: Facts, top: float, bottom: float, unit: str = "1", *, empty: str = "no_production") -> Figure:
    """Return a figure of counted things; how much time is known does not enter, but is told."""
    if bottom <= 0:
        return Figure(None, unit, coverage(facts), empty)
    return Figure(top / bottom, unit, coverage(facts))


def _timed(facts: Facts, top: float, bottom: float, unit: str = "1", *, empty: str = "no_data") -> Figure:
    """Return a figure that rests on observed time: not stated below the floor."""
    known = coverage(facts)
    if bottom <= 0:
        return Figure(None, unit, known, empty)
    if known < FLOOR:
        return Figure(None, unit, known, "below_floor")
    return Figure(top / bottom, unit, known)


def _planned(facts: Facts, top: float, unit: str = "1") -> Figure:
    """Return a figure over observed planned busy time."""
    if not facts.pbt:
        return Figure(None, unit, coverage(facts), "no_planned_time")
    return _timed(facts, top, facts.observed, unit)


def _product(*parts: Figure) -> Figure:
    value, known = 1.0, min(part.coverage for part in parts)
    for part in parts:
        if part.value is None:
            return Figure(None, "1", known, part.why)
        value *= part.value
    return Figure(value, "1", known)


def _unit_cost(facts: Facts) -> Figure:
    if facts.done <= 0:
        return Figure(None, "fen", coverage(facts), "no_production")
    if facts.unpriced:  # a part of the cost is unknown, which is not the same as nothing
        return Figure(None, "fen", coverage(facts), "unpriced")
    return Figure(facts.cost / facts.done, "fen", coverage(facts))


def _effectiveness(facts: Facts) -> Figure:
    return _timed(facts, facts.earned, facts.apt, empty="no_production")


def _quality(facts: Facts) -> Figure:
    return _ratio(facts, facts.gq, facts.pq)


def _availability(facts: Facts) -> Figure:
    return _planned(facts, facts.apt)


def _net(facts: Facts) -> Figure:
    return _planned(facts, facts.apt + facts.aust)


def _left(facts: Facts) -> int:
    """Pieces that left the orders, good or scrap."""
    return facts.done + facts.sq


_FIGURES: dict[str, Callable[[Facts], Figure]] = {
    "unit_cost": _unit_cost,
    "production_efficiency": lambda f: _planned(f, f.earned_good),
    "defect_rate": lambda f: _ratio(f, f.sq + f.rq, _left(f)),
    "capacity": lambda f: _planned(f, f.done * HOUR, "{part}/h"),
    "labour_per_piece": lambda f: _ratio(f, f.apwt / HOUR, f.done if f.apwt else 0, "h", empty="no_labour"),
    "pass_rate": lambda f: _ratio(f, f.done, _left(f)),
    "availability": _availability,
    "effectiveness": _effectiveness,
    "quality_ratio": _quality,
    "oee": lambda f: _product(_availability(f), _effectiveness(f), _quality(f)),
    "nee": lambda f: _product(_net(f), _effectiveness(f), _quality(f)),
    "allocation_ratio": lambda f: _ratio(f, f.aubt, f.aoet),
    "throughput_rate": lambda f: _ratio(f, f.done * HOUR, f.aoet, "{part}/h"),
    "allocation_efficiency": lambda f: _planned(f, f.aubt),
    "utilisation_efficiency": lambda f: _timed(f, f.apt, f.aubt, empty="no_production"),
    # APAT needs attendance to be recorded; until then the ratio is not measured, whatever else is known.
    "worker_efficiency": lambda _: Figure(None, "1", 0.0, "no_attendance"),
    "setup_ratio": lambda f: _timed(f, f.aust, f.apt + f.aust, empty="no_production"),
    "technical_efficiency": lambda f: _timed(f, f.apt, f.apt + f.adet, empty="no_production"),
    "production_process_ratio": lambda f: _ratio(f, f.apt, f.aoet),
    "scrap_ratio": lambda f: _ratio(f, f.sq, f.pq),
    "rework_ratio": lambda f: _ratio(f, f.rq, f.pq),
    "actual_to_planned_scrap": lambda f: _ratio(f, f.sq, f.psq, empty="no_planned_scrap"),
    "fall_off_ratio": lambda f: _ratio(f, f.sq, f.first_pq),
    "first_pass_yield": lambda f: _ratio(f, _left(f) - f.sq - f.rq, _left(f)),
    "energy_per_piece": lambda f: _ratio(
        f, f.joule / 3_600_000, f.done if f.joule else 0, "kW.h/{part}", empty="no_meter"
    ),
}


def compare(before: Facts, after: Facts) -> list[Change]:
    """Return every figure before and after with its relative change; nothing is said where one is not measured."""
    old, new = figures(before), figures(after)
    found = []
    for name, lower in LOWER_IS_BETTER.items():
        a, b = old[name], new[name]
        known = min(a.coverage, b.coverage)
        if name == "unit_cost" and bool(before.joule) != bool(after.joule):
            change = Figure(None, "1", known, "not_comparable")  # energy was metered in one window only
        elif a.value is None or b.value is None:
            change = Figure(None, "1", known, a.why if a.value is None else b.why)
        elif a.value == 0:
            change = Figure(None, "1", known, "no_base")
        else:
            change = Figure(b.value / a.value - 1, "1", known, a.why or b.why)
        found.append(Change(name, a, b, change, "lower" if lower else "higher"))
    return found
