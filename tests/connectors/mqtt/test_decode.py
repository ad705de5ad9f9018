"""What a topic and a payload mean, by rules; and that no payload makes it fail."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from chanye.connectors.mqtt.decode import Decoded, decode
from chanye.connectors.mqtt.rules import TopicRule
from chanye.connectors.mqtt.topics import parse_pattern
from chanye.kernel.errors import PeerError
from chanye.spine.history.types import Quality

NOW = 1_790_000_000_000_000
METER: dict[str, Any] = {
    "topic": "factory/{asset}/{_}/meter",
    "time": {"path": "$.ts", "format": "ms"},
    "values": [
        {"path": "$.power_kw", "code": "power", "unit": "kW", "role": "power"},
        {"path": "$.energy", "code": "energy", "unit": "kW.h", "kind": "counter"},
        {"path": "$.phase[1].u", "code": "u2", "unit": "V"},
        {"path": "$['state of run']", "code": "run", "unit": "1", "kind": "state"},
    ],
}


def rules(*raw: dict[str, Any]) -> list[TopicRule]:
    return [TopicRule.model_validate(one) for one in raw]


def read(topic: str, payload: Any, *raw: dict[str, Any], retained: bool = False) -> Decoded:
    data = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    done = decode(topic, data, rules(*raw), NOW, retained=retained)
    assert isinstance(done, Decoded), done
    return done


def refused(topic: str, payload: Any, *raw: dict[str, Any]) -> str:
    data = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    done = decode(topic, data, rules(*raw), NOW)
    assert isinstance(done, PeerError), done
    return done.reason


def test_a_meter() -> None:
    payload = {
        "ts": 1_700_000_000_123,
        "power_kw": 4.5,
        "energy": 12,
        "phase": [{}, {"u": 231.5}],
        "state of run": True,
    }
    done = read("factory/press-1/x/meter", payload, METER)
    assert done.readings.value == [4.5, 12.0, 231.5, "true"]
    assert done.readings.time == [1_700_000_000_123_000] * 4
    assert done.readings.quality == [Quality.GOOD] * 4
    tag = done.origins[0].tag(done.readings.address[0])
    assert tag.asset == (("work_unit", "press-1", "press-1"),)
    assert (tag.series.code, tag.series.unit, tag.series.role) == ("power", "kW", "power")
    assert len(set(done.readings.address)) == 4


def test_the_unnamed_level_is_no_part_of_the_address() -> None:
    one = read("factory/a/x/meter", {"ts": 1, "power_kw": 1}, METER)
    other = read("factory/a/y/meter", {"ts": 1, "power_kw": 1}, METER)
    assert one.readings.address == other.readings.address


def test_chinese_topics_and_texts() -> None:
    rule = {
        "topic": "渝北/{asset}/状态",
        "values": [{"path": "$.运行", "code": "运行", "unit": "1", "kind": "state"}],
    }
    done = read("渝北/数控车床3号/状态", {"运行": "加工中"}, rule)
    assert done.readings.value == ["加工中"]
    tag = done.origins[0].tag(done.readings.address[0])
    assert tag.asset == (("work_unit", "数控车床3号", "数控车床3号"),)
    assert tag.series.code == "运行"


def test_records_in_an_array_with_fields_of_their_own() -> None:
    rule = {
        "topic": "gw/{asset}",
        "each": "$.rooms[*].m[*]",
        "fields": {"meter": "$.id", "gateway": "$$.gw"},
        "time": {"path": "$.t", "format": "s"},
        "values": [{"path": "$.v", "code": "{gateway}.{meter}.power", "unit": "W"}],
    }
    payload = {"gw": "g7", "rooms": [{"m": [{"id": 1, "t": 5, "v": 1.5}, {"id": 2, "t": 6.25, "v": 2}]}, {}, 3]}
    done = read("gw/hall", payload, rule)
    assert done.readings.value == [1.5, 2.0]
    assert done.readings.time == [5_000_000, 6_250_000]
    assert [o.tag("a").series.code for o in done.origins] == ["g7.1.power", "g7.2.power"]


@pytest.mark.parametrize(
    ("form", "raw", "us"),
    [
        ("s", 1_700_000_000, 1_700_000_000_000_000),
        ("s", 1_700_000_000.25, 1_700_000_000_250_000),
        ("s", "1700000000", 1_700_000_000_000_000),
        ("ms", 1_700_000_000_001, 1_700_000_000_001_000),
        ("us", 1_700_000_000_000_001, 1_700_000_000_000_001),
        ("ns", 1_700_000_000_000_001_999, 1_700_000_000_000_001),
        ("iso", "2023-11-14T22:13:20Z", 1_700_000_000_000_000),
        ("iso", "2023-11-15T06:13:20.000001+08:00", 1_700_000_000_000_001),
        ("iso", "2023-11-15 06:13:20", 1_700_000_000_000_000),
    ],
)
def test_times(form: str, raw: Any, us: int) -> None:
    time = {"path": "$.t", "format": form, "zone": "Asia/Shanghai"}
    done = read(
        "m", {"t": raw, "v": 1}, {"topic": "m", "time": time, "values": [{"path": "$.v", "code": "v", "unit": "1"}]}
    )
    assert done.readings.time == [us]


@given(st.datetimes(min_value=datetime(1971, 1, 1), max_value=datetime(2200, 1, 1)))
def test_local_times_agree_with_the_library(moment: datetime) -> None:
    rule = {
        "topic": "m",
        "time": {"path": "$.t", "zone": "Asia/Shanghai"},
        "values": [{"path": "$.v", "code": "v", "unit": "1"}],
    }
    done = read("m", {"t": moment.isoformat(), "v": 1}, rule)
    whole = moment.replace(tzinfo=ZoneInfo("Asia/Shanghai"), microsecond=0).timestamp()
    assert done.readings.time == [int(whole) * 1_000_000 + moment.microsecond]


@pytest.mark.parametrize("raw", [None, True, "yesterday", "", [], 1e300, -5, "9" * 5000, "0001-01-01T00:00:00+14:00"])
def test_a_bad_time_is_counted_for_each_value(raw: Any) -> None:
    for form in ("s", "iso"):
        rule = {**METER, "time": {"path": "$.ts", "format": form}}
        done = read("factory/a/b/meter", {"ts": raw, "power_kw": 1, "energy": 2}, rule)
        assert done.readings.counts == {"rejected:bad_time": 2}


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (True, "wrong_type"),
        ("4.5", "wrong_type"),
        ([], "wrong_type"),
        ({"a": 1}, "wrong_type"),
        (10**400, "bad_value"),
    ],
)
def test_a_wrong_value_costs_only_itself(value: Any, reason: str) -> None:
    done = read("factory/a/b/meter", {"ts": 1, "power_kw": value, "energy": 2}, METER)
    assert done.readings.value == [2.0]
    assert done.readings.counts == {f"rejected:{reason}": 1}


def test_a_number_beyond_float_a_negative_counter_and_null() -> None:
    assert read("factory/a/b/meter", b'{"ts":1,"power_kw":1e999}', METER).readings.counts == {"rejected:bad_value": 1}
    assert read("factory/a/b/meter", {"ts": 1, "energy": -1}, METER).readings.counts == {"rejected:bad_value": 1}
    null = read("factory/a/b/meter", {"ts": 1, "power_kw": None}, METER).readings
    assert (null.value, null.quality) == ([None], [Quality.BAD_NO_DATA])


def test_the_unit_a_payload_states_must_be_ours() -> None:
    rule = {"topic": "m", "values": [{"path": "$.v", "code": "v", "unit": "kW", "unit_path": "$.u"}]}
    assert read("m", {"v": 1, "u": "kW"}, rule).readings.value == [1.0]
    assert read("m", {"v": 1, "u": "W"}, rule).readings.counts == {"rejected:wrong_unit": 1}


@pytest.mark.parametrize(
    "payload",
    [b"", b"{", b"NaN", b'{"a":Infinity}', b"\xff\xfe", b"[" * 200_000, b'{"a":' * 100_000, b"9" * 10_000, b"\x00"],
)
def test_bad_json(payload: bytes) -> None:
    assert refused("factory/a/b/meter", payload, METER) == "bad_json"


def test_what_no_rule_wants() -> None:
    assert refused("elsewhere", {}, METER) == "unknown_tag"
    assert refused("factory/a b/x/meter", {"ts": 1}, METER) == "bad_topic"
    assert refused("factory/a/x/meter", {"ts": 1}, METER) == "no_value"
    assert refused("factory/a/x/meter", [1, 2], METER) == "no_value"


def test_plain_payloads() -> None:
    number = {"topic": "t/{asset}", "payload": "plain", "values": [{"code": "t", "unit": "Cel"}]}
    assert read("t/a", b" -4.5e1 ", number).readings.value == [-45.0]
    for bad in (b"warm", b"nan", b"0x10", b"1_000", b"", b"9" * 100):
        assert read("t/a", bad, number).readings.counts == {"rejected:bad_value": 1}
    assert refused("t/a", b"\xff", number) == "bad_text"
    text = {"topic": "s", "payload": "plain", "values": [{"code": "s", "unit": "1", "kind": "state"}]}
    assert read("s", "停机".encode(), text).readings.value == ["停机"]
    assert read("s", b"a\x00b", text).readings.counts == {"rejected:bad_text": 1}


def test_a_retained_value_without_time_is_uncertain() -> None:
    plain = {"topic": "t", "payload": "plain", "values": [{"code": "t", "unit": "Cel"}]}
    assert read("t", b"1", plain, retained=True).readings.quality == [Quality.UNCERTAIN_LAST_USABLE]
    timed = read("factory/a/b/meter", {"ts": 1, "power_kw": 1}, METER, retained=True)
    assert timed.readings.quality == [Quality.GOOD]


def test_patterns_match_as_the_standard_says() -> None:
    """MQTT 3.1.1, 4.7.1: the examples of the standard."""
    sport = parse_pattern("sport/tennis/player1/#")
    assert [sport.match(t) is not None for t in ("sport/tennis/player1", "sport/tennis/player1/score/wimbledon")] == [
        True
    ] * 2
    assert parse_pattern("sport/#").match("sport") is not None
    assert parse_pattern("sport/+").match("sport/") is not None
    assert parse_pattern("sport/+").match("sport") is None
    assert parse_pattern("+/+").match("/finance") is not None
    assert parse_pattern("+").match("/finance") is None
    assert parse_pattern("#").match("$SYS/uptime") is None
    assert parse_pattern("+/monitor/Clients").match("$SYS/monitor/Clients") is None
    assert parse_pattern("line-{n}/t").match("line-7/t") == {"n": "7"}
    assert parse_pattern("line-{n}/t").filter == "+/t"


@pytest.mark.parametrize(
    "topic",
    [
        "",
        "a/#/b",
        "a#",
        "a+/b",
        "$share/g/t",
        "a\x00",
        "{a}/{a}",
        "{a}{b}",
        "{a b}",
        "{a",
        "{}",
        "a" * 70_000,
        "\ud800",
    ],
)
def test_topics_that_cannot_be(topic: str) -> None:
    with pytest.raises(ValidationError):
        TopicRule.model_validate({**METER, "topic": topic})


@pytest.mark.parametrize(
    "change",
    [
        {"values": []},
        {"values": [{"path": "$.a[*]", "code": "a", "unit": "1"}]},
        {"values": [{"path": "a", "code": "a", "unit": "1"}]},
        {"values": [{"path": "$.a", "code": "{nobody}", "unit": "1"}]},
        {"values": [{"path": "$.a", "code": "a", "unit": ""}]},
        {"values": [{"path": "$.a", "code": "a", "unit": "1", "role": "king"}]},
        {"values": [{"path": "$.a", "code": "a", "unit": "1"}, {"path": "$.b", "code": "a", "unit": "1"}]},
        {"payload": "plain"},
        {"time": {"path": "$.ts", "zone": "Mars/Olympus"}},
        {"fields": {"a-b": "$.x"}},
    ],
)
def test_rules_that_cannot_be(change: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        TopicRule.model_validate({**METER, **change})


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers(-(10**400), 10**400) | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["ts", "power_kw", "energy", "phase", "u", "m", "id", "v"]) | st.text(), inner
        )
    ),
    max_leaves=12,
)
HARD = rules(
    METER,
    {**METER, "topic": "e/{asset}", "each": "$.m[*]", "fields": {"id": "$.id"}},
    {"topic": "p/#", "payload": "plain", "values": [{"code": "x", "unit": "1"}]},
    {
        "topic": "+",
        "time": {"path": "$$.ts"},
        "each": "$[*]",
        "values": [{"path": "$", "code": "x", "unit": "1", "kind": "text"}],
    },
)


def sound(done: Decoded | PeerError) -> None:
    if isinstance(done, PeerError):
        assert done.reason
        return
    got = done.readings
    assert len(done.origins) == len(got.address) == len(got.time) == len(got.value) == len(got.quality)
    assert all(isinstance(t, int) and 0 <= t < 2**62 for t in got.time)
    assert all(v is None or isinstance(v, str) or (v == v and abs(v) < float("inf")) for v in got.value)
    for address, origin in zip(got.address, done.origins, strict=True):
        address.encode()
        assert origin.tag(address).series.code


TOPICS = st.sampled_from(["factory/a/b/meter", "e/x", "p/q", "z"]) | st.text()


@settings(max_examples=300)
@given(TOPICS, st.binary() | st.text().map(lambda t: t.encode("utf-8", "surrogatepass")))
def test_no_bytes_make_it_fail(topic: str, payload: bytes) -> None:
    sound(decode(topic, payload, HARD, NOW))


@settings(max_examples=300)
@given(TOPICS, JSON, st.booleans())
def test_no_json_makes_it_fail(topic: str, payload: Any, retained: bool) -> None:
    sound(decode(topic, json.dumps(payload).encode(), HARD, NOW, retained=retained))
