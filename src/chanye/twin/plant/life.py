"""The plant in time: its lines speak through agents and meters, its office and its people through HTTP."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from chanye.twin.agent import Agent
from chanye.twin.floor import Floor, Outage
from chanye.twin.meter import Meters
from chanye.twin.plan import SECOND
from chanye.twin.plant.clerks import Clerks
from chanye.twin.plant.door import Office
from chanye.twin.plant.engine import Plant
from chanye.twin.plant.layout import LINES
from chanye.twin.plant.voice import Voice


@dataclass(slots=True)
class Life:
    """A plant with everything it speaks through."""

    plant: Plant
    floors: Mapping[str, Floor]
    office: Office
    clerks: Clerks

    def step(self, at: int, *, last: bool = False) -> None:
        """Play everything up to ``at`` (us UTC): devices, then orders, then what people report."""
        for floor in self.floors.values():
            floor.step(at)
        self.report(at, last=last)

    def report(self, at: int, *, last: bool = False) -> None:
        """Bring in the orders that are new and send what people have to say; the plant was played up to ``at``."""
        for order in self.plant.orders[len(self.office.orders) :]:
            self.office.order(order)
        self.office.take(self.clerks.collect(at, last=last))
        self.office.send(at)

    def __post_init__(self) -> None:
        self.office.book = self.plant.orders

    def catch_up(self, at: int) -> None:
        """Begin at ``at``: what was reported before is left out, what is on its way still comes."""
        self.plant.run(at)
        self.office.orders = {order.serial: 0 for order in self.plant.orders}  # known, to be asked for when needed
        self.office.take(self.clerks.collect(at))
        self.office.forget(at)

    def close(self) -> None:
        """Leave the network."""
        for floor in self.floors.values():
            floor.agent.hang_up()
            if floor.meters is not None:
                floor.meters.stop()


def make_agents(plant: Plant, ports: Sequence[int]) -> dict[str, Agent]:
    """Return an agent for each line, on its port."""
    voices = {line.code: Voice(plant, line.code) for line in LINES}
    return {
        code: Agent(machines=list(voice.machines.values()), port=port)
        for (code, voice), port in zip(voices.items(), ports, strict=True)
    }


def make_floors(
    plant: Plant,
    agents: Mapping[str, Agent],
    clock: Callable[[], int],
    *,
    outages: Sequence[Outage] = (),
    period: int = SECOND,
) -> dict[str, Floor]:
    """Return what plays each line."""
    return {
        code: Floor(Voice(plant, code), agent, clock, outages=outages, period=period)
        for code, agent in agents.items()
    }


def connect_meters(floors: Mapping[str, Floor], host: str, port: int) -> None:
    """Let the meters of each line publish below its own root."""
    for code, floor in floors.items():
        root = f"line-{code.lower()}"
        floor.meters = Meters(host, port, f"{root}-meters", root=root)
        floor.meters.start()


def read_json(path: Path) -> dict[str, object]:
    """Return what a file says, nothing while it is not there."""
    try:
        found = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
