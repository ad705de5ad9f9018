"""Rows that stay as they were written: the statements by which the database itself refuses to change them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from django.db import migrations


class Rule(Protocol):
    """What a database is told to refuse."""

    def create(self, vendor: str) -> tuple[str, ...]:
        """Return the statements that put the refusal in place on ``sqlite`` or ``postgresql``."""

    def drop(self, vendor: str) -> tuple[str, ...]:
        """Return the statements that take it away again."""


@dataclass(frozen=True, slots=True)
class AppendOnly:
    """A table of which no row is changed or deleted.

    ``says``: what the database answers. ``when``: a condition on ``OLD``; other rows stay free. ``name``: of its
    triggers, the table's own if empty. All are words of our own code, never from outside.
    """

    table: str
    says: str
    when: str = ""
    name: str = ""

    def create(self, vendor: str) -> tuple[str, ...]:
        """Return the statements that put the refusal in place on ``sqlite`` or ``postgresql``."""
        name, table = self.name or self.table, self.table
        if vendor == "sqlite":
            when = f"WHEN {self.when} " if self.when else ""
            return tuple(
                f"CREATE TRIGGER {name}_no_{deed.lower()} BEFORE {deed} ON {table} {when}"
                f"BEGIN SELECT RAISE(ABORT, '{self.says}'); END"
                for deed in ("UPDATE", "DELETE")
            )
        each = f"FOR EACH ROW WHEN ({self.when})" if self.when else "FOR EACH STATEMENT"
        deeds = "UPDATE OR DELETE" if self.when else "UPDATE OR DELETE OR TRUNCATE"
        return (
            pl_function(f"{name}_refuse", pl_refuse(self.says)),
            f"CREATE TRIGGER {name}_no_change BEFORE {deeds} ON {table} {each} EXECUTE FUNCTION {name}_refuse()",
        )

    def drop(self, vendor: str) -> tuple[str, ...]:
        """Return the statements that take it away again."""
        name = self.name or self.table
        if vendor == "sqlite":
            return tuple(f"DROP TRIGGER IF EXISTS {name}_no_{deed}" for deed in ("update", "delete"))
        return (
            f"DROP TRIGGER IF EXISTS {name}_no_change ON {self.table}",
            f"DROP FUNCTION IF EXISTS {name}_refuse",
        )


def pl_function(name: str, body: str) -> str:
    """Return the statement that makes a trigger function of PostgreSQL."""
    return f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body} END $$"


def pl_refuse(words: str) -> str:
    """Return the PL/pgSQL statement that refuses with these words."""
    return f"RAISE EXCEPTION '{words}' USING ERRCODE = 'integrity_constraint_violation';"


def operation(*rules: Rule) -> migrations.RunPython:
    """Return the step of a migration that puts rules in place, and takes them away when it is undone."""

    def run(statements: Callable[[Rule, str], tuple[str, ...]]) -> Callable[[Any, Any], None]:
        def step(_apps: Any, editor: Any) -> None:
            for rule in rules:
                for statement in statements(rule, editor.connection.vendor):
                    editor.execute(statement)

        return step

    return migrations.RunPython(run(lambda rule, v: rule.create(v)), run(lambda rule, v: rule.drop(v)))


AUDIT = AppendOnly("parties_auditentry", "the audit log is append-only", name="audit")
