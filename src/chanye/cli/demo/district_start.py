"""``chanye demo --district``: make the district once, with its past, and start the product on it."""

from __future__ import annotations

import time
from datetime import date, timedelta
from pathlib import Path
from typing import NoReturn

from chanye.cli.demo.start import Bar
from chanye.cli.supervisor import ChildPlan, replace_file
from chanye.cli.up import apply_settings, up
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
    if not (settings.data / MARK).exists():
        seed_district(settings.data, 1)
    return []


def seed_district(folder: Path, seed: int, *, count: int = 60) -> None:
    """Bring in the past of a district that ends with yesterday, and all that its office did meanwhile."""
    import json

    from chanye.cli.demo import district_evidence
    from chanye.cli.demo.district import ensure_district, fill
    from chanye.spine.history import History
    from chanye.twin.floor import wall_clock
    from chanye.twin.shop import local_day

    settings = get_settings()
    begin = time.monotonic()
    first: date = local_day(wall_clock()) - timedelta(days=DAYS)
    district = make(first, DAYS, count=count, seed=seed)
    site = ensure_district(district)
    with History(settings.history_folder, min_free_bytes=settings.min_free_mb << 20) as history:
        rows = fill(history, district, site, folder / "incoming", Bar("Bringing in the firms' past"))
    upgraded = sorted((firm for firm in district.firms if firm.upgrade), key=lambda firm: firm.upgrade.measure)  # type: ignore[union-attr]  # filtered just before
    bar = Bar("Measuring the upgrades")
    for firm in upgraded:
        assert firm.upgrade is not None
        case = district_evidence.freeze(district, site, firm, firm.upgrade.measure)
        district_evidence.measure(district, case)
        bar(1 / len(upgraded))
    replace_file(folder / MARK, json.dumps({"seed": seed, "first": first.isoformat()}))
    print(f"{rows:,} samples of the district's past in {time.monotonic() - begin:.1f} s; all of it is simulated.")
