"""``chanye demo --plant``: make the plant, bring its past up to now, and start everything with the plant beside."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, NoReturn

from chanye.cli.demo.plant import PlantSite, ensure_plant
from chanye.cli.demo.start import Bar
from chanye.cli.supervisor import ChildPlan, replace_file
from chanye.cli.up import apply_settings, free_port, up
from chanye.kernel.settings import get_settings
from chanye.twin.floor import wall_clock
from chanye.twin.parts import DAY, HOUR, MINUTE
from chanye.twin.plant.clerks import Clerks
from chanye.twin.plant.door import Office
from chanye.twin.plant.engine import Plant
from chanye.twin.plant.layout import LINES
from chanye.twin.plant.life import Life
from chanye.twin.plant.people import sheets_between
from chanye.twin.plant.practice import PRACTICES, Mode
from chanye.twin.plant.voice import Voice
from chanye.twin.shop import local_day, midnight

#: Where the lines' agents usually listen.
PORTS = (5001, 5002)


@dataclass(frozen=True, slots=True)
class Remembered:
    """What the plant keeps between starts; ``told``: up to when everything was reported [us UTC]."""

    seed: int
    mode: Mode
    epoch: int
    told: int
    ports: tuple[int, int]

    @classmethod
    def read(cls, path: Path) -> Remembered | None:
        """Return what was written, None if there is nothing readable."""
        try:
            raw = json.loads(path.read_text())
            ports = (int(raw["ports"][0]), int(raw["ports"][1]))
            mode: Mode = "before" if raw["mode"] == "before" else "after"
            return cls(int(raw["seed"]), mode, int(raw["epoch"]), int(raw["told"]), ports)
        except (OSError, ValueError, KeyError, TypeError, IndexError):
            return None


def start(*, data: Path | None, port: int | None, host: str | None, days: int, mode: Mode) -> NoReturn:
    """Start the plant and stay until stopped.

    Parameters
    ----------
    data
        Data folder; None: ``plant`` below the data folder of the settings.
    days
        How much past the first start brings in; 0: the plant begins now. [d]
    """
    folder = data if data is not None else get_settings().data / "plant"
    settings = apply_settings(data=folder, port=port, host=host, demo="true", broker="true")
    apply_settings(broker_port=free_port("127.0.0.1", settings.broker_port))
    up(setup=lambda: prepare_plant(days, mode))


def prepare_plant(days: int, mode: Mode) -> list[ChildPlan]:
    """Make what is missing, bring the past up to now, and return the plant as a process to run."""
    from chanye.cli import setup_django

    setup_django()
    settings = get_settings()
    path = settings.data / "plant.json"
    now = wall_clock()
    # without a past it begins now, at work or not
    epoch = midnight(local_day(now - days * DAY)) + 6 * HOUR if days else now - MINUTE
    known = Remembered.read(path) or Remembered(1, mode, epoch, 0, PORTS)
    first = free_port("127.0.0.1", known.ports[0])
    known = replace(known, ports=(first, free_port("127.0.0.1", max(known.ports[1], first + 1))))
    plant = Plant(PRACTICES[known.mode], known.seed, known.epoch)
    agents = {line.code: f"http://127.0.0.1:{one}" for line, one in zip(LINES, known.ports, strict=True)}
    site = ensure_plant(plant, agents)
    begin = time.monotonic()
    said, rows = _fill_history(plant, site, now)
    entries = report_past(plant, site, known.told, now)
    known = replace(known, told=now)
    replace_file(path, json.dumps(asdict(known)))
    print(
        f"{rows:,} samples and {entries:,} reports of the plant's past in {time.monotonic() - begin:.1f} s; "
        "the plant is simulated.",
        flush=True,
    )
    return [ChildPlan("plant", _command(settings.data, site, known, max(now, said)))]


def _command(data: Path, site: PlantSite, known: Remembered, begin: int) -> list[str]:
    argv = [sys.executable, "-m", "chanye.twin.plant", "--seed", str(known.seed), "--mode", known.mode]
    argv += ["--epoch", str(known.epoch), "--start", str(begin), "--ports", *map(str, known.ports)]
    argv += ["--site", str(site.machines.site), "--broker-file", str(data / "broker" / "address.json")]
    return [*argv, "--web-file", str(data / "run" / "up.json"), "--token-file", str(_token_file(data, site))]


def _token_file(data: Path, site: PlantSite) -> Path:
    """Return the file with the terminals' key; it is made once and only its owner may read it."""
    from chanye.cli.demo.plant import make_token

    path = data / "secrets" / "plant-terminals"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w") as file:
            file.write(make_token(site))
    return path


def _fill_history(plant: Plant, site: PlantSite, now: int) -> tuple[int, int]:
    """Bring in what controls and meters said up to now; return the newest time known and the samples."""
    from chanye.cli.demo import past
    from chanye.spine.history import History

    settings = get_settings()
    rows = 0
    with History(settings.history_folder, min_free_bytes=settings.min_free_mb << 20) as history:
        said = past.latest(history, site.machines)
        since = said + past.STEP if said else plant.record.start
        if since < now:
            bar = Bar("Bringing in the plant's past")
            for line in LINES:
                rows += past.fill(
                    history, site.machines, Voice(plant, line.code), since, now, lambda share: bar(share / len(LINES))
                )
    past.compute_frames()
    return said, rows


def report_past(plant: Plant, site: PlantSite, told: int, now: int) -> int:
    """Let people report what happened up to now, at the time they would have; return the number of entries."""
    from django.db import transaction

    inner = _Inner(site)
    office = Office(inner, site.machines.site)
    sheets = sheets_between(plant.record.start, now)
    life = Life(plant, {}, office, Clerks(plant, sheets=sheets))
    plant.run(now)
    bar: Callable[[float], None] = Bar("Letting people report")
    begin = max(told, plant.record.start)
    if told:
        life.catch_up(told)
    for at in range(begin + HOUR, now + HOUR, HOUR):
        inner.now = min(at, now)
        with transaction.atomic():
            life.report(inner.now)
        bar(HOUR / max(HOUR, now - begin))
    return sum(office.outcomes.values())


class _Inner:
    """The product's interface without the network, at a time of its own: the past is booked when it was reported."""

    def __init__(self, site: PlantSite) -> None:
        self.site, self.now = site, 0

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """Answer like the API."""
        from chanye.domains.factory.actions import inbox, orders
        from chanye.domains.factory.queries import orders as queries

        viewer = self.site.gateway
        if path == "/factory/inbox":
            found = inbox.receive_entries(
                actor=viewer,
                organisation_id=self.site.machines.organisation,
                terminal=body["terminal"],
                entries=body["entries"],
                now=self.now,
            )
            return {"outcomes": [{"outcome": one.outcome, "why": one.why} for one in found]}
        if method == "POST":
            values = {name: value for name, value in body.items() if name != "release"}
            number = orders.create_order(actor=viewer, **values)
            if queries.order(viewer, number).state == "created":
                orders.release_order(actor=viewer, order_id=number)
            return {"id": number}
        order = int(path.split("/")[3])
        return [
            {"id": one.id, "number": one.number, "kind": one.kind}
            for one in queries.operations(viewer, order_id=order)
        ]
