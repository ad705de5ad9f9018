"""Whose energy it is: from readings to whole joules per piece of time, and from meters to assets. Pure.

A meter becomes a curve of energy against time. Read at rising moments and rounded to whole joules it gives
differences that add up to the whole exactly, however the time is cut. What a shared meter measured in a slot is
split by weights with cumulative rounding, so that the parts add up to it exactly too. What no rule gives to anybody
stays unallocated and says why.

ISO 22400 comprehensive energy consumption: ``e = (sum of Mi x Ri + Q) / PQ`` with Mi the consumption of carrier i,
Ri its energy content, Q the energy bought directly.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from chanye.spine.history.counters import counter_steps
from chanye.spine.history.types import F64, I64, Quality, Samples


@dataclass(frozen=True, slots=True)
class Curve:
    """Energy since the first reading, and time known since then, at rising moments; straight in between.

    ``time`` [us UTC], ``joule`` [J], ``known`` [us]; equal length n.
    """

    time: F64
    joule: F64
    known: F64

    def at(self, edge: I64) -> tuple[I64, F64]:
        """Return the energy [J, whole] and the known time [us] up to each moment (us UTC)."""
        if not len(self.time):
            return np.zeros(len(edge), np.int64), np.zeros(len(edge))
        moment = edge.astype(np.float64)
        joule = np.interp(moment, self.time, self.joule)
        return np.rint(joule).astype(np.int64), np.asarray(np.interp(moment, self.time, self.known))


EMPTY_CURVE = Curve(np.empty(0), np.empty(0), np.empty(0))


def power_curve(samples: Samples, factor: float, *, hold: int | None, sloped: bool, until: int) -> Curve:
    """Return the curve of a meter that measures power.

    Parameters
    ----------
    samples
        Of one series, in time order.
    factor
        Watts of one unit of the series.
    hold
        Longest time a value is trusted [us]; None: until the next one.
    until
        After the last value it is known at most until here. [us UTC]
    """
    if not len(samples):
        return EMPTY_CURVE
    time = samples.time
    good = ~Quality.is_bad(samples.quality) & np.isfinite(samples.value)
    value = np.where(good, samples.value, 0.0) * factor
    after = np.append(time[1:], max(until, int(time[-1])))
    stop = after if hold is None else np.minimum(after, time + hold)
    stop = np.where(good, stop, time)
    level = value
    if sloped and len(time) > 1:
        line = good & np.append(good[1:], False) & (stop == after)
        level = np.where(line, (value + np.append(value[1:], 0.0)) / 2, value)
    length = (stop - time).astype(np.float64)
    return _curve(time, stop, level * length / 1e6, length)


def counter_curve(samples: Samples, factor: float, *, hold: int | None, until: int) -> Curve:
    """Return the curve of a meter that counts energy; what it counted over a gap is spread over the gap.

    Between two readings energy is taken as used evenly. The time between them is known unless a bad reading lies
    there or it is longer than ``hold``. After the last reading nothing is counted; it is known for as long as its
    readings usually lie apart.
    """
    good = Quality.is_good(samples.quality) & np.isfinite(samples.value)
    at = np.flatnonzero(good)
    if not len(at):
        return EMPTY_CURVE
    time, value = samples.time[at], samples.value[at]
    gained = counter_steps(value[:-1], value[1:])[0] * factor
    length = np.diff(time).astype(np.float64)
    whole = np.diff(at) == 1
    if hold is not None:
        whole &= length <= hold
    usual = float(np.median(length)) if len(length) else 0.0
    tail = max(0.0, min(float(until - time[-1]), 2 * usual)) if at[-1] == len(good) - 1 else 0.0
    moments = np.append(time, time[-1] + tail).astype(np.float64)
    joule = np.concatenate([[0.0], np.cumsum(gained), [gained.sum()]])
    known = np.concatenate([[0.0], np.cumsum(np.where(whole, length, 0.0))])
    return Curve(moments, joule, np.append(known, known[-1] + tail))


def _curve(start: I64, stop: I64, joule: F64, known: F64) -> Curve:
    """Return the curve of pieces ``[start, stop)`` that follow each other, flat between them."""
    time = np.empty(2 * len(start))
    time[0::2], time[1::2] = start, stop
    done, seen = np.cumsum(joule), np.cumsum(known)
    energy, length = np.empty(len(time)), np.empty(len(time))
    energy[0::2], energy[1::2] = done - joule, done
    length[0::2], length[1::2] = seen - known, seen
    return Curve(time, energy, length)


def spread(joule: I64, slot: I64, weight: F64) -> tuple[I64, I64]:
    """Return whole parts of what each slot holds, by weight, and what no weight takes.

    Parameters
    ----------
    joule
        Energy of each slot, shape (k,); negative energy is not shared out. [J]
    slot
        Slot of each taker, shape (n,), not falling.
    weight
        Zero or more, shape (n,).

    Returns
    -------
    tuple of arrays
        Parts, shape (n,), and rest, shape (k,): of each slot the parts and the rest add up to it exactly.
    """
    k = len(joule)
    total = np.bincount(slot, weight, k) if len(slot) else np.zeros(k)
    gives = (total > 0) & (joule > 0)
    rest = np.where(gives, 0, joule).astype(np.int64)
    if not len(slot):
        return np.zeros(0, np.int64), rest
    running = np.cumsum(weight)
    first = np.searchsorted(slot, np.arange(k))
    before = np.concatenate([[0.0], running])[first]
    whole = np.maximum(total, 1e-300)[slot]
    reached = np.clip((running - before[slot]) / whole, 0.0, 1.0)
    last = np.append(slot[1:] != slot[:-1], True)
    reached[last] = 1.0
    amount = np.where(gives, joule, 0).astype(np.float64)[slot]
    upto = np.rint(amount * reached).astype(np.int64)
    start = np.concatenate([[0], upto[:-1]])
    start[np.concatenate([[True], last[:-1]])] = 0
    return upto - start, rest


@dataclass(frozen=True, slots=True)
class Slots:
    """A window cut at quarters of an hour and wherever a tariff changes.

    ``edge`` (k + 1) [us UTC]; ``band`` (k): of electricity, index into ``BANDS``, -1 where no tariff holds;
    ``price`` (k): of each carrier that has a tariff [fen/MWh], -1 where none holds; ``carbon`` (k): of each carrier
    that has a factor [kgCO2e/kWh], NaN where none holds.
    """

    edge: I64
    band: I64
    price: Mapping[str, I64]
    carbon: Mapping[str, F64]

    def of(self, moment: I64) -> npt.NDArray[np.intp]:
        """Return the slot of each moment inside the window."""
        return np.clip(np.searchsorted(self.edge, moment, side="right") - 1, 0, len(self.edge) - 2)


def spread_pieces(joule: I64, piece: I64) -> I64:
    """Return equal whole parts of ``joule`` for each taker; ``piece`` is the index of its amount, not falling."""
    if not len(piece):
        return np.zeros(0, np.int64)
    count = np.bincount(piece, minlength=len(joule))
    first = np.searchsorted(piece, np.arange(len(joule)))
    place = np.arange(len(piece)) - first[piece]
    share, more = np.divmod(joule[piece], np.maximum(count, 1)[piece])
    return np.asarray(share + (place < more))


def comprehensive_energy(
    consumed: Mapping[str, float], content: Mapping[str, float], direct: float, pieces: float
) -> float:
    """Return ISO 22400 ``e = (sum Mi x Ri + Q) / PQ`` [kWh per piece].

    Parameters
    ----------
    consumed
        Mi: consumption by carrier, each in its own unit.
    content
        Ri: energy of one unit of the carrier. [kWh]
    direct
        Q: energy consumed directly. [kWh]
    pieces
        PQ: produced quantity, above zero.

    Raises
    ------
    ValueError
        If nothing was produced.
    """
    if pieces <= 0:
        msg = "comprehensive energy consumption is per piece: nothing was produced"
        raise ValueError(msg)
    return (sum(amount * content[carrier] for carrier, amount in consumed.items()) + direct) / pieces
