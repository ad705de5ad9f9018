"""The car plant: its size, its year, what a third of the assumptions change."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chanye.engines.lines import Assumptions, Runs, car_plant, compare, simulate
from chanye.engines.lines.carplant import sequence, yearly

MONTH = Runs(12_000, 3, warm_up=2_400)


@pytest.fixture(scope="module")
def month():
    return simulate(car_plant(), MONTH)


def test_it_has_the_size_of_the_brief(month):
    assert 290 <= len(month.stations) <= 320
    assert 270_000 < yearly(month.throughput.mean()) < 310_000
    assert month.shares.sum(axis=2) == pytest.approx(1.0, abs=1e-6)
    assert month.share("trim 1", "closed") == pytest.approx(1 - 6 * 2 * 9.25 / 168, abs=0.04)


def test_models_and_colours_come_by_their_shares_in_batches():
    given = Assumptions()
    found = sequence(given)
    many = len(given.colours)
    for i, share in enumerate(given.mix):
        assert sum(one // many == i for one in found) / len(found) == pytest.approx(share / 100, abs=0.01)
    colours = [one % many for one in found]
    assert all(len(set(colours[k : k + given.paint_batch])) == 1 for k in range(0, len(found), given.paint_batch))
    assert colours.count(0) / len(colours) == pytest.approx(0.4, abs=0.01)


def test_a_variant_meets_the_same_luck(month):
    better = simulate(car_plant(replace(Assumptions(), paint_batch=1)), MONTH)
    assert compare(month.share("colour 5", "setup"), better.share("colour 5", "setup")).low > 0
    fewer = simulate(car_plant(replace(Assumptions(), days=5)), MONTH)
    assert compare(month.throughput, fewer.throughput).high < 0
