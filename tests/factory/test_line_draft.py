"""Whatever is pressed on the page of a line, no machine is lost or doubled and the key goes with its machines."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from chanye.domains.factory.rules.line_draft import Draft, Station, change

COMMANDS = st.one_of(
    st.builds(
        "{}:{}".format, st.sampled_from(["up", "down", "join", "part", "key", "drop", "add"]), st.integers(0, 7)
    ),
    st.sampled_from(["", "up", "up:", "up:-1", "up:x", "key:99", "join:0", "drop:²", "add:" + "9" * 30]),
)


@given(st.lists(COMMANDS, max_size=30))
@settings(max_examples=60, deadline=None)
def test_no_command_breaks_a_draft(commands: list[str]) -> None:
    draft = Draft(tuple(Station((number,)) for number in range(5)))
    for command in commands:
        before, draft = draft, change(draft, command)
        verb, _colon, text = command.partition(":")
        named = (
            {int(text)} if verb in ("drop", "add") and text.isascii() and text.isdigit() and len(text) < 16 else set()
        )
        held = set(before.machines)
        wanted = held - named if verb == "drop" else held | named if verb == "add" else held
        assert set(draft.machines) == wanted
        assert len(draft.machines) == len(wanted)
        assert all(1 <= one.minimum <= len(one.machines) for one in draft.stations)
        assert draft.key is None or 0 <= draft.key < len(draft.stations)
        if verb in ("up", "down") and before.key is not None:
            assert draft.key is not None
            assert draft.stations[draft.key] == before.stations[before.key]


def test_moving_joining_and_taking_apart() -> None:
    a, b, c = Station((1,)), Station((2,)), Station((3,))
    draft = Draft((a, b, c))
    assert change(draft, "up:2").stations == (a, c, b)
    assert change(draft, "down:0").stations == (b, a, c)
    keyed = change(draft, "key:1")
    assert (draft.key_station, keyed.key_station) == (2, 1)
    joined = change(keyed, "join:1")
    assert (joined.stations, joined.key) == ((Station((1, 2)), c), 0)
    assert change(joined, "part:0").stations == (a, b, c)
    assert change(keyed, "drop:2").key is None  # the key left: the last again
