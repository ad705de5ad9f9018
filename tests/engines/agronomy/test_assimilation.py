"""Probe assimilation: one week ahead on real plots from the past alone, and a filter's textbook cases."""

from __future__ import annotations

import numpy as np
import pytest

import cotton_kit as cotton
from chanye.engines.agronomy import assimilation, balance
from chanye.engines.agronomy.assimilation import Doubt, Ground
from chanye.engines.agronomy.balance import Crop, Soil
from chanye.kernel.errors import ConfigError

FIRST, LAST = 108, 273
#: How far the filter may be wrong was chosen on these plots; the others were looked at once.
CHOSEN_ON = np.arange(32) % 2 == 0


def plot(name, field):
    """Return the ground, the open-loop season, water in, transpiration without stress, and roots."""
    par, table, w = cotton.parameters(name), cotton.soil(name), field.weather
    soil = Soil(
        table[:, 0],
        *(table[None, :, k] for k in (1, 2, 3)),
        surface=par["Ze"],
        stage1=par["REW"],
        curve_number=par["CN2"],
        evaporable=1000 * (table[0, 1] - 0.5 * table[0, 2]) * par["Ze"],
    )
    crop = Crop(
        *(tuple(par[k + s] for s in ("ini", "mid", "end")) for k in ("Kcb", "Kcm")),
        tuple(int(par[k]) for k in ("Lini", "Ldev", "Lmid", "Lend")),
        (par["hini"], par["hmax"]),
        (par["Zrini"], par["Zrmax"]),
        par["pbase"],
    )
    days = balance.curve(crop, len(field.doy))
    given = field.irrigation[name]
    found = balance.season(
        soil,
        days,
        w["ETref"],
        w["Rain"],
        given[None],
        wind=w["Wndsp"] * 4.87 / np.log(67.8 * 3 - 5.42),
        rh_min=w["RHmin"],
        kcb_bare=par["Kcbini"],
        deepest=par["Zrmax"],
        depletion=par["pbase"],
    )
    return table, found, w["Rain"] + given - found.runoff[0], days.kcb * w["ETref"], days.roots


def forecasts():
    """Return RMSE of root-zone depletion by plot [mm]: open loop, assimilated, last profile kept."""
    field = cotton.field(FIRST, LAST)
    plots = [plot(name, field) for name in cotton.PLOTS]
    profiles = [cotton.profiles(name)[:2] for name in cotton.PLOTS]
    ground = Ground(plots[0][0][:, 0], *(np.array([p[0][:, k] for p in plots]) for k in (1, 2)))
    rng, doubt, zones = np.random.default_rng(0), Doubt(), len(plots)
    belief = assimilation.begin(ground, np.array([p[0][:, 3] for p in plots]), doubt, members=96, rng=rng)
    into, use, roots = (np.array([p[k] for p in plots]) for k in (2, 3, 4))
    evaporation = np.array([p[1].evaporation[0] for p in plots])
    off = [[[] for _ in range(zones)] for _ in range(3)]
    kept = [None] * zones
    for day in range(len(field.doy)):
        if day:
            belief = assimilation.advance(
                belief,
                ground,
                doubt,
                into=into[:, day],
                evaporation=evaporation[:, day],
                transpiration=use[:, day],
                roots=roots[:, day],
                depletion=0.65,
                rng=rng,
            )
        seen = np.full(ground.field.shape, np.nan)
        mean = belief.mean
        for z, (days, contents) in enumerate(profiles):
            row = contents[days == day + FIRST]
            if not len(row):
                continue
            seen[z] = row[0]
            if kept[z] is not None:
                full = balance.profile_water(ground.bottoms, ground.field[z], roots[z, day])
                truth = full - balance.profile_water(ground.bottoms, seen[z], roots[z, day])
                guess = [full - balance.profile_water(ground.bottoms, a, roots[z, day]) for a in (mean[z], kept[z])]
                for way, value in enumerate((plots[z][1].depletion[0, day], *guess)):
                    off[way][z].append(value - truth)
            kept[z] = seen[z]
        if not np.isnan(seen).all():
            belief = assimilation.observe(belief, ground, doubt, seen, rng=rng)
    return [np.array([np.sqrt(np.mean(np.square(e))) for e in way]) for way in off]


def test_next_week_on_real_plots():
    """32 plots, weekly profiles of 2018: each predicted from those before it."""
    alone, ours, kept = forecasts()
    for plots in (CHOSEN_ON, ~CHOSEN_ON):
        assert np.median(ours[plots]) <= 9.0
    assert np.median(ours) < np.median(kept) < np.median(alone)
    assert (ours > alone).sum() <= 4


def column(zones=1, layers=4):
    bottoms = np.linspace(0.25, 1.0, layers)
    return Ground(bottoms, np.full((zones, layers), 0.30), np.full((zones, layers), 0.12))


def test_two_gaussians_make_the_known_third():
    """One layer read once: mean and spread are the product of two normal laws, and unread layers stay."""
    ground, doubt = column(layers=4), Doubt(first=0.03, probe=0.02)
    rng = np.random.default_rng(4)
    before = assimilation.begin(ground, np.full((1, 4), 0.22), doubt, members=20000, rng=rng)
    seen = np.array([[0.28, np.nan, np.nan, np.nan]])
    after = assimilation.observe(before, ground, doubt, seen, rng=rng)
    share = 0.03**2 / (0.03**2 + 0.02**2)
    assert after.mean[0, 0] == pytest.approx(0.22 + share * 0.06, abs=0.001)
    assert after.spread[0, 0] == pytest.approx(np.sqrt(share) * 0.02, rel=0.03)
    assert after.mean[0, 3] == pytest.approx(before.mean[0, 3], abs=0.001)


def test_ten_probes_teach_a_wrong_field_capacity():
    """A soil believed to hold 0.30 holds 0.27: what is left five days after water shows it, and the band narrows."""
    ground, doubt = column(), Doubt(field=0.02, input=0.0)
    rng = np.random.default_rng(5)
    belief = first = assimilation.begin(ground, np.full((1, 4), 0.26), doubt, members=200, rng=rng)
    zero = np.zeros(1)
    for day in range(60):
        belief = assimilation.advance(
            belief,
            ground,
            doubt,
            into=zero + 40 * (day % 6 == 0),
            evaporation=zero,
            transpiration=zero,
            roots=zero + 0.9,
            depletion=0.5,
            rng=rng,
        )
        if day % 6 == 5:
            belief = assimilation.observe(belief, ground, doubt, 0.27 + 0.003 * rng.normal(size=(1, 4)), rng=rng)
    assert np.abs(belief.field.mean(axis=1) - 0.27).max() < 0.015
    assert (belief.field.std(axis=1) < first.field.std(axis=1)).all()


def test_wrong_input_is_refused():
    with pytest.raises(ConfigError, match="8 members"):
        assimilation.begin(column(), np.full((1, 4), 0.2), Doubt(), members=3, rng=np.random.default_rng(0))
    with pytest.raises(ConfigError, match="first water"):
        assimilation.begin(column(), np.full((2, 4), 0.2), Doubt(), members=9, rng=np.random.default_rng(0))
