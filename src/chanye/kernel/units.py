"""Units of measure: a subset of UCUM, read strictly, converted exactly.

Rules of the file: a unit is ``factor`` and ``offset`` to a product of powers of base dimensions, so that
``base = value * factor + offset``; factors are rational numbers, turned into a float once. Annotations such as
``{part}`` say what is counted and have no dimension. Celsius and Fahrenheit carry an offset only when they stand
alone; inside a product (``Cel/min``) they mean a difference. A mole is a dimension here (UCUM: a number), and
``[pH]`` and ``B`` (bel) convert to nothing but themselves.

Source: The Unified Code for Units of Measure, version 2.1, tables 1 to 14; the SI Brochure, 9th edition.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from fractions import Fraction
from functools import lru_cache
from typing import overload

import numpy as np
import numpy.typing as npt

from chanye.kernel.errors import ConfigError

F64 = npt.NDArray[np.float64]

_PREFIXES: Mapping[str, Fraction] = {
    **{
        p: Fraction(10) ** n for p, n in zip("yzafpnumcd", (-24, -21, -18, -15, -12, -9, -6, -3, -2, -1), strict=True)
    },
    **{p: Fraction(10) ** n for p, n in zip("hkMGTPEZY", (2, 3, 6, 9, 12, 15, 18, 21, 24), strict=True)},
    "da": Fraction(10),
    **{p: Fraction(1024) ** n for p, n in (("Ki", 1), ("Mi", 2), ("Gi", 3), ("Ti", 4))},
}

_BASE = ("m", "s", "g", "rad", "K", "C", "cd", "mol", "bit", "[pH]", "B")

#: symbol -> (takes prefixes, factor, in terms of)
_DEFINED: Mapping[str, tuple[bool, str, str]] = {
    "%": (False, "1/100", "1"),
    "[ppth]": (False, "1/1000", "1"),
    "[ppm]": (False, "1/1000000", "1"),
    "[ppb]": (False, "1/1000000000", "1"),
    "ppm": (False, "1/1000000", "1"),  # not UCUM, but what every gas sensor says
    "10*": (False, "10", "1"),
    "10^": (False, "10", "1"),
    "[pi]": (False, str(Fraction(math.pi)), "1"),
    "min": (False, "60", "s"),
    "h": (False, "60", "min"),
    "d": (False, "24", "h"),
    "wk": (False, "7", "d"),
    "a": (False, "365.25", "d"),
    "mo": (False, "1/12", "a"),
    "t": (True, "1000", "kg"),
    "l": (True, "1", "dm3"),
    "L": (True, "1", "dm3"),
    "ar": (True, "100", "m2"),
    "sr": (True, "1", "rad2"),
    "Hz": (True, "1", "s-1"),
    "N": (True, "1", "kg.m/s2"),
    "Pa": (True, "1", "N/m2"),
    "J": (True, "1", "N.m"),
    "W": (True, "1", "J/s"),
    "A": (True, "1", "C/s"),
    "V": (True, "1", "J/C"),
    "F": (True, "1", "C/V"),
    "Ohm": (True, "1", "V/A"),
    "S": (True, "1", "A/V"),
    "Wb": (True, "1", "V.s"),
    "T": (True, "1", "Wb/m2"),
    "H": (True, "1", "Wb/A"),
    "lm": (True, "1", "cd.sr"),
    "lx": (True, "1", "lm/m2"),
    "Bq": (True, "1", "s-1"),
    "Gy": (True, "1", "J/kg"),
    "Sv": (True, "1", "J/kg"),
    "kat": (True, "1", "mol/s"),
    "gon": (False, "0.9", "deg"),
    "deg": (False, "1/180", "[pi].rad"),
    "'": (False, "1/60", "deg"),
    "''": (False, "1/60", "'"),
    "circ": (False, "2", "[pi].rad"),
    "bar": (True, "100000", "Pa"),
    "atm": (False, "101325", "Pa"),
    "m[H2O]": (True, "9.80665", "kPa"),
    "m[Hg]": (True, "133.3220", "kPa"),
    "eV": (True, "1.602176634e-19", "J"),
    "cal": (True, "4.184", "J"),
    "[g]": (True, "9.80665", "m/s2"),
    "gf": (True, "1", "g.[g]"),
    "dyn": (True, "1", "g.cm/s2"),
    "P": (True, "1", "dyn.s/cm2"),
    "St": (True, "1", "cm2/s"),
    "G": (True, "1e-4", "T"),
    "By": (True, "8", "bit"),
    "Bd": (True, "1", "/s"),
    "[in_i]": (False, "2.54", "cm"),
    "[ft_i]": (False, "12", "[in_i]"),
    "[yd_i]": (False, "3", "[ft_i]"),
    "[mi_i]": (False, "5280", "[ft_i]"),
    "[nmi_i]": (False, "1852", "m"),
    "[kn_i]": (False, "1", "[nmi_i]/h"),
    "[lb_av]": (False, "453.59237", "g"),
    "[oz_av]": (False, "1/16", "[lb_av]"),
    "[lbf_av]": (False, "1", "[lb_av].[g]"),
    "[psi]": (False, "1", "[lbf_av]/[in_i]2"),
    "[gal_us]": (False, "231", "[in_i]3"),
    "[HP]": (False, "550", "[ft_i].[lbf_av]/s"),
    "[Btu_IT]": (False, "1.05505585262", "kJ"),
}

#: symbol -> (takes prefixes, factor to K, offset in K)
_SPECIAL: Mapping[str, tuple[bool, Fraction, Fraction]] = {
    "Cel": (True, Fraction(1), Fraction("273.15")),
    "[degF]": (False, Fraction(5, 9), Fraction("459.67") * Fraction(5, 9)),
}

_SYMBOLS = frozenset((*_BASE, *_DEFINED, *_SPECIAL))
_METRIC = frozenset(
    (*_BASE[:-2], "B", *(s for s, d in _DEFINED.items() if d[0]), *(s for s, d in _SPECIAL.items() if d[0]))
)
_TOKEN = re.compile(
    r"(?P<symbol>10[*^]|(?:\[[^\[\]\s]+\]|[^\d+\-./(){}\[\]\s=])+)(?P<exponent>[+-]?\d+)?|(?P<integer>\d+)", re.ASCII
)
_NOTE = re.compile(r"\{[^{}]*\}")
_LONGEST, _HIGHEST, _DEEPEST = 100, 30, 10


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit that was read.

    Parameters
    ----------
    factor, offset
        ``base = value * factor + offset``.
    dimensions
        Base unit -> exponent, without zeros, in order of name.
    """

    factor: Fraction
    offset: Fraction = Fraction(0)
    dimensions: tuple[tuple[str, int], ...] = field(default=())

    def times(self, other: Unit, sign: int = 1) -> Unit:
        """Return the product (``sign`` 1) or quotient (-1); offsets are dropped."""
        powers = dict(self.dimensions)
        for base, power in other.dimensions:
            powers[base] = powers.get(base, 0) + sign * power
        return Unit(self.factor * other.factor**sign, Fraction(0), _ordered(powers))

    def power(self, exponent: int) -> Unit:
        """Return the unit to a power; the offset stays for power 1 only."""
        if exponent == 1:
            return self
        powers = {base: power * exponent for base, power in self.dimensions}
        return Unit(self.factor**exponent, Fraction(0), _ordered(powers))


ONE = Unit(Fraction(1))


def _ordered(powers: Mapping[str, int]) -> tuple[tuple[str, int], ...]:
    return tuple(sorted((base, power) for base, power in powers.items() if power))


@lru_cache(maxsize=2048)
def parse_unit(text: str) -> Unit:
    """Return a UCUM code as a unit, e.g. ``kW.h``, ``m3/h``, ``mm/s``, ``{part}/h``, ``/min``, ``10*6.m3``.

    Raises
    ------
    ConfigError
        Naming the part that is not understood, and near units.
    """
    if not text or len(text) > _LONGEST or not text.isprintable():
        raise ConfigError(
            f"{text[:40]!r} is not a unit: write a UCUM code; 1 for a pure number, {{part}} for pieces."
        )
    reader = _Reader(text)
    unit = reader.term(0)
    if reader.at != len(text):
        raise reader.fault()
    return unit


class _Reader:
    """Reads one code from left to right, as the grammar of UCUM section 2 says."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def term(self, depth: int) -> Unit:
        if depth > _DEEPEST:
            raise self.fault()
        sign, unit = 1, ONE
        if self.text.startswith("/", self.at):
            sign = -1
            self.at += 1
        unit = self._component(depth) if sign == 1 else ONE.times(self._component(depth), -1)
        while self.at < len(self.text) and self.text[self.at] in "./":
            sign = 1 if self.text[self.at] == "." else -1
            self.at += 1
            unit = unit.times(self._component(depth), sign)
        return unit

    def _component(self, depth: int) -> Unit:
        if self.text.startswith("(", self.at):
            self.at += 1
            unit = self.term(depth + 1)
            if not self.text.startswith(")", self.at):
                raise self.fault()
            self.at += 1
            return unit
        found = _TOKEN.match(self.text, self.at)
        noted = False
        unit = ONE
        if found:
            self.at = found.end()
            unit = self._simple(found)
        note = _NOTE.match(self.text, self.at)
        if note:
            noted, self.at = True, note.end()
        if not found and not noted:
            raise self.fault()
        return unit

    def _simple(self, found: re.Match[str]) -> Unit:
        if found["integer"]:
            number = int(found["integer"][:12])
            if number == 0 or len(found["integer"]) > 12:
                raise self.fault()
            return Unit(Fraction(number))
        exponent = int((found["exponent"] or "1")[:4])
        if abs(exponent) > _HIGHEST:
            raise self.fault()
        return _atom(found["symbol"], self.text).power(exponent)

    def fault(self) -> ConfigError:
        return ConfigError(
            f"The unit {self.text!r} is not understood at {self.text[self.at : self.at + 10]!r}: write a UCUM code "
            "such as mm/s, kW.h, m3/h, Cel, %, /min, {part}."
        )


@lru_cache(maxsize=2048)
def _atom(symbol: str, whole: str) -> Unit:
    """Return a symbol with or without a prefix; the whole symbol wins (``min`` is a minute, ``cd`` no centiday)."""
    if symbol in _SYMBOLS:
        return _symbol(symbol)
    for size in (2, 1):
        prefix, rest = symbol[:size], symbol[size:]
        if prefix in _PREFIXES and rest in _METRIC:
            unit = _symbol(rest)
            return Unit(unit.factor * _PREFIXES[prefix], unit.offset, unit.dimensions)
    known = {name.casefold(): name for name in (*_SYMBOLS, "kg", "mm", "km", "kW", "kPa", "mA", "uS", "mL", "ms")}
    near = [known[name] for name in get_close_matches(symbol.casefold(), known, n=3, cutoff=0.5)]
    hint = f" Near: {', '.join(near)}." if near else ""
    raise ConfigError(f"The unit {whole!r} contains {symbol!r}, which is no UCUM unit.{hint} Pieces are {{part}}.")


@lru_cache(maxsize=256)
def _symbol(symbol: str) -> Unit:
    if symbol in _SPECIAL:
        _metric, factor, offset = _SPECIAL[symbol]
        return Unit(factor, offset, (("K", 1),))
    if symbol in _DEFINED:
        _metric, number, terms = _DEFINED[symbol]
        unit = parse_unit(terms)
        return Unit(Fraction(number) * unit.factor, Fraction(0), unit.dimensions)
    return Unit(Fraction(1), Fraction(0), ((symbol, 1),))


def compatible(one: str, other: str) -> bool:
    """Tell whether values can be converted between two UCUM codes.

    Raises
    ------
    ConfigError
        If one of them is not a unit.
    """
    return parse_unit(one).dimensions == parse_unit(other).dimensions


@overload
def convert(value: float, source: str, target: str) -> float: ...
@overload
def convert(value: F64, source: str, target: str) -> F64: ...
def convert(value: float | F64, source: str, target: str) -> float | F64:
    """Return values in another unit.

    Parameters
    ----------
    value
        A number or an array of any shape. [source]
    source, target
        UCUM codes.

    Returns
    -------
    float or F64
        Same shape. [target]

    Raises
    ------
    ConfigError
        If a unit is unknown, or they measure different things.
    """
    if source == target:
        return value
    a, b = parse_unit(source), parse_unit(target)
    if a.dimensions != b.dimensions:
        raise ConfigError(
            f"{source} ({_shown(a)}) cannot be converted to {target} ({_shown(b)}): correct the unit of the source."
        )
    return value * float(a.factor / b.factor) + float((a.offset - b.offset) / b.factor)


def _shown(unit: Unit) -> str:
    return ".".join(f"{base}{power if power != 1 else ''}" for base, power in unit.dimensions) or "a pure number"
