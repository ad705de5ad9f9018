"""A realistic shift of a machining shop, made from a seed: what browser tests look at."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from django.http import HttpRequest, HttpResponse

from chanye.domains.factory.types.machines import Board, Figure, MachineKpis, MachineTile, Segment, TimeElements
from chanye.parties.models import Organisation, Person
from chanye.parties.types import Viewer
from chanye.spine.models import Asset, Series
from chanye.web.middleware import viewer_middleware

MINUTE = 60_000_000
NUMBERS = itertools.count(3_000)  # the historian outlives a test's records
HOUR = 60 * MINUTE
TEXTS = {
    "running": "ACTIVE",
    "setup": "SETUP",
    "waiting": "READY",
    "stopped": "FEED_HOLD",
    "fault": "1010 主轴过载",
    "planned_off": "",
    "unknown": "",
}
NAMES = ["立式加工中心", "卧式加工中心", "数控车床", "五轴加工中心", "磨床", "Hurco VMX 24"]
ENGINEER = frozenset({"engineer", "manager", "admin"})


IN_HAND: list[str] = []
"""Requests that are being answered: a test's records may go only when there is none."""


AT_WORK: list[bool] = []
"""Not empty while a browser test runs: other tests in this process see the real viewer."""

#: Not empty while a browser test signs people in: they are who they are then.
SIGNED_IN: list[bool] = []


def as_engineer(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """A middleware that makes every visitor an engineer of the first firm, while a browser test runs."""
    real = viewer_middleware(get_response)

    def middleware(request: HttpRequest) -> HttpResponse:
        if not AT_WORK:
            return real(request)
        IN_HAND.append(request.path)
        try:
            return answer(request)
        finally:
            IN_HAND.remove(request.path)

    def answer(request: HttpRequest) -> HttpResponse:
        if SIGNED_IN:
            return real(request)
        firm = Organisation.objects.order_by("id").first()
        person = Person.objects.order_by("id").values_list("id", flat=True).first()
        request.viewer = Viewer(person or 1, firm.id if firm else None, ENGINEER, name="engineer")  # type: ignore[attr-defined]
        return get_response(request)

    return middleware


def strip(seed: int, start: int, now: int, *, ends: str = "") -> tuple[Segment, ...]:
    """A machine's shift up to now: long runs, set-ups, waits, some stops and faults, one lost link."""
    chance = random.Random(seed)
    pieces: list[Segment] = []
    at = start
    while at < now:
        state = chance.choices(
            ["running", "setup", "waiting", "stopped", "fault", "unknown"], [10, 1.5, 2.5, 1.5, 0.5, 0.4]
        )[0]
        mean = {"running": 22, "setup": 16, "waiting": 8, "stopped": 4, "fault": 12, "unknown": 9}[state]
        length = max(15_000_000, int(chance.expovariate(1 / mean) * MINUTE))
        end = min(now, at + length)
        if pieces and pieces[-1].state == state:
            pieces[-1] = replace(pieces[-1], end=end)
        else:
            pieces.append(Segment(at, end, state, TEXTS[state]))
        at = end
    if ends and pieces:
        pieces[-1] = replace(pieces[-1], state=ends, text=TEXTS[ends])
    return tuple(pieces)


def _share(pieces: tuple[Segment, ...], state: str) -> float:
    whole = sum(p.end - p.start for p in pieces) or 1
    return sum(p.end - p.start for p in pieces if p.state == state) / whole


ENDS = ["running"] * 7 + ["setup", "waiting", "stopped", "fault", "planned_off", "unknown"]


def tile(asset_id: int, name: str, seed: int, start: int, now: int, clock: int) -> MachineTile:
    """One machine of the board."""
    chance = random.Random(seed)
    state = ENDS[seed % len(ENDS)]
    pieces = strip(seed, start, now, ends=state)
    known = 1 - _share(pieces, "unknown")
    availability = _share(pieces, "running") / known if known else 0.0
    parts = float(int(availability * (now - start) / HOUR * chance.uniform(6, 40)))
    lost = state == "unknown"
    return MachineTile(
        asset_id=asset_id,
        name=name,
        state=state,
        state_text=TEXTS[state],
        since=pieces[-1].start if pieces else None,
        program=f"O{chance.randint(1000, 9999)}-{chance.choice(['壳体', '阀块', '曲轴'])}.NC",
        parts_today=Figure(parts, "{part}", known),
        rate=Figure(None, "{part}/h", 0.1, "no_data") if lost else Figure(parts / 4.2, "{part}/h", known),
        availability=Figure(availability, "1", known) if known > 0.8 else Figure(None, "1", known, "below_floor"),
        oee=Figure(None, "1", known, "no_rate") if seed % 5 == 3 else Figure(availability * 0.87, "1", known),
        power=Figure(chance.uniform(0.4, 14), "kW", 1.0) if seed % 3 else Figure(None, "kW", 0.0, "no_meter"),
        age=clock - now + (9 * MINUTE if lost else chance.randint(200_000, 2_500_000)),
        strip=pieces,
    )


@dataclass
class Plant:
    """What stands in for the factory room's reads; ``changes`` are laid over the tiles by machine."""

    site_id: int
    machines: list[tuple[int, str]]
    changes: dict[int, dict[str, Any]]

    def _window(self, now: int) -> tuple[int, int]:
        return now // HOUR * HOUR - 5 * HOUR, now // HOUR * HOUR + 3 * HOUR

    def board(self, viewer: Viewer, site_id: int, *, now: int) -> Board:
        start, end = self._window(now)
        still = now // MINUTE * MINUTE  # what is shown changes each minute, or when ``changes`` do
        tiles = tuple(
            replace(tile(one, name, i, start, still, now), **self.changes.get(one, {}))
            for i, (one, name) in enumerate(self.machines)
        )
        return Board(site_id, "渝北精密机械一厂", True, now, start, end, tiles, str(still))

    def board_tag(self, viewer: Viewer, now: int) -> str:
        return f"{now // MINUTE}-{self.changes!r}"

    def tile(self, viewer: Viewer, machine_id: int, *, now: int) -> MachineTile:
        return next(one for one in self.board(viewer, self.site_id, now=now).tiles if one.asset_id == machine_id)

    def day_window(self, site: Any, now: int) -> tuple[int, int]:
        return self._window(now)

    def shift_runs(self, viewer: Viewer, machine_id: int, start: int, end: int) -> list[tuple[str, int, int]]:
        return []

    def strip(self, viewer: Viewer, machine_id: int, start: int, end: int, *, now: int) -> tuple[Segment, ...]:
        return strip(machine_id, start, min(end, now))

    def machine_kpis(self, viewer: Viewer, machine_id: int, start: int, end: int, *, now: int) -> MachineKpis:
        pieces = self.strip(viewer, machine_id, start, end, now=now)
        spent = {state: sum(p.end - p.start for p in pieces if p.state == state) for state in TEXTS}
        pbt = sum(spent.values()) - spent["planned_off"]
        adet = spent["fault"] + spent["stopped"]
        elements = TimeElements(
            end - start,
            end - start - pbt,
            pbt,
            spent["running"],
            spent["setup"],
            adet,
            spent["waiting"],
            spent["unknown"],
        )
        cover = 1 - spent["unknown"] / pbt if pbt else 0.0
        a = spent["running"] / max(1, pbt - spent["unknown"])
        return MachineKpis(
            machine_id,
            start,
            end,
            elements,
            Figure(128.0, "{part}", cover),
            Figure(None, "{part}", cover, "no_quality_data"),
            Figure(a, "1", cover),
            Figure(0.914, "1", cover),
            Figure(None, "1", cover, "no_quality_data"),
            Figure(None, "1", cover, "no_quality_data"),
            Figure(None, "1", cover, "no_quality_data"),
            Figure(24.6, "{part}/h", cover),
        )


SERIES = (
    ("power", "主轴功率", "analog", "kW", "power", (0.0, 15.0)),
    ("speed", "主轴转速", "analog", "{rev}/min", "spindle_speed", None),
    ("parts", "零件计数", "counter", "{part}", "part_count", None),
    ("execution", "执行状态", "state", "1", "execution", None),
)


def build(machines: int) -> Plant:
    """Make the firm, its site and machines, each with four series."""
    firm = Organisation.objects.create(name="渝北精密机械", code="yb")
    site = Asset.objects.create(
        organisation=firm, kind="site", code="s1", name="渝北精密机械一厂", path="yb/s1", simulated=True
    )
    made = []
    for i in range(machines):
        name = f"{NAMES[i % len(NAMES)]} {i + 1:02d}"
        asset = Asset.objects.create(
            organisation=firm,
            parent=site,
            kind="work_unit",
            code=f"m{i}",
            name=name,
            path=f"yb/s1/m{i}",
            simulated=True,
        )
        made.append((asset.id, name))
        if i < 3:
            for code, label, kind, unit, role, span in SERIES:
                Series.objects.create(
                    id=next(NUMBERS), asset=asset, code=code, name=label, kind=kind, unit=unit, role=role,
                    hold=10 * MINUTE,
                    interpolation="sloped" if kind == "analog" else "stepped",
                    span_low=span[0] if span else None, span_high=span[1] if span else None,
                )  # fmt: skip
    return Plant(site.id, made, {})


def samples(now: int) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Eight hours of the four series, each second or so, with twenty minutes of silence; code -> (time, value)."""
    chance = np.random.default_rng(7)
    at = np.arange(now - 8 * HOUR, now, 1_000_000, dtype=np.int64)
    silent = (at > now - 3 * HOUR) & (at < now - 3 * HOUR + 20 * MINUTE)
    at = at[~silent]
    cycle = (at // 1_000_000) % 380
    power = np.where(cycle < 260, 8 + 2.5 * np.sin(cycle / 21), 1.2) + chance.normal(0, 0.35, len(at))
    speed = np.where(cycle < 260, 6000.0, 0.0)
    parts = np.cumsum(np.diff(cycle, prepend=cycle[0]) < 0).astype(float)
    state = np.where(cycle < 260, 0.0, np.where(cycle < 300, 1.0, 2.0))
    return {"power": (at, power), "speed": (at, speed), "parts": (at, parts), "execution": (at, state)}
