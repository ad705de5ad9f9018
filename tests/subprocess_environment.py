"""The environment of a command that a test starts as a person would: nothing of this test run leaks into it."""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).parents[1]


def environment(data: Path, **more: str) -> dict[str, str]:
    """Return an environment with its own data folder, without the settings of this test run."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("CHANYE_", "DJANGO_"))}
    return kept | {"CHANYE_DATA": str(data), "PYTHONPATH": str(ROOT / "src")} | more
