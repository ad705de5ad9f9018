"""Random numbers by counter, one stream for each (seed, replication, station, cause).

A stream is the sequence ``mix(key + n * GOLDEN)``: splitmix64 (Steele, Lea and Flood 2014, OOPSLA, doi
10.1145/2660193.2660195), whose state is a counter. The n-th repair of a station is the same number in every variant
of a line, whatever happened elsewhere.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from chanye.engines.jit import inlined, kernel, lean
from chanye.engines.lines.types import Time

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
B1 = npt.NDArray[np.bool_]
U64 = npt.NDArray[np.uint64]

FIXED, EXPONENTIAL, UNIFORM, LOGNORMAL, WEIBULL = range(5)
#: Causes: streams of a station.
WORK, UP, DOWN, QUALITY, CAUSES = 0, 1, 2, 3, 4
_LAWS = {"fixed": FIXED, "exponential": EXPONENTIAL, "uniform": UNIFORM, "lognormal": LOGNORMAL, "weibull": WEIBULL}
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_M1, _M2 = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_30, _27, _31, _11 = np.uint64(30), np.uint64(27), np.uint64(31), np.uint64(11)


@inlined
def mix(z: np.uint64) -> np.uint64:
    """Return the finaliser of splitmix64."""
    z = (z ^ (z >> _30)) * _M1
    z = (z ^ (z >> _27)) * _M2
    return z ^ (z >> _31)


@kernel
def streams(seed: int, replication: int, stations: int) -> U64:
    """Return the first states of all streams of a replication, shape (stations, causes)."""
    found = np.empty((stations, CAUSES), np.uint64)
    root = mix(mix(np.uint64(seed) + _GOLDEN) + np.uint64(replication))
    for i in range(stations):
        for k in range(CAUSES):
            found[i, k] = mix(mix(root + np.uint64(i + 1)) + np.uint64(k + 1))
    return found


@inlined
def uniform(state: U64, i: int, k: int) -> float:
    """Return the next number of a stream, in (0, 1)."""
    z = state[i, k] + _GOLDEN
    state[i, k] = z
    return (np.float64(mix(z) >> _11) + 0.5) * (1.0 / 9007199254740992.0)


@lean
def _tail(q: float) -> float:
    top = ((((-7.784894002430293e-03 * q - 3.223964580411365e-01) * q - 2.400758277161838) * q
            - 2.549732539343734) * q + 4.374664141464968) * q + 2.938163982698783  # fmt: skip
    low = (((7.784695709041462e-03 * q + 3.224671290700398e-01) * q + 2.445134137142996) * q
           + 3.754408661907416) * q + 1.0  # fmt: skip
    return top / low


@lean
def normal(u: float) -> float:
    """Return the standard normal quantile by Acklam's rational function, relative error below 1.2e-9."""
    if u < 0.02425:
        return _tail(math.sqrt(-2 * math.log(u)))
    if u > 0.97575:
        return -_tail(math.sqrt(-2 * math.log(1 - u)))
    q = u - 0.5
    r = q * q
    top = (((((-39.69683028665376 * r + 220.9460984245205) * r - 275.9285104469687) * r + 138.3577518672690) * r
            - 30.66479806614716) * r + 2.506628277459239) * q  # fmt: skip
    low = ((((-54.47609879822406 * r + 161.5858368580409) * r - 155.6989798598866) * r + 66.80131188771972) * r
           - 13.28068155288572) * r + 1.0  # fmt: skip
    return top / low


@inlined
def variate(law: float, a: float, b: float, u: float) -> float:
    """Return the value of mean one at quantile ``u``: one number of the stream, whatever the law."""
    if law == FIXED:
        return 1.0
    if law == EXPONENTIAL:
        return -math.log(u)
    return _other(law, a, b, u)


@lean
def _other(law: float, a: float, b: float, u: float) -> float:
    if law == UNIFORM:
        return 1.0 + a * (2 * u - 1)
    if law == LOGNORMAL:
        return math.exp(a * normal(u) + b)
    return a * math.pow(-math.log(u), b)


def law_of(time: Time) -> tuple[float, float, float]:
    """Return (law, a, b) for ``variate``."""
    law, cv = _LAWS[time.law], time.cv
    if law in (FIXED, EXPONENTIAL) or cv == 0:
        return float(law if law == EXPONENTIAL else FIXED), 0.0, 0.0
    if law == UNIFORM:
        return float(law), cv * math.sqrt(3), 0.0
    if law == LOGNORMAL:
        variance = math.log(1 + cv * cv)
        return float(law), math.sqrt(variance), -variance / 2
    power = _weibull_power(cv)
    return float(law), 1 / math.gamma(1 + power), power


def _weibull_power(cv: float) -> float:
    """Return one over the shape of the Weibull law with this coefficient of variation, by bisection."""
    low, high = 1e-3, 20.0
    for _ in range(80):
        middle = (low + high) / 2
        squared = math.exp(math.lgamma(1 + 2 * middle) - 2 * math.lgamma(1 + middle)) - 1
        low, high = (middle, high) if squared < cv * cv else (low, middle)
    return (low + high) / 2
