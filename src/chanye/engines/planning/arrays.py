"""A plant and its work as arrays: what the compiled decoder reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from chanye.engines.planning.calendars import calendars_of, open_time
from chanye.engines.planning.types import FOREVER, Operation, Plant, Work
from chanye.kernel.intervals import Intervals

I64 = NDArray[np.int64]
F64 = NDArray[np.float64]


class Floor(NamedTuple):
    """Everything the decoder needs. Resources are work units first, then persons, then tools; lists are compressed.

    Parameters
    ----------
    cal_first, cal_start, cal_end
        Intervals of each calendar; ``cal`` (resources,) names the calendar of each resource. [tick]
    op_first, pred, pred_least, pred_most, succ_first, succ
        Links of operations in both directions; no longest wait is -1. [tick]
    earliest, family, size, pausable, pinned
        Shape (ops,); ``pinned`` is the start [tick] or -1 << 62.
    mode_first, unit, time, skill, power, tool_first, tool
        Alternatives; ``skill`` and ``tool`` are groups of resources, no skill is -1.
    group_first, member
        Resources of each group.
    matrix, setups, state, setter, batch, buffer, area
        Of each work unit; ``setups`` has shape (matrices, families, families). [tick]
    transport
        Shape (areas, areas). [tick]
    places
        Shape (buffers,).
    part_first, part, part_of, part_after_first, part_after, part_waits
        Operations that are placed together since waits between them are limited, in order; what follows a part; how
        many parts it waits for.
    job, due, weight
        Shape (ops,), (jobs,), (jobs,); no due date is 1 << 61.
    price_start, price_end, price
        The tariff. [tick, fen/kWh]
    peak, hour, now
        Power limit [kW] (negative: none), ticks of an hour, the present [tick].
    """

    cal_first: I64
    cal_start: I64
    cal_end: I64
    cal: I64
    op_first: I64
    pred: I64
    pred_least: I64
    pred_most: I64
    succ_first: I64
    succ: I64
    earliest: I64
    family: I64
    size: I64
    pausable: NDArray[np.bool_]
    pinned: I64
    pin_mode: I64
    pin_person: I64
    mode_first: I64
    unit: I64
    time: I64
    skill: I64
    power: F64
    tool_first: I64
    tool: I64
    group_first: I64
    member: I64
    matrix: I64
    setups: NDArray[np.int64]
    state: I64
    setter: I64
    batch: I64
    buffer: I64
    area: I64
    transport: NDArray[np.int64]
    places: I64
    part_first: I64
    part: I64
    part_of: I64
    part_after_first: I64
    part_after: I64
    part_waits: I64
    job: I64
    due: I64
    weight: F64
    price_start: I64
    price_end: I64
    price: F64
    peak: float
    hour: float
    now: int


#: Start of an operation that is not pinned; due date that nobody can miss. [tick]
LOOSE, NEVER = -(1 << 62), 1 << 61


@dataclass(frozen=True, eq=False)
class Compiled:
    """Arrays with the names of what their numbers stand for."""

    plant: Plant
    work: Work
    floor: Floor
    operations: tuple[Operation, ...]
    jobs: tuple[str, ...]
    resources: tuple[str, ...]
    families: tuple[str, ...]
    index: dict[str, int]


def compressed(lists: Sequence[Sequence[int]]) -> tuple[I64, I64]:
    """Return the first places (n + 1,) and all entries of lists one after the other."""
    first = np.zeros(len(lists) + 1, np.int64)
    np.cumsum([len(one) for one in lists], out=first[1:])
    return first, np.array([entry for one in lists for entry in one], np.int64)


def _of(values: Sequence[int]) -> I64:
    return np.array(values, np.int64)


def compile_plant(plant: Plant, work: Work) -> Compiled:
    """Return the arrays of a plant and work that ``check.require`` has passed."""
    operations = tuple(one for job in work.jobs for one in job.operations)
    index = {one.id: i for i, one in enumerate(operations)}
    resources = (
        *(one.id for one in plant.units),
        *(one.id for one in plant.people),
        *(f"{one.id}#{n}" for one in plant.tools for n in range(one.count)),
    )
    families = (
        "",
        *sorted(
            ({one.family for one in operations} | {one.family for one in plant.units})
            | {name for one in plant.matrices for pair in one.times for name in pair} - {""}
        ),
    )
    families = ("", *[name for name in families if name])
    parts = {
        **_calendars(plant, len(resources)),
        **_resources(plant, families),
        **_operations(work, operations, families, index),
        **_modes(plant, operations, resources),
    }
    floor = Floor(**parts, **_parts(parts))  # type: ignore[arg-type]  # the pieces have one type each, their union none
    return Compiled(plant, work, floor, operations, tuple(j.id for j in work.jobs), resources, families, index)


def _calendars(plant: Plant, resources: int) -> dict[str, object]:
    known = calendars_of(plant)
    lists: list[Intervals] = []
    number: dict[object, int] = {}

    def numbered(key: object, time: Intervals) -> int:
        if key not in number:
            number[key] = len(lists)
            lists.append(time)
        return number[key]

    cal = [numbered((one.calendar, one.maintenance), open_time(one, known)) for one in plant.units]
    cal += [numbered((one.calendar, ()), known[one.calendar]) for one in plant.people]
    cal += [numbered(("", ()), known[""])] * (resources - len(cal))
    first, start = compressed([one.start.tolist() for one in lists])
    _, end = compressed([one.end.tolist() for one in lists])
    return {
        "cal_first": first,
        "cal_start": start,
        "cal_end": end,
        "cal": _of(cal),
        "price_start": _of([one.start for one in plant.tariff]),
        "price_end": _of([one.end for one in plant.tariff]),
        "price": np.array([one.price for one in plant.tariff], np.float64),
        "peak": -1.0 if plant.peak is None else float(plant.peak),
        "hour": float(plant.hour),
        "now": plant.now,
    }


def _resources(plant: Plant, families: Sequence[str]) -> dict[str, object]:
    family = {name: i for i, name in enumerate(families)}
    matrix = {one.id: i for i, one in enumerate(plant.matrices)}
    setups = np.zeros((max(len(matrix), 1), len(families), len(families)), np.int64)
    for m, one in enumerate(plant.matrices):
        setups[m] = one.other
        for (before, next_), time in one.times.items():
            setups[m, family[before], family[next_]] = time
        np.fill_diagonal(setups[m], 0)
        setups[m, 0, :] = setups[m, :, 0] = 0
    areas = sorted(
        {one.area for one in plant.units} | {name for t in plant.transport for name in (t.origin, t.destination)}
    )
    area = {name: i for i, name in enumerate(areas)}
    transport = np.zeros((max(len(areas), 1), max(len(areas), 1)), np.int64)
    for t in plant.transport:
        transport[area[t.origin], area[t.destination]] = t.time
    buffer = {unit: i for i, one in enumerate(plant.buffers) for unit in one.units}
    groups = _groups(plant)
    first, member = compressed(list(groups.values()))
    number = {name: i for i, name in enumerate(groups)}
    return {
        "group_first": first,
        "member": member,
        "matrix": _of([matrix.get(one.matrix, -1) for one in plant.units]),
        "setups": setups,
        "state": _of([family[one.family] for one in plant.units]),
        "setter": _of([number["skill", one.setter] if one.setter else -1 for one in plant.units]),
        "batch": _of([one.batch for one in plant.units]),
        "buffer": _of([buffer.get(one.id, -1) for one in plant.units]),
        "area": _of([area[one.area] for one in plant.units]),
        "transport": transport,
        "places": _of([one.places for one in plant.buffers]),
    }


def _groups(plant: Plant) -> dict[tuple[str, str], list[int]]:
    """Return who has each skill, and the pieces of each tool, as resources."""
    groups: dict[tuple[str, str], list[int]] = {}
    at = len(plant.units)
    for person in plant.people:
        for skill in sorted(person.skills):
            groups.setdefault(("skill", skill), []).append(at)
        at += 1
    for tool in plant.tools:
        groups["tool", tool.id] = list(range(at, at + tool.count))
        at += tool.count
    return groups


def _operations(
    work: Work, operations: Sequence[Operation], families: Sequence[str], index: dict[str, int]
) -> dict[str, object]:
    family = {name: i for i, name in enumerate(families)}
    links = [[(index[a.operation], a) for a in one.after] for one in operations]
    op_first, pred = compressed([[p for p, _ in one] for one in links])
    follows: list[list[int]] = [[] for _ in operations]
    for o, one in enumerate(links):
        for p, _ in one:
            follows[p].append(o)
    succ_first, succ = compressed(follows)
    flat = [a for one in links for _, a in one]
    jobs = [(j, job) for j, job in enumerate(work.jobs) for _ in job.operations]
    return {
        "op_first": op_first,
        "pred": pred,
        "pred_least": _of([a.least for a in flat]),
        "pred_most": _of([-1 if a.most is None else a.most for a in flat]),
        "succ_first": succ_first,
        "succ": succ,
        "earliest": _of(
            [max(j.release, j.material, one.earliest) for (_, j), one in zip(jobs, operations, strict=True)]
        ),
        "family": _of([family[one.family] for one in operations]),
        "size": _of([one.size for one in operations]),
        "pausable": np.array([one.pausable for one in operations], np.bool_),
        "pinned": _of([LOOSE if one.pin is None else one.pin.start for one in operations]),
        "pin_mode": _of([0 if one.pin is None else one.pin.mode for one in operations]),
        "job": _of([j for j, _ in jobs]),
        "due": _of([NEVER if job.due is None else job.due for job in work.jobs]),
        "weight": np.array([job.weight for job in work.jobs], np.float64),
    }


def _modes(plant: Plant, operations: Sequence[Operation], resources: Sequence[str]) -> dict[str, object]:
    unit = {one.id: i for i, one in enumerate(plant.units)}
    group = {name: i for i, name in enumerate(_groups(plant))}
    at = {name: i for i, name in enumerate(resources) if i >= len(plant.units)}
    people = {one.id for one in plant.people}
    mode_first, _ = compressed([list(range(len(one.modes))) for one in operations])
    modes = [mode for one in operations for mode in one.modes]
    tool_first, tool = compressed([[group["tool", name] for name in dict.fromkeys(m.tools)] for m in modes])
    persons = [next((n for n in one.pin.people if n in people), "") if one.pin else "" for one in operations]
    return {
        "mode_first": mode_first,
        "unit": _of([unit[m.unit] for m in modes]),
        "time": _of([m.time for m in modes]),
        "skill": _of([group["skill", m.skill] if m.skill else -1 for m in modes]),
        "power": np.array([m.power for m in modes], np.float64),
        "tool_first": tool_first,
        "tool": tool,
        "pin_person": _of([at.get(name, -1) for name in persons]),
    }


def _parts(a: dict[str, object]) -> dict[str, object]:
    """Join operations whose waits are limited, and what would wait for itself then, into parts."""
    op_first, pred, most = (np.asarray(a[name]) for name in ("op_first", "pred", "pred_most"))
    mode_first, unit, buffer = (np.asarray(a[name]) for name in ("mode_first", "unit", "buffer"))
    n = len(op_first) - 1
    heads = np.repeat(np.arange(n), np.diff(op_first))
    buffered = np.zeros(n, np.bool_)
    np.logical_or.at(buffered, np.repeat(np.arange(n), np.diff(mode_first)), buffer[unit] >= 0)
    glued = (most >= 0) | buffered[heads]
    one = csr_array((np.ones(glued.sum(), np.int8), (pred[glued], heads[glued])), shape=(n, n))
    count, label = connected_components(one, directed=False) if n else (0, np.zeros(0, np.int64))
    links = csr_array((np.ones(len(pred), np.int64), (label[pred], label[heads])), shape=(count, count))
    if count:
        count, joined = connected_components(links, directed=True, connection="strong")
        label = joined[label]
    part_of = label.astype(np.int64)
    order = np.lexsort((_depth(op_first, pred), part_of)).astype(np.int64)
    part_first = np.searchsorted(part_of[order], np.arange(count + 1)).astype(np.int64)
    across = np.unique(np.stack([part_of[pred], part_of[heads]], 1), axis=0) if len(pred) else np.zeros((0, 2), int)
    across = across[across[:, 0] != across[:, 1]]
    return {
        "part_first": part_first,
        "part": order,
        "part_of": part_of,
        "part_after_first": np.searchsorted(across[:, 0], np.arange(count + 1)).astype(np.int64),
        "part_after": across[:, 1].astype(np.int64),
        "part_waits": np.bincount(across[:, 1], minlength=count).astype(np.int64),
    }


def _depth(op_first: I64, pred: I64) -> I64:
    """Return how many operations come before each one at most; shape (ops,)."""
    n = len(op_first) - 1
    before = [pred[op_first[o] : op_first[o + 1]].tolist() for o in range(n)]
    depth = [-1] * n
    for root in range(n):
        stack = [root]
        while stack:
            o = stack[-1]
            open_ = [p for p in before[o] if depth[p] < 0]
            if open_:
                stack += open_
            else:
                depth[o] = 1 + max((depth[p] for p in before[o]), default=-1)
                stack.pop()
    return np.array(depth, np.int64)


__all__ = ["FOREVER", "LOOSE", "NEVER", "Compiled", "Floor", "compile_plant", "compressed"]
