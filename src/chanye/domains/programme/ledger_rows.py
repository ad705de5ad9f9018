"""Rows of the ledger as the rules know them."""

from __future__ import annotations

from chanye.domains.programme.models import Journal, Posting
from chanye.domains.programme.types.ledger import Entry


def head_of(journal: Journal) -> dict[str, object]:
    """Return what the digest of a journal covers beside its lines."""
    return {
        "number": journal.number,
        "office": journal.office_id,
        "at": journal.at,
        "kind": journal.kind,
        "words": journal.words,
        "person": journal.person_id_at,
        "actor": journal.actor,
        "reverses": journal.reverses_id,
        "key": journal.key,
        "previous": journal.previous,
    }


def entry_of(row: Posting) -> Entry:
    """Return a line as it was given."""
    return Entry(row.account, row.year, row.amount, row.application, row.organisation_id, row.claim)
