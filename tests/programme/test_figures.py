"""The programme by year, and what a withdrawn project gives back to the envelopes."""

from __future__ import annotations

import csv
import io
from datetime import date

import pytest
from django.test import Client

from award_kit import Award
from chanye.domains.programme.actions import agreements, ledger
from chanye.domains.programme.actions.applications import advance
from chanye.domains.programme.days import today
from chanye.domains.programme.models import Certificate
from chanye.domains.programme.queries import figures
from chanye.domains.programme.queries import ledger as queries
from chanye.domains.programme.types.awards import InvoiceDraft
from chanye.kernel.errors import ConfigError, DeniedError
from chanye.kernel.time import now_us
from chanye.parties.models import Person
from chanye.parties.types import SYSTEM
from programme_kit import MILLION, Office

pytestmark = pytest.mark.django_db


def free(office: Office) -> dict[int, int]:
    """Return what is free in each envelope, after the books were found to balance."""
    balances = queries.trial_balance(office.finance)
    assert sum(one.balance for one in balances) == 0
    assert queries.verify_ledger(SYSTEM).broken_at is None
    return {one.year: one.envelope for one in queries.positions(office.finance)}


def test_a_withdrawn_project_gives_back_what_was_committed_to_it(office: Office) -> None:
    award = Award(None, office)
    advance(actor=office.manager, application_id=award.case.pk, move="approve", amount=3 * MILLION)
    for year in range(today().year, today().year + 3):
        ledger.grant_envelope(actor=office.manager, office_id=office.id, year=year, amount=5 * MILLION)
    before = free(office)
    agreements.commit_award(actor=office.manager, application_id=award.case.pk)
    agreement = agreements.draw_up_agreement(actor=office.officer, application_id=award.case.pk)
    assert sum(before.values()) - sum(free(office).values()) == 3 * MILLION
    assert advance(actor=award.boss, application_id=award.case.pk, move="withdraw") == "withdrawn"
    assert free(office) == before
    assert sum(one.commitment for one in queries.of_application(office.finance, award.case.pk)) == 0
    with pytest.raises(ConfigError, match="not approved any more"):
        agreements.sign_agreement(actor=award.boss, agreement_id=agreement)
    count = queries.verify_ledger(SYSTEM).journals
    other = Award(None, office, "beta")  # to which nothing is committed: nothing is booked
    advance(actor=other.boss, application_id=other.case.pk, move="withdraw")
    assert queries.verify_ledger(SYSTEM).journals == count


def test_the_programme_by_year_is_what_the_ledger_and_the_register_say(office: Office) -> None:
    award = Award(None, office, claim=None, measure="")
    award.sign()  # five million of five in each of three years: two at the start, three at acceptance
    award.reach()
    award.settle(award.claim("start"))
    award.settle(
        award.claim("acceptance", (InvoiceDraft("1", 3 * MILLION),))
    )  # proves 1.5 million, half a million back
    now = now_us()
    for place, (day, paper, state) in enumerate(
        ((date(2021, 5, 1), True, "certified"), (today(), False, "certified"), (today(), False, "withdrawn"))
    ):
        Certificate.objects.create(
            office_id=office.id, organisation_id=award.firm.id, site=f"S{place}", gate="factory.workshop",
            state=state, on_paper=paper, asked_at=now, asked_by="x", certified_on=day,
        )  # fmt: skip
    found = {one.year: one for one in figures.by_year(office.finance)}
    years = [today().year, today().year + 1, today().year + 2]
    assert sorted(found) == [2021, *years]
    assert {found[year].budget for year in years} == {5 * MILLION}
    assert [sum(getattr(found[year], name) for year in years) for name in ("committed", "paid", "clawed_back")] == [
        2 * MILLION, 2 * MILLION, MILLION // 2
    ]  # fmt: skip
    assert (found[2021].budget, found[2021].certified, found[2021].on_paper) == (0, 1, 1)
    assert (found[years[0]].certified, found[years[0]].on_paper) == (1, 0)
    with pytest.raises(DeniedError):
        figures.by_year(award.boss)
    assert figures.by_year(Office("other").finance) == []

    client = Client(headers={"accept-language": "en"})
    client.force_login(Person.objects.get(pk=office.finance.person_id))
    for by in ("sector", "kind", "call", "year", "x"):
        page = client.get(f"/programme/figures/?by={by}")
        assert page.status_code == 200
        assert client.get(f"/programme/figures/?by={by}&as=xlsx").getvalue().startswith(b"PK")
    table = client.get("/programme/figures/?by=year&as=csv").getvalue().decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(table)))
    assert len(rows) == 5
    assert [row[0] for row in rows[1:]] == [str(year) for year in reversed([2021, *years])]
    assert "5,000,000" in client.get("/programme/figures/?by=year").content.decode()
