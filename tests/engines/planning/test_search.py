"""Local search: known optima, all orders of tiny shops, any shop by the checker, and what callers rely on."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from chanye.bench.planning_sets import (
    FLOW_BEST,
    best_known,
    flow_shop,
    job_shop,
    read_brandimarte,
    read_lawrence,
    taillard_flow,
    taillard_job,
    with_due_dates,
    with_setups,
)
from chanye.engines.planning.search import Found, Shop, cost, decode, improve, verify
from chanye.engines.planning.search.bounds import lower_bound, preemptive
from chanye.kernel.errors import ConfigError
from shared_data import shared_data

# Fisher and Thompson (1963), in Muth and Thompson, "Industrial Scheduling": optima 55 and 930.
FT06 = """
2 1 0 3 1 6 3 7 5 3 4 6
1 8 2 5 4 10 5 10 0 10 3 4
2 5 3 4 5 8 0 9 1 1 4 7
1 5 0 5 2 5 3 3 4 8 5 9
2 9 1 3 4 5 5 4 0 3 3 1
1 3 3 3 5 9 0 10 4 4 2 1
"""
FT10 = """
0 29 1 78 2 9 3 36 4 49 5 11 6 62 7 56 8 44 9 21
0 43 2 90 4 75 9 11 3 69 1 28 6 46 5 46 7 72 8 30
1 91 0 85 3 39 2 74 8 90 5 10 7 12 6 89 9 45 4 33
1 81 2 95 0 71 4 99 6 9 8 52 7 85 3 98 9 22 5 43
2 14 0 6 1 22 5 61 3 26 4 69 8 21 7 49 9 72 6 53
2 84 1 2 5 52 3 95 8 48 9 72 0 47 6 65 4 6 7 25
1 46 0 37 3 61 2 13 6 32 5 21 9 32 8 89 7 30 4 55
2 31 0 86 1 46 5 74 4 32 6 88 8 19 9 48 7 36 3 79
0 76 1 69 3 76 5 51 2 85 9 11 6 40 7 89 4 26 8 74
1 85 0 13 2 61 6 7 8 64 9 76 5 47 3 52 4 90 7 45
"""


def table(text: str) -> Shop:
    rows = np.array([line.split() for line in text.split("\n") if line], np.int64)
    return job_shop(rows[:, 0::2], rows[:, 1::2])


def test_job_shops_reach_published_optima():
    for text, optimum, turns in ((FT06, 55, 20_000),):
        shop = table(text)
        found = improve(shop, turns=turns, seed=3)
        assert verify(shop, found, "makespan") == []
        assert found.value == optimum
        assert found.bound <= optimum


def test_taillards_generator_draws_the_published_instances():
    machine, time = taillard_job(1)
    assert time[0, :5].tolist() == [94, 66, 10, 53, 26]
    assert (machine[0, :5] + 1).tolist() == [7, 13, 5, 8, 4]
    assert taillard_flow(1)[0].tolist() == [54, 79, 16, 66, 58]
    # lower bounds printed in the paper for the first flow shops of 20 jobs on 5 machines
    for number, printed in enumerate((1232, 1290, 1073, 1268, 1198, 1180, 1226, 1170, 1206, 1082), 1):
        time = taillard_flow(number)
        head = np.cumsum(time, 1) - time
        tail = time.sum(1, keepdims=True) - head - time
        assert max((head.min(0) + time.sum(0) + tail.min(0)).max(), time.sum(1).max()) == printed
        ours = lower_bound(flow_shop(time), "makespan")
        assert printed <= ours <= int(FLOW_BEST.split()[number - 1])


def test_flow_shops_reach_published_optima():
    for number in (1, 5, 31):
        shop = flow_shop(taillard_flow(number))
        found = improve(shop, turns=4000, seed=1)
        assert verify(shop, found, "makespan") == []
        assert found.value == int(FLOW_BEST.split()[number - 1])


def test_shops_of_the_shared_data_reach_best_known_values():
    folder = shared_data("scheduling")
    best = best_known(folder)
    for name, read, turns in (
        ("la01", read_lawrence, 20_000),
        ("la05", read_lawrence, 500),
        ("mk01", read_brandimarte, 20_000),
    ):
        part = "jsp-lawrence" if name.startswith("la") else "fjsp-brandimarte"
        shop = read(folder / part / f"{name}.txt")
        found = improve(shop, turns=turns)
        assert verify(shop, found, "makespan") == []
        assert found.value == best[name]


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(1, 4), st.integers(0, 9)), min_size=1, max_size=5))
def test_jacksons_rule_is_the_best_of_all_that_may_be_interrupted(rows):
    # the strongest of all subsets' bounds, which the preemptive optimum equals (Carlier 1982)
    best = 0
    for mask in range(1, 1 << len(rows)):
        part = [row for i, row in enumerate(rows) if mask >> i & 1]
        best = max(best, min(r for r, _, _ in part) + sum(p for _, p, _ in part) + min(q for _, _, q in part))
    assert preemptive(*map(list, zip(*rows, strict=True))) == best


@st.composite
def shops(draw, *, line: bool = False, size: int = 4):
    """Any small shop: alternatives, families with set-ups, releases, due dates, weights, machines visited again.

    With set-ups everything takes time: of two that take none at one instant nobody can tell which came first.
    """
    jobs, machines = draw(st.integers(2, size)), draw(st.integers(1, 3))
    steps = [machines] * jobs if line else [draw(st.integers(1, 3)) for _ in range(jobs)]
    ops = sum(steps)
    modes = [1] * ops if line else [draw(st.integers(1, 2)) for _ in range(ops)]
    seed = np.random.default_rng(draw(st.integers(0, 2**32)))
    families = draw(st.integers(1, 3))
    machine = np.tile(np.arange(machines), jobs) if line else seed.integers(0, machines, sum(modes))
    with_setup = draw(st.booleans())
    return Shop(
        np.concatenate(([0], np.cumsum(steps))),
        np.concatenate(([0], np.cumsum(modes))),
        machine,
        seed.integers(int(with_setup), 9, sum(modes)),
        machines,
        release=seed.integers(0, 6, jobs),
        due=seed.integers(0, 25, jobs),
        weight=seed.integers(0, 4, jobs).astype(float),
        family=seed.integers(0, families, ops),
        setup=seed.integers(0, 5, (machines, families, families)) if with_setup else None,
        first_setup=seed.integers(0, 4, (machines, families)) if with_setup else None,
        same_order=line,
    )


GOALS = ("makespan", "tardiness", "weighted_tardiness", "completion")


@settings(max_examples=60, deadline=None)
@given(shops(size=6), st.sampled_from(GOALS), st.integers(0, 99))
def test_any_shop_gets_a_plan_that_holds_and_is_no_worse_than_its_hint(shop, goal, seed):
    found = improve(shop, objective=goal, turns=100, seed=seed)
    assert verify(shop, found, goal) == []
    again = improve(shop, objective=goal, turns=20, seed=seed + 1, hint=found)
    assert verify(shop, again, goal) == []
    assert again.value <= found.value


@settings(max_examples=25, deadline=None)
@given(shops(line=True, size=5), st.sampled_from(GOALS))
def test_lines_of_few_jobs_are_solved_to_the_best_of_all_orders(shop, goal):
    steps = np.diff(shop.job_first)[0]
    best = np.inf
    for jobs in permutations(range(shop.jobs)):
        order = (np.array(jobs)[:, None] * steps + np.arange(steps)).ravel()
        best = min(best, cost(shop, decode(shop, np.arange(shop.ops), order), np.arange(shop.ops), goal))
    found = improve(shop, objective=goal, turns=60)
    assert verify(shop, found, goal) == []
    assert found.value == best
    assert found.bound <= best


@settings(max_examples=15, deadline=None)
@given(shops(size=3), st.sampled_from(GOALS))
def test_no_plan_of_a_tiny_shop_beats_the_best_of_all_orders_and_modes(shop, goal):
    best = np.inf
    counts = np.diff(shop.mode_first)
    rows = np.repeat(np.arange(shop.jobs), np.diff(shop.job_first)).tolist()
    assume(len(rows) <= 6)
    for jobs in set(permutations(rows)):
        after = shop.job_first[:-1].copy()
        order = np.zeros(shop.ops, np.int64)
        for i, j in enumerate(jobs):
            order[i] = after[j]
            after[j] += 1
        for choice in np.ndindex(*counts):
            mode = shop.mode_first[:-1] + np.array(choice)
            best = min(best, cost(shop, decode(shop, mode, order), mode, goal))
    found = improve(shop, objective=goal, turns=2000)
    assert found.bound <= best
    assert best <= found.value
    assert verify(shop, found, goal) == []


def test_equal_seeds_give_equal_plans():
    for shop, goal in (
        (table(FT06), "makespan"),
        (table(FT06), "completion"),
        (with_due_dates(1, 0.4, 0.4), "tardiness"),
        (with_setups(1, 50), "makespan"),
    ):
        one, other = (improve(shop, objective=goal, turns=300, seed=9) for _ in range(2))
        assert one.start.tolist() == other.start.tolist()
        assert one.trace == other.trace


def test_a_cancelled_search_gives_the_best_so_far_and_tells_of_each_step():
    shop = job_shop(*taillard_job(41))
    asked, told = [], []

    def cancelled() -> bool:
        asked.append(1)
        return len(asked) > 5

    found = improve(shop, seconds=600, cancelled=cancelled, progress=lambda *one: told.append(one))
    assert len(asked) == 6
    assert verify(shop, found, "makespan") == []
    assert [value for _, value, _ in told] == sorted({value for _, value, _ in told}, reverse=True)
    assert told[-1][1] == found.value == found.trace[-1][1]


def test_what_cannot_be_searched_is_said():
    shop = table(FT06)
    with pytest.raises(ConfigError, match="either seconds or turns"):
        improve(shop)
    with pytest.raises(ConfigError, match="another shop"):
        improve(shop, turns=1, hint=Found(np.zeros(1, np.int64), np.zeros(1, np.int64), 0.0, 0.0))
    with pytest.raises(ConfigError, match="never overtake"):
        improve(Shop([0, 2, 4], [0, 1, 2, 3, 4], [0, 1, 1, 0], [1, 1, 1, 1], 2, same_order=True), turns=1)
