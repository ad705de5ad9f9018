"""The bundle of a published ranking: a ZIP with formula, inputs, results and their hashes, checked by recomputing."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from chanye.domains.projects.rules.ranking import SCHEMA, STANDARD, body_of, canonical, digest_of, rank, read_formula
from chanye.domains.projects.types.ranking import Ranked
from chanye.kernel.errors import ConfigError

#: Largest document of a bundle. [bytes]
MOST = 64 << 20
PARTS = ("formula.json", "inputs.json", "results.json")


@dataclass(frozen=True, slots=True)
class Verified:
    """What a check of a bundle found: the ranking's name and digest, rows recomputed, and the first fault."""

    name: str
    digest: str
    rows: int
    fault: str = ""


def results_text(rows: Sequence[Ranked]) -> str:
    """Return the rows of a ranking as canonical JSON; the rank before is not part of it."""
    plain = [asdict(row) for row in rows]
    for one in plain:
        one.pop("before")
    return canonical(plain)


def ranking_digest(head: Mapping[str, Any], formula: str, inputs: str, results: str) -> str:
    """Return the digest that seals a ranking: over its head and the digests of its three documents."""
    sealed = {name: head[name] for name in ("number", "period", "as_of", "previous", "formula_version")}
    parts = {"formula": digest_of(formula), "inputs": digest_of(inputs), "results": digest_of(results)}
    return digest_of(canonical(sealed | parts))


def write_bundle(documents: Mapping[str, str]) -> bytes:
    """Return the ZIP of a ranking; the same ranking gives the same bytes.

    Parameters
    ----------
    documents
        ``formula``, ``inputs``, ``results`` and ``head``, as ``queries.ranking.documents`` returns them.
    """
    head = json.loads(documents["head"])
    files = {name: documents[name.partition(".")[0]] for name in PARTS}
    files["ranking.csv"] = _csv(json.loads(documents["results"]))
    manifest = {"ranking": head, "files": {name: digest_of(text) for name, text in files.items()}}
    files["manifest.json"] = json.dumps(manifest, indent=1, sort_keys=True, ensure_ascii=False)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), text.encode())
    return out.getvalue()


def _csv(rows: Sequence[Mapping[str, Any]]) -> str:
    names = ("group", "rank", "low", "high", "band", "peers", "code", "name", "score", "penalty")
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(names)
    for row in rows:
        writer.writerow([_plain(row[name]) for name in names])
    return out.getvalue()


def _plain(value: Any) -> Any:
    """Return a cell that a spreadsheet does not take for a formula."""
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t") else value


def verify_bundle(data: bytes, digest: str = "") -> Verified:
    """Check the hashes of a bundle and recompute its ranking.

    Parameters
    ----------
    digest
        As printed on the page of the ranking; a bundle that was rewritten as a whole has another one.

    Raises
    ------
    ConfigError
        If it is no bundle of a ranking.
    """
    files = _read(data)
    try:
        manifest = json.loads(files["manifest.json"])
        head, hashes = manifest["ranking"], manifest["files"]
        name, said = f"{head['period']} #{head['number']}", str(head["digest"])
        documents = [files[part] for part in PARTS]
        expected = ranking_digest(head, *documents)
        rows = json.loads(files["results.json"])
        broken = next((one for one, told in hashes.items() if digest_of(files.get(one, "")) != told), "")
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ConfigError("This is no bundle of a ranking: download it from the page of the ranking.") from error
    fault = ""
    if broken:
        fault = f"{broken} was changed after it was published"
    elif not set(PARTS) <= set(hashes) or expected != said:
        fault = "the digest of the ranking does not fit its documents"
    elif digest and digest != said:
        fault = "this is not the ranking with that digest"
    else:
        fault = _recomputed(documents[0], documents[1], rows)
    return Verified(name, said, len(rows), fault)


def _recomputed(formula: str, inputs: str, rows: Sequence[Mapping[str, Any]]) -> str:
    again = json.loads(results_text(rank(read_formula(formula), json.loads(inputs))))
    if len(again) != len(rows):
        return f"recomputed {len(again)} rows, {len(rows)} are published"
    for mine, theirs in zip(again, rows, strict=True):
        if mine != theirs:
            name = next((one for one in mine if mine[one] != theirs.get(one)), "?")
            return f"{mine['code']}: {name} is {theirs.get(name)}, recomputed {mine[name]}"
    return ""


def _read(data: bytes) -> dict[str, str]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            held = {one.filename: one for one in archive.infolist()}
            if sum(one.file_size for one in held.values()) > MOST or len(held) > 20:
                raise ConfigError("The bundle is larger than any ranking.")
            return {name: archive.read(one).decode() for name, one in held.items()}
    except (zipfile.BadZipFile, UnicodeDecodeError, NotImplementedError, OSError, RuntimeError, EOFError) as error:
        raise ConfigError("This is no bundle of a ranking: download it from the page of the ranking.") from error


def example_bundle() -> bytes:
    """Return the bundle of a ranking of twelve projects that do not exist, to try out how one is checked."""
    projects = [
        {
            "code": f"EXAMPLE-{i:02}", "name": f"Example {i}", "sector": "nev", "town": "",
            "codes": [f"EXAMPLE-{i:02}"],
            "total": 4_000_000_000 * i, "overdue": i % 3, "falsified": 0,
            "values": {"paid_in": [(i * 37 % 100) / 100, 0.0],
                       "physical": None if i == 5 else [(i * 53 % 100) / 100, 0.0]},
        }
        for i in range(1, 13)
    ]  # fmt: skip
    held = {"schema": SCHEMA, "period": "2026-Q1", "as_of": "2026-03-31", "projects": projects}
    head = {"number": 1, "period": "2026-Q1", "as_of": "2026-03-31", "previous": "0" * 64, "formula_version": 1}
    documents = {
        "formula": body_of(STANDARD),
        "inputs": canonical(held),
        "results": results_text(rank(STANDARD, held)),
    }
    sealed = head | {"digest": ranking_digest(head, **documents)}
    return write_bundle(documents | {"head": canonical(sealed)})
