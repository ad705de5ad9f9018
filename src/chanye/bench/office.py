"""The district's office: choosing projects, protecting tables, measuring effects, and its pages under load.

Beside each answer stands a peer of the same run: ``scipy.optimize.milp`` on the plain rows in fen, the list that a
committee would walk down, the suppression of one cell after the other, the emptiest page that the product has.
"""

from __future__ import annotations

import importlib.util
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median

import numpy as np

from chanye.bench.figures import Figure, Result, machine
from chanye.engines.allocation import Programme, Project, Quota, choose, exploration, quota_prices, ranked_lists
from chanye.engines.allocation.types import UNMEASURED
from chanye.engines.disclosure import Rules, audit, flat, protect, protection, tabulate
from chanye.engines.disclosure.attack import Audit
from chanye.engines.disclosure.table import Table
from chanye.engines.linear import F64

ALLOCATION_BAR = "Allocation: 500 projects, 5 years, 20 quotas, proved optimum ≤ 5 s"
SUPPRESSION_BAR = "Suppression of a 40 × 30 × 3 table with margins ≤ 10 s"
ALLOCATION_S, SUPPRESSION_S = 5.0, 10.0
PROJECTS, YEARS = 500, 5
#: Grants are awarded in steps of 100,000 yuan. [fen]
STEP = 10_000_000


def run(*, quick: bool = False) -> Result:
    """Measure; ``quick`` takes one portfolio and one table, and plays the pages for a short while."""
    from chanye.bench import office_load

    found = [*_allocation(quick=quick), *_suppression(1 if quick else 3), *_effects(quick)]
    return Result("office", machine(), (*found, *office_load.figures(quick=quick)))


def portfolio(seed: int) -> tuple[list[Project], Programme]:
    """Return a programme of five years: money for about a third of what 500 projects ask, and 20 quotas.

    Grants are half of lognormal costs, at most 50 million yuan, over one to three years; effects go with the money
    times a lognormal yield. Quotas: 8 sectors between 60 and 140 % of their part of what is asked, 3 sizes and 8
    kinds by count, and an eighth of the money for two kinds that were not measured yet.
    """
    draw = np.random.default_rng(seed)
    cost = np.exp(draw.normal(15.5, 1.0, PROJECTS))
    grant = np.maximum((np.minimum(cost / 2, 50e6) * 100 / STEP).round(), 1.0)
    start, length = draw.integers(0, YEARS, PROJECTS), draw.integers(1, 4, PROJECTS)
    sector = draw.choice(8, PROJECTS, p=[0.3, 0.2, 0.15, 0.1, 0.1, 0.05, 0.05, 0.05])
    size = draw.choice(3, PROJECTS, p=[0.6, 0.3, 0.1])
    kind = draw.integers(0, 8, PROJECTS)
    effect = grant * np.exp(draw.normal(0, 0.6, PROJECTS))
    projects = []
    for i in range(PROJECTS):
        parts = np.array([0.5, 0.3, 0.2])[: min(length[i], YEARS - start[i])]
        steps = np.zeros(YEARS, np.int64)
        steps[start[i] : start[i] + len(parts)] = np.maximum((grant[i] * parts / parts.sum()).round(), 1)
        groups = {f"sector:{sector[i]}", f"size:{size[i]}", f"kind:{kind[i]}"}
        groups |= {UNMEASURED} if kind[i] >= 6 else set()
        money = tuple(int(one) * STEP for one in steps)
        projects.append(Project(i, float(effect[i]), money, float(draw.normal(70, 10)), frozenset(groups)))
    asked = np.array([one.commitments for one in projects], np.int64).sum(0)
    envelopes = tuple(int(one * 0.35 / STEP) * STEP for one in asked)
    return projects, Programme(envelopes, tuple(_quotas(projects, sum(envelopes), int(asked.sum()))))


def _quotas(projects: list[Project], money: int, asked: int) -> list[Quota]:
    found = []
    for i in range(8):
        share = sum(one.grant for one in projects if f"sector:{i}" in one.groups) / asked
        found.append(Quota(f"sector {i}", f"sector:{i}", "amount", money * share * 0.6, money * share * 1.4))
    for i in range(3):
        count = sum(f"size:{i}" in one.groups for one in projects)
        found.append(Quota(f"size {i}", f"size:{i}", "count", low=count // 4))
    found += [Quota(f"kind {i}", f"kind:{i}", "count", 5, 45) for i in range(8)]
    return [*found, exploration(0.12)]


def _allocation(*, quick: bool) -> list[Figure]:
    portfolios, limit = (1, 5.0) if quick else (5, 60.0)
    seconds, gaps, peers, by_ratio, by_score = [], [], [], [], []
    for seed in range(portfolios):
        projects, programme = portfolio(seed)
        choice = choose(projects, programme, seconds=limit)
        seconds.append(choice.seconds)
        gaps.append(choice.gap if choice.proved else np.inf)
        peers.append(_plain(projects, programme, limit))
        ratio, score = ranked_lists(projects, programme, choice)
        by_ratio.append(ratio.loss)
        by_score.append(score.loss)
    worst, peer = max(seconds), max(peers)
    proved = all(np.isfinite(gaps))
    found = [
        Figure(
            f"best portfolio with proof, slowest of {portfolios}",
            worst,
            "s",
            f"scipy.optimize.milp in fen, at most {limit:g} s",
            peer,
            worst / peer,
            ALLOCATION_BAR,
            proved and worst <= ALLOCATION_S,
        ),
        Figure("gap that was left, largest", max(gaps) * 100, "%", holds=proved),
        Figure("a list by effect per yuan forgoes, median", median(by_ratio) * 100, "%"),
        Figure("a list by points forgoes, median", median(by_score) * 100, "%"),
    ]
    if not quick:
        began = time.perf_counter()
        quota_prices(projects, programme, choice)
        found.append(Figure("price of all 20 quotas", time.perf_counter() - began, "s"))
    return found


def _plain(projects: list[Project], programme: Programme, limit: float) -> float:
    """Return how long scipy takes to the same gap with the rows as they are told, in fen, at most ``limit``. [s]."""
    from scipy.optimize import Bounds, LinearConstraint, milp

    money = np.array([one.commitments for one in projects], np.float64).T
    rows, low, high = [*money], [-np.inf] * YEARS, [float(one) for one in programme.envelopes]
    grant = money.sum(0)
    for quota in programme.quotas:
        inside = np.array([quota.group in one.groups for one in projects])
        if quota.of == "share":
            rows.append(grant * (inside - (quota.low or 0.0)))
        else:
            rows.append(inside * (grant if quota.of == "amount" else 1.0))
        low.append(0.0 if quota.of == "share" else -np.inf if quota.low is None else quota.low)
        high.append(np.inf if quota.high is None else quota.high)
    effect = np.array([one.effect for one in projects])
    began = time.perf_counter()
    with _silent():
        milp(
            -effect,
            integrality=np.ones(len(effect)),
            bounds=Bounds(0, 1),
            constraints=LinearConstraint(np.array(rows), low, high),
            options={"time_limit": limit, "mip_rel_gap": 1e-4},
        )
    return time.perf_counter() - began


@contextmanager
def _silent() -> Iterator[None]:
    """Keep what scipy's solver writes past Python off our output, where ``--json`` is read."""
    sys.stdout.flush()
    kept, nowhere = os.dup(1), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    try:
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)
        os.close(nowhere)


def district_table(seed: int, firms: int = 20_000) -> Table:
    """Return a table of 40 sectors by 30 towns by 3 sizes with margins: most cells have few firms, some none."""
    draw = np.random.default_rng(seed)
    sides = [draw.choice(n, firms, p=draw.dirichlet(np.full(n, 2.0))) for n in (40, 30, 3)]
    value: F64 = np.exp(draw.normal(7, 1.3, firms)).round()
    return tabulate(np.stack(sides, axis=1), np.arange(firms), value, [flat(40), flat(30), flat(3)])


def _suppression(tables: int) -> list[Figure]:
    rules = Rules(threshold=3, dominance=(2, 0.85), p_percent=0.1)
    seconds, ratios, secondary, attacks, exposed = [], [], [], [], 0
    for seed in range(tables):
        table = district_table(seed)
        found = protect(table, rules, seconds=8.0)
        seconds.append(found.seconds)
        ratios.append(found.weight / found.bound)
        secondary.append(float((found.suppressed & ~found.primary).sum()))
        began, level = time.perf_counter(), protection(table, rules)
        attacked: Audit = audit(table, found.suppressed, level=level, which=found.primary)
        attacks.append(time.perf_counter() - began)
        exposed += len(attacked.exposed(table, level, found.primary))
    worst = max(seconds)
    return [
        Figure(
            f"40 × 30 × 3 table protected, slowest of {tables}",
            worst,
            "s",
            bar=SUPPRESSION_BAR,
            holds=worst <= SUPPRESSION_S and not exposed,
        ),
        Figure("cells that an attack recovers within 10 %", exposed, "cells", holds=exposed == 0),
        Figure("weight left out over the proven bound, largest", max(ratios), "times"),
        Figure("cells left out beside the sensitive ones, median", median(secondary), "cells"),
        Figure("the attack on all sensitive cells, longest", max(attacks), "s"),
    ]


def _effects(quick: bool) -> list[Figure]:
    if importlib.util.find_spec("chanye.bench.effects_load") is None:
        return []
    return list(importlib.import_module("chanye.bench.effects_load").figures(quick))
