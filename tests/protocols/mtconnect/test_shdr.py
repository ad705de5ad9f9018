"""SHDR lines. The escape table restates cases of the reference agent's published tokenizer tests."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chanye.protocols.mtconnect.fold import ConditionBoard, SetBoard, parse_entries
from chanye.protocols.mtconnect.shdr import (
    Asset,
    BadLine,
    Command,
    Pong,
    ShdrReader,
    Stamp,
    Value,
    split_fields,
)
from chanye.protocols.mtconnect.stamp import parse_stamp

T0 = 1_485_951_482_234_375  # 2017-02-01T12:18:02.234375Z, by `date -d … +%s`
STAMP = "2017-02-01T12:18:02.2343750Z"
AT = Stamp("absolute", T0)
SHAPES = {
    "sys": "condition", "msg": "message", "alm": "alarm", "vib": "time_series", "vars": "data_set", "off": "table",
}  # fmt: skip


def value(key, *fields, stamp=AT, device="", shape="value", line=1):
    return Value(line, stamp, device, key, shape, fields)


CASES = [
    ("one pair", f"{STAMP}|rpm|12.5\n", [value("rpm", "12.5")]),
    ("several pairs", f"{STAMP}|a|1|b|2|c|x y\r\n", [value("a", "1"), value("b", "2"), value("c", "x y")]),
    ("empty value", f"{STAMP}|line|\n", [value("line", "")]),
    ("blank value", f"{STAMP}|prog| |x|1\n", [value("prog", ""), value("x", "1")]),
    ("device prefix", f"{STAMP}|Mill:rpm|3\n", [value("rpm", "3", device="Mill")]),
    ("no zone", f"{STAMP[:-1]}|rpm|3\n", [value("rpm", "3")]),
    ("duration", f"{STAMP}@100.5|rpm|3\n", [value("rpm", "3", stamp=Stamp("absolute", T0, 100.5))]),
    ("absent stamp", "|rpm|3\n", [value("rpm", "3", stamp=Stamp("absent"))]),
    ("no stamp field", "rpm|3\n", [value("rpm", "3", stamp=Stamp("absent"))]),
    ("relative stamp", "1250.5|rpm|3\n", [value("rpm", "3", stamp=Stamp("relative", 1_250_500))]),
    ("condition", f"{STAMP}|sys|fault|A12|9|HIGH|Too hot\n",
     [value("sys", "fault", "A12", "9", "HIGH", "Too hot", shape="condition")]),
    ("condition in short", f"{STAMP}|sys|normal\n", [value("sys", "normal", "", "", "", "", shape="condition")]),
    ("message", f"{STAMP}|msg|C7|open the door\n", [value("msg", "C7", "open the door", shape="message")]),
    ("alarm", f"{STAMP}|alm|7|OTHER|HIGH|ACTIVE\n",
     [value("alm", "7", "OTHER", "HIGH", "ACTIVE", shape="alarm")]),
    ("time series", f"{STAMP}|vib|3|100|1 2 3\n", [value("vib", "3", "100", "1 2 3", shape="time_series")]),
    ("series gone", f"{STAMP}|vib|UNAVAILABLE\n", [value("vib", "UNAVAILABLE", "", "", shape="time_series")]),
    ("data set", f"{STAMP}|vars|a=1 b={{x y}}\n", [value("vars", "a=1 b={x y}", shape="data_set")]),
    ("table", f"{STAMP}|off|r1={{x=1 y=2}}\n", [value("off", "r1={x=1 y=2}", shape="table")]),
    ("quoted pipe", f'{STAMP}|m|"a\\|b"|n|1\n', [value("m", "a|b"), value("n", "1")]),
    ("chinese", f"{STAMP}|程序|渝北 1 号\n", [value("程序", "渝北 1 号")]),
    ("pong", "* PONG 10000\n", [Pong(1, 10_000)]),
    ("command", "* device: Mill 7\n", [Command(1, "device", "Mill 7")]),
    ("version", "* shdrVersion: 2.0\r\n", [Command(1, "shdrVersion", "2.0")]),
    ("asset", f"{STAMP}|@ASSET@|A1|CuttingTool|<x/>\n", [Asset(1, "@ASSET@")]),
    ("asset body", f"{STAMP}|@ASSET@|A1|T|--multiline--Q\n<x>\n</x>\n--multiline--Q\n{STAMP}|a|1\n",
     [Asset(1, "@ASSET@"), value("a", "1", line=5)]),
    ("pipe too many", f"{STAMP}|a|1|\n", [value("a", "1")]),
    ("blank lines", f"\n\r\n{STAMP}|a|1\n", [value("a", "1", line=3)]),
    ("only a number", "2017\n", [BadLine(1, "no_value", "2017")]),
    ("key alone", f"{STAMP}|a\n", [BadLine(1, "no_value", "a")]),
    ("stamp alone", f"{STAMP}\n", [BadLine(1, "no_value", STAMP)]),
    ("odd tail keeps the head", f"{STAMP}|a|1|b\n", [value("a", "1"), BadLine(1, "no_value", "b")]),
    ("impossible date", "2017-02-31T00:00:00Z|a|1\n", [BadLine(1, "bad_timestamp", "2017-02-31T00:00:00Z")]),
    ("bad pong", "* PONG soon\n", [BadLine(1, "bad_command", "* PONG soon")]),
    ("no key", f"{STAMP}||1\n", [BadLine(1, "no_key", "|1")]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
class TestCases:
    def test_whole(self, text, expected):
        assert ShdrReader(SHAPES).receive(text.encode()) == expected

    def test_byte_by_byte(self, text, expected):
        reader = ShdrReader(SHAPES)
        assert [e for byte in text.encode() for e in reader.receive(bytes([byte]))] == expected

    def test_trailing_data(self, text, expected):
        reader = ShdrReader(SHAPES)
        assert reader.receive(text.encode() + b"2017-02-01T12:18:03Z|nex") == expected
        later = reader.receive(b"t|5\n")
        assert [(e.key, e.fields) for e in later] == [("next", ("5",))]


@pytest.mark.parametrize(
    ("line", "fields"),
    [
        ("   |hello   |   kitty| cat | ", ["", "hello", "kitty", "cat", ""]),
        ("hello|kitty", ["hello", "kitty"]),
        ("hello|kitty|", ["hello", "kitty", ""]),
        (r'"a\|b"', ["a|b"]),
        (r'y|"a\|b\|c"|z', ["y", "a|b|c", "z"]),
        (r'"\|b\|c"', ["|b|c"]),
        (r'y|"a\|b\|"', ["y", "a|b|"]),
        (r'a\|b"', ["a\\", 'b"']),
        (r'y|a\|b\|c"|z', ["y", "a\\", "b\\", 'c"', "z"]),
        (r'"a\|b', ['"a\\', "b"]),
        (r'y|"a\|"z', ["y", '"a\\', '"z']),
        ("x|y||z", ["x", "y", "", "z"]),
        ('hello|xxx={b="12345", c="xxxxx"}}|bbb', ["hello", 'xxx={b="12345", c="xxxxx"}}', "bbb"]),
    ],
)
def test_escapes(line, fields):
    assert split_fields(line) == fields


@pytest.mark.parametrize(
    ("text", "us"),
    [
        (STAMP, T0),
        ("2017-02-01T12:18:02Z", 1_485_951_482_000_000),
        ("2017-02-01T12:18:02.123456789Z", 1_485_951_482_123_456),
        ("2017-02-01T20:18:02.5+08:00", 1_485_951_482_500_000),
        ("1969-12-31T23:59:59.5Z", -500_000),
        ("2017-02-01", None),
        ("2017-13-01T00:00:00Z", None),
        ("soon", None),
    ],
)
def test_stamps(text, us):
    assert parse_stamp(text) == us


def test_a_line_without_end_is_bounded_and_reported_once():
    reader = ShdrReader(max_line=100)
    events = [e for _ in range(50) for e in reader.receive(b"x" * 64)]
    assert [(e.line, e.reason) for e in events] == [(1, "line_too_long")]
    later = reader.receive(b"y\n" + f"{STAMP}|a|1\n".encode())
    assert later == [value("a", "1", line=2)]
    assert [e.reason for e in reader.receive(b"z" * 101 + b"\n")] == ["line_too_long"]


def test_a_line_that_was_cut_off_is_reported_not_guessed():
    reader = ShdrReader()
    assert reader.receive(f"{STAMP}|count|10".encode()) == []
    assert [e.reason for e in reader.close()] == ["cut_off"]
    assert reader.close() == []


@given(st.lists(st.binary(max_size=60)), st.integers(1, 200))
def test_arbitrary_bytes_never_raise_and_splitting_changes_nothing(chunks, max_line):
    split, whole = ShdrReader(SHAPES, max_line), ShdrReader(SHAPES, max_line)
    one = [e for chunk in chunks for e in split.receive(chunk)] + split.close()
    other = whole.receive(b"".join(chunks)) + whole.close()

    def good(events):
        # How much of a long line is quoted depends on how it came; everything else must not.
        return [e if not isinstance(e, BadLine) else (e.line, e.reason) for e in events]

    assert good(one) == good(other)


@given(st.text(st.sampled_from('|"\\ a=:*@{}\n2017-02T:.Z'), max_size=80))
def test_lines_of_nasty_characters_never_raise(text):
    ShdrReader(SHAPES).receive((text + "\n").encode())


class TestConditions:
    def test_the_worst_active_one_counts(self):
        board = ConditionBoard()
        assert board.apply("sys", "WARNING", "W1") == "WARNING"
        assert board.apply("sys", "FAULT", "F1") == "FAULT"
        assert board.apply("sys", "NORMAL", "F1") == "WARNING"
        assert board.apply("sys", "FAULT", "F2") == "FAULT"
        assert board.apply("sys", "NORMAL", "") == "NORMAL"

    def test_unavailable_forgets(self):
        board = ConditionBoard()
        board.apply("sys", "FAULT", "F1")
        assert board.apply("sys", "UNAVAILABLE", "") == "UNAVAILABLE"
        assert board.apply("sys", "NORMAL", "X") == "NORMAL"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a=1 b=2 c={abc}", ("", {"a": "1", "b": "2", "c": "abc"}, True)),
        ('a=10 c="abcd" d= e', ("", {"a": "10", "c": "abcd", "d": None, "e": None}, True)),
        ("abc={ abc 123 }", ("", {"abc": " abc 123 "}, True)),
        (r"abc={ abc \} 123 }", ("", {"abc": " abc } 123 "}, True)),
        (r"abc=' abc \' 123 '", ("", {"abc": " abc ' 123 "}, True)),
        (":MANUAL d=10", ("MANUAL", {"d": "10"}, True)),
        ("a={c=1 n=3.0} b={x=y}", ("", {"a": "c=1 n=3.0", "b": "x=y"}, True)),
        ("a=1 c={horses and dogs d=xxx", ("", {"a": "1", "c": None}, False)),
    ],
)
def test_data_sets(text, expected):
    assert parse_entries(text) == expected


def test_data_sets_are_sent_as_changes():
    board = SetBoard()
    assert board.apply("v", {"a": "1", "b": "2"}, reset=False) == '{"a": "1", "b": "2"}'
    assert board.apply("v", {"b": None, "c": "3"}, reset=False) == '{"a": "1", "c": "3"}'
    assert board.apply("v", {"d": "4"}, reset=True) == '{"d": "4"}'


@given(st.text(max_size=60))
def test_any_text_is_read_as_a_data_set_or_refused(text):
    parse_entries(text)
