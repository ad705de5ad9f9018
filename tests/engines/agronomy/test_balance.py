"""The balance of the root zone against pyfao56 day by day, conservation of water, and printed figures."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import cotton_kit as cotton
from chanye.engines.agronomy import balance
from chanye.engines.agronomy.balance import Crop, Soil
from chanye.kernel.errors import ConfigError
from shared_data import shared_data


def our_season(names, layers=5, *, runoff=True, first=123, last=273):
    field, par = cotton.field(first, last), cotton.parameters(names[0])
    tables = np.array([cotton.soil(n)[:layers] for n in names])
    top = tables[0, 0]
    soil = Soil(
        tables[0, :, 0],
        *(tables[:, :, k] for k in (1, 2, 3)),
        surface=par["Ze"],
        stage1=par["REW"],
        curve_number=par["CN2"] if runoff else None,
        evaporable=None if len(names) > 1 else 1000 * (top[1] - 0.5 * top[2]) * par["Ze"],
    )
    crop = Crop(
        *(tuple(par[k + s] for s in ("ini", "mid", "end")) for k in ("Kcb", "Kcm")),
        tuple(int(par[k]) for k in ("Lini", "Ldev", "Lmid", "Lend")),
        (par["hini"], par["hmax"]),
        (par["Zrini"], par["Zrmax"]),
        par["pbase"],
    )
    w = field.weather
    wind = w["Wndsp"] * 4.87 / np.log(67.8 * 3.0 - 5.42)
    days = balance.curve(crop, len(field.doy))
    return balance.season(
        soil,
        days,
        w["ETref"],
        w["Rain"],
        np.array([field.irrigation[n] for n in names]),
        wind=wind,
        rh_min=w["RHmin"],
        kcb_bare=par["Kcbini"],
        deepest=par["Zrmax"],
        depletion=par["pbase"],
    )


def test_cotton_day_by_day_as_pyfao56(tmp_path):
    fao = pytest.importorskip("pyfao56")
    name, folder = "p03-2", shared_data("orchard/cotton2018")
    par, weather, irrigation = fao.Parameters(), fao.Weather(), fao.Irrigation()
    par.loadfile(str(folder / f"cotton2018{name}.par"))
    weather.loadfile(str(folder / "cotton2018.wth"))
    field = cotton.field(123, 273)
    for day, depth in zip(field.doy, field.irrigation[name], strict=True):
        if depth > 0:
            irrigation.addevent(2018, int(day), float(depth), 1.0)
    lines = (folder / f"cotton2018{name}.sol").read_text().splitlines()
    (tmp_path / "a.sol").write_text("\n".join(lines[: len(lines) - 5]) + "\n")
    soil = fao.SoilProfile()
    soil.loadfile(str(tmp_path / "a.sol"))
    model = fao.Model("2018-123", "2018-273", par, weather, irr=irrigation, sol=soil, roff=True)
    model.run()
    theirs = model.odata
    ours = our_season([name])
    for own, other in (
        ("et", "ETa"),
        ("transpiration", "T"),
        ("depletion", "Dr"),
        ("available", "TAW"),
        ("reserve", "Drmax"),
        ("stress", "Ks"),
        ("drained", "DP"),
        ("runoff", "Runoff"),
    ):
        mine, peer = getattr(ours, own)[0], theirs[other].to_numpy(float)
        assert np.abs(mine - peer).max() <= max(0.005 * np.abs(peer).max(), 0.005), own
    assert ours.et.sum() == pytest.approx(theirs["ETa"].astype(float).sum(), rel=0.001)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_no_water_is_made_or_lost(seed):
    rng = np.random.default_rng(seed)
    zones, days = 3, 60
    wp = rng.uniform(0.05, 0.15, (zones, 4))
    fc = wp + rng.uniform(0.05, 0.2, (zones, 4))
    soil = Soil(
        np.array([0.2, 0.5, 0.9, 1.4]), fc, wp, wp + rng.uniform(0.3, 1, (zones, 4)) * (fc - wp), curve_number=75.0
    )
    crop = balance.curve(balance.peach(cover=False, frost=True, lengths=(10, 20, 20, 10)), days)
    rain = np.where(rng.random((zones, days)) < 0.3, rng.gamma(1, 12, (zones, days)), 0)
    given_ = np.where(rng.random((zones, days)) < 0.1, 15.0, 0)
    found = balance.season(
        soil, crop, rng.uniform(0, 8, (zones, days)), rain, given_, wind=2.0, rh_min=50.0, wetted=0.35, deepest=1.2
    )
    begun = balance.profile_water(soil.bottoms, fc - soil.initial, np.full(zones, 1.2))
    change = np.diff(found.reserve, axis=1, prepend=begun[:, None])
    error = change + rain - found.runoff + given_ - found.et - found.drained
    # Where all is dry, evaporation of the surface may stay unpaid: the only place where the sum does not close.
    closed = found.reserve < balance.profile_water(soil.bottoms, fc - wp, np.full(zones, 1.2))[:, None] - 1e-9
    assert np.abs(error[closed]).max() < 1e-9
    assert ((found.stress >= 0) & (found.stress <= 1)).all()


def test_coefficients():
    """Stone fruit without cover, killing frost: 0.35, 0.85, 0.60; sparse canopies lie between ground and full."""
    days = balance.curve(balance.peach(cover=False, frost=True), 240)
    assert (days.kcb[0], days.kcb[120], days.kcb[-1]) == pytest.approx((0.35, 0.85, 0.60), abs=0.01)
    assert days.roots.max() == days.roots.min() == 1.0
    cover = np.linspace(0, 1, 11)
    bare = balance.basal_by_cover(cover, 3.0)
    sward = balance.basal_by_cover(cover, 3.0, ground=0.8)
    assert bare[0] == pytest.approx(0.15)
    assert (np.diff(bare) >= 0).all()
    assert (sward >= bare).all()
    assert bare[-1] == pytest.approx(1.2)
    # (62) by hand: 0.04 (4.6 - 2) - 0.004 (44 - 45), times (2/3) to the 0.3.
    assert balance.adjusted(np.array(1.2), np.array(2.0), np.array(4.6), np.array(44.0)) == pytest.approx(
        1.30, abs=0.005
    )


def test_drip_saves_evaporation():
    soil = Soil(np.array([0.3, 1.2]), np.full((1, 2), 0.3), np.full((1, 2), 0.14), np.full((1, 2), 0.28))
    crop = balance.curve(balance.peach(cover=False, frost=True, lengths=(5, 10, 40, 5)), 60)
    given_ = np.where(np.arange(60) % 4 == 0, 12.0, 0.0)
    run = [
        balance.season(soil, crop, np.full(60, 5.0), np.zeros(60), given_, wind=2.0, rh_min=45.0, wetted=w)
        for w in (0.3, 1.0)
    ]
    assert run[0].evaporation.sum() < run[1].evaporation.sum()


def test_wrong_input_says_what_to_do():
    with pytest.raises(ConfigError, match=r"(?s)from the top down.*Field capacity"):
        Soil(np.array([0.5, 0.2]), np.full((1, 2), 0.1), np.full((1, 2), 0.2), np.full((1, 2), 0.1))
    with pytest.raises(ConfigError, match="Roots"):
        Crop((0.3, 1, 0.5), (0.3, 1, 0.5), (1, 1, 1, 1), (1, 1), (0, 1))
