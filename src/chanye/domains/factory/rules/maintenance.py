"""Decisions of maintenance: what may follow on what, when a plan is due, how a step is judged. Pure.

An order goes ``new -> planned -> in_progress <-> waiting -> done -> verified``; planning may be left out, and an
order that is not wanted any more is ``cancelled`` before it is done. Work that did not hold goes back from ``done``
to ``in_progress``.
"""

from __future__ import annotations

import calendar
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from chanye.domains.factory.types.maintenance import Due
from chanye.kernel.errors import ConfigError
from chanye.kernel.time import DAY, from_us, to_us

TRIGGERS = ("time", "counter", "run_hours", "condition")
KINDS = ("corrective", "preventive", "inspection")
STATES = ("new", "planned", "in_progress", "waiting", "done", "verified", "cancelled")
OPEN = ("new", "planned", "in_progress", "waiting")
STEP_KINDS = ("check", "value", "note")
CALENDAR_UNITS = ("d", "w", "mo")
PRIORITIES = (1, 2, 3)

#: verb -> (states it may start from, state it leads to)
MOVES: Mapping[str, tuple[tuple[str, ...], str]] = {
    "plan": (("new", "planned"), "planned"),
    "start": (("new", "planned", "waiting", "done"), "in_progress"),
    "wait": (("in_progress",), "waiting"),
    "finish": (("in_progress", "waiting"), "done"),
    "verify": (("done",), "verified"),
    "cancel": (OPEN, "cancelled"),
}


def next_state(state: str, verb: str) -> str:
    """Return the state that a verb leads to.

    Raises
    ------
    ConfigError
        Saying what may be done instead.
    """
    if verb not in MOVES:
        raise ConfigError(f"Unknown step {verb!r}; use one of {', '.join(MOVES)}.")
    before, after = MOVES[verb]
    if state not in before:
        possible = [name for name, (states, _) in MOVES.items() if state in states]
        words = f"it can be: {', '.join(possible)}" if possible else "nothing can follow"
        raise ConfigError(f"An order that is {state} cannot be: {verb}; {words}.")
    return after


def judge(value: float | None, low: float | None, high: float | None) -> str:
    """Return ``pass`` or ``fail`` for a value; limits are part of what passes. Without a value: empty."""
    if value is None or value != value:
        return ""
    return "fail" if (low is not None and value < low) or (high is not None and value > high) else "pass"


def add_calendar(moment: int, every: float, unit: str, zone: str) -> int:
    """Return the moment ``every`` days, weeks or months later by the clock of ``zone`` [us UTC].

    The 31st of a month without one is its last day. Months are whole.
    """
    here = from_us(moment, ZoneInfo(zone))
    if unit == "mo":
        month = here.month - 1 + int(every)
        year, month = here.year + month // 12, month % 12 + 1
        day = min(here.day, calendar.monthrange(year, month)[1])
        return to_us(here.replace(year=year, month=month, day=day))
    wall = here.replace(tzinfo=None) + timedelta(days=every * (7 if unit == "w" else 1))
    return to_us(datetime(wall.year, wall.month, wall.day, wall.hour, wall.minute, wall.second, tzinfo=here.tzinfo))


MOST_STEPS = 200


@dataclass(frozen=True, slots=True)
class StepDraft:
    """A line of a check list as it is planned; see ``MaintenanceStep``."""

    text: str
    kind: str = "check"
    unit: str = ""
    low: float | None = None
    high: float | None = None
    required: bool = True
    photo: bool = False


def _limit(raw: Any, where: str) -> float | None:
    if raw is None or raw == "":
        return None
    if isinstance(raw, bool) or not isinstance(raw, int | float) or not -1e12 < raw < 1e12:
        raise ConfigError(f"{where}: a limit is a plain number, not {str(raw)[:40]!r}.")
    return float(raw)


def read_steps(raw: Sequence[Mapping[str, Any]]) -> tuple[StepDraft, ...]:
    """Return a check list from plain data.

    Parameters
    ----------
    raw
        ``[{"text": "...", "kind": "check" | "value" | "note", "unit", "low", "high", "required", "photo"}]``.

    Raises
    ------
    ConfigError
        Naming the step and what is wrong with it.
    """
    if len(raw) > MOST_STEPS:
        raise ConfigError(f"{len(raw)} steps are too many for one check list; {MOST_STEPS} fit. Make two plans.")
    steps = []
    for i, one in enumerate(raw, 1):
        text, kind = str(one.get("text", "")).strip(), str(one.get("kind", "check"))
        if not text or len(text) > 300:
            raise ConfigError(f"Step {i} needs a text of at most 300 characters: what is to be checked or done.")
        if kind not in STEP_KINDS:
            raise ConfigError(f"Step {i} has the kind {kind[:40]!r}; use one of {', '.join(STEP_KINDS)}.")
        low, high = _limit(one.get("low"), f"Step {i}"), _limit(one.get("high"), f"Step {i}")
        if low is not None and high is not None and low > high:
            raise ConfigError(f"Step {i}: the lower limit {low:g} is above the upper limit {high:g}; exchange them.")
        unit = str(one.get("unit") or "")[:32]
        required, photo = bool(one.get("required", True)), bool(one.get("photo", False))
        steps.append(StepDraft(text, kind, unit, low, high, required, photo))
    return tuple(steps)


def due_by_time(last: int, every: float, unit: str, lead: float, zone: str, now: int) -> Due:
    """Return how a plan by calendar time stands."""
    at = add_calendar(last, every, unit, zone)
    warned = add_calendar(at, -lead, unit, zone) if lead else at
    days = {"d": 1, "w": 7, "mo": 30.4375}[unit]
    return Due((now - last) / DAY / days, every, unit, at, now >= warned)


def due_by_use(
    used: float | None, every: float, unit: str, lead: float, rate: float | None, coverage: float, now: int
) -> Due:
    """Return how a plan by pieces or run hours stands.

    Parameters
    ----------
    used
        Since it was last done; None where nothing is known.
    rate
        Recent use per day of the calendar; None where nothing is known of it.
    """
    if used is None:
        return Due(None, every, unit, None, call=False, coverage=0.0, why="no_data")
    call = used >= every - lead
    if used >= every:
        return Due(used, every, unit, now, call, coverage)
    if rate is None:
        return Due(used, every, unit, None, call, coverage, "no_data")
    if rate <= 0 or (every - used) / rate > 20 * 366:
        return Due(used, every, unit, None, call, coverage, "no_use")
    return Due(used, every, unit, now + round((every - used) / rate * DAY), call, coverage)


def due_by_condition(holds: bool | None) -> Due:
    """Return how a plan by condition stands; ``holds`` is None where the series is not known for that time."""
    return Due(None, 0.0, "", None, call=bool(holds), coverage=0.0 if holds is None else 1.0, why="condition")
