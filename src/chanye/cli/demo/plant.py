"""The plant of the demo as records: lines, machines, connections, people, products; every call is idempotent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from chanye.cli.demo.site import (
    METER_RULES,
    Place,
    Site,
    bind,
    connect,
    control_drafts,
    ensure_organisation,
    meter_drafts,
)
from chanye.parties.types import SYSTEM, Viewer
from chanye.twin.plant.catalogue import DEFECTS, PRODUCTS, STAGE_NAMES, STOPS, Product
from chanye.twin.plant.engine import Plant
from chanye.twin.plant.flow import SECOND
from chanye.twin.plant.layout import LINES, STATIONS
from chanye.twin.plant.people import PEOPLE, SHIFTS
from chanye.twin.plant.voice import STATES, Voice

ORGANISATION, SITE, METERS = "plant", "plant", "plant-meters"
#: What is bought: name and cost of what one piece takes [fen].
MATERIALS = {
    "AL-CAST": ("铝压铸毛坯", 1850),
    "AL-BAR": ("铝棒", 1400),
    "ST-PLATE": ("钢板", 620),
    "ST-COIL": ("钢卷料", 540),
    "ST-TUBE": ("钢管", 480),
    "KIT-A": ("压缩机套件", 7200),
    "KIT-B": ("风扇套件", 3900),
}
#: Roles of crews in the product.
ROLES = {"maintenance": "maintenance", "quality": "quality"}
#: What a stop of a group counts as.
ELEMENTS = {"failure": "fault", "minor": "stopped", "waiting": "waiting", "quality": "waiting", "line": "waiting"}
HELP = {"MAINTENANCE": ("维修", "Maintenance"), "QUALITY": ("质量", "Quality"), "MATERIAL": ("物料", "Material")}
GROUPS = {
    "planned": ("计划内停机", "Planned"),
    "minor": ("小停机", "Minor stop"),
    "failure": ("设备故障", "Failure"),
    "waiting": ("等待", "Waiting"),
    "quality": ("质量", "Quality"),
    "line": ("线上影响", "Line"),
}


@dataclass(frozen=True, slots=True)
class PlantSite:
    """The plant as the records know it: its machines, its lines by code, and who speaks for its terminals."""

    machines: Site
    lines: Mapping[str, int]
    gateway: Viewer


def ensure_plant(plant: Plant, agents: Mapping[str, str]) -> PlantSite:
    """Make what is missing of the plant in the records.

    Parameters
    ----------
    agents
        Where each line's agent will answer, by line code.
    """
    from chanye.spine.actions import ensure_asset

    organisation = ensure_organisation(ORGANISATION, "演示制造厂（模拟）", ("engineer", "planner", "manager"))
    people = _people(organisation)

    def asset(parent: int | None, kind: str, code: str, name: str) -> int:
        made = ensure_asset(
            actor=SYSTEM,
            organisation_id=organisation,
            parent_id=parent,
            kind=kind,
            code=code,
            name=name,
            timezone="Asia/Shanghai",
            simulated=True,
        )
        return made.id

    site = asset(None, "site", SITE, "演示制造厂")
    lines = {line.code: asset(site, "work_centre", f"line-{line.code.lower()}", line.name) for line in LINES}
    benches = {
        code: asset(line, "work_centre", f"rework-{code.lower()}", f"{code}线返修台") for code, line in lines.items()
    }
    places = {s.code: asset(lines[s.line], "work_unit", s.code.lower(), s.name) for s in STATIONS}
    controls: dict[str, dict[str, tuple[int, str]]] = {}
    for code, line in lines.items():
        options = {"url": agents[code], "interval": 250, "states": dict(STATES)}
        connect(line, f"line-{code.lower()}", "mtconnect", options)
        controls |= bind(f"line-{code.lower()}", control_drafts(Voice(plant, code).machines, STATES))
    rules = _meter_rules()
    connect(site, METERS, "mqtt", {"source": "embedded", "rules": rules})
    meters: dict[str, dict[str, tuple[int, str]]] = {}
    for code in lines:
        root = f"line-{code.lower()}"
        meters |= bind(METERS, meter_drafts(Voice(plant, code).machines, rules, root))
    _master(organisation, places, benches, people)
    _calendar(organisation, site)
    _rates(organisation, site)
    gateway = Viewer(people["plant-gateway"], organisation, frozenset({"manager"}), name="plant-gateway")
    machines = {code: Place(number, controls[code] | meters[code]) for code, number in places.items()}
    return PlantSite(Site(organisation, site, machines), lines, gateway)


def make_token(site: PlantSite) -> str:
    """Make a key for the plant's terminals."""
    from chanye.parties.actions import create_api_token

    return create_api_token(actor=site.gateway, name="terminals")[1]


def _meter_rules() -> list[dict[str, Any]]:
    """Return one rule for each line: its meters sit at its machines."""
    (values,) = [rule["values"] for rule in METER_RULES]
    return [
        {
            "topic": f"line-{line.code.lower()}/{{asset}}/power",
            "time": {"path": "$.ts"},
            "values": values,
            "assets": [
                {"kind": "work_centre", "code": f"line-{line.code.lower()}"},
                {"kind": "work_unit", "code": "{asset}"},
            ],
        }
        for line in LINES
    ]


def _people(organisation: int) -> dict[str, int]:
    """Make the plant's people and the account of its terminals; return their numbers by badge."""
    from chanye.parties.actions import create_person
    from chanye.parties.identity import person_by_username

    wanted = [(one.badge, one.name, ROLES.get(one.crew, "operator")) for one in PEOPLE]
    found: dict[str, int] = {}
    for badge, name, role in [*wanted, ("plant-gateway", "终端网关", "manager")]:
        known = person_by_username(badge)
        found[badge] = (
            known.id
            if known is not None
            else create_person(actor=SYSTEM, organisation_id=organisation, username=badge, name=name, role=role)
        )
    return found


def _master(
    organisation: int, places: Mapping[str, int], benches: Mapping[str, int], people: Mapping[str, int]
) -> None:
    from chanye.domains.factory.demo import seed_rates
    from chanye.domains.factory.demo_master import ReasonSeed, seed_master
    from chanye.domains.factory.demo_quality import seed_quality

    seed_rates(actor=SYSTEM, organisation_id=organisation)
    reasons = [ReasonSeed("downtime", f"G-{code.upper()}", *names) for code, names in GROUPS.items()]
    reasons += [
        ReasonSeed("downtime", code, name, code.capitalize(), f"G-{group.upper()}", _element(code, group))
        for code, (name, group) in STOPS.items()
    ]
    defects = {**DEFECTS, "UNKNOWN": "未记录"}
    reasons += [
        ReasonSeed(tree, code, name, code.capitalize())
        for tree in ("scrap", "rework")
        for code, name in defects.items()
    ]
    reasons += [ReasonSeed("help", code, *names) for code, names in HELP.items()]
    skills = [
        (code, name, [people[one.badge] for one in PEOPLE if code in one.skills])
        for code, name in STAGE_NAMES.items()
    ]
    seed_master(
        actor=SYSTEM,
        organisation_id=organisation,
        materials=[(code, name, cost) for code, (name, cost) in MATERIALS.items()],
        products=[_product(product, places, benches) for product in PRODUCTS],
        reasons=reasons,
        skills=skills,
    )
    seed_quality(
        actor=SYSTEM,
        organisation_id=organisation,
        products=[(product.code, product.steps[0].number) for product in PRODUCTS[:4]],
    )


def _element(code: str, group: str) -> str:
    return {"SETUP": "setup", "FIRST": "setup", "TOOL": "stopped", "NOORDER": "planned_off"}.get(
        code, ELEMENTS.get(group, "")
    )


def _product(product: Product, places: Mapping[str, int], benches: Mapping[str, int]) -> Any:
    from chanye.domains.factory.demo_master import ProductSeed, StepSeed

    steps = []
    for step in product.steps:
        first, *others = [s for s in STATIONS if s.line == product.line and s.stage == step.stage]
        steps.append(
            StepSeed(
                step.number,
                STAGE_NAMES[step.stage],
                places[first.code],
                tuple(places[one.code] for one in others),
                step.cycle / SECOND,
                first.setup / SECOND,
                product.family,
                step.defect,
                step.stage,
                benches[product.line],
            )
        )
    return ProductSeed(product.code, product.name, product.material_fen * 3, product.material, tuple(steps))


def _rates(organisation: int, site: int) -> None:
    """Say what energy, people, machines and scrap cost, and what energy emits."""
    from chanye.domains.factory.actions import energy, measures
    from chanye.domains.factory.queries.measures import rates

    if rates(SYSTEM, organisation):
        return
    energy.adopt_meters(actor=SYSTEM, site_id=site)
    source = "演示数据"
    first = date(2020, 1, 1)
    energy.save_factor(
        actor=SYSTEM,
        organisation_id=organisation,
        carrier="electricity",
        kg_per_kwh=0.5366,
        source=source,
        year=2022,
        valid_from=first,
    )
    period = {"band": "flat", "start": 0, "end": 1440, "price": 72_000}
    energy.save_tariff(actor=SYSTEM, organisation_id=organisation, valid_from=first, periods=[period])
    for kind, amount in (("labour", 4800), ("machine", 9000), ("scrap", 0)):
        measures.set_rate(
            actor=SYSTEM, organisation_id=organisation, kind=kind, amount=amount, valid_from=0, source=source
        )


def _calendar(organisation: int, site: int) -> None:
    """Say when the plant works."""
    from chanye.domains.factory.actions import machines as actions
    from chanye.domains.factory.queries import machines as queries

    if any(name == "两班" for _, name, _ in queries.calendars(SYSTEM)):
        return

    def clock(at: int) -> str:
        return f"{at // 3_600_000_000:02d}:{at // 60_000_000 % 60:02d}"

    shifts = [
        {
            "name": one.name,
            "days": list(range(6)),
            "start": clock(one.start),
            "end": clock(one.end),
            "breaks": [[clock(one.rest[0]), clock(one.rest[1])]],
        }
        for one in SHIFTS
    ]
    pattern = {"zone": "Asia/Shanghai", "shifts": shifts, "exceptions": {}}
    number = actions.save_calendar(actor=SYSTEM, organisation_id=organisation, name="两班", pattern=pattern)
    actions.assign_calendar(actor=SYSTEM, asset_id=site, calendar_id=number)
