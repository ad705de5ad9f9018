"""The pages of connections in a browser: wide and narrow, both languages, light and dark."""

from __future__ import annotations

import time
from typing import Any

import pytest

from chanye.connectors.actions import add_connection
from chanye.connectors.status import write_statuses
from chanye.connectors.types import ConnectionStatus
from chanye.kernel.settings import get_settings
from chanye.parties.types import SYSTEM
from chanye.spine.models import Asset

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def connections(plant: Any) -> int:
    plant(1)
    site = Asset.objects.get(kind="site")
    now = time.time_ns() // 1000
    rows = []
    for name, state, why in (
        ("mill", "active", ""),
        ("lathe", "degraded", "No adapter answers at 192.168.0.20:7878: is it running?"),
        ("meter", "stopped", "Options of 'mqtt' are not valid."),
    ):
        number = add_connection(
            actor=SYSTEM, site_id=site.pk, name=name, kind="shdr", options={"host": "192.168.0.20"}
        )
        rows.append(ConnectionStatus(name, "shdr", state, why, now - 90_000_000, now - 3_000_000, 1234, {}, 2))
    get_settings().run_folder.mkdir(parents=True, exist_ok=True)
    write_statuses(get_settings().run_folder, rows, now + 600_000_000, {})
    return int(number)


@pytest.mark.parametrize(
    ("size", "language", "theme"),
    [((1440, 900), "zh-hans", "light"), ((1280, 800), "en", "dark"), ((390, 844), "zh-hans", "dark")],
)
def test_connections_are_shown(connections: int, visit: Any, size: Any, language: str, theme: str) -> None:
    name = f"{size[0]}-{language}-{theme}"
    watched = visit("/connections/", size, language, theme)
    assert watched.page.locator("tbody tr").count() == 3
    watched.picture(f"connections-{name}")
    wide = "document.documentElement.scrollWidth <= window.innerWidth"
    assert watched.page.evaluate(wide)
    watched.page.goto(watched.page.url + f"{connections}/")
    watched.page.wait_for_timeout(2500)
    assert watched.page.locator("#live .panel").count() == 3
    assert watched.page.evaluate(wide)
    watched.picture(f"connection-{name}")
    assert watched.errors == []
