"""Positions: WGS-84 inside, GCJ-02 at the edge of a Chinese map, distances on the sphere.

GCJ-02 is not published; the formula here is the one in general use, a sum of sines on the Krasovsky 1940
ellipsoid, which agrees with Chinese maps to a few metres. Outside a box around China it changes nothing.
Latitude comes first everywhere. [deg]
"""

from __future__ import annotations

from math import asin, cos, isfinite, pi, radians, sin, sqrt

from chanye.kernel.errors import ConfigError

#: Mean radius of the earth, R1 of the GRS 80 (Moritz 2000, doi:10.1007/s001900050278). [m]
EARTH_RADIUS = 6_371_008.8

# Krasovsky 1940: half axis [m] and first eccentricity squared.
_AXIS, _E2 = 6_378_245.0, 0.006_693_421_622_965_943_23
_SOUTH, _NORTH, _WEST, _EAST = 0.8293, 55.8271, 72.004, 137.8347


def check_position(latitude: float, longitude: float) -> tuple[float, float]:
    """Return a position that is on the earth.

    Raises
    ------
    ConfigError
        If latitude is outside -90..90 or longitude outside -180..180, or one is not a number.
    """
    if not (isfinite(latitude) and isfinite(longitude) and abs(latitude) <= 90 and abs(longitude) <= 180):
        raise ConfigError(
            f"Latitude {latitude}, longitude {longitude} is no place: latitude is -90 to 90, longitude -180 to 180; "
            "perhaps they are exchanged."
        )
    return latitude, longitude


def in_china(latitude: float, longitude: float) -> bool:
    """Tell whether a position is in the box inside which Chinese maps are shifted. [deg]."""
    return _SOUTH <= latitude <= _NORTH and _WEST <= longitude <= _EAST


def wgs84_to_gcj02(latitude: float, longitude: float) -> tuple[float, float]:
    """Return a WGS-84 position as a Chinese map shows it; outside China unchanged. [deg].

    Raises
    ------
    ConfigError
        If it is no place on the earth.
    """
    check_position(latitude, longitude)
    if not in_china(latitude, longitude):
        return latitude, longitude
    north, east = _shift(latitude, longitude)
    return latitude + north, longitude + east


def gcj02_to_wgs84(latitude: float, longitude: float) -> tuple[float, float]:
    """Return the WGS-84 position of a point on a Chinese map, by fixed-point iteration. [deg].

    The shift changes by less than 1 % of a step, so each round gains two digits; the error is below 1e-9 deg.
    Within a shift's width of the box's border, where the map itself jumps, a point without an original is
    returned unchanged.

    Raises
    ------
    ConfigError
        If it is no place on the earth.
    """
    check_position(latitude, longitude)
    north, east = latitude, longitude
    for _round in range(12):
        shift = _shift(north, east)
        north, east = latitude - shift[0], longitude - shift[1]
    return (north, east) if in_china(north, east) else (latitude, longitude)


def great_circle(latitude: float, longitude: float, other_latitude: float, other_longitude: float) -> float:
    """Return the shortest way over the surface of a sphere between two positions in deg, by the haversine. [m].

    The ellipsoid makes the true way differ by at most 0.6 %.

    Raises
    ------
    ConfigError
        If one is no place on the earth.
    """
    check_position(latitude, longitude)
    check_position(other_latitude, other_longitude)
    a, b = radians(latitude), radians(other_latitude)
    half_north, half_east = (b - a) / 2, radians(other_longitude - longitude) / 2
    h = sin(half_north) ** 2 + cos(a) * cos(b) * sin(half_east) ** 2
    return 2 * EARTH_RADIUS * asin(min(1.0, sqrt(h)))


def _shift(latitude: float, longitude: float) -> tuple[float, float]:
    """Return how far north and east a Chinese map shows a place from where it is. [deg]."""
    y, x = latitude - 35.0, longitude - 105.0
    ripple = (20.0 * sin(6.0 * x * pi) + 20.0 * sin(2.0 * x * pi)) * 2.0 / 3.0
    north = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * sqrt(abs(x)) + ripple
    north += (20.0 * sin(y * pi) + 40.0 * sin(y / 3.0 * pi)) * 2.0 / 3.0
    north += (160.0 * sin(y / 12.0 * pi) + 320.0 * sin(y * pi / 30.0)) * 2.0 / 3.0
    east = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * sqrt(abs(x)) + ripple
    east += (20.0 * sin(x * pi) + 40.0 * sin(x / 3.0 * pi)) * 2.0 / 3.0
    east += (150.0 * sin(x / 12.0 * pi) + 300.0 * sin(x / 30.0 * pi)) * 2.0 / 3.0
    # Metres to degrees: by the radii of curvature along the meridian and across it.
    w2 = 1.0 - _E2 * sin(radians(latitude)) ** 2
    meridian = _AXIS * (1.0 - _E2) / (w2 * sqrt(w2))
    across = _AXIS / sqrt(w2) * cos(radians(latitude))
    return north / meridian * 180.0 / pi, east / across * 180.0 / pi
