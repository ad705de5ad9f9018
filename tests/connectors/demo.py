"""Connectors for tests: they behave as told. Kinds are registered by the tests that use them."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import ClassVar

from pydantic import BaseModel, Field

from chanye.connectors.types import Capabilities, Link, Readings, TagDraft
from chanye.kernel.errors import ConfigError, PermanentError, TransientError
from chanye.spine.types import SeriesDraft

TAG = TagDraft("n", SeriesDraft("n", "counter", "1"), (("work_unit", "m1", "Machine 1"),))
STATE = TagDraft("s", SeriesDraft("s", "state", "1"), (("work_unit", "m1", "Machine 1"),))


class Options(BaseModel):
    """Options."""

    rows: int = Field(10, description="Readings a batch.")
    pause: float = Field(0.02, description="Between batches. [s]")
    acknowledged: str = Field("", description="File that takes the position once it is acknowledged.")
    fail: str = Field("", description="What run() raises.")


def keep(path: Path, text: str) -> None:
    """Replace a file whole: a test reads it, and a kill may come, at any instant."""
    new = path.with_suffix(".new")
    new.write_text(text)
    new.replace(path)


class Counting:
    """Counts up for ever; its position is the next number: a device that can be read again from any place."""

    Options: ClassVar[type[BaseModel]] = Options
    capabilities: ClassVar[Capabilities] = Capabilities(resumes=True)

    def __init__(self, options: Options, link: Link) -> None:
        self.options, self.link = options, link

    async def run(self) -> None:
        await self.link.declare([TAG, STATE])
        errors = {"transient": TransientError, "config": ConfigError, "permanent": PermanentError, "bug": KeyError}
        if self.options.fail:
            raise errors[self.options.fail]("as told")
        self.link.state("active")
        at = int(self.link.resume.position or 0)
        base = 1_700_000_000_000_000
        while True:
            readings = Readings()
            for i in range(at, at + self.options.rows):
                readings.add("n", base + i, float(i))
            readings.count("rejected:bad_line")
            at += self.options.rows
            await self.link.send(readings, str(at))
            if self.options.acknowledged:
                keep(Path(self.options.acknowledged), str(at))
            await self.link.alive(time.time_ns() // 1000)
            await asyncio.sleep(self.options.pause)
