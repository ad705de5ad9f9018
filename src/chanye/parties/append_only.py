"""The statements that make the database itself refuse to change or delete an audit row."""

from __future__ import annotations

_CREATE = {
    "sqlite": (
        (
            "CREATE TRIGGER audit_no_update BEFORE UPDATE ON parties_auditentry "
            "BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END"
        ),
        (
            "CREATE TRIGGER audit_no_delete BEFORE DELETE ON parties_auditentry "
            "BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END"
        ),
    ),
    "postgresql": (
        (
            "CREATE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'the audit log is append-only' USING ERRCODE = "
            "'integrity_constraint_violation'; END $$"
        ),
        (
            "CREATE TRIGGER audit_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON parties_auditentry "
            "FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()"
        ),
    ),
}
_DROP = {
    "sqlite": ("DROP TRIGGER IF EXISTS audit_no_update", "DROP TRIGGER IF EXISTS audit_no_delete"),
    "postgresql": (
        "DROP TRIGGER IF EXISTS audit_no_change ON parties_auditentry",
        "DROP FUNCTION IF EXISTS audit_refuse",
    ),
}


def create_statements(vendor: str) -> tuple[str, ...]:
    """Return the statements that put the refusal in place on ``sqlite`` or ``postgresql``."""
    return _CREATE[vendor]


def drop_statements(vendor: str) -> tuple[str, ...]:
    """Return the statements that take it away again."""
    return _DROP[vendor]
