"""Honest bounds: the programs of the paper by a solver, another implementation, and cover at the worst drift."""

from __future__ import annotations

import numpy as np
import pytest

from chanye.engines.effects.did import NEVER, Panel, by_event_time, group_time
from chanye.engines.effects.honest import Study, breakdown, folded_quantile, relative, smooth
from engines.effects.published import minimum_wage


def _study(rng: np.random.Generator, b: int, a: int, *, bent: float = 0.1) -> Study:
    root = rng.normal(size=(a + b, a + b))
    estimates = rng.normal(0, bent, a + b)
    return Study(estimates[:b], estimates[b:], 0.04 * root @ root.T / (a + b) + 0.01 * np.eye(a + b))


def _by_solver(study: Study, m: float, weight: np.ndarray, kind: str) -> tuple[float, float]:
    """Return the compatible effects by linear programs over the whole drift, written out row by row."""
    optimize = pytest.importorskip("scipy.optimize", reason="skipped: no scipy")
    b, a = len(study.before), len(study.after)
    n = b + 1 + a  # drift at each period, that of reference included
    rows = []
    if kind == "smooth":
        for t in range(1, n - 1):
            row = np.zeros(n)
            row[t - 1], row[t], row[t + 1] = 1, -2, 1
            rows += [row, -row]
        allowed = np.full(len(rows), m)
    else:
        for t in range(b, n - 1):
            row = np.zeros(n)
            row[t], row[t + 1] = -1, 1
            rows += [row, -row]
        allowed = np.full(len(rows), m * np.abs(np.diff(np.append(study.before, 0.0))).max())
    fixed = [(v, v) for v in study.before] + [(0.0, 0.0)] + [(None, None)] * a
    cost = np.concatenate([np.zeros(b + 1), weight])
    ends = [
        optimize.linprog(sign * cost, A_ub=np.array(rows), b_ub=allowed, bounds=fixed, method="highs")
        for sign in (1.0, -1.0)
    ]
    if any(end.status == 2 for end in ends):
        return np.nan, np.nan
    effect = float(weight @ study.after)
    return effect + ends[1].fun, effect - ends[0].fun


@pytest.mark.parametrize("kind", ["smooth", "relative"])
@pytest.mark.parametrize("seed", range(8))
def test_what_is_compatible_is_what_the_programs_say(kind: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    study = _study(rng, int(rng.integers(1, 6)), int(rng.integers(1, 6)))
    weight = rng.normal(size=len(study.after))
    m = float(rng.choice([0.0, 0.3, 1.0, 2.5]))
    found = (smooth if kind == "smooth" else relative)(study, m, weight=weight)
    assert (found.low, found.high) == pytest.approx(_by_solver(study, m, weight, kind), abs=1e-7, nan_ok=True)


@pytest.mark.parametrize(("b", "a", "m"), [(1, 2, 0.1), (4, 3, 0.0), (4, 3, 0.01), (6, 5, 0.3)])
def test_another_implementation_finds_no_shorter_interval(b: int, a: int, m: float) -> None:
    honest = pytest.importorskip("diff_diff.honest_did", reason="skipped: no diff-diff")
    study = _study(np.random.default_rng(b), b, a)
    found = smooth(study, m, level=0.9)
    low, high = honest._compute_optimal_flci(
        study.before, study.after, study.covariance, np.full(a, 1 / a), b, a, m, 0.1
    )
    width = high - low
    assert (found.interval_low, found.interval_high) == pytest.approx((low, high), abs=2e-4 * width)
    assert found.interval_high - found.interval_low <= width * (1 + 1e-9)


@pytest.mark.parametrize("m", [0.5, 1.0])
def test_relative_intervals_cover_at_the_worst_drift(m: float) -> None:
    """Drift after at its bound: the true effect lies at an end of what is compatible, where cover is least."""
    rng = np.random.default_rng(5)
    root = rng.normal(size=(5, 5))
    covariance = 0.02 * root @ root.T + 0.02 * np.eye(5)
    draw = np.linalg.cholesky(covariance)
    before = np.array([0.3, -0.7, -0.5])  # steps -1, 0.2 and 0.5
    drift = m * 1.0 * np.array([1.0, 2.0])
    covered = 0
    for _ in range(60):
        seen = np.concatenate([before, drift + 2.0]) + draw @ rng.standard_normal(5)
        found = relative(Study(seen[:3], seen[3:], covariance), m)
        covered += found.interval_low <= 2.0 <= found.interval_high
    assert covered / 60 >= 0.9 - 3 * np.sqrt(0.09 / 60)
    assert covered / 60 <= 1


def test_without_drift_both_are_the_plain_interval() -> None:
    study = _study(np.random.default_rng(3), 3, 2)
    found = relative(study, 0.0)
    lean = np.array([0, 0, 0, 0.5, 0.5])
    half = 1.6448536 * float(np.sqrt(lean @ study.covariance @ lean))
    middle = float(study.after.mean())
    assert (found.interval_low, found.interval_high) == pytest.approx((middle - half, middle + half), rel=1e-3)


def test_a_straight_trend_is_taken_out() -> None:
    rng = np.random.default_rng(4)
    first = np.where(np.arange(400) < 200, 6, NEVER)
    outcome = rng.normal(0, 1, (400, 10)) + np.where(first[:, None] < 99, 0.5 * np.arange(10)[None, :], 0.0)
    outcome[:200, 6:] += 2.0
    study = Study.of(by_event_time(group_time(Panel.of(outcome, first), base="universal")))
    naive, bent = relative(study, 0.0), smooth(study, 0.0)
    assert naive.interval_low > 2.5
    assert bent.interval_low < 2.0 < bent.interval_high
    assert smooth(study, 5.0).interval_high - smooth(study, 5.0).interval_low > 10


def test_the_minimum_wage_survives_little_drift() -> None:
    study = Study.of(by_event_time(group_time(minimum_wage(), controls="never", base="universal")))
    assert len(study.before) == 3
    assert len(study.after) == 4
    most = breakdown(lambda m: relative(study, m, level=0.95))
    assert 0 < most < 1  # pre-trends are as large as the effect: it does not survive as much drift again
    assert relative(study, most * 0.99, level=0.95).shows
    assert not relative(study, most * 1.01, level=0.95).shows
    assert breakdown(lambda m: smooth(study, m, level=0.95)) < 0.05


def test_folded_quantiles() -> None:
    assert folded_quantile(0.0, 0.95) == pytest.approx(1.959964, abs=1e-6)
    assert folded_quantile(8.0, 0.9) == pytest.approx(8 + 1.281552, abs=1e-6)


def test_what_cannot_be_bounded_is_refused() -> None:
    study = _study(np.random.default_rng(3), 3, 2)
    for bad in (
        lambda: relative(study, -1.0),
        lambda: smooth(Study(np.zeros(0), study.after, np.eye(2)), 1.0),
        lambda: smooth(study, 1.0, weight=np.ones(3)),
        lambda: relative(Study(study.before, study.after, np.eye(2)), 1.0),
    ):
        with pytest.raises(ValueError, match=r"Bounds take|covariance"):
            bad()
    with pytest.raises(ValueError, match="universal"):
        Study.of(by_event_time(group_time(minimum_wage(), controls="never")))
