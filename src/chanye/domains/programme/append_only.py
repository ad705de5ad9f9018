"""The statements that make the database itself keep the ledger: nothing changes, every journal balances.

Lines are stored first, the journal last: its insertion is refused unless its lines balance in every year, and no line
can be added to a journal that is there. A line without a journal is refused at commit by its foreign key.
"""

from __future__ import annotations

_BALANCED = (
    "(SELECT COUNT(*) FROM programme_posting WHERE journal_id = NEW.number) >= 2 AND NOT EXISTS "
    "(SELECT 1 FROM programme_posting WHERE journal_id = NEW.number GROUP BY year HAVING SUM(amount) <> 0)"
)
_EXISTS = "EXISTS (SELECT 1 FROM programme_journal WHERE number = NEW.journal_id)"
_TABLES = ("programme_journal", "programme_posting")
_SAID = "the ledger is append-only: reverse the journal instead"
_OPEN = "the journal does not balance"
_SHUT = "the journal is closed"


def _sqlite() -> tuple[str, ...]:
    refused = tuple(
        f"CREATE TRIGGER {table}_no_{deed.lower()} BEFORE {deed} ON {table} BEGIN SELECT RAISE(ABORT, '{_SAID}'); END"
        for table in _TABLES
        for deed in ("UPDATE", "DELETE")
    )
    return (
        *refused,
        (
            "CREATE TRIGGER programme_journal_balances BEFORE INSERT ON programme_journal "
            f"WHEN NOT ({_BALANCED}) BEGIN SELECT RAISE(ABORT, '{_OPEN}'); END"
        ),
        (
            "CREATE TRIGGER programme_posting_closed BEFORE INSERT ON programme_posting "
            f"WHEN {_EXISTS} "
            f"BEGIN SELECT RAISE(ABORT, '{_SHUT}'); END"
        ),
    )


def _function(name: str, body: str) -> str:
    return f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body} END $$"


def _refuse(words: str) -> str:
    return f"RAISE EXCEPTION '{words}' USING ERRCODE = 'integrity_constraint_violation';"


def _postgresql() -> tuple[str, ...]:
    return (
        _function("programme_ledger_refuse", _refuse(_SAID)),
        _function("programme_ledger_balances", f"IF NOT ({_BALANCED}) THEN {_refuse(_OPEN)} END IF; RETURN NEW;"),
        _function("programme_ledger_closed", f"IF {_EXISTS} THEN {_refuse(_SHUT)} END IF; RETURN NEW;"),
        *(
            f"CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION programme_ledger_refuse()"
            for table in _TABLES
        ),
        (
            "CREATE TRIGGER programme_journal_balances BEFORE INSERT ON programme_journal "
            "FOR EACH ROW EXECUTE FUNCTION programme_ledger_balances()"
        ),
        (
            "CREATE TRIGGER programme_posting_closed BEFORE INSERT ON programme_posting "
            "FOR EACH ROW EXECUTE FUNCTION programme_ledger_closed()"
        ),
    )


def create_statements(vendor: str) -> tuple[str, ...]:
    """Return the statements that put the rules in place on ``sqlite`` or ``postgresql``."""
    return {"sqlite": _sqlite, "postgresql": _postgresql}[vendor]()


def drop_statements(vendor: str) -> tuple[str, ...]:
    """Return the statements that take them away again."""
    if vendor == "sqlite":
        names = [f"{table}_no_{deed}" for table in _TABLES for deed in ("update", "delete")]
        names += ["programme_journal_balances", "programme_posting_closed"]
        return tuple(f"DROP TRIGGER IF EXISTS {name}" for name in names)
    functions = ("programme_ledger_refuse", "programme_ledger_balances", "programme_ledger_closed")
    return (
        *(f"DROP TRIGGER IF EXISTS {table}_no_change ON {table}" for table in _TABLES),
        "DROP TRIGGER IF EXISTS programme_journal_balances ON programme_journal",
        "DROP TRIGGER IF EXISTS programme_posting_closed ON programme_posting",
        *(f"DROP FUNCTION IF EXISTS {name}" for name in functions),
    )
