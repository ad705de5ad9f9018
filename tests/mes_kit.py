"""A small plant with products, routings, reasons and people, for tests of what is reported on orders."""

from __future__ import annotations

from chanye.domains.factory.actions.orders import create_order, release_order
from chanye.domains.factory.kept import forget
from chanye.domains.factory.models import BillLine, Material, Operation, Reason, Revision, Routing, RoutingStep
from chanye.kernel.time import now_us
from chanye.parties.models import Membership, Organisation, Person
from chanye.parties.types import SYSTEM, Viewer
from chanye.spine.actions import ensure_asset
from chanye.spine.types import AssetRef

REASONS = (
    ("scrap", "burr", "毛刺", "Burr"),
    ("scrap", "size", "尺寸超差", "Size"),
    ("rework", "polish", "抛光", "Polish"),
    ("downtime", "breakdown", "设备故障", "Breakdown"),
    ("downtime", "material", "缺料", "No material"),
    ("hold", "quality", "质量暂停", "Quality"),
    ("help", "maintenance", "维修", "Maintenance"),
)


class Mes:
    """A firm with one site, two machines and a bench; product P-1 goes mill (10) -> deburr (20) -> check (30)."""

    def __init__(self, code: str = "mes") -> None:
        forget()
        self.firm = Organisation.objects.create(name=code, code=code)
        self.site = self._asset(None, "site", f"{code}-site")
        self.mill = self._asset(self.site, "work_unit", f"{code}-mill")
        self.second_mill = self._asset(self.site, "work_unit", f"{code}-mill2")
        self.bench = self._asset(self.site, "work_centre", f"{code}-bench")
        self.planner = self.person("planner", "planner")
        self.operator = self.person("operator", "operator")
        self.quality = self.person("quality", "quality")
        for tree, reason, name, english in REASONS:
            Reason.objects.create(organisation=self.firm, tree=tree, code=reason, name=name, name_en=english)
        self.steel = Material.objects.create(
            organisation=self.firm, code="STEEL", name="钢棒", kind="raw", unit="kg", tracking="lot", cost=800
        )
        self.product = self.make_product("P-1")

    def _asset(self, parent: AssetRef | None, kind: str, code: str) -> AssetRef:
        parent_id = parent.id if parent else None
        return ensure_asset(actor=SYSTEM, organisation_id=self.firm.pk, parent_id=parent_id, kind=kind, code=code)

    def person(self, name: str, *roles: str) -> Viewer:
        """Make somebody who works here; the name is the badge, with the code of the firm before it."""
        badge = f"{self.firm.code}-{name}"
        row = Person.objects.create(username=badge, name=name)
        for role in roles:
            Membership.objects.create(person=row, organisation=self.firm, role=role)
        return Viewer(row.pk, self.firm.pk, frozenset(roles), name=badge)

    def make_product(self, code: str) -> Revision:
        """Make a product with one released revision and a default routing with a rework loop (25 for 30)."""
        material = Material.objects.create(
            organisation=self.firm, code=code, name=f"{code} 壳体", kind="product", cost=12_000
        )
        revision = Revision.objects.create(material=material, code="A", state="released", released_at=now_us())
        BillLine.objects.create(revision=revision, component=self.steel, quantity=1.5, scrap_share=0.1, step=10)
        routing = Routing.objects.create(revision=revision, code="main", default=True)
        alternative = [{"work_centre": self.second_mill.id, "run_time": 70, "setup_time": 600}]
        RoutingStep.objects.create(
            routing=routing,
            number=10,
            name="铣削",
            work_centre_id=self.mill.id,
            run_time=60,
            setup_time=600,
            alternatives=alternative,
        )
        RoutingStep.objects.create(
            routing=routing, number=20, name="去毛刺", work_centre_id=self.bench.id, run_time=20
        )
        RoutingStep.objects.create(
            routing=routing, number=30, name="检验", work_centre_id=self.bench.id, run_time=10, on_fail=35
        )
        RoutingStep.objects.create(
            routing=routing,
            number=35,
            name="返修",
            kind="rework",
            work_centre_id=self.bench.id,
            run_time=40,
            returns_to=30,
        )
        return revision

    def order(self, number: str = "W-1", quantity: int = 100, *, product: str = "P-1", release: bool = True) -> int:
        """Create an order, released unless told otherwise; return its id."""
        made = create_order(
            actor=self.planner, site_id=self.site.id, number=number, product=product, quantity=quantity
        )
        if release:
            release_order(actor=self.planner, order_id=made)
        return made

    def operation(self, order_id: int, number: int) -> Operation:
        """Return an operation as it is stored now."""
        return Operation.objects.get(order_id=order_id, number=number)
