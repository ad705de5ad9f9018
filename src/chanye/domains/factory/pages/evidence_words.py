"""How each figure is worked out, in words and symbols: what its evidence page says."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True, slots=True)
class Formula:
    """A figure's name, formula, meaning, how it is shown and which series it rests on.

    ``factor`` and ``digits`` turn the value into what is shown; ``roles`` are the roles of the source series.
    """

    name: str | Promise
    formula: str
    meaning: str | Promise
    clause: str
    roles: tuple[str, ...]
    factor: int = 100
    unit: str = "%"
    digits: str = "1"


STATE_ROLES = ("execution", "mode", "availability", "emergency_stop", "alarm", "link")
COUNT_ROLES = ("part_count",)

FORMULAS: dict[str, Formula] = {
    "availability": Formula(
        _("Availability"),
        "APT / (PBT − unknown)",
        _("How much of the planned and known time the machine was producing."),
        "ISO 22400-2",
        STATE_ROLES,
    ),
    "effectiveness": Formula(
        _("Effectiveness"),
        "PRI × PQ / APT",
        _("The planned time for the parts made, against the time it took. Above 100 % the planned time is too long."),
        "ISO 22400-2",
        (*STATE_ROLES, *COUNT_ROLES, "program"),
    ),
    "quality_ratio": Formula(
        _("Quality ratio"),
        "GQ / PQ",
        _("Good parts among the parts made."),
        "ISO 22400-2",
        COUNT_ROLES,
    ),
    "oee": Formula(
        "OEE",
        "A × E × Q",
        _("Availability times effectiveness times quality ratio; not stated while one of them is not measured."),
        "ISO 22400-2",
        (*STATE_ROLES, *COUNT_ROLES, "program"),
    ),
    "throughput": Formula(
        _("Throughput"),
        "PQ / h",
        _("Parts made for each hour that is known."),
        "ISO 22400-2",
        COUNT_ROLES,
        1,
        "",
    ),
    "produced": Formula(
        _("Parts made"),
        "Σ Δ",
        _("The rises of the part counter, added up; a reset of the counter loses nothing."),
        "OPC UA Part 13",
        COUNT_ROLES,
        1,
        "",
        "0",
    ),
}

#: Field of ``TimeElements`` -> (state class it is drawn as, its symbol, its words); in the order drawn.
ELEMENTS: dict[str, tuple[str, str, str | Promise]] = {
    "apt": ("running", "APT", _("Production")),
    "aust": ("setup", "AUST", _("Set-up")),
    "adot": ("waiting", "ADOT", _("Available, not used")),
    "adet": ("stopped", "ADET", _("Stops and faults")),
    "unknown": ("unknown", "–", _("Not known")),
    "planned_off": ("planned_off", "–", _("Not planned")),
}
