"""One machine of the plant as the engine sees it, and the crews that serve machines."""

from __future__ import annotations

import random
from collections import deque
from dataclasses import dataclass, field

from chanye.twin.plant.layout import Station
from chanye.twin.plant.orders import Op


@dataclass(frozen=True, slots=True)
class Task:
    """Something a person has to do at a machine: ``what`` it is for the engine, what the machine is meanwhile."""

    what: str
    state: str
    reason: str
    crew: str
    duration: int


@dataclass(slots=True)
class Fault:
    """A failure: its cause, the time its repair takes [us], when maintenance knows of it [us UTC]."""

    reason: str
    repair: int
    known_at: int
    called: bool = False


@dataclass(slots=True)
class Crew:
    """People who do the same: ``busy`` slots, machines that wait for one of them, first come first served."""

    busy: list[bool]
    waiting: deque[int] = field(default_factory=deque)

    def take(self, machine: int) -> int | None:
        """Return a free slot, None if there is none; the machine is then in the queue."""
        if machine not in self.waiting:
            self.waiting.append(machine)
        free = [slot for slot, busy in enumerate(self.busy) if not busy]
        if machine not in list(self.waiting)[: len(free)]:
            return None
        self.waiting.remove(machine)
        self.busy[free[0]] = True
        return free[0]


@dataclass(slots=True)
class Cell:
    """A machine's condition.

    ``busy``: an end of what it does is in the heap, valid for ``token``. ``op``: what it is on; ``family`` and
    ``product``: what it is set up for. ``piece``: in work with ``left`` us to go, ``done``: worked but not passed on.
    ``used``: pieces its tool has made; ``snaps``: at how many an unchanged tool breaks; ``to_failure``: run time to
    the next failure [us]. ``askew``: its set-up makes bad pieces. ``served``: crew and slot that work on it.
    """

    index: int
    station: Station
    dice: random.Random
    to_failure: int = 0
    snaps: int = 0
    queue: list[Op] = field(default_factory=list)
    op: Op | None = None
    family: str = ""
    product: str = ""
    askew: bool = False
    check: bool = False
    piece: int = -1
    left: int = 0
    done: int = -1
    since: int = 0
    busy: bool = False
    running: bool = False
    trying: int = 0
    token: int = 0
    used: int = 0
    want: deque[Task] = field(default_factory=deque)
    task: Task | None = None
    served: tuple[str, int] | None = None
    fault: Fault | None = None
    labour: tuple[str, Op, int] | None = None

    @property
    def wear(self) -> float:
        """How much of the tool's life is gone."""
        return self.used / self.station.tool_life if self.station.tool_life else 0.0

    def renew(self) -> None:
        """Put in a new tool."""
        self.used = 0
        self.snaps = round(self.station.tool_life * self.dice.uniform(1.1, 1.5))

    def age(self) -> None:
        """Draw the run time to the next failure."""
        self.to_failure = max(1_000_000, round(self.dice.expovariate(1 / self.station.mtbf) / 1000) * 1000)
