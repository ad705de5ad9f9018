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
from engines.planning.shops import FT06, GOALS, shops, table
from shared_data import shared_data


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
    for number in (1, 31):
        shop = flow_shop(taillard_flow(number))
        found = improve(shop, turns=2000, seed=1)
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
