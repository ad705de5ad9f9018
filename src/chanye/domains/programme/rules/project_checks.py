"""Checks of who stands behind an application, and whether the project and its machines are what they are said to be.

Pure: what is elsewhere comes as arguments.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import median

from chanye.domains.programme.rules.found import ASK, NOTE, STOP, Found, Other
from chanye.domains.programme.rules.moves import GRANTED
from chanye.domains.programme.rules.paper_checks import supplier_of
from chanye.domains.programme.rules.plain import alike, plain
from chanye.domains.programme.types.applications import Dossier

#: How alike two titles are that may be one project.
ALIKE = 0.7
#: How long before the day of the invoice a machine may run on trial.
ON_TRIAL = timedelta(days=30)
#: How long a machine may stand before it sends its first signal.
TO_CONNECT = timedelta(days=90)
HIGH = 1.5
LEAST_PEERS = 3

#: (kind, plain value, as it is shown)
Known = tuple[str, str, str]


def check_suppliers(dossier: Dossier, firm: Iterable[Known], suppliers: Mapping[str, Sequence[Known]]) -> list[Found]:
    """Find suppliers that are the applicant itself, or share an identity with it.

    Parameters
    ----------
    firm
        Identities of the applicant.
    suppliers
        Identities of each supplier, by ``supplier_of``.
    """
    own = {(kind, value): shown for kind, value, shown in firm}
    found = {}
    for quote in dossier.quotes:
        who = supplier_of(quote)
        for kind, value, _shown in suppliers.get(who, ()):
            if (kind, value) not in own:
                continue
            itself = kind in ("credit_code", "name")
            facts = {"supplier": quote.supplier, "tie": kind, "value": own[kind, value]}
            check, severity = ("own_supplier", STOP) if itself else ("related_supplier", ASK)
            found[check, who, kind] = Found(check, severity, f"{who}:{kind}"[:200], facts)
    return list(found.values())


def check_firms(shared: Iterable[tuple[Other, str, str]]) -> list[Found]:
    """Find other applicants with an identity of this one: (the other, kind, as it is shown)."""
    return [
        Found("related_firm", ASK, f"{other.id}:{kind}", {"other": other.firm, "tie": kind, "value": value})
        for other, kind, value in shared
    ]


@dataclass(frozen=True, slots=True)
class Project:
    """Another application that is or was alive."""

    other: Other
    call_id: int
    code: str
    title: str
    state: str
    requested: int
    serials: frozenset[str]


def check_projects(dossier: Dossier, others: Iterable[Project], most: int) -> list[Found]:
    """Find the same project under the same code, under another name, or cut into pieces.

    Parameters
    ----------
    most
        Highest amount of one project under the call; 0 if it sets none. [fen]
    """
    head, found = dossier.head, []
    serials = {plain(one.serial) for one in dossier.equipment} - {""}
    code = plain(head.project_code)
    for one in others:
        number, ref = one.other.number, str(one.other.id)
        if code and code == plain(one.code):
            check = "code_granted" if one.state in GRANTED else "code_twice"
            found.append(Found(check, STOP, ref, {"code": head.project_code, "other": number}))
            continue
        shared = len(serials & one.serials)
        if alike(head.title, one.title) >= ALIKE and (shared or one.other.same_firm):
            facts = {"title": one.title, "other": number, "n": shared}
            found.append(Found("renamed" if shared else "same_title", STOP if shared else ASK, ref, facts))
        if one.other.same_firm and one.call_id == head.call_id and 0 < most < one.requested + head.requested:
            facts = {"other": number, "sum_fen": one.requested + head.requested, "most_fen": most}
            found.append(Found("split", ASK, ref, facts))
    return found


def check_serials(dossier: Dossier, others: Iterable[tuple[str, Other]]) -> list[Found]:
    """Find nameplates that are in another application, of any firm, or twice in this one."""
    known: dict[str, list[Other]] = defaultdict(list)
    for serial, other in others:
        known[serial].append(other)
    here, found = Other(dossier.head.id, dossier.head.number or "–", same_firm=True), []
    for one in dossier.equipment:
        serial = plain(one.serial)
        if not serial:
            continue
        for other in known[serial]:
            facts = {"serial": one.serial, "name": one.name, "other": other.number}
            found.append(Found("serial_twice", STOP, f"{serial}:{other.id}", facts))
        known[serial].append(here)
    return found


def check_nameplates(dossier: Dossier, first: Mapping[int, date | None], today: date) -> list[Found]:
    """Compare the day on which a machine was bought with its first signal on the spine.

    Parameters
    ----------
    first
        Asset -> day of its first sample, None if there is none.
    """
    found = []
    for one in dossier.equipment:
        if one.bought is None or one.bought > today:
            continue
        facts = {"name": one.name, "bought": one.bought.isoformat()}
        ref = plain(one.serial)[:80] or str(one.id)
        if not plain(one.serial):
            found.append(Found("no_serial", ASK, ref, facts))
        if one.asset_id is None:
            found.append(Found("not_on_spine", ASK, ref, facts))
            continue
        day = first.get(one.asset_id)
        if day is None and today - one.bought > TO_CONNECT:
            found.append(Found("signal_none", ASK, ref, facts))
        elif day is not None and day < one.bought - ON_TRIAL:
            found.append(Found("signal_before", STOP, ref, facts | {"first": day.isoformat()}))
    return found


def check_prices(dossier: Dossier, peers: Mapping[str, Sequence[int]]) -> list[Found]:
    """Compare prices of a piece with those in other applications, by the plain name of the model; all in fen."""
    found = []
    for one in dossier.equipment:
        prices = peers.get(plain(one.model), ())
        if one.price and len(prices) >= LEAST_PEERS and one.price > HIGH * median(prices):
            facts = {"name": one.name, "price_fen": one.price, "n": len(prices), "median_fen": int(median(prices))}
            found.append(Found("price_high", NOTE if one.price < 2 * median(prices) else ASK, str(one.id), facts))
    return found
