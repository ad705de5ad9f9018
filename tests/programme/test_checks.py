"""Checks: what does not fit is found and named; what was answered stays answered."""

from __future__ import annotations

from datetime import date
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from chanye.domains.programme.actions import checks, drafts, identities
from chanye.domains.programme.actions.applications import advance
from chanye.domains.programme.models import Application, AppliedEquipment
from chanye.domains.programme.queries import cases
from chanye.domains.programme.rules import paper_checks, project_checks
from chanye.domains.programme.rules.found import Other
from chanye.domains.programme.rules.pictures import picture_hash
from chanye.domains.programme.rules.plain import alike, plain, plain_identity
from chanye.domains.programme.types.applications import (
    Dossier,
    EquipmentDraft,
    EquipmentRef,
    Lines,
    QuoteDraft,
    QuoteRef,
)
from chanye.kernel.errors import ConfigError, DeniedError
from programme_kit import MILLION, YUAN, Firm, Office, fill, make_case, open_call, submitted


def picture(seed: int, *, size: int = 400, shift: int = 0, quality: int = 90) -> bytes:
    """Make a picture of soft blobs: the same seed is the same scene, whatever its size, light and compression."""
    rng = np.random.default_rng(seed)
    coarse = Image.fromarray(rng.integers(20, 220, (6, 6), np.uint8))
    scene = np.asarray(coarse.resize((size, size), Image.Resampling.BICUBIC), np.int16) + shift
    out = BytesIO()
    Image.fromarray(np.clip(scene, 0, 255).astype(np.uint8)).convert("RGB").save(out, "JPEG", quality=quality)
    return out.getvalue()


def test_the_same_scene_has_nearly_the_same_hash_and_others_have_not() -> None:
    def bits(one: bytes, other: bytes) -> int:
        return (int(picture_hash(one), 16) ^ int(picture_hash(other), 16)).bit_count()

    for seed in range(20):
        again = picture(seed, size=300, shift=12, quality=50)
        assert bits(picture(seed), again) <= 6, seed
        assert bits(picture(seed), picture(seed + 100)) > 12, seed
    even = BytesIO()
    Image.new("RGB", (50, 50), "white").save(even, "PNG")
    assert picture_hash(even.getvalue()) == ""
    assert picture_hash(b"\xff\xd8\xff not a picture") == ""


def test_plain_forms_see_through_spelling() -> None:
    assert plain("ＦＰ-2026 / 001") == "FP2026001"
    assert plain_identity("phone", "+86 138-0013-8000") == "13800138000"
    assert alike("机器人上下料单元改造项目", "机器人上下料单元 改造 (二期)") > 0.7
    assert alike("机器人上下料", "涂装废气治理") < 0.2


def quote(number: int, supplier: str, amount: int, day: int, *, chosen: bool = False) -> QuoteRef:
    return QuoteRef(number, supplier, "", "", "Robot", amount, "", date(2026, 1, day), chosen)


def found(ones: list[object]) -> list[str]:
    return sorted({one.check for one in ones})  # type: ignore[attr-defined]  # Found


@pytest.mark.parametrize(
    ("quotes", "checks_found"),
    [
        ((quote(1, "A", 100, 1), quote(2, "B", 150, 2), quote(3, "C", 200, 3)), []),
        ((quote(1, "A", 100, 1), quote(2, "B", 100, 2), quote(3, "C", 200, 3)), ["quotes_same"]),
        ((quote(1, "A", 1000, 1), quote(2, "B", 1005, 2), quote(3, "C", 2000, 3)), ["quotes_near"]),
        ((quote(1, "A", 100, 1), quote(2, "A", 100, 2)), ["quotes_few"]),
        ((quote(1, "A", 100, 1), quote(2, "B", 150, 2), quote(3, "C", 90, 3, chosen=True)), ["quote_late"]),
    ],
)
def test_quotes_that_are_no_competition(
    office: Office, firm: Firm, quotes: tuple[QuoteRef, ...], checks_found: list[str]
) -> None:
    head = cases.application_ref(make_case(office, firm))
    assert found([*paper_checks.check_quotes(Dossier(head, quotes=quotes))]) == checks_found


def test_nameplates_against_the_first_signal(office: Office, firm: Firm) -> None:
    head = cases.application_ref(make_case(office, firm))

    def check(bought: date, first: date | None, asset: int | None = 7, serial: str = "S") -> list[str]:
        machine = EquipmentRef(1, "Robot", "R2", serial, "", 0, 1, bought, asset)
        return found([*project_checks.check_nameplates(Dossier(head, equipment=(machine,)), {7: first}, today)])

    today = date(2026, 11, 23)
    assert check(date(2026, 5, 1), date(2026, 5, 20)) == []
    assert check(date(2026, 5, 1), date(2026, 4, 2)) == [], "a month on trial"
    assert check(date(2026, 5, 1), date(2026, 3, 31)) == ["signal_before"]
    assert check(date(2026, 5, 1), None) == ["signal_none"]
    assert check(date(2026, 11, 1), None) == [], "it may still be connected"
    assert check(date(2026, 5, 1), None, None, "") == ["no_serial", "not_on_spine"]
    assert check(date(2027, 5, 1), None, None, "") == [], "planned, not bought"


def test_prices_against_others(office: Office, firm: Firm) -> None:
    head = cases.application_ref(make_case(office, firm))

    def check(price: int, peers: list[int]) -> list[str]:
        machine = EquipmentRef(1, "Robot", "R-2", "S", "", price, 1, None, None)
        return [
            one.severity for one in project_checks.check_prices(Dossier(head, equipment=(machine,)), {"R2": peers})
        ]

    assert check(160, [100, 100, 90]) == ["note"]
    assert check(201, [100, 100, 90]) == ["ask"]
    assert check(150, [100, 100, 90]) == []
    assert check(900, [100, 100]) == [], "two are no market"


def test_a_supplier_that_gets_nearly_all(office: Office, firm: Firm) -> None:
    one = Dossier(cases.application_ref(make_case(office, firm)), quotes=(quote(1, "A", 60, 1, chosen=True),))
    assert found([*paper_checks.check_concentration(one, {"A": 60}, {"A": 3}, 100)]) == ["supplier_share"]
    assert found([*paper_checks.check_concentration(one, {"A": 60}, {"A": 2}, 100)]) == []
    assert found([*paper_checks.check_concentration(one, {"A": 50}, {"A": 3}, 100)]) == []


def prepared(firm: Firm, call: int, *, tail: str = "", **values: object) -> int:
    """Fill in an application with an invoice, a photo, a robot and quotes that carry ``tail``."""
    number = fill(firm, call, **values)
    say = {"actor": firm.manager, "application_id": number}
    pdf = BytesIO(f"%PDF-1 invoice {tail}".encode())
    drafts.add_document(**say, kind="invoice", name="invoice.pdf", number=f"FP 2026-{tail}", data=pdf)
    photo = BytesIO(picture(5, size=300 + len(firm.row.code)))
    drafts.add_document(**say, kind="photo", name="robot.jpg", data=photo)
    robot = EquipmentDraft("Robot", "R-2", f"SN-{tail}", price=100_000 * YUAN, bought=date(2026, 3, 1))
    offer = QuoteDraft(f"Robots {tail} Ltd", "Robot", 100_000 * YUAN, supplier_phone="023-6777 0001", chosen=True)
    drafts.set_lines(**say, lines=Lines(equipment=(robot,), quotes=(offer,)))
    return number


def test_what_was_used_before_by_whom_ever_is_found_at_submission(office: Office, firm: Firm) -> None:
    call, other = open_call(office), Firm("other")
    first = prepared(firm, call, tail="1", project_code="2601-500112-04-02-000001")
    drafts.submit_application(actor=firm.manager, application_id=first)
    identities.set_firm_identities(
        actor=other.manager, organisation_id=other.id, values=[("phone", "02367770001"), ("legal_person", "王伟")]
    )
    identities.set_firm_identities(actor=firm.manager, organisation_id=firm.id, values=[("legal_person", "王 伟")])
    again = prepared(other, call, tail="1", title="Robot cell of  FIRM!", project_code="2601-500112-04-02-000001")
    drafts.submit_application(actor=other.manager, application_id=again)
    seen = {one.check: one for one in cases.findings(office.officer, again)}
    assert seen.keys() >= {
        "file_twice", "number_twice", "picture_close", "serial_twice", "code_twice", "related_supplier",
        "related_firm", "quotes_few", "not_on_spine",
    }  # fmt: skip
    assert "SU26-001" in seen["serial_twice"].words
    assert seen["serial_twice"].severity == "stop"
    assert "Phone" in seen["related_supplier"].words
    with pytest.raises(DeniedError):
        cases.findings(other.manager, again)

    with pytest.raises(ConfigError, match="grave finding"):
        advance(actor=office.officer, application_id=again, move="accept")
    for one in cases.findings(office.officer, again):
        checks.answer_finding(
            actor=office.officer, application_id=again, finding_id=one.id or 0, answer="Seen on the spot."
        )
    checks.run_checks(actor=office.officer, application_id=again)
    assert all(one.answer for one in cases.findings(office.officer, again))
    assert advance(actor=office.officer, application_id=again, move="accept") == "eligible"


def test_a_renamed_project_and_one_cut_in_pieces_are_found(office: Office, firm: Firm) -> None:
    call = open_call(office, max_amount={"amount": 5 * MILLION})
    first = prepared(firm, call, tail="7", title="机器人上下料单元改造项目")
    drafts.submit_application(actor=firm.manager, application_id=first)
    second = prepared(firm, call, tail="7", title="机器人上下料单元改造 (二期)")
    drafts.submit_application(actor=firm.manager, application_id=second)
    seen = {one.check for one in cases.findings(office.officer, second)}
    assert {"renamed", "split", "serial_twice"} <= seen
    AppliedEquipment.objects.all().delete()
    checks.run_checks(actor=office.officer, application_id=second)
    seen = {one.check for one in cases.findings(office.officer, second)}
    assert "same_title" in seen
    assert not {"renamed", "serial_twice"} & seen, "what is no longer found is no longer shown"


def test_an_amount_above_the_cost_is_found_however_it_came_there(office: Office, firm: Firm) -> None:
    number = submitted(firm, open_call(office))
    Application.objects.filter(pk=number).update(requested=60 * MILLION)
    checks.run_checks(actor=office.officer, application_id=number)
    assert {one.check for one in cases.findings(office.officer, number)} >= {"above_cost", "above_cap"}
    with pytest.raises(ConfigError, match=r"not met.*Art\. 8"):
        advance(actor=office.officer, application_id=number, move="accept")


def test_a_supplier_that_is_the_applicant(office: Office, firm: Firm) -> None:
    number = fill(firm, open_call(office))
    offer = QuoteDraft(firm.row.name.upper(), "Robot", MILLION, chosen=True)
    drafts.set_lines(actor=firm.manager, application_id=number, lines=Lines(quotes=(offer,)))
    drafts.submit_application(actor=firm.manager, application_id=number)
    assert "own_supplier" in {one.check for one in cases.findings(office.officer, number)}
    assert Other(1, "x").firm == ""
