"""One machine's day, drawn from (seed, machine, date): spans that tile the local day exactly.

A cycle is only begun if it can end before the working period does, so nothing is carried over midnight and every
day can be drawn on its own: months of history and the live stream are the same function.
"""

from __future__ import annotations

import random
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from chanye.twin.parts import DAY, MINUTE, Machine, Part, Step

Physical = Literal["off", "setup", "running", "hold", "loading", "waiting", "fault", "restart"]
TroubleKind = Literal["changeover", "breakdown", "counter_reset"]
SECOND = 1_000_000
#: Power of auxiliary drives while nothing cuts, as a share of idle power.
POWER = {"off": 0.0, "setup": 1.1, "hold": 1.25, "loading": 1.15, "waiting": 1.0, "fault": 0.8, "restart": 0.4}
#: Share of finished parts that are bad.
SCRAP = 0.015
#: Mean time between failures of a machine while it works. [us]
MTBF = 30 * 60 * MINUTE


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that happens to a machine on purpose at ``at`` (us UTC) for ``duration`` (us)."""

    machine: str
    kind: TroubleKind
    at: int
    duration: int


@dataclass(frozen=True, slots=True)
class Span:
    """An interval ``[start, end)`` (us UTC) in which nothing but noise changes.

    ``count`` is what the control's part counter shows during the span, ``scrap`` how many of them are bad; ``made``
    says that a part is finished at ``start``; ``power`` is the mean [kW], ``spindle`` [/min], ``feed`` [mm/s].
    """

    start: int
    end: int
    physical: Physical
    program: str
    tool: str
    spindle: float
    feed: float
    power: float
    count: int
    scrap: int
    made: bool


class _Day:
    """Draws spans one after the other; a failure or a scripted trouble cuts the current one short."""

    def __init__(self, machine: Machine, seed: int, day: date, midnight: int, troubles: Sequence[Trouble]) -> None:
        self.machine = machine
        self.random = random.Random(f"{seed}:{machine.code}:{day.isoformat()}")  # noqa: S311  # a model, not a secret
        self.now = midnight
        self.count = self.scrap = 0
        self.made = False
        self.part: Part = self.random.choice(machine.parts)
        self.tool = self.part.steps[0].tool
        self.left = self.random.randint(5, self.part.lot)
        self.spans: list[Span] = []
        self.troubles = sorted((t for t in troubles if t.machine == machine.code), key=lambda t: t.at)
        self.failure = midnight + int(self.random.expovariate(1 / MTBF))

    def pick(self, low: float, high: float) -> int:
        """Return a duration between ``low`` and ``high`` seconds, in whole milliseconds [us]."""
        return round(self.random.uniform(low, high) * 1000) * 1000

    def put(self, until: int, physical: Physical, step: Step | None = None) -> None:
        """Write one span up to ``until``."""
        if until <= self.now:
            return
        power = step.power if step else self.machine.idle_kw * POWER[physical]
        spindle, feed = (step.spindle, step.feed) if step else (0.0, 0.0)
        program = "" if physical == "off" else self.part.program
        shown = (self.count, self.scrap, self.made)
        self.spans.append(Span(self.now, until, physical, program, self.tool, spindle, feed, power, *shown))
        self.now, self.made = until, False

    def spend(self, duration: int, physical: Physical, end: int, step: Step | None = None) -> bool:
        """Spend time in a state, never beyond ``end``; False if a trouble cut it short (it is then played)."""
        until = min(self.now + duration, end)
        cut = min([self.failure, *(t.at for t in self.troubles[:1])])
        if cut >= until:
            self.put(until, physical, step)
            return True
        self.put(max(cut, self.now), physical, step)
        self._suffer(end)
        return False

    def _suffer(self, end: int) -> None:
        """Play the trouble that is due."""
        if self.troubles and self.troubles[0].at <= self.now:
            trouble = self.troubles.pop(0)
            kind, duration = trouble.kind, trouble.duration
        else:
            kind, duration = "breakdown", self.pick(420, 4200)
        self.failure = self.now + duration + int(self.random.expovariate(1 / MTBF))
        until = min(self.now + duration, end)
        if kind == "breakdown":
            self.put(until, "fault")
        elif kind == "changeover":
            self._change(until)
        else:  # the control is switched off and on: it comes back with its counter at zero
            self.put(until, "restart")
            self.count = self.scrap = 0

    def _change(self, until: int) -> None:
        others = [part for part in self.machine.parts if part is not self.part]
        self.part = self.random.choice(others or list(self.machine.parts))
        self.left = self.part.lot
        self.tool = self.part.steps[0].tool
        self.put(until, "setup")

    def cycle(self, end: int) -> None:
        """Make one part, if it fits before ``end``; otherwise wait."""
        scale = self.random.uniform(0.985, 1.03)
        hold = self.pick(20, 150) if self.random.random() < 0.04 else 0
        work = [(step, round(self.part.cycle * step.share * scale * 1000) * 1000) for step in self.part.steps]
        load = self.pick(self.part.load * 0.8, self.part.load * 1.4)
        if self.now + load + hold + sum(time for _, time in work) >= end:
            self.spend(end - self.now, "waiting", end)
            return
        if not self.spend(load, "loading", end):
            return
        for number, (step, time) in enumerate(work):
            self.tool = step.tool
            if number == 1 and hold and not self.spend(hold, "hold", end):
                return
            if not self.spend(time, "running", end, step):
                return  # the part is scrap: it is never counted
        self.count += 1
        self.scrap += self.random.random() < SCRAP
        self.made = True
        self.left -= 1

    def shift(self, end: int) -> None:
        """Work until ``end``."""
        while self.now < end:
            if self.left <= 0:
                scripted = self.now + self.pick(900, 2700)
                self._change(min(scripted, end))
            elif self.random.random() < 0.03:
                self.spend(self.pick(150, 900), "waiting", end)
            else:
                self.cycle(end)


def draw_day(machine: Machine, seed: int, day: date, midnight: int, troubles: Sequence[Trouble] = ()) -> list[Span]:
    """Return the spans of one machine's local day, tiling ``[midnight, midnight + 24 h)``.

    Parameters
    ----------
    midnight
        Start of the local day. [us UTC]
    troubles
        Scripted ones; they happen only while the machine works.
    """
    plan = _Day(machine, seed, day, midnight, [t for t in troubles if midnight <= t.at < midnight + DAY])
    shifts = () if machine.rests_on_sunday and day.isoweekday() == 7 else machine.shifts
    for number, (first, last) in enumerate(shifts):
        begin, end = midnight + first * MINUTE, midnight + last * MINUTE
        # Between two working periods of the day people rest and the machine waits; before the first it is off.
        plan.put(begin, "waiting" if number else "off")
        plan.failure = max(plan.failure, begin)
        while plan.troubles and plan.troubles[0].at < begin:
            plan.troubles.pop(0)
        if number == 0:
            plan.spend(plan.pick(120, 600), "setup", end)
        plan.shift(end)
    plan.put(midnight + DAY, "off")
    return plan.spans


def span_at(spans: Sequence[Span], time: int) -> Span:
    """Return the span that holds ``time``; spans tile the asked interval."""
    return spans[bisect_right(spans, time, key=lambda span: span.start) - 1]
