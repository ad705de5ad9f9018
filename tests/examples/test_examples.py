"""Every example runs and is short."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from migrated import give_records
from subprocess_environment import environment

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda p: p.stem)
def test_example_runs(example: Path, tmp_path: Path) -> None:
    assert len(example.read_text().splitlines()) < 60
    give_records(tmp_path / "var")
    done = subprocess.run(
        [sys.executable, example],
        cwd=tmp_path,
        env=environment(tmp_path / "var"),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
