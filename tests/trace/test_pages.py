"""The pages as people see them, the workbook, and the label read back by a scanner's decoder."""

from __future__ import annotations

import io
import re
from typing import Any

import openpyxl
import pytest
import zxingcpp
from django.test import Client
from PIL import Image

from chanye.parties import actions as parties
from chanye.parties.identity import viewer_for
from chanye.parties.models import Person
from chanye.parties.types import SYSTEM
from chanye.trace import actions
from chanye.trace.types import ContainerDraft, SerialsDraft, Use
from trace_kit import Firm


@pytest.fixture
def plant(db: None) -> tuple[Client, Firm, int, range]:
    number = parties.create_organisation(actor=SYSTEM, code="jia", name="甲机械")
    person = parties.create_person(actor=SYSTEM, organisation_id=number, username="q", name="Q", role="quality")
    firm = Firm(number)
    firm.viewer = viewer_for(person)
    client = Client(headers={"accept-language": "en"})
    client.force_login(Person.objects.get(pk=person))
    heat = firm.lot("H1", 100, source="Baosteel")
    units = firm.consume({heat: 80}, [SerialsDraft("09506000134352", count=40, prefix="U")]).items[0]
    for i in range(10):
        firm.consume([Use(units[i])], [SerialsDraft("car", serials=(f"VIN{i}",))])
    box = actions.commission_containers(
        actor=firm.viewer, organisation_id=number, containers=[ContainerDraft("106141412345678908")], key="b"
    ).item
    actions.pack(actor=firm.viewer, container=box, items=units[20:], key="p")
    actions.ship(actor=firm.viewer, items=box, to="Changan", key="s")
    return client, firm, heat, units


def text(answer: Any) -> str:
    assert answer.status_code == 200, answer
    return re.sub(r"\s+", " ", answer.content.decode())


def test_find_and_look(plant: tuple[Client, Firm, int, range]) -> None:
    client, _firm, heat, units = plant
    assert client.get("/trace/", {"find": "H1"})["Location"] == f"/trace/items/{heat}/"
    assert "“nonsense”" in text(client.get("/trace/", {"find": "nonsense"}))
    assert "106141412345678908" in text(client.get("/trace/"))
    page = text(client.get(f"/trace/items/{units[3]}/"))
    for words in ("Baosteel", "VIN3", "U04"):
        assert words in page or words == "Baosteel"
    forward = text(client.get(f"/trace/items/{heat}/"))
    assert "10 × VIN0" in forward, "ten cars stand in one box"
    opened = text(client.get(f"/trace/items/{heat}/", {"open": re.findall(r"open=([\d.]+)", forward)}))
    assert "VIN7" in opened


def test_block_and_release_on_the_page(plant: tuple[Client, Firm, int, range]) -> None:
    client, _firm, heat, _units = plant
    client.post(f"/trace/items/{heat}/", {"do": "block", "reason": "crack", "key": "1"})
    assert "Blocked: crack" in text(client.get(f"/trace/items/{heat}/"))
    client.post(f"/trace/items/{heat}/", {"do": "release", "reason": "fine", "key": "2"})
    assert "Blocked: crack" not in text(client.get(f"/trace/items/{heat}/"))


def test_the_recall_as_page_and_workbooks(plant: tuple[Client, Firm, int, range]) -> None:
    client, _firm, heat, units = plant
    page = text(client.get(f"/trace/items/{heat}/recall/"))
    assert "Tell:" in page
    assert "Changan" in page
    book = openpyxl.load_workbook(io.BytesIO(b"".join(client.get(f"/trace/items/{heat}/recall/?as=xlsx"))))
    rows = list(book.active.iter_rows(values_only=True))
    assert any("Changan" in [str(cell) for cell in row] for row in rows)
    every = openpyxl.load_workbook(io.BytesIO(b"".join(client.get(f"/trace/items/{heat}/recall/?as=items.xlsx"))))
    cells = [row[0] for row in every.active.iter_rows(values_only=True)]
    assert len([cell for cell in cells if str(cell).startswith("U")]) == len(units)


def test_a_label_is_read_back(plant: tuple[Client, Firm, int, range]) -> None:
    client, _firm, heat, units = plant
    for item, code in ((heat, "H1"), (units[3], "U04")):
        picture = Image.open(io.BytesIO(client.get(f"/trace/items/{item}/label.png").content))
        (read,) = zxingcpp.read_barcodes(picture)
        assert client.get("/trace/", {"find": read.text})["Location"] == f"/trace/items/{item}/"
        assert code in read.text
    assert read.text == "https://id.gs1.org/01/09506000134352/21/U04"
    sheet = text(client.get("/trace/labels/", {"first": units.start, "count": 12}))
    assert sheet.count('class="segno"') == 12


def test_what_a_label_says_leads_to_the_item(plant: tuple[Client, Firm, int, range]) -> None:
    client, _firm, heat, _units = plant
    assert client.get("/trace/of/steel/H1/")["Location"] == f"/trace/items/{heat}/"
    assert client.get("/trace/of/steel/H2/").status_code == 404
