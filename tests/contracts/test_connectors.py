"""What every connector promises, asked of each in the same words; a new kind only needs a peer to speak to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from structlog.testing import capture_logs

import chanye.connectors
from chanye.connectors import registry
from chanye.connectors.desk import ConnectionSpec, Desk, MemoryBook
from chanye.connectors.port import LocalPort
from chanye.connectors.runner import Runner
from chanye.connectors.types import Capabilities
from chanye.connectors.wire import CollectGoneError
from chanye.kernel.errors import ConfigError, TransientError
from chanye.kernel.units import parse_unit
from chanye.spine.history import Batch, History, Reader, Receipt
from contracts.peers import BASE, PEERS, Peer

HOME = Path(chanye.connectors.__file__).parent
ROOT = Path(__file__).parents[2]
RULES = yaml.safe_load((HOME / "quality_rules.yaml").read_text())
KINDS = sorted(registry.BUILT_IN)

pytestmark = pytest.mark.parametrize("kind", KINDS)


class CutPort(LocalPort):
    """A desk that can vanish, as it does for a group whose collect was killed."""

    cut = False

    async def append(self, batch: Batch) -> Receipt:
        if self.cut:
            raise CollectGoneError("killed")
        return await super().append(batch)


class Stage:
    """One connection of a kind, its peer, and a historian."""

    def __init__(self, kind: str, peer: Peer, history: History) -> None:
        self.kind, self.peer, self.history = kind, peer, history
        self.book = MemoryBook([ConnectionSpec("c", kind, peer.options)])
        self.desk = Desk(history, self.book)
        self.port = CutPort(self.desk)
        self.task: asyncio.Task[None] | None = None

    def go(self) -> None:
        self.port = CutPort(self.desk)
        self.task = asyncio.create_task(Runner("c", self.port, pause=lambda n: 0.1).run())

    async def end(self) -> None:
        if self.task is not None:
            self.task.cancel()
            with suppress(asyncio.CancelledError, CollectGoneError):
                await self.task

    async def kill(self) -> None:
        """End it without a word: whatever it still wants to store goes nowhere."""
        self.port.cut = True
        await self.end()

    def values(self) -> list[float]:
        number = self.book.series.get(self.peer.series)
        if number is None:
            return []
        rows = Reader(self.history.folder if hasattr(self.history, "folder") else self.folder).raw(
            [number], 0, 1 << 62
        )
        good = rows.quality < 0x8000
        keep = good & ((rows.time - BASE) % 1_000_000 == 0)
        return [float(v) for v in rows.value[keep]]

    folder: Path = Path()

    def status(self) -> Any:
        return self.desk.statuses.get("c")

    async def until(self, true: Callable[[], Any], seconds: float = 40.0) -> None:
        async with asyncio.timeout(seconds):
            while not true():
                assert self.task is None or not self.task.done(), self.task
                await asyncio.sleep(0.02)

    async def state(self, name: str) -> None:
        await self.until(lambda: self.status() and self.status().state == name)

    async def counted(self, reason: str) -> None:
        await self.until(lambda: any(r.startswith(reason) and n for r, n in self.status().counts.items()))


@asynccontextmanager
async def stage(kind: str, folder: Path) -> AsyncIterator[Stage]:
    peer = PEERS[kind](folder)
    await peer.start()
    with History(folder / "history") as history:
        one = Stage(kind, peer, history)
        one.folder = folder / "history"
        try:
            yield one
        finally:
            await one.end()
            await peer.stop()


def play(script: Coroutine[Any, Any, None]) -> None:
    asyncio.run(script)


def test_it_has_a_peer_here(kind: str) -> None:
    assert kind in PEERS


def test_options_are_described_and_capabilities_declared(kind: str) -> None:
    cls = registry.connector_class(kind)
    for name, field in cls.Options.model_fields.items():
        assert field.description, f"{kind}.{name} has no description"
        assert field.description.endswith((".", "]")), f"{kind}.{name}: a description is a sentence"
    assert isinstance(cls.capabilities, Capabilities)
    assert cls.Options.model_config.get("extra") == "forbid", "a misspelt option must not pass"


def test_bad_options_are_refused_in_words(kind: str, tmp_path: Path) -> None:
    async def script() -> None:
        async with stage(kind, tmp_path) as s:
            for options in (s.peer.wrong, s.peer.options | {"colour": "red"}):
                with pytest.raises(ConfigError, match=kind):
                    registry.check_options(kind, options)
            registry.check_options(kind, s.peer.options)
            s.book._specs = [ConnectionSpec("c", kind, s.peer.wrong)]
            s.go()
            await s.state("stopped")

    play(script())


def test_what_cannot_be_reached_is_tried_again(kind: str, tmp_path: Path) -> None:
    async def script() -> None:
        async with stage(kind, tmp_path) as s:
            options = registry.check_options(kind, s.peer.deaf)
            from chanye.connectors.link import local_link

            link = await local_link(s.history, "deaf")
            async with asyncio.timeout(15):
                with pytest.raises(TransientError) as lost:
                    await registry.connector_class(kind)(options, link).run()
            assert len(str(lost.value)) > 20
            s.book._specs = [ConnectionSpec("c", kind, s.peer.deaf)]
            s.go()
            await s.until(lambda: s.status() and s.status().state == "degraded" and s.status().restarts > 1)

    play(script())


def test_readings_are_stored_and_the_rest_is_counted(kind: str, tmp_path: Path) -> None:
    async def script() -> None:
        async with stage(kind, tmp_path) as s:
            s.go()
            await s.state("active")
            await s.peer.tell(1)
            await s.until(lambda: s.values() == [1.0])
            await s.counted(await s.peer.nonsense())
            await s.counted(await s.peer.stranger())
            await s.peer.tell(2)
            await s.until(lambda: s.values() == [1.0, 2.0])
            assert s.status().state == "active"
            for tag in s.book.drafts.values():
                assert tag.series.unit, tag
                parse_unit(tag.series.unit)
            rows = Reader(tmp_path / "history").audit(source="c")
            for row in rows:
                refused = sum(n for reason, n in row.reasons.items() if reason.startswith("rejected:"))
                assert row.received == row.stored + row.duplicates + refused

    play(script())


def test_loss_and_return_are_told_once(kind: str, tmp_path: Path) -> None:
    async def script() -> None:
        async with stage(kind, tmp_path) as s:
            s.go()
            await s.state("active")
            await s.peer.tell(1)
            await s.until(lambda: s.values() == [1.0])
            with capture_logs() as logs:
                await s.peer.lose()
                await s.state("degraded")
                await s.until(lambda: s.status().restarts > 1)
                await s.peer.back()
                await s.state("active")
                await s.peer.tell(2)
                await s.until(lambda: 2.0 in s.values())
            told = [one["event"] for one in logs if one["event"].startswith("connection is ")]
            assert told == ["connection is degraded", "connection is active"]

    play(script())


def test_it_goes_on_after_a_kill(kind: str, tmp_path: Path) -> None:
    async def script() -> None:
        async with stage(kind, tmp_path) as s:
            s.go()
            await s.state("active")
            await s.peer.tell(1)
            await s.until(lambda: s.values() == [1.0])
            await s.kill()
            s.desk.statuses.clear()
            if s.peer.resumes:
                await s.peer.tell(2)
            s.go()
            await s.state("active")
            await s.peer.tell(3)
            wanted = [1.0, 2.0, 3.0] if s.peer.resumes else [1.0, 3.0]
            await s.until(lambda: s.values() == wanted)

    play(script())


def test_its_quality_is_graded(kind: str) -> None:
    module, _ = registry.BUILT_IN[kind]
    folder = HOME / module.split(".")[2]
    grades = yaml.safe_load((folder / "quality.yaml").read_text())[kind]
    known = {name for rules in RULES.values() for name in rules}
    assert set(grades) == known, "every rule is done, todo or exempt"
    for rules in RULES.values():
        for rule in rules.values():
            assert rule["text"].endswith(".")
    for name, grade in grades.items():
        assert grade in ("done", "todo") or (set(grade) == {"exempt"} and len(grade["exempt"]) > 20), name
    for tier in ("bronze", "silver"):
        missing = [name for name in RULES[tier] if grades[name] == "todo"]
        assert not missing, f"{kind} does not reach {tier}: {missing}"
    np.testing.assert_equal(list(RULES), ["bronze", "silver", "gold"])


def test_there_is_a_how_to(kind: str) -> None:
    pages = {"shdr": "connect-mtconnect", "file": "import-files"}
    name = pages.get(kind, f"connect-{kind}")
    for path in (ROOT / "docs/howto" / f"{name}.md", ROOT / "docs/howto" / f"{name}.zh-Hans.md"):
        assert path.exists(), path
        assert len(path.read_text(encoding="utf-8")) > 500
