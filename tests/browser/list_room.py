"""A room with one list of every kind of column, for browser tests."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import include, path

from chanye.sheets import Column, Sheet
from chanye.sheets.importing import Import

STATES = {"open": "待下达", "released": "已下达", "running": "生产中", "held": "已暂停", "closed": "已关闭"}
SHEET = Sheet(
    "orders",
    "工单",
    (
        Column("number", "工单号"),
        Column("product", "产品", "reference"),
        Column("state", "状态", "choice", choices=STATES),
        Column("planned", "计划数量", "integer", unit="{part}", minimum=1, total=True, required=True),
        Column("mass", "单件质量", "quantity", unit="kg"),
        Column("cost", "成本", "money", total=True),
        Column("cycle", "节拍", "duration", unit="s"),
        Column("due", "交期", "date"),
        Column("changed", "更新时间", "moment"),
        Column("urgent", "加急", "yes_no"),
        Column("note", "备注"),
    ),
    order="due",
    key=("number",),
    href=lambda row: f"/orders/{row['number']}/",
)
ROWS = [
    {
        "number": f"WO-{i:04}",
        "product": ["压缩机支架 A2", "冷凝器端盖", "蒸发器壳体 <左>"][i % 3],
        "state": list(STATES)[i % 5],
        "planned": 100 + 7 * i,
        "mass": 0.125 * (i % 9),
        "cost": 123_45 * i,
        "cycle": (30 + i % 40) * 1_000_000,
        "due": date(2026, 8, 1) + timedelta(days=i % 45),
        "changed": 1_785_542_400_000_000 + i * 3_600_000_000,
        "urgent": i % 11 == 0,
        "note": "=HYPERLINK(1)" if i == 3 else "首件检验合格后批量生产" if i % 4 == 0 else "",
    }
    for i in range(120)
]


def orders(request: HttpRequest) -> HttpResponseBase:
    rows = SHEET.read(request.GET).apply([] if request.GET.get("none") else ROWS)
    return SHEET.page(request, rows, template="web/list.html", title="工单", new="/orders/new/", new_words="新建工单")


TAKEN: list[dict[str, Any]] = []


def take(request: HttpRequest) -> HttpResponseBase:
    def commit(found: Import) -> None:
        TAKEN.extend(row.values for row in found.changes)

    products = {row["product"] for row in ROWS}
    return SHEET.import_page(
        request,
        existing=ROWS,
        references={"product": products},
        commit=commit,
        done="/orders/",
        title="导入工单",
    )


urlpatterns = [
    path("orders/", orders),
    path("orders/import/", take),
    path("", include("chanye.web.urls")),
]
handler404 = "chanye.web.pages.not_found"
