"""Trends: what the browser is given, against brute force over the samples."""

from __future__ import annotations

import csv
import io
import itertools
import time
from typing import Any

import numpy as np
import pytest
from django.test import Client
from openpyxl import load_workbook

from chanye.kernel.settings import get_settings
from chanye.parties.models import Organisation
from chanye.parties.types import Viewer
from chanye.spine.history import Batch, History
from chanye.spine.models import Asset, Series

pytestmark = pytest.mark.django_db
SECOND = 1_000_000
# The historian outlives a test's records: no two tests may use one number.
NUMBERS = itertools.count(2_000)


@pytest.fixture
def firm(monkeypatch: pytest.MonkeyPatch) -> Organisation:
    firm = Organisation.objects.create(name="Firm", code="trends")
    viewer = Viewer(1, firm.id, frozenset({"engineer"}))
    monkeypatch.setattr("chanye.web.middleware._viewer_of_page", lambda request: viewer)
    return firm


def make_series(firm: Organisation, code: str, kind: str, **more: Any) -> Series:
    asset, _ = Asset.objects.get_or_create(
        organisation=firm, kind="work_unit", code="m1", defaults={"name": "Mill 1", "path": "trends/m1"}
    )
    return Series.objects.create(
        id=next(NUMBERS), asset=asset, code=code, name=code, kind=kind, unit=more.pop("unit", "kW"), **more
    )


def write(series: Series, at: Any, value: Any, quality: Any = None, texts: list[str] | None = None) -> None:
    at = np.asarray(at, np.int64)
    quality = np.zeros(len(at), np.uint16) if quality is None else np.asarray(quality, np.uint16)
    with History(get_settings().history_folder) as store:
        value = np.asarray(value, float)
        if texts:
            value = np.array(store.encode(series.id, texts), float)[value.astype(int)]
        number = np.full(len(at), series.id, np.uint32)
        store.append(Batch(f"trends:{series.id}:{time.time_ns()}", 1, number, at, value, quality))


def ask(series: Series, start: int, end: int, **more: Any) -> dict[str, Any]:
    answer = Client().get(f"/series/{series.id}/points", {"start": start // 1000, "end": end // 1000, **more})
    assert answer.status_code == 200
    return answer.json()


def test_raw_below_the_pixels_and_bands_above(firm: Organisation) -> None:
    series = make_series(firm, "power", "analog")
    now = time.time_ns() // 1000 // SECOND * SECOND
    at = now - 7200 * SECOND + np.arange(7200) * SECOND
    value = np.sin(np.arange(7200) / 50)
    write(series, at, value)
    wide = ask(series, int(at[0]), now, points=300)
    assert wide["mode"] == "band"
    assert 250 <= len(wide["t"]) <= 300
    assert min(wide["lo"]) == pytest.approx(value.min(), abs=1e-6)
    assert max(wide["hi"]) == pytest.approx(value.max(), abs=1e-6)
    near = ask(series, now - 100 * SECOND, now, points=300)
    assert near["mode"] == "raw"
    inside = [v for t, v in zip(near["t"], near["v"], strict=True) if now - 100 * SECOND <= t * 1000 < now]
    assert inside == pytest.approx(value[-100:].tolist(), abs=1e-6)


def test_what_is_not_known_is_said(firm: Organisation) -> None:
    series = make_series(firm, "power", "analog", hold=10 * SECOND)
    now = time.time_ns() // 1000 // SECOND * SECOND
    start = now - 100 * SECOND
    # known 20..30 (hold), 50..60, bad from 60, good again 80..90
    write(series, [start + s * SECOND for s in (20, 50, 60, 80)], [1, 2, np.nan, 3], [0, 0, 0x8000, 0])
    spans = ask(series, start, now, points=300)["unknown"]
    assert [[(a * 1000 - start) / SECOND, (b * 1000 - start) / SECOND] for a, b in spans] == [
        [0, 20],
        [30, 50],
        [60, 80],
        [90, 100],
    ]


def test_states_come_with_class_and_words(firm: Organisation) -> None:
    series = make_series(firm, "execution", "state", unit="1", role="execution")
    now = time.time_ns() // 1000 // SECOND * SECOND
    write(series, [now - 60 * SECOND, now - 20 * SECOND], [0, 1], texts=["ACTIVE", "FEED_HOLD"])
    answer = ask(series, now - 100 * SECOND, now)
    assert [(band[2], band[3], band[1] - band[0]) for band in answer["bands"]] == [
        ("running", "ACTIVE", 40_000),
        ("stopped", "FEED_HOLD", 20_000),
    ]
    assert answer["unknown"] == [[(now - 100 * SECOND) / 1000, (now - 60 * SECOND) / 1000]]


def test_a_counter_as_a_rate_survives_its_reset(firm: Organisation) -> None:
    series = make_series(firm, "parts", "counter", unit="{part}")
    now = time.time_ns() // 1000 // SECOND * SECOND
    at = now - 3600 * SECOND + np.arange(0, 3600, 60) * SECOND
    value = np.arange(60) % 37  # one piece a minute, set back to 0 once
    write(series, at, value)
    answer = ask(series, int(at[0]) + 60 * SECOND, now, points=40, **{"as": "rate"})
    rates = [v for v in answer["v"] if v is not None]
    assert rates
    assert min(rates) >= 0
    assert np.mean(rates) == pytest.approx(60, rel=0.05)


def test_export_says_what_is_seen(firm: Organisation) -> None:
    series = make_series(firm, "=evil", "analog")
    now = time.time_ns() // 1000 // SECOND * SECOND
    write(series, [now - 3 * SECOND, now - 2 * SECOND], [1.5, -2.25])
    query = {"start": (now - 10 * SECOND) // 1000, "end": now // 1000}
    plain = b"".join(Client().get(f"/series/{series.id}/export.csv", query).streaming_content).decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(plain)))
    assert [row[4] for row in rows[1:]] == ["1.5", "-2.25"]
    assert rows[1][0] == "'=evil"  # a spreadsheet must not run it
    assert rows[1][1] == "kW"
    book = b"".join(Client().get(f"/series/{series.id}/export.xlsx", query).streaming_content)
    sheet = load_workbook(io.BytesIO(book)).active
    assert [row[4] for row in sheet.iter_rows(min_row=2, values_only=True)] == [1.5, -2.25]
    assert Client().get(f"/series/{series.id}/export.exe", query).status_code == 404


@pytest.mark.parametrize(
    "query",
    ["start=x&end=y", "start=9&end=1", "start=-5&end=1e99", "points=-3", "points=abc", "with=1,,x,99999999999"],
)
def test_nonsense_in_the_address_is_not_an_error(firm: Organisation, query: str) -> None:
    series = make_series(firm, "power", "analog")
    assert Client().get(f"/series/{series.id}/points?{query}").status_code == 200
    assert Client().get(f"/series/{series.id}/?{query}").status_code in (200, 404)


def test_another_firms_series_does_not_exist(firm: Organisation) -> None:
    other = Organisation.objects.create(name="Other", code="other")
    asset = Asset.objects.create(organisation=other, kind="work_unit", code="m", name="m", path="other/m")
    series = Series.objects.create(asset=asset, code="c", kind="analog", unit="kW")
    for path in (f"/series/{series.id}/", f"/series/{series.id}/points", f"/series/{series.id}/export.csv"):
        assert Client().get(path).status_code == 404
