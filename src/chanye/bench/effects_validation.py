"""Do intervals cover? Thousands of plants with known effects, each method beside the plain one, on one page."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from chanye.bench import effects_plants as made
from chanye.bench.effects_plants import F64
from chanye.engines.effects import autoregression
from chanye.engines.effects.baseline import avoided, find_weather
from chanye.engines.effects.did import Panel, group_time, simple
from chanye.engines.effects.honest import Study, relative
from chanye.engines.effects.pooling import pool
from chanye.engines.effects.randomised import difference
from chanye.engines.effects.student import quantile
from chanye.engines.effects.synthetic import placebo, synthetic
from chanye.engines.effects.week import Steps, avoided_by_week
from chanye.kernel.errors import ConfigError

#: Bands the figures have to lie in: cover of nominal 90 %, false alarms at nominal 5 %.
COVER, ALARMS = (0.87, 0.93), (0.04, 0.06)
Z90, Z95 = quantile(0.95, 1e9), quantile(0.975, 1e9)


@dataclass(frozen=True, slots=True)
class Draw:
    """One plant: whether 90 % held the truth, how far off, whether 5 % raised an alarm where nothing was done."""

    covered: bool
    off: float
    alarm: bool | None = None
    plain_covered: bool | None = None
    plain_alarm: bool | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the page; shares 0..1, ``bias`` in percent of what the effect is counted in."""

    case: str
    plants: int
    cover: float
    bias: float
    alarms: float | None
    plain_cover: float | None
    plain_alarms: float | None
    conservative: bool = False

    @property
    def holds(self) -> bool:
        """Whether cover and alarms lie in their bands; a conservative method may cover more and alarm less."""
        high = self.cover <= COVER[1] or self.conservative
        few = self.alarms is None or self.alarms <= ALARMS[1]
        enough = self.alarms is None or self.alarms >= ALARMS[0] or self.conservative
        return self.cover >= COVER[0] and high and few and enough


def _plain(before: F64, after: F64, level: float) -> tuple[float, float]:
    """Return what every dashboard does: the difference of means with the error of independent days."""
    effect = float(after.mean() - before.mean())
    half = (Z90 if level == 0.9 else Z95) * np.sqrt(before.var(ddof=1) / len(before) + after.var(ddof=1) / len(after))
    return effect - float(half), effect + float(half)


def _misses(ends: tuple[float, float], truth: float = 0.0) -> bool:
    return not ends[0] <= truth <= ends[1]


def _step(rng: np.random.Generator, rho: float) -> Draw:
    error = made.remembering(rng, rho, 1, 360)[0]
    late = (np.arange(360) >= 180) * 1.0
    found = autoregression.fit(error, np.column_stack([np.ones(360), late]))
    value, *ends = found.interval(np.array([0.0, 1.0]), level=0.9)
    _, *wide = found.interval(np.array([0.0, 1.0]), level=0.95)
    plain = [_misses(_plain(error[:180], error[180:], level)) for level in (0.9, 0.95)]
    return Draw(not _misses((ends[0], ends[1])), value, _misses((wide[0], wide[1])), not plain[0], plain[1])


def _baseline(rng: np.random.Generator, rho: float) -> Draw:
    error = made.remembering(rng, rho, 1, made.YEAR + 120)[0]
    draws = []
    for effect, level in ((0.06, 0.9), (0.0, 0.95)):
        one = made.plant(rng, error, effect=effect)
        cut = one.before
        other = np.column_stack([np.ones(len(error)), one.made, one.shift])
        weather = find_weather(one.taken[:cut], other[:cut], one.temperature[:cut])
        design = np.column_stack([other, weather.columns(one.temperature)])
        found = avoided(one.taken[:cut], design[:cut], one.taken[cut:], design[cut:], level=level)
        per_day = one.saved / (len(error) - cut)
        plain = _plain(one.taken[:cut], one.taken[cut:], level)
        missed = _misses((found.low, found.high), one.saved), _misses(plain, -per_day)
        draws.append((*missed, (found.saved - one.saved) / one.expected))
    return Draw(not draws[0][0], draws[0][2], draws[1][0], not draws[0][1], draws[1][1])


def _week(rng: np.random.Generator, slow: float) -> Draw:
    draws = []
    for effect, level in ((0.06, 0.9), (0.0, 0.95)):
        fast = float(rng.uniform(0.5, 0.98))
        meter = made.quarters(rng, effect=effect, days=(made.YEAR, 120), fast=fast, slow=slow)
        steps = Steps(meter.taken, meter.index, meter.temperature, meter.made[:, None])
        late = meter.index >= meter.before
        found, _ = avoided_by_week(steps.only(~late), steps.only(late), level=level)
        known = np.isfinite(meter.taken)
        plain = _plain(meter.taken[known & ~late], meter.taken[known & late], level)
        missed = (
            _misses((found.low, found.high), meter.saved),
            _misses(plain, -meter.saved / int((known & late).sum())),
        )
        draws.append((*missed, (found.saved - meter.saved) / found.expected))
    return Draw(not draws[0][0], draws[0][2], draws[1][0], not draws[0][1], draws[1][1])


def _staggered(rng: np.random.Generator, rho: float) -> Draw:
    draws = []
    for size, z in ((1.5, Z90), (0.0, Z95)):
        drawn = made.firms(rng, rho, size=size)
        found = simple(group_time(Panel.of(drawn.outcome, drawn.first)))
        missed = abs(found.overall - drawn.effect) > z * found.overall_error
        own = drawn.first < drawn.outcome.shape[1]
        before, after = drawn.outcome[own, :4].mean(axis=1), drawn.outcome[own, 8:].mean(axis=1)
        change = after - before
        error = float(change.std(ddof=1) / np.sqrt(len(change)))
        truth = float(np.mean([size * (np.arange(8, 12) - one + 1).mean() for one in drawn.first[own].tolist()]))
        plain = abs(float(change.mean()) - truth) > z * error
        draws.append((missed, plain, (found.overall - drawn.effect) / 100))
    return Draw(not draws[0][0], draws[0][2], draws[1][0], not draws[0][1], draws[1][1])


def _lot(rng: np.random.Generator) -> Draw:
    known = rng.normal(size=60)
    arm = np.where(rng.permutation(60) < 30, 1.0, 0.0).astype(np.float64)
    outcome = 0.8 * known + 0.6 * rng.normal(size=60)
    effect = arm * (0.5 + 0.5 * rng.normal(size=60))
    treated: F64 = np.asarray(outcome + effect, float)
    some, none = difference(treated, arm, known), difference(outcome, arm, known, level=0.95)
    return Draw(not _misses((some.low, some.high), 0.5), some.effect - 0.5, _misses((none.low, none.high)))


def _lines(rng: np.random.Generator) -> Draw:
    drawn = made.lines(rng, effect=2.0)
    others, own, before = drawn.outcome[1:], drawn.outcome[:1], drawn.before
    found = synthetic(others, own, before).effect
    nothing = own - drawn.effect * (np.arange(own.shape[1]) >= before)
    spread = placebo(others, nothing, before)
    plain = [_misses(_plain(own[0, :before], own[0, before:], level), drawn.effect) for level in (0.9, 0.95)]
    missed = _misses(spread.interval(found), drawn.effect)
    return Draw(not missed, (found - drawn.effect) / 50, spread.p <= 0.05, not plain[0], plain[1])


def _sites(rng: np.random.Generator, between: float, *, ahead: bool) -> Draw:
    true = rng.normal(5, between, 9)
    error = rng.uniform(0.5, 3, 8)
    seen = true[:8] + rng.normal(0, error)
    found = pool(seen, error)
    if ahead:
        return Draw(found.next_low <= true[8] <= found.next_high, (found.effect - 5) / 5)
    wide = pool(seen, error, level=0.95)
    whole = 1 / np.sqrt((1 / error**2).sum())
    fixed = float((seen / error**2).sum() * whole**2)
    plain = abs(fixed - 5) > Z90 * whole, abs(fixed - 5) > Z95 * whole
    return Draw(
        found.low <= 5 <= found.high,
        (found.effect - 5) / 5,
        _misses((wide.low, wide.high), 5.0),
        not plain[0],
        bool(plain[1]),
    )


def _drift(rng: np.random.Generator, m: float) -> Draw:
    root = rng.normal(size=(6, 6))
    covariance = 0.02 * root @ root.T / 6 + 0.01 * np.eye(6)
    before = np.array([0.3, -0.7, -0.5])
    seen = np.concatenate([before, m * np.arange(1.0, 4.0) + 2.0]) + np.linalg.cholesky(covariance) @ rng.normal(
        size=6
    )
    found = relative(Study(seen[:3], seen[3:], covariance), m)
    error = np.sqrt(covariance[3:, 3:].mean())
    plain = abs(float(seen[3:].mean()) - 2.0) > Z90 * error
    return Draw(found.interval_low <= 2.0 <= found.interval_high, 0.0, None, not plain)


#: name -> (words, how a plant is played, whether it may cover more than promised)
CASES: dict[str, tuple[str, Callable[[np.random.Generator], Draw], bool]] = {
    **{
        f"step-{rho}": (f"before and after, days that remember {rho}", partial(_step, rho=rho), False)
        for rho in (0.0, 0.3, 0.5, 0.8)
    },
    **{
        f"baseline-{rho}": (
            f"baseline by production, shift and weather; days remember {rho}",
            partial(_baseline, rho=rho),
            False,
        )
        for rho in (0.0, 0.5, 0.8)
    },
    **{
        f"staggered-{rho}": (
            f"120 firms, dates apart, growing effects, common trend; months remember {rho}",
            partial(_staggered, rho=rho),
            False,
        )
        for rho in (0.0, 0.5, 0.8)
    },
    "lot": ("60 units, order by lot, known baseline", _lot, False),
    "lines": ("one line against a mixture of 24, common movements", _lines, False),
    "sites": ("mean over 8 sites that differ", partial(_sites, between=2.0, ahead=False), False),
    "next": ("effect at a further site, from 8", partial(_sites, between=2.0, ahead=True), False),
    "next-alike": ("effect at a further site, from 8 alike", partial(_sites, between=0.3, ahead=True), True),
    "drift": ("drift as large as before, against all firms (honest bounds)", partial(_drift, m=1.0), True),
    **{
        f"week-{slow}": (
            f"quarter-hours by time of the week; hours fade, days remember {slow}",
            partial(_week, slow=slow),
            False,
        )
        for slow in (0.0, 0.8)
    },
}


def validate(plants: int, *, only: tuple[str, ...] = (), seed: int = 0) -> Iterator[Row]:
    """Play so many plants of each case, and yield its line.

    Raises
    ------
    ValueError
        If a case is not known.
    """
    unknown = [name for name in only if name not in CASES]
    if unknown or plants < 1:
        raise ValueError(f"Take one plant or more, and cases out of: {', '.join(CASES)}.")
    for number, (name, (_, play, _)) in enumerate(CASES.items()):
        if only and name not in only:
            continue
        draws = [play(np.random.default_rng([seed, number, i])) for i in range(plants)]
        yield summary(name, draws)


def summary(name: str, draws: list[Draw]) -> Row:
    """Return the line of a case from what was found of each plant."""
    words, _, conservative = CASES[name]
    return Row(
        words,
        len(draws),
        float(np.mean([one.covered for one in draws])),
        100 * float(np.mean([one.off for one in draws])),
        _share([one.alarm for one in draws]),
        _share([one.plain_covered for one in draws]),
        _share([one.plain_alarm for one in draws]),
        conservative,
    )


def _share(found: list[bool | None]) -> float | None:
    known = [one for one in found if one is not None]
    return float(np.mean(known)) if known else None


def run(what: str, *, plants: int, only: tuple[str, ...], folder: Path) -> bool:
    """Print each line as it is found, write the page if all kinds were played, and return whether all hold.

    Raises
    ------
    ConfigError
        If something else than effects, or a kind of plant that is not known, is asked for.
    """
    if what != "effects" or any(name not in CASES for name in only):
        raise ConfigError(f"Validate effects; kinds of plants are: {', '.join(CASES)}.")
    rows = []
    for row in validate(plants, only=only):
        print(_line(row), end="", flush=True)  # noqa: T201 - this is the output
        rows.append(row)
    if not only:
        (folder / "validation-effects.md").write_text(page(rows))
    return all(row.holds for row in rows)


def page(rows: list[Row]) -> str:
    """Return the page of what was found."""
    head = "<!-- Made by `chanye validate effects`; change the source, not this page. -->\n\n"
    text = (
        "# Validation of measured effects\n\n"
        "Plants with effects that are known are made by a generator of its own, and every method has to find them.\n"
        "Intervals of 90 % shall hold the truth in 87 to 93 of 100 plants; where nothing was done, a test at 5 %\n"
        "shall raise a false alarm in 4 to 6. Beside it stands the plain method: means before and after with the\n"
        "error of independent days; for sites a mean without regard to how they differ; for drift an event study\n"
        "that takes trends to be parallel. Methods marked *at least* promise no less than 90 %, and may hold more.\n"
        "Bias is a share of what the effect is counted in (of the standard deviation of a day before and after).\n\n"
        "| plants of this kind | played | holds the truth | bias | false alarms | plain: holds | plain: alarms | |\n"
        "| --- | --- | --- | --- | --- | --- | --- | --- |\n"
    )
    return head + text + "".join(_line(row) for row in rows)


def _line(row: Row) -> str:
    def percent(value: float | None) -> str:
        return "" if value is None else f"{100 * value:.1f} %"

    cells = [
        row.case,
        f"{row.plants:,}",
        percent(row.cover) + (" (at least)" if row.conservative else ""),
        f"{row.bias:+.2f} %",
        percent(row.alarms),
        percent(row.plain_cover),
        percent(row.plain_alarms),
        "holds" if row.holds else "misses",
    ]
    return "| " + " | ".join(cells) + " |\n"
