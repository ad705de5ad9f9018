"""The session with an agent, step by step, without a socket."""

import pytest

from chanye.kernel.errors import PeerError
from chanye.protocols.mtconnect.agent import (
    TRANSITIONS,
    AgentSession,
    Gap,
    Outcome,
    Phase,
    Position,
    Probed,
    Refused,
    Sampled,
    Snapshot,
)

PROBE = '<MTConnectDevices><Header instanceId="{0}"/><Devices/></MTConnectDevices>'


def devices(instance=7):
    return PROBE.format(instance).encode()


def streams(*rows, first=1, next_=1, last=None, instance=7, size=100):
    """A document with observations of the event ``e``: (sequence, value)."""
    body = "".join(
        f'<X dataItemId="e" sequence="{n}" timestamp="2017-02-01T00:00:{n:02}Z">{value}</X>' for n, value in rows
    )
    return (
        f'<MTConnectStreams><Header instanceId="{instance}" firstSequence="{first}" nextSequence="{next_}" '
        f'lastSequence="{next_ - 1 if last is None else last}" bufferSize="{size}"/><Streams><Events>{body}</Events>'
        "</Streams></MTConnectStreams>"
    ).encode()


def error(code, instance=7):
    return (
        f'<MTConnectError><Header instanceId="{instance}"/><Errors><Error errorCode="{code}">no</Error></Errors>'
        "</MTConnectError>"
    ).encode()


def ask(session):
    request = session.next_request()
    return request.path, dict(request.query)


def test_every_answer_in_every_phase_has_a_consequence():
    possible = {
        Phase.PROBE: {Outcome.OK, Outcome.KNOWN, Outcome.RESTARTED, Outcome.REFUSED},
        Phase.HELD: {Outcome.OK, Outcome.RESTARTED, Outcome.OUT_OF_RANGE, Outcome.REFUSED},
        Phase.CURRENT: {
            Outcome.OK, Outcome.RECOVER, Outcome.RESTARTED, Outcome.OUT_OF_RANGE, Outcome.REFUSED,
        },
        Phase.SAMPLE: {Outcome.OK, Outcome.RESTARTED, Outcome.OUT_OF_RANGE, Outcome.REFUSED},
    }  # fmt: skip
    assert set(TRANSITIONS) == {(phase, outcome) for phase, outcomes in possible.items() for outcome in outcomes}


def test_a_first_session():
    session = AgentSession(count=50)
    assert ask(session) == ("/probe", {})
    assert isinstance(session.receive(devices())[0], Probed)
    assert ask(session) == ("/current", {})
    (snapshot,) = session.receive(streams((3, "A"), next_=4))
    assert isinstance(snapshot, Snapshot)
    assert not snapshot.held
    assert ask(session) == ("/sample", {"from": "4", "count": "50"})
    (sampled,) = session.receive(streams((4, "B"), (5, "C"), next_=6, last=9))
    assert isinstance(sampled, Sampled)
    assert [one.value for one in sampled.observations] == ["B", "C"]
    assert not sampled.caught_up
    assert session.receive(streams(next_=10))[0].caught_up
    assert ask(session)[1]["from"] == "10"
    assert str(session.position) == "7:10"


def test_streaming_is_asked_for_with_interval_and_heartbeat():
    session = AgentSession(device="Mill", interval=250, heartbeat=900)
    assert ask(session)[0] == "/Mill/probe"
    session.receive(devices())
    session.receive(streams(next_=4))
    assert ask(session) == ("/Mill/sample", {"from": "4", "count": "1000", "interval": "250", "heartbeat": "900"})
    session.interval = None
    assert "interval" not in ask(session)[1]


def test_lost_contact_goes_on_at_the_same_place():
    session = AgentSession(Position(7, 4))
    session.receive(devices())
    assert ask(session) == ("/current", {"at": "3"})
    (held,) = session.receive(streams((3, "A"), next_=9))
    assert held.held
    session.receive(streams((4, "B"), next_=5, last=9))
    session.lose_contact()
    assert ask(session) == ("/probe", {})
    session.receive(devices())
    assert ask(session) == ("/current", {"at": "4"})


def test_what_was_read_before_is_not_read_twice():
    session = AgentSession(Position(7, 4))
    session.receive(devices())
    session.receive(streams((3, "A"), next_=9))
    (sampled,) = session.receive(streams((2, "x"), (3, "y"), (4, "B"), next_=5))
    assert [one.sequence for one in sampled.observations] == [4]
    session.receive(streams(next_=2))
    assert session.position == Position(7, 5)


def test_restart_seen_at_probe():
    session = AgentSession(Position(7, 4))
    probed, gap = session.receive(devices(8))
    assert isinstance(probed, Probed)
    assert gap == Gap("agent_restart", 4, 0)
    assert ask(session) == ("/current", {})
    session.receive(streams((6, "A"), next_=7, instance=8))
    # The new agent's buffer begins at 1: all of it is read.
    assert ask(session)[1]["from"] == "1"


@pytest.mark.parametrize("phase", ["held", "current", "sample"])
def test_restart_seen_later(phase):
    session = AgentSession(Position(7, 4) if phase == "held" else None)
    session.receive(devices())
    if phase == "sample":
        session.receive(streams(next_=4))
    if phase == "current":
        session.position = Position(7, 4)
    assert session.receive(streams(instance=8, first=2, next_=3)) == [Gap("agent_restart", 4, 2)]
    assert ask(session) == ("/probe", {})


def test_out_of_range_reads_the_present_then_what_the_buffer_still_holds():
    session = AgentSession(Position(7, 4))
    session.receive(devices())
    assert session.receive(error("OUT_OF_RANGE")) == [Gap("out_of_range", 4, 0)]
    assert ask(session) == ("/current", {})
    session.receive(streams((199, "Z"), first=101, next_=201, size=100))
    # An eighth of a full buffer is left as a head start.
    assert ask(session) == ("/current", {"at": "112"})
    (held,) = session.receive(streams((110, "Y"), first=102, next_=202))
    assert held.held
    assert ask(session)[1]["from"] == "113"


def test_a_buffer_that_turns_too_fast_is_read_from_the_present():
    session = AgentSession(Position(7, 4))
    session.receive(devices())
    session.receive(error("OUT_OF_RANGE"))
    session.receive(streams((199, "Z"), first=101, next_=201, size=100))
    assert isinstance(session.receive(error("OUT_OF_RANGE"))[0], Gap)
    session.receive(streams((999, "Z"), first=900, next_=1000, size=100))
    assert ask(session)[1]["from"] == "1000"


def test_an_agent_that_passes_over_what_it_lost_is_found_out():
    session = AgentSession()
    session.receive(devices())
    session.receive(streams(next_=4))
    assert session.receive(streams((9, "B"), first=9, next_=10)) == [Gap("out_of_range", 4, 9)]


def test_refusals():
    session = AgentSession()
    assert session.receive(error("NO_DEVICE")) == [Refused(Phase.PROBE, (("NO_DEVICE", "no"),))]
    session = AgentSession(Position(7, 4))
    session.receive(devices())
    assert isinstance(session.receive(error("INVALID_REQUEST"))[0], Refused)
    assert ask(session)[0] == "/sample"
    assert isinstance(session.receive(error("INTERNAL_ERROR"))[0], Refused)
    assert ask(session)[0] == "/probe"


def test_nonsense_leaves_the_session_where_it_stands():
    session = AgentSession(Position(7, 4))
    session.receive(devices())
    for document in (b"", b"<html/>", devices()):
        with pytest.raises(PeerError):
            session.receive(document)
    assert ask(session) == ("/current", {"at": "3"})


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("7:4", Position(7, 4)),
        ("7:4@123", Position(7, 4, 123)),
        ("", None),
        ("7", None),
        ("7:x", None),
        ("7:4@x", None),
        ("-7:4", None),
    ],
)
def test_positions(text, position):
    assert Position.parse(text) == position
    assert position is None or str(position) == text
