"""The writes of processors: frames and the cursor that says how far they are.

Frames are derived: they can be computed again from samples at any time, so they leave no row in the audit log.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Q

from chanye.kernel.errors import ConfigError, DeniedError, TransientError
from chanye.parties.types import Viewer
from chanye.spine.models import Frame, ProcessorCursor
from chanye.spine.processors import Processor, SeriesProcessor, apply, default_processors
from chanye.spine.types import SeriesRef

if TYPE_CHECKING:
    from chanye.spine.history import Reader
    from chanye.spine.history.types import Changes


def run_processor(*, actor: Viewer, processor: Processor, reader: Reader) -> bool:
    """Work one helping of what arrived since the processor's cursor.

    Returns
    -------
    bool
        True if there is more to work at once.

    Raises
    ------
    TransientError
        If another process moved the same cursor meanwhile: nothing was written.
    """
    cursor = _cursor(processor.name)
    changes = reader.since(cursor)
    if changes.cursor == cursor:
        return False
    write = processor.process(changes, reader)
    with transaction.atomic():
        _move(processor.name, cursor, changes.cursor)
        if write is not None:
            write()
    return changes.more


def run_follower(
    *, actor: Viewer, name: str, after: Sequence[str], work: Callable[[Changes], None], reader: Reader
) -> bool:
    """Work what some processors are done with; ``work`` may see a change twice, never too early and never not at all.

    Parameters
    ----------
    name
        Of the follower's own cursor.
    after
        Names of the processors whose frames it reads.

    Returns
    -------
    bool
        True if there is more to work at once.
    """
    cursor = _cursor(name)
    limit = min((_cursor(other) for other in after), default=0)
    if cursor >= limit:
        return False
    changes = reader.since(cursor)
    work(changes)
    reached = min(changes.cursor, limit)
    with transaction.atomic():
        _move(name, cursor, reached)
    return changes.more and reached < limit


def _cursor(name: str) -> int:
    found = ProcessorCursor.objects.filter(name=name).values_list("arrival", flat=True).first()
    return found if found is not None else 0


def _move(name: str, old: int, new: int) -> None:
    ProcessorCursor.objects.get_or_create(name=name, defaults={"arrival": 0})
    if not ProcessorCursor.objects.filter(name=name, arrival=old).update(arrival=new):
        raise TransientError(f"The cursor of {name} was moved by another process; only one work process may run.")


@transaction.atomic
def rebuild_frames(*, actor: Viewer, processor: str) -> None:
    """Forget a processor's cursor and all frames of the series it works: it starts again from the first sample.

    Needed after the meaning of a series changed: its role, its states, its hold.

    Raises
    ------
    ConfigError
        If there is no such processor.
    """
    owned = {"alarms": Q(kind="alarm"), "counts": Q(kind__in=("count", "scrap"))}
    owned["states"] = ~(owned["alarms"] | owned["counts"])
    if processor not in owned:
        raise ConfigError(f"There is no processor {processor}; choose one of {', '.join(sorted(owned))}.")
    Frame.objects.filter(owned[processor]).delete()
    ProcessorCursor.objects.filter(name=processor).update(arrival=0)


def rebuild_span(*, actor: Viewer, ref: SeriesRef, start: int, end: int, reader: Reader) -> int:
    """Compute the frames of one series in ``[start, end)`` (us UTC) anew, as it is understood now; return how many.

    Safe while the work process runs: what that works meanwhile is never written over with something older.

    Raises
    ------
    DeniedError
        If the actor is not the system.
    TransientError
        If the work process is always faster.
    """
    if not actor.system:
        raise DeniedError("Frames are computed by the product itself.")
    mine = [one for one in default_processors() if isinstance(one, SeriesProcessor) and one.takes(ref)]
    for _ in range(20):
        cursors = {one.name: _cursor(one.name) for one in mine}
        found = [one.edit(ref, (start, end - 1), reader, cursors[one.name]) for one in mine]
        edits = [edit for edit in found if edit is not None]
        with transaction.atomic():
            held = ProcessorCursor.objects.select_for_update().filter(name__in=list(cursors))
            if any(cursors[row.name] != row.arrival for row in held):
                continue
            if not edits:  # nothing is known there now, or it is no longer something that frames are made of
                Frame.objects.filter(series_id=ref.id, start__gte=start, start__lt=end).delete()
            apply(edits)
        return sum(len(edit.rows) for edit in edits)
    raise TransientError("The work process is faster than this: try again, or stop it meanwhile.")
