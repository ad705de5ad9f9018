"""Group-time effects beside those of csdid, cell by cell and summed up, with and without covariates and weights."""

from __future__ import annotations

import contextlib
import io
from typing import Any

import numpy as np
import pytest

from chanye.engines.effects.did import NEVER, Cells, Panel, Summary, by_event_time, by_group, group_time, simple
from engines.effects.published import minimum_wage


def _theirs(panel: Panel, controls: str) -> Any:  # an object of a library without types
    att_gt = pytest.importorskip("csdid.att_gt", reason="skipped: no csdid")
    pandas = pytest.importorskip("pandas", reason="skipped: no pandas")
    units, periods = panel.outcome.shape
    rows = pandas.DataFrame(
        {
            "unit": np.repeat(np.arange(1, units + 1), periods),
            "period": np.tile(np.arange(1, periods + 1), units),
            "y": panel.outcome.ravel(),
            "first": np.repeat(np.where(panel.first == NEVER, 0, panel.first + 1), periods),
            "heavy": np.repeat(panel.weight, periods),
        }
    )
    formula = None
    if panel.covariates.shape[1]:
        rows["known"] = np.repeat(panel.covariates[:, 0], periods)
        formula = "y ~ known"
    with contextlib.redirect_stdout(io.StringIO()):
        model = att_gt.ATTgt(
            yname="y",
            tname="period",
            idname="unit",
            gname="first",
            data=rows,
            control_group={"never": "nevertreated", "not_yet": "notyettreated"}[controls],
            xformla=formula,
            weights_name="heavy",
        )
        return model.fit(est_method="dr", bstrap=False)


def _agree(panel: Panel, controls: str) -> None:
    theirs = _theirs(panel, controls)
    ours: Cells = group_time(panel, controls=controls)
    found = theirs.results
    assert (ours.group + 1).tolist() == [int(one) for one in found["group"]]
    assert (ours.period + 1).tolist() == [int(one) for one in found["year"]]
    assert ours.effect == pytest.approx(np.asarray(found["att"], float), abs=1e-7)
    assert ours.error == pytest.approx(np.asarray(found["se"], float), rel=2e-3)
    kinds: dict[str, Summary] = {
        "simple": simple(ours),
        "group": by_group(ours),
        "dynamic": by_event_time(ours),
    }
    for kind, summary in kinds.items():
        with contextlib.redirect_stdout(io.StringIO()):
            said = theirs.aggte(typec=kind, bstrap=False, cband=False).atte
        assert summary.overall == pytest.approx(float(said["overall_att"]), abs=1e-7), kind
        assert summary.overall_error == pytest.approx(float(np.squeeze(said["overall_se"])), rel=3e-3), kind


@pytest.mark.parametrize("controls", ["never", "not_yet"])
@pytest.mark.parametrize("covariates", [False, True])
def test_the_minimum_wage(controls: str, covariates: bool) -> None:
    _agree(minimum_wage(covariates=covariates), controls)


@pytest.mark.parametrize("controls", ["never", "not_yet"])
def test_weighted_firms_with_growing_effects(controls: str) -> None:
    rng = np.random.default_rng(12)
    first = rng.choice([2, 3, 5, NEVER], 90)
    known = rng.normal(size=90)
    since = np.maximum(np.arange(7)[None, :] - np.minimum(first, 99)[:, None] + 1, 0)
    outcome = rng.normal(size=(90, 7)).cumsum(axis=1) + 0.4 * since + 0.2 * known[:, None] * np.arange(7)
    _agree(Panel.of(outcome, first, known[:, None], rng.uniform(0.5, 2.0, 90)), controls)
