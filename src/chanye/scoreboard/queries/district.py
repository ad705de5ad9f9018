"""What the district page shows, gathered from the rooms; each part only to whom its room shows it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from chanye.domains.programme.queries import ledger
from chanye.domains.programme.types.ledger import Position
from chanye.domains.projects.queries import pipeline, profiles, ranking, statistics, targets
from chanye.domains.projects.types.pipeline import ProjectRow, StageFigure
from chanye.domains.projects.types.ranking import Ranked
from chanye.domains.projects.types.statistics import FirmRow, Headline
from chanye.domains.projects.types.targets import Attainment
from chanye.evidence import queries as evidence
from chanye.evidence.types import PooledRow, RegisterRow
from chanye.parties import queries as parties
from chanye.parties.rules import may, require
from chanye.parties.types import Viewer

#: Marks drawn on the map, the largest projects first.
MARKS = 300
#: Projects of each peer group at the head of the ranking.
HEAD = 3


@dataclass(frozen=True, slots=True)
class District:
    """The district at one moment; money in fen. What the viewer may not read is empty."""

    month: str
    headlines: tuple[Headline, ...]
    targets: tuple[Attainment, ...]
    funnel: tuple[StageFigure, ...]
    flagged: int
    projects: tuple[ProjectRow, ...]
    located: int
    firms: tuple[FirmRow, ...]
    positions: tuple[Position, ...]
    register: tuple[RegisterRow, ...]
    verdicts: tuple[tuple[str, int], ...]
    pooled: tuple[PooledRow, ...]
    ranking: tuple[tuple[str, tuple[Ranked, ...]], ...]
    ranking_period: str


def district(viewer: Viewer, *, today: date) -> District:
    """Return the district page's figures, kept as long as nobody does anything.

    Raises
    ------
    DeniedError
        If the viewer is not of an office that reads its projects.
    """
    require(viewer, "read_projects", viewer.organisation_id)
    return _district(viewer, today, parties.audit_head(viewer))


@lru_cache(maxsize=16)
def _district(viewer: Viewer, today: date, deed: int) -> District:
    office = viewer.organisation_id or 0
    counts = may(viewer, "read_statistics", office)
    month = statistics.newest_month(viewer, office) if counts else ""
    located = sorted(pipeline.located(viewer, today=today), key=lambda one: -one.planned_total)
    register = tuple(evidence.register(viewer)) if may(viewer, "read_evidence", office) else ()
    verdicts = Counter(row.effect.verdict if row.effect else "waiting" for row in register)
    table = ranking.table(viewer)
    return District(
        month=month,
        headlines=tuple(statistics.headlines(viewer, office, month, year_to_date=True)) if counts else (),
        targets=tuple(targets.attainments(viewer, office, month)) if counts else (),
        funnel=tuple(pipeline.funnel(viewer)),
        flagged=sum(bool(one.flags) for one in located),
        projects=tuple(located[:MARKS]),
        located=len(located),
        firms=tuple(one for one in profiles.firms(viewer) if one.latitude is not None) if counts else (),
        positions=tuple(ledger.positions(viewer)) if may(viewer, "read_ledger", office) else (),
        register=register,
        verdicts=tuple(sorted(verdicts.items())),
        pooled=tuple(evidence.pooled(viewer)) if register else (),
        ranking=tuple((group, rows[:HEAD]) for group, rows in table.groups.items()) if table else (),
        ranking_period=table.ref.period if table and table.ref else "",
    )
