"""Plants, firms and sites with known effects, made by recursions of their own: nothing here knows an estimator."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
NEVER = np.iinfo(np.int64).max
YEAR = 365


def remembering(rng: np.random.Generator, rho: float, rows: int, steps: int) -> F64:
    """Return errors of variance one that keep a share ``rho`` of the step before, shape (rows, steps)."""
    news = rng.standard_normal((steps, rows))
    out = np.empty((steps, rows))
    out[0] = news[0]
    fresh = np.sqrt(1 - rho**2)
    for t in range(1, steps):
        out[t] = rho * out[t - 1] + fresh * news[t]
    return out.T


@dataclass(frozen=True, slots=True)
class Plant:
    """One plant by day: what it took, what it made and the weather, and what the upgrade saved in truth."""

    taken: F64
    made: F64
    shift: F64
    temperature: F64
    before: int
    saved: float
    expected: float


def plant(rng: np.random.Generator, error: F64, *, effect: float, before: int = YEAR) -> Plant:
    """Return a plant whose upgrade takes a share ``effect`` off what it would have taken."""
    days = len(error)
    day = np.arange(days)
    temperature = 15 + 12 * np.sin(2 * np.pi * day / YEAR) + rng.normal(0, 3, days)
    made = rng.poisson(80, (days, 2)) * np.array([1.0, 0.6])
    shift: F64 = np.where(day % 7 < 5, 1.0, 0.0).astype(np.float64)
    base = 200 + made @ np.array([2.0, 3.5]) + 40 * shift
    base = base + 6 * np.maximum(temperature - 22, 0) + 4 * np.maximum(8 - temperature, 0)
    would = base + 12 * error
    taken = would.copy()
    taken[before:] -= effect * base[before:]
    return Plant(
        taken, made, shift, temperature, before, effect * float(base[before:].sum()), float(base[before:].sum())
    )


@dataclass(frozen=True, slots=True)
class Firms:
    """Firms by month, upgraded at dates apart or never; the mean true effect on the upgraded."""

    outcome: F64
    first: I64
    effect: float


def firms(rng: np.random.Generator, rho: float, *, size: float, units: int = 120, months: int = 12) -> Firms:
    """Return firms that share a trend of ten percent a year, and effects that grow by ``size`` a month."""
    first = rng.choice(np.array([4, 6, 8, NEVER]), units)
    month = np.arange(months)
    since = month[None, :] - np.minimum(first, 10**6)[:, None]
    effect = np.where(since >= 0, size * (since + 1), 0.0)
    level = rng.normal(100, 10, units)[:, None] * (1 + 0.1 * month / 12)[None, :]
    outcome = level + 2.5 * remembering(rng, rho, units, months) + effect
    return Firms(outcome, first, float(effect[since >= 0].mean()))


@dataclass(frozen=True, slots=True)
class Quarters:
    """One meter by quarter-hour: what it took (nan where it was dark), number of the step since a Monday, weather."""

    taken: F64
    index: I64
    temperature: F64
    made: F64
    before: int
    saved: float


def quarters(rng: np.random.Generator, *, effect: float, days: tuple[int, int], fast: float, slow: float) -> Quarters:
    """Return a meter whose errors have a part that fades in hours (``fast`` a step) and one over days (``slow``)."""
    whole = sum(days)
    step = np.arange(whole * 96)
    day, hour = step // 96, (step % 96) / 4
    weather = np.repeat(3 * remembering(rng, 0.7, 1, whole)[0], 96)
    temperature = 16 + 11 * np.sin(2 * np.pi * (day - 100) / YEAR) - 5 * np.cos(2 * np.pi * (hour - 3) / 24) + weather
    open_ = (day % 7 < 5) & (hour >= 7) & (hour < 19)
    made = np.where(open_, rng.gamma(9.0, 1.0, len(step)), 0.0)
    base = 40 + 60 * open_ + 3 * made + 1.5 * np.maximum(8 - temperature, 0)
    base = base + np.where(open_, 2.5 * np.maximum(temperature - 22, 0), 1.2 * np.maximum(temperature - 24, 0))
    error = 8 * _fast(rng, fast, len(step)) + 4 * np.repeat(remembering(rng, slow, 1, whole)[0], 96)
    before = days[0] * 96
    taken = base + error
    taken[before:] -= effect * base[before:]
    dark = rng.random(len(step)) < 0.02
    taken[dark] = np.nan
    return Quarters(taken, step, temperature, made, before, effect * float(base[before:][~dark[before:]].sum()))


def _fast(rng: np.random.Generator, rho: float, n: int) -> F64:
    """Return errors of variance one that fade within hours: news seen through fading weights, by blocks of a day."""
    fade = rho ** np.arange(96)
    news = rng.standard_normal((n // 96, 96)) * np.sqrt(1 - rho**2)
    lower = np.tril(rho ** np.maximum(np.arange(96)[:, None] - np.arange(96)[None, :], 0))
    inside = news @ lower.T
    last = rng.standard_normal()
    out = np.empty_like(inside)
    for d, row in enumerate(inside):
        out[d] = row + last * rho * fade
        last = out[d, -1]
    flat: F64 = np.asarray(out.ravel(), np.float64)
    return flat


@dataclass(frozen=True, slots=True)
class Lines:
    """Some lines that follow common movements by unlike shares; the first is upgraded."""

    outcome: F64
    before: int
    effect: float


def lines(rng: np.random.Generator, *, effect: float, others: int = 24, before: int = 40, after: int = 12) -> Lines:
    """Return lines with two common movements, a common trend, and errors that remember."""
    steps = before + after
    common = np.cumsum(rng.normal(0, 0.5, (2, steps)), axis=1)
    outcome = 50 + rng.uniform(0, 1, (others + 1, 2)) @ common + 0.1 * np.arange(steps)
    outcome = outcome + rng.normal(0, 3, (others + 1, 1)) + remembering(rng, 0.4, others + 1, steps)
    outcome[0, before:] += effect
    return Lines(outcome, before, effect)
