"""A power meter per machine that publishes over MQTT 3.1.1, QoS 1, and keeps what the broker has not taken yet."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from chanye.twin.agent import stamp


@dataclass(frozen=True, slots=True)
class Reading:
    """One reading: ``time`` us UTC, ``power`` kW, ``energy`` kWh (a register that only grows)."""

    machine: str
    time: int
    power: float
    energy: float


def topic(machine: str, root: str = "twin") -> str:
    """Return where a machine's meter publishes."""
    return f"{root}/{machine.lower()}/power"


def payload(reading: Reading) -> bytes:
    """Return a reading as the meter writes it."""
    return json.dumps({"ts": stamp(reading.time), "power_kw": reading.power, "energy_kwh": reading.energy}).encode()


class Meters:
    """All meters of the shop behind one gateway client.

    Parameters
    ----------
    host, port
        The broker; it may come up later, readings wait in memory until then.
    name
        MQTT client id; one session for one id.
    keep
        Readings kept while the broker is away; the oldest are lost first, as in a real gateway.
    root
        First word of its topics.
    """

    def __init__(
        self, host: str, port: int, name: str = "twin-meters", *, keep: int = 200_000, root: str = "twin"
    ) -> None:
        self.root = root
        self.client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=name, clean_session=False)
        self.client.max_inflight_messages_set(200)
        self.client.max_queued_messages_set(keep)
        self.client.reconnect_delay_set(min_delay=1, max_delay=2)
        self.host, self.port = host, port
        self.published = 0
        self._sent: list[mqtt.MQTTMessageInfo] = []

    def start(self) -> None:
        """Connect in the background, again and again until the broker answers."""
        self.client.connect_async(self.host, self.port, keepalive=30)
        self.client.loop_start()

    def publish(self, readings: Iterable[Reading]) -> None:
        """Hand readings to the client; they leave at the broker's pace."""
        for reading in readings:
            self._sent.append(self.client.publish(topic(reading.machine, self.root), payload(reading), qos=1))
            self.published += 1
        if len(self._sent) > 1000:
            self._sent = [info for info in self._sent if not info.is_published()]

    def pending(self) -> int:
        """Return how many readings the broker has not acknowledged."""
        self._sent = [info for info in self._sent if not info.is_published()]
        return len(self._sent)

    def stop(self) -> None:
        """Leave."""
        self.client.disconnect()
        self.client.loop_stop()
