"""A real browser against a real server; pictures go to ``CHANYE_SCREENSHOTS`` if that is set."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.conf import settings
from playwright.sync_api import Browser, Page, sync_playwright

from browser import plant as plants
from chanye.spine.history import Batch, History
from chanye.spine.models import Series

os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"  # playwright's loop runs beside Django in this process
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


# Not for the session: while playwright lives, its event loop is this thread's, and asyncio tests cannot run there.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("skipped: no Chromium")
    with sync_playwright() as play:
        running = play.chromium.launch(executable_path=chromium, args=FLAGS)
        yield running
        running.close()


@pytest.fixture(scope="session", autouse=True)
def _visitor_is_an_engineer() -> None:
    settings.MIDDLEWARE = [
        "browser.plant.as_engineer" if name == "chanye.web.middleware.viewer_middleware" else name
        for name in settings.MIDDLEWARE
    ]
    from chanye.web import assets

    assets.ensure()


@pytest.fixture(autouse=True)
def _a_browser_test_runs() -> Iterator[None]:
    plants.AT_WORK.append(True)
    yield
    plants.AT_WORK.pop()


@pytest.fixture
def plant(live_server: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return ``make(machines)``: builds the shop and lets the factory room answer from it."""

    def make(machines: int) -> plants.Plant:
        made = plants.build(machines)
        for name in ("board", "board_tag", "tile", "day_window", "shift_runs", "strip", "machine_kpis"):
            monkeypatch.setattr(f"chanye.domains.factory.queries.machines.{name}", getattr(made, name), raising=False)
        return made

    return make


@pytest.fixture
def history() -> Any:
    """Return ``fill()``: eight hours of samples for every series there is."""

    def fill() -> None:
        from chanye.kernel.settings import get_settings

        now = time.time_ns() // 1000
        rows = plants.samples(now)
        with History(get_settings().history_folder) as store:
            for one in Series.objects.all():
                at, value = rows[one.code]
                if one.kind == "state":
                    codes = store.encode(one.id, ["ACTIVE", "READY", "FEED_HOLD"])
                    value = np.array(codes, float)[value.astype(int)]
                number = np.full(len(at), one.id, np.uint32)
                source = f"browser:{one.id}:{now}"
                store.append(Batch(source, 1, number, at, value, np.zeros(len(at), np.uint16)))

    return fill


class Watched:
    """A page that remembers what went wrong on it."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.errors: list[str] = []
        page.set_default_timeout(10_000)
        page.on("console", lambda line: self.errors.append(line.text) if line.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: self.errors.append(str(error)))

    def picture(self, name: str) -> None:
        folder = os.environ.get("CHANYE_SCREENSHOTS")
        if folder:
            Path(folder).mkdir(parents=True, exist_ok=True)
            self.page.screenshot(path=f"{folder}/{name}.png")


@pytest.fixture
def visit(browser: Browser, live_server: Any) -> Iterator[Any]:
    """Return ``open(path, size, language, theme)``."""
    contexts = []

    def go(
        path: str, size: tuple[int, int] = (1440, 900), language: str = "zh-hans", theme: str = "light"
    ) -> Watched:
        context = browser.new_context(
            viewport={"width": size[0], "height": size[1]},
            color_scheme=theme,  # type: ignore[arg-type]
            has_touch=size[0] < 500,
        )
        context.add_cookies([{"name": "django_language", "value": language, "url": live_server.url}])
        contexts.append(context)
        watched = Watched(context.new_page())
        watched.page.add_init_script(
            "window.shift = 0; new PerformanceObserver(list => { for (const e of list.getEntries())"
            " if (!e.hadRecentInput) window.shift += e.value; }).observe({type: 'layout-shift', buffered: true});"
        )
        watched.page.goto(live_server.url + path)
        return watched

    yield go
    for context in contexts:
        context.close()
    deadline = time.monotonic() + 5
    while plants.IN_HAND and time.monotonic() < deadline:
        time.sleep(0.02)
