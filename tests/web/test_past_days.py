"""A day that is over, looked at on the board and the machine page, by the site's own clock."""

from __future__ import annotations

import gzip
import html
import re
import time
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from chanye.domains.factory.pages.days import read_day
from chanye.kernel.settings import get_settings
from chanye.parties.models import Organisation
from chanye.parties.types import Viewer
from chanye.spine.history import History
from chanye.spine.models import Asset
from chanye.spine.types import AssetRef
from factory_kit import HOUR, Plant

ZONE = ZoneInfo("America/New_York")


def at(text: str, zone: ZoneInfo = ZONE) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=zone).timestamp()) * 1_000_000


def site(zone: str) -> AssetRef:
    return AssetRef(1, None, 1, "site", "s", "S", "o/s", zone, False)


@given(st.dates(min_value=datetime(1990, 1, 1).date(), max_value=datetime(2026, 6, 1).date()))
def test_days_follow_each_other_without_gap(day) -> None:
    shop, now = site("America/New_York"), at("2026-06-10T12:00:00")
    one = read_day(str(day), shop, now)
    assert one.start == at(f"{day}T00:00:00")
    assert one.name == str(day)
    following = read_day(one.after, shop, now)
    assert (one.end, following.before) == (following.start, one.name)
    assert one.end - one.start in (23 * HOUR, 24 * HOUR, 25 * HOUR)


@pytest.mark.parametrize(
    "text", [None, "", "x", "2026-13-01", "20260601", "2026-06-11", "9999-12-31", "２０２６-06-01"]
)
def test_what_is_no_day_or_not_there_yet_is_today(text: str | None) -> None:
    day = read_day(text, site("America/New_York"), at("2026-06-10T23:30:00"))
    assert (day.name, day.past, day.after, day.before) == ("2026-06-10", False, "", "2026-06-09")


def test_before_anything_was_recorded_there_is_no_day() -> None:
    assert read_day("0001-01-01", site("Asia/Shanghai"), at("2026-06-10T12:00:00")).name == "1990-01-01"


@pytest.fixture
def plant(db, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("CHANYE_DATA", str(tmp_path))
    get_settings.cache_clear()
    with History(get_settings().history_folder) as history:
        made = Plant(history)
        Asset.objects.update(timezone="America/New_York")
        monkeypatch.setattr("chanye.web.middleware._viewer_of_page", lambda request: made.viewer)
        yield made
    monkeypatch.undo()
    get_settings.cache_clear()


def seen(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return html.unescape(re.sub(r"\s+", " ", answer.content.decode()))


def test_a_recorded_day_is_found_from_today(plant: Plant) -> None:
    machine = plant.machine("mill")
    state, parts = plant.series(machine, "execution"), plant.series(machine, "part_count")
    noon = at("2017-02-01T12:00:00")
    plant.write(state, [(noon, "ACTIVE", 0), (noon + HOUR, "FEED_HOLD", 0), (noon + 2 * HOUR, None, 0x8031)])
    plant.write(parts, [(noon, 5, 0), (noon + HOUR // 2, 8, 0), (noon + 2 * HOUR - 1, 12, 0)])
    client = Client()
    client.cookies["django_language"] = "en"
    for address in (f"/sites/{plant.site.id}/", f"/machines/{machine.id}/"):
        today = seen(client, address)
        assert "No data today." in today
        assert "The newest data are from 2017-02-01." in today
        assert 'href="?day=2017-02-01"' in today
    board = seen(client, f"/sites/{plant.site.id}/?day=2017-02-01")
    assert "FEED_HOLD" in board
    assert "as of 14:00" in board
    assert re.search(r'Parts</span><span class="value">7<', board)
    assert "hx-trigger=" not in re.sub(r"<dialog.*?</dialog>", "", board)  # nothing is asked for again
    assert f"/machines/{machine.id}/?day=2017-02-01" in board
    assert "?day=2017-01-31" in board
    assert "?day=2017-02-02" in board
    page = seen(client, f"/machines/{machine.id}/?day=2017-02-01")
    start, end = at("2017-02-01T00:00:00") // 1000, at("2017-02-02T00:00:00") // 1000
    assert f"figures/produced/?start={start}&end={end}" in page
    assert f"/series/{parts.id}/?start={start}&end={end}" in page
    assert "only what is known, 12:00–14:00" in page
    assert re.search(r'"Last value">12 ', page)
    assert "2017-02-01 13:59:59" in page
    unknown = seen(client, f"/sites/{plant.site.id}/?day=2017-01-31")
    assert "Nothing is known of 2017-01-31." in unknown
    assert "Show 2017-02-01" in unknown


def test_the_days_of_another_firm_stay_closed(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    machine = plant.machine("mill")
    plant.series(machine, "execution")
    other = Viewer(2, Organisation.objects.create(name="o", code="o").pk, frozenset({"admin"}))
    monkeypatch.setattr("chanye.web.middleware._viewer_of_page", lambda request: other)
    for address in (f"/sites/{plant.site.id}/?day=2017-02-01", f"/machines/{machine.id}/?day=2017-02-01"):
        assert Client().get(address).status_code == 404


def test_a_poll_that_finds_nothing_new_draws_no_board(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    from chanye.domains.factory.pages import board as boards
    from chanye.domains.factory.queries import machines as queries

    machine = plant.machine("mill")
    state = plant.series(machine, "execution")
    now = at("2026-06-10T12:00:01")
    monkeypatch.setattr("chanye.domains.factory.pages.board.time", SimpleNamespace(time_ns=lambda: now * 1000))
    plant.write(state, [(now - HOUR, "ACTIVE", 0)])
    drawn = []
    real = queries.board
    monkeypatch.setattr(boards.queries, "board", lambda *a, **k: drawn.append(1) or real(*a, **k))
    client, address = Client(), f"/sites/{plant.site.id}/?part=tiles"
    first = client.get(address)
    assert client.get(address, headers={"if-none-match": first["ETag"]}).status_code == 304
    assert len(drawn) == 1
    plant.write(state, [(now - HOUR // 60, "FEED_HOLD", 0), (now, "FEED_HOLD", 0)])
    time.sleep(boards.TOGETHER)
    changed = client.get(address, headers={"if-none-match": first["ETag"]})
    assert (changed.status_code, len(drawn)) == (200, 2)
    assert b"FEED_HOLD" in changed.content
    stranger = Viewer(2, Organisation.objects.create(name="o", code="o").pk, frozenset({"admin"}))
    monkeypatch.setattr("chanye.web.middleware._viewer_of_page", lambda request: stranger)
    assert client.get(address, headers={"if-none-match": changed["ETag"]}).status_code == 404


def test_the_real_day(db, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import subprocess
    import sys

    from migrated import give_records
    from shared_data import shared_data
    from subprocess_environment import environment

    give_records(tmp_path / "var")
    recording, devices = shared_data("mtconnect/hurco04-2017-02-01.txt.gz"), shared_data("mtconnect/Devices.xml")
    with gzip.open(recording, "rt") as file:
        assert file.readline()
    program = f"""
import os, subprocess, sys
run = lambda *words: subprocess.run([sys.executable, "-m", "chanye", *words], check=True)
run("init", "nist", "--site", "shop", "--timezone", "America/New_York")
run("import", {str(recording)!r}, "--format", "shdr", "--devices", {str(devices)!r}, "--device", "Hurco04",
    "--site", "nist/shop", "--keep-good")
os.environ["DJANGO_SETTINGS_MODULE"] = "chanye.web.settings"
import django
django.setup()
from chanye.parties.types import SYSTEM
from chanye.spine import queries as spine
from chanye.spine.frame_actions import run_processor
from chanye.spine.processors import default_processors
from chanye.spine.store import reader
for processor in default_processors():
    while run_processor(actor=SYSTEM, processor=processor, reader=reader()):
        pass
from chanye.domains.factory.queries import machines as queries
from chanye.domains.factory.pages.days import read_day
from chanye.kernel.time import now_us
(site,) = spine.sites(SYSTEM)
day = read_day("2017-02-01", site, now_us())
(tile,) = queries.past_board(SYSTEM, site.id, day.start, day.end, now=now_us()).tiles
print("SEEN", tile.parts_today.value, tile.state, tile.as_of)
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=environment(tmp_path / "var"),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    # the last line of the recording is of 15:11:13 by the clock of the shop
    told = next(line for line in done.stdout.splitlines() if line.startswith("SEEN")).split()
    assert told[1:3] == ["10.0", "waiting"]
    assert int(told[3]) // 1_000_000 == at("2017-02-01T15:11:13") // 1_000_000
