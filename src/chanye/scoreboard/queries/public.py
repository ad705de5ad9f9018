"""What anybody may read without signing in: what was published, and aggregates of at least ``LEAST`` firms."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from chanye.domains.projects.queries import oc4ids, profiles, ranking, releases
from chanye.domains.projects.types.ranking import RankingTable
from chanye.domains.projects.types.releases import ReleaseRef
from chanye.evidence import queries as evidence
from chanye.evidence.types import PooledRow
from chanye.parties.types import DISTRICT, Viewer

#: Firms that must be in an aggregate of the register.
LEAST = 3


@dataclass(frozen=True, slots=True)
class Tally:
    """How many upgrades of a kind came to which verdict; ``counts`` None where too few firms are in it."""

    kind: str
    upgrades: int | None
    confirmed: int | None
    below: int | None
    not_measurable: int | None


@dataclass(frozen=True, slots=True)
class PublicPage:
    """Everything the public page shows."""

    office_id: int
    releases: tuple[ReleaseRef, ...]
    ranking: RankingTable | None
    register: tuple[Tally, ...]
    pooled: tuple[PooledRow, ...]


def public_page(viewer: Viewer) -> PublicPage | None:
    """Return what anybody may read; None where no office publishes here."""
    office = profiles.public_office(viewer)
    if office is None:
        return None
    reader = _reader(office)
    return PublicPage(
        office,
        tuple(releases.releases(viewer, office)),
        ranking.public_table(viewer, office),
        tuple(_tallies(evidence.verdicts(reader))),
        tuple(row for row in evidence.pooled(reader) if row.sites >= LEAST),
    )


def _reader(office: int) -> Viewer:
    """Return the office as the reader of what was given to it; only aggregates of it leave this module."""
    return Viewer(None, office, frozenset({"officer"}), name="public page", kind=DISTRICT)


def _tallies(rows: list[tuple[str, int, str]]) -> list[Tally]:
    """Count verdicts by kind of upgrade; kinds of too few firms are left out, and one more if only one would be.

    ``rows``: kind of upgrade, firm, verdict.
    """
    kinds: dict[str, list[tuple[str, int, str]]] = {}
    for row in rows:
        kinds.setdefault(row[0], []).append(row)
    shown: list[str] = []
    few: list[str] = []
    for kind, found in sorted(kinds.items()):
        (shown if _firms(found) >= LEAST else few).append(kind)
    if few and _firms([row for kind in few for row in kinds[kind]]) < LEAST and shown:
        few.append(shown.pop(min(range(len(shown)), key=lambda i: len(kinds[shown[i]]))))
    counted = [_tally(kind, kinds[kind]) for kind in shown] + [Tally(kind, None, None, None, None) for kind in few]
    return [*counted, _tally("", rows)] if _firms(rows) >= LEAST else [Tally("", None, None, None, None)] * bool(rows)


def _firms(rows: list[tuple[str, int, str]]) -> int:
    return len({firm for _kind, firm, _verdict in rows})


def _tally(kind: str, rows: list[tuple[str, int, str]]) -> Tally:
    said = [verdict for _kind, _firm, verdict in rows]
    return Tally(kind, len(rows), said.count("confirmed"), said.count("below"), said.count("not_measurable"))


def release(viewer: Viewer, number: int) -> ReleaseRef | None:
    """Return a published table, None if there is none."""
    office = profiles.public_office(viewer)
    return None if office is None else releases.release(viewer, office, number)


def ranking_documents(viewer: Viewer, number: int) -> dict[str, str]:
    """Return formula, inputs and results of a published ranking, from which anybody recomputes it."""
    office = profiles.public_office(viewer)
    return {} if office is None else ranking.public_documents(viewer, office, number)


def project_package(viewer: Viewer, *, today: date) -> dict[str, Any] | None:
    """Return the projects of the newest published ranking in OC4IDS; nothing of projects that are not in it."""
    office = profiles.public_office(viewer)
    table = ranking.public_table(viewer, office) if office is not None else None
    if office is None or table is None:
        return None
    codes = [code for rows in table.groups.values() for one in rows for code in one.codes]
    return oc4ids.oc4ids(_reader(office), today=today, codes=codes)
