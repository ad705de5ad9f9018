"""A summarised hour says what its samples say, whatever arrives late."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chanye.spine.history import History, Reader, SeriesSpec
from chanye.spine.history.aggregates import FORMULAS
from history_samples import T0, S, batch

HOUR = 3600 * S
NAMES = list(FORMULAS)

samples = st.lists(
    st.tuples(
        st.integers(0, 2),
        st.one_of(st.integers(0, 5 * 3600), st.sampled_from([0, 3600, 7200, 7199, 3599, 10800])),
        st.one_of(st.integers(0, 9).map(float), st.just(float("nan"))),
        st.sampled_from([0, 0, 0, 0x4000, 0x8000]),
    ),
    min_size=1,
    max_size=40,
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    samples,
    st.booleans(),
    st.sampled_from([None, 600 * S, 4000 * S]),
    st.randoms(use_true_random=False),
    st.sampled_from([5 * HOUR, 5 * HOUR - 17 * S]),
)
def test_through_roll_ups_equals_raw(tmp_path_factory, rows, stepped, hold, chance, length) -> None:
    folder: Path = tmp_path_factory.mktemp("h")
    specs = [SeriesSpec(s, stepped, hold) for s in range(3)]
    by_id = {s.id: s for s in specs}
    rows = list(rows)
    chance.shuffle(rows)
    start, end, until = T0 + HOUR, T0 + length, T0 + 6 * HOUR
    with History(folder) as history:
        reader = Reader(folder)
        for k, part in enumerate(np.array_split(np.arange(len(rows)), 4)):
            of = [rows[i] for i in part]
            columns = list(zip(*of, strict=True)) or [(), (), (), ()]
            history.append(
                batch(
                    k + 1, np.array(columns[0], np.uint32), [T0 + t * S for t in columns[1]], columns[2], columns[3]
                )
            )
            if chance.random() < 0.7:
                history.flush()
            if chance.random() < 0.7:
                while history.maintain(lambda ids: {i: by_id[i] for i in ids if i != 2}).more:
                    pass
            for step in (HOUR, 2 * HOUR):
                rolled = reader.aggregate(specs, start, end, step, NAMES, known_until=until)
                raw = reader.aggregate(specs, start, end, step, NAMES, known_until=until, known_at=1 << 62)
                for name, want in raw.columns.items():
                    np.testing.assert_allclose(rolled.columns[name], want, rtol=1e-9, atol=1e-9, err_msg=name)


def test_roll_ups_are_used_and_dirty_ones_are_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with History(tmp_path) as history:
        history.append(batch(1, 1, T0 + np.arange(0, 3 * HOUR, 60 * S), np.arange(180)))
        history.flush()
        assert history.maintain(lambda ids: {1: SeriesSpec(1)}).rolled_hours == 3
        reader = Reader(tmp_path)
        ask = {"start": T0, "end": T0 + 3 * HOUR, "step": HOUR, "names": ["Average", "Count"]}
        read = []
        real = Reader.slices
        monkeypatch.setattr(
            Reader, "slices", lambda self, view, n, a, b, **m: read.append((a, b)) or real(self, view, n, a, b, **m)
        )
        got = reader.aggregate([SeriesSpec(1)], **ask)
        assert got.columns["Average"].tolist() == [[29.5, 89.5, 149.5]]
        assert not read
        history.append(batch(2, 1, [T0 + HOUR + 1], [1000]))
        got = reader.aggregate([SeriesSpec(1)], **ask)
        assert got.columns["Count"].tolist() == [[60, 61, 60]]
        assert read == [(T0 + HOUR, T0 + 2 * HOUR)]
        history.flush()
        assert reader.aggregate([SeriesSpec(1)], **ask).columns["Count"].tolist() == [[60, 61, 60]]
        history.maintain(lambda ids: {1: SeriesSpec(1)})
        read.clear()
        assert reader.aggregate([SeriesSpec(1)], **ask).columns["Count"].tolist() == [[60, 61, 60]]
        assert not read
        reader.aggregate([SeriesSpec(1, stepped=False)], **ask)
        assert read
