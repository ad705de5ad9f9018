"""Reference evapotranspiration of a short (grass) and a tall (lucerne) crop (ASCE 2005, 1; FAO-56, 6).

Whatever is missing is filled as FAO-56 chapter 3 says, and each filling leaves a flag on that day or hour: a figure
that stands on a guess can be told from one that stands on instruments.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntFlag
from typing import Literal

import numpy as np
import numpy.typing as npt

from chanye.engines.agronomy import weather as air
from chanye.engines.agronomy.weather import F64
from chanye.kernel.errors import ConfigError

Surface = Literal["short", "tall"]
#: Numerator Cn and denominator Cd by surface (ASCE 2005, table 1): daily; hourly by day; hourly by night.
DAILY = {"short": (900.0, 0.34), "tall": (1600.0, 0.38)}
HOURLY = {"short": (37.0, 0.24, 0.96), "tall": (66.0, 0.25, 1.7)}
#: Share of net radiation that warms the soil by day and by night (ASCE 2005, table 1).
SOIL = {"short": (0.1, 0.5), "tall": (0.04, 0.2)}
#: Wind where none is measured, a mean over 2,000 stations [m/s] (FAO-56 page 63).
DEFAULT_WIND = 2.0
#: Below this angle of the sun [rad] cloudiness is kept from before (ASCE 2005, below 45).
LOW_SUN = 0.3


class Filled(IntFlag):
    """What was not measured."""

    NOTHING = 0
    SUNSHINE = 1  #: radiation from hours of sunshine (35)
    RADIATION = 2  #: radiation from the range of temperature (50)
    HUMIDITY = 4  #: vapour pressure from relative humidity (17)
    VAPOUR = 8  #: vapour pressure from the lowest temperature (48)
    WIND = 16  #: wind of 2 m/s
    UNKNOWN = 32  #: no temperature: no answer, NaN


@dataclass(frozen=True, slots=True)
class Reference:
    """Reference evapotranspiration [mm per day or hour] and what was filled, both of the shape of the weather."""

    et: F64
    filled: npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Site:
    """Where weather was measured: latitude [°], elevation [m], height of the wind [m], by the sea or inland.

    ``longitude`` and ``zone`` (middle of the time zone, both [° east]) are needed for hours only.
    """

    latitude: float
    elevation: float
    wind_height: float = 2.0
    coast: bool = False
    longitude: float = 0.0
    zone: float = 0.0

    def __post_init__(self) -> None:
        """Refuse what is no place."""
        wrong = []
        if not -90.0 <= self.latitude <= 90.0:
            wrong.append("Latitude must lie between -90 and 90 degrees.")
        if not -430.0 <= self.elevation <= 9000.0:
            wrong.append("Give the elevation in metres above the sea.")
        if not self.wind_height >= 0.5:
            wrong.append("Give the height of the wind meter in metres, 0.5 or more.")
        if wrong:
            raise ConfigError(" ".join(wrong))


def daily(
    site: Site,
    doy: F64,
    tmin: F64,
    tmax: F64,
    *,
    solar: F64 | None = None,
    sunshine: F64 | None = None,
    vapour: F64 | None = None,
    rh_max: F64 | None = None,
    rh_min: F64 | None = None,
    wind: F64 | None = None,
    soil_heat: F64 | float = 0.0,
    surface: Surface = "short",
    dry: float = 0.0,
) -> Reference:
    """Return daily reference evapotranspiration.

    Parameters
    ----------
    doy, tmin, tmax
        Day of the year and temperatures [°C]; these and all below (..., days), NaN where missing.
    solar, sunshine
        Solar radiation [MJ m-2 d-1]; hours of sunshine [h].
    vapour, rh_max, rh_min
        Vapour pressure [kPa]; relative humidity [%].
    wind
        Speed at the site's height [m/s].
    soil_heat
        Flux into the soil [MJ m-2 d-1], zero for days (42), by month (43).
    dry
        How far the dew point lies below the lowest temperature where vapour is guessed [°C]: 2 to 3 in dry climates.
    """
    low, high = np.broadcast_arrays(np.asarray(tmin, float), np.asarray(tmax, float))
    filled = np.zeros(low.shape, np.uint8)
    above: F64 = air.extraterrestrial(site.latitude, doy) + np.zeros(low.shape)
    sun, filled = _solar(site, np.asarray(doy, float), (low, high), above, (solar, sunshine), filled)
    ea, filled = _vapour(low, high, (vapour, rh_max, rh_min), dry, filled)
    u2, filled = _wind(site, wind, filled)
    mean = (low + high) / 2.0
    vpd = (air.saturation(low) + air.saturation(high)) / 2.0 - ea
    net = 0.77 * sun - air.net_longwave(low, high, ea, air.cloudiness(sun, air.clear_sky(site.elevation, above)))
    top, bottom = DAILY[surface]
    et = _combine(site, mean, net - soil_heat, u2, vpd, top, np.asarray(bottom))
    filled = _or(filled, np.isnan(mean), Filled.UNKNOWN)
    return Reference(np.maximum(et, 0.0), filled)


def hourly(
    site: Site,
    doy: F64,
    temperature: F64,
    *,
    solar: F64 | None = None,
    vapour: F64 | None = None,
    humidity: F64 | None = None,
    wind: F64 | None = None,
    surface: Surface = "short",
    fao: bool = False,
) -> Reference:
    """Return hourly reference evapotranspiration; negative at night where dew falls.

    Parameters
    ----------
    doy
        (days,) days of the year.
    temperature, solar, vapour, humidity, wind
        (..., days, 24) [°C], [MJ m-2 h-1], [kPa], [%], [m/s]; hour k is from k to k + 1 o'clock, standard time.
    fao
        With the surface resistance of FAO-56 equation 53, the same by day and night.
    """
    t = np.asarray(temperature, float)
    if t.ndim < 2 or t.shape[-1] != 24:
        raise ConfigError("Give whole days: the last axis is the 24 hours; NaN where an hour is missing.")
    filled = np.zeros(t.shape, np.uint8)
    day = np.asarray(doy, float)[:, None]
    middle: F64 = np.arange(24, dtype=float) + 0.5
    angle = air.hour_angle(site.longitude, site.zone, day, middle)
    above: F64 = air.extraterrestrial_hourly(site.latitude, day, angle) + np.zeros(t.shape)
    some = ~np.isnan(t).all(axis=-1, keepdims=True)
    low = np.where(some, np.fmin.reduce(t, axis=-1, keepdims=True), np.nan)
    high = np.where(some, np.fmax.reduce(t, axis=-1, keepdims=True), np.nan)
    sun, filled = _solar(site, day, (low, high), above, (solar, None), filled)
    ea, filled = _vapour(low + np.zeros(t.shape), t, (vapour, humidity, humidity), 0.0, filled, at=t)
    u2, filled = _wind(site, wind, filled)
    clear = air.clear_sky(site.elevation, above)
    high_sun = air.elevation_angle(site.latitude, day, angle) >= LOW_SUN
    cloud = _kept(air.cloudiness(sun, clear), high_sun & (clear > 0.0))
    net = 0.77 * sun - air.net_longwave(t, t, ea, cloud) / 24.0
    top, by_day, by_night = (37.0, 0.34, 0.34) if fao else HOURLY[surface]
    light = net > 0.0 if not fao else above > 0.0
    warm = np.where(light, *SOIL[surface]) * net
    et = _combine(site, t, net - warm, u2, air.saturation(t) - ea, top, np.where(light, by_day, by_night))
    return Reference(et, _or(filled, np.isnan(t), Filled.UNKNOWN))


def hargreaves(latitude: float, doy: F64, tmin: F64, tmax: F64) -> F64:
    """Return reference evapotranspiration [mm/d] from temperatures [°C] alone (52)."""
    above = air.extraterrestrial(latitude, doy) * 0.408
    mean = (np.asarray(tmin, float) + tmax) / 2.0
    out: F64 = np.maximum(0.0023 * (mean + 17.8) * np.sqrt(np.maximum(np.asarray(tmax) - tmin, 0.0)) * above, 0.0)
    return out


def _combine(site: Site, t: F64, energy: F64, u2: F64, vpd: F64, top: float, bottom: F64) -> F64:
    """Penman-Monteith, standardised (ASCE 2005, 1)."""
    gamma, delta = air.psychrometric(air.pressure(site.elevation)), air.slope(t)
    dry: F64 = gamma * top / (t + 273.0) * u2 * np.maximum(vpd, 0.0)
    out: F64 = (0.408 * delta * energy + dry) / (delta + gamma * (1.0 + bottom * u2))
    return out


def _solar(
    site: Site,
    doy: F64,
    range_: tuple[F64, F64],
    above: F64,
    given: tuple[F64 | None, F64 | None],
    filled: npt.NDArray[np.uint8],
) -> tuple[F64, npt.NDArray[np.uint8]]:
    sun, shine = (_given(one, filled.shape) for one in given)
    by_shine = np.isnan(sun) & ~np.isnan(shine)
    if by_shine.any():
        full = air.daylight(site.latitude, doy)
        sun = np.where(by_shine, air.radiation_from_sunshine(np.minimum(shine, full), full, above), sun)
    by_range = np.isnan(sun)
    sun = np.where(by_range, air.radiation_from_temperature(*range_, above, coast=site.coast), sun)
    return sun, _or(_or(filled, by_shine, Filled.SUNSHINE), by_range, Filled.RADIATION)


def _vapour(
    low: F64,
    high: F64,
    given: tuple[F64 | None, F64 | None, F64 | None],
    dry: float,
    filled: npt.NDArray[np.uint8],
    at: F64 | None = None,
) -> tuple[F64, npt.NDArray[np.uint8]]:
    ea, top, bottom = (_given(one, filled.shape) for one in given)
    # Hours have one humidity at one temperature; days have two of each (17), or the highest alone (18).
    alone = saturated = air.saturation(low if at is None else at)
    by = np.where(np.isnan(bottom), alone * top / 100.0, (saturated * top + air.saturation(high) * bottom) / 200.0)
    humid = np.isnan(ea) & ~np.isnan(by)
    ea = np.where(humid, by, ea)
    guessed = np.isnan(ea)
    ea = np.where(guessed, air.saturation(low - dry), ea)
    return ea, _or(_or(filled, humid, Filled.HUMIDITY), guessed, Filled.VAPOUR)


def _wind(site: Site, wind: F64 | None, filled: npt.NDArray[np.uint8]) -> tuple[F64, npt.NDArray[np.uint8]]:
    speed = air.wind_at_2m(_given(wind, filled.shape), site.wind_height)
    missing = np.isnan(speed)
    return np.where(missing, DEFAULT_WIND, speed), _or(filled, missing, Filled.WIND)


def _given(values: F64 | None, shape: tuple[int, ...]) -> F64:
    if values is None:
        return np.full(shape, np.nan)
    return np.broadcast_to(np.asarray(values, float), shape)


def _or(filled: npt.NDArray[np.uint8], where: npt.NDArray[np.bool_], what: Filled) -> npt.NDArray[np.uint8]:
    return (filled | np.where(where, int(what), 0)).astype(np.uint8)


def _kept(cloud: F64, valid: npt.NDArray[np.bool_]) -> F64:
    """Carry cloudiness through the night from the last high sun; before the first one, from the first."""
    flat = np.where(valid & ~np.isnan(cloud), cloud, np.nan).reshape(*cloud.shape[:-2], -1)
    index = np.where(np.isnan(flat), -1, np.arange(flat.shape[-1]))
    index = np.maximum.accumulate(index, axis=-1)
    first = np.argmax(~np.isnan(flat), axis=-1)[..., None]
    out = np.take_along_axis(flat, np.where(index < 0, first, index), axis=-1)
    return np.where(np.isnan(out), 0.8, out).reshape(cloud.shape)
