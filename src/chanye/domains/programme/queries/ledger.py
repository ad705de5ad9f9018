"""Reads of the ledger: trial balance, statement of an account, where a year's or a project's money is, the check."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby

from django.db.models import F, Q, QuerySet, Sum
from django.db.models.functions import Coalesce

from chanye.domains.programme.ledger_rows import entry_of, head_of
from chanye.domains.programme.models import Journal, Posting
from chanye.domains.programme.rules import ledger as rules
from chanye.domains.programme.types.ledger import Balance, LedgerReport, Line, Position
from chanye.domains.programme.types.ledger import Journal as JournalRef
from chanye.kernel.errors import DeniedError
from chanye.parties.rules import may, require
from chanye.parties.types import Viewer
from chanye.sheets import Rows, View


def _of_office(viewer: Viewer) -> QuerySet[Posting]:
    """Return the lines of the viewer's office."""
    require(viewer, "read_ledger", viewer.organisation_id)
    rows = Posting.objects.select_related("journal", "organisation")
    return rows if viewer.system else rows.filter(office_id=viewer.organisation_id or 0)


def _balances(rows: QuerySet[Posting]) -> list[Balance]:
    found = (
        rows.order_by()
        .values("account", "year")
        .annotate(
            debit=Coalesce(Sum("amount", filter=Q(amount__gt=0)), 0),
            credit=Coalesce(-Sum("amount", filter=Q(amount__lt=0)), 0),
        )
    )
    order = {name: place for place, name in enumerate(rules.ACCOUNTS)}
    balances = [Balance(one["account"], one["year"], int(one["debit"]), int(one["credit"])) for one in found]
    return sorted(balances, key=lambda one: (one.year, order[one.account]))


def trial_balance(viewer: Viewer, *, until: int | None = None) -> list[Balance]:
    """Return debit and credit of every account and year of the viewer's office; their balances sum to nothing.

    Parameters
    ----------
    until
        As it was then [us UTC].
    """
    rows = _of_office(viewer)
    return _balances(rows if until is None else rows.filter(journal__at__lt=until))


def positions(viewer: Viewer, *, until: int | None = None) -> list[Position]:
    """Return where the money of each year is."""
    return rules.positions(trial_balance(viewer, until=until))


def of_application(viewer: Viewer, application_id: int) -> list[Position]:
    """Return where the money of a project is, by year; for its firm, and for the office that keeps the ledger.

    ``granted`` is meaningless here and nothing: a project has no budget of its own.
    """
    rows = Posting.objects.filter(application=application_id).exclude(account__in=(rules.SOURCE, "envelope"))
    if not viewer.system:
        own = Q(organisation_id=viewer.organisation_id or 0)
        if may(viewer, "read_ledger", viewer.organisation_id):
            own |= Q(office_id=viewer.organisation_id)
        rows = rows.filter(own)
    return rules.positions(_balances(rows))


def paid_between(viewer: Viewer, start: int, end: int) -> int:
    """Return what the viewer's office paid in a time [fen]: ``[start, end)`` us UTC."""
    rows = _of_office(viewer).filter(account="paid", journal__at__gte=start, journal__at__lt=end)
    return int(rows.aggregate(n=Sum("amount"))["n"] or 0)


def statement(viewer: Viewer, view: View, *, account: str = "", year: int = 0) -> Rows:
    """Return the lines of an account (of all if empty) that a view asks for, with the balance after each [fen]."""
    rows = _of_account(viewer, account, year)
    rows = rows.annotate(at=F("journal__at"), kind=F("journal__kind"), words=F("journal__words"))
    return view.apply(rows, make=_line)


def entries(viewer: Viewer, *, account: str = "", year: int = 0, after: int = 0, limit: int = 200) -> list[Line]:
    """Return lines with numbers above ``after``, of one account and budget year if given, in the order they came."""
    rows = _of_account(viewer, account, year).filter(pk__gt=after)
    return [_line(row) for row in rows.order_by("pk")[:limit]]


def _of_account(viewer: Viewer, account: str, year: int) -> QuerySet[Posting]:
    rows = _of_office(viewer)
    if account:
        rows = rows.filter(account=account)
    return rows.filter(year=year) if year else rows


def journal(viewer: Viewer, number: int) -> JournalRef:
    """Return one journal with its lines.

    Raises
    ------
    DeniedError
        If there is none for the viewer.
    """
    require(viewer, "read_ledger", viewer.organisation_id)
    found = Journal.objects.filter(number=number)
    row = (found if viewer.system else found.filter(office_id=viewer.organisation_id or 0)).first()
    if row is None:
        raise DeniedError("There is no such journal, or it belongs to another office.")
    back = Journal.objects.filter(reverses_id=number).values_list("number", flat=True).first()
    lines = Posting.objects.filter(journal_id=number).select_related("journal", "organisation").order_by("line")
    return JournalRef(
        row.number, row.office_id, row.at, row.kind, row.words, row.actor, row.reverses_id, back, row.digest,
        tuple(_line(one) for one in lines),
    )  # fmt: skip


def _line(row: Posting) -> Line:
    head = row.journal
    return Line(
        row.pk,
        head.number,
        head.at,
        head.kind,
        head.words,
        row.account,
        row.year,
        row.amount,
        row.application,
        row.organisation_id,
        row.organisation.name if row.organisation else "",
        row.claim,
        head.actor,
        head.reverses_id,
        row.after,
    )


def verify_ledger(viewer: Viewer) -> LedgerReport:
    """Read all journals of all offices again and name the first that is broken.

    One is broken if it is missing, does not balance in a year, does not follow from the one before, was changed after
    it was written, or has lines without it. The chain's head belongs noted down elsewhere, to detect a cut-off end.

    Raises
    ------
    DeniedError
        If the viewer is not the product itself: the chain runs over all offices.
    """
    if not viewer.system:
        raise DeniedError("The ledger of all offices is checked by the product itself: run chanye verify.")
    number, digest, count = 0, rules.GENESIS, 0
    after: dict[tuple[int, str, int], int] = {}
    lines = groupby(Posting.objects.order_by("journal_id", "line").iterator(chunk_size=5000), _journal_of)
    at, rows = next(lines, (None, iter(())))
    for head in Journal.objects.order_by("number").iterator(chunk_size=2000):
        if at is not None and at < head.number:
            return LedgerReport(count, (number, digest), at, f"journal {at} is missing, its lines are there")
        entries: list[Posting] = []
        if at == head.number:
            entries = list(rows)
            at, rows = next(lines, (None, iter(())))
        why = _fault(head, entries, number, digest) or _balance_fault(head, entries, after)
        if why:
            return LedgerReport(count, (number, digest), head.number, why)
        number, digest, count = head.number, head.digest, count + 1
    if at is not None:
        return LedgerReport(count, (number, digest), at, f"journal {at} is missing, its lines are there")
    return LedgerReport(count, (number, digest))


def _journal_of(row: Posting) -> int:
    return int(row.journal_id)


def _balance_fault(head: Journal, rows: Iterable[Posting], after: dict[tuple[int, str, int], int]) -> str:
    """Add the lines to the balances and compare them with those that were noted."""
    for row in rows:
        place = (row.office_id, row.account, row.year)
        after[place] = after.get(place, 0) + row.amount
        if row.office_id != head.office_id or row.after != after[place]:
            return f"journal {head.number} notes another balance of {row.account} {row.year} than its lines make"
    return ""


def _fault(head: Journal, rows: Iterable[Posting], before: int, digest: str) -> str:
    lines = [entry_of(row) for row in rows]
    if head.number != before + 1:
        return f"journal {before + 1} is missing; the next one is {head.number}"
    sums: dict[int, int] = {}
    for one in lines:
        sums[one.year] = sums.get(one.year, 0) + one.amount
    if len(lines) < 2 or any(sums.values()):
        return f"journal {head.number} does not balance"
    if head.previous != digest:
        return f"journal {head.number} does not follow from journal {before}"
    if head.digest != rules.seal(head_of(head), lines):
        return f"journal {head.number} was changed after it was written"
    return ""
