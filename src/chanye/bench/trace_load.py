"""How fast pieces are recorded with their genealogy, and how fast it answers.

One plant: coils are slit into strips, strips are punched into parts, each part goes into one unit, units go on
pallets. That is five levels; parts and units have serial numbers. The peer is what a Django project would write: a
row per item and a row per link, ``bulk_create``, and a recursive query; it loads and answers for a smaller
plant of the same shape, and its recall is shown scaled to as many units.
"""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import django

from chanye.bench.figures import Figure, Result, machine
from chanye.bench.trace_shape import BLOCK, Plant

LOAD = "1,000,000 serials with 5 levels loaded at ≥ 40,000 units/s"
RECALL = "recall of one raw lot to 200,000 units ≤ 0.15 s"
BACK = "of one unit back ≤ 20 ms"


def run(*, quick: bool) -> Result:
    """Measure; ``quick`` makes a tenth of the pieces and says so in the names."""
    return Result("trace", machine(), figures(quick=quick))


def figures(*, quick: bool) -> tuple[Figure, ...]:
    """Return the figures, for benches that show them among others."""
    # Two coils: one goes into 200,000 units, the other into 300,000; with their parts that is a million serials.
    plant = Plant(2, 5) if quick else Plant(10, 10)
    rest = Plant(3, 5) if quick else Plant(15, 10)
    small = Plant(2, 2)
    with tempfile.TemporaryDirectory(prefix="chanye-bench-") as folder:
        _records(Path(folder))
        from chanye.bench.trace_plant import Book, Peer

        book, peer = Book(), Peer()
        rate, first = _load(book, (plant, rest))
        peer_rate, peer_first = _load(peer, (small,))
        unit = book.unit_of(first)
        out = [
            _beside("pieces recorded, 5 levels", rate, "pieces/s", peer_rate, LOAD, rate >= 40_000, plant, rest),
            *_answers(book, peer, first, peer_first, unit, plant, small),
        ]
        out.append(Figure("one piece on disk", book.bytes_per_piece(), "bytes"))
    return tuple(out)


def _records(folder: Path) -> None:
    """Make empty records in a folder of the bench's own, durable as in service."""
    from django.conf import settings

    if not settings.configured:
        from chanye.kernel.settings import get_settings

        os.environ |= {"CHANYE_DATA": str(folder), "DJANGO_SETTINGS_MODULE": "chanye.web.settings"}
        get_settings.cache_clear()
        django.setup()
    from django.core.management import call_command
    from django.db import connection

    if connection.vendor == "sqlite":
        connection.close()
        connection.settings_dict["NAME"] = str(folder / "records.sqlite3")
    call_command("migrate", verbosity=0)


def _load(book: Any, plants: tuple[Plant, ...]) -> tuple[float, int]:
    """Return pieces per second and the first coil."""
    began = time.perf_counter()
    coils = [book.load(plant) for plant in plants]
    pieces = 2 * sum(plant.units for plant in plants)
    return pieces / (time.perf_counter() - began), coils[0]


def _beside(name: str, value: float, unit: str, theirs: float, bar: str, holds: bool, *plants: Plant) -> Figure:
    size = f"{2 * sum(p.units for p in plants):,} serials"
    return Figure(f"{name}, {size}", value, unit, "row per link, ORM", theirs, value / theirs, bar, holds)


def _answers(book: Any, peer: Any, coil: int, peer_coil: int, unit: int, plant: Plant, small: Plant) -> list[Figure]:
    forward = _median(lambda: book.recall(coil))
    found = book.recall(coil)
    if found != (plant.units, plant.units // BLOCK):
        raise RuntimeError(f"The recall is not right: {found}")
    back = _median(lambda: book.back(unit))
    theirs = _median(lambda: peer.recall(peer_coil))
    their_back = _median(lambda: peer.back(peer.unit_of(peer_coil)))
    scaled = theirs * plant.units / small.units
    return [
        Figure(
            f"recall of a coil: {plant.units:,} units with states, quantities, {plant.units // BLOCK} pallets",
            forward,
            "s",
            f"recursive query, {small.units:,} units × {plant.units // small.units}",
            scaled,
            scaled / forward,
            RECALL,
            forward <= 0.15,
        ),
        Figure("all serials of the recall by name", _median(lambda: book.names(coil)), "s"),
        Figure(
            "trace of one unit back",
            back * 1e3,
            "ms",
            "recursive query",
            their_back * 1e3,
            their_back / back,
            BACK,
            back <= 0.02,
        ),
        Figure("history of one unit", _median(lambda: book.history(unit)) * 1e3, "ms"),
        Figure("find a serial", _median(lambda: book.find(unit)) * 1e3, "ms"),
    ]


def _median(work: Callable[[], object], times: int = 7) -> float:
    took = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        took.append(time.perf_counter() - began)
    return statistics.median(took)
