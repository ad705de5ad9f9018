"""The audit chain on PostgreSQL: the refusal, and one chain under many writers at once."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = """
import threading
import django
django.setup()
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction
call_command("migrate", verbosity=0)
from chanye.parties.append_only import AUDIT
from chanye.parties.audit import record, verify_chain
from chanye.parties.types import SYSTEM

def write():
    try:
        for i in range(25):
            with transaction.atomic():
                record(actor=SYSTEM, verb="try", target=f"thing:{i}", detail={"x": [1e20, 1.0, "张"]})
    finally:
        connection.close()

threads = [threading.Thread(target=write) for _ in range(4)]
[t.start() for t in threads]
[t.join() for t in threads]
print("rows", verify_chain().rows, verify_chain().sound)
for statement in ("UPDATE parties_auditentry SET verb = 'x'", "DELETE FROM parties_auditentry",
                  "TRUNCATE parties_auditentry"):
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
        print("accepted", statement)
    except DatabaseError as error:
        print("refused", "append-only" in str(error))
with connection.cursor() as cursor:
    for statement in AUDIT.drop("postgresql"):
        cursor.execute(statement)
    cursor.execute("UPDATE parties_auditentry SET target = 'y' WHERE sequence = 42")
print("broken", verify_chain().broken_at)
"""


@pytest.mark.slow
def test_the_chain_on_postgresql(postgresql_url: str, tmp_path: Path) -> None:
    env = os.environ | {
        "CHANYE_DATABASE": postgresql_url,
        "CHANYE_DATA": str(tmp_path),
        "DJANGO_SETTINGS_MODULE": "chanye.web.settings",
    }
    done = subprocess.run([sys.executable, "-c", SCRIPT], env=env, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.splitlines() == ["rows 100 True", "refused True", "refused True", "refused True", "broken 42"]
