"""What must be known around a case to judge and check it; decided in ``rules``. For the room itself."""

from __future__ import annotations

from collections import Counter, defaultdict

from django.db.models import Q

from chanye.domains.programme.call_rows import call_ref
from chanye.domains.programme.case_rows import dossier_of
from chanye.domains.programme.days import day_of, today
from chanye.domains.programme.evidence_door import first_signals, measure_words
from chanye.domains.programme.models import Application, AppliedEquipment, Document, Identity, Quote, Submission
from chanye.domains.programme.rules import paper_checks, project_checks
from chanye.domains.programme.rules.eligibility import Facts, judge
from chanye.domains.programme.rules.found import Found, Other
from chanye.domains.programme.rules.moves import ALIVE, GRANTED
from chanye.domains.programme.rules.plain import plain, plain_identity
from chanye.domains.programme.types.applications import Dossier, QuoteRef, Ruling
from chanye.domains.programme.types.calls import CallRef

#: States of applications whose papers and machines count as used.
USED = ALIVE | {"refused", "declined"}


def rules_of(row: Application) -> CallRef:
    """Return the call with the rules that an application is judged by: those it was submitted under."""
    return call_ref(row.call, row.rules_version)


def rulings_of(row: Application, dossier: Dossier) -> tuple[Ruling, ...]:
    """Return what became of each rule for an application."""
    first = Submission.objects.filter(application=row).order_by("round").first()
    day = day_of(first.at) if first else today()
    return judge(rules_of(row), dossier, Facts(day, _granted(row), measure_words()))


def _granted(row: Application) -> str | None:
    if not row.project_code:
        return None
    same = Application.objects.filter(project_code=row.project_code, state__in=GRANTED).exclude(pk=row.pk)
    return same.values_list("number", flat=True).first() or ""


def findings_of(row: Application) -> list[Found]:
    """Run every check on an application and return what they find."""
    dossier = dossier_of(row)
    call = rules_of(row)
    most = int(call.rule("max_amount").get("amount", 0))
    firm = _firm_identities(row.organisation_id, row.organisation.name)
    assets = [one.asset_id for one in dossier.equipment if one.asset_id is not None]
    return [
        *paper_checks.check_money(call, dossier),
        *paper_checks.check_papers(dossier, _papers(row, dossier)),
        *paper_checks.check_pictures(dossier, *_pictures(row, dossier)),
        *paper_checks.check_quotes(dossier),
        *_concentration(row, dossier),
        *project_checks.check_suppliers(dossier, firm, _supplier_identities(dossier)),
        *project_checks.check_firms(_related(row, firm)),
        *project_checks.check_projects(dossier, _projects(row, dossier), most),
        *project_checks.check_serials(dossier, _serials(row, dossier)),
        *project_checks.check_nameplates(dossier, first_signals(assets) if assets else {}, today()),
        *project_checks.check_prices(dossier, _prices(row, dossier)),
    ]


def _other(row: Application, one: Application) -> Other:
    same = one.organisation_id == row.organisation_id
    return Other(one.pk, one.number or "–", same_firm=same, firm=one.organisation.name)


def _papers(row: Application, dossier: Dossier) -> list[paper_checks.Paper]:
    digests = {one.sha256 for one in dossier.documents}
    numbers = {plain(one.number) for one in dossier.documents} - {""}
    used = Q(sha256__in=digests) | Q(plain_number__in=numbers)
    rows = Document.objects.filter(used, application__state__in=USED).exclude(application=row)
    return [
        paper_checks.Paper(_other(row, one.application), one.kind, one.plain_number, one.sha256)
        for one in rows.select_related("application__organisation")[:500]
    ]


def _pictures(row: Application, dossier: Dossier) -> tuple[list[str], list[Other]]:
    mine = {one.sha256 for one in dossier.documents}
    if not any(one.picture_hash for one in dossier.documents):
        return [], []
    rows = (
        Document.objects.exclude(picture_hash="")
        .exclude(application=row)
        .exclude(sha256__in=mine)
        .filter(application__state__in=USED)
    )
    found = rows.values_list("picture_hash", "application_id", "application__number", "application__organisation_id")
    hashes, others = [], []
    for digest, number, name, organisation in found:
        hashes.append(digest)
        others.append(Other(number, name or "–", same_firm=organisation == row.organisation_id))
    return hashes, others


def _serials(row: Application, dossier: Dossier) -> list[tuple[str, Other]]:
    wanted = {plain(one.serial) for one in dossier.equipment} - {""}
    rows = AppliedEquipment.objects.filter(plain_serial__in=wanted, application__state__in=USED)
    rows = rows.exclude(application=row).select_related("application__organisation")
    return [(one.plain_serial, _other(row, one.application)) for one in rows[:500]]


def _projects(row: Application, dossier: Dossier) -> list[project_checks.Project]:
    """Return applications of the same firm, with the same code, or with one of the nameplates."""
    wanted = {plain(one.serial) for one in dossier.equipment} - {""}
    near = Q(organisation_id=row.organisation_id) | Q(pk__in=_with_serials(wanted))
    if row.project_code:
        near |= Q(project_code=row.project_code)
    rows = Application.objects.filter(near, state__in=ALIVE).exclude(pk=row.pk).select_related("organisation")
    rows = rows[:200]
    serials = defaultdict(set)
    for number, serial in AppliedEquipment.objects.filter(application_id__in=[one.pk for one in rows]).values_list(
        "application_id", "plain_serial"
    ):
        serials[number].add(serial)
    return [
        project_checks.Project(
            _other(row, one),
            one.call_id,
            one.project_code,
            one.title,
            one.state,
            one.requested,
            frozenset(serials[one.pk] - {""}),
        )
        for one in rows
    ]


def _with_serials(serials: set[str]) -> list[int]:
    return list(
        AppliedEquipment.objects.filter(plain_serial__in=serials).values_list("application_id", flat=True)[:500]
    )


def _prices(row: Application, dossier: Dossier) -> dict[str, list[int]]:
    models = {one.model for one in dossier.equipment} - {""}
    rows = AppliedEquipment.objects.filter(model__in=models, price__gt=0, application__state__in=USED)
    found = defaultdict(list)
    for model, price in rows.exclude(application=row).values_list("model", "price")[:2000]:
        found[plain(model)].append(int(price))
    return found


def _concentration(row: Application, dossier: Dossier) -> list[Found]:
    rows = Quote.objects.filter(application__call_id=row.call_id, application__state__in=ALIVE, chosen=True)
    money: Counter[str] = Counter()
    cases: dict[str, set[int]] = defaultdict(set)
    for code, name, amount, case in rows.values_list("supplier_code", "supplier", "amount", "application_id"):
        who = plain(code) or plain(name)
        money[who] += amount
        cases[who].add(case)
    counts = {who: len(ones) for who, ones in cases.items()}
    return paper_checks.check_concentration(dossier, money, counts, money.total())


def _firm_identities(organisation_id: int, name: str) -> list[project_checks.Known]:
    rows = Identity.objects.filter(organisation_id=organisation_id).values_list("kind", "value", "shown")
    return [("name", plain_identity("name", name), name), *((kind, value, shown) for kind, value, shown in rows)]


def quote_identities(quote: QuoteRef) -> list[project_checks.Known]:
    """Return the identities that a quote itself tells of its supplier."""
    told = (("name", quote.supplier), ("credit_code", quote.supplier_code), ("phone", quote.supplier_phone))
    return [(kind, plain_identity(kind, text), text) for kind, text in told if plain_identity(kind, text)]


def _supplier_identities(dossier: Dossier) -> dict[str, list[project_checks.Known]]:
    found: dict[str, list[project_checks.Known]] = defaultdict(list)
    for quote in dossier.quotes:
        found[paper_checks.supplier_of(quote)] += quote_identities(quote)
    rows = Identity.objects.filter(supplier__in=found).values_list("supplier", "kind", "value", "shown")
    for supplier, kind, value, shown in rows:
        found[supplier].append((kind, value, shown))
    return found


def _related(row: Application, firm: list[project_checks.Known]) -> list[tuple[Other, str, str]]:
    """Return other applicants to the same office with an identity of this firm."""
    wanted = {(kind, value): shown for kind, value, shown in firm if kind != "name"}
    rows = Identity.objects.filter(value__in=[value for _kind, value in wanted]).exclude(
        organisation_id=row.organisation_id
    )
    shared = [(one.organisation_id, one.kind, one.value) for one in rows if (one.kind, one.value) in wanted]
    firms = {number for number, _kind, _value in shared if number}
    others = {
        one.organisation_id: one
        for one in Application.objects.filter(
            organisation_id__in=firms, office_id=row.office_id, state__in=USED
        ).select_related("organisation")
    }
    return [
        (_other(row, others[number]), kind, wanted[kind, value]) for number, kind, value in shared if number in others
    ]
