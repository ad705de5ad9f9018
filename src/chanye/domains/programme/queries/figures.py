"""Statistics of the programme: projects, grants and payments by year, sector and kind; claimed beside measured."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Avg, Count, Q, Sum

from chanye.domains.programme.case_rows import visible
from chanye.domains.programme.models import Posting
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
