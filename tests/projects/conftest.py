"""What every test of the projects room needs."""

from __future__ import annotations

import pytest
from django.utils import translation


@pytest.fixture(autouse=True)
def english():
    """Refusals are read in English here, whether translations are compiled or not."""
    with translation.override("en"):
        yield
