"""Names of units: what MTConnect calls them, and what people read."""

from __future__ import annotations

import re
from collections.abc import Mapping

from chanye.kernel.errors import ConfigError
from chanye.kernel.units import parse_unit

#: Words of MTConnect units and native units (Part 2, UnitEnum and NativeUnitEnum) -> UCUM.
_MTCONNECT: Mapping[str, str] = {
    "AMPERE": "A",
    "AMPERE_HOUR": "A.h",
    "BAR": "bar",
    "CELSIUS": "Cel",
    "CENTIPOISE": "cP",
    "COULOMB": "C",
    "COUNT": "{count}",
    "CUBIC_FOOT": "[ft_i]3",
    "CUBIC_METER": "m3",
    "CUBIC_MILLIMETER": "mm3",
    "DAY": "d",
    "DECIBEL": "dB",
    "DEGREE": "deg",
    "FAHRENHEIT": "[degF]",
    "FOOT": "[ft_i]",
    "GALLON": "[gal_us]",
    "GRAM": "g",
    "GRAVITATIONAL_ACCELERATION": "[g]",
    "HERTZ": "Hz",
    "HOUR": "h",
    "INCH": "[in_i]",
    "INCH_POUND": "[in_i].[lbf_av]",
    "JOULE": "J",
    "KELVIN": "K",
    "KILOGRAM": "kg",
    "KILOWATT": "kW",
    "KILOWATT_HOUR": "kW.h",
    "LITER": "L",
    "METER": "m",
    "MICROMETER": "um",
    "MICRO_RADIAN": "urad",
    "MICRORADIAN": "urad",
    "MILLIGRAM": "mg",
    "MILLILITER": "mL",
    "MILLIMETER": "mm",
    "MILLIMETER_MERCURY": "mm[Hg]",
    "MINUTE": "min",
    "NEWTON": "N",
    "NEWTON_METER": "N.m",
    "NEWTON_MILLIMETER": "N.mm",
    "OHM": "Ohm",
    "OHM_METER": "Ohm.m",
    "PASCAL": "Pa",
    "PASCAL_SECOND": "Pa.s",
    "PERCENT": "%",
    "PH": "[pH]",
    "POUND": "[lb_av]",
    "RADIAN": "rad",
    "REVOLUTION": "{rev}",
    "SECOND": "s",
    "SIEMENS": "S",
    "SQUARE_INCH": "[in_i]2",
    "SQUARE_METER": "m2",
    "SQUARE_MILLIMETER": "mm2",
    "TORR": "mm[Hg]",
    "VOLT": "V",
    "VOLT_AMPERE": "V.A",
    "VOLT_AMPERE_REACTIVE": "V.A{reactive}",
    "WATT": "W",
    "WATT_HOUR": "W.h",
    "WATT_SECOND": "W.s",
    "DIMENSIONLESS": "1",
}
_WHOLE: Mapping[str, str] = {"POUND/INCH^2": "[psi]", "UNITS": "1", "UNIT_VECTOR": "1", "OTHER": "1"}
_POWER = re.compile(r"([A-Z_]+?)(?:\^(\d))?", re.ASCII)


def ucum_of_mtconnect(name: str) -> str:
    """Return the UCUM code of an MTConnect unit such as ``MILLIMETER/SECOND^2``; ``_3D`` vectors by component.

    Raises
    ------
    ConfigError
        If the unit is not one of the standard's.
    """
    plain = name.strip().upper().removesuffix("_3D")
    if plain in _WHOLE:
        return _WHOLE[plain]
    parts: list[str] = []
    for part in plain.split("/"):
        found = _POWER.fullmatch(part)
        if found is None or found[1] not in _MTCONNECT:
            raise ConfigError(f"{name[:60]!r} is no MTConnect unit: name the UCUM unit in the connection's mapping.")
        code = _MTCONNECT[found[1]]
        parts.append((f"({code})" if "." in code and parts else code) + (found[2] or ""))
    code = "/".join(parts)
    parse_unit(code)
    return code


#: Codes that are read differently from how they are written; ``(English, Chinese)`` where they differ.
_WORDS: Mapping[str, str | tuple[str, str]] = {
    "Cel": "°C",
    "[degF]": "°F",
    "deg": "°",
    "'": "′",  # the sign for minutes of arc
    "''": "″",
    "Ohm": "Ω",
    "[ppm]": "ppm",
    "[ppb]": "ppb",
    "[ppth]": "‰",
    "[pH]": "pH",
    "[in_i]": "in",
    "[ft_i]": "ft",
    "[mi_i]": "mi",
    "[lb_av]": "lb",
    "[psi]": "psi",
    "[g]": "g",
    "[kn_i]": "kn",
    "10*": "10",
    "a": ("a", "年"),
    "d": ("d", "天"),
    "{part}": ("pcs", "件"),
    "{parts}": ("pcs", "件"),
    "{count}": ("", "个"),
    "{rev}": ("r", "r"),
    "{cycle}": ("cycles", "次"),
    "{tool}": ("tools", "把"),
    "{tree}": ("trees", "棵"),
    "{box}": ("boxes", "箱"),
    "{vehicle}": ("vehicles", "辆"),
    "{person}": ("people", "人"),
    "CNY": ("CNY", "元"),
    "{10kCNY}": ("10k CNY", "万元"),
    "{tce}": ("tce", "吨标准煤"),
    "{reactive}": ("", ""),
}
_RAISED = str.maketrans("+-0123456789", "⁺⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_PIECE = re.compile(r"(\{[^{}]*\})|(10\*|(?:\[[^\[\]]+\]|[^\d+\-./(){}\[\]])+)([+-]?\d+)?|(\d+)|([./()])", re.ASCII)


def unit_label(code: str, language: str = "en") -> str:
    """Return a UCUM code as people read it: ``mm/s``, ``°C``, ``m³/h``, ``件``; nothing for a pure number.

    Parameters
    ----------
    code
        UCUM code; one that is not understood is returned as it is.
    language
        ``en``, or anything that begins with ``zh``.
    """
    if code == "1":
        return ""
    column = 1 if language.lower().startswith("zh") else 0
    pieces = [_piece(found, column) for found in _PIECE.finditer(code)]
    text = "".join(pieces)
    return f"1{text}" if text.startswith("/") else text


def _piece(found: re.Match[str], column: int) -> str:
    note, symbol, exponent, number, mark = found.groups()
    if note:
        return _word(note, column, note[1:-1])
    if symbol:
        prefixed = symbol[0] in "num" and len(symbol) > 1 and symbol[1:] in _WORDS
        name = symbol[0] + _word(symbol[1:], column, "") if prefixed else _word(symbol, column, symbol)
        if name.startswith("u") and len(name) > 1 and not symbol.startswith("["):
            name = "µ" + name[1:]
        return name + (exponent or "").translate(_RAISED)
    return number or ("·" if mark == "." else mark)


def _word(symbol: str, column: int, otherwise: str) -> str:
    word = _WORDS.get(symbol, otherwise)
    return word if isinstance(word, str) else word[column]
