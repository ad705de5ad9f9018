"""Every rule of every room by which the database keeps what was written: SQLite and PostgreSQL really refuse.

Each database is migrated once, as in service. A row is put into every table that has a rule, then each deed is tried
on all of them and what the database answers is compared with the words of the rule.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from chanye.domains.programme.append_only import RULES as LEDGER
from chanye.domains.programme.append_only import RefusedInsert
from chanye.domains.projects.append_only import RULES as PROJECTS
from chanye.evidence.append_only import RULES as EVIDENCE
from chanye.parties.append_only import AUDIT, AppendOnly
from migrated import give_records
from postgresql import server

RULES = (AUDIT, *EVIDENCE, *LEDGER, *PROJECTS)
KEPT = [one for one in RULES if isinstance(one, AppendOnly)]
CLOSED = {one.name: one.says for one in RULES if isinstance(one, RefusedInsert)}
TABLES = [one.table for one in KEPT]

SCRIPT = """
import json, sys
import django
django.setup()
from django.apps import apps
from django.core.management import call_command
from django.db import connection, models, transaction

server = connection.vendor == "postgresql"
if server:
    for room in ("evidence", "projects", "programme"):  # the rooms with rules, and what they need: not all there is
        call_command("migrate", room, verbosity=0)
tables = json.loads(sys.argv[1])
known = {model._meta.db_table: model for model in apps.get_models()}
plain = {models.JSONField: {}, models.BooleanField: True, models.DateField: "2026-01-01", models.CharField: "x",
         models.TextField: "x", models.BinaryField: b"x", models.UUIDField: "0" * 32}

def fill(table, **given):
    values = {}
    for field in known[table]._meta.concrete_fields:
        kind = next((value for one, value in plain.items() if isinstance(field, one)), 1)
        values[field.attname] = given.get(field.attname, kind)
    return known[table].objects.bulk_create([known[table](**values)])

def free(cursor, on):  # rows stand without those they refer to: only the rules are looked at here
    cursor.execute(f"SET session_replication_role = {'replica' if on else 'origin'}" if server
                   else f"PRAGMA foreign_keys = {'OFF' if on else 'ON'}")

def answer(deed):
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            if callable(deed):
                deed()
            else:
                cursor.execute(deed)
            transaction.set_rollback(True)
    except Exception as error:
        return type(error).__name__ + ": " + str(error)
    return "done"

found = {}
with connection.cursor() as cursor:
    free(cursor, True)
    for table in tables:
        if table != "programme_journal":
            fill(table, id=1, **({"amount": 5, "line": 1} if table == "programme_posting" else {}))
    fill("programme_posting", id=2, amount=-5, line=2)
    fill("programme_journal", number=1)
    fill("programme_posting", id=3, journal_id=2, amount=5, line=1)
    fill("programme_posting", id=4, journal_id=2, amount=-4, line=2)
    free(cursor, False)
    if not server:
        cursor.execute("PRAGMA foreign_keys = OFF")
    for table in tables:
        column = connection.ops.quote_name(known[table]._meta.pk.column)
        last = connection.ops.quote_name(known[table]._meta.concrete_fields[-1].column)
        cursor.execute(f"SELECT COUNT(*) FROM {table}")
        found[table] = {
            "rows": cursor.fetchone()[0],
            "update": answer(f"UPDATE {table} SET {last} = {last} WHERE {column} = 1"),
            "delete": answer(f"DELETE FROM {table} WHERE {column} = 1"),
            **({"truncate": answer(f"TRUNCATE {table} CASCADE")} if server else {}),
        }
found["unbalanced"] = answer(lambda: fill("programme_journal", number=2, key="y", reverses_id=None))
found["without lines"] = answer(lambda: fill("programme_journal", number=3, key="z", reverses_id=None))
found["closed"] = answer(lambda: fill("programme_posting", id=5, line=3))
print(json.dumps(found))
"""


def answers(vendor: str, folder: str) -> dict[str, dict[str, str]]:
    """Return what a database of a vendor answers to each deed, by table."""
    if vendor == "sqlite":
        give_records(Path(folder))
        return _ask(folder)
    with server() as url:
        return _ask(folder, CHANYE_DATABASE=url)


def _ask(folder: str, **more: str) -> dict[str, dict[str, str]]:
    env = os.environ | {"CHANYE_DATA": folder, "DJANGO_SETTINGS_MODULE": "chanye.web.settings"} | more
    env["PYTHONPATH"] = os.pathsep.join(one for one in sys.path if one)
    asked = [sys.executable, "-c", SCRIPT, json.dumps(TABLES)]
    done = subprocess.run(asked, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return dict(json.loads(done.stdout))


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def told(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, dict]:
    return request.param, answers(request.param, str(tmp_path_factory.mktemp("records")))


pytestmark = pytest.mark.slow


@pytest.mark.parametrize("rule", KEPT, ids=lambda one: one.table)
def test_what_is_kept_is_not_changed(told: tuple[str, dict], rule: AppendOnly) -> None:
    vendor, found = told
    said = dict(found[rule.table])
    assert said.pop("rows") >= 1
    if vendor == "postgresql":
        # a table of which only some rows are kept is emptied with those that refer to it, and these refuse
        words = said.pop("truncate")
        assert any(one.says in words for one in ([rule] if not rule.when else EVIDENCE)), words
    assert set(said) == {"update", "delete"}
    for words in said.values():
        assert rule.says in words


@pytest.mark.parametrize(
    ("deed", "rule"),
    [
        ("unbalanced", "programme_journal_balances"),
        ("without lines", "programme_journal_balances"),
        ("closed", "programme_posting_closed"),
    ],
)
def test_what_is_closed_takes_nothing_more(told: tuple[str, dict], deed: str, rule: str) -> None:
    assert CLOSED[rule] in told[1][deed]
    assert set(CLOSED) == {"programme_journal_balances", "programme_posting_closed"}
