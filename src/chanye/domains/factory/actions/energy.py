"""Writes of energy: meters and their shares, emission factors, tariffs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from django.db import transaction

from chanye.domains.factory.models import EmissionFactor, Meter, MeterShare, TariffPeriod
from chanye.domains.factory.types.energy import BANDS, CARRIERS, SHARES
from chanye.kernel.errors import ConfigError, DeniedError
from chanye.kernel.time import now_us
from chanye.kernel.units import compatible
from chanye.parties.audit import record
from chanye.parties.rules import require
from chanye.parties.types import Viewer
from chanye.spine import queries as spine

WHOLE = 1_000_000
MACHINES = ("work_unit", "work_centre")


@transaction.atomic
def save_meter(
    *,
    actor: Viewer,
    asset_id: int,
    series_id: int,
    name: str = "",
    carrier: str = "electricity",
    share: str = "own",
    shares: Mapping[int, float] | None = None,
    parent_id: int | None = None,
    kwh_per_unit: float = 0.0,
) -> int:
    """Make a series of the spine a meter of an asset, or change it; return the meter's id.

    Parameters
    ----------
    asset_id
        Whose energy it measures: a machine, a line, the site.
    share
        See ``Meter``; ``shares`` names assets with their part, 0..1, together at most 1. With ``run_time`` it names
        the assets; none named: all machines below ``asset_id``.
    parent_id
        The meter above this one, that measures this one's energy too.
    kwh_per_unit
        Energy of one unit, where the series counts neither energy nor power, e.g. gas in m3. [kWh]

    Raises
    ------
    ConfigError
        Naming the value that cannot be.
    DeniedError
        If the actor may not say so.
    """
    asset, ref = spine.asset(actor, asset_id), spine.series(actor, series_id)
    require(actor, "edit_energy", asset.organisation_id)
    if carrier not in CARRIERS or share not in SHARES:
        raise ConfigError(f"A carrier is one of {', '.join(CARRIERS)}; a way of sharing one of {', '.join(SHARES)}.")
    _check_unit(ref.unit, ref.kind, kwh_per_unit)
    wanted = _ppm(actor, asset.organisation_id, share, shares or {})
    row = Meter.objects.filter(series_id=ref.id).first()
    parent = _parent(asset.organisation_id, parent_id, row)
    values = {
        "organisation_id": asset.organisation_id,
        "asset_id": asset.id,
        "name": (name.strip() or ref.name or ref.code)[:100],
        "carrier": carrier,
        "share": share,
        "parent_id": parent,
        "kwh_per_unit": kwh_per_unit,
        "changed_at": now_us(),
    }
    row, _made = Meter.objects.update_or_create(series_id=ref.id, defaults=values)
    MeterShare.objects.filter(meter=row).delete()
    MeterShare.objects.bulk_create(MeterShare(meter=row, asset_id=one, ppm=ppm) for one, ppm in wanted.items())
    record(
        actor=actor,
        verb="save_meter",
        target=f"meter:{row.pk}",
        detail=values | {"shares": wanted, "series": ref.id},
        organisation_id=asset.organisation_id,
    )
    return int(row.pk)


def _check_unit(unit: str, kind: str, kwh_per_unit: float) -> None:
    if not (math.isfinite(kwh_per_unit) and 0 <= kwh_per_unit <= 1e6):
        raise ConfigError("The energy of one unit is between 0 and a million kWh.")
    if kind not in ("counter", "analog"):
        raise ConfigError("A meter needs a series of numbers: a counter of energy, or a power.")
    energy = any(compatible(unit, known) for known in ("W", "J"))
    if not energy and kwh_per_unit <= 0:
        raise ConfigError(f"The series counts in {unit}; say how many kWh one {unit} holds.")
    if kind == "analog" and not compatible(unit, "W"):
        raise ConfigError("A series that is not a counter must measure power, e.g. in kW; declare a counter as such.")


def _ppm(actor: Viewer, organisation_id: int, share: str, shares: Mapping[int, float]) -> dict[int, int]:
    if share not in ("shares", "run_time"):
        return {}
    if share == "shares" and not shares:
        raise ConfigError("Name the assets that share this meter, each with its part.")
    known = {asset.id for asset in spine.assets(actor) if asset.organisation_id == organisation_id}
    if not set(shares) <= known:
        raise ConfigError("One of the assets that share this meter does not exist in this organisation.")
    if not all(math.isfinite(part) and 0 <= part <= 1 for part in shares.values()):
        raise ConfigError("A part of a meter is between 0 and 1 (100 %).")
    ppm = {asset: round(part * WHOLE) for asset, part in shares.items()}
    if share == "shares" and sum(ppm.values()) > WHOLE:
        raise ConfigError(f"The parts add up to {sum(shares.values()):.1%}; at most 100 % can be shared out.")
    return ppm


def _parent(organisation_id: int, parent_id: int | None, row: Meter | None) -> int | None:
    """Return the meter above, if there is one and it does not stand below this one."""
    at, seen = parent_id, set() if row is None else {row.pk}
    while at is not None:
        above = Meter.objects.filter(id=at, organisation_id=organisation_id).first()
        if above is None:
            raise ConfigError("There is no such meter above in this organisation; choose another.")
        if above.pk in seen:
            raise ConfigError("A meter cannot stand below itself; choose another meter above.")
        seen.add(above.pk)
        at = above.parent_id
    return parent_id


@transaction.atomic
def delete_meter(*, actor: Viewer, meter_id: int) -> None:
    """Let a series be no meter any more; its samples stay. Meters below it move up."""
    row = Meter.objects.select_for_update().filter(id=meter_id).first()
    if row is None or not (actor.system or row.organisation_id == actor.organisation_id):
        raise DeniedError("There is no such meter, or it belongs to another organisation.")
    require(actor, "edit_energy", row.organisation_id)
    row.below.update(parent_id=row.parent_id, changed_at=now_us())
    record(
        actor=actor, verb="delete_meter", target=f"meter:{row.pk}",
        detail={"name": row.name, "series": row.series_id}, organisation_id=row.organisation_id,
    )  # fmt: skip
    row.delete()


@transaction.atomic
def adopt_meters(*, actor: Viewer, site_id: int) -> int:
    """Make meters of what the machines of a site already send: their energy counter, else their power.

    Machines that have a meter are left alone. Returns how many were made.
    """
    site = spine.asset(actor, site_id)
    require(actor, "edit_energy", site.organisation_id)
    machines = spine.assets(actor, below=site.id, kinds=MACHINES)
    have = set(Meter.objects.filter(asset_id__in=[one.id for one in machines]).values_list("asset_id", flat=True))
    refs = spine.series_of(actor, [one.id for one in machines if one.id not in have], roles=("energy", "power"))
    best: dict[int, tuple[bool, int]] = {}
    for ref in refs:
        if compatible(ref.unit, "J" if ref.role == "energy" else "W") and ref.kind in ("counter", "analog"):
            choice = (ref.role != "energy", ref.id)
            best[ref.asset_id] = min(best.get(ref.asset_id, choice), choice)
    names = {one.id: one.name for one in machines}
    for asset_id, (_power, series_id) in best.items():
        save_meter(actor=actor, asset_id=asset_id, series_id=series_id, name=names[asset_id])
    return len(best)


@transaction.atomic
def save_factor(
    *,
    actor: Viewer,
    organisation_id: int,
    carrier: str,
    kg_per_kwh: float,
    source: str,
    year: int,
    valid_from: date,
) -> int:
    """Say what a kWh of a carrier emits from a day on; the same day again corrects it.

    Raises
    ------
    ConfigError
        Without a source: nobody could check the number.
    """
    require(actor, "edit_energy", organisation_id)
    if carrier not in CARRIERS:
        raise ConfigError(f"Unknown carrier {carrier[:40]!r}; use one of {', '.join(CARRIERS)}.")
    if not (math.isfinite(kg_per_kwh) and 0 <= kg_per_kwh <= 10):
        raise ConfigError("An emission factor is between 0 and 10 kgCO2e per kWh; check its unit.")
    if not source.strip() or len(source) > 300:
        raise ConfigError("Name the source of the factor in at most 300 characters: who published it, and where.")
    if not 1990 <= year <= 2100 or not 1990 <= valid_from.year <= 2100:
        raise ConfigError("The year of the factor and the day from which it holds lie between 1990 and 2100.")
    values = {"kg_per_kwh": kg_per_kwh, "source": source.strip(), "year": year}
    row, _made = EmissionFactor.objects.update_or_create(
        organisation_id=organisation_id, carrier=carrier, valid_from=valid_from, defaults=values
    )
    record(
        actor=actor,
        verb="save_factor",
        target=f"factor:{row.pk}",
        detail=values | {"carrier": carrier, "valid_from": str(valid_from)},
        organisation_id=organisation_id,
    )
    return int(row.pk)


@transaction.atomic
def save_tariff(
    *,
    actor: Viewer,
    organisation_id: int,
    valid_from: date,
    periods: Sequence[Mapping[str, Any]],
    carrier: str = "electricity",
) -> int:
    """Say what a carrier costs from a day on; replaces what was said for that day. Returns the number of periods.

    Parameters
    ----------
    periods
        ``[{"band": "peak", "start": minute, "end": minute, "months": [7, 8], "price": fen per MWh}]``; see
        ``TariffPeriod``. Empty takes the tariff of that day back.

    Raises
    ------
    ConfigError
        Naming the period that cannot be.
    """
    require(actor, "edit_energy", organisation_id)
    if carrier not in CARRIERS:
        raise ConfigError(f"Unknown carrier {carrier[:40]!r}; use one of {', '.join(CARRIERS)}.")
    if not 1990 <= valid_from.year <= 2100 or len(periods) > 100:
        raise ConfigError("A tariff has at most 100 periods and holds from a day between 1990 and 2100 on.")
    rows = [_period(i, one) for i, one in enumerate(periods, 1)]
    TariffPeriod.objects.filter(organisation_id=organisation_id, carrier=carrier, valid_from=valid_from).delete()
    TariffPeriod.objects.bulk_create(
        TariffPeriod(organisation_id=organisation_id, carrier=carrier, valid_from=valid_from, **row) for row in rows
    )
    record(
        actor=actor,
        verb="save_tariff",
        target=f"organisation:{organisation_id}",
        detail={"carrier": carrier, "valid_from": str(valid_from), "periods": rows},
        organisation_id=organisation_id,
    )
    return len(rows)


def _period(number: int, raw: Mapping[str, Any]) -> dict[str, Any]:
    def whole(name: str, low: int, high: int) -> int:
        value = raw.get(name)
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise ConfigError(f"Period {number}: {name} is a whole number from {low} to {high}.")
        return value

    if raw.get("band") not in BANDS:
        raise ConfigError(f"Period {number}: the band is one of {', '.join(BANDS)}.")
    months = raw.get("months") or []
    if not isinstance(months, list | tuple) or not all(isinstance(m, int) and 1 <= m <= 12 for m in months):
        raise ConfigError(f"Period {number}: months are numbers from 1 to 12; none means all.")
    return {
        "band": raw["band"],
        "start": whole("start", 0, 1439),
        "end": whole("end", 0, 1440) % 1440,
        "months": sorted(set(months)),
        "price": whole("price", 0, 100_000_000),
    }
