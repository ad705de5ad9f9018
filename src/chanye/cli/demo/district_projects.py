"""The pipeline and the statistics of the demo's district: projects, milestones, ranking, firms, returns, targets."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np

from chanye.cli.demo.district import DistrictSite
from chanye.twin.district.catalogue import TOWNS
from chanye.twin.district.days import dates
from chanye.twin.district.model import District

MILLION = 100_000_000
#: Projects signed in the first quarter of this year, and what their contracts add up to. [fen]
SIGNED, CONTRACTS = 16, 22_400 * MILLION
#: Projects signed before that.
EARLIER = 24
#: Worth of a piece by sector, so that sectors are as large as they should be. [fen]
_WORTH = {"nev": 900_000, "electronics": 350_000, "equipment": 250_000}
_NAMES = ("智能网联汽车零部件基地", "新能源电驱总成项目", "车规级电子模组产线", "智能终端整机制造",
          "高端数控装备产业园", "轻量化新材料项目", "医疗器械智能工厂", "动力电池结构件项目")  # fmt: skip
_PARTS = (("土建施工", 0.35, 0.0, 0.5), ("设备安装", 0.45, 0.4, 0.85), ("试生产", 0.2, 0.8, 1.0))


def seed_projects(district: District, site: DistrictSite, today: date) -> None:
    """Bring in the pipeline with its milestones, payments and reports, and publish a ranking of it."""
    from chanye.domains.projects.actions.ranking import publish_ranking
    from chanye.domains.projects.rules.ranking import STANDARD

    rng = np.random.default_rng([district.seed, 9])
    year = today.year if today >= date(today.year, 4, 1) else today.year - 1
    share = rng.dirichlet(np.full(SIGNED, 2.0))
    amounts = np.floor(CONTRACTS * share / MILLION).astype(np.int64) * MILLION
    amounts[0] += CONTRACTS - int(amounts.sum())
    for i in range(SIGNED + EARLIER):
        early = i >= SIGNED
        signed = date(year, 1, 6) + timedelta(days=int(rng.integers(0, 80)))
        if early:
            signed -= timedelta(days=int(rng.integers(120, 700)))
        total = int(amounts[i]) if not early else int(rng.integers(120, 2_400)) * MILLION
        _project(district, site, today, i, signed, total, float(rng.uniform(0.7, 1.15)), rng)
    quarter = f"{today.year}-Q{(today.month - 1) // 3 + 1}"
    publish_ranking(
        actor=site.people["demo"], organisation_id=site.office, formula=STANDARD, period=quarter, as_of=today
    )


def _project(
    district: District,
    site: DistrictSite,
    today: date,
    i: int,
    signed: date,
    total: int,
    pace: float,
    rng: np.random.Generator,
) -> None:
    """Make one project and take it as far as ``pace`` (1: as planned) brings it by today."""
    from chanye.domains.projects.actions.pipeline import record_payment, record_stage, save_project
    from chanye.domains.projects.actions.progress import save_milestones
    from chanye.domains.projects.types.pipeline import ProjectDraft
    from chanye.domains.projects.types.progress import MilestoneDraft

    officer = site.people["demo"]
    town, latitude, longitude = TOWNS[i % len(TOWNS)]
    begin, lasts = signed + timedelta(days=75), 300 + 30 * (i % 9)
    done = min(max((today - begin).days, 0) * pace / lasts, 1.0)
    owner = district.firms[i % len(district.firms)] if i % 3 == 0 else None
    spot = rng.uniform(-0.01, 0.01, 2)
    draft = ProjectDraft(
        code=f"{signed:%y%m}-500112-04-01-{700_000 + i:06d}",
        name=f"{_NAMES[i % len(_NAMES)]}（{'一二三四五六'[i // len(_NAMES)]}期，模拟）",
        owner_id=site.firms[owner.code].organisation if owner else None,
        owner_name="" if owner else f"示范投资{i + 1}公司",
        status="completed" if done >= 1 else "implementation" if done > 0 else "preparation",
        sector=("nev", "nev", "electronics", "electronics", "equipment", "materials", "biomed", "nev")[i % 8],
        town=town,
        place=town,
        latitude=round(latitude + float(spot[0]), 5),
        longitude=round(longitude + float(spot[1]), 5),
        planned_total=total,
        planned_start=begin,
        planned_finish=begin + timedelta(days=lasts),
        years={begin.year: total // 2, begin.year + 1: total // 2},
    )
    number = save_project(actor=officer, organisation_id=site.office, draft=draft)

    def stage(name: str, on: date, amount: int, what: str) -> None:
        if on <= today:
            record_stage(
                actor=officer, project_id=number, stage=name, on=on, amount=amount, evidence=what, today=today
            )

    stage("signed", signed, total, f"投资协议 {draft.code[-6:]}")
    stage("started", begin, total, f"施工许可 {draft.code[-6:]}")
    stage("in_statistics", begin + timedelta(days=40), total, "入库审核表")
    milestones = [
        MilestoneDraft(
            title,
            "units" if title != "试生产" else "0/100",
            int(total * part),
            begin + timedelta(days=int(lasts * first)),
            begin + timedelta(days=int(lasts * last)),
            units=100.0 if title != "试生产" else None,
            unit="%" if title != "试生产" else "",
        )
        for title, part, first, last in _PARTS
    ]
    save_milestones(actor=officer, project_id=number, milestones=milestones, today=today)
    _reports(site, number, today, begin, lasts, pace)
    for n in range(4):
        on = begin + timedelta(days=int(lasts * (0.05 + 0.25 * n) / pace))
        if on <= today:
            for kind, part in (("in", 0.24), ("out", 0.22)):
                record_payment(
                    actor=officer, project_id=number, key=f"{kind}-{n}", kind=kind, on=on, amount=int(total * part),
                    evidence=f"银行回单 {n + 1}", today=today,
                )  # fmt: skip
    if done >= 1:
        stage("in_production", begin + timedelta(days=int(lasts / pace)), total // 2, "投产证明")


def _reports(site: DistrictSite, number: int, today: date, begin: date, lasts: int, pace: float) -> None:
    """Report from the site and have it verified by somebody else."""
    from chanye.domains.projects.actions.progress import report_progress, verify_report
    from chanye.domains.projects.queries.progress import record
    from chanye.domains.projects.types.progress import Seen

    officer, auditor = site.people["demo"], site.people["office-auditor"]
    rows, on = record(officer, number, today=today).milestones, today - timedelta(days=9)
    for row, (_title, _part, first, last) in zip(rows, _PARTS, strict=True):
        since = (today - begin).days * pace / lasts
        share = min(max((since - first) / (last - first), 0.0), 1.0)
        if share <= 0 or (row.rule == "0/100" and share < 1):
            continue
        seen = Seen(started=True, done=share >= 1, units=round(100 * share, 1) if row.rule == "units" else 0.0)
        report = report_progress(
            actor=officer, project_id=number, milestone_id=row.id, key=f"first-{row.id}", on=on,
            seen=seen, note="现场核查（模拟）", today=today,
        )  # fmt: skip
        verify_report(actor=auditor, report_id=report, verdict="accepted", today=today)


def seed_statistics(district: District, site: DistrictSite, today: date, *, months: int = 24) -> None:
    """List the firms, take their monthly returns of two years, close old months, and set targets."""
    from chanye.domains.projects.actions.profiles import save_profiles
    from chanye.domains.projects.actions.returns import Filing, adopt_standard, close_month, file_returns
    from chanye.domains.projects.queries.profiles import firms

    officer = site.people["demo"]
    last = f"{today.year if today.month > 1 else today.year - 1}-{(today.month - 2) % 12 + 1:02d}"
    listed = list(_months(last, months))
    sizes = ("medium", "small", "large", "medium")
    rows = [
        {
            "code": firm.code, "sector": firm.sector, "town": firm.town, "size": sizes[firm.index % 4],
            "latitude": firm.latitude, "longitude": firm.longitude,
            # some came above scale later: growth of the same scope must leave them out
            "since": listed[0] if firm.index % 12 else listed[len(listed) // 2],
        }
        for firm in district.firms
    ]  # fmt: skip
    save_profiles(actor=officer, office_id=site.office, rows=rows)
    adopt_standard(actor=officer, office_id=site.office)
    profiles = {one.organisation_id: one for one in firms(officer, site.office)}
    calendar = dates(district.first, district.days)
    for month in listed:
        inside = np.array([f"{day:%Y-%m}" == month for day in calendar])
        filings = []
        for firm in district.firms:
            # one firm in thirty is late with the newest month
            late = month == last and firm.index % 30 == 7
            if inside.any() and not late and not (firm.index % 12 == 0 and month < listed[len(listed) // 2]):
                number = profiles[site.firms[firm.code].organisation].id
                filings.append(Filing(number, month, _return(district, firm.index, inside, month)))
        if filings:
            file_returns(actor=officer, office_id=site.office, filings=filings)
    for month in listed[: max(len(listed) - 3, 0)]:
        close_month(actor=officer, office_id=site.office, month=month)
    _targets(site, today)


def _months(last: str, count: int) -> list[str]:
    end = int(last[:4]) * 12 + int(last[5:]) - 1
    return [f"{n // 12}-{n % 12 + 1:02d}" for n in range(end - count + 1, end + 1)]


def _return(district: District, i: int, inside: np.ndarray, month: str) -> dict[str, int]:
    """Return what a firm reports for a month, from what it really made: money in fen, energy in 0.01 tce."""
    firm = district.firms[i]
    pieces = float(district.actual.daily("pieces")[i, inside].sum())
    energy = float(district.actual.daily("energy")[i, inside].sum())
    output = round(pieces * _WORTH.get(firm.sector, 60_000))
    calendar = dates(district.first, district.days)
    year = np.array([day.year == int(month[:4]) and f"{day:%Y-%m}" <= month for day in calendar])
    invested = 0.05 * float(district.actual.daily("pieces")[i, year].sum()) * _WORTH.get(firm.sector, 60_000)
    tce = round(energy * 0.1229 / 1000 * 100)
    return {
        "output_value": output,
        "revenue": round(output * 0.97),
        "investment": round(invested),
        "tax": round(output * 0.021),
        "employees": 80 + round(firm.rate),
        "energy": tce,
    }


def _targets(site: DistrictSite, today: date) -> None:
    """Set what the district wants to reach: output of vehicles, growth; those of next year are frozen in time."""
    from chanye.domains.projects.actions.targets import set_target
    from chanye.domains.projects.types.targets import TargetDraft

    manager = site.people["office-manager"]
    why = "演示：本系统启用前已下达的目标"
    year = today.year
    for at, reason in ((year, why), (year + 1, "")):
        first, last = f"{at}-01", f"{at}-12"
        drafts = (
            TargetDraft(f"nev-{at}", "智能网联新能源汽车产值", "output_value", "level", first, last, 0,
                        200_000 * MILLION, sector="nev"),
            TargetDraft(f"investment-{at}", "工业投资增长", "investment", "growth", first, last, 0, 3260),
            TargetDraft(f"output-{at}", "规上工业产值增长", "output_value", "growth", first, last, 0, 900),
        )  # fmt: skip
        for draft in drafts:
            set_target(actor=manager, office_id=site.office, draft=draft, reason=reason)
