"""Keep samples durably, ask for an hourly mean, and see how much of it is known."""

import tempfile
from pathlib import Path

import numpy as np

from chanye.spine.history import Batch, History, Quality, Reader, SeriesSpec

SECOND, MINUTE, HOUR = 1_000_000, 60_000_000, 3_600_000_000
START = 1_780_300_800_000_000  # 2026-06-01 08:00 UTC, us

with tempfile.TemporaryDirectory() as name:
    folder = Path(name)
    time = START + np.arange(0, 2 * HOUR, 10 * SECOND, dtype=np.int64)
    value = 20 + np.arange(len(time)) / 100
    quality = np.full(len(time), Quality.GOOD, np.uint16)
    silent = (time >= START + HOUR) & (
        time < START + HOUR + 15 * MINUTE
    )  # the probe was off for a quarter of an hour
    value[silent], quality[silent] = np.nan, Quality.BAD_NO_COMMUNICATION

    with History(folder) as history:
        batch = Batch("probe", 1, np.full(len(time), 1, np.uint32), time, value, quality)
        print(history.append(batch))  # on disk when this returns
        print(history.append(batch))  # the same delivery again changes nothing

        table = Reader(folder).aggregate(
            [SeriesSpec(1)], START, START + 2 * HOUR, HOUR, ["TimeAverage", "Count"], known_until=START + 2 * HOUR
        )
        mean, known = table.columns["TimeAverage"][0], table.columns["percent_known"][0]
        for hour in range(2):
            print(f"hour {hour}: {mean[hour]:.2f}, known {known[hour]:.0f} %")
        assert np.allclose(known, [100, 75])
