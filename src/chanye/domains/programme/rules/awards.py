"""Decisions about agreements and claims: terms, the text that is sealed, how obligations follow claims. Pure."""

from __future__ import annotations

import hashlib
import json
import unicodedata
from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import date
from typing import Any

from chanye.domains.programme.rules.ledger import carry, move
from chanye.domains.programme.rules.payout import USUAL, check_terms
from chanye.domains.programme.types.ledger import Entry
from chanye.domains.programme.types.payout import Terms, TrancheTerms
from chanye.kernel.errors import ConfigError
from chanye.kernel.time import DAY

#: Mean length of a month. [us]
MONTH = int(30.436875 * DAY)
#: A project whose effect nobody claims, or can measure, is paid by milestones alone.
BY_MILESTONES = (TrancheTerms("start", 4_000), TrancheTerms("acceptance", 6_000))
#: Kind of milestone -> the tranche that waits for it.
FIRST_MILESTONES = (("begun", "start"), ("installed", "acceptance"), ("connected", "acceptance"))


def terms_for(*, measured: bool, one_sided: float, share: int, cap: int) -> Terms:
    """Return the terms an agreement begins with; share in basis points and cap in fen are those of the call."""
    found = replace(USUAL, share=share, cap=cap, one_sided=one_sided)
    if not measured:
        found = replace(found, version=f"{found.version}-milestones", tranches=BY_MILESTONES)
    check_terms(found)
    return found


def terms_of(data: Mapping[str, Any]) -> Terms:
    """Return terms from what is stored of them."""
    return Terms(
        version=data["version"],
        share=data["share"],
        cap=data["cap"],
        tranches=tuple(TrancheTerms(one["kind"], one["share"]) for one in data["tranches"]),
        months=tuple((month, share) for month, share in data["months"]),
        cure_days=data["cure_days"],
        one_sided=data["one_sided"],
    )


def terms_data(terms: Terms) -> dict[str, Any]:
    """Return terms as they are stored."""
    found = asdict(terms)
    return {**found, "months": [list(one) for one in terms.months]}


def seal(content: Mapping[str, Any]) -> tuple[str, str]:
    """Return the canonical JSON of an agreement and its SHA-256."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)
    return text, digest_of(text)


def digest_of(text: str) -> str:
    """Return the SHA-256 of a text."""
    return hashlib.sha256(text.encode()).hexdigest()


def plain_number(text: str) -> str:
    """Return an invoice number as it is compared: letters and digits, full width or not, alike."""
    return "".join(char for char in unicodedata.normalize("NFKC", text).upper() if char.isalnum())[:64]


def years_of(terms: Terms, start: date | None, finish: date | None, today: date) -> dict[str, int]:
    """Return the year of the budget in which each tranche falls due.

    The start in the year the work begins, acceptance in the year it ends, the measured one when the last measurement
    is due; never before this year.
    """
    begins = max(start or today, today)
    ends = max(finish or begins, begins)
    last = ends.month + terms.months[-1][0] + 1
    measured = ends.year + (last - 1) // 12
    years = {"start": begins.year, "acceptance": ends.year, "measured": measured}
    return {one.kind: years[one.kind] for one in terms.tranches}


def months_after(finished: int, end: int) -> int:
    """Return how many months after an upgrade [us UTC] a measurement ends; five days short still count."""
    return max(0, (end - finished + 5 * DAY) // MONTH)


def settle(
    have: Mapping[int, int], wanted: Mapping[int, int], pay: int, *, application_id: int, organisation_id: int,
    claim_id: int,
) -> dict[str, tuple[Entry, ...]]:  # fmt: skip
    """Return the entries that follow a claim, by kind of journal.

    What is paid comes out of what is bound beyond what must stay bound; what is left of that is released; a year that
    lacks what must stay bound there gets it from the others.

    Parameters
    ----------
    have, wanted
        Bound now, and what must stay bound afterwards, by year. [fen]
    pay
        Approved for payment. [fen]

    Raises
    ------
    ConfigError
        If more is approved than is bound.
    """
    free = {year: have.get(year, 0) - wanted.get(year, 0) for year in sorted({*have, *wanted})}
    if sum(free.values()) < pay:
        raise ConfigError("More would be paid than the agreement binds: the claim cannot be approved.")
    about = {"application_id": application_id, "organisation_id": organisation_id}
    found: dict[str, tuple[Entry, ...]] = {"carry": (), "approve": (), "release": ()}
    for lacking in [year for year, left in free.items() if left < 0]:
        for year, left in list(free.items()):
            part = min(max(left, 0), -free[lacking])
            if part > 0:
                found["carry"] += carry(year, lacking, part, **about)
                free[year] -= part
                free[lacking] += part
    for year, left in free.items():
        part = min(left, pay)
        if part > 0:
            found["approve"] += move("approve", year, part, claim_id=claim_id, **about)
            pay -= part
        if left > part:
            found["release"] += move("release", year, left - part, **about)
    return {kind: entries for kind, entries in found.items() if entries}


def take_from(have: Mapping[int, int], amount: int) -> dict[int, int]:
    """Return how much of an amount [fen] each year gives, the newest first."""
    found: dict[int, int] = {}
    for year in sorted(have, reverse=True):
        part = min(have[year], amount)
        if part > 0:
            found[year] = part
            amount -= part
    return found


def check_day(day: date, in_force: date, today: date) -> None:
    """Go on only if something can have been done on a day under an agreement.

    Raises
    ------
    ConfigError
        If it was before the agreement, or has not come.
    """
    if day < in_force:
        raise ConfigError(
            f"This was done on {day}, before the agreement of {in_force}: what was there before it is not paid for."
        )
    if day > today:
        raise ConfigError(f"{day} has not come yet: give the day on which it was done.")
