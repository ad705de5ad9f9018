"""``chanye demo --district --score``: what is said of a district's upgrades, against what they really did."""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

from chanye.cli.up import apply_settings, prepare
from chanye.kernel.errors import ConfigError
from chanye.twin.district import score
from chanye.twin.district.catalogue import MEASURES, Measure
from chanye.twin.district.model import make
from chanye.twin.district.score import Judged, Score, Told

#: The scored three years, whenever they are played.
FIRST, DAYS = date(2023, 11, 1), 1096


def run(*, seed: int, as_json: bool, data: Path | None = None) -> int:
    """Play a district, ask, compare, print; return 0 if the bars are reached, else 1.

    Raises
    ------
    ConfigError
        If the folder holds something already.
    """
    if data is not None and data.exists() and any(data.iterdir()):
        raise ConfigError(f"{data} is not empty: give --data a folder that is new, or leave it out.")
    with tempfile.TemporaryDirectory(prefix="chanye-district-") as temporary:
        begin = time.monotonic()
        judged, plain, caught = play(data or Path(temporary), seed, (lambda _: None) if as_json else _say)
        seconds = time.monotonic() - begin
    found = score.total(judged)
    holds = found.holds and all(caught.values())
    if as_json:
        print(json.dumps(report(judged, plain, caught, seconds), ensure_ascii=False))
    else:
        _print(judged, plain, caught)
    return 0 if holds else 1


def play(
    folder: Path,
    seed: int,
    say: Callable[[str], None],
    *,
    measures: Sequence[Measure] = MEASURES,
    count: int = 60,
    days: int = DAYS,
) -> tuple[list[Judged], list[Judged], dict[str, bool]]:
    """Bring a district into an empty product and measure it; return answers, plain comparisons, caught cheats."""
    settings = apply_settings(data=folder, port=0)
    settings.data.mkdir(parents=True, exist_ok=True)
    say("Preparing an empty product")
    prepare(settings)
    from chanye.cli import setup_django

    setup_django()
    from chanye.cli.demo import district_evidence, district_office
    from chanye.cli.demo.district import ensure_district, fill
    from chanye.spine.history import History
    from chanye.twin.floor import wall_clock
    from chanye.twin.shop import local_day

    district = make(FIRST, days, count=count, seed=seed)
    site = ensure_district(district)
    say(f"Importing {days} days of {count} firms")
    with History(settings.history_folder, min_free_bytes=settings.min_free_mb << 20) as history:
        fill(history, district, site, folder / "incoming")
    say("Measuring every upgrade")
    told = district_evidence.every(district, site, measures)
    judged = score.judge(district, told)
    plain = score.judge(district, [score.plain_before_after(district, one) for one in told])
    say("Letting firms apply, two of them with less than they say")
    applied = district_office.seed_programme(district, site, local_day(wall_clock()))
    return judged, plain, district_office.caught(site, district, applied)


def kinds_of(judged: Sequence[Judged]) -> list[tuple[str, Score]]:
    """Return the score of every measure with its method, and of every memory of the noise."""
    groups: dict[str, list[Judged]] = {}
    for one in judged:
        groups.setdefault(f"{one.told.measure}, {one.told.method}", []).append(one)
    for one in sorted(judged, key=lambda one: one.rho):
        groups.setdefault(f"correlation {one.rho:g}", []).append(one)
    return [(name, score.total(rows)) for name, rows in groups.items()]


def report(
    judged: Sequence[Judged], plain: Sequence[Judged], caught: dict[str, bool], seconds: float
) -> dict[str, Any]:
    """Return the result as plain values."""
    return {
        "seconds": round(seconds, 1),
        "holds": score.total(judged).holds and all(caught.values()),
        "bars": {"coverage": score.COVERAGE_BAR, "enough": score.ENOUGH},
        "total": asdict(score.total(judged)),
        "before_after": asdict(score.total(plain)),
        "kinds": {name: asdict(one) for name, one in kinds_of(judged)},
        "caught": caught,
        "wrong": [_row(one) for one in judged if one.measured and not one.covers],
    }


def _row(one: Judged) -> dict[str, Any]:
    told: Told = one.told
    return {
        "firm": told.firm,
        "measure": told.measure,
        "method": told.method,
        "rho": one.rho,
        "true": round(one.true, 5),
        "estimate": told.estimate,
        "lower": told.lower,
        "upper": told.upper,
    }


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _print(judged: Sequence[Judged], plain: Sequence[Judged], caught: dict[str, bool]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(title="What chanye said of the district's upgrades, against the truth")
    columns = ("", "measured", "90 % cover", "bias", "half width", "false alarms", "refused rightly", "wrongly")
    for name in columns:
        table.add_column(name, justify="right" if name else "left")
    rows = [*kinds_of(judged), ("all", score.total(judged)), ("plain before/after", score.total(plain))]
    for name, one in rows:
        table.add_row(
            name,
            str(one.measured),
            f"{one.coverage:.1f} %",
            f"{one.bias:+.2f}",
            f"{one.half:.2f}",
            f"{one.alarms:.1f} % of {one.idle}",
            f"{one.refused_rightly} of {one.ruined}",
            f"{one.refused_wrongly} of {one.clean}",
        )
    console = Console(width=None if sys.stdout.isatty() else 130)
    console.print(table)
    for name, found in caught.items():
        console.print(f"{name}: {'caught' if found else 'not caught'}")
