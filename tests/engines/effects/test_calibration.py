"""Intervals cover and alarms are rare, over plants with known effects; the page of it is made by the same."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from chanye.bench.effects_validation import CASES, COVER, Row, page, run, validate
from chanye.kernel.errors import ConfigError


@pytest.mark.parametrize("case", ["step-0.8", "baseline-0.5", "sites", "lot", "drift", "week-0.8"])
def test_a_few_plants_of_a_kind(case: str) -> None:
    plants = 12 if case.startswith("week") else 40
    (row,) = validate(plants, only=(case,))
    assert row.cover >= COVER[0] - 3 * np.sqrt(0.09 / plants)
    assert row.alarms is None or row.alarms <= 0.06 + 3 * np.sqrt(0.05 / plants)
    if case == "step-0.8":
        assert row.plain_alarms is not None
        assert row.plain_alarms > 0.25


@pytest.mark.soak
@pytest.mark.parametrize("case", list(CASES))
def test_a_thousand_plants_of_a_kind(case: str) -> None:
    (row,) = validate(1000, only=(case,))
    assert row.holds, row


def test_the_page_says_what_was_found(tmp_path: Path) -> None:
    text = page([Row("a kind", 1000, 0.9, 0.1, 0.05, 0.4, 0.52), Row("b", 10, 0.99, 0, None, None, None)])
    assert "| a kind | 1,000 | 90.0 % | +0.10 % | 5.0 % | 40.0 % | 52.0 % | holds |" in text
    assert "| b | 10 | 99.0 % | +0.00 % |  |  |  | misses |" in text
    assert run("effects", plants=1, only=("drift",), folder=tmp_path) in {True, False}
    assert not list(tmp_path.iterdir())
    for what, only in (("weather", ()), ("effects", ("nothing",))):
        with pytest.raises(ConfigError, match="kinds of plants"):
            run(what, plants=1, only=only, folder=tmp_path)
