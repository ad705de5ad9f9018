"""A plant at work: 50 terminals that book, 60 machines that speak, walls and offices that look, all at once.

The whole product runs as people run it (``chanye up``), machines speak MQTT to its broker, people are a process of
their own. Beside each answer stands a peer of the same run: the emptiest page the product has, and one durable
insert into a bare SQLite file on the same disk. The genealogy of the ``trace`` bench is asked as well.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np

from chanye.bench.figures import Figure, Result, machine
from chanye.bench.product import Product
from chanye.kernel.errors import ConfigError
from chanye.kernel.time import now_us

TERMINALS, MACHINES, WALLS, OFFICES = 50, 60, 3, 10
PAGE_MS, BOOK_MS, WALL_S = 150, 100, 1.0
PAGE_BAR = "50 terminals and 60 machines live on two cores: page answer p95 ≤ 150 ms"
BOOK_BAR = "booking p95 ≤ 100 ms"
LOCK_BAR = 'no "database is locked"'
WALL_BAR = "A 60-machine wall refreshes within 1 s of a change"
#: How often each machine says how many pieces it has made, and one of them changes its state. [s]
COUNT_EVERY, FLIP_EVERY = 2.0, 1.0
PASSWORD = "a bench of 50 terminals"
STATES = {"ACTIVE": "running", "STOPPED": "stopped"}


@dataclass(frozen=True, slots=True)
class Plant:
    """What was seeded: the token all sign in with, the site, terminals (place, operation), machines by code."""

    token: str
    site: int
    organisation: int
    terminals: list[tuple[str, int]]
    machines: dict[str, int]


@dataclass
class Played:
    """What a run found. ``latency`` [s] by kind, ``wall`` [s] from a change to its being shown."""

    latency: dict[str, list[float]]
    status: dict[str, int]
    faults: list[str]
    booked: int
    stored: int
    wall: list[float]
    locked: int


def run(*, quick: bool = False) -> Result:
    """Measure; ``quick`` plays 15 s instead of 60 and leaves the genealogy to its own bench."""
    played = play(15.0 if quick else 60.0)
    found = figures(played)
    if not quick:
        from chanye.bench import trace_load

        found += trace_load.figures(quick=False)
    return Result("factory", machine(), tuple(found))


def figures(played: Played) -> list[Figure]:
    """Return the figures of a run."""
    empty, bare = _p95(played.latency["empty page"]), _p95(played.latency["bare insert"])
    pages = [one for kind in ("page", "terminal", "wall") for one in played.latency[kind]]
    wall = _p95(played.wall)
    errors = sum(count for key, count in played.status.items() if int(key.rpartition(" ")[2]) >= 500)
    lost = played.booked - played.stored
    return [
        _beside("answers of all pages, p95", _p95(pages), "empty page p95", empty, PAGE_BAR, PAGE_MS),
        *(
            _beside(f"answers, {kind}, p95", _p95(played.latency[kind]), "empty page p95", empty, "", None)
            for kind in ("terminal", "wall", "page")
        ),
        _beside("booking, p95", _p95(played.latency["booking"]), "bare insert p95", bare, BOOK_BAR, BOOK_MS),
        Figure("booking, median", float(np.median(played.latency["booking"])) * 1e3, "ms"),
        Figure("wall shows a change after, p95", wall, "s", bar=WALL_BAR, holds=wall <= WALL_S),
        Figure("changes seen on the wall", len(played.wall), "changes"),
        Figure('"database is locked"', played.locked, "times", bar=LOCK_BAR, holds=played.locked == 0),
        Figure("answers 500 and above", errors, "answers", bar=LOCK_BAR, holds=errors == 0),
        Figure("bookings acknowledged", played.booked, "bookings"),
        Figure("bookings acknowledged but not stored", lost, "bookings", holds=lost == 0),
    ]


def _p95(seconds: Sequence[float]) -> float:
    # not interpolated: what never came is infinite
    return float(np.quantile(seconds, 0.95, method="higher")) if seconds else float("nan")


def _beside(name: str, value: float, peer: str, peer_value: float, bar: str, most: float | None) -> Figure:
    ms, other = value * 1e3, peer_value * 1e3
    return Figure(name, ms, "ms", peer, other, ms / other, bar, None if most is None else ms <= most)


def play(seconds: float, *, database: str = "") -> Played:
    """Start the product on an empty folder, let people and machines work on it, and return what was measured.

    Parameters
    ----------
    seconds
        How long they work.
    database
        PostgreSQL URL for the records; empty: SQLite.
    """
    env = {"CHANYE_DATABASE": database} if database else {}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="chanye-floor-")))
        product = stack.enter_context(Product(folder, env))
        open_records(product.data, env)
        plant = _seed()
        speaking = stack.enter_context(_Machines(product.data, list(plant.machines)))
        people = _people(plant, product.status()["url"], seconds, folder)
        flips = speaking.flips
        stored = _stored()
        locked = sum(_locked(path) for path in [folder / "out.log", *(product.data / "logs").glob("*.log")])
    return Played(
        people["latency"],
        people["status"],
        people["faults"],
        people["booked"],
        stored,
        _delays(flips, people["shown"], plant.machines),
        locked + sum("locked" in one for one in people["faults"]),
    )


def open_records(data: Path, env: dict[str, str]) -> None:
    """Let this process work on the records of the running product."""
    import django

    os.environ.update({"CHANYE_DATA": str(data), "DJANGO_SETTINGS_MODULE": "chanye.web.settings", **env})
    from chanye.kernel.settings import get_settings

    get_settings.cache_clear()
    django.setup()


def _locked(path: Path) -> int:
    return path.read_text(encoding="utf-8", errors="replace").count("database is locked")


def _stored() -> int:
    from chanye.domains.factory.queries.orders import orders
    from chanye.parties.types import SYSTEM

    return sum(one.balance.good for one in orders(SYSTEM))


def _seed() -> Plant:
    """Make the plant: machines on a line, a product, an order for each terminal, the connection to the machines."""
    from chanye.connectors.actions import add_connection
    from chanye.domains.factory.actions.inbox import receive_entries
    from chanye.domains.factory.actions.orders import create_order, release_order
    from chanye.domains.factory.demo import seed_calendar
    from chanye.domains.factory.demo_master import ProductSeed, ReasonSeed, StepSeed, seed_master
    from chanye.domains.factory.queries.orders import operations
    from chanye.parties.actions import add_member, create_api_token, create_organisation, create_person
    from chanye.parties.identity import viewer_for
    from chanye.parties.types import SYSTEM
    from chanye.spine.actions import ensure_asset

    firm = create_organisation(actor=SYSTEM, code="firm", name="Firm", kind="firm")
    boss = create_person(
        actor=SYSTEM, organisation_id=firm, username="boss", name="Boss", role="manager", password=PASSWORD
    )
    add_member(actor=SYSTEM, organisation_id=firm, person_id=boss, role="operator")
    site = ensure_asset(actor=SYSTEM, organisation_id=firm, parent_id=None, kind="site", code="site", name="Site")
    machines = {}
    for i in range(MACHINES):
        made = ensure_asset(
            actor=SYSTEM,
            organisation_id=firm,
            parent_id=site.id,
            kind="work_unit",
            code=f"m{i:02}",
            name=f"机 {i:02}",
        )
        machines[made.code] = made.id
    seed_calendar(actor=SYSTEM, site_id=site.id, around_the_clock=True)
    places = list(machines.items())
    products = []
    for i, (_code, place) in enumerate(places[:TERMINALS]):
        step = StepSeed(10, "加工", place, (), 30, 0, "", 0.1, "", place)
        products.append(ProductSeed(f"P{i}", f"产品 {i}", 1000, "STEEL", (step,)))
    reasons = [ReasonSeed("scrap", "burr", "毛刺"), ReasonSeed("downtime", "fault", "故障")]
    seed_master(
        actor=SYSTEM,
        organisation_id=firm,
        materials=[("STEEL", "钢", 500)],
        products=products,
        reasons=reasons,
        skills=[],
    )
    rules = {
        "topic": "bench/{asset}",
        "time": {"path": "$.t", "format": "us"},
        "values": [
            {"path": "$.state", "code": "state", "unit": "1", "kind": "state", "role": "execution", "states": STATES},
            {"path": "$.n", "code": "count", "unit": "{part}", "kind": "counter", "role": "part_count"},
        ],
    }
    add_connection(
        actor=SYSTEM, site_id=site.id, name="machines", kind="mqtt", options={"source": "embedded", "rules": [rules]}
    )
    terminals = []
    for i, (code, _place) in enumerate(places[:TERMINALS]):
        order = create_order(actor=SYSTEM, site_id=site.id, number=f"W-{i}", product=f"P{i}", quantity=1_000_000)
        release_order(actor=SYSTEM, order_id=order)
        operation = operations(SYSTEM, order_id=order)[0].id
        terminals.append((code, operation))
        start = {"key": f"start-{i}", "kind": "start", "event_at": now_us(), "place": code, "operation": operation}
        (begun,) = receive_entries(actor=SYSTEM, organisation_id=firm, terminal=code, entries=[start])
        if begun.outcome != "booked":
            raise ConfigError(begun.why)
    viewer = viewer_for(boss)
    if viewer is None:
        raise ConfigError("The person just made cannot sign in.")
    _number, token = create_api_token(actor=viewer, name="bench")
    return Plant(token, site.id, firm, terminals, machines)


class _Machines:
    """60 machines that count pieces and, one after the other, stop and go; ``flips`` says when."""

    def __init__(self, folder: Path, codes: list[str]) -> None:
        self.folder, self.codes = folder, codes
        self.flips: list[tuple[float, str, str]] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._speak, daemon=True)

    def __enter__(self) -> Self:
        import paho.mqtt.client as mqtt
        from paho.mqtt.enums import CallbackAPIVersion

        from chanye.connectors.broker import read_address

        address = read_address(self.folder)
        self.client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="bench", clean_session=False)
        self.client.connect(address.host, address.mqtt_port)
        self.client.loop_start()
        self._wait()
        self.flips.clear()
        self._thread.start()
        return self

    def __exit__(self, *problem: object) -> None:
        self._stop.set()
        self._thread.join(10)
        self.client.disconnect()
        self.client.loop_stop()

    def _wait(self) -> None:
        """Wait until the connector has declared the series of all machines, as it does with the first message."""
        from chanye.parties.types import SYSTEM
        from chanye.spine import queries

        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            for code in self.codes:  # what is said before the connection listens is lost, as with any machine
                self._say(code, state="ACTIVE", n=0)
            time.sleep(1.0)
            places = [one.id for one in queries.assets(SYSTEM, kinds=["work_unit"])]
            if len(queries.series_of(SYSTEM, places, roles=["execution"])) >= len(self.codes):
                return
        raise RuntimeError("The machines spoke, but their series did not appear within a minute.")

    def _say(self, code: str, **values: object) -> None:
        at = time.time()
        self.client.publish(f"bench/{code}", json.dumps({"t": round(at * 1e6), **values}), qos=1)
        if "state" in values:
            self.flips.append((at, code, STATES[str(values["state"])]))

    def _speak(self) -> None:
        step = COUNT_EVERY / len(self.codes)
        made = 0
        running = dict.fromkeys(self.codes, True)
        flipped = time.monotonic()
        while not self._stop.wait(step):
            code = self.codes[made % len(self.codes)]
            made += 1
            self._say(code, n=made // len(self.codes))
            if time.monotonic() - flipped >= FLIP_EVERY:
                flipped = time.monotonic()
                other = self.codes[made * 7 % len(self.codes)]
                running[other] = not running[other]
                self._say(other, state="ACTIVE" if running[other] else "STOPPED", n=made // len(self.codes))


def _people(plant: Plant, url: str, seconds: float, folder: Path) -> dict[str, Any]:
    one = next(iter(plant.machines.values()))
    task = {
        "url": url,
        "token": plant.token,
        "cookie": _sign_in(url),
        "site": plant.site,
        "seconds": seconds,
        "terminals": plant.terminals,
        "walls": WALLS,
        "offices": OFFICES,
        "pages": [
            f"/sites/{plant.site}/",
            "/orders/",
            "/terminal/",
            f"/machines/{one}/",
        ],
        "folder": str(folder),
    }
    done = subprocess.run(
        [sys.executable, "-m", "chanye.bench.floor_load"],
        input=json.dumps(task).encode(),
        capture_output=True,
        check=True,
        env=os.environ,
        timeout=seconds + 120,
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _sign_in(url: str) -> str:
    """Return the cookies of a browser in which the boss has signed in."""
    from http.cookiejar import CookieJar
    from urllib.parse import urlencode
    from urllib.request import HTTPCookieProcessor, Request, build_opener

    jar = CookieJar()
    browser = build_opener(HTTPCookieProcessor(jar))
    page = browser.open(f"{url}sign-in/", timeout=30).read().decode()
    token = page.split('name="csrfmiddlewaretoken" value="')[1].split('"')[0]
    form = urlencode({"username": "boss", "password": PASSWORD, "csrfmiddlewaretoken": token}).encode()
    browser.open(Request(f"{url}sign-in/", form, {"Referer": url}), timeout=30).close()
    return "; ".join(f"{one.name}={one.value}" for one in jar)


def _delays(flips: list[tuple[float, str, str]], shown: list[list[Any]], machines: dict[str, int]) -> list[float]:
    """Return how long each change took to be on a wall; infinite if it stood five seconds and was not shown."""
    found = []
    for i, (at, code, state) in enumerate(flips):
        after = next((one[0] for one in flips[i + 1 :] if one[1] == code), float("inf"))
        seen = [when for when, number, word in shown if number == machines[code] and word == state and when >= at]
        if seen and min(seen) < after:
            found.append(min(seen) - at)
        elif min(after, flips[-1][0]) - at > 5:
            found.append(float("inf"))  # shown by nobody, though there was time
    return found
