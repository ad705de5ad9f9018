"""``chanye rebuild`` finds its assets, days and spans, over the real historian."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from chanye.cli.rebuild import midnight, run, spans
from chanye.kernel.errors import ConfigError
from chanye.kernel.settings import get_settings
from chanye.kernel.time import DAY, parse_iso
from chanye.parties.models import Organisation
from chanye.parties.types import SYSTEM
from chanye.spine import actions, queries
from chanye.spine.frame_actions import run_processor
from chanye.spine.history import Batch, History, Reader
from chanye.spine.models import Frame, Series
from chanye.spine.processors import default_processors
from chanye.spine.types import SeriesDraft

START = parse_iso("2026-06-01T00:00:00Z")


@pytest.fixture
def plant(db: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Reader]:
    monkeypatch.setenv("CHANYE_DATA", str(tmp_path))
    get_settings.cache_clear()
    firm = Organisation.objects.create(code="f", name="F").pk
    site = actions.ensure_asset(actor=SYSTEM, organisation_id=firm, parent_id=None, kind="site", code="p").id
    with History(tmp_path / "history") as history:
        for code in ("a", "b"):
            machine = actions.ensure_asset(
                actor=SYSTEM, organisation_id=firm, parent_id=site, kind="work_unit", code=code
            )
            draft = SeriesDraft("execution", "state", "1", role="execution")
            number = actions.ensure_series(actor=SYSTEM, asset_id=machine.id, draft=draft).id
            words = history.encode(number, ["ACTIVE", "READY"])
            time = START + np.arange(40, dtype=np.int64) * DAY // 2
            value = np.array(words, float)[np.arange(40) % 2]
            history.append(Batch(code, 1, np.full(40, number, np.uint32), time, value, np.zeros(40, np.uint16)))
    reader = Reader(tmp_path / "history")
    for processor in default_processors():
        run_processor(actor=SYSTEM, processor=processor, reader=reader)
    yield reader
    monkeypatch.undo()
    get_settings.cache_clear()


def test_what_is_asked_for_is_computed_anew_and_nothing_else(plant: Reader) -> None:
    assert Frame.objects.count() == 80
    Frame.objects.update(state="wrong")
    run("2026-06-05", "2026-06-10", ["p/a"])
    right = Frame.objects.exclude(state="wrong")
    assert {row.series_id for row in right} == {Series.objects.get(asset__path="p/a").pk}
    zone = "Asia/Shanghai"
    low, high = midnight("2026-06-05", zone), midnight("2026-06-10", zone)
    assert low == parse_iso("2026-06-04T16:00:00Z")
    inside = set(Frame.objects.filter(series__asset__path="p/a", start__gte=low, start__lt=high).values_list("pk"))
    assert inside <= set(right.values_list("pk"))
    assert right.count() <= len(inside) + 2  # and the neighbours they are joined to
    run()
    assert Frame.objects.count() == 80
    assert not Frame.objects.filter(state="wrong").exists()


def test_spans_tile_the_time_of_a_series(plant: Reader) -> None:
    ref = queries.series_by_id(SYSTEM, Series.objects.values_list("pk", flat=True))[Series.objects.first().pk]
    found = list(spans(plant, ref, None, None))
    assert found[0][0] == START
    assert found[-1][1] == START + 39 * DAY // 2 + 1
    assert all(a[1] == b[0] for a, b in itertools.pairwise(found))


def test_a_wrong_path_or_day_is_said(plant: Reader) -> None:
    with pytest.raises(ConfigError, match="no asset p/x"):
        run(paths=["p/x"])
    with pytest.raises(ConfigError, match="not a date"):
        run(start="yesterday")
