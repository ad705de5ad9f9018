"""An empty database is migrated quickly, to the very tables that Django's own way makes."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import get_commands
from django.db.migrations.state import ProjectState

PLAIN = """
import django
django.setup()
from django.core.management import call_command
from django.core.management.commands.migrate import Command
call_command(Command(), verbosity=0)
"""


def tables(folder: Path, *command: str) -> list[tuple[str, ...]]:
    env = os.environ | {
        "CHANYE_DATA": str(folder),
        "PYTHONPATH": os.pathsep.join(p for p in sys.path if p),
        "DJANGO_SETTINGS_MODULE": "chanye.web.settings",
    }
    subprocess.run([sys.executable, *command], env=env, check=True, timeout=200)
    connection = sqlite3.connect(folder / "records.sqlite3")
    found = connection.execute("SELECT type, name, tbl_name, coalesce(sql, '') FROM sqlite_master ORDER BY 1, 2")
    rows = found.fetchall()
    connection.close()
    return rows


def test_the_command_is_ours_and_leaves_django_as_it_was() -> None:
    from chanye.web.management.commands.migrate import INNER, _each_model_alone

    assert get_commands()["migrate"] == "chanye.web"
    plain = getattr(ProjectState, INNER)
    with _each_model_alone():
        assert getattr(ProjectState, INNER) is not plain
    assert getattr(ProjectState, INNER) is plain


@pytest.mark.soak
def test_the_tables_are_those_that_django_makes(tmp_path: Path) -> None:
    quick = tables(tmp_path / "quick", "-m", "chanye", "manage", "migrate", "--verbosity", "0")
    assert len(quick) > 300
    assert quick == tables(tmp_path / "plain", "-c", PLAIN)
