"""What the database itself keeps as it was written: returns and targets, releases, rankings and their formula."""

from __future__ import annotations

from chanye.parties.append_only import AppendOnly


def _kept(*tables: str) -> tuple[AppendOnly, ...]:
    return tuple(AppendOnly(table, f"{table} is append-only: add a row instead") for table in tables)


STATISTICS = _kept("projects_monthlyreturn", "projects_closedmonth", "projects_target")
RELEASES = _kept("projects_release")
RANKINGS = tuple(
    AppendOnly(table, "what was published is not changed: publish another version")
    for table in ("projects_ranking", "projects_formula")
)
RULES = (*STATISTICS, *RELEASES, *RANKINGS)
