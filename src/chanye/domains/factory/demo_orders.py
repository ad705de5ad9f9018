"""What a demo site starts with for orders: products, routings, tools, people, reasons, and orders in every state."""

from __future__ import annotations

from typing import Any

from chanye.domains.factory.actions import documents, master, order_desk, orders, routings
from chanye.domains.factory.actions.bookings import Report, report_output
from chanye.domains.factory.models import Operation, Order
from chanye.domains.factory.queries import master as queries
from chanye.domains.factory.queries import order_book
from chanye.kernel.time import DAY, HOUR, now_us
from chanye.parties import queries as parties
from chanye.parties.actions import create_person
from chanye.parties.types import Viewer
from chanye.spine import queries as spine
from chanye.spine.actions import ensure_asset
from chanye.spine.types import AssetRef

MATERIALS = (
    {"code": "BAR-40CR", "name": "圆钢 40Cr φ60", "kind": "raw", "unit": "kg", "tracking": "lot", "cost": 680},
    {
        "code": "CAST-A356",
        "name": "铸铝毛坯 A356",
        "kind": "component",
        "unit": "{part}",
        "tracking": "lot",
        "cost": 4200,
    },
    {"code": "BRG-6204", "name": "轴承 6204", "kind": "component", "unit": "{part}", "tracking": "lot", "cost": 950},
    {"code": "BOX-S", "name": "周转箱标签", "kind": "packaging", "unit": "{part}", "cost": 8},
    {"code": "GBX-101", "name": "变速箱壳体", "kind": "product", "unit": "{part}", "cost": 18600},
    {"code": "SHF-207", "name": "输出轴", "kind": "product", "unit": "{part}", "cost": 9400},
    {"code": "CVR-310", "name": "泵盖", "kind": "product", "unit": "{part}", "cost": 6100},
)
#: product, component, per piece, loss, step
BILLS = (
    ("GBX-101", "CAST-A356", 1.0, 0.02, 10),
    ("GBX-101", "BRG-6204", 2.0, 0.0, 30),
    ("SHF-207", "BAR-40CR", 2.4, 0.05, 10),
    ("CVR-310", "CAST-A356", 0.5, 0.02, 10),
    ("CVR-310", "BOX-S", 0.1, 0.0, 30),
)
#: product, code of the machine at a place of the list, run time of it [s]
PRODUCTS = (("GBX-101", 0, 210.0), ("SHF-207", 1, 150.0), ("CVR-310", 2, 95.0))
TOOLS = (
    {"code": "T-D20", "name": "立铣刀 D20", "kind": "tool", "life": 600, "used": 540},
    {"code": "T-CNMG", "name": "车刀片 CNMG120408", "kind": "tool", "life": 300, "used": 40},
    {"code": "G-BORE", "name": "内径千分尺 50-75", "kind": "gauge"},
    {"code": "F-GBX", "name": "壳体液压夹具", "kind": "fixture"},
)
SKILLS = ({"code": "cnc", "name": "数控操作"}, {"code": "inspect", "name": "检验"})
PEOPLE = (("demo-liu", "刘师傅"), ("demo-chen", "陈工"), ("demo-zhao", "赵检"))
CUSTOMERS = ("长安汽车", "赛力斯", "力帆", "宗申动力")
#: product, pieces, days to the due date, share of the first operation that is done, released
ORDERS = (
    ("GBX-101", 240, -1, 0.9, True),
    ("SHF-207", 400, 1, 0.6, True),
    ("CVR-310", 600, 2, 0.4, True),
    ("GBX-101", 160, 3, 0.0, True),
    ("SHF-207", 300, 4, 0.0, True),
    ("CVR-310", 500, 5, 0.0, True),
    ("GBX-101", 200, 6, 0.0, False),
    ("SHF-207", 250, 8, 0.0, False),
    ("CVR-310", 420, 9, 0.0, False),
)


def seed_orders(*, actor: Viewer, site_id: int) -> None:
    """Give a site products, routings, tools, people, reasons and orders, unless it has orders already.

    The machines of the site make them, one product each; a bench for deburring and checking is added.
    """
    site = spine.asset(actor, site_id)
    if Order.objects.filter(organisation_id=site.organisation_id).exists():
        return
    machines = spine.assets(actor, below=site.id, kinds=("work_unit",)) or [_place(actor, site, "work_unit", "CNC-1")]
    bench = _place(actor, site, "work_centre", "bench", "钳工检验台")
    _people(actor, site.organisation_id)
    _master(actor, site.organisation_id, machines, bench)
    _orders(actor, site, machines)


def _place(actor: Viewer, site: AssetRef, kind: Any, code: str, name: str = "") -> AssetRef:
    return ensure_asset(
        actor=actor, organisation_id=site.organisation_id, parent_id=site.id, kind=kind, code=code, name=name or code
    )


def _people(actor: Viewer, organisation: int) -> None:
    known = {one.username for one in parties.members(actor, organisation)}
    for username, name in PEOPLE:
        if username not in known:
            create_person(actor=actor, organisation_id=organisation, username=username, name=name, role="operator")


def _master(actor: Viewer, organisation: int, machines: list[AssetRef], bench: AssetRef) -> None:
    mine: dict[str, Any] = {"actor": actor, "organisation_id": organisation}
    master.take_starter_reasons(**mine)
    master.save_materials(**mine, rows=MATERIALS)
    soon = now_us() + 3 * DAY
    tools = [row | ({"calibrated_until": soon} if row["kind"] == "gauge" else {}) for row in TOOLS]
    master.save_tools(**mine, rows=tools)
    master.save_skills(**mine, rows=SKILLS)
    levels = (
        ("demo-liu", "cnc", 3),
        ("demo-chen", "cnc", 2),
        ("demo-chen", "inspect", 1),
        ("demo-zhao", "inspect", 4),
    )
    rows = [{"person": person, "skill": skill, "level": level} for person, skill, level in levels]
    master.save_qualifications(**mine, rows=rows)
    program = documents.save_program(**mine, code="O2101", name="壳体精镗")
    version = documents.add_version(
        actor=actor, program_id=program, name="O2101.nc", data=b"%\nO2101\nG90 G54\nM30\n%\n"
    )
    if queries.program(actor, program).released is None:
        documents.release_version(actor=actor, version_id=version)
    present = {(one.product, one.code) for one in queries.revisions(actor)}
    bills = [
        {"product": product, "revision": "A", "component": part, "quantity": per, "scrap_share": loss, "step": step}
        for product, part, per, loss, step in BILLS
        if (product, "A") not in present
    ]
    routings.import_bills(**mine, rows=bills)
    for product, at, run in PRODUCTS:
        if (product, "A") not in present:
            steps = _steps(product, machines[at % len(machines)], bench, run)
            routings.import_routings(**mine, rows=steps)
    routings.release_drafts(**mine)


def _steps(product: str, machine: AssetRef, bench: AssetRef, run: float) -> list[dict[str, Any]]:
    own = {"product": product, "revision": "A", "routing": "main", "default": True}
    turned = product == "SHF-207"
    tool = {"tool": "T-CNMG"} if turned else {"tool": "T-D20"}
    if product == "GBX-101":
        tool["program"] = "O2101"
    return [
        own
        | tool
        | {
            "step": 10,
            "name": "车削" if turned else "铣削",
            "work_centre": machine.path,
            "run_time": run,
            "setup_time": 1800.0,
            "skill": "cnc",
            "setup_family": product[:3],
        },
        own | {"step": 20, "name": "去毛刺", "work_centre": bench.path, "run_time": 25.0},
        own
        | {
            "step": 30,
            "name": "终检",
            "work_centre": bench.path,
            "run_time": 18.0,
            "on_fail": 35,
            "skill": "inspect",
            "gauge": "G-BORE",
        },
        own
        | {
            "step": 35,
            "name": "返修",
            "kind": "rework",
            "work_centre": bench.path,
            "run_time": 120.0,
            "returns_to": 30,
        },
    ]


def _orders(actor: Viewer, site: AssetRef, machines: list[AssetRef]) -> None:
    now = now_us()
    for i, (product, quantity, days, share, released) in enumerate(ORDERS):
        number = orders.create_order(
            actor=actor,
            site_id=site.id,
            number=order_book.next_number(actor),
            product=product,
            quantity=quantity,
            due=now + days * DAY,
            customer=CUSTOMERS[i % len(CUSTOMERS)],
            priority=30 if i == 2 else 50,
        )
        if released:
            order_desk.release_orders(actor=actor, order_ids=[number])
        if share:
            _book(actor, number, int(quantity * share), now)


def _book(actor: Viewer, order: int, pieces: int, now: int) -> None:
    """Book what was made of an order over the last hours: some scrap, some rework, the end of the line behind."""
    found = {row.number: row.pk for row in Operation.objects.filter(order_id=order)}
    for i, share in enumerate((0.4, 0.6)):
        at = now - (6 - 3 * i) * HOUR
        part = int(pieces * share)
        report = Report(at, at, origin="office")
        report_output(actor=actor, operation_id=found[10], at=report, good=part - 2, scrap=2, reason="dimension")
        report = Report(at + HOUR, at + HOUR, origin="office")
        report_output(actor=actor, operation_id=found[20], at=report, good=part - 8)
        report = Report(at + HOUR, at + 2 * HOUR, origin="office")
        report_output(actor=actor, operation_id=found[30], at=report, good=part - 14, rework=2, reason="deburr")
