"""A small district for the tests: an office with people, firms in sectors and towns, months of returns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import count

from chanye.domains.projects.actions.profiles import save_profiles
from chanye.domains.projects.actions.returns import Filing, adopt_standard, file_returns
from chanye.domains.projects.queries import profiles
from chanye.kernel.time import now_us
from chanye.parties import actions as parties
from chanye.parties.types import DISTRICT, SYSTEM, Viewer

_number = count(1)
#: A fourth of what a firm reports: output value, revenue, tax [fen], employees, energy [0.01 tce].
BASE = {"output_value": 400_000_000, "revenue": 380_000_000, "tax": 9_000_000, "employees": 120, "energy": 30_000}


class District:
    """The office, its people, and firms ``F1``… with a profile each."""

    def __init__(self, firms: Sequence[tuple[str, str, str]], *, since: str = "2020-01") -> None:
        mark = next(_number)
        self.id = parties.create_organisation(actor=SYSTEM, code=f"office{mark}", name="渝北区", kind=DISTRICT)
        self.officer = self.person("officer", "officer")
        self.manager = self.person("boss", "manager")
        adopt_standard(actor=self.officer, office_id=self.id)
        self.organisations: dict[str, int] = {}
        rows = []
        for i, (sector, town, size) in enumerate(firms, start=1):
            code = f"F{i}x{mark}"
            self.organisations[f"F{i}"] = parties.create_organisation(actor=SYSTEM, code=code, name=f"Firm {i}")
            rows.append({"code": code, "sector": sector, "town": town, "size": size, "since": since,
                         "latitude": 29.7 + i / 100, "longitude": 106.6 + i / 100})  # fmt: skip
        save_profiles(actor=self.officer, office_id=self.id, rows=rows)
        known = {one.organisation_id: one for one in profiles.firms(self.officer)}
        self.firms = {name: known[number] for name, number in self.organisations.items()}

    def person(self, name: str, *roles: str) -> Viewer:
        """Return somebody of the office."""
        return Viewer(None, self.id, frozenset(roles), name=name, kind=DISTRICT)

    def of(self, firm: str, *roles: str) -> Viewer:
        """Return somebody of a firm."""
        return Viewer(None, self.organisations[firm], frozenset(roles or ("manager",)), name=firm)

    def file(self, firm: str, month: str, reason: str = "", **values: int) -> int:
        """Report a month; what is not named is as usual."""
        filing = Filing(self.firms[firm].id, month, {**usual(month), **values}, reason)
        return file_returns(actor=self.officer, office_id=self.id, filings=[filing])

    def file_all(self, months: Mapping[str, Mapping[str, Mapping[str, int]]]) -> int:
        """Report month -> firm -> values in one go."""
        filings = [
            Filing(self.firms[firm].id, month, {**usual(month), **values}, "test")
            for month, firms in months.items()
            for firm, values in firms.items()
        ]
        return file_returns(actor=self.officer, office_id=self.id, filings=filings)


def usual(month: str) -> dict[str, int]:
    """Return what an ordinary firm reports."""
    return {**BASE, "investment": 100_000_000 * int(month[5:])}


def month_now() -> str:
    """Return the month of now."""
    from chanye.domains.projects.rules.months import month_at

    return month_at(now_us())
