"""The plant as a process of its own, in real time, beside a running product."""

from __future__ import annotations

import argparse
import json
import signal
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from chanye.twin.floor import wall_clock
from chanye.twin.plant.clerks import Clerks
from chanye.twin.plant.door import Door, DoorError, Office
from chanye.twin.plant.engine import Plant
from chanye.twin.plant.life import Life, connect_meters, make_agents, make_floors, read_json
from chanye.twin.plant.people import sheets_between
from chanye.twin.plant.practice import PRACTICES

#: Seconds between two steps, and how long the product may take to answer at first.
TICK, PATIENCE = 0.5, 120.0


def main(words: Sequence[str] | None = None) -> None:
    """Play the plant in real time until SIGTERM or Ctrl-C.

    Parameters
    ----------
    words
        The command line after the program's name; None: that of this process.
    """
    parser = argparse.ArgumentParser(prog="chanye.twin.plant", description="A simulated parts plant on loopback.")
    parser.add_argument("--seed", type=int, default=1, help="same seed, same plant")
    parser.add_argument("--mode", choices=sorted(PRACTICES), default="after", help="on paper or with terminals")
    parser.add_argument("--epoch", type=int, required=True, help="when the plant began [us UTC]")
    parser.add_argument("--start", type=int, required=True, help="up to when all was told [us UTC]")
    parser.add_argument("--ports", type=int, nargs=2, required=True, help="ports of the two lines' agents")
    parser.add_argument("--site", type=int, required=True, help="number of the site in the product")
    parser.add_argument("--broker-file", type=Path, required=True, help="JSON with host and mqtt_port")
    parser.add_argument("--web-file", type=Path, required=True, help="JSON with the url of the product")
    parser.add_argument("--token-file", type=Path, required=True, help="holds the terminals' key")
    options = parser.parse_args(words)
    stop = threading.Event()
    for sign in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sign, lambda *_: stop.set())
    plant = Plant(PRACTICES[options.mode], options.seed, options.epoch)
    agents = make_agents(plant, options.ports)
    floors = make_floors(plant, agents, wall_clock)
    broker = json.loads(options.broker_file.read_text())
    connect_meters(floors, broker["host"], broker["mqtt_port"])
    for floor in floors.values():
        floor.start(options.start)
    door = Door("", options.token_file.read_text().strip())
    office = Office(door, options.site)
    sheets = sheets_between(options.epoch, wall_clock() + 366 * 86_400_000_000)
    life = Life(plant, floors, office, Clerks(plant, sheets=sheets))
    try:
        if _find(door, options.web_file, stop):
            life.catch_up(options.start)
            _live(life, stop)
    finally:
        life.close()


def _find(door: Door, path: Path, stop: threading.Event) -> bool:
    """Wait for the product; return whether it answers."""
    deadline = time.monotonic() + PATIENCE
    while not stop.wait(TICK) and time.monotonic() < deadline:
        door.url = str(read_json(path).get("url", "")).rstrip("/")
        if door.url:
            try:
                door.ask("GET", "/factory/orders?limit=1")
            except DoorError:
                continue
            return True
    return False


def _live(life: Life, stop: threading.Event) -> None:
    """Step until told to stop; what cannot be sent now is sent later."""
    while not stop.wait(TICK):
        now = wall_clock()
        for floor in life.floors.values():
            floor.step(now)
        try:
            life.report(now)
        except DoorError as error:
            print(f"the product does not take reports: {error}", flush=True)  # noqa: T201  # its log
            stop.wait(5)


if __name__ == "__main__":
    main()
