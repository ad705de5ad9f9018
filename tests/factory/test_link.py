"""What machines count and people book: never twice, never lost."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chanye.domains.factory.actions.bookings import Report, correct_output, pause_operation, report_output
from chanye.domains.factory.actions.bookings import start_operation as start
from chanye.domains.factory.actions.downtime import configure_link
from chanye.domains.factory.actions.link import accept_output, assign_output, book_counts
from chanye.domains.factory.models import Booking, Operation
from chanye.domains.factory.queries import link as queries
from chanye.domains.factory.rules.link import PAUSE, Work, groups, turns
from chanye.kernel.errors import ConfigError
from chanye.kernel.time import now_us
from chanye.parties.models import Person
from chanye.parties.types import SYSTEM
from chanye.spine.actions import ensure_series
from chanye.spine.types import SeriesDraft
from factory_kit import GOOD, HOUR, MINUTE, Plant
from mes_kit import Mes


class Line:
    """The mill of the small plant on the real historian; times are minutes since ``t0``, five hours ago."""

    def __init__(self, history: object) -> None:
        self.plant = Plant(history)  # type: ignore[arg-type]  # a History
        self.mes = Mes()
        self.mill = self.mes.mill
        self.t0 = (now_us() - 5 * HOUR) // MINUTE * MINUTE
        draft = {
            role: SeriesDraft(code=role, kind="counter", unit="{part}", role=role)
            for role in ("part_count", "scrap_count")
        }
        self.count, self.bad = (
            ensure_series(actor=SYSTEM, asset_id=self.mill.id, draft=one) for one in draft.values()
        )
        self.show(self.count, (0, 100))
        self.show(self.bad, (0, 0))
        self.order = self.mes.order("W-1", 100)
        self.operation = self.mes.operation(self.order, 10).pk

    def at(self, minute: float, person: bool = True) -> Report:
        event = self.t0 + int(minute * MINUTE)
        badge = Person.objects.get(username="mes-operator").pk if person else None
        return Report(event, now_us(), self.mill.id, badge)

    def show(self, series: object, *rows: tuple[float, float]) -> None:
        self.plant.write(series, [(self.t0 + int(m * MINUTE), value, GOOD) for m, value in rows])  # type: ignore[arg-type]  # a SeriesRef
        while book_counts(actor=SYSTEM, source=self.plant.reader()):
            pass

    def start(self, minute: float) -> None:
        start(actor=self.mes.operator, operation_id=self.operation, at=self.at(minute))

    def pause(self, minute: float) -> None:
        pause_operation(actor=self.mes.operator, operation_id=self.operation, at=self.at(minute))

    def book(self, minute: float, good: int, scrap: int = 0) -> int:
        reason = "burr" if scrap else ""
        return report_output(
            actor=self.mes.operator,
            operation_id=self.operation,
            at=self.at(minute),
            good=good,
            scrap=scrap,
            reason=reason,
        )

    def proposed(self) -> list[tuple[int, int, int]]:
        """Return (good, scrap, difference) of each proposal."""
        found = queries.proposals(self.mes.operator, [self.mill.id])
        return [(one.good, one.scrap, one.difference) for one in found]

    def free(self) -> list[tuple[float, float, int, int]]:
        """Return (first, last, good, scrap) of what was made with no order."""
        found = queries.unassigned(self.mes.planner, self.mes.site.id, self.t0, now_us())
        return [((x.start - self.t0) / MINUTE, (x.end - self.t0) / MINUTE, x.good, x.scrap) for x in found]


@pytest.fixture
def line(db, history) -> Line:  # type: ignore[no-untyped-def]  # fixtures of pytest
    return Line(history)


def test_counts_beyond_what_was_booked_are_proposed_once(line: Line) -> None:
    line.start(10)
    line.show(line.count, (11, 101), (12, 102), (13, 103), (14, 104), (15, 105))
    line.show(line.bad, (13, 1))
    assert line.proposed() == [(4, 1, 5)]
    line.book(14, 2)
    assert line.proposed() == [(2, 1, 3)]
    with pytest.raises(ConfigError):
        accept_output(actor=line.mes.operator, operation_id=line.operation, at=line.at(16), good=4)
    accept_output(
        actor=line.mes.operator, operation_id=line.operation, at=line.at(16), good=2, scrap=1, reason="burr"
    )
    assert line.proposed() == []
    with pytest.raises(ConfigError):  # the second tap
        accept_output(actor=line.mes.operator, operation_id=line.operation, at=line.at(16), good=2)
    line.show(line.count, (11.5, 101.0), (12.5, 103))  # late: one was counted earlier than thought; the sum stays
    assert line.proposed() == []
    line.show(line.count, (9.5, 101))  # late: one of them was made before the order was on
    assert line.proposed() == [(0, 0, -1)]
    assert line.free() == [(9.5, 9.5, 1, 0)]
    assert Operation.objects.get(pk=line.operation).good == 4  # what was booked stays booked


def test_a_counter_that_restarts_and_a_gap(line: Line) -> None:
    line.start(10)
    line.show(line.count, (11, 102), (12, 2), (13, 4))  # it began again at 0
    (found,) = queries.proposals(line.mes.operator, [line.mill.id])
    assert (found.counted, found.across_gap) == (6, 0)
    line.plant.write(line.count, [(line.at(14).event_at, None, 0x8031), (line.at(20).event_at, 9, GOOD)])
    (found,) = queries.proposals(line.mes.operator, [line.mill.id])
    assert (found.counted, found.across_gap, found.last) == (11, 5, line.at(20).event_at)


def test_running_with_no_order_is_kept_until_somebody_settles_it(line: Line) -> None:
    line.show(line.count, (1, 102), (2, 104))
    line.start(10)
    line.show(line.count, (11, 105))
    line.pause(15)
    line.show(line.count, (15.2, 106), (60, 109), (61, 110))  # the first still belongs to the order
    assert line.free() == [(1, 2, 4, 0), (60, 61, 4, 0)]
    assert line.proposed() == [(2, 0, 2)]
    first, _second = queries.unassigned(line.mes.planner, line.mes.site.id, line.t0, now_us())
    assert first.orders == ("W-1",)
    window = {"place_id": line.mill.id, "start": first.start, "end": first.end}
    with pytest.raises(ConfigError):
        assign_output(actor=line.mes.planner, **window, operation_id=line.operation, good=5)
    assign_output(actor=line.mes.planner, **window, operation_id=line.operation, good=3)
    assert line.free() == [(1, 2, 1, 0), (60, 61, 4, 0)]
    assert line.proposed() == [(2, 0, 2)]  # what was assigned is not taken for what the order counted
    booked = Booking.objects.get(origin="machine")
    assert (booked.event_at, booked.good) == (first.end, 3)
    with pytest.raises(ConfigError):
        assign_output(actor=line.mes.planner, **window, operation_id=None, good=1)
    assign_output(actor=line.mes.planner, **window, operation_id=None, good=1, note="试件")
    assert line.free() == [(60, 61, 4, 0)]
    correct_output(actor=line.mes.operator, booking_id=booked.pk, at=line.at(70))
    assert line.free() == [(1, 2, 3, 0), (60, 61, 4, 0)]  # taken back: free again
    line.show(line.count, (1.5, 103))  # late data that change nothing of the sum
    assert line.free() == [(1, 2, 3, 0), (60, 61, 4, 0)]


def test_a_machine_that_books_by_itself(line: Line) -> None:
    configure_link(actor=SYSTEM, asset_id=line.mill.id, threshold=60, auto_book=True)
    line.start(10)
    line.show(line.count, (11, 101), (12, 102))
    line.show(line.count, (13, 103))
    line.show(line.bad, (13, 1))
    assert [(b.good, b.origin) for b in Booking.objects.filter(kind="output")] == [(2, "machine"), (1, "machine")]
    assert line.proposed() == []
    line.book(14, 0, scrap=1)  # the operator says that one more is bad than was counted
    assert line.proposed() == [(0, 0, -1)]
    line.show(line.count, (15, 105))
    assert line.proposed() == []
    assert Operation.objects.get(pk=line.operation).good == 4


@given(
    st.lists(st.tuples(st.integers(0, 40), st.integers(1, 20), st.integers(1, 4)), max_size=6),
    st.lists(st.integers(0, 70), max_size=10),
)
@settings(max_examples=80, deadline=None)
def test_a_piece_belongs_to_the_work_that_began_last(rows: list[tuple[int, int, int]], times: list[int]) -> None:
    second = 1_000_000
    work = [Work(op, a * second, (a + n) * second, 0) for a, n, op in rows]
    found = turns(work)
    assert np.all(found.start[1:] >= found.end[:-1])
    owner = found.of(np.array(sorted(times), np.int64) * second)
    for time, operation in zip(sorted(times), owner.tolist(), strict=True):
        over = [w for w in work if w.start <= time * second < w.end]
        if over:
            assert operation == max(over, key=lambda w: (w.start, w.end, w.operation)).operation
        else:  # within five seconds of what ended
            ended = [w for w in work if w.end <= time * second < w.end + 5 * second]
            assert (operation >= 0) == bool(ended)


@given(st.lists(st.integers(0, 10_000), max_size=12, unique=True), st.sets(st.integers(0, 10_000), max_size=3))
@settings(max_examples=60, deadline=None)
def test_groups_tile_what_was_made_with_no_order(seconds: list[int], cuts: set[int]) -> None:
    time = np.array(sorted(seconds), np.int64) * 1_000_000
    found = groups(time, [cut * 1_000_000 for cut in cuts])
    assert [i for low, high in found for i in range(low, high)] == list(range(len(time)))
    for low, high in found:
        assert all(np.diff(time[low:high]) <= PAUSE)
        assert not any(time[low] < cut * 1_000_000 <= time[high - 1] for cut in cuts)
