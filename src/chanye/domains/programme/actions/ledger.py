"""Writes of the ledger: a journal at a time; what is wrong is taken back by another journal, never changed."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import connection, transaction
from django.db.models import Sum
from django.utils.translation import gettext as _

from chanye.domains.programme.ledger_rows import entry_of, head_of
from chanye.domains.programme.models import Journal, Posting
from chanye.domains.programme.rules import ledger as rules
from chanye.domains.programme.types.ledger import Entry
from chanye.kernel.errors import ConfigError, DeniedError
from chanye.kernel.money import format_money
from chanye.kernel.time import now_us
from chanye.parties import events
from chanye.parties.audit import record
from chanye.parties.rules import require
from chanye.parties.types import Viewer

_LOCK = 0x6C6564676572  # "ledger"; the number only has to be the same for all writers


def post_journal(
    *,
    actor: Viewer,
    office_id: int,
    kind: str,
    words: str,
    entries: Sequence[Entry],
    reverses: int | None = None,
    key: str = "",
) -> int:
    """Write one journal inside the caller's transaction and return its number.

    The action that calls it has asked for the permission of its own deed.

    Parameters
    ----------
    kind
        One of ``rules.ledger.KINDS``.
    entries
        Lines that balance in every year.
    key
        Client key: the same key and entries again write nothing and return the number of the first.

    Raises
    ------
    ConfigError
        If the lines do not balance, or an account would hold less than nothing.
    RuntimeError
        Outside a transaction, or for an unknown kind.
    """
    if not connection.in_atomic_block or kind not in rules.KINDS:
        msg = "a journal is written inside its action's transaction, as one of the known kinds"
        raise RuntimeError(msg)
    rules.check_entries(entries)
    _hold()
    known = Journal.objects.filter(office_id=office_id, key=key[:64]).first() if key else None
    if known is not None:
        if _entries_of(known.number) != tuple(entries):
            raise ConfigError(_("This key was used before for another journal; give every journal its own."))
        return known.number
    _check_places(office_id, entries)
    number = _store(actor, office_id, kind, words, entries, reverses, key)
    record(
        actor=actor,
        verb="post_journal",
        target=f"journal:{number}",
        detail={"kind": kind, "words": words, "amount": sum(max(one.amount, 0) for one in entries)},
        organisation_id=office_id,
    )
    return number


def _hold() -> None:
    """Let journals be written one after another: SQLite does by itself."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])


def _store(
    actor: Viewer,
    office_id: int,
    kind: str,
    words: str,
    entries: Sequence[Entry],
    reverses: int | None,
    key: str,
) -> int:
    last = Journal.objects.order_by("-number").values_list("number", "digest").first()
    journal = Journal(
        number=last[0] + 1 if last else 1,
        office_id=office_id,
        at=now_us(),
        kind=kind,
        words=words[:300],
        person_id_at=actor.person_id,
        actor=(actor.name or f"person:{actor.person_id}")[:200],
        reverses_id=reverses,
        key=key[:64] or None,
        previous=last[1] if last else rules.GENESIS,
    )
    journal.digest = rules.seal(head_of(journal), entries)
    after = _Balances(office_id)
    Posting.objects.bulk_create(
        Posting(
            journal_id=journal.number,
            office_id=office_id,
            line=line,
            after=after.add(one),
            account=one.account,
            year=one.year,
            amount=one.amount,
            application=one.application_id,
            organisation_id=one.organisation_id,
            claim=one.claim_id,
        )
        for line, one in enumerate(entries, 1)
    )
    journal.save(force_insert=True)
    return journal.number


class _Balances:
    """Balances of accounts by year while the lines of one journal are written."""

    def __init__(self, office_id: int) -> None:
        self.office_id = office_id
        self.known: dict[tuple[str, int], int] = {}

    def add(self, entry: Entry) -> int:
        """Return the balance after a line."""
        place = (entry.account, entry.year)
        if place not in self.known:
            rows = Posting.objects.filter(office_id=self.office_id, account=entry.account, year=entry.year)
            self.known[place] = rows.order_by("-id").values_list("after", flat=True).first() or 0
        self.known[place] += entry.amount
        return self.known[place]


def _entries_of(number: int) -> tuple[Entry, ...]:
    return tuple(entry_of(row) for row in Posting.objects.filter(journal_id=number).order_by("line"))


def _check_places(office_id: int, entries: Sequence[Entry]) -> None:
    """Refuse what would leave a place with less than nothing: the envelope by year, the others by project too."""
    change: dict[tuple[str, int, int | None], int] = {}
    for one in entries:
        if one.account != rules.SOURCE:
            place = (one.account, one.year, None if one.account == "envelope" else one.application_id)
            change[place] = change.get(place, 0) + one.amount
    for (account, year, application), amount in change.items():
        if amount >= 0:
            continue
        rows = Posting.objects.filter(account=account, year=year, office_id=office_id)
        if account != "envelope":
            rows = rows.filter(application=application)
        held = rows.aggregate(n=Sum("amount"))["n"] or 0
        if held + amount < 0:
            raise ConfigError(
                _("There is not enough: %(held)s of %(wanted)s left on %(account)s in %(year)s.")
                % {
                    "held": format_money(held),
                    "wanted": format_money(-amount),
                    "account": account,
                    "year": year,
                }
            )


@transaction.atomic
def grant_envelope(*, actor: Viewer, office_id: int, year: int, amount: int, words: str = "", key: str = "") -> int:
    """Take up what the budget gives the fund in a year, or with a negative amount what it takes away; return it.

    Parameters
    ----------
    amount
        [fen] Less than nothing cuts the envelope; no more than is free in it.

    Raises
    ------
    ConfigError
        If the amount is nothing, or more is cut than is free.
    """
    require(actor, "approve_awards", office_id)
    kind = "grant" if amount > 0 else "cut"
    entries = rules.move(kind, year, abs(amount))
    said = words.strip() or f"{kind} {year}"
    number = post_journal(actor=actor, office_id=office_id, kind=kind, words=said, entries=entries, key=key)
    payload = {"year": year, "amount": amount, "journal": number}
    events.emit(
        actor=actor, kind="envelope.granted", target=f"journal:{number}", payload=payload, organisation_id=office_id
    )
    return number


@transaction.atomic
def reverse_journal(*, actor: Viewer, number: int, reason: str) -> int:
    """Take a journal back by one with the opposite lines; return the number of the new one.

    Raises
    ------
    ConfigError
        If there is no reason, it was taken back before, or what it moved has moved on.
    DeniedError
        If there is no such journal for the actor.
    """
    row = Journal.objects.filter(number=number).first()
    if row is None:
        raise DeniedError("There is no such journal, or it belongs to another office.")
    require(actor, "keep_ledger", row.office_id)
    if not reason.strip():
        raise ConfigError(_("Say why the journal is taken back."))
    if row.kind == rules.REVERSAL or Journal.objects.filter(reverses_id=number).exists():
        raise ConfigError(_("This journal takes another back, or was taken back before; post what is right anew."))
    return post_journal(
        actor=actor,
        office_id=row.office_id,
        kind=rules.REVERSAL,
        words=reason.strip(),
        entries=rules.reversed_entries(_entries_of(number)),
        reverses=number,
    )
