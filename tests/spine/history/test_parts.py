"""Parts come, merge and go; what is read stays the same."""

from pathlib import Path

import numpy as np
import pytest

from chanye.kernel.errors import ConfigError
from chanye.spine.history import History, PartWriter, Reader, verify
from history_samples import T0, S, batch

DAY = 86_400 * S


def everything(reader: Reader, **more):
    got = reader.raw(range(20), 1, T0 + 400 * DAY, **more)
    return got.series.tolist(), got.time.tolist(), got.value.tolist(), got.arrival.tolist()


def test_shuffled_repeated_and_late_deliveries_give_the_same_samples(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    n = 3000
    series, time = rng.integers(0, 9, n), T0 + rng.integers(0, 5 * DAY, n)
    cut = np.array_split(np.arange(n), 30)
    # one value per (series, time), so that the order of delivery cannot matter
    value = (series * 7 + time % 97).astype(float)
    want = sorted(set(zip(series.tolist(), time.tolist(), value.tolist(), strict=True)))
    for order in (range(30), rng.permutation(30)):
        folder = tmp_path / str(order[0])
        with History(folder, flush_rows=700) as history:
            for k in [*order, *order]:
                history.append(batch(int(k) + 1, series[cut[k]], time[cut[k]], value[cut[k]]))
            reader = Reader(folder)
            for step in ("tail", "flushed", "compact", "full"):
                s, t, v, _ = everything(reader)
                assert list(zip(s, t, v, strict=True)) == want, step
                assert verify(folder).ok, step
                if step == "tail":
                    history.flush()
                history.compact(full=step == "compact")
            rows = sum(r.stored for r in reader.audit())
            assert rows == n
            assert sum(r.duplicates for r in reader.audit()) == n
            report = verify(folder)
            assert report.rows_stored == n
            assert report.rows_in_parts == n - report.rows_merged


def test_compaction_keeps_versions_and_drops_repeats(tmp_path: Path) -> None:
    with History(tmp_path) as history:
        arrivals = []
        for k, v in enumerate([1.0, 1.0, 2.0, 1.0]):
            arrivals.append(history.append(batch(k + 1, 1, [T0, T0 + S], [v, 5.0])).arrival)
            history.flush()
        reader = Reader(tmp_path)
        for _ in range(2):
            assert [reader.raw([1], T0, T0 + S, known_at=a).value[0] for a in arrivals] == [1, 1, 2, 1]
            assert len(reader.raw([1], 1, T0 + DAY, known_at=arrivals[0] - 1)) == 0
            history.compact(full=True)
        report = verify(tmp_path)
        assert report.ok
        assert report.parts == 1
        assert (report.rows_stored, report.rows_in_parts, report.rows_merged) == (8, 4, 4)


def test_retention_takes_whole_days_and_counts_them(tmp_path: Path) -> None:
    now = T0 + 10 * DAY
    with History(tmp_path, clock=lambda: now) as history:
        history.append(batch(1, 1, [T0, T0 + 9 * DAY], [1, 2]))
        history.flush()
        assert history.maintain(lambda _: {}, retention_days=3).retired_rows == 1
        assert Reader(tmp_path).raw([1], 1, now).value.tolist() == [2]
        report = verify(tmp_path)
        assert report.ok
        assert (report.rows_stored, report.rows_in_parts, report.rows_retired) == (2, 1, 1)
        now += 120 * S
        assert history.maintain(lambda _: {}).deleted_files == 1
        assert verify(tmp_path).ok


def test_adopted_files_appear_at_once_and_once(tmp_path: Path) -> None:
    with History(tmp_path) as history:
        history.append(batch(1, 1, [T0], [1]))
        writer = PartWriter(tmp_path)
        for day in range(3):
            writer.write(
                np.array([1, 2], np.uint32),
                np.array([T0 + day * DAY] * 2),
                np.array([7.0, 8.0]),
                np.zeros(2, np.uint16),
            )
        files = writer.finish()
        reader = Reader(tmp_path)
        before = reader.since(0)
        assert len(reader.raw([1, 2], 1, T0 + 9 * DAY)) == 1
        receipt = history.adopt("import", 1, files, {"rejected:bad_line": 2}, "end")
        assert receipt.stored == 6
        assert not any(f.exists() for f in files)
        for _ in range(2):
            assert reader.raw([1], 1, T0 + 9 * DAY).value.tolist() == [7, 7, 7]
            assert reader.raw([1], 1, T0 + 9 * DAY, known_at=receipt.arrival - 1).value.tolist() == [1]
            assert reader.latest([1, 2]).time.tolist() == [T0 + 2 * DAY] * 2
            assert reader.since(before.cursor).last.tolist() == [T0 + 2 * DAY] * 2
            assert history.source("import").position == "end"
            assert history.adopt("import", 1, [], {}).duplicate
            assert verify(tmp_path).ok
            history.flush()
            history.compact(full=True)
        row = next(r for r in reader.audit() if r.source == "import")
        assert (row.received, row.stored, row.reasons) == (8, 6, {"rejected:bad_line": 2})
    with History(tmp_path) as history:
        assert history.source("import").last_sequence == 1
        assert Reader(tmp_path).latest([2]).value.tolist() == [8]
        assert history.append(batch(2, 3, [T0], [1])).arrival > receipt.arrival


def test_a_bad_file_is_not_adopted_and_nothing_changes(tmp_path: Path) -> None:
    with History(tmp_path) as history:
        writer = PartWriter(tmp_path)
        for day in range(2):
            writer.write(np.array([1], np.uint32), np.array([T0 + day * DAY]), np.ones(1), np.zeros(1, np.uint16))
        files = writer.finish()
        data = bytearray(files[1].read_bytes())
        data[40] ^= 1
        files[1].write_bytes(data)
        with pytest.raises(ConfigError, match="cannot be taken over"):
            history.adopt("import", 1, files, {})
        assert files[0].exists()
        assert not list((tmp_path / "parts").rglob("*.parquet"))
        assert len(Reader(tmp_path).raw([1], 1, T0 + 9 * DAY)) == 0
        assert verify(tmp_path).ok
