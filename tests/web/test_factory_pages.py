"""The factory's pages over its real reads and the real historian."""

from __future__ import annotations

import time

import numpy as np
import pytest
from django.test import Client

from chanye.kernel.settings import get_settings
from chanye.parties.models import Organisation
from chanye.parties.types import Viewer
from chanye.spine.history import Batch, History
from chanye.spine.models import Asset, Series

pytestmark = pytest.mark.django_db
SECOND = 1_000_000


def test_board_machine_and_evidence(monkeypatch: pytest.MonkeyPatch) -> None:
    firm = Organisation.objects.create(name="Firm", code="pages")
    viewer = Viewer(1, firm.id, frozenset({"engineer"}))
    monkeypatch.setattr("chanye.web.middleware._viewer_of_page", lambda request: viewer)
    site = Asset.objects.create(organisation=firm, kind="site", code="s", name="Works", path="pages/s")
    machine = Asset.objects.create(
        organisation=firm, parent=site, kind="work_unit", code="m", name="Mill <7>", path="pages/s/m"
    )
    series = Series.objects.create(
        id=2_500, asset=machine, code="exec", name="exec", kind="state", unit="1", role="execution"
    )
    now = time.time_ns() // 1000
    at = np.array([now - 120 * SECOND, now - 60 * SECOND], np.int64)
    with History(get_settings().history_folder) as store:
        codes = np.array(store.encode(series.id, ["ACTIVE", "FEED_HOLD"]), float)
        store.append(Batch("pages", 1, np.full(2, series.id, np.uint32), at, codes, np.zeros(2, np.uint16)))
    client = Client()
    client.cookies["django_language"] = "en"
    board = client.get(f"/sites/{site.id}/")
    assert board.status_code == 200
    assert b"Mill &lt;7&gt;" in board.content
    assert b"<7>" not in board.content
    assert b"Content-Security-Policy" not in board.content
    assert "script-src 'self' 'nonce-" in board["Content-Security-Policy"]
    part = client.get(f"/sites/{site.id}/?part=tiles")
    assert client.get(f"/sites/{site.id}/?part=tiles", headers={"if-none-match": part["ETag"]}).status_code in (
        200,
        304,
    )
    for query in (
        "",
        "?range=shift",
        "?range=7d",
        "?start=x&end=y",
        f"?start={now // 1000 - 600000}&end={now // 1000}",
    ):
        assert client.get(f"/machines/{machine.id}/{query}").status_code == 200
    assert client.get(f"/machines/{machine.id}/?part=now").status_code == 200
    for name in ("availability", "effectiveness", "quality_ratio", "oee", "throughput", "produced"):
        page = client.get(f"/machines/{machine.id}/figures/{name}/")
        assert page.status_code == 200
        sheet = client.get(f"/machines/{machine.id}/figures/{name}/", headers={"hx-request": "true"})
        assert b"<html" not in sheet.content
    assert client.get(f"/machines/{machine.id}/figures/nonsense/").status_code == 404
    assert client.get(f"/machines/{site.id}/").status_code == 404
    assert client.get("/sites/999999/").status_code == 404
