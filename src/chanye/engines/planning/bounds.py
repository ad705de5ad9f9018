"""What no plan can be better than, quickly: each job alone, and the busiest work units."""

from __future__ import annotations

import numpy as np

from chanye.engines.planning.arrays import I64, Compiled, Floor
from chanye.engines.planning.calendars import after, calendars_of, open_time
from chanye.engines.planning.types import Goal
from chanye.kernel.intervals import EMPTY, Intervals


def earliest_ends(data: Compiled) -> I64:
    """Return when each operation ends at the earliest if it had the plant for itself; shape (ops,). [tick]."""
    f, plant = data.floor, data.plant
    calendars = calendars_of(plant)
    units = [open_time(one, calendars) for one in plant.units]
    skilled: dict[str, Intervals] = {"": calendars[""]}
    for person in plant.people:
        for skill in person.skills:
            skilled[skill] = skilled.get(skill, EMPTY).union(calendars[person.calendar])
    axes: dict[tuple[int, str], _Axis] = {}
    end = np.zeros(len(data.operations), np.int64)
    for o in in_order_of(f):
        one = data.operations[o]
        best = None
        for mode, m in zip(one.modes, range(f.mode_first[o], f.mode_first[o + 1]), strict=True):
            if one.pin is not None and m != f.mode_first[o] + one.pin.mode:
                continue
            unit = int(f.unit[m])
            key = (unit, mode.skill)
            if key not in axes:
                axes[key] = _Axis(units[unit].intersect(skilled[mode.skill]))
            low = max(int(f.earliest[o]), f.now) if one.pin is None else one.pin.start
            if one.pin is None:
                for i in range(f.op_first[o], f.op_first[o + 1]):
                    p = int(f.pred[i])
                    low = max(low, int(end[p]) + int(f.pred_least[i]))
            ends = axes[key].end(low, mode.time)
            best = ends if best is None else min(best, ends)
        end[o] = best if best is not None else 0
    return end


def in_order_of(f: Floor) -> list[int]:
    """Return the operations so that each comes behind those before it."""
    waits = np.diff(f.op_first).tolist()
    first, succ = f.succ_first.tolist(), f.succ.tolist()
    free = [o for o, n in enumerate(waits) if not n]
    for o in free:
        for n in succ[first[o] : first[o + 1]]:
            waits[n] -= 1
            if not waits[n]:
                free.append(n)
    return free


class _Axis:
    """Open time laid end to end: clock to working time and back."""

    def __init__(self, time: Intervals) -> None:
        self.start, self.stop = time.start, time.end
        self.done = np.concatenate([[0], np.cumsum(time.end - time.start)])

    def end(self, t: int, work: int) -> int:
        """Return when ``work`` that begins at ``t`` or later is done; the end of the calendar if it is too short."""
        if not len(self.start):
            return t + work
        i = int(np.searchsorted(self.stop, t, side="right"))
        if i == len(self.start):
            return t + work
        at = int(self.done[i]) + max(0, t - int(self.start[i])) + work
        k = min(int(np.searchsorted(self.done, at, side="left")) - 1, len(self.start) - 1)
        k = max(k, i)
        return int(self.start[k] + (at - self.done[k]))


def bound_of(data: Compiled, goal: Goal, old_unit: I64) -> float:
    """Return a lower bound of a goal over all plans."""
    f = data.floor
    if goal in ("setup_time", "energy_cost", "stability") or not len(data.operations):
        return 0.0
    end = earliest_ends(data)
    done = np.full(len(f.due), -(1 << 60), np.int64)
    np.maximum.at(done, f.job, end)
    if goal == "weighted_tardiness":
        return float((f.weight * np.maximum(0, done - f.due)).sum())
    return float(max(done.max(), _loads(data)))


def _loads(data: Compiled) -> int:
    """Return when the busiest work unit is done with what only it can do."""
    f, plant = data.floor, data.plant
    calendars = calendars_of(plant)
    only = np.flatnonzero(np.diff(f.mode_first) == 1)
    mode = f.mode_first[only]
    latest = 0
    for u, unit in enumerate(plant.units):
        here = (f.unit[mode] == u) & (f.pinned[only] == -(1 << 62))
        if unit.batch or not here.any():
            continue
        start = max(int(f.earliest[only[here]].min()), f.now)
        axis = _Axis(after(open_time(unit, calendars), start))
        latest = max(latest, axis.end(start, int(f.time[mode[here]].sum())))
    return latest
