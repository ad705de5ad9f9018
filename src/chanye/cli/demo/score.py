"""``chanye demo --score``: the whole product against a shop whose truth is known, through real protocols."""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from chanye.cli.demo.site import Site, ensure_site
from chanye.cli.up import Stack, apply_settings, free_port, prepare
from chanye.kernel.errors import ConfigError, TransientError
from chanye.twin.agent import Agent
from chanye.twin.floor import Floor, Outage, ShopClock
from chanye.twin.meter import Meters
from chanye.twin.parts import HOUR, MINUTE
from chanye.twin.plan import SECOND, Trouble
from chanye.twin.score import COUNTS_BAR, STATES_BAR, Answer, Score, Total, score, total
from chanye.twin.shop import Shop, local_day, midnight

#: The scored day begins on Monday 2026-03-02 at 10:00 in Beijing, whenever it is played.
MONDAY = midnight(local_day(1_772_400_000_000_000))
START = MONDAY + 10 * HOUR
SEED = 2026
PERIOD = 10 * SECOND
#: What is played after the window, so that its end is seen, and how long everything may take to arrive. [us], [s]
AFTER, PATIENCE = 3 * MINUTE, 60.0
#: Speed per minute played: leaves 4 s of our time between the end of the silence and the restart of the agent,
#: for connections wait up to 3.5 s in all before their third try.
FASTEST = 2.1


def script(start: int, window: int) -> tuple[list[Trouble], list[Outage]]:
    """Return the troubles of a window: what happens to machines, and what happens to the ways out."""

    def at(share: float) -> int:
        return start + round(window * share / SECOND) * SECOND

    plain = Shop(SEED, start)
    troubles: list[Trouble] = []
    for machine, kind, begin, lasts in (
        ("VMC-02", "changeover", 0.10, 0.07),
        ("HMC-01", "breakdown", 0.20, 0.08),
        ("CNC-01", "counter_reset", 0.40, 0.004),
    ):
        moment = _working(plain, machine, at(begin))
        troubles.append(Trouble(machine, kind, moment, max(SECOND, at(lasts) - start)))  # type: ignore[arg-type]  # a literal of the table above
    outages = [
        Outage("adapter", at(0.30), at(0.38), "CNC-02"),
        Outage("silence", at(0.50), at(0.56)),
        Outage("restart", at(0.70), at(0.75)),
    ]
    return troubles, outages


def _working(shop: Shop, machine: str, at: int) -> int:
    """Return a moment from ``at`` on at which the machine cuts: troubles do not happen to a machine at rest."""
    for span in shop.spans(machine, at, at + 12 * HOUR):
        begin = max(span.start, at)
        if span.physical == "running" and span.end - begin > 2 * SECOND:
            return begin + SECOND
    return at


def run(*, minutes: int, speed: float, as_json: bool, data: Path | None = None) -> int:
    """Play, ask, compare, print; return 0 if the bars are reached, else 1.

    Parameters
    ----------
    minutes
        Length of the scored window on the shop's clock. [min]
    speed
        Seconds of the shop in one of ours.
    data
        Folder to use, e.g. to look at it afterwards; None: a temporary one.

    Raises
    ------
    ConfigError
        If the folder holds something already: what lies there would be scored too; or if the shop is to run so fast
        that the truth itself could not be observed.
    """
    if speed > minutes * FASTEST:
        raise ConfigError(
            f"At {speed:g} times life the shop's agent forgets what it holds before a connection can be back: "
            f"{minutes} minutes can be played at most at {minutes * FASTEST:g} times."
        )
    if data is not None and data.exists() and any(data.iterdir()):
        raise ConfigError(f"{data} is not empty: give --data a folder that is new, or leave it out.")
    with tempfile.TemporaryDirectory(prefix="chanye-score-") as temporary:
        folder = data or Path(temporary)
        scores, seconds = play(folder, minutes * MINUTE, speed, (lambda _: None) if as_json else _say)
    found = total(scores)
    if as_json:
        print(json.dumps(report(scores, found, seconds), ensure_ascii=False))
    else:
        _print_table(scores, found)
    return 0 if found.holds else 1


def play(folder: Path, window: int, speed: float, say: Callable[[str], None]) -> tuple[list[Score], float]:
    """Run the whole product on ``folder`` against the shop; return the scores and how long it took [s]."""
    begin = time.monotonic()
    settings = apply_settings(data=folder, port=0, broker="true", broker_port=0)
    settings.data.mkdir(parents=True, exist_ok=True)
    say("Preparing an empty product")
    prepare(settings)
    from chanye.cli import setup_django

    setup_django()
    troubles, outages = script(START, window)
    shop = Shop(SEED, START, troubles)
    agent = Agent(port=free_port("127.0.0.1", 0))
    site = ensure_site(shop, agent.url.rstrip("/"))
    floor = Floor(shop, agent, lambda: START, outages=outages, period=PERIOD)
    with Stack(settings.data, 0, ["--broker"]):
        floor.meters = _meters(settings.data)
        floor.start()
        try:
            until(lambda: _reached(floor, site, controls_only=True), "the connection to the shop's agent")
            say(f"Playing {window // MINUTE} minutes of the shop at {speed:g} times its speed")
            _play(floor, START + window + AFTER, speed)
            say("Waiting until everything has arrived")
            until(lambda: _reached(floor, site) and worked(), "the last readings and frames")
            answers = [ask(site, machine, START, START + window) for machine in shop.machines]
        finally:
            floor.agent.hang_up()
            floor.meters.stop()
    scores = [score(floor.truth(answer.machine, START, START + window), answer) for answer in answers]
    return scores, time.monotonic() - begin


def _meters(data: Path) -> Meters:
    from chanye.connectors.broker import read_address

    address = read_address(data)
    meters = Meters(address.host, address.mqtt_port)
    meters.start()
    return meters


def _play(floor: Floor, end: int, speed: float) -> None:
    clock = ShopClock(floor.position, speed)
    while floor.position < end:
        floor.step(min(clock(), end))
        time.sleep(0.05)


def until(reached: Callable[[], bool], what: str) -> None:
    """Wait until something is reached.

    Raises
    ------
    TransientError
        If that takes too long.
    """
    deadline = time.monotonic() + PATIENCE
    while not reached():
        if time.monotonic() > deadline:
            raise TransientError(f"Waited {PATIENCE:.0f} s for {what}; look into the logs folder for the reason.")
        time.sleep(0.1)


def _reached(floor: Floor, site: Site, *, controls_only: bool = False) -> bool:
    """Whether the newest of everything that was said is stored."""
    from chanye.spine.store import reader

    wanted: dict[int, int] = {}
    for observation in floor.agent.buffer.current().observations:
        item = floor.agent.items[observation.item]
        series, _ = site.places[item.device].series[item.name]
        wanted[series] = observation.time
    if not controls_only:
        if floor.meters is None or floor.meters.pending():
            return False
        last = (floor.position - 1) // PERIOD * PERIOD
        wanted |= {place.series["energy_kwh"][0]: last for place in site.places.values()}
    latest = reader().latest(list(wanted))
    return all(int(t) >= time for t, time in zip(latest.time, wanted.values(), strict=True))


def worked() -> bool:
    """Whether the processors have worked all that arrived."""
    from chanye.spine import frame_queries
    from chanye.spine.store import reader

    cursors = frame_queries.cursors().values()
    return len(cursors) >= 3 and all(reader().since(cursor).cursor == cursor for cursor in cursors)


def ask(site: Site, machine: str, start: int, end: int) -> Answer:
    """Ask the product what its pages would say of one machine and window."""
    from chanye.domains.factory.queries import machines as factory
    from chanye.parties.types import SYSTEM
    from chanye.spine.history.types import SeriesSpec
    from chanye.spine.store import reader

    place = site.places[machine]
    strip = factory.strip(SYSTEM, place.asset, start, end, now=end)
    kpis = factory.machine_kpis(SYSTEM, place.asset, start, end, now=end)
    spec = SeriesSpec(place.series["energy_kwh"][0])
    # The register is read on a grid that holds both edges; the reading at the end itself belongs to the window.
    answer = reader().aggregate([spec], start, end + 1, end + 1 - start, ["Increase"])
    increase = float(answer.columns["Increase"][0][0])
    states = tuple((piece.start, piece.end, piece.state) for piece in strip)
    return Answer(machine, states, kpis.produced.value, None if increase != increase else increase)  # NaN


def report(scores: Sequence[Score], found: Total, seconds: float) -> dict[str, Any]:
    """Return the result as plain values."""
    return {
        "holds": found.holds,
        "seconds": round(seconds, 1),
        "bars": {"counts": COUNTS_BAR, "states": STATES_BAR},
        "total": {
            "parts_true": found.parts_true,
            "parts_told": found.parts_told,
            "counts": found.counts,
            "states": found.states,
            "energy": found.energy,
        },
        "machines": [
            {
                "machine": one.machine,
                "parts_true": one.truth.parts,
                "parts_told": one.answer.parts,
                "counts": one.counts,
                "states": one.states,
                "energy_true_kWh": one.truth.energy,
                "energy_told_kWh": one.answer.energy,
                "energy": one.energy,
                "wrong_s": {f"{a} -> {b or 'nothing'}": n / SECOND for (a, b), n in one.wrong},
            }
            for one in scores
        ],
    }


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _print_table(scores: Sequence[Score], found: Total) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(title="What chanye said, against the truth")
    for name in ("machine", "parts", "told", "counts right", "state time right", "energy right", "worst"):
        table.add_column(name, justify="left" if name in ("machine", "worst") else "right")
    for one in scores:
        worst = ", ".join(
            f"{a} said {b or 'nothing'} {n / SECOND:.1f} s" for (a, b), n in one.wrong[:2] if n > SECOND // 100
        )
        told = "not measured" if one.answer.parts is None else f"{one.answer.parts:g}"
        figures = [f"{share:.2f} %" for share in (one.counts, one.states, one.energy)]
        table.add_row(one.machine, str(one.truth.parts), told, *figures, worst)
    table.add_section()
    figures = [f"{share:.2f} %" for share in (found.counts, found.states, found.energy)]
    verdict = "holds" if found.holds else f"below {COUNTS_BAR:g} % of counts or {STATES_BAR:g} % of state time"
    table.add_row("total", str(found.parts_true), f"{found.parts_told:g}", *figures, verdict)
    Console(width=None if sys.stdout.isatty() else 120).print(table)
