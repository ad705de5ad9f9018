"""The product's words for states, units, lengths of time and reasons, in the reader's language."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import get_language, gettext_lazy, pgettext_lazy
from django.utils.translation import gettext as _

STATES: dict[str, str | Promise] = {
    "running": pgettext_lazy("machine state", "Running"),
    "setup": pgettext_lazy("machine state", "Set-up"),
    "waiting": pgettext_lazy("machine state", "Waiting"),
    "stopped": pgettext_lazy("machine state", "Stopped"),
    "fault": pgettext_lazy("machine state", "Fault"),
    "planned_off": pgettext_lazy("machine state", "Planned off"),
    "unknown": pgettext_lazy("machine state", "Not known"),
}

WHY: dict[str, str | Promise] = {
    "no_data": gettext_lazy("No data arrived in this window."),
    "below_floor": gettext_lazy("Too little of the time is known to state a number."),
    "no_calendar": gettext_lazy("No shift calendar is set, so the planned time is not known."),
    "no_rate": gettext_lazy("No planned cycle time is set for this program."),
    "no_counter": gettext_lazy("No part counter is connected."),
    "no_quality_data": gettext_lazy("Good and bad parts are not told apart here."),
    "no_production": gettext_lazy("Nothing was produced in the time that is known."),
    "no_planned_time": gettext_lazy("There was no planned time in this window."),
    "no_meter": gettext_lazy("No power meter is connected."),
    "no_series": gettext_lazy("Nothing that measures this is connected."),
    "few_failures": gettext_lazy("Fewer than two failures: a mean would say nothing."),
    "no_labour": gettext_lazy("No working time is booked in this window."),
    "no_factor": gettext_lazy("No emission factor holds for a part of this energy."),
    "unpriced": gettext_lazy("A part of what was used has no rate or price; set it on the page Rates."),
    "no_attendance": gettext_lazy("Attendance of people is not recorded."),
    "no_planned_scrap": gettext_lazy("The routings plan no scrap."),
    "no_base": gettext_lazy("The value before is zero, so there is no relative change."),
    "not_comparable": gettext_lazy("Energy was metered in one of the two windows only, so the costs do not compare."),
    "stale": gettext_lazy("The last value is too old to stand for now."),
}

# Units that are words rather than symbols, or whose symbol differs from its UCUM code.
UNITS: dict[str, str | Promise] = {
    "1": "",
    "{part}": pgettext_lazy("unit", "pcs"),
    "{part}/h": pgettext_lazy("unit", "pcs/h"),
    "{parts}": pgettext_lazy("unit", "pcs"),
    "{count}": "",
    "{rev}/min": pgettext_lazy("unit", "rpm"),
    "{rpm}": pgettext_lazy("unit", "rpm"),
    "/min": pgettext_lazy("unit", "rpm"),
    "1/min": pgettext_lazy("unit", "rpm"),
    "Cel": "°C",
    "deg": "°",
    "um": "µm",
    "us": "µs",
    "m3": "m³",
    "m2": "m²",
    "m3/h": "m³/h",
    "Ohm": "Ω",
    "kW.h": "kWh",
    "W.h": "Wh",
    "[in_i]": "in",
    "[ft_i]": "ft",
    "[psi]": "psi",
    "d": pgettext_lazy("unit", "d"),
}


def unit(code: str) -> str:
    """Return a UCUM code as people write it."""
    if code in UNITS:
        return str(UNITS[code])
    return code.replace(".", "·").replace("{", "").replace("}", "")


def short_money(fen: float | None) -> str:
    """Return an amount with three figures: ``¥2.24 bn`` or ``¥22.4亿``; a dash where it is not known."""
    if fen is None:
        return "–"
    yuan, sign = abs(fen) / 100, "-" if fen < 0 else ""
    chinese = (get_language() or "en").startswith("zh")
    for word, size in (("亿", 1e8), ("万", 1e4)) if chinese else ((" bn", 1e9), (" m", 1e6), (" k", 1e3)):
        if yuan >= size:
            part = yuan / size
            return f"{sign}¥{part:,.{0 if part >= 100 else 1 if part >= 10 else 2}f}{word}"
    return f"{sign}¥{yuan:,.0f}"


def state(name: str) -> str:
    """Return the word for a state class."""
    return str(STATES.get(name, STATES["unknown"]))


def why(word: str) -> str:
    """Return the sentence for a reason; an unknown one is said plainly."""
    return str(WHY.get(word, gettext_lazy("This cannot be stated for this window.")))


def duration(us: int | None) -> str:
    """Return a length of time [us] in at most two units; the browser's ticking clock writes it the same way."""
    if us is None:
        return "–"
    seconds = max(0, int(us // 1_000_000))
    minutes, second = divmod(seconds, 60)
    hours, minute = divmod(minutes, 60)
    days, hour = divmod(hours, 24)
    in_days, in_hours, in_minutes, in_seconds = duration_forms()
    if days:
        return in_days % {"d": days, "h": hour}
    if hours:
        return in_hours % {"h": hours, "m": minute}
    if minutes:
        return in_minutes % {"m": minute}
    return in_seconds % {"s": second}


def duration_forms() -> tuple[str, str, str, str]:
    """Return how days, hours, minutes and seconds are written, largest first."""
    return _("%(d)d d %(h)d h"), _("%(h)d h %(m)d min"), _("%(m)d min"), _("%(s)d s")
