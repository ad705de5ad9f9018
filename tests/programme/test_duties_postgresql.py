"""Two writers for one person and case at once, on SQLite and on PostgreSQL: one duty is taken, the other refused."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = """
import threading
import django
django.setup()
from django.core.management import call_command
from django.db import connection
from django.utils import translation
call_command("migrate", "programme", verbosity=0)
from chanye.domains.programme.actions.duties import take_duty
from chanye.domains.programme.models import CaseDeed
from chanye.kernel.errors import ConfigError
from programme_kit import Firm, Office, make_case

office, firm = Office(), Firm()
cases = [make_case(office, firm).pk for _ in range(6)]
found, meet = [], threading.Barrier(2)

def take(duty):
    translation.activate("en")
    try:
        for case in cases:
            meet.wait()
            try:
                take_duty(actor=office.officer, application_id=case, duty=duty)
                found.append((case, "taken"))
            except ConfigError as error:
                found.append((case, "refused" if "nobody acts twice" in str(error) else str(error)))
    finally:
        connection.close()

threads = [threading.Thread(target=take, args=(duty,)) for duty in ("pay", "verify")]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
wanted = sorted((case, what) for case in cases for what in ("taken", "refused"))
print(sorted(found) == wanted, CaseDeed.objects.count())
from django.db import IntegrityError
try:
    CaseDeed.objects.create(application_id=cases[0], person_id=office.officer.person_id, duty="approve", at=1)
except IntegrityError:
    print("the database refuses")
"""


def run(tmp_path: Path, **more: str) -> str:
    paths = os.pathsep.join(str(Path(__file__).parents[2] / one) for one in ("src", "tests"))
    env = os.environ | {"CHANYE_DATA": str(tmp_path / "var"), "PYTHONPATH": paths} | more
    env["DJANGO_SETTINGS_MODULE"] = "chanye.web.settings"
    (tmp_path / "var").mkdir(exist_ok=True)
    done = subprocess.run([sys.executable, "-c", SCRIPT], env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


@pytest.mark.slow
def test_two_writers_on_postgresql(postgresql_url: str, tmp_path: Path) -> None:
    assert run(tmp_path, CHANYE_DATABASE=postgresql_url) == "True 6\nthe database refuses\n"


@pytest.mark.slow
def test_two_writers_on_sqlite(tmp_path: Path) -> None:
    assert run(tmp_path) == "True 6\nthe database refuses\n"
