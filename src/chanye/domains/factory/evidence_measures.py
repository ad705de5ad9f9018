"""What a factory lets be measured of an upgrade: counters of the site, the line or the machine, day by day."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from chanye.evidence.daily import gained, level, ratio
from chanye.evidence.measures import Daily, Measure, Read, register
from chanye.parties.types import Viewer

#: Role of a counter -> the unit it is read in (UCUM).
UNITS = {"part_count": "{part}", "scrap_count": "{part}", "energy": "kW.h", "labour": "h", "cost": "{CNY}"}
FLOOR = 0.8


def _gain(role: str) -> Read:
    def read(viewer: Viewer, asset_id: int, start: int, end: int, known_at: int | None) -> Daily:
        return gained(viewer, asset_id, role, UNITS[role], start, end, known_at)

    return read


def _per_piece(role: str) -> Read:
    def read(viewer: Viewer, asset_id: int, start: int, end: int, known_at: int | None) -> Daily:
        parts = [gained(viewer, asset_id, one, UNITS[one], start, end, known_at) for one in (role, "part_count")]
        return ratio(*parts)

    return read


def _temperature(viewer: Viewer, asset_id: int, start: int, end: int, known_at: int | None) -> Daily:
    return level(viewer, asset_id, "temperature", "Cel", start, end, known_at)


#: Measures of what a counter gained per piece: code, label, unit, role.
PER_PIECE = (
    ("factory.energy_per_piece", _("Energy per piece"), "kW.h/{part}", "energy"),
    ("factory.defect_rate", _("Defect rate"), "1", "scrap_count"),
    ("factory.labour_per_piece", _("Labour per piece"), "h/{part}", "labour"),
    ("factory.unit_cost", _("Unit cost"), "{CNY}/{part}", "cost"),
)


def register_measures() -> None:
    """Declare the measures of a factory; called once when the room starts."""
    for code, label, unit, role in PER_PIECE:
        explained = ("factory.temperature",) if role == "energy" else ()
        roles = (role, "part_count")
        register(Measure(code, label, unit, -1, "ratio", FLOOR, explained, _per_piece(role), roles))
    made = ("part_count",)
    register(
        Measure(
            "factory.output",
            pgettext_lazy("measure", "Output"),
            "{part}/d",
            1,
            "sum",
            FLOOR,
            (),
            _gain("part_count"),
            made,
        )
    )
    warm = ("temperature",)
    register(Measure("factory.temperature", _("Temperature"), "Cel", 1, "mean", FLOOR, (), _temperature, warm))
