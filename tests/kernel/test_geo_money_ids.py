"""Places, money and names, against published points, exact sums and the RFC's own example."""

import uuid

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from chanye.kernel.errors import ConfigError
from chanye.kernel.geo import gcj02_to_wgs84, great_circle, in_china, wgs84_to_gcj02
from chanye.kernel.ids import check_path, check_segment, short_id, uuid7
from chanye.kernel.money import allocate, format_money, parse_money

# Points published with the tests of open-source converters (latitude, longitude; WGS-84 then GCJ-02):
# wandergis/coordtransform test/app.js; the geotool crate; googollee/eviltransform (the last two and
# the second were made with another half axis).
POINTS = [
    (39.915, 116.404, 39.91640428150164, 116.41024449916938, 1e-9),
    (30.6107779, 121.0917077, 30.608604331756705, 121.09626935575027, 1e-6),
    (31.1774276, 121.5272106, 31.17530398364597, 121.531541859215, 1e-9),
    (22.543847, 113.912316, 22.540796131694766, 113.9171764808363, 1e-5),
    (39.911954, 116.377817, 39.91334545536069, 116.38404722455657, 1e-5),
]


@pytest.mark.parametrize(("lat", "lon", "map_lat", "map_lon", "error"), POINTS)
def test_published_points(lat: float, lon: float, map_lat: float, map_lon: float, error: float) -> None:
    assert wgs84_to_gcj02(lat, lon) == pytest.approx((map_lat, map_lon), abs=error)
    assert gcj02_to_wgs84(map_lat, map_lon) == pytest.approx((lat, lon), abs=error)


def test_the_published_inverse_point() -> None:
    # hujiulong/gcoord test/unit/crs/GCJ02.spec.js, to five decimals
    assert gcj02_to_wgs84(45, 123) == pytest.approx((44.99804071, 122.99395597), abs=1e-5)


@given(st.floats(1.0, 55.6), st.floats(72.2, 137.6))
def test_there_and_back_is_within_a_centimetre(lat: float, lon: float) -> None:
    assert gcj02_to_wgs84(*wgs84_to_gcj02(lat, lon)) == pytest.approx((lat, lon), abs=1e-7)


@given(st.floats(-90, 90), st.floats(-180, 180))
def test_outside_china_nothing_moves(lat: float, lon: float) -> None:
    assume(not in_china(lat, lon))
    assert wgs84_to_gcj02(lat, lon) == (lat, lon)


def test_distances() -> None:
    # A quarter of a great circle is R * pi / 2; one degree of a meridian R * pi / 180.
    assert great_circle(0, 0, 90, 0) == pytest.approx(10_007_557, abs=1)
    assert great_circle(29, 106, 30, 106) == pytest.approx(111_195.08, abs=0.1)
    assert great_circle(0, 0, 0, 180) == pytest.approx(20_015_115, abs=1)
    assert great_circle(29.7, 106.6, 29.7, 106.6) == 0
    # Chongqing Jiangbei to Beijing Capital airport: 1,460 km in airline timetables, within 1 %.
    assert great_circle(29.719, 106.642, 40.080, 116.585) == pytest.approx(1_460e3, rel=0.01)


@pytest.mark.parametrize("place", [(91, 0), (0, 181), (float("nan"), 0), (116.4, 39.9), (0, float("inf"))])
def test_what_is_no_place_is_refused(place: tuple[float, float]) -> None:
    with pytest.raises(ConfigError, match="exchanged"):
        wgs84_to_gcj02(*place)


@given(st.integers(-(10**14), 10**14), st.lists(st.integers(0, 10**6), min_size=1, max_size=20))
def test_no_fen_is_lost(fen: int, weights: list[int]) -> None:
    assume(sum(weights) > 0)
    parts = allocate(fen, weights)
    assert sum(parts) == fen
    total = sum(weights)
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part * total - fen * weight) < total  # the exact share, rounded down or up
        assert weight or part == 0


def test_hamilton_by_hand() -> None:
    assert allocate(100, [1, 1, 1]) == [34, 33, 33]
    assert allocate(-100, [1, 1, 1]) == [-34, -33, -33]
    assert allocate(5, [3, 7]) == [2, 3]  # 1.5 and 3.5: the first of two equal remainders
    for bad in ([], [0], [1, -1]):
        with pytest.raises(ConfigError):
            allocate(100, bad)


@pytest.mark.parametrize(
    ("text", "fen"),
    [
        ("1234.5", 123450),
        ("1,234.50", 123450),
        ("¥ 12", 1200),
        ("￥12元", 1200),
        ("3.2万元", 3_200_000),
        ("1.5亿", 15_000_000_000),
        ("CNY 7", 700),
        ("-0.01", -1),
        ("−5", -500),
        ("１２．５", 1250),
        ("0", 0),
        ("0.00000001亿", 100),
    ],
)
def test_amounts_that_people_type(text: str, fen: int) -> None:
    assert parse_money(text) == fen


@pytest.mark.parametrize(
    "text", ["", "abc", "1.234", "1,23.4", "1e5", "--1", "1.2.3", "NaN", "9" * 60, "1\x00", "$5", "万"]
)
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(ConfigError):
        parse_money(text)


@given(st.integers(-(10**15), 10**15), st.sampled_from(["en", "zh-hans"]))
def test_what_is_shown_can_be_typed(fen: int, language: str) -> None:
    assert parse_money(format_money(fen, language)) == fen


def test_amounts_as_shown() -> None:
    assert [format_money(n) for n in (0, 5, -123450, 10**12)] == [
        "¥0.00",
        "¥0.05",
        "-¥1,234.50",
        "¥10,000,000,000.00",
    ]
    assert [format_money(n, "zh") for n in (3_200_000, 15 * 10**9, 3_200_001, 99)] == [
        "¥3.2万",
        "¥1.5亿",
        "¥32,000.01",
        "¥0.99",
    ]


def test_the_example_of_the_rfc() -> None:
    # RFC 9562 appendix A.6: 2022-02-22T19:22:22Z, rand_a 0xCC3, rand_b 0x18C4DC0C0C07398F
    noise = (0xCC3 << 62 | 0x18C4DC0C0C07398F).to_bytes(10, "big")
    assert uuid7(1645557742000_000, noise).upper() == "017F22E2-79B0-7CC3-98C4-DC0C0C07398F"


@given(st.integers(0, 2**47), st.integers(0, 2**47), st.binary(min_size=10, max_size=16), st.binary(min_size=10))
def test_ids_sort_by_time(a: int, b: int, noise: bytes, other: bytes) -> None:
    one, two = short_id(a * 1000, noise), short_id(b * 1000, other)
    if a != b:
        assert (one < two) == (a < b)
    made = uuid.UUID(uuid7(a * 1000, noise))
    assert (made.version, made.variant, made.int >> 80) == (7, uuid.RFC_4122, a)
    assert len(one) == 26


@pytest.mark.parametrize(("time_us", "noise"), [(-1, b"0" * 10), (2**60, b"0" * 10), (0, b"short")])
def test_ids_need_time_and_noise(time_us: int, noise: bytes) -> None:
    with pytest.raises(ValueError, match=r"time|random"):
        short_id(time_us, noise)


@pytest.mark.parametrize("name", ["hurco04", "一号线", "Ä-1_2.3", "线(2)", "café", "a$b", "1"])
def test_names_that_are_fine(name: str) -> None:
    assert check_segment(name) == name
    assert check_path(f"{name}/{name}") == f"{name}/{name}"


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("", "empty"),
        ("a b", "space"),
        ("a\u3000b", "U\\+3000"),
        ("a+", r"\+"),
        ("#", "#"),
        (">", ">"),
        ("*", r"\*"),
        ("a/b", "/"),
        ("a\\b", r"\\"),
        ("$SYS", r"\$"),
        ("a\x00", "U\\+0000"),
        ("a\u200b", "U\\+200B"),
        ("a\n", "U\\+000A"),
        ("..", "folder"),
        (".", "folder"),
        ("x" * 101, "101"),
        ("\ud800", "U\\+D800"),
    ],
)
def test_names_that_are_refused(name: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        check_segment(name)
