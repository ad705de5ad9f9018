"""Probes with faults put in by hand are told by their fault; good ones are left alone."""

from __future__ import annotations

import numpy as np
import pytest

from chanye.engines.agronomy.probes import Fault, examine
from chanye.kernel.errors import ConfigError


def good(rng, probes=200, days=90):
    """Drying by 0.004 a day, filled up every tenth day; noise of 3 %."""
    truth = 0.30 - 0.004 * (np.arange(days) % 10)
    wet = np.arange(days) % 10 == 0
    wet[0] = False
    expected = np.tile(truth, (probes, 1))
    seen = expected * (1 + 0.03 * rng.normal(size=expected.shape)) + 0.02 * rng.normal(size=(probes, 1))
    return seen, expected, np.tile(wet, (probes, 1))


def test_good_probes_are_left_alone():
    seen, expected, wet = good(np.random.default_rng(1))
    found = examine(seen, expected, wet)
    assert (found[:, -1] > 0).mean() < 0.03


def test_each_fault_is_told():
    seen, expected, wet = good(np.random.default_rng(2), probes=5)
    seen[0, 40:] = seen[0, 40]
    seen[1, 40:] += 0.002 * np.arange(50)
    seen[2, 40] += 0.15
    seen[3, 50] = 0.9
    seen[4] = 0.2 + 0.0012 * np.random.default_rng(3).normal(size=90)
    found = examine(seen, expected, wet)
    assert found[0, 47] & Fault.STUCK
    assert not found[0, 39] & Fault.STUCK
    assert found[1, 70] & Fault.DRIFT
    assert not found[1, 39] & Fault.DRIFT
    assert found[2, 40] & Fault.SPIKE
    assert not found[2, 41]
    assert found[3, 50] & Fault.RANGE
    assert found[4, 25] & Fault.DEAF


def test_wrong_shapes_are_refused():
    with pytest.raises(ConfigError, match="same probes"):
        examine(np.zeros((2, 3)), np.zeros((3, 3)))
