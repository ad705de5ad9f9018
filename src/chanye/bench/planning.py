"""Planning: local search beside CP-SAT, PyJobShop and plain CP-SAT, each alone on the same cores for the same time.

The whole bench takes some hours; ``CHANYE_PLANNING_SECONDS`` sets another time for each run, and
``CHANYE_PLANNING_FAMILIES`` (numbers, from 0, with commas) plays only some families; figures are then printed without
a verdict.
"""

from __future__ import annotations

import importlib.util
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from chanye.bench import planning_sets as sets
from chanye.bench.figures import Figure, Result, machine
from chanye.bench.planning_peers import pyjobshop_model
from chanye.engines.planning.search import Found, Shop, improve, verify
from chanye.engines.planning.search.shop import Objective
from chanye.engines.planning.search.together import prove, together

SECONDS, QUICK_S, WORKERS = 60.0, 1.2, 2
#: What a solver that finds no plan at all is taken to be above the best: twice as much.
NOTHING = 1.0
BAR = (
    "60 s, two cores, PyJobShop 0.0.9 and plain CP-SAT run side by side in the same bench; means over best known: "
    "FJSP Brandimarte ≤ 0.7 %; JSP Lawrence ≤ 0.05 %, Taillard ≤ 1.5 %; permutation flow shop Taillard ≤ 1.0 %; "
    "set-up flow shop ≤ 3 %; tardiness flow shop better than PyJobShop by half; never worse than PyJobShop in any "
    "family"
)


@dataclass(frozen=True, slots=True)
class Instance:
    """One instance; ``best``: best-known value, None: the best of this run."""

    name: str
    shop: Shop
    objective: Objective = "makespan"
    best: float | None = None


@dataclass(frozen=True, slots=True)
class Family:
    """Instances with one bar: at most so far above best known [%], or at most so much of PyJobShop's gap."""

    name: str
    load: Callable[[bool], list[Instance]]
    bar: float | None = None
    of_peer: float = 1.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one solver found; None: nothing."""

    value: float | None
    bound: float
    seconds: float


def run(*, quick: bool = False) -> Result:
    """Measure all families; ``quick`` takes a few small instances for a short time."""
    seconds = QUICK_S if quick else float(os.environ.get("CHANYE_PLANNING_SECONDS", SECONDS))
    chosen = os.environ.get("CHANYE_PLANNING_FAMILIES", "")
    families = [FAMILIES[int(i)] for i in chosen.split(",")] if chosen and not quick else FAMILIES
    warm()
    figures: list[Figure] = []
    for family in families:
        figures += measured(family, seconds, quick=quick)
    return Result("planning", machine(), tuple(figures))


def warm() -> None:
    """Compile the kernels before anything is timed."""
    for shop, objective in (
        (sets.flow_shop(sets.taillard_flow(1)), "makespan"),
        (sets.with_due_dates(1, 0.4, 0.4), "tardiness"),
        (sets.job_shop(*sets.taillard_job(1)), "makespan"),
        (sets.flexible([[[(0, 1), (1, 2)], [(0, 3)]]], 2), "makespan"),
    ):
        improve(shop, objective=objective, turns=2)  # type: ignore[arg-type]  # a literal of the list


def measured(family: Family, seconds: float, *, quick: bool) -> list[Figure]:
    """Run three solvers on a family; return means over best known, the bound, and the time used."""
    ours, peer, plain, bounds, spent = [], [], [], [], []
    instances = family.load(quick)
    if not instances:
        return [Figure(f"{family.name}: instances absent", 0.0, "%")]
    for one in instances:
        outcomes = [_ours(one, seconds), _pyjobshop(one, seconds), _plain(one, seconds)]
        best = one.best or min(o.value for o in outcomes if o.value is not None)
        gaps = [NOTHING if o.value is None else (o.value - best) / max(best, 1.0) for o in outcomes]
        ours.append(gaps[0])
        peer.append(gaps[1])
        plain.append(gaps[2])
        value = outcomes[0].value or 0.0
        bounds.append((value - outcomes[0].bound) / max(value, 1.0))
        spent.append(outcomes[0].seconds)
    mean, other, third = (100 * fmean(row) for row in (ours, peer, plain))
    full = seconds >= SECONDS and not quick
    holds = (family.bar is None or mean <= family.bar) and mean <= family.of_peer * other + 1e-9
    against = "best known" if instances[0].best else "best of the run"
    name = f"{family.name} ({len(ours)}), mean over {against}"
    ratio = mean / other if other > 0 else None
    return [
        Figure(name, mean, "%", "PyJobShop 0.0.9", other, ratio, BAR, holds if full else None),
        Figure(name, mean, "%", "plain CP-SAT", third, mean / third if third > 0 else None),
        Figure(f"{family.name}, gap to our own bound", 100 * fmean(bounds), "%"),
        Figure(f"{family.name}, time of a run", fmean(spent), "s", "granted", seconds, fmean(spent) / seconds),
    ]


def _ours(one: Instance, seconds: float) -> Outcome:
    began = time.perf_counter()
    found = together(one.shop, objective=one.objective, seconds=seconds)
    return _checked(one, found, time.perf_counter() - began)


def _checked(one: Instance, found: Found | None, spent: float) -> Outcome:
    if found is None:
        return Outcome(None, 0.0, spent)
    wrong = verify(one.shop, found, one.objective)
    assert not wrong, f"{one.name}: {wrong[:3]}"
    return Outcome(found.value, found.bound, spent)


def _plain(one: Instance, seconds: float) -> Outcome:
    """Run CP-SAT on the same model, without any plan to start from."""
    began = time.perf_counter()
    found, _ = prove(one.shop, objective=one.objective, seconds=seconds, workers=WORKERS)
    return _checked(one, found, time.perf_counter() - began)


def _pyjobshop(one: Instance, seconds: float) -> Outcome:
    """Run PyJobShop, where it is installed; what it takes to build its model is not counted."""
    if importlib.util.find_spec("pyjobshop") is None:
        return Outcome(None, 0.0, 0.0)
    model = pyjobshop_model(one.shop, one.objective)
    began = time.perf_counter()
    result = model.solve(time_limit=seconds, display=False, num_workers=WORKERS)
    value = float(result.objective) if result.status.name in ("OPTIMAL", "FEASIBLE") else None
    return Outcome(value, float(result.lower_bound), time.perf_counter() - began)


def _folder() -> Path:
    """Return where the instances of files lie: ``CHANYE_SHARED_DATA``."""
    return Path(os.environ.get("CHANYE_SHARED_DATA", "../shared/data")) / "scheduling"


def _files(part: str, read: Callable[[Path], Shop], few: tuple[str, ...]) -> Callable[[bool], list[Instance]]:
    def load(quick: bool) -> list[Instance]:
        if not (_folder() / "best_known.csv").exists():
            return []
        best = sets.best_known(_folder())
        files = sorted((_folder() / part).glob("*.txt"))
        files = [one for one in files if not quick or one.stem in few]
        return [Instance(one.stem, read(one), best=best[one.stem]) for one in files]

    return load


def _jobs(quick: bool) -> list[Instance]:
    best = sets.JOB_BEST.split()
    numbers = (1, 11) if quick else range(1, 81, 5)
    return [Instance(f"ta{i:02}", sets.job_shop(*sets.taillard_job(i)), best=float(best[i - 1])) for i in numbers]


def _flows(quick: bool) -> list[Instance]:
    best = sets.FLOW_BEST.split()
    numbers = (1, 31) if quick else range(1, 121, 6)
    return [Instance(f"ta{i:03}", sets.flow_shop(sets.taillard_flow(i)), best=float(best[i - 1])) for i in numbers]


def _setups(quick: bool) -> list[Instance]:
    numbers = (1,) if quick else (1, 11, 21, 31, 41, 51)
    shares = (50,) if quick else (10, 50, 100, 125)
    return [Instance(f"sdst{p} ta{i:03}", sets.with_setups(i, p)) for i in numbers for p in shares]


def _tardy(quick: bool) -> list[Instance]:
    numbers = (1,) if quick else (1, 11, 21, 31, 41, 51)
    kinds = ((0.4, 0.4),) if quick else ((0.4, 0.2), (0.4, 0.6), (0.6, 0.4))
    rows = [(i, t, r) for i in numbers for t, r in kinds]
    return [Instance(f"ta{i:03} {t:g} {r:g}", sets.with_due_dates(i, t, r), "tardiness") for i, t, r in rows]


FAMILIES = (
    Family("FJSP Brandimarte", _files("fjsp-brandimarte", sets.read_brandimarte, ("mk01", "mk04")), 0.7),
    Family("JSP Lawrence", _files("jsp-lawrence", sets.read_lawrence, ("la02", "la16")), 0.05),
    Family("JSP Taillard", _jobs, 1.5),
    Family("permutation flow shop Taillard", _flows, 1.0),
    Family("set-up flow shop", _setups, 3.0),
    Family("tardiness flow shop", _tardy, of_peer=0.5),
)
