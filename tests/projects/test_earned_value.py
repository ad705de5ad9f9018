"""Earned value and earned schedule against published cases.

The cases are those of the public validation suite of pmcontrols (arikanatakan/pmcontrols@03b3c521,
tests/validation_cases.json; each with a derivation by hand after PMBOK and Lipke 2003), all that concern
earned value; ``FLAT`` was computed by pmcontrols 0.2.1 itself.
"""

from __future__ import annotations

from itertools import accumulate

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chanye.domains.projects.rules.earned_value import assess, earned_schedule, planned_value
from chanye.kernel.errors import ConfigError

LINEAR = (list(range(11)), [10_000 * t for t in range(11)])
FLAT = ([0, 1, 2, 3, 4, 5], [0, 100, 200, 200, 300, 400])
CASES = {
    "evm-hand-001": (LINEAR, 30_000, 35_000, 4, {
        "pv": 40_000, "cv": -5_000, "sv": -10_000, "cpi": 6 / 7, "spi": 0.75, "eac.cpi": 116_666.66666666666,
        "eac.budget": 105_000, "tcpi": 1.0769230769230769, "vac": -16_666.666666666657, "es": 3, "sv_t": -1,
        "spi_t": 0.75, "ieac_t": 13.333333333333334}),
    "evm-on-plan-002": (LINEAR, 40_000, 40_000, 4, {
        "pv": 40_000, "cv": 0, "sv": 0, "cpi": 1, "spi": 1, "eac.cpi": 100_000, "eac.budget": 100_000, "vac": 0,
        "es": 4, "sv_t": 0, "spi_t": 1, "ieac_t": 10}),
    "evm-ahead-003": (LINEAR, 50_000, 45_000, 4, {
        "pv": 40_000, "cv": 5_000, "sv": 10_000, "cpi": 1.1111111111111112, "spi": 1.25, "eac.cpi": 90_000,
        "eac.budget": 95_000, "vac": 10_000, "es": 5, "sv_t": 1, "spi_t": 1.25, "ieac_t": 8}),
    "evm-behind-under-004": (LINEAR, 40_000, 38_000, 5, {
        "pv": 50_000, "cv": 2_000, "sv": -10_000, "cpi": 1.0526315789473684, "spi": 0.8, "eac.cpi": 95_000,
        "eac.budget": 98_000, "vac": 5_000, "es": 4, "sv_t": -1, "spi_t": 0.8, "ieac_t": 12.5}),
    "evm-complete-005": (LINEAR, 100_000, 110_000, 10, {
        "pv": 100_000, "cv": -10_000, "sv": 0, "cpi": 0.9090909090909091, "spi": 1, "eac.cpi": 110_000,
        "eac.budget": 110_000, "vac": -10_000, "es": 10, "spi_t": 1, "ieac_t": 10}),
    "flat": (FLAT, 200, 260, 4, {
        "pv": 300, "cpi": 0.769230769, "spi": 0.666666667, "eac.cpi": 520, "eac.budget": 460, "eac.both": 650,
        "tcpi": 1.428571429, "vac": -120, "es": 3, "sv_t": -1, "spi_t": 0.75, "ieac_t": 6.666666667}),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_published_cases(case: str) -> None:
    (times, planned), ev, ac, at, expected = CASES[case]
    found = assess(times, planned, ev=ev, ac=ac, at=at)
    for name, value in expected.items():
        group, _dot, key = name.partition(".")
        got = getattr(found, group)[key] if key else getattr(found, group)
        assert got == pytest.approx(value, rel=1e-9), name


@pytest.mark.parametrize(
    ("times", "planned", "ev", "es"),
    [
        (*LINEAR, 34_000, 3.4),
        (range(6), [0, 20, 50, 90, 140, 200], 70, 2.5),
        (range(6), [0, 30, 70, 120, 180, 250], 100, 2.6),
    ],
)
def test_published_interpolations(times, planned, ev: float, es: float) -> None:
    assert earned_schedule(list(times), planned, ev) == pytest.approx(es, rel=1e-12)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(1, 1000), min_size=2, max_size=12), st.floats(0, 1))
def test_earned_schedule_undoes_the_plan(steps: list[int], share: float) -> None:
    planned = [0, *accumulate(steps)]
    at = share * len(steps)
    ev = planned_value(list(range(len(planned))), planned, at)
    assert earned_schedule(list(range(len(planned))), planned, ev) == pytest.approx(at, abs=1e-6)


def test_nothing_is_divided_by_nothing() -> None:
    found = assess([0, 1], [0, 10], ev=0, ac=0, at=0)
    assert (found.cpi, found.spi, found.spi_t, found.ieac_t, found.vac) == (None,) * 5
    assert assess([0, 1], [0, 10], ev=5, ac=10, at=1).tcpi is None  # the budget is spent
    for times, planned in (([0], [1]), ([0, 0], [0, 1]), ([0, 1], [2, 1]), ([0, 1], [0, 0])):
        with pytest.raises(ConfigError):
            assess(times, planned, ev=0, ac=0, at=0)
