"""``chanye demo --district``: make the district once, with its past, and start the product on it."""

from __future__ import annotations

import json
import time
from datetime import timedelta
from pathlib import Path
from typing import NoReturn

from chanye.cli.demo.start import Bar
from chanye.cli.supervisor import ChildPlan, replace_file
from chanye.cli.up import apply_settings, up
from chanye.kernel.errors import ConfigError
from chanye.kernel.settings import get_settings
from chanye.twin.district.model import make

#: How long the past is, and what says that it was brought in. [d]
DAYS, MARK = 1096, "district.json"


def start(*, data: Path | None, port: int | None, host: str | None) -> NoReturn:
    """Start the district and stay until stopped; its folder is ``district`` in the data folder if not given."""
    folder = data if data is not None else get_settings().data / "district"
    apply_settings(data=folder, port=port, host=host, demo="true")
    up(setup=prepare_district)


def prepare_district() -> list[ChildPlan]:
    """Make the district unless it is there; it has no devices, so no process runs beside."""
    from chanye.cli import setup_django

    setup_django()
    settings = get_settings()
    if (settings.data / MARK).exists():
        return []
    if (settings.data / "incoming").exists():
        raise ConfigError(f"The district in {settings.data} was not finished: delete that folder and start again.")
    seed_district(settings.data, 1)
    return []


def seed_district(folder: Path, seed: int, *, count: int = 60, days: int = DAYS) -> None:
    """Bring in the past of a district that ends with yesterday, and all that its office did meanwhile."""
    from chanye.cli.demo import district_evidence, district_office, district_projects
    from chanye.cli.demo.district import ensure_district, fill
    from chanye.spine.history import History
    from chanye.twin.floor import wall_clock
    from chanye.twin.shop import local_day

    settings = get_settings()
    begin = time.monotonic()
    today = local_day(wall_clock())
    district = make(today - timedelta(days=days), days, count=count, seed=seed)
    site = ensure_district(district)
    with History(settings.history_folder, min_free_bytes=settings.min_free_mb << 20) as history:
        rows = fill(history, district, site, folder / "incoming", Bar("Bringing in the firms' past"))
    district_projects.seed_projects(district, site, today)
    district_projects.seed_statistics(district, site, today)
    district_office.seed_programme(district, site, today, Bar("Letting firms apply"))
    district_evidence.own(district, site, Bar("Measuring the upgrades"))
    replace_file(folder / MARK, json.dumps({"seed": seed, "first": district.first.isoformat()}))
    print(f"{rows:,} samples of the district's past in {time.monotonic() - begin:.1f} s; all of it is simulated.")
