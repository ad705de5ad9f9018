"""The records on PostgreSQL: frames, connections and the board work as they do on SQLite."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = """
from chanye.cli import setup_django
setup_django()
import numpy as np
from django.core.management import call_command
from django.test import Client
call_command("migrate", verbosity=0)
from chanye.connectors import actions as connectors
from chanye.kernel.settings import get_settings
from chanye.kernel.time import now_us
from chanye.parties import actions as parties
from chanye.parties.models import Person
from chanye.parties.types import SYSTEM
from chanye.spine import actions as spine
from chanye.spine.frame_actions import run_processor
from chanye.spine.history import Batch, History, Reader
from chanye.spine.models import Frame
from chanye.spine.processors import default_processors
from chanye.spine.types import SeriesDraft

firm = parties.create_organisation(actor=SYSTEM, code="firm", name="Firm")
eva = parties.create_person(actor=SYSTEM, organisation_id=firm, username="eva", name="Eva", role="engineer",
                            password="correct horse 9")
site = spine.ensure_asset(actor=SYSTEM, organisation_id=firm, parent_id=None, kind="site", code="p", name="Plant")
mill = spine.ensure_asset(actor=SYSTEM, organisation_id=firm, parent_id=site.id, kind="work_unit", code="m",
                          name="Mill")
state = spine.ensure_series(actor=SYSTEM, asset_id=mill.id, draft=SeriesDraft(
    "execution", "state", "1", role="execution", states={"ACTIVE": "running", "STOPPED": "stopped"}))
count = spine.ensure_series(actor=SYSTEM, asset_id=mill.id, draft=SeriesDraft("n", "counter", "1", role="part_count"))
number = connectors.add_connection(actor=SYSTEM, site_id=site.id, name="c", kind="shdr", options={"port": 7878})
now = now_us()
with History(get_settings().history_folder) as history:
    codes = history.encode(state.id, ["ACTIVE", "STOPPED"])
    series = np.array([state.id] * 4 + [count.id] * 4, np.uint32)
    time = np.array([now - (40 - 10 * i) * 60_000_000 for i in range(4)] * 2, np.int64)
    value = np.array([codes[0], codes[1], codes[0], codes[1], 3, 4, 7, 7], float)
    history.append(Batch("c", 1, series, time, value, np.zeros(8, np.uint16)))
    reader = Reader(get_settings().history_folder)
    for _ in range(2):
        for processor in default_processors():
            while run_processor(actor=SYSTEM, processor=processor, reader=reader):
                pass
print("states", [f.text for f in Frame.objects.filter(series_id=state.id).order_by("start")])
print("parts", sum(f.quantity or 0 for f in Frame.objects.filter(series_id=count.id)))
client = Client(headers={"host": "localhost"})
client.force_login(Person.objects.get(pk=eva))
for address in (f"/sites/{site.id}/", f"/machines/{mill.id}/", f"/connections/{number}/", "/connections/", "/tokens/",
                f"/search?q=mill", f"/series/{state.id}/points", "/calendars/"):
    print(client.get(address).status_code, address.rstrip("0123456789/"))
"""


@pytest.mark.slow
def test_the_plant_on_postgresql(postgresql_url: str, tmp_path: Path) -> None:
    env = os.environ | {
        "CHANYE_DATABASE": postgresql_url,
        "CHANYE_DATA": str(tmp_path),
        "PYTHONPATH": os.pathsep.join(p for p in sys.path if p),
        "DJANGO_SETTINGS_MODULE": "chanye.web.settings",
    }
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], env=env, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    lines = done.stdout.splitlines()
    assert lines[0] == "states ['ACTIVE', 'STOPPED', 'ACTIVE', 'STOPPED']"
    assert lines[1] == "parts 4.0"
    assert len(lines) == 10
    assert [line for line in lines[2:] if not line.startswith("200 ")] == []
