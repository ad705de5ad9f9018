"""What goes into the choice of a portfolio, and what comes out of it, as plain data. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from chanye.domains.programme.types.portfolio import QuotaDraft
from chanye.engines import allocation
from chanye.kernel.errors import ConfigError

#: Sites after which what was measured of a kind counts as much as what is claimed. [1]
TRUST = 3
#: What is taken of a claim that nothing measured stands behind. [1]
DISCOUNT = 0.5
#: Time for one choice [s]; the page waits for it.
SECONDS = 10.0


def expected(claim: float, measured: float | None, sites: int) -> float:
    """Return the relative effect to expect: what its kind measured, shrunk towards half of what is claimed.

    Parameters
    ----------
    claim
        Of the application.
    measured, sites
        Mean effect of the kind over measured sites, None and 0 if none was.
    """
    if measured is None or sites <= 0:
        return DISCOUNT * claim
    weight = sites / (sites + TRUST)
    return weight * measured + (1 - weight) * DISCOUNT * claim


def quotas_of(drafts: Sequence[QuotaDraft]) -> list[dict[str, Any]]:
    """Return quotas as they are stored.

    Raises
    ------
    ConfigError
        If a quota has no group or bound, or is there twice.
    """
    found: list[dict[str, Any]] = []
    for one in drafts:
        name = f"{one.group} {one.of}"
        if one.of not in ("amount", "count", "share") or not one.group or (one.low is None and one.high is None):
            raise ConfigError("A quota names a group, counts amount, projects or share, and has a bound.")
        if any(other["name"] == name for other in found):
            raise ConfigError("There are two quotas of one kind for one group: put their bounds together.")
        if one.low is not None and one.high is not None and one.low > one.high:
            raise ConfigError("The lower bound of a quota is above its upper bound.")
        found.append({"name": name, "group": one.group, "of": one.of, "low": one.low, "high": one.high})
    return found


def solve(inputs: Mapping[str, Any], *, factor: float = 1.0, whole: bool = True) -> dict[str, Any]:
    """Return the choice, its proof and prices, from inputs as they are stored.

    Parameters
    ----------
    factor
        Of all envelopes.
    whole
        With prices, quotas' prices, ranked lists and flips; without them it is quicker.

    Raises
    ------
    ConfigError
        If no choice keeps all rules; it names what would have to give way.
    """
    projects = [_project(one) for one in inputs["projects"]]
    envelopes = tuple(int(amount * factor) for _year, amount in inputs["envelopes"])
    quotas = tuple(allocation.Quota(**one) for one in inputs["quotas"])
    rules = allocation.Programme(envelopes, quotas, allocation.Caps(inputs["rate"], inputs["most"]))
    try:
        choice = allocation.choose(projects, rules, seconds=SECONDS)
    except ValueError as error:  # also: no choice keeps all rules
        raise ConfigError(str(error)) from error
    found = asdict(choice)
    found.pop("seconds")  # the same inputs give the same result, to the byte
    if not whole:
        return _plain(found)
    step = max(sum(envelopes) // 20, 1)
    prices = allocation.envelope_prices(projects, rules, choice, more=step, seconds=SECONDS)
    more = {
        "prices": [asdict(one) for one in prices],
        "quotas": [asdict(one) for one in allocation.quota_prices(projects, rules, choice, seconds=SECONDS)],
        "lists": [asdict(one) for one in allocation.ranked_lists(projects, rules, choice)],
        "flips": [asdict(one) for one in allocation.flips(projects, rules, choice, seconds=SECONDS)],
    }
    return _plain(found | more)


def _plain(found: Mapping[str, Any]) -> dict[str, Any]:
    """Return a result as it comes back from where it is stored."""
    plain: dict[str, Any] = json.loads(json.dumps(found))
    return plain


def _project(one: Mapping[str, Any]) -> allocation.Project:
    return allocation.Project(
        id=one["id"],
        effect=one["effect"],
        commitments=tuple(one["commitments"]),
        score=one["score"],
        groups=frozenset(one["groups"]),
        eligible_cost=one["eligible_cost"],
    )
