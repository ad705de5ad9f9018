"""The cotton plots of 2018: 32 plots with weekly profiles, weather and irrigation (pyfao56 test data, CC0)."""

from __future__ import annotations

import csv
from dataclasses import dataclass

import numpy as np

from shared_data import shared_data

PLOTS = tuple(f"p{block:02d}-{plot}" for block in range(1, 9) for plot in range(1, 5))


@dataclass(frozen=True)
class Field:
    """Weather from ``first`` on, day by day, and irrigation by plot."""

    first: int
    doy: np.ndarray
    weather: dict[str, np.ndarray]
    irrigation: dict[str, np.ndarray]


def field(first: int = 123, last: int = 273) -> Field:
    """Return the days ``first`` to ``last`` of the year 2018."""
    lines = shared_data("orchard/cotton2018/cotton2018.wth").read_text().splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith("Year-DOY"))
    names = lines[start].split()
    rows = [dict(zip(names, line.split(), strict=True)) for line in lines[start + 1 :] if line.strip()]
    rows = [r for r in rows if first <= int(r["Year-DOY"][5:]) <= last]
    weather = {n: np.array([float(r[n]) for r in rows]) for n in names[1:-1]}
    doy = np.arange(first, last + 1)
    assert len(rows) == len(doy)
    irrigation = {name: np.zeros(len(doy)) for name in PLOTS}
    with shared_data("orchard/cotton2018/irrigation.csv").open() as file:
        for row in csv.DictReader(file):
            if first <= int(row["DOY"]) <= last:
                for name in PLOTS:
                    irrigation[name][int(row["DOY"]) - first] = float(row[name] or 0)
    return Field(first, doy, weather, irrigation)


def soil(name: str) -> np.ndarray:
    """Return rows of lower edge [m], field capacity, wilting point and water at the beginning."""
    lines = shared_data(f"orchard/cotton2018/cotton2018{name}.sol").read_text().splitlines()
    rows = [
        [float(v) for v in line.split()] for line in lines if line.strip()[:1].isdigit() and len(line.split()) == 4
    ]
    out = np.array(rows)
    out[:, 0] /= 100
    return out


def parameters(name: str) -> dict[str, float]:
    """Return the crop of a plot."""
    lines = shared_data(f"orchard/cotton2018/cotton2018{name}.par").read_text().splitlines()
    found = {}
    for line in lines:
        words = line.replace(",", " ").split()
        if len(words) > 2 and words[0].replace(".", "").isdigit():
            found[words[1]] = float(words[0])
    return found


def profiles(name: str) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return days, contents (profiles, 10 layers), root depth [m] and depletion [mm] as measured."""
    lines = shared_data(f"orchard/cotton2018/cotton2018{name}.sws").read_text().splitlines()
    rows = [line.split() for line in lines if line.startswith("2018-")]
    days = np.array([int(r[0][5:]) for r in rows])
    table = np.array([[float(v) for v in r[1:]] for r in rows])
    return days, table[:, 11:21], table[:, 21], table[:, 22]
