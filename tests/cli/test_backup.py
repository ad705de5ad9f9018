"""A copy made while samples are written holds everything acknowledged before it began, and is whole."""

import sqlite3
import threading
from pathlib import Path

import numpy as np
import pytest

from chanye.cli.backup import backup
from chanye.kernel.errors import ConfigError
from chanye.kernel.settings import Settings
from chanye.spine.history import Batch, History, Reader, verify

ROWS = 500


def _batch(number: int) -> Batch:
    time = (np.arange(ROWS, dtype=np.int64) + number * ROWS) * 1_000_000
    return Batch("s", number, np.ones(ROWS, np.uint32), time, time.astype(float), np.zeros(ROWS, np.uint16))


def test_a_copy_made_while_writing_is_whole(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    with sqlite3.connect(data / "records.sqlite3") as records:
        records.execute("CREATE TABLE t (x)")
        records.execute("INSERT INTO t VALUES (7)")
    records.close()
    done = [0]
    stop = threading.Event()
    with History(data / "history", flush_rows=1500) as history:

        def write() -> None:
            while not stop.is_set() and done[0] < 400:
                history.append(_batch(done[0] + 1))
                done[0] += 1
                if done[0] % 4 == 0:
                    history.flush()

        writer = threading.Thread(target=write)
        writer.start()
        while done[0] < 10:
            stop.wait(0.01)
        before = done[0]
        said = backup(Settings(data=data), tmp_path / "copy")
        stop.set()
        writer.join()
    assert said[-1] == "records"
    copy = tmp_path / "copy"
    with History(copy / "history"):
        report = verify(copy / "history")
        held = len(Reader(copy / "history").raw([1], 0, 2**60).time)
    assert report.ok, report.problems
    assert held >= before * ROWS
    assert held % ROWS == 0
    restored = sqlite3.connect(copy / "records.sqlite3")
    assert restored.execute("SELECT x FROM t").fetchone() == (7,)
    restored.close()


def test_a_copy_has_a_place_of_its_own(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").write_text("")
    for target, says in ((data / "b", "inside"), (tmp_path / "full", "not empty")):
        with pytest.raises(ConfigError, match=says):
            backup(Settings(data=data), target)
    with pytest.raises(ConfigError, match="pg_dump"):
        backup(Settings(data=data, database="postgresql://x"), tmp_path / "b")
