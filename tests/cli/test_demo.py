"""The demo from the outside: it starts, it goes on where it stopped, and it tells the truth."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from chanye.cli.demo.score import MONDAY, SEED, START, run, script
from chanye.cli.demo.site import pattern
from chanye.cli.up import Stack
from chanye.kernel.errors import ConfigError
from chanye.kernel.shifts import shift_pattern_from_dict
from chanye.twin.parts import DAY, HOUR, MACHINES, MINUTE, Machine
from chanye.twin.shop import Shop

#: Asks, in a process of its own, what the pages say of the newest hours, and scores it.
ASK = """
import json, sys
from pathlib import Path
from chanye.cli.up import apply_settings
data = Path(sys.argv[1])
apply_settings(data=data)
from chanye.cli import setup_django
setup_django()
from chanye.domains.factory.queries import machines as factory
from chanye.parties.types import SYSTEM
from chanye.spine import queries
from chanye.spine.store import reader
from chanye.twin.score import Answer, score
from chanye.twin.shop import Shop
known = json.loads((data / "demo.json").read_text())
shop = Shop(known["seed"], known["epoch"])
site = queries.sites(SYSTEM)[0]
found = {"simulated": site.simulated, "machines": {}}
for asset in queries.assets(SYSTEM, below=site.id, kinds=("work_unit",)):
    series = [ref.id for ref in queries.series_of(SYSTEM, [asset.id]) if ref.role != "link"]
    end = int(reader().latest(series).time.max())
    start = end - 24 * 3_600_000_000
    states = tuple((p.start, p.end, p.state) for p in factory.strip(SYSTEM, asset.id, start, end, now=end))
    made = factory.machine_kpis(SYSTEM, asset.id, start, end, now=end).produced.value
    one = score(shop.truth(asset.code.upper(), start, end), Answer(asset.code, states, made, None))
    found["machines"][asset.name] = [one.counts, one.states, end]
print(json.dumps(found))
"""


#: A product of its own, whatever settings the tests run with.
PLAIN = {"DJANGO_SETTINGS_MODULE": "chanye.web.settings", "CHANYE_BROKER_PORT": "0"}


def _ask(data: Path) -> dict[str, dict[str, tuple[float, float, int]]]:
    done = subprocess.run(
        [sys.executable, "-c", ASK, str(data)], capture_output=True, text=True, timeout=120, env=os.environ | PLAIN
    )
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


@pytest.mark.slow
def test_the_demo_starts_and_goes_on_where_it_stopped(tmp_path: Path) -> None:
    data = tmp_path / "演示"
    with Stack(data, 0, ["--days", "2"], PLAIN, command="demo") as stack:
        assert set(stack.status()["children"]) == {"web", "collect", "work", "broker", "twin"}
        first = _ask(data)
        assert stack.stop() < 10
    with Stack(data, 0, ["--days", "2"], PLAIN, command="demo") as stack:
        again = _ask(data)
    assert first["simulated"]
    assert list(first["machines"]) == list(again["machines"]) == [machine.name for machine in MACHINES]
    for name, (counts, states, end) in again["machines"].items():
        assert counts == 100.0, name
        assert states > 99.9, name
        assert end > first["machines"][name][2], name


@pytest.mark.slow
@pytest.mark.alone
def test_the_score_of_the_whole_product(tmp_path: Path) -> None:
    argv = [sys.executable, "-m", "chanye", "demo", "--score", "--minutes", "60", "--speed", "120", "--json"]
    argv += ["--data", str(tmp_path / "score")]
    env = os.environ | PLAIN
    done = subprocess.run(argv, capture_output=True, text=True, timeout=240, env=env)
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(done.stdout)
    assert found["holds"]
    assert found["total"]["counts"] == 100.0
    assert found["total"]["states"] >= 99.9
    assert found["total"]["energy"] > 99.5
    assert found["total"]["parts_true"] > 30


@pytest.mark.parametrize("minutes", [30, 60, 480])
def test_every_scripted_trouble_really_happens(minutes: int) -> None:
    troubles, outages = script(START, minutes * MINUTE)
    shop = Shop(SEED, START, troubles)
    seen = {"changeover": "setup", "breakdown": "fault", "counter_reset": "restart"}
    for trouble in troubles:
        (span, *_) = shop.spans(trouble.machine, trouble.at, trouble.at + 1)
        assert (span.start, span.physical) == (trouble.at, seen[trouble.kind])
        assert START < span.start < START + minutes * MINUTE
    assert {outage.kind for outage in outages} == {"adapter", "silence", "restart"}
    assert all(START < o.start < o.end < START + minutes * MINUTE for o in outages)


@pytest.mark.parametrize("machine", MACHINES, ids=lambda m: m.code)
def test_the_calendar_is_the_shop_s_own(machine: Machine) -> None:
    planned = shift_pattern_from_dict(pattern(machine)).planned(MONDAY, MONDAY + 7 * DAY)
    days = range(6 if machine.rests_on_sunday else 7)
    told = [MONDAY + d * DAY + m * MINUTE for d in days for period in machine.shifts for m in period]
    # periods that meet at midnight are one
    edges = sorted(edge for edge in told if told.count(edge) == 1)
    assert sorted([*planned.start.tolist(), *planned.end.tolist()]) == edges
    assert planned.start[0] in (MONDAY, MONDAY + 8 * HOUR)


def test_a_used_folder_is_not_scored(tmp_path: Path) -> None:
    (tmp_path / "something").touch()
    with pytest.raises(ConfigError, match="not empty"):
        run(minutes=30, speed=60, as_json=True, data=tmp_path)


def test_a_shop_too_fast_to_be_observed_is_not_scored() -> None:
    with pytest.raises(ConfigError, match="at most at 63 times"):
        run(minutes=30, speed=64, as_json=True, data=None)
