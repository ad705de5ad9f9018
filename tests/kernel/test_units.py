"""Units against the tables of UCUM 2.1 and the SI Brochure (9th ed., table 8 and NIST SP 811, appendix B.8)."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chanye.kernel.errors import ConfigError
from chanye.kernel.unit_names import ucum_of_mtconnect, unit_label
from chanye.kernel.units import compatible, convert, parse_unit

# (value, from, to, expected); NIST SP 811 B.8 unless another source is named.
TABLE = [
    (1, "kW.h", "MJ", 3.6),
    (1, "bar", "kPa", 100),
    (1, "[psi]", "kPa", 6.894757),
    (1, "atm", "Pa", 101325),
    (1, "mm[Hg]", "Pa", 133.3220),
    (1, "m[H2O]", "kPa", 9.80665),
    (1, "[in_i]", "mm", 25.4),
    (1, "[ft_i]/min", "mm/s", 5.08),
    (1, "[mi_i]", "m", 1609.344),
    (1, "[kn_i]", "m/s", 0.5144444),
    (1, "[lb_av]", "kg", 0.45359237),
    (1, "[lbf_av]", "N", 4.448222),
    (1, "[in_i].[lbf_av]", "N.m", 0.1129848),
    (1, "[HP]", "W", 745.6999),
    (1, "[gal_us]", "L", 3.785412),
    (1, "[Btu_IT]", "J", 1055.05585262),
    (1, "cal", "J", 4.184),
    (1, "t", "kg", 1000),
    (1, "har", "m2", 10_000),
    (1, "cP", "Pa.s", 0.001),
    (1, "cSt", "mm2/s", 1),
    (1, "G", "T", 1e-4),
    (1, "eV", "J", 1.602176634e-19),
    (1, "a", "d", 365.25),
    (1, "wk", "h", 168),
    (180, "deg", "rad", np.pi),
    (1, "circ", "deg", 360),
    (90, "'", "deg", 1.5),
    (100, "Cel", "[degF]", 212),
    (-40, "Cel", "[degF]", -40),
    (0, "K", "Cel", -273.15),
    (32, "[degF]", "Cel", 0),
    (36, "Cel/h", "K/s", 0.01),
    (50, "%", "1", 0.5),
    (400, "[ppm]", "%", 0.04),
    (400, "ppm", "[ppm]", 400),
    (3.6, "m3/h", "L/s", 1),
    (3000, "/min", "Hz", 50),
    (3000, "{rev}/min", "/s", 50),
    (60, "{part}/h", "/min", 1),
    (1, "mS/cm", "dS/m", 1),
    (1, "10*6.m3", "hm3", 1),
    (2, "KiBy", "bit", 16_384),
    (1, "W/(m2.K)", "W/m2/K", 1),
    (1, "N.m", "J", 1),
    (1, "V.A", "W", 1),
    (1, "lm/m2", "lx", 1),
    (7, "[pH]", "[pH]", 7),
    (1, "dam", "m", 10),
    (1, "60.s", "min", 1),
]


@pytest.mark.parametrize(("value", "source", "target", "expected"), TABLE)
def test_the_tables(value: float, source: str, target: str, expected: float) -> None:
    assert convert(float(value), source, target) == pytest.approx(expected, rel=1e-6, abs=1e-9)
    assert convert(expected, target, source) == pytest.approx(value, rel=1e-6, abs=1e-6)
    assert compatible(source, target)


def test_arrays_of_any_shape() -> None:
    grid = np.array([[0.0, 100.0], [np.nan, -273.15]])
    np.testing.assert_allclose(convert(grid, "Cel", "K"), [[273.15, 373.15], [np.nan, 0.0]], atol=1e-12)
    assert convert(grid, "mm", "mm") is grid


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "rpm",
        "°C",
        "m^2",
        "km/",
        "((m)",
        "m)",
        "m99",
        "m-",
        "{",
        "}",
        "{a}{b}",
        "kg m",
        "[",
        "[foo]",
        "kwh",
        "0",
        "m2e5",
        ".",
        "/",
        "//s",
        "m..s",
        "10*99",
        "9" * 50,
        "(" * 60 + "m" + ")" * 60,
        "k",
        "kmin",
        "k%",
        "m\n",
        "\x00",
        "m{\x07}",
        "x" * 500,
    ],
)
def test_what_is_no_unit_is_refused_with_advice(text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_unit(text)
    assert any(word in str(caught.value) for word in ("UCUM", "Pieces"))


def test_near_units_are_named() -> None:
    with pytest.raises(ConfigError, match="Near: Cel"):
        parse_unit("celsius")


@pytest.mark.parametrize(("a", "b"), [("mm", "s"), ("N.m", "N"), ("[pH]", "1"), ("dB", "%"), ("/min", "rad/s")])
def test_different_things_do_not_convert(a: str, b: str) -> None:
    assert not compatible(a, b)
    with pytest.raises(ConfigError, match="cannot be converted"):
        convert(1.0, a, b)


@given(st.text(max_size=30) | st.text("mskgKCel[]{}./()0123456789-+*%'", max_size=30))
def test_any_text_is_a_unit_or_a_clear_refusal(text: str) -> None:
    try:
        unit = parse_unit(text)
    except ConfigError:
        return
    assert unit.factor > 0
    unit_label(text)


UNITS = st.sampled_from(
    ["mm", "m/s", "kW.h", "J", "Cel", "K", "[degF]", "bar", "[psi]", "m3/h", "L/s", "deg", "rad", "%", "1"]
)


@given(UNITS, UNITS, st.floats(-1e6, 1e6))
def test_there_and_back_again(a: str, b: str, value: float) -> None:
    if compatible(a, b):
        assert convert(convert(value, a, b), b, a) == pytest.approx(value, rel=1e-9, abs=1e-6)


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("MILLIMETER/SECOND", "mm/s"),
        ("MILLIMETER/SECOND^2", "mm/s2"),
        ("MILLIMETER_3D", "mm"),
        ("REVOLUTION/MINUTE", "{rev}/min"),
        ("CELSIUS", "Cel"),
        ("PERCENT", "%"),
        ("KILOWATT_HOUR", "kW.h"),
        ("DEGREE/SECOND^2", "deg/s2"),
        ("POUND/INCH^2", "[psi]"),
        ("VOLT_AMPERE", "V.A"),
        ("COUNT", "{count}"),
        ("FOOT/MINUTE", "[ft_i]/min"),
    ],
)
def test_mtconnect_names(name: str, code: str) -> None:
    assert ucum_of_mtconnect(name) == code
    parse_unit(code)


@pytest.mark.parametrize("name", ["", "FURLONG", "MILLIMETER//SECOND", "MILLIMETER^", "mm/s<script>"])
def test_unknown_mtconnect_names_are_refused(name: str) -> None:
    with pytest.raises(ConfigError, match="MTConnect"):
        ucum_of_mtconnect(name)


@pytest.mark.parametrize(
    ("code", "en", "zh"),
    [
        ("mm/s", "mm/s", "mm/s"),
        ("Cel", "°C", "°C"),
        ("{part}", "pcs", "件"),
        ("{part}/h", "pcs/h", "件/h"),
        ("/min", "1/min", "1/min"),
        ("m3/h", "m³/h", "m³/h"),
        ("kW.h", "kW·h", "kW·h"),
        ("uS/cm", "µS/cm", "µS/cm"),
        ("10*6.m3", "10⁶·m³", "10⁶·m³"),
        ("1", "", ""),
        ("%", "%", "%"),
        ("{rev}/min", "r/min", "r/min"),
    ],
)
def test_labels(code: str, en: str, zh: str) -> None:
    assert (unit_label(code), unit_label(code, "zh-hans")) == (en, zh)
