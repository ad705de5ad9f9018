"""A connection is kept going, its state told truthfully, and nothing is acknowledged before it is durable."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from chanye.connectors import registry
from chanye.connectors.desk import ConnectionSpec, Desk, MemoryBook
from chanye.connectors.link import LINK_HOLD, backoff, local_link
from chanye.connectors.port import LocalPort
from chanye.connectors.runner import Runner
from chanye.connectors.types import Readings, TagDraft
from chanye.kernel.errors import ConfigError
from chanye.spine.history import History, Reader
from chanye.spine.types import SeriesDraft
from connectors import demo

NOW = 1_770_000_000_000_000


@pytest.fixture(autouse=True)
def kinds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(registry.BUILT_IN, "counting", ("connectors.demo", "Counting"))


def test_backoff_doubles_up_to_thirty_seconds() -> None:
    assert [backoff(n, lambda: 1.0) for n in (0, 1, 2, 6, 50)] == [0.5, 1.0, 2.0, 30.0, 30.0]
    assert backoff(3, lambda: 0.0) == 2.0


def test_the_registry_refuses_in_words() -> None:
    with pytest.raises(ConfigError, match="Known kinds"):
        registry.connector_class("telex")
    with pytest.raises(ConfigError, match="rows"):
        registry.check_options("counting", {"rows": "many"})


def test_readings_become_samples(tmp_path: Path) -> None:
    async def story(history: History) -> dict[str, int]:
        link = await local_link(history, "one", lambda: NOW)
        series = await link.declare([demo.TAG, demo.STATE])
        readings = Readings()
        for i in range(4):
            readings.add("n", NOW - 10 + i, float(i))
            readings.add("s", NOW - 10 + i, ["ON", "OFF"][i % 2])
        readings.add("other", NOW, 1.0)
        receipt = await link.send(readings, "p1")
        assert receipt.stored == 8
        await link.mark_gap(NOW - 1)
        again = await local_link(history, "one")
        assert (again.resume.position, again.resume.last_sequence) == ("p1", 2)
        return dict(series)

    with History(tmp_path) as history:
        series = asyncio.run(story(history))
        reader = Reader(tmp_path)
        n = reader.raw([series["n"]], 0, 2 * NOW)
        np.testing.assert_array_equal(n.value, [0, 1, 2, 3, np.nan])
        assert n.quality.tolist() == [0, 0, 0, 0, 0x8031]
        s = reader.raw([series["s"]], 0, 2 * NOW)
        names = reader.texts(series["s"])
        assert [names[int(code)] for code in s.value[:4]] == ["ON", "OFF", "ON", "OFF"]


@pytest.mark.skipif(not hasattr(Reader, "audit"), reason="this historian keeps no counts")
def test_received_is_stored_and_rejected(tmp_path: Path) -> None:
    async def story(history: History) -> None:
        link = await local_link(history, "one", lambda: NOW)
        await link.declare([demo.TAG])
        readings = Readings()
        for i in range(5):
            readings.add("n", NOW + i, float(i))
        readings.add("other", NOW, 1.0)
        readings.add("n", NOW, "no number")
        readings.count("rejected:bad_line", 3)
        readings.count("noted:remark")
        await link.send(readings)

    with History(tmp_path) as history:
        asyncio.run(story(history))
        (row,) = Reader(tmp_path).audit(source="one")
    assert (row.received, row.stored, row.duplicates) == (10, 5, 0)
    assert row.reasons == {
        "rejected:unknown_tag": 1,
        "rejected:bad_value": 1,
        "rejected:bad_line": 3,
        "noted:remark": 1,
    }


def test_a_series_cannot_change_its_meaning(tmp_path: Path) -> None:
    async def story(history: History) -> None:
        link = await local_link(history, "one")
        await link.declare([demo.TAG])
        with pytest.raises(ConfigError, match="another code"):
            await link.declare([TagDraft("n", SeriesDraft("n", "analog", "mm"), demo.TAG.asset)])

    with History(tmp_path) as history:
        asyncio.run(story(history))


def served(
    history: History, options: dict[str, object], until: Callable[[Desk], bool], pause: float = 0.01
) -> tuple[Desk, MemoryBook]:
    """Run one connection until a condition holds, then stop it in order."""
    book = MemoryBook([ConnectionSpec("c", "counting", options)])
    desk = Desk(history, book)

    async def story() -> None:
        task = asyncio.create_task(Runner("c", LocalPort(desk), pause=lambda n: pause).run())
        try:
            async with asyncio.timeout(20):
                while not until(desk):
                    await asyncio.sleep(0.02)
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    asyncio.run(story())
    return desk, book


def test_running_resuming_and_stopping_in_order(tmp_path: Path) -> None:
    with History(tmp_path) as history:
        for _ in range(2):
            before = history.source("c").last_sequence
            desk, book = served(history, {}, lambda d, b=before: d.history.source("c").last_sequence > b + 8)
        assert desk.statuses["c"].state == "stopped"
        n = book.series["m1", "n"]
        rows = Reader(tmp_path).raw([n], 0, 1_700_001_000_000_000)
        np.testing.assert_array_equal(rows.value, np.arange(len(rows)))
        assert len(rows) == int(history.source("c").position)
        link = [number for number, tag in book.drafts.items() if tag.series.role == "link"]
        assert len(link) == 2, "the site and the one machine"
        latest = Reader(tmp_path).latest(link)
        assert {Reader(tmp_path).texts(s)[int(v)] for s, v in zip(link, latest.value, strict=True)} == {"STOPPED"}
        assert all(book.drafts[s].series.hold == LINK_HOLD for s in link)
        gap = Reader(tmp_path).latest([n])
        assert gap.quality.tolist() == [0x8031]


@pytest.mark.parametrize(
    ("fail", "state"),
    [("transient", "degraded"), ("bug", "degraded"), ("config", "stopped"), ("permanent", "stopped")],
)
def test_what_is_raised_decides_the_state(tmp_path: Path, fail: str, state: str) -> None:
    seen = set()

    def told(desk: Desk) -> bool:
        status = desk.statuses.get("c")
        if status:
            seen.add((status.state, status.why))
        return any(s == state and "as told" in why for s, why in seen)

    with History(tmp_path) as history:
        desk, _ = served(history, {"fail": fail}, told)
    assert (desk.statuses["c"].restarts > 0) == (state == "degraded")


def test_wrong_options_stop_the_connection(tmp_path: Path) -> None:
    with History(tmp_path) as history:
        served(history, {"rows": "x"}, lambda d: "c" in d.statuses and "rows" in d.statuses["c"].why)


def test_a_full_disk_degrades_and_heals_without_loss(tmp_path: Path) -> None:
    book = MemoryBook([ConnectionSpec("c", "counting", {})])
    # The disk is "full" because more free space is asked for than any disk has.
    with History(tmp_path, min_free_bytes=1 << 62) as history:
        desk = Desk(history, book)

        async def story() -> None:
            task = asyncio.create_task(Runner("c", LocalPort(desk)).run())
            async with asyncio.timeout(20):
                while "c" not in desk.statuses or desk.statuses["c"].state != "degraded":
                    await asyncio.sleep(0.02)
                assert history.source("c").last_sequence == 0
                desk.history = roomy
                while desk.statuses["c"].state != "active" or roomy.source("c").last_sequence < 5:
                    await asyncio.sleep(0.02)
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

        with History(tmp_path / "roomy") as roomy:
            asyncio.run(story())
            rows = Reader(tmp_path / "roomy").raw([book.series["m1", "n"]], 0, 1_700_001_000_000_000)
            np.testing.assert_array_equal(rows.value, np.arange(len(rows)))
            assert len(rows) >= 10
