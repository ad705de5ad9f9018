"""What a demo site of the factory room starts with."""

from __future__ import annotations

from chanye.domains.factory.actions.machines import assign_calendar, save_calendar
from chanye.domains.factory.actions.measures import set_rate
from chanye.domains.factory.models import Rate
from chanye.parties.types import Viewer
from chanye.spine import queries as spine

#: Two shifts of eight hours on six days, half an hour for a meal in each; National Day is free.
TWO_SHIFTS = (
    {"name": "早班", "days": [0, 1, 2, 3, 4, 5], "start": "08:00", "end": "16:00", "breaks": [["12:00", "12:30"]]},
    {"name": "中班", "days": [0, 1, 2, 3, 4, 5], "start": "16:00", "end": "00:00", "breaks": [["19:30", "20:00"]]},
)
AROUND_THE_CLOCK = ({"name": "全天", "days": [0, 1, 2, 3, 4, 5, 6], "start": "00:00", "end": "00:00", "breaks": []},)


def seed_calendar(*, actor: Viewer, site_id: int, around_the_clock: bool = False) -> int:
    """Give a site a shift calendar; return the calendar's number. Calling it again changes nothing else.

    Parameters
    ----------
    around_the_clock
        True plans every hour: a demo then shows figures whenever it is started.
    """
    site = spine.asset(actor, site_id)
    shifts = AROUND_THE_CLOCK if around_the_clock else TWO_SHIFTS
    pattern = {"zone": site.timezone, "shifts": list(shifts), "exceptions": {}}
    number = save_calendar(
        actor=actor, organisation_id=site.organisation_id, name=f"{site.name} 班次", pattern=pattern
    )
    assign_calendar(actor=actor, asset_id=site.id, calendar_id=number)
    return number


#: Rates of a demo plant: kind and amount, [fen per hour], scrap [fen per piece].
RATES = (("labour", 4_800), ("machine", 9_000), ("scrap", 150))


def seed_rates(*, actor: Viewer, organisation_id: int) -> int:
    """Give a plant rates, so that it shows what a piece costs; return how many are new. Rates it has stay."""
    known = set(Rate.objects.filter(organisation_id=organisation_id, asset=None).values_list("kind", flat=True))
    wanted = [(kind, amount) for kind, amount in RATES if kind not in known]
    for kind, amount in wanted:
        set_rate(
            actor=actor,
            organisation_id=organisation_id,
            kind=kind,
            amount=amount,
            valid_from=0,
            source="演示数据",
        )
    return len(wanted)
