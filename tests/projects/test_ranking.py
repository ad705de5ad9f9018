"""The ranking: recomputable, tamper-evident, honest about what cannot be told apart."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import zipfile
from dataclasses import replace
from datetime import date
from pathlib import Path
from statistics import NormalDist

import numpy as np
import pytest
from django.db import DatabaseError, transaction

from chanye.cli.verify import run_bundle
from chanye.domains.projects.actions import pipeline, ranking
from chanye.domains.projects.models import Formula, Project, Ranking
from chanye.domains.projects.queries import ranking as queries
from chanye.domains.projects.rules.bundle import example_bundle, results_text, verify_bundle, write_bundle
from chanye.domains.projects.rules.ranking import SCHEMA, STANDARD, rank, read_formula
from chanye.domains.projects.types.pipeline import ProjectDraft
from chanye.domains.projects.types.ranking import RankingFormula
from chanye.kernel.errors import ConfigError, DeniedError
from chanye.parties import actions as parties
from chanye.parties.types import PUBLIC, SYSTEM, Viewer
from subprocess_environment import environment

DAY = date(2026, 9, 30)


def entry(code: str, paid: float | None, built: float | None = None, **more) -> dict:
    values = {"paid_in": None if paid is None else [paid, 0.0]}
    if built is not None:
        values["physical"] = [built, 0.0]
    plain = {"code": code, "name": code, "sector": "nev", "town": "t", "total": 10**9, "codes": [code],
             "values": values, "overdue": 0, "falsified": 0}  # fmt: skip
    return plain | more


def document(*projects: dict) -> dict:
    return {"schema": SCHEMA, "period": "2026-Q3", "as_of": "2026-09-30", "projects": list(projects)}


def test_ranks_by_hand() -> None:
    formula = RankingFormula({"paid_in": 0.5, "physical": 0.25}, errors={}, spread=0.0, limits=(10**10,))
    rows = rank(formula, document(
        entry("a", 0.9, 0.6), entry("b", 0.8), entry("c", 0.9, 0.6, overdue=3), entry("big", 0.1, total=10**11),
        entry("d", None),
    ))  # fmt: skip
    found = {row.code: (row.group, row.rank, round(row.score, 6)) for row in rows}
    # 100 (2/3 0.9 + 1/3 0.6) = 80; b by what is due for it alone; c three overdue at 2 points; d not known: 0.25.
    assert found == {
        "a": ("size-0", 1, 80.0), "b": ("size-0", 1, 80.0), "c": ("size-0", 3, 74.0), "d": ("size-0", 4, 25.0),
        "big": ("size-1", 1, 10.0),
    }  # fmt: skip
    unknown = next(row for row in rows if row.code == "d")
    assert (unknown.unknown, unknown.values["paid_in"], unknown.high) == (("paid_in",), None, 4)
    assert unknown.low == 1  # it may be anything
    assert {row.code: row.lists.get("physical") for row in rows}["a"] == 1


def test_what_noise_hides_is_not_told_apart() -> None:
    formula = replace(STANDARD, weights={"paid_in": 1.0}, errors={"paid_in": 0.05}, limits=(), spread=0.0)
    rows = rank(formula, document(entry("a", 0.60), entry("b", 0.59), entry("c", 0.30)))
    assert [row.band for row in rows] == [1, 1, 2]
    assert [(row.low, row.high) for row in rows] == [(1, 2), (1, 2), (3, 3)]
    # Oracle: how often a beats b is Phi(0.01 / (0.05 sqrt 2)) = 0.556; the tie line lies on either side of it.
    beats = NormalDist().cdf(0.01 / (0.05 * 2**0.5))
    sharp = rank(replace(formula, tie=beats - 0.05), document(entry("a", 0.60), entry("b", 0.59)))
    blunt = rank(replace(formula, tie=beats + 0.05), document(entry("a", 0.60), entry("b", 0.59)))
    assert ([row.band for row in sharp], [row.band for row in blunt]) == ([1, 2], [1, 1])


def test_the_same_seed_gives_the_same_and_order_does_not_matter() -> None:
    random = np.random.default_rng(3)
    entries = [entry(f"p{i:03}", round(float(random.random()), 6), round(float(random.random()), 6))
               for i in range(80)]  # fmt: skip
    one = results_text(rank(STANDARD, document(*entries)))
    assert one == results_text(rank(STANDARD, document(*reversed(entries))))
    assert one != results_text(rank(replace(STANDARD, seed=1), document(*entries)))
    rows = rank(STANDARD, document(*entries))
    assert all(row.low <= row.rank <= row.high for row in rows)
    assert sorted(row.rank for row in rows) == [row.rank for row in rows]


def test_what_must_not_be_ranked_by_is_refused() -> None:
    for body in ('{"weights": {"signed": 1}}', '{"weights": {}}', "[]", '{"weights": {"paid_in": NaN}}', "{",
                 '{"weights": {"paid_in": 1}, "draws": 10}', '{"weights": {"paid_in": 1}, "x": 1}',
                 '{"weights": {"paid_in": 1}, "seed": "a"}'):  # fmt: skip
        with pytest.raises(ConfigError):
            read_formula(body)
    with pytest.raises(ConfigError):  # a part beside its whole
        rank(STANDARD, document(entry("a", 0.5, codes=["a", "b"]), entry("b", 0.5)))
    for broken in ({}, {"schema": SCHEMA, "projects": [{}]}, document(entry("a", 2.0)), document({"code": 1})):
        with pytest.raises(ConfigError):
            rank(STANDARD, broken)


@pytest.fixture
def office(db) -> Viewer:
    number = parties.create_organisation(actor=SYSTEM, code="office", name="District office", kind="district")
    return Viewer(101, number, frozenset({"officer"}), name="officer", kind="district")


def project(office: Viewer, code: str, paid: int, **more) -> int:
    draft = ProjectDraft(code, f"Project {code}", **({"planned_total": 1_000_000} | more))
    number = pipeline.save_project(actor=office, organisation_id=office.organisation_id, draft=draft)
    pipeline.record_stage(
        actor=office,
        project_id=number,
        stage="signed",
        on=date(2026, 1, 5),
        amount=9 * 10**9,
        evidence="c",
        today=DAY,
    )
    if paid:
        pipeline.record_payment(
            actor=office, project_id=number, key="k", kind="in", on=DAY, amount=paid, evidence="s", today=DAY
        )
    return number


def publish(office: Viewer, formula: RankingFormula = STANDARD, **more) -> int:
    values = {"organisation_id": office.organisation_id, "formula": formula, "period": "2026-Q3", "as_of": DAY} | more
    return ranking.publish_ranking(actor=office, **values)


def test_a_split_project_does_not_score_twice(office: Viewer) -> None:
    project(office, "W", 800_000, planned_total=900_000)
    project(office, "W-2", 0, planned_total=100_000, part_of="W")
    project(office, "X", 500_000)
    found = queries.inputs(office, as_of=DAY, period="2026-Q3")["projects"]
    assert [(one["code"], one["codes"], one["total"]) for one in found] == [
        ("W", ["W", "W-2"], 1_000_000), ("X", ["X"], 1_000_000),
    ]  # fmt: skip
    assert found[0]["values"]["paid_in"] == [0.8, 0.0]  # of both plans together; what was signed plays no part


def test_what_is_published_stays_and_is_recomputed_by_anyone(office: Viewer, tmp_path: Path) -> None:
    for code, paid in (("A", 900_000), ("B", 880_000), ("C", 100_000)):
        project(office, code, paid)
    first = publish(office)
    assert queries.table(office).ref.formula_version == 1
    bundle = write_bundle(queries.documents(office, first))
    assert bundle == write_bundle(queries.documents(office, first))
    checked = verify_bundle(bundle, Ranking.objects.get().digest)
    assert (checked.fault, checked.rows) == ("", 3)
    assert "digest" in verify_bundle(bundle, "0" * 64).fault

    file = tmp_path / "ranking.zip"
    file.write_bytes(bundle)
    script = Path(__file__).parents[2] / "examples" / "recompute_ranking.py"
    told = subprocess.run([sys.executable, script, file], capture_output=True, text=True, check=False)
    assert (told.returncode, "3 projects" in told.stdout) == (0, True), told

    # The database refuses to change it, and a changed bundle is found, whatever is changed in it.
    for table in (Ranking, Formula):
        for act in (lambda rows: rows.update(note="x"), lambda rows: rows.delete()):
            with pytest.raises(DatabaseError), transaction.atomic():
                act(table.objects.all())
    for name in ("formula.json", "inputs.json", "results.json", "ranking.csv", "manifest.json"):
        assert verify_bundle(changed(bundle, name)).fault, name
    cheat = changed(bundle, "results.json", honest_hashes=True)
    assert "C: " in verify_bundle(cheat).fault or "digest" in verify_bundle(cheat).fault
    for junk in (b"", b"PK", zip_of({"manifest.json": "{}"}), zip_of({"manifest.json": "[1]"})):
        with pytest.raises(ConfigError):
            verify_bundle(junk)

    # Other weights: another version, with its reason, beside the first.
    other = replace(STANDARD, weights={"paid_in": 1.0, "physical": 0.0, "effective": 0.0})
    with pytest.raises(ConfigError):
        publish(office, other)
    Project.objects.filter(code="C").update(paid_in=990_000)
    publish(office, other, note="capital first")
    again = queries.table(office)
    assert again.ref.formula_version == 2
    assert [change[0] for change in again.changed] == ["weights"]
    assert again.ref.previous == Ranking.objects.get(pk=first).digest
    assert [(row.code, row.rank, row.before) for row in again.groups["size-0"]] == [
        ("C", 1, 3), ("A", 2, 1), ("B", 3, 2),
    ]  # fmt: skip
    assert queries.table(office, first).groups["size-0"][0].code == "A"
    assert [(ref.number, row.rank) for ref, row in queries.places(office, "A")] == [(2, 2), (1, 1)]


def test_the_command_verifies_a_bundle_without_a_database(tmp_path: Path) -> None:
    (tmp_path / "b.zip").write_bytes(changed(example_bundle(), "results.json"))
    command = [sys.executable, "-m", "chanye", "verify", "ranking", tmp_path / "b.zip"]
    done = subprocess.run(command, capture_output=True, text=True, env=environment(tmp_path / "var"), check=False)
    assert (done.returncode, "results.json was changed" in done.stdout) == (1, True), done
    assert run_bundle("ranking", tmp_path / "b.zip") == 1
    (tmp_path / "b.zip").write_bytes(example_bundle())
    assert run_bundle("ranking", tmp_path / "b.zip") == 0


def changed(bundle: bytes, name: str, *, honest_hashes: bool = False) -> bytes:
    from chanye.domains.projects.rules.ranking import digest_of

    files = {
        one: zipfile.ZipFile(io.BytesIO(bundle)).read(one).decode()
        for one in zipfile.ZipFile(io.BytesIO(bundle)).namelist()
    }
    files[name] = files[name].replace("3", "4") if "3" in files[name] else files[name] + " "
    if honest_hashes:
        manifest = json.loads(files["manifest.json"])
        manifest["files"] = {one: digest_of(text) for one, text in files.items() if one != "manifest.json"}
        files["manifest.json"] = json.dumps(manifest)
    return zip_of(files)


def zip_of(files: dict[str, str]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for one, text in files.items():
            archive.writestr(one, text)
    return out.getvalue()


def test_only_the_office_publishes(office: Viewer) -> None:
    project(office, "A", 1)
    for viewer in (replace(office, roles=frozenset({"auditor"})), replace(office, kind="firm")):
        with pytest.raises(DeniedError):
            publish(viewer)
    with pytest.raises(ConfigError):
        publish(office, period="Q3")
    firm = parties.create_organisation(actor=SYSTEM, code="f", name="f")
    with pytest.raises(DeniedError):
        queries.table(Viewer(5, firm, frozenset({"manager"}), name="m"))
    publish(office)
    assert queries.public_table(PUBLIC, office.organisation_id).ref.number == 1
