"""What each figure of the page Measures is called, how it is worked out and how it is shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

Words = str | Promise
ISO = "ISO 22400-2"
OWN = _("defined here")


@dataclass(frozen=True, slots=True)
class FigureWords:
    """Name, formula and meaning of a figure; ``parts``: the facts it is made of.

    ``factor`` and ``unit`` turn the value into what is shown; ``digits``: decimals, -1 as many as three figures need.
    """

    name: Words
    formula: str
    meaning: Words
    parts: tuple[str, ...]
    clause: Words = ISO
    factor: float = 100
    unit: Words = "%"
    digits: str = "1"


#: Fact -> (symbol, words, what it is: time, count, hours or money).
FACTS: Mapping[str, tuple[str, Words, str]] = {
    "pbt": ("PBT", _("Planned busy time"), "time"),
    "unknown": ("–", _("of it not known"), "time"),
    "apt": ("APT", _("Production"), "time"),
    "aust": ("AUST", _("Set-up"), "time"),
    "adet": ("ADET", _("Stops and faults"), "time"),
    "adot": ("ADOT", _("Available, not used"), "time"),
    "aubt": ("AUBT", _("Busy with orders"), "time"),
    "aoet": ("AOET", _("Order execution"), "time"),
    "apwt": ("APWT", _("Working time of people"), "time"),
    "earned": ("PRI × PQ", _("Planned run time of what was made"), "time"),
    "earned_good": ("PRI × GQ", _("Planned run time of what was good"), "time"),
    "pq": ("PQ", _("Made at any operation"), "count"),
    "gq": ("GQ", _("Good at any operation"), "count"),
    "sq": ("SQ", _("Scrap"), "count"),
    "rq": ("RQ", _("To rework"), "count"),
    "psq": ("PSQ", _("Planned scrap"), "count"),
    "ip": ("IP", _("Pieces that entered the orders"), "count"),
    "done": ("–", _("Good out of the last operation"), "count"),
    "first_pq": ("–", _("Made at the first operation"), "count"),
    "joule": ("E", _("Energy"), "energy"),
    "labour": ("–", pgettext_lazy("cost", "Labour"), "money"),
    "machine": ("–", pgettext_lazy("cost", "Machine"), "money"),
    "energy": ("–", pgettext_lazy("cost", "Energy"), "money"),
    "material": ("–", pgettext_lazy("cost", "Material"), "money"),
    "scrap": ("–", pgettext_lazy("cost", "Scrap"), "money"),
}
COSTS = ("labour", "machine", "energy", "material", "scrap")
#: Kinds of rates and what their amount is for.
RATES: Mapping[str, Words] = {
    "labour": _("Labour, per hour"),
    "machine": _("Machine, per hour"),
    "scrap": _("Disposal of scrap, per piece"),
}
_TIMES = ("pbt", "unknown", "apt", "aust", "adet", "adot")
_PER_PIECE = pgettext_lazy("unit", "yuan/pc")

FIGURES: Mapping[str, FigureWords] = {
    "unit_cost": FigureWords(
        _("Cost of a piece"),
        "(labour + machine + energy + material + scrap) / good",
        _("What was spent for each good piece out of the last operation. Not stated while something has no rate."),
        (*COSTS, "done"),
        OWN,
        0.01,
        _PER_PIECE,
        "2",
    ),
    "production_efficiency": FigureWords(
        _("Production efficiency"),
        "PRI × GQ / (PBT − unknown)",
        _("Planned run time of what came out good, against the time that was planned: whatever product was made."),
        ("earned_good", "pbt", "unknown"),
        OWN,
    ),
    "defect_rate": FigureWords(
        _("Defect rate"),
        "(SQ + RQ) / (good + SQ)",
        _("Pieces that were scrapped or had to be reworked, among those that left the orders."),
        ("sq", "rq", "done"),
        OWN,
        digits="2",
    ),
    "capacity": FigureWords(
        _("Capacity"),
        "good / (PBT − unknown)",
        _("Good pieces out of the last operation for each planned hour of a machine or place."),
        ("done", "pbt", "unknown"),
        OWN,
        1,
        pgettext_lazy("unit", "pcs/h"),
        "2",
    ),
    "labour_per_piece": FigureWords(
        _("Labour per piece"),
        "APWT / good",
        _("Working time of people for each good piece out of the last operation."),
        ("apwt", "done"),
        OWN,
        60,
        pgettext_lazy("unit", "min/pc"),
        "2",
    ),
    "pass_rate": FigureWords(
        _("Pass rate"),
        "good / (good + SQ)",
        _("Good pieces among those that left the orders."),
        ("done", "sq"),
        OWN,
        digits="2",
    ),
    "availability": FigureWords(
        _("Availability"),
        "APT / (PBT − unknown)",
        _("How much of the planned and known time was production."),
        _TIMES,
    ),
    "effectiveness": FigureWords(
        _("Effectiveness"),
        "PRI × PQ / APT",
        _("Planned run time of what was made against the time it took. Above 100 % the planned time is too long."),
        ("earned", "apt", "pq"),
    ),
    "quality_ratio": FigureWords(
        pgettext_lazy("ISO 22400", "Quality ratio"),
        "GQ / PQ",
        _("Good pieces among those made, at every operation."),
        ("gq", "pq"),
    ),
    "oee": FigureWords(
        "OEE",
        "A × E × Q",
        _("Availability times effectiveness times quality ratio; not stated while one of them is not measured."),
        (*_TIMES, "earned", "pq", "gq"),
    ),
    "nee": FigureWords(
        "NEE",
        "(APT + AUST) / PBT × E × Q",
        _("Like OEE, but set-up is not counted as a loss."),
        (*_TIMES, "earned", "pq", "gq"),
    ),
    "allocation_ratio": FigureWords(
        _("Allocation ratio"),
        "AUBT / AOET",
        _("How much of the time orders were under way they were worked on; several at once exceed 100 %."),
        ("aubt", "aoet"),
    ),
    "throughput_rate": FigureWords(
        _("Throughput"),
        "good / AOET",
        _("Good pieces out of the last operation for each hour that orders were under way."),
        ("done", "aoet"),
        factor=1,
        unit=pgettext_lazy("unit", "pcs/h"),
        digits="2",
    ),
    "allocation_efficiency": FigureWords(
        _("Allocation efficiency"),
        "AUBT / (PBT − unknown)",
        _("How much of the planned time was busy with orders."),
        ("aubt", "pbt", "unknown"),
    ),
    "utilisation_efficiency": FigureWords(
        _("Utilisation efficiency"),
        "APT / AUBT",
        _("How much of the time busy with orders was production."),
        ("apt", "aubt"),
    ),
    "worker_efficiency": FigureWords(
        _("Worker efficiency"),
        "APWT / APAT",
        _("Working time against attendance. Attendance is not recorded, so this is not measured."),
        ("apwt",),
    ),
    "setup_ratio": FigureWords(
        _("Set-up ratio"), "AUST / (APT + AUST)", _("Set-up within processing time."), ("aust", "apt")
    ),
    "technical_efficiency": FigureWords(
        _("Technical efficiency"), "APT / (APT + ADET)", _("Production against stops and faults."), ("apt", "adet")
    ),
    "production_process_ratio": FigureWords(
        _("Production process ratio"),
        "APT / AOET",
        _("Production within the time orders were under way; the rest is waiting and transport."),
        ("apt", "aoet"),
    ),
    "scrap_ratio": FigureWords(
        _("Scrap ratio"), "SQ / PQ", _("Scrap among pieces made, at every operation."), ("sq", "pq"), digits="2"
    ),
    "rework_ratio": FigureWords(
        _("Rework ratio"), "RQ / PQ", _("Pieces sent to rework among those made."), ("rq", "pq"), digits="2"
    ),
    "actual_to_planned_scrap": FigureWords(
        _("Actual to planned scrap"), "SQ / PSQ", _("Scrap against what the routings plan."), ("sq", "psq")
    ),
    "fall_off_ratio": FigureWords(
        _("Fall-off ratio"),
        "SQ / PQ1",
        _("Scrap of all operations against the pieces of the first one."),
        ("sq", "first_pq"),
        digits="2",
    ),
    "first_pass_yield": FigureWords(
        _("First pass yield"),
        "GP / IP",
        _("Pieces that went through without scrap or rework, among those that left the orders; from counts."),
        ("done", "sq", "rq"),
        digits="2",
    ),
    "energy_per_piece": FigureWords(
        _("Energy per piece"),
        "E / good",
        _("Metered energy for each good piece out of the last operation."),
        ("joule", "done"),
        factor=1,
        unit=pgettext_lazy("unit", "kWh/pc"),
        digits="3",
    ),
}
PLAIN = ("unit_cost", "production_efficiency", "defect_rate", "capacity", "labour_per_piece", "pass_rate")
#: Sets of columns: name -> (words, figures).
SETS: Mapping[str, tuple[Words, tuple[str, ...]]] = {
    "plain": (_("Six plain figures"), PLAIN),
    "oee": (
        "OEE",
        ("oee", "availability", "effectiveness", "quality_ratio", "nee", "setup_ratio", "technical_efficiency"),
    ),
    "orders": (
        _("Orders"),
        (
            "allocation_ratio",
            "allocation_efficiency",
            "utilisation_efficiency",
            "production_process_ratio",
            "throughput_rate",
        ),
    ),
    "quality": (
        _("Quality"),
        ("scrap_ratio", "rework_ratio", "fall_off_ratio", "actual_to_planned_scrap", "first_pass_yield"),
    ),
    "people": (_("People and energy"), ("labour_per_piece", "worker_efficiency", "energy_per_piece", "unit_cost")),
}
GROUPS: Mapping[str, Words] = {
    "site": _("Site"),
    "line": _("Line"),
    "machine": pgettext_lazy("group", "Machine"),
    "order": pgettext_lazy("work order", "Order"),
    "product": _("Product"),
    "shift": _("Shift"),
    "day": _("Day"),
}
