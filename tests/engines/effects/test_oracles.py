"""Other people's programs and published studies, where they are installed."""

from __future__ import annotations

import numpy as np
import pytest

from chanye.engines.effects.did import NEVER, Panel, group_time, simple
from chanye.engines.effects.synthetic import synthetic
from engines.effects.published import california, minimum_wage


def _castle() -> Panel:
    """Return log homicides of 50 states, 2000 to 2010, by the first year of a castle doctrine law."""
    pandas = pytest.importorskip("pandas", reason="skipped: no pandas")
    data = pytest.importorskip("causaldata.castle.data", reason="skipped: no causaldata")
    rows = data.load_pandas().data
    wide = rows.pivot_table(index="sid", columns="year", values="homicide").sort_index()
    begun = rows[rows["post"] > 0].groupby("sid")["year"].min()
    first = [int(begun[sid]) - 2000 if sid in begun.index else NEVER for sid in wide.index]
    assert isinstance(wide, pandas.DataFrame)
    return Panel.of(np.log(wide.to_numpy(np.float64)), np.array(first, np.int64))


def test_castle_doctrine_tells_another_story_by_cohort() -> None:
    panel = _castle()
    late = (np.arange(panel.periods)[None, :] >= np.minimum(panel.first, 99)[:, None]) * 1.0

    def within(table: np.ndarray) -> np.ndarray:
        return table - table.mean(axis=0) - table.mean(axis=1, keepdims=True) + table.mean()

    fixed = float((within(late) * within(panel.outcome)).sum() / (within(late) ** 2).sum())
    assert fixed == pytest.approx(0.069, abs=5e-4)  # two-way fixed effects, unweighted, as printed
    found = simple(group_time(panel, controls="never"))
    assert found.overall == pytest.approx(0.019, abs=5e-3)
    assert found.overall_error == pytest.approx(0.038, abs=5e-3)


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


def test_pysyncon_fits_california_no_better() -> None:
    synth = pytest.importorskip("pysyncon", reason="skipped: no pysyncon").Synth
    controls, own, before, _ = california()
    theirs, _ = synth().w_optimize(np.eye(before), controls[:, :before].T, own[0, :before])
    found = synthetic(controls, own, before, method="synthetic_control")
    miss = float(np.sqrt(((own[0, :before] - theirs @ controls[:, :before]) ** 2).mean()))
    assert found.fit <= miss * (1 + 1e-6)
    assert found.unit_weight == pytest.approx(theirs, abs=0.01)
