"""A shop as a model of PyJobShop, the peer of the bench ``planning``."""

from __future__ import annotations

from typing import Any

from chanye.engines.planning.search import Shop
from chanye.engines.planning.search.shop import Objective


def pyjobshop_model(shop: Shop, objective: Objective) -> Any:
    """Return a shop without first set-ups as a model of PyJobShop; set-ups there are between pairs of tasks."""
    import pyjobshop

    model = pyjobshop.Model()
    machines = [model.add_machine() for _ in range(shop.machines)]
    tasks: list[Any] = []
    on: list[list[int]] = [[] for _ in machines]
    for j in range(shop.jobs):
        due = None if objective == "makespan" else int(shop.due[j])
        job = model.add_job(release_date=int(shop.release[j]), due_date=due)
        chain = range(int(shop.job_first[j]), int(shop.job_first[j + 1]))
        for o in chain:
            tasks.append(model.add_task(job))
            for q in range(int(shop.mode_first[o]), int(shop.mode_first[o + 1])):
                m = int(shop.mode_machine[q])
                model.add_mode(tasks[o], machines[m], int(shop.mode_time[q]))
                on[m].append(o)
        for o in chain[1:]:
            model.add_end_before_start(tasks[o - 1], tasks[o])
    for m, row in enumerate(on):
        if shop.same_order and m:
            model.add_same_sequence(machines[0], machines[m], [tasks[o] for o in on[0]], [tasks[o] for o in row])
        if shop.setup is not None:
            _setups(model, machines[m], tasks, row, shop, m)
    if objective == "makespan":
        model.set_objective(weight_makespan=1)
    else:
        model.set_objective(weight_total_tardiness=1)
    return model


def _setups(model: Any, machine: Any, tasks: list[Any], row: list[int], shop: Shop, m: int) -> None:
    assert shop.setup is not None
    for a in row:
        for b in row:
            if a != b:
                wait = int(shop.setup[m, shop.family[a], shop.family[b]])
                model.add_setup_time(machine, tasks[a], tasks[b], wait)
