"""What the plant's controls and meters say: seamless, no more than they can know, and read by a real client."""

from __future__ import annotations

import urllib.request
from itertools import pairwise

import numpy as np
import pytest

from chanye.protocols.mtconnect.model import parse_probe
from chanye.twin.agent import Agent
from chanye.twin.floor import Floor
from chanye.twin.parts import HOUR, MINUTE
from chanye.twin.plant.engine import Plant
from chanye.twin.plant.flow import Trouble
from chanye.twin.plant.practice import AFTER
from chanye.twin.plant.voice import SAYS, Voice
from chanye.twin.shop import local_day, midnight

SIX = midnight(local_day(1_772_400_000_000_000)) + 6 * HOUR
WINDOW = (SIX + MINUTE, SIX + 3 * HOUR)


@pytest.fixture(scope="module")
def voice() -> Voice:
    return Voice(Plant(AFTER, 2, SIX, troubles=[Trouble("failure", "MCT-A1", SIX + HOUR, 9 * MINUTE, "DRIVE")]), "A")


def test_events_seam_at_any_instant_and_lead_from_state_to_state(voice: Voice) -> None:
    machine, cuts = "TUR-A1", [WINDOW[0], SIX + 40 * MINUTE + 1, SIX + 2 * HOUR, WINDOW[1]]
    once = voice.events(machine, *WINDOW)
    assert once == [e for a, b in pairwise(cuts) for e in voice.events(machine, a, b)]
    said = voice.now(machine, WINDOW[0] - 1)
    for event in once:
        assert said[event.item] != event.value
        said[event.item] = event.value
    assert said == voice.now(machine, WINDOW[1] - 1)


def test_the_counter_counts_what_was_worked(voice: Voice) -> None:
    for machine in voice.machines:
        rises = [int(e.value) for e in voice.events(machine, *WINDOW) if e.item == "part_count"]
        assert len(rises) == voice.truth(machine, *WINDOW).parts
        assert rises == sorted(rises)


def test_a_failure_is_heard_and_a_shortage_is_not(voice: Voice) -> None:
    texts = {(e.item, e.value) for e in voice.events("MCT-A1", *WINDOW)}
    assert ("system", "FAULT") in texts
    states = {s.doing.state for s in voice.plant.record.between(voice.plant.index["MCT-A1"], *WINDOW)}
    assert "starved" in states
    assert {text for item, text in texts if item == "execution"} <= {
        "ACTIVE",
        "READY",
        "STOPPED",
        "FEED_HOLD",
        "OPTIONAL_STOP",
    }


def test_the_register_is_the_integral_of_power(voice: Voice) -> None:
    times, power = voice.samples("TUR-A2", "power_kw", *WINDOW, 1_000_000)
    _, register = voice.samples("TUR-A2", "energy_kwh", *WINDOW, 1_000_000)
    assert np.all(np.diff(register) >= 0)
    assert register[-1] - register[0] == pytest.approx(power[:-1].sum() / 3600, rel=0.002)
    first, second = (
        voice.samples("TUR-A2", "energy_kwh", *w, MINUTE)[1]
        for w in ((WINDOW[0], SIX + HOUR), (SIX + HOUR, WINDOW[1]))
    )
    whole = voice.samples("TUR-A2", "energy_kwh", *WINDOW, MINUTE)[1]
    assert np.allclose(np.concatenate([first, second]), whole, atol=1e-5)
    assert (len(times), len(whole)) == ((3 * 60 - 1) * 60, 3 * 60 - 1)


def test_a_line_s_agent_serves_its_twelve_machines(voice: Voice) -> None:
    agent = Agent(machines=list(voice.machines.values()))
    floor = Floor(voice, agent, lambda: SIX + MINUTE)
    floor.start()
    floor.step(SIX + HOUR)
    try:
        with urllib.request.urlopen(f"{agent.url}probe", timeout=5) as answer:
            devices = parse_probe(answer.read()).devices
        with urllib.request.urlopen(f"{agent.url}current", timeout=5) as answer:
            current = answer.read().decode()
    finally:
        agent.hang_up()
    assert [one.name for one in devices] == list(voice.machines)
    assert all({item.name for item in one.all_items()} == set(SAYS) for one in devices)
    assert current.count("<PartCount") == 12
