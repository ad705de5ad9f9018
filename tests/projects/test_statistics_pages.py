"""Pages of the statistics: an office and its firms from the first import to a target."""

from __future__ import annotations

import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import QueryDict
from django.test import Client
from openpyxl import Workbook, load_workbook

from chanye.domains.projects.pages.returns import _row, sheet_of
from chanye.domains.projects.queries import returns
from chanye.parties import actions as parties
from chanye.parties.types import SYSTEM
from statistics_kit import District

pytestmark = pytest.mark.django_db
FIRMS = [
    ("nev", "洛碛镇", "large"),
    ("nev", "大湾镇", "medium"),
    ("nev", "大湾镇", "small"),
    ("equipment", "洛碛镇", "small"),
]


@pytest.fixture
def district(settings) -> District:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    return District(FIRMS)


def client_of(organisation: int, *roles: str) -> Client:
    """Sign somebody in who has these roles."""
    name = f"p{organisation}{roles[0]}"
    number = parties.create_person(
        actor=SYSTEM,
        organisation_id=organisation,
        username=name,
        name=name,
        role=roles[0],
        password="correct horse 9",
    )
    for role in roles[1:]:
        parties.add_member(actor=SYSTEM, organisation_id=organisation, person_id=number, role=role)
    client = Client()
    client.cookies["django_language"] = "en"
    from django.contrib.auth import get_user_model

    client.force_login(get_user_model().objects.get(pk=number))
    return client


def workbook(rows: list[list[object]]) -> SimpleUploadedFile:
    """Return a workbook of one sheet."""
    book = Workbook()
    sheet = book.active
    sheet.title = "Monthly return"
    for row in rows:
        sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    return SimpleUploadedFile("r.xlsx", out.getvalue())


HEAD = ["month", "output_value", "revenue", "investment", "tax", "employees", "energy", "reason"]
MARCH = ["2025-03", 4_000_000, 3_800_000, 3_000_000, 90_000, 120, 300, ""]


def test_a_firm_reports_by_its_workbook(district: District) -> None:
    client = client_of(district.organisations["F1"], "finance")
    assert "Report a month" in client.get("/returns/").content.decode()
    template = client.get("/returns/import/?as=template")
    heads = [cell.value for cell in next(load_workbook(io.BytesIO(b"".join(template))).worksheets[0].iter_rows())]
    assert any("Industrial output value" in str(head) for head in heads)
    bad = [
        HEAD,
        MARCH,
        ["2025-04", 40_000_000, 3_800_000, 2_000_000, 90_000, 120, 300, ""],
        ["2025-05", "x", 1, 1, 1, -3, 1, ""],
    ]
    said = client.post("/returns/import/", {"file": workbook(bad)}).content.decode()
    for cell, rule in (("B3", "10.0 times away"), ("D3", "cannot shrink"), ("B4", "must be")):
        assert cell in said
        assert rule in said
    good = [HEAD, MARCH, ["2025-04", 40_000_000, 3_800_000, 4_000_000, 90_000, 120, 300, "new line"]]
    preview = client.post("/returns/import/", {"file": workbook(good)})
    digest = preview.context["preview"].digest
    assert client.post("/returns/import/", {"file": workbook(good), "commit": digest}).status_code in (200, 302)
    rows = returns.returns(district.of("F1"), district.id)
    if not rows:  # a workbook holds the time it was made: send the very same bytes
        upload = workbook(good)
        data = upload.read()
        first = client.post("/returns/import/", {"file": SimpleUploadedFile("r.xlsx", data)})
        sent = {"file": SimpleUploadedFile("r.xlsx", data), "commit": first.context["preview"].digest}
        assert client.post("/returns/import/", sent).status_code == 302
        rows = returns.returns(district.of("F1"), district.id)
    assert [(one.month, one.values["output_value"]) for one in rows] == [
        ("2025-04", 4_000_000_000),
        ("2025-03", 400_000_000),
    ]
    page = client.get("/returns/").content.decode()
    assert "2025-04" in page
    other = client_of(district.organisations["F2"], "finance").get("/returns/").content.decode()
    assert "2025-04" not in other
    assert client.get("/statistics/").status_code == 404


def test_the_office_reads_a_month_and_sets_a_target(district: District) -> None:
    values = {"output_value": 100_000_000}
    district.file_all({m: dict.fromkeys(("F1", "F2", "F3"), values) for m in ("2024-03", "2025-03")})
    client = client_of(district.id, "manager", "officer")
    page = client.get("/statistics/?span=month").content.decode()
    assert "3 of 4 firms have reported" in page
    assert "+0.0 %" in page
    owed = client.get("/statistics/returns/?month=2025-03").content.decode()
    assert "not reported" in owed
    assert client.get("/statistics/returns/?month=2025-03&as=xlsx").status_code == 200
    assert "Firm 4" in client.get("/statistics/firms/").content.decode()
    sent = {"code": "t", "title": "Output", "indicator": "output_value", "measure": "growth", "start": "2025-01",
            "end": "2025-12", "baseline": "0", "target": "32.6", "reason": ""}  # fmt: skip
    assert "has begun" in client.post("/statistics/targets/new/", sent).content.decode()
    answer = client.post("/statistics/targets/new/", sent | {"reason": "entered late"}, follow=True).content.decode()
    assert "+32.6" in answer
    assert "set late" in answer
    assert client.get("/statistics/returns/single/").status_code == 200
    boss = client_of(district.id, "reviewer")
    assert boss.get("/statistics/returns/single/").status_code == 404


@pytest.mark.parametrize("asked", ["", "sort=output_value", "sort=-output_value", "stage=revised", "q=F2", "q=boss"])
def test_the_database_picks_single_returns_as_a_plain_list_would(district: District, asked: str) -> None:
    reported = {"2025-03": {"F1": 300, "F2": 1_000, "F3": 20}, "2025-04": {"F1": 40, "F3": 5}}
    district.file_all({m: {f: {"output_value": n * 100} for f, n in one.items()} for m, one in reported.items()})
    district.file_all({"2025-03": {"F1": {"output_value": 9_900}}})
    viewer, indicators = district.officer, returns.indicators(district.officer, district.id)
    view = sheet_of(indicators, with_firm=True).read(QueryDict(asked))
    every = [_row(one, indicators) for one in returns.returns(viewer, district.id)]
    found = returns.return_table(viewer, district.id, view, lambda one: _row(one, indicators))
    assert len(every) == 6
    assert list(found.every()) == list(view.apply(every).every())
    assert (found.count > 0) == (asked != "q=boss")
