"""Checks of money, papers, pictures and quotes. Pure: what is elsewhere comes as arguments."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from chanye.domains.programme.rules.eligibility import most
from chanye.domains.programme.rules.found import ASK, NOTE, STOP, Found, Other
from chanye.domains.programme.rules.pictures import NEAR, distances
from chanye.domains.programme.rules.plain import plain
from chanye.domains.programme.types.applications import Dossier, QuoteRef
from chanye.domains.programme.types.calls import CallRef

#: Papers that are about the firm, not about the project: it may hand them in with each of its applications.
ABOUT_FIRM = frozenset({"licence", "maturity"})
NUMBERED = frozenset({"invoice", "quote", "contract", "payment"})
#: Amounts less than this apart are nearly the same. [share]
NEARLY = 0.01
MOST_OF_MONEY = 0.5
LEAST_CASES = 3


def check_money(call: CallRef, dossier: Dossier) -> list[Found]:
    """Find an amount above the cost that counts, or above what the call allows."""
    head, found = dossier.head, []
    if head.requested > head.eligible_cost:
        facts = {"requested_fen": head.requested, "eligible_fen": head.eligible_cost}
        found.append(Found("above_cost", STOP, "", facts))
    limit = most(call, head.eligible_cost)
    if head.requested > limit:
        found.append(Found("above_cap", STOP, "", {"requested_fen": head.requested, "most_fen": limit}))
    return found


@dataclass(frozen=True, slots=True)
class Paper:
    """A paper of another application."""

    other: Other
    kind: str
    plain_number: str
    sha256: str


def check_papers(dossier: Dossier, others: Iterable[Paper]) -> list[Found]:
    """Find numbers and files that are in another application of any year, or twice in this one."""
    here = Other(dossier.head.id, dossier.head.number or "–", same_firm=True)
    by_file, by_number = defaultdict(list), defaultdict(list)
    for one in others:
        if not (one.kind in ABOUT_FIRM and one.other.same_firm):
            by_file[one.sha256].append(one.other)
        by_number[one.kind, one.plain_number].append(one.other)
    found = []
    for paper in dossier.documents:
        found += [
            Found("file_twice", STOP, f"{paper.sha256[:16]}:{other.id}", {"name": paper.name, "other": other.number})
            for other in by_file.get(paper.sha256, ())
        ]
        number = plain(paper.number)
        if paper.kind in NUMBERED and number:
            facts = {"kind": paper.kind, "number": paper.number}
            found += [
                Found("number_twice", STOP, f"{paper.kind}:{number}:{other.id}", facts | {"other": other.number})
                for other in by_number.get((paper.kind, number), ())
            ]
            by_number[paper.kind, number].append(here)
    return found


def check_pictures(dossier: Dossier, hashes: Sequence[str], others: Sequence[Other]) -> list[Found]:
    """Find pictures that look like one of another application; ``hashes`` go with ``others``."""
    if not hashes:
        return []
    known = np.array([int(one, 16) for one in hashes], np.uint64)
    found: dict[str, Found] = {}
    for paper in dossier.documents:
        if not paper.picture_hash:
            continue
        bits = distances(paper.picture_hash, known)
        for i in np.flatnonzero(bits <= NEAR).tolist():
            ref = f"{paper.picture_hash}:{others[i].id}"
            facts = {"name": paper.name, "other": others[i].number, "bits": int(bits[i])}
            found.setdefault(ref, Found("picture_close", ASK, ref, facts))
    return list(found.values())


def check_quotes(dossier: Dossier) -> list[Found]:
    """Find quotes that do not look like competition: the same, nearly the same, too few, too late."""
    items: dict[str, list[QuoteRef]] = defaultdict(list)
    for quote in dossier.quotes:
        items[plain(quote.item)].append(quote)
    found = []
    for quotes in items.values():
        found += _compared(quotes)
        suppliers = {supplier_of(quote) for quote in quotes}
        if len(suppliers) < 3:
            facts = {"item": quotes[0].item, "n": len(suppliers)}
            found.append(Found("quotes_few", NOTE, plain(quotes[0].item)[:80], facts))
        found += _late(quotes)
    start = dossier.head.planned_start
    for quote in dossier.quotes:
        if quote.chosen and quote.dated and start and quote.dated > start:
            facts = {"supplier": quote.supplier, "dated": quote.dated.isoformat(), "start": start.isoformat()}
            found.append(Found("quote_after_start", ASK, f"{supplier_of(quote)}:{plain(quote.item)}"[:200], facts))
    return found


def supplier_of(quote: QuoteRef) -> str:
    """Return what tells a supplier apart: its credit code, else its name."""
    return plain(quote.supplier_code) or plain(quote.supplier)


def _compared(quotes: list[QuoteRef]) -> list[Found]:
    found = []
    for one, other in combinations(quotes, 2):
        if supplier_of(one) == supplier_of(other) or not max(one.amount, other.amount):
            continue
        pair = ":".join(sorted((supplier_of(one), supplier_of(other))))
        apart = abs(one.amount - other.amount) / max(one.amount, other.amount)
        facts = {"one": one.supplier, "other": other.supplier, "item": one.item}
        ref = f"{pair}:{plain(one.item)}"[:200]
        if one.amount == other.amount:
            found.append(Found("quotes_same", ASK, ref, facts | {"amount_fen": one.amount}))
        elif apart < NEARLY:
            found.append(Found("quotes_near", ASK, ref, facts | {"percent": f"{100 * apart:.2f}"}))
    return found


def _late(quotes: list[QuoteRef]) -> list[Found]:
    dated = [(quote.dated, quote) for quote in quotes if quote.dated]
    found = []
    for day, quote in dated:
        before = [other for when, other in dated if other is not quote and when < day]
        if quote.chosen and len(dated) > 1 and len(before) == len(dated) - 1:
            facts = {"supplier": quote.supplier, "item": quote.item, "dated": day.isoformat()}
            found.append(Found("quote_late", ASK, f"{supplier_of(quote)}:{plain(quote.item)}"[:200], facts))
    return found


def check_concentration(
    dossier: Dossier, chosen: Mapping[str, int], cases: Mapping[str, int], total: int
) -> list[Found]:
    """Find suppliers that get most of the money of a call.

    Parameters
    ----------
    chosen, cases
        Per supplier, what is chosen of it in all applications of the call [fen], and in how many.
    total
        What is chosen in all. [fen]
    """
    found = {}
    for quote in dossier.quotes:
        who = supplier_of(quote)
        share = chosen.get(who, 0) / total if total else 0
        if quote.chosen and cases.get(who, 0) >= LEAST_CASES and share > MOST_OF_MONEY:
            facts = {"supplier": quote.supplier, "percent": f"{100 * share:.0f}"}
            found[who] = Found("supplier_share", NOTE, who[:200], facts)
    return list(found.values())
