"""The CNC shop as a pure function of (seed, time): what its devices would say, and the truth.

Months of history and the live stream are asked from the same object, so they seam together at any instant.
Times are us UTC; the shop keeps Beijing time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np
import numpy.typing as npt

from chanye.twin.parts import DAY, HOUR, MACHINES, Machine
from chanye.twin.plan import SECOND, Span, Trouble, draw_day

BEIJING: Final = 8 * HOUR
UNAVAILABLE: Final = "UNAVAILABLE"
Int = npt.NDArray[np.int64]
Float = npt.NDArray[np.float64]

#: What the control says in each physical state: execution, controller mode, functional mode, emergency stop,
#: condition. This shop stops optionally for set-ups only, and is STOPPED only by a fault. An absent state (off,
#: restart) says nothing at all.
SAYS: Final = {
    "running": ("ACTIVE", "AUTOMATIC", "PRODUCTION", "ARMED", "NORMAL"),
    "hold": ("FEED_HOLD", "AUTOMATIC", "PRODUCTION", "ARMED", "NORMAL"),
    "loading": ("READY", "AUTOMATIC", "PRODUCTION", "ARMED", "NORMAL"),
    "waiting": ("READY", "AUTOMATIC", "PRODUCTION", "ARMED", "NORMAL"),
    "setup": ("OPTIONAL_STOP", "MANUAL", "SETUP", "ARMED", "NORMAL"),
    "fault": ("STOPPED", "AUTOMATIC", "MAINTENANCE", "TRIGGERED", "FAULT"),
}
#: The class of each physical state; an absent control cannot be observed.
CLASS: Final = {
    "running": "running",
    "hold": "stopped",
    "loading": "waiting",
    "waiting": "waiting",
    "setup": "setup",
    "fault": "fault",
    "off": "unknown",
    "restart": "unknown",
}
DISCRETE: Final = (
    "avail",
    "estop",
    "execution",
    "mode",
    "fmode",
    "program",
    "tool",
    "part_count",
    "part_bad",
    "system",
)
ANALOG: Final = ("Srpm", "Fact", "Sload")
METER: Final = ("power_kw", "energy_kwh")
#: Relative noise and digits of what is measured.
SPREAD: Final = {"Srpm": (0.004, 0), "Fact": (0.06, 1), "Sload": (0.12, 0), "power_kw": (0.05, 3)}


@dataclass(frozen=True, slots=True, order=True)
class Event:
    """What one data item says from ``time`` on; ``value`` is the text of the protocol."""

    time: int
    machine: str
    item: str
    value: str


@dataclass(frozen=True, slots=True)
class Truth:
    """What really happened to one machine in ``[start, end)``.

    ``states`` tile the window as ``(start, end, class)``; ``parts`` finished, ``scrap`` of them bad;
    ``energy`` [kWh].
    """

    machine: str
    start: int
    end: int
    states: tuple[tuple[int, int, str], ...]
    parts: int
    scrap: int
    energy: float


def local_day(time: int) -> date:
    """Return the shop's local date at ``time`` (us UTC)."""
    return date.fromordinal(date(1970, 1, 1).toordinal() + (time + BEIJING) // DAY)


def midnight(day: date) -> int:
    """Return the start of a local day [us UTC]."""
    return (day.toordinal() - date(1970, 1, 1).toordinal()) * DAY - BEIJING


def _days(start: int, end: int) -> Iterator[date]:
    """Yield the local days that overlap ``[start, end)``."""
    for number in range((start + BEIJING) // DAY, -(-(end + BEIJING) // DAY)):
        yield date.fromordinal(date(1970, 1, 1).toordinal() + number)


def _says(span: Span) -> dict[str, str]:
    """Return what each discrete item of the control says during a span."""
    if span.physical not in SAYS:
        return dict.fromkeys(DISCRETE, UNAVAILABLE)
    execution, mode, functional, estop, condition = SAYS[span.physical]
    texts = (
        "AVAILABLE",
        estop,
        execution,
        mode,
        functional,
        span.program,
        span.tool,
        str(span.count),
        str(span.scrap),
        condition,
    )
    return dict(zip(DISCRETE, texts, strict=True))


def _noise(key: int, index: Int) -> Float:
    """Return reproducible noise in [-1, 1) for grid points: the SplitMix64 finaliser (Steele et al. 2014)."""
    with np.errstate(over="ignore"):
        z = index.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(key * 0x632BE59BD9B4E019 % 2**64)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z ^= z >> np.uint64(31)
    return np.asarray((z >> np.uint64(11)).astype(np.float64) / 2**52 - 1.0)


class _Table:
    """One machine's local day as spans and as columns."""

    def __init__(self, spans: list[Span]) -> None:
        self.spans = spans
        self.start = np.array([span.start for span in spans], np.int64)
        self.on = np.array([span.physical in SAYS for span in spans])
        power = np.array([span.power for span in spans])
        spindle = np.array([span.spindle for span in spans])
        self.mean = {
            "Srpm": spindle,
            "Fact": np.array([span.feed for span in spans]),
            "Sload": np.where(spindle > 0, np.minimum(100.0, power * 8), 0.0),
            "power_kw": power,
        }
        lasts = np.array([span.end - span.start for span in spans], np.int64)
        self.register = np.concatenate([[0.0], np.cumsum(power * lasts / HOUR)])

    def at(self, times: Int) -> npt.NDArray[np.intp]:
        """Return the index of the span that holds each time."""
        return np.searchsorted(self.start, times, side="right") - 1

    def energy(self, times: Int) -> Float:
        """Return the energy since midnight at each time [kWh]."""
        index = self.at(times)
        return np.asarray(self.register[index] + self.mean["power_kw"][index] * (times - self.start[index]) / HOUR)


class Shop:
    """Six machines.

    Parameters
    ----------
    seed
        Same seed, same shop.
    epoch
        When the energy registers stood at zero; nothing is asked before it. [us UTC]
    troubles
        Scripted ones, besides those that the seed brings.
    """

    def __init__(
        self,
        seed: int = 1,
        epoch: int = 0,
        troubles: Sequence[Trouble] = (),
        machines: Sequence[Machine] = MACHINES,
    ) -> None:
        self.seed = seed
        self.epoch = midnight(local_day(epoch))
        self.troubles = tuple(troubles)
        self.machines = {machine.code: machine for machine in machines}
        self._days: dict[tuple[str, date], _Table] = {}
        self._totals: dict[str, list[float]] = {code: [0.0] for code in self.machines}

    def _day(self, machine: str, day: date) -> _Table:
        key = (machine, day)
        if key not in self._days:
            if len(self._days) > 8 * len(self.machines):
                self._days.clear()
            spans = draw_day(self.machines[machine], self.seed, day, midnight(day), self.troubles)
            self._days[key] = _Table(spans)
        return self._days[key]

    def spans(self, machine: str, start: int, end: int) -> Iterator[Span]:
        """Yield the spans that overlap ``[start, end)``, uncut."""
        for day in _days(start, end):
            for span in self._day(machine, day).spans:
                if span.end > start and span.start < end:
                    yield span

    def now(self, machine: str, time: int) -> dict[str, str]:
        """Return what every item of the control says at ``time``, measured ones included."""
        table = self._day(machine, local_day(time))
        span = table.spans[int(table.at(np.array([time]))[0])]
        values = _says(span)
        for item in ANALOG:
            _, value = self.samples(machine, item, time // SECOND * SECOND, time // SECOND * SECOND + 1)
            values[item] = f"{value[0]:g}" if len(value) and span.physical in SAYS else UNAVAILABLE
        return values

    def events(self, machine: str, start: int, end: int) -> list[Event]:
        """Return what changes in ``[start, end)``, in time order; nothing that was already so before ``start``.

        Where the control is switched off its measured items say UNAVAILABLE too; they come back with their next
        sample.
        """
        found: list[Event] = []
        before: dict[str, str] = {}
        for span in self.spans(machine, start - 1, end):
            values = _says(span)
            if span.physical not in SAYS:
                values |= dict.fromkeys(ANALOG, UNAVAILABLE)
            if before and span.start >= start:
                changed = [(item, value) for item, value in values.items() if before.get(item) != value]
                found += [Event(span.start, machine, item, value) for item, value in changed]
            before = values
        return found

    def samples(
        self, machine: str, item: str, start: int, end: int, period: int = SECOND
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
        """Return times and values of a measured item on its sampling grid in ``[start, end)``.

        Controls sample only while they are on; the power meter always does.

        Parameters
        ----------
        item
            One of ``ANALOG`` (1/min, mm/s, %) or ``METER`` (kW, kWh).
        period
            Sampling grid. [us]
        """
        times: list[Int] = []
        values: list[Float] = []
        for day in _days(start, end):
            table = self._day(machine, day)
            first, last = max(start, midnight(day)), min(end, midnight(day) + DAY)
            grid = np.arange(-(-first // period), -(-last // period), dtype=np.int64) * period
            if item in ANALOG:
                grid = grid[table.on[table.at(grid)]]
            times.append(grid)
            values.append(self._values(machine, item, table, grid))
        return np.concatenate(times or [np.empty(0, np.int64)]), np.concatenate(values or [np.empty(0)])

    def _values(self, machine: str, item: str, table: _Table, grid: Int) -> Float:
        if item == "energy_kwh":
            if not len(grid):
                return np.empty(0)
            base = self.energy(machine, midnight(local_day(int(grid[0]))))
            return np.asarray(np.round(base + table.energy(grid), 4))
        spread, digits = SPREAD[item]
        key = sum(ord(c) << (7 * (i % 8)) for i, c in enumerate(machine + item)) + self.seed
        return np.asarray(np.round(table.mean[item][table.at(grid)] * (1 + spread * _noise(key, grid)), digits))

    def energy(self, machine: str, time: int) -> float:
        """Return the energy register at ``time``: the exact integral of mean power since the epoch [kWh]."""
        totals = self._totals[machine]
        today = (time - self.epoch) // DAY
        if today < 0:
            raise ValueError("the shop's registers do not reach back before its epoch")
        while len(totals) <= today:
            day = local_day(self.epoch + (len(totals) - 1) * DAY)
            totals.append(totals[-1] + float(self._day(machine, day).register[-1]))
        return totals[today] + float(self._day(machine, local_day(time)).energy(np.array([time]))[0])

    def truth(self, machine: str, start: int, end: int) -> Truth:
        """Return what really happens in ``[start, end)``; neighbouring intervals of one class are joined."""
        states: list[tuple[int, int, str]] = []
        parts = scrap = 0
        before = 0
        for span in self.spans(machine, start - 1, end):
            if span.end <= start:
                before = span.scrap
                continue
            begin, stop, name = max(span.start, start), min(span.end, end), CLASS[span.physical]
            if span.made and span.start >= start:
                parts += 1
                scrap += span.scrap > before
            before = span.scrap
            if states and states[-1][2] == name:
                states[-1] = (states[-1][0], stop, name)
            else:
                states.append((begin, stop, name))
        energy = self.energy(machine, end) - self.energy(machine, start)
        return Truth(machine, start, end, tuple(states), parts, scrap, energy)
