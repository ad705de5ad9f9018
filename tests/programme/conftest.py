"""An office and a firm, and a data folder of the test's own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.utils import translation

from chanye.kernel.settings import get_settings
from chanye.spine.history import History
from programme_kit import Firm, Office


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("CHANYE_DATA", str(tmp_path / "var"))
    get_settings.cache_clear()
    get_settings().run_folder.mkdir(parents=True)
    with translation.override("en"):
        yield
    monkeypatch.undo()
    get_settings.cache_clear()


@pytest.fixture
def office(db: None) -> Office:
    return Office()


@pytest.fixture
def firm(db: None) -> Firm:
    return Firm()


@pytest.fixture
def history() -> Iterator[History]:
    """Return a historian of the test's own, for tests that measure."""
    with History(get_settings().history_folder) as opened:
        yield opened
