"""Tariffs and emission factors: what holds at a moment. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from chanye.domains.factory.rules.energy import Slots
from chanye.domains.factory.types.energy import BANDS
from chanye.kernel.time import from_us, to_us
from chanye.spine.history.types import I64

MINUTE = 60_000_000
QUARTER = 15
DAY_MINUTES = 1440


@dataclass(frozen=True, slots=True)
class Period:
    """A period of a tariff; see ``TariffPeriod``. ``start, end`` minutes of the local day, ``price`` [fen/MWh]."""

    band: str
    start: int
    end: int
    months: tuple[int, ...]
    price: int
    valid_from: date


@dataclass(frozen=True, slots=True)
class Factor:
    """An emission factor; see ``EmissionFactor``."""

    carrier: str
    kg_per_kwh: float
    source: str
    year: int
    valid_from: date


def factor_on(factors: Sequence[Factor], carrier: str, day: date) -> Factor | None:
    """Return the factor of a carrier that holds on a day: the one that began last."""
    found = [one for one in factors if one.carrier == carrier and one.valid_from <= day]
    return max(found, key=lambda one: one.valid_from, default=None)


def minutes_of(periods: Sequence[Period], day: date) -> tuple[I64, I64]:
    """Return band (index into ``BANDS``, -1: none) and price [fen/MWh] of each minute of a local day.

    Of periods that hold together the one that is valid since later wins, then one for some months over one for all.
    """
    band, price = np.full(DAY_MINUTES, -1, np.int64), np.zeros(DAY_MINUTES, np.int64)
    holds = [one for one in periods if one.valid_from <= day and (not one.months or day.month in one.months)]
    for one in sorted(holds, key=lambda one: (one.valid_from, bool(one.months))):
        span = np.arange(one.start, one.end if one.end > one.start else one.end + DAY_MINUTES) % DAY_MINUTES
        band[span], price[span] = BANDS.index(one.band), one.price
    return band, price


def slots(
    periods: Mapping[str, Sequence[Period]], factors: Sequence[Factor], zone: str, start: int, end: int
) -> Slots:
    """Cut ``[start, end)`` (us UTC) at quarters of an hour of the local clock and where a tariff changes.

    ``periods`` by carrier.
    """
    carriers = {one.carrier for one in factors}
    carbon: dict[str, list[float]] = {carrier: [] for carrier in carriers}
    here = ZoneInfo(zone)
    edges: list[int] = [start]
    bands: list[int] = []
    prices: dict[str, list[int]] = {carrier: [] for carrier in periods}
    day = from_us(start, here).date()
    while edges[-1] < end:
        midnight, following = _midnight(day, here), _midnight(day + timedelta(days=1), here)
        minutes = {carrier: minutes_of(rows, day) for carrier, rows in periods.items()}
        held = {carrier: factor_on(factors, carrier, day) for carrier in carriers}
        begin = _cuts(minutes)
        for minute, stop in zip(begin, [*begin[1:], DAY_MINUTES], strict=True):
            # a day of 23 or 25 hours: the last slot ends where the next day begins
            upto = following if stop == DAY_MINUTES else min(midnight + stop * MINUTE, following)
            if min(upto, end) > edges[-1]:
                edges.append(min(upto, end))
                bands.append(int(minutes["electricity"][0][minute]) if "electricity" in minutes else -1)
                for carrier, (band, price) in minutes.items():
                    prices[carrier].append(int(price[minute]) if band[minute] >= 0 else -1)
                for carrier, factor in held.items():
                    carbon[carrier].append(factor.kg_per_kwh if factor else math.nan)
        day += timedelta(days=1)
    columns = {carrier: np.array(values, np.int64) for carrier, values in prices.items()}
    emitted = {carrier: np.array(values, np.float64) for carrier, values in carbon.items()}
    return Slots(np.array(edges, np.int64), np.array(bands, np.int64), columns, emitted)


def _midnight(day: date, zone: ZoneInfo) -> int:
    return to_us(datetime(day.year, day.month, day.day, tzinfo=zone))


def _cuts(minutes: Mapping[str, tuple[I64, I64]]) -> list[int]:
    """Return the minutes of a day at which a slot begins."""
    found = set(range(0, DAY_MINUTES, QUARTER))
    for band, price in minutes.values():
        found |= set((np.flatnonzero((band[1:] != band[:-1]) | (price[1:] != price[:-1])) + 1).tolist())
    return sorted(found)
