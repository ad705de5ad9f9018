"""Soil water of many zones from a model and probes together: an ensemble Kalman filter over layers.

Each zone is an ensemble of profiles with their own field capacity, speed of drainage and share of the reference
transpiration. A day moves every member by rain, irrigation, evaporation and uptake; a reading of probes moves all
towards what was seen, as far as the two errors allow, and with the storage the parameters that go along with it
(Evensen 2003, doi 10.1007/s10236-003-0036-9). Spread is kept up by noise of the model.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from chanye.engines.agronomy.weather import F64
from chanye.kernel.errors import ConfigError

#: Parameters behind the layers of a state: factor of transpiration, share of water drained a day, shift of uptake.
USE, DRAIN, DEEPER, PARAMETERS = range(4)


@dataclass(frozen=True, slots=True)
class Belief:
    """What is believed of zones.

    Parameters
    ----------
    water
        (zones, members, layers) content [m3/m3].
    field
        (zones, members, layers) field capacity [m3/m3].
    parameters
        (zones, members, 3) logarithm of the factor of transpiration, logit of drainage, shift of uptake downwards.
    """

    water: F64
    field: F64
    parameters: F64

    @property
    def mean(self) -> F64:
        """Content believed, (zones, layers) [m3/m3]."""
        return np.asarray(self.water.mean(axis=1))

    @property
    def spread(self) -> F64:
        """Standard deviation of the content, (zones, layers) [m3/m3]."""
        return np.asarray(self.water.std(axis=1, ddof=1))


@dataclass(frozen=True, slots=True)
class Ground:
    """Layers of zones: lower edges (layers,) [m], field capacity and wilting point (zones, layers) [m3/m3]."""

    bottoms: F64
    field: F64
    wilting: F64

    @property
    def thick(self) -> F64:
        """Thickness of layers [mm]."""
        return np.asarray(1000.0 * np.diff(self.bottoms, prepend=0.0))


@dataclass(frozen=True, slots=True)
class Doubt:
    """How far model, soil and probes may be wrong (standard deviations).

    Parameters
    ----------
    first, field
        Content on the first day; field capacity [m3/m3].
    use, drain, deeper
        Logarithm of transpiration's factor; logit of drainage; shift of uptake.
    model, input
        Error of a day in each layer [m3/m3]; share of rain and irrigation.
    probe
        Error of a reading [m3/m3].
    forget
        Share by which parameters' spread is refreshed each day.
    """

    first: float = 0.02
    field: float = 0.01
    use: float = 0.15
    drain: float = 0.8
    deeper: float = 0.6
    model: float = 0.002
    input: float = 0.15
    probe: float = 0.005
    forget: float = 0.003


def begin(ground: Ground, water: F64, doubt: Doubt, *, members: int, rng: np.random.Generator) -> Belief:
    """Return what is believed before any reading; ``water`` (zones, layers) is the first guess [m3/m3]."""
    zones, layers = ground.field.shape
    if water.shape != (zones, layers):
        raise ConfigError(f"Give the first water content of {zones} zones by {layers} layers.")
    if members < 8:
        raise ConfigError("An ensemble needs 8 members or more.")
    shape = (zones, members, layers)
    # Neighbouring layers of one soil err together: half of the variance is common to the profile.
    common = rng.normal(size=(zones, members, 1))
    field = ground.field[:, None] + doubt.field * (0.7 * common + 0.7 * rng.normal(size=shape))
    floor = ground.wilting[:, None]
    spread = np.array([doubt.use, doubt.drain, doubt.deeper])
    parameters = spread * rng.normal(size=(zones, members, PARAMETERS))
    start = np.maximum(water[:, None] + doubt.first * rng.normal(size=shape), 0.3 * floor)
    return Belief(start, np.maximum(field, floor + 0.02), parameters)


def advance(
    belief: Belief,
    ground: Ground,
    doubt: Doubt,
    *,
    into: F64,
    evaporation: F64,
    transpiration: F64,
    roots: F64,
    depletion: F64 | float,
    rng: np.random.Generator,
) -> Belief:
    """Return what is believed a day later.

    Parameters
    ----------
    into, evaporation, transpiration
        (zones,) water that enters the soil, evaporates, and would transpire without stress [mm].
    roots
        (zones,) depth [m].
    depletion
        Share of available water readily taken up, p.
    """
    thick, many = ground.thick, belief.water.shape[:2]
    water, floor = belief.water * thick, (ground.wilting * thick)[:, None]
    full = belief.field * thick
    keep = 1.0 / (1.0 + np.exp(-belief.parameters[..., DRAIN]))
    flow = np.maximum(into[:, None] * (1.0 + doubt.input * rng.normal(size=many)), 0.0)
    for layer in range(len(thick)):
        held = water[..., layer] + flow
        flow = np.maximum(held - full[..., layer], 0.0) * keep
        # What fills the pores above 1.3 times field capacity cannot wait until tomorrow.
        flow = np.maximum(flow, held - 1.3 * full[..., layer])
        water[..., layer] = held - flow
    water[..., 0] = np.maximum(water[..., 0] - evaporation[:, None], 0.5 * floor[..., 0])
    share = _uptake(ground.bottoms, roots, belief.parameters[..., DEEPER])
    room = np.maximum(full - floor, 1.0)
    wet = np.clip((water - floor) / room, 0.0, 1.0)
    ease = np.clip(wet / (1.0 - np.asarray(depletion)), 0.0, 1.0)
    pull = share * ease
    total = np.maximum(pull.sum(axis=-1), 1e-9)
    # Roots in wet layers make up in part for roots in dry ones.
    demand = transpiration[:, None] * np.exp(belief.parameters[..., USE]) * np.minimum(1.0, 1.3 * total)
    water = np.maximum(water - (demand / total)[..., None] * pull, np.minimum(water, floor))
    noise = doubt.model * thick * rng.normal(size=water.shape)
    water = np.maximum(water + noise, 0.3 * floor)
    spread = np.sqrt(2.0 * doubt.forget) * np.array([doubt.use, doubt.drain, doubt.deeper])
    parameters = (1.0 - doubt.forget) * belief.parameters + spread * rng.normal(size=belief.parameters.shape)
    return replace(belief, water=water / thick, parameters=parameters)


def _uptake(bottoms: F64, roots: F64, deeper: F64) -> F64:
    """Share of uptake by layer, (zones, members, layers): 40 : 30 : 20 : 10 by quarters, more below if ``deeper``."""
    depth = np.maximum(roots, 0.05)[:, None]
    edge = np.minimum(np.concatenate([[0.0], bottoms]) / depth, 1.0)[:, None, :]
    slope = np.clip(0.8 - np.asarray(deeper)[..., None], -0.8, 0.95)
    summed = (1.0 + slope) * edge - slope * edge**2
    return np.asarray(np.diff(summed, axis=-1))


def observe(
    belief: Belief, ground: Ground, doubt: Doubt, seen: F64, *, rng: np.random.Generator, error: F64 | None = None
) -> Belief:
    """Return what is believed after readings.

    Parameters
    ----------
    seen
        (zones, layers) content read [m3/m3]; NaN: nothing read there.
    error
        (zones, layers) standard deviation of readings [m3/m3]; None: ``doubt.probe``.
    """
    zones, members, layers = belief.water.shape
    state = np.concatenate([belief.water, belief.field, belief.parameters], axis=-1)
    read = ~np.isnan(seen)
    noise = np.where(read, doubt.probe if error is None else error, 1e3)
    off = state - state.mean(axis=1, keepdims=True)
    water_off = off[..., :layers] * read[:, None]
    shared = np.matmul(off.transpose(0, 2, 1), water_off) / (members - 1)
    own = shared[:, :layers] * read[:, :, None]
    spread = own + np.einsum("zl,lk->zlk", noise**2, np.eye(layers))
    drawn = rng.normal(size=(zones, members, layers)) * noise[:, None]
    drawn -= drawn.mean(axis=1, keepdims=True)
    miss = np.where(read[:, None], np.nan_to_num(seen)[:, None] + drawn - belief.water, 0.0)
    gain = np.linalg.solve(spread, shared.transpose(0, 2, 1))
    state = state + np.matmul(miss, gain)
    floor = ground.wilting[:, None]
    water = np.maximum(state[..., :layers], 0.3 * floor)
    field = np.maximum(state[..., layers : 2 * layers], floor + 0.02)
    return Belief(water, field, state[..., 2 * layers :])


def innovations(belief: Belief, doubt: Doubt, seen: F64) -> F64:
    """Return how many standard deviations readings (zones, layers) lie from what was believed; NaN: nothing read."""
    out: F64 = (seen - belief.mean) / np.sqrt(belief.spread**2 + doubt.probe**2)
    return out
