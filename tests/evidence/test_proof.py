"""Hashes hold through verify, backup and restore; what was done behind the back of the product is found."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from django.db import connection

from chanye.cli.verify import check_evidence, run_bundle
from chanye.evidence import actions, append_only, bundle, queries
from chanye.kernel.errors import ConfigError
from chanye.kernel.settings import get_settings
from evidence_kit import Firm, day, energy_plan


@pytest.fixture
def measured(firm: Firm):
    firm.run(days=400, effect=0.12)
    plan_id = actions.draft_plan(
        actor=firm.viewer, organisation_id=firm.id, asset_id=firm.site.id, draft=energy_plan()
    )
    actions.freeze_plan(actor=firm.viewer, plan_id=plan_id, now=day(305))
    actions.record_upgrade(actor=firm.viewer, plan_id=plan_id, began=day(310), finished=day(330))
    return actions.measure_effect(actor=firm.viewer, plan_id=plan_id, start=day(330), end=day(400))


def _faults() -> list[tuple[str, str]]:
    return [(one.checked, one.fault) for one in check_evidence(get_settings().files_folder)[1:]]


def test_verify_names_what_was_changed_behind_the_triggers(measured):
    assert _faults() == []
    with connection.cursor() as cursor:
        for statement in (each for rule in append_only.RULES for each in rule.drop(connection.vendor)):
            cursor.execute(statement)
        for table, column, value in (
            ("plan", "claim", "0.01"),
            ("plan", "content", "'{}'"),
            ("effect", "estimate", "0.5"),
            ("effect", "inputs_digest", "'00'"),
        ):
            was = _one(cursor, f"SELECT {column} FROM evidence_{table}")
            cursor.execute(f"UPDATE evidence_{table} SET {column} = {value}")
            ((what, why),) = _faults()
            assert table in what
            assert why
            cursor.execute(f"UPDATE evidence_{table} SET {column} = %s", [was])
    assert _faults() == []
    settings = get_settings()
    path = settings.files_folder / measured.bundle_digest[:2] / measured.bundle_digest[2:]
    path.write_bytes(path.read_bytes()[:-1])
    ((what, why),) = _faults()
    assert (what, why) == (f"effect {measured.id}", "its bundle has changed")


def _one(cursor, statement: str):
    cursor.execute(statement)
    return cursor.fetchone()[0]


def test_an_outsider_recomputes_a_bundle(measured, firm, tmp_path: Path, capsys):
    file = tmp_path / "bundle.zip"
    file.write_bytes(queries.bundle(firm.viewer, measured.id).data)
    assert run_bundle("evidence", file) == 0
    same, digest = capsys.readouterr().out.splitlines()
    assert same == "same"
    assert measured.bundle_digest in digest
    said = json.dumps(queries.result(firm.viewer, measured.id))
    assert firm.code not in said
    file.write_bytes(b"PK nonsense")
    assert run_bundle("evidence", file) == 1
    for kind, path in (("luck", file), ("evidence", None), ("evidence", tmp_path / "none.zip")):
        with pytest.raises(ConfigError):
            run_bundle(kind, path)


def test_a_bundle_is_checked_without_django_or_a_database():
    script = "import sys; from chanye.cli.verify import run_bundle; from pathlib import Path; "
    script += "run_bundle('evidence', Path(sys.argv[1])); print('django' in sys.modules, 'sqlite3' in sys.modules)"
    example = Path(__file__).parents[2] / "examples" / "effect_bundle.zip"
    done = subprocess.run([sys.executable, "-c", script, str(example)], capture_output=True, text=True, timeout=60)
    said = done.stdout.splitlines()
    assert (said[0], said[-1]) == ("same", "False False"), done.stderr


def test_a_counter_that_is_silent_over_a_weekend_is_known_and_over_weeks_is_not(firm):
    amounts = np.full(60, 10.0)
    amounts[[5, 6, 30, 31, 32, 33, 34]] = 0.0
    (ref,) = [firm.counter("part_count", amounts, unheard=(5, 7))]
    assert ref
    from chanye.domains.factory import evidence_measures  # noqa: F401 - declares them
    from chanye.evidence.measures import get

    found = get("factory.output").read(firm.viewer, firm.site.id, day(0), day(60), None)
    assert found.value[[4, 5, 6, 7]].tolist() == [10.0, 0.0, 0.0, 10.0]
    assert found.coverage[1:].min() == 1.0
    assert found.day[0] == day(0)


def test_a_bundle_that_somebody_made_up_is_refused_in_words():
    data = (Path(__file__).parents[2] / "examples" / "effect_bundle.zip").read_bytes()
    held = bundle.unpack(data)

    def forged(**texts: object) -> str:
        members = held | {f"{name}.json": bundle.canonical(value).encode() for name, value in texts.items()}
        manifest = json.loads(held[bundle.MANIFEST]) | {"plan_digest": bundle.digest_of(members["plan.json"])}
        sealed = [members[name] for name in bundle.MEMBERS]
        sums = [{"sha256": bundle.digest_of(one), "size": len(one)} for one in sealed]
        listed = dict(zip(bundle.MEMBERS, sums, strict=True))
        members[bundle.MANIFEST] = bundle.canonical(manifest | {"members": listed}).encode()
        return bundle.check(bundle._pack(members))

    plan, since, result = (json.loads(held[f"{name}.json"]) for name in ("plan", "method", "result"))
    assert forged() == ""
    assert "another plan" in forged(plan=plan | {"claim": 0.05})
    sealed = since | {"plan_digest": bundle.digest_of(bundle.canonical(plan | {"claim": 0.5}))}
    assert "verdict" in forged(plan=plan | {"claim": 0.5}, method=sealed)
    assert "estimate" in forged(result=result | {"estimate": 0.3})
    assert "adjusted" in forged(method=since | {"events": []})
    for nonsense in ({"method": []}, {"plan": {}}, {"method": since | {"start": "x"}}, {"result": 5}):
        assert forged(**nonsense)
