"""The twin as a process of its own: ``python -m chanye.twin --agent-port 5000 --broker-port 1883``."""

from __future__ import annotations

import argparse
import signal
import threading

from chanye.twin.agent import Agent
from chanye.twin.floor import Floor, wall_clock
from chanye.twin.meter import Meters
from chanye.twin.shop import Shop


def main() -> None:
    """Play the shop in real time until SIGTERM or Ctrl-C."""
    parser = argparse.ArgumentParser(prog="chanye.twin", description="A simulated CNC shop on loopback.")
    parser.add_argument("--seed", type=int, default=1, help="same seed, same shop")
    parser.add_argument("--epoch", type=int, required=True, help="when the registers stood at zero [us UTC]")
    parser.add_argument("--start", type=int, default=0, help="where the stream begins; 0: now [us UTC]")
    parser.add_argument("--agent-port", type=int, default=0, help="port of the MTConnect agent; 0: a free one")
    parser.add_argument("--broker-host", default="127.0.0.1")
    parser.add_argument("--broker-port", type=int, default=0, help="MQTT port; 0: no power meters")
    options = parser.parse_args()

    meters = Meters(options.broker_host, options.broker_port) if options.broker_port else None
    floor = Floor(Shop(options.seed, options.epoch), Agent(port=options.agent_port), wall_clock, meters)
    stop = threading.Event()
    for sign in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sign, lambda *_: stop.set())
    if meters is not None:
        meters.start()
    floor.start(options.start or None)
    floor.run(stop)
    floor.agent.hang_up()
    if meters is not None:
        meters.stop()


if __name__ == "__main__":
    main()
