"""What may be published: against sdcTable's expectations, against every pattern, and against attacks."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from chanye.engines.disclosure import Dimension, Rules, audit, flat, primary, protect, protection, tabulate
from chanye.engines.disclosure.table import published
from chanye.engines.disclosure.unions import bare_unions
from engines.disclosure.microdata1 import rows

A_FEMALE, D_MALE = 0 * 3 + 1, 3 * 3 + 0


def micro():
    codes, who, value = rows()
    return tabulate(codes, who, value, [flat(4), flat(2)])


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        (Rules(threshold=3, p_percent=0.0), {A_FEMALE}),
        (Rules(threshold=0, dominance=(2, 0.75), p_percent=0.0), {A_FEMALE, D_MALE}),
        (Rules(threshold=0, p_percent=0.7), {A_FEMALE, D_MALE}),
    ],
)
def test_primary_rules_flag_what_sdctable_flags(rules, expected):
    assert set(np.flatnonzero(primary(micro(), rules)).tolist()) == expected


def test_secondary_suppression_takes_the_three_cells_that_sdctable_takes():
    table = micro()
    found = protect(table, Rules(threshold=3, p_percent=0.0), weight=table.contributors.astype(float))
    # regions A and C, both genders: sdcTable's OPT, HYPERCUBE, HITAS and SIMPLEHEURISTIC agree on it
    assert set(np.flatnonzero(found.suppressed).tolist()) == {0, 1, 6, 7}
    assert found.proved


def test_two_who_are_alone_in_their_cells_do_not_protect_each_other():
    # sdcTable's test of singletons: a and c have one each, b has two; detection takes one more cell
    table = tabulate(np.array([[0], [1], [1], [2]]), np.arange(4), np.ones(4), [flat(4)])
    assert set(np.flatnonzero(primary(table, Rules(threshold=2, p_percent=0.0))).tolist()) == {0, 2}
    found = protect(table, Rules(threshold=3, p_percent=0.0))
    assert set(np.flatnonzero(found.suppressed).tolist()) == {0, 1, 2}


def open_to(table, pattern, cell):
    """What one cell can be at least and at most, by a programme over the whole table, apart from ours."""
    relations = table.relations
    matrix = np.zeros((len(relations.low), len(table.value)))
    for row in range(len(relations.low)):
        inside = slice(relations.start[row], relations.start[row + 1])
        matrix[row, relations.column[inside]] = relations.value[inside]
    top = 2 * table.value.max() + 1
    bounds = [(0, top) if open_ else (v, v) for v, open_ in zip(table.value, pattern, strict=True)]
    goal = np.zeros(len(table.value))
    goal[cell] = 1.0
    low = linprog(goal, A_eq=matrix, b_eq=np.zeros(len(matrix)), bounds=bounds)
    high = linprog(-goal, A_eq=matrix, b_eq=np.zeros(len(matrix)), bounds=bounds)
    return low.fun, -high.fun


def safe(table, pattern, rules):
    level = protection(table, rules)
    if bare_unions(table, pattern, rules):
        return False
    for cell in np.flatnonzero(primary(table, rules)):
        low, high = open_to(table, pattern, cell)
        value, asked = table.value[cell], level[cell]
        if high < value + asked - 1e-6 or low > max(value - asked, 0) + 1e-6:
            return False
    return True


def random_table(seed, shape, firms):
    draw = np.random.default_rng(seed)
    codes = np.stack([draw.integers(0, size, firms) for size in shape], axis=1)
    return tabulate(codes, np.arange(firms), draw.integers(1, 60, firms).astype(float), [flat(s) for s in shape])


@pytest.mark.parametrize(
    ("seed", "shape", "firms"), [(3, (2, 3), 22), (4, (3, 2), 26), (7, (2, 2), 13), (6, (5,), 14)]
)
def test_no_lighter_pattern_is_safe_among_all_patterns(seed, shape, firms):
    table, rules = random_table(seed, shape, firms), Rules()
    found = protect(table, rules)
    assert found.primary.any()
    assert found.proved
    assert safe(table, found.suppressed, rules)
    free = np.flatnonzero(~found.primary & (table.contributors > 0))
    base = table.value[found.primary].sum()
    lighter = []
    for taken in product((False, True), repeat=len(free)):
        more = table.value[free[list(taken)]].sum()
        if base + more < found.weight - 1e-6:
            pattern = found.primary.copy()
            pattern[free[list(taken)]] = True
            lighter.append(pattern)
    relations = table.relations
    for pattern in lighter:
        alone = [
            pattern[relations.column[a:b]].sum() == 1
            for a, b in zip(relations.start[:-1], relations.start[1:], strict=True)
        ]
        assert any(alone) or not safe(table, pattern, rules)


HIERARCHY = Dimension((3, 3, 4, 4, -1))  # two of a kind, one other, their total


@settings(max_examples=25, deadline=None)
@given(
    st.integers(0, 10_000),
    st.sampled_from([(6,), (4, 3), (3, 3, 2)]),
    st.integers(10, 80),
    st.sampled_from([Rules(), Rules(2, (1, 0.8), 0.2), Rules(4, None, 0.05)]),
    st.booleans(),
)
def test_an_attack_recovers_no_sensitive_cell_within_its_protection(seed, shape, firms, rules, nested):
    draw = np.random.default_rng(seed)
    codes = np.stack([draw.integers(0, size, firms) for size in shape], axis=1)
    dimensions = [flat(size) for size in shape]
    if nested:
        codes[:, 0] %= 3
        dimensions[0] = HIERARCHY
    value = np.exp(draw.normal(3, 1.5, firms)).round(1)
    table = tabulate(codes, draw.integers(0, firms, firms), value, dimensions)
    found = protect(table, rules, seconds=0.5)
    level = protection(table, rules)
    assert (found.suppressed >= found.primary).all()
    assert found.bound <= found.weight * (1 + 1e-9)
    result = audit(table, found.suppressed)
    assert not len(result.exposed(table, level, found.primary))
    assert not bare_unions(table, found.suppressed, rules)
    # whatever is suppressed stays open at all, and the truth lies within what a reader can be sure of
    moving = result.high - result.low > 1e-9 * np.maximum(1.0, table.value[result.cell])
    assert moving[found.primary[result.cell]].all()
    assert (result.low <= table.value[result.cell] + 1e-6).all()
    assert (result.high >= table.value[result.cell] - 1e-6).all()


def test_the_limits_of_an_attack_are_those_of_an_independent_programme():
    table = random_table(8, (3, 3), 25)
    found = protect(table, Rules())
    result = audit(table, found.suppressed)
    for cell, low, high in list(zip(result.cell, result.low, result.high, strict=True))[:6]:
        assert (low, high) == pytest.approx(open_to(table, found.suppressed, cell), abs=1e-5)


def test_primary_suppression_alone_is_recovered_by_subtraction():
    table = micro()
    rules = Rules(threshold=3, p_percent=0.1)
    alone = primary(table, rules)
    attacked = audit(table, alone)
    assert attacked.exposed(table, protection(table, rules), alone).tolist() == np.flatnonzero(alone).tolist()
    assert attacked.low == pytest.approx(table.value[alone])


def test_margins_hierarchies_and_contributors_are_summed_once():
    codes = np.array([[0], [1], [2], [0]])
    table = tabulate(codes, np.array([7, 7, 8, 9]), np.array([5.0, 3.0, 2.0, 1.0]), [HIERARCHY])
    assert table.value.tolist() == [6, 3, 2, 9, 11]
    assert table.contributors.tolist() == [2, 1, 1, 2, 3]
    assert table.largest(2).tolist() == [[5, 1], [3, 0], [2, 0], [8, 1], [8, 2]]
    assert published(table, np.zeros(5, bool)) == [frozenset(s) for s in ({7}, {7, 8, 9}, {7, 9}, {8})]


def test_malformed_tables_and_rules_are_refused():
    with pytest.raises(ValueError, match="not below zero"):
        tabulate(np.array([[0]]), np.array([1]), np.array([-1.0]), [flat(2)])
    with pytest.raises(ValueError, match="no category"):
        tabulate(np.array([[2]]), np.array([1]), np.array([1.0]), [flat(2)])
    with pytest.raises(ValueError, match="part of itself"):
        Dimension((1, 0, -1))
    with pytest.raises(ValueError, match="one total"):
        Dimension((-1, -1))
    with pytest.raises(ValueError, match="shares between"):
        Rules(p_percent=70)
    empty = tabulate(np.empty((0, 1), int), np.empty(0, int), np.empty(0), [flat(2)])
    assert protect(empty, Rules()).proved
