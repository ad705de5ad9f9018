"""Energy against hand-computed days: whose it was, what it cost, and that nothing is lost or made up."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chanye.domains.factory.actions import energy as actions
from chanye.domains.factory.models import (
    Booking,
    EmissionFactor,
    Material,
    Meter,
    MeterShare,
    Operation,
    Order,
    Revision,
    TariffPeriod,
    WorkSpan,
)
from chanye.domains.factory.queries.energy import order_energy, site_energy
from chanye.domains.factory.rules.energy import (
    comprehensive_energy,
    counter_curve,
    power_curve,
    spread,
    spread_pieces,
)
from chanye.domains.factory.rules.tariff import Factor, Period, factor_on, minutes_of, slots
from chanye.kernel.errors import ConfigError, DeniedError
from chanye.kernel.time import to_us
from chanye.parties.types import SYSTEM, Viewer
from chanye.spine.actions import ensure_series
from chanye.spine.history.types import Samples
from chanye.spine.types import SeriesDraft
from factory_kit import BAD, GOOD, HOUR, MINUTE

KWH = 3_600_000
DAY_START = to_us(datetime(2026, 3, 2, tzinfo=ZoneInfo("Asia/Shanghai")))


def samples(rows) -> Samples:
    time, value, quality = (np.array(column) for column in zip(*rows, strict=True)) if rows else ((),) * 3
    n = len(rows)
    return Samples(
        np.zeros(n, np.uint32), np.asarray(time, np.int64), np.asarray(value, float), np.asarray(quality, np.uint16),
        np.zeros(n, np.int64),
    )  # fmt: skip


# ---- rules ----


def test_a_power_reading_holds_until_the_next_and_no_longer_than_its_hold() -> None:
    curve = power_curve(
        samples([(0, 2.0, GOOD), (HOUR, 4.0, GOOD), (2 * HOUR, 9.0, BAD), (3 * HOUR, 1.0, GOOD)]),
        1000.0, hold=HOUR // 2, sloped=False, until=4 * HOUR,
    )  # fmt: skip
    joule, known = curve.at(np.array([0, HOUR, 2 * HOUR, 3 * HOUR, 4 * HOUR]))
    # half an hour of 2, 4, nothing, 1 kW
    assert np.diff(joule).tolist() == [KWH, 2 * KWH, 0, KWH // 2]
    assert (np.diff(known) / HOUR).tolist() == [0.5, 0.5, 0.0, 0.5]


def test_a_sloped_power_is_a_trapezium() -> None:
    curve = power_curve(samples([(0, 0.0, GOOD), (HOUR, 10.0, GOOD)]), 1000.0, hold=None, sloped=True, until=HOUR)
    assert curve.at(np.array([0, HOUR]))[0].tolist() == [0, 5 * KWH]


def test_a_counter_is_safe_over_resets_and_keeps_what_it_counted_over_a_gap() -> None:
    rows = [(0, 100.0, GOOD), (HOUR, 103.0, GOOD), (2 * HOUR, 1.0, GOOD), (3 * HOUR, 0.0, BAD), (4 * HOUR, 5.0, GOOD)]
    joule, known = counter_curve(samples(rows), KWH, hold=None, until=4 * HOUR).at(np.arange(5) * HOUR)
    # 3, then reset and 1, then 4 over two hours of which nothing is known
    assert np.diff(joule).tolist() == [3 * KWH, KWH, 2 * KWH, 2 * KWH]
    assert (np.diff(known) / HOUR).tolist() == [1.0, 1.0, 0.0, 0.0]


@given(
    st.lists(st.tuples(st.integers(0, 10**9), st.lists(st.integers(0, 10**9), max_size=6)), min_size=1, max_size=8)
)
def test_what_is_shared_out_adds_up_exactly(table) -> None:
    joule = np.array([whole for whole, _ in table], np.int64)
    slot = np.array([i for i, (_, weights) in enumerate(table) for _ in weights], np.int64)
    weight = np.array([w for _, weights in table for w in weights], float)
    part, rest = spread(joule, slot, weight)
    again = rest.copy()
    np.add.at(again, slot, part)
    assert again.tolist() == joule.tolist()
    assert (part >= 0).all()
    for i, (whole, weights) in enumerate(table):
        if whole and sum(weights) > 0:
            exact = np.array(weights) / sum(weights) * whole
            assert np.abs(part[slot == i] - exact).max() <= 1.001 + whole * 1e-9


def test_negative_energy_is_nobodys() -> None:
    part, rest = spread(np.array([-5, 6]), np.array([0, 1]), np.array([1.0, 1.0]))
    assert (part.tolist(), rest.tolist()) == ([0, 6], [-5, 0])


@given(st.lists(st.tuples(st.integers(0, 1000), st.integers(0, 5)), max_size=8))
def test_equal_parts_add_up_exactly(table) -> None:
    joule = np.array([whole for whole, _ in table], np.int64)
    piece = np.repeat(np.arange(len(table)), [n for _, n in table])
    part = spread_pieces(joule, piece)
    for i, (whole, n) in enumerate(table):
        mine = part[piece == i]
        assert not n or (mine.sum() == whole and mine.max() - mine.min() <= 1)


def test_the_tariff_of_a_day_and_its_season() -> None:
    old = date(2025, 1, 1)
    periods = [
        Period("flat", 0, 0, (), 600_00, old),
        Period("valley", 23 * 60, 7 * 60, (), 300_00, old),
        Period("peak", 9 * 60, 12 * 60, (), 900_00, old),
        Period("sharp", 11 * 60, 12 * 60, (7, 8), 1100_00, old),
        Period("flat", 0, 0, (), 650_00, date(2027, 1, 1)),
    ]
    band, price = minutes_of(periods, date(2026, 3, 2))
    assert [int((band == i).sum()) for i in range(4)] == [0, 180, 780, 480]
    assert price[[0, 8 * 60, 11 * 60 + 30]].tolist() == [300_00, 600_00, 900_00]
    assert price[[0, 11 * 60 + 30]].tolist() == [300_00, 900_00]
    assert minutes_of(periods, date(2026, 8, 2))[1][11 * 60 + 30] == 1100_00
    assert set(minutes_of(periods, date(2027, 3, 2))[1].tolist()) == {650_00}
    cut = slots({"electricity": periods}, [], "Asia/Shanghai", DAY_START + 1, DAY_START + 25 * HOUR)
    assert (cut.edge[0], cut.edge[-1], len(cut.band)) == (DAY_START + 1, DAY_START + 25 * HOUR, 100)
    assert (np.diff(cut.edge) > 0).all()


def test_a_day_of_25_hours_is_tiled() -> None:
    zone = ZoneInfo("Europe/Berlin")
    a, b = (to_us(datetime(2026, 10, day, tzinfo=zone)) for day in (25, 26))
    assert b - a == 25 * HOUR
    cut = slots({"electricity": [Period("flat", 0, 0, (), 1, date(2020, 1, 1))]}, [], "Europe/Berlin", a, b)
    assert (cut.edge[0], cut.edge[-1]) == (a, b)
    assert (np.diff(cut.edge) > 0).all()


def test_the_factor_that_holds_is_the_one_that_began_last() -> None:
    two = [
        Factor("electricity", 0.57, "a", 2021, date(2024, 1, 1)),
        Factor("electricity", 0.54, "b", 2022, date(2025, 1, 1)),
    ]
    assert factor_on(two, "electricity", date(2024, 6, 1)).kg_per_kwh == 0.57
    assert factor_on(two, "electricity", date(2025, 1, 1)).kg_per_kwh == 0.54
    assert factor_on(two, "gas", date(2025, 1, 1)) is None
    assert factor_on(two, "electricity", date(2023, 1, 1)) is None


def test_comprehensive_energy_of_the_standard() -> None:
    # 100 m3 of gas at 10 kWh, 50 kg of steam at 0.8 kWh and 960 kWh of current for 400 pieces: 5 kWh a piece
    assert comprehensive_energy({"gas": 100, "steam": 50}, {"gas": 10, "steam": 0.8}, 960, 400) == 5.0
    with pytest.raises(ValueError, match="nothing was produced"):
        comprehensive_energy({}, {}, 1, 0)


# ---- a day of a small plant ----


@pytest.fixture
def day(plant):
    """Two machines from 00:00 to 04:00: m1 runs, waits, runs, is off; m2 runs from 02:00 on."""
    one, two = plant.machine("m1"), plant.machine("m2")
    words = {"ACTIVE": "running", "READY": "waiting", "OFF": "planned_off"}
    for asset, rows in (
        (one, ["ACTIVE", "READY", "ACTIVE", "OFF"]),
        (two, ["READY", "READY", "ACTIVE", "ACTIVE"]),
    ):
        state = plant.series(asset, "execution", states=words)
        plant.write(
            state,
            [(DAY_START + i * HOUR, text, GOOD) for i, text in enumerate(rows)]
            + [(DAY_START + 4 * HOUR, "READY", GOOD)],
        )
    return plant, one, two


def meter(plant, asset, code, rows, *, unit="kW.h", kind="counter", **options) -> Meter:
    ref = ensure_series(actor=SYSTEM, asset_id=asset.id, draft=SeriesDraft(code=code, kind=kind, unit=unit))
    plant.write(ref, rows, work=False)
    return Meter.objects.create(organisation=plant.firm, asset_id=asset.id, series_id=ref.id, name=code, **options)


def hourly(*readings) -> list[tuple[int, float, int]]:
    return [(DAY_START + i * HOUR, float(value), GOOD) for i, value in enumerate(readings)]


def kwh(joule: int) -> float:
    return round(joule / KWH, 6)


def test_a_machines_energy_by_state_its_cost_and_carbon(day) -> None:
    plant, one, _two = day
    meter(plant, one, "e1", hourly(1000, 1010, 1012, 1022, 1023))
    EmissionFactor.objects.create(
        organisation=plant.firm,
        carrier="electricity",
        kg_per_kwh=0.5,
        source="test",
        year=2022,
        valid_from=date(2024, 1, 1),
    )
    for band, start, end, price in (("valley", 0, 120, 300_00), ("peak", 120, 0, 900_00)):
        TariffPeriod.objects.create(
            organisation=plant.firm, band=band, start=start, end=end, price=price, valid_from=date(2024, 1, 1)
        )
    now = DAY_START + 4 * HOUR
    found = site_energy(plant.viewer, plant.site.id, DAY_START, now, now=now)
    assert {state: kwh(amount.joule) for state, amount in found.states.items()} == {
        "running": 20.0, "waiting": 2.0, "planned_off": 1.0,
    }  # fmt: skip
    # 12 kWh at 0.30 yuan in the valley, 11 at 0.90 in the peak: 13.50 yuan; idle 2 at 0.30 and 1 at 0.90
    assert (found.total.fen, found.idle.fen) == (1350, 150)
    assert {band: kwh(amount.joule) for band, amount in found.bands.items()} == {"valley": 12.0, "peak": 11.0}
    assert found.total.kg == pytest.approx(11.5)
    assert (found.coverage, found.missing) == (1.0, ())
    assert found.unallocated.joule == 0
    assert [round(slot.watts) for slot in found.load[::4]] == [10_000, 2_000, 10_000, 1_000]


def test_a_shared_meter_by_run_time_says_what_nobody_used(day) -> None:
    plant, one, two = day
    meter(plant, plant.site, "air", hourly(0, 6, 12, 18, 24), share="run_time")
    now = DAY_START + 4 * HOUR
    found = site_energy(plant.viewer, plant.site.id, DAY_START, now, now=now)
    by_asset = {row.asset_id: kwh(row.amount.joule) for row in found.assets}
    # hour 1: m1 alone; hour 2: nobody; hour 3: both alike; hour 4: m2 alone
    assert by_asset == {one.id: 9.0, two.id: 9.0}
    assert {word: kwh(joule) for word, joule in found.why.items()} == {"nothing_ran": 6.0}
    assert set(found.states) == {"running"}


def test_declared_shares_and_the_rest_of_a_main_meter(day) -> None:
    plant, one, two = day
    main = meter(plant, plant.site, "main", hourly(0, 30, 60, 90, 120), share="none")
    meter(plant, one, "e1", hourly(0, 10, 12, 22, 23), parent=main)
    shared = meter(plant, plant.site, "hall", hourly(0, 4, 8, 12, 16), share="shares", parent=main)
    MeterShare.objects.create(meter=shared, asset_id=one.id, ppm=500_000)
    MeterShare.objects.create(meter=shared, asset_id=two.id, ppm=250_000)
    now = DAY_START + 4 * HOUR
    found = site_energy(plant.viewer, plant.site.id, DAY_START, now, now=now)
    assert kwh(found.total.joule) == 120.0
    assert {row.asset_id: kwh(row.amount.joule) for row in found.assets} == {one.id: 31.0, two.id: 4.0}
    assert {word: kwh(joule) for word, joule in found.why.items()} == {"nobody": 81.0, "undeclared": 4.0}
    for row in found.meters:
        assert row.allocated + row.unallocated == row.joule == row.total - row.below
    assert (
        found.allocated.joule + found.unallocated.joule == found.total.joule == sum(row.joule for row in found.meters)
    )
    assert found.total.fen is None
    assert set(found.missing) == {"factor", "tariff"}


def test_meters_that_disagree_are_shown_not_hidden(day) -> None:
    plant, one, _two = day
    main = meter(plant, plant.site, "main", hourly(0, 5, 10, 15, 20), share="none")
    meter(plant, one, "e1", hourly(0, 10, 12, 22, 23), parent=main)
    now = DAY_START + 4 * HOUR
    found = site_energy(plant.viewer, plant.site.id, DAY_START, now, now=now)
    assert kwh(found.total.joule) == 20.0
    assert {word: kwh(joule) for word, joule in found.why.items()} == {"nobody": 7.0, "disagree": -10.0}


def test_power_meters_gas_and_gaps(day) -> None:
    plant, one, two = day
    meter(plant, one, "p1", [(DAY_START, 3.0, GOOD), (DAY_START + 2 * HOUR, 0, BAD)], unit="kW", kind="analog")
    meter(plant, two, "gas", hourly(0, 1, 2, 3, 4), unit="m3", carrier="gas", kwh_per_unit=10.0)
    now = DAY_START + 4 * HOUR
    found = site_energy(plant.viewer, plant.site.id, DAY_START, now, now=now)
    assert {carrier: kwh(amount.joule) for carrier, amount in found.carriers.items()} == {
        "electricity": 6.0,
        "gas": 40.0,
    }
    assert {row.name: row.coverage for row in found.meters} == {"p1": 0.5, "gas": 1.0}
    assert found.coverage == 0.75


def test_parts_of_a_window_add_up_to_the_whole(day) -> None:
    plant, _one, two = day
    main = meter(
        plant,
        plant.site,
        "main",
        [(DAY_START + i * 7 * MINUTE, i * 1.2345, GOOD) for i in range(40)],
        share="run_time",
    )
    meter(plant, two, "e2", hourly(0, 0.333, 0.777, 1.001, 2.5), parent=main)
    now = DAY_START + 4 * HOUR
    ask = lambda a, b: site_energy(plant.viewer, plant.site.id, DAY_START + a, DAY_START + b, now=now)  # noqa: E731 - two words to ask
    whole, first, last = ask(0, 4 * HOUR), ask(0, 101 * MINUTE), ask(101 * MINUTE, 4 * HOUR)
    assert whole.total.joule == first.total.joule + last.total.joule
    assert whole.total.joule == round(240 / 7 * 1.2345 * KWH)


def test_the_window_is_bounded_and_others_see_nothing(day) -> None:
    plant, _one, _two = day
    with pytest.raises(ConfigError, match="32 days"):
        site_energy(plant.viewer, plant.site.id, 0, DAY_START, now=DAY_START)
    with pytest.raises(DeniedError):
        site_energy(Viewer(1, 999, frozenset({"admin"})), plant.site.id, DAY_START, DAY_START + HOUR, now=DAY_START)
    empty = site_energy(plant.viewer, plant.site.id, DAY_START, DAY_START + HOUR, now=DAY_START + HOUR)
    assert (empty.total.joule, empty.coverage, empty.missing) == (0, 0.0, ("meters",))


# ---- what is said of meters, factors and tariffs ----


@pytest.fixture
def engineer(plant) -> Viewer:
    return Viewer(None, plant.firm.pk, frozenset({"engineer"}), name="engineer")


def a_series(plant, asset, code, unit="kW.h", kind="counter", role=None):
    return ensure_series(
        actor=SYSTEM, asset_id=asset.id, draft=SeriesDraft(code=code, kind=kind, unit=unit, role=role)
    )


def test_meters_are_adopted_from_what_machines_send(plant, engineer) -> None:
    one, two, three = (plant.machine(code) for code in ("m1", "m2", "m3"))
    energy = a_series(plant, one, "energy", role="energy")
    a_series(plant, one, "power", "kW", "analog", "power")
    power = a_series(plant, two, "power", "kW", "analog", "power")
    a_series(plant, three, "temperature", "Cel", "analog")
    assert actions.adopt_meters(actor=engineer, site_id=plant.site.id) == 2
    assert actions.adopt_meters(actor=engineer, site_id=plant.site.id) == 0
    assert set(Meter.objects.values_list("series_id", flat=True)) == {energy.id, power.id}


def test_a_wrong_meter_is_refused_in_words(plant, engineer) -> None:
    one = plant.machine("m1")
    energy, heat, gas = (
        a_series(plant, one, "e"),
        a_series(plant, one, "t", "Cel", "analog"),
        a_series(plant, one, "g", "m3"),
    )
    main = actions.save_meter(actor=engineer, asset_id=plant.site.id, series_id=energy.id, share="none")
    inner = actions.save_meter(
        actor=engineer, asset_id=one.id, series_id=gas.id, carrier="gas", kwh_per_unit=10.0, parent_id=main
    )
    for options, words in (
        ({"series_id": heat.id}, "how many kWh"),
        ({"series_id": heat.id, "kwh_per_unit": 2.0}, "must measure power"),
        ({"series_id": gas.id}, "how many kWh one m3"),
        ({"series_id": energy.id, "carrier": "magic"}, "carrier"),
        ({"series_id": energy.id, "share": "shares"}, "Name the assets"),
        ({"series_id": energy.id, "share": "shares", "shares": {one.id: 0.7, plant.site.id: 0.4}}, "110.0%"),
        ({"series_id": energy.id, "share": "shares", "shares": {9999: 0.7}}, "does not exist"),
        ({"series_id": energy.id, "parent_id": inner}, "below itself"),
        ({"series_id": energy.id, "parent_id": 999}, "no such meter above"),
    ):
        with pytest.raises(ConfigError, match=words):
            actions.save_meter(actor=engineer, asset_id=one.id, **options)
    actions.delete_meter(actor=engineer, meter_id=main)
    assert Meter.objects.get(id=inner).parent_id is None
    operator = Viewer(5, plant.firm.pk, frozenset({"operator"}))
    with pytest.raises(DeniedError):
        actions.delete_meter(actor=operator, meter_id=inner)


def test_factors_and_tariffs_say_where_they_come_from(plant, engineer) -> None:
    said = {"actor": engineer, "organisation_id": plant.firm.pk}
    factor = said | {"carrier": "electricity", "kg_per_kwh": 0.5366, "source": "公告", "year": 2022}
    first = actions.save_factor(**factor, valid_from=date(2024, 12, 20))
    assert actions.save_factor(**factor | {"kg_per_kwh": 0.54}, valid_from=date(2024, 12, 20)) == first
    for wrong, words in (({"source": " "}, "source"), ({"kg_per_kwh": 536.6}, "unit"), ({"year": 22}, "year")):
        with pytest.raises(ConfigError, match=words):
            actions.save_factor(**factor | wrong, valid_from=date(2024, 12, 20))
    rows = [
        {"band": "valley", "start": 0, "end": 480, "price": 300_00},
        {"band": "peak", "start": 480, "end": 1440, "price": 1},
    ]
    assert actions.save_tariff(**said, valid_from=date(2024, 1, 1), periods=rows) == 2
    assert actions.save_tariff(**said, valid_from=date(2024, 1, 1), periods=rows[:1]) == 1
    assert TariffPeriod.objects.count() == 1
    for wrong in ({"band": "night"}, {"start": -1}, {"price": 1.5}, {"months": [13]}, {"end": True}):
        with pytest.raises(ConfigError, match="Period 1"):
            actions.save_tariff(**said, valid_from=date(2024, 1, 1), periods=[rows[0] | wrong])


def test_orders_get_the_energy_of_the_time_in_which_they_were_worked_on(day) -> None:
    plant, one, _two = day
    meter(plant, one, "e1", hourly(1000, 1010, 1012, 1022, 1023))
    product = Material.objects.create(organisation=plant.firm, code="P", name="阀体", kind="product")
    revision = Revision.objects.create(material=product, code="A")
    operations = {}
    for number, first, last, good in (("A", 0.0, 1.5, 4), ("B", 2.0, 3.0, 0), ("C", 2.0, 3.0, 2)):
        order = Order.objects.create(
            organisation=plant.firm, site_id=plant.site.id, number=number, revision=revision, quantity=9, ordered=9,
            created_at=DAY_START,
        )  # fmt: skip
        step = Operation.objects.create(
            order=order, number=10, name="铣", work_centre_id=one.id, place_id=one.id, run_time=60
        )
        start, end = (DAY_START + round(hours * HOUR) for hours in (first, last))
        WorkSpan.objects.create(operation=step, place_id=one.id, phase="run", start=start, end=end)
        Booking.objects.create(
            operation=step, place_id=one.id, kind="output", good=good, scrap=1, event_at=end - 1, received_at=end
        )
        operations[number] = step
    now = DAY_START + 4 * HOUR
    found = site_energy(plant.viewer, plant.site.id, DAY_START, now, now=now)
    # A: 10 kWh of the first hour and half of the 2 kWh of the second; B and C share the 10 kWh of the third
    assert {row.name: kwh(row.amount.joule) for row in found.orders} == {"A": 11.0, "B": 5.0, "C": 5.0}
    assert kwh(found.orderless.joule) == 2.0
    each = {row.name: row.per_piece.value for row in found.orders}
    assert (each["A"], each["B"], each["C"]) == (2.75, None, 2.5)
    assert {row.name: row.pieces for row in found.operations} == {"A / 10": 5, "B / 10": 1, "C / 10": 3}
    (whole,) = found.products
    assert (whole.name, kwh(whole.amount.joule), whole.pieces, whole.per_piece.value) == ("阀体", 21.0, 6, 3.5)
    report, entry = order_energy(plant.viewer, operations["A"].order_id, now=now)
    assert report is not None
    assert entry is not None
    assert (kwh(entry.amount.joule), entry.pieces) == (11.0, 4)
    with pytest.raises(DeniedError):
        order_energy(Viewer(1, 999, frozenset({"admin"})), operations["A"].order_id, now=now)
