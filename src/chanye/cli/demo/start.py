"""``chanye demo``: make the demo site, bring its past up to now, and start everything with the twin beside."""

from __future__ import annotations

import json
import sys
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import NoReturn

from chanye.cli.supervisor import ChildPlan, replace_file
from chanye.cli.up import apply_settings, free_port, up
from chanye.kernel.settings import get_settings
from chanye.twin.parts import DAY

#: Where MTConnect agents usually listen.
AGENT_PORT = 5000


@dataclass(frozen=True, slots=True)
class Remembered:
    """What the demo keeps between starts: the shop's seed, when its registers stood at zero, the agent's port."""

    seed: int
    epoch: int
    agent_port: int

    @classmethod
    def read(cls, path: Path) -> Remembered | None:
        """Return what was written, None if there is nothing readable."""
        try:
            raw = json.loads(path.read_text())
            return cls(int(raw["seed"]), int(raw["epoch"]), int(raw["agent_port"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None


def start(*, data: Path | None, port: int | None, host: str | None, days: int) -> NoReturn:
    """Start the demo and stay until stopped.

    Parameters
    ----------
    data
        Data folder; None: ``demo`` below the data folder of the settings.
    days
        How much past the first start brings in. [d]
    """
    folder = data if data is not None else get_settings().data / "demo"
    settings = apply_settings(data=folder, port=port, host=host, demo="true", broker="true")
    apply_settings(broker_port=free_port("127.0.0.1", settings.broker_port))
    up(setup=lambda: prepare_demo(days))


def prepare_demo(days: int) -> list[ChildPlan]:
    """Make what is missing, bring the past up to now, and return the twin as a process to run."""
    from chanye.cli import setup_django

    setup_django()
    from chanye.cli.demo import past
    from chanye.cli.demo.site import ensure_site
    from chanye.domains.factory.demo_care import seed_energy, seed_maintenance
    from chanye.domains.factory.demo_orders import seed_orders
    from chanye.parties.types import SYSTEM
    from chanye.spine.history import History
    from chanye.twin.floor import wall_clock
    from chanye.twin.shop import Shop, local_day, midnight

    settings = get_settings()
    path = settings.data / "demo.json"
    now = wall_clock()
    known = Remembered.read(path) or Remembered(1, midnight(local_day(now - days * DAY)), AGENT_PORT)
    known = replace(known, agent_port=free_port("127.0.0.1", known.agent_port))
    shop = Shop(known.seed, known.epoch)
    site = ensure_site(shop, f"http://127.0.0.1:{known.agent_port}")
    replace_file(path, json.dumps(asdict(known)))
    begin = time.monotonic()
    with History(settings.history_folder, min_free_bytes=settings.min_free_mb << 20) as history:
        said = past.latest(history, site)
        since = said + past.STEP if said else known.epoch
        rows = past.fill(history, site, shop, since, now, Bar("Bringing in the shop's past")) if since < now else 0
    past.compute_frames()
    seed_energy(actor=SYSTEM, site_id=site.site)
    seed_maintenance(actor=SYSTEM, site_id=site.site)
    seed_orders(actor=SYSTEM, site_id=site.site)
    print(f"{rows:,} samples of the shop's past in {time.monotonic() - begin:.1f} s; the shop is simulated.")
    argv = [sys.executable, "-m", "chanye.twin", "--seed", str(known.seed), "--epoch", str(known.epoch)]
    argv += ["--start", str(max(now, said)), "--agent-port", str(known.agent_port)]
    argv += ["--broker-file", str(settings.data / "broker" / "address.json")]
    return [ChildPlan("twin", argv)]


class Bar:
    """A progress bar on a terminal; silence elsewhere."""

    def __init__(self, title: str) -> None:
        self._bar = None
        self._done = 0.0
        if sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import Progress

            self._bar = Progress(console=Console(stderr=True))
            self._task = self._bar.add_task(title, total=1.0)
            self._bar.start()

    def __call__(self, share: float) -> None:
        """Advance by a share of all."""
        self._done += share
        if self._bar is not None:
            self._bar.update(self._task, advance=share)
            if self._done > 0.999:
                self._bar.stop()
