"""Killed, cut, flipped and full: nothing acknowledged is lost, nothing doubled, damage is named."""

import contextlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from chanye.kernel.errors import ConfigError, TransientError
from chanye.spine.history import Batch, History, PartWriter, Reader, SeriesSpec, verify
from chanye.spine.history.wal import HEADER, MAGIC
from history_samples import T0, S, batch

HERE = Path(__file__).parent
ENV = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}

WRITER = """
import sys, threading
from pathlib import Path
from chanye.spine.history import History, SeriesSpec
from history_samples import *
folder, size = Path(sys.argv[1]), int(sys.argv[2])
history = History(folder, flush_rows=20 * size)
def pour(source):
    k = history.source(source).last_sequence
    while True:
        k += 1
        time, number = T0 + S * (k * size + np.arange(size)), 1 + int(source[1])
        history.append(batch(k, number, time, np.full(size, k), source=source))
        sys.stdout.write(f"{source} {k}\\n"); sys.stdout.flush()
for name in ("s0", "s1", "s2"):
    threading.Thread(target=pour, args=(name,), daemon=True).start()
while True:
    history.maintain(lambda ids: {i: SeriesSpec(i) for i in ids})
    history.compact(full=True)
"""


def kill_and_check(folder: Path, seconds: float, size: int) -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(folder), str(size)], stdout=subprocess.PIPE, text=True, env=ENV
    )
    first = child.stdout.readline()
    time.sleep(seconds)
    child.send_signal(signal.SIGKILL)
    out = first + child.communicate()[0]
    acked = {}
    for line in out.splitlines(keepends=True):
        if line.endswith("\n"):
            source, k = line.split()
            acked[source] = int(k)
    assert acked
    began = time.perf_counter()
    with History(folder, flush_rows=20 * size) as history:
        assert time.perf_counter() - began < 4.0  # 2 s on a quiet machine
        reader = Reader(folder)
        for source, last in acked.items():
            number = 1 + int(source[1])
            stored = history.source(source).last_sequence
            assert stored >= last
            for _ in range(2):
                got = reader.raw([number], 1, T0 * 2)
                assert len(got) == stored * size
                assert np.array_equal(got.time, T0 + S * (size + np.arange(stored * size)))
                assert np.array_equal(got.value, np.repeat(np.arange(1, stored + 1), size))
                # the source sends again what it has no acknowledgement for, and a little more
                for k in range(max(1, last - 2), stored + 1):
                    again = batch(k, number, T0 + S * (k * size + np.arange(size)), np.full(size, k), source=source)
                    assert history.append(again).duplicate
        report = verify(folder)
        assert report.ok, report.problems
        assert report.rows_stored == sum(history.source(s).last_sequence for s in ("s0", "s1", "s2")) * size


@pytest.mark.parametrize("size", [7, 3000])
def test_kill_9_loses_nothing_acknowledged_and_doubles_nothing(tmp_path: Path, size: int) -> None:
    for _ in range(2):
        kill_and_check(tmp_path, random.uniform(0.05, 0.8), size)


@pytest.mark.soak
def test_kill_9_twenty_times(tmp_path: Path) -> None:
    for _ in range(20):
        kill_and_check(tmp_path, random.uniform(0.0, 3.0), 1000)


def test_start_replays_a_million_rows_quickly(tmp_path: Path) -> None:
    with History(tmp_path, flush_rows=1 << 30) as history:
        for k in range(100):
            n = 10_000
            history.append(batch(k + 1, np.arange(n) % 2000, T0 + k * S + np.arange(n), np.zeros(n)))
    began = time.perf_counter()
    with History(tmp_path) as history:
        took = time.perf_counter() - began
        assert history.source("s").last_sequence == 100
    assert took < 4.0  # 2 s on a quiet machine


@pytest.mark.parametrize("number", [4095, 4096, 70_000, 5_000_000])
def test_a_start_replays_series_numbers_beyond_the_table_of_latest(tmp_path: Path, number: int) -> None:
    with History(tmp_path) as history:
        history.append(batch(1, number, [T0], [7]))
    with History(tmp_path) as history:
        assert history.source("s").last_sequence == 1
        assert Reader(tmp_path).latest([number]).value.tolist() == [7]
        history.flush()
    with History(tmp_path):
        assert Reader(tmp_path).latest([number]).value.tolist() == [7]


def records(path: Path) -> list[int]:
    data, at, found = path.read_bytes(), 0, []
    while at < len(data):
        assert data[at : at + 4] == MAGIC
        found.append(at)
        at += HEADER.size + HEADER.unpack_from(data, at)[2]
    return found


def five(folder: Path, **more) -> Path:
    with History(folder, **more) as history:
        for k in range(5):
            history.append(batch(k + 1, k, [T0 + k * S] * 3, [k, k, k]))
    return folder / "wal" / "0000000001.log"


def flip(path: Path, at: int) -> None:
    data = bytearray(path.read_bytes())
    data[at] ^= 0x10
    path.write_bytes(data)


@pytest.mark.parametrize("where", [2, 4, 9, 40, 64, 100])
def test_a_flipped_bit_costs_one_record_and_is_named(tmp_path: Path, where: int) -> None:
    log = five(tmp_path)
    start = records(log)[2]
    flip(log, start + where)
    report = verify(tmp_path)
    assert [(p.file, p.offset) for p in report.problems] == [("wal/0000000001.log", start)]
    want = [0, 1, 3, 4]
    assert Reader(tmp_path).raw(range(5), 1, T0 * 2).series.tolist() == want
    with History(tmp_path) as history:
        history.flush()
        assert Reader(tmp_path).raw(range(5), 1, T0 * 2).series.tolist() == want
        # the source delivers it again: only the lost one is new
        stored = [history.append(batch(k + 1, k, [T0 + k * S] * 3, [k] * 3)).stored for k in range(5)]
        assert stored == [0, 0, 3, 0, 0]
    problems = verify(tmp_path).problems
    assert [(p.file, p.offset) for p in problems] == [("damaged/0000000001.log", start)]


def test_a_torn_write_is_cut_and_nothing_is_wrong(tmp_path: Path) -> None:
    log = five(tmp_path)
    with log.open("ab") as file:
        file.write(log.read_bytes()[:90])
    assert verify(tmp_path).ok
    with History(tmp_path) as history:
        assert history.append(batch(6, 6, [T0], [6])).stored == 1
    assert verify(tmp_path).ok
    assert Reader(tmp_path).raw(range(9), 1, T0 * 2).series.tolist() == [0, 1, 2, 3, 4, 6]


@pytest.mark.parametrize("beyond", [0, 30])
def test_an_acknowledged_record_cut_off_is_named_before_and_after_the_start(tmp_path: Path, beyond: int) -> None:
    log = five(tmp_path)
    last = records(log)[4]
    os.truncate(log, last + beyond)
    assert not verify(tmp_path).ok
    with History(tmp_path) as history:
        assert history.source("s").last_sequence == 4
    problem = verify(tmp_path).problems[0]
    assert problem.file.startswith("damaged/0000000001-")


@pytest.mark.parametrize("damage", ["flip", "truncate", "remove"])
def test_a_damaged_part_is_named_and_left_out(tmp_path: Path, damage: str) -> None:
    with History(tmp_path) as history:
        for day in range(3):
            history.append(batch(day + 1, 1, T0 + day * 86_400 * S + S * np.arange(5000), np.arange(5000)))
            history.flush()
    parts = sorted((tmp_path / "parts").rglob("*.parquet"))
    bad = parts[1]
    if damage == "flip":
        flip(bad, bad.stat().st_size // 2)
    elif damage == "truncate":
        os.truncate(bad, bad.stat().st_size // 2)
    else:
        bad.unlink()
    report = verify(tmp_path)
    assert [p.file for p in report.problems] == [str(bad.relative_to(tmp_path))]
    copy = tmp_path / "seen by a fresh process"
    shutil.copytree(tmp_path, copy)
    reader = Reader(copy)
    got = reader.raw([1], 1, T0 * 2)
    assert len(got) == 10_000
    table = reader.aggregate(
        [SeriesSpec(1, hold=S)], T0, T0 + 3 * 86_400 * S, 86_400 * S, ["Count"], known_until=T0 * 2
    )
    assert table.columns["percent_known"][0].round(3).tolist() == [5.787, 0, 5.787]
    with History(copy) as history:
        history.append(batch(9, 1, [T0 + 86_400 * S], [1]))
        history.flush()
        history.compact(full=True)
        assert len(reader.raw([1], 1, T0 * 2)) == 10_001


def test_full_disk_acknowledges_nothing_and_goes_on_when_there_is_room(tmp_path: Path) -> None:
    code = """
import resource, sys
from pathlib import Path
from chanye.kernel.errors import TransientError
from chanye.spine.history import History, Reader, verify
from history_samples import *
folder = Path(sys.argv[1])
resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, resource.RLIM_INFINITY))
with History(folder) as history:
    k = 0
    while True:
        try:
            history.append(batch(k + 1, 1, T0 + k * S + np.arange(1000), np.arange(1000)))
            k += 1
        except TransientError as error:
            assert "again" in str(error), error
            break
    assert k > 3, k
    assert len(Reader(folder).raw([1], 1, T0 * 2)) == 1000 * k
    assert verify(folder).ok
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
    assert history.append(batch(k + 1, 1, T0 + k * S + np.arange(1000), np.arange(1000))).stored == 1000
    history.flush()
    assert verify(folder).ok
    print(k)
"""
    run = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, env=ENV, check=False
    )
    assert run.returncode == 0, run.stderr


def fill_up(history: History) -> int:
    """Append until the disk is full; return the batches acknowledged."""
    rng = np.random.default_rng(1)
    for k in range(10_000):
        try:
            history.append(batch(k + 1, 1, T0 + k * S + np.arange(5000), rng.random(5000)))
        except TransientError:
            return k
    raise AssertionError("the disk never filled")


def fill_with_bytes(path: Path) -> None:
    with path.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while file.write(bytes(4096)):
            pass


def test_a_really_full_file_system(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(disk)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("no right to mount a small file system")
    try:
        (disk / "ballast").write_bytes(bytes(3 << 20))
        with History(disk, min_free_bytes=0) as history:
            k = fill_up(history)
            assert len(Reader(disk).raw([1], 1, T0 * 2)) == 5000 * k
            (disk / "wal" / "0000000001.log").stat()
            report = verify(disk)
            assert report.ok, report.problems
            with pytest.raises(TransientError):
                history.flush()
        fill_with_bytes(disk / "more")
        with pytest.raises(TransientError):
            History(disk, min_free_bytes=0)
        (disk / "ballast").unlink()
        (disk / "more").unlink()
        with History(disk, min_free_bytes=0) as history:
            assert history.source("s").last_sequence == k
            history.flush()
            assert len(Reader(disk).raw([1], 1, T0 * 2)) == 5000 * k
        assert verify(disk).ok
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)


def test_little_free_space_is_refused_before_it_is_too_late(tmp_path: Path) -> None:
    with History(tmp_path, min_free_bytes=1 << 60) as history, pytest.raises(TransientError, match="Free disk space"):
        history.append(batch(1, 1, [T0], [1]))


READER = """
import sys, time
from pathlib import Path
from chanye.spine.history import Reader
from history_samples import *
reader, end, last, rounds = Reader(Path(sys.argv[1])), time.monotonic() + 3, 0, 0
while time.monotonic() < end:
    generation = reader.generation()
    got = reader.raw([1], 1, T0 * 2)
    assert len(got) >= generation * 100 and len(got) >= last, (len(got), generation, last)
    assert np.array_equal(got.time, T0 + np.arange(len(got))), "a hole"
    assert reader.latest([1]).time[0] >= (got.time[-1] if len(got) else 0)
    last, rounds = len(got), rounds + 1
print(rounds, last)
"""


def test_another_process_reads_without_holes_while_parts_come_and_go(tmp_path: Path) -> None:
    with History(tmp_path, flush_rows=2000) as history:
        child = subprocess.Popen(
            [sys.executable, "-c", READER, str(tmp_path)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=ENV,
        )
        k = 0
        while child.poll() is None:
            history.append(batch(k + 1, 1, T0 + k * 100 + np.arange(100), np.zeros(100)))
            k += 1
            if k % 50 == 0:
                history.compact(full=True)
            time.sleep(0.001)
        out, err = child.communicate()
    assert child.returncode == 0, err
    rounds, last = map(int, out.split())
    assert rounds > 3
    assert last > 0


def test_threads_share_one_sync(tmp_path: Path) -> None:
    arrivals: list[int] = []
    with History(tmp_path, flush_rows=500) as history:

        def pour(i: int) -> None:
            batches = [batch(k + 1, i, [T0 + k], [k], source=f"t{i}") for k in range(30)]
            arrivals.extend(history.append(b).arrival for b in batches)

        threads = [threading.Thread(target=pour, args=(i,)) for i in range(8)]
        [t.start() for t in threads]
        [t.join() for t in threads]
        assert len(set(arrivals)) == 240
        assert len(Reader(tmp_path).raw(range(8), 1, T0 * 2)) == 240
    assert json.dumps(verify(tmp_path).rows_stored) == "240"


def columns_of_batch(one: Batch) -> tuple[np.ndarray, ...]:
    return one.series, one.time, one.value, one.quality


@pytest.mark.parametrize("deed", ["flush", "adopt"])
def test_a_record_written_while_a_segment_closes_is_not_left_behind(tmp_path: Path, deed: str) -> None:
    """A second thread writes at the worst moment: after the sync, before the segment is exchanged."""
    folder = tmp_path / "h"
    with History(folder) as history:
        history.append(batch(1, 1, [T0], [1], source="a"))
        writer = PartWriter(folder)
        writer.write(*columns_of_batch(batch(1, 3, [T0], [3])))
        files = writer.finish()
        plain, threads = history._sync_pending, []

        def sync_then_meet() -> None:
            plain()
            if not threads:
                other = threading.Thread(target=lambda: history.append(batch(1, 2, [T0], [2], source="b")))
                threads.append(other)
                other.start()
                while not history._pending:
                    time.sleep(0.001)

        history._sync_pending = sync_then_meet  # type: ignore[method-assign]  # the moment cannot be hit otherwise
        if deed == "flush":
            history.flush()
        else:
            assert history.adopt("c", 1, files, {}).stored == 1
        threads[0].join()
        shutil.copytree(folder, tmp_path / "killed now")
        assert Reader(folder).since(0).series.tolist() == ([1, 2] if deed == "flush" else [1, 2, 3])
    with History(tmp_path / "killed now") as history:
        assert history.source("b").last_sequence == 1
        assert Reader(tmp_path / "killed now").raw([2], 1, T0 * 2).value.tolist() == [2]
        assert verify(tmp_path / "killed now").ok


def test_a_large_import_does_not_hide_what_is_still_in_the_log(tmp_path: Path) -> None:
    with History(tmp_path) as history:
        history.append(batch(1, 1, [T0], [1], source="live"))
        writer = PartWriter(tmp_path)
        writer.write(*columns_of_batch(batch(1, 2, T0 + np.arange(1000), np.arange(1000))))
        history.adopt("import", 1, writer.finish(), {})
        reader, seen, cursor, more = Reader(tmp_path), set(), 0, True
        while more:
            found = reader.since(cursor, limit=100)
            seen |= set(found.series.tolist())
            cursor, more = found.cursor, found.more
        assert seen == {1, 2}


def test_the_clock_may_run_backwards(tmp_path: Path) -> None:
    times = iter([T0, T0 - 5 * S, T0 - 9 * S, *[T0] * 50])
    with History(tmp_path, clock=lambda: next(times)) as history:
        got = [history.append(batch(k + 1, 1, [T0 + k], [k])).arrival for k in range(3)]
    assert got == sorted(set(got))


def shop(folder: Path) -> Path:
    """Three days in parts, rolled up, a dictionary, and a hundred samples in the log; closed in order."""
    with History(folder) as history:
        assert history.encode(2, ["IDLE", "ACTIVE"]) == [0, 1]
        for day in range(3):
            history.append(batch(day + 1, 1, T0 + day * 86_400 * S + S * np.arange(500), np.arange(500)))
            history.flush()
        while history.maintain(lambda ids: {i: SeriesSpec(i) for i in ids}).more:
            pass
        history.append(batch(4, 1, T0 + 4 * 86_400 * S + S * np.arange(100), np.arange(100)))
    return folder


def named(folder: Path) -> list[str]:
    return sorted({p.file for p in verify(folder).problems})


@pytest.mark.parametrize("at", [8, 30, 34, 41, 50, 57, 4096 + 32 + 2, 4096 + 32 + 9, 4096 + 32 * 9])
def test_a_flipped_bit_in_the_table_of_latest_is_named_and_cured_by_a_start(tmp_path: Path, at: int) -> None:
    flip(shop(tmp_path) / "latest.bin", at)
    assert named(tmp_path) == ["latest.bin"]
    assert len(Reader(tmp_path).raw([1], 1, T0 * 2)) == 1600
    with History(tmp_path):
        assert named(tmp_path) == []
        assert Reader(tmp_path).latest([1]).value.tolist() == [99]


def test_a_lost_segment_of_the_log_is_named_before_and_after_the_start(tmp_path: Path) -> None:
    (shop(tmp_path) / "wal" / "0000000004.log").unlink()
    assert named(tmp_path) == ["wal/0000000004.log"]
    with History(tmp_path) as history:
        assert history.append(batch(4, 1, [T0], [1])).stored == 1
        history.flush()
    assert named(tmp_path) == ["damaged/0000000004-0.log"]


@pytest.mark.parametrize("file", sorted(["rollups", "parts"]))
def test_a_flipped_bit_in_any_file_of_a_day_is_named(tmp_path: Path, file: str) -> None:
    path = sorted((shop(tmp_path) / file).rglob("*.parquet"))[1]
    flip(path, path.stat().st_size // 2)
    assert named(tmp_path) == [str(path.relative_to(tmp_path))]
    copy = tmp_path.with_name(f"{tmp_path.name} seen by a fresh process")
    shutil.copytree(tmp_path, copy)
    assert len(Reader(copy).raw([1], 1, T0 * 2)) == (1600 if file == "rollups" else 1100)
    got = Reader(copy).aggregate([SeriesSpec(1)], T0, T0 + 5 * 86_400 * S, 3600 * S, ["Count"])
    assert np.nansum(got.columns["Count"]) == 1600, "what one of the two says is enough for hours"


def test_a_damaged_table_of_hours_is_made_anew_when_its_day_changes(tmp_path: Path) -> None:
    path = sorted((shop(tmp_path) / "rollups").glob("*"))[0]
    flip(path, path.stat().st_size // 2)
    with History(tmp_path) as history:
        history.append(batch(9, 3, [T0 + 7200 * S], [5]))
        history.flush()
        while history.maintain(lambda ids: {i: SeriesSpec(i) for i in ids}).more:
            pass
    assert verify(tmp_path).ok
    got = Reader(tmp_path).aggregate([SeriesSpec(1), SeriesSpec(3)], T0, T0 + 86_400 * S, 3600 * S, ["Count"])
    assert np.nansum(got.columns["Count"], axis=1).tolist() == [500, 1]


def killed(folder: Path) -> Path:
    """Leave a folder as a power cut does: SQLite's own log was not moved into the manifest."""
    code = """
import os, sys
from pathlib import Path
from test_faults import shop
from chanye.spine.history.manifest import Manifest
Manifest.close = lambda self: os._exit(0)
shop(Path(sys.argv[1]))
"""
    env = ENV | {"PYTHONPATH": f"{ENV['PYTHONPATH']}{os.pathsep}{HERE}"}
    subprocess.run([sys.executable, "-c", code, str(folder)], check=True, env=env)
    return folder


def test_a_flipped_bit_in_the_log_of_the_manifest_loses_nothing_in_silence(tmp_path: Path) -> None:
    log = killed(tmp_path) / "manifest.sqlite3-wal"
    assert named(tmp_path) == []
    size = log.stat().st_size
    assert size > 30_000
    parts = len(list((tmp_path / "parts").rglob("*.parquet")))
    for at in (9, size // 2, size * 3 // 4):
        copy = tmp_path.with_name(f"{tmp_path.name} flipped at {at}")
        shutil.copytree(tmp_path, copy)
        flip(copy / log.name, at)
        assert "manifest.sqlite3-wal" in named(copy)
        with pytest.raises(ConfigError, match="backup"):
            History(copy)
        assert len(list((copy / "parts").rglob("*.parquet"))) == parts, "a start deleted what the manifest forgot"


def test_parts_that_an_older_manifest_does_not_know_are_kept_and_named(tmp_path: Path) -> None:
    with History(tmp_path / "h") as history:
        history.append(batch(1, 1, [T0], [1]))
        history.flush()
    shutil.copy(tmp_path / "h" / "manifest.sqlite3", tmp_path / "backup")
    with History(tmp_path / "h") as history:
        history.append(batch(2, 1, [T0 + S], [2]))
        history.flush()
    shutil.copy(tmp_path / "backup", tmp_path / "h" / "manifest.sqlite3")
    with History(tmp_path / "h"):
        assert Reader(tmp_path / "h").raw([1], 1, T0 * 2).value.tolist() == [1]
    kept = [p for p in named(tmp_path / "h") if p.endswith(".parquet")]
    assert len(kept) == 1
    assert kept[0].startswith("damaged/2")


def test_a_manifest_that_cannot_be_read_is_told_in_words(tmp_path: Path) -> None:
    os.truncate(shop(tmp_path) / "manifest.sqlite3", 9000)
    assert "manifest.sqlite3" in named(tmp_path)
    reader = Reader(tmp_path)
    for read in (lambda: reader.raw([1], 1, T0 * 2), lambda: reader.since(0), reader.audit, lambda: reader.texts(2)):
        with pytest.raises(TransientError, match="chanye verify"):
            read()
    with pytest.raises((ConfigError, TransientError), match=r"backup|again"):
        History(tmp_path)
