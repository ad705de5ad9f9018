"""Statistics of the programme: projects and grants by sector, kind, call and year; claimed beside measured."""

from __future__ import annotations

from dataclasses import dataclass, replace

from django.db.models import Avg, Count, F, Q, Sum

from chanye.domains.programme.case_rows import visible
from chanye.domains.programme.models import Posting
from chanye.domains.programme.queries.certificates import visible as certificates
from chanye.domains.programme.queries.ledger import positions
from chanye.domains.programme.rules.moves import GRANTED
from chanye.evidence import queries as evidence
from chanye.parties.rules import require
from chanye.parties.types import Viewer

BY = {"sector": "sector", "kind": "upgrade_kind", "call": "call__code"}


@dataclass(frozen=True, slots=True)
class Group:
    """Projects of one sector, kind or call. Money in fen; ``claimed`` and ``measured`` are means of relative effects.

    ``measured`` is None if nothing was measurable; ``sites``: how many were.
    """

    code: str
    projects: int
    funded: int
    granted: int
    paid: int
    claimed: float | None
    measured: float | None
    sites: int


@dataclass(frozen=True, slots=True)
class Figures:
    """The programme in numbers: all together, then by group."""

    whole: Group
    groups: tuple[Group, ...]


@dataclass(frozen=True, slots=True)
class Year:
    """A year of the programme. Money is of the budget year [fen]; sites by the calendar year of their certificate.

    ``budget``: granted to the fund. ``committed``: what of it was promised to projects, whatever became of it since.
    ``paid``: that left the fund. ``clawed_back``: that firms have to give back of it, or gave. ``on_paper``: how many
    of the ``certified`` sites were taken over from a list.
    """

    year: int
    budget: int = 0
    committed: int = 0
    paid: int = 0
    clawed_back: int = 0
    certified: int = 0
    on_paper: int = 0


def by_year(viewer: Viewer) -> list[Year]:
    """Return the years of the viewer's office, the newest first; every amount is the ledger's."""
    require(viewer, "read_programme", viewer.organisation_id)
    years: dict[int, Year] = {}
    for one in positions(viewer):
        back = one.clawback + one.returned
        years[one.year] = Year(one.year, one.granted, one.granted - one.envelope, one.paid + back, back)
    rows = certificates(viewer).filter(state="certified", certified_on__isnull=False).order_by()
    counted = rows.values(year=F("certified_on__year")).annotate(
        n=Count("pk"), paper=Count("pk", filter=Q(on_paper=True))
    )
    for row in counted:
        known = years.get(row["year"], Year(row["year"]))
        years[row["year"]] = replace(known, certified=row["n"], on_paper=row["paper"])
    return sorted(years.values(), key=lambda one: -one.year)


def figures(viewer: Viewer, by: str = "sector") -> Figures:
    """Return the figures of the viewer's office by ``sector``, ``kind`` or ``call``; payments are the ledger's."""
    require(viewer, "read_programme", viewer.organisation_id)
    column = BY.get(by, "sector")
    cases = visible(viewer).exclude(state__in=("withdrawn", "draft")).order_by()
    rows = cases.values(column).annotate(
        n=Count("pk"),
        funded=Count("pk", filter=Q(state__in=GRANTED)),
        granted=Sum("approved", filter=Q(state__in=GRANTED)),
        claimed=Avg("claim", filter=Q(state__in=GRANTED)),
    )
    paid = _paid(viewer)
    plans = {one.plan_id: one.estimate for one in evidence.effects(viewer) if one.estimate is not None}
    given: dict[str, tuple[int, list[float]]] = {}
    for number, plan, code in cases.filter(state__in=GRANTED).values_list("pk", "plan_id", column):
        total, seen = given.get(code, (0, []))
        given[code] = (total + paid.get(number, 0), [*seen, *([plans[plan]] if plan in plans else [])])
    groups = []
    for one in rows:
        total, seen = given.get(one[column], (0, []))
        mean = sum(seen) / len(seen) if seen else None
        groups.append(
            Group(one[column], one["n"], one["funded"], one["granted"] or 0, total, one["claimed"], mean, len(seen))
        )
    groups.sort(key=lambda one: (-one.granted, one.code))
    return Figures(_whole(groups), tuple(groups))


def _paid(viewer: Viewer) -> dict[int, int]:
    rows = Posting.objects.filter(account="paid", application__isnull=False)
    if not viewer.system:
        rows = rows.filter(office_id=viewer.organisation_id or 0)
    found = rows.order_by().values("application").annotate(n=Sum("amount"))
    return {one["application"] or 0: int(one["n"]) for one in found}


def _whole(groups: list[Group]) -> Group:
    def mean(name: str, weight: str) -> float | None:
        found = [(getattr(one, name), getattr(one, weight)) for one in groups if getattr(one, name) is not None]
        total = sum(n for _value, n in found)
        return sum(value * n for value, n in found) / total if total else None

    sums = {name: sum(getattr(one, name) for one in groups) for name in ("projects", "funded", "granted", "paid")}
    sites = sum(one.sites for one in groups)
    return Group("", **sums, claimed=mean("claimed", "funded"), measured=mean("measured", "sites"), sites=sites)
