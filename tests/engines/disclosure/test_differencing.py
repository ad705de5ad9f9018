"""What published sums give away together: against elimination in fractions."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations

from hypothesis import given, settings
from hypothesis import strategies as st

from chanye.engines.disclosure import refusals


def s(*members):
    return frozenset(members)


def test_a_set_too_small_and_two_that_differ_by_few_are_refused():
    assert [r.how for r in refusals([s(1, 2)], [])] == ["small"]
    (refused,) = refusals([s(1, 2, 3, 4)], [s(1, 2, 3, 4, 5)])
    assert (refused.how, refused.contributors, refused.released) == ("difference", {5}, 0)
    (refused,) = refusals([s(1, 2, 3, 5)], [s(1, 2, 3, 4)])
    assert refused.contributors == {4, 5}
    assert not refusals([s(1, 2, 3, 4), s(5, 6, 7)], [s(1, 2, 3, 4, 5, 6, 7)])
    assert not refusals([s(1, 2, 3, 4), s()], [s(1, 2, 3, 4)])


def test_new_sums_are_held_against_each_other():
    (refused,) = refusals([s(1, 2, 3, 4), s(1, 2, 3)], [])
    assert (refused.query, refused.contributors, refused.released) == (1, {4}, 0)


def test_a_combination_of_three_sums_singles_out_one():
    # (1..6) - (1,2,3) - (4,5,7) = 6 - 7: two are told apart, though any two of the sums differ by three or more
    (refused,) = refusals([s(1, 2, 3, 4, 5, 6)], [s(1, 2, 3), s(4, 5, 7)])
    assert (refused.how, refused.contributors) == ("combination", {6, 7})
    # half of (1,2,3,4) + (1,2,5,6) - (3,4,5,6) is 1 + 2
    found = refusals([s(3, 4, 5, 6)], [s(1, 2, 3, 4), s(1, 2, 5, 6)])
    assert {refused.how for refused in found} == {"combination"}
    assert {refused.contributors for refused in found} == {s(1, 2), s(3, 4), s(5, 6)}


def spanned(sums, members):
    """Whether some combination of sums has its whole weight on the members, by elimination in fractions."""
    who = sorted(set().union(*sums))
    outside = [c for c in who if c not in members]
    order = outside + [c for c in who if c in members]
    matrix = [[Fraction(c in one) for c in order] for one in sums]
    row = 0
    for column in range(len(order)):
        pivot = next((r for r in range(row, len(matrix)) if matrix[r][column]), None)
        if pivot is None:
            continue
        if column >= len(outside):
            return True
        matrix[row], matrix[pivot] = matrix[pivot], matrix[row]
        for r in range(row + 1, len(matrix)):
            if matrix[r][column]:
                times = matrix[r][column] / matrix[row][column]
                matrix[r] = [a - times * b for a, b in zip(matrix[r], matrix[row], strict=True)]
        row += 1
    return False


sets = st.frozensets(st.integers(0, 7), min_size=3, max_size=7)


@settings(max_examples=60, deadline=None)
@given(st.lists(sets, min_size=1, max_size=5, unique=True))
def test_up_to_a_threshold_of_three_nothing_is_missed_and_nothing_refused_without_cause(sums):
    *released, new = sums
    few = [s(*c) for size in (1, 2) for c in combinations(range(8), size)]
    before = {one for one in few if released and spanned(released, one)}
    opened = [one for one in few if spanned(sums, one) and one not in before]
    found = refusals([new], released)
    assert found or not opened
    assert all(spanned(sums, refusal.contributors) for refusal in found)
    assert all(refusal.contributors in opened for refusal in found if refusal.how == "combination")
