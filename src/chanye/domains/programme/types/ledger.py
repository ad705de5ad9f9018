"""What the ledger says: entries, balances, journals, the position of a year."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a journal. ``amount`` in fen: debit positive, credit negative. ``year``: of the budget."""

    account: str
    year: int
    amount: int
    application_id: int | None = None
    organisation_id: int | None = None
    claim_id: int | None = None


@dataclass(frozen=True, slots=True)
class Balance:
    """Sums of an account in a year. [fen]."""

    account: str
    year: int
    debit: int
    credit: int

    @property
    def balance(self) -> int:
        """Debit less credit. [fen]."""
        return self.debit - self.credit


@dataclass(frozen=True, slots=True)
class Line:
    """A posting with its journal, and the balance of its account after it. [fen; us UTC]."""

    id: int
    journal: int
    at: int
    kind: str
    words: str
    account: str
    year: int
    amount: int
    application_id: int | None
    organisation_id: int | None
    organisation: str
    claim_id: int | None
    actor: str
    reverses: int | None
    balance: int = 0


@dataclass(frozen=True, slots=True)
class Journal:
    """A journal with its lines, and the journal that takes it back, if one does."""

    number: int
    office_id: int
    at: int
    kind: str
    words: str
    actor: str
    reverses: int | None
    reversed_by: int | None
    digest: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Position:
    """Where the money of a year (or a project) is. [fen].

    ``granted`` is what the budget gave; it is the sum of all others: every fen is in one place.
    """

    year: int
    granted: int
    envelope: int
    commitment: int
    obligation: int
    payable: int
    paid: int
    clawback: int
    returned: int


@dataclass(frozen=True, slots=True)
class LedgerReport:
    """What a check of the ledger found: journals read, the head of the chain, the first broken journal and why."""

    journals: int
    head: tuple[int, str]
    broken_at: int | None = None
    why: str = ""
