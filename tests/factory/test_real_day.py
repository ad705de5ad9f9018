"""A real day of a machining centre, from SHDR lines over TCP to ISO 22400 figures.

What must come out is computed from the text file by a few lines that know nothing of the product.
"""

from __future__ import annotations

import asyncio
import gzip
import itertools
from contextlib import suppress
from datetime import datetime

import pytest

from chanye.connectors.desk import ConnectionSpec, Desk, MemoryBook
from chanye.connectors.link import RunnerLink
from chanye.connectors.mtconnect.adapter import ShdrAdapter, ShdrOptions
from chanye.connectors.port import LocalPort
from chanye.domains.factory.actions.machines import configure_machine
from chanye.domains.factory.queries import machines as queries
from chanye.kernel.errors import TransientError
from chanye.spine.models import Series
from connectors.mtconnect.small_adapter import SmallAdapter
from factory_kit import HOUR, Plant
from shared_data import shared_data


def us(stamp: str) -> int:
    """Microseconds since 1970, digits below cut off."""
    whole = datetime.fromisoformat(stamp[:19] + "+00:00")
    return int(whole.timestamp()) * 1_000_000 + int(stamp[20:-1][:6].ljust(6, "0"))


START, END = us("2017-02-01T12:18:02.2343750Z"), us("2017-02-01T20:11:13.4531250Z")
NOW = END + 100 * HOUR


@pytest.fixture
def lines() -> list[str]:
    with gzip.open(shared_data("mtconnect/hurco04-2017-02-01.txt.gz"), "rt") as file:
        return list(file)


def told(lines: list[str], item: str) -> list[tuple[int, str]]:
    rows = []
    for line in lines:
        stamp, *rest = line.rstrip("\n").split("|")
        if line.startswith("2017-"):
            rows += [(us(stamp), text) for name, text in zip(rest[::2], rest[1::2], strict=True) if name == item]
    return rows


def seconds_in(lines: list[str], *words: str) -> int:
    """Microseconds the file spends in some states between its first and its last line."""
    rows = [*told(lines, "Program_Status"), (END, "")]
    return sum(b[0] - a[0] for a, b in itertools.pairwise(rows) if a[1] in words)


def replay(plant: Plant, lines: list[str]) -> int:
    """Let an adapter say the lines; enter what the connector declared; return the machine."""
    data = "".join(lines).encode()
    book = MemoryBook([ConnectionSpec("hurco", "shdr")])

    async def script() -> None:
        async with SmallAdapter([data[at : at + 8_191] for at in range(0, len(data), 8_191)]) as adapter:
            xml = shared_data("mtconnect/Devices.xml")
            options = ShdrOptions(port=adapter.port, device="Hurco04", devices_xml=xml)
            port = LocalPort(Desk(plant.history, book))
            _, resume = await port.hello("hurco")
            with suppress(TransientError):
                await ShdrAdapter(options, RunnerLink("hurco", port, resume)).run()

    asyncio.run(script())
    machine = plant.machine("hurco04")
    for (asset, code), number in book.series.items():
        draft = book.drafts[number].series
        Series.objects.create(
            id=number,
            asset_id=machine.id if asset else plant.site.id,
            code=code,
            kind=draft.kind,
            unit=draft.unit,
            role=draft.role,
            hold=draft.hold,
            states=draft.states,
        )
    plant.work()
    return machine.id


def test_the_day_in_figures(plant: Plant, lines: list[str]) -> None:
    machine = replay(plant, lines)
    configure_machine(actor=plant.viewer, asset_id=machine, run_time=1_200.0)
    found = queries.machine_kpis(plant.viewer, machine, START, END, now=NOW)
    running = seconds_in(lines, "ACTIVE")
    e = found.elements
    assert e.apt == running
    assert e.adet == seconds_in(lines, "FEED_HOLD", "STOPPED")
    assert e.adot == seconds_in(lines, "READY", "PROGRAM_COMPLETED", "PROGRAM_STOPPED")
    assert (e.unknown, e.window) == (0, END - START)
    assert found.produced.value == 10
    assert found.availability.value == pytest.approx(running / (END - START), abs=1e-12)
    assert found.availability.coverage == 1.0
    assert found.effectiveness.value == pytest.approx(10 * 1_200e6 / running)
    assert found.quality_ratio.why == found.oee.why == "no_quality_data"

    # an hour beyond the data: less is known, nothing is lost and nothing is made
    wide = queries.machine_kpis(plant.viewer, machine, START, END + HOUR, now=NOW)
    assert wide.produced.value == 10
    assert wide.elements.unknown == HOUR - 1  # the last state is told to have lasted one microsecond
    assert wide.availability.value == pytest.approx(found.availability.value, abs=1e-9)
    assert wide.availability.coverage == pytest.approx((END - START) / (END - START + HOUR))
    late = queries.machine_kpis(plant.viewer, machine, END + HOUR, END + 2 * HOUR, now=NOW)
    assert (late.availability.why, late.produced.why) == ("no_data", "no_data")

    detail = queries.machine(plant.viewer, machine, START, END, now=NOW)
    assert "NIST_MTC_CRADA_PLATE.NC" in {frame.text for frame in detail.programs}
    (tile,) = queries.board(plant.viewer, plant.site.id, now=END).tiles
    assert tile.parts_today.value is not None
