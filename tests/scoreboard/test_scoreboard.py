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


def test_the_public_page_shows_no_single_firm(settings) -> None:
    """An attack: nothing a single firm reported, no name of a firm, stands on any public page or file."""
    from chanye.domains.projects.actions.releases import publish_release
    from chanye.domains.projects.types.releases import ReleaseDraft

    with translation.override("en"):
        made = District(
            [("nev", "A", "large")] * 5 + [("equipment", "A", "small")] * 4 + [("equipment", "B", "small")]
        )
        values = {f"F{i}": {"output_value": 100_000_000 + 7_310_000 * i} for i in range(1, 11)}
        made.file_all({"2025-01": values})
        draft = ReleaseDraft("Output by town", "output_value", "2025-01", "sector", "town")
        publish_release(actor=made.officer, office_id=made.id, draft=draft)
    client = Client()
    client.cookies["django_language"] = "en"
    pages = ["/public/", "/public/releases/1/", "/public/data/releases/1.json", "/public/data/releases/1.csv"]
    for address in pages:
        answer = client.get(address)
        assert answer.status_code == 200, address
        text = answer.content.decode()
        assert "suppressed" in text or "null" in text
        assert "Firm 1" not in text
        for one in values.values():
            steps = one["output_value"]
            assert str(steps) not in text
            assert f"{steps / 100}" not in text
        assert client.get(address, headers={"If-None-Match": answer["ETag"]}).status_code == 304
    assert client.get("/public/data/releases/1.xlsx").status_code == 200
    assert client.get("/public/data/releases/1.exe").status_code == 404
    assert client.get("/public/releases/9/").status_code == 404
    assert client.get("/public/data/oc4ids.json").status_code == 404
    drawn = client.get("/public/releases/1/").content.decode().split("<tbody>")[1].split("</tbody>")[0]
    assert drawn.count("<td") == drawn.count("data-label=") == 9  # at 390 px each cell says its column
    assert [drawn.count(f'data-label="{head}"') for head in ("A", "B", "All")] == [3, 3, 3]
    preview = client_of(made.id, "officer").get(
        "/statistics/releases/?title=x&indicator=output_value&month=2025-01&rows=town"
    )
    assert preview.status_code == 200
    assert "would be published" in preview.content.decode()
