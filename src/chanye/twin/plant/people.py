"""Who works when: two shifts, an operator for each zone, maintenance, inspectors and foremen with their skills."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from functools import cache

from chanye.twin.parts import DAY, HOUR, MINUTE
from chanye.twin.plant.layout import STATIONS, ZONES

BEIJING = 8 * HOUR
#: Maintenance technicians and inspectors of a shift.
TECHNICIANS, INSPECTORS = 2, 1


@dataclass(frozen=True, slots=True)
class Shift:
    """A shift within the local day [us from midnight]."""

    code: str
    name: str
    start: int
    end: int
    rest: tuple[int, int]


SHIFTS: tuple[Shift, ...] = (
    Shift("early", "早班", 6 * HOUR, 14 * HOUR, (10 * HOUR, 10 * HOUR + 30 * MINUTE)),
    Shift("late", "中班", 14 * HOUR, 22 * HOUR, (18 * HOUR, 18 * HOUR + 30 * MINUTE)),
)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody: ``badge`` is the user name, ``crew`` what they belong to, ``skills`` the stages they master."""

    badge: str
    name: str
    crew: str
    shift: str
    skills: tuple[str, ...]


_SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧"
_GIVEN = ("建国", "小军", "丽华", "志强", "秀英", "海燕", "明", "伟", "芳", "磊", "静", "勇", "洋", "敏", "涛")


def _people() -> tuple[Person, ...]:
    found: list[Person] = []

    def add(crew: str, shift: Shift, place: str, skills: tuple[str, ...]) -> None:
        number = len(found)
        name = _SURNAMES[number % len(_SURNAMES)] + _GIVEN[number * 7 % len(_GIVEN)]
        found.append(Person(f"{place}-{shift.code}".lower(), name, crew, shift.code, skills))

    for shift in SHIFTS:
        for zone in ZONES:
            stages = tuple(dict.fromkeys(one.stage for one in STATIONS if one.zone == zone))
            add(zone, shift, f"op-{zone}", stages)
        for number in range(TECHNICIANS):
            add("maintenance", shift, f"tech-{number + 1}", ("maintenance",))
        for number in range(INSPECTORS):
            add("quality", shift, f"qc-{number + 1}", ("quality",))
        for line in ("A", "B"):
            add(f"foreman-{line}", shift, f"foreman-{line}", ("foreman",))
    return tuple(found)


PEOPLE: tuple[Person, ...] = _people()


@cache
def person_of(crew: str, shift: str, slot: int = 0) -> str:
    """Return the badge of the ``slot``-th member of a crew in a shift."""
    return [one.badge for one in PEOPLE if one.crew == crew and one.shift == shift][slot]


#: When the whistle goes, from local midnight [us], and what holds from then on: work, rest or nothing.
_WHISTLES: tuple[tuple[int, str], ...] = (
    *((at, what) for s in SHIFTS for at, what in ((s.start, "work"), (s.rest[0], "rest"), (s.rest[1], "work"))),
    (SHIFTS[-1].end, "off"),
)


def at_work(time: int) -> str:
    """Return ``work``, ``rest`` or ``off`` at ``time`` (us UTC); Sunday is free."""
    local = time + BEIJING
    if (local // DAY + 3) % 7 == 6:  # 1970-01-01 was a Thursday
        return "off"
    index = bisect_right(_WHISTLES, local % DAY, key=lambda bell: bell[0]) - 1
    return _WHISTLES[index][1] if index >= 0 else "off"


def next_bell(time: int) -> int:
    """Return the first moment after ``time`` at which the whistle goes [us UTC]."""
    midnight = (time + BEIJING) // DAY * DAY - BEIJING
    later = [midnight + at for at, _ in _WHISTLES if midnight + at > time]
    return later[0] if later else midnight + DAY + _WHISTLES[0][0]


def sheets_between(start: int, end: int) -> list[int]:
    """Return the ends of shifts in ``(start, end]``: when a foreman counts [us UTC]."""
    found: list[int] = []
    midnight = (start + BEIJING) // DAY * DAY - BEIJING
    while midnight < end:
        ends = [midnight + shift.end for shift in SHIFTS]
        found += [at for at in ends if start < at <= end and at_work(at - MINUTE) == "work"]
        midnight += DAY
    return found


def shift_at(time: int) -> Shift:
    """Return the shift that is on, or the last that was, at ``time`` (us UTC)."""
    local = (time + BEIJING) % DAY
    return SHIFTS[0] if SHIFTS[0].start <= local < SHIFTS[1].start else SHIFTS[1]
