"""Data of published studies, from the packages that carry them for tests."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from chanye.engines.effects.panel import F64, NEVER, Panel


def _file(package: str, name: str) -> Path:
    found = importlib.util.find_spec(package)
    if found is None or found.origin is None:
        pytest.skip(f"skipped: no {package}")
    return Path(found.origin).parent / name


def minimum_wage(*, covariates: bool = False) -> Panel:
    """Return mpdta: log teen employment of 500 counties, 2003 to 2007 (Callaway and Sant'Anna 2021)."""
    pandas = pytest.importorskip("pandas", reason="skipped: no pandas")
    rows = pandas.read_pickle(_file("moderndid", "core/datasets/mpdta_long.pkl.gz"), compression="gzip")
    wide = rows.pivot_table(index="countyreal", columns="year", values="lemp").sort_index()
    first = rows.groupby("countyreal")["first.treat"].first().sort_index().to_numpy().astype(int)
    known = rows.groupby("countyreal")["lpop"].first().sort_index().to_numpy()
    begun = np.where(first == 0, NEVER, first - 2003)
    return Panel.of(wide.to_numpy(), begun, known[:, None] if covariates else None)


def california() -> tuple[F64, F64, int, list[str]]:
    """Return packs of cigarettes a head, 1970 to 2000: of other states, of California, years before, names."""
    pandas = pytest.importorskip("pandas", reason="skipped: no pandas")
    rows = pandas.read_csv(_file("synthdid", "data/california_prop99.csv"), sep=None, engine="python")
    wide = rows.pivot_table(index="State", columns="Year", values="PacksPerCapita").sort_index()
    own = wide.index == "California"
    names = [name for name in wide.index if name != "California"]
    return wide[~own].to_numpy(), wide[own].to_numpy(), 1989 - 1970, names
