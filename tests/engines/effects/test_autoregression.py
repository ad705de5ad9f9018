"""Before and after in a series that remembers: false alarms, cover, and the likelihood against plain matrices."""

from __future__ import annotations

import os

import numpy as np
import pytest

from chanye.engines.effects import autoregression
from chanye.engines.effects.detectable import least_effect, steps_needed
from chanye.engines.effects.student import cumulative, quantile

#: Series played for each correlation; the slow proof plays more.
PLAYED = int(os.environ.get("CHANYE_TEST_SERIES", "100"))


def series(rho: float, n: int, rng: np.random.Generator) -> np.ndarray:
    news = rng.standard_normal(n)
    news[0] /= np.sqrt(1 - rho**2)
    out = np.empty(n)
    out[0] = news[0]
    for t in range(1, n):
        out[t] = rho * out[t - 1] + news[t]
    return out


def step_design(n: int, at: int) -> np.ndarray:
    return np.column_stack([np.ones(n), np.arange(n) >= at]).astype(float)


@pytest.mark.parametrize("rho", [0.0, 0.5, 0.8])
def test_false_alarms_are_as_rare_as_promised(rho: float) -> None:
    rng = np.random.default_rng(int(rho * 10))
    design, step = step_design(360, 180), np.array([0.0, 1.0])
    alarms = plain = 0
    for _ in range(PLAYED):
        y = series(rho, 360, rng)
        _, low, high = autoregression.fit(y, design).interval(step, level=0.95)
        alarms += low > 0 or high < 0
        before, after = y[:180], y[180:]
        error = np.sqrt(before.var(ddof=1) / 180 + after.var(ddof=1) / 180)
        plain += abs(after.mean() - before.mean()) > 1.96 * error
    wide = 3 * np.sqrt(0.05 * 0.95 / PLAYED)
    assert abs(alarms / PLAYED - 0.05) <= 0.01 + wide
    if rho:
        assert plain / PLAYED > 0.18  # what every dashboard does


@pytest.mark.parametrize("rho", [-0.4, 0.0, 0.6])
def test_it_is_the_restricted_likelihood(rho: float) -> None:
    """The same by dense matrices: the correlation matrix written out, its determinant and inverse."""
    rng = np.random.default_rng(7)
    n = 40
    x = np.column_stack([np.ones(n), rng.normal(size=n), np.arange(n) >= 25]).astype(float)
    step = rng.choice([1, 1, 1, 2, 5], n)
    y = x @ [3.0, 1.0, 2.0] + series(0.5, n, rng)
    found = autoregression.fit(y, x, step)
    at = np.cumsum(step)

    def dense(r: float) -> tuple[float, np.ndarray, np.ndarray]:
        apart = np.abs(at[:, None] - at[None, :])
        matrix = np.sign(r) ** apart * abs(r) ** apart
        inverse = np.linalg.inv(matrix)
        information = x.T @ inverse @ x
        line = np.linalg.solve(information, x.T @ inverse @ y)
        rest = y - x @ line
        variance = rest @ inverse @ rest / (n - 3)
        terms = (n - 3) * np.log(variance) + np.linalg.slogdet(matrix)[1] + np.linalg.slogdet(information)[1]
        return -0.5 * float(terms), line, variance * np.linalg.inv(information)

    grid = np.linspace(-0.88, 0.98, 1861)
    best = float(grid[int(np.argmax([dense(float(one))[0] for one in grid]))])
    assert found.rho == pytest.approx(best, abs=2e-3)
    _, line, covariance = dense(found.rho)
    assert found.coefficient == pytest.approx(line, abs=1e-8)
    assert found.covariance == pytest.approx(covariance, rel=1e-6)
    assert dense(found.rho)[0] >= dense(rho)[0] - 1e-9


def test_without_memory_it_is_plain_regression() -> None:
    rng = np.random.default_rng(1)
    x = np.column_stack([np.ones(400), rng.normal(size=400)])
    y = x @ [1.0, 2.0] + rng.normal(size=400)
    found = autoregression.fit(y, x)
    plain, squares, *_ = np.linalg.lstsq(x, y, rcond=None)
    assert found.coefficient == pytest.approx(plain, abs=0.02)
    assert found.sigma == pytest.approx(float(np.sqrt(squares[0] / 398)), rel=0.02)
    assert abs(found.rho) < 0.15


def test_what_cannot_be_fitted_is_refused() -> None:
    with pytest.raises(ValueError, match="too few"):
        autoregression.fit(np.arange(4.0), step_design(4, 2))
    with pytest.raises(ValueError, match="depend on each other"):
        autoregression.fit(np.arange(9.0), np.ones((9, 2)))


@pytest.mark.parametrize(
    ("p", "freedom", "printed"),
    [  # tables of Student's t
        (0.975, 1, 12.7062),
        (0.95, 5, 2.0150),
        (0.975, 10, 2.2281),
        (0.99, 30, 2.4573),
        (0.995, 120, 2.6174),
        (0.975, 1e9, 1.9600),
    ],
)
def test_quantiles_of_student(p: float, freedom: float, printed: float) -> None:
    assert quantile(p, freedom) == pytest.approx(printed, abs=5e-5)
    assert quantile(1 - p, freedom) == pytest.approx(-printed, abs=5e-5)
    assert cumulative(quantile(p, freedom), freedom) == pytest.approx(p, abs=1e-9)


@pytest.mark.parametrize("rho", [0.0, 0.6])
def test_the_least_effect_is_found_as_often_as_said(rho: float) -> None:
    rng = np.random.default_rng(3)
    sigma = 1 / np.sqrt(1 - rho**2)
    least = least_effect(sigma=sigma, rho=rho, before=200, after=100, mean=10.0, level=0.9, power=0.8)
    design, step = step_design(300, 200), np.array([0.0, 1.0])
    found = 0
    for _ in range(PLAYED):
        _, low, _ = autoregression.fit(series(rho, 300, rng) + least.effect * design[:, 1], design).interval(step)
        found += low > 0
    assert abs(found / PLAYED - 0.8) <= 0.03 + 3 * np.sqrt(0.16 / PLAYED)
    assert least.relative == pytest.approx(least.effect / 10)


def test_more_days_are_needed_for_less() -> None:
    asked = {"sigma": 10.0, "rho": 0.5, "before": 365}
    days = [steps_needed(**asked, effect=effect) for effect in (8.0, 6.0, 5.0)]
    assert days == sorted(days)
    assert steps_needed(**asked, effect=0.5) is None
    with pytest.raises(ValueError, match="two steps"):
        least_effect(sigma=1, rho=0.5, before=1, after=9, mean=1)
