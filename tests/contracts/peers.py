"""For each kind of connector the other side: a device that can speak, speak nonsense, fall silent and come back."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from chanye.kernel.time import now_us
from connectors.mqtt.parts import RULE, Publisher, embedded, free_port
from connectors.mtconnect.small_adapter import SmallAdapter
from connectors.mtconnect.small_agent import SmallAgent

BASE = now_us() // 1_000_000 * 1_000_000 - 3_600_000_000
"""Time of reading 0; reading n is told one second after it. [us]"""


def iso(n: int) -> str:
    return datetime.fromtimestamp(BASE // 1_000_000 + n, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class Peer:
    """A device with one numeric tag whose reading number n has the value n."""

    series: tuple[str, str]
    wrong: dict[str, Any]
    deaf: dict[str, Any]
    resumes = False

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.stack = AsyncExitStack()

    options: dict[str, Any]

    async def start(self) -> None: ...
    async def tell(self, n: int) -> None: ...
    async def nonsense(self) -> str:
        """Say something malformed; return the reason under which it must be counted."""
        return ""

    async def stranger(self) -> str:
        """Speak of something that was never declared; return the reason."""
        return "rejected:unknown_tag"

    async def lose(self) -> None: ...
    async def back(self) -> None: ...

    async def stop(self) -> None:
        await self.stack.aclose()


class Adapter(Peer):
    series = ("m1", "line")
    wrong = {"port": 0}

    async def start(self) -> None:
        self.adapter = SmallAdapter(stay=True, pong=200)
        await self.adapter.__aenter__()
        self.options = {"port": self.adapter.port, "device": "m1"}
        self.deaf = {"port": free_port()}

    async def _say(self, text: str) -> None:
        async with asyncio.timeout(10):
            while not self.adapter.writers:
                await asyncio.sleep(0.01)
        self.adapter.say(text)

    async def tell(self, n: int) -> None:
        await self._say(f"{iso(n)}|line|{n}\n")

    async def nonsense(self) -> str:
        await self._say("2024|x\n")
        return "rejected:bad_line"

    async def stranger(self) -> str:
        await self._say(f"{iso(0)}|strange|1\n")
        return "rejected:unknown_tag"

    async def lose(self) -> None:
        await self.adapter.__aexit__()
        self.adapter.writers.clear()

    async def back(self) -> None:
        await self.adapter.__aenter__()

    async def stop(self) -> None:
        await self.adapter.__aexit__()


class Agent(Peer):
    series = ("mill", "feed")
    wrong = {"url": "http://x", "interval": 0}
    deaf = {"url": "http://127.0.0.1:9"}
    resumes = True

    async def start(self) -> None:
        self.agent = SmallAgent(now_us)
        await self.agent.start()
        self.options = {"url": f"http://127.0.0.1:{self.agent.port}", "interval": 20, "heartbeat": 200}

    async def tell(self, n: int) -> None:
        self.agent.tell("feed", BASE + n * 1_000_000, str(n))

    async def nonsense(self) -> str:
        self.agent.tell("feed", BASE, "fast")
        return "rejected:bad_value"

    async def stranger(self) -> str:
        self.agent.tell("odd", BASE, "3")
        return "rejected:wrong_unit"

    async def lose(self) -> None:
        await self.agent.stop()

    async def back(self) -> None:
        await self.agent.start()

    async def stop(self) -> None:
        await self.agent.stop()


class Mqtt(Peer):
    series = ("m1", "power")
    wrong = {"rules": []}
    deaf = {"port": 9, "rules": [RULE]}

    async def start(self) -> None:
        self.server = self.stack.enter_context(embedded(self.folder))
        self.device = Publisher(self.server.port)
        self.stack.callback(lambda: self.device.close())
        self.options = {"port": self.server.port, "rules": [RULE], "version": "3.1.1", "keepalive_s": 2}

    async def tell(self, n: int) -> None:
        payload = json.dumps({"t": BASE + n * 1_000_000, "v": n})
        await asyncio.to_thread(self.device.send, "factory/m1/meter", payload)

    async def nonsense(self) -> str:
        await asyncio.to_thread(self.device.send, "factory/m1/meter", b"{")
        return "rejected:bad_json"

    async def stranger(self) -> str:
        await asyncio.to_thread(self.device.send, "factory/m1/meter", json.dumps({"w": 1}))
        return "rejected:"

    async def lose(self) -> None:
        self.device.close()
        await asyncio.to_thread(self.server.kill)

    async def back(self) -> None:
        await asyncio.to_thread(self.server.start)
        self.device = Publisher(self.server.port, "again")


class Folder(Peer):
    series = ("", "v")
    resumes = True

    async def start(self) -> None:
        self.place = self.folder / "in"
        self.place.mkdir()
        mapping = self.folder / "map.toml"
        mapping.write_text('[file]\nlayout = "long"\n[[series]]\ncolumn = "v"\nunit = "1"\n')
        self.options = {
            "folder": str(self.place), "mapping": str(mapping), "settle": 0, "every": 0.05, "keep_good": True,
        }  # fmt: skip
        self.wrong = {"folder": str(self.place), "mapping": str(mapping), "every": -1}
        self.deaf = self.options | {"folder": str(self.folder / "nowhere")}
        self.files = 0

    def _put(self, row: str) -> None:
        self.files += 1
        fresh = self.folder / "new.tmp"
        fresh.write_text(f"time,tag,value\n{row}\n")
        fresh.rename(self.place / f"{self.files:04d}.csv")

    async def tell(self, n: int) -> None:
        self._put(f"{iso(n)},v,{n}")

    async def nonsense(self) -> str:
        self._put(f"{iso(0)},v,warm")
        return "rejected:bad_value"

    async def stranger(self) -> str:
        self._put(f"{iso(0)},strange,1")
        return "rejected:unknown_tag"

    async def lose(self) -> None:
        self.place.rename(self.folder / "away")

    async def back(self) -> None:
        (self.folder / "away").rename(self.place)


PEERS: dict[str, type[Peer]] = {"shdr": Adapter, "mtconnect": Agent, "mqtt": Mqtt, "file": Folder}
Tell = Callable[[], Awaitable[None]]
