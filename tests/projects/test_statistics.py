"""Growth of the same scope, nowcasts, attainment: against brute force, by hand, and by simulation."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chanye.domains.projects.rules.growth import Panel, growth, nowcast
from chanye.domains.projects.rules.months import between, read_month, shift
from chanye.domains.projects.rules.returns import STANDARD, check_return
from chanye.domains.projects.rules.targets import attainment, reached, run_rate
from chanye.kernel.errors import ConfigError

BY_CODE = {one.code: one for one in STANDARD}
OUTPUT, STAFF, INTENSITY, INVESTMENT = (
    BY_CODE[code] for code in ("output_value", "employees", "energy_intensity", "investment")
)


@pytest.mark.parametrize(
    ("actual", "baseline", "target", "share"),
    [
        (110, 100, 120, 0.5),  # rising, half way
        (73, 100, 73, 1.0),  # falling: a cost that is to fall by 27 % and did
        (90, 100, 80, 0.5),
        (110, 100, 80, -0.5),  # went the wrong way
        (50, 0, 200, 0.25),  # zero baseline
        (300, 100, 200, 2.0),  # overshoot is more than all
        (60, 100, 80, 2.0),  # overshoot downwards
        (100, 100, 100, None),  # a floor: nothing to attain
        (None, 100, 120, None),
    ],
)
def test_attainment_by_hand(actual, baseline, target, share) -> None:
    assert attainment(actual, baseline, target) == share


def test_a_floor_is_held_or_not() -> None:
    assert reached(100, 100, 100, 1) is True
    assert reached(99, 100, 100, 1) is False
    assert reached(101, 100, 100, -1) is False
    assert reached(73, 100, 73, 1) is True  # the side of the target decides, not the indicator's direction
    assert reached(None, 100, 73, 1) is None


def test_run_rate() -> None:
    summed = run_rate("sum", 60, 0, 200, 8, 12)
    assert (summed.required, summed.so_far, summed.months_left) == (35, 7.5, 4)
    level = run_rate("level", 90, 100, 80, 6, 12)
    assert level.required == pytest.approx(-10 / 6)
    assert level.so_far == pytest.approx(-10 / 6)
    assert run_rate("sum", 60, 0, 200, 12, 12).required is None


def test_months() -> None:
    assert read_month(" 2026年8月") == read_month("2026-8") == read_month("202608") == "2026-08"
    assert shift("2026-01", -1) == "2025-12"
    assert between("2025-11", "2026-02") == ["2025-11", "2025-12", "2026-01", "2026-02"]
    with pytest.raises(ConfigError, match="write it like"):
        read_month("2026-13")


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.booleans(), st.sampled_from([OUTPUT, STAFF, INVESTMENT, INTENSITY]))
def test_growth_is_that_of_brute_force(seed: int, year_to_date: bool, one) -> None:
    """The matched set and both growths are as counting firm by firm in plain Python gives them."""
    rng = np.random.default_rng(seed)
    months = between("2024-01", "2025-08")
    shape = (7, len(months))
    values = {}
    for code in ("output_value", "employees", "investment", "energy"):
        table = rng.integers(1, 1000, shape).astype(float)
        table[rng.random(shape) < 0.05] = np.nan
        values[code] = table
    member = rng.random(shape) < 0.8
    panel = Panel(tuple(months), values, member)
    month = "2025-08"

    def amount(code: str, kind: str, i: int, at: str) -> float | None:
        if kind == "flow" and year_to_date:
            span = between(f"{at[:4]}-01", at)
        elif kind == "cumulative" and not year_to_date:
            now, last = values[code][i][months.index(at)], values[code][i][months.index(shift(at, -1))]
            return None if np.isnan(now - last) else now - last
        else:
            span = [at]
        found = [values[code][i][months.index(m)] for m in span]
        return None if any(np.isnan(x) for x in found) else sum(found)

    def sums(at: str, firms: list[int]) -> float | None:
        if one.kind != "ratio":
            return sum(amount(one.code, one.kind, i, at) for i in firms) if firms else None
        top = sum(amount("energy", "flow", i, at) for i in firms)
        below = sum(amount("output_value", "flow", i, at) for i in firms)
        return top * 10_000 * 10**4 * 100 / 100 / below if firms else None

    def known(at: str) -> list[int]:
        codes = [("energy", "flow"), ("output_value", "flow")] if one.kind == "ratio" else [(one.code, one.kind)]
        return [
            i
            for i in range(7)
            if member[i][months.index(at)] and all(amount(c, k, i, at) is not None for c, k in codes)
        ]

    here, there = known(month), known("2024-08")
    both = [i for i in here if i in there]
    found = growth(panel, one, BY_CODE, month, year_to_date=year_to_date)
    assert (found.matched, found.reported) == (len(both), len(here))
    for value, now, base in (
        (found.same_scope, sums(month, both), sums("2024-08", both)),
        (found.levels, sums(month, here), sums("2024-08", there)),
    ):
        if now is None or base is None or base <= 0:
            assert value is None
        else:
            assert value == pytest.approx(now / base - 1)


def test_a_firm_that_comes_in_moves_the_levels_but_not_the_same_scope() -> None:
    """Two firms grow by 10 %; a third crosses the line: levels say +65 %, the same scope says +10 %."""
    months = ("2024-08", "2025-08")
    full = tuple(between("2024-08", "2025-08"))
    table = np.full((3, len(full)), np.nan)
    table[:, 0] = [100, 100, 90]
    table[:, -1] = [110, 110, 110]
    member = np.ones((3, len(full)), dtype=bool)
    member[2, 0] = False
    found = growth(Panel(full, {"output_value": table}, member), OUTPUT, BY_CODE, months[1], year_to_date=False)
    assert found.same_scope == pytest.approx(0.10)
    assert found.levels == pytest.approx(0.65)
    assert (found.matched, found.members, found.before) == (2, 3, 2)


def test_intervals_of_nowcasts_cover() -> None:
    """Over 400 simulated months with a third missing, 90 % intervals hold the truth in 86 to 94 %."""
    rng = np.random.default_rng(20261123)
    months = tuple(between("2024-08", "2025-08"))
    held = 0
    for _ in range(400):
        old = rng.lognormal(4, 1, 60)
        truth = old * rng.normal(1.12, 0.02) + rng.normal(0, 1, 60) * np.sqrt(old)
        table = np.full((60, len(months)), np.nan)
        table[:, 0], table[:, -1] = old, truth
        late = rng.permutation(60)[:20]
        table[late, -1] = np.nan
        panel = Panel(months, {"output_value": table}, np.ones(table.shape, dtype=bool))
        found = nowcast(panel, OUTPUT, "2025-08")
        assert found is not None
        assert found.missing == 20
        held += found.lower <= truth.sum() <= found.upper
    assert 0.86 <= held / 400 <= 0.94


def test_a_month_nobody_reported_goes_on_as_before() -> None:
    months = tuple(between("2023-08", "2025-08"))
    table = np.full((10, len(months)), 100.0)
    table[:, 13:] = 110.0
    table[:, -1] = np.nan
    panel = Panel(months, {"output_value": table}, np.ones(table.shape, dtype=bool))
    found = nowcast(panel, OUTPUT, "2025-08")
    assert found is not None
    assert found.method == "carried"
    assert found.value == pytest.approx(1100.0)
    table[:, 13:16] = 130.0  # the growth moved, so nothing is certain any more
    found = nowcast(panel, OUTPUT, "2025-08")
    assert found is not None
    assert found.upper > found.value > found.lower
    assert nowcast(panel, INTENSITY, "2025-08") is None


def test_rules_of_a_return() -> None:
    good = {"output_value": 100_000_000, "revenue": 90, "investment": 500, "tax": 5, "employees": 10, "energy": 3000}

    def faults(changed: dict[str, int], last: dict[str, int] | None = None, reason: str = "", january: bool = False):
        return [code for code, _ in check_return(STANDARD, good | changed, last, january=january, reason=reason)]

    assert faults({}) == []
    assert faults({"investment": 499}, good) == ["investment"]
    assert faults({"investment": 0}, good, january=True) == []
    assert faults({"output_value": 301_000_000}, good) == ["output_value"]
    assert faults({"output_value": 301_000_000}, good, reason="new line") == []
    assert faults({"employees": -1}) == ["employees"]
    # 30 tce over 100 wan yuan are 0.3 tce per wan yuan.
    assert faults({"energy_intensity": 3000}) == []
    assert faults({"energy_intensity": 3100}) == ["energy_intensity"]
    missing = {k: v for k, v in good.items() if k != "tax"}
    assert [code for code, _ in check_return(STANDARD, missing, None, january=False, reason="")] == ["tax"]
