"""Readings become columns; what does not fit is counted by its reason."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chanye.connectors.types import Readings
from chanye.connectors.values import AHEAD, FIRST_TIME, Bound, columns, missing_texts, number, text

NOW = 1_770_000_000_000_000


def made(*rows: tuple[str, object, object, int]) -> Readings:
    readings = Readings()
    for address, time, value, quality in rows:
        readings.add(address, time, value, quality)  # type: ignore[arg-type]  # hostile values are the point
    return readings


@pytest.mark.parametrize(
    ("value", "expected"),
    [("1.5", 1.5), (" -2e3 ", -2000.0), (3, 3.0), (True, 1.0), ("0", 0.0)],
)
def test_numbers_are_read(value: object, expected: float) -> None:
    assert number(value) == expected


@pytest.mark.parametrize("value", ["1_000", "nan", "inf", "-Infinity", "", "12 V", "0x10", None, [], 10**400, "1,5"])
def test_what_is_not_a_number_is_refused(value: object) -> None:
    assert math.isnan(number(value))


@pytest.mark.parametrize(
    ("value", "expected"), [(" ACTIVE ", "ACTIVE"), (3.0, "3"), (True, "true"), ("主轴", "主轴")]
)
def test_text(value: object, expected: str) -> None:
    assert text(value) == expected
    assert text("x" * 5000) is None
    assert text("\ud800") == "?"


def test_each_refusal_has_its_reason() -> None:
    bound = {"n": Bound(1, "analog"), "s": Bound(2, "state", {"ON": 0})}
    readings = made(
        ("n", NOW, 1.0, 0),
        ("n", NOW + 1, "abc", 0),
        ("n", NOW + 2, float("inf"), 0),
        ("n", NOW + 3, None, 0x8000),
        ("n", NOW + 4, 7.0, 0x8000),
        ("s", NOW, "ON", 0),
        ("?", NOW, 1.0, 0),
        ("n", FIRST_TIME - 1, 1.0, 0),
        ("n", NOW + AHEAD + 1, 1.0, 0),
        ("n", 10**30, 1.0, 0),
    )
    got = columns(readings, bound, NOW)
    assert got.counts == {
        "rejected:unknown_tag": 1,
        "rejected:bad_time": 2,
        "rejected:future_time": 1,
        "rejected:bad_value": 2,
    }
    assert got.series.tolist() == [1, 1, 1, 2]
    np.testing.assert_array_equal(got.value, [1.0, np.nan, np.nan, 0.0])
    assert got.quality.tolist() == [0, 0x8000, 0x8000, 0]


def test_a_clock_running_backwards_is_noted_across_batches() -> None:
    bound = {"n": Bound(1, "analog")}
    first = columns(made(("n", NOW, 1.0, 0), ("n", NOW - 5, 1.0, 0), ("n", NOW - 4, 1.0, 0)), bound, NOW)
    assert first.counts == {"noted:out_of_order": 1}
    second = columns(made(("n", NOW - 9, 1.0, 0)), bound, NOW)
    assert second.counts == {"noted:out_of_order": 1}
    assert len(second.time) == 1


def test_texts_without_a_code_are_found_once() -> None:
    bound = {"s": Bound(2, "state", {"ON": 0}), "n": Bound(1, "analog")}
    readings = made(("s", NOW, "OFF", 0), ("s", NOW, "OFF", 0), ("s", NOW, "ON", 0), ("n", NOW, "OFF", 0))
    assert {series: texts for series, (_, texts) in missing_texts(readings, bound).items()} == {2: ["OFF"]}


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["n", "s", "?"]),
            st.one_of(st.integers(), st.integers(FIRST_TIME, NOW)),
            st.one_of(st.none(), st.floats(), st.text(max_size=5), st.booleans()),
            st.sampled_from([0, 0x4000, 0x8000]),
        )
    )
)
def test_every_reading_is_stored_or_counted(rows: list[tuple[str, object, object, int]]) -> None:
    bound = {"n": Bound(1, "analog"), "s": Bound(2, "text")}
    readings = made(*rows)
    for tag, texts in missing_texts(readings, bound).values():
        tag.codes.update({t: i for i, t in enumerate(texts)})
    got = columns(readings, bound, NOW)
    rejected = sum(n for reason, n in got.counts.items() if reason.startswith("rejected:"))
    assert len(got.time) + rejected == len(rows)
    good = (got.quality & 0xC000) != 0x8000
    assert np.isfinite(got.value[good]).all()
    assert np.isnan(got.value[~good]).all()
