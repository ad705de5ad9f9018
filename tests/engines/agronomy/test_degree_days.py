"""Degree-days against the sine summed in 20,000 steps."""

from __future__ import annotations

import numpy as np
import pytest

from chanye.engines.agronomy.degree_days import degree_days
from chanye.kernel.errors import ConfigError


@pytest.mark.parametrize("cutoff", ["horizontal", "intermediate", "vertical"])
def test_as_summed_in_small_steps(cutoff):
    rng = np.random.default_rng(1)
    low = rng.uniform(-5, 35, 60)
    high = low + rng.uniform(0, 20, 60)
    wave = (low + high)[:, None] / 2 + (high - low)[:, None] / 2 * np.sin(
        (np.arange(20000) + 0.5) / 20000 * 2 * np.pi
    )
    grown = np.clip(wave - 10.0, 0.0, 21.1)
    over = np.maximum(wave - 31.1, 0.0)
    grown = {"horizontal": grown, "intermediate": grown - over, "vertical": np.where(over > 0, 0.0, grown)}[cutoff]
    assert degree_days(low, high, 10.0, 31.1, cutoff) == pytest.approx(grown.mean(axis=1), abs=0.005)


def test_missing_and_wrong():
    assert np.isnan(degree_days(np.array([np.nan]), np.array([20.0]), 10.0)[0])
    assert degree_days(np.array([12.0]), np.array([20.0]), 10.0)[0] == pytest.approx(6.0)
    with pytest.raises(ConfigError, match="upper"):
        degree_days(np.array([1.0]), np.array([2.0]), 10.0, 5.0)
    with pytest.raises(ConfigError, match="exchange"):
        degree_days(np.array([3.0]), np.array([2.0]), 10.0)
