"""``chanye demo --plant --score``: the whole product against a plant whose truth is known, through its own doors."""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from chanye.cli.demo.plant import PlantSite, ensure_plant, make_token
from chanye.cli.demo.plant_report import Played, print_table, report
from chanye.cli.demo.score import PERIOD, until, worked
from chanye.cli.up import Stack, apply_settings, free_port, prepare
from chanye.kernel.errors import ConfigError
from chanye.twin.floor import ShopClock, wall_clock
from chanye.twin.parts import MINUTE
from chanye.twin.plant import script
from chanye.twin.plant.clerks import Clerks
from chanye.twin.plant.door import Door, Office
from chanye.twin.plant.engine import Plant
from chanye.twin.plant.layout import LINES, STATIONS
from chanye.twin.plant.life import Life, connect_meters, make_agents, make_floors
from chanye.twin.plant.practice import PRACTICES, Mode
from chanye.twin.plant.score import (
    Told,
    score_counts,
    score_reasons,
    true_counts,
    true_energy,
    true_figures,
    true_reasons,
)
from chanye.twin.score import Answer, score

SEED = 2026
#: What is played after the window, so that its end is seen. [us]
AFTER = 3 * MINUTE


def run(*, mode: Mode, minutes: int, speed: float, as_json: bool, data: Path | None = None) -> int:
    """Play, ask, compare, print; return 0 if the bars are reached, else 1.

    Parameters
    ----------
    mode
        How the plant is run: ``before`` on paper, ``after`` with terminals.
    minutes
        Length of the scored window on the plant's clock. [min]
    speed
        Seconds of the plant in one of ours.
    data
        Folder to use, e.g. to look at it afterwards; None: a temporary one.

    Raises
    ------
    ConfigError
        If the folder holds something already.
    """
    if data is not None and data.exists() and any(data.iterdir()):
        raise ConfigError(f"{data} is not empty: give --data a folder that is new, or leave it out.")
    with tempfile.TemporaryDirectory(prefix="chanye-plant-") as temporary:
        found = play(data or Path(temporary), mode, minutes * MINUTE, speed, _mute if as_json else _say)
    if as_json:
        print(json.dumps(report(found), ensure_ascii=False))
    else:
        print_table(found)
    return 0 if found.holds else 1


def play(folder: Path, mode: Mode, window: int, speed: float, say: Callable[[str], None]) -> Played:
    """Run the whole product on ``folder`` against the plant."""
    begin = time.monotonic()
    settings = apply_settings(data=folder, port=0, broker="true", broker_port=0)
    settings.data.mkdir(parents=True, exist_ok=True)
    say("Preparing an empty product")
    prepare(settings)
    from chanye.cli import setup_django
    from chanye.connectors.broker import read_address

    setup_django()
    start = script.start_of_score(wall_clock())
    plant = Plant(PRACTICES[mode], SEED, start, troubles=script.troubles(start, window))
    agents = make_agents(plant, [free_port("127.0.0.1", 0) for _ in LINES])
    site = ensure_plant(plant, {code: agent.url.rstrip("/") for code, agent in agents.items()})
    floors = make_floors(plant, agents, lambda: start, outages=script.outages(start, window), period=PERIOD)
    with Stack(settings.data, 0, ["--broker"]) as stack:
        office = Office(Door(stack.url.rstrip("/"), make_token(site)), site.machines.site)
        clerks = Clerks(plant, script.offline(start, window), (start + window,))
        life = Life(plant, floors, office, clerks)
        try:
            address = read_address(settings.data)
            connect_meters(floors, address.host, address.mqtt_port)
            for floor in floors.values():
                floor.start()
            until(lambda: _reached(life, site, controls_only=True), "the connection to the plant's agents")
            say(f"Playing {window // MINUTE} minutes of the plant, {mode}, at {speed:g} times its speed")
            _play(life, (start + window, start + window + AFTER), speed)
            say("Waiting until everything has arrived")
            until(lambda: _reached(life, site) and worked(), "the last readings and frames")
            found = ask(life, site, (start, start + window))
        finally:
            life.close()
    found.seconds = time.monotonic() - begin
    return found


def _play(life: Life, ends: tuple[int, int], speed: float) -> None:
    """Play up to the window's end, let everybody report, and play a little on."""
    end, after = ends
    at = min(floor.position for floor in life.floors.values())
    clock = ShopClock(at, speed)
    while at < end:
        at = min(clock(), end)
        life.step(at, last=at == end)
        time.sleep(0.05)
    life.office.send(1 << 62)
    for floor in life.floors.values():
        floor.step(after)


def _reached(life: Life, site: PlantSite, *, controls_only: bool = False) -> bool:
    """Whether the newest of everything that was said is stored."""
    from chanye.spine.store import reader

    places = site.machines.places
    wanted: dict[int, int] = {}
    for floor in life.floors.values():
        for observation in floor.agent.buffer.current().observations:
            item = floor.agent.items[observation.item]
            wanted[places[item.device].series[item.name][0]] = observation.time
        if not controls_only:
            if floor.meters is None or floor.meters.pending():
                return False
            last = (floor.position - 1) // PERIOD * PERIOD
            wanted |= {places[machine].series["energy_kwh"][0]: last for machine in floor.shop.machines}
    latest = reader().latest(list(wanted))
    return all(int(t) >= at for t, at in zip(latest.time, wanted.values(), strict=True))


def ask(life: Life, site: PlantSite, window: tuple[int, int]) -> Played:
    """Ask the product what its pages would say, and compare."""
    record = life.plant.record
    machines = [
        score(floor.truth(machine, *window), _machine(site, machine, *window))
        for floor in life.floors.values()
        for machine in floor.shop.machines
    ]
    operations = score_counts(true_counts(record, *window), _operations(life.office))
    return Played(
        life.plant,
        life.office,
        machines,
        operations,
        _stops(life.plant, site, window),
        _loose(life.plant, site, window),
        _energy(life, site, window),
        _figures(site, window),
        true_figures(life.plant, *window),
    )


def _stops(plant: Plant, site: PlantSite, window: tuple[int, int]) -> dict[str, Told]:
    """Compare reasons: where nobody gave one, none is the right answer."""
    from chanye.domains.factory.queries.downtime import stops
    from chanye.parties.types import SYSTEM

    told: dict[int, list[tuple[int, int, str]]] = {}
    for stop in stops(
        SYSTEM, [place.asset for place in site.machines.places.values()], *window, now=window[1] + AFTER
    ):
        told.setdefault(stop.asset_id, []).extend(
            (piece.start, window[1] + AFTER if piece.end is None else piece.end, piece.reason)
            for piece in stop.pieces
        )
    found: dict[str, Told] = {}
    for machine, station in enumerate(STATIONS):
        truth = true_reasons(plant.record, machine, *window)
        if plant.practice.mode == "before":
            truth = [(start, end, "") for start, end, _ in truth]
        found[station.code] = score_reasons(truth, told.get(site.machines.places[station.code].asset, []))
    return found


def _loose(plant: Plant, site: PlantSite, window: tuple[int, int]) -> tuple[int, int]:
    """Return pieces made for no order: true, told. On paper nobody says when an order is on a machine."""
    from chanye.domains.factory.queries.link import unassigned
    from chanye.parties.types import SYSTEM

    if plant.practice.mode == "before":
        true = sum(plant.record.cycles(*window).values())
    else:
        true = sum(one.order < 0 for one in plant.record.happened(*window))
    return true, round(sum(one.counted for one in unassigned(SYSTEM, site.machines.site, *window)))


def _energy(life: Life, site: PlantSite, window: tuple[int, int]) -> tuple[float, float]:
    """Return the energy drawn while somebody had an operation on a machine: true, and told right [kWh]."""
    from chanye.domains.factory.queries.energy import site_energy
    from chanye.parties.types import SYSTEM

    truth = true_energy(life.plant, *window) if life.plant.practice.mode == "after" else {}
    where = {number: place[:2] for place, number in life.office.operations.items()}
    told = {
        where[one.id]: one.amount.kwh
        for one in site_energy(SYSTEM, site.machines.site, *window, now=window[1]).operations
    }
    right = sum(kwh - min(kwh, abs(kwh - told.get(place, 0.0))) for place, kwh in truth.items())
    return sum(truth.values()), right


def _figures(site: PlantSite, window: tuple[int, int]) -> dict[str, float | None]:
    """Return what the product makes of the window: cost of a piece, efficiency, defects."""
    from chanye.domains.factory.queries.measures import measures
    from chanye.parties.types import SYSTEM

    (whole,) = measures(SYSTEM, site.machines.site, *window, "site", now=window[1])
    names = ("unit_cost", "production_efficiency", "defect_rate", "capacity", "energy_per_piece", "availability")
    return {name: whole.figures[name].value for name in names}


def _machine(site: PlantSite, machine: str, start: int, end: int) -> Answer:
    from chanye.domains.factory.queries import machines as factory
    from chanye.parties.types import SYSTEM
    from chanye.spine.history.types import SeriesSpec
    from chanye.spine.store import reader

    place = site.machines.places[machine]
    strip = factory.strip(SYSTEM, place.asset, start, end, now=end)
    kpis = factory.machine_kpis(SYSTEM, place.asset, start, end, now=end)
    answer = reader().aggregate(
        [SeriesSpec(place.series["energy_kwh"][0])], start, end + 1, end + 1 - start, ["Increase"]
    )
    increase = float(answer.columns["Increase"][0][0])
    states = tuple((piece.start, piece.end, piece.state) for piece in strip)
    return Answer(machine, states, kpis.produced.value, None if increase != increase else increase)  # NaN


def _operations(office: Office) -> dict[tuple[int, int, bool], tuple[int, int, int]]:
    from chanye.domains.factory.queries import orders
    from chanye.parties.types import SYSTEM

    where = {number: place for place, number in office.operations.items()}
    found = orders.operations(SYSTEM, operation_ids=list(where))
    counts = {where[one.id]: (one.good, one.scrap, one.rework) for one in found}
    return {place: told for place, told in counts.items() if any(told)}


def _mute(text: str) -> None:
    """Say nothing."""


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
