"""The agent connector against a real HTTP server; what must be known when is said by the script of each test."""

import asyncio
from contextlib import asynccontextmanager, suppress

import pytest
from pydantic import ValidationError

from chanye.connectors.mtconnect.agent import AgentOptions, MtconnectAgent
from chanye.kernel.errors import ConfigError, TransientError
from chanye.protocols.mtconnect.agent import Position
from chanye.spine.history.types import Quality
from connectors.mtconnect.memory_link import MemoryLink, T
from connectors.mtconnect.small_agent import SmallAgent

S = 1_000_000
GOOD = int(Quality.GOOD)


class Shop:
    """An agent, a clock that tests turn, a link, and the connector running or not."""

    def __init__(self, *, stream, link=None, **agent):
        self.now = T + 10 * S
        self.agent = SmallAgent(lambda: self.now, **agent)
        self.link = link or MemoryLink()
        self.stream = stream
        self.task = None

    def connector(self, **options):
        url = f"http://127.0.0.1:{self.agent.port}"
        options = {"url": url, "interval": 10, "heartbeat": 100, "timeout": 5, "stream": self.stream} | options
        return MtconnectAgent(AgentOptions(**options), self.link, lambda: self.now)

    def go(self, **options):
        self.task = asyncio.create_task(self.connector(**options).run())

    async def until(self, true):
        async with asyncio.timeout(5):
            while not true():
                await asyncio.sleep(0.005)

    async def heard(self, time):
        """Wait until the connector knows everything up to a time."""
        await self.until(lambda: self.link.lives and self.link.lives[-1] >= time)

    async def lose(self):
        """Stop the agent's server; the connector must say so and end."""
        await self.agent.stop()
        async with asyncio.timeout(5):
            with pytest.raises(TransientError):
                await self.task


@asynccontextmanager
async def shop(**kwargs):
    one = Shop(**kwargs)
    one.agent.tell("avail", T, "AVAILABLE")
    one.agent.tell("exec", T, "READY")
    one.agent.tell("count", T, "5")
    await one.agent.start()
    try:
        yield one
    finally:
        if one.task and not one.task.done():
            one.task.cancel()
            with suppress(asyncio.CancelledError):
                await one.task
        await one.agent.stop()


def run(coroutine):
    asyncio.run(coroutine)


pytestmark = pytest.mark.parametrize("stream", [False, True], ids=["polling", "streaming"])


def test_current_then_samples_with_the_devices_times(stream):
    async def script():
        async with shop(stream=stream) as s:
            s.go()
            await s.heard(s.now)
            assert s.link.story("exec") == [(T, "READY", GOOD)]
            s.agent.tell("exec", T + 12 * S, "ACTIVE")
            s.agent.tell("feed", T + 12 * S, "8.5")
            s.agent.tell("prog", T + 12 * S, " ")
            s.agent.tell("feed", T + 13 * S, "")
            s.agent.tell("exec", T + 14 * S, "UNAVAILABLE")
            s.agent.tell("odd", T + 14 * S, "3")
            s.now = T + 20 * S
            await s.heard(s.now)
            assert s.link.story("exec")[1:] == [
                (T + 12 * S, "ACTIVE", GOOD), (T + 14 * S, None, int(Quality.BAD_NOT_CONNECTED)),
            ]  # fmt: skip
            assert s.link.story("feed") == [(T + 12 * S, 8.5, GOOD), (T + 13 * S, None, int(Quality.BAD_NO_DATA))]
            assert s.link.story("prog") == [(T + 12 * S, "", GOOD)]
            assert s.link.counts == {"noted:empty_value": 1, "rejected:wrong_unit": 1}
            assert s.link.states == [("active", "")]
            draft = s.link.tags["count"]
            assert (draft.series.kind, draft.series.unit, draft.series.role) == ("counter", "{part}", "part_count")
            assert draft.asset == (("work_unit", "mill", "Mill one"),)

    run(script())


def test_lost_link_within_the_buffer_loses_nothing_and_heals_the_mark(stream):
    async def script():
        async with shop(stream=stream) as s:
            s.go()
            await s.heard(s.now)
            await s.lose()
            lost = s.now + 1
            assert s.link.gaps == [lost]
            assert s.link.at("exec", s.now + S) is None
            assert s.link.states[-1][0] == "degraded"
            s.now = T + 100 * S
            s.agent.tell("count", T + 50 * S, "6")
            await s.agent.start()
            s.go()
            await s.heard(s.now)
            # Unchanged all along, as the agent's buffer shows.
            assert s.link.at("exec", lost) == "READY"
            assert s.link.at("exec", T + 99 * S) == "READY"
            assert (s.link.at("count", T + 49 * S), s.link.at("count", T + 99 * S)) == (5, 6)
            assert s.link.gaps == [lost]

    run(script())


def test_a_second_process_resumes_exactly_where_the_first_was_killed(stream):
    async def script():
        async with shop(stream=stream) as s:
            s.go()
            await s.heard(s.now)
            position = s.link.resume.position
            assert position.startswith("7:4")
            s.task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await s.task
            for n in range(30):
                s.agent.tell("count", T + (20 + n) * S, str(6 + n))
            s.now = T + 60 * S
            s.link.resume = type(s.link.resume)("test", 0, position, 0)
            s.agent.asked.clear()
            s.go(count=7)
            await s.heard(s.now)
            assert [v for _, v, q in s.link.story("count") if q == GOOD] == [5, 5, *range(6, 36)]
            assert s.agent.asked[1][1] == {"at": "3"}
            assert s.agent.asked[2][1]["from"] == "4"

    run(script())


def test_nothing_is_passed_over_that_was_not_stored(stream):
    async def script():
        async with shop(stream=stream) as s:
            s.go()
            await s.heard(s.now)
            s.link.fail = TransientError("disk full")
            before = s.link.resume.position
            s.agent.tell("count", T + 11 * S, "6")
            with pytest.raises(TransientError):
                await s.task
            assert s.link.resume.position == before
            s.link.fail = None
            s.now = T + 30 * S
            s.go()
            await s.heard(s.now)
            assert s.link.at("count", T + 11 * S) == 6

    run(script())


def test_out_of_range_is_a_gap_and_only_the_unchanged_is_healed(stream):
    async def script():
        async with shop(stream=stream, size=20) as s:
            s.go()
            await s.heard(s.now)
            await s.lose()
            lost = s.now + 1
            for n in range(40):
                s.agent.tell("count", T + (20 + n) * S, str(6 + n))
            s.now = T + 100 * S
            await s.agent.start()
            s.go()
            await s.heard(s.now)
            assert s.link.counts["noted:out_of_range"] >= 1
            # The state has not changed since: the agent says so. The count has: unknown until the buffer begins.
            assert s.link.at("exec", T + 50 * S) == "READY"
            assert s.link.at("count", lost) is None
            assert s.link.at("count", T + 30 * S) is None
            assert s.link.at("count", T + 45 * S) == 31
            assert s.link.at("count", T + 99 * S) == 45
            # No stored place claims to know of a time after what is still to be read there.
            times = {row[0]: row[2] for row in s.agent.buffer}
            for position in map(Position.parse, s.link.positions):
                assert times.get(position.next, s.now + 1) > position.high, position

    run(script())


def test_a_restarted_agent_is_a_gap_and_probed_again(stream):
    async def script():
        async with shop(stream=stream) as s:
            s.go()
            await s.heard(s.now)
            lost = s.now + 1
            s.now = T + 30 * S
            s.agent.forget(8)
            s.agent.tell("exec", T + 25 * S, "UNAVAILABLE")
            s.agent.tell("exec", T + 28 * S, "ACTIVE")
            s.agent.tell("count", T, "5")
            s.agent.asked.clear()
            await s.until(lambda: s.link.at("exec", T + 29 * S) == "ACTIVE" or s.task.done())
            if s.task.done():  # the stream of the old instance ended first
                s.go()
            await s.heard(s.now)
            assert "/probe" in [path for path, _ in s.agent.asked]
            assert s.link.counts["noted:agent_restart"] == 1
            assert s.link.at("exec", T + 20 * S) is None
            assert s.link.at("exec", T + 26 * S) is None
            assert s.link.at("exec", T + 29 * S) == "ACTIVE"
            assert s.link.at("count", lost) == 5
            assert s.link.resume.position.startswith("8:")

    run(script())


def test_an_agent_that_cannot_tell_the_past_still_loses_nothing(stream):
    async def script():
        async with shop(stream=stream, tells_past=False) as s:
            s.go()
            await s.heard(s.now)
            await s.lose()
            s.now = T + 100 * S
            s.agent.tell("count", T + 50 * S, "6")
            await s.agent.start()
            s.go()
            await s.heard(s.now)
            assert s.link.counts["noted:no_history"] == 1
            assert s.link.at("count", T + 60 * S) == 6

    run(script())


def test_what_is_left_out_on_purpose_is_not_counted(stream):
    async def script():
        async with shop(stream=stream) as s:
            s.agent.tell("port", T, "7878")  # the agent of itself
            s.go(names={"exec": "", "count": "made"})
            await s.heard(s.now)
            assert s.link.at("made", T) == 5
            assert {"exec", "count", "port"}.isdisjoint(s.link.tags)
            assert s.link.counts == {}

    run(script())


def test_several_conditions_show_the_worst(stream):
    async def script():
        async with shop(stream=stream) as s:
            s.go()
            await s.heard(s.now)
            for n, level in enumerate(["Warning|W1", "Fault|F1", "Normal|F1", "Normal|"]):
                s.agent.tell("sys", T + (11 + n) * S, level)
            s.now = T + 20 * S
            await s.heard(s.now)
            assert [v for _, v, _ in s.link.story("sys")] == ["WARNING", "FAULT", "WARNING", "NORMAL"]
            assert s.link.tags["sys"].series.role == "alarm"

    run(script())


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n<a/>",
        b"HTTP/1.1 200 OK\r\nContent-Length: 400\r\n\r\n<a/>",
        b"HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n" + b"x" * 300_000,
        b"SSH-2.0-OpenSSH\r\n\r\n",
        b"x" * 200_000,
        b"",
        b"HTTP/1.1 200 OK\r\n\r\n<!DOCTYPE a [<!ENTITY b 'cccc'><!ENTITY d '&b;&b;'>]><a>&d;</a>",
    ],
)
def test_nonsense_is_a_lost_link_never_a_crash(stream, answer):
    async def script():
        async with shop(stream=stream) as s:
            s.agent.override = answer
            s.go(max_bytes=100_000)
            async with asyncio.timeout(5):
                with pytest.raises(TransientError):
                    await s.task
            assert s.link.states[-1][0] == "degraded"
            assert s.link.gaps == []

    run(script())


def test_an_unknown_device_asks_a_person(stream):
    async def script():
        async with shop(stream=stream) as s:
            with pytest.raises(ConfigError, match="Check 'device'"):
                await s.connector(device="Lathe").run()

    run(script())


def test_options_are_checked(stream):
    with pytest.raises(ConfigError, match="http://"):
        MtconnectAgent(AgentOptions(url="ftp://x"), MemoryLink())
    with pytest.raises(ValidationError):
        AgentOptions(url="http://x", nonsense=1)
