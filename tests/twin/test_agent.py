"""The agent as a stranger sees it, over HTTP."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from lxml import etree

from chanye.twin.agent import Agent, stamp
from chanye.twin.buffer import Buffer, OutOfRangeError
from chanye.twin.floor import Floor, Outage, hide
from chanye.twin.parts import HOUR, MACHINES, MINUTE
from chanye.twin.plan import SECOND
from chanye.twin.shop import Shop, Truth, local_day, midnight

MONDAY = midnight(local_day(1_772_400_000_000_000))
NINE = MONDAY + 9 * HOUR


class Hand:
    """A clock moved by hand."""

    def __init__(self) -> None:
        self.now = NINE

    def __call__(self) -> int:
        return self.now


def get(agent: Agent, path: str) -> tuple[int, etree._Element]:
    line = http.client.HTTPConnection("127.0.0.1", agent.port, timeout=5)
    try:
        line.request("GET", path)
        answer = line.getresponse()
        return answer.status, etree.fromstring(answer.read())
    finally:
        line.close()


def header(root: etree._Element, name: str) -> int:
    return int(root[0].get(name))


def values(root: etree._Element) -> dict[str, str]:
    return {node.get("dataItemId"): node.text or "" for node in root.iter() if node.get("dataItemId")}


@pytest.fixture
def floor() -> Iterator[Floor]:
    clock = Hand()
    made = Floor(Shop(7, MONDAY), Agent(), clock)
    made.start()
    yield made
    made.agent.hang_up()


def advance(floor: Floor, by: int) -> None:
    floor.clock.now += by
    floor.step()


def test_probe_names_every_machine_and_unit(floor: Floor) -> None:
    status, root = get(floor.agent, "/probe")
    assert status == 200
    assert etree.QName(root).localname == "MTConnectDevices"
    assert [d.get("name") for d in root.iter("{*}Device")] == [m.code for m in MACHINES]
    units = {i.get("type"): i.get("units") for i in root.iter("{*}DataItem") if i.get("category") == "SAMPLE"}
    assert units == {
        "PATH_FEEDRATE": "MILLIMETER/SECOND",
        "ROTARY_VELOCITY": "REVOLUTION/MINUTE",
        "LOAD": "PERCENT",
    }
    _, one = get(floor.agent, "/GRD-01/probe")
    assert [d.find("{*}Description").text for d in one.iter("{*}Device")] == ["数控磨床 1"]


def test_types_are_those_of_the_standard(floor: Floor) -> None:
    enums = Path(pytest.importorskip("pymtconnect").__file__).parent / "Enums"  # generated from the standard
    known = "".join(path.read_text() for path in enums.rglob("*.py"))
    _, root = get(floor.agent, "/probe")
    words = {i.get(a) for i in root.iter("{*}DataItem") for a in ("type", "subType") if i.get(a)}
    assert [word for word in sorted(words) if f'"{word}"' not in known and f"'{word}'" not in known] == []


def test_streams_name_their_space_and_sequences(floor: Floor) -> None:
    advance(floor, MINUTE)
    for path, name in (("/probe", "MTConnectDevices"), ("/current", "MTConnectStreams")):
        _, root = get(floor.agent, path)
        assert root.tag == f"{{urn:mtconnect.org:{name}:1.8}}{name}"


def test_a_poll_loop_sees_every_event_once(floor: Floor) -> None:
    _, current = get(floor.agent, "/current")
    position, seen = header(current, "nextSequence"), []
    for _ in range(6):
        advance(floor, 10 * MINUTE)
        while True:
            _, root = get(floor.agent, f"/sample?from={position}&count=1000")
            nodes = [n for n in root.iter() if n.get("sequence")]
            seen += [(int(n.get("sequence")), n.get("dataItemId"), n.get("timestamp"), n.text) for n in nodes]
            position = header(root, "nextSequence")
            if position > header(root, "lastSequence"):
                break
    seen.sort()
    numbers = [row[0] for row in seen]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    told = [(t, v) for _, item, t, v in seen if item == "VMC-01_execution"]
    truth = [
        (stamp(e.time), e.value) for e in floor.shop.events("VMC-01", NINE, floor.position) if e.item == "execution"
    ]
    assert told == truth


def test_conditions_carry_a_level(floor: Floor) -> None:
    _, root = get(floor.agent, "/current?path=//DataItem[@category='CONDITION']")
    assert {etree.QName(n).localname for n in root.iter() if n.get("type") == "SYSTEM"} == {"Normal"}
    assert len(values(root)) == 6


def test_current_at_is_what_was_said_then(floor: Floor) -> None:
    _, before = get(floor.agent, "/current")
    at = header(before, "lastSequence")
    advance(floor, HOUR)
    _, then = get(floor.agent, f"/current?at={at}")
    assert values(then) == values(before)


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/sample?from=999999999", "OUT_OF_RANGE"),
        ("/sample?from=999999999&interval=10", "OUT_OF_RANGE"),
        ("/sample?from=-1", "INVALID_REQUEST"),
        ("/sample?count=0", "INVALID_REQUEST"),
        ("/current?path=//[", "INVALID_XPATH"),
        ("/current?path=count(//Device)", "INVALID_XPATH"),
        ("/nobody/current", "NO_DEVICE"),
        ("/a/b/c", "UNSUPPORTED"),
    ],
)
def test_bad_requests_are_answered_in_the_protocol(floor: Floor, path: str, code: str) -> None:
    status, root = get(floor.agent, path)
    assert status in (400, 404)
    assert root.find(".//{*}Error").get("errorCode") == code


def test_the_buffer_forgets_the_oldest_and_says_so() -> None:
    agent = Agent(Hand(), MACHINES[:1], size=50)
    buffer = Buffer(agent.items, 50, NINE)
    buffer.add([("VMC-01_Srpm", NINE + i, str(i)) for i in range(200)])
    window, last = buffer.sample(None, 1000), len(agent.items) + 200
    assert [window.first, window.last, len(window.observations)] == [last - 49, last, 50]
    with pytest.raises(OutOfRangeError):
        buffer.sample(last - 50, 10)
    assert len(buffer.current(last - 49).observations) == len(agent.items)
    assert buffer.sample(last + 1, 10).observations == []


def test_a_stream_pushes_news_and_ends_with_the_agent(floor: Floor) -> None:
    line = http.client.HTTPConnection("127.0.0.1", floor.agent.port, timeout=5)
    line.request("GET", "/sample?interval=10&heartbeat=1000&count=10000")
    answer = line.getresponse()
    boundary = answer.getheader("Content-Type").partition("boundary=")[2]

    def part() -> etree._Element:
        assert answer.readline().strip() == f"--{boundary}".encode()
        assert answer.readline() == b"Content-type: text/xml\r\n"
        length = int(answer.readline().split(b":")[1])
        assert answer.readline() == b"\r\n"
        document = answer.read(length)
        assert answer.read(2) == b"\r\n"
        return etree.fromstring(document)

    first = part()
    threading.Timer(0.05, lambda: advance(floor, 5 * SECOND)).start()
    second = part()
    assert header(second, "nextSequence") > header(first, "nextSequence")
    silent = part()
    assert header(silent, "nextSequence") == header(second, "nextSequence")
    floor.agent.hang_up()
    assert answer.read() == b""
    line.close()


def test_outages_are_played_and_known() -> None:
    clock = Hand()
    outages = (
        Outage("adapter", NINE + 10 * MINUTE, NINE + 20 * MINUTE, "CNC-01"),
        Outage("silence", NINE + 30 * MINUTE, NINE + 40 * MINUTE),
        Outage("restart", NINE + 50 * MINUTE, NINE + 60 * MINUTE),
    )
    floor = Floor(Shop(7, MONDAY), Agent(), clock, outages=outages)
    floor.start()
    _, first = get(floor.agent, "/current")
    port = floor.agent.port
    advance(floor, 15 * MINUTE)
    _, lost = get(floor.agent, "/CNC-01/current")
    assert set(values(lost).values()) <= {"UNAVAILABLE", ""}
    advance(floor, 10 * MINUTE)
    _, back = get(floor.agent, "/CNC-01/current")
    assert values(back)["CNC-01_avail"] == "AVAILABLE"
    advance(floor, 10 * MINUTE)
    with pytest.raises(ConnectionError):
        get(floor.agent, "/current")
    advance(floor, 10 * MINUTE)
    _, kept = get(floor.agent, f"/sample?from={header(first, 'nextSequence')}&count=20000")
    assert floor.agent.port == port
    assert header(kept, "instanceId") == header(first, "instanceId")
    told = floor.clock.now
    advance(floor, 20 * MINUTE)
    _, anew = get(floor.agent, "/current")
    assert header(anew, "instanceId") != header(first, "instanceId")
    assert header(anew, "firstSequence") == 1
    assert floor.blind["VMC-01"] == [(told, NINE + 60 * MINUTE)]
    hidden = floor.truth("CNC-01", NINE, NINE + HOUR)
    assert [s[:2] for s in hidden.states if s[2] == "unknown"] == [
        (NINE + 10 * MINUTE, NINE + 20 * MINUTE),
        (told, NINE + HOUR),
    ]
    floor.agent.hang_up()


def test_hide_keeps_the_tiling() -> None:
    truth = Truth("m", 0, 100, ((0, 40, "running"), (40, 100, "waiting")), 3, 0, 1.5)
    assert hide(truth, [(30, 50), (90, 200)]).states == (
        (0, 30, "running"),
        (30, 50, "unknown"),
        (50, 90, "waiting"),
        (90, 100, "unknown"),
    )
    assert hide(truth, []).states == truth.states
