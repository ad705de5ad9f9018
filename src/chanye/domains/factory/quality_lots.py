"""What inspection and nonconformance do to lots in trace: block, release, divide. For actions of the room only.

Each runs inside the transaction of the action, under a key made of its row, so that it is booked once.
"""

from __future__ import annotations

from dataclasses import replace

from django.utils.translation import gettext as _

from chanye.domains.factory.models import Inspection
from chanye.kernel.errors import ConfigError
from chanye.parties.types import Viewer
from chanye.trace import actions as trace
from chanye.trace import queries
from chanye.trace.types import ItemView, LotDraft

#: Numbers tried for the part that is divided off a lot.
MOST_PARTS = 1000


def by_rule(actor: Viewer) -> Viewer:
    """Return the actor as one for whom a rule acts: the value of an operator may block a lot."""
    return replace(actor, system=True)


def quarantine(actor: Viewer, row: Inspection) -> None:
    """Block the lot of an inspection until it is judged; one that is blocked already stays so for its own reason."""
    if row.item is None:
        return
    item = queries.item(by_rule(actor), row.item)
    why = item.blocked or _("Inspection %(number)s") % {"number": row.pk}
    if not item.blocked:
        key = f"inspection:{row.pk}:block"
        trace.block(actor=by_rule(actor), items=row.item, reason=why, key=key, reference=row.lot)
        row.blocked = why
    elif Inspection.objects.filter(item=row.item, blocked=item.blocked).exclude(id=row.pk).exists():
        row.blocked = why
    row.save(update_fields=["blocked"])


def let_go(actor: Viewer, row: Inspection) -> bool:
    """Release the lot of an accepted inspection, unless something else blocks it; tell whether."""
    if row.item is None or not row.blocked:
        return False
    waiting = Inspection.objects.filter(item=row.item, accepted=None, blocked=row.blocked).exclude(id=row.pk)
    if waiting.exclude(state="cancelled").exists():
        return False
    if queries.item(by_rule(actor), row.item).blocked != row.blocked:
        return False
    why = _("Inspection %(number)s accepted") % {"number": row.pk}
    trace.release(actor=by_rule(actor), items=row.item, reason=why, key=f"inspection:{row.pk}:release")
    return True


def divide(actor: Viewer, item_id: int, part: float, why: str, key: str, *, release: bool = True) -> int:
    """Take a part off a lot and block it; the rest is released if asked. Return the item of the part.

    Raises
    ------
    ConfigError
        If the lot has not so much left, or its numbers are used up.
    """
    viewer = by_rule(actor)
    item = queries.item(viewer, item_id)
    if item.kind != "lot":
        raise ConfigError(_("%(name)s is one piece and cannot be divided.") % {"name": item.code})
    blocked = item.blocked
    if blocked:
        trace.release(actor=viewer, items=item_id, reason=why, key=f"{key}:release")
    amount = round(part, 6)
    draft = LotDraft(item.material_code, _free_code(viewer, item), amount, item.unit, item.material_name)
    made = trace.split(actor=viewer, item=item_id, into=[draft], key=f"{key}:split", step=why[:100])
    trace.block(actor=viewer, items=made.item, reason=why, key=f"{key}:block")
    if blocked and not release:
        trace.block(actor=viewer, items=item_id, reason=blocked, key=f"{key}:again")
    return made.item


def _free_code(viewer: Viewer, item: ItemView) -> str:
    for number in range(1, MOST_PARTS):
        code = f"{item.code[:92]}-R{number}"
        found = queries.find(viewer, code)
        if not any(one.material_code == item.material_code for one in found):
            return code
    raise ConfigError(_("%(name)s was divided too often: give the part a new lot number.") % {"name": item.code})
