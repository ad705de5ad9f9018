"""The ledger: what the database refuses, what the check names, what the positions say."""

from __future__ import annotations

import pytest
from django.db import Error, connection, transaction

from chanye.domains.programme.actions.ledger import grant_envelope, post_journal, reverse_journal
from chanye.domains.programme.append_only import RULES
from chanye.domains.programme.models import Journal, Posting
from chanye.domains.programme.queries import ledger as queries
from chanye.domains.programme.rules import ledger as rules
from chanye.domains.programme.types.ledger import Entry
from chanye.kernel.errors import ConfigError, DeniedError
from chanye.parties.types import SYSTEM
from programme_kit import Firm, Office

pytestmark = pytest.mark.django_db
YUAN = 100


@pytest.fixture
def office() -> Office:
    return Office()


def post(office: Office, kind: str, amount: int, application: int = 1, year: int = 2026) -> int:
    entries = rules.move(kind, year, amount, application_id=application)
    with transaction.atomic():
        return post_journal(actor=office.manager, office_id=office.id, kind=kind, words=kind, entries=entries)


def test_a_yuan_is_in_one_place_on_its_whole_way(office: Office) -> None:
    # Ten point seven hundred million yuan on 230 projects, the sums of the district's programme.
    total = 1_070_000_000 * YUAN
    grant_envelope(actor=office.manager, office_id=office.id, year=2026, amount=total)
    for kind in ("commit", "oblige", "approve", "pay"):
        post(office, kind, total)
    (position,) = queries.positions(office.finance)
    assert (position.granted, position.paid, position.envelope) == (total, total, 0)
    post(office, "claw_back", 7)
    post(office, "give_back", 7)
    (position,) = queries.positions(office.finance)
    assert (position.granted, position.paid, position.returned) == (total, total - 7, 7)
    assert sum(one.balance for one in queries.trial_balance(office.finance)) == 0
    assert queries.verify_ledger(SYSTEM).broken_at is None


def test_nothing_is_spent_that_is_not_there(office: Office) -> None:
    grant_envelope(actor=office.manager, office_id=office.id, year=2026, amount=100)
    with pytest.raises(ConfigError, match="not enough"):
        post(office, "commit", 101)
    post(office, "commit", 60, application=1)
    post(office, "commit", 40, application=2)
    with pytest.raises(ConfigError, match="not enough"):  # the commitment of another project is not this one's
        post(office, "oblige", 61, application=1)
    with pytest.raises(ConfigError, match="not enough"):
        grant_envelope(actor=office.manager, office_id=office.id, year=2026, amount=-1)


def test_a_journal_that_does_not_balance_is_refused_before_it_is_written(office: Office) -> None:
    bad = [Entry("envelope", 2026, 5), Entry("appropriation", 2026, -4)]
    with pytest.raises(ConfigError, match="does not balance"), transaction.atomic():
        post_journal(actor=office.manager, office_id=office.id, kind="grant", words="", entries=bad)
    across = [Entry("envelope", 2026, 5), Entry("appropriation", 2027, -5)]
    with pytest.raises(ConfigError, match="does not balance"):
        rules.check_entries(across)
    for wrong in (Entry("cash", 2026, 5), Entry("envelope", 1926, 5), Entry("envelope", 2026, 0)):
        with pytest.raises(ConfigError):
            rules.check_entries([wrong, Entry("appropriation", 2026, -5)])


def row(office: Office, journal: int, line: int, amount: int) -> Posting:
    return Posting(
        journal_id=journal, office_id=office.id, line=line, account="envelope", year=2026, amount=amount, after=0
    )


def test_the_database_keeps_the_ledger(office: Office) -> None:
    number = grant_envelope(actor=office.manager, office_id=office.id, year=2026, amount=100)
    refused = [
        lambda: Journal.objects.filter(number=number).update(words="other"),
        lambda: Posting.objects.filter(journal_id=number).update(amount=7),
        lambda: Posting.objects.filter(journal_id=number).delete(),
        lambda: Journal.objects.filter(number=number).delete(),
        lambda: row(office, number, 9, 5).save(),  # one more line for a journal that is closed
        lambda: Journal(number=number + 1, office_id=office.id, at=0, kind="grant", words="", actor="").save(),
    ]
    for deed in refused:
        with pytest.raises(Error), transaction.atomic():
            deed()
    Posting.objects.bulk_create([row(office, number + 1, 1, 5), row(office, number + 1, 2, -4)])
    journal = Journal(number=number + 1, office_id=office.id, at=0, kind="grant", words="", actor="")
    with pytest.raises(Error, match="does not balance"), transaction.atomic():
        journal.save(force_insert=True)
    Posting.objects.bulk_create([row(office, number + 1, 3, -1)])
    journal.save(force_insert=True)  # now it balances
    assert queries.verify_ledger(SYSTEM).broken_at == 2


def test_the_check_names_the_first_broken_journal(office: Office) -> None:
    numbers = [grant_envelope(actor=office.manager, office_id=office.id, year=2026, amount=100 + n) for n in range(4)]
    assert numbers == [1, 2, 3, 4]
    spoil = {
        "UPDATE programme_posting SET amount = amount + 1 WHERE journal_id = 3 AND amount > 0": "does not balance",
        "UPDATE programme_posting SET amount = 2 * amount WHERE journal_id = 2": "was changed",
        "UPDATE programme_journal SET words = 'x' WHERE number = 1": "was changed",
        "UPDATE programme_posting SET after = after + 1 WHERE journal_id = 4": "another balance",
        "DELETE FROM programme_posting WHERE journal_id = 2": "does not balance",
        "DELETE FROM programme_journal WHERE number = 3": "is missing",
    }
    broken = []
    for statement, why in spoil.items():
        point = transaction.savepoint()
        with connection.cursor() as cursor:
            for each in (statement for rule in RULES for statement in rule.drop(connection.vendor)):
                cursor.execute(each)
            cursor.execute("PRAGMA defer_foreign_keys = ON")
            cursor.execute(statement)
        report = queries.verify_ledger(SYSTEM)
        assert why in report.why
        broken.append(report.broken_at)
        transaction.savepoint_rollback(point)
    assert broken == [3, 2, 1, 4, 2, 3]
    assert queries.verify_ledger(SYSTEM).broken_at is None


def test_a_journal_is_taken_back_once_and_by_its_opposite(office: Office) -> None:
    first = grant_envelope(actor=office.manager, office_id=office.id, year=2026, amount=100)
    with pytest.raises(ConfigError, match="why"):
        reverse_journal(actor=office.finance, number=first, reason=" ")
    with pytest.raises(DeniedError):
        reverse_journal(actor=office.officer, number=first, reason="typed twice")
    back = reverse_journal(actor=office.finance, number=first, reason="typed twice")
    assert queries.journal(office.finance, first).reversed_by == back
    assert queries.positions(office.finance)[0].granted == 0
    with pytest.raises(ConfigError, match="before"):
        reverse_journal(actor=office.finance, number=first, reason="again")


def test_the_same_key_books_once(office: Office) -> None:
    def grant(amount: int) -> int:
        return grant_envelope(actor=office.manager, office_id=office.id, year=2026, amount=amount, key="k")

    assert grant(100) == grant(100)
    with pytest.raises(ConfigError, match="key"):
        grant(101)
    assert queries.positions(office.finance)[0].granted == 100


def test_the_ledger_of_another_office_and_of_a_firm_is_shut(office: Office) -> None:
    grant_envelope(actor=office.manager, office_id=office.id, year=2026, amount=100)
    other = Office("beibei")
    assert queries.positions(other.finance) == []
    with pytest.raises(DeniedError):
        queries.journal(other.finance, 1)
    with pytest.raises(DeniedError):
        queries.trial_balance(Firm().manager)
    with pytest.raises(DeniedError):
        grant_envelope(actor=other.manager, office_id=office.id, year=2026, amount=1)
