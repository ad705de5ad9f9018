"""The whole way: a simulated shop's agent, the runner, the historian - with lost links, a restart and a dead adapter.

What happened is known to the shop alone; the product must tell it from outside.
"""

import asyncio
from contextlib import suppress
from itertools import pairwise

import numpy as np
import pytest

from chanye.connectors.desk import ConnectionSpec, Desk, MemoryBook
from chanye.connectors.port import LocalPort
from chanye.connectors.runner import Runner
from chanye.spine.frames import increments, state_runs, tile
from chanye.spine.history import History, Reader
from chanye.twin.agent import Agent
from chanye.twin.floor import Floor, Outage
from chanye.twin.shop import Shop

MINUTE = 60_000_000
START = 1_772_413_200_000_000  # 2026-03-02 09:00 in Beijing, a Monday morning
WORDS = {
    "ACTIVE": "running",
    "FEED_HOLD": "stopped",
    "READY": "waiting",
    "OPTIONAL_STOP": "setup",
    "STOPPED": "fault",
}


class Day:
    """A shop that is played minute by minute, and the product reading it."""

    def __init__(self, folder, outages, size):
        self.now = START
        self.shop = Shop(seed=5, epoch=START)
        self.agent = Agent(lambda: self.now, list(self.shop.machines.values()), size=size)
        self.floor = Floor(self.shop, self.agent, lambda: self.now, outages=outages, period=10 * 1_000_000)
        self.book = MemoryBook()
        self.folder = folder

    async def play(self, history, minutes, stream):
        self.floor.start()
        url = f"http://127.0.0.1:{self.agent.port}"
        options = {"url": url, "interval": 10, "heartbeat": 100, "stream": stream}
        self.book = MemoryBook([ConnectionSpec("shop", "mtconnect", options)])
        runner = Runner("shop", LocalPort(Desk(history, self.book)), pause=lambda _: 0.02)
        task = asyncio.create_task(runner.run())
        try:
            for _ in range(minutes):
                await self.caught_up(runner)
                self.now += MINUTE
                await asyncio.to_thread(self.floor.step)
            await self.caught_up(runner)
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
            await asyncio.to_thread(self.agent.hang_up)
        return runner

    async def caught_up(self, runner):
        async with asyncio.timeout(20):
            while self.agent.serving and (runner.link is None or runner.link.standing.proven < self.now):
                await asyncio.sleep(0.005)

    def states(self, machine):
        """The product's story of a machine: (start, end, class), unknown where nothing is known."""
        reader, number = Reader(self.folder), self.book.series[machine.lower(), "execution"]
        found = reader.raw([number], START, self.now + 1, bounds=True)
        texts = reader.texts(number)
        runs = state_runs(found.time, found.value, found.quality)
        pieces = tile(runs.start, runs.end, (START, self.now))
        names = [WORDS[texts[runs.code[i]]] if i >= 0 else "unknown" for i in pieces.which]
        return [(int(a), int(b), name) for (a, b), name in zip(pairwise(pieces.edge), names, strict=True)]

    def parts(self, machine):
        reader, number = Reader(self.folder), self.book.series[machine.lower(), "part_count"]
        found = reader.raw([number], START, self.now)
        return float(np.sum(increments(found.time, found.value, found.quality).count))


def disagreement(truth, answer):
    """Time told wrongly, by (truth, answer). [us]"""
    wrong = {}
    for start, end, name in truth:
        for begin, stop, told in answer:
            length = min(end, stop) - max(start, begin)
            if length > 0 and told != name:
                wrong[name, told] = wrong.get((name, told), 0) + length
    return wrong


@pytest.mark.parametrize("stream", [True, False], ids=["streaming", "polling"])
def test_the_shop_is_told_as_it_was(tmp_path, stream):
    machine = next(iter(Shop(seed=5, epoch=START).machines))
    outages = [
        Outage("silence", START + 20 * MINUTE, START + 35 * MINUTE),
        Outage("adapter", START + 45 * MINUTE, START + 50 * MINUTE, machine),
        Outage("restart", START + 60 * MINUTE, START + 66 * MINUTE),
    ]
    with History(tmp_path) as history:
        day = Day(tmp_path, outages, 100_000)
        runner = asyncio.run(day.play(history, 90, stream))
    assert runner.link.standing.counts["noted:agent_restart"] == 1
    assert not any(reason.startswith("rejected") for reason in runner.link.standing.counts)
    for code in day.shop.machines:
        truth = day.floor.truth(code, START, day.now)
        wrong = disagreement(truth.states, day.states(code))
        assert sum(wrong.values()) <= 0.001 * (day.now - START), (code, wrong)
        assert day.parts(code) == truth.parts, code


def test_a_small_buffer_overruns_and_what_was_lost_stays_unknown(tmp_path):
    outages = [Outage("silence", START + 20 * MINUTE, START + 60 * MINUTE)]
    with History(tmp_path) as history:
        day = Day(tmp_path, outages, 4_000)
        runner = asyncio.run(day.play(history, 70, stream=False))
    assert runner.link.standing.counts["noted:out_of_range"] == 1
    for code in day.shop.machines:
        wrong = disagreement(day.floor.truth(code, START, day.now).states, day.states(code))
        # Unknown is the only wrong answer there may be, and only while nobody listened.
        assert {told for _, told in wrong} <= {"unknown"}, (code, wrong)
        assert sum(wrong.values()) <= 40 * MINUTE
        assert day.parts(code) == day.floor.truth(code, START, day.now).parts
