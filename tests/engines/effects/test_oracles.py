"""Other people's programs and published studies, where they are installed."""

from __future__ import annotations

import numpy as np
import pytest

from chanye.engines.effects.did import NEVER, Panel, group_time, simple
from chanye.engines.effects.synthetic import synthetic
from engines.effects.published import california, minimum_wage


def _castle() -> Panel:
    """Return log homicides of 50 states, 2000 to 2010, by the first year of a castle doctrine law, with people."""
    pytest.importorskip("pandas", reason="skipped: no pandas")
    data = pytest.importorskip("causaldata.castle.data", reason="skipped: no causaldata")
    rows = data.load_pandas().data
    wide = rows.pivot_table(index="sid", columns="year", values="homicide").sort_index()
    begun = rows[rows["post"] > 0].groupby("sid")["year"].min()
    first = [int(begun[sid]) - 2000 if sid in begun.index else NEVER for sid in wide.index]
    people = rows.groupby("sid")["popwt"].first().sort_index().to_numpy(np.float64)
    return Panel.of(np.log(wide.to_numpy(np.float64)), np.array(first, np.int64), weight=people)


def _two_way(panel: Panel, weight: np.ndarray) -> tuple[float, float]:
    """Return the coefficient of two-way fixed effects and its error clustered by unit, as statistics programs do."""
    units, periods = panel.outcome.shape
    late = np.arange(periods)[None, :] >= np.minimum(panel.first, 99)[:, None]
    columns = np.column_stack(
        [
            late.ravel(),
            np.repeat(np.eye(units), periods, axis=0),
            np.tile(np.eye(periods), (units, 1))[:, 1:],
        ]
    ).astype(float)
    heavy = np.repeat(weight, periods)
    bread = np.linalg.inv((columns * heavy[:, None]).T @ columns)
    line = bread @ (columns * heavy[:, None]).T @ panel.outcome.ravel()
    left = heavy * (panel.outcome.ravel() - columns @ line)
    sums = (columns * left[:, None]).reshape(units, periods, -1).sum(axis=1)
    # units and periods nested in the clusters cost nothing: the correction counts the other coefficients alone
    n, k = units * periods, periods + 1
    mend = units / (units - 1) * (n - 1) / (n - k)
    return float(line[0]), float(np.sqrt(mend * (bread @ sums.T @ sums @ bread)[0, 0]))


def test_castle_doctrine_tells_another_story_by_cohort() -> None:
    """Two-way fixed effects by people +0.076 [0.009, 0.142], unweighted +0.069; by cohort +0.019 (0.038)."""
    panel = _castle()
    effect, error = _two_way(panel, panel.weight)
    assert effect == pytest.approx(0.076, abs=5e-4)
    assert effect - 2.0096 * error == pytest.approx(0.009, abs=5e-4)  # Student's t of 49 clusters less one
    assert effect + 2.0096 * error == pytest.approx(0.142, abs=5e-4)
    effect, error = _two_way(panel, np.ones(panel.units))
    assert effect == pytest.approx(0.069, abs=5e-4)
    assert abs(effect) < 1.96 * error
    alike = Panel.of(panel.outcome, panel.first)
    found = simple(group_time(alike, controls="never"))
    assert found.overall == pytest.approx(0.019, abs=5e-4)
    assert found.overall_error == pytest.approx(0.038, abs=5e-4)


def test_diff_diff_finds_the_same_cells() -> None:
    diff_diff = pytest.importorskip("diff_diff", reason="skipped: no diff-diff")
    pandas = pytest.importorskip("pandas", reason="skipped: no pandas")
    panel = minimum_wage()
    units, periods = panel.outcome.shape
    rows = pandas.DataFrame(
        {
            "unit": np.repeat(np.arange(units), periods),
            "period": np.tile(np.arange(1, periods + 1), units),
            "y": panel.outcome.ravel(),
            "first": np.repeat(np.where(panel.first == NEVER, 0, panel.first + 1), periods),
        }
    )
    model = diff_diff.CallawaySantAnna(control_group="never_treated", n_bootstrap=0)
    theirs = model.fit(rows, outcome="y", unit="unit", time="period", first_treat="first")
    found = simple(group_time(panel, controls="never"))
    assert found.overall == pytest.approx(theirs.overall_att, abs=1e-9)
    assert found.overall_error == pytest.approx(theirs.overall_se, rel=2e-3)


def test_pysyncon_finds_the_same_california() -> None:
    """Weights to 0.01, effect to 0.05 packs, root mean square before to 0.1 %: their search stops, ours ends."""
    synth = pytest.importorskip("pysyncon", reason="skipped: no pysyncon").Synth
    controls, own, before, _ = california()
    theirs, _ = synth().w_optimize(np.eye(before), controls[:, :before].T, own[0, :before])
    found = synthetic(controls, own, before, method="synthetic_control")
    gap = own[0] - theirs @ controls
    miss = float(np.sqrt((gap[:before] ** 2).mean()))
    assert found.fit <= miss * (1 + 1e-6)  # never worse than theirs
    assert found.fit == pytest.approx(miss, rel=1e-3)
    assert found.unit_weight == pytest.approx(theirs, abs=0.01)
    assert found.effect == pytest.approx(float(gap[before:].mean()), abs=0.05)
