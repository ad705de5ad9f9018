"""``chanye verify``: prove that the audit chain is whole and everything stored is still what was stored."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from chanye.kernel.errors import ConfigError

#: Kind of a file that anybody can recompute -> ``module:function`` from its bytes to the first difference, or "".
BUNDLES = {
    "evidence": "chanye.evidence.bundle:check",
    "ranking": "chanye.domains.projects.bundle:difference",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the table: what was checked, how much of it, and the first fault (empty: sound)."""

    what: str
    checked: str
    fault: str = ""


def check_audit(expected_head: tuple[int, str] | None = None) -> Finding:
    """Check the audit chain; needs Django."""
    from chanye.parties.audit import verify_chain

    report = verify_chain(expected_head)
    head = f"{report.rows} rows, head {report.head[0]}:{report.head[1]}"
    return Finding("audit chain", head, report.why)


def check_ledger() -> Finding:
    """Check that every journal of the fund balances and is as it was written; needs Django."""
    from chanye.domains.programme.queries.ledger import verify_ledger
    from chanye.parties.types import SYSTEM

    report = verify_ledger(SYSTEM)
    fault = f"journal {report.broken_at}: {report.why}" if report.broken_at is not None else ""
    return Finding("ledger", f"{report.journals} journals, head {report.head[0]}:{report.head[1]}", fault)


def check_history(folder: Path) -> list[Finding]:
    """Check every record and part of the history; one line in sum, one for each damaged file."""
    from chanye.spine.history import verify

    if not folder.exists():
        return [Finding("history", "nothing stored yet")]
    report = verify(folder)
    done = f"{report.parts} parts, {report.log_records} log records, {report.rows_stored} samples stored"
    faults = [Finding("history", _place(problem), str(problem.what)) for problem in report.problems]
    return [Finding("history", done, f"{len(faults)} problems" if faults else ""), *faults]


def check_files(folder: Path) -> list[Finding]:
    """Read every stored file again; one line in sum, one for each that is not what was stored. Needs Django."""
    from chanye.parties.types import SYSTEM
    from chanye.spine import files, queries

    rows = {ref.sha256: ref for ref in queries.stored_files(SYSTEM)}
    faults = [
        Finding("files", f"file {ref.id} {ref.name}: {files.place(folder, ref.sha256)}", why)
        for ref in rows.values()
        if (why := files.fault(folder, ref.sha256, ref.size))
    ]
    loose = sum(one not in rows for one in files.digests(folder))
    done = f"{len(rows)} files, {sum(ref.size for ref in rows.values())} bytes; {loose} not referred to"
    return [Finding("files", done, f"{len(faults)} problems" if faults else ""), *faults]


def check_evidence(folder: Path) -> list[Finding]:
    """Seal every frozen plan again and read every kept bundle; ``folder`` is that of stored files. Needs Django."""
    from chanye.evidence.proof import prove

    proof = prove(folder)
    faults = [Finding("evidence", what, why) for what, why in proof.faults]
    done = f"{proof.plans} frozen plans, {proof.effects} effects"
    return [Finding("evidence", done, f"{len(faults)} problems" if faults else ""), *faults]


def run_bundle(kind: str, file: Path | None) -> int:
    """Recompute one file that was handed out, without a database; print "same" or the first difference.

    Raises
    ------
    ConfigError
        If there is no such kind of file, or it cannot be read.
    """
    if kind not in BUNDLES or file is None:
        known = ", ".join(f"chanye verify {one} FILE" for one in BUNDLES)
        raise ConfigError(f"Say what to verify and the file: {known}; nothing at all verifies this installation.")
    module, _colon, name = BUNDLES[kind].partition(":")
    try:
        data = file.read_bytes()
    except OSError as error:
        raise ConfigError(f"{file} cannot be read: {error.strerror}.") from error
    difference = getattr(import_module(module), name)(data)
    print(difference or "same")
    print(f"SHA-256 {hashlib.sha256(data).hexdigest()}: hold it against what was published")
    return 1 if difference else 0


def _place(problem: object) -> str:
    return " ".join(str(getattr(problem, name)) for name in ("file", "offset") if getattr(problem, name, -1) != -1)


def parse_head(text: str) -> tuple[int, str] | None:
    """Return ``SEQUENCE:DIGEST`` as a pair, None for nothing.

    Raises
    ------
    ConfigError
        If it is not of that form.
    """
    if not text:
        return None
    number, _colon, digest = text.partition(":")
    if not (number.isascii() and number.isdigit() and len(digest) == 64):
        raise ConfigError(f"{text[:40]!r} is not SEQUENCE:DIGEST: copy the head that an earlier verify printed.")
    return int(number), digest


def run(folder: Path, head: str = "", *, files: Path | None = None) -> int:
    """Print what was found; return 0 if all is sound, else 1."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    findings = [
        check_audit(parse_head(head)),
        check_ledger(),
        *check_history(folder),
        *([*check_files(files), *check_evidence(files)] if files else []),
    ]
    table = Table("", "what", "checked", "fault", show_edge=False)
    for one in findings:
        table.add_row("FAULT" if one.fault else "ok", one.what, escape(one.checked), escape(one.fault))
    # Wide enough that a digest is never cut when the answer goes into a file.
    Console(width=None if Console().is_terminal else 240).print(table)
    first = next((one for one in findings if one.fault), None)
    if first:
        print(f"first fault: {first.what}: {first.checked}: {first.fault}")
    return 1 if first else 0
