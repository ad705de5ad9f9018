"""The client's side of a session with an MTConnect agent, without input or output.

Rules of this file:

1. The session says what to ask next (``next_request``) and is told the answer (``receive``).
2. What follows what is in ``TRANSITIONS`` and nowhere else.
3. ``instance:next`` names a place in the agent's buffer. As long as the agent still holds it, nothing is lost:
   the state in force there is read with ``current?at=`` and then every observation after it.
4. Another ``instanceId`` (the agent was restarted) or a place that fell out of the buffer is a ``Gap``. After it
   the present is read at once, and what the buffer still holds is read again from its old end.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum, auto

from chanye.kernel.errors import PeerError
from chanye.protocols.mtconnect.fold import ConditionBoard, SetBoard
from chanye.protocols.mtconnect.model import Probe, local, parse_probe, parse_xml
from chanye.protocols.mtconnect.streams import (
    UNAVAILABLE,
    ErrorDocument,
    Header,
    Observation,
    Streams,
    parse_streams,
)


class Phase(Enum):
    """What is being asked."""

    PROBE = auto()
    HELD = auto()
    CURRENT = auto()
    SAMPLE = auto()


class Outcome(Enum):
    """How an answer turned out."""

    OK = auto()
    KNOWN = auto()
    RESTARTED = auto()
    OUT_OF_RANGE = auto()
    RECOVER = auto()
    REFUSED = auto()


TRANSITIONS: Mapping[tuple[Phase, Outcome], Phase] = {
    (Phase.PROBE, Outcome.OK): Phase.CURRENT,
    (Phase.PROBE, Outcome.KNOWN): Phase.HELD,
    (Phase.PROBE, Outcome.RESTARTED): Phase.CURRENT,
    (Phase.PROBE, Outcome.REFUSED): Phase.PROBE,
    (Phase.HELD, Outcome.OK): Phase.SAMPLE,
    (Phase.HELD, Outcome.RESTARTED): Phase.PROBE,
    (Phase.HELD, Outcome.OUT_OF_RANGE): Phase.CURRENT,
    # An agent that cannot tell the past: nothing is lost, only the marker of the lost contact stays.
    (Phase.HELD, Outcome.REFUSED): Phase.SAMPLE,
    (Phase.CURRENT, Outcome.OK): Phase.SAMPLE,
    (Phase.CURRENT, Outcome.RECOVER): Phase.HELD,
    (Phase.CURRENT, Outcome.RESTARTED): Phase.PROBE,
    (Phase.CURRENT, Outcome.OUT_OF_RANGE): Phase.PROBE,
    (Phase.CURRENT, Outcome.REFUSED): Phase.PROBE,
    (Phase.SAMPLE, Outcome.OK): Phase.SAMPLE,
    (Phase.SAMPLE, Outcome.RESTARTED): Phase.PROBE,
    (Phase.SAMPLE, Outcome.OUT_OF_RANGE): Phase.CURRENT,
    (Phase.SAMPLE, Outcome.REFUSED): Phase.PROBE,
}


@dataclass(frozen=True, slots=True)
class Position:
    """A place in an agent's buffer, and up to when its contents were known. ``high`` in us UTC, 0 if unknown."""

    instance: int
    next: int
    high: int = 0

    def __str__(self) -> str:
        return f"{self.instance}:{self.next}" + (f"@{self.high}" if self.high else "")

    @classmethod
    def parse(cls, text: str) -> Position | None:
        """Read ``instance:next`` or ``instance:next@high``; None where the text is neither."""
        place, _, high = text.partition("@")
        parts = (*place.partition(":")[::2], high or "0")
        if not all(part.isascii() and part.isdigit() for part in parts):
            return None
        return cls(*(int(part) for part in parts))


@dataclass(frozen=True, slots=True)
class Request:
    """What to ask the agent: GET ``path`` with ``query``."""

    phase: Phase
    path: str
    query: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Probed:
    """The devices are known, anew."""

    probe: Probe


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Every item's state: now, or (``held``) at the place where reading goes on."""

    header: Header
    observations: tuple[Observation, ...]
    held: bool
    bad: int = 0


@dataclass(frozen=True, slots=True)
class Sampled:
    """Observations in order; ``caught_up`` says that the agent had no more when it answered."""

    header: Header
    observations: tuple[Observation, ...]
    caught_up: bool
    bad: int = 0


@dataclass(frozen=True, slots=True)
class Gap:
    """Observations from ``wanted`` up to before ``first`` are lost; ``first`` is 0 where it is not known.

    ``reason`` is ``agent_restart`` or ``out_of_range``.
    """

    reason: str
    wanted: int
    first: int


@dataclass(frozen=True, slots=True)
class Refused:
    """The agent answered with errors of its own."""

    phase: Phase
    errors: tuple[tuple[str, str], ...]


Event = Probed | Snapshot | Sampled | Gap | Refused


class AgentSession:
    """One client of one agent.

    Parameters
    ----------
    position
        Where a former session stopped, or None.
    device
        Name or uuid of the only device to read; empty reads all.
    count
        Most observations in one answer.
    interval, heartbeat
        For streaming: ms between answers and between signs of life; ``interval`` None asks for single answers
        and may be set so at any time.
    """

    def __init__(
        self,
        position: Position | None = None,
        *,
        device: str = "",
        count: int = 1000,
        interval: int | None = None,
        heartbeat: int = 10_000,
    ) -> None:
        self.phase = Phase.PROBE
        self.position = position
        self._device = device
        self._count = count
        self.interval = interval
        self._heartbeat = heartbeat
        self._recover = False
        self._conditions = ConditionBoard()
        self._sets = SetBoard()

    def next_request(self) -> Request:
        """Return what to ask now."""
        prefix = f"/{self._device}" if self._device else ""
        query: dict[str, str] = {}
        if self.phase is Phase.PROBE or (self.position is None and self.phase is not Phase.CURRENT):
            self.phase = Phase.PROBE
            return Request(self.phase, f"{prefix}/probe", query)
        if self.phase is Phase.CURRENT:
            return Request(self.phase, f"{prefix}/current", query)
        assert self.position is not None  # by the first branch
        if self.phase is Phase.HELD:
            return Request(self.phase, f"{prefix}/current", {"at": str(self.position.next - 1)})
        query = {"from": str(self.position.next), "count": str(self._count)}
        if self.interval is not None:
            query |= {"interval": str(self.interval), "heartbeat": str(self._heartbeat)}
        return Request(self.phase, f"{prefix}/sample", query)

    def lose_contact(self) -> None:
        """The connection failed or timed out: begin again with ``probe``, go on at the same place."""
        self.phase = Phase.PROBE

    def receive(self, document: bytes) -> list[Event]:
        """Take the answer to the last request (or one part of a stream) and return what it says.

        Raises
        ------
        PeerError
            ``bad_xml`` where the document is not what was asked for. The session stands where it stood.
        """
        if self.phase is Phase.PROBE:
            return self._probe(document)
        answer = parse_streams(document)
        if isinstance(answer, ErrorDocument):
            return self._error(answer)
        header = answer.header
        if self.position is not None and header.instance != self.position.instance:
            return self._restart(header)
        if self.phase is Phase.CURRENT:
            return self._current(answer)
        if self.phase is Phase.HELD:
            return self._held(answer)
        return self._sample(answer)

    def _move(self, outcome: Outcome) -> None:
        self.phase = TRANSITIONS[self.phase, outcome]

    def _probe(self, document: bytes) -> list[Event]:
        if local(parse_xml(document)) == "MTConnectError":
            answer = parse_streams(document)
            assert isinstance(answer, ErrorDocument)
            return self._error(answer)
        probe = parse_probe(document)
        if self.position is None:
            self._move(Outcome.OK)
            return [Probed(probe)]
        if probe.instance == self.position.instance:
            self._move(Outcome.KNOWN)
            if self.position.next <= 1:  # nothing was read yet, so nothing is in force before it
                self._rewind()
                self._move(Outcome.OK)
            return [Probed(probe)]
        gap = Gap("agent_restart", self.position.next, 0)
        self._forget()
        self._move(Outcome.RESTARTED)
        # The devices first: a gap can only be marked on what is known.
        return [Probed(probe), gap]

    def _restart(self, header: Header) -> list[Event]:
        assert self.position is not None
        gap = Gap("agent_restart", self.position.next, header.first)
        self._forget()
        self._move(Outcome.RESTARTED)
        return [gap]

    def _forget(self) -> None:
        self.position = None
        self._recover = True

    def _rewind(self) -> None:
        self._conditions.clear()
        self._sets.clear()

    def _error(self, answer: ErrorDocument) -> list[Event]:
        if self.phase in {Phase.HELD, Phase.SAMPLE} and answer.has("OUT_OF_RANGE"):
            return self._overrun(answer.header.first)
        refused = Refused(self.phase, answer.errors)
        self._move(Outcome.REFUSED)
        return [refused]

    def _overrun(self, first: int) -> list[Event]:
        wanted = self.position.next if self.position else 0
        # A second overrun while the buffer's old end is being read: it turns too fast, go on from the present.
        self._recover = not self._recover
        self.position = None
        self._move(Outcome.OUT_OF_RANGE)
        return [Gap("out_of_range", wanted, first)]

    def _current(self, answer: Streams) -> list[Event]:
        header = answer.header
        self._rewind()
        snapshot = Snapshot(header, self._fold(answer, whole=True), held=False, bad=answer.bad)
        start = header.next
        if self._recover and 0 < header.first < header.next:
            # The old end of a full buffer moves on while it is read: leave an eighth of it as a head start.
            full = header.buffer_size and header.next - header.first >= header.buffer_size
            start = header.first + ((header.next - header.first) // 8 if full else 0)
        self.position = Position(header.instance, start)
        if start < header.next and start > 1:
            self._move(Outcome.RECOVER)
        else:
            if start < header.next:
                self._rewind()
            self._recover = False
            self._move(Outcome.OK)
        return [snapshot]

    def _held(self, answer: Streams) -> list[Event]:
        self._rewind()
        self._recover = False
        snapshot = Snapshot(answer.header, self._fold(answer, whole=True), held=True, bad=answer.bad)
        self._move(Outcome.OK)
        return [snapshot]

    def _sample(self, answer: Streams) -> list[Event]:
        header = answer.header
        assert self.position is not None
        if header.first > self.position.next:
            return self._overrun(header.first)
        following = max(header.next, self.position.next)
        fresh = replace(answer, observations=tuple(
            one for one in answer.observations if one.sequence >= self.position.next
        ))  # fmt: skip
        self.position = Position(header.instance, following)
        self._move(Outcome.OK)
        caught_up = following > header.last and len(answer.observations) < self._count
        return [Sampled(header, self._fold(fresh, whole=False), caught_up, answer.bad)]

    def _fold(self, answer: Streams, *, whole: bool) -> tuple[Observation, ...]:
        return tuple(self._fold_one(one, whole=whole) for one in answer.observations)

    def _fold_one(self, one: Observation, *, whole: bool) -> Observation:
        if one.condition:
            return replace(one, value=self._conditions.apply(one.item, one.value, one.native_code))
        if one.entries is not None:
            reset = whole or bool(one.reset)
            return replace(one, value=self._sets.apply(one.item, one.entries, reset=reset))
        if one.value == UNAVAILABLE:
            self._sets.forget(one.item)
        return one


__all__ = [
    "TRANSITIONS", "AgentSession", "Event", "Gap", "Outcome", "PeerError", "Phase", "Position", "Probed",
    "Refused", "Request", "Sampled", "Snapshot",
]  # fmt: skip
