"""What people report adds up to the truth, however often they are asked and whatever the network does."""

from __future__ import annotations

from collections import Counter

import pytest

from chanye.twin.parts import HOUR, MINUTE
from chanye.twin.plant.clerks import Clerks, Note, Offline
from chanye.twin.plant.engine import Plant
from chanye.twin.plant.flow import SECOND
from chanye.twin.plant.practice import PRACTICES
from chanye.twin.plant.score import score_counts, score_reasons, true_counts, true_reasons
from chanye.twin.plant.script import outages, start_of_score, troubles
from chanye.twin.shop import local_day, midnight

SIX = midnight(local_day(1_772_400_000_000_000)) + 6 * HOUR
END = SIX + 6 * HOUR
OFFLINE = (Offline("T-A2", SIX + HOUR, SIX + 2 * HOUR, twice=True),)


def _plant(mode: str) -> Plant:
    return Plant(PRACTICES[mode], 4, SIX, troubles=troubles(SIX, END - SIX))


def _told(notes: list[Note]) -> dict[tuple[int, int, bool], tuple[int, int, int]]:
    """Book each key once."""
    sums: dict[tuple[int, int, bool], Counter[str]] = {}
    for note in {str(note.body["key"]): note for note in notes}.values():
        if note.body["kind"] == "output":
            assert note.operation is not None
            sums.setdefault(note.operation, Counter()).update(
                {what: note.body.get(what, 0) for what in ("good", "scrap", "rework")}
            )
    return {where: (c["good"], c["scrap"], c["rework"]) for where, c in sums.items()}


@pytest.mark.parametrize("mode", ["before", "after"])
def test_reports_add_up_to_the_truth(mode: str) -> None:
    plant = _plant(mode)
    clerks = Clerks(plant, OFFLINE, (SIX + 3 * HOUR, END))
    plant.run(END)
    notes = clerks.collect(END, last=True)
    truth = true_counts(plant.record, SIX, END)
    found = score_counts(truth, _told(notes))
    assert found.share == 100.0, found.wrong
    assert found.true > 300
    assert clerks.collect(END, last=True) == []
    if mode == "before":
        assert {note.body["kind"] for note in notes} == {"output"}
        assert {note.body["event_at"] for note in notes} == {SIX + 3 * HOUR - SECOND, END - SECOND}
        assert all(note.send_at >= note.body["event_at"] + 50 * MINUTE for note in notes)


def test_asking_often_tells_the_same() -> None:
    once, often = (_plant("after") for _ in range(2))
    once.run(END)
    clerks = Clerks(often, OFFLINE)
    told: list[Note] = []
    for minute in range(0, 6 * 60 + 1, 3):
        often.run(SIX + minute * MINUTE)
        told += clerks.collect(SIX + minute * MINUTE, last=minute == 6 * 60)
    whole = Clerks(once, OFFLINE).collect(END, last=True)

    def plain(notes: list[Note]) -> list[tuple[object, ...]]:
        bodies = [{k: v for k, v in note.body.items() if k != "key"} for note in notes]
        return sorted(
            (n.send_at, n.terminal, str(n.operation), str(sorted(b.items(), key=str)))
            for n, b in zip(notes, bodies, strict=True)
        )

    assert plain(told) == plain(whole)


def test_an_offline_terminal_sends_later_and_perhaps_twice() -> None:
    plant = _plant("after")
    plant.run(END)
    notes = Clerks(plant, OFFLINE).collect(END, last=True)
    out = [note for note in notes if note.terminal == "T-A2"]
    assert not [note for note in out if SIX + HOUR <= note.send_at < SIX + 2 * HOUR]
    queued = Counter(note.body["key"] for note in out if note.send_at == SIX + 2 * HOUR)
    assert queued
    assert set(queued.values()) == {2}
    assert set(Counter(n.body["key"] for n in notes if n.terminal != "T-A2").values()) == {1}


def test_reasons_are_given_for_the_stops_people_know() -> None:
    plant = _plant("after")
    plant.run(END)
    notes = Clerks(plant, skew={}).collect(END, last=True)
    for machine, station in enumerate(plant.cells):
        place = station.station.code.lower()
        told = [
            (n.body["start"], n.body["end"], n.body["reason"])
            for n in notes
            if n.body["kind"] == "stop" and n.body["place"] == place
        ]
        truth = true_reasons(plant.record, machine, SIX, END)
        assert score_reasons(truth, told).share == 100.0
        assert score_reasons(truth, []).share == (0.0 if truth else 100.0)
    said = {n.body["reason"] for n in notes if n.body["kind"] == "stop"}
    assert {"SETUP", "FIRST", "DRIVE", "TORCH", "SENSOR"} <= said


def test_a_wrong_count_is_seen() -> None:
    truth = {(0, 0, False): (10, 1, 0), (0, 1, False): (9, 0, 0)}
    assert score_counts(truth, truth).share == 100.0
    assert score_counts(truth, {**truth, (0, 1, False): (8, 0, 0)}).share == pytest.approx(95.0)
    assert score_counts(truth, {**truth, (0, 2, False): (1, 0, 0)}).share < 100.0
    assert score_counts({}, {}).share == 100.0
    assert score_counts({}, truth).share < 100.0


def test_the_scored_window_lies_in_the_past_of_a_working_day() -> None:
    for day in range(8):
        now = SIX + day * 24 * HOUR + 13 * HOUR
        start = start_of_score(now)
        assert now - 3 * 24 * HOUR < start <= now - 16 * HOUR
        assert (start - SIX) % (24 * HOUR) == 0
        assert (start - SIX) // (24 * HOUR) % 7 != 6
    assert all(SIX < t.at < END for t in troubles(SIX, END - SIX))
    assert all(SIX < o.start < o.end < END for o in outages(SIX, END - SIX))
