"""What a demo site starts with for maintenance and energy: plans, spare parts, meters, a factor, a tariff."""

from __future__ import annotations

from datetime import date
from typing import Any

from chanye.domains.factory.actions.energy import adopt_meters, save_factor, save_tariff
from chanye.domains.factory.actions.maintenance_plans import raise_due_orders, save_plan
from chanye.domains.factory.actions.maintenance_work import configure_maintenance, move_part, save_part
from chanye.domains.factory.queries.energy import factors, tariff
from chanye.domains.factory.queries.maintenance_plans import plans
from chanye.kernel.time import DAY, now_us
from chanye.parties.types import Viewer
from chanye.spine import queries as spine
from chanye.spine.types import AssetRef

#: code, name, place, minimum, price [fen], received
PARTS = (
    ("6204-2RS", "深沟球轴承 6204", "A-01-3", 4, 2_850, 6),
    ("VBELT-A1250", "三角带 A1250", "A-02-1", 2, 3_600, 1),
    ("FLT-HYD-10", "液压滤芯 10 µm", "B-01-2", 3, 12_500, 5),
    ("OIL-68-L", "导轨油 68 号（升）", "C-01", 20, 1_800, 45),
)
DAILY = (
    {"text": "检查导轨油位", "kind": "value", "unit": "mm", "low": 20, "high": 80},
    {"text": "检查气源压力", "kind": "value", "unit": "MPa", "low": 0.5, "high": 0.7},
    {"text": "清理切屑，检查防护门开关"},
    {"text": "其他异常", "kind": "note", "required": False},
)
SERVICE = (
    {"text": "更换液压滤芯", "photo": True},
    {"text": "主轴径向跳动", "kind": "value", "unit": "um", "high": 8},
    {"text": "各轴润滑，手动运行三个行程"},
    {"text": "检查三角带张紧度"},
)
FIXTURE = ({"text": "检查夹紧面磨损"}, {"text": "重复定位精度", "kind": "value", "unit": "um", "high": 10})
LOCKOUT = "断开总电源 Q1 并挂锁\n释放液压与气压，确认压力表归零"
#: Time of use as Chongqing knows it; the prices are the demo's own. [yuan/kWh x 100,000 = fen/MWh]
PERIODS = (
    {"band": "flat", "start": 0, "end": 0, "price": 62_000},
    {"band": "valley", "start": 0, "end": 480, "price": 27_000},
    {"band": "peak", "start": 660, "end": 1020, "price": 95_000},
    {"band": "peak", "start": 1200, "end": 1320, "price": 95_000},
    {"band": "sharp", "start": 720, "end": 840, "price": 118_000, "months": [7, 8]},
)
#: National average of purchased electricity.
FACTOR: dict[str, Any] = {
    "carrier": "electricity",
    "kg_per_kwh": 0.5366,
    "source": "生态环境部、国家统计局《关于发布2022年电力二氧化碳排放因子的公告》（2024-12-20），全国平均",
    "year": 2022,
    "valid_from": date(2022, 1, 1),
}


def seed_energy(*, actor: Viewer, site_id: int) -> None:
    """Give a site meters of what its machines send, an emission factor and a tariff, unless it has them."""
    site = spine.asset(actor, site_id)
    adopt_meters(actor=actor, site_id=site.id)
    if not factors(actor, site.organisation_id):
        save_factor(actor=actor, organisation_id=site.organisation_id, **FACTOR)
    if not tariff(actor, site.organisation_id):
        save_tariff(actor=actor, organisation_id=site.organisation_id, valid_from=date(2022, 1, 1), periods=PERIODS)


def seed_maintenance(*, actor: Viewer, site_id: int) -> None:
    """Give the machines of a site a few plans, and the store a few spare parts, unless it has plans."""
    site = spine.asset(actor, site_id)
    machines = spine.assets(actor, below=site.id, kinds=("work_unit",))
    now = now_us()
    if plans(actor, now=now, asset_ids=[machine.id for machine in machines]) or not machines:
        return
    configure_maintenance(actor=actor, organisation_id=site.organisation_id, labour_rate=8_000)
    numbers = {}
    for code, name, place, minimum, price, received in PARTS:
        numbers[code] = save_part(
            actor=actor,
            organisation_id=site.organisation_id,
            code=code,
            name=name,
            place=place,
            minimum=minimum,
            price=price,
        )
        move_part(actor=actor, part_id=numbers[code], quantity=received, note="期初", key=f"seed-{site.id}-{code}")
    for i, machine in enumerate(machines):
        _plans(actor, machine, i, numbers["FLT-HYD-10"], now)
    raise_due_orders(actor=actor)


def _plans(actor: Viewer, machine: AssetRef, i: int, filter_part: int, now: int) -> None:
    save_plan(
        actor=actor, asset_id=machine.id, name="周点检", trigger="time", every=1, unit="w", order_kind="inspection",
        steps=DAILY, minutes=15, stops_machine=False,
        last_at=now - (2 + 2 * i) % 9 * DAY,
    )  # fmt: skip
    save_plan(
        actor=actor, asset_id=machine.id, name="500 小时保养", trigger="run_hours", every=500, lead=25, steps=SERVICE,
        parts=[{"part": filter_part, "quantity": 1}], minutes=90, lockout=LOCKOUT, last_at=now - (12 + 9 * i) * DAY,
    )  # fmt: skip
    counters = spine.series_of(actor, [machine.id], roles=("part_count",))
    if counters:
        save_plan(
            actor=actor, asset_id=machine.id, name="夹具检查与换件", trigger="counter", every=4_000, lead=100,
            series_id=counters[0].id, steps=FIXTURE, minutes=40, last_at=now - (6 + 4 * i) * DAY,
        )  # fmt: skip
