"""The demo's organisation, people, site and connections; every call is idempotent, so that a broken start heals."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from chanye.connectors.types import TagDraft
from chanye.parties.types import SYSTEM
from chanye.twin.parts import Machine
from chanye.twin.shop import Shop

ORGANISATION, SITE = "demo", "demo"
CONTROLS, METERS = "cnc-shop", "power-meters"
#: What this plant's own words mean: it stops optionally for set-ups only, and is STOPPED only by a fault.
WORDS = {"OPTIONAL_STOP": "setup", "STOPPED": "fault"}
METER_RULES: list[dict[str, Any]] = [
    {
        "topic": "twin/{asset}/power",
        "time": {"path": "$.ts"},
        "values": [
            {"path": "$.power_kw", "code": "power", "name": "功率", "unit": "kW", "role": "power", "hold_s": 300},
            {
                "path": "$.energy_kwh",
                "code": "energy",
                "name": "电能",
                "unit": "kW.h",
                "kind": "counter",
                "role": "energy",
            },
        ],
    }
]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a machine's items are kept: ``asset`` and, by item, ``(series, kind)``."""

    asset: int
    series: Mapping[str, tuple[int, str]]


@dataclass(frozen=True, slots=True)
class Site:
    """The demo site as the records know it; ``places`` by machine code of the shop."""

    organisation: int
    site: int
    places: Mapping[str, Place]


def ensure_site(shop: Shop, agent_url: str, *, name: str = "演示机加工车间", stream: bool = True) -> Site:
    """Make what is missing of the demo: organisation, people, site, connections, machines and series.

    Parameters
    ----------
    agent_url
        Where the shop's agent will answer.
    stream
        Whether the agent pushes; see the ``mtconnect`` connector.
    """
    from chanye.connectors.mtconnect.translate import slug
    from chanye.spine.actions import ensure_asset

    organisation = ensure_organisation(ORGANISATION, "演示机加工厂（模拟）", ("engineer", "planner"))
    site = ensure_asset(
        actor=SYSTEM,
        organisation_id=organisation,
        parent_id=None,
        kind="site",
        code=SITE,
        name=name,
        timezone="Asia/Shanghai",
        simulated=True,
    )
    connect(site.id, CONTROLS, "mtconnect", {"url": agent_url, "stream": stream, "interval": 250, "states": WORDS})
    connect(site.id, METERS, "mqtt", {"source": "embedded", "rules": METER_RULES})
    controls = bind(CONTROLS, control_drafts(shop.machines, WORDS))
    meters = bind(METERS, meter_drafts(shop.machines, METER_RULES))
    assets: dict[str, int] = {}
    for machine in shop.machines.values():
        made = ensure_asset(
            actor=SYSTEM,
            organisation_id=organisation,
            parent_id=site.id,
            kind="work_unit",
            code=slug(machine.code),
            name=machine.name,
        )
        assets[machine.code] = made.id
    _calendars(shop, organisation, assets)
    places = {code: Place(asset, controls[code] | meters[code]) for code, asset in assets.items()}
    return Site(organisation, site.id, places)


def ensure_organisation(code: str, name: str, roles: Sequence[str] = ("engineer",)) -> int:
    """Make the demo's organisation if it is missing, and the person who looks at it with some roles; return it."""
    from chanye.parties.actions import add_member, create_organisation, create_person
    from chanye.parties.identity import person_by_username
    from chanye.parties.queries import organisations

    found = [one for one in organisations(SYSTEM) if one.code == code]
    number = found[0].id if found else create_organisation(actor=SYSTEM, code=code, name=name, kind="firm")
    if person_by_username("demo") is None:
        first, *others = roles
        person = create_person(actor=SYSTEM, organisation_id=number, username="demo", name="演示工程师", role=first)
        for role in others:
            add_member(actor=SYSTEM, organisation_id=number, person_id=person, role=role)
    return number


def connect(site: int, name: str, kind: str, options: Mapping[str, Any]) -> None:
    """Add a connection at an asset, or give the one of that name these options."""
    from chanye.connectors.actions import add_connection, change_connection
    from chanye.connectors.queries import connections

    found = [one.id for one in connections(SYSTEM) if one.name == name]
    if found:
        change_connection(actor=SYSTEM, connection_id=found[0], options=options)
    else:
        add_connection(actor=SYSTEM, site_id=site, name=name, kind=kind, options=options)


def control_drafts(machines: Mapping[str, Machine], words: Mapping[str, str]) -> dict[tuple[str, str], TagDraft]:
    """Return what the ``mtconnect`` connector will declare for an agent of these machines, in the plant's words."""
    from chanye.connectors.mtconnect.translate import drafts_of, items_of
    from chanye.protocols.mtconnect.model import parse_probe
    from chanye.twin.agent import Agent
    from chanye.twin.devices import items_of as twin_items

    drafts: dict[tuple[str, str], TagDraft] = {}
    for device in parse_probe(Agent(machines=list(machines.values())).probe()).devices:
        names = {item.id: key for key, item in twin_items(machines[device.name]).items()}
        for draft in drafts_of(device, items_of(device, lambda item: item.id, {}), words):
            drafts[device.name, names[draft.address]] = draft
    return drafts


def meter_drafts(
    machines: Iterable[str], meter_rules: Sequence[Mapping[str, Any]], root: str = "twin"
) -> dict[tuple[str, str], TagDraft]:
    """Return what the ``mqtt`` connector will declare for meters that publish below ``root``."""
    from chanye.connectors.mqtt.decode import Decoded, decode
    from chanye.connectors.mqtt.rules import TopicRule
    from chanye.twin.meter import Reading, payload, topic

    rules = [TopicRule.model_validate(rule) for rule in meter_rules]
    drafts: dict[tuple[str, str], TagDraft] = {}
    for machine in machines:
        decoded = decode(topic(machine, root), payload(Reading(machine, 0, 1.0, 1.0)), rules, 0)
        if isinstance(decoded, Decoded):
            tags = [origin.tag(a) for origin, a in zip(decoded.origins, decoded.readings.address, strict=True)]
            drafts |= {(machine, "power_kw" if t.series.role == "power" else "energy_kwh"): t for t in tags}
    return drafts


def bind(connection: str, drafts: Mapping[tuple[str, str], TagDraft]) -> dict[str, dict[str, tuple[int, str]]]:
    """Declare drafts as the connector will; return machine -> item -> (series, kind)."""
    from chanye.connectors.binding import RecordsBook

    numbers = RecordsBook().declare(connection, list(drafts.values()))
    found: dict[str, dict[str, tuple[int, str]]] = {}
    for (machine, item), draft in drafts.items():
        found.setdefault(machine, {})[item] = (numbers[draft.address], draft.series.kind)
    return found


def pattern(machine: Machine) -> dict[str, Any]:
    """Return a machine's shifts as a calendar: one shift a day, its pauses as breaks."""

    def clock(minutes: int) -> str:
        return f"{minutes // 60 % 24:02d}:{minutes % 60:02d}"

    periods = machine.shifts
    breaks = [[clock(before[1]), clock(after[0])] for before, after in pairwise(periods)]
    days = list(range(6 if machine.rests_on_sunday else 7))
    shift = {
        "name": "班",
        "days": days,
        "start": clock(periods[0][0]),
        "end": clock(periods[-1][1]),
        "breaks": breaks,
    }
    return {"zone": "Asia/Shanghai", "shifts": [shift], "exceptions": {}}


def _calendars(shop: Shop, organisation: int, assets: Mapping[str, int]) -> None:
    """Say what is expected of each machine, and give it its shifts, unless that was done before."""
    from chanye.domains.factory.actions import machines as actions
    from chanye.domains.factory.queries import machines as queries

    known = {name for _, name, _ in queries.calendars(SYSTEM)}
    for machine in shop.machines.values():
        name = f"{machine.name} 班次"
        if name in known:
            continue
        times = {part.program: part.cycle for part in machine.parts}
        actions.configure_machine(actor=SYSTEM, asset_id=assets[machine.code], run_times=times)
        number = actions.save_calendar(
            actor=SYSTEM, organisation_id=organisation, name=name, pattern=pattern(machine)
        )
        actions.assign_calendar(actor=SYSTEM, asset_id=assets[machine.code], calendar_id=number)
