"""The collect process: groups come and go with the configuration, and kill -9 costs nothing acknowledged."""

from __future__ import annotations

import os
import random
import stat
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest

from chanye.spine.history import Reader
from connectors.plant import Plant, make_records, wait

KILLS = int(os.environ.get("CHANYE_TEST_KILLS", "3"))
BASE = 1_700_000_000_000_000


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_records(tmp_path_factory.mktemp("records"))


@pytest.fixture
def plant(tmp_path: Path, records: Path) -> Iterator[Plant]:
    plant = Plant(tmp_path, records)
    yield plant
    if plant.process is not None and plant.process.poll() is None:
        plant.stop()


def add(plant: Plant, name: str, **options: object) -> None:
    plant.run(
        f"actions.add_connection(actor=SYSTEM, site_id=site.id, name={name!r}, kind='counting', options={options!r})"
    )


def numbers(plant: Plant, name: str) -> dict[str, int]:
    found = plant.run(
        "from chanye.connectors.models import Tag\n"
        f"print(json.dumps(dict(Tag.objects.filter(connection__name={name!r}).values_list('address', 'series_id'))))"
    )
    return dict(found)


def groups_of(plant: Plant) -> list[psutil.Process]:
    assert plant.process is not None
    return psutil.Process(plant.process.pid).children()


@pytest.mark.slow
def test_connections_come_change_and_go(plant: Plant) -> None:
    plant.start()
    time.sleep(1.5)
    assert groups_of(plant) == [], "without connections there is no process"
    assert stat.S_IMODE((plant.data / "run").stat().st_mode) == 0o700
    add(plant, "c1")
    began = time.monotonic()
    wait(lambda: plant.state("c1").get("state") == "active")
    assert time.monotonic() - began < 6
    (group,) = groups_of(plant)
    assert group.memory_info().rss < 90 << 20
    plant.run(
        "actions.change_connection(actor=SYSTEM, connection_id=1, options={'fail': 'config'})\n"
        "from chanye.parties.models import AuditEntry\n"
        "assert AuditEntry.objects.filter(verb='change_connection').count() == 1"
    )
    wait(lambda: plant.state("c1").get("state") == "stopped")
    assert "as told" in plant.state("c1")["why"]
    plant.run("actions.change_connection(actor=SYSTEM, connection_id=1, options={})")
    wait(lambda: plant.state("c1").get("state") == "active")
    group = groups_of(plant)[0]
    group.kill()
    wait(lambda: bool(groups_of(plant)) and groups_of(plant)[0].pid != group.pid)
    wait(lambda: plant.state("c1").get("state") == "active")
    plant.run("actions.set_enabled(actor=SYSTEM, connection_id=1, enabled=False)")
    wait(lambda: not groups_of(plant))
    assert plant.stop() < 10
    assert plant.process is not None
    assert plant.process.returncode == 0


@pytest.mark.slow
def test_kill_9_loses_nothing_acknowledged(plant: Plant, tmp_path: Path) -> None:
    acknowledged = tmp_path / "acknowledged"
    add(plant, "c1", rows=200, pause=0.001, acknowledged=str(acknowledged))
    chance = random.Random(7)
    gaps = 0
    for round_ in range(KILLS):
        assert plant.start() < 10
        wait(lambda: plant.state("c1").get("state") == "active")
        before = plant.state("c1")["samples"]
        wait(lambda b=before: plant.state("c1").get("samples", 0) > b)
        time.sleep(chance.random())
        groups = groups_of(plant)
        plant.kill()
        _, alive = psutil.wait_procs(groups, 10)
        assert not alive, "a group whose collect is gone ends itself"
        known = int(acknowledged.read_text())
        series = numbers(plant, "c1")["n"]
        rows = Reader(plant.data / "history").raw([series], BASE, BASE + 10**12)
        assert len(rows) >= known, f"round {round_}: acknowledged {known}, found {len(rows)}"
        np.testing.assert_array_equal(rows.value, np.arange(len(rows)))
        np.testing.assert_array_equal(rows.time, BASE + np.arange(len(rows)))
        gaps += 1
    plant.start()
    wait(lambda: plant.state("c1").get("state") == "active")
    plant.stop()
    rows = Reader(plant.data / "history").raw([series], BASE, 1 << 62)
    marks = rows.quality == 0x8031
    assert marks.sum() == gaps + 1, "each kill and the last stop say where knowledge ended"
    assert (~marks).sum() == rows.value[~marks].max() + 1


@pytest.mark.slow
def test_an_import_goes_through_a_running_collect(plant: Plant, tmp_path: Path) -> None:
    plant.run("print('{}')")
    table = tmp_path / "t.csv"
    table.write_text("time,v,s\n2024-03-01T00:00:00Z,1,ON\n2024-03-01T00:00:01Z,2,OFF\n")
    mapping = tmp_path / "m.toml"
    mapping.write_text(
        '[[series]]\ncolumn = "v"\nunit = "1"\n[[series]]\ncolumn = "s"\nunit = "1"\nkind = "state"\nrole = "mode"\n'
    )
    plant.start()
    done = plant.command("import", str(table), "--map", str(mapping))
    assert done.returncode == 0, done.stderr
    assert "4 samples stored" in done.stdout
    assert "there already" in plant.command("import", str(table), "--map", str(mapping)).stdout
    table.write_text("time,v,s\n2024-03-01T00:00:00Z,one,ON\n")
    refused = plant.command("import", str(table), "--map", str(mapping))
    assert refused.returncode == 1
    assert "t.csv:2 [v]: this is not a number (found 'one')" in refused.stderr
    assert "Traceback" not in refused.stderr
    series = plant.run(
        "from chanye.spine.models import Series\nprint(json.dumps(dict(Series.objects.values_list('code', 'pk'))))"
    )
    reader = Reader(plant.data / "history")
    assert reader.raw([series["v"]], 0, 1 << 62).value.tolist() == [1.0, 2.0]
    assert reader.texts(series["s"]) == ["ON", "OFF"]
    assert plant.process is not None
    assert psutil.Process(plant.process.pid).memory_info().rss < 180 << 20
