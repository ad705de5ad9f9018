"""Import of tables and recordings: exact values, all or nothing, once; every fault with its place."""

from __future__ import annotations

import asyncio
import csv
import gzip
import random
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from chanye.connectors.file import target as targets
from chanye.connectors.file.faults import ImportRefusedError
from chanye.connectors.file.importer import Imported, import_tables
from chanye.connectors.file.mapping import ImportMap, parse_map
from chanye.connectors.file.shdr import import_shdr
from chanye.connectors.link import local_link
from chanye.connectors.mtconnect.adapter import ShdrAdapter, ShdrOptions
from chanye.kernel.errors import ConfigError, DeniedError
from chanye.kernel.settings import get_settings
from chanye.parties.models import AuditEntry, Organisation
from chanye.parties.types import PUBLIC, SYSTEM
from chanye.spine.actions import ensure_asset
from chanye.spine.history import History, Reader
from chanye.spine.models import Series
from shared_data import shared_data

pytestmark = pytest.mark.django_db
START = datetime(2024, 3, 1, tzinfo=UTC)
US = int(START.timestamp()) * 1_000_000

WIDE = """
[time]
column = "when"
zone = "Asia/Shanghai"
[[series]]
column = "temp"
unit = "Cel"
source_unit = "[degF]"
asset = ["work_unit/press/Press 1"]
[[series]]
column = "state"
unit = "1"
kind = "state"
role = "execution"
states = { RUN = "running" }
asset = ["work_unit/press/Press 1"]
"""

LONG = """
[file]
layout = "long"
[long]
quality = "q"
[[series]]
column = "flow"
unit = "L/min"
[[series]]
column = "pieces"
unit = "{part}"
kind = "counter"
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CHANYE_DATA", str(tmp_path / "var"))
    get_settings.cache_clear()
    yield tmp_path
    monkeypatch.undo()
    get_settings.cache_clear()


@pytest.fixture
def site() -> targets.Target:
    firm = Organisation.objects.create(code="firm", name="Firm")
    ensure_asset(actor=SYSTEM, organisation_id=firm.pk, parent_id=None, kind="site", code="plant", name="Plant")
    return targets.find_target(SYSTEM, "plant")


def run(site: targets.Target, mapping: ImportMap, *files: Path, keep_good: bool = False) -> Imported:
    with targets.open_history() as history:
        return import_tables(
            actor=SYSTEM, target=site, history=history, files=files, mapping=mapping, keep_good=keep_good
        )


def stored(code: str) -> tuple[list[int], list[float]]:
    series = Series.objects.get(code=code)
    rows = Reader(get_settings().history_folder).raw([series.pk], 0, 1 << 62)
    return rows.time.tolist(), rows.value.tolist()


def texts(code: str) -> list[str]:
    series = Series.objects.get(code=code)
    names = Reader(get_settings().history_folder).texts(series.pk)
    return [names[int(v)] for v in stored(code)[1]]


def test_a_wide_file_with_zone_units_and_states(folder: Path, site: targets.Target) -> None:
    path = folder / "press.csv"
    path.write_text("when,temp,other,state\n2024-03-01 08:00:00,212,x,RUN\n2024-03-01T08:00:00.5,32,,STOP\n"
                    "2024-03-01 08:00:01,,,\n2024-03-01T00:00:02Z,-40,,RUN\n")  # fmt: skip
    done = run(site, parse_map(WIDE), path)
    assert (done.stored, done.counts, done.already) == (6, {}, False)
    times, values = stored("temp")
    # 212 degF = 100 Cel, 32 degF = 0 Cel, -40 is the same in both; 08:00 in Shanghai is 00:00 UTC.
    assert times == [US, US + 500_000, US + 2_000_000]
    np.testing.assert_allclose(values, [100.0, 0.0, -40.0], atol=1e-9)
    assert texts("state") == ["RUN", "STOP", "RUN"]
    assert Series.objects.get(code="state").asset.path == "plant/press"
    assert AuditEntry.objects.get(verb="import_files").detail
    again = run(site, parse_map(WIDE), path)
    assert again.already
    assert stored("temp") == (times, values)


def test_a_long_file_with_qualities(folder: Path, site: targets.Target) -> None:
    path = folder / "long.csv.gz"
    with gzip.open(path, "wt") as file:
        file.write("tag,time,value,q\nflow,2024-03-01T00:00:00Z,1.5,good\npieces,2024-03-01T00:00:00Z,7,192\n"
                   "flow,2024-03-01T00:00:01Z,2.5,64\nflow,2024-03-01T00:00:02Z,,bad\n")  # fmt: skip
    assert run(site, parse_map(LONG), path).stored == 4
    rows = Reader(get_settings().history_folder).raw([Series.objects.get(code="flow").pk], 0, 1 << 62)
    np.testing.assert_array_equal(rows.value, [1.5, 2.5, np.nan])
    assert rows.quality.tolist() == [0, 0x4000, 0x8000]
    assert stored("pieces") == ([US], [7.0])


def test_parquet_as_csv(folder: Path, site: targets.Target) -> None:
    path = folder / "t.parquet"
    when = [START + timedelta(seconds=i) for i in range(5)]
    pq.write_table(pa.table({"when": when, "temp": [32.0, None, 50.0, 212.0, 32.0], "state": list("ABABA")}), path)
    mapping = parse_map(WIDE.replace("[time]", '[file]\nformat = "parquet"\n[time]'))
    assert run(site, mapping, path).stored == 9
    np.testing.assert_allclose(stored("temp")[1], [0, 10, 100, 0], atol=1e-9)
    assert texts("state") == list("ABABA")


def test_every_fault_has_its_place_and_nothing_is_imported(folder: Path, site: targets.Target) -> None:
    path = folder / "bad.csv"
    path.write_text("when,temp,state\n2024-03-01,1,A\n2024-02-30,2,A\nsoon,3,A\n1980-01-01,4,A\n"
                    "2999-01-01,5,A\n2024-03-02,warm,A\n2024-03-03,7\n"
                    "2024-03-04,1e999,A\n2024-03-05,1_0,A\n")  # fmt: skip
    with pytest.raises(ImportRefusedError) as refused:
        run(site, parse_map(WIDE), path)
    faults = refused.value.faults
    assert faults.counts == {
        "rejected:bad_time": 3,
        "rejected:future_time": 1,
        "rejected:bad_value": 3,
        "rejected:bad_row": 1,
    }
    assert {(f.row, f.column) for f in faults.first} == {
        (3, "when"), (4, "when"), (5, "when"), (6, "when"), (7, "temp"), (8, ""), (9, "temp"), (10, "temp"),
    }  # fmt: skip
    assert "bad.csv:7 [temp]: this is not a number (found 'warm')" in map(str, faults.first)
    assert not Series.objects.exists()
    done = run(site, parse_map(WIDE), path, keep_good=True)
    assert done.stored == 1 + 4, "one temperature and the states of the rows with a good time"
    (row,) = [r for r in Reader(get_settings().history_folder).audit() if r.source == done.source]
    assert row.received == row.stored + row.duplicates + sum(row.reasons.values())


def test_a_second_bad_file_stops_the_first(folder: Path, site: targets.Target) -> None:
    good, bad = folder / "a.csv", folder / "b.csv"
    good.write_text("when,temp,state\n2024-03-01,1,A\n")
    bad.write_text("when,temp,state\n2024-03-02,x,A\n")
    with pytest.raises(ImportRefusedError):
        run(site, parse_map(WIDE), good, bad)
    assert not Series.objects.exists()
    assert not list((get_settings().history_folder / "incoming").glob("*"))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "header"),
        (b"when,temp\n", "no column state"),
        (b"\xff\xfe\x00", "utf-8"),
        (b"when,temp,temp,state\n", "twice"),
    ],
)
def test_what_is_no_such_table_is_refused_in_words(
    folder: Path, site: targets.Target, content: bytes, words: str
) -> None:
    path = folder / "x.csv"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=words):
        run(site, parse_map(WIDE), path)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("series = [", "TOML"),
        ("[[series]]\ncolumn = 'a'", "unit"),
        ("[[series]]\ncolumn='a'\nunit='m'\nsource_unit='s'", "unit of a"),
        ("[time]\nzone='Mars'\n[[series]]\ncolumn='a'\nunit='m'", "Mars"),
        ("[[series]]\ncolumn='a'\nunit='m'\nasset=['press']", "kind/code"),
        ("colour=1\n[[series]]\ncolumn='a'\nunit='m'", "colour"),
        ("[[series]]\ncolumn='a'\nunit='m'\n[[series]]\ncolumn='a'\nunit='m'", "twice"),
    ],
)
def test_a_wrong_mapping_is_refused_in_words(text: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        parse_map(text)


def test_the_public_may_not_import(folder: Path, site: targets.Target) -> None:
    path = folder / "a.csv"
    path.write_text("when,temp,state\n2024-03-01,1,A\n")
    with targets.open_history() as history, pytest.raises(DeniedError):
        import_tables(actor=PUBLIC, target=site, history=history, files=[path], mapping=parse_map(WIDE))


@pytest.mark.parametrize("form", ["iso", "unix_s", "unix_ms", "unix_us", "%d.%m.%Y %H:%M:%S"])
def test_times_in_every_form(folder: Path, site: targets.Target, form: str) -> None:
    rng = random.Random(1)
    moments = [START + timedelta(seconds=rng.randrange(10**7)) for _ in range(200)]
    moments = sorted(set(moments))
    factor = {"unix_s": 1, "unix_ms": 1000, "unix_us": 1_000_000}.get(form)
    path = folder / "t.csv"
    with path.open("w") as file:
        out = csv.writer(file)
        out.writerow(["time", "v"])
        for moment in moments:
            written = moment.isoformat() if form == "iso" else moment.strftime(form)
            out.writerow([round(moment.timestamp() * factor) if factor else written, 1])
    mapping = parse_map(f'[time]\nformat = "{form}"\n[[series]]\ncolumn = "v"\nunit = "1"')
    run(site, mapping, path)
    assert stored("v")[0] == [int(m.timestamp()) * 1_000_000 for m in moments]


@pytest.mark.slow
def test_a_million_rows_take_seconds(folder: Path, site: targets.Target) -> None:
    n = 1_000_000
    path = folder / "big.csv"
    base = np.datetime64("2024-03-01T00:00:00.000") + np.arange(n) * np.timedelta64(100, "ms")
    value = np.round(np.random.default_rng(0).normal(size=n), 3)
    with path.open("w") as file:
        file.write("time,v\n")
        file.writelines(f"{t}Z,{v}\n" for t, v in zip(base.astype(str), value.tolist(), strict=True))
    began = time.monotonic()
    done = run(site, parse_map('[[series]]\ncolumn = "v"\nunit = "1"'), path)
    took = time.monotonic() - began
    assert done.stored == n
    times, values = stored("v")
    assert times[-1] == US + (n - 1) * 100_000
    np.testing.assert_array_equal(values, value)
    assert took < 30, f"{took:.1f} s"


def hurco() -> Path:
    return shared_data("mtconnect/hurco04-2017-02-01.txt.gz")


def test_a_real_recording_is_stored_as_the_live_connector_stores_it(folder: Path, site: targets.Target) -> None:
    with gzip.open(hurco()) as file:
        content = file.read()
    cut_off = [i for i, line in enumerate(content.split(b"\n"), 1) if line and b"|" not in line]
    options = ShdrOptions(devices_xml=shared_data("mtconnect/Devices.xml"), device="Hurco04")

    def attempt(keep_good: bool) -> Imported:
        with targets.open_history() as history:
            return import_shdr(
                actor=SYSTEM, target=site, history=history, file=hurco(), options=options, keep_good=keep_good
            )

    with pytest.raises(ImportRefusedError) as refused:
        attempt(keep_good=False)
    assert [fault.row for fault in refused.value.faults.first] == cut_off
    done = attempt(keep_good=True)
    assert done.counts["rejected:bad_line"] == len(cut_off) == 9
    assert attempt(keep_good=True).already

    async def live(history: History) -> dict[str, int]:
        link = await local_link(history, "hurco")
        adapter = ShdrAdapter(options, link)
        await adapter.replay([content], lambda *_: None)
        return {tag.series.code: number for number, tag in link._port.desk.book.drafts.items()}

    with History(folder / "live") as history:
        numbers = asyncio.run(live(history))
    mine, theirs = Reader(get_settings().history_folder), Reader(folder / "live")
    end = int(datetime(2017, 2, 1, 20, 11, 13, 453_125, tzinfo=UTC).timestamp() * 1e6) + 1
    total = 0
    for series in Series.objects.filter(asset__code="hurco04"):
        imported = mine.raw([series.pk], 0, 1 << 62)
        direct = theirs.raw([numbers[series.code]], 0, 1 << 62)
        np.testing.assert_array_equal(imported.time, direct.time)
        np.testing.assert_array_equal(imported.quality, direct.quality)
        if series.kind in ("analog", "counter"):
            np.testing.assert_array_equal(imported.value, direct.value)
        assert (imported.time[-1], imported.quality[-1]) == (end, 0x8031)
        total += len(imported)
    assert 60_000 < total <= done.stored, "a time that the file says twice is one row with two versions"


def test_a_broken_recording_names_its_lines(folder: Path, site: targets.Target) -> None:
    path = folder / "r.txt"
    path.write_text("2024-03-01T00:00:00Z|execution|ACTIVE\nnonsense|execution|READY\n|execution|READY\n"
                    "2024-03-01T00:00:05Z|line|abc\n2024-03-01T00:00:06Z|strange|1\n")  # fmt: skip
    options = ShdrOptions(device="m1")
    with targets.open_history() as history:
        with pytest.raises(ImportRefusedError) as refused:
            import_shdr(actor=SYSTEM, target=site, history=history, file=path, options=options)
        assert {f.row for f in refused.value.faults.first} == {2, 3, 4}
        done = import_shdr(actor=SYSTEM, target=site, history=history, file=path, options=options, keep_good=True)
    assert done.counts["rejected:unknown_tag"] == 1
    assert texts_before_end("execution") == ["ACTIVE"]


def texts_before_end(code: str) -> list[str]:
    series = Series.objects.get(code=code)
    reader = Reader(get_settings().history_folder)
    rows = reader.raw([series.pk], 0, 1 << 62)
    good = rows.quality < 0x8000
    return [reader.texts(series.pk)[int(v)] for v in rows.value[good]]


def test_a_second_writer_is_refused(site: targets.Target) -> None:
    with History(get_settings().history_folder), pytest.raises(ConfigError), targets.open_history():
        pass
