"""The plant's physics: pieces are conserved, time is tiled, the schedule is what a hand would compute."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chanye.twin.parts import DAY, HOUR, MINUTE
from chanye.twin.plant.catalogue import DEFECTS, PRODUCTS, STAGE_NAMES, STOPS, Product
from chanye.twin.plant.engine import Plant
from chanye.twin.plant.flow import Trouble
from chanye.twin.plant.layout import LANE, LINES, STATIONS
from chanye.twin.plant.orders import Wish
from chanye.twin.plant.people import PEOPLE, at_work, next_bell
from chanye.twin.plant.practice import AFTER, BEFORE, PRACTICES
from chanye.twin.plant.record import IDLE
from chanye.twin.shop import local_day, midnight

#: Monday 2026-03-02 00:00 in Beijing; the early shift begins at six.
MONDAY = midnight(local_day(1_772_400_000_000_000))
SIX = MONDAY + 6 * HOUR


def _only(product: Product, quantity: int) -> Plant:
    wishes = [Wish("MO-1", product, quantity, DAY, 0)]
    lines = {line.code: (lambda: None) for line in LINES}
    lines[product.line] = lambda: wishes.pop() if wishes else None  # type: ignore[return-value]  # None ends the stream
    return Plant(BEFORE, 1, SIX, wishes=lines, calm=True)


def test_what_the_plant_is() -> None:
    assert len(STATIONS) == 24
    assert len(LINES) == 2
    assert len(PRODUCTS) == len({p.code for p in PRODUCTS}) == 60
    assert {len(p.steps) for p in PRODUCTS} == {3, 4, 5, 6, 7, 8}
    assert len({p.badge for p in PEOPLE}) == len(PEOPLE) == 34
    assert {s.stage for p in PRODUCTS for s in p.steps} <= set(STAGE_NAMES)
    assert {f.reason for s in STATIONS for f in s.failures} <= set(STOPS)
    assert set(DEFECTS) == {"WEAR", "ADJUST", "PROCESS"}


@pytest.mark.parametrize(
    ("hour", "now", "then"), [(5, "off", 6), (6, "work", 10), (10, "rest", 10.5), (17, "work", 18), (22, "off", 30)]
)
def test_the_whistle(hour: float, now: str, then: float) -> None:
    assert at_work(MONDAY + int(hour * HOUR)) == now
    assert next_bell(MONDAY + int(hour * HOUR)) == MONDAY + int(then * HOUR)
    assert at_work(MONDAY + 6 * DAY + int(hour * HOUR)) == "off"  # Sunday


@settings(max_examples=20, deadline=None)
@given(product=st.sampled_from(PRODUCTS), quantity=st.integers(1, 40))
def test_one_order_runs_as_a_hand_would_compute_it(product: Product, quantity: int) -> None:
    """Permutation flow shop with limited buffers (Pinedo, Scheduling, 6.2): the recurrence of departures."""
    plant = _only(product, quantity)
    plant.run(SIX + 4 * HOUR)
    order = plant.orders[0]
    set_up = [STATIONS[op.machine].setup for op in order.ops]
    cycle = [step.cycle for step in product.steps]
    steps = range(len(cycle))
    begin = [[0] * quantity for _ in steps]
    leave = [[0] * quantity for _ in steps]
    for piece in range(quantity):
        for step in steps:
            there = leave[step - 1][piece] if step else SIX
            free = leave[step][piece - 1] if piece else there + set_up[step]
            begin[step][piece] = max(there, free)
            # it may leave into the next lane once the piece LANE before it has been taken out of there
            leave[step][piece] = begin[step][piece] + cycle[step]
            if step + 1 < len(cycle) and piece >= LANE:
                leave[step][piece] = max(leave[step][piece], begin[step + 1][piece - LANE])
    told = {(p.step, p.piece): p.time for p in plant.record.pieces if p.what == "cycle"}
    last = SIX + 4 * HOUR
    want = {(s, i): begin[s][i] + cycle[s] for s in steps for i in range(quantity) if begin[s][i] + cycle[s] < last}
    begun = {key: at for key, at in want.items() if at < SIX + 3 * HOUR + 50 * MINUTE}
    assert {key: told.get(key) for key in begun} == begun
    left = {(p.step, p.piece): p.time for p in plant.record.pieces if p.what == "good" and p.step < len(cycle) - 1}
    assert all(left[key] == leave[key[0]][key[1]] for key in left)


def _check_pieces(plant: Plant) -> None:
    """Nothing appears, nothing is lost: for every order, operation and lane."""
    sums = plant.record.counts(plant.record.start, plant.record.now)
    for order in plant.orders:
        inside = 0
        upstream = order.wish.quantity - order.ops[0].raw
        for op in order.ops:
            assert len(op.lane) <= LANE
            assert op.here in (0, 1)
            waiting = len(op.lane) + len(op.again) + op.here
            pending = len(order.batch) if op is order.ops[-1] else 0
            assert upstream == op.good + op.scrap + waiting + pending
            for what in ("good", "scrap", "rework"):
                assert sums[order.serial, op.index, what] == getattr(op, what)
            assert sums[order.serial, op.index, "cycle"] == op.cycles
            inside += waiting + pending
            upstream = op.good
        done = order.ops[-1].good + sum(op.scrap for op in order.ops)
        assert order.wish.quantity == order.ops[0].raw + inside + done
        assert (order.finished >= 0) == (done == order.wish.quantity)


@settings(max_examples=5, deadline=None)
@given(
    seed=st.integers(0, 99),
    mode=st.sampled_from(["before", "after"]),
    hours=st.lists(st.integers(1, 36 * 60), min_size=1, max_size=4),
)
def test_pieces_are_conserved_and_time_is_tiled_at_any_moment(seed: int, mode: str, hours: list[int]) -> None:
    plant = Plant(PRACTICES[mode], seed, MONDAY)
    for minute in sorted(hours):
        plant.run(MONDAY + minute * MINUTE)
        _check_pieces(plant)
        for machine in range(24):
            spans = list(plant.record.between(machine, MONDAY, plant.record.now))
            assert spans[0].start == MONDAY
            assert spans[-1].end == plant.record.now
            assert all(a.end == b.start and a.start < a.end for a, b in pairwise(spans))


@pytest.mark.parametrize("mode", ["before", "after"])
def test_same_seed_same_plant_however_it_is_played(mode: str) -> None:
    once, steps = (Plant(PRACTICES[mode], 5, MONDAY) for _ in range(2))
    once.run(MONDAY + 12 * HOUR)
    for minute in range(0, 12 * 60, 7):
        steps.run(MONDAY + minute * MINUTE)
    steps.run(MONDAY + 12 * HOUR)
    assert once.record.pieces == steps.record.pieces
    assert once.record.spans == steps.record.spans
    assert once.record.labour == steps.record.labour
    other = Plant(PRACTICES[mode], 6, MONDAY)
    other.run(MONDAY + 12 * HOUR)
    assert other.record.pieces != once.record.pieces


@pytest.fixture(scope="module")
def weeks() -> dict[str, Plant]:
    plants = {mode: Plant(practice, 1, MONDAY) for mode, practice in PRACTICES.items()}
    for plant in plants.values():
        plant.run(MONDAY + 2 * DAY)
    return plants


def test_pieces_take_their_steps_in_turn_and_machines_work_one_at_a_time(weeks: dict[str, Plant]) -> None:
    for plant in weeks.values():
        at: dict[int, int] = {}
        for one in plant.record.pieces:
            if one.what == "good":
                assert one.step == at.get(one.piece, -1) + 1
                at[one.piece] = one.step
        made = plant.record.cycles(MONDAY, plant.record.now)
        for machine, pieces in made.items():
            shortest = min(p.steps[i].cycle for p in PRODUCTS for i in range(len(p.steps)))
            ran = plant.record.time_in(MONDAY, plant.record.now, machine)["running"]
            assert pieces * shortest * 0.97 < ran


def test_a_blocked_or_starved_machine_names_the_one_to_blame(weeks: dict[str, Plant]) -> None:
    for plant in weeks.values():
        for machine in range(24):
            for span in plant.record.between(machine, MONDAY, plant.record.now):
                if span.doing.state not in ("blocked", "starved"):
                    continue
                assert span.doing.cause not in (-1, machine)
                assert STATIONS[span.doing.cause].line == STATIONS[machine].line
                middle = (span.start + span.end) // 2
                (there, *_) = plant.record.between(span.doing.cause, middle, middle + 1)
                assert there.doing.state not in ("blocked", "starved")


def test_the_energy_of_orders_and_machines_is_the_same(weeks: dict[str, Plant]) -> None:
    record = weeks["after"].record
    window = (MONDAY + 7 * HOUR, MONDAY + 2 * DAY)
    drawn = sum(record.energy(machine, *window) for machine in range(24))
    assert sum(record.energy_of_orders(*window).values()) == pytest.approx(drawn)
    assert drawn > 100


def test_paper_is_worse_for_the_causes_built_in(weeks: dict[str, Plant]) -> None:
    found: dict[str, dict[str, float]] = {}
    for mode, plant in weeks.items():
        record = plant.record
        time = record.time_in(MONDAY, record.now)
        done = [o for o in plant.orders if o.finished >= 0]
        good = sum(o.ops[-1].good for o in done)
        bad = sum(op.scrap + op.rework for o in done for op in o.ops)
        failures = [span for m in range(24) for span in record.between(m, MONDAY, record.now) if span.doing.reason]
        repairs = [s for s in failures if s.doing.state == "fault" and s.doing.person]
        waits = [s for s in failures if s.doing.state == "fault" and not s.doing.person]
        found[mode] = {
            "made": good,
            "setup": time["setup"] / good,
            "energy": sum(record.energy(m, MONDAY, record.now) for m in range(24)) / good,
            "defects": bad / (good + sum(op.scrap for o in done for op in o.ops)),
            "call": sum(s.end - s.start for s in waits) / len(repairs),
            "wasted": sum(p.what == "cycle" for p in record.pieces) / good,
        }
    before, after = found["before"], found["after"]
    assert after["made"] > 1.3 * before["made"]
    for name in ("setup", "energy", "defects", "call", "wasted"):
        assert before[name] > 1.05 * after[name], name
    assert weeks["before"].record.time_in(MONDAY, MONDAY + 2 * DAY)["first"] == 0
    assert weeks["before"].record.time_in(MONDAY, MONDAY + 2 * DAY)["tool"] == 0
    scrapped = {(p.order, p.step) for p in weeks["before"].record.pieces if p.what in ("scrap", "rework")}
    assert all(step == len(weeks["before"].orders[order].ops) - 1 for order, step in scrapped)


def test_scripted_troubles_happen() -> None:
    at = MONDAY + 8 * HOUR
    troubles = (
        Trouble("failure", "TUR-A1", at, 20 * MINUTE, "DRIVE"),
        Trouble("tryout", "STP-B1", at, 10 * MINUTE),
    )
    plant = Plant(AFTER, 3, MONDAY, troubles=troubles)
    plant.run(MONDAY + 10 * HOUR)
    turn = plant.index["TUR-A1"]
    down = [s for s in plant.record.stops(turn, at, at + HOUR) if s.doing.reason == "DRIVE"]
    assert sum(s.end - s.start for s in down if s.doing.person) == 20 * MINUTE
    tried = [p for p in plant.record.pieces if p.order == -1]
    assert 1 <= len(tried) <= 10
    assert {p.machine for p in tried} == {plant.index["STP-B1"]}


def test_labour_lies_within_shifts_and_names_the_shift_s_people(weeks: dict[str, Plant]) -> None:
    shifts = {p.badge: p.shift for p in PEOPLE}
    for plant in weeks.values():
        runs = [one for one in plant.record.labour if one.phase == "run"]
        assert len(runs) > 100
        for one in runs:
            begin = (one.start - MONDAY) % DAY
            assert shifts[one.person] == ("early" if begin < 14 * HOUR else "late")
            assert one.end > one.start


def test_idle_states_have_a_reason() -> None:
    assert {state.upper() for state in IDLE} <= set(STOPS)
