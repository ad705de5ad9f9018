"""What the database itself keeps of the ledger: nothing changes, every journal balances.

Lines are stored first, the journal last: its insertion is refused unless its lines balance in every year, and no line
can be added to a journal that is there. A line without a journal is refused at commit by its foreign key.
"""

from __future__ import annotations

from dataclasses import dataclass

from chanye.parties.append_only import AppendOnly, pl_function, pl_refuse

_BALANCED = (
    "(SELECT COUNT(*) FROM programme_posting WHERE journal_id = NEW.number) >= 2 AND NOT EXISTS "
    "(SELECT 1 FROM programme_posting WHERE journal_id = NEW.number GROUP BY year HAVING SUM(amount) <> 0)"
)
_EXISTS = "EXISTS (SELECT 1 FROM programme_journal WHERE number = NEW.journal_id)"


@dataclass(frozen=True, slots=True)
class RefusedInsert:
    """Insertion into ``table`` is refused while ``when`` holds of ``NEW``; ``name``: of its trigger."""

    name: str
    table: str
    when: str
    says: str

    def create(self, vendor: str) -> tuple[str, ...]:
        """Return the statements that put the refusal in place on ``sqlite`` or ``postgresql``."""
        before = f"CREATE TRIGGER {self.name} BEFORE INSERT ON {self.table}"
        if vendor == "sqlite":
            return (f"{before} WHEN {self.when} BEGIN SELECT RAISE(ABORT, '{self.says}'); END",)
        return (
            pl_function(f"{self.name}_check", f"IF {self.when} THEN {pl_refuse(self.says)} END IF; RETURN NEW;"),
            f"{before} FOR EACH ROW EXECUTE FUNCTION {self.name}_check()",
        )

    def drop(self, vendor: str) -> tuple[str, ...]:
        """Return the statements that take it away again."""
        if vendor == "sqlite":
            return (f"DROP TRIGGER IF EXISTS {self.name}",)
        return (
            f"DROP TRIGGER IF EXISTS {self.name} ON {self.table}",
            f"DROP FUNCTION IF EXISTS {self.name}_check",
        )


RULES = (
    *(
        AppendOnly(table, "the ledger is append-only: reverse the journal instead")
        for table in ("programme_journal", "programme_posting")
    ),
    RefusedInsert(
        "programme_journal_balances", "programme_journal", f"NOT ({_BALANCED})", "the journal does not balance"
    ),
    RefusedInsert("programme_posting_closed", "programme_posting", _EXISTS, "the journal is closed"),
)
