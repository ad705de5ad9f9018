"""How fast effects are measured: a year of quarter-hours, placebos of a published study, a thousand firms."""

from __future__ import annotations

import importlib
import importlib.util
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from chanye.bench.effects_plants import F64, NEVER, quarters
from chanye.bench.figures import Figure
from chanye.engines.effects.did import Panel, bootstrap, by_event_time, group_time
from chanye.engines.effects.synthetic import placebo
from chanye.engines.effects.week import Steps, avoided_by_week

PLACEBO_BAR = "Synthetic control placebo on California ≤ 1 s (synthdid-py 66 s)"
FIRMS_BAR = "1,000 firms × 36 months DiD with 999 bootstrap draws ≤ 5 s"
METERS_BAR = "a year of 15-minute data for 200 meters through the baseline model ≤ 20 s"


def figures(quick: bool) -> list[Figure]:
    """Return the figures of measured effects; ``quick`` leaves out slow peers and plays fewer meters."""
    return [*_placebos(quick), _firms(quick), _meters(quick)]


def _placebos(quick: bool) -> list[Figure]:
    states = _california()
    if states is None:
        return [Figure("placebos of California", 0.0, "s", "synthdid-py is not installed", bar=PLACEBO_BAR)]
    own = states[-1:]
    seconds = _seconds(lambda: placebo(states[:-1], own, 19))
    peer = None if quick else _synthdid(states)
    return [
        Figure(
            "placebos of California, all 38 states",
            seconds,
            "s",
            "synthdid-py, 38 draws" if peer else "synthdid-py (full run)",
            peer,
            peer / seconds if peer else None,
            PLACEBO_BAR,
            seconds <= 1,
        )
    ]


def _california() -> F64 | None:
    """Return packs of cigarettes a head, 1970 to 2000, California last; None without the peer that carries them."""
    spec = importlib.util.find_spec("synthdid")
    if spec is None or spec.origin is None:
        return None
    rows = (Path(spec.origin).parent / "data" / "california_prop99.csv").read_text().strip().splitlines()
    split = ";" if ";" in rows[0] else ","
    head = [name.strip('"') for name in rows[0].split(split)]
    state, year, packs = (head.index(name) for name in ("State", "Year", "PacksPerCapita"))
    cells = [[cell.strip('"') for cell in row.split(split)] for row in rows[1:]]
    names = [*sorted({row[state] for row in cells} - {"California"}), "California"]
    years = sorted({row[year] for row in cells})
    table = np.full((len(names), len(years)), np.nan)
    for row in cells:
        table[names.index(row[state]), years.index(row[year])] = float(row[packs])
    return table


def _synthdid(states: F64) -> float:
    """Return how long the peer takes for as many placebos. [s]."""
    peer: Any = importlib.import_module("synthdid")
    estimate = peer.synthdid_estimate(states, len(states) - 1, 19)
    return _seconds(lambda: estimate.vcov(method="placebo", replications=38))


def _firms(quick: bool) -> Figure:
    rng = np.random.default_rng(6)
    first = rng.choice(np.array([12, 18, 24, 30, NEVER]), 1000)
    outcome = rng.normal(size=(1000, 36))

    def ours() -> None:
        cells = group_time(Panel.of(outcome, first))
        bootstrap(np.column_stack([cells.influence, by_event_time(cells).influence]), draws=999)

    seconds = _seconds(ours)
    peer = None if quick else _moderndid(outcome, first)
    return Figure(
        "1,000 firms, 36 months, 999 draws",
        seconds,
        "s",
        "moderndid",
        peer,
        peer / seconds if peer else None,
        FIRMS_BAR,
        seconds <= 5,
    )


def _moderndid(outcome: F64, first: np.ndarray[Any, Any]) -> float | None:
    """Return how long the peer takes for the same cells and draws; None if it is not there. [s]."""
    try:
        peer: Any = importlib.import_module("moderndid")
        polars: Any = importlib.import_module("polars")
    except ImportError:
        return None
    units, months = outcome.shape
    rows = polars.DataFrame(
        {
            "unit": np.repeat(np.arange(units), months),
            "month": np.tile(np.arange(1, months + 1), units),
            "y": outcome.ravel(),
            "first": np.repeat(np.where(first == NEVER, 0, first + 1), months),
        }
    )
    columns = {"yname": "y", "tname": "month", "idname": "unit", "gname": "first"}
    return _seconds(
        lambda: peer.att_gt(rows, **columns, control_group="notyettreated", boot=True, biters=999, cband=True)
    )


def _meters(quick: bool) -> Figure:
    """Play some meters; the time of generating them is not counted, and few stand for all 200."""
    several = 4 if quick else 200
    seconds = 0.0
    for i in range(min(several, 8)):
        meter = quarters(np.random.default_rng(i), effect=0.05, days=(365, 365), fast=0.9, slow=0.5)
        steps = Steps(meter.taken, meter.index, meter.temperature, meter.made[:, None])
        late = meter.index >= meter.before
        before, after = steps.only(~late), steps.only(late)
        for _ in range(several // min(several, 8)):
            seconds += _seconds(lambda a=before, b=after: avoided_by_week(a, b))  # type: ignore[misc] # bound now
    return Figure(
        "200 meters, a year of quarter-hours before and one since",
        seconds * 200 / several,
        "s",
        bar=METERS_BAR,
        holds=seconds * 200 / several <= 20,
    )


def _seconds(work: Callable[[], object]) -> float:
    """Return the processor's time, so that what else runs on the machine does not count. [s]."""
    began = time.process_time()
    work()
    return time.process_time() - began
