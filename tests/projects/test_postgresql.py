"""PostgreSQL refuses as SQLite does to change a target, a return and what was published."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = """
import django
django.setup()
from django.core.management import call_command
from django.db import DatabaseError, connection
call_command("migrate", "projects", verbosity=0)
for table in ("projects_target", "projects_monthlyreturn", "projects_closedmonth", "projects_release"):
    for statement in (f"UPDATE {table} SET office_id = 1", f"DELETE FROM {table}", f"TRUNCATE {table}"):
        try:
            with connection.cursor() as cursor:
                cursor.execute(statement)
        except DatabaseError as error:
            print("append-only" in str(error))
"""


@pytest.mark.slow
def test_postgresql_refuses_to_change_what_was_said(postgresql_url: str, tmp_path: Path) -> None:
    env = os.environ | {
        "CHANYE_DATABASE": postgresql_url,
        "CHANYE_DATA": str(tmp_path),
        "PYTHONPATH": os.pathsep.join(p for p in sys.path if p),
        "DJANGO_SETTINGS_MODULE": "chanye.web.settings",
    }
    done = subprocess.run([sys.executable, "-c", SCRIPT], env=env, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.splitlines() == ["True"] * 12
