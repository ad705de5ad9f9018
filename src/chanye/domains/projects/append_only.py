"""Statements that make the database itself refuse to change or delete rows of a table: what was said stays said."""

from __future__ import annotations

#: The tables of the statistics whose rows stay as they were written.
TABLES = ("projects_monthlyreturn", "projects_closedmonth", "projects_target", "projects_release")


def create_statements(vendor: str, table: str) -> tuple[str, ...]:
    """Return the statements that put the refusal in place on ``sqlite`` or ``postgresql``.

    Parameters
    ----------
    table
        A table of this room; a name from our own code, never from outside.
    """
    says = f"{table} is append-only: add a row instead"
    if vendor == "sqlite":
        return tuple(
            f"CREATE TRIGGER {table}_no_{deed} BEFORE {deed.upper()} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{says}'); END"
            for deed in ("update", "delete")
        )
    return (
        (
            f"CREATE FUNCTION {table}_refuse() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN RAISE EXCEPTION '{says}' USING ERRCODE = 'integrity_constraint_violation'; END $$"
        ),
        (
            f"CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            f"FOR EACH STATEMENT EXECUTE FUNCTION {table}_refuse()"
        ),
    )


def drop_statements(vendor: str, table: str) -> tuple[str, ...]:
    """Return the statements that take it away again."""
    if vendor == "sqlite":
        return tuple(f"DROP TRIGGER IF EXISTS {table}_no_{deed}" for deed in ("update", "delete"))
    return (
        f"DROP TRIGGER IF EXISTS {table}_no_change ON {table}",
        f"DROP FUNCTION IF EXISTS {table}_refuse",
    )
