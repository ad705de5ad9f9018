"""Frames carry batches exactly; broken frames are refused, errors keep their kind."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chanye.connectors import wire
from chanye.connectors.port import tag_header, tag_of
from chanye.connectors.types import TagDraft
from chanye.kernel.errors import ConfigError, PermanentError, TransientError
from chanye.spine.history.types import Batch
from chanye.spine.types import SeriesDraft


@given(
    st.integers(0, 50),
    st.text(max_size=20),
    st.dictionaries(st.text(max_size=8), st.integers(0, 1 << 60), max_size=3),
)
def test_batch_there_and_back(n: int, source: str, counts: dict[str, int]) -> None:
    rng = np.random.default_rng(n)
    value = rng.normal(size=n)
    value[::3] = np.nan
    batch = Batch(
        source, 7, np.arange(n, dtype=np.uint32), rng.integers(0, 1 << 60, n), value,
        rng.integers(0, 1 << 16, n).astype(np.uint16), counts, "pos",
    )  # fmt: skip
    frame = wire.pack_batch(batch)
    header_length, body_length = wire.lengths(frame[: wire.PREFIX.size])
    start = wire.PREFIX.size
    header = wire.parse_header(frame[start : start + header_length])
    body = frame[start + header_length :]
    assert len(body) == body_length == 22 * n
    again = wire.unpack_batch(header, body)
    for name in ("series", "time", "value", "quality"):
        np.testing.assert_array_equal(getattr(again, name), getattr(batch, name))
    assert (again.source, again.sequence, again.counts, again.position) == (source, 7, counts, "pos")


def test_a_batch_of_another_length_is_refused() -> None:
    header = {"n": 2, "source": "s", "sequence": 1, "counts": {}, "position": ""}
    with pytest.raises(wire.FrameError):
        wire.unpack_batch(header, b"x" * 22)
    with pytest.raises(wire.FrameError):
        wire.lengths(b"\xff" * 8)
    with pytest.raises(wire.FrameError):
        wire.parse_header(b"[1]")
    with pytest.raises(wire.FrameError):
        wire.parse_header(b"\xff")


@pytest.mark.parametrize("kind", [TransientError, ConfigError, PermanentError])
def test_errors_keep_their_kind(kind: type[Exception]) -> None:
    with pytest.raises(kind, match="do this next"):
        wire.raise_error(wire.error_header(kind("do this next")))
    with pytest.raises(TransientError, match="ZeroDivisionError"):
        wire.raise_error(wire.error_header(ZeroDivisionError("x")))


def test_a_tag_there_and_back() -> None:
    tag = TagDraft(
        "a/b",
        SeriesDraft("c", "state", "1", role="execution", span=(0.0, 2.0), states={"ON": "running"}),
        (("work_unit", "m", "M"),),
    )
    assert tag_of(tag_header(tag)) == tag
