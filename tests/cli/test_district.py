"""A small district through the product: imported, measured, applied for; the cheats are found, the honest are not."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path

import pytest

from chanye.cli.demo import district_evidence, district_office, district_projects
from chanye.cli.demo.district import ensure_district, fill
from chanye.evidence import queries as evidence
from chanye.kernel.settings import get_settings
from chanye.parties.types import SYSTEM
from chanye.spine.history import History
from chanye.twin.district import score
from chanye.twin.district.model import make
from chanye.twin.floor import wall_clock
from chanye.twin.shop import local_day

DAYS = 480


@pytest.mark.django_db
def test_a_small_district_is_brought_in_measured_and_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHANYE_DATA", str(tmp_path))
    get_settings.cache_clear()
    today = local_day(wall_clock())
    district = make(today - timedelta(days=DAYS), DAYS, count=9, seed=3)
    site = ensure_district(district)
    with History(get_settings().history_folder) as history:
        rows = fill(history, district, site, tmp_path / "incoming")
        assert rows > 8 * 6 * DAYS * 24
        assert fill(history, district, site, tmp_path / "incoming") == 0  # the same content comes in once
    assert ensure_district(district) == site
    firm = district.firms[2]  # its upgrade does nothing
    case = district_evidence.freeze(district, site, firm, "energy_per_piece", "baseline")
    assert district_evidence.freeze(district, site, firm, "energy_per_piece", "baseline") == case
    (judged,) = score.judge(district, [district_evidence.measure(district, case)])
    assert judged.true == 0
    assert judged.measured
    assert abs(judged.told.estimate or 0) < 0.05
    dark = district_evidence.freeze(district, site, district.firms[4], "energy_per_piece", "baseline")
    assert district_evidence.measure(district, dark).lower is None  # its meters were dark for most of the time since
    assert {one.office_id for one in evidence.plans(SYSTEM)} == {site.office}
    district_projects.seed_statistics(district, site, today, months=3)
    applied = district_office.seed_programme(district, site, today)
    found = district_office.caught(site, district, applied)
    assert found == {"honest firms not accused": True, "declared more than built": True, "applied twice": True}
    monkeypatch.undo()
    get_settings.cache_clear()


def told(estimate: float | None, half: float, firm: int = 0, since: tuple[int, int] = (300, 400)) -> score.Told:
    ends = (None, None) if estimate is None else (estimate - half, estimate + half)
    return score.Told(firm, "labour_per_piece", "group_time", (0, 180), since, estimate, *ends)


def test_the_score_counts_what_covers_and_what_was_refused() -> None:
    district = make(date(2023, 11, 1), 480, count=6, seed=1)
    upgrade = district.firms[0].upgrade
    assert upgrade is not None
    since = (upgrade.finished, 480)
    true = district.effect(0, "labour_per_piece", *since)
    answers = [told(true + 0.01, 0.02, since=since), told(true + 0.05, 0.02, since=since), told(None, 0, since=since)]
    answers.append(told(None, 0, firm=4, since=(district.firms[4].faults[0].first, 480)))  # dark: rightly refused
    answers.append(told(0.03, 0.02, firm=2))  # nothing happened there
    found = score.total(score.judge(district, answers))
    assert (found.measured, found.idle, found.ruined, found.refused_rightly) == (3, 1, 1, 1)
    assert found.coverage == pytest.approx(100 / 3)
    assert found.bias == pytest.approx(100 * (0.01 + 0.05 + 0.03) / 3)
    assert found.alarms == 100
    assert found.refused_wrongly == 1
    assert not found.holds


def test_the_plain_comparison_takes_the_trend_for_an_effect() -> None:
    """Labour falls by a tenth a year everywhere: before and after shows effects where nothing was done."""
    district = make(date(2023, 11, 1), 1096, count=30, seed=2)
    answers = [
        score.plain_before_after(
            district, score.Told(i, "labour_per_piece", "", (100, 460), (500, 860), None, None, None)
        )
        for i in (5, 6, 7, 10, 11, 17, 18, 19, 22, 23)
    ]
    found = score.total(score.judge(district, answers))
    assert found.alarms >= 90
    assert found.bias > 5


@pytest.mark.soak
def test_intervals_of_whole_districts_cover_and_the_cheats_are_caught() -> None:
    """Two districts through the whole product: more than 200 effects, of which 87 to 93 % of 90 % intervals hold."""
    covered = measured = 0.0
    for seed in (1, 2):
        done = subprocess.run(
            [sys.executable, "-m", "chanye", "demo", "--district", "--score", "--json", "--seed", str(seed)],
            capture_output=True, text=True, timeout=7200,
            env=os.environ | {"DJANGO_SETTINGS_MODULE": "chanye.web.settings"},
        )  # fmt: skip
        found = json.loads(done.stdout)
        assert all(found["caught"].values()), found["caught"]
        assert found["total"]["refused_rightly"] == found["total"]["ruined"]
        assert found["total"]["refused_wrongly"] <= score.WRONGLY * found["total"]["clean"]
        assert found["before_after"]["coverage"] < 20
        measured += found["total"]["measured"]
        covered += found["total"]["measured"] * found["total"]["coverage"] / 100
    assert measured >= score.ENOUGH
    low, high = score.COVERAGE_BAR
    assert low <= 100 * covered / measured <= high
