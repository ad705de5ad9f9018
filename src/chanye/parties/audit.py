"""The audit log: one chain of rows, each sealed with the digest of the row before it.

Rules of the file: ``record`` is the only writer; it runs inside the caller's transaction, so that an action and
its row are stored together or not at all. Writers are serialised: SQLite takes its write lock at BEGIN (IMMEDIATE),
PostgreSQL holds an advisory lock until the transaction ends. The database refuses to change or delete a row
(``append_only``); ``verify_chain`` finds what was done behind its back.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass

from django.db import connection, models

from chanye.kernel.time import now_us
from chanye.parties.models import AuditEntry
from chanye.parties.prepared import Prepared
from chanye.parties.types import Viewer

#: ``previous`` of the first row.
GENESIS = "0" * 64
_LOCK = 0x6368616E7965  # "chanye"; the number only has to be the same for all writers
_SEALED = ("sequence", "at", "actor", "person_id_at", "organisation_id_at", "verb", "target", "detail", "previous")


@dataclass(frozen=True, slots=True)
class ChainReport:
    """What a check of the chain found.

    Parameters
    ----------
    rows
        Rows read up to the end or the first broken link.
    head
        Sequence and digest of the last sound row; note them down elsewhere to detect a cut-off end.
    broken_at
        Sequence of the first broken link, None if the chain is sound.
    why
        What is wrong there, empty if nothing.
    """

    rows: int
    head: tuple[int, str]
    broken_at: int | None = None
    why: str = ""

    @property
    def sound(self) -> bool:
        """Tell whether no link is broken."""
        return self.broken_at is None


_last = Prepared(lambda: AuditEntry.objects.order_by("-sequence").values_list("sequence", "digest")[:1])


def record(
    *,
    actor: Viewer,
    verb: str,
    target: str,
    detail: Mapping[str, object] | None = None,
    organisation_id: int | None = None,
) -> int:
    """Append one row to the chain and return its sequence.

    Parameters
    ----------
    actor
        Who did it.
    verb
        The action's name, e.g. ``create_person``.
    target
        The thing, as ``kind:id``, e.g. ``person:12``.
    detail
        What else matters, as plain data; never a secret.
    organisation_id
        The tenant concerned; the actor's own if not given.

    Raises
    ------
    RuntimeError
        Outside a transaction: the row would not be tied to the action.
    """
    if not connection.in_atomic_block:
        msg = "audit.record must be called inside the action's transaction"
        raise RuntimeError(msg)
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
    last = _last.one()
    entry = AuditEntry(
        sequence=last[0] + 1 if last else 1,
        at=now_us(),
        actor=_clean(actor.name or f"person:{actor.person_id}"),
        person_id_at=actor.person_id,
        organisation_id_at=actor.organisation_id if organisation_id is None else organisation_id,
        verb=verb,
        target=_clean(target),
        detail=json.dumps(detail or {}, sort_keys=True, separators=(",", ":"), default=str),
        previous=last[1] if last else GENESIS,
    )
    entry.digest = seal(entry)
    entry.save(force_insert=True)
    return int(entry.sequence)


def seal(entry: AuditEntry) -> str:
    """Return SHA-256 over the canonical JSON of a row, the digest of the row before it included."""
    row = {name: getattr(entry, name) for name in _SEALED}
    text = json.dumps(row, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def verify_chain(expected_head: tuple[int, str] | None = None) -> ChainReport:
    """Read the whole chain and name the first broken link.

    A changed, deleted, inserted or reordered row breaks the chain. Rows cut off at its end leave a sound, shorter
    chain: give the ``head`` of an earlier report as ``expected_head`` to detect that too.
    """
    sequence, digest = 0, GENESIS
    rows: models.QuerySet[AuditEntry] = AuditEntry.objects.order_by("sequence")
    for entry in rows.iterator(chunk_size=2000):
        why = _fault(entry, sequence + 1, digest)
        if why:
            return ChainReport(sequence, (sequence, digest), sequence + 1, why)
        sequence, digest = entry.sequence, entry.digest
        if expected_head and expected_head[0] == sequence and expected_head[1] != digest:
            return ChainReport(sequence, (sequence, digest), sequence, "the row is not the one noted down earlier")
    if expected_head and expected_head[0] > sequence:
        why = f"the chain ends at {sequence}, but row {expected_head[0]} was noted down earlier"
        return ChainReport(sequence, (sequence, digest), sequence + 1, why)
    return ChainReport(sequence, (sequence, digest))


def _fault(entry: AuditEntry, sequence: int, previous: str) -> str:
    if entry.sequence != sequence:
        return f"row {sequence} is missing; the next one is {entry.sequence}"
    if entry.previous != previous:
        return f"row {sequence} does not follow from row {sequence - 1}"
    if entry.digest != seal(entry):
        return f"row {sequence} was changed after it was written"
    return ""


def _clean(text: str) -> str:
    """Replace what a database cannot store: NUL and halves of surrogate pairs."""
    return text.replace("\x00", "\N{REPLACEMENT CHARACTER}").encode("utf-8", "replace").decode()
