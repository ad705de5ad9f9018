"""A first plan at once: a few dispatch rules, the best of their plans."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from chanye.engines.planning.arrays import F64, I64, NEVER, Compiled, Floor, compile_plant
from chanye.engines.planning.bounds import bound_of, in_order_of
from chanye.engines.planning.check import require
from chanye.engines.planning.decode import decode, score
from chanye.engines.planning.timeline import NONE, State, empty_state, pack
from chanye.engines.planning.types import GOALS, Goal, Placed, Plan, Plant, Progress, SetUp, Work
from chanye.kernel.errors import ConfigError

#: Above so many operations one rule has to do.
_MANY = 20_000
#: Place of each goal in what ``score`` returns; stability is two.
_AT = {"weighted_tardiness": (0,), "makespan": (1,), "setup_time": (2,), "energy_cost": (3,), "stability": (4, 5)}
_NAMES = (*GOALS, "shift")
#: The usual order of goals.
GOAL_ORDER: tuple[Goal, ...] = ("weighted_tardiness", "setup_time", "makespan")


def weigh(goals: tuple[Goal, ...]) -> I64:
    """Return which places of a score count, in order."""
    if not goals or len(set(goals)) != len(goals) or set(goals) - set(GOALS):
        raise ConfigError(f"Name each goal once: {', '.join(GOALS)}.")
    return np.array([place for goal in goals for place in _AT[goal]], np.int64)


def first_plan(plant: Plant, work: Work, *, goals: tuple[Goal, ...] = GOAL_ORDER) -> Plan:
    """Return a plan that keeps every rule, made by dispatch rules.

    Raises
    ------
    ConfigError
        If the data makes no sense, or an operation fits nowhere; it says which and why.
    """
    require(plant, work)
    data = compile_plant(plant, work)
    state, rank, _ = first_state(data, goals)
    del rank
    return plan_of(data, state, goals)


def first_state(data: Compiled, goals: tuple[Goal, ...]) -> tuple[State, F64, F64]:
    """Return the best plan of the rules, the ranks that make it, and its score."""
    f, state, at = pack(data.floor), empty_state(data.floor), weigh(goals)
    loose = nothing(data.floor)
    best: tuple[tuple[float, ...], F64, F64] | None = None
    failed = -1
    for rank in rules(data.floor):
        failed = decode(f, state, rank, loose, loose, loose, 0)
        if failed >= 0:
            continue
        value = score(f, state, loose, loose)
        if best is None or tuple(value[at]) < best[0]:
            best = tuple(value[at]), rank, value
    if best is None:
        raise unplaced(data, failed)
    if decode(f, state, best[1], loose, loose, loose, 0) >= 0:
        raise ArithmeticError("The decoder contradicts itself.")
    return state, best[1], best[2]


def nothing(f: Floor) -> I64:
    """Return -1 for each operation, or what is before all time."""
    return np.full(len(f.op_first) - 1, -1, np.int64)


def rules(f: Floor) -> Iterator[F64]:
    """Yield ranks: due date less the work that is left, mixed with the earliest start there is."""
    head, tail = heads(f), tails(f)
    due = np.where(f.due >= NEVER, (f.due[f.due < NEVER].max() if (f.due < NEVER).any() else 0) + 1, f.due)[f.job]
    slack = (due - tail).astype(np.float64)
    ops = len(head)
    for share in (0.5,) if ops > _MANY else (0.0, 0.5, 0.8, 1.0):
        yield share * slack + (1 - share) * head
    if ops <= _MANY:
        yield slack / np.maximum(f.weight, 1e-9)[f.job] if (f.weight != 1).any() else due.astype(np.float64)


def shortest(f: Floor) -> I64:
    """Return the least working time of each operation; shape (ops,). [tick]."""
    if not len(f.time):
        return np.zeros(0, np.int64)
    return np.minimum.reduceat(f.time, f.mode_first[:-1])


def heads(f: Floor) -> I64:
    """Return the earliest start of each operation without calendars and rivals; shape (ops,). [tick]."""
    least, head = shortest(f), np.maximum(f.earliest, f.now)
    for o in in_order_of(f):
        for i in range(f.op_first[o], f.op_first[o + 1]):
            p = f.pred[i]
            head[o] = max(head[o], head[p] + least[p] + f.pred_least[i])
    return head


def tails(f: Floor) -> I64:
    """Return the least time from the start of each operation to the end of what follows; shape (ops,). [tick]."""
    least = shortest(f)
    tail = least.copy()
    lag = {}
    for o in range(len(tail)):
        for i in range(f.op_first[o], f.op_first[o + 1]):
            lag[int(f.pred[i]), o] = int(f.pred_least[i])
    for o in reversed(in_order_of(f)):
        for i in range(f.succ_first[o], f.succ_first[o + 1]):
            n = int(f.succ[i])
            tail[o] = max(tail[o], least[o] + lag[o, n] + tail[n])
    return tail


def unplaced(data: Compiled, failed: int) -> ConfigError:
    """Return the words for an operation that fits nowhere."""
    one = data.operations[failed]
    if one.pin is not None:
        return ConfigError(
            f"Operation {one.id} cannot stay where it is pinned ({one.pin.start}): its work unit, its people, its "
            "set-up or what comes before it leave no room there. Take the pin away or move it."
        )
    units = ", ".join(sorted({mode.unit for mode in one.modes})[:5])
    return ConfigError(
        f"Operation {one.id} finds no place on {units}: the calendars end before it, or the longest wait after "
        "the operation before cannot be kept. Extend the calendars or allow a longer wait."
    )


def plan_of(
    data: Compiled,
    state: State,
    goals: tuple[Goal, ...],
    *,
    old: tuple[I64, I64] | None = None,
    bound: float | None = None,
    trace: tuple[Progress, ...] = (),
) -> Plan:
    """Return a decoded plan with names."""
    f = data.floor
    unit, start = old or (nothing(f), nothing(f))
    value = score(pack(f), state, unit, start)
    values = {name: float(v) for name, v in zip(_NAMES, value, strict=True)}
    low = bound_of(data, goals[0], unit) if bound is None else bound
    first = values[goals[0]]
    low = min(low, first)
    return Plan(
        tuple(_placed(data, state)),
        tuple(_setups(data, state)),
        values,
        goals[0],
        low,
        0.0 if first <= low else (first - low) / abs(first),
        trace,
    )


def _placed(data: Compiled, s: State) -> Iterator[Placed]:
    f = data.floor
    start, end, mode = s.ops["start"].tolist(), s.ops["finish"].tolist(), (s.ops["mode"] - f.mode_first[:-1]).tolist()
    crew, leader, unit = s.crew.tolist(), s.ops["leader"].tolist(), f.unit[s.ops["mode"]].tolist()
    for o, one in enumerate(data.operations):
        names = tuple(data.resources[r] for r in crew[leader[o]] if r >= 0)
        job = data.jobs[f.job[o]]
        yield Placed(one.id, job, mode[o], data.resources[unit[o]], start[o], end[o], names)


def _setups(data: Compiled, s: State) -> Iterator[SetUp]:
    f = data.floor
    for o in np.flatnonzero(s.ops["set_begin"] != NONE).tolist():
        unit = int(f.unit[s.ops["mode"][o]])
        before = int(s.spans["prev"][o])
        family = f.state[unit] if before < 0 else f.family[before]
        by = "" if s.ops["set_by"][o] < 0 else data.resources[s.ops["set_by"][o]]
        yield SetUp(
            data.resources[unit],
            data.operations[o].id,
            int(s.ops["set_begin"][o]),
            int(s.ops["set_end"][o]),
            data.families[family],
            data.families[f.family[o]],
            by,
        )
