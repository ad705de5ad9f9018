"""The district of the demo as records: its office, firms, people and sites, and the firms' history from files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from chanye.parties.types import DISTRICT, SYSTEM, Viewer
from chanye.twin.district.counters import mapping, write
from chanye.twin.district.model import District

if TYPE_CHECKING:
    from chanye.spine.history import History

OFFICE, OFFICE_NAME = "office", "演示区经济和信息化办公室（模拟）"
#: Who works in the office: user name, name, role. The visitor is the officer.
OFFICE_PEOPLE = (
    ("demo", "演示专员", "officer"),
    ("office-checker", "审核专员 张弛", "officer"),
    ("office-reviewer-1", "评审专家 李可", "reviewer"),
    ("office-reviewer-2", "评审专家 周宁", "reviewer"),
    ("office-reviewer-3", "评审专家 何苗", "reviewer"),
    ("office-manager", "负责人 陈澄", "manager"),
    ("office-finance", "财务 杨帆", "finance"),
    ("office-auditor", "审计 罗明", "auditor"),
)

#: Where in all of an import each of its steps begins, and how much of it it is.
_SHARES = {"digest": (0.0, 0.02), "check": (0.02, 0.3), "write": (0.32, 0.68)}


@dataclass(frozen=True, slots=True)
class FirmSite:
    """A firm as the records know it: its organisation, its site, and who acts for it."""

    organisation: int
    site: int
    manager: Viewer


@dataclass(frozen=True, slots=True)
class DistrictSite:
    """The district as the records know it; ``people`` by user name, ``firms`` by code."""

    office: int
    people: Mapping[str, Viewer]
    firms: Mapping[str, FirmSite]


def ensure_district(district: District) -> DistrictSite:
    """Make what is missing of the office, its people, the firms and their sites; every call is idempotent."""
    office = _organisation(OFFICE, OFFICE_NAME, DISTRICT)
    people = {username: _person(username, name, role, office, DISTRICT) for username, name, role in OFFICE_PEOPLE}
    from chanye.spine.actions import ensure_asset

    firms = {}
    for firm in district.firms:
        number = _organisation(firm.code, firm.name, "firm")
        manager = _person(f"{firm.code}-manager", f"{firm.name[:4]}负责人", "manager", number, "firm")
        site = ensure_asset(
            actor=SYSTEM,
            organisation_id=number,
            parent_id=None,
            kind="site",
            code=firm.code,
            name=firm.name,
            timezone="Asia/Shanghai",
            simulated=True,
        )
        firms[firm.code] = FirmSite(number, site.id, manager)
    return DistrictSite(office, people, firms)


def fill(
    history: History,
    district: District,
    site: DistrictSite,
    folder: Path,
    progress: Callable[[float], None] | None = None,
) -> int:
    """Write the firms' files and import them as anybody would; return the number of samples that came in."""
    from chanye.connectors.file.importer import import_deliveries
    from chanye.connectors.file.mapping import parse_map
    from chanye.connectors.file.target import Target

    deliveries = []
    for firm, path in write(district, folder):
        place = site.firms[firm.code]
        deliveries.append((Target(place.organisation, place.site, f"import:{firm.code}"), path))
    shown = 0.0

    def tell(doing: str, done: int, of: int) -> None:
        nonlocal shown
        share = _SHARES[doing][0] + _SHARES[doing][1] * done / max(of, 1)
        if progress is not None and share > shown:
            progress(share - shown)
            shown = share

    done = import_deliveries(
        actor=SYSTEM,
        deliveries=deliveries,
        history=history,
        mapping=parse_map(mapping()),
        name="district",
        progress=tell,
    )
    return done.stored


def _organisation(code: str, name: str, kind: str) -> int:
    from chanye.parties.actions import create_organisation
    from chanye.parties.queries import organisation_by_code

    known = organisation_by_code(SYSTEM, code)
    return known.id if known else create_organisation(actor=SYSTEM, code=code, name=name, kind=kind)


def _person(username: str, name: str, role: str, organisation: int, kind: str) -> Viewer:
    from chanye.parties.actions import create_person
    from chanye.parties.identity import person_by_username

    known = person_by_username(username)
    number = (
        known.id
        if known is not None
        else create_person(actor=SYSTEM, organisation_id=organisation, username=username, name=name, role=role)
    )
    return Viewer(number, organisation, frozenset({role}), name=name, kind=kind)
