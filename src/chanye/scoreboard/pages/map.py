"""The map of the district as SVG: WGS-84 places on a plane, without a map service."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import cos, radians

from django.urls import reverse

from chanye.domains.projects.types.pipeline import ProjectRow
from chanye.domains.projects.types.statistics import FirmRow

WIDTH, HEIGHT, MARGIN = 720, 460, 28
#: Degrees that a map spans at least, so that one place does not fill it. [deg]
LEAST = 0.02


@dataclass(frozen=True, slots=True)
class Mark:
    """Something on the map: where, what it is called, its class and where it leads."""

    x: float
    y: float
    name: str
    kind: str
    group: str
    href: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Map:
    """What is drawn: marks, and towns as labels."""

    marks: tuple[Mark, ...]
    towns: tuple[Mark, ...]
    width: int = WIDTH
    height: int = HEIGHT


def draw(projects: Iterable[ProjectRow], firms: Iterable[FirmRow]) -> Map | None:
    """Return the map, None if nothing has a place. Equirectangular around the middle: true to 1 % over 100 km."""
    places: list[tuple[float, float, str, str, str, str, str]] = []
    towns: dict[str, list[tuple[float, float]]] = {}
    for one in projects:
        if one.latitude is not None and one.longitude is not None:
            href = reverse("project", args=[one.id])
            places.append((one.latitude, one.longitude, one.name, "project", one.stage or "none", href, one.town))
    for firm in firms:
        if firm.latitude is not None and firm.longitude is not None:
            href = reverse("scoreboard-firm", args=[firm.organisation_id])
            places.append((firm.latitude, firm.longitude, firm.name, "firm", firm.sector, href, firm.town))
    if not places:
        return None
    for latitude, longitude, *_rest, town in places:
        if town:
            towns.setdefault(town, []).append((latitude, longitude))
    put = _projection([one[0] for one in places], [one[1] for one in places])
    marks = tuple(Mark(*put(one[0], one[1]), one[2], one[3], one[4], one[5], one[6]) for one in places)
    labels = tuple(
        Mark(*put(sum(p[0] for p in at) / len(at), sum(p[1] for p in at) / len(at)), town, "town", "", "")
        for town, at in sorted(towns.items())
    )
    return Map(marks, labels)


class _projection:  # noqa: N801 - used as a function that remembers its box
    def __init__(self, latitudes: list[float], longitudes: list[float]) -> None:
        south, north = min(latitudes), max(latitudes)
        west, east = min(longitudes), max(longitudes)
        self.middle = (south + north) / 2, (west + east) / 2
        self.narrow = cos(radians(self.middle[0]))
        tall, wide = max(north - south, LEAST), max((east - west) * self.narrow, LEAST)
        self.scale = min((HEIGHT - 2 * MARGIN) / tall, (WIDTH - 2 * MARGIN) / wide)

    def __call__(self, latitude: float, longitude: float) -> tuple[float, float]:
        x = WIDTH / 2 + (longitude - self.middle[1]) * self.narrow * self.scale
        return round(x, 1), round(HEIGHT / 2 - (latitude - self.middle[0]) * self.scale, 1)
