"""The statements that make the database itself refuse to change a frozen plan and what was recorded of it."""

from __future__ import annotations

#: Tables of which no row is ever changed or taken away.
KEPT = ("control", "upgrade", "event", "effect", "declaration")
SAID = "what is recorded of a frozen plan is append-only"
FROZEN = "a frozen plan is not changed: draft another one"


def create_statements(vendor: str) -> tuple[str, ...]:
    """Return the statements that put the refusal in place on ``sqlite`` or ``postgresql``."""
    return _sqlite() if vendor == "sqlite" else _postgresql()


def drop_statements(vendor: str) -> tuple[str, ...]:
    """Return the statements that take it away again."""
    names = [("plan", "frozen"), *((table, "kept") for table in KEPT)]
    if vendor == "sqlite":
        return tuple(
            f"DROP TRIGGER IF EXISTS evidence_{table}_{how}_{verb}" for table, how in names for verb in _VERBS
        )
    return (
        *(f"DROP TRIGGER IF EXISTS evidence_{table}_{how} ON evidence_{table}" for table, how in names),
        "DROP FUNCTION IF EXISTS evidence_refuse",
        "DROP FUNCTION IF EXISTS evidence_refuse_frozen",
    )


_VERBS = ("update", "delete")


def _sqlite() -> tuple[str, ...]:
    plan = [
        f"CREATE TRIGGER evidence_plan_frozen_{verb} BEFORE {verb} ON evidence_plan WHEN OLD.digest <> '' "
        f"BEGIN SELECT RAISE(ABORT, '{FROZEN}'); END"
        for verb in _VERBS
    ]
    kept = [
        f"CREATE TRIGGER evidence_{table}_kept_{verb} BEFORE {verb} ON evidence_{table} "
        f"BEGIN SELECT RAISE(ABORT, '{SAID}'); END"
        for table in KEPT
        for verb in _VERBS
    ]
    return (*plan, *kept)


def _postgresql() -> tuple[str, ...]:
    made = [
        f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION '{words}' "
        "USING ERRCODE = 'integrity_constraint_violation'; END $$"
        for name, words in (("evidence_refuse", SAID), ("evidence_refuse_frozen", FROZEN))
    ]
    plan = (
        "CREATE TRIGGER evidence_plan_frozen BEFORE UPDATE OR DELETE ON evidence_plan "
        "FOR EACH ROW WHEN (OLD.digest <> '') EXECUTE FUNCTION evidence_refuse_frozen()"
    )
    kept = [
        f"CREATE TRIGGER evidence_{table}_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON evidence_{table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION evidence_refuse()"
        for table in KEPT
    ]
    return (*made, plan, *kept)
