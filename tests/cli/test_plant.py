"""The plant against the product: its past is booked once, and what is said of it is the truth."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from chanye.cli.demo.plant import PlantSite, ensure_plant
from chanye.cli.demo.plant_start import Remembered, report_past
from chanye.domains.factory.queries import orders
from chanye.parties.types import SYSTEM
from chanye.spine import queries as spine
from chanye.twin.parts import HOUR, MINUTE
from chanye.twin.plant.engine import Plant
from chanye.twin.plant.layout import LINES, STATIONS
from chanye.twin.plant.practice import AFTER, BEFORE, Mode
from chanye.twin.plant.score import score_counts, true_counts
from chanye.twin.shop import local_day, midnight
from migrated import give_records

#: A product of its own, whatever settings the tests run with.
PLAIN = {"DJANGO_SETTINGS_MODULE": "chanye.web.settings", "CHANYE_BROKER_PORT": "0"}
SIX = midnight(local_day(1_772_400_000_000_000)) + 6 * HOUR
SEVEN = SIX + 65 * MINUTE


def _site(plant: Plant) -> PlantSite:
    return ensure_plant(plant, {line.code: "http://127.0.0.1:5001" for line in LINES})


def _told(site: PlantSite) -> dict[str, list[tuple[int, int, int]]]:
    found: dict[str, list[tuple[int, int, int]]] = {}
    for order in orders.orders(SYSTEM, site_id=site.machines.site):
        rows = orders.operations(SYSTEM, order_id=order.id)
        found[order.number] = [(one.good, one.scrap, one.rework) for one in rows if one.kind == "main"]
    return found


@pytest.mark.django_db
def test_the_past_is_booked_as_it_was_and_once() -> None:
    plant = Plant(AFTER, 5, SIX)
    site = _site(plant)
    assert _site(plant) == site
    assert len(site.machines.places) == len(STATIONS) == 24
    entries = report_past(plant, site, 0, SEVEN)
    assert entries > 50
    truth = true_counts(plant.record, SIX, SEVEN)
    found = _told(site)
    told = {
        (order.serial, index, False): counts
        for order in plant.orders
        for index, counts in enumerate(found[order.wish.number])
        if any(counts)
    }
    # operators have not tapped in the newest pieces yet
    assert all(a <= b for where, counts in told.items() for a, b in zip(counts, truth[where], strict=True))
    assert sum(map(sum, told.values())) > 0.5 * sum(map(sum, truth.values()))
    again = Plant(AFTER, 5, SIX)
    assert report_past(again, site, 0, SEVEN) == entries
    assert _told(site) == found
    lines = spine.assets(SYSTEM, below=site.machines.site, kinds=("work_centre",))
    assert {one.name for one in LINES} <= {asset.name for asset in lines}


@pytest.mark.django_db
def test_on_paper_the_past_is_known_late_and_whole() -> None:
    plant = Plant(BEFORE, 5, SIX)
    site = _site(plant)
    report_past(plant, site, 0, SIX + 8 * HOUR + 30 * MINUTE)
    assert not any(any(row) for rows in _told(site).values() for row in rows)
    report_past(Plant(BEFORE, 5, SIX), site, SIX + 8 * HOUR, SIX + 9 * HOUR + 2 * MINUTE)
    truth = true_counts(plant.record, SIX, SIX + 8 * HOUR)
    found = _told(site)
    told = {
        (order.serial, index, False): counts
        for order in plant.orders
        for index, counts in enumerate(found.get(order.wish.number, []))
        if any(counts)
    }
    assert score_counts({key: value for key, value in truth.items() if not key[2]}, told).share == 100.0


def test_what_is_remembered_between_starts(tmp_path: Path) -> None:
    path = tmp_path / "plant.json"
    assert Remembered.read(path) is None
    path.write_text('{"seed": 1}')
    assert Remembered.read(path) is None
    path.write_text(json.dumps({"seed": 1, "mode": "before", "epoch": 2, "told": 3, "ports": [4, 5]}))
    assert Remembered.read(path) == Remembered(1, "before", 2, 3, (4, 5))


#: Plays on records that are migrated already.
PLAY = """
import json, sys
from pathlib import Path
from chanye.cli.demo.plant_report import report
from chanye.cli.demo.plant_score import play
folder, mode, minutes, speed = sys.argv[1:]
found = play(Path(folder), mode, int(minutes) * 60_000_000, float(speed), lambda _: None)
print(json.dumps(report(found)))
"""


def _run(argv: list[str]) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, *argv], capture_output=True, text=True, timeout=900, env=os.environ | PLAIN
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.mark.soak
def test_the_score_of_an_hour_of_the_plant(tmp_path: Path) -> None:
    give_records(tmp_path)
    found = _run(
        ["-c", PLAY, str(tmp_path), "after", "60", "120"]
    )  # faster, an agent's outage would outlast what its buffer holds
    assert found["holds"], found
    assert found["refused"] == []
    assert found["machines"]["parts_true"] > 100
    assert found["machines"]["states"] > 99.5
    efficiency = found["figures"]["production_efficiency"]
    assert efficiency["told"] == pytest.approx(efficiency["true"], rel=0.1)  # benches may count as places too


@pytest.mark.soak
@pytest.mark.alone
@pytest.mark.parametrize("mode", ["before", "after"])
def test_the_score_of_a_shift_of_the_plant(tmp_path: Path, mode: Mode) -> None:
    argv = ["-m", "chanye", "demo", "--plant", "--score", "--mode", mode, "--json", "--minutes", "480"]
    assert _run([*argv, "--speed", "240", "--data", str(tmp_path / "score")])["holds"]
