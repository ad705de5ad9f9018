"""Frames from samples: against a brute-force second-by-second reading, and whatever the order of arrival."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from chanye.kernel.errors import DeniedError
from chanye.parties.models import Organisation
from chanye.parties.types import PUBLIC, SYSTEM
from chanye.spine import queries
from chanye.spine.frame_actions import rebuild_frames, rebuild_span, run_processor
from chanye.spine.frame_queries import counted, frame_table, frames
from chanye.spine.frames import OPEN, increments, state_runs, tile
from chanye.spine.history.counters import counter_steps
from chanye.spine.models import Asset, Frame, Series
from chanye.spine.processors import AlarmProcessor, CountProcessor, StateProcessor, default_processors
from chanye.spine.states import alarm_level, classify
from memory_history import MemoryReader

GOOD, BAD = 0x0000, 0x8031
samples = st.dictionaries(
    st.integers(0, 60), st.tuples(st.integers(0, 3), st.sampled_from([GOOD, GOOD, GOOD, BAD])), max_size=25
)
holds = st.sampled_from([None, 1, 3, 10])


def columns(data: dict[int, tuple[int, int]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    times = sorted(data)
    value = np.array([float(data[t][0]) if data[t][1] == GOOD else np.nan for t in times])
    return np.array(times, np.int64), value, np.array([data[t][1] for t in times], np.uint16)


def brute(data: dict[int, tuple[int, int]], hold: int | None, tick: int) -> int | None:
    """The code that holds during [tick, tick + 1): the newest sample not after it, if good and fresh."""
    before = [t for t in data if t <= tick]
    if not before:
        return None
    t = max(before)
    code, quality = data[t]
    return code if quality == GOOD and (hold is None or tick < t + hold) else None


@given(samples, holds)
def test_runs_agree_with_reading_every_tick(data: dict[int, tuple[int, int]], hold: int | None) -> None:
    runs = state_runs(*columns(data), hold=hold)
    for tick in range(70):
        hit = [int(c) for s, u, c in zip(runs.start, runs.until, runs.code, strict=True) if s <= tick < u]
        expected = brute(data, hold, tick)
        assert hit == ([] if expected is None else [expected])
    for i in range(1, len(runs)):  # maximal: neighbours that touch differ
        assert runs.end[i - 1] < runs.start[i] or runs.code[i - 1] != runs.code[i]
    newest = data[max(data)] if data else (0, BAD)
    assert (len(runs) > 0 and runs.end[-1] == OPEN) == (newest[1] == GOOD)


@given(samples, holds, st.integers(-5, 70), st.integers(0, 40), st.one_of(st.none(), st.integers(-10, 90)))
def test_tiles_cover_the_window_exactly(data, hold, low, length, known) -> None:
    runs = state_runs(*columns(data), hold=hold)
    pieces = tile(runs.start, runs.until, (low, low + length), known_until=known)
    if length == 0:
        assert len(pieces.which) == 0
        return
    assert pieces.edge[0] == low
    assert pieces.edge[-1] == low + length
    assert (np.diff(pieces.edge) > 0).all()
    for tick in range(low, low + length):
        which = pieces.which[np.searchsorted(pieces.edge, tick, side="right") - 1]
        expected = brute(data, hold, tick) if known is None or tick < known else None
        assert (None if which < 0 else int(runs.code[which])) == expected


def test_runs_of_no_length_are_dropped_and_counted() -> None:
    runs = state_runs(np.array([1, 5]), np.array([0.0, 1.0]), np.zeros(2, np.uint16), hold=0)
    assert (len(runs), runs.dropped) == (0, 2)


def test_counter_steps_by_hand() -> None:
    # 5 more, unchanged, restarted and 3 made since, 2 more, corrected by hand from 5 to 4, one more
    shown = np.array([10.0, 15, 15, 3, 5, 4, 5])
    added, fell = counter_steps(shown[:-1], shown[1:])
    assert added.tolist() == [5, 0, 3, 2, 0, 1]
    assert fell.tolist() == [False, False, True, False, True, False]


def test_increments_never_hide_a_gap() -> None:
    time = np.array([0, 10, 20, 30, 40], np.int64)
    value = np.array([7.0, 8.0, np.nan, 11.0, 12.0])
    quality = np.array([GOOD, GOOD, BAD, GOOD, GOOD], np.uint16)
    found = increments(time, value, quality)
    assert found.time.tolist() == [10, 30, 40]
    assert found.count.tolist() == [1, 3, 1]
    assert found.across_gap.tolist() == [False, True, False]
    assert increments(time, value, quality, hold=5).across_gap.all()


def test_words_of_machines() -> None:
    assert classify("FEED_HOLD", role="execution") == "stopped"
    assert classify("warm-up", role="execution", states={"warm-up": "setup"}) == "setup"
    assert classify("gibberish", role="execution") == "unknown"
    assert [alarm_level(t) for t in ("FAULT|2|oil", "warning", "NORMAL", "", "E42")] == [
        "fault",
        "warning",
        "",
        "",
        "fault",
    ]


def make_series(role: str, kind: str = "state", hold: int | None = None) -> Series:
    firm = Organisation.objects.get_or_create(code="f", defaults={"name": "F"})[0]
    asset = Asset.objects.get_or_create(
        path="f/m", defaults={"organisation": firm, "kind": "work_unit", "code": "m", "name": "M"}
    )[0]
    code = f"{role}{Series.objects.count()}"
    return Series.objects.create(asset=asset, code=code, kind=kind, unit="1", role=role, hold=hold)


TEXTS = ["ACTIVE", "READY", "FAULT", ""]
deliveries = st.lists(
    st.lists(
        st.tuples(st.integers(0, 40), st.integers(0, 3), st.sampled_from([GOOD, GOOD, GOOD, BAD])),
        min_size=1,
        max_size=5,
        unique_by=lambda s: s[0],
    ),
    min_size=1,
    max_size=8,
)


def shown(series: Series) -> list[tuple]:
    rows = (
        Frame.objects.filter(series=series)
        .order_by("start")
        .values_list("kind", "start", "end", "text", "state", "quantity", "attributes")
    )
    return [(*row[:-1], sorted(row[-1].items())) for row in rows]


class ArrivalOrder(TestCase):
    """Any order of arrival, worked bit by bit, gives the frames of one ordered delivery."""

    @settings(max_examples=150, deadline=None)
    @given(deliveries, st.sampled_from(["execution", "alarm", "part_count"]), holds, st.data())
    def test_any_order_is_the_batch(self, parts, role, hold, data) -> None:
        kind = "counter" if role == "part_count" else "state"
        piecewise, whole = make_series(role, kind, hold), make_series(role, kind, hold)
        reader = MemoryReader(TEXTS)
        for part in parts:
            batch = [(t, float(v) * (3 if kind == "counter" else 1), q) for t, v, q in part]
            batch = [(t, v if q == GOOD else float("nan"), q) for t, v, q in batch]
            reader.append(piecewise.pk, data.draw(st.permutations(batch)))
            if data.draw(st.booleans()):
                self.work(reader)
        self.work(reader)
        everything = reader.raw([piecewise.pk], -100, 100)
        table = zip(everything.time.tolist(), everything.value.tolist(), everything.quality.tolist(), strict=True)
        reader.append(whole.pk, list(table))
        self.work(reader)
        assert shown(piecewise) == shown(whole)

    def work(self, reader: MemoryReader) -> None:
        for processor in default_processors():
            assert not run_processor(actor=SYSTEM, processor=processor, reader=reader)


class Rebuilding(TestCase):
    """After a series is understood otherwise, rebuilding it span by span gives what a fresh start would give."""

    @settings(max_examples=50, deadline=None)
    @given(deliveries, st.sampled_from([("execution", "alarm"), ("alarm", "execution"), ("execution", "execution"),
                                        ("part_count", "part_count"), ("part_count", "energy")]),
           st.tuples(holds, holds), st.integers(9, 45))  # fmt: skip
    def test_span_by_span_is_a_fresh_start(self, parts, roles, held, step) -> None:
        kind = "counter" if roles[0] == "part_count" else "state"
        reader = MemoryReader(TEXTS)
        old, fresh = make_series(roles[0], kind, held[0]), make_series(roles[1], kind, held[1])
        for series in (old, fresh):
            for part in parts:
                rows = [(t, float(v) if q == GOOD else float("nan"), q) for t, v, q in part]
                reader.append(series.pk, rows)
        for processor in default_processors():
            run_processor(actor=SYSTEM, processor=processor, reader=reader)
        Series.objects.filter(pk=old.pk).update(role=roles[1], hold=held[1])
        ref = queries.series(SYSTEM, old.pk)
        for start in range(0, 41, step):
            rebuild_span(actor=SYSTEM, ref=ref, start=start, end=min(start + step, 41), reader=reader)
        assert shown(old) == shown(fresh)


@pytest.mark.django_db
def test_rebuilding_never_writes_over_what_is_newer() -> None:
    series = feed("execution", [(10, 0.0, GOOD)])
    overtaken = []

    class Overtaking(MemoryReader):
        """While the rebuild reads, the work process works what came meanwhile."""

        def raw(self, *args, **options):
            found = super().raw(*args, **options)
            if not overtaken:
                overtaken.append(1)
                self.append(series.pk, [(20, 2.0, GOOD)])
                run_processor(actor=SYSTEM, processor=StateProcessor(), reader=self)
            return found

    reader = Overtaking(TEXTS)
    reader.append(series.pk, [(10, 0.0, GOOD)])
    assert rebuild_span(actor=SYSTEM, ref=queries.series(SYSTEM, series.pk), start=0, end=41, reader=reader) == 2
    assert [(f.start, f.end, f.text) for f in Frame.objects.order_by("start")] == [
        (10, 20, "ACTIVE"),
        (20, None, "FAULT"),
    ]
    with pytest.raises(DeniedError):
        rebuild_span(actor=PUBLIC, ref=queries.series(SYSTEM, series.pk), start=0, end=41, reader=reader)


def feed(role: str, rows: list[tuple[int, float, int]], kind: str = "state", hold: int | None = None) -> Series:
    series = make_series(role, kind, hold)
    reader = MemoryReader(TEXTS)
    reader.append(series.pk, rows)
    for processor in (StateProcessor(), AlarmProcessor(), CountProcessor()):
        run_processor(actor=SYSTEM, processor=processor, reader=reader)
    return series


@pytest.mark.django_db
def test_open_frame_with_a_hold_says_until_when() -> None:
    series = feed("execution", [(10, 0.0, GOOD), (12, 0.0, GOOD)], hold=5)
    (row,) = frames(SYSTEM, [series.asset_id], 0, 100)
    assert (row.start, row.end, row.attributes) == (10, None, {"until": 17})
    table = frame_table(SYSTEM, [series.pk], 11, 100)
    assert (table.start.tolist(), table.end.tolist(), table.state.tolist()) == ([10], [17], ["running"])


@pytest.mark.django_db
def test_alarm_frames_only_while_something_is_wrong() -> None:
    series = feed("alarm", [(10, 1.0, GOOD), (12, 2.0, GOOD), (20, 3.0, GOOD)])
    rows = frames(SYSTEM, [series.asset_id], 0, 100, kinds=["alarm"])
    assert [(r.start, r.end, r.text, r.attributes["level"]) for r in rows] == [
        (10, 12, "READY", "fault"),
        (12, 20, "FAULT", "fault"),
    ]


@pytest.mark.django_db
def test_counted_sums_in_the_database() -> None:
    series = feed("part_count", [(0, 1.0, GOOD), (5, 2.0, GOOD), (6, 0.0, BAD), (9, 5.0, GOOD)], "counter")
    found = counted(SYSTEM, [series.pk], 0, 10)[series.pk]
    assert (found.quantity, found.rises, found.across_gap) == (4.0, 2, 3.0)
    assert counted(SYSTEM, [series.pk], 6, 9)[series.pk].quantity == 0
    rebuild_frames(actor=SYSTEM, processor="counts")
    assert not Frame.objects.exists()
