"""The inbox: what terminals, scanners and other systems send, booked once each, whatever the network does.

An entry carries a key of the sender's choice and the time it happened. It is stored whatever becomes of it: booked,
or refused with what to do next; a refused one waits for the line leader, who books it anew or discards it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from chanye.domains.factory.actions.inbox_kinds import KINDS, Entry
from chanye.domains.factory.models import InboxEntry
from chanye.kernel.errors import ConfigError, DeniedError
from chanye.kernel.time import DAY, now_us
from chanye.parties import queries as parties
from chanye.parties.audit import record
from chanye.parties.prepared import Prepared
from chanye.parties.rules import require
from chanye.parties.types import Viewer
from chanye.spine import queries as spine

#: How far a sender's clock may be ahead, and how late an entry may come. [us]
AHEAD, LATEST = 120_000_000, 31 * DAY
MOST_ENTRIES = 500
LONGEST_BODY = 20_000
DEEPEST = 12


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an entry: ``booked``, ``already`` or ``refused``; ``target`` names what was made."""

    key: str
    outcome: str
    why: str = ""
    target: str = ""


_by_key = Prepared(lambda organisation, key: InboxEntry.objects.filter(organisation_id=organisation, key=key))


def receive_entries(
    *,
    actor: Viewer,
    organisation_id: int,
    terminal: str,
    entries: Sequence[Mapping[str, Any]],
    now: int | None = None,
) -> list[Outcome]:
    """Book entries in the order given, each in a transaction of its own; return what became of each.

    Parameters
    ----------
    entries
        Each with ``key``, ``kind``, ``event_at`` [us UTC], ``place`` (code or number of an asset), optional
        ``person`` (badge), and the members of its kind.
    now
        us UTC; the present if not given.

    Raises
    ------
    ConfigError
        If there are too many at once.
    DeniedError
        If the actor may not report there.
    """
    require(actor, "report_output", organisation_id)
    if len(entries) > MOST_ENTRIES:
        raise ConfigError(_("Send at most %(most)s entries at once.") % {"most": MOST_ENTRIES})
    at = now_us() if now is None else now
    return [_receive(actor, organisation_id, terminal, raw, at) for raw in entries]


def _receive(actor: Viewer, organisation_id: int, terminal: str, raw: Mapping[str, Any], now: int) -> Outcome:
    key, kind = raw.get("key"), raw.get("kind")
    if not isinstance(key, str) or not 0 < len(key) <= 64 or "\x00" in key:
        return Outcome(str(key)[:64], "refused", _("Each entry needs a key of 1 to 64 characters."))
    try:
        text = "\\u0000" if _deeper(raw, DEEPEST) else json.dumps(raw, sort_keys=True, allow_nan=False)
    except ValueError:
        return Outcome(key, "refused", _("A number in it is none: NaN and infinity cannot be booked."))
    if len(text) > LONGEST_BODY or "\\u0000" in text:
        return Outcome(key, "refused", _("The entry is too long, or holds characters that cannot be stored."))
    digest = hashlib.sha256(text.encode()).hexdigest()
    row = InboxEntry(
        organisation_id=organisation_id,
        key=key,
        digest=digest,
        kind=str(kind)[:32],
        terminal=terminal[:64],
        body=dict(raw),
        event_at=_moment(raw, now),
        received_at=now,
        outcome="booked",
    )
    try:
        with transaction.atomic():
            known = _by_key.one(organisation=organisation_id, key=key)
            return _again(known, digest) if known else _book(actor, row)
    except IntegrityError:  # the same key came in by another door at the same moment
        known = InboxEntry.objects.filter(organisation_id=organisation_id, key=key).first()
        if known is None:
            raise
        return _again(known, digest)


def _deeper(value: object, levels: int) -> bool:
    """Tell whether lists and objects lie in each other deeper than anything that is reported."""
    inner = list(value.values()) if isinstance(value, Mapping) else value if isinstance(value, list) else []
    return bool(inner) and (levels == 0 or any(_deeper(one, levels - 1) for one in inner))


def _again(known: InboxEntry, digest: str) -> Outcome:
    if known.digest != digest:
        return Outcome(known.key, "refused", _("This key was used for something else: use a new key for each entry."))
    if known.outcome == "refused":
        return Outcome(known.key, "refused", known.why)
    return Outcome(known.key, "already", known.why, known.target)


def _book(actor: Viewer, row: InboxEntry) -> Outcome:
    """Book a new entry and store it; a refusal undoes the booking, never the entry."""
    try:
        with transaction.atomic():
            row.target = _handle(actor, row)
    except (ConfigError, DeniedError) as problem:
        row.outcome, row.why = "refused", str(problem)
    row.save(force_insert=True)
    return Outcome(row.key, row.outcome, row.why, row.target)


def _handle(actor: Viewer, row: InboxEntry) -> str:
    handler = KINDS.get(row.kind)
    if handler is None:
        raise ConfigError(_("There is no kind %(kind)s of entry.") % {"kind": row.kind})
    raw = row.body
    if not isinstance(raw.get("event_at"), int) or isinstance(raw.get("event_at"), bool):
        raise ConfigError(_("Each entry needs event_at: microseconds since 1970 in UTC."))
    if row.event_at > row.received_at + AHEAD:
        raise ConfigError(_("It is dated in the future: set the clock of the terminal, then book again."))
    if row.event_at < row.received_at - LATEST:
        raise ConfigError(_("It is dated more than 31 days back: check the clock of the terminal."))
    row.place_id = _place(actor, row.organisation_id, raw.get("place"))
    row.person_id = _person(actor, row.organisation_id, raw.get("person"))
    entry = Entry(
        row.organisation_id,
        row.key,
        row.kind,
        row.event_at,
        row.received_at,
        row.place_id,
        row.person_id,
        row.terminal,
        raw,
    )
    return handler(actor=actor, entry=entry)


def _moment(raw: Mapping[str, Any], now: int) -> int:
    value = raw.get("event_at")
    return value if isinstance(value, int) and 0 <= value < 1 << 62 else now


def _place(actor: Viewer, organisation_id: int, place: object) -> int | None:
    if place is None or place == "":
        return None
    found = None
    if isinstance(place, int) and not isinstance(place, bool):
        found = spine.asset(actor, place)
    elif isinstance(place, str):
        found = spine.asset_by_code(actor, organisation_id, place)
    if found is None or found.organisation_id != organisation_id:
        raise ConfigError(_("There is no machine or work centre %(place)s: scan its label.") % {"place": place})
    return found.id


def _person(actor: Viewer, organisation_id: int, badge: object) -> int | None:
    if badge is None or badge == "":
        return actor.person_id
    found = parties.member_by_badge(actor, organisation_id, badge) if isinstance(badge, str) else None
    if found is None:
        raise ConfigError(_("Nobody here has the badge %(badge)s: sign in again.") % {"badge": badge})
    return found


@transaction.atomic
def settle_entry(*, actor: Viewer, entry_id: int, note: str, discard: bool = False) -> None:
    """Close a refused entry: what it said was booked otherwise, or is discarded; say which and why.

    Raises
    ------
    ConfigError
        If it is not open, or there is no note.
    DeniedError
        If there is no such entry for the actor, or the permission is missing.
    """
    row = InboxEntry.objects.select_for_update().filter(id=entry_id).first()
    if row is None or not (actor.system or row.organisation_id == actor.organisation_id):
        raise DeniedError(_("There is no such entry, or it belongs to another organisation."))
    require(actor, "settle_entries", row.organisation_id)
    if row.outcome != "refused":
        raise ConfigError(_("This entry is settled already."))
    if not note.strip():
        raise ConfigError(_("Say what was done about it."))
    row.outcome = "discarded" if discard else "settled"
    row.settlement, row.settled_at, row.settled_by_id = note.strip()[:500], now_us(), actor.person_id
    row.save()
    record(
        actor=actor,
        verb="settle_entry",
        target=f"entry:{row.pk}",
        detail={"key": row.key, "outcome": row.outcome, "note": row.settlement},
        organisation_id=row.organisation_id,
    )
