"""The programme of the demo's district: a call, applications, checks, reviews, decisions; and two cheats."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import TYPE_CHECKING

from chanye.cli.demo.district import DistrictSite, FirmSite
from chanye.kernel.errors import ConfigError
from chanye.parties.types import SYSTEM
from chanye.twin.district.catalogue import KINDS, Firm, Kind, Upgrade
from chanye.twin.district.model import District

if TYPE_CHECKING:
    from chanye.domains.programme.types.applications import Lines

#: Findings that say that more is declared than there is, and that something is applied for twice.
OVERSIZED, TWICE = frozenset({"signal_none", "not_on_spine", "price_high"}), frozenset({"serial_twice", "renamed"})
#: Findings that accuse: an honest firm must have none.
GRAVE = OVERSIZED | TWICE | {"code_twice", "number_twice", "file_twice", "signal_before"}
_CRITERIA = ("effect", "technology", "plan", "cost", "firm", "example")
_REVIEWERS = ("office-reviewer-1", "office-reviewer-2", "office-reviewer-3")
MILLION = 100_000_000
#: What one machine costs by kind of upgrade. [fen]
_PRICES = {kind.code: (kind.cost[0] + kind.cost[1]) // 8 for kind in KINDS}


def seed_programme(
    district: District, site: DistrictSite, today: date, progress: Callable[[float], None] | None = None
) -> dict[str, list[int]]:
    """Open a call and bring the applications of the firms through it as far as each has come.

    Returns
    -------
    dict
        Code of a firm -> its applications that were handed in; a claim that the data cannot show stays a draft.
    """
    from chanye.domains.programme.actions.calls import create_starter_call, set_call_state
    from chanye.domains.programme.actions.ledger import grant_envelope
    from chanye.domains.programme.queries.calls import calls

    officer = site.people["demo"]
    code = f"ZG{today.year}"
    known = [one.id for one in calls(officer) if one.code == code]
    call = (
        known[0] if known else create_starter_call(actor=officer, office_id=site.office, code=code, year=today.year)
    )
    if not known:
        set_call_state(actor=officer, call_id=call, state="open")
    for year in range(today.year - 4, today.year + 3):
        grant_envelope(
            actor=site.people["office-manager"], office_id=site.office, year=year, amount=200 * MILLION,
            key=f"demo-{year}",
        )  # fmt: skip
    applying = [firm for firm in district.firms if firm.upgrade is None or firm.cheat]
    found: dict[str, list[int]] = {}
    for turn, firm in enumerate(applying):
        found[firm.code] = _apply(site, call, firm, turn, today)
        if progress is not None:
            progress(1 / len(applying))
    for turn, firm in enumerate(applying):
        for number in found[firm.code]:
            _decide(site, number, turn, firm)
    return found


def caught(site: DistrictSite, district: District, applications: Mapping[str, list[int]]) -> dict[str, bool]:
    """Return whether each cheat is found out, and whether every honest firm is left in peace."""
    from chanye.domains.programme.queries.cases import findings

    officer = site.people["demo"]
    said = {
        code: {one.check for number in numbers for one in findings(officer, number)}
        for code, numbers in applications.items()
    }
    cheats = {firm.cheat: firm.code for firm in district.firms if firm.cheat}
    honest = [checks for code, checks in said.items() if code not in cheats.values()]
    answer = {"honest firms not accused": not any(checks & GRAVE for checks in honest)}
    for cheat, signs, words in (
        ("oversized", OVERSIZED, "declared more than built"),
        ("twice", TWICE, "applied twice"),
    ):
        if cheat in cheats:
            answer[words] = bool(said.get(cheats[cheat], set()) & signs)
    return answer


def _apply(site: DistrictSite, call: int, firm: Firm, turn: int, today: date) -> list[int]:
    place = site.firms[firm.code]
    kind = next((one for one in KINDS if firm.upgrade is not None and one.code == firm.upgrade.kind), KINDS[turn % 7])
    numbers = [_hand_in(place, call, firm, kind, turn, today, again=False)]
    if firm.cheat == "twice":
        numbers.append(_hand_in(place, call, firm, kind, turn, today, again=True))
    return [one for one in numbers if one]


def _hand_in(place: FirmSite, call: int, firm: Firm, kind: Kind, turn: int, today: date, *, again: bool) -> int:
    """Fill in and submit one application; 0 if a rule of the call refuses it, which leaves a draft."""
    from chanye.domains.programme.actions import drafts
    from chanye.domains.programme.types.applications import ApplicationDraft

    actor = place.manager
    title = "车间数字化提升工程" if again else f"{kind.title}（{firm.name[:4]}）"
    number = drafts.start_application(actor=actor, call_id=call, title=title)
    price = _PRICES[kind.code] * (2 if firm.cheat == "oversized" else 1)
    cost = 2 * price + price // 4
    claim = max(sum(kind.effects[kind.measure]) / 2, 0.1)
    draft = ApplicationDraft(
        asset_id=place.site,
        title=title,
        project_code=f"{today:%y%m}-500112-07-02-{100_000 + 2 * firm.index + again:06d}",
        sector=firm.sector,
        upgrade_kind=kind.code,
        summary="对现有产线实施智能化改造；效果按约定的基线与方法测量。（模拟数据）",
        requested=min(int(cost * (0.3 + 0.02 * (turn % 10))), 50 * MILLION),
        measure=f"factory.{kind.measure}",
        method="baseline" if kind.measure == "energy_per_piece" else "group_time",
        claim=round(claim, 3),
        planned_start=today + timedelta(days=30 + turn),
        planned_finish=today + timedelta(days=150 + 2 * turn),
    )
    drafts.save_draft(actor=actor, application_id=number, draft=draft)
    drafts.set_lines(actor=actor, application_id=number, lines=_lines(place, firm, kind, price, today))
    for paper in ("licence", "filing", "plan"):
        text = f"%PDF-1.4\n% {firm.code} {paper} {again} simulated\n%%EOF\n".encode()
        name = f"{paper}-{firm.code}-{number}.pdf"
        drafts.add_document(actor=actor, application_id=number, kind=paper, name=name, data=io.BytesIO(text))
    try:
        drafts.submit_application(actor=actor, application_id=number)
    except ConfigError:
        return 0
    return number


def _lines(place: FirmSite, firm: Firm, kind: Kind, price: int, today: date) -> Lines:
    """Return costs, quotes and equipment; who declares more than is built shows a machine that never said a word."""
    from chanye.domains.programme.types.applications import CostDraft, EquipmentDraft, Lines, QuoteDraft
    from chanye.spine.actions import ensure_asset

    upgrade: Upgrade | None = firm.upgrade if firm.cheat else None
    serials = upgrade.serials if upgrade is not None else tuple(f"SN-{firm.index + 1:03d}-N{n}" for n in (1, 2))
    silent = None
    if firm.cheat == "oversized":
        silent = ensure_asset(
            actor=SYSTEM, organisation_id=place.organisation, parent_id=place.site, kind="work_unit",
            code=f"{firm.code}-line-2", name="二号线（申报）",
        ).id  # fmt: skip
    machines = tuple(
        EquipmentDraft(
            name=f"{kind.title}成套设备",
            model=f"{kind.code.upper()}-100",
            serial=serial,
            supplier=f"示范装备{firm.index % 9 + 1}公司",
            price=price,
            bought=today - timedelta(days=150) if silent is not None and n == 1 else None,
            asset_id=silent if n == 1 else None,
        )
        for n, serial in enumerate(serials)
    )
    offers = tuple(
        QuoteDraft(
            supplier=f"示范装备{(firm.index + 3 * n) % 9 + 1}公司",
            item=f"{kind.title}成套设备",
            amount=2 * price + n * price // 10 + (firm.index * 37 + n) * 10_000,
            number=f"BJ-{firm.code}-{n}-{firm.index}",
            dated=today - timedelta(days=40 - 5 * n),
            chosen=n == 1,
        )
        for n in range(3)
    )
    costs = (
        CostDraft("equipment", f"{kind.title}成套设备", 2 * price),
        CostDraft("integration", "系统集成与调试", price // 4),
        CostDraft("training", "操作培训", price // 40, eligible=True),
    )
    return Lines(costs=costs, quotes=offers, equipment=machines)


def _decide(site: DistrictSite, number: int, turn: int, firm: Firm) -> None:
    """Bring a case as far as its turn says: some wait, some are in review, some reviewed, approved, agreed."""
    from chanye.domains.programme.actions.applications import advance
    from chanye.domains.programme.actions.reviews import assign_review, declare_ties, give_review

    checker, manager = site.people["office-checker"], site.people["office-manager"]
    if firm.cheat or turn % 6 == 0:
        return
    advance(actor=checker, application_id=number, move="accept")
    for at, name in enumerate(_REVIEWERS):
        reviewer = site.people[name]
        assign_review(actor=checker, application_id=number, person_id=reviewer.person_id or 0)
        if turn % 6 == 1:
            continue
        declare_ties(actor=reviewer, application_id=number, ties={})
        level = 62.0 + (turn * 7 + at * 5) % 30
        scores = {one: (level + 3 * (n % 3), "材料齐全，路径清楚，测量方法可行。") for n, one in enumerate(_CRITERIA)}
        give_review(actor=reviewer, application_id=number, scores=scores, advice="support")
    if turn % 6 < 2:
        return
    advance(actor=checker, application_id=number, move="conclude")
    if turn % 6 >= 4:
        advance(actor=manager, application_id=number, move="approve")
    if turn % 6 == 4:
        _agree(site, number, firm)


def _agree(site: DistrictSite, number: int, firm: Firm) -> None:
    """Commit what was approved, and let both sides sign."""
    from chanye.domains.programme.actions.agreements import commit_award, draw_up_agreement, sign_agreement

    manager = site.people["office-manager"]
    commit_award(actor=manager, application_id=number)
    agreement = draw_up_agreement(actor=manager, application_id=number)
    for side in (site.firms[firm.code].manager, manager):
        sign_agreement(actor=side, agreement_id=agreement)
