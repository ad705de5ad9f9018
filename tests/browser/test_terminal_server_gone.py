"""The server is killed while a terminal works, and started again: the work goes on, all of it arrives once."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from browser.test_terminal import booked, tap
from chanye.cli.supervisor import answers
from chanye.cli.up import free_port, web_plan
from chanye.kernel.settings import get_settings
from migrated import give_records
from subprocess_environment import ROOT, environment

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SEED = """
import chanye.cli; chanye.cli.setup_django()
from django.test import Client
from chanye.parties.models import Person
from mes_kit import Mes
mes = Mes()
mes.order("W-1", 40)
client = Client()
client.force_login(Person.objects.get(pk=mes.operator.person_id))
print(client.cookies["sessionid"].value)
"""


class Server:
    """The web server of a data folder; it can be killed, with all its workers, and started again on its port."""

    def __init__(self, data: Path) -> None:
        self.env = environment(data)
        self.port = free_port("127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self.port}"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it answers."""
        plan = web_plan(get_settings().model_copy(update={"host": "127.0.0.1", "web_workers": 1}), self.port)
        self.process = subprocess.Popen(plan.argv, env=self.env, start_new_session=True)
        end = time.monotonic() + 30
        while not answers(self.url, "/healthz"):
            assert self.process.poll() is None, "the web server ended"
            assert time.monotonic() < end, "the web server does not answer"
            time.sleep(0.05)

    def kill(self) -> None:
        """End it at once, whatever it is doing."""
        if self.process is not None and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    made = Server(tmp_path)
    yield made
    made.kill()


def test_a_killed_server_stops_nobody_and_loses_nothing(server: Server, tmp_path: Path, browser: Browser) -> None:
    records = give_records(tmp_path)
    env = environment(tmp_path, PYTHONPATH=os.pathsep.join([str(ROOT / "src"), str(ROOT / "tests")]))
    seeded = subprocess.run([sys.executable, "-c", SEED], env=env, capture_output=True, text=True)
    assert seeded.returncode == 0, seeded.stderr
    server.start()
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    cookies: list[Any] = [("sessionid", seeded.stdout.split()[-1]), ("django_language", "zh-hans")]
    context.add_cookies([{"name": name, "value": value, "url": server.url} for name, value in cookies])
    page = context.new_page()
    page.set_default_timeout(10_000)
    page.goto(f"{server.url}/terminal/mes-mill/")
    page.evaluate("navigator.serviceWorker.ready.then(() => 0)")
    tap(page, "开工")
    tap(page, "+1")
    expect(page.locator("[data-good]")).to_have_text("1")
    booked(page)
    tap(page, "+5")
    server.kill()  # perhaps before it booked, perhaps before it could say so
    expect(page.locator("[data-link]")).to_contain_text("离线")
    tap(page, "+10")
    expect(page.locator("[data-good]")).to_have_text("16")  # shown only when it is kept
    page.reload()  # nobody answers: the page comes from the tablet
    expect(page.locator("[data-good]")).to_have_text("16")
    tap(page, "+1")
    expect(page.locator("[data-count]")).to_contain_text("本机暂存")
    server.start()
    tap(page, "+5")
    booked(page)
    expect(page.locator("[data-good]")).to_have_text("22")
    context.close()
    server.kill()
    with sqlite3.connect(records) as found:
        rows = found.execute(
            "SELECT good, event_at FROM factory_booking WHERE kind = 'output' ORDER BY id"
        ).fetchall()
        kinds = found.execute("SELECT kind, COUNT(*) FROM factory_inboxentry GROUP BY kind").fetchall()
    found.close()
    assert [good for good, _at in rows] == [1, 5, 10, 1, 5]
    assert [at for _good, at in rows] == sorted(at for _good, at in rows)
    assert kinds == [("output", 5), ("start", 1)]
