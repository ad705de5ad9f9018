"""The exchange with an ERP in a real browser: an example is taken in, looked at, applied; schemas are supplied."""

from __future__ import annotations

import os
from typing import Any

import pytest

from b2mml_v0700 import FILES
from browser.test_board import LOOKS, SIZES, check_calm
from chanye.domains.factory.models import Order
from mes_kit import Mes

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
DESK, PHONE = ("desk", "zh-hans", "light"), ("phone", "en", "dark")


def look(visit: Any, name: str, path: str, *looks: tuple[str, str, str]) -> None:
    for size, language, theme in LOOKS if os.environ.get("CHANYE_SCREENSHOTS") else looks:
        watched = visit(path, SIZES[size], language, theme)
        watched.picture(f"erp-{name}-{size}-{language}-{theme}")
        check_calm(watched)


def test_an_example_is_taken_in_and_schemas_are_supplied(visit: Any) -> None:
    mes = Mes()
    look(visit, "empty", "/erp/", PHONE)
    look(visit, "out", "/erp/out/", PHONE)
    look(visit, "no-schemas", "/erp/schemas/")
    watched = visit("/erp/schemas/")
    page = watched.page
    files = [{"name": name, "mimeType": "text/xml", "buffer": data} for name, data in FILES.items()]
    page.set_input_files("[name=files]", files)
    page.click("form:has([name=files]) button")
    page.wait_for_selector(".erp-covers")
    page.goto(page.url.replace("schemas/", "in/"))
    with page.expect_download() as coming:
        page.click("a[href='/erp/example/']")
    example = coming.value.path().read_bytes()
    page.set_input_files("[name=file]", {"name": "schedule.xml", "mimeType": "text/xml", "buffer": example})
    page.wait_for_selector("[name=commit]")
    watched.picture("erp-preview-desk")
    check_calm(watched)
    page.click("[name=commit]")
    page.wait_for_url("**/orders/")
    order = Order.objects.get()
    assert (order.revision.material.code, order.quantity, order.site_id) == ("P-1", 100, mes.site.id)
    page.goto(page.url.replace("orders/", "erp/in/"))
    wrong = example.replace(b"<ProcessSegmentID>make</ProcessSegmentID>", b"")
    page.set_input_files("[name=file]", {"name": "schedule.xml", "mimeType": "text/xml", "buffer": wrong})
    page.wait_for_selector("#import-preview [role=alert]")
    assert "ProcessSegmentID" in page.inner_text("#import-preview")
    watched.picture("erp-invalid-desk")
    later = example.replace(b">100<", b">120<")
    page.set_input_files("[name=file]", {"name": "schedule.xml", "mimeType": "text/xml", "buffer": later})
    page.wait_for_selector("#import-preview ins")
    watched.picture("erp-change-desk")
    page.set_viewport_size({"width": 390, "height": 844})
    watched.picture("erp-change-phone")
    check_calm(watched)
    page.goto(page.url.replace("erp/in/", "erp/out/"))
    page.select_option("[name=kind]", "materials")
    with page.expect_download() as coming:
        page.click("form.erp-out button")
    assert b"MaterialInformation" in coming.value.path().read_bytes()
    look(visit, "list", "/erp/", DESK, PHONE)
    look(visit, "schemas", "/erp/schemas/", PHONE)
    look(visit, "in", "/erp/in/")
