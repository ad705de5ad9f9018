"""What happens on purpose in a scored window of the plant: to machines, to terminals, to a network."""

from __future__ import annotations

from chanye.twin.floor import Outage
from chanye.twin.parts import DAY, HOUR, MINUTE
from chanye.twin.plant.clerks import Offline
from chanye.twin.plant.flow import SECOND, Trouble
from chanye.twin.plant.people import BEIJING, at_work
from chanye.twin.shop import local_day, midnight

#: Share of the window at which it happens, machine, reason, share of the window the repair takes.
_FAILURES = (
    (0.15, "TUR-A1", "DRIVE", 0.05),
    (0.30, "WLD-B1", "TORCH", 0.04),
    (0.45, "LKT-A1", "SENSOR", 0.06),
    (0.60, "STP-B1", "CLAMP", 0.03),
    (0.75, "EOL-B1", "CONTROL", 0.04),
)


def start_of_score(now: int) -> int:
    """Return when the newest day began whose shifts are all over, six in the morning [us UTC]: nothing lies ahead."""
    day = midnight(local_day(now - BEIJING)) - DAY
    while at_work(day + 7 * HOUR) != "work":
        day -= DAY
    return day + 6 * HOUR


def troubles(start: int, window: int) -> list[Trouble]:
    """Return what happens to machines in ``[start, start + window)``."""
    found = [
        Trouble("failure", machine, start + round(window * share), max(2 * MINUTE, _whole(window * lasts)), reason)
        for share, machine, reason, lasts in _FAILURES
    ]
    return [*found, Trouble("tryout", "BOR-A1", start + round(window * 0.25), max(6 * MINUTE, _whole(window * 0.02)))]


def offline(start: int, window: int) -> list[Offline]:
    """Return when terminals have no network; the second one sends its queue twice."""
    return [
        Offline("T-A2", start + round(window * 0.35), start + round(window * 0.55)),
        Offline("T-B2", start + round(window * 0.50), start + round(window * 0.65), twice=True),
    ]


def outages(start: int, window: int) -> list[Outage]:
    """Return when nobody can reach an agent; its buffer is read later."""
    return [Outage("silence", start + round(window * 0.40), start + round(window * 0.45))]


def _whole(time: float) -> int:
    return round(time / SECOND) * SECOND
