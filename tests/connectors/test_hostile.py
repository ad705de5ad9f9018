"""Bad input through every door: counted by reason, shown on the connection's page, and the next reading arrives."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.test import Client

from chanye.connectors.models import Connection
from chanye.kernel.settings import get_settings
from chanye.parties import actions as parties
from chanye.parties.models import Person
from chanye.parties.types import SYSTEM
from chanye.spine import actions as spine
from chanye.spine.history import Reader, verify
from contracts.peers import Adapter, Agent, Folder, Mqtt, Peer, iso
from contracts.test_connectors import Stage, stage

pytestmark = pytest.mark.django_db(transaction=True)
BOMB = b"<!DOCTYPE a [<!ENTITY b 'cccccccc'><!ENTITY d '&b;&b;&b;&b;&b;&b;&b;&b;'>]><a>&d;&d;</a>"


@pytest.fixture
def number(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """A firm whose connection is called as the stage calls its own; the stage's folder is the firm's."""
    monkeypatch.setenv("CHANYE_DATA", str(tmp_path))
    get_settings.cache_clear()
    firm = parties.create_organisation(actor=SYSTEM, code="firm", name="Firm")
    parties.create_person(
        actor=SYSTEM, organisation_id=firm, username="eva", name="Eva", role="engineer", password="correct horse 9"
    )
    site = spine.ensure_asset(
        actor=SYSTEM, organisation_id=firm, parent_id=None, kind="site", code="plant", name="Plant"
    )
    yield Connection.objects.create(organisation_id=firm, site_id=site.id, name="c", kind="shdr", options={}).pk
    monkeypatch.undo()
    get_settings.cache_clear()


async def adapter(peer: Adapter, one: Stage) -> set[str]:
    for line in (
        b"2024|x\n", b"\xff\xfe\x00|\x80\n", b"|||||\n", b"a" * (3 << 20) + b"\n", f"{iso(0)}|line|NaN\n".encode(),
        f"{iso(0)}|line|{'9' * 5000}\n".encode(), b"0000-01-01T00:00:00Z|line|1\n", b"9999-12-31T23:59:59Z|line|1\n",
        f"{iso(0)}|strange|1\n".encode(), f"{iso(0)}|line|inf\n".encode(),
    ):  # fmt: skip
        while not peer.adapter.writers:
            await asyncio.sleep(0.01)
        for writer in list(peer.adapter.writers):
            writer.write(line)
            await writer.drain()
    return {"rejected:bad_line", "rejected:bad_value", "rejected:unknown_tag"}


async def agent(peer: Agent, one: Stage) -> set[str]:
    for value in ("fast", "NaN", "9" * 5000, "inf", "1e999", ""):
        peer.agent.tell("feed", 1_700_000_000_000_000, value)
    peer.agent.tell("odd", 1_700_000_000_000_000, "3")
    peer.agent.tell("feed", -62_135_596_800_000_000, "1")
    peer.agent.tell("feed", 253_402_300_799_000_000, "1")
    await one.counted("rejected:wrong_unit")
    for answer in (
        b"HTTP/1.1 200 OK\r\n\r\n" + BOMB,
        b"HTTP/1.1 200 OK\r\nContent-Length: 104857600\r\n\r\n" + b"x" * (70 << 20),
        b"HTTP/1.1 200 OK\r\n" + b"x" * 300_000,
    ):
        peer.agent.override = answer
        await peer.agent.stop()
        await peer.agent.start()
        restarts = one.status().restarts
        await one.until(lambda r=restarts: one.status().restarts > r + 1)
    peer.agent.override = None
    await one.state("active")
    return {"rejected:bad_value", "rejected:wrong_unit", "rejected:bad_xml"}


async def mqtt(peer: Mqtt, one: Stage) -> set[str]:
    for payload in (
        b"{", b"\xff\xfe", b"[" * 100_000, b'{"t": 1e999, "v": 1}', b'{"t": 1700000000000000, "v": NaN}',
        b'{"t": 1700000000000000, "v": 1' + b"0" * 5000 + b"}", b'{"t": -62135596800000000, "v": 1}',
        b'{"t": 253402300799000000, "v": 1}', json.dumps({"w": 1}).encode(), b'{"t": 1700000000000000, "v": "warm"}',
    ):  # fmt: skip
        await asyncio.to_thread(peer.device.send, "factory/m1/meter", payload)
    return {
        "rejected:bad_json",
        "rejected:bad_time",
        "rejected:no_value",
        "rejected:wrong_type",
        "rejected:future_time",
    }


async def folder(peer: Folder, one: Stage) -> set[str]:
    for row in (
        f"{iso(0)},v,warm", f"{iso(0)},v,NaN", f"{iso(0)},v,{'9' * 5000}", f"{iso(0)},strange,1", "yesterday,v,1",
        "0000-01-01T00:00:00Z,v,1", "9999-12-31T23:59:59Z,v,1", f"{iso(0)},v,1,2,3",
    ):  # fmt: skip
        peer._put(row)
    return {"rejected:bad_value", "rejected:unknown_tag", "rejected:bad_time", "rejected:bad_row"}


DOORS = {"shdr": adapter, "mtconnect": agent, "mqtt": mqtt, "file": folder}


@pytest.mark.parametrize("kind", sorted(DOORS))
def test_bad_input_is_counted_and_shown(kind: str, tmp_path: Path, number: int) -> None:
    async def script() -> set[str]:
        async with stage(kind, tmp_path) as one:
            peer: Peer = one.peer
            one.go()
            await one.state("active")
            reasons: set[str] = await DOORS[kind](peer, one)  # type: ignore[operator]  # each door has its own peer
            for reason in reasons:
                try:
                    await one.counted(reason)
                except TimeoutError:
                    raise AssertionError(f"{reason} is not among {one.status().counts}") from None
            await peer.tell(7)
            await one.until(lambda: 7.0 in one.values())
            assert one.status().state == "active"
            return reasons

    reasons = asyncio.run(script())
    assert verify(tmp_path / "history").ok
    rows = Reader(tmp_path / "history").audit(source="c")
    for row in rows:
        refused = sum(n for reason, n in row.reasons.items() if reason.startswith("rejected:"))
        assert row.received == row.stored + row.duplicates + refused
    client = Client()
    client.force_login(Person.objects.get(username="eva"))
    page = client.get(f"/connections/{number}/").content.decode()
    for reason in reasons:
        assert reason in page, f"{reason} is not on the page"
