"""The accounts of the fund and how money moves between them. Pure.

Every fen that a budget grants is in one place at any time: free in the envelope of its year, committed to a project
that is approved, bound by an agreement, payable on a claim, paid, to be given back, or given back. Each place is an
account with a debit balance; together they equal what stands to the credit of the appropriation.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain

from chanye.domains.programme.types.ledger import Balance, Entry, Position
from chanye.kernel.errors import ConfigError

SOURCE = "appropriation"
#: Where granted money can be, on its way.
PLACES = ("envelope", "commitment", "obligation", "payable", "paid", "clawback", "returned")
ACCOUNTS = (SOURCE, *PLACES)
#: Kind of journal -> from where to where.
MOVES: Mapping[str, tuple[str, str]] = {
    "grant": (SOURCE, "envelope"),
    "cut": ("envelope", SOURCE),
    "commit": ("envelope", "commitment"),
    "uncommit": ("commitment", "envelope"),
    "oblige": ("commitment", "obligation"),
    "release": ("obligation", "envelope"),
    "approve": ("obligation", "payable"),
    "pay": ("payable", "paid"),
    "claw_back": ("paid", "clawback"),
    "give_back": ("clawback", "returned"),
}
REVERSAL, CARRY = "reverse", "carry"
KINDS = (*MOVES, CARRY, REVERSAL)
GENESIS = "0" * 64
#: No single entry is larger: ten million million yuan. [fen]
MOST = 10**15


def move(
    kind: str,
    year: int,
    amount: int,
    *,
    application_id: int | None = None,
    organisation_id: int | None = None,
    claim_id: int | None = None,
) -> tuple[Entry, Entry]:
    """Return the two entries that move an amount [fen] as a kind of journal says; the debit comes first."""
    source, target = MOVES[kind]
    about = (application_id, organisation_id, claim_id)
    return Entry(target, year, amount, *about), Entry(source, year, -amount, *about)


def carry(
    old: int, new: int, amount: int, *, application_id: int, organisation_id: int | None = None
) -> tuple[Entry, ...]:
    """Return the entries that bind an amount [fen] in another year: released in the old, bound in the new."""
    about = (application_id, organisation_id)
    return (
        Entry("envelope", old, amount, *about),
        Entry("obligation", old, -amount, *about),
        Entry("obligation", new, amount, *about),
        Entry("envelope", new, -amount, *about),
    )


def reversed_entries(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    """Return the entries that take others back."""
    return tuple(
        Entry(one.account, one.year, -one.amount, one.application_id, one.organisation_id, one.claim_id)
        for one in entries
    )


def check_entries(entries: Sequence[Entry]) -> None:
    """Go on only if entries make a journal.

    Raises
    ------
    ConfigError
        If an account or year is unknown, an amount is none, or a year does not balance.
    """
    sums: dict[int, int] = {}
    for one in entries:
        if one.account not in ACCOUNTS:
            raise ConfigError(f"There is no account {one.account[:40]!r}; the accounts are {', '.join(ACCOUNTS)}.")
        if not 2000 <= one.year <= 2100:
            raise ConfigError("The year of a budget lies between 2000 and 2100; correct it.")
        if not isinstance(one.amount, int) or not 0 < abs(one.amount) <= MOST:
            raise ConfigError("An amount in the ledger is more than nothing and at most ten million million yuan.")
        sums[one.year] = sums.get(one.year, 0) + one.amount
    wrong = next((year for year, total in sums.items() if total), None)
    if wrong is not None:
        raise ConfigError(
            f"The journal does not balance: in {wrong} debit and credit differ by {abs(sums[wrong])} fen. "
            "Give every amount both where it comes from and where it goes."
        )
    if len(entries) < 2:
        raise ConfigError("A journal has at least two lines: where an amount comes from and where it goes.")


def seal(head: Mapping[str, object], entries: Sequence[Entry]) -> str:
    """Return SHA-256 over the canonical JSON of a journal: its head, the digest before it, its lines in order."""
    lines = [
        [one.account, one.year, one.amount, one.application_id, one.organisation_id, one.claim_id] for one in entries
    ]
    text = json.dumps({**head, "lines": lines}, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def position(year: int, balances: Iterable[Balance]) -> Position:
    """Return where the money of a year is, from the balances of its accounts."""
    found = dict.fromkeys(ACCOUNTS, 0)
    for one in balances:
        found[one.account] += one.balance
    return Position(year, -found[SOURCE], *(found[name] for name in PLACES))


def positions(balances: Sequence[Balance]) -> list[Position]:
    """Return the position of each year, in order."""
    years = sorted({one.year for one in balances})
    return [position(year, (one for one in balances if one.year == year)) for year in years]


def joined(*moves: Iterable[Entry]) -> tuple[Entry, ...]:
    """Return the entries of several moves as one journal's."""
    return tuple(chain.from_iterable(moves))
