"""The plans of the demo's firms: each frozen before its upgrade, measured after it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from chanye.cli.demo.district import DistrictSite
from chanye.parties.types import SYSTEM
from chanye.twin.district.catalogue import MEASURES, Firm, Measure
from chanye.twin.district.model import District
from chanye.twin.district.score import Told

#: Longest baseline, and time from the freezing of a plan to the upgrade. [d]
BASELINE, AHEAD = 365, 3
#: Months after which an upgrade is measured, and how long that is. [d]
MONTHS = {6: 183, 12: 365}


@dataclass(frozen=True, slots=True)
class Case:
    """A plan of one firm: its number, and the days that it looks at before the upgrade."""

    firm: Firm
    measure: Measure
    method: str
    plan: int
    before: tuple[int, int]


def method_of(firm: Firm, measure: Measure) -> str:
    """Return the method that the data allow: what weather and pieces explain stands alone, the rest needs others.

    A plant that is about to become larger cannot be held against its own baseline.
    """
    grows = firm.upgrade is not None and firm.upgrade.kind in ("equipment", "line")
    if measure == "energy_per_piece" and not grows:
        return "baseline"
    return "synthetic" if firm.index % 8 == 0 else "group_time"


def freeze(district: District, site: DistrictSite, firm: Firm, measure: Measure, method: str = "") -> Case:
    """Make and freeze the plan of a firm some days before its upgrade, and record what became of it later.

    Compared is with the firms of the district that are never upgraded; lines moved in are logged.
    """
    from chanye.evidence.actions import draft_plan, freeze_plan, log_event, record_upgrade
    from chanye.evidence.types import PlanDraft

    upgrade = firm.upgrade
    assert upgrade is not None
    frozen = upgrade.began - AHEAD
    before = (max(frozen - BASELINE, 0), frozen)
    chosen = method or method_of(firm, measure)
    others = [site.firms[one.code].site for one in district.firms if one.upgrade is None]
    draft = PlanDraft(
        title=f"{upgrade.title}（{firm.name}）",
        measure=f"factory.{measure}",
        upgrade_kind=upgrade.kind,
        method=chosen,
        baseline_start=district.moment(before[0]),
        baseline_end=district.moment(before[1]),
        claim=upgrade.claim if measure == upgrade.measure else 0.1,
        normalisers=("factory.temperature",) if chosen == "baseline" and measure == "energy_per_piece" else (),
        controls=() if chosen == "baseline" else tuple(others),
    )
    place = site.firms[firm.code]
    moment = district.moment(frozen)
    plan = draft_plan(
        actor=SYSTEM,
        organisation_id=place.organisation,
        asset_id=place.site,
        draft=draft,
        office_id=site.office,
        key=f"demo-{firm.code}-{measure}-{chosen}",
        now=moment,
    )
    freeze_plan(actor=SYSTEM, plan_id=plan, now=moment)
    finished = district.moment(upgrade.finished)
    record_upgrade(actor=SYSTEM, plan_id=plan, began=district.moment(upgrade.began), finished=finished, now=finished)
    for fault in firm.faults:
        if fault.kind == "moved_in":
            log_event(
                actor=SYSTEM,
                plan_id=plan,
                kind="expansion",
                start=district.moment(fault.first),
                end=district.moment(fault.last),
                note="从外地迁入一条产线",
                now=district.moment(fault.first),
            )
    return Case(firm, measure, chosen, plan, before)


def measure(district: District, case: Case, months: int = 12) -> Told:
    """Measure the effect of a plan so many months after the upgrade, or up to the last day there is."""
    from chanye.evidence.actions import measure_effect

    assert case.firm.upgrade is not None
    start = case.firm.upgrade.finished
    end = min(start + MONTHS[months], district.days)
    found = measure_effect(actor=SYSTEM, plan_id=case.plan, start=district.moment(start), end=district.moment(end))
    return Told(
        case.firm.index,
        case.measure,
        case.method,
        case.before,
        (start, end),
        found.estimate,
        found.lower,
        found.upper,
        found.why,
    )


def every(
    district: District,
    site: DistrictSite,
    measures: Iterable[Measure] = MEASURES,
    progress: Callable[[float], None] | None = None,
) -> list[Told]:
    """Plan and measure every measure of every upgraded firm; return what was told."""
    # a measure after the other: what was read of the firms compared with is still at hand for the next
    wanted = [(firm, one) for one in measures for firm in district.firms if firm.upgrade is not None]
    cases = [freeze(district, site, firm, one) for firm, one in wanted]
    answers = []
    for case in cases:
        answers.append(measure(district, case))
        if progress is not None:
            progress(1 / len(cases))
    return answers


def own(district: District, site: DistrictSite, progress: Callable[[float], None] | None = None) -> list[Told]:
    """Plan and measure what each upgraded firm was upgraded for; return what was told."""
    wanted = [(firm, firm.upgrade.measure) for firm in district.firms if firm.upgrade is not None]
    wanted.sort(key=lambda one: one[1])
    answers = []
    for firm, one in wanted:
        case = freeze(district, site, firm, one)
        if _over(district, firm, 6):
            measure(district, case, 6)
        answers.append(measure(district, case))
        if progress is not None:
            progress(1 / len(wanted))
    return answers


def _over(district: District, firm: Firm, months: int) -> bool:
    return firm.upgrade is not None and firm.upgrade.finished + MONTHS[months] < district.days
