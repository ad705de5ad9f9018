"""One plant alone whose errors are of two kinds: news of the day, and something that lasts for weeks."""

from __future__ import annotations

import numpy as np

from chanye.engines.effects.alone import carried_forward
from chanye.engines.effects.days import DAY, Days
from chanye.engines.effects.gates import Limits


def days_of(seed: int) -> Days:
    """Return 730 days without any effect: 4 % of news each day, and 1 % that keeps 95 % of itself."""
    rng = np.random.default_rng(seed)
    n = 730
    slow = np.empty(n)
    slow[0] = rng.normal()
    for i in range(1, n):
        slow[i] = 0.95 * slow[i - 1] + np.sqrt(1 - 0.95**2) * rng.normal()
    pieces = 1000 * (1 + 0.1 * rng.normal(size=n))
    taken = (300 + 1.5 * pieces) * np.exp(0.04 * rng.normal(size=n) + 0.01 * slow)
    known = np.ones(n, bool)
    return Days(np.arange(n) * DAY, taken / pieces, pieces, known, True, np.zeros((n, 0)), ())


def test_what_lasts_for_weeks_is_not_taken_for_an_effect() -> None:
    alarms = 0
    before = np.arange(730) < 365
    for seed in range(60):
        found = carried_forward(days_of(seed), before, ~before, Limits(), level=0.9, least_level=0.36)
        assert found.low <= found.least_low <= found.change <= found.least_high <= found.high
        alarms += found.low > 0 or found.high < 0
    # 6 of 60 are expected; more than 13 come once in five hundred times. By days alone it is 15.
    assert alarms <= 13
