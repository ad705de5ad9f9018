"""What the database itself keeps as it was written: a frozen plan and what was recorded of it."""

from __future__ import annotations

from chanye.parties.append_only import AppendOnly

RULES = (
    AppendOnly("evidence_plan", "a frozen plan is not changed: draft another one", when="OLD.digest <> ''"),
    *(
        AppendOnly(f"evidence_{table}", "what is recorded of a frozen plan is append-only")
        for table in ("control", "upgrade", "event", "effect", "declaration")
    ),
)
