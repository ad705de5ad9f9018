"""Group-time difference-in-differences against print, against another implementation, and against the truth."""

from __future__ import annotations

import time

import numpy as np
import pytest

from chanye.engines.effects.did import (
    NEVER,
    Panel,
    bootstrap,
    by_event_time,
    by_group,
    by_period,
    group_time,
    simple,
    standard_error,
)
from engines.effects.published import minimum_wage


def test_the_minimum_wage_to_all_printed_digits() -> None:
    cells = group_time(minimum_wage(), controls="never")
    whole = simple(cells)
    assert whole.overall == pytest.approx(-0.0399513, abs=5e-8)
    assert whole.overall_error == pytest.approx(0.0120340, abs=5e-8)
    # README of the authors' package, group-time table, four digits
    printed = {
        (1, 1): -0.0105,
        (1, 2): -0.0704,
        (1, 3): -0.1373,
        (1, 4): -0.1008,
        (3, 3): -0.0046,
        (3, 4): -0.0412,
        (4, 4): -0.0261,
    }
    found = dict(
        zip(zip(cells.group.tolist(), cells.period.tolist(), strict=True), cells.effect.tolist(), strict=True)
    )
    assert {key: round(found[key], 4) for key in printed} == printed
    assert by_event_time(cells).overall == pytest.approx(-0.0772, abs=5e-5)
    assert by_group(cells).overall == pytest.approx(-0.0310, abs=5e-5)


@pytest.mark.parametrize("controls", ["never", "not_yet"])
@pytest.mark.parametrize("method", ["doubly_robust", "regression", "weighting"])
@pytest.mark.parametrize("covariates", [False, True])
def test_another_implementation_agrees(controls: str, method: str, covariates: bool) -> None:
    moderndid = pytest.importorskip("moderndid", reason="skipped: no moderndid")
    data = moderndid.load_mpdta()
    words = {"doubly_robust": "dr", "regression": "reg", "weighting": "ipw"}
    theirs = moderndid.att_gt(
        data,
        yname="lemp",
        tname="year",
        idname="countyreal",
        gname="first.treat",
        xformla="~ lpop" if covariates else None,
        control_group={"never": "nevertreated", "not_yet": "notyettreated"}[controls],
        est_method=words[method],
        boot=False,
    )
    ours = group_time(minimum_wage(covariates=covariates), controls=controls, method=method)
    assert ours.effect == pytest.approx(np.asarray(theirs.att_gt), abs=1e-6)
    assert ours.error == pytest.approx(np.asarray(theirs.se_gt), rel=2e-3)


def _staggered(rng: np.random.Generator, units: int = 120, periods: int = 12) -> tuple[Panel, float]:
    """Return firms with a common trend and effects that grow, and their true mean effect on the upgraded."""
    first = rng.choice([4, 6, 8, NEVER], units)
    level = rng.normal(100, 10, units)[:, None] + 2.0 * np.arange(periods)[None, :]
    noise = np.zeros((units, periods))
    news = rng.normal(0, 2, (units, periods))
    for t in range(periods):
        noise[:, t] = news[:, t] + (0.5 * noise[:, t - 1] if t else 0)
    since = np.arange(periods)[None, :] - np.minimum(first, 10**6)[:, None]
    effect = np.where(since >= 0, 1.5 * (since + 1), 0.0)
    return Panel.of(level + noise + effect, first), float(effect[since >= 0].mean())


def test_growing_staggered_effects_are_found_and_covered() -> None:
    rng = np.random.default_rng(3)
    off, covered = [], 0
    for _ in range(150):
        panel, truth = _staggered(rng)
        found = simple(group_time(panel))
        off.append(found.overall / truth - 1)
        covered += abs(found.overall - truth) <= 1.6448536 * found.overall_error
    assert abs(float(np.mean(off))) <= 0.02
    assert 0.83 <= covered / 150 <= 0.97  # 90 %, and three standard errors of 150 draws


def test_bands_hold_for_all_event_times_together() -> None:
    rng = np.random.default_rng(4)
    inside = 0
    for i in range(100):
        panel, _ = _staggered(rng)
        study = by_event_time(group_time(panel))
        truth = np.where(study.label >= 0, 1.5 * (study.label + 1), 0.0)
        bands = bootstrap(study.influence, draws=499, level=0.9, seed=i)
        inside += bool((np.abs(study.effect - truth) <= bands.critical * bands.error).all())
    assert 0.78 <= inside / 100 <= 0.99


def test_the_bootstrap_gives_the_errors_of_the_influence() -> None:
    cells = group_time(minimum_wage(), controls="never")
    bands = bootstrap(cells.influence, draws=4000, seed=1)
    assert bands.error == pytest.approx(standard_error(cells.influence), rel=0.06)
    assert 1.96 < bands.critical < 4


def test_one_cohort_is_the_difference_of_mean_changes() -> None:
    rng = np.random.default_rng(9)
    outcome = rng.normal(size=(9, 2))
    first = np.array([1] * 4 + [NEVER] * 5)
    change = outcome[:, 1] - outcome[:, 0]
    (effect,) = group_time(Panel.of(outcome, first)).effect
    assert effect == pytest.approx(change[:4].mean() - change[4:].mean(), abs=1e-12)


def test_weights_count_a_unit_as_often_as_they_say() -> None:
    rng = np.random.default_rng(11)
    outcome, first = rng.normal(size=(12, 4)), rng.choice([2, 3, NEVER], 12)
    known, times = rng.normal(size=(12, 1)), rng.integers(1, 4, 12)
    light = group_time(Panel.of(outcome, first, known, times), method="regression")
    heavy = group_time(Panel.of(*(np.repeat(c, times, axis=0) for c in (outcome, first, known))), method="regression")
    assert light.effect == pytest.approx(heavy.effect, abs=1e-9)


def test_what_cannot_be_compared_is_refused() -> None:
    outcome = np.arange(12.0).reshape(4, 3)
    with pytest.raises(ValueError, match="No unit is upgraded"):
        group_time(Panel.of(outcome, [NEVER] * 4))
    with pytest.raises(ValueError, match="no unit to compare"):
        group_time(Panel.of(outcome, [1] * 4))
    with pytest.raises(ValueError, match="finite"):
        Panel.of(np.full((4, 3), np.nan), [1] * 4)
    with pytest.raises(ValueError, match="row for each"):
        Panel.of(outcome, [1] * 3)
    with pytest.raises(ValueError, match=r"too few|copies"):
        group_time(Panel.of(outcome, [1, 1, NEVER, NEVER], np.ones((4, 1))))


def test_calendar_time_weighs_cohorts_by_size() -> None:
    panel, _ = _staggered(np.random.default_rng(5))
    cells = group_time(panel)
    months = by_period(cells)
    for period, effect in zip(months.label.tolist(), months.effect.tolist(), strict=True):
        mine = (cells.period == period) & (cells.since >= 0)
        size = np.array([(panel.first == group).sum() for group in cells.group[mine]])
        assert effect == pytest.approx(float((cells.effect[mine] * size).sum() / size.sum()), abs=1e-9)


@pytest.mark.slow
def test_a_thousand_firms_over_three_years() -> None:
    rng = np.random.default_rng(6)
    first = rng.choice([12, 18, 24, 30, NEVER], 1000)
    panel = Panel.of(rng.normal(size=(1000, 36)), first)
    begin = time.perf_counter()
    cells = group_time(panel)
    study = by_event_time(cells)
    bootstrap(np.column_stack([cells.influence, study.influence]), draws=999)
    assert time.perf_counter() - begin < 5
