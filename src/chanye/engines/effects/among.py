"""One plant among others, from block means of logs: the others enter only as indices of their own baseline.

The plant is one treated unit, however many days it has. Its error is taken from what the same comparison finds at
plants where nothing happened (Conley and Taber 2011, Rev. Econ. Stat. 93:113-125), each in units of how uncertain its
own change is: by how restless it was before, how long it remembers, and how long it can be looked at (``gaps``;
Ferman and Pinto 2019, Rev. Econ. Stat. 101:452-467).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from chanye.engines.effects.days import DAY, OWN, Days, Found, Table, rows_of, span_mask
from chanye.engines.effects.gaps import change_errors
from chanye.engines.effects.gates import Gate, Limits
from chanye.engines.effects.panel import F64, I64, Mask
from chanye.engines.effects.randomised import difference
from chanye.engines.effects.student import quantile
from chanye.engines.effects.synthetic import synthetic

#: Plants to compare with that it takes at least.
FEWEST = 4
MONTH, WEEK = 28, 7
#: Share of the blocks since the upgrade that must have a value.
LEAST_TOLD = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class Blocks:
    """Stretches of ``length`` days: ``start`` of each [us UTC]; the first ``before`` lie in the baseline."""

    start: I64
    length: int
    before: int


@dataclass(frozen=True, slots=True, eq=False)
class _Panel:
    """Own path, those of others (rows), whether each waits in each block; share of blocks since with a value."""

    own: F64
    others: F64
    names: list[str]
    waiting: Mask
    blocks: Blocks
    told: float


def blocks_of(plan: Mapping[str, Any], since: Mapping[str, Any]) -> Blocks:
    """Return the blocks: whole ones backward from the end of the baseline, and forward from the start.

    Months of 28 days where there are six before and two since; weeks otherwise and for a synthetic control.
    """
    start, end = plan["baseline"]["start"], plan["baseline"]["end"]
    length = WEEK
    for days in (MONTH, WEEK):
        before, after = (end - start) // (days * DAY), (since["end"] - since["start"]) // (days * DAY)
        length = days
        if plan["method"] != "synthetic" and before >= 6 and after >= 2:
            break
    size = length * DAY
    before, after = (end - start) // size, (since["end"] - since["start"]) // size
    starts = [end - size * (before - i) for i in range(before)] + [since["start"] + size * i for i in range(after)]
    return Blocks(np.array(starts, np.int64), length, int(before))


def block_logs(days: Days, blocks: Blocks, out: Mask, known: float) -> tuple[F64, F64]:
    """Return the log of the measure in each block, NaN where too little is known, and the share known.

    Parameters
    ----------
    out
        Days that do not count, shape (n,).
    known
        Share of the counted days of a block that must be known.
    """
    index = np.searchsorted(blocks.start, days.day + DAY // 2, side="right") - 1
    inside = (index >= 0) & (days.day < blocks.start[np.maximum(index, 0)] + blocks.length * DAY) & ~out
    logs, share = np.full(len(blocks.start), np.nan), np.zeros(len(blocks.start))
    for i in range(len(blocks.start)):
        mine = inside & (index == i)
        if mine.any():
            share[i] = float(days.known[mine].mean())
        rows = mine & days.usable
        if rows.any() and share[i] >= known:
            mean = float(np.average(days.value[rows], weights=days.weight[rows] if days.ratio else None))
            logs[i] = np.log(mean) if mean > 0 else np.nan
    return logs, share


def compared(plan: Mapping[str, Any], since: Mapping[str, Any], table: Table, days: Days, limits: Limits) -> Found:
    """Return the change of the plant against others, by the method of the plan."""
    panel = _panel(plan, since, table, days, limits)
    count = Gate("controls", float(len(panel.others)), FEWEST, len(panel.others) >= FEWEST)
    after = panel.own.size - panel.blocks.before
    enough = Gate("blocks", float(min(panel.blocks.before, after)), 2.0, min(panel.blocks.before, after) >= 2)
    # months in which nothing was counted have no log: a counter that stands looks the same
    told = Gate("known_since", panel.told, LEAST_TOLD, panel.told >= LEAST_TOLD)
    if not (count.holds and enough.holds and told.holds):
        return Found(gates=[count, enough, told])
    level, least = plan["confidence"], 2 * plan["one_sided"] - 1
    found = _WAYS[plan["method"]](panel, level, least)
    if not np.isfinite(found[:5]).all():
        return Found(gates=[count, enough], reasons=["interval"])
    change, low, high, least_low, least_high = (float(np.expm1(one)) for one in found[:5])
    half = quantile(0.5 + level / 2, 1e9)
    own = panel.own - panel.own[: panel.blocks.before].mean()
    return Found(
        change,
        low,
        high,
        least_low,
        least_high,
        (high - low) / 2 / half,
        [count, enough],
        [],
        _series(panel, own, found[5], (found[2] - found[1]) / 2),
        {"controls": len(panel.others), "blocks": int(panel.own.size), "block_days": panel.blocks.length},
    )


def _panel(plan: Mapping[str, Any], since: Mapping[str, Any], table: Table, days: Days, limits: Limits) -> _Panel:
    blocks = blocks_of(plan, since)
    out = span_mask(days.day, plan["exclusions"]) | span_mask(days.day, since["events"])
    own, _share = block_logs(days, blocks, out, limits.known)
    kept = np.isfinite(own)
    told = float(kept[blocks.before :].mean()) if len(kept) > blocks.before else 0.0
    blocks = Blocks(blocks.start[kept], blocks.length, int(kept[: blocks.before].sum()))
    others, names, waiting = [], [], []
    for name in sorted(since["controls"]):
        rows = rows_of(table, name, plan["measure"]["code"])
        at = dict(zip(rows["time"].tolist(), rows["value"].tolist(), strict=True))
        path = np.array([at.get(one, np.nan) for one in blocks.start.tolist()])
        began = since["controls"][name]
        free = np.full(len(path), True) if began is None else blocks.start + blocks.length * DAY <= began
        if _serves(plan["method"], path, free, blocks.before):
            others.append(path)
            names.append(name)
            waiting.append(free)
    shape = (len(others), len(blocks.start))
    return _Panel(own[kept], np.reshape(others, shape), names, np.reshape(waiting, shape).astype(bool), blocks, told)


def _serves(method: str, path: F64, free: Mask, before: int) -> bool:
    """Tell whether a plant can be compared with: known throughout, and not upgraded before its time."""
    if method == "randomised":
        return bool(np.isfinite(path).all() and free[:before].all())
    if method == "synthetic":
        return bool(np.isfinite(path).all() and free.all())
    return bool(np.isfinite(path).all() and free[: before + 1].all() and len(free) > before)


Way = tuple[float, float, float, float, float, F64]


def _group_time(panel: _Panel, level: float, least: float) -> Way:
    """Against the mean of those not upgraded yet in each block, all of the baseline being the base."""
    before = panel.blocks.before
    gap, counted, mixture = _gaps(panel)
    later = counted.copy()
    later[:, :before] = False
    size = later.sum(axis=1)
    effect = np.where(later, gap, 0.0).sum(axis=1) / np.where(size > 0, size, np.nan)
    at = (panel.blocks.start - panel.blocks.start[0]) / (panel.blocks.length * DAY)
    scale = change_errors(gap, counted, before, at)
    placebo = effect[1:] / scale[1:]
    placebo = placebo[np.isfinite(placebo)]
    count = len(placebo)
    if count < 2:
        return (np.nan,) * 5 + (mixture,)
    error = float(scale[0] * np.sqrt((placebo**2).mean() * (1 + 1 / count)))
    wide, narrow = (quantile(0.5 + one / 2, count - 1) * error for one in (level, least))
    middle = float(effect[0])
    return middle, middle - wide, middle + wide, middle - narrow, middle + narrow, mixture


def _gaps(panel: _Panel) -> tuple[F64, Mask, F64]:
    """Return each plant less the mean of the others that wait, which blocks of it count, and the mean for the first.

    Shapes (plants, blocks) twice and (blocks,); the upgraded plant comes first.
    """
    paths = np.vstack([panel.own, panel.others])
    paths = paths - paths[:, : panel.blocks.before].mean(axis=1, keepdims=True)
    free = np.vstack([np.zeros(paths.shape[1], bool), panel.waiting])
    size = free.sum(axis=0) - free
    mean = ((paths * free).sum(axis=0) - paths * free) / np.where(size > 0, size, np.nan)
    gap = paths - mean
    counted = np.isfinite(gap)
    counted[1:] &= free[1:]
    return gap, counted, mean[0]


def _synthetic(panel: _Panel, level: float, least: float) -> Way:
    """Against a mixture of the others; the error from the mixtures of each of them, in units of how well they fit."""
    before, count = panel.blocks.before, len(panel.others)
    paths = np.vstack([panel.own, panel.others])
    paths = paths - paths[:, :before].mean(axis=1, keepdims=True)
    found = [
        synthetic(np.delete(paths, sorted({0, i}), axis=0), paths[i][None, :], before, method="synthetic_control")
        for i in range(count + 1)
    ]
    fit = np.maximum([one.fit for one in found], 1e-12)
    placebo = np.sort(np.abs([one.effect for one in found[1:]]) / fit[1:])
    wide, narrow = (fit[0] * _reach(placebo, one) for one in (level, least))
    middle = found[0].effect
    mixture = found[0].unit_weight @ paths[1:]
    return middle, middle - wide, middle + wide, middle - narrow, middle + narrow, mixture


def _reach(placebo: F64, level: float) -> float:
    """Return the size that a share ``level`` of all does not exceed, the plant among them, from those of the others.

    By rank it is exact if the plants are alike; where they are too few for that, Student's t takes its place.
    """
    count = len(placebo)
    rank = int(np.ceil(level * (count + 1)))
    if rank <= count:
        return float(placebo[rank - 1])
    return quantile(0.5 + level / 2, count - 1) * float(np.sqrt((placebo**2).mean() * (1 + 1 / count)))


def _randomised(panel: _Panel, level: float, least: float) -> Way:
    """Means since the lot, sharpened by the means before it; the baseline of each is zero by construction of logs."""
    before = panel.blocks.before
    paths = np.vstack([panel.own - panel.own[:before].mean(), panel.others])
    upgraded = np.append(True, ~panel.waiting[:, -1])
    if min(upgraded.sum(), (~upgraded).sum()) < 2:
        return (np.nan,) * 5 + (np.zeros(0),)
    gain = paths[:, before:].mean(axis=1) - paths[:, :before].mean(axis=1)
    wide, narrow = difference(gain, upgraded, level=level), difference(gain, upgraded, level=least)
    mixture = paths[~upgraded].mean(axis=0)
    return wide.effect, wide.low, wide.high, narrow.low, narrow.high, mixture


_WAYS = {"group_time": _group_time, "synthetic": _synthetic, "randomised": _randomised}


def _series(panel: _Panel, own: F64, mixture: F64, half: float) -> dict[str, list[float | int | None]]:
    """Return the index of the plant and of what it is compared with; the mean of its own baseline is 1."""
    wide = np.where(np.arange(len(own)) >= panel.blocks.before, half, 0.0)
    paths = {"actual": own, "expected": mixture, "low": mixture - wide, "high": mixture + wide}
    found: dict[str, list[float | int | None]] = {"time": panel.blocks.start.astype(int).tolist()}
    return found | {name: np.exp(path).tolist() for name, path in paths.items()}


__all__ = ["DAY", "OWN", "Blocks", "block_logs", "blocks_of", "compared"]
