"""Stops, Pareto, waterfall and production with no order in a real browser, wide and narrow."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse

from browser.test_board import SIZES, check_calm
from chanye.domains.factory.actions.machines import configure_machine
from chanye.domains.factory.models import Reason
from chanye.kernel.settings import get_settings
from chanye.parties.models import Organisation
from chanye.spine.history import History
from downtime_kit import Floor
from factory_kit import GOOD, Plant

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def floor(db: None, tmp_path: Any, monkeypatch: pytest.MonkeyPatch, live_server: Any) -> Any:
    monkeypatch.setenv("CHANYE_DATA", str(tmp_path))
    get_settings.cache_clear()
    with History(get_settings().history_folder) as history:
        made = Floor(Plant(history))
        yield made
    monkeypatch.undo()
    get_settings.cache_clear()


def _shift(floor: Floor) -> None:
    plant = floor.plant
    Organisation.objects.filter(pk=plant.firm.pk).update(name="渝北精密机械")
    group = Reason.objects.create(
        organisation=plant.firm, tree="downtime", code="tech", name="设备", name_en="Machine"
    )
    Reason.objects.filter(code="breakdown").update(parent=group)
    configure_machine(actor=plant.viewer, asset_id=floor.machine.id, run_time=100.0)
    at, rows = 0, []
    for work, stop, text in (
        (40, 12, "READY"),
        (70, 25, "FAULT"),
        (60, 6, "FEED_HOLD"),
        (90, 31, "SETUP"),
        (80, 9, "READY"),
    ):
        rows += [(at, "ACTIVE"), (at + work, text)]
        at += work + stop
    floor.show(*rows, (at, "ACTIVE"), (at + 100, "FEED_HOLD"))
    count = plant.series(floor.machine, "part_count")
    plant.write(count, [(floor.at(m), m, GOOD) for m in range(0, at, 3)])
    bad = plant.series(floor.machine, "scrap_count")
    plant.write(bad, [(floor.at(0), 0, GOOD), (floor.at(200), 9, GOOD)])


def test_reasons_are_given_and_counted(floor: Floor, visit: Any) -> None:
    _shift(floor)
    watched = visit(reverse("downtime") + "?range=7d", SIZES["desk"])
    page = watched.page
    watched.picture("downtime-stops-desk-open")
    page.locator("button[name=accept]").first.click()
    page.locator(".toast").wait_for()
    for box in page.locator("input[name=stop]").all()[:2]:
        box.check()
    page.locator("#c-reason").select_option("breakdown")
    page.locator("#classify button.primary").click()
    page.locator(".toast").wait_for()
    assert sum(1 for stop in floor.stops() if stop.reasons) >= 2
    stop = floor.stops()[-1]
    looks = [
        (reverse("downtime") + "?range=7d", "phone", "en", "dark"),
        (reverse("stop", args=[stop.id]), "desk", "zh-hans", "light"),
        (reverse("pareto"), "desk", "zh-hans", "light"),
        (reverse("waterfall"), "phone", "zh-hans", "light"),
    ]
    for path, size, language, theme in looks:
        watched = visit(path, SIZES[size], language, theme)
        watched.picture(f"downtime-{path.strip('/').split('/')[-1].split('?')[0]}-{size}-{language}-{theme}")
        check_calm(watched)
