"""What the controls and meters of a line say: the plant's truth in the words of their protocols, no more than that.

A control knows that it runs, is set up, is held or has failed. Whether it is ready because pieces are missing, the
next machine is full or nobody is there, it does not know.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import Final

import numpy as np

from chanye.twin.parts import HOUR, Machine
from chanye.twin.plant.engine import Plant
from chanye.twin.plant.flow import SECOND
from chanye.twin.plant.layout import STATIONS
from chanye.twin.plant.record import Doing
from chanye.twin.shop import UNAVAILABLE, Event, Float, Int, Truth

#: Items that the controls of the plant offer; what is scrap they do not know.
SAYS: Final = ("avail", "estop", "system", "execution", "mode", "fmode", "program", "part_count")
#: state -> execution, controller mode, functional mode, emergency stop, condition; any other is ready.
_WORDS: Final = {
    "running": ("ACTIVE", "AUTOMATIC", "PRODUCTION", "ARMED", "NORMAL"),
    "minor": ("FEED_HOLD", "AUTOMATIC", "PRODUCTION", "ARMED", "NORMAL"),
    "setup": ("OPTIONAL_STOP", "MANUAL", "SETUP", "ARMED", "NORMAL"),
    "first": ("OPTIONAL_STOP", "MANUAL", "SETUP", "ARMED", "NORMAL"),
    "tool": ("FEED_HOLD", "MANUAL", "MAINTENANCE", "ARMED", "NORMAL"),
    "fault": ("STOPPED", "AUTOMATIC", "MAINTENANCE", "TRIGGERED", "FAULT"),
}
_READY: Final = ("READY", "AUTOMATIC", "PRODUCTION", "ARMED", "NORMAL")
#: What an observer can tell of each state; an absent control cannot be observed.
_CLASS: Final = {
    "running": "running",
    "minor": "stopped",
    "tool": "stopped",
    "setup": "setup",
    "first": "setup",
    "fault": "fault",
    "off": "unknown",
}
#: What a line's own words mean, where that is not the standard's meaning.
STATES: Final = {"OPTIONAL_STOP": "setup", "STOPPED": "fault"}


class Voice:
    """A line of the plant as its controls and meters tell it; asking plays the plant as far as it is asked.

    Parameters
    ----------
    plant
        Shared by the lines.
    line
        Code of the line.
    """

    def __init__(self, plant: Plant, line: str) -> None:
        self.plant, self.line = plant, line
        self.machines: dict[str, Machine] = {
            station.code: Machine(
                station.code, station.name, station.stage, f"SIM-{station.code}", station.idle_kw, (), (), says=SAYS
            )
            for station in STATIONS
            if station.line == line
        }
        self._cycles: dict[int, list[int]] = {plant.index[code]: [] for code in self.machines}
        self._read = 0
        self._registers: dict[int, tuple[list[int], list[float]]] = {
            machine: ([plant.record.start], [0.0]) for machine in self._cycles
        }

    def _play(self, until: int) -> None:
        """Play the plant and note when pieces were worked."""
        if until > self.plant.record.now:
            self.plant.run(until)
        pieces = self.plant.record.pieces
        for index in range(self._read, len(pieces)):
            one = pieces[index]
            if one.what == "cycle" and one.machine in self._cycles:
                self._cycles[one.machine].append(one.time)
        self._read = len(pieces)

    def _program(self, doing: Doing) -> str:
        if doing.order < 0:
            return ""
        return self.plant.orders[doing.order].wish.product.program(doing.step)

    def _values(self, index: int, doing: Doing, time: int) -> dict[str, str]:
        if doing.state == "off":
            return dict.fromkeys(SAYS, UNAVAILABLE)
        execution, mode, functional, estop, condition = _WORDS.get(doing.state, _READY)
        count = str(bisect_right(self._cycles[index], time))
        texts = ("AVAILABLE", estop, condition, execution, mode, functional, self._program(doing), count)
        return dict(zip(SAYS, texts, strict=True))

    def now(self, machine: str, time: int) -> dict[str, str]:
        """Return what every item of the control says at ``time`` (us UTC)."""
        self._play(time + 1)
        index = self.plant.index[machine]
        (span,) = self.plant.record.between(index, time, time + 1)
        return self._values(index, span.doing, time)

    def events(self, machine: str, start: int, end: int) -> list[Event]:
        """Return what changes in ``[start, end)`` (us UTC), in time order; nothing that was so before ``start``."""
        self._play(end)
        index = self.plant.index[machine]
        found: list[Event] = []
        before = self.now(machine, start - 1) if start > self.plant.record.start else {}
        cycles = self._cycles[index]
        for span in self.plant.record.between(index, start, end):
            own = cycles[bisect_left(cycles, max(span.start, start)) : bisect_left(cycles, span.end)]
            for time in [span.start, *(one for one in own if one > span.start)]:
                values = self._values(index, span.doing, time)
                found += [
                    Event(time, machine, item, text) for item, text in values.items() if before.get(item) != text
                ]
                before = values
        return found

    def samples(self, machine: str, item: str, start: int, end: int, period: int = SECOND) -> tuple[Int, Float]:
        """Return times and values of a meter on its sampling grid in ``[start, end)``: kW, or kWh since the start."""
        self._play(end)
        index = self.plant.index[machine]
        grid = np.arange(-(-start // period), -(-end // period), dtype=np.int64) * period
        spans = list(self.plant.record.between(index, start, end))
        if not len(grid):
            return grid, np.empty(0)
        at = np.searchsorted([span.start for span in spans], grid, side="right") - 1
        power = np.array([span.doing.power for span in spans])
        if item == "power_kw":
            return grid, power[at]
        begin = np.array([span.start for span in spans])
        lasts = np.array([span.end - span.start for span in spans])
        total = np.concatenate([[0.0], np.cumsum(power * lasts / HOUR)])
        return grid, np.round(self._register(index, start) + total[at] + power[at] * (grid - begin[at]) / HOUR, 6)

    def _register(self, index: int, time: int) -> float:
        """Return the energy since the plant's start [kWh]; what was reckoned once is kept."""
        times, totals = self._registers[index]
        at = bisect_right(times, time) - 1
        total = totals[at] + self.plant.record.energy(index, times[at], time)
        if time > times[-1]:
            times.append(time)
            totals.append(total)
        return total

    def truth(self, machine: str, start: int, end: int) -> Truth:
        """Return what an observer of the controls and meters could at best know of ``[start, end)``."""
        self._play(end)
        index = self.plant.index[machine]
        states: list[tuple[int, int, str]] = []
        for span in self.plant.record.between(index, start, end):
            name = _CLASS.get(span.doing.state, "waiting")
            if states and states[-1][2] == name:
                states[-1] = (states[-1][0], span.end, name)
            else:
                states.append((span.start, span.end, name))
        cycles = self._cycles[index]
        parts = bisect_left(cycles, end) - bisect_left(cycles, start)
        return Truth(machine, start, end, tuple(states), parts, 0, self.plant.record.energy(index, start, end))
