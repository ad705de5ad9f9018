"""Air, sun and wind as in FAO-56 (Allen et al. 1998), chapter 3; numbers in docstrings are its equations."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

F64 = npt.NDArray[np.float64]
#: Solar constant [MJ m-2 min-1] and Stefan-Boltzmann constant [MJ K-4 m-2 d-1].
SOLAR, BOLTZMANN = 0.0820, 4.903e-9


def pressure(elevation: float | F64) -> F64:
    """Return the pressure of the air [kPa] at an elevation [m] (7)."""
    out: F64 = 101.3 * ((293.0 - 0.0065 * np.asarray(elevation, float)) / 293.0) ** 5.26
    return out


def psychrometric(air_pressure: float | F64) -> F64:
    """Return the psychrometric constant [kPa/°C] at an air pressure [kPa] (8)."""
    out: F64 = 0.665e-3 * np.asarray(air_pressure, float)
    return out


def saturation(temperature: float | F64) -> F64:
    """Return the saturation vapour pressure [kPa] at a temperature [°C] (11)."""
    t = np.asarray(temperature, float)
    out: F64 = 0.6108 * np.exp(17.27 * t / (t + 237.3))
    return out


def dew_point(vapour: float | F64) -> F64:
    """Return the dew point [°C] of a vapour pressure [kPa]: (14) solved for it."""
    log = np.log(np.maximum(np.asarray(vapour, float), 1e-6) / 0.6108)
    out: F64 = 237.3 * log / (17.27 - log)
    return out


def slope(temperature: float | F64) -> F64:
    """Return the slope of the saturation curve [kPa/°C] at a temperature [°C] (13)."""
    t = np.asarray(temperature, float)
    out: F64 = 4098.0 * saturation(t) / (t + 237.3) ** 2
    return out


def vapour_from_bulbs(
    dry: float | F64, wet: float | F64, air_pressure: float | F64, *, ventilated: bool = True
) -> F64:
    """Return vapour pressure [kPa] from dry and wet bulb [°C] and air pressure [kPa] (15, 16)."""
    constant = (0.000662 if ventilated else 0.000800) * np.asarray(air_pressure, float)
    out: F64 = saturation(wet) - constant * (np.asarray(dry, float) - wet)
    return out


def vapour_from_humidity(tmin: F64, tmax: F64, rh_max: F64, rh_min: F64) -> F64:
    """Return vapour pressure [kPa] from extremes of temperature [°C] and humidity [%] (17)."""
    out: F64 = (saturation(tmin) * rh_max + saturation(tmax) * rh_min) / 200.0
    return out


def sun_distance(doy: int | F64) -> F64:
    """Return the inverse relative distance of earth and sun on a day of the year (23)."""
    out: F64 = 1.0 + 0.033 * np.cos(2.0 * np.pi / 365.0 * np.asarray(doy, float))
    return out


def declination(doy: int | F64) -> F64:
    """Return the declination of the sun [rad] on a day of the year (24)."""
    out: F64 = 0.409 * np.sin(2.0 * np.pi / 365.0 * np.asarray(doy, float) - 1.39)
    return out


def sunset_angle(latitude: float | F64, doy: int | F64) -> F64:
    """Return the hour angle of sunset [rad] at a latitude [°] (25); 0 in polar night, pi in polar day."""
    out: F64 = np.arccos(np.clip(-np.tan(np.radians(latitude)) * np.tan(declination(doy)), -1.0, 1.0))
    return out


def extraterrestrial(latitude: float | F64, doy: int | F64) -> F64:
    """Return daily extraterrestrial radiation [MJ m-2 d-1] at a latitude [°] (21)."""
    phi, sun, end = np.radians(latitude), declination(doy), sunset_angle(latitude, doy)
    angle = end * np.sin(phi) * np.sin(sun) + np.cos(phi) * np.cos(sun) * np.sin(end)
    out: F64 = 24.0 * 60.0 / np.pi * SOLAR * sun_distance(doy) * angle
    return out


def hour_angle(longitude: float, zone: float, doy: int | F64, hour: F64) -> F64:
    """Return the hour angle of the sun [rad] at the middle of an hour (31-33).

    Parameters
    ----------
    longitude, zone
        Of the place, and of the middle of its time zone [° east].
    hour
        Middle of the period in standard time [h], e.g. 14.5.
    """
    b = 2.0 * np.pi * (np.asarray(doy, float) - 81.0) / 364.0
    season = 0.1645 * np.sin(2 * b) - 0.1255 * np.cos(b) - 0.025 * np.sin(b)
    out: F64 = np.pi / 12.0 * (hour + (longitude - zone) / 15.0 + season - 12.0)
    return out


def extraterrestrial_hourly(latitude: float, doy: int | F64, angle: F64, hours: float = 1.0) -> F64:
    """Return extraterrestrial radiation [MJ m-2 per period] around an hour angle [rad] (28-30)."""
    end, half = sunset_angle(latitude, doy), np.pi * hours / 24.0
    low, high = np.clip(angle - half, -end, end), np.clip(angle + half, -end, end)
    phi, sun = np.radians(latitude), declination(doy)
    arc = (high - low) * np.sin(phi) * np.sin(sun) + np.cos(phi) * np.cos(sun) * (np.sin(high) - np.sin(low))
    out: F64 = np.maximum(12.0 * 60.0 / np.pi * SOLAR * sun_distance(doy) * arc, 0.0)
    return out


def elevation_angle(latitude: float, doy: int | F64, angle: F64) -> F64:
    """Return the angle of the sun above the horizon [rad] at an hour angle [rad] (ASCE 2005, 62)."""
    phi, sun = np.radians(latitude), declination(doy)
    out: F64 = np.arcsin(np.sin(phi) * np.sin(sun) + np.cos(phi) * np.cos(sun) * np.cos(angle))
    return out


def daylight(latitude: float | F64, doy: int | F64) -> F64:
    """Return the length of a day [h] at a latitude [°] (34)."""
    out: F64 = 24.0 / np.pi * sunset_angle(latitude, doy)
    return out


def radiation_from_sunshine(sunshine: F64, length: F64, above: F64) -> F64:
    """Return solar radiation [as ``above``] from hours of sunshine and of the day, with a = 0.25, b = 0.50 (35)."""
    out: F64 = (0.25 + 0.50 * np.asarray(sunshine, float) / np.maximum(length, 0.1)) * above
    return out


def radiation_from_temperature(tmin: F64, tmax: F64, above: F64, *, coast: bool = False) -> F64:
    """Return solar radiation [as ``above``] from the day's range of temperature [°C] (Hargreaves, 50)."""
    share = (0.19 if coast else 0.16) * np.sqrt(np.maximum(np.asarray(tmax, float) - tmin, 0.0))
    out: F64 = np.minimum(share, 0.75) * above
    return out


def clear_sky(elevation: float | F64, above: F64) -> F64:
    """Return clear-sky radiation [as ``above``] at an elevation [m] (37)."""
    out: F64 = (0.75 + 2e-5 * np.asarray(elevation, float)) * above
    return out


def net_longwave(tmin: F64, tmax: F64, vapour: F64, cloud: F64) -> F64:
    """Return outgoing net long-wave radiation [MJ m-2 d-1] (39).

    Parameters
    ----------
    tmin, tmax
        [°C].
    vapour
        [kPa].
    cloud
        Cloudiness function, 1.35 Rs/Rso - 0.35, 0.05..1 (ASCE 2005, 18).
    """
    fourth = ((np.asarray(tmax, float) + 273.16) ** 4 + (np.asarray(tmin, float) + 273.16) ** 4) / 2.0
    out: F64 = BOLTZMANN * fourth * (0.34 - 0.14 * np.sqrt(np.maximum(vapour, 0.0))) * cloud
    return out


def cloudiness(solar: F64, clear: F64) -> F64:
    """Return the cloudiness function from solar and clear-sky radiation (ASCE 2005, 18)."""
    out: F64 = 1.35 * np.clip(solar / np.maximum(clear, 1e-9), 0.3, 1.0) - 0.35
    return out


def wind_at_2m(speed: F64, height: float | F64) -> F64:
    """Return wind at 2 m [m/s] from a speed [m/s] measured at a height [m] over grass (47)."""
    if np.all(np.asarray(height) == 2.0):
        return np.asarray(speed, float)
    out: F64 = np.asarray(speed, float) * 4.87 / np.log(67.8 * np.asarray(height, float) - 5.42)
    return out
