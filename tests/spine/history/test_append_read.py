"""What was appended is read back, whole, once, in the newest version."""

from pathlib import Path

import numpy as np
import pytest

from chanye.kernel.errors import ConfigError, PeerError
from chanye.spine.history import Batch, History, Reader
from history_samples import T0, S, batch


def test_a_batch_is_read_back_before_and_after_flush(tmp_path: Path) -> None:
    reader = Reader(tmp_path)
    assert len(reader.raw([1], 0, T0)) == 0
    with History(tmp_path) as history:
        receipt = history.append(batch(1, [2, 1, 1], [T0, T0 + S, T0], [5, 2, 1], position="p1"))
        assert receipt.stored == 3
        for _ in range(2):
            got = reader.raw([1, 2, 9], T0, T0 + 10 * S)
            assert got.series.tolist() == [1, 1, 2]
            assert got.time.tolist() == [T0, T0 + S, T0]
            assert got.value.tolist() == [1, 2, 5]
            assert got.arrival.tolist() == [receipt.arrival] * 3
            history.flush()
        state = history.source("s")
        assert (state.last_sequence, state.position) == (1, "p1")


def test_a_repeated_delivery_is_counted_not_stored(tmp_path: Path) -> None:
    with History(tmp_path) as history:
        first = history.append(batch(1, 1, [T0], [1]))
        again = history.append(batch(1, 1, [T0], [1]))
        assert again.duplicate
        assert again.stored == 0
        assert again.arrival == first.arrival
        assert len(Reader(tmp_path).raw([1], 0, T0 + S)) == 1


def test_the_newest_arrival_wins_and_the_past_can_be_asked(tmp_path: Path) -> None:
    with History(tmp_path) as history:
        a = history.append(batch(1, 1, [T0, T0 + S], [1, 2]))
        history.flush()
        b = history.append(batch(2, 1, [T0], [7]))
        reader = Reader(tmp_path)
        for _ in range(2):
            assert reader.raw([1], T0, T0 + 5 * S).value.tolist() == [7, 2]
            assert reader.raw([1], T0, T0 + 5 * S, known_at=a.arrival).value.tolist() == [1, 2]
            assert reader.raw([1], T0, T0 + 5 * S, known_at=b.arrival).value.tolist() == [7, 2]
            assert len(reader.raw([1], T0, T0 + 5 * S, known_at=a.arrival - 1)) == 0
            history.flush()


def test_bounds_reach_back_however_far(tmp_path: Path) -> None:
    with History(tmp_path) as history:
        history.append(batch(1, 1, [T0 - 90 * 86400 * S, T0 + 86400 * S * 3], [1, 2]))
        history.append(batch(2, 2, [T0], [1]))
        reader = Reader(tmp_path)
        for _ in range(2):
            got = reader.raw([1], T0, T0 + S, bounds=True)
            assert got.value.tolist() == [1, 2]
            history.flush()


def test_latest_is_by_event_time_and_survives_a_restart(tmp_path: Path) -> None:
    with History(tmp_path) as history:
        history.append(batch(1, [1, 5000], [T0 + S, T0], [2, 3]))
        history.append(batch(2, 1, [T0], [1]))
        reader = Reader(tmp_path)
        assert reader.latest([1, 5000, 7]).value.tolist() == [2, 3, 0]
        assert reader.latest([7]).time.tolist() == [0]
        history.flush()
        history.append(batch(3, 1, [T0 + 2 * S], [9]))
        generation = reader.generation()
    with History(tmp_path) as history:
        assert reader.latest([1, 5000]).value.tolist() == [9, 3]
        assert reader.generation() == generation
        assert history.append(batch(3, 1, [T0 + 2 * S], [9])).duplicate
        assert history.append(batch(1, 1, [T0 + 2 * S], [9])).duplicate


def test_changes_are_pulled_by_arrival(tmp_path: Path) -> None:
    with History(tmp_path) as history:
        history.append(batch(1, [1, 2, 1], [T0, T0 + S, T0 + 4 * S], [1, 1, 1]))
        reader = Reader(tmp_path)
        got = reader.since(0)
        assert got.series.tolist() == [1, 2]
        assert got.first.tolist() == [T0, T0 + S]
        assert got.last.tolist() == [T0 + 4 * S, T0 + S]
        assert not got.more
        assert len(reader.since(got.cursor).series) == 0
        history.flush()
        assert len(reader.since(got.cursor).series) == 0
        assert reader.since(0, series=[2]).series.tolist() == [2]
        history.append(batch(2, 3, [T0], [1]))
        history.append(batch(3, 4, [T0], [1]))
        step = reader.since(got.cursor, limit=1)
        assert step.series.tolist() == [3]
        assert step.more
        assert reader.since(step.cursor).series.tolist() == [4]


def test_texts_have_codes(tmp_path: Path) -> None:
    with History(tmp_path) as history:
        assert history.encode(3, ["停机", "run", "停机"]) == [0, 1, 0]
        assert history.encode(4, ["run"]) == [0]
    with History(tmp_path) as history:
        assert history.encode(3, ["x", "run"]) == [2, 1]
        assert Reader(tmp_path).texts(3) == ["停机", "run", "x"]


def test_only_one_writer(tmp_path: Path) -> None:
    with History(tmp_path), pytest.raises(ConfigError):
        History(tmp_path)


@pytest.mark.parametrize(
    "bad",
    [
        batch(1, 1, [0], [1]),
        batch(1, 1, [1 << 62], [1]),
        batch(0, 1, [T0], [1]),
        batch(1, 1 << 30, [T0], [1]),
        Batch("s", 1, np.zeros(2, np.uint32), np.full(1, T0), np.zeros(1), np.zeros(1, np.uint16)),
        Batch("", 1, np.zeros(1, np.uint32), np.full(1, T0), np.zeros(1), np.zeros(1, np.uint16)),
    ],
)
def test_hostile_batches_are_refused(tmp_path: Path, bad: Batch) -> None:
    with History(tmp_path) as history:
        with pytest.raises(PeerError):
            history.append(bad)
        assert history.append(batch(1, 1, [T0], [1])).stored == 1


def test_a_reader_that_goes_leaves_no_file_open(tmp_path: Path) -> None:
    def held() -> int:
        links = [link for link in Path("/proc/self/fd").iterdir() if link.is_symlink()]
        return sum(link.readlink().is_relative_to(tmp_path.resolve()) for link in links)

    with History(tmp_path) as history:
        history.append(Batch("a", 1, np.zeros(3, np.uint32), np.arange(3) + 1, np.ones(3), np.zeros(3, np.uint16)))
    before = held()  # a writer that has closed still has the newest values in memory
    reader, other = Reader(tmp_path), Reader(tmp_path)
    assert len(reader.raw([0], 0, 10)) == len(other.raw([0], 0, 10)) == 3
    assert held() > before
    del reader
    assert len(other.raw([0], 0, 10)) == 3
    del other
    assert held() == before
