"""Shops for tests: published ones, and any small one."""

import numpy as np
from hypothesis import strategies as st

from chanye.bench.planning_sets import job_shop
from chanye.engines.planning.search import Shop

# Fisher and Thompson (1963), in Muth and Thompson, "Industrial Scheduling": optimum 55.
FT06 = """
2 1 0 3 1 6 3 7 5 3 4 6
1 8 2 5 4 10 5 10 0 10 3 4
2 5 3 4 5 8 0 9 1 1 4 7
1 5 0 5 2 5 3 3 4 8 5 9
2 9 1 3 4 5 5 4 0 3 3 1
1 3 3 3 5 9 0 10 4 4 2 1
"""


def table(text: str) -> Shop:
    rows = np.array([line.split() for line in text.split("\n") if line], np.int64)
    return job_shop(rows[:, 0::2], rows[:, 1::2])


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
