"""The ranking: scores, rank intervals and bands from inputs and a formula alone. Nothing else goes in.

Anybody can recompute it: ``rank(formula, inputs)`` reads the two JSON documents of a bundle. Chance comes from the
uniform numbers of PCG64 (M. O'Neill, HMC-CS-2014-0905) under the formula's seed, turned to normal ones by the
inverse of the normal distribution; one stream for each peer group, in the order written down in ``_draw``.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, fields
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
from django.utils.translation import gettext as _
from scipy.special import ndtri
from scipy.stats import rankdata

from chanye.domains.projects.types.ranking import GROUPS, MEASURES, Move, Ranked, RankingFormula
from chanye.kernel.errors import ConfigError

F64 = npt.NDArray[np.float64]
SCHEMA = "chanye-ranking-1"
MOST_PROJECTS = 20_000
STANDARD = RankingFormula(
    weights={"effective": 0.3, "paid_in": 0.35, "physical": 0.35}, errors={"paid_in": 0.01, "physical": 0.05}
)


def canonical(value: Any) -> str:
    """Return JSON that is the same for the same content: sorted, without spaces, in UTF-8."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def digest_of(text: str) -> str:
    """Return the SHA-256 of a text in UTF-8."""
    return hashlib.sha256(text.encode()).hexdigest()


def body_of(formula: RankingFormula) -> str:
    """Return a formula as canonical JSON."""
    return canonical(asdict(formula))


def read_formula(text: str) -> RankingFormula:
    """Return the formula that a JSON text holds.

    Raises
    ------
    ConfigError
        If it is none, or ranks by what must not be ranked by.
    """
    try:
        plain = json.loads(text)
        known = {one.name for one in fields(RankingFormula)}
        if not isinstance(plain, dict) or not set(plain) <= known:
            raise ConfigError(
                _("The formula has parts that are not known: use weights, groups, penalties and draws.")
            )
        plain["limits"] = tuple(plain.get("limits", ()))
        found = RankingFormula(**plain)
        check_formula(found)
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise ConfigError(_("This is no formula of a ranking; take one from a bundle.")) from error
    return found


def check_formula(formula: RankingFormula) -> None:
    """Raise ConfigError if projects cannot, or must not, be ranked so."""
    if not formula.weights or not set(formula.weights) <= set(MEASURES):
        raise ConfigError(_("Rank by %(names)s only: signed amounts are pledges.") % {"names": ", ".join(MEASURES)})
    if not all(_within(one, 0, 1) for one in formula.weights.values()) or sum(formula.weights.values()) <= 0:
        raise ConfigError(_("A weight is between 0 and 1, and one of them is more than 0."))
    errors = formula.errors or {}
    if not set(errors) <= set(MEASURES) or not all(_within(one, 0, 1) for one in errors.values()):
        raise ConfigError(_("An error of a measure is between 0 and 1."))
    if formula.group_by not in GROUPS or list(formula.limits) != sorted(set(formula.limits)):
        raise ConfigError(_("Peer groups are by size with rising limits, by sector or by town."))
    shares = (formula.unknown, formula.level, formula.tie, formula.spread)
    if not all(_within(one, 0, 1) for one in shares) or not formula.level < 1 or formula.tie < 0.5:
        raise ConfigError(_("Level and tie are probabilities below 1, tie at least 0.5."))
    if not all(_within(one, 0, 100) for one in (formula.overdue, formula.falsified, formula.most)):
        raise ConfigError(_("A penalty is between 0 and 100 points."))
    if not 100 <= int(formula.draws) <= 10_000 or not 0 <= int(formula.seed) < 2**63:
        raise ConfigError(_("The draws are between 100 and 10,000, the seed is a whole number."))


def _within(value: Any, low: float, high: float) -> bool:
    return isinstance(value, (int, float)) and math.isfinite(value) and low <= value <= high


def group_of(formula: RankingFormula, total: int, sector: str, town: str) -> str:
    """Return the peer group of a project: its sector, its town, or the class of its planned total."""
    if formula.group_by == "size":
        return f"size-{sum(total >= limit for limit in formula.limits)}"
    return (sector if formula.group_by == "sector" else town) or "other"


def rank(formula: RankingFormula, inputs: Mapping[str, Any]) -> list[Ranked]:
    """Return all projects with rank, interval and band, by peer group and rank.

    Parameters
    ----------
    inputs
        As ``queries.ranking.inputs`` writes them: ``projects``, each with ``code``, ``name``, ``total`` [fen],
        ``sector``, ``town``, ``codes``, ``overdue``, ``falsified`` and ``values``: measure -> ``[value, error]``,
        or null where it is due but not known; a measure that is not due is left out.

    Raises
    ------
    ConfigError
        If they are no inputs of a ranking.
    """
    projects = _checked(inputs)
    found: list[Ranked] = []
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for one in projects:
        groups.setdefault(group_of(formula, one["total"], one["sector"], one["town"]), []).append(one)
    for number, group in enumerate(sorted(groups)):
        found += _rank_group(formula, group, number, groups[group])
    return found


def _checked(inputs: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    try:
        if inputs["schema"] != SCHEMA or len(inputs["projects"]) > MOST_PROJECTS:
            raise ConfigError(_("These are no inputs of a ranking of this kind."))
        projects = sorted(inputs["projects"], key=lambda one: str(one["code"]))
        for one in projects:
            pairs = [pair for pair in one["values"].values() if pair is not None]
            numbers = [*(n for pair in pairs for n in pair), one["total"], one["overdue"], one["falsified"]]
            texts = [one["code"], one["name"], one["sector"], one["town"], *one["codes"]]
            if not all(_within(n, 0, 1e18) for n in numbers) or not all(isinstance(t, str) for t in texts):
                raise ConfigError(_("The inputs of “%(code)s” are not numbers.") % {"code": one["code"]})
            if not set(one["values"]) <= set(MEASURES) or any(len(pair) != 2 or pair[0] > 1 for pair in pairs):
                raise ConfigError(_("The inputs of “%(code)s” are no shares of 0 to 1.") % {"code": one["code"]})
    except (KeyError, TypeError, AttributeError) as error:
        raise ConfigError(_("These are no inputs of a ranking of this kind.")) from error
    scored = [code for one in projects for code in one["codes"]]
    if len(set(scored)) < len(scored):
        raise ConfigError(_("A project would score twice: a part is counted with its whole."))
    return projects


def _rank_group(
    formula: RankingFormula, group: str, number: int, projects: Sequence[Mapping[str, Any]]
) -> list[Ranked]:
    measures = sorted(name for name, weight in formula.weights.items() if weight > 0)
    known, error, due = _arrays(formula, measures, projects)
    unknown = due & np.isnan(known)
    weights = np.array([formula.weights[name] for name in measures])
    penalty = np.array(
        [min(formula.most, formula.overdue * p["overdue"] + formula.falsified * p["falsified"]) for p in projects]
    )
    point = np.where(unknown, formula.unknown, np.nan_to_num(known))
    score = _scores(point[None], weights[None], due, penalty)[0]
    drawn = _draw(formula, number, known, error, due, weights, penalty)
    ranks = rankdata(-score, method="min").astype(int)
    drawn_ranks = rankdata(-drawn, method="min", axis=1)
    tail = (1 - formula.level) / 2
    low = np.quantile(drawn_ranks, tail, axis=0, method="lower").astype(int)
    high = np.quantile(drawn_ranks, 1 - tail, axis=0, method="higher").astype(int)
    order = sorted(range(len(projects)), key=lambda i: (ranks[i], projects[i]["code"]))
    bands = _bands(order, drawn, formula.tie)
    lists = {name: _single(point[:, at], due[:, at] & ~unknown[:, at]) for at, name in enumerate(measures)}
    return [
        Ranked(
            code=projects[i]["code"], name=projects[i]["name"], group=group, score=float(score[i]),
            penalty=float(penalty[i]), rank=int(ranks[i]), low=int(min(low[i], ranks[i])),
            high=int(max(high[i], ranks[i])), band=bands[i], peers=len(projects),
            values={name: None if np.isnan(known[i, at]) else float(known[i, at])
                    for at, name in enumerate(measures) if due[i, at]},
            unknown=tuple(name for at, name in enumerate(measures) if unknown[i, at]),
            lists={name: place[i] for name, place in lists.items() if i in place},
            codes=tuple(projects[i]["codes"]),
        )
        for i in order
    ]  # fmt: skip


def _arrays(
    formula: RankingFormula, measures: Sequence[str], projects: Sequence[Mapping[str, Any]]
) -> tuple[F64, F64, npt.NDArray[np.bool_]]:
    """Return values (nan: not known), their errors, and what is due, each of shape [projects, measures]."""
    shape = (len(projects), len(measures))
    known, error, due = np.full(shape, np.nan), np.zeros(shape), np.zeros(shape, dtype=bool)
    for i, one in enumerate(projects):
        for at, name in enumerate(measures):
            if name in one["values"]:
                due[i, at] = True
                pair = one["values"][name]
                if pair is not None:
                    known[i, at] = pair[0]
                    error[i, at] = max(pair[1], (formula.errors or {}).get(name, 0.0))
    return known, error, due


def _scores(values: F64, weights: F64, due: npt.NDArray[np.bool_], penalty: F64) -> F64:
    """Return points [draws, projects]: mean over what is due by weight, times 100, less the penalty."""
    shared = np.einsum("dm,nm->dn", weights, due.astype(float))
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.einsum("dnm,dm,nm->dn", values, weights, due.astype(float)) / shared
    points: F64 = np.round(100 * np.nan_to_num(mean) - penalty, 9)
    return points


def _draw(
    formula: RankingFormula,
    number: int,
    known: F64,
    error: F64,
    due: npt.NDArray[np.bool_],
    weights: F64,
    penalty: F64,
) -> F64:
    """Return drawn scores [draws, projects].

    The stream of peer group ``number`` is ``PCG64(seed + number)``; first one uniform number for each draw and
    measure (weights), then for each draw, project and measure, in that order.
    """
    stream = np.random.Generator(np.random.PCG64(int(formula.seed) + number))
    draws, (n, m) = int(formula.draws), known.shape
    shaken = weights * np.exp(formula.spread * ndtri(_open(stream.random((draws, m)))))
    uniform = stream.random((draws, n, m))
    values = np.clip(np.nan_to_num(known) + error * ndtri(_open(uniform)), 0, 1)
    values = np.where(np.isnan(known), uniform, values)
    return _scores(values, shaken, due, penalty)


def _open(uniform: F64) -> F64:
    """Keep uniform numbers away from 0 and 1, where a normal one would be infinite."""
    clipped: F64 = np.clip(uniform, 1e-12, 1 - 1e-12)
    return clipped


def _bands(order: Sequence[int], drawn: F64, tie: float) -> dict[int, int]:
    """Return the band of each project: a new one begins where its first one is told apart from the next."""
    bands: dict[int, int] = {}
    leader, band = -1, 0
    for i in order:
        if leader >= 0:
            beats = np.mean(drawn[:, leader] > drawn[:, i]) + 0.5 * np.mean(drawn[:, leader] == drawn[:, i])
        if leader < 0 or beats >= tie:
            leader, band = i, band + 1
        bands[i] = band
    return bands


def _single(values: F64, counted: npt.NDArray[np.bool_]) -> dict[int, int]:
    """Return places in the list by one measure, of those for which it is known."""
    at = np.flatnonzero(counted)
    return (
        {}
        if not at.size
        else dict(zip(at.tolist(), rankdata(-values[at], method="min").astype(int).tolist(), strict=True))
    )


def moved(before: Iterable[Ranked], after: Iterable[Ranked]) -> list[Move]:
    """Return the projects whose rank or peer group differs between two rankings."""
    old = {row.code: (row.group, row.rank) for row in before}
    found = []
    for row in after:
        was = old.pop(row.code, None)
        if was != (row.group, row.rank):
            found.append(Move(row.code, row.name, row.group, was[1] if was else None, row.rank))
    return found


def differences(old: RankingFormula, new: RankingFormula) -> tuple[tuple[str, Any, Any], ...]:
    """Return what differs between two formulas: name, before, after."""
    a, b = asdict(old), asdict(new)
    return tuple((name, a[name], b[name]) for name in a if a[name] != b[name])


@lru_cache(maxsize=4)
def ranked_of(text: str) -> tuple[Ranked, ...]:
    """Return the rows that were frozen as JSON; the newest rankings are read again and again."""
    return tuple(ranked(one) for one in json.loads(text))


def ranked(one: Mapping[str, Any]) -> Ranked:
    """Return one row that was frozen, as it was read from JSON."""
    return Ranked(**{**one, "unknown": tuple(one["unknown"]), "codes": tuple(one["codes"])})
