"""The best choice of projects: against print, against every possible choice, and against rules that contradict."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chanye.engines.allocation import (
    UNMEASURED,
    Caps,
    InfeasibleError,
    Programme,
    Project,
    Quota,
    choose,
    envelope_prices,
    exploration,
    flips,
    quota_prices,
    ranked_lists,
)
from engines.allocation.mknap1 import problems


@pytest.mark.parametrize("number", range(5))
def test_published_optima_are_reached_and_proved(number):
    optimum, effects, taken, limits = problems()[number]
    projects = [Project(i, float(e), tuple(map(int, taken[:, i]))) for i, e in enumerate(effects)]
    found = choose(projects, Programme(tuple(map(int, limits))), gap=0.0)
    assert found.objective == pytest.approx(optimum)
    assert found.proved
    assert found.bound == pytest.approx(optimum)


def possible(projects, programme):
    """Every choice that keeps all rules, by trying all, with its effect."""
    for taken in product((False, True), repeat=len(projects)):
        chosen = [p for p, t in zip(projects, taken, strict=True) if t]
        if any(p.mandatory and not t for p, t in zip(projects, taken, strict=True)):
            continue
        if _kept(chosen, programme):
            yield sum(p.effect for p in chosen), tuple(p.id for p in chosen)


def _kept(chosen, programme):
    if any(sum(p.commitments[y] for p in chosen) > e for y, e in enumerate(programme.envelopes)):
        return False
    names = [p.variant_of for p in chosen if p.variant_of]
    if len(names) != len(set(names)):
        return False
    caps = programme.caps
    if caps and any(p.grant > min(caps.most, caps.rate * p.eligible_cost) for p in chosen if not p.mandatory):
        return False
    whole = sum(p.grant for p in chosen)
    for quota in programme.quotas:
        inside = [p for p in chosen if quota.group in p.groups]
        value = len(inside) if quota.of == "count" else sum(p.grant for p in inside)
        times = whole if quota.of == "share" else 1
        if quota.low is not None and value < quota.low * times - 1e-9:
            return False
        if quota.high is not None and value > quota.high * times + 1e-9:
            return False
    return True


groups = st.frozensets(st.sampled_from(["robots", "small", UNMEASURED]))
project = st.builds(
    Project,
    id=st.just(0),
    effect=st.integers(0, 50).map(float),
    commitments=st.tuples(st.integers(0, 9), st.integers(0, 9)),
    score=st.integers(0, 9).map(float),
    groups=groups,
    mandatory=st.sampled_from([False] * 7 + [True]),
    variant_of=st.sampled_from([""] * 4 + ["a"]),
    eligible_cost=st.integers(0, 60),
)
quota = st.one_of(
    st.builds(
        Quota,
        name=st.just("amount"),
        group=st.sampled_from(["robots", "small"]),
        of=st.just("amount"),
        low=st.integers(0, 12),
        high=st.integers(12, 30),
    ),
    st.builds(Quota, name=st.just("count"), group=st.just("small"), of=st.just("count"), low=st.integers(0, 3)),
    st.builds(exploration, st.sampled_from([0.0, 0.25, 0.5])),
)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(project, min_size=1, max_size=8),
    st.tuples(st.integers(0, 40), st.integers(0, 40)),
    st.lists(quota, max_size=2, unique_by=lambda q: q.name),
    st.sampled_from([None, Caps(0.5, 15)]),
)
def test_no_choice_is_better_among_all_choices(projects, envelopes, quotas, caps):
    projects = [replace(one, id=i) for i, one in enumerate(projects)]
    programme = Programme(envelopes, tuple(quotas), caps)
    all_of_them = list(possible(projects, programme))
    if not all_of_them:
        with pytest.raises(InfeasibleError, match="would have to give way"):
            choose(projects, programme, gap=0.0)
        return
    best = choose(projects, programme, gap=0.0)
    assert best.objective == pytest.approx(max(effect for effect, _chosen in all_of_them))
    assert best.chosen in {chosen for _effect, chosen in all_of_them}
    assert best.proved
    for price in quota_prices(projects, programme, best, gap=0.0):
        rest = replace(programme, quotas=tuple(q for q in quotas if q.name != price.name))
        assert price.price == pytest.approx(max(e for e, _c in possible(projects, rest)) - best.objective)


def plant(i, effect, *years, **rest):
    return Project(i, effect, years, **rest)


def test_what_more_money_brings_and_which_projects_flip():
    projects = [plant(1, 10.0, 60), plant(2, 9.0, 50), plant(3, 8.0, 50)]
    programme = Programme((100,))
    best = choose(projects, programme)
    assert (best.chosen, best.objective, best.spent) == ((2, 3), 17.0, (100,))
    (price,) = envelope_prices(projects, programme, best, more=10)
    assert price.gain == pytest.approx(2.0)  # 110 pays for 1 and 2
    assert price.marginal == pytest.approx(10 / 60)  # 2 in whole and 1 in part: the last fen buys of 1
    less, more = flips(projects, programme, best, factors=(0.9, 1.1))
    assert (less.objective, less.joins, less.leaves) == (10.0, (1,), (2, 3))
    assert (more.joins, more.leaves) == ((1,), (3,))


def test_a_ranked_list_forgoes_what_does_not_fit_any_more():
    projects = [plant(1, 10.0, 60, score=3.0), plant(2, 9.0, 55, score=1.0), plant(3, 7.0, 45, score=2.0)]
    programme = Programme((100,), (Quota("second", "g", "count", low=1),))
    projects[1] = replace(projects[1], groups=frozenset({"g"}))
    best = choose(projects, programme)
    assert best.chosen == (2, 3)
    ratio, score = ranked_lists(projects, programme, best)
    assert (ratio.by, ratio.chosen, ratio.objective, ratio.missed) == ("ratio", (1,), 10.0, ("second",))
    assert ratio.loss == pytest.approx(6 / 16)
    assert score.chosen == (1,)


def test_rules_that_contradict_are_named_with_what_they_lack():
    projects = [plant(1, 1.0, 700, mandatory=True), plant(2, 5.0, 100, groups=frozenset({"small"}))]
    with pytest.raises(InfeasibleError) as refused:
        choose(projects, Programme((500,)))
    assert refused.value.rules == (("envelope of year 1", 200.0),)
    with pytest.raises(InfeasibleError) as refused:
        choose(projects, Programme((900,), (Quota("small firms", "small", "count", low=2),)))
    assert refused.value.rules == (("small firms", 1.0),)


def test_a_grant_above_the_caps_is_left_out_unless_it_was_agreed_before():
    caps = Caps(0.5, 1000)
    over = plant(1, 9.0, 600, eligible_cost=1000)
    agreed = plant(2, 1.0, 600, eligible_cost=1000, mandatory=True)
    best = choose([over, agreed], Programme((5000,), (), caps))
    assert (best.chosen, best.over_cap) == ((2,), (1,))


def test_what_contradicts_itself_is_refused():
    with pytest.raises(ValueError, match="number of its own"):
        choose([plant(1, 1.0, 1), plant(1, 1.0, 1)], Programme((1,)))
    with pytest.raises(ValueError, match="each of the 2 years"):
        choose([plant(1, 1.0, 1)], Programme((1, 1)))
    with pytest.raises(ValueError, match="must be a number"):
        choose([plant(1, float("nan"), 1)], Programme((1,)))
    assert choose([], Programme((1,))).proved


def test_time_up_gives_the_best_so_far_with_the_gap_left():
    random = np.random.default_rng(1)
    projects = [
        plant(i, float(c + random.integers(1, 9)), *map(int, random.integers(1, 1000, 5)))
        for i, c in enumerate(random.integers(300, 900, 120))
    ]
    programme = Programme((15_000,) * 5)
    found = choose(projects, programme, seconds=0.3, gap=0.0)
    assert found.objective <= found.bound
    assert found.gap == pytest.approx((found.bound - found.objective) / found.objective)


def test_a_share_of_nothing_is_kept():
    programme = Programme((0,), (exploration(0.5),))
    assert choose([Project(0, 3.0, (5,))], programme, gap=0.0).chosen == ()
