"""Where the real data of the field lie; tests that want them skip, saying so, where they are absent."""

import os
from pathlib import Path

import pytest

_BESIDE = Path(__file__).parents[2] / "shared" / "data"
FOLDER = _BESIDE if _BESIDE.is_dir() else Path(os.environ.get("CHANYE_SHARED_DATA", _BESIDE))


def shared_data(name: str) -> Path:
    """Return the path of a shared file, or skip the test."""
    path = FOLDER / name
    if not path.exists():
        pytest.skip(f"shared data absent: {name}")
    return path
