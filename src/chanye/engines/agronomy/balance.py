"""Water of the root zone by FAO-56, single and dual crop coefficient, for many zones and days at once.

The root zone lies in a profile of layers; what is below it, down to the deepest roots, is a reserve that growing
roots take over. Numbers in docstrings are equations of FAO-56 (Allen et al. 1998) unless said otherwise; runoff is
the curve number with the wetness of the top soil (ASCE manual 70, 2016, equations 14-12 to 14-20).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from chanye.engines.agronomy.weather import F64
from chanye.engines.jit import kernel
from chanye.kernel.errors import ConfigError

I64 = npt.NDArray[np.int64]
#: Columns of what a season answers, each (zones, days).
OUTPUTS = ("et", "transpiration", "evaporation", "depletion", "available", "stress", "drained", "runoff", "reserve")
#: Columns of a soil's numbers in the kernel.
TEW, REW, CURVE, CURVES_ON, P_BASE, P_FIXED, REALS = range(7)


@dataclass(frozen=True, slots=True)
class Crop:
    """A crop and its season (FAO-56 tables 11, 12, 17, 22).

    Parameters
    ----------
    kcb, kc
        Basal and single coefficient at the beginning, in the middle and at the end.
    lengths
        Initial, development, middle and late stage [d].
    height, roots
        At the beginning and at most [m]; trees have twice the same.
    depletion
        Share p of available water that is readily taken up at 5 mm a day.
    """

    kcb: tuple[float, float, float]
    kc: tuple[float, float, float]
    lengths: tuple[int, int, int, int]
    height: tuple[float, float]
    roots: tuple[float, float]
    depletion: float = 0.5

    def __post_init__(self) -> None:
        """Refuse what cannot grow."""
        wrong = []
        if min(self.lengths) < 0 or sum(self.lengths) == 0:
            wrong.append("Lengths of stages are days, none below zero, not all zero.")
        if not 0 < self.roots[0] <= self.roots[1]:
            wrong.append("Roots begin at more than 0 m and do not become shallower.")
        if not 0 <= self.height[0] <= self.height[1]:
            wrong.append("Height begins at 0 m or more and does not shrink.")
        if not 0 < self.depletion < 1:
            wrong.append("The share of water readily taken up lies between 0 and 1.")
        if wrong:
            raise ConfigError(" ".join(wrong))


#: Stone fruit without cover under trees or with an active one, with killing frost or without (FAO-56 table 17).
PEACH_KCB = {
    (False, True): (0.35, 0.85, 0.60),
    (False, False): (0.45, 0.85, 0.60),
    (True, True): (0.45, 1.10, 0.85),
    (True, False): (0.75, 1.10, 0.80),
}
#: The same for the single coefficient (table 12).
PEACH_KC = {
    (False, True): (0.45, 0.90, 0.65),
    (False, False): (0.55, 0.90, 0.65),
    (True, True): (0.50, 1.15, 0.90),
    (True, False): (0.80, 1.15, 0.85),
}


def peach(*, cover: bool, frost: bool, lengths: tuple[int, int, int, int] = (30, 50, 130, 30)) -> Crop:
    """Return a full-grown peach orchard with or without active ground cover and killing frost (tables 11, 12, 17)."""
    key = (cover, frost)
    return Crop(PEACH_KCB[key], PEACH_KC[key], lengths, (3.0, 3.0), (1.0, 1.0), 0.5)


@dataclass(frozen=True, slots=True)
class Curve:
    """A crop day by day, each (..., days): basal and single coefficient, height [m], root depth [m]."""

    kcb: F64
    kc: F64
    height: F64
    roots: F64


def trapezoid(three: tuple[float, float, float], lengths: tuple[int, int, int, int], days: int) -> F64:
    """Return a coefficient on so many days from its first day on (66, figure 34)."""
    edge = np.cumsum(np.asarray(lengths, float))
    x = np.array([0.0, edge[0], edge[1], edge[2], edge[3]])
    y = np.array([three[0], three[0], three[1], three[1], three[2]])
    return np.asarray(np.interp(np.arange(days, dtype=float), x, y), float)


def curve(crop: Crop, days: int) -> Curve:
    """Return a crop on each of ``days`` days; height and roots grow with the basal coefficient (page 279)."""
    kcb = trapezoid(crop.kcb, crop.lengths, days)
    gain = crop.kcb[1] - crop.kcb[0]
    share = np.clip((kcb - crop.kcb[0]) / gain, 0.0, 1.0) if gain > 0 else np.ones(days)
    share = np.maximum.accumulate(share)
    height = crop.height[0] + (crop.height[1] - crop.height[0]) * share
    roots = crop.roots[0] + (crop.roots[1] - crop.roots[0]) * share
    return Curve(kcb, trapezoid(crop.kc, crop.lengths, days), np.maximum(height, 0.001), roots)


def adjusted(kc: F64, height: F64, wind: F64, rh_min: F64) -> F64:
    """Return a coefficient for another climate than 2 m/s and 45 % (62, 65, 70), where it is 0.45 or more.

    Parameters
    ----------
    height
        [m]
    wind, rh_min
        At 2 m [m/s], lowest humidity [%]; means over the stage.
    """
    more = climate(height, wind, rh_min)
    return np.where(np.asarray(kc) >= 0.45, kc + more, kc)


def climate(height: F64, wind: F64, rh_min: F64) -> F64:
    """Return what wind [m/s] and dry air [%] add to a coefficient at a height [m] (62, 72)."""
    u, rh = np.clip(wind, 1.0, 6.0), np.clip(rh_min, 20.0, 80.0)
    out: F64 = (0.04 * (u - 2.0) - 0.004 * (rh - 45.0)) * (np.asarray(height) / 3.0) ** 0.3
    return out


def density(cover: F64, height: F64, *, per_shade: float = 1.5) -> F64:
    """Return the density coefficient Kd from the share of ground that is covered (Allen and Pereira 2009, 10).

    Parameters
    ----------
    cover
        Share of the ground under leaves, 0..1.
    height
        [m]
    per_shade
        Multiplier of cover that limits what a sparse canopy can transpire, 1.5 to 2.0.
    """
    f = np.clip(cover, 0.0, 1.0)
    out: F64 = np.minimum(1.0, np.minimum(per_shade * f, f ** (1.0 / (1.0 + np.asarray(height)))))
    return out


def basal_by_cover(
    cover: F64,
    height: F64,
    *,
    ground: F64 | float = 0.15,
    closing: float = 1.0,
    wind: F64 | float = 2.0,
    rh_min: F64 | float = 45.0,
    per_shade: float = 1.5,
) -> F64:
    """Return Kcb of trees over bare or covered ground from the density coefficient (Allen and Pereira 2009, 5-8).

    Parameters
    ----------
    cover, height
        Share of ground under trees, 0..1; height of trees [m].
    ground
        Kcb of what grows between them: 0.15 bare, up to 0.9 an active sward.
    closing
        How far stomata are open in the middle of the season, Fr, 0..1 (their equation 7).
    """
    h = np.asarray(height, float)
    full = closing * (np.minimum(1.0 + 0.1 * h, 1.2) + climate(h, np.asarray(wind), np.asarray(rh_min)))
    gain = np.maximum(full - ground, (full - ground) / 2.0)
    out: F64 = ground + density(cover, h, per_shade=per_shade) * gain
    return out


@dataclass(frozen=True, slots=True)
class Soil:
    """Profiles of zones.

    Parameters
    ----------
    bottoms
        (layers,) lower edges of layers [m], growing.
    field, wilting, initial
        (zones, layers) water content at field capacity, wilting point and on the first day [m3/m3].
    surface, stage1
        Depth of the layer that dries by evaporation [m]; water it loses at full rate, REW [mm] (table 19).
    curve_number
        For runoff in average wetness; None: all rain goes in.
    evaporable
        Water that the surface can lose at most, TEW [mm]; None: from the top layer (73).
    dried
        What it has lost on the first day [mm]; None: all of it (page 153).
    """

    bottoms: F64
    field: F64
    wilting: F64
    initial: F64
    surface: float = 0.10
    stage1: float = 9.0
    curve_number: float | None = None
    evaporable: float | None = None
    dried: float | None = None

    def __post_init__(self) -> None:
        """Refuse what is no soil, telling all that is wrong."""
        wrong = []
        if self.bottoms.ndim != 1 or (np.diff(self.bottoms, prepend=0.0) <= 0).any():
            wrong.append("Give lower edges of layers from the top down, in metres.")
        shapes = {self.field.shape, self.wilting.shape, self.initial.shape}
        if len(shapes) != 1 or self.field.ndim != 2 or self.field.shape[1] != len(self.bottoms):
            wrong.append("Give field capacity, wilting point and water as tables of zones and layers.")
        elif not ((self.wilting >= 0) & (self.field > self.wilting) & (self.field < 1)).all():
            wrong.append("Field capacity must lie above wilting point, both between 0 and 1 m3/m3.")
        if self.curve_number is not None and not 1 <= self.curve_number <= 100:
            wrong.append("A curve number lies between 1 and 100.")
        if wrong:
            raise ConfigError(" ".join(wrong))


@dataclass(frozen=True, slots=True)
class Season:
    """What each zone did on each day, all (zones, days), depths in [mm].

    ``depletion`` of the root zone at the end of the day, of ``available`` water in it; ``stress`` is Ks, 1 without;
    ``reserve``: depletion of all that roots may reach at most.
    """

    et: F64
    transpiration: F64
    evaporation: F64
    depletion: F64
    available: F64
    stress: F64
    drained: F64
    runoff: F64
    reserve: F64


def profile_water(bottoms: F64, content: F64, depth: float | F64) -> F64:
    """Return water [mm] down to a depth [m] of contents (..., layers) [m3/m3]; depths broadcast against (...)."""
    tops = np.concatenate([[0.0], bottoms[:-1]])
    thick = np.clip(np.asarray(depth, float)[..., None] - tops, 0.0, bottoms - tops)
    out: F64 = 1000.0 * (thick * content).sum(axis=-1)
    return out


def season(
    soil: Soil,
    crop: Curve,
    reference: F64,
    rain: F64,
    irrigation: F64,
    *,
    wind: F64,
    rh_min: F64,
    wetted: F64 | float = 1.0,
    cover: F64 | None = None,
    kcb_bare: F64 | float = 0.15,
    deepest: F64 | float | None = None,
    depletion: float = 0.5,
    fixed_depletion: bool = False,
) -> Season:
    """Return a season of zones by the dual crop coefficient, day after day.

    Parameters
    ----------
    soil, crop
        Profiles of the zones; coefficients, heights and roots, (days,) or (zones, days).
    reference, rain, irrigation
        (days,) or (zones, days) [mm].
    wind, rh_min
        At 2 m [m/s]; lowest humidity of the day [%].
    wetted
        Share of the surface that irrigation wets: drip 0.3 to 0.4, sprinkler 1 (table 20).
    cover
        Share of ground under leaves; None: from the basal coefficient (76).
    kcb_bare
        Basal coefficient before leaves, in (76).
    deepest
        Deepest roots [m], the lower edge of the balance; None: the deepest of ``crop.roots``.
    depletion, fixed_depletion
        Share p at 5 mm a day (table 22); whether it stays the same on other days.
    """
    zones = len(soil.field)
    days = max(a.shape[-1] for a in (reference, rain, irrigation, crop.kcb))
    given = tuple(_wide(a, zones, days) for a in (reference, rain, irrigation))
    kcb, height, roots = (_wide(a, zones, days) for a in (crop.kcb, crop.height, crop.roots))
    most = np.asarray(crop.roots.max(axis=-1) if deepest is None else deepest, float) + np.zeros(zones)
    top = _maximum(height, kcb, _wide(wind, zones, days), _wide(rh_min, zones, days))
    shade = _shade(kcb, height, top, kcb_bare) if cover is None else _wide(cover, zones, days)
    water = np.concatenate(
        [
            _cumulated(soil.bottoms, soil.field - soil.wilting)[:, None],
            _cumulated(soil.bottoms, soil.field - soil.initial)[:, None],
        ],
        axis=1,
    )
    numbers = np.zeros((zones, REALS))
    most_dry = 1000.0 * (soil.field[:, 0] - 0.5 * soil.wilting[:, 0]) * soil.surface
    numbers[:, TEW] = most_dry if soil.evaporable is None else soil.evaporable
    numbers[:, REW] = np.minimum(soil.stage1, numbers[:, TEW] - 1e-6)
    numbers[:, CURVE], numbers[:, CURVES_ON] = soil.curve_number or 0.0, soil.curve_number is not None
    numbers[:, P_BASE], numbers[:, P_FIXED] = depletion, fixed_depletion
    out = np.empty((len(OUTPUTS), zones, days))
    started = numbers[:, TEW] if soil.dried is None else np.full(zones, soil.dried)
    edges = np.concatenate([[0.0], soil.bottoms])
    _season(
        edges,
        water,
        numbers,
        started,
        most,
        given[0],
        given[1],
        given[2],
        kcb,
        height,
        roots,
        top,
        shade,
        _wide(wetted, zones, days),
        out,
    )
    return Season(*out)


def _wide(values: F64 | float, zones: int, days: int) -> F64:
    try:
        return np.broadcast_to(np.asarray(values, float), (zones, days))
    except ValueError:
        raise ConfigError(f"Give one value, {days} days, or {zones} zones by {days} days.") from None


def _maximum(height: F64, kcb: F64, wind: F64, rh_min: F64) -> F64:
    """Upper limit of what leaves and soil evaporate together (72)."""
    return np.maximum(1.2 + climate(height, wind, rh_min), kcb + 0.05)


def _shade(kcb: F64, height: F64, top: F64, bare: F64 | float) -> F64:
    """Ground under leaves (76)."""
    share = np.clip((kcb - bare) / np.maximum(top - bare, 0.01), 0.0, 1.0)
    return np.clip(share ** (1.0 + 0.5 * height), 0.0, 0.99)


def _cumulated(bottoms: F64, content: F64) -> F64:
    thick = np.diff(bottoms, prepend=0.0)
    out = np.zeros((len(content), len(bottoms) + 1))
    out[:, 1:] = np.cumsum(1000.0 * thick * content, axis=1)
    return out


@kernel
def _at(edges: F64, sums: F64, depth: float) -> float:
    k = 1
    while k < len(edges) - 1 and edges[k] < depth:
        k += 1
    share = (min(depth, edges[k]) - edges[k - 1]) / (edges[k] - edges[k - 1])
    return float(sums[k - 1] + share * (sums[k] - sums[k - 1]))


@kernel
def _runs_off(rain: float, dry: float, tew: float, rew: float, number: float) -> float:
    """ASCE (2016), 14-12 to 14-20: the number follows how dry the top soil is."""
    wet_number = number / (0.427 + 0.00573 * number)
    dry_number = number / (2.281 - 0.01281 * number)
    low, high = 0.5 * rew, 0.7 * rew + 0.3 * tew
    share = min(max((dry - low) / (high - low), 0.0), 1.0)
    now = share * dry_number + (1.0 - share) * wet_number
    storage = 250.0 * (100.0 / now - 1.0)
    if rain <= 0.2 * storage:
        return 0.0
    return min((rain - 0.2 * storage) ** 2 / (rain + 0.8 * storage), rain)


@kernel
def _season(
    edges: F64,
    water: F64,
    numbers: F64,
    started: F64,
    most: F64,
    reference: F64,
    rain: F64,
    irrigation: F64,
    kcb: F64,
    height: F64,
    roots: F64,
    top: F64,
    shade: F64,
    wetted: F64,
    out: F64,
) -> None:
    for z in range(reference.shape[0]):
        tew, rew = numbers[z, TEW], numbers[z, REW]
        whole = _at(edges, water[z, 0], most[z])
        depth = roots[z, 0]
        available = _at(edges, water[z, 0], depth)
        depletion = _at(edges, water[z, 1], depth)
        reserve = _at(edges, water[z, 1], most[z])
        below_room, below = whole - available, reserve - depletion
        dry, wet_share = min(started[z], tew), 1.0
        for d in range(reference.shape[1]):
            shed = 0.0
            if numbers[z, CURVES_ON]:
                shed = _runs_off(rain[z, d], dry, tew, rew, numbers[z, CURVE])
            into, given, et0 = rain[z, d] - shed, irrigation[z, d], reference[z, d]
            if given > 0.0:
                wet_share = wetted[z, d]
            elif rain[z, d] >= 3.0:
                wet_share = 1.0
            open_wet = min(max(min(1.0 - shade[z, d], wet_share), 0.01), 1.0)  # (75)
            kr = min(max((tew - dry) / (tew - rew), 0.0), 1.0)  # (74)
            ke = max(min(kr * (top[z, d] - kcb[z, d]), open_wet * top[z, d]), 0.0)  # (71)
            evaporated = ke * et0
            through = max(into + given / wet_share - dry, 0.0)  # (79)
            dry = min(max(dry - into - given / wet_share + evaporated / open_wet + through, 0.0), tew)  # (77)
            depth = max(depth, roots[z, d])
            available = _at(edges, water[z, 0], depth)
            room, below_room = below_room, whole - available
            p = numbers[z, P_BASE]
            if not numbers[z, P_FIXED]:
                p = min(max(p + 0.04 * (5.0 - (ke + kcb[z, d]) * et0), 0.1), 0.8)  # table 22
            ks = min(max((available - depletion) / ((1.0 - p) * available), 0.0), 1.0)  # (84)
            transpired = ks * kcb[z, d] * et0
            spent = transpired + evaporated
            drained = max(into + given - spent - reserve, 0.0)  # (88)
            taken = below * (1.0 - below_room / room) if room > 0.0 else 0.0
            depletion = min(max(depletion - into - given + spent + taken, 0.0), available)  # (85)
            reserve = min(max(reserve - into - given + spent + drained, 0.0), whole)
            below = min(max(reserve - depletion, 0.0), below_room)
            out[0, z, d], out[1, z, d], out[2, z, d] = spent, transpired, evaporated
            out[3, z, d], out[4, z, d], out[5, z, d] = depletion, available, ks
            out[6, z, d], out[7, z, d], out[8, z, d] = drained, shed, reserve
