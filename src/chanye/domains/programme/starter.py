"""A call to start from: the smart upgrade programme of a district with its usual rules, cited clause by clause."""

from __future__ import annotations

from datetime import date

from django.utils.translation import gettext_lazy as _

from chanye.domains.programme.types.calls import Rule

MILLION = 100_000_000  # fen
TITLE = _("Smart upgrade of manufacturing")
SUMMARY = _(
    "Support for robots, digital equipment, lines, MES and platforms. Part of the money is paid by the effect that is"
    " measured."
)
_MEASURES = (
    "factory.energy_per_piece",
    "factory.output",
    "factory.defect_rate",
    "factory.labour_per_piece",
    "factory.unit_cost",
)


def starter_rules(year: int) -> tuple[Rule, ...]:
    """Return the rules of the smart upgrade programme for a year; each can be changed in the editor."""
    first, last = date(year, 1, 1).isoformat(), date(year, 12, 31).isoformat()
    return (
        Rule("window", {"from": first, "to": last}, str(_("Art. 4: applications are taken all through the year."))),
        Rule(
            "sectors",
            {"codes": ["nev", "electronics", "equipment", "materials", "biomed", "consumer", "food"]},
            str(_("Art. 5: manufacturers of the district's leading sectors.")),
        ),
        Rule(
            "period",
            {"from": date(year - 1, 1, 1).isoformat(), "to": date(year + 2, 12, 31).isoformat()},
            str(_("Art. 6: begun in the year before or later, finished within two years.")),
        ),
        Rule("least_investment", {"amount": MILLION}, str(_("Art. 6: one million yuan of investment or more."))),
        Rule(
            "no_cost",
            {"codes": ["building", "used_equipment", "vehicle", "wages", "tax"]},
            str(_("Art. 7: land, buildings, used equipment, vehicles, wages and taxes do not count.")),
        ),
        Rule("max_share", {"share": 0.5}, str(_("Art. 8: at most 50 % of the eligible cost."))),
        Rule("max_amount", {"amount": 50 * MILLION}, str(_("Art. 8: at most 50 million yuan for one project."))),
        Rule("one_grant", {}, str(_("Art. 9: each project is supported once."))),
        Rule(
            "district_decides",
            {"amount": 30 * MILLION},
            str(_("Art. 10: below 30 million yuan the district decides, from there on the city checks first.")),
        ),
        Rule(
            "effect",
            {"measures": list(_MEASURES), "methods": ["randomised", "group_time", "synthetic", "baseline"]},
            str(_("Art. 11: the effect is measured by a measure and method that are fixed beforehand.")),
        ),
        Rule("detectable", {}, str(_("Art. 11: an effect is claimed only where the data can show it."))),
        Rule(
            "documents",
            {"codes": ["licence", "filing", "plan"]},
            str(_("Art. 12: business licence, filing of the project and description of the project.")),
        ),
        Rule(
            "envelope",
            {"years": {str(year): 200 * MILLION, str(year + 1): 200 * MILLION}},
            str(_("Art. 3: about 200 million yuan a year.")),
        ),
        Rule(
            "criteria",
            {"weights": {"effect": 30, "technology": 20, "plan": 20, "cost": 15, "firm": 10, "example": 5}},
            str(_("Art. 14: criteria of the review and their weights.")),
        ),
        Rule("reviews", {"least": 3}, str(_("Art. 14: three reviewers judge each application."))),
    )
