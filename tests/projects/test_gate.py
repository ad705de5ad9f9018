"""An attacker who knows who is in which group and reads everything published: nothing of a few firms is found.

The attack is a linear programme over what each firm did in each month, none below zero; the rules of what is
sensitive are written out here again.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from chanye.domains.projects.actions.releases import publish_release
from chanye.domains.projects.queries import releases, statistics
from chanye.domains.projects.rules.gate import Gate
from chanye.domains.projects.types.releases import ReleaseDraft
from chanye.engines.disclosure import Rules
from chanye.parties.types import PUBLIC
from statistics_kit import District

pytestmark = pytest.mark.django_db
#: Two sectors of five firms over two towns.
FIRMS = [("nev", "A", "large"), ("nev", "A", "small"), ("nev", "A", "small"), ("nev", "B", "large"),
         ("nev", "B", "small"), ("equipment", "A", "large"), ("equipment", "A", "small"), ("equipment", "B", "small"),
         ("equipment", "B", "small"), ("equipment", "B", "large")]  # fmt: skip
M = 1_000_000
#: Of each month what each firm put out: in February the first makes nearly all of its sector, over both months not.
OUT = [[100 * M, 2_000 * M], *([[900 * M + 31 * M * i, 20 * M + i * M] for i in range(4)]),
       *([[500 * M + 17 * M * i, 480 * M + 11 * M * i] for i in range(5)])]  # fmt: skip


def sensitive(parts: list[float]) -> bool:
    """Say whether a sum is: fewer than three, two above 90 %, or the rest below a tenth of the largest."""
    high = sorted(parts, reverse=True)
    rest = sum(high[2:])
    return 0 < len(high) < 3 or (sum(high) > 0 and (rest < 0.1 * sum(high) - 1e-6 or rest < 0.1 * high[0] - 1e-6))


def ranges(rows: list[np.ndarray], told: list[float], asked: np.ndarray) -> tuple[float, float]:
    """Return the least and the most that a weighed sum of unknowns can be, given sums of them."""
    ends = [linprog(sign * asked, A_eq=np.array(rows), b_eq=np.array(told), bounds=(0, None)) for sign in (1, -1)]
    return ends[0].fun, (-ends[1].fun if ends[1].status == 0 else np.inf)


def groups(sides: list[str], labels: list[list[str]], at: tuple[int, ...]) -> list[int]:
    """Return the firms of a cell; past the last label is the sum over it."""
    place = {"sector": 0, "town": 1, "size": 2}
    return [
        f
        for f, firm in enumerate(FIRMS)
        if all(i == len(ls) or firm[place[s]] == ls[i] for s, ls, i in zip(sides, labels, at, strict=True))
    ]


def attack(district: District, out: np.ndarray) -> list[str]:
    """Return the sensitive cells of a month, or of the year, that the published tables tell within a tenth."""
    rows, told, cells = [], [], set()
    for one in releases.releases(PUBLIC, district.id):
        upto = int(one.body["month"][5:])
        values = np.array(one.body["values"], dtype=object)
        for at in np.ndindex(values.shape):
            firms = groups(one.body["sides"], one.body["labels"], at)
            cells.add(tuple(firms))
            if values[at] is not None:
                row = np.zeros(out.shape)
                row[firms, :upto] = 1
                rows.append(row.ravel())
                told.append(values[at] / M)
    found = []
    for firms, since in ((c, s) for c in cells for s in [(0,), (1,), (0, 1)]):
        parts = out[list(firms)][:, list(since)].sum(1) / M
        if sensitive(list(parts)):
            asked = np.zeros(out.shape)
            asked[np.ix_(list(firms), list(since))] = 1
            low, high = ranges(rows, told, asked.ravel())
            if high < 1.09 * parts.sum() and low > 0.91 * parts.sum():
                found.append(f"{firms} {since}: {low} to {high}")
    return found


def publish(district: District, month: str, rows: str, columns: str = "") -> None:
    draft = ReleaseDraft(f"{month} {rows}", "output_value", month, rows, columns)
    publish_release(actor=district.officer, office_id=district.id, draft=draft)


@pytest.fixture
def district() -> District:
    made = District(FIRMS)
    made.file_all(
        {f"2025-0{m + 1}": {f"F{i + 1}": {"output_value": v[m]} for i, v in enumerate(OUT)} for m in range(2)}
    )
    return made


@pytest.mark.parametrize("sides", [("sector", ""), ("sector", "town"), ("town", "")])
def test_a_month_cannot_be_had_from_two_sums_since_january(district: District, sides: tuple[str, str]) -> None:
    publish(district, "2025-01", *sides)
    publish(district, "2025-02", *sides)
    assert not attack(district, np.array(OUT, dtype=float))
    second = releases.releases(PUBLIC, district.id)[0]
    cells = np.array(second.body["values"], dtype=object)
    assert any(one is not None for one in cells.ravel())  # it is not protected by publishing nothing


def test_another_grouping_gives_no_month_away_either(district: District) -> None:
    publish(district, "2025-01", "sector")
    for month, rows in (("2025-01", "town"), ("2025-02", "town"), ("2025-02", "sector")):
        draft = ReleaseDraft("x", "output_value", month, rows)
        if not releases.preview(district.officer, district.id, draft).refused:
            publish(district, month, rows)
    assert not attack(district, np.array(OUT, dtype=float))


def test_a_newcomer_cannot_be_had_from_growth_and_level(district: District) -> None:
    """The base of a year before, times growth of the same scope, is what the others did now: the rest is the new."""
    names = [f"F{i}" for i in range(1, 10)]
    district.file_all({m: {f: {"output_value": 500 * M} for f in names} for m in ("2024-01", "2024-02", "2024-03")})
    district.file_all({"2025-03": {f: {"output_value": 600 * M} for f in [*names, "F10"]}})
    for year in (False, True):
        found = next(
            one
            for one in statistics.headlines(district.officer, district.id, "2025-03", year_to_date=year)
            if one.indicator.code == "output_value"
        )
        told = found.growth
        assert told.current is not None
        assert told.same_scope is None
        assert told.matched_current is None


def test_a_headline_of_two_large_firms_is_not_shown(district: District) -> None:
    values = {f"F{i}": {"output_value": 9_000 * M if i < 3 else M} for i in range(1, 11)}
    district.file_all({"2026-01": values})
    found = statistics.headlines(district.officer, district.id, "2026-01", year_to_date=True)[0]
    assert found.indicator.code == "output_value"
    assert found.growth.reported == 10
    assert found.growth.current is None


amounts = st.lists(st.lists(st.integers(0, 50), min_size=3, max_size=3), min_size=6, max_size=6)
masks = st.lists(
    st.tuples(st.sets(st.integers(0, 5), min_size=3), st.integers(0, 2), st.integers(0, 2)), min_size=2, max_size=6
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(amounts, masks)
def test_no_two_sums_that_are_shown_differ_by_a_sensitive_one(values: list[list[int]], asked: list) -> None:
    table = np.array(values, dtype=float)
    gate = Gate(table, Rules(3, (2, 0.9), 0.1))
    shown = []
    for firms, a, b in asked:
        one = np.zeros(table.shape, dtype=bool)
        one[sorted(firms), min(a, b) : max(a, b) + 1] = True
        if gate.admits(one):
            shown.append(one)
            assert not sensitive(list((table * one).sum(1)[one.any(1)]))
    for one, other in combinations(shown, 2):
        for more, less in ((one, other), (other, one)):
            left = more & ~less
            if left.any() and not (less & ~more).any():
                assert not sensitive(list((table * left).sum(1)[left.any(1)]))
    if shown:  # nor does any weighed sum of them give one firm's month, or all of one firm
        stacked = np.array([one.ravel() for one in shown], dtype=float)
        for f in range(6):
            for months in ([0], [1], [2], [0, 1, 2]):
                target = np.zeros(table.shape)
                target[f, months] = 1
                left_over = np.linalg.lstsq(stacked.T, target.ravel(), rcond=None)[0] @ stacked - target.ravel()
                assert np.abs(left_over).max() > 1e-6
