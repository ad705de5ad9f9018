"""The ledger over HTTP, to be read: journals are written by the deeds they book. Money in fen, debit positive."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from django.http import HttpRequest
from ninja import Field, Router, Schema

from chanye.domains.programme.queries import ledger as queries
from chanye.domains.programme.types.ledger import Balance, Line
from chanye.spine.api import PROBLEMS, Moment, viewer_of

router = Router(tags=["programme"])
Number = Annotated[int, Field(ge=0, le=9_007_199_254_740_991)]


class LedgerEntry(Schema):
    """A line of a journal with the ``balance`` of its account in that budget year after it."""

    id: int
    journal: int
    at: int
    kind: str
    words: str
    account: str
    year: int
    amount: int
    balance: int
    application_id: int | None
    organisation_id: int | None
    organisation: str
    claim_id: int | None
    actor: str
    reverses: int | None


class LedgerBalance(Schema):
    """Sums of an account in a budget year; all balances of a year come to nothing."""

    account: str
    year: int
    debit: int
    credit: int
    balance: int


@router.get("/ledger/entries", response={200: list[LedgerEntry], **PROBLEMS}, summary="Entries of the ledger")
def list_entries(request: HttpRequest, account: str = "", year: Number = 0, after: Number = 0) -> Sequence[Line]:
    """Return 200 entries of an account and a budget year (all if none is given) with numbers above ``after``."""
    return queries.entries(viewer_of(request), account=account, year=year, after=after)


@router.get("/ledger/balances", response={200: list[LedgerBalance], **PROBLEMS}, summary="Balances of the ledger")
def list_balances(request: HttpRequest, until: Moment | None = None) -> Sequence[Balance]:
    """Return the trial balance, as it was before ``until`` if that is given."""
    return queries.trial_balance(viewer_of(request), until=until)
