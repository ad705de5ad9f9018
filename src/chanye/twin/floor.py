"""Plays the shop in time: feeds the agent and the meters, and makes their links fail as scripted."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Literal, Protocol

from chanye.twin.agent import Agent
from chanye.twin.devices import items_of
from chanye.twin.meter import Meters, Reading
from chanye.twin.parts import Machine
from chanye.twin.plan import SECOND
from chanye.twin.shop import ANALOG, UNAVAILABLE, Event, Float, Int, Truth

OutageKind = Literal["adapter", "silence", "restart"]


class ShopClock:
    """The shop's time: starts at ``start`` (us UTC) and runs ``speed`` times as fast as ours."""

    def __init__(self, start: int, speed: float = 1.0) -> None:
        self.start, self.speed = start, speed
        self._begin = time.monotonic_ns()

    def __call__(self) -> int:
        """Return the shop's time [us UTC]."""
        return self.start + int((time.monotonic_ns() - self._begin) / 1000 * self.speed)


def wall_clock() -> int:
    """Return the time of this machine [us UTC]."""
    return time.time_ns() // 1000


@dataclass(frozen=True, slots=True)
class Outage:
    """A failure of the way out, ``[start, end)`` us UTC of the shop.

    ``adapter``: the agent loses one machine's adapter and says UNAVAILABLE. ``silence``: nobody can reach the agent,
    its buffer is kept. ``restart``: the agent is gone and comes back as a new instance with nothing remembered.
    """

    kind: OutageKind
    start: int
    end: int
    machine: str = ""


class Devices(Protocol):
    """What can be played: a shop, or a line of a plant. Times in us UTC; see ``Shop``."""

    @property
    def machines(self) -> Mapping[str, Machine]:
        """Machines by code."""

    def now(self, machine: str, time: int) -> dict[str, str]:
        """Return what every item of the control says at ``time``."""

    def events(self, machine: str, start: int, end: int) -> list[Event]:
        """Return what changes in ``[start, end)``, in time order."""

    def samples(self, machine: str, item: str, start: int, end: int, period: int = SECOND) -> tuple[Int, Float]:
        """Return times and values of a measured item on its sampling grid."""

    def truth(self, machine: str, start: int, end: int) -> Truth:
        """Return what really happens in ``[start, end)``."""


@dataclass(slots=True)
class Floor:
    """The shop, its agent, its meters and its clock.

    ``blind`` collects what could not be observed from outside, per machine, as ``(start, end)`` us UTC.
    """

    shop: Devices
    agent: Agent
    clock: Callable[[], int]
    meters: Meters | None = None
    outages: Sequence[Outage] = ()
    period: int = SECOND
    position: int = 0
    blind: dict[str, list[tuple[int, int]]] = field(default_factory=dict)
    _down: dict[int, int] = field(default_factory=dict)

    def start(self, at: int | None = None) -> None:
        """Open the agent with what the machines said ``at`` (us UTC; default: now) and all that followed."""
        now = self.clock()
        self.position = now if at is None else min(at, now)
        self.blind = {machine: [] for machine in self.shop.machines}
        # The agent never claims to speak of a moment that has not been played to it yet.
        self.agent.clock = lambda: self.position
        self.agent.forget()
        self._tell_all(self.position)
        self.step(now)
        self.agent.serve()

    def step(self, until: int | None = None) -> None:
        """Play everything from the last step up to ``until`` (default: now)."""
        until = self.clock() if until is None else until
        edges = sorted({edge for outage in self.outages for edge in (outage.start, outage.end)})
        for edge in [edge for edge in edges if self.position < edge <= until]:
            self._play(edge)
            self._switch(edge)
        self._play(until)

    def _play(self, until: int) -> None:
        if until <= self.position:
            return
        news: list[tuple[str, int, str]] = []
        for code in self.shop.machines:
            if not self._lost(code):
                news += self._news(code, self.position, until)
        news.sort(key=lambda row: row[1])
        self.agent.buffer.add(news)
        if self.meters is not None:
            self.meters.publish(readings(self.shop, self.position, until, self.period))
        self.position = until

    def _news(self, code: str, start: int, end: int) -> list[tuple[str, int, str]]:
        items = items_of(self.shop.machines[code])
        news = [(items[e.item].id, e.time, e.value) for e in self.shop.events(code, start, end)]
        for item in (one for one in ANALOG if one in items):
            times, values = self.shop.samples(code, item, start, end, self.period)
            news += [(items[item].id, int(t), f"{v:g}") for t, v in zip(times.tolist(), values.tolist(), strict=True)]
        return news

    def _active(self) -> list[Outage]:
        return [outage for outage in self.outages if outage.start <= self.position < outage.end]

    def _lost(self, machine: str) -> bool:
        return any(o.kind == "restart" or (o.kind == "adapter" and o.machine == machine) for o in self._active())

    def _tell_all(self, at: int) -> None:
        for code in self.shop.machines:
            self._tell(code, at)

    def _tell(self, code: str, at: int) -> None:
        """Let the adapter say everything again."""
        values = self.shop.now(code, at)
        items = items_of(self.shop.machines[code])
        self.agent.buffer.add([(item.id, at, values[key]) for key, item in items.items()])

    def _switch(self, at: int) -> None:
        """Begin and end the outages that are due at ``at``."""
        for number, outage in enumerate(self.outages):
            if outage.start == at:
                self._begin(number, outage, at)
            if outage.end == at:
                self._end(number, outage, at)

    def _begin(self, number: int, outage: Outage, at: int) -> None:
        self._down[number] = at
        if outage.kind == "adapter":
            items = items_of(self.shop.machines[outage.machine])
            self.agent.buffer.add([(item.id, at, UNAVAILABLE) for item in items.values()])
            return
        self.agent.hang_up()
        if outage.kind == "restart":
            self._down[number] = min(at, self.agent.last_told)  # what happened later was never told to anybody

    def _end(self, number: int, outage: Outage, at: int) -> None:
        since = self._down.pop(number)
        if outage.kind == "adapter":
            self._tell(outage.machine, at)
            self.blind[outage.machine].append((since, at))
            return
        if outage.kind == "restart":
            self.agent.forget()
            self._tell_all(at)
            for hidden in self.blind.values():
                hidden.append((since, at))
        self.agent.serve()

    def truth(self, machine: str, start: int, end: int) -> Truth:
        """Return what happened, with what nobody could observe as ``unknown``."""
        return hide(self.shop.truth(machine, start, end), self.blind.get(machine, []))

    def run(self, stop: threading.Event, tick: float = 0.25) -> None:
        """Play in real time until told to stop; ``tick`` in seconds of ours."""
        while not stop.wait(tick):
            self.step()


def readings(shop: Devices, start: int, end: int, period: int) -> list[Reading]:
    """Return all meters' readings in ``[start, end)``, in time order."""
    found: list[Reading] = []
    for code in shop.machines:
        times, power = shop.samples(code, "power_kw", start, end, period)
        _, energy = shop.samples(code, "energy_kwh", start, end, period)
        columns = zip(times.tolist(), power.tolist(), energy.tolist(), strict=True)
        found += [Reading(code, t, p, e) for t, p, e in columns]
    return sorted(found, key=lambda reading: reading.time)


def hide(truth: Truth, blind: Sequence[tuple[int, int]]) -> Truth:
    """Return a truth whose states are ``unknown`` in the blind intervals; parts and energy stay what they are."""
    known = [edge for begin, end, _ in truth.states for edge in (begin, end)]
    hidden = [edge for pair in blind for edge in pair if truth.start <= edge <= truth.end]
    edges = sorted({*known, *hidden})
    states: list[tuple[int, int, str]] = []
    whole = iter(truth.states)
    current = next(whole, None)
    for begin, end in pairwise(edges):
        while current is not None and current[1] <= begin:
            current = next(whole, None)
        name = "unknown" if current is None or any(a <= begin < b for a, b in blind) else current[2]
        if states and states[-1][2] == name:
            states[-1] = (states[-1][0], end, name)
        else:
            states.append((begin, end, name))
    return Truth(truth.machine, truth.start, truth.end, tuple(states), truth.parts, truth.scrap, truth.energy)
