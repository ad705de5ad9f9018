"""A historian of its own for every test, and one simulated firm."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.utils import translation

from chanye.kernel.settings import get_settings
from chanye.spine.history import History
from evidence_kit import Firm


@pytest.fixture
def history(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("CHANYE_DATA", str(tmp_path))
    get_settings.cache_clear()
    with History(get_settings().history_folder) as opened:
        yield opened
    monkeypatch.undo()
    get_settings.cache_clear()


@pytest.fixture
def firm(db, history) -> Firm:
    return Firm(history, "acme")


@pytest.fixture(autouse=True)
def english():
    """Words are read in English here, whether translations are compiled or not."""
    with translation.override("en"):
        yield
