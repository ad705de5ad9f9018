"""The district page and the page of one firm, from what the rooms hold."""

from __future__ import annotations

import pytest
from django.test import Client
from django.utils import translation

from projects.test_statistics_pages import FIRMS, client_of
from statistics_kit import District

pytestmark = pytest.mark.django_db


@pytest.fixture
def district(settings) -> District:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    with translation.override("en"):
        return District(FIRMS)


def test_the_district_page_and_who_reads_it(district: District) -> None:
    values = {"output_value": 77_700_000}
    names = ("F1", "F2", "F3", "F4")
    district.file_all({m: dict.fromkeys(names, values) for m in ("2024-01", "2025-01")})
    officer = client_of(district.id, "officer")
    assert officer.get("/").headers["Location"] == "/scoreboard/"
    page = officer.get("/scoreboard/").content.decode()
    assert "4 of 4 firms have reported" in page
    assert "<rect" in page
    assert "洛碛镇" in page
    assert "77.7" not in page.replace("777", "")
    assert client_of(district.id, "reviewer").get("/scoreboard/").status_code == 200
    firm = client_of(district.organisations["F1"], "manager")
    assert firm.get("/scoreboard/").status_code == 404
    assert Client().get("/scoreboard/").status_code == 404


def test_the_page_of_a_firm_is_closed_to_other_firms(district: District) -> None:
    district.file("F1", "2025-01", output_value=123_456_700)
    one, other = (f"/scoreboard/firms/{district.organisations[name]}/" for name in ("F1", "F2"))
    for client in (client_of(district.id, "officer"), client_of(district.organisations["F1"], "manager")):
        page = client.get(one)
        assert page.status_code == 200
        assert "What it claimed, what was measured, how sure we are" in page.content.decode()
        assert "123" not in page.content.decode().split("<main")[1]
    assert client_of(district.organisations["F2"], "manager").get(one).status_code == 404
    assert client_of(district.organisations["F3"], "admin").get(other).status_code == 404
    assert Client().get(one).status_code == 404
