"""The same way of a yuan on PostgreSQL: the same test in a process of its own, for Django knows one database."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent


@pytest.mark.soak
def test_a_yuans_way_on_postgresql(postgresql_url: str) -> None:
    env = os.environ | {"CHANYE_DATABASE": postgresql_url, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    env.pop("PYTEST_XDIST_WORKER", None)
    env["DJANGO_SETTINGS_MODULE"] = "settings_for_tests"
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(HERE / "test_a_yuans_way.py")]
    done = subprocess.run(command, cwd=HERE.parents[1], env=env, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout[-4000:]
    assert "1 passed" in done.stdout
