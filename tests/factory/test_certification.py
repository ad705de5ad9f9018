"""Gates against plants made by hand; the register; what is declared."""

from __future__ import annotations

import pytest
from django.utils.translation import override

from chanye.domains.factory.actions.certification import declare_share, import_equipment
from chanye.domains.factory.queries import certification as queries
from chanye.domains.factory.rules.certification import (
    FLOOR,
    days_used,
    digital_share,
    gate,
    good_workshops,
    judge,
    upload_share,
)
from chanye.domains.factory.types.certification import EquipmentRow, Found, Rule
from chanye.kernel.errors import ConfigError, DeniedError
from chanye.parties.types import SYSTEM
from factory.test_measure_pages import client_of, mes, text_of  # noqa: F401 - a fixture
from factory.test_measures import HOUR, T, work
from mes_kit import Mes

PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"


def row(
    number: int, *, digital: bool = True, workshop: str = "A", asset: int | None = None, **more: object
) -> EquipmentRow:
    values = {"since": None, "value": 100, "retired": False} | more
    return EquipmentRow(
        number, f"E{number}", f"E{number}", workshop, digital, "opcua", asset_id=asset, asset="", **values
    )


def test_shares_by_hand() -> None:
    """4 of 8 in use are digital; one becomes so only later, one is out of use."""
    rows = [row(i, digital=i < 4) for i in range(7)] + [row(7, since=50), row(8, retired=True)]
    found = digital_share(rows, 50)
    assert (found.numerator, found.denominator, found.value) == (4, 8, 0.5)
    assert [one.counts for one in found.evidence] == [True] * 4 + [False] * 4
    assert digital_share(rows, 51).value == 5 / 8
    assert digital_share([], 50).why == "no_register"


def test_upload_counts_unconnected_machines_as_silent() -> None:
    rows = [row(1, asset=11), row(2, asset=12), row(3), row(4, digital=False)]
    found = upload_share(rows, {11: (90, 100), 12: (100, 100)}, 100, 1)
    assert found.value == pytest.approx(190 / 300)
    assert upload_share(rows[3:], {}, 100, 1).value is None
    shops = [*rows, row(5, workshop="B", asset=12)]
    whole = good_workshops(shops, {11: (90, 100), 12: (100, 100)}, 100, 1)
    assert [(one.name, one.counts) for one in whole.evidence] == [("A", False), ("B", True)]


def test_too_little_coverage_neither_holds_nor_fails() -> None:
    assert judge(Rule("x", 0.5), Found(9, 10, 0.9, FLOOR - 0.01)).state == "unknown"
    assert judge(Rule("x", 0.5), Found(0, 0, None, 1.0, "no_data")).state == "unknown"
    assert judge(Rule("x", 0.5), Found(5, 10, 0.5, FLOOR)).state == "holds"
    assert judge(Rule("x", -0.15, lower=True), Found(0, 0, -0.15, 1)).state == "holds"
    assert judge(Rule("x", -0.15, lower=True), Found(0, 0, -0.14, 1)).state == "fails"


def test_a_gate_fails_before_it_is_unknown() -> None:
    rules = (Rule("a", 0.5), Rule("b", 0.5))
    good, bad, none = Found(1, 1, 1, 1), Found(0, 1, 0, 1), Found(0, 0, None, 0)
    assert gate("g", rules, {"a": good, "b": good}).state == "holds"
    assert gate("g", rules, {"a": good, "b": none}).state == "unknown"
    assert gate("g", rules, {"a": bad, "b": none}).state == "fails"
    assert days_used({"1": 2}, ["1", "2"]).value == 0.5


@pytest.mark.django_db
def test_gates_of_a_site(mes: Mes) -> None:  # noqa: F811 - the fixture
    engineer = mes.person("eng", "engineer")
    lines = [
        {"code": f"E{i}", "name": "机床", "workshop": "机加", "digital": i < 3, "connection": "none"}
        for i in range(4)
    ]
    import_equipment(actor=engineer, site_id=mes.site.id, rows=lines)
    import_equipment(actor=engineer, site_id=mes.site.id, rows=[{"code": "E3", "name": "钻床"}])
    order = mes.order(quantity=50)
    work(mes, order, 10, T, 60, good=50)
    day = 24 * HOUR
    window, before = (T, T + day), (T - day, T)
    report = queries.gates(SYSTEM, mes.site.id, window, before=before, now=T + 10 * day)
    found = {(g.name, c.rule.name): c for g in report.gates for c in g.criteria}
    assert found["workshop", "digital_equipment"].found.value == 0.75
    assert found["workshop", "digital_equipment"].state == "holds"
    assert found["workshop", "upload_rate"].state == "fails"  # nothing is connected, so nothing arrived
    assert found["workshop", "execution"].state == "holds"
    assert found["factory", "design_tools"].state == "unknown"
    assert found["factory", "operating_cost"].state == "unknown"
    assert {g.state for g in report.gates} == {"fails"}
    again = queries.gates(SYSTEM, mes.site.id, window, before=before, now=T + 10 * day)
    assert again.digest == report.digest
    import_equipment(actor=engineer, site_id=mes.site.id, rows=[{"code": "E3", "name": "钻床", "digital": True}])
    assert queries.gates(SYSTEM, mes.site.id, window, before=before, now=T + 10 * day).digest != report.digest


@pytest.mark.django_db
def test_a_declaration_wants_a_document(mes: Mes, tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    engineer = mes.person("eng", "engineer")
    said = {"site_id": mes.site.id, "criterion": "design_tools", "numerator": 9, "denominator": 10}
    with override("en"):
        with pytest.raises(ConfigError, match="document"):
            declare_share(actor=engineer, document=None, **said)
        with pytest.raises(ConfigError, match="not more"):
            declare_share(actor=engineer, document=("a.pdf", PDF), **said | {"numerator": 11})
        with pytest.raises(ConfigError, match="measured"):
            declare_share(actor=engineer, document=("a.pdf", PDF), **said | {"criterion": "upload_rate"})
    with pytest.raises(DeniedError):
        declare_share(actor=mes.operator, document=("a.pdf", PDF), **said)
    declare_share(actor=engineer, document=("a.pdf", PDF), **said)
    report = queries.gates(SYSTEM, mes.site.id, (T, T + HOUR), now=T + 2 * HOUR)
    found = next(c for g in report.gates for c in g.criteria if c.rule.name == "design_tools")
    assert (found.found.value, found.state, found.found.why) == (0.9, "holds", "declared")


@pytest.mark.django_db
def test_pages_of_certification(mes: Mes) -> None:  # noqa: F811
    client = client_of(mes.person("eng", "engineer"))
    assert "The register is empty" in text_of(client, "/measures/equipment/")
    lines = [{"code": "E1", "name": "Lathe", "workshop": "W", "digital": True, "connection": "opcua"}]
    import_equipment(actor=mes.person("boss", "manager"), site_id=mes.site.id, rows=lines)
    assert "Lathe" in text_of(client, "/measures/equipment/")
    page = text_of(client, "/measures/gates/?evidence=digital_equipment&from=x&before.to=y")
    assert "Digital workshop" in page
    assert "Lathe" in page
    assert "SHA-256" in page
    assert client.get("/measures/gates/?evidence=digital_equipment&as=xlsx")["Content-Type"].endswith("sheet")
    assert client.get("/measures/equipment/import/?as=template").status_code == 200
    text_of(client, "/measures/equipment/import/")


@pytest.mark.django_db
def test_measures_gates_and_shifts_over_http(mes: Mes) -> None:  # noqa: F811
    order = mes.order(quantity=50)
    work(mes, order, 10, T, 60, good=45, scrap=5, reason="burr")
    client = client_of(mes.person("eng", "engineer"))
    site, day = f"/api/v1/sites/{mes.site.id}", 24 * HOUR
    window = f"start={T}&end={T + day}"
    (row,) = client.get(f"{site}/measures?{window}").json()
    assert row["figures"]["quality_ratio"]["value"] == 0.9
    assert row["facts"]["pq"] == 50
    assert "labour" in row["cost"]["unpriced"]
    assert client.get(f"{site}/measures?{window}&by=moon").status_code == 422
    assert client.get(f"{site}/measures?start={T}&end={T}").status_code == 422
    pair = f"before_start={T - day}&before_end={T}&after_start={T}&after_end={T + day}"
    found = {one["name"]: one for one in client.get(f"{site}/compare?{pair}").json()}
    assert found["oee"]["change"]["value"] is None
    report = client.get(f"{site}/gates?{window}").json()
    assert [gate["state"] for gate in report["gates"]] == ["fails", "unknown"]
    shifts = client.get(f"{site}/shifts?{window}").json()
    assert [one["start"] for one in shifts] == [T]
    told = client.get(f"{site}/shifts/{T}").json()
    assert told["content"]["pieces"]["scrap"] == 5
    assert client.get(f"{site}/shifts/{T + 1}").status_code == 422
