"""The district's truth is right: an oracle that knows both worlds finds every effect on the tapes, and no other."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from chanye.twin.district.catalogue import IDLE, OVERSIZED, TWICE
from chanye.twin.district.counters import COUNTERS, readings, times, write
from chanye.twin.district.days import holidays, memory, weekdays
from chanye.twin.district.model import RATIOS, District, make
from chanye.twin.parts import HOUR

FIRST, DAYS = date(2023, 11, 1), 1096


@pytest.fixture(scope="module")
def district() -> District:
    return make(FIRST, DAYS, seed=5)


def test_the_same_seed_gives_the_same_district() -> None:
    one, same, other = (make(FIRST, 400, count=6, seed=seed) for seed in (3, 3, 4))
    assert one.firms == same.firms
    assert np.array_equal(one.actual.items["energy"], same.actual.items["energy"])
    assert not np.array_equal(one.actual.items["energy"], other.actual.items["energy"])
    assert [firm.code for firm in one.firms] == [firm.code for firm in other.firms]


def test_holidays_are_those_of_the_calendar() -> None:
    free = holidays(FIRST, DAYS)
    at = {day: free[(day - FIRST).days] for day in (date(2024, 2, 12), date(2024, 2, 9), date(2025, 10, 8))}
    assert list(at.values()) == [True, False, True]
    assert weekdays(date(2024, 2, 12), 2).tolist() == [0, 1]  # a Monday
    assert not holidays(date(2024, 3, 1), 20).any()


def test_sixty_firms_with_troubles_and_two_cheats(district: District) -> None:
    assert len({firm.code for firm in district.firms}) == len({firm.name for firm in district.firms}) == 60
    assert {firm.index: firm.cheat for firm in district.firms if firm.cheat} == {
        OVERSIZED: "oversized",
        TWICE: "twice",
    }
    upgraded = [firm for firm in district.firms if firm.upgrade is not None]
    assert 30 <= len(upgraded) <= 40
    assert len({firm.upgrade.finished for firm in upgraded if firm.upgrade}) > 15  # dates apart
    assert {firm.index for firm in upgraded if firm.upgrade and not firm.upgrade.works} == set(IDLE)
    assert {fault.kind for firm in upgraded for fault in firm.faults} == {"dark", "stuck", "exchanged", "moved_in"}
    assert {firm.rho for firm in upgraded} == {0.0, 0.2, 0.4, 0.6, 0.8}


def test_an_oracle_finds_every_effect_on_the_tapes(district: District) -> None:
    """Counters over the world without upgrades, from the day when all of the effect is there: what was put in."""
    looked = 0
    for firm in district.firms:
        upgrade = firm.upgrade
        if upgrade is None or any(fault.kind in ("dark", "stuck", "exchanged") for fault in firm.faults):
            continue
        begin, end = upgrade.finished + upgrade.ramp, DAYS
        said = readings(district, firm)
        made = {item: said[column][end * 24] - said[column][begin * 24] for column, (item, *_) in COUNTERS.items()}
        other = {item: district.without.items[item][firm.index, begin:end].sum() for item in made}
        for measure, (over, under) in RATIOS.items():
            ratio = made[over] / other[over] / (made[under] / other[under] if under else 1.0)
            found = ratio - 1 if measure == "output" else 1 - ratio
            assert found == pytest.approx(upgrade.effects.get(measure, 0.0), abs=2e-4), (firm.code, measure)
            assert district.effect(firm.index, measure, begin, end) == pytest.approx(found, abs=2e-4)
            looked += 1
    assert looked > 100


def test_effects_grow_and_nothing_moves_before_them(district: District) -> None:
    for firm in district.firms:
        if firm.upgrade is None:
            for item, values in district.actual.items.items():
                assert np.array_equal(values[firm.index], district.without.items[item][firm.index])
            continue
        upgrade = firm.upgrade
        assert district.effect(firm.index, upgrade.measure, 0, upgrade.began) == pytest.approx(0, abs=1e-12)
        if upgrade.ramp and upgrade.works:
            early, late = (
                district.effect(firm.index, upgrade.measure, upgrade.finished + a, upgrade.finished + b)
                for a, b in ((0, 60), (upgrade.ramp, upgrade.ramp + 60))
            )
            assert 0 < early < 0.6 * late


def test_the_district_grows_ten_percent_a_year(district: District) -> None:
    never = [firm.index for firm in district.firms if firm.upgrade is None]
    pieces = district.actual.daily("pieces")[never]
    growth = np.log(pieces[:, 730:1095].sum() / pieces[:, :365].sum()) / 2
    assert growth == pytest.approx(np.log(1.1), abs=0.05)  # shocks of the whole district move it


def test_noise_remembers_as_much_as_it_is_given() -> None:
    rho = np.array([0.0, 0.4, 0.8])
    noise = memory(np.random.default_rng(1), 3, 40_000, rho, 0.05)
    for row, share in zip(noise, rho, strict=True):
        assert np.corrcoef(row[1:], row[:-1])[0, 1] == pytest.approx(share, abs=0.02)
        assert row.std() == pytest.approx(0.05, rel=0.05)


def test_meters_that_stand_go_dark_or_are_exchanged(district: District) -> None:
    assert len(times(district)) == DAYS * 24 + 1
    seen = set()
    for firm in district.firms:
        said = readings(district, firm)
        for fault in firm.faults:
            low, high = fault.first * 24, fault.last * 24
            seen.add(fault.kind)
            if fault.kind == "dark":
                assert all(np.isnan(values[low:high]).all() for values in said.values())
                assert said["energy"][high] > said["energy"][low - 1]  # it went on counting
            elif fault.kind == "stuck":
                assert len(set(said[fault.item][low:high].tolist())) == 1
            elif fault.kind == "exchanged":
                assert said[fault.item][low] == 0 < said[fault.item][low - 1]
        counters = [said[column][np.isfinite(said[column])] for column in COUNTERS]
        falls = sum(int((np.diff(values) < 0).sum()) for values in counters)
        assert falls == sum(fault.kind == "exchanged" for fault in firm.faults)
    assert seen == {"dark", "stuck", "exchanged", "moved_in"}


def test_files_and_truth_are_written(tmp_path: Path) -> None:
    small = make(FIRST, 420, count=6, seed=2)
    files = write(small, tmp_path)
    assert [firm.code for firm, _ in files[:7]] == ["yb001", "yb002", "yb003", "yb004", "yb005", "yb006", "yb001"]
    tables = [pq.read_table(path) for firm, path in files if firm.code == "yb005"]
    assert sum(table.num_rows for table in tables) == 420 * 24 + 1
    assert sum(table.column("energy").null_count for table in tables) > 0  # its gateway was dark for weeks
    assert tables[0].column("time")[1].as_py() - tables[0].column("time")[0].as_py() == HOUR
    known = json.loads((tmp_path / "truth.json").read_text())
    row = known["firms"][0]
    true = row["upgrade"]["effects"]["labour_per_piece"]
    assert row["effect"]["labour_per_piece"]["6"] == pytest.approx(true, abs=1e-6)
