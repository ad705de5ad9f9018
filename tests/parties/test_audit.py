"""The chain holds; whatever is done to one row is named; the database refuses to change or delete a row."""

import pytest
from django.db import DatabaseError, connection, transaction

from chanye.parties.append_only import AUDIT
from chanye.parties.audit import record, verify_chain
from chanye.parties.models import AuditEntry
from chanye.parties.types import SYSTEM, Viewer

ACTOR = Viewer(person_id=7, organisation_id=3, name="李工")


def _write(count: int = 5) -> None:
    with transaction.atomic():
        for i in range(count):
            record(actor=ACTOR, verb="try_thing", target=f"thing:{i}", detail={"步": i, "x": [1.5, None]})


def _behind_the_back(statement: str, params: tuple[object, ...] = ()) -> None:
    """Do what somebody with the database file can do: take the triggers away first."""
    with connection.cursor() as cursor:
        for drop in AUDIT.drop(connection.vendor):
            cursor.execute(drop)
        cursor.execute(statement, params)


@pytest.mark.django_db
def test_the_chain_is_sound_and_counts_from_one() -> None:
    assert verify_chain().rows == 0
    _write(5)
    report = verify_chain()
    assert report.sound
    assert report.rows == 5
    assert report.head == (5, AuditEntry.objects.get(sequence=5).digest)
    assert list(AuditEntry.objects.values_list("sequence", flat=True)) == [1, 2, 3, 4, 5]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("at", 1),
        ("actor", "somebody"),
        ("person_id_at", 8),
        ("person_id_at", None),
        ("organisation_id_at", 4),
        ("verb", "other_thing"),
        ("target", "thing:99"),
        ("detail", '{"x":[1.5,null],"步":2}'),
        ("previous", "f" * 64),
        ("digest", "f" * 64),
    ],
)
def test_a_change_of_any_column_is_named(column: str, value: object) -> None:
    _write(5)
    _behind_the_back(f"UPDATE parties_auditentry SET {column} = %s WHERE sequence = 3", (value,))
    report = verify_chain()
    assert report.broken_at == 3
    assert "row 3" in report.why
    assert report.head[0] == 2


@pytest.mark.django_db
def test_a_changed_sequence_is_named() -> None:
    _write(5)
    _behind_the_back("UPDATE parties_auditentry SET sequence = 30 WHERE sequence = 3")
    assert verify_chain().broken_at == 3


@pytest.mark.django_db
def test_a_deleted_row_is_named() -> None:
    _write(5)
    _behind_the_back("DELETE FROM parties_auditentry WHERE sequence = 2")
    report = verify_chain()
    assert (report.broken_at, report.rows) == (2, 1)
    assert "missing" in report.why


@pytest.mark.django_db
def test_a_reordered_pair_is_named() -> None:
    _write(5)
    _behind_the_back(
        "UPDATE parties_auditentry SET sequence = CASE sequence WHEN 2 THEN -3 ELSE -2 END WHERE sequence IN (2, 3)"
    )
    _behind_the_back("UPDATE parties_auditentry SET sequence = -sequence WHERE sequence < 0")
    assert verify_chain().broken_at == 2


@pytest.mark.django_db
def test_a_cut_off_end_is_found_by_a_noted_head() -> None:
    _write(5)
    head = verify_chain().head
    assert verify_chain(expected_head=head).sound
    _behind_the_back("DELETE FROM parties_auditentry WHERE sequence > 3")
    assert verify_chain().sound  # a shorter chain is a chain
    assert verify_chain(expected_head=head).broken_at == 4


@pytest.mark.django_db
def test_a_rewritten_chain_is_found_by_a_noted_head() -> None:
    _write(3)
    head = verify_chain().head
    _behind_the_back("DELETE FROM parties_auditentry")
    _write(3)
    assert verify_chain().sound
    assert verify_chain(expected_head=head).broken_at == 3


@pytest.mark.django_db
@pytest.mark.parametrize(
    "statement", ["UPDATE parties_auditentry SET verb = 'x'", "DELETE FROM parties_auditentry WHERE sequence = 1"]
)
def test_the_database_refuses(statement: str) -> None:
    _write(2)
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert verify_chain().rows == 2


@pytest.mark.django_db
def test_hostile_text_is_stored_and_sealed() -> None:
    with transaction.atomic():
        record(actor=SYSTEM, verb="try", target="a\x00b\ud800", detail={"k": "\x00\ud800", "n": float("nan")})
    assert verify_chain().sound


@pytest.mark.django_db(transaction=True)
def test_outside_a_transaction_it_refuses_and_a_rolled_back_action_leaves_no_row() -> None:
    with pytest.raises(RuntimeError, match="transaction"):
        record(actor=ACTOR, verb="try_thing", target="thing:1")
    with transaction.atomic():
        record(actor=ACTOR, verb="try_thing", target="thing:1")
        transaction.set_rollback(True)
    assert AuditEntry.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_flush_between_tests_leaves_the_refusal_in_place() -> None:
    _write(1)
    with pytest.raises(DatabaseError, match="append-only"), connection.cursor() as cursor:
        cursor.execute("DELETE FROM parties_auditentry")
