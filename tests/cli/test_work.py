"""The work process: fresh frames soon after data, one bad processor stops nobody, SIGTERM ends it in order."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

from chanye.cli.work import FIRST_WAIT, Lane, run
from chanye.spine.history.types import Changes
from memory_history import MemoryReader
from migrated import give_records


class Noting:
    """A processor that notes what it is given, and fails while told to."""

    def __init__(self, name: str, failures: int = 0) -> None:
        self.name, self.failures, self.seen, self.tries = name, failures, [], 0

    def process(self, changes: Changes, reader) -> None:
        self.tries += 1
        if self.tries <= self.failures:
            raise RuntimeError("broken on purpose")
        self.seen.append((changes.series.tolist(), changes.cursor))


@pytest.mark.django_db(transaction=True)  # a lane that fails closes its connection
def test_a_failing_processor_backs_off_and_recovers_while_others_go_on() -> None:
    reader = MemoryReader()
    reader.append(1, [(10, 1.0, 0)])
    bad, good = Lane(Noting("bad", failures=2)), Lane(Noting("good"))
    now = 0.0
    for lane in (bad, good):
        lane.step(reader, now)
    assert good.processor.seen == [([1], 1)]
    assert bad.processor.tries == 1
    bad.step(reader, now + FIRST_WAIT / 2)
    assert bad.processor.tries == 1  # not yet
    bad.step(reader, now + FIRST_WAIT)
    bad.step(reader, now + FIRST_WAIT * 2)
    assert bad.processor.tries == 2  # the wait has doubled
    bad.step(reader, now + FIRST_WAIT * 3)
    assert bad.processor.seen == [([1], 1)]
    good.step(reader, now + 1)
    assert len(good.processor.seen) == 1  # nothing new, nothing done


@pytest.mark.django_db(transaction=True)
def test_each_change_is_worked_once_even_if_the_write_fails() -> None:
    reader = MemoryReader()
    reader.append(1, [(10, 1.0, 0)])

    class Breaking(Noting):
        def process(self, changes, reader):
            super().process(changes, reader)

            def write() -> None:
                if len(self.seen) == 1:
                    raise RuntimeError("the disk is full")

            return write

    lane = Lane(Breaking("breaking"))
    lane.step(reader, 0.0)
    lane.step(reader, FIRST_WAIT)
    assert lane.processor.seen == [([1], 1)] * 2  # the cursor had not moved
    reader.append(2, [(11, 1.0, 0)])
    lane.step(reader, FIRST_WAIT * 2)
    assert lane.processor.seen[-1] == ([2], 2)


def test_it_stops_when_told() -> None:
    stop = threading.Event()
    stop.set()
    run([Noting("never")], MemoryReader(), stop)


@pytest.mark.slow
def test_the_process_is_small_idle_and_ends_in_order(tmp_path: Path) -> None:
    environment = os.environ | {"CHANYE_DATA": str(tmp_path), "PYTHONPATH": "src"}
    chanye = [sys.executable, "-m", "chanye"]
    give_records(tmp_path)
    child = subprocess.Popen([*chanye, "work"], env=environment, stderr=subprocess.PIPE, text=True)
    try:
        assert child.stderr is not None
        process = psutil.Process(child.pid)
        before = process.cpu_times()
        time.sleep(4)
        used = process.memory_info().rss / 2**20
        assert used <= 110, f"{used:.0f} MB"
        assert child.poll() is None
        settled = process.cpu_times()
        time.sleep(2)
        after = process.cpu_times()
        assert (after.user + after.system) - (settled.user + settled.system) < 0.5, before
        child.send_signal(signal.SIGTERM)
        assert child.wait(10) == 0
    finally:
        child.kill()
        child.communicate()
