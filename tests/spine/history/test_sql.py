"""SQL sees what the reader sees, and nothing else."""

from pathlib import Path

import numpy as np
import pytest

from chanye.kernel.errors import ConfigError
from chanye.spine.history import History, PartWriter, Reader
from history_samples import T0, S, batch


def test_sql_over_parts_adopted_parts_and_tail(tmp_path: Path) -> None:
    reader = Reader(tmp_path)
    assert reader.sql("select count(*) n from samples").to_pylist() == [{"n": 0}]
    with History(tmp_path) as history:
        history.append(batch(1, [1, 2], [T0, T0], [1, 2]))
        history.flush()
        writer = PartWriter(tmp_path)
        writer.write(np.array([3], np.uint32), np.array([T0]), np.array([3.0]), np.zeros(1, np.uint16))
        history.adopt("bulk", 1, writer.finish(), {})
        history.append(batch(2, [1, 4], [T0, T0 + S], [10, 4]))
        got = reader.sql(
            "select series, value, arrival from samples where value > ? order by series", [1]
        ).to_pydict()
        assert got["series"] == [1, 2, 3, 4]
        assert got["value"] == [10, 2, 3, 4]
        raw = reader.raw(range(9), 1, T0 * 2)
        assert got["arrival"] == raw.arrival.tolist()
        assert reader.sql("select count(*) n from versions").to_pylist() == [{"n": 5}]


@pytest.mark.parametrize(
    "query", ["select * from nothing", "select * from read_csv('/etc/passwd')", "copy samples to 'x.csv'"]
)
def test_wrong_and_greedy_queries_are_refused(tmp_path: Path, query: str) -> None:
    with History(tmp_path) as history:
        history.append(batch(1, [1], [T0], [1]))
        with pytest.raises(ConfigError):
            Reader(tmp_path).sql(query)
