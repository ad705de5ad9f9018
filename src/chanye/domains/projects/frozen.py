"""The statements that make the database itself refuse to change a published ranking or a version of its formula."""

from __future__ import annotations

TABLES = ("projects_ranking", "projects_formula")
_WORDS = "what was published is not changed: publish another version"


def create_statements(vendor: str) -> list[str]:
    """Return the statements that put the refusal in place on ``sqlite`` or ``postgresql``."""
    if vendor == "sqlite":
        return [
            f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{_WORDS}'); END"
            for table in TABLES
            for verb in ("UPDATE", "DELETE")
        ]
    refuse = (
        "CREATE FUNCTION projects_refuse() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{_WORDS}' USING ERRCODE = 'integrity_constraint_violation'; END $$"
    )
    return [
        refuse,
        *(
            f"CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION projects_refuse()"
            for table in TABLES
        ),
    ]


def drop_statements(vendor: str) -> list[str]:
    """Return the statements that take it away again."""
    if vendor == "sqlite":
        return [f"DROP TRIGGER IF EXISTS {table}_no_{verb}" for table in TABLES for verb in ("update", "delete")]
    return [
        *(f"DROP TRIGGER IF EXISTS {table}_no_change ON {table}" for table in TABLES),
        "DROP FUNCTION IF EXISTS projects_refuse",
    ]
