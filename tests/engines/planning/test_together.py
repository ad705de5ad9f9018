"""CP-SAT beside local search: the same optima as all orders give, bounds that hold, and an end when told."""

import time

from hypothesis import given, settings
from hypothesis import strategies as st

from chanye.bench.planning_peers import pyjobshop_model
from chanye.bench.planning_sets import flow_shop, job_shop, taillard_flow, taillard_job, with_due_dates, with_setups
from chanye.engines.planning.search import improve, verify
from chanye.engines.planning.search.together import prove, together
from engines.planning.shops import FT06, GOALS, shops, table


def test_the_optimum_is_found_and_proved():
    shop = table(FT06)
    told = []
    found = together(shop, seconds=60, progress=lambda *one: told.append(one))
    assert verify(shop, found, "makespan") == []
    assert (found.value, found.bound, found.gap) == (55, 55, 0)
    assert told[-1][1:] == (55, 55)


@settings(max_examples=8, deadline=None)
@given(st.one_of(shops(size=4), shops(line=True, size=4)), st.sampled_from(GOALS))
def test_proved_values_and_local_search_do_not_contradict_each_other(shop, goal):
    best, bound = prove(shop, objective=goal, seconds=60)
    assert best is not None
    assert verify(shop, best, goal) == []
    assert bound == best.value
    found = improve(shop, objective=goal, turns=300)
    assert found.bound <= best.value <= found.value


def test_the_peer_is_given_the_same_instances():
    for shop, goal in ((table(FT06), "makespan"), (flow_shop(taillard_flow(1)[:5]), "makespan")):
        value = pyjobshop_model(shop, goal).solve(time_limit=60, display=False, num_workers=1).objective
        assert value == prove(shop, objective=goal, seconds=60)[0].value
    for shop, goal in ((with_setups(1, 10), "makespan"), (with_due_dates(1, 0.4, 0.4), "tardiness")):
        assert len(pyjobshop_model(shop, goal).tasks) == shop.ops


def test_both_stop_when_cancelled():
    shop = job_shop(*taillard_job(31))
    since = []

    def cancelled() -> bool:
        since.append(time.monotonic())
        return len(since) > 20

    found = together(shop, seconds=600, cancelled=cancelled)
    assert verify(shop, found, "makespan") == []
    assert time.monotonic() - since[0] < 60
