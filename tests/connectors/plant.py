"""An installation in a folder with a connector of its own, driven through the real command."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from migrated import give_records

ROOT = Path(__file__).parents[2]


class Plant:
    """A data folder, its environment and its collect process."""

    def __init__(self, folder: Path, records: Path) -> None:
        self.data = folder / "var"
        self.data.mkdir(parents=True)
        shutil.copy(records, self.data / "records.sqlite3")
        info = folder / "site" / "demo_connectors-1.0.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: demo-connectors\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text("[chanye.connectors]\ncounting = connectors.demo:Counting\n")
        self.env = environment(self.data) | {
            "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT / 'tests'}{os.pathsep}{folder / 'site'}"
        }
        self.process: subprocess.Popen[bytes] | None = None

    def run(self, code: str) -> Any:
        """Run code with the records ready and ``site`` defined; it prints JSON."""
        code = f"from chanye.cli import setup_django; setup_django()\nimport json\n{PRELUDE}\n{code}"
        out = subprocess.run(
            [sys.executable, "-c", code], env=self.env, cwd=self.data, check=False, capture_output=True, text=True
        )
        assert out.returncode == 0, out.stderr
        return json.loads(out.stdout) if out.stdout.strip() else None

    def command(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run ``chanye WORDS``."""
        return subprocess.run(
            [sys.executable, "-m", "chanye", *words],
            env=self.env,
            cwd=self.data,
            check=False,
            capture_output=True,
            text=True,
        )

    def start(self) -> float:
        """Start collect; return how long it took until it answered. [s]"""
        began = time.monotonic()
        self.process = subprocess.Popen([sys.executable, "-m", "chanye", "collect"], env=self.env, cwd=self.data)
        wait(lambda: (self.data / "run" / "collect.sock").exists() and self.status().get("pid") == self.process.pid)
        return time.monotonic() - began

    def stop(self) -> float:
        """Ask collect to end; return how long it took. [s]"""
        assert self.process is not None
        began = time.monotonic()
        self.process.terminate()
        self.process.wait(15)
        return time.monotonic() - began

    def kill(self) -> None:
        """End collect as a power cut would."""
        assert self.process is not None
        self.process.kill()
        self.process.wait(10)

    def status(self) -> Mapping[str, Any]:
        """Return the status file."""
        try:
            return json.loads((self.data / "run" / "connectors.json").read_text())
        except (OSError, ValueError):
            return {}

    def state(self, name: str) -> Mapping[str, Any]:
        """Return the status of one connection."""
        return {row["name"]: row for row in self.status().get("connections", [])}.get(name, {})


PRELUDE = """
from chanye.parties.models import Organisation
from chanye.parties.types import SYSTEM
from chanye.spine.actions import ensure_asset
from chanye.connectors import actions
firm = Organisation.objects.get_or_create(code="firm", defaults={"name": "Firm"})[0]
site = ensure_asset(actor=SYSTEM, organisation_id=firm.pk, parent_id=None, kind="site", code="plant", name="Plant")
"""


def environment(data: Path) -> dict[str, str]:
    """Return the environment of an installation."""
    return {
        **os.environ,
        "CHANYE_DATA": str(data),
        "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT / 'tests'}",
        "PYTHONWARNINGS": "ignore",
    }


def make_records(folder: Path) -> Path:
    """Make empty records; every plant copies them."""
    return give_records(folder)


def wait(until: Callable[[], bool], seconds: float = 30.0) -> None:
    """Wait until something holds."""
    end = time.monotonic() + seconds
    while not until():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)
