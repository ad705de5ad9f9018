"""A frozen plan on SQLite and PostgreSQL, over a backup: the database refuses, and every hash stays valid."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from migrated import give_records

SCRIPT = """
import sys
from pathlib import Path
import django
django.setup()
from django.core.management import call_command
from django.db import Error, connection, transaction
if connection.vendor == "postgresql":
    call_command("migrate", "evidence", verbosity=0)
from chanye.cli.backup import backup
from chanye.cli.verify import check_evidence
from chanye.evidence import actions, queries
from chanye.kernel.settings import get_settings
from chanye.spine.history import History
from evidence_kit import Firm, day, energy_plan

with History(get_settings().history_folder) as history:
    firm = Firm(history, "acme")
    firm.run(days=400, effect=0.12)
    made = {"actor": firm.viewer, "organisation_id": firm.id, "asset_id": firm.site.id}
    plan = actions.draft_plan(**made, draft=energy_plan(title="空压机"))
    draft = actions.draft_plan(**made, draft=energy_plan())
    actions.freeze_plan(actor=firm.viewer, plan_id=plan, now=day(305))
    actions.record_upgrade(actor=firm.viewer, plan_id=plan, began=day(310), finished=day(330))
    effect = actions.measure_effect(actor=firm.viewer, plan_id=plan, start=day(330), end=day(400))
    again = actions.measure_effect(actor=firm.viewer, plan_id=plan, start=day(330), end=day(400),
                                   known_at=effect.known_at)
print(effect.verdict, again == effect)
refused = 0
statements = [f"UPDATE evidence_plan SET {c} = {c} WHERE id = {plan}" for c in ("claim", "content", "digest")]
statements += [f"DELETE FROM evidence_plan WHERE id = {plan}"]
for table in ("upgrade", "effect"):
    statements += [f"DELETE FROM evidence_{table}", f"UPDATE evidence_{table} SET plan_id = plan_id"]
for statement in statements:
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    except Error as error:
        refused += "frozen plan" in str(error)
print("refused", refused, "of", len(statements))
actions.change_plan(actor=firm.viewer, plan_id=draft, draft=energy_plan(claim=0.2))
faults = [one.fault for one in check_evidence(get_settings().files_folder)]
print(faults, queries.plan(firm.viewer, draft).draft.claim)
for copy in sys.argv[1:]:
    list(backup(get_settings(), Path(copy)))
"""


def _run(script: str, env: dict[str, str], *arguments: str) -> list[str]:
    command = [sys.executable, *(["-c", script] if script else []), *arguments]
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-3000:]
    return done.stdout.splitlines()


def _environment(data: Path, **more: str) -> dict[str, str]:
    here = str(Path(__file__).parents[1])
    python = os.pathsep.join([here, *(p for p in sys.path if p)])
    settings = {"CHANYE_DATA": str(data), "PYTHONPATH": python, "DJANGO_SETTINGS_MODULE": "chanye.web.settings"}
    return os.environ | settings | more


SAID = ["confirmed True", "refused 8 of 8", "[''] 0.2"]


@pytest.mark.slow
def test_a_frozen_plan_on_postgresql(postgresql_url: str, tmp_path: Path) -> None:
    assert _run(SCRIPT, _environment(tmp_path, CHANYE_DATABASE=postgresql_url)) == SAID


def test_hashes_hold_over_a_backup(tmp_path: Path) -> None:
    data, copy = tmp_path / "data", tmp_path / "copy"
    give_records(data)
    assert _run(SCRIPT, _environment(data), str(copy)) == SAID
    verified = "\n".join(_run("", _environment(copy), "-m", "chanye", "verify"))
    assert "1 frozen plans, 1 effects" in verified
    assert "FAULT" not in verified
