"""What the counters of a firm say, with all that is wrong with them; and the files in which they come."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from chanye.twin.district.catalogue import Firm
from chanye.twin.district.days import F64
from chanye.twin.district.model import RATIOS, District
from chanye.twin.parts import HOUR

#: Column -> (item of the model, role, unit, size of a step of the counter, name).
COUNTERS: dict[str, tuple[str, str, str, float, str]] = {
    "part_count": ("pieces", "part_count", "{part}", 1.0, "产量"),
    "scrap_count": ("scrap", "scrap_count", "{part}", 1.0, "废品"),
    "energy": ("energy", "energy", "kW.h", 0.1, "电能"),
    "labour": ("labour", "labour", "h", 0.01, "工时"),
    "cost": ("cost", "cost", "{CNY}", 0.01, "成本"),
}
#: How long a reading is trusted: the next comes an hour later. [s]
HOLD = 2 * 3600
#: Hours that one file holds: a quarter.
STRETCH = 92 * 24


def times(district: District) -> npt.NDArray[np.int64]:
    """Return when the counters are read: at the start, and after every hour, us UTC."""
    return district.start + HOUR * np.arange(district.days * 24 + 1, dtype=np.int64)


def readings(district: District, firm: Firm) -> dict[str, F64]:
    """Return what a firm's counters and its thermometer say at ``times``; NaN where nothing was said."""
    n = district.days * 24 + 1
    found: dict[str, F64] = {}
    for column, (item, _, _, step, _) in COUNTERS.items():
        made = district.actual.items[item][firm.index].ravel()
        offset = float((firm.index * 7919 + 104_729) % 50_000)
        found[column] = np.floor((offset + np.append(0.0, np.cumsum(made))) / step) * step
    # the thermometer hangs in the yard: a tenth of a degree, the hour that begins
    warm = district.temperature.ravel()
    found["temperature"] = np.round(np.append(warm, warm[-1]) + 0.3 * ((firm.index % 7) - 3), 1)
    for fault in firm.faults:
        low, high = min(fault.first * 24, n), min(fault.last * 24, n)
        if fault.kind == "dark":
            for values in found.values():
                values[low:high] = np.nan
        elif fault.kind == "stuck":
            # a register that stands and then goes on from where it stood
            stood = found[fault.item]
            stood[high:] -= stood[high - 1] - stood[low]
            stood[low:high] = stood[low]
        elif fault.kind == "exchanged":
            found[fault.item][low:] -= found[fault.item][low]
    return {column: np.round(values, 2) for column, values in found.items()}


def mapping() -> str:
    """Return the mapping (TOML) by which the files are imported."""
    lines = ["[file]", 'format = "parquet"', "", "[time]", 'column = "time"', 'format = "unix_us"', ""]
    rows: list[tuple[str, str, str, str, str]] = [
        (column, "counter", role, unit, name) for column, (_, role, unit, _, name) in COUNTERS.items()
    ]
    rows.append(("temperature", "analog", "temperature", "Cel", "气温"))
    for column, kind, role, unit, name in rows:
        lines += ["[[series]]", f'column = "{column}"', f'name = "{name}"', f'kind = "{kind}"', f'unit = "{unit}"']
        lines += [f'role = "{role}"', f'interpolation = "{"sloped" if kind == "counter" else "stepped"}"']
        lines += ["expected_interval = 3600.0", f"hold = {HOLD:.1f}", ""]
    return "\n".join(lines)


def write(district: District, folder: Path) -> list[tuple[Firm, Path]]:
    """Write one Parquet file a firm and stretch of days, the mapping and the truth.

    Returns
    -------
    list of (Firm, Path)
        In the order of time, so that what is imported of one day comes together.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    folder.mkdir(parents=True, exist_ok=True)
    said = [readings(district, firm) for firm in district.firms]
    at = times(district)
    files = []
    for begin in range(0, len(at), STRETCH):
        rows = slice(begin, begin + STRETCH)
        for firm, of_firm in zip(district.firms, said, strict=True):
            # a NaN is a reading that never came
            columns = {name: pa.array(values[rows], from_pandas=True) for name, values in of_firm.items()}
            path = folder / f"{firm.code}-{begin // STRETCH:02d}.parquet"
            pq.write_table(pa.table({"time": pa.array(at[rows]), **columns}), path)
            files.append((firm, path))
    (folder / "mapping.toml").write_text(mapping(), encoding="utf-8")
    text = json.dumps(truth(district), ensure_ascii=False, indent=1)
    (folder / "truth.json").write_text(text, encoding="utf-8")
    return files


def truth(district: District) -> dict[str, Any]:
    """Return all that is known of the firms and what their upgrades really do, as plain values."""
    rows = []
    for firm in district.firms:
        row = asdict(firm)
        if firm.upgrade is not None:
            begin = firm.upgrade.finished
            row["effect"] = {
                measure: {
                    months: round(district.effect(firm.index, measure, begin, min(begin + lasts, district.days)), 6)
                    for months, lasts in (("6", 183), ("12", 365))
                }
                for measure in RATIOS
            }
        rows.append(row)
    return {"seed": district.seed, "first": district.first.isoformat(), "days": district.days, "firms": rows}
