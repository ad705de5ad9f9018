"""The SHDR connector against a real TCP adapter."""

import asyncio
from contextlib import suppress

import pytest

from chanye.connectors.mtconnect.adapter import ShdrAdapter, ShdrOptions
from chanye.kernel.errors import ConfigError, TransientError
from chanye.spine.history.types import Quality
from connectors.mtconnect.memory_link import MemoryLink, T
from connectors.mtconnect.small_adapter import SmallAdapter
from connectors.mtconnect.small_agent import iso

S = 1_000_000
GOOD = int(Quality.GOOD)
MODEL = """<MTConnectDevices><Header instanceId="1"/><Devices><Device id="d1" name="Mill" uuid="u1"><DataItems>
<DataItem id="e" name="exec" category="EVENT" type="EXECUTION"/>
<DataItem id="p" name="prog" category="EVENT" type="PROGRAM"/>
<DataItem id="f" name="feed" category="SAMPLE" type="PATH_FEEDRATE" units="MILLIMETER/SECOND"
          nativeUnits="INCH/MINUTE"><Source>Fact</Source></DataItem>
<DataItem id="x" name="flux" category="SAMPLE" type="x:FLUX" units="x:FURLONG"/>
<DataItem id="w" name="wrong" category="SAMPLE" type="LOAD" units="PERCENT" nativeUnits="INCH"/>
<DataItem id="pos" name="pos" category="SAMPLE" type="PATH_POSITION" units="MILLIMETER_3D"/>
<DataItem id="v" name="vib" category="SAMPLE" type="DISPLACEMENT" units="MILLIMETER" representation="TIME_SERIES"/>
<DataItem id="s" name="sys" category="CONDITION" type="SYSTEM"/>
<DataItem id="vars" name="vars" category="EVENT" type="VARIABLE" representation="DATA_SET"/>
<DataItem id="m" name="msg" category="EVENT" type="MESSAGE"/>
</DataItems></Device></Devices></MTConnectDevices>"""


@pytest.fixture
def model(tmp_path):
    path = tmp_path / "Devices.xml"
    path.write_text(MODEL)
    return path


def read(lines, model=None, link=None, clock=lambda: T + 3600 * S, **options):
    """Read what an adapter says until it closes the connection."""
    link = link or MemoryLink()

    async def script():
        async with SmallAdapter([line.encode() for line in lines]) as adapter:
            made = ShdrOptions(port=adapter.port, devices_xml=model, **options)
            with pytest.raises(TransientError):
                async with asyncio.timeout(10):
                    await ShdrAdapter(made, link, clock).run()

    asyncio.run(script())
    return link


def line(seconds, *fields):
    return "|".join((iso(T + int(seconds * S)), *fields)) + "\n"


def test_values_of_every_shape(model):
    link = read(
        [
            line(1, "exec", "active", "prog", " ", "feed", "60"),
            line(2, "Mill:Fact", "", "pos", "1 2 3"),
            line(3, "sys", "fault", "F1", "", "", "hot"),
            line(4, "sys", "normal", "F1", "", "", ""),
            line(5, "vib", "3", "10", "1 2 3"),
            line(6, "vars", "a=1 b=2"),
            line(7, "vars", "b= c=3"),
            line(8, "msg", "C7", "open the door"),
            line(9, "exec", "UNAVAILABLE"),
        ],
        model,
    )
    assert link.story("exec")[:2] == [
        (T + S, "ACTIVE", GOOD), (T + 9 * S, None, int(Quality.BAD_NOT_CONNECTED)),
    ]  # fmt: skip
    assert link.story("prog")[0] == (T + S, "", GOOD)
    # 60 inch/min are 25.4 mm/s by the definition of the inch.
    assert link.story("feed")[:2] == [(T + S, pytest.approx(25.4), GOOD), (T + 2 * S, None, int(Quality.BAD_NO_DATA))]
    assert [link.at(f"pos.{axis}", T + 2 * S) for axis in "xyz"] == [1, 2, 3]
    assert [v for _, v, _ in link.story("sys")][:2] == ["FAULT", "NORMAL"]
    assert link.story("vib")[:3] == [(T + 4_800_000, 1, GOOD), (T + 4_900_000, 2, GOOD), (T + 5 * S, 3, GOOD)]
    assert [v for _, v, _ in link.story("vars")][:2] == ['{"a": "1", "b": "2"}', '{"a": "1", "c": "3"}']
    assert link.story("msg")[0] == (T + 8 * S, "open the door", GOOD)
    assert link.counts == {"noted:empty_value": 1}


def test_what_is_refused_is_counted_by_its_reason(model):
    link = read(
        [
            line(1, "feed", "many"),
            line(2, "who", "3"),
            line(3, "flux", "3"),
            line(4, "wrong", "3"),
            "2017\n",
            line(5, "Lathe:feed", "3"),
            line(6, "feed", "1"),
            line(5.5, "feed", "2"),
            "|feed|7\n",
        ],
        model,
    )
    assert link.counts == {
        "rejected:bad_value": 1,
        "rejected:unknown_tag": 2,
        "rejected:wrong_unit": 2,
        "rejected:bad_line": 1,
        "noted:clock_backwards": 1,
        "noted:no_timestamp": 1,
    }
    assert {"flux", "wrong"}.isdisjoint(link.tags)


def test_the_end_of_knowledge_does_not_depend_on_order_or_clock(model):
    lines = [line(1, "exec", "READY"), line(7, "exec", "ACTIVE"), line(3, "feed", "1")]
    for order in (lines, lines[::-1], lines * 2):
        link = read(order, model, clock=lambda: T + 999 * S)
        assert link.gaps == [T + 7 * S + 1]
        assert link.at("exec", T + 8 * S) is None


def test_a_clock_far_ahead_does_not_move_the_end_of_knowledge(model):
    link = read([line(1, "exec", "READY"), line(200_000, "exec", "ACTIVE")], model)
    assert link.gaps == [T + S + 1]


def test_a_killed_run_is_closed_by_the_next(model):
    link = MemoryLink(f"open:{T + 5 * S}")
    read([line(60, "exec", "READY")], model, link)
    assert link.gaps == [T + 5 * S + 1, T + 60 * S + 1]
    assert link.resume.position == f"closed:{T + 60 * S}"
    read([line(61, "exec", "READY")], model, link)
    assert link.gaps[2:] == [T + 61 * S + 1]


@pytest.mark.parametrize("skew", [0, 3600 * S, -3600 * S], ids=["right", "slow", "fast"])
def test_heartbeats_say_that_silence_means_unchanged(model, skew):
    """What is known ends by the machine's own clock, however wrong that is."""
    now = T + S + skew

    async def script():
        nonlocal now
        link = MemoryLink()
        async with SmallAdapter([line(1, "exec", "READY").encode()], pong=100, stay=True) as adapter:
            connector = ShdrAdapter(ShdrOptions(port=adapter.port, devices_xml=model), link, lambda: now)
            task = asyncio.create_task(connector.run())
            async with asyncio.timeout(5):
                while not link.lives:
                    await asyncio.sleep(0.005)
                now = T + 50 * S + skew
                while link.lives[-1] < T + 50 * S:
                    await asyncio.sleep(0.005)
                adapter.pong = None  # it hangs: no more signs of life
                with pytest.raises(TransientError, match="Nothing was heard"):
                    await task
        assert link.gaps == [T + 50 * S + 1]
        assert link.at("exec", T + 49 * S) == "READY"
        assert [state for state, _ in link.states] == ["active", "degraded"]

    asyncio.run(script())


def test_readings_are_stored_soon_although_the_adapter_stays(model):
    async def script():
        link = MemoryLink()
        async with SmallAdapter([line(1, "exec", "READY").encode()], stay=True) as adapter:
            connector = ShdrAdapter(ShdrOptions(port=adapter.port, devices_xml=model), link, lambda: T + 2 * S)
            task = asyncio.create_task(connector.run())
            async with asyncio.timeout(1.0):
                while not link.story("exec"):
                    await asyncio.sleep(0.005)
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        assert link.gaps == [T + S + 1]

    asyncio.run(script())


def test_customary_names_need_no_model():
    link = read([line(1, "execution", "ACTIVE", "partcount", "3", "Xabs", "1")], device="Lathe")
    assert link.at("execution", T + S) == "ACTIVE"
    assert link.at("partcount", T + S) == 3
    assert link.counts == {"rejected:unknown_tag": 1}
    assert link.tags["execution"].asset == (("work_unit", "lathe", "Lathe"),)


def test_items_may_have_another_name_in_the_lines_and_words_a_meaning_of_their_own(model):
    link = read([line(1, "Zustand", "STOPPED")], model, names={"Zustand": "exec"}, states={"STOPPED": "fault"})
    assert link.at("Zustand", T + S) == "STOPPED"
    assert link.tags["Zustand"].series.code == "exec"
    assert link.tags["Zustand"].series.states["STOPPED"] == "fault"
    assert link.tags["Zustand"].series.states["ACTIVE"] == "running"


def test_nobody_there_is_a_lost_link():
    async def script():
        async with SmallAdapter() as adapter:
            port = adapter.port
        link = MemoryLink()
        with pytest.raises(TransientError, match="is it running"):
            await ShdrAdapter(ShdrOptions(port=port), link).run()
        assert link.gaps == []

    asyncio.run(script())


def test_a_wrong_model_asks_a_person(tmp_path, model):
    for path, device in ((tmp_path / "none.xml", ""), (model, "Lathe")):
        with pytest.raises(ConfigError):
            ShdrAdapter(ShdrOptions(devices_xml=path, device=device), MemoryLink())


def test_binary_nonsense_is_counted(model):
    link = read(["\x00\x01\x02|||\n" * 50, "x" * 2_000_000 + "\n", line(1, "exec", "READY")], model)
    assert link.at("exec", T + S) == "READY"
    assert link.counts["rejected:bad_line"] >= 2
