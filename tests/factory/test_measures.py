"""Facts and figures of a small plant against numbers worked out by hand."""

from __future__ import annotations

import warnings

import oee
import pytest
from django.utils.translation import override

from chanye.domains.factory.actions import bookings
from chanye.domains.factory.actions.bookings import Report
from chanye.domains.factory.actions.machines import assign_calendar, save_calendar
from chanye.domains.factory.actions.measures import delete_rate, set_rate
from chanye.domains.factory.demo import seed_rates
from chanye.domains.factory.models import Material, Rate, RoutingStep
from chanye.domains.factory.queries import measures as queries
from chanye.domains.factory.rules.measures import compare, figures
from chanye.domains.factory.types.measures import Facts
from chanye.kernel.errors import ConfigError, DeniedError
from chanye.parties.types import SYSTEM
from chanye.spine.actions import ensure_asset
from mes_kit import Mes

pytestmark = pytest.mark.django_db

# Monday 2026-09-14 08:00 in Shanghai
T = 1_789_344_000_000_000
MINUTE = 60_000_000
HOUR = 60 * MINUTE
NOW = T + 30 * 24 * HOUR


def test_figures_by_hand() -> None:
    facts = Facts(
        pbt=480 * MINUTE,
        unknown=30 * MINUTE,
        apt=300 * MINUTE,
        aust=60 * MINUTE,
        adet=60 * MINUTE,
        adot=30 * MINUTE,
        aubt=400 * MINUTE,
        aoet=800 * MINUTE,
        apwt=600 * MINUTE,
        pq=280,
        gq=266,
        sq=14,
        done=266,
        psq=7,
        first_pq=280,
        earned=280 * MINUTE,
        earned_good=266 * MINUTE,
        labour=100_000,
        machine=50_000,
        material=33_000,
    )
    found = {name: figure.value for name, figure in figures(facts).items()}
    assert found["availability"] == pytest.approx(300 / 450)
    assert found["effectiveness"] == pytest.approx(280 / 300)
    assert found["quality_ratio"] == pytest.approx(0.95)
    assert found["oee"] == pytest.approx(300 / 450 * 280 / 300 * 0.95)
    # the identity of ISO 22400-2: OEE = PRI x GQ / PBT
    assert found["oee"] == pytest.approx(found["production_efficiency"])
    assert found["nee"] == pytest.approx(360 / 450 * 280 / 300 * 0.95)
    assert found["setup_ratio"] == pytest.approx(60 / 360)
    assert found["technical_efficiency"] == pytest.approx(300 / 360)
    assert found["allocation_ratio"] == pytest.approx(0.5)
    assert found["utilisation_efficiency"] == pytest.approx(0.75)
    assert found["allocation_efficiency"] == pytest.approx(400 / 450)
    assert found["actual_to_planned_scrap"] == pytest.approx(2)
    assert found["unit_cost"] == pytest.approx(183_000 / 266)
    assert found["labour_per_piece"] == pytest.approx(10 / 266)
    assert found["pass_rate"] == pytest.approx(0.95)
    assert found["worker_efficiency"] is None


def test_too_little_known_is_not_measured() -> None:
    facts = Facts(pbt=100, unknown=30, apt=60, earned_good=50)
    figure = figures(facts)["production_efficiency"]
    assert (figure.value, figure.why, figure.coverage) == (None, "below_floor", 0.7)
    (change,) = [one for one in compare(facts, facts) if one.name == "oee"]
    assert change.change.value is None


def test_two_machines_are_summed_never_averaged() -> None:
    """The reference example: 0.80 and 0.45 give 0.5375, not 0.625."""
    a, b = Facts(pbt=100, apt=80), Facts(pbt=300, apt=135)
    assert figures(a + b)["availability"].value == pytest.approx(0.5375)


@pytest.fixture
def mes() -> Mes:
    mes = Mes()
    shift = {"name": "白班", "days": [0, 1, 2, 3, 4, 5, 6], "start": "08:00", "end": "16:00", "breaks": []}
    pattern = {"zone": "Asia/Shanghai", "shifts": [shift], "exceptions": {}}
    number = save_calendar(actor=SYSTEM, organisation_id=mes.firm.pk, name="c", pattern=pattern)
    assign_calendar(actor=SYSTEM, asset_id=mes.site.id, calendar_id=number)
    return mes


def rate(mes: Mes, kind: str, amount: int, *, at: int = 0, asset: int | None = None) -> int:
    manager = mes.person(f"m{kind}{amount}{at}", "manager")
    return set_rate(
        actor=manager,
        organisation_id=mes.firm.pk,
        kind=kind,
        amount=amount,
        valid_from=at,
        source="协议",
        asset_id=asset,
    )


def work(mes: Mes, order: int, number: int, start: int, minutes: int, **pieces: object) -> None:
    operation = mes.operation(order, number)
    place = operation.work_centre_id
    person = mes.operator.person_id
    bookings.start_operation(actor=mes.operator, operation_id=operation.pk, at=Report(start, start, place, person))
    end = start + minutes * MINUTE
    bookings.report_output(
        actor=mes.operator, operation_id=operation.pk, at=Report(end, end, place, person), **pieces
    )
    if mes.operation(order, number).state == "running":
        bookings.pause_operation(actor=mes.operator, operation_id=operation.pk, at=Report(end, end, place, person))


def test_what_a_piece_costs_by_hand(mes: Mes) -> None:
    """100 pieces: mill 2 h, bench 1.5 h; labour 60 yuan/h, bench 20, mill 120; steel 1.65 kg x 8 yuan."""
    rate(mes, "labour", 6000)
    rate(mes, "machine", 2000)
    rate(mes, "machine", 12_000, asset=mes.mill.id)
    rate(mes, "scrap", 100)
    order = mes.order(quantity=100)
    work(mes, order, 10, T, 120, good=96, scrap=4, reason="burr")
    work(mes, order, 20, T + 2 * HOUR, 60, good=96)
    work(mes, order, 30, T + 3 * HOUR, 30, good=96)
    (site,) = queries.measures(SYSTEM, mes.site.id, T, T + 8 * HOUR, "site", now=NOW)
    facts = site.facts
    assert facts.labour == pytest.approx(3.5 * 6000)
    assert facts.machine == pytest.approx(2 * 12_000 + 1.5 * 2000)
    assert facts.material == pytest.approx(100 * 1.65 * 800)
    assert facts.material_standard == facts.material
    assert facts.scrap == 400
    assert facts.unpriced == frozenset()
    assert site.figures["unit_cost"].value == pytest.approx((21_000 + 27_000 + 132_000 + 400) / 96)
    assert site.figures["defect_rate"].value == pytest.approx(0.04)
    assert site.figures["labour_per_piece"].value == pytest.approx(3.5 / 96)
    # three places are planned 8 h each; mill2 was never booked and has no states: it is not among them
    earned = (96 * 60 + 96 * 20 + 96 * 10) / 3600
    assert site.figures["production_efficiency"].value == pytest.approx(earned / 16)
    assert (facts.done, facts.sq, facts.ip) == (96, 4, 100)


def test_groups_add_up_to_the_site(mes: Mes) -> None:
    one, two = mes.order("W-1", 50), mes.order("W-2", 50)
    Material.objects.filter(code="STEEL").update(cost=None)
    work(mes, one, 10, T, 60, good=50)
    work(mes, two, 10, T + 2 * HOUR, 60, good=40, scrap=10, reason="size")
    work(mes, two, 20, T + 3 * HOUR, 60, good=40)
    whole = queries.measures(SYSTEM, mes.site.id, T, T + 8 * HOUR, "site", now=NOW)[0].facts
    for by in ("line", "machine", "order", "product", "shift"):
        rows = queries.measures(SYSTEM, mes.site.id, T, T + 8 * HOUR, by, now=NOW)
        facts = sum((row.facts for row in rows), Facts())
        for name in ("pq", "gq", "sq", "done", "apwt", "aubt", "labour", "material"):
            assert getattr(facts, name) == getattr(whole, name), (by, name)
    assert whole.unpriced == {"labour", "machine", "material", "scrap"}
    orders = queries.measures(SYSTEM, mes.site.id, T, T + 8 * HOUR, "order", now=NOW)
    assert [row.name for row in orders] == ["W-1", "W-2"]
    assert orders[0].facts.aoet == 8 * HOUR


def test_a_rate_holds_from_its_day_and_nearest_to_the_place(mes: Mes) -> None:
    rate(mes, "labour", 5000)
    rate(mes, "labour", 6000, at=T + HOUR)
    newest = rate(mes, "labour", 9000, at=T - HOUR, asset=mes.bench.id)
    order = mes.order(quantity=10)
    work(mes, order, 10, T, 60, good=5)
    work(mes, order, 10, T + HOUR, 60, good=5)
    work(mes, order, 20, T + 2 * HOUR, 60, good=10)
    facts = queries.measures(SYSTEM, mes.site.id, T, T + 8 * HOUR, "site", now=NOW)[0].facts
    assert facts.labour == 5000 + 6000 + 9000
    with pytest.raises(DeniedError):
        delete_rate(actor=Mes("other").planner, rate_id=newest)
    delete_rate(actor=mes.person("boss", "manager"), rate_id=newest)
    facts = queries.measures(SYSTEM, mes.site.id, T, T + 8 * HOUR, "site", now=NOW)[0].facts
    assert facts.labour == 5000 + 6000 + 6000


@pytest.mark.parametrize(
    ("values", "why"),
    [({"kind": "air"}, "labour, machine"), ({"amount": -1}, "negative"), ({"source": " "}, "where the rate")],
)
def test_wrong_rates_are_refused(mes: Mes, values: dict[str, object], why: str) -> None:
    wanted = {"kind": "labour", "amount": 1, "source": "x", "valid_from": 0} | values
    with override("en"), pytest.raises(ConfigError, match=why):
        set_rate(actor=mes.person("m", "manager"), organisation_id=mes.firm.pk, **wanted)
    assert not Rate.objects.exists()


def test_a_bench_where_only_rework_is_done_is_no_planned_capacity(mes: Mes) -> None:
    apart = ensure_asset(
        actor=SYSTEM, organisation_id=mes.firm.pk, parent_id=mes.site.id, kind="work_centre", code="mend", name="mend"
    )
    RoutingStep.objects.filter(number=35).update(work_centre_id=apart.id)
    order = mes.order(quantity=10)
    work(mes, order, 10, T, 10, good=10)
    work(mes, order, 20, T + HOUR, 10, good=10)
    work(mes, order, 30, T + 2 * HOUR, 10, good=8, rework=2, reason="polish")
    before = queries.measures(SYSTEM, mes.site.id, T, T + 8 * HOUR, "site", now=NOW)[0].facts
    work(mes, order, 35, T + 3 * HOUR, 10, good=2)
    after = queries.measures(SYSTEM, mes.site.id, T, T + 8 * HOUR, "site", now=NOW)[0].facts
    assert before.pbt == after.pbt == 16 * HOUR
    assert after.apwt == before.apwt + 10 * MINUTE


def test_before_and_after(mes: Mes) -> None:
    order = mes.order(quantity=100)
    work(mes, order, 10, T, 60, good=20, scrap=20, reason="burr")
    work(mes, order, 10, T + 24 * HOUR, 60, good=45, scrap=5, reason="burr")
    day = 24 * HOUR
    changes = queries.compare(SYSTEM, mes.site.id, (T, T + day), (T + day, T + 2 * day), now=NOW)
    found = {one.name: one for one in changes}
    assert found["quality_ratio"].change.value == pytest.approx(0.9 / 0.5 - 1)
    assert found["production_efficiency"].change.value == pytest.approx(45 / 20 - 1)
    assert (found["defect_rate"].better, found["oee"].better) == ("lower", "higher")
    assert found["unit_cost"].change.why == "no_production"


@pytest.mark.parametrize(
    ("planned", "run", "ideal", "total", "good"),
    [(480, 400, 60.0, 380, 361), (450, 300, 30.0, 500, 500), (480, 240, 120.0, 140, 133)],
)
def test_oee_against_an_independent_package(planned: int, run: int, ideal: float, total: int, good: int) -> None:
    """The last case runs faster than planned: the package caps its performance at 1, ISO 22400-2 does not."""
    facts = Facts(
        pbt=planned * MINUTE,
        apt=run * MINUTE,
        adot=(planned - run) * MINUTE,
        pq=total,
        gq=good,
        earned=total * ideal * 1e6,
        earned_good=good * ideal * 1e6,
    )
    found = figures(facts)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns where it caps
        theirs = oee.oee(planned * 60, run_time=run * 60, ideal_cycle_time=ideal, total_count=total, good_count=good)
    assert found["availability"].value == pytest.approx(theirs.availability)
    assert found["effectiveness"].value == pytest.approx(theirs.performance_raw)
    assert found["quality_ratio"].value == pytest.approx(theirs.quality)
    whole = theirs.availability * theirs.performance_raw * theirs.quality
    assert found["oee"].value == pytest.approx(whole)


def test_a_day_is_reckoned_anew_when_something_is_booked_on_it(mes: Mes) -> None:
    order = mes.order(quantity=100)
    work(mes, order, 10, T, 60, good=20)
    window = (mes.site.id, T - 24 * HOUR, T + 48 * HOUR, "site")
    assert queries.measures(SYSTEM, *window, now=NOW)[0].facts.pq == 20
    work(mes, order, 10, T + 2 * HOUR, 60, good=30)
    facts = queries.measures(SYSTEM, *window, now=NOW)[0].facts
    assert (facts.pq, facts.apwt) == (50, 2 * HOUR)
    rate(mes, "labour", 6000)
    assert queries.measures(SYSTEM, *window, now=NOW)[0].facts.labour == 12_000


def test_demo_rates_are_seeded_once(mes: Mes) -> None:
    assert seed_rates(actor=SYSTEM, organisation_id=mes.firm.pk) == 3
    assert seed_rates(actor=SYSTEM, organisation_id=mes.firm.pk) == 0
