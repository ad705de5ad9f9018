"""Two firms, and somebody in one who may book."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.utils.translation import override

from chanye.parties.models import Organisation
from trace_kit import Firm


@pytest.fixture(autouse=True)
def _refusals_in_english() -> Iterator[None]:
    with override("en"):
        yield


@pytest.fixture
def firm(db: None) -> Firm:
    return Firm(Organisation.objects.create(name="甲机械", code="jia").pk)


@pytest.fixture
def other(db: None) -> Firm:
    return Firm(Organisation.objects.create(name="Other", code="other").pk)
