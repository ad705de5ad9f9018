"""The twin as a process of its own: ``chanye twin --agent-port 5000``."""

from __future__ import annotations

import argparse
import json
import signal
import threading
from collections.abc import Sequence
from pathlib import Path

from chanye.twin.agent import Agent
from chanye.twin.floor import Floor, wall_clock
from chanye.twin.meter import Meters
from chanye.twin.parts import MINUTE
from chanye.twin.shop import Shop, local_day, midnight

#: How old a stream's beginning may be. [us]
HISTORY = 10 * MINUTE


def main(words: Sequence[str] | None = None) -> None:
    """Play the shop in real time until SIGTERM or Ctrl-C.

    Parameters
    ----------
    words
        The command line after the program's name; None: that of this process.
    """
    parser = argparse.ArgumentParser(prog="chanye.twin", description="A simulated CNC shop on loopback.")
    parser.add_argument("--seed", type=int, default=1, help="same seed, same shop")
    parser.add_argument(
        "--epoch", type=int, default=0, help="when the registers stood at zero; 0: last midnight [us UTC]"
    )
    parser.add_argument("--start", type=int, default=0, help="where the stream begins; 0: now [us UTC]")
    parser.add_argument("--agent-port", type=int, default=0, help="port of the MTConnect agent; 0: a free one")
    parser.add_argument("--broker-file", type=Path, help="JSON with host and mqtt_port; none: no power meters")
    options = parser.parse_args(words)
    epoch = options.epoch or midnight(local_day(wall_clock()))

    meters = None
    if options.broker_file is not None:
        address = json.loads(options.broker_file.read_text())
        meters = Meters(address["host"], address["mqtt_port"])
    floor = Floor(Shop(options.seed, epoch), Agent(port=options.agent_port), wall_clock, meters)
    stop = threading.Event()
    for sign in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sign, lambda *_: stop.set())
    if meters is not None:
        meters.start()
    # Started again after a long life, it begins with the present: no agent remembers that much.
    floor.start(options.start if wall_clock() - options.start < HISTORY else None)
    print(f"The MTConnect agent of a simulated shop answers at {floor.agent.url}", flush=True)  # noqa: T201  # its output
    floor.run(stop)
    floor.agent.hang_up()
    if meters is not None:
        meters.stop()


if __name__ == "__main__":
    main()
