"""One real day of a machining centre, replayed by a TCP adapter into a real historian.

What must come out is found by ``truth``, a few lines that read the text file and know nothing of the product.
"""

import asyncio
import gzip
import random
from contextlib import suppress
from datetime import datetime
from itertools import pairwise

import numpy as np
import pytest

from chanye.connectors.desk import ConnectionSpec, Desk, MemoryBook
from chanye.connectors.link import RunnerLink
from chanye.connectors.mtconnect.adapter import ShdrAdapter, ShdrOptions
from chanye.connectors.port import LocalPort
from chanye.kernel.errors import TransientError
from chanye.spine.frames import OPEN, state_runs
from chanye.spine.history import History, Quality, Reader, SeriesSpec
from connectors.mtconnect.small_adapter import SmallAdapter
from shared_data import shared_data

FIRST = "2017-02-01T12:18:02.2343750Z"
LAST = "2017-02-01T20:11:13.4531250Z"
HOUR = 3_600_000_000
EVER = (0, 1 << 62)


def us(stamp):
    """Microseconds since 1970, cut off below; by hand, not by the product's parser."""
    whole = datetime.fromisoformat(stamp[:19] + "+00:00")
    return int(whole.timestamp()) * 1_000_000 + int(stamp[20:-1][:6].ljust(6, "0"))


def truth(lines):
    """Item -> [(time, text)] of the lines that have a time stamp, in order of time."""
    found = {}
    for line in lines:
        stamp, *rest = line.rstrip("\n").split("|")
        for item, text in zip(rest[::2], rest[1::2], strict=True):
            found.setdefault(item, []).append((us(stamp), text))
    return {item: sorted(rows, key=lambda row: row[0]) for item, rows in found.items()}


def intervals(rows, end):
    """[(state, from, to)]: a state lasts until another one is told, the last one until the data end."""
    runs = []
    for time, text in rows:
        if not runs or runs[-1][0] != text:
            runs.append((text, time))
    ends = [time for _, time in runs[1:]] + [end]
    return [(text, start, stop) for (text, start), stop in zip(runs, ends, strict=True) if stop > start]


class Plant:
    """A historian with one connection, and what it knows of the machine."""

    def __init__(self, folder):
        self.folder = folder
        self.book = MemoryBook([ConnectionSpec("hurco", "shdr")])
        self.counts = {}

    def replay(self, lines):
        """Let an adapter say the lines, then close the connection; read them as the product does."""
        data = "".join(lines).encode()
        # Pieces that end anywhere, as TCP has it.
        pieces = [data[at : at + 7_919] for at in range(0, len(data), 7_919)]

        async def script():
            async with SmallAdapter(pieces) as adapter:
                options = ShdrOptions(
                    port=adapter.port, device="Hurco04", devices_xml=shared_data("mtconnect/Devices.xml")
                )
                port = LocalPort(Desk(history, self.book))
                _, resume = await port.hello("hurco")
                link = RunnerLink("hurco", port, resume)
                with suppress(TransientError):
                    await ShdrAdapter(options, link).run()
                self.counts = dict(link.standing.counts)

        with History(self.folder) as history:
            asyncio.run(script())

    def number(self, item):
        return self.book.series["hurco04", item]

    def items(self):
        return [code for _, code in self.book.series if not code.startswith("link")]

    def raw(self, item, start=EVER[0], end=EVER[1]):
        return Reader(self.folder).raw([self.number(item)], start, end)

    def history_of(self, item):
        """Everything that is stored of an item: (time, value or text, quality)."""
        samples = self.raw(item)
        texts = Reader(self.folder).texts(self.number(item))
        kind = self.book.drafts[self.number(item)].series.kind
        good = (samples.quality & 0x8000) == 0
        shown = [
            None if not ok else texts[int(v)] if kind in ("state", "text") else float(v)
            for v, ok in zip(samples.value, good, strict=True)
        ]
        return list(zip(samples.time.tolist(), shown, samples.quality.tolist(), strict=True))


@pytest.fixture(scope="module")
def lines():
    with gzip.open(shared_data("mtconnect/hurco04-2017-02-01.txt.gz"), "rt") as file:
        return list(file)


@pytest.fixture(scope="module")
def plant(lines, tmp_path_factory):
    one = Plant(tmp_path_factory.mktemp("hurco"))
    one.replay(lines)
    return one


@pytest.fixture(scope="module")
def told(lines):
    return truth([line for line in lines if line.startswith("2017-")])


def test_every_line_is_accounted_for(plant, lines, told):
    broken = [line for line in lines if not line.startswith("2017-")]
    assert plant.counts["rejected:bad_line"] == len(broken) == 9
    numeric = [text for item, rows in told.items() if item != "Program_Name_Running" for _, text in rows]
    assert plant.counts["noted:empty_value"] == sum(not text.strip() for text in numeric) == 9
    assert {reason for reason in plant.counts if reason.startswith("rejected")} == {"rejected:bad_line"}


def test_every_reading_is_stored_with_the_machines_own_time(plant, told):
    for item, rows in told.items():
        stored = plant.history_of(item)
        assert stored[-1] == (us(LAST) + 1, None, Quality.BAD_NO_COMMUNICATION), item
        expected = dict(rows)  # what the machine said last for one moment holds
        assert [row[0] for row in stored[:-1]] == list(expected), item
        for (_, value, quality), text in zip(stored[:-1], expected.values(), strict=True):
            if isinstance(value, str):
                assert value == text.strip()
            elif not text.strip():
                assert (value, quality) == (None, Quality.BAD_NO_DATA)
            else:
                assert value == float(text)


def test_ten_parts(plant, told):
    counts = [float(text) for _, text in told["Part_Count"]]
    assert (counts[0], counts[-1]) == (1065, 1075)
    stored = plant.raw("Part_Count", us(FIRST), us(LAST) + 1)
    assert stored.value.tolist() == counts
    assert np.diff(stored.value).sum() == 10
    counter = [SeriesSpec(plant.number("Part_Count"))]
    reader = Reader(plant.folder)

    def made(start, end):
        return reader.aggregate(counter, start, end, end - start, ["Increase"])

    day = made(us(FIRST), us(LAST))
    assert (day.columns["Increase"][0, 0], day.columns["percent_known"][0, 0]) == (10, 100)
    # Each part is booked once, wherever the day is cut.
    noon = us("2017-02-01T16:20:00.0000000Z")
    assert [made(*span).columns["Increase"][0, 0] for span in ((us(FIRST), noon), (noon, us(LAST)))] == [3, 7]
    # Nothing is booked, and nothing is known, after the last line or before the first.
    for start, end in ((us(LAST) + 1, us(LAST) + 24 * HOUR), (us(FIRST) - HOUR, us(FIRST))):
        outside = made(start, end)
        assert np.isnan(outside.columns["Increase"][0, 0]) or outside.columns["Increase"][0, 0] == 0
        assert outside.columns["percent_known"][0, 0] == 0


def test_every_interval_of_every_state(plant, told):
    samples = plant.raw("Program_Status")
    texts = Reader(plant.folder).texts(plant.number("Program_Status"))
    runs = state_runs(samples.time, samples.value, samples.quality)
    found = [
        (texts[code], start, end)
        for code, start, end in zip(runs.code.tolist(), runs.start.tolist(), runs.end.tolist(), strict=True)
    ]
    # The state of the last line is known for the one microsecond until the mark.
    assert OPEN not in runs.end
    assert found == intervals(told["Program_Status"], us(LAST) + 1)
    spec = SeriesSpec(plant.number("Program_Status"))
    lasted = Reader(plant.folder).durations([spec], us(FIRST) - HOUR, us(LAST) + HOUR)[spec.id]
    expected = {}
    for state, start, end in intervals(told["Program_Status"], us(LAST) + 1):
        expected[state] = expected.get(state, 0) + end - start
    assert {texts[code]: time for code, time in lasted.items() if code >= 0} == expected
    assert lasted[-1] == 2 * HOUR - 1
    per_state = {state: sum(one[0] == state for one in found) for state in ("ACTIVE", "FEED_HOLD", "STOPPED")}
    assert per_state == {"ACTIVE": 64, "FEED_HOLD": 52, "STOPPED": 1}


def test_an_empty_name_is_an_empty_program_not_a_missing_one(plant):
    assert plant.history_of("Program_Name_Running")[0] == (us(FIRST), "", Quality.GOOD)


def test_outside_the_data_nothing_is_known(plant):
    for item in plant.items():
        assert len(plant.raw(item, 0, us(FIRST))) == 0
        after = plant.raw(item, us(LAST) + 1, EVER[1])
        assert (after.quality & 0x8000).all(), item


def test_what_the_items_mean(plant):
    drafts = {draft.series.code: draft.series for draft in plant.book.drafts.values()}
    roles = {d.role: code for code, d in drafts.items() if d.role and d.role != "link"}
    assert roles == {
        "availability": "avail",
        "emergency_stop": "EStop_State",
        "execution": "Program_Status",
        "feed_override": "Feed_Override",
        "feed_rate": "Feed_Rate",
        "line": "Block_Number",
        "part_count": "Part_Count",
        "program": "Program_Name_Running",
        "spindle_speed": "Spindle_Speed",
        "tool": "Current_Tool",
    }
    units = {code: drafts[code].unit for code in ("Feed_Rate", "Part_Count", "Spindle_Time", "Feed_Override")}
    assert units == {"Feed_Rate": "mm/s", "Part_Count": "{part}", "Spindle_Time": "s", "Feed_Override": "%"}
    assert (drafts["Part_Count"].kind, drafts["Spindle_Time"].kind) == ("counter", "counter")


@pytest.mark.parametrize("order", ["again", "shuffled", "shuffled before and again after"])
def test_the_same_answers_in_any_order(plant, lines, told, tmp_path, order):
    other = Plant(tmp_path)
    shuffled = random.Random(20170201).sample(lines, len(lines))
    for delivery in {"again": [lines, lines], "shuffled": [shuffled]}.get(order, [shuffled, lines]):
        other.replay(delivery)
    # Twelve times the machine gives two values for one moment: which is last is known from the order alone.
    twice = {
        (item, time)
        for item, rows in told.items()
        for (time, text), (after, other_text) in pairwise(rows)
        if time == after and text != other_text
    }
    assert len(twice) == 12
    assert {item for item, _ in twice} == {"Program_Runtime_Seconds"}
    in_order = order != "shuffled"
    for item in plant.items():
        mine, theirs = plant.history_of(item), other.history_of(item)
        if not in_order:
            assert [row[0] for row in mine] == [row[0] for row in theirs]
            mine, theirs = ([row for row in rows if (item, row[0]) not in twice] for rows in (mine, theirs))
        assert mine == theirs, item
