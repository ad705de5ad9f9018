"""A counter of pieces that stands while energy is taken as ever is not taken for rest."""

from __future__ import annotations

import numpy as np

from chanye.evidence.daily import ratio
from chanye.evidence.measures import Daily


def daily(*values: float) -> Daily:
    count = len(values)
    return Daily(np.arange(count), np.array(values), np.ones(count), np.ones(count))


def test_rest_is_known_and_a_counter_that_stands_is_not() -> None:
    energy, pieces = daily(100, 110, 12, 105, 98), daily(50, 55, 0, 0, 49)
    found = ratio(energy, pieces)
    assert found.coverage.tolist() == [1, 1, 1, 0, 1]
    assert found.weight.tolist() == [50, 55, 0, 0, 49]


def test_without_a_day_of_work_nothing_can_be_told() -> None:
    assert ratio(daily(100, 90), daily(0, 0)).coverage.tolist() == [1, 1]
