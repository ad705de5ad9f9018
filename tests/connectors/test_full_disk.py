"""A full disk under the whole product: it says so, acknowledges nothing, and goes on when there is room."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from chanye.spine.history import Reader, verify
from connectors.plant import Plant, make_records, wait

BASE = 1_700_000_000_000_000

SIGN_IN = """
from chanye.parties import actions as parties
from chanye.parties.models import Person
from django.test import Client
from django.contrib.auth import get_user_model
number = parties.create_person(actor=SYSTEM, organisation_id=firm.pk, username="eva", name="Eva", role="engineer",
    password="correct horse 9")
client = Client()
client.force_login(Person.objects.get(pk=number))
print(json.dumps(client.cookies["sessionid"].value))
"""
LOOK = """
from django.test import Client
client = Client(raise_request_exception=False, headers={{"host": "localhost"}})
wrong = client.post("/sign-in/", {{"username": "eva", "password": "wrong"}})
client.cookies["sessionid"] = {session!r}
pages = [client.get(address) for address in ("/connections/", "/connections/1/")]
texts = [pages[1].content.decode(), wrong.content.decode()]
print(json.dumps([wrong.status_code, [p.status_code for p in pages], *texts]))
"""


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("no right to mount a small file system")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def look(plant: Plant, session: str) -> tuple[int, list[int], str, str]:
    """Open pages as a server would that runs on the full disk: nothing may be written first."""
    code = f"from chanye.cli import setup_django; setup_django()\nimport json\n{LOOK.format(session=session)}"
    out = subprocess.run(
        [sys.executable, "-c", code], env=plant.env, cwd=plant.data, check=True, capture_output=True, text=True
    )
    import json

    return tuple(json.loads(out.stdout.splitlines()[-1]))


@pytest.mark.slow
def test_a_full_disk_is_told_and_costs_nothing_acknowledged(disk: Path, tmp_path: Path) -> None:
    (tmp_path / "records").mkdir()
    plant = Plant(disk, make_records(tmp_path / "records"))
    plant.env["CHANYE_MIN_FREE_MB"] = "0"
    acknowledged = tmp_path / "acknowledged"
    options = {"rows": 500, "pause": 0.005, "acknowledged": str(acknowledged)}
    plant.run(
        f"actions.add_connection(actor=SYSTEM, site_id=site.id, name='c1', kind='counting', options={options!r})"
    )
    session = plant.run(SIGN_IN)
    plant.start()
    work = subprocess.Popen(
        [sys.executable, "-m", "chanye", "work"], env=plant.env, cwd=plant.data, stderr=subprocess.DEVNULL
    )
    try:
        wait(lambda: plant.state("c1").get("samples", 0) > 2000)
        with (disk / "ballast").open("wb", buffering=0) as file, contextlib.suppress(OSError):
            while file.write(bytes(4096)):
                pass
        wait(lambda: plant.state("c1").get("state") == "degraded", 40)
        assert "Free disk space" in plant.state("c1")["why"]
        time.sleep(1.0)
        stuck = acknowledged.read_text()
        refused, pages, page, told = look(plant, session)
        assert (refused, pages) == (503, [200, 200])
        assert "Free disk space" in page
        assert "磁盘空间" in told
        assert acknowledged.read_text() == stuck, "something was acknowledged on a full disk"
        assert work.poll() is None
        assert plant.process is not None
        assert plant.process.poll() is None
        (disk / "ballast").unlink()
        wait(lambda: plant.state("c1").get("state") == "active", 60)
        wait(lambda: int(acknowledged.read_text()) > int(stuck))
    finally:
        work.terminate()
        work.wait(15)
        plant.stop()
    report = verify(plant.data / "history")
    assert report.ok, report.problems
    found = plant.run("from chanye.connectors.models import Tag\nprint(Tag.objects.get(address='n').series_id)")
    rows = Reader(plant.data / "history").raw([found], BASE, BASE + 10**12)
    count = int(acknowledged.read_text())
    assert count <= len(rows) <= count + 500, "at most the one delivery whose answer was never read"
    np.testing.assert_array_equal(rows.value, np.arange(len(rows)))
    assert plant.command("verify").returncode == 0
